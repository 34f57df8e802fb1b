// SPDX-License-Identifier: Apache-2.0
/*
 * Children that job control has stopped.  One goes on for a moment every round,
 * exactly where it was; the others show their parent the same all the time: a stop
 * that it has asked for, one that it has not, and a continuation that it has not.
 * One has threads, which are asleep and busy.  They share no files.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define DOWN SIGRTMIN
#define UP (SIGRTMIN + 1)
#define DUE (SIGRTMIN + 2)
#define THREADS 3

static pid_t worker, asked, unasked, continued, sleeper;

static void tell(pid_t pid, int signal, int number)
{
	while (sigqueue(pid, signal, (union sigval){ .sival_int = number }) && errno == EAGAIN)
		usleep(1000);
}

/* The number that comes with @signal within @ms, or -1. */
static int hear(int signal, long ms)
{
	const struct timespec limit = { ms / 1000, ms % 1000 * 1000000 };
	siginfo_t info;
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, signal);
	do {
		ret = sigtimedwait(&set, &info, &limit);
	} while (ret < 0 && errno == EINTR);
	return ret == signal ? info.si_value.sival_int : -1;
}

static void alone(void)
{
	syscall(SYS_close_range, 0, ~0U, 0);
	for (int fd = 0; fd < 3; fd++)
		open("/dev/null", O_RDWR);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_IGN);
}

static volatile int turns[THREADS];

static void *turn(void *number)
{
	volatile uint64_t x = 1;

	while (true) {
		if (number == &turns[0])
			usleep(100);
		else
			x = program_mix(x);
		(*(volatile int *)number)++;
	}
	return NULL;
}

/* Answers what it is told, plus one each time; its threads go on meanwhile. */
static void work(void)
{
	pthread_t thread;
	int count = 0;

	alone();
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, turn, (void *)&turns[i]))
			_exit(2);
	while (true) {
		int number = hear(DOWN, 1000000), before[THREADS];

		memcpy(before, (const void *)turns, sizeof(before));
		for (int i = 0; i < THREADS; i++)
			while (turns[i] == before[i])
				usleep(100);
		tell(getppid(), UP, number + ++count);
	}
}

/* Asleep until a time that comes while it is stopped. */
static void doze(void)
{
	/* long enough to be stopped before it is over, on whatever machine */
	const struct timespec while_stopped = { 3, 0 };
	int ret;

	alone();
	ret = nanosleep(&while_stopped, NULL);
	tell(getppid(), DUE, ret ? 1000 + errno : 7);
	while (true)
		pause();
}

static void idle(void)
{
	alone();
	while (true)
		pause();
}

static pid_t child(void (*what)(void))
{
	pid_t pid = fork();

	if (!pid) {
		what();
		_exit(3);
	}
	program_check(pid > 0, "fork: %s", strerror(errno));
	return pid;
}

/* SIGTERM may come at any time. */
static void await(pid_t pid, siginfo_t *info, int options)
{
	int ret;

	do {
		ret = waitid(P_PID, pid, info, options);
	} while (ret && errno == EINTR);
	program_check(!ret, "waitid: %s", strerror(errno));
}

static void stop(pid_t pid, int signal, int options)
{
	siginfo_t info;

	program_check(!kill(pid, signal), "kill");
	await(pid, &info, WSTOPPED | options);
	program_check(info.si_pid == pid && info.si_code == CLD_STOPPED &&
		      info.si_status == signal, "child %d: code %d, status %d", pid,
		      info.si_code, info.si_status);
}

/* What waitid() says at once: 0, or the code and status. */
static int look(pid_t pid, int options)
{
	siginfo_t info = { };

	program_check(!waitid(P_PID, pid, &info, options | WNOHANG | WNOWAIT), "waitid: %s",
		      strerror(errno));
	return info.si_pid ? info.si_code << 8 | info.si_status : 0;
}

static char state(pid_t pid)
{
	char name[64], text[512], *at;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	file = fopen(name, "r");
	program_check(file && fgets(text, sizeof(text), file), "%s", name);
	fclose(file);
	at = strrchr(text, ')');
	return at ? at[2] : '?';
}

/* It stops once its threads have noticed; a moment for a slow machine. */
static void check_stopped(pid_t pid)
{
	for (int i = 0; i < 1000 && state(pid) != 'T'; i++)
		usleep(10000);
	program_check(state(pid) == 'T', "child %d is %c, not stopped", pid, state(pid));
}

static void begin(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, DOWN);
	sigaddset(&set, UP);
	sigaddset(&set, DUE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	worker = child(work);
	asked = child(idle);
	unasked = child(idle);
	continued = child(idle);
	sleeper = child(doze);
	stop(worker, SIGSTOP, 0);
	stop(asked, SIGSTOP, 0);
	stop(unasked, SIGSTOP, WNOWAIT);
	stop(continued, SIGSTOP, 0);
	kill(continued, SIGCONT);
	while (!look(continued, WCONTINUED))
		usleep(1000);
	usleep(10000);
	stop(sleeper, SIGSTOP, 0);
}

static void check_all(void)
{
	program_check(!look(asked, WSTOPPED | WCONTINUED), "a stop is told twice");
	check_stopped(asked);
	program_check(look(unasked, WSTOPPED) == (CLD_STOPPED << 8 | SIGSTOP),
		      "a stop says %#x", look(unasked, WSTOPPED));
	check_stopped(unasked);
	program_check(look(continued, WCONTINUED) == (CLD_CONTINUED << 8 | SIGCONT) &&
		      !look(continued, WSTOPPED), "a continuation says %#x",
		      look(continued, WCONTINUED | WSTOPPED));
	program_check(state(continued) != 'T', "what was continued is stopped");
	check_stopped(sleeper);
	program_check(hear(DUE, 0) < 0, "what is stopped has woken up");
}

static void round_of_work(void)
{
	siginfo_t info;
	int answer;

	tell(worker, DOWN, 1000);
	program_check(hear(UP, 5) < 0, "what is stopped has answered");
	check_stopped(worker);
	program_check(!look(worker, WSTOPPED | WCONTINUED), "a stop is told twice");
	kill(worker, SIGCONT);
	await(worker, &info, WCONTINUED);
	program_check(info.si_code == CLD_CONTINUED, "child %d: code %d", worker, info.si_code);
	answer = hear(UP, 60000);
	program_check(answer == 1000 + program_lines() + 1, "the answer is %d", answer);
	stop(worker, SIGSTOP, 0);
}

static void end(pid_t pid)
{
	int status;

	program_check(!kill(pid, SIGKILL) && waitpid(pid, &status, 0) == pid &&
		      WIFSIGNALED(status), "child %d", pid);
}

int main(int argc, char **argv)
{
	siginfo_t info;

	program_begin(argc, argv, 0);
	begin();
	while (program_goes_on()) {
		check_all();
		round_of_work();
		program_line("%d", (int)program_mix(program_lines()));
	}

	check_all();
	kill(sleeper, SIGCONT);
	program_check(hear(DUE, 60000) == 7, "the sleeper did not end its sleep");
	await(unasked, &info, WSTOPPED);
	program_check(!look(unasked, WSTOPPED), "a stop is told twice");
	kill(unasked, SIGCONT);
	await(unasked, &info, WCONTINUED);
	end(worker);
	end(asked);
	end(unasked);
	end(continued);
	end(sleeper);
	program_pass();
}
