// SPDX-License-Identifier: Apache-2.0
/*
 * Waits that are carried on rather than begun again: poll, ppoll, select and
 * futex, each with a timeout and nothing that could end it earlier.
 * ARGUMENT: milliseconds of one wait.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define MILLISECOND 1000000ULL
#define LATE_NS (60000 * MILLISECOND)

static uint32_t word = 42;

static int wait_futex(const struct timespec *timeout)
{
	int rc = syscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 42, timeout, NULL, 0);

	/* the timeout is this one's success */
	if (rc < 0 && errno == ETIMEDOUT)
		return 0;
	return rc < 0 ? -1 : 1;
}

int main(int argc, char **argv)
{
	static const char *const names[] = {
		"poll without descriptors", "poll", "futex", "ppoll", "select",
	};
	long milliseconds;

	program_begin(argc, argv, 0);
	milliseconds = program_argument(400);
	while (program_goes_on()) {
		const struct timespec ts = {
			milliseconds / 1000, milliseconds % 1000 * MILLISECOND
		};
		struct timeval tv = { milliseconds / 1000, milliseconds % 1000 * 1000 };
		/* a regular file is always ready, but nobody asks for that here */
		struct pollfd p[2] = { { program_descriptor(), 0, 0x55 }, { -1, POLLIN, 0x55 } };
		int kind = program_lines() % 5, rc;
		uint64_t begin = program_now_ns(), took;

		errno = 0;
		switch (kind) {
		case 0:
			rc = poll(NULL, 0, milliseconds);
			break;
		case 1:
			rc = poll(p, 2, milliseconds);
			break;
		case 2:
			rc = wait_futex(&ts);
			break;
		case 3:
			rc = ppoll(p, 2, &ts, NULL);
			break;
		default:
			rc = select(0, NULL, NULL, NULL, &tv);
			break;
		}
		took = program_now_ns() - begin;
		if (program_told_to_stop())
			break;
		program_check(!rc, "%s returned %d: %s", names[kind], rc, strerror(errno));
		program_check(took >= milliseconds * MILLISECOND, "%s took %llu ns, too short",
			      names[kind], (unsigned long long)took);
		program_check(took <= milliseconds * MILLISECOND + LATE_NS,
			      "%s took %llu ns, much too long", names[kind],
			      (unsigned long long)took);
		program_check(kind != 1 || (!p[0].revents && !p[1].revents),
			      "poll wrote 0x%x 0x%x", p[0].revents, p[1].revents);
		program_line("waited in %s", names[kind]);
	}
	program_pass();
}
