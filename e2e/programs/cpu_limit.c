// SPDX-License-Identifier: Apache-2.0
/*
 * A limit on CPU time: wherever the process is in the end, SIGXCPU still comes.
 * After each one the kernel allows for a second more.
 */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <time.h>

#include "program.h"

#define LIMIT_S 2
#define PATIENCE_S 60

static volatile sig_atomic_t exceeded;

static void on_limit(int signal)
{
	(void)signal;
	exceeded++;
}

static long cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_limit, .sa_flags = SA_RESTART };
	struct rlimit limit = { LIMIT_S, RLIM_INFINITY };
	uint64_t x = 7;
	long begin;

	program_begin(argc, argv, 0);
	sigaction(SIGXCPU, &action, NULL);
	program_check(!setrlimit(RLIMIT_CPU, &limit), "setrlimit");
	while (program_goes_on()) {
		x = program_work(x);
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
