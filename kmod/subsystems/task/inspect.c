// SPDX-License-Identifier: GPL-2.0-only
/* What stands against carrying a process and its threads. */
#include <linux/ipc_namespace.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "task.h"

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

/*
 * What clone(2) can share besides threads; the first sharer is named.  Of files and
 * directories the files subsystem lets processes inside share what they want.
 */
static void inspect_sharers(struct procmig_inspection *inspection,
			    struct task_struct *task)
{
	const struct procmig_scope *scope = procmig_inspected_scope(inspection);
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
		else if (procmig_scope_has(scope, other))
			continue;
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
	if (task->flags & PF_KTHREAD)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED, "kernel thread");
	if (task->exit_state || task->flags & PF_EXITING)
		obstacle(inspection, PROCMIG_OBSTACLE_STATE,
			 atomic_read(&task->signal->live) ?
			 "its first thread has ended, others go on: no loaded subsystem carries that" :
			 "the process has exited");
	if (test_tsk_thread_flag(task, TIF_ADDR32))
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED, "32-bit program");
}

static const char *policy_name(unsigned int policy)
{
	return policy == SCHED_DEADLINE ? "SCHED_DEADLINE" : "unknown";
}

/* What stands against one thread; the leader's own things say only what they are. */
static void inspect_thread(struct procmig_inspection *inspection,
			   struct task_struct *thread, struct task_struct *leader)
{
	char whose[32] = "";
	const char *what;

	if (thread != leader)
		snprintf(whose, sizeof(whose), "thread %d: ", task_pid_vnr(thread));
	if (thread->ptrace)
		obstacle(inspection, PROCMIG_OBSTACLE_STATE,
			 "%sthe process is traced: detach the debugger", whose);
	what = task_seccomp_obstacle(thread);
	if (what)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED, "%s%s", whose, what);
	if (thread->policy != SCHED_NORMAL && thread->policy != SCHED_BATCH &&
	    thread->policy != SCHED_IDLE && thread->policy != SCHED_FIFO &&
	    thread->policy != SCHED_RR)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "%sscheduling policy %u (%s): no loaded subsystem carries it",
			 whose, thread->policy, policy_name(thread->policy));
	if (test_task_syscall_work(thread, SYSCALL_USER_DISPATCH))
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "%ssyscall user dispatch: no loaded subsystem carries it", whose);
	if (test_tsk_thread_flag(thread, TIF_NOCPUID))
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "%sfaults at CPUID: no loaded subsystem carries them", whose);
	if (thread->io_uring)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "%sio_uring: no loaded subsystem carries it", whose);
	if (thread->thread.io_bitmap)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "%saccess to input and output ports (ioperm)", whose);
	if (task_cred_xxx(thread, user_ns) != &init_user_ns)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "%suser namespace of its own: no loaded subsystem carries it",
			 whose);
	if (thread == leader)
		return;
	/* Compared, not followed. */
	if (READ_ONCE(thread->files) != READ_ONCE(leader->files))
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "%sdescriptor table of its own: no loaded subsystem carries it",
			 whose);
	if (READ_ONCE(thread->fs) != READ_ONCE(leader->fs))
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "%sworking directory of its own: no loaded subsystem carries it",
			 whose);
	if (READ_ONCE(thread->nsproxy) != READ_ONCE(leader->nsproxy))
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "%snamespace of its own: no loaded subsystem carries it", whose);
}

static void inspect_threads(struct procmig_inspection *inspection,
			    struct task_struct *leader)
{
	struct task_struct *thread;

	rcu_read_lock();
	for_each_thread(leader, thread)
		if (!(READ_ONCE(thread->flags) & PF_EXITING))
			inspect_thread(inspection, thread, leader);
	rcu_read_unlock();
}

static void inspect_relations(struct procmig_inspection *inspection)
{
	if (task_terminal_is_outside(inspection))
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "controlling terminal that no process inside has made: start the program with setsid(1) or from a service");
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

/* A process of the event that reads other clocks than @task does, or NULL. */
static struct task_struct *other_clock(const struct procmig_scope *scope,
				       struct task_struct *task)
{
	struct procmig_clock_offsets own = procmig_clock_offsets(task), others;
	struct task_struct *other;
	unsigned int i;

	if (READ_ONCE(task->flags) & PF_EXITING)
		return NULL;
	for (i = 0; (other = procmig_scope_at(scope, i)); i++) {
		others = procmig_clock_offsets(other);
		/* Looked at afterwards: who is exiting may have had no namespace any more. */
		if (!(READ_ONCE(other->flags) & PF_EXITING))
			break;
	}
	/* The first that lives stands for all: whoever agrees with it is like it. */
	return other && (own.monotonic_ns != others.monotonic_ns ||
			 own.boottime_ns != others.boottime_ns) ? other : NULL;
}

/* The stub makes one time namespace for the whole event. */
static void inspect_clocks(struct procmig_inspection *inspection,
			   struct task_struct *task)
{
	struct task_struct *other;
	bool childrens;

	task_lock(task);
	childrens = task->nsproxy &&
		    task->nsproxy->time_ns != task->nsproxy->time_ns_for_children;
	task_unlock(task);
	if (childrens)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "time namespace of its own for its children: no loaded subsystem carries it");
	other = other_clock(procmig_inspected_scope(inspection), task);
	if (other)
		obstacle(inspection, PROCMIG_OBSTACLE_UNSUPPORTED,
			 "its clocks differ from those of process %d, as after moves that were not one: move them one by one",
			 task_tgid_vnr(other));
}

int task_inspect(struct procmig_inspection *inspection)
{
	struct task_struct *task = procmig_inspected_task(inspection);

	inspect_state(inspection, task);
	inspect_threads(inspection, task);
	inspect_sharers(inspection, task);
	inspect_relations(inspection);
	inspect_namespaces(inspection, task);
	inspect_clocks(inspection, task);
	return 0;
}
