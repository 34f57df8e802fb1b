// SPDX-License-Identifier: GPL-2.0-only
/* pidfd_open(2): of a process that moves, too, under the number that it keeps. */
#include <linux/file.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <procmig/compat.h>
#include <procmig/file_kind.h>

static bool pidfd_match(struct file *file)
{
	return procmig_file_is_anonymous(file, "[pidfd]");
}

/* Whether the descriptor is of a process of the event. */
static bool is_inside(const struct procmig_scope *scope, struct file *file)
{
	struct task_struct *named;
	bool inside;

	rcu_read_lock();
	named = pid_task(file->private_data, PIDTYPE_PID);
	inside = named && procmig_scope_has(scope, named);
	rcu_read_unlock();
	return inside;
}

static void pidfd_inspect(struct procmig_file_inspection *at, struct file *file)
{
	pid_t pid = pid_nr(file->private_data);

	if (!is_inside(procmig_inspected_scope(at->inspection), file))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "pidfd: it is of pid %d, which is outside or has ended",
				      pid);
}

static ssize_t pidfd_checkpoint(struct procmig_file_save *save, struct file *file,
				void *room, size_t bytes)
{
	struct procmig_file_pidfd *body = room;
	struct task_struct *task = procmig_task(save->process);

	if (!is_inside(procmig_scope(save->process), file))
		return procmig_fail(save->process, PROCMIG_SUBSYSTEM_FILES, -EOPNOTSUPP,
				    "a pidfd is of a process that is outside or has ended");
	*body = (struct procmig_file_pidfd) {
		.pid = pid_nr_ns(file->private_data, task_active_pid_ns(task)),
	};
	return sizeof(*body);
}

static struct file *pidfd_restart(struct procmig_file_load *load, const void *body,
				  size_t bytes)
{
	const struct procmig_file_pidfd *wanted = body;

	if (bytes != sizeof(*wanted) || wanted->reserved || wanted->pid <= 0)
		return ERR_PTR(procmig_file_refuse(load, "a pidfd"));
	return procmig_file_from_descriptor(
		procmig_syscall(__NR_pidfd_open, wanted->pid, load->flags & O_NONBLOCK));
}

static const struct procmig_kind kinds[] = {
	{ "pidfd", PROCMIG_KIND_CARRIED, "of a process inside" },
};

static const struct procmig_file_kind pidfd_kind = {
	.name = "pidfd",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = pidfd_match,
	.inspect = pidfd_inspect,
	.checkpoint = pidfd_checkpoint,
	.restart = pidfd_restart,
};

static int __init pidfd_init(void)
{
	return procmig_register_file_kind(&pidfd_kind);
}

static void __exit pidfd_exit(void)
{
	procmig_unregister_file_kind(&pidfd_kind);
}

module_init(pidfd_init);
module_exit(pidfd_exit);
MODULE_DESCRIPTION("procmig: kind of file, pidfd");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
