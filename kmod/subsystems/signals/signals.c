// SPDX-License-Identifier: GPL-2.0-only
/*
 * The signals subsystem: actions, masks, pending signals, the alternate stack
 * and the three interval timers.
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
#include <procmig/compat.h>
#include <procmig/process.h>

#define SIGNALS_VERSION 1
#define PENDING_MAX (1u << 16)

static const struct procmig_subsystem signals_subsystem;

struct signals {
	/* target: what takes effect at the resume */
	struct procmig_signals_thread thread;
	struct procmig_signals_timers timers;
	unsigned long taken;		/* record types that came */
	struct procmig_signals_pending *pending;
	unsigned int pending_count;
};

static const struct procmig_kind kinds[] = {
	{ "signal actions and mask", PROCMIG_KIND_CARRIED,
	  "incl. the mask that sigsuspend and ppoll return to" },
	{ "pending signals", PROCMIG_KIND_CARRIED, "queued ones with their siginfo" },
	{ "alternate signal stack", PROCMIG_KIND_CARRIED, NULL },
	{ "interval timers", PROCMIG_KIND_CARRIED,
	  "alarm and setitimer; real time stands still while frozen" },
	{ "POSIX timers", PROCMIG_KIND_PLANNED, "timer_create" },
};

/* ---- source -------------------------------------------------------------- */

static int signals_inspect(struct procmig_inspection *inspection)
{
	struct task_struct *task = procmig_inspected_task(inspection);

	/* A glance, not followed: the frozen process is inspected once more. */
	if (!list_empty_careful(&task->signal->posix_timers))
		procmig_obstacle(inspection, signals_subsystem.id,
				 PROCMIG_OBSTACLE_UNSUPPORTED, 0,
				 "POSIX timers (timer_create): no loaded subsystem carries them");
	return 0;
}

static int emit(struct procmig_process *process, u16 type, void *body, size_t bytes)
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
	ret = emit(process, PROCMIG_SIGNALS_ACTIONS, actions, sizeof(*actions));
	kfree(actions);
	return ret;
}

static int emit_thread(struct procmig_process *process)
{
	struct task_struct *task = procmig_task(process);
	struct procmig_signals_thread thread = {
		.blocked = task->blocked.sig[0],
		.saved_mask = task->saved_sigmask.sig[0],
		.altstack_sp = task->sas_ss_sp,
		.altstack_bytes = task->sas_ss_size,
		.altstack_flags = task->sas_ss_flags,
		.restore_mask = task->restore_sigmask,
	};

	return emit(process, PROCMIG_SIGNALS_THREAD, &thread, sizeof(thread));
}

struct snapshot {
	struct procmig_signals_pending *signal;
	unsigned int count, room;
};

static void note(struct snapshot *snapshot, int signal, bool shared,
		 const struct kernel_siginfo *info)
{
	struct procmig_signals_pending *pending;

	if (snapshot->count++ >= snapshot->room)
		return;
	pending = &snapshot->signal[snapshot->count - 1];
	memset(pending, 0, sizeof(*pending));
	pending->signal = signal;
	pending->shared = shared;
	memcpy(pending->siginfo, info, sizeof(*info));
}

static void note_all(struct snapshot *snapshot, const struct sigpending *queue, bool shared)
{
	struct kernel_siginfo bare;
	sigset_t without = queue->signal;
	struct sigqueue *q;
	int signal;

	list_for_each_entry(q, &queue->list, list) {
		sigdelset(&without, q->info.si_signo);
		note(snapshot, q->info.si_signo, shared, &q->info);
	}
	/* Sent when there was no room to queue anything about them. */
	for (signal = 1; signal <= _NSIG; signal++) {
		if (!sigismember(&without, signal))
			continue;
		clear_siginfo(&bare);
		bare.si_signo = signal;
		bare.si_code = SI_USER;
		note(snapshot, signal, shared, &bare);
	}
}

static u64 real_remaining(struct signal_struct *signal)
{
	ktime_t left;

	if (!hrtimer_active(&signal->real_timer))
		return 0;
	left = hrtimer_get_remaining(&signal->real_timer);
	/* About to fire: not yet pending, so it must fire over there. */
	return max_t(s64, ktime_to_ns(left), 1);
}

/* Pending signals and the real timer at one instant: an alarm is one or the other. */
static void take_snapshot(struct task_struct *task, struct snapshot *snapshot,
			  struct procmig_signals_timers *timers)
{
	spin_lock_irq(&procmig_compat_sighand(task)->siglock);
	snapshot->count = 0;
	note_all(snapshot, &task->pending, false);
	note_all(snapshot, &task->signal->shared_pending, true);
	timers->real_remaining = real_remaining(task->signal);
	timers->real_interval = ktime_to_ns(task->signal->it_real_incr);
	spin_unlock_irq(&procmig_compat_sighand(task)->siglock);
}

static int emit_pending(struct procmig_process *process)
{
	struct task_struct *task = procmig_task(process);
	struct procmig_signals_timers timers = {};
	struct snapshot snapshot = { .room = 64 };
	unsigned int i;
	int ret = 0;

	BUILD_BUG_ON(sizeof(struct kernel_siginfo) > sizeof(snapshot.signal->siginfo));
	for (;;) {
		snapshot.signal = kvmalloc_array(snapshot.room,
						 sizeof(*snapshot.signal), GFP_KERNEL);
		if (!snapshot.signal)
			return -ENOMEM;
		take_snapshot(task, &snapshot, &timers);
		if (snapshot.count <= snapshot.room)
			break;
		kvfree(snapshot.signal);
		snapshot.room = snapshot.count + 64;
	}
	timers.virtual_remaining = procmig_compat_get_cpu_timer(task, CPUCLOCK_VIRT,
								&timers.virtual_interval);
	timers.prof_remaining = procmig_compat_get_cpu_timer(task, CPUCLOCK_PROF,
							     &timers.prof_interval);
	for (i = 0; !ret && i < snapshot.count; i++)
		ret = emit(process, PROCMIG_SIGNALS_PENDING, &snapshot.signal[i],
			   sizeof(snapshot.signal[i]));
	if (!ret)
		ret = emit(process, PROCMIG_SIGNALS_TIMERS, &timers, sizeof(timers));
	if (!ret)
		procmig_progress(process, 0, snapshot.count);
	kvfree(snapshot.signal);
	return ret;
}

static int signals_checkpoint(struct procmig_process *process)
{
	int ret;

	ret = emit_actions(process);
	if (!ret)
		ret = emit_thread(process);
	return ret ?: emit_pending(process);
}

/* ---- target -------------------------------------------------------------- */

static int signals_setup(struct procmig_process *process)
{
	sigset_t all;

	if (procmig_task(process) != current)
		return 0;
	sigfillset(&all);
	/* Inside the kernel nothing else keeps these two from being blocked. */
	sigdelsetmask(&all, sigmask(SIGKILL) | sigmask(SIGSTOP));
	return sigprocmask(SIG_SETMASK, &all, NULL);
}

static int refuse(struct procmig_process *process, const char *what)
{
	return procmig_fail(process, signals_subsystem.id, -EPROTO,
			    "the stream is damaged: %s", what);
}

static int take(struct procmig_process *process, const struct procmig_record *record,
		void *body, size_t bytes)
{
	if (record->length != bytes)
		return refuse(process, "a signals record of wrong length");
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
	ret = take(process, record, actions, sizeof(*actions));
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

static int take_pending(struct procmig_process *process, struct signals *signals,
			const struct procmig_record *record)
{
	struct procmig_signals_pending *more, *pending;
	int ret;

	if (signals->pending_count == PENDING_MAX)
		return refuse(process, "too many pending signals");
	/* Powers of two: no need to remember the room. */
	if (!(signals->pending_count & (signals->pending_count - 1))) {
		more = kvmalloc_array(max(1u, signals->pending_count * 2),
				      sizeof(*more), GFP_KERNEL);
		if (!more)
			return -ENOMEM;
		if (signals->pending_count)
			memcpy(more, signals->pending,
			       signals->pending_count * sizeof(*more));
		kvfree(signals->pending);
		signals->pending = more;
	}
	pending = &signals->pending[signals->pending_count];
	ret = take(process, record, pending, sizeof(*pending));
	if (ret)
		return ret;
	if (!valid_signal(pending->signal) || !pending->signal || pending->shared > 1)
		return refuse(process, "a pending signal");
	((struct kernel_siginfo *)pending->siginfo)->si_signo = pending->signal;
	signals->pending_count++;
	return 0;
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
	case PROCMIG_SIGNALS_THREAD:
		return take(process, record, &signals->thread, sizeof(signals->thread));
	case PROCMIG_SIGNALS_PENDING:
		return take_pending(process, signals, record);
	case PROCMIG_SIGNALS_TIMERS:
		return take(process, record, &signals->timers, sizeof(signals->timers));
	default:
		return PROCMIG_UNKNOWN;
	}
}

static int signals_settle(struct procmig_process *process)
{
	const unsigned long needed = BIT(PROCMIG_SIGNALS_ACTIONS) |
				     BIT(PROCMIG_SIGNALS_THREAD) |
				     BIT(PROCMIG_SIGNALS_TIMERS);
	struct signals *signals = procmig_private(process, &signals_subsystem);

	if ((signals->taken & needed) != needed)
		return refuse(process, "the signals are not complete");
	return 0;
}

static void start_timers(const struct procmig_signals_timers *timers)
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
	const struct procmig_signals_thread *thread = &signals->thread;
	struct kernel_siginfo info;
	sigset_t blocked = { .sig = { thread->blocked } };
	unsigned int i;

	current->sas_ss_sp = thread->altstack_sp;
	current->sas_ss_size = thread->altstack_bytes;
	current->sas_ss_flags = thread->altstack_flags;

	/* While everything is blocked: even an ignored signal stays pending. */
	for (i = 0; i < signals->pending_count; i++) {
		memcpy(&info, signals->pending[i].siginfo, sizeof(info));
		procmig_compat_send_signal(signals->pending[i].signal, &info, current,
					   signals->pending[i].shared);
	}
	start_timers(&signals->timers);
	sigdelsetmask(&blocked, sigmask(SIGKILL) | sigmask(SIGSTOP));
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	if (thread->restore_mask) {
		current->saved_sigmask.sig[0] = thread->saved_mask;
		set_restore_sigmask();
	}
}

static void signals_cleanup(struct procmig_process *process)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);

	kvfree(signals->pending);
}

static const struct procmig_subsystem signals_subsystem = {
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
