// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

#include "net.h"

static int __init net_init(void)
{
	int ret = procmig_register_file_kind(&unix_kind);

	if (ret)
		return ret;
	ret = procmig_register_file_kind(&inet_kind);
	if (ret)
		procmig_unregister_file_kind(&unix_kind);
	return ret;
}

static void __exit net_exit(void)
{
	procmig_unregister_file_kind(&inet_kind);
	procmig_unregister_file_kind(&unix_kind);
}

module_init(net_init);
module_exit(net_exit);
MODULE_DESCRIPTION("procmig: kinds of file, sockets");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
