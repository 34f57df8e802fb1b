/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol of the suite's programs: --pidfile=F --outfile=F, for some --filename=F or
 * --dirname=D.  The first process ends once the pid file of the second is there; that one works
 * until SIGTERM, checks itself, and the last word of the outfile is PASS or FAIL.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

/* Values of --filename and --dirname; a program that reads one insists on it. */
extern const char *filename;
extern const char *dirname;

enum needs { NEEDS_NOTHING, NEEDS_FILE, NEEDS_DIRECTORY };

/* Reads the options and leaves the terminal; returns in the second process. */
void begin(int argc, char **argv, enum needs needs);

/* Everything is set up: the first process may end, the program may be moved. */
void ready(void);

/* Whether SIGTERM has not come yet. */
bool running(void);

/* Sleeps until SIGTERM comes. */
void await_end(void);

/* Says why and ends with FAIL; errno is told if it is not 0. */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Ends with PASS. */
void pass(void) __attribute__((noreturn));

/* Fails unless a call has worked. */
#define MUST(condition)                                          \
	do {                                                     \
		if (!(condition))                                \
			fail("%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

/* Fills with, and checks for, bytes that follow from a number. */
void pattern(unsigned char *at, size_t bytes, unsigned int number);
bool is_pattern(const unsigned char *at, size_t bytes, unsigned int number);

#endif
