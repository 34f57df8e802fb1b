// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ipc_namespace.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "task.h"

static const struct procmig_kind kinds[] = {
	{ "general registers", PROCMIG_KIND_CARRIED, "incl. FS and GS base" },
	{ "extended registers", PROCMIG_KIND_CARRIED,
	  "x87, SSE, AVX ...; both processors must have the same" },
	{ "interrupted system calls", PROCMIG_KIND_CARRIED,
	  "restarted; nanosleep, poll and futex waits keep the remaining time" },
	{ "rseq, robust futex list, clear-child-tid", PROCMIG_KIND_CARRIED, NULL },
	{ "credentials", PROCMIG_KIND_CARRIED,
	  "IDs, groups, capabilities, securebits, no-new-privs" },
	{ "resource limits, nice, comm, umask, personality", PROCMIG_KIND_CARRIED, NULL },
	{ "threads", PROCMIG_KIND_PLANNED, NULL },
	{ "child processes", PROCMIG_KIND_PLANNED, NULL },
	{ "seccomp", PROCMIG_KIND_PLANNED, NULL },
	{ "real-time scheduling", PROCMIG_KIND_PLANNED, NULL },
	{ "namespaces of its own", PROCMIG_KIND_PLANNED,
	  "all but the time namespace, which the stub makes" },
	{ "traced process", PROCMIG_KIND_REFUSED, "detach the debugger" },
	{ "32-bit program", PROCMIG_KIND_REFUSED, NULL },
	{ "io_uring", PROCMIG_KIND_REFUSED, "its rings are the kernel's memory" },
};

__printf(3, 4)
static void obstacle(struct procmig_inspection *inspection,
		     enum procmig_obstacle_code code, const char *format, ...)
{
	char text[128];
	va_list args;

	va_start(args, format);
	vscnprintf(text, sizeof(text), format, args);
	va_end(args);
	procmig_obstacle(inspection, task_subsystem.id, code,
			 task_pid_vnr(procmig_inspected_task(inspection)), "%s", text);
}

/* What clone(2) can share besides threads; the first sharer is named. */
static void inspect_sharers(struct procmig_inspection *inspection,
			    struct task_struct *task)
{
	const char *what = NULL;
	struct task_struct *other;
	pid_t sharer = 0;

	/* Compared, not followed. */
	rcu_read_lock();
	for_each_process(other) {
		if (other == task || other->flags & PF_KTHREAD)
			continue;
		if (task->mm && READ_ONCE(other->mm) == task->mm)
			what = "memory";
		else if (task->files && READ_ONCE(other->files) == task->files)
			what = "descriptor table";
		else if (task->fs && READ_ONCE(other->fs) == task->fs)
			what = "working directory";
		else
			continue;
		sharer = task_pid_vnr(other);
		break;
	}
	rcu_read_unlock();
	if (what)
		obstacle(inspection, PROCMIG_OBSTACLE_SHARED,
			 "%s shared with process %d: no loaded subsystem carries it",
			 what, sharer);
}

static void inspect_state(struct procmig_inspection *inspection, struct task_struct *task)
{
	if (task->exit_state || task->flags & PF_EXITING)
		obstacle(inspection, PROCMIG_OBSTACLE_STATE, "the process has exited");
	if (task->flags & PF_KTHREAD)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED, "kernel thread");
	if (task->ptrace)
		obstacle(inspection, PROCMIG_OBSTACLE_STATE,
			 "the process is traced: detach the debugger");
	if (task_is_stopped_or_traced(task) || task->signal->flags & SIGNAL_STOP_STOPPED)
		obstacle(inspection, PROCMIG_OBSTACLE_STATE,
			 "the process is stopped: send it SIGCONT first");
	if (test_tsk_thread_flag(task, TIF_ADDR32))
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED, "32-bit program");
	if (task->seccomp.mode)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "seccomp mode %d: no loaded subsystem carries it",
			 task->seccomp.mode);
	if (task->policy != SCHED_NORMAL && task->policy != SCHED_BATCH &&
	    task->policy != SCHED_IDLE)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "real-time scheduling policy %u: no loaded subsystem carries it",
			 task->policy);
	if (task->pdeath_signal)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "parent death signal (PR_SET_PDEATHSIG): no loaded subsystem carries it");
	if (task->signal->is_child_subreaper)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "child subreaper (PR_SET_CHILD_SUBREAPER): no loaded subsystem carries it");
	if (test_task_syscall_work(task, SYSCALL_USER_DISPATCH))
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "syscall user dispatch: no loaded subsystem carries it");
	if (task->io_uring)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "io_uring: no loaded subsystem carries it");
	if (task->thread.io_bitmap)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "access to input and output ports (ioperm)");
	if (task_cred_xxx(task, user_ns) != &init_user_ns)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "user namespace of its own: no loaded subsystem carries it");
}

static void inspect_relations(struct procmig_inspection *inspection,
			      struct task_struct *task)
{
	unsigned int threads = get_nr_threads(task);
	struct task_struct *thread, *child;

	if (threads > 1)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "%u threads: no loaded subsystem carries more than one",
			 threads);
	rcu_read_lock();
	for_each_thread(task, thread) {
		child = list_first_or_null_rcu(&thread->children, struct task_struct,
					       sibling);
		if (!child)
			continue;
		obstacle(inspection, PROCMIG_OBSTACLE_SHARED,
			 "child process %d: no loaded subsystem carries process trees",
			 task_pid_vnr(child));
		break;
	}
	rcu_read_unlock();
	/* A glance, not followed: the frozen process is inspected once more. */
	if (READ_ONCE(task->signal->tty))
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "controlling terminal: start the program with setsid(1) or from a service");
}

/* Which of @own differs from @first, or NULL. */
static const char *differing_namespace(const struct nsproxy *own,
				       const struct nsproxy *first)
{
	if (own->mnt_ns != first->mnt_ns)
		return "mount";
	if (own->uts_ns != first->uts_ns)
		return "UTS";
	if (own->ipc_ns != first->ipc_ns)
		return "IPC";
	if (own->net_ns != first->net_ns)
		return "network";
	if (own->cgroup_ns != first->cgroup_ns)
		return "cgroup";
	if (own->pid_ns_for_children != first->pid_ns_for_children)
		return "PID";
	return NULL;
}

static bool copy_nsproxy(struct task_struct *task, struct nsproxy *copy)
{
	bool some;

	/* Only compared, never followed: no references are needed. */
	task_lock(task);
	some = task->nsproxy;
	if (some)
		*copy = *task->nsproxy;
	task_unlock(task);
	return some;
}

static void inspect_namespaces(struct procmig_inspection *inspection,
			       struct task_struct *task)
{
	struct task_struct *init = init_pid_ns.child_reaper;
	struct nsproxy own, first;
	const char *differs;

	if (!copy_nsproxy(task, &own) || !copy_nsproxy(init, &first))
		return;
	differs = task_active_pid_ns(task) != &init_pid_ns ?
		  "PID" : differing_namespace(&own, &first);
	if (differs)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "%s namespace of its own: no loaded subsystem carries it",
			 differs);
}

static int task_inspect(struct procmig_inspection *inspection)
{
	struct task_struct *task = procmig_inspected_task(inspection);

	inspect_state(inspection, task);
	inspect_sharers(inspection, task);
	inspect_relations(inspection, task);
	inspect_namespaces(inspection, task);
	return 0;
}

int task_emit(struct procmig_process *process, u16 type, const void *head,
	      size_t head_bytes, const void *tail, size_t tail_bytes)
{
	const struct kvec parts[] = {
		{ (void *)head, head_bytes },
		{ (void *)tail, tail_bytes },
	};

	return procmig_emit(process, PROCMIG_CHANNEL_DEMAND, task_subsystem.id, type,
			    TASK_VERSION, parts, tail_bytes ? 2 : 1);
}

int task_refuse(struct procmig_process *process, const char *what)
{
	return procmig_fail(process, task_subsystem.id, -EPROTO,
			    "the stream is damaged: %s", what);
}

static int task_setup(struct procmig_process *process)
{
	if (procmig_task(process) == current)
		task_detach_stub();
	return 0;
}

static int task_checkpoint(struct procmig_process *process)
{
	int ret;

	ret = task_emit_attributes(process);
	if (!ret)
		ret = task_emit_credentials(process);
	if (!ret)
		ret = task_emit_registers(process);
	if (!ret)
		procmig_progress(process, 0, 1);
	return ret;
}

static int take(struct procmig_process *process, const struct procmig_record *record,
		void *body, size_t bytes)
{
	if (record->length != bytes)
		return task_refuse(process, "a task record of wrong length");
	return procmig_take(process, PROCMIG_CHANNEL_DEMAND, body, bytes);
}

static int task_restart(struct procmig_process *process,
			const struct procmig_record *record)
{
	struct task *task = procmig_private(process, &task_subsystem);
	int ret;

	switch (record->type) {
	case PROCMIG_TASK_ATTRIBUTES:
		ret = take(process, record, &task->attributes, sizeof(task->attributes));
		return ret ?: task_take_attributes(process, task);
	case PROCMIG_TASK_CREDENTIALS:
		return task_take_credentials(process, task, record);
	case PROCMIG_TASK_REGISTERS:
		task->have_registers = true;
		return take(process, record, &task->registers, sizeof(task->registers));
	case PROCMIG_TASK_XSTATE:
		return task_take_xstate(process, task, record);
	case PROCMIG_TASK_RESTART:
		ret = take(process, record, &task->restart, sizeof(task->restart));
		if (!ret && !task_restart_ok(&task->restart))
			ret = task_refuse(process, "an interrupted system call");
		return ret;
	default:
		return PROCMIG_UNKNOWN;
	}
}

static int task_settle(struct procmig_process *process)
{
	struct task *task = procmig_private(process, &task_subsystem);

	if (!task->have_attributes || !task->have_credentials ||
	    !task->have_registers || !task->xstate)
		return task_refuse(process, "the task's state is not complete");
	return task_settle_registers(process, task);
}

static void task_resume(struct procmig_process *process)
{
	struct task *task = procmig_private(process, &task_subsystem);

	task_attach_user_areas(&task->attributes);
	task_resume_call(&task->restart);
}

static void task_cleanup(struct procmig_process *process)
{
	struct task *task = procmig_private(process, &task_subsystem);

	kvfree(task->xstate);
}

const struct procmig_subsystem task_subsystem = {
	.name = "task",
	.id = PROCMIG_SUBSYSTEM_TASK,
	.version = TASK_VERSION,
	.order = 400,
	.owner = THIS_MODULE,
	.private_bytes = sizeof(struct task),
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.inspect = task_inspect,
	.setup = task_setup,
	.checkpoint = task_checkpoint,
	.restart = task_restart,
	.settle = task_settle,
	.resume = task_resume,
	.cleanup = task_cleanup,
};

static int __init task_init(void)
{
	return procmig_register_subsystem(&task_subsystem);
}

static void __exit task_exit(void)
{
	procmig_unregister_subsystem(&task_subsystem);
}

module_init(task_init);
module_exit(task_exit);
MODULE_DESCRIPTION("procmig: kernel subsystem, task");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
