// SPDX-License-Identifier: Apache-2.0
/*
 * Has one of everything that is carried and does nothing with it: for streams
 * that are recorded once and played back many times.  Writes "ready" and, after
 * SIGTERM, the verdict.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define PAGE 4096UL

static void on_signal(int signal)
{
	(void)signal;
}

/* One far away, one whose signal is pending, one of CPU time. */
static void posix_timers(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1 };
	struct itimerspec far_away = { { 9999, 0 }, { 9999, 0 } };
	struct itimerspec at_once = { { 0, 10000000 }, { 0, 1 } };
	timer_t timers[3];

	program_check(!timer_create(CLOCK_MONOTONIC, &event, &timers[0]) &&
		      !timer_create(CLOCK_REALTIME, &event, &timers[1]) &&
		      !timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timers[2]), "timer_create");
	program_check(!timer_settime(timers[0], 0, &far_away, NULL) &&
		      !timer_settime(timers[1], 0, &at_once, NULL) &&
		      !timer_settime(timers[2], 0, &far_away, NULL), "timer_settime");
	usleep(10000);
}

/* Allows everything, so it can be had twice. */
static void confine(unsigned int flags)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	const struct sock_fprog program = { 1, &allow };

	program_check(!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program),
		      "a seccomp filter");
}

int main(int argc, char **argv)
{
	struct itimerval far_away = { { 9999, 0 }, { 9999, 0 } };
	struct timespec long_time = { 99999, 0 };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	stack_t stack = { .ss_size = 16 * PAGE };
	char *memory, *mapped;
	sigset_t blocked;
	int file;

	program_begin(argc, argv, 0);
	stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 7 });
	setitimer(ITIMER_REAL, &far_away, NULL);
	setitimer(ITIMER_PROF, &far_away, NULL);
	posix_timers();

	file = open("/etc/passwd", O_RDONLY);
	dup(file);
	open("/", O_RDONLY | O_DIRECTORY);
	open("/dev/zero", O_RDONLY);
	memory = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	program_check(memory != MAP_FAILED && mapped != MAP_FAILED, "no memory");
	memset(memory, 0x3c, 8 * PAGE);
	mapped[0] = 1;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	confine(SECCOMP_FILTER_FLAG_LOG);
	confine(0);

	program_note("ready");
	while (!program_told_to_stop())
		nanosleep(&long_time, &long_time);
	program_check(memory[0] == 0x3c && mapped[0] == 1, "its memory changed");
	program_pass();
}
