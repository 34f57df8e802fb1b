// SPDX-License-Identifier: Apache-2.0
/*
 * Sleeps all the time, in each of the ways there are.  A sleep must never be
 * shorter than asked for, must end by itself rather than with EINTR, and not
 * come much too late.  ARGUMENT: milliseconds of one sleep.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <time.h>

#include "program.h"

#define SECOND 1000000000ULL
/* how late it may be: a migration of a small process and a busy machine */
#define LATE_NS (60 * SECOND)

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ ns / SECOND, ns % SECOND };
}

int main(int argc, char **argv)
{
	static const char *const names[] = {
		"nanosleep", "clock_nanosleep CLOCK_MONOTONIC", "clock_nanosleep TIMER_ABSTIME",
		"clock_nanosleep CLOCK_BOOTTIME",
	};
	uint64_t length, total = 0, begin_all;

	program_begin(argc, argv, 0);
	length = program_argument(400) * 1000000ULL;
	begin_all = program_now_ns();
	while (program_goes_on()) {
		int kind = program_lines() % 4, rc;
		struct timespec wanted = timespec_of(length), left = { -1, -1 };
		uint64_t begin = program_now_ns(), took;

		switch (kind) {
		case 0:
			rc = nanosleep(&wanted, &left) ? errno : 0;
			break;
		case 1:
			rc = clock_nanosleep(CLOCK_MONOTONIC, 0, &wanted, &left);
			break;
		case 2:
			wanted = timespec_of(begin + length);
			rc = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wanted, NULL);
			break;
		default:
			rc = clock_nanosleep(CLOCK_BOOTTIME, 0, &wanted, NULL);
			break;
		}
		took = program_now_ns() - begin;
		if (program_told_to_stop())
			break;
		program_check(!rc, "%s ended with %s", names[kind], strerror(rc));
		program_check(took >= length, "%s took %llu ns, shorter than %llu", names[kind],
			      (unsigned long long)took, (unsigned long long)length);
		program_check(took <= length + LATE_NS, "%s took %llu ns, much longer than %llu",
			      names[kind], (unsigned long long)took, (unsigned long long)length);
		total += length;
		program_check(program_now_ns() - begin_all >= total,
			      "the clock says less time has passed than was slept");
		program_line("slept %s", names[kind]);
	}
	program_pass();
}
