// SPDX-License-Identifier: Apache-2.0
/*
 * A terminal emulator with a shell and a job: the first process has the master
 * of a pseudo-terminal, its child leads the session that the terminal controls,
 * and a grandchild is the process group in the foreground, which knows the
 * terminal only as /dev/tty.  Lines that are typed are answered, and ^C interrupts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "program.h"

#define HUNG_UP 7

static volatile sig_atomic_t interrupts;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupts++;
}

static void on_hangup(int signal)
{
	(void)signal;
	_exit(HUNG_UP);
}

static void say(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fd, text, left);

		/* A terminal's write is interrupted even before its first byte. */
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			_exit(1);
		if (n > 0) {
			text += n;
			left -= n;
		}
	}
}

/* Reads lines and answers them until it is told to quit. */
static void job(void)
{
	const struct sigaction action = { .sa_handler = on_interrupt };
	struct pollfd typed = { .fd = open("/dev/tty", O_RDWR), .events = POLLIN };
	char line[64], answer[80];
	int terminal = typed.fd, answered = 0;
	sigset_t blocked, before;

	/* it comes only while we wait */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	sigaction(SIGINT, &action, NULL);
	while (terminal >= 0) {
		ssize_t n;

		if (ppoll(&typed, 1, NULL, &before) < 0) {
			if (interrupts == answered)
				continue;
			snprintf(answer, sizeof(answer), "interrupt %d\n", ++answered);
			say(terminal, answer);
			continue;
		}
		n = read(terminal, line, sizeof(line) - 1);
		if (n <= 0 || !strncmp(line, "quit", 4))
			break;
		line[n] = '\0';
		snprintf(answer, sizeof(answer), "pid %s, %s",
			 tcgetpgrp(terminal) == getpid() ? "right" : "wrong", line);
		say(terminal, answer);
	}
	_exit(terminal < 0);
}

static void shell(const char *path)
{
	int terminal, status;
	pid_t pid;

	signal(SIGTTOU, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, on_hangup);
	setsid();
	/* no O_NOCTTY: this makes it the controlling terminal */
	terminal = open(path, O_RDWR);
	pid = fork();
	if (!pid) {
		signal(SIGTTOU, SIG_IGN);
		setpgid(0, 0);
		tcsetpgrp(terminal, getpid());
		close(terminal);
		job();
	}
	if (waitpid(pid, &status, 0) != pid || status)
		_exit(1);
	say(terminal, tcgetsid(terminal) == getpid() && !tcsetpgrp(terminal, getpid()) ?
	    "shell\n" : "lost\n");
	for (;;)
		pause();
}

static void expect_answer(int master, const char *text)
{
	struct pollfd ready = { .fd = master, .events = POLLIN };
	size_t length = strlen(text), got = 0;
	char answer[128];

	while (got < length) {
		ssize_t n;

		program_check(poll(&ready, 1, 20000) > 0 || errno == EINTR,
			      "no answer but '%.*s', '%s' is due", (int)got, answer, text);
		n = read(master, answer + got, length - got);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		program_check(n > 0, "the terminal is gone: %s", strerror(errno));
		got += n;
	}
	program_check(!memcmp(answer, text, length), "'%.*s', '%s' is due", (int)got, answer,
		      text);
}

static int make_terminal(char *path, size_t size)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK), unlocked = 0, number;
	struct termios settings;

	program_check(master >= 0 && !ioctl(master, TIOCSPTLCK, &unlocked) &&
		      !ioctl(master, TIOCGPTN, &number), "a terminal: %s", strerror(errno));
	snprintf(path, size, "/dev/pts/%d", number);
	tcgetattr(master, &settings);
	settings.c_oflag = 0;
	settings.c_lflag = ICANON | ISIG | IEXTEN | NOFLSH;
	tcsetattr(master, TCSANOW, &settings);
	return master;
}

int main(int argc, char **argv)
{
	char path[64], text[64], due[80];
	int master, status, interrupted = 0;
	pid_t pid;

	program_begin(argc, argv, 0);
	master = make_terminal(path, sizeof(path));
	pid = fork();
	if (!pid) {
		signal(SIGTERM, SIG_DFL);
		close(master);
		shell(path);
	}
	while (program_goes_on()) {
		snprintf(text, sizeof(text), "line %ld\n", program_lines());
		say(master, text);
		snprintf(due, sizeof(due), "pid right, %s", text);
		expect_answer(master, due);
		if (program_lines() % 3 == 2) {
			say(master, "\003");
			snprintf(due, sizeof(due), "interrupt %d\n", ++interrupted);
			expect_answer(master, due);
		}
		program_line("answered");
	}
	say(master, "quit\n");
	expect_answer(master, "shell\n");
	close(master);
	program_check(waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
		      WEXITSTATUS(status) == HUNG_UP, "the shell was not hung up: %#x", status);
	program_pass();
}
