// SPDX-License-Identifier: Apache-2.0
/*
 * Three processes in a ring of pipes, of which no one descends from all others:
 * two siblings, whose parent is outside and shares nothing with them, and a child
 * of the second.  The argument says what they have in common:
 *
 *	session	the first leads a session, their parent is outside of it
 *	group	the first leads a process group in the session of their parent,
 *		as a shell does it with a pipeline
 *	plain	nothing more than their parent's group and session
 *	leaderless	a session; the second is in a group whose leader has ended
 *	orphaned	the second is the first's child, in a group and a session whose
 *		leader has ended
 *
 * and what stands against taking them together:
 *
 *	held	a group; the parent has kept an end of a pipe
 *	growing	a group; the parent puts a process more into it all the time
 *
 * Every round a number goes around the ring, and each makes another one of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define MEMBERS 3
#define ALIVE_AT_MOST 1000

struct message {
	uint64_t number;
	pid_t session;
	int strangers;		/* who are not in that session */
	int moved;		/* who are not in the group and session where they began */
};

static int ring[MEMBERS][2];	/* the one that @i reads from */
static pid_t leader;

static void pass_on(int signal)
{
	kill(leader, signal);
}

/* No descriptor but those for reading from @in and writing to @out. */
static void keep(int in, int out)
{
	dup2(in, 10);
	dup2(out, 11);
	syscall(SYS_close_range, 12, ~0U, 0);
	syscall(SYS_close_range, 3, 9, 0);
	for (int fd = 0; fd < 3; fd++)
		dup2(open("/dev/null", O_RDWR), fd);
	syscall(SYS_close_range, 3, 9, 0);
}

static bool hand_on(const struct message *message)
{
	return write(11, message, sizeof(*message)) == sizeof(*message);
}

static bool receive(struct message *message)
{
	ssize_t got;

	do
		got = read(10, message, sizeof(*message));
	while (got < 0 && errno == EINTR && !program_told_to_stop());
	return got == sizeof(*message);
}

__attribute__((noreturn))
static void serve(int number)
{
	const pid_t group = getpgrp(), session = getsid(0);
	struct message message;

	keep(ring[number][0], ring[(number + 1) % MEMBERS][1]);
	signal(SIGTERM, SIG_IGN);
	while (receive(&message)) {
		message.number = program_work(message.number + number);
		message.strangers += getsid(0) != message.session;
		message.moved += getpgrp() != group || getsid(0) != session;
		if (!hand_on(&message))
			break;
	}
	_exit(0);
}

__attribute__((noreturn))
static void second(void)
{
	if (!fork())
		serve(2);
	serve(1);
}

static int lead_group(void)
{
	return setpgid(0, 0);
}

/* One that ends leaves its child to the subreaper; as the leader that it was. */
static void leave_behind(int (*lead)(void))
{
	pid_t pid = fork();

	if (!pid) {
		if (lead)
			lead();
		if (!fork())
			second();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

__attribute__((noreturn))
static void first(int argc, char **argv, const char *what)
{
	const bool leaderless = !strcmp(what, "leaderless"), orphaned = !strcmp(what, "orphaned");
	struct message message = { };

	if (!strcmp(what, "session") || leaderless) {
		setsid();
		leave_behind(leaderless ? lead_group : NULL);
	} else if (orphaned) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		leave_behind(setsid);
	} else if (strcmp(what, "plain")) {
		setpgid(0, 0);
	}
	keep(ring[0][0], ring[1][1]);
	program_begin(argc, argv, 0);
	while (program_goes_on()) {
		message.session = getsid(0);
		message.strangers = message.moved = 0;
		message.number += program_lines();
		if (!hand_on(&message) || !receive(&message)) {
			program_check(program_told_to_stop(), "the ring is broken");
			break;
		}
		/* a session whose leader stays behind is another one from then on */
		program_check(!message.strangers || orphaned || getsid(0) != message.session,
			      "%d are not in session %d", message.strangers, message.session);
		program_check(!message.moved || !(leaderless || orphaned),
			      "%d are in another group or session", message.moved);
		program_line("%016llx", (unsigned long long)message.number);
	}
	program_pass();
}

/*
 * Puts processes into the group until that has ended: they do not live long, but
 * when they are stopped there are more and more of them.
 */
static void grow(void)
{
	const struct timespec moment = { .tv_sec = 2 };
	int alive = 0;

	/* not before the first has written something: it shall be found in peace */
	sleep(2);
	while (!kill(leader, 0)) {
		pid_t pid = alive < ALIVE_AT_MOST ? fork() : -1;

		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			nanosleep(&moment, NULL);
			_exit(0);
		}
		if (pid > 0) {
			setpgid(pid, leader);
			alive++;
		}
		while (alive && waitpid(-leader, NULL, WNOHANG) > 0)
			alive--;
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 3 ? argv[3] : "plain";
	bool makes_second = !strcmp(what, "session") || !strcmp(what, "leaderless") ||
			    !strcmp(what, "orphaned");
	int status = 0;
	pid_t pid;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < MEMBERS; i++)
		if (pipe(ring[i]))
			return 2;
	leader = fork();
	if (!leader)
		first(argc, argv, what);
	signal(SIGTERM, pass_on);
	if (!makes_second) {
		if (strcmp(what, "plain"))
			setpgid(leader, leader);
		pid = fork();
		if (!pid) {
			if (strcmp(what, "plain"))
				setpgid(0, leader);
			second();
		}
	}
	syscall(SYS_close_range, strcmp(what, "held") ? 0 : ring[0][1], ~0U, 0);
	if (!strcmp(what, "growing"))
		grow();
	while ((pid = wait(&status)) > 0 || errno == EINTR)
		if (pid == leader)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
	return 0;
}
