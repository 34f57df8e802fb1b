// SPDX-License-Identifier: Apache-2.0
/*
 * Seccomp filters: the first thread has two, one thread a third on top of them, a
 * child the first two, and a thread from before has none.  That they are still
 * the same ones, and not merely alike, shows in the end: the kernel lets a
 * thread's filters be synchronised only with threads that share what is below.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

enum { FREE, CONFINED, THREADS };

static atomic_long rounds[THREADS];
static atomic_bool ending, synchronise;
static atomic_long synchronised = -1;
static __thread volatile sig_atomic_t trapped;
static pthread_barrier_t ready;

/* A filter that answers one call with @action and allows the others. */
static long filter(int number, uint32_t action, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	trapped = info->si_syscall;
}

static bool is_refused(long result, int error)
{
	return result == -1 && errno == error;
}

static void expect_status(const char *word, int value)
{
	char line[128], key[32];
	bool found = false;
	FILE *status = fopen("/proc/thread-self/status", "r");
	int n;

	program_check(status, "/proc/thread-self/status");
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "%31[^:]: %d", key, &n) == 2 && !strcmp(key, word)) {
			found = true;
			program_check(n == value, "%s is %d, not %d", word, n, value);
		}
	fclose(status);
	program_check(found, "no %s in the status", word);
}

static void check_two(void)
{
	program_check(is_refused(syscall(SYS_getpriority, PRIO_PROCESS, 0), EXDEV),
		      "the first filter: %s", strerror(errno));
	trapped = 0;
	syscall(SYS_sched_get_priority_max, 0);
	program_check(trapped == SYS_sched_get_priority_max, "the second filter");
}

static void *confined(void *unused)
{
	const struct timespec tick = { 0, 10000000 };

	program_check(!filter(SYS_sched_get_priority_min, SECCOMP_RET_ERRNO | 77, 0), "third");
	pthread_barrier_wait(&ready);
	for (;;) {
		check_two();
		program_check(is_refused(syscall(SYS_sched_get_priority_min, 0), 77), "third filter");
		atomic_fetch_add(&rounds[CONFINED], 1);
		if (atomic_load(&synchronise))
			break;
		nanosleep(&tick, NULL);
	}
	/* From now on the first filter answers something else. */
	synchronised = filter(SYS_getpriority, SECCOMP_RET_ERRNO | 78, SECCOMP_FILTER_FLAG_TSYNC);
	for (;;)
		pause();
	return unused;
}

static void *unconfined(void *unused)
{
	const struct timespec tick = { 0, 10000000 };

	pthread_barrier_wait(&ready);
	for (;;) {
		program_check(syscall(SYS_getpriority, PRIO_PROCESS, 0) > 0 || ending,
			      "a filter where there was none");
		atomic_fetch_add(&rounds[FREE], 1);
		nanosleep(&tick, NULL);
	}
	return unused;
}

/* Answers every byte with another: 1, or what is wrong. */
static void child(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1) {
		check_two();
		program_check(prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER, "the mode");
		program_check(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, "new privileges");
		byte++;
		if (write(out, &byte, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static void ask(int out, int in, char number)
{
	char byte = number;

	/* SIGTERM may come meanwhile. */
	program_check(TEMP_FAILURE_RETRY(write(out, &byte, 1)) == 1 &&
		      TEMP_FAILURE_RETRY(read(in, &byte, 1)) == 1 &&
		      byte == (char)(number + 1), "the child is not what it was");
}

static void await(long *value, atomic_long *counter)
{
	const struct timespec tick = { 0, 5000000 };

	while (atomic_load(counter) == *value)
		nanosleep(&tick, NULL);
	*value = atomic_load(counter);
}

/* Only the uppermost can be given to all, and only as long as they are related. */
static void check_sharing(void)
{
	const struct timespec tick = { 0, 5000000 };
	long result;

	expect_status("Seccomp", 2);
	expect_status("Seccomp_filters", 2);
	atomic_store(&ending, true);
	result = filter(SYS_getpriority, SECCOMP_RET_ERRNO | 79, SECCOMP_FILTER_FLAG_TSYNC);
	program_check(result > 0, "a thread with more filters was synchronised: %ld", result);
	atomic_store(&synchronise, true);
	while (synchronised == -1)
		nanosleep(&tick, NULL);
	program_check(!synchronised, "filters are not shared any more: %ld", (long)synchronised);
	expect_status("Seccomp_filters", 4);
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	long seen[THREADS] = { 0, 0 };
	pthread_t thread;
	sigset_t term;
	int to[2], from[2];
	pid_t pid;

	program_begin(argc, argv, 0);
	sigaction(SIGSYS, &action, NULL);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	program_check(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges");
	program_check(!pthread_barrier_init(&ready, NULL, 3), "a barrier");
	program_check(!pthread_create(&thread, NULL, unconfined, NULL), "a thread");
	program_check(!filter(SYS_getpriority, SECCOMP_RET_ERRNO | EXDEV, 0), "a filter");
	program_check(!filter(SYS_sched_get_priority_max, SECCOMP_RET_TRAP, 0), "second");
	program_check(!pthread_create(&thread, NULL, confined, NULL), "a thread");
	program_check(!pipe(to) && !pipe(from), "pipes");
	pid = fork();
	if (!pid) {
		close(to[1]);
		child(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	pthread_barrier_wait(&ready);
	pthread_sigmask(SIG_UNBLOCK, &term, NULL);
	while (program_goes_on()) {
		check_two();
		ask(to[1], from[0], program_lines());
		for (int i = 0; i < THREADS; i++)
			await(&seen[i], &rounds[i]);
		program_line("confined");
	}
	check_sharing();
	close(to[1]);
	waitpid(pid, NULL, 0);
	program_pass();
}
