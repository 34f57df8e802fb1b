// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

#include "pty.h"

static bool pty_match(struct file *file)
{
	return procmig_terminal_is_master(file) || pty_is_slave(file) ||
	       pty_is_current(file);
}

static const void *pty_object(struct file *file)
{
	return pty_master_of(file);
}

static const struct procmig_kind kinds[] = {
	{ "pseudo-terminal", PROCMIG_KIND_CARRIED,
	  "both ends inside, or hung up; number, settings, what has not been read, session and foreground group" },
};

static const struct procmig_file_kind pty_kind = {
	.name = "pty",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = pty_match,
	.inspect = pty_inspect,
	.object = pty_object,
	.checkpoint = pty_checkpoint,
	.checkpoint_data = pty_checkpoint_data,
	.restart = pty_restart,
	.restart_data = pty_restart_data,
	.resume = pty_resume,
	.release = pty_release,
};

static int __init pty_init(void)
{
	return procmig_register_file_kind(&pty_kind);
}

static void __exit pty_exit(void)
{
	procmig_unregister_file_kind(&pty_kind);
}

module_init(pty_init);
module_exit(pty_exit);
MODULE_DESCRIPTION("procmig: kind of file, pseudo-terminal");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
