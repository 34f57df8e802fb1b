// SPDX-License-Identifier: Apache-2.0
/* Blocked signals stay pending with what they carry, in their order; a handler keeps its stack. */
#define _GNU_SOURCE
#include "protocol.h"

#include <signal.h>
#include <unistd.h>

enum { QUEUED = 5 };

static unsigned char stack[1 << 16];
static int delivered[QUEUED + 1];
static volatile int count;
static volatile bool on_stack;

static void note(int number, siginfo_t *info, void *context)
{
	unsigned char *here = __builtin_frame_address(0);

	(void)context;
	on_stack = here >= stack && here < stack + sizeof(stack);
	if (count <= QUEUED)
		delivered[count] = number == SIGUSR1 ? -1 : info->si_value.sival_int;
	count++;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	sigset_t mine, old;

	begin(argc, argv, NEEDS_NOTHING);
	MUST(!sigaltstack(&alternate, NULL));
	sigfillset(&action.sa_mask);
	MUST(!sigaction(SIGUSR1, &action, NULL) && !sigaction(SIGRTMIN + 3, &action, NULL));
	sigemptyset(&mine);
	sigaddset(&mine, SIGUSR1);
	sigaddset(&mine, SIGRTMIN + 3);
	MUST(!sigprocmask(SIG_BLOCK, &mine, &old));
	for (int i = 0; i < QUEUED; i++)
		MUST(!sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = 100 + i }));
	MUST(!raise(SIGUSR1));
	ready();
	await_end();

	if (count)
		fail("%d blocked signals were delivered", count);
	MUST(!sigprocmask(SIG_UNBLOCK, &mine, NULL));
	if (count != QUEUED + 1)
		fail("%d signals were delivered, not %d", count, QUEUED + 1);
	if (delivered[0] != -1)
		fail("the first was not SIGUSR1");
	for (int i = 0; i < QUEUED; i++)
		if (delivered[i + 1] != 100 + i)
			fail("signal %d carries %d", i, delivered[i + 1]);
	MUST(on_stack);
	pass();
}
