// SPDX-License-Identifier: GPL-2.0-only
/*
 * The signals subsystem: actions, masks, the alternate stack and the three
 * interval timers here; pending signals, POSIX timers and job control beside it.
 *
 * On the target everything stays blocked until the process resumes: a signal
 * that became deliverable earlier would interrupt the rest of the restart.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/time64.h>

#include "signals.h"

static const struct procmig_kind kinds[] = {
	{ "signal actions and masks", PROCMIG_KIND_CARRIED,
	  "incl. the mask that sigsuspend and ppoll return to" },
	{ "pending signals", PROCMIG_KIND_CARRIED,
	  "of the process and of each thread, queued ones with their siginfo" },
	{ "alternate signal stacks", PROCMIG_KIND_CARRIED, NULL },
	{ "interval timers", PROCMIG_KIND_CARRIED,
	  "alarm and setitimer; real time stands still while frozen" },
	{ "POSIX timers", PROCMIG_KIND_CARRIED,
	  "timer_create; with IDs, overruns and pending signals; what the move took has passed" },
	{ "alarm-clock and device-clock timers", PROCMIG_KIND_REFUSED,
	  "timer_create of CLOCK_*_ALARM, of a descriptor, or of another process's CPU time" },
	{ "job control", PROCMIG_KIND_CARRIED,
	  "a stopped process stays so; what its parent has not asked for yet" },
};

/* ---- source -------------------------------------------------------------- */

static int signals_inspect(struct procmig_inspection *inspection)
{
	signals_inspect_timers(inspection);
	return 0;
}

int signals_emit(struct procmig_process *process, u16 type, void *body, size_t bytes)
{
	const struct kvec part = { body, bytes };

	return procmig_emit(process, PROCMIG_CHANNEL_DEMAND, signals_subsystem.id, type,
			    SIGNALS_VERSION, &part, 1);
}

static int emit_actions(struct procmig_process *process)
{
	struct task_struct *task = procmig_task(process);
	struct procmig_signals_actions *actions;
	unsigned int i;
	int ret;

	BUILD_BUG_ON(ARRAY_SIZE(actions->action) != _NSIG);
	actions = kzalloc(sizeof(*actions), GFP_KERNEL);
	if (!actions)
		return -ENOMEM;
	spin_lock_irq(&procmig_compat_sighand(task)->siglock);
	for (i = 0; i < _NSIG; i++) {
		const struct sigaction *sa = &procmig_compat_sighand(task)->action[i].sa;

		actions->action[i].handler = (unsigned long)sa->sa_handler;
		actions->action[i].flags = sa->sa_flags;
		actions->action[i].restorer = (unsigned long)sa->sa_restorer;
		actions->action[i].mask = sa->sa_mask.sig[0];
	}
	spin_unlock_irq(&procmig_compat_sighand(task)->siglock);
	ret = signals_emit(process, PROCMIG_SIGNALS_ACTIONS, actions, sizeof(*actions));
	kfree(actions);
	return ret;
}

static int signals_checkpoint(struct procmig_process *process)
{
	struct task_struct *task = procmig_task(process);
	struct procmig_signals_timers timers = {};
	int ret;

	timers.next_posix_timer = procmig_compat_next_timer(task);
	ret = emit_actions(process);
	if (!ret)
		ret = signals_emit_timers(process);
	if (!ret)
		ret = signals_emit_pending(process, task, &timers);
	if (!ret)
		ret = signals_emit_job(process);
	if (ret)
		return ret;
	timers.virtual_remaining = procmig_compat_get_cpu_timer(task, CPUCLOCK_VIRT,
								&timers.virtual_interval);
	timers.prof_remaining = procmig_compat_get_cpu_timer(task, CPUCLOCK_PROF,
							     &timers.prof_interval);
	return signals_emit(process, PROCMIG_SIGNALS_TIMERS, &timers, sizeof(timers));
}

static int signals_checkpoint_thread(struct procmig_thread *thread)
{
	struct procmig_process *process = procmig_thread_process(thread);
	struct task_struct *task = procmig_thread_task(thread);
	struct procmig_signals_thread body = {
		.blocked = task->blocked.sig[0],
		.saved_mask = task->saved_sigmask.sig[0],
		.altstack_sp = task->sas_ss_sp,
		.altstack_bytes = task->sas_ss_size,
		.altstack_flags = task->sas_ss_flags,
		.restore_mask = task->restore_sigmask,
	};
	int ret;

	ret = signals_describe_stop(process, task, &body);
	if (!ret)
		ret = signals_emit(process, PROCMIG_SIGNALS_THREAD, &body, sizeof(body));
	return ret ?: signals_emit_pending(process, task, NULL);
}

/* ---- target -------------------------------------------------------------- */

static int signals_setup(struct procmig_process *process)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);

	xa_init(&signals->timers);
	return 0;
}

static int signals_setup_thread(struct procmig_thread *thread)
{
	sigset_t all;

	if (procmig_thread_task(thread) != current)
		return 0;
	sigfillset(&all);
	/* Inside the kernel nothing else keeps these two from being blocked. */
	sigdelsetmask(&all, sigmask(SIGKILL) | sigmask(SIGSTOP));
	return sigprocmask(SIG_SETMASK, &all, NULL);
}

int signals_refuse(struct procmig_process *process, const char *what)
{
	return procmig_fail(process, signals_subsystem.id, -EPROTO,
			    "the stream is damaged: %s", what);
}

int signals_take(struct procmig_process *process, const struct procmig_record *record,
		 void *body, size_t bytes)
{
	if (record->length != bytes)
		return signals_refuse(process, "a signals record of wrong length");
	return procmig_take(process, PROCMIG_CHANNEL_DEMAND, body, bytes);
}

static int take_actions(struct procmig_process *process,
			const struct procmig_record *record)
{
	struct procmig_signals_actions *actions;
	unsigned int i;
	int ret;

	actions = kmalloc(sizeof(*actions), GFP_KERNEL);
	if (!actions)
		return -ENOMEM;
	ret = signals_take(process, record, actions, sizeof(*actions));
	if (ret)
		goto free;
	spin_lock_irq(&procmig_compat_sighand(current)->siglock);
	for (i = 0; i < _NSIG; i++) {
		struct sigaction *sa = &procmig_compat_sighand(current)->action[i].sa;

		/* The kernel's own rule: these two cannot be caught. */
		if (i + 1 == SIGKILL || i + 1 == SIGSTOP)
			continue;
		sa->sa_handler = (__sighandler_t)(unsigned long)actions->action[i].handler;
		sa->sa_flags = actions->action[i].flags;
		sa->sa_restorer =
			(__sigrestore_t)(unsigned long)actions->action[i].restorer;
		sa->sa_mask.sig[0] = actions->action[i].mask;
		sigdelsetmask(&sa->sa_mask, sigmask(SIGKILL) | sigmask(SIGSTOP));
	}
	spin_unlock_irq(&procmig_compat_sighand(current)->siglock);
free:
	kfree(actions);
	return ret;
}

static int take_interval_timers(struct procmig_process *process, struct signals *signals,
				const struct procmig_record *record)
{
	struct procmig_signals_timers *timers = &signals->interval_timers;
	int ret;

	ret = signals_take(process, record, timers, sizeof(*timers));
	if (!ret && (timers->next_posix_timer > INT_MAX || timers->reserved))
		ret = signals_refuse(process, "the timers");
	return ret;
}

static int signals_restart(struct procmig_process *process,
			   const struct procmig_record *record)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);

	if (record->type < BITS_PER_LONG)
		signals->taken |= BIT(record->type);
	switch (record->type) {
	case PROCMIG_SIGNALS_ACTIONS:
		return take_actions(process, record);
	case PROCMIG_SIGNALS_PENDING:
		return signals_take_pending(process, &signals->backlog, record, true);
	case PROCMIG_SIGNALS_TIMERS:
		return take_interval_timers(process, signals, record);
	case PROCMIG_SIGNALS_POSIX_TIMER:
		return signals_take_timer(process, record);
	case PROCMIG_SIGNALS_JOB:
		return signals_take_job(process, record);
	default:
		return PROCMIG_UNKNOWN;
	}
}

static int take_thread(struct procmig_process *process, struct signals_thread *thread,
		       const struct procmig_record *record)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);
	int ret;

	ret = signals_take(process, record, &thread->thread, sizeof(thread->thread));
	if (ret)
		return ret;
	if (thread->taken || !signals_stop_ok(&thread->thread))
		return signals_refuse(process, "a thread's signals");
	thread->taken = true;
	signals->counted += !!(thread->thread.stop & PROCMIG_STOP_COUNTED);
	return 0;
}

static int signals_restart_thread(struct procmig_thread *thread,
				  const struct procmig_record *record)
{
	struct signals_thread *signals = procmig_thread_private(thread, &signals_subsystem);
	struct procmig_process *process = procmig_thread_process(thread);

	switch (record->type) {
	case PROCMIG_SIGNALS_THREAD:
		return take_thread(process, signals, record);
	case PROCMIG_SIGNALS_PENDING:
		return signals_take_pending(process, &signals->backlog, record, false);
	default:
		return PROCMIG_UNKNOWN;
	}
}

static int signals_settle(struct procmig_process *process)
{
	const unsigned long needed = BIT(PROCMIG_SIGNALS_ACTIONS) |
				     BIT(PROCMIG_SIGNALS_TIMERS) | BIT(PROCMIG_SIGNALS_JOB);
	struct signals *signals = procmig_private(process, &signals_subsystem);

	if ((signals->taken & needed) != needed)
		return signals_refuse(process, "the signals are not complete");
	if (signals->job.counted != signals->counted)
		return signals_refuse(process, "a stop that waits for other threads");
	return 0;
}

static int signals_settle_thread(struct procmig_thread *thread)
{
	struct signals_thread *signals = procmig_thread_private(thread, &signals_subsystem);

	if (!signals->taken)
		return signals_refuse(procmig_thread_process(thread),
				      "a thread's signals are not complete");
	return 0;
}

static void start_interval_timers(const struct procmig_signals_timers *timers)
{
	struct signal_struct *signal = current->signal;

	spin_lock_irq(&procmig_compat_sighand(current)->siglock);
	signal->it_real_incr = min_t(u64, timers->real_interval, KTIME_MAX);
	if (timers->real_remaining)
		hrtimer_start(&signal->real_timer,
			      min_t(u64, timers->real_remaining, KTIME_MAX),
			      HRTIMER_MODE_REL);
	spin_unlock_irq(&procmig_compat_sighand(current)->siglock);
	procmig_compat_set_cpu_timer(CPUCLOCK_VIRT, timers->virtual_remaining,
				     timers->virtual_interval);
	procmig_compat_set_cpu_timer(CPUCLOCK_PROF, timers->prof_remaining,
				     timers->prof_interval);
}

static void signals_resume(struct procmig_process *process)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);

	signals_send_backlog(process, &signals->backlog, true);
	start_interval_timers(&signals->interval_timers);
	signals_start_timers(process);
	procmig_compat_set_next_timer(signals->interval_timers.next_posix_timer);
	/* Behind the signals: one that continues has its effect when it is sent. */
	signals_resume_job(&signals->job);
}

static void signals_resume_thread(struct procmig_thread *thread)
{
	struct signals_thread *signals = procmig_thread_private(thread, &signals_subsystem);
	const struct procmig_signals_thread *wanted = &signals->thread;
	sigset_t blocked = { .sig = { wanted->blocked } };

	current->sas_ss_sp = wanted->altstack_sp;
	current->sas_ss_size = wanted->altstack_bytes;
	current->sas_ss_flags = wanted->altstack_flags;

	signals_send_backlog(procmig_thread_process(thread), &signals->backlog, false);
	sigdelsetmask(&blocked, sigmask(SIGKILL) | sigmask(SIGSTOP));
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	if (wanted->restore_mask) {
		current->saved_sigmask.sig[0] = wanted->saved_mask;
		set_restore_sigmask();
	}
	signals_resume_stop(wanted);
}

static void signals_cleanup(struct procmig_process *process)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);

	signals_free_timers(process);
	kvfree(signals->backlog.signal);
}

static void signals_cleanup_thread(struct procmig_thread *thread)
{
	struct signals_thread *signals = procmig_thread_private(thread, &signals_subsystem);

	kvfree(signals->backlog.signal);
}

const struct procmig_subsystem signals_subsystem = {
	.name = "signals",
	.id = PROCMIG_SUBSYSTEM_SIGNALS,
	.version = SIGNALS_VERSION,
	.order = 300,
	.owner = THIS_MODULE,
	.private_bytes = sizeof(struct signals),
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.inspect = signals_inspect,
	.setup = signals_setup,
	.checkpoint = signals_checkpoint,
	.restart = signals_restart,
	.settle = signals_settle,
	.resume = signals_resume,
	.cleanup = signals_cleanup,
	.thread_private_bytes = sizeof(struct signals_thread),
	.setup_thread = signals_setup_thread,
	.checkpoint_thread = signals_checkpoint_thread,
	.restart_thread = signals_restart_thread,
	.settle_thread = signals_settle_thread,
	.resume_thread = signals_resume_thread,
	.cleanup_thread = signals_cleanup_thread,
};

static int __init signals_module_init(void)
{
	return procmig_register_subsystem(&signals_subsystem);
}

static void __exit signals_module_exit(void)
{
	procmig_unregister_subsystem(&signals_subsystem);
}

module_init(signals_module_init);
module_exit(signals_module_exit);
MODULE_DESCRIPTION("procmig: kernel subsystem, signals");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
