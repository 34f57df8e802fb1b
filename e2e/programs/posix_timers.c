// SPDX-License-Identifier: Apache-2.0
/*
 * POSIX timers of every clock and every way to tell: what has expired is told
 * once, nothing is missed, and the identifiers stay.  By the process's own clock
 * each periodic timer has expired as often as its interval has passed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define MS 1000000LL
#define FAR (3600 * 1000 * MS)
#define PERIOD (10 * MS)
#define CPU_PERIOD (20 * MS)
#define TICK (SIGRTMIN + 1)	/* a handler */
#define TAKEN (SIGRTMIN + 2)	/* blocked, taken now and then */
#define ONCE (SIGRTMIN + 3)	/* blocked, taken at the end */
#define CPU (SIGRTMIN + 4)
#define THREAD_CPU (SIGRTMIN + 5)
#define IGNORED (SIGRTMIN + 6)
#define AGAIN (SIGRTMIN + 7)	/* blocked; armed anew while it is pending */

enum { FIRST, DELETED, TICKS, TAKES, ONE, ALONE, ABSOLUTE, RELATIVE, BOOT, ATOMIC, IDLE,
       PROCESS, THREAD, IGNORE, REARMED, TIMERS };

static int ids[TIMERS];
static long long absolute_end, relative_end, boot_end, takes_begin, again_end;
static long again;
static volatile sig_atomic_t ticks, cpu_ticks, thread_ticks, wrong;
static volatile pid_t worker;

static long long now(clockid_t clock)
{
	struct timespec ts;

	program_check(!clock_gettime(clock, &ts), "clock_gettime");
	return ts.tv_sec * 1000 * MS + ts.tv_nsec;
}

static int value_of(int which)
{
	return 0x1000000 + which;
}

static void make(int which, clockid_t clock, int notify, int signal)
{
	struct sigevent event = {
		.sigev_notify = notify,
		.sigev_signo = signal,
		.sigev_value.sival_int = value_of(which),
	};

	if (notify == SIGEV_THREAD_ID)
		event._sigev_un._tid = gettid();
	program_check(!syscall(SYS_timer_create, clock, &event, &ids[which]),
		      "timer_create %d: %s", which, strerror(errno));
}

static void arm(int which, int flags, long long first, long long interval)
{
	struct itimerspec spec = {
		{ interval / (1000 * MS), interval % (1000 * MS) },
		{ first / (1000 * MS), first % (1000 * MS) },
	};

	program_check(!syscall(SYS_timer_settime, ids[which], flags, &spec, NULL),
		      "timer_settime %d: %s", which, strerror(errno));
}

static long long left(int which, long long interval)
{
	struct itimerspec spec;

	program_check(!syscall(SYS_timer_gettime, ids[which], &spec),
		      "timer_gettime %d: %s", which, strerror(errno));
	program_check(spec.it_interval.tv_sec * 1000 * MS + spec.it_interval.tv_nsec == interval,
		      "timer %d: interval %ld.%09ld", which, spec.it_interval.tv_sec,
		      spec.it_interval.tv_nsec);
	return spec.it_value.tv_sec * 1000 * MS + spec.it_value.tv_nsec;
}

static int overrun(int which)
{
	return syscall(SYS_timer_getoverrun, ids[which]);
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
	int which = signal == TICK ? TICKS : signal == CPU ? PROCESS : THREAD;

	(void)context;
	if (info->si_code != SI_TIMER || info->si_timerid != ids[which] ||
	    info->si_value.sival_int != value_of(which) || info->si_overrun < 0)
		wrong = signal;
	if (signal == TICK) {
		ticks++;
	} else if (signal == CPU) {
		cpu_ticks++;
	} else {
		thread_ticks++;
		if (gettid() != worker)
			wrong = -signal;
	}
}

/* How often the timer has expired since it was asked last. */
static long take(int which, int signal)
{
	static const struct timespec at_once;
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	if (sigtimedwait(&set, &info, &at_once) != signal)
		return 0;
	program_check(info.si_code == SI_TIMER && info.si_timerid == ids[which] &&
		      info.si_value.sival_int == value_of(which),
		      "signal %d: code %d, timer %d, value %#x", signal, info.si_code,
		      info.si_timerid, info.si_value.sival_int);
	program_check(info.si_overrun >= 0, "overrun %d", info.si_overrun);
	program_check(overrun(which) == info.si_overrun, "timer %d: overrun %d, signal: %d", which,
		      overrun(which), info.si_overrun);
	return 1 + info.si_overrun;
}

static void *work(void *unused)
{
	volatile uint64_t x = 1;

	(void)unused;
	worker = gettid();
	make(THREAD, CLOCK_THREAD_CPUTIME_ID, SIGEV_THREAD_ID, THREAD_CPU);
	arm(THREAD, 0, CPU_PERIOD, CPU_PERIOD);
	while (true)
		x = program_work(x);
	return NULL;
}

static void close_to(int which, long long end, clockid_t clock)
{
	long long is = left(which, 0), due = end - now(clock);

	/* clocks of two nodes may differ, and the machine may be slow */
	program_check(is > 0 && is - due < 2000 * MS && due - is < 2000 * MS,
		      "timer %d: %lld ms are left, not %lld", which, is / MS, due / MS);
}

/* Kernels differ in whether the signal of before still comes. */
static void rearm(void)
{
	arm(REARMED, 0, 1, 0);
	usleep(2000);
	again_end = now(CLOCK_MONOTONIC) + FAR;
	arm(REARMED, 0, FAR, 0);
}

static void begin(void)
{
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_RESTART };
	pthread_t thread;
	sigset_t set;

	sigaction(TICK, &action, NULL);
	sigaction(CPU, &action, NULL);
	sigaction(THREAD_CPU, &action, NULL);
	signal(IGNORED, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, TAKEN);
	sigaddset(&set, ONCE);
	sigaddset(&set, AGAIN);
	sigprocmask(SIG_BLOCK, &set, NULL);

	make(FIRST, CLOCK_MONOTONIC, SIGEV_SIGNAL, TICK);
	make(DELETED, CLOCK_MONOTONIC, SIGEV_SIGNAL, TICK);
	program_check(!syscall(SYS_timer_delete, ids[DELETED]), "timer_delete");
	make(TICKS, CLOCK_MONOTONIC, SIGEV_SIGNAL, TICK);
	arm(TICKS, 0, PERIOD, PERIOD);
	make(TAKES, CLOCK_MONOTONIC, SIGEV_SIGNAL, TAKEN);
	takes_begin = now(CLOCK_MONOTONIC);
	arm(TAKES, TIMER_ABSTIME, takes_begin + PERIOD, PERIOD);
	make(ONE, CLOCK_REALTIME, SIGEV_SIGNAL, ONCE);
	arm(ONE, 0, 1, 0);
	make(ALONE, CLOCK_MONOTONIC, SIGEV_NONE, 0);
	arm(ALONE, 0, PERIOD, FAR);
	make(ABSOLUTE, CLOCK_REALTIME, SIGEV_SIGNAL, SIGKILL);
	absolute_end = now(CLOCK_REALTIME) + FAR;
	arm(ABSOLUTE, TIMER_ABSTIME, absolute_end, 0);
	make(RELATIVE, CLOCK_REALTIME, SIGEV_SIGNAL, SIGKILL);
	relative_end = now(CLOCK_MONOTONIC) + FAR;
	arm(RELATIVE, 0, FAR, 0);
	make(BOOT, CLOCK_BOOTTIME, SIGEV_NONE, 0);
	boot_end = now(CLOCK_BOOTTIME) + FAR;
	arm(BOOT, TIMER_ABSTIME, boot_end, 0);
	make(ATOMIC, CLOCK_TAI, SIGEV_SIGNAL, SIGKILL);
	arm(ATOMIC, 0, FAR, 0);
	make(IDLE, CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGKILL);
	make(PROCESS, CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, CPU);
	arm(PROCESS, 0, CPU_PERIOD, CPU_PERIOD);
	make(IGNORE, CLOCK_MONOTONIC, SIGEV_SIGNAL, IGNORED);
	arm(IGNORE, 0, PERIOD, PERIOD);
	make(REARMED, CLOCK_MONOTONIC, SIGEV_SIGNAL, AGAIN);
	rearm();
	again = take(REARMED, AGAIN);
	rearm();
	program_check(!pthread_create(&thread, NULL, work, NULL), "pthread_create");
	while (!ids[THREAD])
		usleep(1000);
}

static void check_all(void)
{
	long long alone = left(ALONE, FAR);

	program_check(!wrong, "signal %d was wrong", wrong);
	program_check(alone > 0 && alone <= FAR, "the timer without a signal: %lld", alone);
	close_to(ABSOLUTE, absolute_end, CLOCK_REALTIME);
	close_to(RELATIVE, relative_end, CLOCK_MONOTONIC);
	close_to(ATOMIC, relative_end, CLOCK_MONOTONIC);
	close_to(BOOT, boot_end, CLOCK_BOOTTIME);
	close_to(REARMED, again_end, CLOCK_MONOTONIC);
	program_check(!left(IDLE, 0), "the idle timer runs");
	program_check(!left(FIRST, 0), "the first timer runs");
	program_check(!left(ONE, 0), "the expired timer runs");
	left(IGNORE, PERIOD);
	program_check(syscall(SYS_timer_getoverrun, ids[DELETED]) == -1,
		      "the deleted timer is there");
}

int main(int argc, char **argv)
{
	long long expired = 0, due;
	uint64_t x = 3;
	int last, next;

	program_begin(argc, argv, 0);
	begin();
	while (program_goes_on()) {
		int before = overrun(TAKES);

		for (sig_atomic_t seen = ticks; ticks == seen; )
			usleep(1000);
		for (sig_atomic_t a = cpu_ticks, b = thread_ticks;
		     cpu_ticks == a || thread_ticks == b; )
			x = program_work(x);
		check_all();
		program_check(overrun(TAKES) == before, "the overrun was %d, is %d", before,
			      overrun(TAKES));
		/* at times the signal waits for some rounds, and counts */
		if (program_lines() % 3 == 2) {
			due = (now(CLOCK_MONOTONIC) - takes_begin) / PERIOD;
			expired += take(TAKES, TAKEN);
			program_check(expired >= due && expired <=
				      (now(CLOCK_MONOTONIC) - takes_begin) / PERIOD,
				      "it expired %lld times, not %lld", expired, due);
			program_check(overrun(TAKES) >= 0, "no overrun");
		}
		program_line("%d", (int)program_mix(program_lines()));
	}

	program_check(take(ONE, ONCE) == 1, "the expired timer's signal has not come once");
	program_check(!take(ONE, ONCE), "the expired timer's signal has come twice");
	program_check(take(REARMED, AGAIN) == again, "the signal of before has %scome",
		      again ? "not " : "");
	last = ids[THREAD];
	make(FIRST, CLOCK_MONOTONIC, SIGEV_SIGNAL, TICK);
	next = ids[FIRST];
	program_check(next == last + 1, "the next timer is %d, the last was %d", next, last);
	program_pass();
}
