// SPDX-License-Identifier: GPL-2.0-only
/* What each thread has for itself besides registers and credentials. */
#include <linux/cpumask.h>
#include <linux/rseq.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seccomp.h>
#include <linux/slab.h>

#include "task.h"

#define RSEQ_BYTES 32
#define AFFINITY_MAX 1024		/* 8192 processors */

/* ---- source -------------------------------------------------------------- */

int task_emit_thread(struct procmig_thread *thread)
{
	struct procmig_process *process = procmig_thread_process(thread);
	struct task_struct *task = procmig_thread_task(thread);
	struct procmig_task_thread body = {
		.personality = task->personality,
		.nice = task_nice(task),
		.policy = task->policy,
		.priority = task->rt_priority,
		.timer_slack_ns = task->timer_slack_ns,
		.rseq = (unsigned long)task->rseq,
		.rseq_bytes = task->rseq ? RSEQ_BYTES : 0,
		.rseq_signature = task->rseq_sig,
		.robust_list = (unsigned long)task->robust_list,
		.clear_child_tid = (unsigned long)task->clear_child_tid,
		.parent_death_signal = task->pdeath_signal,
		.no_tsc = test_tsk_thread_flag(task, TIF_NOTSC),
		.seccomp = task->seccomp.mode,
	};
	cpumask_var_t mask;
	int ret;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return -ENOMEM;
	get_task_comm(body.comm, task);
	task_save_usage(task, &body.usage);
	if (task->sched_reset_on_fork)
		body.policy |= SCHED_RESET_ON_FORK;
	if (procmig_compat_affinity(task, mask))
		body.affinity_bytes = BITS_TO_LONGS(nr_cpu_ids) * sizeof(long);
	ret = task_emit(process, PROCMIG_TASK_THREAD, &body, sizeof(body),
			cpumask_bits(mask), body.affinity_bytes);
	free_cpumask_var(mask);
	return ret;
}

/* ---- target -------------------------------------------------------------- */

/* The C library's registrations of the stub point into memory that goes away. */
void task_detach_stub(void)
{
	current->rseq = NULL;
	current->rseq_sig = 0;
	current->rseq_event_mask = 0;
	current->robust_list = NULL;
	current->clear_child_tid = NULL;
}

static bool policy_ok(const struct procmig_task_thread *wanted)
{
	switch (wanted->policy & ~SCHED_RESET_ON_FORK) {
	case SCHED_NORMAL:
	case SCHED_BATCH:
	case SCHED_IDLE:
		return !wanted->priority;
	case SCHED_FIFO:
	case SCHED_RR:
		return wanted->priority && wanted->priority < MAX_RT_PRIO;
	default:
		return false;
	}
}

static int set_affinity(struct procmig_thread *thread, const void *bits, u32 bytes)
{
	unsigned int count = min_t(unsigned int, bytes * BITS_PER_BYTE, nr_cpu_ids);
	cpumask_var_t mask;
	int ret;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return -ENOMEM;
	bitmap_copy(cpumask_bits(mask), bits, count);
	ret = procmig_compat_set_affinity(mask);
	free_cpumask_var(mask);
	if (ret)
		return procmig_fail(procmig_thread_process(thread), task_subsystem.id, ret,
				    "thread %d: none of the processors that it is bound to is here (%d)",
				    task_pid_vnr(current), ret);
	return 0;
}

static int take_on(struct procmig_thread *thread, const struct procmig_task_thread *wanted,
		   const void *affinity)
{
	struct procmig_process *process = procmig_thread_process(thread);
	char comm[sizeof(wanted->comm)];
	int ret;

	if (wanted->nice < MIN_NICE || wanted->nice > MAX_NICE || !policy_ok(wanted) ||
	    wanted->parent_death_signal > _NSIG || wanted->no_tsc > 1 ||
	    wanted->seccomp > SECCOMP_MODE_FILTER || !task_usage_ok(&wanted->usage))
		return task_refuse(process, "a thread's attributes");
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
	task_take_usage(&wanted->usage);
	ret = procmig_compat_set_policy(current, wanted->policy, wanted->priority);
	if (ret)
		return procmig_fail(process, task_subsystem.id, ret,
				    "thread %d: scheduling policy %u could not be set (%d)",
				    task_pid_vnr(current), wanted->policy, ret);
	set_user_nice(current, wanted->nice);
	return wanted->affinity_bytes ?
	       set_affinity(thread, affinity, wanted->affinity_bytes) : 0;
}

int task_take_thread(struct procmig_thread *thread, const struct procmig_record *record)
{
	struct procmig_process *process = procmig_thread_process(thread);
	struct task_thread *state = procmig_thread_private(thread, &task_subsystem);
	struct procmig_task_thread *wanted;
	int ret;

	wanted = procmig_take_body(process, record, sizeof(*wanted));
	if (IS_ERR(wanted))
		return PTR_ERR(wanted);
	if (wanted->affinity_bytes > AFFINITY_MAX ||
	    wanted->affinity_bytes % sizeof(long) ||
	    record->length != sizeof(*wanted) + wanted->affinity_bytes)
		ret = task_refuse(process, "a thread's attributes");
	else
		ret = take_on(thread, wanted, wanted + 1);
	if (!ret) {
		state->attributes = *wanted;
		state->have_attributes = true;
	}
	kvfree(wanted);
	return ret;
}

/* From the worker: the processor's mode follows the flag when the thread comes back. */
void task_settle_thread(struct procmig_thread *thread)
{
	struct task_thread *state = procmig_thread_private(thread, &task_subsystem);

	if (state->attributes.no_tsc)
		set_tsk_thread_flag(procmig_thread_task(thread), TIF_NOTSC);
}

/* From now on the kernel writes to the thread's own areas. */
void task_resume_attributes(const struct procmig_task_thread *attributes)
{
	current->pdeath_signal = attributes->parent_death_signal;
	current->robust_list =
		(struct robust_list_head __user *)attributes->robust_list;
	current->clear_child_tid = (int __user *)attributes->clear_child_tid;
	if (attributes->rseq) {
		current->rseq_sig = attributes->rseq_signature;
		current->rseq = (struct rseq __user *)attributes->rseq;
		/* Its processor number is another one: let the kernel write it anew. */
		preempt_disable();
		rseq_preempt(current);
		preempt_enable();
	}
}
