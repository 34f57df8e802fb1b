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
#include "selection.h"

#define SPARES 64
#define ROUSE_JIFFIES max(HZ / 50, 1)
/* How long one that was woken may take to the gate on a busy machine. */
#define STRAGGLER_JIFFIES (2 * HZ)

static struct kmem_cache *threads;

static struct procmig_gate *gate_of(struct procmig_thread *thread)
{
	return &thread->process->request->gate;
}

void procmig_thread_arrived(struct procmig_thread *thread)
{
	struct procmig_gate *gate = gate_of(thread);

	spin_lock(&gate->lock);
	gate->parked++;
	wake_up_all(&gate->moved);
	spin_unlock(&gate->lock);
}

void procmig_thread_leave(struct procmig_thread *thread)
{
	struct procmig_gate *gate = gate_of(thread);

	spin_lock(&gate->lock);
	thread->left = true;
	gate->left++;
	/* Inside the lock: behind it the worker may free the request. */
	wake_up_all(&gate->moved);
	spin_unlock(&gate->lock);
}

/*
 * Killed while it was parked.  The worker reads what a task drops when it exits
 * (signal handlers, files, memory): the task tells it, and ends behind it.
 */
static void outlast_worker(struct procmig_thread *thread)
{
	struct procmig_gate *gate = gate_of(thread);

	spin_lock(&gate->lock);
	gate->dying = true;
	wake_up_all(&gate->moved);
	spin_unlock(&gate->lock);
	wait_event_idle(thread->wait, READ_ONCE(gate->released));
}

static void park(struct callback_head *work)
{
	struct procmig_thread *thread = container_of(work, typeof(*thread), work);
	struct procmig_gate *gate = gate_of(thread);

	procmig_mend_interrupted_call();
	procmig_stop_at_gate(thread);
	procmig_thread_arrived(thread);
	/* A task that exits does its pending work too; it must not wait. */
	if (!(current->flags & PF_EXITING) &&
	    wait_event_killable(thread->wait, READ_ONCE(gate->released)))
		outlast_worker(thread);
	procmig_stop_behind_gate(thread);
	procmig_thread_leave(thread);
}

static struct procmig_thread *thread_new(struct procmig_process *process,
					 task_work_func_t work)
{
	struct procmig_thread *thread = kmem_cache_zalloc(threads, GFP_KERNEL);

	if (!thread)
		return NULL;
	init_task_work(&thread->work, work);
	init_waitqueue_head(&thread->wait);
	thread->process = process;
	return thread;
}

struct procmig_thread *procmig_thread_alloc(struct procmig_process *process,
					    task_work_func_t work)
{
	struct procmig_thread *thread = thread_new(process, work);

	if (!thread)
		return NULL;
	thread->task = get_task_struct(current);
	thread->tid = task_pid_vnr(current);
	return thread;
}

void procmig_thread_free(struct procmig_thread *thread)
{
	if (thread->task)
		put_task_struct(thread->task);
	kmem_cache_free(threads, thread);
}

static bool is_known(struct procmig_request *request, struct task_struct *task)
{
	struct procmig_thread *t;

	hash_for_each_possible(request->known, t, known, (unsigned long)task)
		if (t->task == task)
			return true;
	return false;
}

static int refill(struct procmig_process *process, struct list_head *spares)
{
	struct procmig_thread *thread;
	unsigned int i;

	if (!list_empty(spares))
		return 0;
	for (i = 0; i < SPARES; i++) {
		thread = thread_new(process, park);
		if (!thread)
			return -ENOMEM;
		list_add(&thread->node, spares);
	}
	return 0;
}

/* Ask @task to park in the place of @thread. */
static int ask(struct procmig_thread *thread, struct task_struct *task)
{
	struct procmig_request *request = thread->process->request;
	int ret;

	thread->task = task;
	thread->tid = task_pid_nr(task);
	ret = task_work_add(task, &thread->work, TWA_SIGNAL);
	if (ret)
		return ret;
	get_task_struct(task);
	hash_add(request->known, &thread->known, (unsigned long)task);
	spin_lock(&request->gate.lock);
	list_move_tail(&thread->node, &thread->process->threads);
	request->gate.queued++;
	spin_unlock(&request->gate.lock);
	return 0;
}

/* Ask the threads that are not known yet; how many, or a negative errno. */
static int park_new_threads(struct procmig_process *process)
{
	struct procmig_thread *spare, *next;
	struct task_struct *task;
	LIST_HEAD(spares);
	int count = 0, ret;
	bool again;

	do {
		again = false;
		ret = refill(process, &spares);
		rcu_read_lock();
		for_each_thread(process->task, task) {
			if (is_known(process->request, task))
				continue;
			spare = list_first_entry_or_null(&spares, typeof(*spare), node);
			if (!spare) {
				again = !ret;
				break;
			}
			/* It fails for one that exits: not a thread for long. */
			if (!ask(spare, task))
				count++;
			else
				spare->task = NULL;
		}
		rcu_read_unlock();
	} while (again);
	list_for_each_entry_safe(spare, next, &spares, node)
		procmig_thread_free(spare);
	return ret ?: count;
}

static bool all_parked(struct procmig_gate *gate)
{
	bool all;

	spin_lock(&gate->lock);
	all = gate->parked == gate->queued;
	spin_unlock(&gate->lock);
	return all;
}

static bool all_left(struct procmig_gate *gate)
{
	bool all;

	spin_lock(&gate->lock);
	all = gate->left == gate->queued;
	spin_unlock(&gate->lock);
	return all;
}

/* One that is killed is as good as gone, although it has not noticed yet. */
static bool is_killed(struct procmig_request *request)
{
	struct procmig_process *process;

	list_for_each_entry(process, &request->processes, node)
		if (process->task && !process->zombie &&
		    fatal_signal_pending(process->task))
			return true;
	return false;
}

bool procmig_has_left(struct procmig_request *request)
{
	bool some;

	spin_lock(&request->gate.lock);
	some = request->gate.left != 0 || request->gate.dying || is_killed(request);
	spin_unlock(&request->gate.lock);
	return some;
}

static bool is_cancelled(struct procmig_request *request)
{
	return procmig_request_state(request) == PROCMIG_STATE_ABORTING;
}

static bool off_cpu(struct procmig_process *process)
{
	struct procmig_thread *t;

	list_for_each_entry(t, &process->threads, node)
		while (!procmig_compat_wait_inactive(t->task)) {
			if (procmig_has_left(process->request))
				return false;
			schedule_timeout_uninterruptible(1);
		}
	return true;
}

/*
 * Registers are in memory only when the thread has been switched out.  It says
 * that it parks before it sleeps; in between it may be preempted, and there is
 * no event to wait for.
 */
bool procmig_all_off_cpu(struct procmig_request *request)
{
	struct procmig_process *process;

	list_for_each_entry(process, &request->processes, node)
		if (!off_cpu(process))
			return false;
	return !procmig_has_left(request);
}

static struct procmig_thread *find_late(struct procmig_request *request)
{
	struct procmig_process *process;
	struct procmig_thread *t;

	list_for_each_entry(process, &request->processes, node)
		list_for_each_entry(t, &process->threads, node)
			if (!READ_ONCE(t->left) && task_work_pending(t->task))
				return t;
	return NULL;
}

static int report_late(struct procmig_request *request)
{
	struct procmig_thread *late = find_late(request);

	if (late)
		sched_show_task(late->task);
	return procmig_fail(procmig_first_process(request), PROCMIG_SUBSYSTEM_CORE,
			    -ETIMEDOUT,
			    "thread %d (state %c) could not be stopped within %u ms",
			    late ? late->tid : 0,
			    late ? task_state_to_char(late->task) : '?',
			    request->quiesce_ms);
}

/* A thread that has ended by itself meanwhile is none any more. */
static void forget_ended(struct procmig_process *process)
{
	struct procmig_gate *gate = &process->request->gate;
	struct procmig_thread *t, *next;
	LIST_HEAD(ended);

	spin_lock(&gate->lock);
	list_for_each_entry_safe(t, next, &process->threads, node) {
		if (!t->left)
			continue;
		list_move(&t->node, &ended);
		gate->queued--;
		gate->parked--;
		gate->left--;
	}
	spin_unlock(&gate->lock);
	list_for_each_entry_safe(t, next, &ended, node) {
		hash_del(&t->known);
		procmig_thread_free(t);
	}
}

static pid_t parent_pid(struct procmig_process *process)
{
	pid_t pid;

	rcu_read_lock();
	pid = task_tgid_nr(rcu_dereference(process->task->real_parent));
	rcu_read_unlock();
	return pid;
}

static bool is_in(struct procmig_request *request, struct task_struct *leader)
{
	struct procmig_process *process;

	list_for_each_entry(process, &request->processes, node)
		if (process->task == leader)
			return true;
	return false;
}

/* The children of @parent, or without one the selected processes. */
static unsigned int look(struct procmig_request *request, struct procmig_process *parent,
			 struct task_struct **found, unsigned int room)
{
	return parent ? procmig_compat_children(parent->task, found, room) :
			procmig_selected(request->selection,
					 procmig_first_process(request)->task, found, room);
}

/* Take in those of them that are not known yet; how many, or a negative errno. */
static int take_in(struct procmig_request *request, struct procmig_process *parent)
{
	struct procmig_process *process;
	struct task_struct **children = NULL;
	unsigned int room = 0, count, i;
	int new = 0;

	/* A few may be born between the look and the next. */
	while ((count = look(request, parent, children, room)) > room) {
		while (room)
			put_task_struct(children[--room]);
		kvfree(children);
		children = kvmalloc_array(count + 8, sizeof(*children), GFP_KERNEL);
		if (!children)
			return -ENOMEM;
		room = count + 8;
	}
	for (i = 0; i < count; i++) {
		process = NULL;
		if (new >= 0 && !is_in(request, children[i])) {
			process = procmig_process_new(request, task_tgid_nr(children[i]));
			new = process ? new + 1 : -ENOMEM;
		}
		if (process)
			process->task = children[i];
		else
			put_task_struct(children[i]);
	}
	kvfree(children);
	return new;
}

/* Ask what has come up since; how much that was, or a negative errno. */
static int stop_new(struct procmig_request *request)
{
	struct procmig_process *process;
	int count, ret;

	count = take_in(request, NULL);
	if (count < 0)
		return count;
	/* The list grows while we walk. */
	list_for_each_entry(process, &request->processes, node) {
		ret = park_new_threads(process);
		if (ret < 0)
			return ret;
		count += ret;
		ret = take_in(request, process);
		if (ret < 0)
			return ret;
		count += ret;
	}
	return count;
}

static int await_parked(struct procmig_request *request, unsigned long due)
{
	struct procmig_process *first = procmig_first_process(request);
	struct procmig_gate *gate = &request->gate;
	long left;

	/* Job control may stop a thread at any time before it comes. */
	do {
		procmig_rouse_all(request);
		left = max_t(long, due - jiffies, 1);
		if (wait_event_idle_timeout(gate->moved,
					    all_parked(gate) || gate->dying ||
					    is_cancelled(request),
					    min_t(long, left, ROUSE_JIFFIES)))
			break;
		if (time_after_eq(jiffies, due))
			return report_late(request);
	} while (true);
	if (is_cancelled(request))
		return -ECANCELED;
	if (READ_ONCE(gate->dying))
		return procmig_fail(first, PROCMIG_SUBSYSTEM_CORE, -ESRCH,
				    "pid %d, or one of its children, exits or executes another program while it is frozen; try again",
				    first->pid);
	return 0;
}

static int report_growing(struct procmig_request *request)
{
	struct procmig_process *last = list_last_entry(&request->processes, typeof(*last), node);

	return procmig_fail(procmig_first_process(request), PROCMIG_SUBSYSTEM_CORE,
			    -ETIMEDOUT,
			    "processes or threads still turn up after %u ms; there are %u processes by now, the last is pid %d, a child of %d: stop what starts them, or select that too",
			    request->quiesce_ms, procmig_process_count(request), last->pid,
			    parent_pid(last));
}

/*
 * A process whose threads have all ended becomes a zombie in a moment, and only
 * then are its children given to somebody else.
 */
static void await_end(struct procmig_process *process, unsigned long due)
{
	while (list_empty(&process->threads) && !READ_ONCE(process->task->exit_state) &&
	       time_before(jiffies, due))
		schedule_timeout_uninterruptible(1);
}

/*
 * The parent of one that has ended may have asked already, or not want to know;
 * or it stays behind, and what there is to know with it.
 */
static void sort_out_ended(struct procmig_request *request)
{
	struct procmig_process *first = procmig_first_process(request), *process, *next;

	list_for_each_entry_safe(process, next, &request->processes, node) {
		if (process == first || !list_empty(&process->threads))
			continue;
		process->zombie = READ_ONCE(process->task->exit_state) == EXIT_ZOMBIE &&
				  procmig_find_process(request, parent_pid(process));
		if (!process->zombie)
			procmig_process_free(process);
	}
}

static int check_process(struct procmig_process *process)
{
	struct procmig_request *request = process->request;
	struct procmig_process *first = procmig_first_process(request);
	struct procmig_thread *thread;

	process->parent = procmig_find_process(request, parent_pid(process));
	if (process != first && !process->parent &&
	    !procmig_is_selected(request->selection, first->task, process->task))
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EAGAIN,
				    "pid %d: its parent ended, or what was selected changed, while it was being frozen; try again",
				    process->pid);
	if (process->zombie)
		return 0;
	if (list_empty(&process->threads))
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -ESRCH,
				    "pid %d exited while it was being frozen",
				    process->pid);
	/* The kernel keeps the first thread at the head of the list. */
	thread = list_first_entry(&process->threads, typeof(*thread), node);
	if (thread->task != process->task)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EOPNOTSUPP,
				    "the first thread of pid %d has ended before the others: no loaded subsystem carries that",
				    process->pid);
	return 0;
}

int procmig_quiesce(struct procmig_request *request)
{
	unsigned long due = jiffies + msecs_to_jiffies(request->quiesce_ms);
	struct procmig_process *first = procmig_first_process(request), *process;
	int ret;

	/* Only what runs can make threads and children: none new, none missed. */
	while ((ret = stop_new(request))) {
		if (ret < 0)
			return procmig_fail(first, PROCMIG_SUBSYSTEM_CORE, ret,
					    "no memory to stop pid %d", first->pid);
		if (time_after(jiffies, due))
			return report_growing(request);
		ret = await_parked(request, due);
		if (ret)
			return ret;
		list_for_each_entry(process, &request->processes, node) {
			forget_ended(process);
			await_end(process, due);
		}
	}
	sort_out_ended(request);
	list_for_each_entry(process, &request->processes, node) {
		ret = check_process(process);
		if (ret)
			return ret;
	}
	if (!procmig_all_off_cpu(request))
		return procmig_fail(first, PROCMIG_SUBSYSTEM_CORE, -ESRCH,
				    "pid %d exited while it was being frozen",
				    first->pid);
	procmig_note_stopped(request);
	return 0;
}

static void open_gate(struct procmig_request *request)
{
	struct procmig_process *process;
	struct procmig_thread *t;

	WRITE_ONCE(request->gate.released, true);
	list_for_each_entry(process, &request->processes, node)
		list_for_each_entry(t, &process->threads, node)
			wake_up_all(&t->wait);
}

/* One that was roused before may have been stopped anew on its way. */
static void rouse_again(struct procmig_request *request)
{
	struct procmig_process *process;
	struct procmig_thread *t;

	list_for_each_entry(process, &request->processes, node)
		list_for_each_entry(t, &process->threads, node)
			if (t->roused)
				procmig_rouse(t);
}

void procmig_thaw(struct procmig_request *request)
{
	struct procmig_gate *gate = &request->gate;
	struct procmig_process *process;
	struct procmig_thread *t;

	open_gate(request);
	/*
	 * Whoever has been woken on our behalf is in a system call that may say
	 * -EINTR, and the gate is where that is mended: it is waited for.  The work
	 * of one that nothing wakes is taken back, but not if it comes by now.
	 */
	wait_event_idle_timeout(gate->moved, all_left(gate), STRAGGLER_JIFFIES);
	list_for_each_entry(process, &request->processes, node)
		list_for_each_entry(t, &process->threads, node)
			if (!t->roused &&
			    procmig_compat_task_work_cancel(t->task, &t->work)) {
				spin_lock(&gate->lock);
				gate->parked++;
				gate->left++;
				spin_unlock(&gate->lock);
			}
	while (!wait_event_idle_timeout(gate->moved, all_left(gate), ROUSE_JIFFIES))
		rouse_again(request);
	/* The last one to leave still holds the lock around its wake-up. */
	spin_lock(&gate->lock);
	spin_unlock(&gate->lock);
}

void procmig_threads_free(struct procmig_request *request)
{
	struct procmig_process *process;
	struct procmig_thread *t, *next;

	list_for_each_entry(process, &request->processes, node)
		list_for_each_entry_safe(t, next, &process->threads, node) {
			list_del(&t->node);
			procmig_thread_free(t);
		}
}

int procmig_quiesce_init(void)
{
	threads = KMEM_CACHE(procmig_thread, 0);
	return threads ? 0 : -ENOMEM;
}

void procmig_quiesce_exit(void)
{
	kmem_cache_destroy(threads);
}
