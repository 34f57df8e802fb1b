// SPDX-License-Identifier: Apache-2.0
/*
 * Eight busy threads and the one that drives them: every round each takes a
 * step of its own, is sent a signal of its own, and adds to a sum behind a lock;
 * a condition variable starts and ends the round.  What the kernel knows about
 * each thread for itself must stay what it was.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "program.h"

#define THREADS 8
#define STACK 65536

struct worker {
	pthread_t thread;
	pid_t tid;
	int number;
	char *stack;		/* the alternate one */
	char *handled_at;	/* where the last handler's frame was */
	uint64_t x;
};

static struct worker workers[THREADS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t begin = PTHREAD_COND_INITIALIZER, end = PTHREAD_COND_INITIALIZER;
static long round_due;
static int done;
static uint64_t sum;

static __thread volatile long signals;
static __thread uint64_t in_tls;
static __thread struct worker *self;

static void on_signal(int signal)
{
	char here;

	(void)signal;
	signals = signals + 1;
	self->handled_at = &here;
}

static void set_up(struct worker *w)
{
	stack_t alternate = { .ss_sp = w->stack, .ss_size = STACK };
	struct sched_param param = { };
	char name[16];
	sigset_t set;

	self = w;
	w->tid = gettid();
	in_tls = 1000 * w->number;
	program_check(!sigaltstack(&alternate, NULL), "sigaltstack");
	snprintf(name, sizeof(name), "worker-%d", w->number);
	prctl(PR_SET_NAME, name);
	setpriority(PRIO_PROCESS, w->tid, w->number);
	if (w->number == 3)
		program_check(!sched_setscheduler(0, SCHED_BATCH, &param), "SCHED_BATCH");

	/* one that stays pending for ever, in every other thread */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	if (w->number % 2) {
		pthread_sigmask(SIG_BLOCK, &set, NULL);
		syscall(SYS_tgkill, getpid(), w->tid, SIGUSR2);
	}
}

static void check_self(struct worker *w)
{
	stack_t alternate;
	sigset_t mask, pending;
	char name[16], expected[16];

	program_check(self == w && in_tls == 1000ULL * w->number + round_due - 1,
		      "thread %d: its thread-local variables changed", w->number);
	in_tls++;
	program_check(gettid() == w->tid, "thread %d: TID %d, was %d", w->number, gettid(),
		      w->tid);
	program_check(!sigaltstack(NULL, &alternate) && alternate.ss_sp == w->stack &&
		      alternate.ss_size == STACK, "thread %d: another alternate stack",
		      w->number);
	prctl(PR_GET_NAME, name);
	snprintf(expected, sizeof(expected), "worker-%d", w->number);
	program_check(!strcmp(name, expected), "thread %d: its name is %s", w->number, name);
	errno = 0;
	program_check(getpriority(PRIO_PROCESS, w->tid) == w->number, "thread %d: nice %d",
		      w->number, getpriority(PRIO_PROCESS, w->tid));
	program_check(sched_getscheduler(0) == (w->number == 3 ? SCHED_BATCH : SCHED_OTHER),
		      "thread %d: policy %d", w->number, sched_getscheduler(0));
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	sigpending(&pending);
	program_check(sigismember(&mask, SIGUSR2) == w->number % 2 &&
		      sigismember(&pending, SIGUSR2) == w->number % 2,
		      "thread %d: SIGUSR2 is %s and %s", w->number,
		      sigismember(&mask, SIGUSR2) ? "blocked" : "not blocked",
		      sigismember(&pending, SIGUSR2) ? "pending" : "not pending");
}

static void *work(void *argument)
{
	struct worker *w = argument;
	long round = 0;

	set_up(w);
	pthread_mutex_lock(&lock);
	done++;
	pthread_cond_signal(&end);
	for (;;) {
		while (round_due == round)
			pthread_cond_wait(&begin, &lock);
		round++;
		program_check(round_due == round, "thread %d: it missed a round", w->number);
		pthread_mutex_unlock(&lock);

		for (int i = 0; i < 20000; i++)
			w->x = program_mix(w->x + i);
		check_self(w);
		while (signals < round)
			sched_yield();
		program_check(signals == round, "thread %d: %ld signals in round %ld", w->number,
			      signals, round);
		program_check(w->handled_at > w->stack && w->handled_at < w->stack + STACK,
			      "thread %d: its handler ran on another stack", w->number);

		pthread_mutex_lock(&lock);
		sum += w->x;
		if (++done == THREADS)
			pthread_cond_signal(&end);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_RESTART };
	sigset_t term;

	program_begin(argc, argv, 0);
	sigaction(SIGUSR1, &action, NULL);
	/* the workers leave it to us */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	for (int i = 0; i < THREADS; i++) {
		workers[i].number = i;
		workers[i].x = i;
		workers[i].stack = malloc(STACK);
		program_check(!pthread_create(&workers[i].thread, NULL, work, &workers[i]),
			      "thread %d", i);
	}
	pthread_sigmask(SIG_UNBLOCK, &term, NULL);

	pthread_mutex_lock(&lock);
	while (done < THREADS)
		pthread_cond_wait(&end, &lock);
	while (program_goes_on()) {
		done = 0;
		sum = 0;
		round_due++;
		pthread_cond_broadcast(&begin);
		pthread_mutex_unlock(&lock);
		for (int i = 0; i < THREADS; i++)
			program_check(!syscall(SYS_tgkill, getpid(), workers[i].tid, SIGUSR1),
				      "thread %d is gone", i);
		pthread_mutex_lock(&lock);
		while (done < THREADS)
			pthread_cond_wait(&end, &lock);
		program_line("%016llx", (unsigned long long)sum);
	}
	program_pass();
}
