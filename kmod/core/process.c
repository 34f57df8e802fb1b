// SPDX-License-Identifier: GPL-2.0-only
/* Processes and threads, subsystems' lives in them, and what these may ask. */
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "identity.h"
#include "request.h"

struct procmig_process *procmig_process_new(struct procmig_request *request, pid_t pid)
{
	struct procmig_process *process = kzalloc(sizeof(*process), GFP_KERNEL);

	if (!process)
		return NULL;
	process->request = request;
	process->pid = pid;
	process->about = pid;
	INIT_LIST_HEAD(&process->threads);
	init_completion(&process->complete);
	spin_lock(&request->gate.lock);
	list_add_tail(&process->node, &request->processes);
	if (!request->first)
		request->first = process;
	spin_unlock(&request->gate.lock);
	return process;
}

void procmig_process_free(struct procmig_process *process)
{
	list_del(&process->node);
	if (process->task)
		put_task_struct(process->task);
	kfree(process);
}

void procmig_processes_free(struct procmig_request *request)
{
	struct procmig_process *process, *next;

	list_for_each_entry_safe(process, next, &request->processes, node)
		procmig_process_free(process);
}

unsigned int procmig_process_count(struct procmig_request *request)
{
	struct list_head *node;
	unsigned int count = 0;

	list_for_each(node, &request->processes)
		count++;
	return count;
}

struct procmig_process *procmig_find_process(struct procmig_request *request, pid_t pid)
{
	struct procmig_process *process;

	list_for_each_entry(process, &request->processes, node)
		if (process->pid == pid)
			return process;
	return NULL;
}

struct procmig_process *procmig_first_process(struct procmig_request *request)
{
	return request->first;
}

int procmig_event_setup(struct procmig_request *request)
{
	const struct procmig_subsystem_set *set = &request->subsystems;
	const struct procmig_subsystem *subsystem;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < set->count; i++) {
		subsystem = set->subsystem[i];
		request->private[i] = NULL;
		if (subsystem->event_private_bytes) {
			request->private[i] = kvzalloc(subsystem->event_private_bytes,
						       GFP_KERNEL);
			if (!request->private[i])
				return -ENOMEM;
		}
		if (subsystem->setup_event)
			ret = subsystem->setup_event(request->private[i]);
		if (ret) {
			kvfree(request->private[i]);
			return ret;
		}
		request->set_up = i + 1;
	}
	return 0;
}

void procmig_event_finish(struct procmig_request *request)
{
	const struct procmig_subsystem_set *set = &request->subsystems;
	unsigned int i;

	for (i = request->set_up; i--;)
		if (set->subsystem[i]->finish_event)
			set->subsystem[i]->finish_event(request->private[i]);
}

/* Every process, then what they share. */
void procmig_event_cleanup(struct procmig_request *request)
{
	const struct procmig_subsystem_set *set = &request->subsystems;
	struct procmig_process *process;
	unsigned int i;

	list_for_each_entry(process, &request->processes, node)
		procmig_process_cleanup(process);
	while (request->set_up) {
		i = --request->set_up;
		if (set->subsystem[i]->cleanup_event)
			set->subsystem[i]->cleanup_event(request->private[i]);
		kvfree(request->private[i]);
	}
	procmig_scope_clear(&request->scope);
}

int procmig_process_setup(struct procmig_process *process)
{
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	const struct procmig_subsystem *subsystem;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < set->count; i++) {
		subsystem = set->subsystem[i];
		process->private[i] = kvzalloc(max_t(size_t, subsystem->private_bytes, 1),
					       GFP_KERNEL);
		if (!process->private[i])
			return procmig_fail(process, subsystem->id, -ENOMEM,
					    "no memory for subsystem %s",
					    subsystem->name);
		if (subsystem->setup)
			ret = subsystem->setup(process);
		if (ret) {
			kvfree(process->private[i]);
			return ret;
		}
		process->set_up = i + 1;
	}
	return 0;
}

int procmig_thread_setup(struct procmig_thread *thread)
{
	const struct procmig_subsystem_set *set = &thread->process->request->subsystems;
	const struct procmig_subsystem *subsystem;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < set->count; i++) {
		subsystem = set->subsystem[i];
		thread->private[i] = NULL;
		if (subsystem->thread_private_bytes) {
			thread->private[i] = kvzalloc(subsystem->thread_private_bytes,
						      GFP_KERNEL);
			if (!thread->private[i])
				return procmig_fail(thread->process, subsystem->id,
						    -ENOMEM, "thread %d: no memory for subsystem %s",
						    thread->tid, subsystem->name);
		}
		if (subsystem->setup_thread)
			ret = subsystem->setup_thread(thread);
		if (ret) {
			kvfree(thread->private[i]);
			return ret;
		}
		thread->set_up = i + 1;
	}
	return 0;
}

static void thread_cleanup(struct procmig_thread *thread)
{
	const struct procmig_subsystem_set *set = &thread->process->request->subsystems;
	unsigned int i;

	while (thread->set_up) {
		i = --thread->set_up;
		if (set->subsystem[i]->cleanup_thread)
			set->subsystem[i]->cleanup_thread(thread);
		kvfree(thread->private[i]);
	}
}

void procmig_process_cleanup(struct procmig_process *process)
{
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	struct procmig_thread *thread;
	unsigned int i;

	list_for_each_entry(thread, &process->threads, node)
		thread_cleanup(thread);
	while (process->set_up) {
		i = --process->set_up;
		if (set->subsystem[i]->cleanup)
			set->subsystem[i]->cleanup(process);
		kvfree(process->private[i]);
		process->private[i] = NULL;
	}
}

/* ---- job control -------------------------------------------------------- */

void procmig_note_stopped(struct procmig_request *request)
{
	struct procmig_process *process;

	list_for_each_entry(process, &request->processes, node)
		process->job = READ_ONCE(process->task->signal->flags) & SIGNAL_STOP_MASK;
}

/*
 * On parked threads nothing but a SIGCONT sets one of these flags; a parent that
 * asks about its child takes some away.
 */
struct procmig_process *procmig_continued(struct procmig_request *request)
{
	struct procmig_process *process, *found = NULL;

	spin_lock(&request->gate.lock);
	list_for_each_entry(process, &request->processes, node)
		if (!process->zombie &&
		    READ_ONCE(process->task->signal->flags) & SIGNAL_STOP_MASK &
		    ~process->job) {
			found = process;
			break;
		}
	spin_unlock(&request->gate.lock);
	return found;
}

/* ---- what subsystems ask -------------------------------------------------- */

struct task_struct *procmig_planned_task(struct procmig_process *process, pid_t pid)
{
	struct procmig_process *other = procmig_find_process(process->request, pid);

	return other && !other->zombie ? other->task : NULL;
}
EXPORT_SYMBOL_GPL(procmig_planned_task);

bool procmig_is_planned(struct procmig_process *process, pid_t pid)
{
	return procmig_find_process(process->request, pid);
}
EXPORT_SYMBOL_GPL(procmig_is_planned);

struct task_struct *procmig_task(struct procmig_process *process)
{
	return process->task;
}
EXPORT_SYMBOL_GPL(procmig_task);

void *procmig_private(struct procmig_process *process,
		      const struct procmig_subsystem *subsystem)
{
	int i = procmig_subsystem_index(&process->request->subsystems, subsystem->id);

	return i < 0 ? NULL : process->private[i];
}
EXPORT_SYMBOL_GPL(procmig_private);

void *procmig_grow(void *array, unsigned int count, size_t bytes)
{
	void *more;

	if (count & (count - 1))
		return array;
	more = kvcalloc(max(1u, count * 2), bytes, GFP_KERNEL);
	if (!more)
		return NULL;
	if (count)
		memcpy(more, array, count * bytes);
	kvfree(array);
	return more;
}
EXPORT_SYMBOL_GPL(procmig_grow);

void *procmig_event_private(struct procmig_process *process,
			    const struct procmig_subsystem *subsystem)
{
	int i = procmig_subsystem_index(&process->request->subsystems, subsystem->id);

	return i < 0 ? NULL : process->request->private[i];
}
EXPORT_SYMBOL_GPL(procmig_event_private);

struct task_struct *procmig_rebuilt_task(struct procmig_process *process, pid_t pid)
{
	struct procmig_process *other = procmig_find_process(process->request, pid);

	return other && other->loaded ? other->task : NULL;
}
EXPORT_SYMBOL_GPL(procmig_rebuilt_task);

struct task_struct *procmig_await_complete(struct procmig_process *process, pid_t pid)
{
	struct procmig_process *other;

	list_for_each_entry(other, &process->request->processes, node) {
		if (other == process)
			break;
		if (other->pid == pid && !other->zombie)
			return wait_for_completion_killable(&other->complete) ?
				       ERR_PTR(-EINTR) : other->task;
	}
	return NULL;
}
EXPORT_SYMBOL_GPL(procmig_await_complete);

const struct procmig_scope *procmig_scope(struct procmig_process *process)
{
	return &process->request->scope;
}
EXPORT_SYMBOL_GPL(procmig_scope);

struct task_struct *procmig_thread_task(struct procmig_thread *thread)
{
	return thread->task;
}
EXPORT_SYMBOL_GPL(procmig_thread_task);

struct procmig_process *procmig_thread_process(struct procmig_thread *thread)
{
	return thread->process;
}
EXPORT_SYMBOL_GPL(procmig_thread_process);

void *procmig_thread_private(struct procmig_thread *thread,
			     const struct procmig_subsystem *subsystem)
{
	int i = procmig_subsystem_index(&thread->process->request->subsystems,
					subsystem->id);

	return i < 0 ? NULL : thread->private[i];
}
EXPORT_SYMBOL_GPL(procmig_thread_private);

u64 procmig_frozen_ns(struct procmig_process *process)
{
	return process->request->frozen_ns;
}
EXPORT_SYMBOL_GPL(procmig_frozen_ns);

const struct procmig_core_hello *procmig_hello(struct procmig_process *process)
{
	return &process->request->hello;
}
EXPORT_SYMBOL_GPL(procmig_hello);

enum procmig_mechanism_kind
procmig_mechanism_of(struct procmig_process *process, u32 subsystem, u64 entity,
		     enum procmig_mechanism_kind otherwise)
{
	return procmig_mechanisms_find(process->request->mechanisms,
				       process->request->mechanism_count,
				       subsystem, entity, otherwise);
}
EXPORT_SYMBOL_GPL(procmig_mechanism_of);
