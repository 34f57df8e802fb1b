// SPDX-License-Identifier: Apache-2.0
/*
 * Signals that are blocked and pending, of the process and of the thread, must
 * come out in order and with all they carry when they are let in at the end.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "program.h"

#define QUEUED 5

struct seen {
	int signal, code, value;
	pid_t pid;
	uid_t uid;
};

static struct seen seen[16];
static volatile sig_atomic_t seen_count;

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)context;
	if (seen_count < 16)
		seen[seen_count++] = (struct seen) {
			signal, info->si_code, info->si_value.sival_int, info->si_pid, info->si_uid,
		};
}

static void expect(int index, int signal, int code, int value)
{
	const struct seen *s = &seen[index];

	program_check(index < seen_count, "only %d signals came", (int)seen_count);
	program_check(s->signal == signal && s->code == code &&
		      (code != SI_QUEUE || s->value == value) &&
		      s->pid == getpid() && s->uid == getuid(),
		      "signal %d is %d code %d value %d pid %d uid %d, expected %d code %d value %d",
		      index, s->signal, s->code, s->value, s->pid, s->uid, signal, code, value);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	const int realtime = SIGRTMIN + 3;
	sigset_t blocked, pending;
	siginfo_t info = { };
	uint64_t x = 5;

	program_begin(argc, argv, 0);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGUSR2);
	sigaddset(&blocked, realtime);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	/* a handler is not interrupted by the next: the order is the queue's */
	action.sa_mask = blocked;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigaction(realtime, &action, NULL);

	kill(getpid(), SIGUSR1);
	for (int i = 0; i < QUEUED; i++)
		sigqueue(getpid(), realtime, (union sigval){ .sival_int = 1000 + i });
	info.si_signo = SIGUSR2;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = -77;
	program_check(!syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR2, &info),
		      "rt_tgsigqueueinfo");

	while (program_goes_on()) {
		x = program_work(x);
		sigpending(&pending);
		program_check(sigismember(&pending, SIGUSR1) == 1 &&
			      sigismember(&pending, SIGUSR2) == 1 &&
			      sigismember(&pending, realtime) == 1, "a pending signal is gone");
		program_check(!seen_count, "a blocked signal was delivered");
		program_line("%016llx", (unsigned long long)x);
	}

	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	/* the thread's own come before the process's, low numbers before high ones */
	expect(0, SIGUSR2, SI_QUEUE, -77);
	expect(1, SIGUSR1, SI_USER, 0);
	for (int i = 0; i < QUEUED; i++)
		expect(2 + i, realtime, SI_QUEUE, 1000 + i);
	program_check(seen_count == 2 + QUEUED, "%d signals came, not %d", (int)seen_count,
		      2 + QUEUED);
	program_pass();
}
