// SPDX-License-Identifier: GPL-2.0-only
/* What a process has besides the state of its threads. */
#include <linux/oom.h>
#include <linux/sched/signal.h>

#include "task.h"

int task_emit_attributes(struct procmig_process *process)
{
	struct task_struct *task = procmig_task(process);
	struct procmig_task_attributes body = {
		.oom_score_adj = task->signal->oom_score_adj,
		.subreaper = task->signal->is_child_subreaper |
			     task->signal->has_child_subreaper << 1,
	};
	unsigned int i;

	BUILD_BUG_ON(ARRAY_SIZE(body.rlimit_current) != RLIM_NLIMITS);
	task_lock(task->group_leader);
	for (i = 0; i < RLIM_NLIMITS; i++) {
		body.rlimit_current[i] = task->signal->rlim[i].rlim_cur;
		body.rlimit_maximum[i] = task->signal->rlim[i].rlim_max;
	}
	task_unlock(task->group_leader);
	return task_emit(process, PROCMIG_TASK_ATTRIBUTES, &body, sizeof(body), NULL, 0);
}

int task_take_attributes(struct procmig_process *process,
			 const struct procmig_record *record)
{
	struct task_process *task = procmig_private(process, &task_subsystem);
	struct procmig_task_attributes wanted;
	unsigned int i;
	int ret;

	if (record->length != sizeof(wanted))
		return task_refuse(process, "a task record of wrong length");
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, &wanted, sizeof(wanted));
	if (ret)
		return ret;
	if (wanted.oom_score_adj < OOM_SCORE_ADJ_MIN ||
	    wanted.oom_score_adj > OOM_SCORE_ADJ_MAX || wanted.subreaper > 3)
		return task_refuse(process, "the process's attributes");

	current->signal->oom_score_adj = wanted.oom_score_adj;
	current->signal->is_child_subreaper = wanted.subreaper & 1;
	current->signal->has_child_subreaper = wanted.subreaper >> 1;
	task_lock(current->group_leader);
	for (i = 0; i < RLIM_NLIMITS; i++) {
		current->signal->rlim[i].rlim_cur = wanted.rlimit_current[i];
		current->signal->rlim[i].rlim_max = wanted.rlimit_maximum[i];
	}
	task_unlock(current->group_leader);
	task->have_attributes = true;
	return 0;
}
