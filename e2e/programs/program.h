/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs that get migrated have in common.
 *
 *	PROGRAM OUTFILE [COUNT [ARGUMENT]]
 *
 * A program writes one line per iteration to OUTFILE, numbered from 1 without a
 * gap, and ends after COUNT lines (0: never) or on SIGTERM.  What a line says
 * depends on its number alone, so an uninterrupted run over the same number of
 * lines must produce the same bytes.  The last word is PASS, or FAIL and why.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Opens OUTFILE (with @flags on top) and takes over SIGTERM. */
void program_begin(int argc, char **argv, int flags);

/* The third argument, or @otherwise. */
long program_argument(long otherwise);
const char *program_word(const char *otherwise);

/* False when the last line was written or SIGTERM has come. */
bool program_goes_on(void);

/* True once SIGTERM has come: why a system call may say EINTR. */
bool program_told_to_stop(void);

/* Writes "NUMBER text"; to be called once per iteration. */
void program_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes a line without a number: what was found at the start. */
void program_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The number of the line written last. */
long program_lines(void);
int program_descriptor(void);
const char *program_path(void);

/* Ends the process; the verdict is the file's last line. */
void program_pass(void) __attribute__((noreturn));
void program_fail(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

#define program_check(condition, ...) \
	do { \
		if (!(condition)) \
			program_fail(__VA_ARGS__); \
	} while (0)

uint64_t program_now_ns(void);	/* CLOCK_MONOTONIC */

/* One step of a 64-bit mixing function: cheap, and every bit matters. */
static inline uint64_t program_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/*
 * An iteration's work, for programs that are not about computing: some of it, and
 * in a run without COUNT a pause of several times as long.  Machines that wait for
 * a program to be moved share their host's processors with others.
 */
uint64_t program_work(uint64_t x);

#endif /* PROGRAM_H */
