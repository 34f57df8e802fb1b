// SPDX-License-Identifier: GPL-2.0-only
/* eventfd(2): the counter, and whether it is a semaphore. */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <procmig/compat.h>
#include <procmig/file_kind.h>

static bool eventfd_match(struct file *file)
{
	return procmig_file_is_anonymous(file, "[eventfd]");
}

/*
 * The kernel tells the counter but, before 6.7, not whether it is a semaphore:
 * that is among the flags behind the counter, where they have always been.
 */
struct eventfd_head {
	struct kref kref;
	wait_queue_head_t wqh;
	__u64 count;
	unsigned int flags;
};

static ssize_t eventfd_checkpoint(struct procmig_file_save *save, struct file *file,
				  void *room, size_t bytes)
{
	struct procmig_file_eventfd *body = room;
	const struct eventfd_head *head = file->private_data;
	unsigned long long counter = 0;
	char *info;

	memset(body, 0, sizeof(*body));
	info = procmig_file_info(file);
	if (IS_ERR(info))
		return PTR_ERR(info);
	sscanf(info, "eventfd-count: %llx", &counter);
	kvfree(info);
	/* The counter vouches for the layout. */
	if (head->count != counter)
		return procmig_fail(save->process, PROCMIG_SUBSYSTEM_FILES, -EOPNOTSUPP,
				    "this kernel keeps an eventfd in another way");
	body->counter = counter;
	body->semaphore = !!(head->flags & EFD_SEMAPHORE);
	return sizeof(*body);
}

static struct file *eventfd_restart(struct procmig_file_load *load, const void *body,
				    size_t bytes)
{
	const struct procmig_file_eventfd *wanted = body;
	struct file *file;
	ssize_t written;

	if (bytes != sizeof(*wanted) || wanted->semaphore > 1 || wanted->reserved ||
	    wanted->counter == ULLONG_MAX)
		return ERR_PTR(procmig_file_refuse(load, "an eventfd"));
	file = procmig_file_from_descriptor(
		procmig_syscall(__NR_eventfd2, 0,
				EFD_NONBLOCK | (wanted->semaphore ? EFD_SEMAPHORE : 0)));
	if (IS_ERR(file) || !wanted->counter)
		return file;
	if (copy_to_user(load->scratch, &wanted->counter, sizeof(wanted->counter)))
		written = -EFAULT;
	else
		written = file->f_op->write(file, load->scratch, sizeof(wanted->counter),
					    &file->f_pos);
	if (written != sizeof(wanted->counter)) {
		fput(file);
		return ERR_PTR(-EIO);
	}
	return file;
}

static const struct procmig_kind kinds[] = {
	{ "eventfd", PROCMIG_KIND_CARRIED, "counter, semaphore" },
};

static const struct procmig_file_kind eventfd_kind = {
	.name = "eventfd",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = eventfd_match,
	.checkpoint = eventfd_checkpoint,
	.restart = eventfd_restart,
};

static int __init eventfd_init(void)
{
	return procmig_register_file_kind(&eventfd_kind);
}

static void __exit eventfd_exit(void)
{
	procmig_unregister_file_kind(&eventfd_kind);
}

module_init(eventfd_init);
module_exit(eventfd_exit);
MODULE_DESCRIPTION("procmig: kind of file, eventfd");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
