// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX timers: timer_create(2).
 *
 * On the target each is made when its record comes, with its ID, and set going
 * at the resume.  The process's own clocks go on during the move; so a timer
 * expires when its clock says what it would have said on the source, and what the
 * move took counts as passed.  One of CPU time has what was left of it.
 */
#include <linux/mman.h>
#include <linux/mm.h>
#include <linux/posix-timers.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "signals.h"

/* Of times in nanoseconds: what may be added to another one. */
#define LONGEST ((s64)KTIME_MAX / 2)

/* What to add to the kernel's clocks for the process's own. */
static s64 offset_of(struct task_struct *task, clockid_t clock)
{
	struct procmig_clock_offsets offsets = procmig_clock_offsets(task);

	switch (clock) {
	case CLOCK_MONOTONIC:
		return offsets.monotonic_ns;
	case CLOCK_BOOTTIME:
		return offsets.boottime_ns;
	default:
		return 0;
	}
}

static s64 now_ns(clockid_t clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
		return ktime_get_real_ns();
	case CLOCK_BOOTTIME:
		return ktime_get_boottime_ns();
	case CLOCK_TAI:
		return ktime_to_ns(ktime_get_clocktai());
	default:
		return ktime_get_ns();
	}
}

/*
 * The clock that says when a timer expires.  That of TAI is a step away from
 * REALTIME that nodes do not agree on.
 */
static clockid_t told_by(clockid_t base)
{
	return base == CLOCK_TAI ? CLOCK_MONOTONIC : base;
}

static bool is_cpu_clock(clockid_t clock)
{
	return clock < 0 && CPUCLOCK_WHICH(clock) < CPUCLOCK_MAX;
}

/* Of process @pid, or of the thread that the timer has for it. */
static bool is_own_cpu_clock(clockid_t clock, pid_t pid, pid_t thread)
{
	const pid_t of = CPUCLOCK_PID(clock);

	if (CPUCLOCK_PERTHREAD(clock))
		return thread > 0 && (!of || of == thread);
	return !thread && (!of || of == pid);
}

static bool is_plain_clock(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC ||
	       clock == CLOCK_BOOTTIME || clock == CLOCK_TAI;
}

/* ---- inspecting ----------------------------------------------------------- */

#define NAMED_MAX 4

struct look {
	pid_t pid;
	struct {
		u32 id;
		const char *why;
	} named[NAMED_MAX];
	unsigned int count;
};

static const char *why_not(const struct procmig_compat_timer *timer, pid_t pid)
{
	if (timer->thread < 0)
		return "the thread that it signals has ended";
	if (timer->cpu_thread < 0)
		return "the thread whose CPU time it measures has ended";
	if (is_plain_clock(timer->clock))
		return NULL;
	if (timer->clock == CLOCK_REALTIME_ALARM || timer->clock == CLOCK_BOOTTIME_ALARM)
		return "it can wake up the node";
	if (!is_cpu_clock(timer->clock))
		return "its clock is a device";
	if (!is_own_cpu_clock(timer->clock, pid, timer->cpu_thread))
		return "it measures the CPU time of another process";
	return NULL;
}

static int look_at(struct k_itimer *timer, void *context)
{
	struct look *look = context;
	struct procmig_compat_timer is;
	const char *why;

	/* One that is busy is looked at again when the process is frozen. */
	if (!procmig_compat_timer_glance(timer, &is))
		return 0;
	why = why_not(&is, look->pid);
	if (why) {
		look->named[look->count].id = is.id;
		look->named[look->count++].why = why;
	}
	return look->count == NAMED_MAX;
}

void signals_inspect_timers(struct procmig_inspection *inspection)
{
	struct task_struct *task = procmig_inspected_task(inspection);
	struct look look = { .pid = task_tgid_nr(task) };
	struct sighand_struct *sighand;
	unsigned long flags;
	unsigned int i;

	/* It may end meanwhile, and is of no interest then. */
	rcu_read_lock();
	sighand = rcu_dereference(task->sighand);
	if (sighand) {
		spin_lock_irqsave(&sighand->siglock, flags);
		if (sighand == rcu_access_pointer(task->sighand))
			procmig_compat_each_timer(task, look_at, &look);
		spin_unlock_irqrestore(&sighand->siglock, flags);
	}
	rcu_read_unlock();
	for (i = 0; i < look.count; i++)
		procmig_obstacle(inspection, signals_subsystem.id,
				 PROCMIG_OBSTACLE_UNSUPPORTED, look.named[i].id,
				 "POSIX timer %u: %s", look.named[i].id, look.named[i].why);
}

/* ---- source -------------------------------------------------------------- */

static int remember(struct signals *signals, u32 id, bool queued)
{
	struct signals_timer *timer = kzalloc(sizeof(*timer), GFP_KERNEL);
	int ret;

	if (!timer)
		return -ENOMEM;
	timer->queued = queued;
	ret = xa_insert(&signals->timers, id, timer, GFP_KERNEL);
	if (ret)
		kfree(timer);
	return ret;
}

static int emit_timer(struct k_itimer *timer, void *context)
{
	struct procmig_process *process = context;
	struct task_struct *task = procmig_task(process);
	struct procmig_signals_posix_timer body;
	struct procmig_compat_timer is;
	const char *why;
	int ret;

	procmig_compat_timer_read(timer, task, &is);
	why = why_not(&is, task_tgid_nr(task));
	if (why)
		return procmig_fail(process, signals_subsystem.id, -EOPNOTSUPP,
				    "POSIX timer %u: %s", is.id, why);
	body = (struct procmig_signals_posix_timer) {
		.id = is.id,
		.clock = is.clock,
		.notify = is.notify,
		.signal = is.signal,
		.value = is.value,
		.thread = is.thread,
		.cpu_thread = is.cpu_thread,
		.state = is.state,
		.base = is_cpu_clock(is.clock) ? 0 : told_by(is.base),
		.expires_ns = is.left_ns,
		.interval_ns = is.interval_ns,
		.overrun = is.overrun,
		.overrun_last = is.overrun_last,
	};
	if (!is_cpu_clock(is.clock))
		body.expires_ns = min(is.left_ns, LONGEST) + now_ns(body.base) +
				  offset_of(task, body.base);
	ret = remember(procmig_private(process, &signals_subsystem), is.id, is.queued);
	return ret ?: signals_emit(process, PROCMIG_SIGNALS_POSIX_TIMER, &body,
				   sizeof(body));
}

int signals_emit_timers(struct procmig_process *process)
{
	return procmig_compat_each_timer(procmig_task(process), emit_timer, process);
}

bool signals_timer_queued(struct signals *signals, u32 id)
{
	const struct signals_timer *timer = xa_load(&signals->timers, id);

	return timer && timer->queued;
}

/* ---- target -------------------------------------------------------------- */

static bool notify_ok(const struct procmig_signals_posix_timer *wanted)
{
	switch (wanted->notify) {
	case SIGEV_NONE:
		return !wanted->thread;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
		return !wanted->thread && wanted->signal && valid_signal(wanted->signal);
	case SIGEV_THREAD_ID:
		return wanted->thread > 0 && wanted->signal &&
		       valid_signal(wanted->signal);
	default:
		return false;
	}
}

static bool clock_ok(const struct procmig_signals_posix_timer *wanted)
{
	if (is_cpu_clock(wanted->clock))
		return !wanted->base && is_own_cpu_clock(wanted->clock, task_tgid_vnr(current),
							 wanted->cpu_thread);
	if (wanted->cpu_thread)
		return false;
	switch (wanted->clock) {
	case CLOCK_REALTIME:
		return wanted->base == CLOCK_REALTIME || wanted->base == CLOCK_MONOTONIC;
	case CLOCK_BOOTTIME:
		return wanted->base == CLOCK_BOOTTIME;
	case CLOCK_MONOTONIC:
	case CLOCK_TAI:
		return wanted->base == CLOCK_MONOTONIC;
	default:
		return false;
	}
}

static bool is_ok(const struct procmig_signals_posix_timer *wanted)
{
	return wanted->id <= INT_MAX && wanted->state <= PROCMIG_POSIX_TIMER_WAITING &&
	       wanted->interval_ns <= KTIME_MAX && wanted->overrun >= -1 &&
	       wanted->overrun_last >= -1 &&
	       (wanted->interval_ns || wanted->state != PROCMIG_POSIX_TIMER_WAITING) &&
	       notify_ok(wanted) && clock_ok(wanted);
}

/* Its clock as timer_create() takes it from any thread. */
static clockid_t clock_to_ask_for(const struct procmig_signals_posix_timer *wanted)
{
	return wanted->cpu_thread ? make_thread_cpuclock(wanted->cpu_thread,
							 CPUCLOCK_WHICH(wanted->clock)) :
				    wanted->clock;
}

/* What the call reads and writes in user memory. */
struct call {
	struct sigevent event;
	int id;
};

static long make_at(struct call __user *call,
		    const struct procmig_signals_posix_timer *wanted)
{
	struct sigevent event = {
		.sigev_signo = wanted->signal,
		.sigev_notify = wanted->notify,
	};
	long ret;
	int id;

	memcpy(&event.sigev_value, &wanted->value, sizeof(wanted->value));
	event.sigev_notify_thread_id = wanted->thread;
	if (copy_to_user(&call->event, &event, sizeof(event)))
		return -EFAULT;
	procmig_compat_set_next_timer(wanted->id);
	ret = procmig_syscall(__NR_timer_create, clock_to_ask_for(wanted),
			      (unsigned long)&call->event, (unsigned long)&call->id);
	if (ret)
		return ret;
	if (get_user(id, &call->id))
		return -EFAULT;
	return id == wanted->id ? 0 : -EEXIST;
}

/* In memory that nobody has; the process's own is in place already. */
static int make(struct procmig_process *process, struct signals_timer *timer)
{
	unsigned long memory;
	long ret;

	/* Shared: it joins none of the process's own mappings. */
	memory = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(memory))
		return (int)memory;
	ret = make_at((struct call __user *)memory, &timer->wanted);
	vm_munmap(memory, PAGE_SIZE);
	if (ret)
		return procmig_fail(process, signals_subsystem.id, ret,
				    "POSIX timer %u could not be made (%ld)",
				    timer->wanted.id, ret);
	timer->timer = procmig_compat_last_timer();
	procmig_compat_timer_set_clock(timer->timer, timer->wanted.clock);
	return 0;
}

int signals_take_timer(struct procmig_process *process,
		       const struct procmig_record *record)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);
	struct signals_timer *timer = kzalloc(sizeof(*timer), GFP_KERNEL);
	int ret;

	if (!timer)
		return -ENOMEM;
	ret = signals_take(process, record, &timer->wanted, sizeof(timer->wanted));
	if (!ret && !is_ok(&timer->wanted))
		ret = signals_refuse(process, "a POSIX timer");
	if (!ret)
		ret = xa_insert(&signals->timers, timer->wanted.id, timer, GFP_KERNEL);
	if (ret) {
		kfree(timer);
		return ret == -EBUSY ? signals_refuse(process, "a POSIX timer comes twice") :
				       ret;
	}
	return make(process, timer);
}

const char *signals_claim_timer(struct signals *signals,
				const struct procmig_signals_pending *pending, bool shared)
{
	struct signals_timer *timer = xa_load(&signals->timers, pending->timer - 1);

	if (!timer || timer->queued || timer->wanted.notify == SIGEV_NONE ||
	    timer->wanted.signal != pending->signal || !timer->wanted.thread != shared)
		return "the pending signal of a POSIX timer";
	timer->queued = true;
	return NULL;
}

static struct procmig_compat_timer translate(const struct procmig_signals_posix_timer *wanted)
{
	return (struct procmig_compat_timer) {
		.state = wanted->state,
		.base = wanted->base,
		.interval_ns = wanted->interval_ns,
		.overrun = wanted->overrun,
		.overrun_last = wanted->overrun_last,
	};
}

void signals_queue_timer(struct signals *signals,
			 const struct procmig_signals_pending *pending)
{
	const struct kernel_siginfo *info = (const void *)pending->siginfo;
	struct signals_timer *timer = xa_load(&signals->timers, pending->timer - 1);
	struct procmig_compat_timer wanted = translate(&timer->wanted);

	procmig_compat_timer_queue(timer->timer, &wanted, max(info->si_overrun, 0));
}

/* From the process's clock to that which the kernel runs the timer by. */
static s64 expires_here(const struct procmig_signals_posix_timer *wanted)
{
	s64 expires = wanted->expires_ns;

	if (is_cpu_clock(wanted->clock))
		return expires;
	expires = clamp_t(s64, expires, 0, LONGEST) - offset_of(current, wanted->base);
	if (wanted->clock == CLOCK_TAI)
		expires += now_ns(CLOCK_TAI) - now_ns(CLOCK_MONOTONIC);
	return expires;
}

void signals_start_timers(struct procmig_process *process)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);
	struct procmig_compat_timer wanted;
	struct signals_timer *timer;
	unsigned long id;

	xa_for_each(&signals->timers, id, timer) {
		wanted = translate(&timer->wanted);
		procmig_compat_timer_start(timer->timer, &wanted,
					   expires_here(&timer->wanted));
	}
}

void signals_free_timers(struct procmig_process *process)
{
	struct signals *signals = procmig_private(process, &signals_subsystem);
	struct signals_timer *timer;
	unsigned long id;

	xa_for_each(&signals->timers, id, timer)
		kfree(timer);
	xa_destroy(&signals->timers);
}
