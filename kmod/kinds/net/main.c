// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

#include "net.h"

static const struct procmig_file_kind *const kinds[] = {
	&unix_kind, &udp_kind, &tcp_kind, &netlink_kind,
};

static void unregister(unsigned int count)
{
	while (count)
		procmig_unregister_file_kind(kinds[--count]);
}

static int __init net_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		ret = procmig_register_file_kind(kinds[i]);
		if (ret) {
			unregister(i);
			return ret;
		}
	}
	return 0;
}

static void __exit net_exit(void)
{
	unregister(ARRAY_SIZE(kinds));
}

module_init(net_init);
module_exit(net_exit);
MODULE_DESCRIPTION("procmig: kinds of file, sockets");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
