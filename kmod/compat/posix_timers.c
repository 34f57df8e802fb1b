// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX timers.  Their structure is the kernel's own and differs from version to
 * version; what is around it here does not.
 *
 * A periodic timer whose signal is pending does not run: the kernel starts it
 * again, and counts what it has missed, when the signal is taken.
 */
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/posix-timers.h>
#include <linux/sched/cputime.h>
#include <linux/sched/signal.h>
#include <procmig/compat.h>

/* it_requeue_pending of a timer that waits, si_sys_private of its signal. */
#define WAITS 1

int procmig_compat_each_timer(struct task_struct *task,
			      int (*visit)(struct k_itimer *timer, void *context),
			      void *context)
{
	struct k_itimer *timer;
	int ret;

	/* The latest stands first. */
	list_for_each_entry_reverse(timer, &task->signal->posix_timers, list) {
		ret = visit(timer, context);
		if (ret)
			return ret;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(procmig_compat_each_timer);

u32 procmig_compat_next_timer(struct task_struct *task)
{
	return READ_ONCE(task->signal->next_posix_timer_id);
}
EXPORT_SYMBOL_GPL(procmig_compat_next_timer);

void procmig_compat_set_next_timer(u32 id)
{
	WRITE_ONCE(current->signal->next_posix_timer_id, id);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_next_timer);

struct k_itimer *procmig_compat_last_timer(void)
{
	return list_first_entry_or_null(&current->signal->posix_timers, struct k_itimer,
					list);
}
EXPORT_SYMBOL_GPL(procmig_compat_last_timer);

void procmig_compat_timer_set_clock(struct k_itimer *timer, clockid_t clock)
{
	spin_lock_irq(&timer->it_lock);
	timer->it_clock = clock;
	spin_unlock_irq(&timer->it_lock);
}
EXPORT_SYMBOL_GPL(procmig_compat_timer_set_clock);

/* ---- reading ------------------------------------------------------------- */

/* -1: it has ended */
static pid_t thread_nr(struct pid *pid)
{
	pid_t nr;

	rcu_read_lock();
	nr = pid_task(pid, PIDTYPE_PID) ? pid_nr(pid) : -1;
	rcu_read_unlock();
	return nr;
}

static bool has_no_signal(const struct k_itimer *timer)
{
	return timer->it_sigev_notify == SIGEV_NONE;
}

static void describe(struct k_itimer *timer, struct procmig_compat_timer *is)
{
	bool of_thread = timer->it_clock < 0 && CPUCLOCK_PERTHREAD(timer->it_clock);

	BUILD_BUG_ON(sizeof(is->value) != sizeof(timer->sigq->info.si_value));
	*is = (struct procmig_compat_timer) {
		.id = timer->it_id,
		.clock = timer->it_clock,
		.notify = timer->it_sigev_notify,
		.signal = timer->sigq->info.si_signo,
		.thread = timer->it_sigev_notify & SIGEV_THREAD_ID ?
			  thread_nr(timer->it_pid) : 0,
		.cpu_thread = of_thread ? thread_nr(timer->it.cpu.pid) : 0,
	};
	memcpy(&is->value, &timer->sigq->info.si_value, sizeof(is->value));
}

bool procmig_compat_timer_glance(struct k_itimer *timer, struct procmig_compat_timer *is)
{
	/* By hand: sparse does not see through spin_trylock(). */
	raw_spinlock_t *lock = spinlock_check(&timer->it_lock);

	/* Inside the other lock it may only be tried; whoever deletes it holds it. */
	if (!_raw_spin_trylock(lock))
		return false;
	__acquire(lock);
	describe(timer, is);
	raw_spin_unlock(lock);
	return true;
}
EXPORT_SYMBOL_GPL(procmig_compat_timer_glance);

/* CPU time by the clock of a timer; of a parked thread it stands still. */
static u64 cpu_now(struct k_itimer *timer, struct task_struct *process)
{
	struct task_cputime times = {};
	struct task_struct *thread;

	if (CPUCLOCK_PERTHREAD(timer->it_clock)) {
		rcu_read_lock();
		thread = pid_task(timer->it.cpu.pid, PIDTYPE_PID);
		if (thread)
			times = (struct task_cputime) {
				.utime = thread->utime,
				.stime = thread->stime,
				.sum_exec_runtime = thread->se.sum_exec_runtime,
			};
		rcu_read_unlock();
	} else {
		procmig_compat_cputime(process, &times);
	}
	switch (CPUCLOCK_WHICH(timer->it_clock)) {
	case CPUCLOCK_PROF:
		return times.utime + times.stime;
	case CPUCLOCK_VIRT:
		return times.utime;
	default:
		return times.sum_exec_runtime;
	}
}

static bool waits(const struct k_itimer *timer)
{
	return timer->it_interval && timer->it_requeue_pending & REQUEUE_PENDING;
}

static void read_cpu(struct k_itimer *timer, struct task_struct *process,
		     struct procmig_compat_timer *is)
{
	u64 expires = cpu_timer_getexpires(&timer->it.cpu);

	if (!expires || is->cpu_thread < 0)
		return;
	if (cpu_timer_queued(&timer->it.cpu))
		is->state = PROCMIG_POSIX_TIMER_RUNNING;
	else if (waits(timer))
		is->state = PROCMIG_POSIX_TIMER_WAITING;
	is->left_ns = expires - cpu_now(timer, process);
}

static void read_real(struct k_itimer *timer, struct procmig_compat_timer *is)
{
	struct hrtimer *real = &timer->it.real.timer;

	is->base = real->base->clockid;
	is->left_ns = hrtimer_get_expires_ns(real) - hrtimer_cb_get_time(real);
	/* Without a signal the kernel does not start it, and calculates instead. */
	if (has_no_signal(timer) ? timer->it_interval || is->left_ns > 0 : timer->it_active)
		is->state = PROCMIG_POSIX_TIMER_RUNNING;
	else if (waits(timer))
		is->state = PROCMIG_POSIX_TIMER_WAITING;
}

/* What it has missed so far; it is missed only once. */
static void forward(struct procmig_compat_timer *is)
{
	u64 missed;

	if (is->left_ns > 0)
		return;
	missed = div64_u64(-is->left_ns, is->interval_ns) + 1;
	is->overrun += missed;
	is->left_ns += missed * is->interval_ns;
}

void procmig_compat_timer_read(struct k_itimer *timer, struct task_struct *task,
			       struct procmig_compat_timer *is)
{
	describe(timer, is);
	spin_lock_irq(&timer->it_lock);
	is->interval_ns = timer->it_interval;
	is->overrun = timer->it_overrun;
	is->overrun_last = timer->it_overrun_last;
	if (timer->it_clock < 0)
		read_cpu(timer, task, is);
	else
		read_real(timer, is);
	if (is->state == PROCMIG_POSIX_TIMER_WAITING ||
	    (is->state == PROCMIG_POSIX_TIMER_RUNNING && has_no_signal(timer) &&
	     is->interval_ns))
		forward(is);
	spin_lock(&procmig_compat_sighand(task)->siglock);
	is->queued = !list_empty(&timer->sigq->list);
	spin_unlock(&procmig_compat_sighand(task)->siglock);
	spin_unlock_irq(&timer->it_lock);
}
EXPORT_SYMBOL_GPL(procmig_compat_timer_read);

/* ---- starting ------------------------------------------------------------- */

static void start_cpu(struct k_itimer *timer, const struct procmig_compat_timer *wanted,
		      s64 left)
{
	struct itimerspec64 setting = {
		.it_value = ns_to_timespec64(max_t(s64, left, 1)),
		.it_interval = ns_to_timespec64(wanted->interval_ns),
	};

	if (wanted->state == PROCMIG_POSIX_TIMER_RUNNING) {
		/* It fails only for a thread that has ended. */
		procmig_compat_timer_set(timer, 0, &setting);
		return;
	}
	timer->it_interval = wanted->interval_ns;
	cpu_timer_setexpires(&timer->it.cpu, cpu_now(timer, current) + max_t(s64, left, 1));
}

static void start_real(struct k_itimer *timer, const struct procmig_compat_timer *wanted,
		       s64 expires)
{
	struct hrtimer *real = &timer->it.real.timer;
	int flags = wanted->base == CLOCK_REALTIME ? TIMER_ABSTIME : 0, notify;
	struct itimerspec64 setting = {
		.it_value = { .tv_nsec = 1 },
		.it_interval = ns_to_timespec64(wanted->interval_ns),
	};

	/* Without a signal it is set, but not started. */
	notify = timer->it_sigev_notify;
	timer->it_sigev_notify = SIGEV_NONE;
	procmig_compat_timer_set(timer, flags, &setting);
	timer->it_sigev_notify = notify;
	hrtimer_set_expires(real, ns_to_ktime(max_t(s64, expires, 0)));
	if (wanted->state == PROCMIG_POSIX_TIMER_RUNNING && !has_no_signal(timer)) {
		timer->it_active = 1;
		hrtimer_start_expires(real, HRTIMER_MODE_ABS);
	}
}

void procmig_compat_timer_start(struct k_itimer *timer,
				const struct procmig_compat_timer *wanted, s64 expires)
{
	spin_lock_irq(&timer->it_lock);
	if (wanted->state != PROCMIG_POSIX_TIMER_IDLE) {
		if (timer->it_clock < 0)
			start_cpu(timer, wanted, expires);
		else
			start_real(timer, wanted, expires);
	}
	if (wanted->state == PROCMIG_POSIX_TIMER_WAITING)
		timer->it_requeue_pending = WAITS;
	timer->it_overrun = wanted->overrun;
	timer->it_overrun_last = wanted->overrun_last;
	spin_unlock_irq(&timer->it_lock);
}
EXPORT_SYMBOL_GPL(procmig_compat_timer_start);

void procmig_compat_timer_queue(struct k_itimer *timer,
				const struct procmig_compat_timer *wanted, int overrun)
{
	bool shared = !(timer->it_sigev_notify & SIGEV_THREAD_ID);

	/* Of another number than the timer's, it does not start it again. */
	timer->sigq->info.si_sys_private =
		wanted->state == PROCMIG_POSIX_TIMER_WAITING ? WAITS : 0;
	if (procmig_compat_timer_send(timer, timer->it_pid, shared))
		return;
	spin_lock_irq(&procmig_compat_sighand(current)->siglock);
	timer->sigq->info.si_overrun = overrun;
	spin_unlock_irq(&procmig_compat_sighand(current)->siglock);
}
EXPORT_SYMBOL_GPL(procmig_compat_timer_queue);
