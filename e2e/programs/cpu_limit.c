// SPDX-License-Identifier: Apache-2.0
/*
 * A limit on CPU time: wherever the process is in the end, SIGXCPU still comes.
 * After each one the kernel allows for a second more.  What has been used, by it and
 * by a child that has ended, never becomes less.
 */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define LIMIT_S 2
#define PATIENCE_S 60

static volatile sig_atomic_t exceeded;

static void on_limit(int signal)
{
	(void)signal;
	exceeded++;
}

static double by_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static long cpu_seconds(void)
{
	return by_clock(CLOCK_PROCESS_CPUTIME_ID);
}

enum { PROCESS, THREAD, TICKS, FAULTS, SWITCHES, CHILDREN, KINDS };

static void measure(double *used)
{
	struct rusage own, children;

	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &children);
	used[PROCESS] = by_clock(CLOCK_PROCESS_CPUTIME_ID);
	used[THREAD] = by_clock(CLOCK_THREAD_CPUTIME_ID);
	used[TICKS] = own.ru_utime.tv_sec + own.ru_stime.tv_sec +
		      (own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
	used[FAULTS] = own.ru_minflt;
	used[SWITCHES] = own.ru_nvcsw + own.ru_nivcsw;
	used[CHILDREN] = children.ru_utime.tv_sec + children.ru_utime.tv_usec / 1e6;
}

static void burn(double seconds)
{
	double end = by_clock(CLOCK_PROCESS_CPUTIME_ID) + seconds;
	volatile uint64_t x = 1;

	while (by_clock(CLOCK_PROCESS_CPUTIME_ID) < end)
		for (int i = 0; i < 10000; i++)
			x = program_mix(x);
}

static void spend_in_a_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		burn(0.2);
		_exit(0);
	}
	program_check(waitpid(pid, NULL, 0) == pid, "no child");
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_limit, .sa_flags = SA_RESTART };
	struct rlimit limit = { LIMIT_S, RLIM_INFINITY };
	double before[KINDS], now[KINDS];
	uint64_t x = 7;
	long begin;

	program_begin(argc, argv, 0);
	spend_in_a_child();
	burn(0.2);
	measure(before);
	program_check(before[CHILDREN] > 0, "the child has used nothing");
	sigaction(SIGXCPU, &action, NULL);
	program_check(!setrlimit(RLIMIT_CPU, &limit), "setrlimit");
	while (program_goes_on()) {
		x = program_work(x);
		measure(now);
		for (int i = 0; i < KINDS; i++) {
			program_check(now[i] >= before[i], "use %d was %f and is %f", i, before[i],
				      now[i]);
			before[i] = now[i];
		}
		program_line("%016llx", (unsigned long long)x);
	}

	/* program_work() pauses, which costs no CPU time. */
	begin = cpu_seconds();
	for (sig_atomic_t before = exceeded; exceeded == before; ) {
		x = program_mix(x);
		program_check(cpu_seconds() - begin < PATIENCE_S, "%d s of CPU time and no SIGXCPU",
			      PATIENCE_S);
	}
	program_check(!getrlimit(RLIMIT_CPU, &limit) && limit.rlim_cur >= LIMIT_S + 1 &&
		      limit.rlim_max == RLIM_INFINITY, "the limit is %ld", (long)limit.rlim_cur);
	program_pass();
}
