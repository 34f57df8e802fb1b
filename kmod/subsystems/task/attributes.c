// SPDX-License-Identifier: GPL-2.0-only
/* What a task has besides registers and credentials. */
#include <linux/oom.h>
#include <linux/rseq.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "task.h"

#define RSEQ_BYTES 32

int task_emit_attributes(struct procmig_process *process)
{
	struct task_struct *task = procmig_task(process);
	struct procmig_task_attributes body = {
		.personality = task->personality,
		.nice = task_nice(task),
		.policy = task->policy,
		.oom_score_adj = task->signal->oom_score_adj,
		.timer_slack_ns = task->timer_slack_ns,
		.rseq = (unsigned long)task->rseq,
		.rseq_bytes = task->rseq ? RSEQ_BYTES : 0,
		.rseq_signature = task->rseq_sig,
		.robust_list = (unsigned long)task->robust_list,
		.clear_child_tid = (unsigned long)task->clear_child_tid,
	};
	unsigned int i;

	BUILD_BUG_ON(ARRAY_SIZE(body.rlimit_current) != RLIM_NLIMITS);
	get_task_comm(body.comm, task);
	task_lock(task->group_leader);
	for (i = 0; i < RLIM_NLIMITS; i++) {
		body.rlimit_current[i] = task->signal->rlim[i].rlim_cur;
		body.rlimit_maximum[i] = task->signal->rlim[i].rlim_max;
	}
	task_unlock(task->group_leader);
	return task_emit(process, PROCMIG_TASK_ATTRIBUTES, &body, sizeof(body), NULL, 0);
}

/* The C library's registrations of the stub point into memory that goes away. */
void task_detach_stub(void)
{
	current->rseq = NULL;
	current->rseq_sig = 0;
	current->rseq_event_mask = 0;
	current->robust_list = NULL;
	current->clear_child_tid = NULL;
	procmig_compat_reparent_to_init();
}

int task_take_attributes(struct procmig_process *process, struct task *task)
{
	const struct procmig_task_attributes *wanted = &task->attributes;
	char comm[sizeof(wanted->comm)];
	unsigned int i;
	int ret;

	if (wanted->nice < MIN_NICE || wanted->nice > MAX_NICE ||
	    wanted->oom_score_adj < OOM_SCORE_ADJ_MIN ||
	    wanted->oom_score_adj > OOM_SCORE_ADJ_MAX ||
	    (wanted->policy != SCHED_NORMAL && wanted->policy != SCHED_BATCH &&
	     wanted->policy != SCHED_IDLE))
		return task_refuse(process, "the task's attributes");
	if (wanted->rseq && !(IS_ALIGNED(wanted->rseq, RSEQ_BYTES) &&
			      wanted->rseq < TASK_SIZE_MAX - RSEQ_BYTES))
		return task_refuse(process, "the address of the rseq area");
	if (wanted->rseq && wanted->rseq_bytes != RSEQ_BYTES)
		return procmig_fail(process, task_subsystem.id, -EOPNOTSUPP,
				    "rseq area of %u bytes: this kernel has %u",
				    wanted->rseq_bytes, RSEQ_BYTES);

	strscpy(comm, wanted->comm, sizeof(comm));
	procmig_compat_set_comm(current, comm);
	current->personality = wanted->personality;
	current->timer_slack_ns = wanted->timer_slack_ns;
	current->signal->oom_score_adj = wanted->oom_score_adj;
	ret = procmig_compat_set_policy(current, wanted->policy);
	if (ret)
		return procmig_fail(process, task_subsystem.id, ret,
				    "scheduling policy %u could not be set (%d)",
				    wanted->policy, ret);
	set_user_nice(current, wanted->nice);
	task_lock(current->group_leader);
	for (i = 0; i < RLIM_NLIMITS; i++) {
		current->signal->rlim[i].rlim_cur = wanted->rlimit_current[i];
		current->signal->rlim[i].rlim_max = wanted->rlimit_maximum[i];
	}
	task_unlock(current->group_leader);
	task->have_attributes = true;
	return 0;
}

/* From now on the kernel writes to the process's own areas. */
void task_attach_user_areas(const struct procmig_task_attributes *attributes)
{
	current->robust_list =
		(struct robust_list_head __user *)attributes->robust_list;
	current->clear_child_tid = (int __user *)attributes->clear_child_tid;
	if (!attributes->rseq)
		return;
	current->rseq_sig = attributes->rseq_signature;
	current->rseq = (struct rseq __user *)attributes->rseq;
	/* Its processor number is another one: let the kernel write it anew. */
	preempt_disable();
	rseq_preempt(current);
	preempt_enable();
}
