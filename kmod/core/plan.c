// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "plan.h"
#include "stream.h"

static void fill(struct procmig_request *request, struct procmig_planned_task *tasks)
{
	struct procmig_process *process;
	struct procmig_thread *thread;

	list_for_each_entry(process, &request->processes, node)
		list_for_each_entry(thread, &process->threads, node)
			*tasks++ = (struct procmig_planned_task) {
				.tid = thread->tid,
				.pid = process->pid,
			};
}

int procmig_plan_emit(struct procmig_request *request)
{
	struct procmig_process *first = procmig_first_process(request);
	unsigned int count = request->gate.queued;
	struct procmig_planned_task *tasks;
	struct kvec part;
	int ret;

	if (count > PROCMIG_PLAN_MAX)
		return procmig_fail(first, PROCMIG_SUBSYSTEM_CORE, -E2BIG,
				    "pid %d has %u threads, %u are the limit",
				    first->pid, count, PROCMIG_PLAN_MAX);
	tasks = kvmalloc_array(count, sizeof(*tasks), GFP_KERNEL);
	if (!tasks)
		return -ENOMEM;
	fill(request, tasks);
	part = (struct kvec) { tasks, count * sizeof(*tasks) };
	ret = procmig_emit(first, PROCMIG_CHANNEL_DEMAND, PROCMIG_SUBSYSTEM_CORE,
			   PROCMIG_CORE_PLAN, 1, &part, 1);
	kvfree(tasks);
	return ret;
}

static int compare(const void *a, const void *b)
{
	return *(const s32 *)a < *(const s32 *)b ? -1 : *(const s32 *)a > *(const s32 *)b;
}

static bool are_distinct(const struct procmig_planned_task *tasks, unsigned int count)
{
	s32 *tids = kvmalloc_array(count, sizeof(*tids), GFP_KERNEL);
	bool distinct = tids;
	unsigned int i;

	if (!tids)
		return false;
	for (i = 0; i < count; i++)
		tids[i] = tasks[i].tid;
	sort(tids, count, sizeof(*tids), compare, NULL);
	for (i = 1; distinct && i < count; i++)
		distinct = tids[i] != tids[i - 1];
	kvfree(tids);
	return distinct;
}

int procmig_plan_check(const struct procmig_planned_task *tasks, unsigned int count,
		       pid_t pid, const char **why)
{
	unsigned int i;

	*why = NULL;
	if (!count || count > PROCMIG_PLAN_MAX)
		*why = "it has no task, or too many";
	else if (tasks[0].tid != pid)
		*why = "it does not begin with the process that is due";
	for (i = 0; !*why && i < count; i++) {
		if (tasks[i].tid <= 0)
			*why = "a TID is not positive";
		else if (tasks[i].pid != pid)
			*why = "it has more than one process";
	}
	if (!*why && !are_distinct(tasks, count))
		*why = "a TID is there twice";
	return *why ? -EPROTO : 0;
}

pid_t procmig_plan_find(const struct procmig_planned_task *tasks,
			unsigned int count, pid_t tid)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (tasks[i].tid == tid)
			return tasks[i].pid;
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
				    "the plan was refused: %s", why);
	}
	first->thread_count = count;
	request->plan = tasks;
	/* The stub looks at the count first. */
	smp_store_release(&request->plan_count, count);
	wake_up_all(&request->gate.moved);
	return 0;
}
