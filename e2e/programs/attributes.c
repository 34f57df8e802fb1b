// SPDX-License-Identifier: Apache-2.0
/*
 * What prctl and the scheduler keep for a process or a thread: real-time policy,
 * parent death signal, subreaper, no time stamp counter, and a thread in
 * seccomp's strict mode, which may do nothing but read and write.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define POLICY (SCHED_RR | SCHED_RESET_ON_FORK)

static atomic_long strict_rounds;
static int null;

static void *strict(void *unused)
{
	program_check(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT), "strict mode");
	for (;;) {
		char byte = 1;

		/* the raw call: nothing else of the C library may be needed */
		if (syscall(SYS_write, null, &byte, 1) != 1)
			syscall(SYS_exit, 1);
		atomic_fetch_add(&strict_rounds, 1);
	}
	return unused;
}

static void *without_tsc(void *unused)
{
	program_check(!prctl(PR_SET_TSC, PR_TSC_SIGSEGV), "PR_SET_TSC");
	for (;;) {
		const struct timespec tick = { 0, 20000000 };
		int mode = 0;

		program_check(!prctl(PR_GET_TSC, &mode) && mode == PR_TSC_SIGSEGV,
			      "the time stamp counter may be read: %d", mode);
		/* the raw call: clock_gettime() itself reads the counter */
		syscall(SYS_nanosleep, &tick, NULL);
	}
	return unused;
}

static void check(void)
{
	struct sched_param param;
	int value = 0;

	program_check(sched_getscheduler(0) == POLICY, "policy %#x", sched_getscheduler(0));
	sched_getparam(0, &param);
	program_check(param.sched_priority == 7, "priority %d", param.sched_priority);
	program_check(!prctl(PR_GET_PDEATHSIG, &value) && value == SIGUSR1,
		      "parent death signal %d", value);
	program_check(!prctl(PR_GET_CHILD_SUBREAPER, &value) && value == 1, "subreaper %d", value);
}

int main(int argc, char **argv)
{
	const struct sched_param priority = { .sched_priority = 7 };
	const struct timespec tick = { 0, 30000000 };
	pthread_t thread;
	sigset_t all, before;

	program_begin(argc, argv, 0);
	null = open("/dev/null", O_WRONLY);
	signal(SIGUSR1, SIG_IGN);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	program_check(!pthread_create(&thread, NULL, strict, NULL) &&
		      !pthread_create(&thread, NULL, without_tsc, NULL), "threads");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (sched_setscheduler(0, POLICY, &priority))
		program_fail("real-time policy: %s", strerror(errno));
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (program_goes_on()) {
		long rounds = atomic_load(&strict_rounds);

		check();
		while (atomic_load(&strict_rounds) == rounds)
			nanosleep(&tick, NULL);
		program_line("as it was");
	}
	program_pass();
}
