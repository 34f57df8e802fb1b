// SPDX-License-Identifier: GPL-2.0-only
/* signalfd(2): the mask.  What it delivers is pending with the process. */
#include <linux/file.h>
#include <linux/module.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <procmig/compat.h>
#include <procmig/file_kind.h>

static bool signalfd_match(struct file *file)
{
	return procmig_file_is_anonymous(file, "[signalfd]");
}

static ssize_t signalfd_checkpoint(struct procmig_file_save *save, struct file *file,
				   void *room, size_t bytes)
{
	struct procmig_file_signalfd *body = room;
	unsigned long long mask = 0;
	char *info = procmig_file_info(file);

	if (IS_ERR(info))
		return PTR_ERR(info);
	sscanf(info, "sigmask: %llx", &mask);
	kvfree(info);
	body->mask = mask;
	return sizeof(*body);
}

static struct file *signalfd_restart(struct procmig_file_load *load, const void *body,
				     size_t bytes)
{
	const struct procmig_file_signalfd *wanted = body;

	if (bytes != sizeof(*wanted))
		return ERR_PTR(procmig_file_refuse(load, "a signalfd"));
	if (copy_to_user(load->scratch, &wanted->mask, sizeof(wanted->mask)))
		return ERR_PTR(-EFAULT);
	return procmig_file_from_descriptor(
		procmig_syscall(__NR_signalfd4, -1, (unsigned long)load->scratch,
				sizeof(wanted->mask), 0));
}

static const struct procmig_kind kinds[] = {
	{ "signalfd", PROCMIG_KIND_CARRIED, "mask" },
};

static const struct procmig_file_kind signalfd_kind = {
	.name = "signalfd",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = signalfd_match,
	.checkpoint = signalfd_checkpoint,
	.restart = signalfd_restart,
};

static int __init signalfd_init(void)
{
	return procmig_register_file_kind(&signalfd_kind);
}

static void __exit signalfd_exit(void)
{
	procmig_unregister_file_kind(&signalfd_kind);
}

module_init(signalfd_init);
module_exit(signalfd_exit);
MODULE_DESCRIPTION("procmig: kind of file, signalfd");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
