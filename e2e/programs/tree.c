// SPDX-License-Identifier: Apache-2.0
/*
 * A process with children and grandchildren, in sessions and groups of their own,
 * and a zombie. Every round a number goes down the tree by queued signals, each
 * process takes a step of its own and answers upwards. They share no files.
 * The argument is how many children each child has.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

#define CHILDREN 3
#define GRANDCHILDREN_MAX 1000
#define DOWN SIGRTMIN
#define UP (SIGRTMIN + 1)
#define ZOMBIE_CODE 42
#define FAILURE 0xdead

static int grandchildren = 2;		/* or what the argument says */

struct place {
	pid_t pid, parent, group, session;
};

static struct place where(void)
{
	return (struct place){ getpid(), getppid(), getpgrp(), getsid(0) };
}

static bool same(const struct place *a, const struct place *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void tell(pid_t pid, int signal, unsigned int number)
{
	const union sigval value = { .sival_int = number };

	while (sigqueue(pid, signal, value)) {
		if (errno != EAGAIN)
			_exit(3);
		sched_yield();
	}
}

/* The next signal of the two; the number that came with it. */
static unsigned int hear(int signal)
{
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	while (sigwaitinfo(&set, &info) != signal)
		if (errno != EINTR || program_told_to_stop())
			return FAILURE;
	return info.si_value.sival_int;
}

static void alone(void)
{
	syscall(SYS_close_range, 0, ~0U, 0);
	for (int fd = 0; fd < 3; fd++)
		open("/dev/null", O_RDWR);
	/* whoever loses its parent must not stay */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_IGN);
}

static unsigned int step(unsigned int x, unsigned int number)
{
	for (int i = 0; i < 10000; i++)
		x = program_mix(x + number + i);
	return x & 0xffffff;
}

/* Answers its parent for ever, its own children's answers included. */
static void serve(unsigned int x, const pid_t *children, int count)
{
	const struct place begin = where();

	for (;;) {
		unsigned int number = hear(DOWN), sum;
		struct place now = where();

		x = step(x, number);
		sum = x;
		for (int i = 0; i < count; i++)
			tell(children[i], DOWN, number);
		for (int i = 0; i < count; i++)
			sum += hear(UP);
		tell(getppid(), UP, same(&begin, &now) ? sum & 0xffffff : FAILURE << 8);
	}
}

static pid_t grandchild(int number)
{
	pid_t pid = fork();

	if (!pid) {
		alone();
		if (number)
			setpgid(0, 0);
		serve(100 + number, NULL, 0);
	}
	return pid;
}

static pid_t child(int number)
{
	pid_t pid = fork(), children[GRANDCHILDREN_MAX];

	if (pid)
		return pid;
	alone();
	/* one child is born into the old session, the others into the new one */
	children[0] = grandchild(0);
	if (number == 1)
		setsid();
	else if (number == 2)
		setpgid(0, 0);
	for (int i = 1; i < grandchildren; i++)
		children[i] = grandchild(i);
	serve(number, children, grandchildren);
	return 0;
}

static void nothing(int signal)
{
	(void)signal;
}

__attribute__((noreturn))
static void end(void)
{
	sigset_t blocked;

	signal(SIGHUP, SIG_IGN);
	signal(SIGWINCH, nothing);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGURG);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	prctl(PR_SET_NAME, "late child");
	_exit(ZOMBIE_CODE);
}

/* A line of /proc/PID/status behind its name. */
static const char *said_of(const char *status, const char *what)
{
	const char *line = strstr(status, what);

	program_check(line, "%s of the zombie is not told", what);
	return line + strlen(what);
}

static bool has_signal(const char *status, const char *set, int signal)
{
	return strtoull(said_of(status, set), NULL, 16) >> (signal - 1) & 1;
}

/* What /proc still says about it; some signals are ignored by whoever started us. */
static void check_remains(pid_t zombie)
{
	char path[64], status[4096];
	const char *name;
	size_t got;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", zombie);
	file = fopen(path, "r");
	program_check(file, "%s: %s", path, strerror(errno));
	got = fread(status, 1, sizeof(status) - 1, file);
	fclose(file);
	status[got] = '\0';
	name = said_of(status, "Name:\t");
	program_check(!strncmp(name, "late child\n", 11), "the zombie is called %.16s", name);
	program_check(*said_of(status, "State:\t") == 'Z', "the zombie is none");
	program_check(atoi(said_of(status, "Uid:\t")) == (int)getuid() &&
		      atoi(said_of(status, "Gid:\t")) == (int)getgid(),
		      "the zombie is somebody else's");
	program_check(has_signal(status, "SigBlk:\t", SIGURG) &&
		      has_signal(status, "SigIgn:\t", SIGHUP) &&
		      has_signal(status, "SigCgt:\t", SIGWINCH) &&
		      !has_signal(status, "SigBlk:\t", SIGHUP) &&
		      !has_signal(status, "SigCgt:\t", SIGURG),
		      "the zombie has other signal sets");
}

static void check_zombie(pid_t zombie)
{
	siginfo_t info = { };

	program_check(!waitid(P_PID, zombie, &info, WEXITED | WNOHANG | WNOWAIT),
		      "the zombie is gone: %s", strerror(errno));
	program_check(info.si_pid == zombie && info.si_code == CLD_EXITED &&
		      info.si_status == ZOMBIE_CODE, "the zombie %d says code %d, status %d",
		      info.si_pid, info.si_code, info.si_status);
	check_remains(zombie);
}

int main(int argc, char **argv)
{
	pid_t children[CHILDREN], zombie;
	struct place begin, now;
	siginfo_t info;
	sigset_t set;

	program_begin(argc, argv, 0);
	grandchildren = program_argument(grandchildren);
	program_check(grandchildren > 0 && grandchildren <= GRANDCHILDREN_MAX,
		      "not so many grandchildren");
	sigemptyset(&set);
	sigaddset(&set, DOWN);
	sigaddset(&set, UP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < CHILDREN; i++)
		program_check((children[i] = child(i)) > 0, "fork: %s", strerror(errno));
	zombie = fork();
	if (!zombie)
		end();
	program_check(!waitid(P_PID, zombie, &info, WEXITED | WNOWAIT), "the zombie");
	begin = where();
	while (program_goes_on()) {
		unsigned int sum = 0;

		for (int i = 0; i < CHILDREN; i++)
			tell(children[i], DOWN, program_lines());
		for (int i = 0; i < CHILDREN; i++)
			sum += hear(UP);
		if (program_told_to_stop())
			break;
		check_zombie(zombie);
		now = where();
		/* the first parent may be left behind, and its group with it */
		now.parent = begin.parent;
		now.group = begin.group;
		now.session = begin.session;
		program_check(same(&begin, &now), "PID %d was %d", now.pid, begin.pid);
		program_line("%06x", sum & 0xffffff);
	}
	for (int i = 0; i < CHILDREN; i++) {
		kill(children[i], SIGKILL);
		program_check(waitpid(children[i], NULL, 0) == children[i], "child %d is not ours",
			      i);
	}
	program_check(waitpid(zombie, NULL, 0) == zombie, "the zombie is not ours");
	program_pass();
}
