// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

static const char *path, *word;
static int out = -1;
static long count, lines;
static volatile sig_atomic_t stop;

static void on_term(int signal)
{
	(void)signal;
	stop = 1;
}

static void put(const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(out, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fprintf(stderr, "%s: write: %s\n", path, strerror(errno));
			_exit(2);
		}
		text += n;
		length -= n;
	}
}

void program_begin(int argc, char **argv, int flags)
{
	struct sigaction action = { .sa_handler = on_term };

	if (argc < 2 || argc > 4) {
		fprintf(stderr, "usage: %s OUTFILE [COUNT [ARGUMENT]]\n", argv[0]);
		exit(2);
	}
	path = argv[1];
	count = argc > 2 ? atol(argv[2]) : 0;
	word = argc > 3 ? argv[3] : NULL;
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | flags, 0644);
	if (out < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(2);
	}
	sigaction(SIGTERM, &action, NULL);
}

long program_argument(long otherwise)
{
	return word ? atol(word) : otherwise;
}

const char *program_word(const char *otherwise)
{
	return word ? word : otherwise;
}

bool program_told_to_stop(void)
{
	return stop;
}

bool program_goes_on(void)
{
	return !stop && (!count || lines < count);
}

static size_t form(char *text, size_t size, const char *format, va_list args)
{
	int n = vsnprintf(text, size - 1, format, args);

	if (n < 0)
		n = 0;
	if ((size_t)n > size - 2)
		n = size - 2;
	text[n++] = '\n';
	return n;
}

void program_line(const char *format, ...)
{
	static uint64_t before;
	char text[512];
	va_list args;
	size_t used;

	/* whatever a program is about, its time must not run backwards */
	program_check(program_now_ns() >= before, "CLOCK_MONOTONIC went back");
	before = program_now_ns();

	/* one write per line: a reader never sees half of it */
	used = snprintf(text, sizeof(text), "%ld ", ++lines);
	va_start(args, format);
	used += form(text + used, sizeof(text) - used, format, args);
	va_end(args);
	put(text, used);
}

void program_note(const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	put(text, form(text, sizeof(text), format, args));
	va_end(args);
}

long program_lines(void)
{
	return lines;
}

int program_descriptor(void)
{
	return out;
}

const char *program_path(void)
{
	return path;
}

void program_pass(void)
{
	put("PASS\n", 5);
	_exit(0);
}

void program_fail(const char *format, ...)
{
	char text[512] = "FAIL ";
	va_list args;

	va_start(args, format);
	put(text, 5 + form(text + 5, sizeof(text) - 5, format, args));
	va_end(args);
	_exit(1);
}

uint64_t program_work(uint64_t x)
{
	const struct timespec pause = { 0, 8000000 };

	for (int i = 0; i < 100000; i++)
		x = program_mix(x + i);
	if (!count)
		nanosleep(&pause, NULL);
	return x;
}

uint64_t program_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}
