// SPDX-License-Identifier: Apache-2.0
/*
 * Threads are made and end all the time, some joined and some detached, each
 * making another one; what they add up must not lose anything.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "program.h"

#define JOINED 6
#define DETACHED 4

static atomic_long detached_sum, detached_count;

static void *leaf(void *argument)
{
	uintptr_t x = (uintptr_t)argument;

	for (int i = 0; i < 3000; i++)
		x = program_mix(x + i);
	return (void *)x;
}

static void *branch(void *argument)
{
	pthread_t thread;
	void *result;

	program_check(!pthread_create(&thread, NULL, leaf, argument), "a leaf");
	program_check(!pthread_join(thread, &result), "a leaf's end");
	return (void *)((uintptr_t)result ^ (uintptr_t)argument);
}

static void *alone(void *argument)
{
	atomic_fetch_add(&detached_sum, (long)(uintptr_t)leaf(argument));
	atomic_fetch_add(&detached_count, 1);
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t x = 5;
	sigset_t term;

	program_begin(argc, argv, 0);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	while (program_goes_on()) {
		pthread_t joined[JOINED], thread;

		atomic_store(&detached_sum, 0);
		atomic_store(&detached_count, 0);
		/* what they inherit: SIGTERM is for the first thread */
		pthread_sigmask(SIG_BLOCK, &term, NULL);
		for (int i = 0; i < JOINED; i++)
			program_check(!pthread_create(&joined[i], NULL, branch,
						      (void *)(uintptr_t)(x + i)), "a branch");
		for (int i = 0; i < DETACHED; i++) {
			program_check(!pthread_create(&thread, NULL, alone,
						      (void *)(uintptr_t)(x - i)), "a thread");
			pthread_detach(thread);
		}
		pthread_sigmask(SIG_UNBLOCK, &term, NULL);
		for (int i = 0; i < JOINED; i++) {
			void *result;

			program_check(!pthread_join(joined[i], &result), "a branch's end");
			x = program_mix(x ^ (uintptr_t)result);
		}
		while (atomic_load(&detached_count) < DETACHED)
			pthread_testcancel();
		x += (uint64_t)atomic_load(&detached_sum);
		program_line("%016llx", (unsigned long long)x);
	}
	program_pass();
}
