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

#define SIGNALS_VERSION 2
#define PENDING_MAX (1u << 16)

static const struct procmig_subsystem signals_subsystem;

/* Signals that will be pending at the resume. */
struct backlog {
	struct procmig_signals_pending *signal;
	unsigned int count;
};

/* Target, per process: what takes effect at the resume. */
struct signals {
	struct procmig_signals_timers timers;
	struct backlog backlog;
	unsigned long taken;		/* record types that came */
};

/* Target, per thread: likewise. */
struct signals_thread {
	struct procmig_signals_thread thread;
	struct backlog backlog;
	bool taken;
};

static const struct procmig_kind kinds[] = {
	{ "signal actions and masks", PROCMIG_KIND_CARRIED,
	  "incl. the mask that sigsuspend and ppoll return to" },
	{ "pending signals", PROCMIG_KIND_CARRIED,
	  "of the process and of each thread, queued ones with their siginfo" },
	{ "alternate signal stacks", PROCMIG_KIND_CARRIED, NULL },
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

struct snapshot {
	struct procmig_signals_pending *signal;
	unsigned int count, room;
};

static void note(struct snapshot *snapshot, int signal, const struct kernel_siginfo *info)
{
	struct procmig_signals_pending *pending;

	if (snapshot->count++ >= snapshot->room)
		return;
	pending = &snapshot->signal[snapshot->count - 1];
	memset(pending, 0, sizeof(*pending));
	pending->signal = signal;
	memcpy(pending->siginfo, info, sizeof(*info));
}

static void note_all(struct snapshot *snapshot, const struct sigpending *queue)
{
	struct kernel_siginfo bare;
	sigset_t without = queue->signal;
	struct sigqueue *q;
	int signal;

	list_for_each_entry(q, &queue->list, list) {
		sigdelset(&without, q->info.si_signo);
		note(snapshot, q->info.si_signo, &q->info);
	}
	/* Sent when there was no room to queue anything about them. */
	for (signal = 1; signal <= _NSIG; signal++) {
		if (!sigismember(&without, signal))
			continue;
		clear_siginfo(&bare);
		bare.si_signo = signal;
		bare.si_code = SI_USER;
		note(snapshot, signal, &bare);
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

/*
 * Pending signals of the process and the real timer at one instant: an alarm is
 * one or the other.  Without @timers: the thread's own.
 */
static void take_snapshot(struct task_struct *task, struct snapshot *snapshot,
			  struct procmig_signals_timers *timers)
{
	spin_lock_irq(&procmig_compat_sighand(task)->siglock);
	snapshot->count = 0;
	if (timers) {
		note_all(snapshot, &task->signal->shared_pending);
		timers->real_remaining = real_remaining(task->signal);
		timers->real_interval = ktime_to_ns(task->signal->it_real_incr);
	} else {
		note_all(snapshot, &task->pending);
	}
	spin_unlock_irq(&procmig_compat_sighand(task)->siglock);
}

static int emit_pending(struct procmig_process *process, struct task_struct *task,
			struct procmig_signals_timers *timers)
{
	struct snapshot snapshot = { .room = 64 };
	unsigned int i;
	int ret = 0;

	BUILD_BUG_ON(sizeof(struct kernel_siginfo) > sizeof(snapshot.signal->siginfo));
	for (;;) {
		snapshot.signal = kvmalloc_array(snapshot.room,
						 sizeof(*snapshot.signal), GFP_KERNEL);
		if (!snapshot.signal)
			return -ENOMEM;
		take_snapshot(task, &snapshot, timers);
		if (snapshot.count <= snapshot.room)
			break;
		kvfree(snapshot.signal);
		snapshot.room = snapshot.count + 64;
	}
	for (i = 0; !ret && i < snapshot.count; i++)
		ret = emit(process, PROCMIG_SIGNALS_PENDING, &snapshot.signal[i],
			   sizeof(snapshot.signal[i]));
	if (!ret)
		procmig_progress(process, 0, snapshot.count);
	kvfree(snapshot.signal);
	return ret;
}

static int signals_checkpoint(struct procmig_process *process)
{
	struct task_struct *task = procmig_task(process);
	struct procmig_signals_timers timers = {};
	int ret;

	ret = emit_actions(process);
	if (!ret)
		ret = emit_pending(process, task, &timers);
	if (ret)
		return ret;
	timers.virtual_remaining = procmig_compat_get_cpu_timer(task, CPUCLOCK_VIRT,
								&timers.virtual_interval);
	timers.prof_remaining = procmig_compat_get_cpu_timer(task, CPUCLOCK_PROF,
							     &timers.prof_interval);
	return emit(process, PROCMIG_SIGNALS_TIMERS, &timers, sizeof(timers));
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

	ret = emit(process, PROCMIG_SIGNALS_THREAD, &body, sizeof(body));
	return ret ?: emit_pending(process, task, NULL);
}

/* ---- target -------------------------------------------------------------- */

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

static int take_pending(struct procmig_process *process, struct backlog *backlog,
			const struct procmig_record *record)
{
	struct procmig_signals_pending *more, *pending;
	int ret;

	if (backlog->count == PENDING_MAX)
		return refuse(process, "too many pending signals");
	/* Powers of two: no need to remember the room. */
	if (!(backlog->count & (backlog->count - 1))) {
		more = kvmalloc_array(max(1u, backlog->count * 2), sizeof(*more),
				      GFP_KERNEL);
		if (!more)
			return -ENOMEM;
		if (backlog->count)
			memcpy(more, backlog->signal, backlog->count * sizeof(*more));
		kvfree(backlog->signal);
		backlog->signal = more;
	}
	pending = &backlog->signal[backlog->count];
	ret = take(process, record, pending, sizeof(*pending));
	if (ret)
		return ret;
	if (!valid_signal(pending->signal) || !pending->signal || pending->reserved)
		return refuse(process, "a pending signal");
	((struct kernel_siginfo *)pending->siginfo)->si_signo = pending->signal;
	backlog->count++;
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
	case PROCMIG_SIGNALS_PENDING:
		return take_pending(process, &signals->backlog, record);
	case PROCMIG_SIGNALS_TIMERS:
		return take(process, record, &signals->timers, sizeof(signals->timers));
	default:
		return PROCMIG_UNKNOWN;
	}
}

static int signals_restart_thread(struct procmig_thread *thread,
				  const struct procmig_record *record)
{
	struct signals_thread *signals = procmig_thread_private(thread, &signals_subsystem);
	struct procmig_process *process = procmig_thread_process(thread);

	switch (record->type) {
	case PROCMIG_SIGNALS_THREAD:
		signals->taken = true;
		return take(process, record, &signals->thread, sizeof(signals->thread));
	case PROCMIG_SIGNALS_PENDING:
		return take_pending(process, &signals->backlog, record);
	default:
		return PROCMIG_UNKNOWN;
	}
}

static int signals_settle(struct procmig_process *process)
{
	const unsigned long needed = BIT(PROCMIG_SIGNALS_ACTIONS) |
				     BIT(PROCMIG_SIGNALS_TIMERS);
	struct signals *signals = procmig_private(process, &signals_subsystem);

	if ((signals->taken & needed) != needed)
		return refuse(process, "the signals are not complete");
	return 0;
}

static int signals_settle_thread(struct procmig_thread *thread)
{
	struct signals_thread *signals = procmig_thread_private(thread, &signals_subsystem);

	if (!signals->taken)
		return refuse(procmig_thread_process(thread),
			      "a thread's signals are not complete");
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

/* While everything is blocked: even an ignored signal stays pending. */
static void send_backlog(const struct backlog *backlog, bool shared)
{
	struct kernel_siginfo info;
	unsigned int i;

	for (i = 0; i < backlog->count; i++) {
		memcpy(&info, backlog->signal[i].siginfo, sizeof(info));
		procmig_compat_send_signal(backlog->signal[i].signal, &info, current,
					   shared);
	}
}

static void signals_resume(struct procmig_process *process)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);

	send_backlog(&signals->backlog, true);
	start_timers(&signals->timers);
}

static void signals_resume_thread(struct procmig_thread *thread)
{
	struct signals_thread *signals = procmig_thread_private(thread, &signals_subsystem);
	const struct procmig_signals_thread *wanted = &signals->thread;
	sigset_t blocked = { .sig = { wanted->blocked } };

	current->sas_ss_sp = wanted->altstack_sp;
	current->sas_ss_size = wanted->altstack_bytes;
	current->sas_ss_flags = wanted->altstack_flags;

	send_backlog(&signals->backlog, false);
	sigdelsetmask(&blocked, sigmask(SIGKILL) | sigmask(SIGSTOP));
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	if (wanted->restore_mask) {
		current->saved_sigmask.sig[0] = wanted->saved_mask;
		set_restore_sigmask();
	}
}

static void signals_cleanup(struct procmig_process *process)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);

	kvfree(signals->backlog.signal);
}

static void signals_cleanup_thread(struct procmig_thread *thread)
{
	struct signals_thread *signals = procmig_thread_private(thread, &signals_subsystem);

	kvfree(signals->backlog.signal);
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
