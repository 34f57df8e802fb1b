// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bsearch.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "plan.h"
#include "stream.h"

/*
 * A group or session whose leader stays behind is the first process's own on the
 * target; the stub makes it the leader of both.
 */
static pid_t place(struct procmig_request *request, pid_t leader, pid_t of_first)
{
	if (procmig_find_process(request, leader))
		return leader;
	return leader == of_first ? procmig_first_process(request)->pid : 0;
}

static void describe(struct procmig_process *process, struct procmig_planned_task *planned)
{
	struct procmig_request *request = process->request;
	struct procmig_process *first = procmig_first_process(request);
	struct task_struct *task = process->task;
	pid_t first_group, first_session;

	rcu_read_lock();
	first_group = task_pgrp_nr_ns(first->task, &init_pid_ns);
	first_session = task_session_nr_ns(first->task, &init_pid_ns);
	*planned = (struct procmig_planned_task) {
		.tid = process->pid,
		.pid = process->pid,
		.group = place(request, task_pgrp_nr_ns(task, &init_pid_ns), first_group),
		.session = place(request, task_session_nr_ns(task, &init_pid_ns),
				 first_session),
		.exit_signal = task->exit_signal,
	};
	if (process != first)
		planned->parent = task_tgid_nr(rcu_dereference(task->real_parent));
	rcu_read_unlock();
	if (process->zombie) {
		planned->flags = PROCMIG_PLANNED_ZOMBIE;
		planned->exit_code = task->signal->flags & SIGNAL_GROUP_EXIT ?
				     task->signal->group_exit_code : task->exit_code;
	}
}

/* How many tasks: those that parked, and the zombies. */
static unsigned int count_tasks(struct procmig_request *request)
{
	struct procmig_process *process;
	unsigned int count = request->gate.queued;

	list_for_each_entry(process, &request->processes, node)
		count += process->zombie;
	return count;
}

static int fill(struct procmig_request *request, struct procmig_planned_task *tasks)
{
	struct procmig_process *process;
	struct procmig_thread *thread;

	list_for_each_entry(process, &request->processes, node) {
		describe(process, tasks);
		if (!tasks->group || !tasks->session)
			return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EOPNOTSUPP,
					    "pid %d: the leader of its session or process group has ended or stays behind",
					    process->pid);
		tasks++;
		list_for_each_entry(thread, &process->threads, node)
			if (thread->task != process->task)
				*tasks++ = (struct procmig_planned_task) {
					.tid = thread->tid,
					.pid = process->pid,
				};
	}
	return 0;
}

int procmig_plan_emit(struct procmig_request *request)
{
	struct procmig_process *first = procmig_first_process(request);
	unsigned int count = count_tasks(request);
	struct procmig_planned_task *tasks;
	struct kvec part;
	int ret;

	if (count > PROCMIG_PLAN_MAX)
		return procmig_fail(first, PROCMIG_SUBSYSTEM_CORE, -E2BIG,
				    "pid %d and its children have %u threads, %zu are the limit",
				    first->pid, count, PROCMIG_PLAN_MAX);
	tasks = kvmalloc_array(count, sizeof(*tasks), GFP_KERNEL);
	if (!tasks)
		return -ENOMEM;
	part = (struct kvec) { tasks, count * sizeof(*tasks) };
	ret = fill(request, tasks);
	if (!ret)
		ret = procmig_emit(first, PROCMIG_CHANNEL_DEMAND,
				   PROCMIG_SUBSYSTEM_CORE, PROCMIG_CORE_PLAN, 1,
				   &part, 1);
	kvfree(tasks);
	return ret;
}

/* The tasks by TID: a stream may bring many, and each refers to others. */
struct lookup {
	struct entry {
		s32 tid;
		u32 at;
	} *entry;
	unsigned int count;
};

static int compare(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	return left->tid < right->tid ? -1 : left->tid > right->tid;
}

static bool make_lookup(struct lookup *lookup, const struct procmig_planned_task *tasks,
			unsigned int count)
{
	unsigned int i;

	lookup->count = count;
	lookup->entry = kvmalloc_array(count, sizeof(*lookup->entry), GFP_KERNEL);
	if (!lookup->entry)
		return false;
	for (i = 0; i < count; i++)
		lookup->entry[i] = (struct entry) { tasks[i].tid, i };
	sort(lookup->entry, count, sizeof(*lookup->entry), compare, NULL);
	return true;
}

static bool are_distinct(const struct lookup *lookup)
{
	unsigned int i;

	for (i = 1; i < lookup->count; i++)
		if (lookup->entry[i].tid == lookup->entry[i - 1].tid)
			return false;
	return true;
}

/* A process of the plan before @end, NULL if there is none. */
static const struct procmig_planned_task *
find_planned(const struct lookup *lookup, const struct procmig_planned_task *tasks,
	     unsigned int end, pid_t pid)
{
	const struct entry key = { .tid = pid };
	const struct entry *found = bsearch(&key, lookup->entry, lookup->count, sizeof(key),
					    compare);

	return found && found->at < end && tasks[found->at].pid == pid ?
	       &tasks[found->at] : NULL;
}

static const char *check_process(const struct lookup *lookup,
				 const struct procmig_planned_task *tasks, unsigned int i)
{
	const struct procmig_planned_task *task = &tasks[i];
	const struct procmig_planned_task *parent = find_planned(lookup, tasks, i,
								 task->parent);

	if (i ? !parent || parent->flags & PROCMIG_PLANNED_ZOMBIE : task->parent)
		return "the parent of a process does not stand before it";
	if (!find_planned(lookup, tasks, lookup->count, task->group) ||
	    !find_planned(lookup, tasks, lookup->count, task->session))
		return "a process group or session has no leader";
	if (!i && task->flags)
		return "its first process has ended";
	if (task->flags & ~PROCMIG_PLANNED_ZOMBIE || task->exit_code > 0xffff ||
	    (task->exit_code && !task->flags) || task->exit_signal < 0 ||
	    task->exit_signal > _NSIG)
		return "a process has unknown flags, an exit code or a strange exit signal";
	return NULL;
}

static const char *check_thread(const struct procmig_planned_task *tasks, unsigned int i)
{
	const struct procmig_planned_task *task = &tasks[i];

	if (!i || tasks[i - 1].pid != task->pid)
		return "a thread does not stand behind its process";
	if (tasks[i - 1].flags)
		return "a zombie has threads";
	if (task->parent || task->group || task->session || task->exit_signal ||
	    task->flags || task->exit_code)
		return "a thread has what only a process has";
	return NULL;
}

static const char *check(const struct lookup *lookup,
			 const struct procmig_planned_task *tasks)
{
	const char *why = NULL;
	unsigned int i;

	if (!are_distinct(lookup))
		return "a TID is there twice";
	if (lookup->entry[0].tid <= 0)
		return "a TID is not positive";
	for (i = 0; !why && i < lookup->count; i++)
		why = tasks[i].tid == tasks[i].pid ? check_process(lookup, tasks, i) :
						     check_thread(tasks, i);
	return why;
}

int procmig_plan_check(const struct procmig_planned_task *tasks, unsigned int count,
		       pid_t pid, const char **why)
{
	struct lookup lookup;

	*why = NULL;
	if (!count || count > PROCMIG_PLAN_MAX)
		*why = "it has no task, or too many";
	else if (tasks[0].tid != pid || tasks[0].pid != pid)
		*why = "it does not begin with the process that is due";
	else if (!make_lookup(&lookup, tasks, count))
		return -ENOMEM;
	if (*why)
		return -EPROTO;
	*why = check(&lookup, tasks);
	kvfree(lookup.entry);
	return *why ? -EPROTO : 0;
}

static int add_processes(struct procmig_request *request, unsigned int count)
{
	struct procmig_process *process = procmig_first_process(request);
	const struct procmig_planned_task *task;

	for (task = request->plan; task < request->plan + count; task++) {
		if (task->tid == task->pid) {
			if (task != request->plan)
				process = procmig_process_new(request, task->pid);
			if (!process)
				return -ENOMEM;
			process->planned = *task;
			process->zombie = task->flags & PROCMIG_PLANNED_ZOMBIE;
		}
		if (process->zombie)
			continue;
		process->thread_count++;
		request->expected++;
	}
	return 0;
}

int procmig_plan_take(struct procmig_request *request,
		      const struct procmig_record *record)
{
	struct procmig_process *first = procmig_first_process(request);
	struct procmig_planned_task *tasks;
	unsigned int count = record->length / sizeof(*tasks);
	const char *why = "its length is wrong";
	int ret = -EPROTO;

	tasks = procmig_take_body(first, record, sizeof(*tasks));
	if (IS_ERR(tasks))
		return PTR_ERR(tasks);
	if (record->length == count * sizeof(*tasks))
		ret = procmig_plan_check(tasks, count, first->pid, &why);
	if (ret) {
		kvfree(tasks);
		return procmig_fail(first, PROCMIG_SUBSYSTEM_CORE, ret,
				    "the plan was refused: %s", why ?: "no memory");
	}
	request->plan = tasks;
	ret = add_processes(request, count);
	if (ret)
		return ret;
	if (procmig_process_count(request) != request->hello.processes)
		return procmig_fail(first, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "the plan has another number of processes than the %u announced",
				    request->hello.processes);
	/* The stub looks at the count first. */
	smp_store_release(&request->plan_count, count);
	wake_up_all(&request->gate.moved);
	return 0;
}
