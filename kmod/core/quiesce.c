// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asynchronous quiescing: every thread parks at its border to user mode.
 *
 * Task work that is announced like a signal runs in get_signal(), before a
 * system call that was interrupted is prepared for its restart.  There the full
 * registers are on the stack, the call's verdict (-ERESTART...) is still to be
 * read, and the same place exists on the target, where the restart then takes
 * its ordinary way.
 */
#include <linux/jiffies.h>
#include <linux/sched/debug.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <procmig/compat.h>

#include "quiesce.h"

static struct kmem_cache *parks;

void procmig_park_leave(struct procmig_park *park)
{
	struct procmig_process *process = park->process;

	spin_lock(&process->lock);
	park->left = true;
	process->left++;
	/* Inside the lock: behind it the worker may free the process. */
	wake_up_all(&process->moved);
	spin_unlock(&process->lock);
}

/*
 * Killed while it was parked.  The worker reads what a task drops when it exits
 * (signal handlers, files, memory): the task tells it, and ends behind it.
 */
static void outlast_worker(struct procmig_process *process)
{
	spin_lock(&process->lock);
	process->dying = true;
	wake_up_all(&process->moved);
	spin_unlock(&process->lock);
	wait_event_idle(process->gate, READ_ONCE(process->released));
}

static void park(struct callback_head *work)
{
	struct procmig_park *park = container_of(work, typeof(*park), work);
	struct procmig_process *process = park->process;

	spin_lock(&process->lock);
	process->parked++;
	wake_up_all(&process->moved);
	spin_unlock(&process->lock);
	/* A task that exits does its pending work too; it must not wait. */
	if (!(current->flags & PF_EXITING) &&
	    wait_event_killable(process->gate, READ_ONCE(process->released)))
		outlast_worker(process);
	procmig_park_leave(park);
}

struct procmig_park *procmig_park_alloc(struct procmig_process *process,
					task_work_func_t work)
{
	struct procmig_park *park = kmem_cache_zalloc(parks, GFP_KERNEL);

	if (!park)
		return NULL;
	init_task_work(&park->work, work);
	park->process = process;
	park->task = get_task_struct(current);
	return park;
}

void procmig_park_free(struct procmig_park *park)
{
	put_task_struct(park->task);
	kmem_cache_free(parks, park);
}

static bool is_known(struct procmig_process *process, struct task_struct *task)
{
	struct procmig_park *p;

	list_for_each_entry(p, &process->parks, node)
		if (p->task == task)
			return true;
	return false;
}

/* Park the threads that are not known yet; how many, or a negative errno. */
static int park_new_threads(struct procmig_process *process)
{
	struct procmig_park *spare = NULL;
	struct task_struct *thread;
	int count = 0, ret = 0;
	bool again;

	do {
		again = false;
		if (!spare)
			spare = kmem_cache_zalloc(parks, GFP_KERNEL);
		if (!spare)
			return -ENOMEM;
		rcu_read_lock();
		for_each_thread(process->task, thread) {
			if (is_known(process, thread))
				continue;
			init_task_work(&spare->work, park);
			spare->process = process;
			spare->task = thread;
			ret = task_work_add(thread, &spare->work, TWA_SIGNAL);
			if (ret)	/* exiting: not a thread for long */
				continue;
			get_task_struct(thread);
			list_add_tail(&spare->node, &process->parks);
			spin_lock(&process->lock);
			process->queued++;
			spin_unlock(&process->lock);
			spare = NULL;
			count++;
			again = true;
			break;
		}
		rcu_read_unlock();
	} while (again);
	if (spare)
		kmem_cache_free(parks, spare);
	return count;
}

static bool all_parked(struct procmig_process *process)
{
	bool all;

	spin_lock(&process->lock);
	all = process->parked == process->queued;
	spin_unlock(&process->lock);
	return all;
}

static bool all_left(struct procmig_process *process)
{
	bool all;

	spin_lock(&process->lock);
	all = process->left == process->queued;
	spin_unlock(&process->lock);
	return all;
}

bool procmig_has_left(struct procmig_process *process)
{
	bool some;

	spin_lock(&process->lock);
	some = process->left != 0 || process->dying ||
	       (process->task && fatal_signal_pending(process->task));
	spin_unlock(&process->lock);
	return some;
}

static bool is_cancelled(struct procmig_process *process)
{
	return procmig_request_state(process->request) == PROCMIG_STATE_ABORTING;
}

/*
 * Registers are in memory only when the thread has been switched out.  It says
 * that it parks before it sleeps; in between it may be preempted, and there is
 * no event to wait for.
 */
bool procmig_all_off_cpu(struct procmig_process *process)
{
	struct procmig_park *p;

	list_for_each_entry(p, &process->parks, node)
		while (!procmig_compat_wait_inactive(p->task)) {
			if (procmig_has_left(process))
				return false;
			schedule_timeout_uninterruptible(1);
		}
	return !procmig_has_left(process);
}

static int report_late(struct procmig_process *process, unsigned int limit_ms)
{
	struct procmig_park *p;
	pid_t late = 0;
	char why = '?';

	list_for_each_entry(p, &process->parks, node) {
		if (task_work_pending(p->task)) {
			late = task_pid_nr(p->task);
			why = task_state_to_char(p->task);
			sched_show_task(p->task);
			break;
		}
	}
	return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -ETIMEDOUT,
			    "thread %d (state %c) could not be stopped within %u ms",
			    late, why, limit_ms);
}

int procmig_quiesce(struct procmig_process *process, unsigned int limit_ms)
{
	unsigned long due = jiffies + msecs_to_jiffies(limit_ms);
	long left;
	int count;

	/* Only a thread that runs can make a new one: none new, none missed. */
	for (;;) {
		count = park_new_threads(process);
		if (count < 0)
			return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, count,
					    "no memory to stop the threads of pid %d",
					    process->pid);
		if (!count)
			break;
		left = max_t(long, due - jiffies, 1);
		if (!wait_event_idle_timeout(process->moved,
					all_parked(process) || is_cancelled(process),
					left))
			return report_late(process, limit_ms);
		if (is_cancelled(process))
			return -ECANCELED;
	}
	if (list_empty(&process->parks) || !procmig_all_off_cpu(process))
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -ESRCH,
				    "pid %d exited while it was being frozen",
				    process->pid);
	return 0;
}

void procmig_thaw(struct procmig_process *process)
{
	struct procmig_park *p, *next;

	WRITE_ONCE(process->released, true);
	wake_up_all(&process->gate);
	/* Work that never got to run is taken back. */
	list_for_each_entry(p, &process->parks, node) {
		if (procmig_compat_task_work_cancel(p->task, &p->work)) {
			spin_lock(&process->lock);
			process->parked++;
			process->left++;
			spin_unlock(&process->lock);
		}
	}
	wait_event_idle(process->moved, all_left(process));
	/* The last one to leave still holds the lock around its wake-up. */
	spin_lock(&process->lock);
	spin_unlock(&process->lock);
	list_for_each_entry_safe(p, next, &process->parks, node) {
		list_del(&p->node);
		procmig_park_free(p);
	}
}

int procmig_quiesce_init(void)
{
	parks = KMEM_CACHE(procmig_park, 0);
	return parks ? 0 : -ENOMEM;
}

void procmig_quiesce_exit(void)
{
	kmem_cache_destroy(parks);
}
