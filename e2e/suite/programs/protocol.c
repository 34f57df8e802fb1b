// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *filename;
const char *dirname;

static const char *pidfile;
static const char *outfile;
static volatile sig_atomic_t terminated;
static int ready_end;

static void on_term(int number)
{
	(void)number;
	terminated = 1;
}

static void usage(const char *missing)
{
	fprintf(stderr, "--%s is missing; options: --pidfile=FILE --outfile=FILE [--filename=FILE] [--dirname=DIR]\n",
		missing);
	exit(2);
}

static void parse(int argc, char **argv, enum needs needs)
{
	const struct {
		const char *name;
		const char **value;
		bool needed;
	} options[] = {
		{ "pidfile", &pidfile, true },
		{ "outfile", &outfile, true },
		{ "filename", &filename, needs == NEEDS_FILE },
		{ "dirname", &dirname, needs == NEEDS_DIRECTORY },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		size_t length = strlen(options[i].name);

		for (int j = 1; j < argc; j++)
			if (!strncmp(argv[j], "--", 2) && !strncmp(argv[j] + 2, options[i].name, length) &&
			    argv[j][2 + length] == '=')
				*options[i].value = argv[j] + 3 + length;
		if (options[i].needed && !*options[i].value)
			usage(options[i].name);
	}
}

/* The pid file appears whole, or not at all. */
static void write_pid(pid_t pid)
{
	char draft[4096];
	FILE *file;

	snprintf(draft, sizeof(draft), "%s.draft", pidfile);
	file = fopen(draft, "w");
	if (!file || fprintf(file, "%d\n", pid) < 0 || fclose(file) || rename(draft, pidfile)) {
		perror(pidfile);
		exit(1);
	}
}

void begin(int argc, char **argv, enum needs needs)
{
	struct sigaction action = { .sa_handler = on_term };
	int ends[2], out, null, status;
	sigset_t term;
	pid_t pid;
	char byte;

	parse(argc, argv, needs);
	if (pipe(ends)) {
		perror("pipe");
		exit(1);
	}
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (pid) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) == 1) {
			write_pid(pid);
			exit(0);
		}
		waitpid(pid, &status, 0);
		fprintf(stderr, "the program ended before it was ready\n");
		exit(1);
	}
	close(ends[0]);
	ready_end = ends[1];
	setsid();
	/* Blocked except while waiting, so that it cannot come between a look and a sleep. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	sigaction(SIGTERM, &action, NULL);
	out = open(outfile, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0644);
	null = open("/dev/null", O_RDONLY);
	if (out < 0 || null < 0) {
		perror(outfile);
		exit(1);
	}
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	close(null);
	close(out);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

void ready(void)
{
	MUST(write(ready_end, "", 1) == 1);
	close(ready_end);
}

/* Lets SIGTERM in, and nothing that the program itself has blocked. */
static void suspend(void)
{
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	sigdelset(&mask, SIGTERM);
	sigsuspend(&mask);
}

bool running(void)
{
	sigset_t pending;

	sigpending(&pending);
	if (sigismember(&pending, SIGTERM))
		suspend();
	return !terminated;
}

void await_end(void)
{
	while (!terminated)
		suspend();
}

void fail(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	if (error)
		printf(": %s", strerror(error));
	printf("\nFAIL\n");
	exit(1);
}

void pass(void)
{
	printf("PASS\n");
	exit(0);
}

static unsigned char byte_of(unsigned int number, size_t at)
{
	return (number * 2654435761u + at * 40503u) >> 7;
}

void pattern(unsigned char *at, size_t bytes, unsigned int number)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = byte_of(number, i);
}

bool is_pattern(const unsigned char *at, size_t bytes, unsigned int number)
{
	for (size_t i = 0; i < bytes; i++)
		if (at[i] != byte_of(number, i))
			return false;
	return true;
}
