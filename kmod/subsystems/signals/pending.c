// SPDX-License-Identifier: GPL-2.0-only
/* Pending signals, of the process and of each thread, in the order of the queue. */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "signals.h"

#define PENDING_MAX (1u << 16)

/* ---- source -------------------------------------------------------------- */

struct snapshot {
	struct procmig_signals_pending *signal;
	unsigned int count, room;
	struct signals *signals;
};

static void note(struct snapshot *snapshot, int signal, const struct kernel_siginfo *info,
		 u32 timer)
{
	struct procmig_signals_pending *pending;

	if (snapshot->count++ >= snapshot->room)
		return;
	pending = &snapshot->signal[snapshot->count - 1];
	memset(pending, 0, sizeof(*pending));
	pending->signal = signal;
	pending->timer = timer;
	memcpy(pending->siginfo, info, sizeof(*info));
}

static bool is_of_timer(const struct sigqueue *q)
{
	return q->flags & SIGQUEUE_PREALLOC && q->info.si_code == SI_TIMER;
}

static void note_all(struct snapshot *snapshot, const struct sigpending *queue)
{
	struct kernel_siginfo bare;
	sigset_t without = queue->signal;
	struct sigqueue *q;
	int signal;

	list_for_each_entry(q, &queue->list, list) {
		sigdelset(&without, q->info.si_signo);
		if (!is_of_timer(q))
			note(snapshot, q->info.si_signo, &q->info, 0);
		/* A timer that has expired since it was looked at does so again. */
		else if (signals_timer_queued(snapshot->signals, q->info.si_tid))
			note(snapshot, q->info.si_signo, &q->info, q->info.si_tid + 1);
	}
	/* Sent when there was no room to queue anything about them. */
	for (signal = 1; signal <= _NSIG; signal++) {
		if (!sigismember(&without, signal))
			continue;
		clear_siginfo(&bare);
		bare.si_signo = signal;
		bare.si_code = SI_USER;
		note(snapshot, signal, &bare, 0);
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

int signals_emit_pending(struct procmig_process *process, struct task_struct *task,
			 struct procmig_signals_timers *timers)
{
	struct snapshot snapshot = {
		.room = 64,
		.signals = procmig_private(process, &signals_subsystem),
	};
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
		ret = signals_emit(process, PROCMIG_SIGNALS_PENDING, &snapshot.signal[i],
				   sizeof(snapshot.signal[i]));
	if (!ret)
		procmig_progress(process, 0, snapshot.count);
	kvfree(snapshot.signal);
	return ret;
}

/* ---- target -------------------------------------------------------------- */

int signals_take_pending(struct procmig_process *process, struct signals_backlog *backlog,
			 const struct procmig_record *record, bool shared)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);
	struct procmig_signals_pending *more, *pending;
	const char *why = NULL;
	int ret;

	if (backlog->count == PENDING_MAX)
		return signals_refuse(process, "too many pending signals");
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
	ret = signals_take(process, record, pending, sizeof(*pending));
	if (ret)
		return ret;
	if (!valid_signal(pending->signal) || !pending->signal)
		why = "a pending signal";
	else if (pending->timer)
		why = signals_claim_timer(signals, pending, shared);
	if (why)
		return signals_refuse(process, why);
	((struct kernel_siginfo *)pending->siginfo)->si_signo = pending->signal;
	backlog->count++;
	return 0;
}

/* While everything is blocked: even an ignored signal stays pending. */
void signals_send_backlog(struct procmig_process *process,
			  const struct signals_backlog *backlog, bool shared)
{
	const struct procmig_signals_pending *pending;
	struct kernel_siginfo info;

	for (pending = backlog->signal; pending < backlog->signal + backlog->count;
	     pending++) {
		if (pending->timer) {
			signals_queue_timer(procmig_private(process, &signals_subsystem),
					    pending);
			continue;
		}
		memcpy(&info, pending->siginfo, sizeof(info));
		procmig_compat_send_signal(pending->signal, &info, current, shared);
	}
}
