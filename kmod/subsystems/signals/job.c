// SPDX-License-Identifier: GPL-2.0-only
/*
 * Job control: a group that is stopped, or is being stopped, and what its parent
 * has yet to be told.
 *
 * A thread that is to stop does so inside get_signal(), behind the gate, before
 * it looks at any other signal; so on the target it needs to be told no more than
 * the kernel itself tells a thread when another one is stopped.
 */
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>

#include "signals.h"

static const struct {
	unsigned int kernel;
	u32 stream;
} flags[] = {
	{ SIGNAL_STOP_STOPPED, PROCMIG_JOB_STOPPED },
	{ SIGNAL_STOP_CONTINUED, PROCMIG_JOB_CONTINUED },
	{ SIGNAL_CLD_STOPPED, PROCMIG_JOB_TELL_STOPPED },
	{ SIGNAL_CLD_CONTINUED, PROCMIG_JOB_TELL_CONTINUED },
};

static bool is_stop_signal(u32 signal)
{
	return !signal || sig_kernel_stop(signal);
}

/* ---- source -------------------------------------------------------------- */

static bool is_counted(const struct task_struct *task)
{
	return task->jobctl & JOBCTL_STOP_PENDING && task->jobctl & JOBCTL_STOP_CONSUME;
}

int signals_emit_job(struct procmig_process *process)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);
	struct task_struct *task = procmig_task(process), *thread;
	struct procmig_signals_job body = {};
	unsigned int i;

	rcu_read_lock();
	spin_lock_irq(&procmig_compat_sighand(task)->siglock);
	signals->stop_flags = task->signal->flags & SIGNAL_STOP_MASK;
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (task->signal->flags & flags[i].kernel)
			body.flags |= flags[i].stream;
	/* A tracer that has gone may have left anything. */
	if (is_stop_signal(task->signal->group_exit_code))
		body.unreported = task->signal->group_exit_code;
	for_each_thread(task, thread)
		body.counted += is_counted(thread);
	spin_unlock_irq(&procmig_compat_sighand(task)->siglock);
	rcu_read_unlock();
	return signals_emit(process, PROCMIG_SIGNALS_JOB, &body, sizeof(body));
}

/*
 * A SIGCONT since the process's record was sent has changed every thread: what
 * they say now would not go with that record.  One that comes later still keeps
 * the source from committing.
 */
static bool was_continued(const struct signals *signals, const struct task_struct *task)
{
	return task->signal->flags & SIGNAL_STOP_MASK & ~signals->stop_flags;
}

static int describe_stop(const struct signals *signals, const struct task_struct *task,
			 struct procmig_signals_thread *body)
{
	if (was_continued(signals, task))
		return -EAGAIN;
	if (task->jobctl & (JOBCTL_STOPPED | JOBCTL_STOP_PENDING))
		body->stop = PROCMIG_STOP_DUE;
	if (is_counted(task))
		body->stop |= PROCMIG_STOP_COUNTED;
	if (is_stop_signal(task->jobctl & JOBCTL_STOP_SIGMASK))
		body->stop_signal = task->jobctl & JOBCTL_STOP_SIGMASK;
	return 0;
}

int signals_describe_stop(struct procmig_process *process, struct task_struct *task,
			  struct procmig_signals_thread *body)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);
	int ret;

	rcu_read_lock();
	spin_lock_irq(&procmig_compat_sighand(task)->siglock);
	ret = describe_stop(signals, task, body);
	spin_unlock_irq(&procmig_compat_sighand(task)->siglock);
	rcu_read_unlock();
	if (ret)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_SIGNALS, ret,
				    "pid %d was continued (SIGCONT) while it was frozen; try again",
				    task_tgid_vnr(task));
	return 0;
}

/* ---- target -------------------------------------------------------------- */

int signals_take_job(struct procmig_process *process, const struct procmig_record *record)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);
	struct procmig_signals_job *job = &signals->job;
	u32 known = 0;
	unsigned int i;
	int ret;

	ret = signals_take(process, record, job, sizeof(*job));
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		known |= flags[i].stream;
	if (job->flags & ~known || job->reserved || !is_stop_signal(job->unreported))
		return signals_refuse(process, "the process's job control");
	return 0;
}

bool signals_stop_ok(const struct procmig_signals_thread *thread)
{
	return !(thread->stop & ~(PROCMIG_STOP_DUE | PROCMIG_STOP_COUNTED)) &&
	       thread->stop != PROCMIG_STOP_COUNTED && is_stop_signal(thread->stop_signal);
}

/* Before any thread of it, or its parent, runs. */
void signals_resume_job(const struct procmig_signals_job *job)
{
	struct signal_struct *signal = current->signal;
	unsigned int wanted = 0, i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (job->flags & flags[i].stream)
			wanted |= flags[i].kernel;
	if (!wanted && !job->counted)
		return;
	spin_lock_irq(&procmig_compat_sighand(current)->siglock);
	if (!(signal->flags & SIGNAL_GROUP_EXIT)) {
		signal_set_stop_flags(signal, wanted);
		signal->group_stop_count = job->counted;
		signal->group_exit_code = job->unreported;
	}
	spin_unlock_irq(&procmig_compat_sighand(current)->siglock);
}

/*
 * Whoever runs already may have sent a SIGCONT, which undid the stop, and stopped
 * the group again since, which marked this thread as well.
 */
void signals_resume_stop(const struct procmig_signals_thread *thread)
{
	struct signal_struct *signal = current->signal;

	spin_lock_irq(&procmig_compat_sighand(current)->siglock);
	if (thread->stop && !(current->jobctl & JOBCTL_STOP_PENDING) &&
	    !fatal_signal_pending(current) &&
	    (signal->flags & SIGNAL_STOP_STOPPED || signal->group_stop_count)) {
		current->jobctl &= ~JOBCTL_STOP_SIGMASK;
		current->jobctl |= JOBCTL_STOP_PENDING | thread->stop_signal;
		if (thread->stop & PROCMIG_STOP_COUNTED && signal->group_stop_count)
			current->jobctl |= JOBCTL_STOP_CONSUME;
	}
	/* Only a thread that looks for signals stops, or tells the parent. */
	if (current->jobctl & JOBCTL_STOP_PENDING || signal->flags & SIGNAL_CLD_MASK)
		set_tsk_thread_flag(current, TIF_SIGPENDING);
	spin_unlock_irq(&procmig_compat_sighand(current)->siglock);
}
