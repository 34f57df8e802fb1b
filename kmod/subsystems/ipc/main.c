// SPDX-License-Identifier: GPL-2.0-only
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/syscalls.h>

#include "ipc.h"

static const struct procmig_kind kinds[] = {
	{ "System V shared memory", PROCMIG_KIND_CARRIED,
	  "with its ID, key and content; also if nobody has it attached but a process inside made it" },
	{ "System V semaphores", PROCMIG_KIND_CARRIED,
	  "sets that a process inside used last, waits on, or has to undo; nobody outside may" },
	{ "System V message queues", PROCMIG_KIND_CARRIED,
	  "queues that a process inside used last or waits on; nobody outside may" },
	{ "System V shared memory of huge pages", PROCMIG_KIND_REFUSED,
	  "no target can promise them" },
};

/* Compared, not followed: init's own does not go away. */
struct ipc_namespace *ipc_namespace_of(struct task_struct *task)
{
	struct ipc_namespace *first = init_pid_ns.child_reaper->nsproxy->ipc_ns;
	bool same;

	task_lock(task);
	same = task->nsproxy && task->nsproxy->ipc_ns == first;
	task_unlock(task);
	return same ? first : NULL;
}

const char *ipc_type_name(enum procmig_sysv_type type)
{
	switch (type) {
	case PROCMIG_SYSV_SEGMENTS:
		return "System V shared memory";
	case PROCMIG_SYSV_SETS:
		return "System V semaphore set";
	default:
		return "System V message queue";
	}
}

void ipc_remove(enum procmig_sysv_type type, int id)
{
	switch (type) {
	case PROCMIG_SYSV_SEGMENTS:
		procmig_syscall(__NR_shmctl, id, IPC_RMID);
		break;
	case PROCMIG_SYSV_SETS:
		procmig_syscall(__NR_semctl, id, 0, IPC_RMID);
		break;
	default:
		procmig_syscall(__NR_msgctl, id, IPC_RMID);
		break;
	}
}

/* ---- the objects of an event ------------------------------------------------ */

struct ipc_object *ipc_find(struct ipc_event *event, enum procmig_sysv_type type, int id)
{
	unsigned int i;

	for (i = 0; i < event->count; i++)
		if (event->object[i].type == type && event->object[i].id == id)
			return &event->object[i];
	return NULL;
}

int ipc_add(struct ipc_event *event, enum procmig_sysv_type type, int id, void *record)
{
	struct ipc_object *more = event->object;

	if (event->count == IPC_OBJECTS_MAX)
		return -E2BIG;
	/* Room for powers of two. */
	if (!(event->count & (event->count - 1))) {
		more = kvcalloc(max(1u, event->count * 2), sizeof(*more), GFP_KERNEL);
		if (!more)
			return -ENOMEM;
		if (event->count)
			memcpy(more, event->object, event->count * sizeof(*more));
		kvfree(event->object);
		event->object = more;
	}
	more[event->count++] = (struct ipc_object) {
		.type = type,
		.id = id,
		.record = record,
	};
	return 0;
}

static void remove_all(struct ipc_event *event)
{
	unsigned int i;

	for (i = event->count; i--;)
		ipc_remove(event->object[i].type, event->object[i].id);
}

/* ---- life --------------------------------------------------------------------- */

static int ipc_setup_event(void *private)
{
	struct ipc_event *event = private;

	xa_init(&event->first);
	return 0;
}

/* The target has them; left behind they would hold the IDs on the way back. */
static void ipc_finish_event(void *private)
{
	remove_all(private);
}

static void ipc_cleanup_event(void *private)
{
	struct ipc_event *event = private;
	unsigned int i;

	/* Made here for processes that will not run here. */
	if (!event->gathered && !event->resumed)
		remove_all(event);
	for (i = 0; i < event->count; i++)
		kvfree(event->object[i].record);
	kvfree(event->object);
	xa_destroy(&event->first);
}

static void ipc_resume(struct procmig_process *process)
{
	struct ipc_event *event = procmig_event_private(process, &ipc_subsystem);

	event->resumed = true;
}

const struct procmig_subsystem ipc_subsystem = {
	.name = "ipc",
	.id = PROCMIG_SUBSYSTEM_IPC,
	.version = IPC_VERSION,
	.order = 50,
	.owner = THIS_MODULE,
	.private_bytes = sizeof(struct ipc),
	.event_private_bytes = sizeof(struct ipc_event),
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.inspect = ipc_inspect,
	.admit = ipc_admit,
	.setup_event = ipc_setup_event,
	.cleanup_event = ipc_cleanup_event,
	.finish_event = ipc_finish_event,
	.gather = ipc_gather,
	.checkpoint = ipc_checkpoint,
	.restart = ipc_restart,
	.settle = ipc_settle,
	.resume = ipc_resume,
};

static int __init ipc_module_init(void)
{
	int ret = procmig_compat_ipc_check();

	if (ret) {
		pr_err("procmig_ipc: System V IPC of this kernel is not as known (%d)\n", ret);
		return ret;
	}
	ret = procmig_register_subsystem(&ipc_subsystem);
	if (ret)
		return ret;
	ret = procmig_register_file_kind(&ipc_attachment_kind);
	if (ret)
		procmig_unregister_subsystem(&ipc_subsystem);
	return ret;
}

static void __exit ipc_module_exit(void)
{
	procmig_unregister_file_kind(&ipc_attachment_kind);
	procmig_unregister_subsystem(&ipc_subsystem);
}

module_init(ipc_module_init);
module_exit(ipc_module_exit);
MODULE_DESCRIPTION("procmig: kernel subsystem, System V IPC");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
