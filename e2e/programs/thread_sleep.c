// SPDX-License-Identifier: Apache-2.0
/*
 * Threads that wait in the kernel, each in another way.  No wait may be shorter
 * than asked for or end with EINTR.  ARGUMENT: milliseconds of one wait.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define SECOND 1000000000ULL
#define LATE_NS (60 * SECOND)

static uint64_t length;
static pthread_barrier_t barrier;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t monotonic;
static int never = 1;

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ ns / SECOND, ns % SECOND };
}

static int by_nanosleep(void)
{
	struct timespec wanted = timespec_of(length), left;

	return nanosleep(&wanted, &left) ? errno : 0;
}

static int by_futex(void)
{
	struct timespec wanted = timespec_of(length);

	syscall(SYS_futex, &never, FUTEX_WAIT_PRIVATE, 1, &wanted, NULL, 0);
	return errno == ETIMEDOUT ? 0 : errno;
}

static int by_condition(void)
{
	struct timespec until = timespec_of(program_now_ns() + length);
	int rc;

	pthread_mutex_lock(&lock);
	do
		rc = pthread_cond_timedwait(&monotonic, &lock, &until);
	while (!rc);
	pthread_mutex_unlock(&lock);
	return rc == ETIMEDOUT ? 0 : rc;
}

static int by_poll(void)
{
	return poll(NULL, 0, length / 1000000) ? errno : 0;
}

static int by_absolute_sleep(void)
{
	struct timespec until = timespec_of(program_now_ns() + length);

	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static const struct way {
	const char *name;
	int (*wait)(void);
} ways[] = {
	{ "nanosleep", by_nanosleep },
	{ "futex", by_futex },
	{ "condition variable", by_condition },
	{ "poll", by_poll },
	{ "absolute sleep", by_absolute_sleep },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void *sleep_for_ever(void *argument)
{
	const struct way *way = argument;

	for (;;) {
		uint64_t begin = program_now_ns(), took;
		int error = way->wait();

		took = program_now_ns() - begin;
		program_check(!error, "%s ended with %s", way->name, strerror(error));
		program_check(took >= length && took <= length + LATE_NS,
			      "%s took %llu ns instead of %llu", way->name,
			      (unsigned long long)took, (unsigned long long)length);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_condattr_t attributes;
	pthread_t thread;
	sigset_t term;

	program_begin(argc, argv, 0);
	length = program_argument(300) * 1000000ULL;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&monotonic, &attributes);
	pthread_barrier_init(&barrier, NULL, WAYS + 1);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	for (size_t i = 0; i < WAYS; i++)
		program_check(!pthread_create(&thread, NULL, sleep_for_ever, (void *)&ways[i]),
			      "a thread for %s", ways[i].name);
	pthread_sigmask(SIG_UNBLOCK, &term, NULL);
	while (program_goes_on()) {
		pthread_barrier_wait(&barrier);
		program_line("all %zu have slept", WAYS);
	}
	program_pass();
}
