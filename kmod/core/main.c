// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <procmig/compat.h>

#include "device.h"
#include "lanes.h"
#include "quiesce.h"

static int __init procmig_init(void)
{
	int ret;

	ret = procmig_compat_init();
	if (ret)
		return ret;
	ret = procmig_quiesce_init();
	if (ret)
		return ret;
	ret = procmig_lanes_init();
	if (ret)
		goto quiesce;
	ret = procmig_device_init();
	if (!ret)
		return 0;
	procmig_lanes_exit();
quiesce:
	procmig_quiesce_exit();
	return ret;
}

static void __exit procmig_exit(void)
{
	procmig_device_exit();
	/* A thread that left its park may be on the last instructions of it. */
	synchronize_rcu_tasks();
	procmig_lanes_exit();
	procmig_quiesce_exit();
}

module_init(procmig_init);
module_exit(procmig_exit);
MODULE_DESCRIPTION("procmig: migration of running processes, core");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
