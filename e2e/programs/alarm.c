// SPDX-License-Identifier: Apache-2.0
/*
 * Interval timers with a handler on an alternate stack: one line per tick of
 * the real one.  With the argument `alarm' the ticks are alarm(1)s, each armed
 * by the one before.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "program.h"

#define STACK_BYTES 65536
#define TICK_US 25000
#define CPU_TICK_US 50000

static char *stack;
static bool single;
static volatile sig_atomic_t ticks, virtual_ticks, prof_ticks, wrong_stack;

static void on_tick(int signal)
{
	char here;

	if (&here < stack || &here >= stack + STACK_BYTES)
		wrong_stack = 1;
	if (signal == SIGALRM) {
		ticks++;
		if (single)
			alarm(1);
	} else if (signal == SIGVTALRM) {
		virtual_ticks++;
	} else {
		prof_ticks++;
	}
}

/*
 * A periodic real timer whose signal is blocked stands still once that signal is
 * pending, and goes on when it is taken: then only the interval is there to see.
 */
static void check_armed(int which, const char *name, long interval)
{
	struct itimerval now;
	sigset_t pending;

	getitimer(which, &now);
	program_check(now.it_interval.tv_sec == 0 && now.it_interval.tv_usec == interval,
		      "%s: interval %ld.%06ld s", name, now.it_interval.tv_sec,
		      now.it_interval.tv_usec);
	sigpending(&pending);
	program_check(now.it_value.tv_sec || now.it_value.tv_usec ||
		      (which == ITIMER_REAL && sigismember(&pending, SIGALRM) == 1),
		      "%s: not armed", name);
}

int main(int argc, char **argv)
{
	struct itimerval real = { { 0, TICK_US }, { 0, TICK_US } };
	struct itimerval cpu = { { 0, CPU_TICK_US }, { 0, CPU_TICK_US } };
	struct sigaction action = { .sa_handler = on_tick, .sa_flags = SA_ONSTACK }, found;
	stack_t alternate = { .ss_size = STACK_BYTES }, found_stack;
	sigset_t blocked, before;
	uint64_t x = 1;

	program_begin(argc, argv, 0);
	single = !strcmp(program_word(""), "alarm");
	stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	program_check(stack != MAP_FAILED, "no memory for the alternate stack");
	alternate.ss_sp = stack;
	program_check(!sigaltstack(&alternate, NULL), "sigaltstack");

	/* the handler must find SIGALRM blocked except inside sigsuspend */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	sigdelset(&before, SIGALRM);
	sigaddset(&action.sa_mask, SIGUSR1);
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGVTALRM, &action, NULL);
	sigaction(SIGPROF, &action, NULL);
	if (single)
		alarm(1);
	else
		setitimer(ITIMER_REAL, &real, NULL);
	setitimer(ITIMER_VIRTUAL, &cpu, NULL);
	setitimer(ITIMER_PROF, &cpu, NULL);

	for (long seen = 0; program_goes_on(); ) {
		/* half of the ticks interrupt a wait, half of them the program */
		if (seen & 1) {
			sigsuspend(&before);
		} else {
			sigprocmask(SIG_SETMASK, &before, NULL);
			while (ticks == seen && program_goes_on())
				x = program_mix(x);
			sigprocmask(SIG_BLOCK, &blocked, NULL);
		}
		program_check(!wrong_stack, "a handler ran outside the alternate stack");
		/* ticks that came while nobody counted are lines all the same */
		while (seen < ticks && program_goes_on())
			program_line("tick %ld", ++seen);
	}

	/* burning CPU must still bring both CPU timers on */
	for (sig_atomic_t v = virtual_ticks, p = prof_ticks;
	     virtual_ticks == v || prof_ticks == p; )
		x = program_mix(x);
	if (!single)
		check_armed(ITIMER_REAL, "ITIMER_REAL", TICK_US);
	check_armed(ITIMER_VIRTUAL, "ITIMER_VIRTUAL", CPU_TICK_US);
	check_armed(ITIMER_PROF, "ITIMER_PROF", CPU_TICK_US);
	sigaltstack(NULL, &found_stack);
	program_check(found_stack.ss_sp == stack && found_stack.ss_size == STACK_BYTES &&
		      !found_stack.ss_flags, "the alternate stack is another one");
	sigaction(SIGALRM, NULL, &found);
	program_check(found.sa_handler == on_tick && (found.sa_flags & SA_ONSTACK) &&
		      sigismember(&found.sa_mask, SIGUSR1) == 1,
		      "the action of SIGALRM is another one");
	sigprocmask(SIG_SETMASK, NULL, &before);
	program_check(sigismember(&before, SIGALRM) == 1 && !sigismember(&before, SIGUSR1),
		      "the signal mask is another one");
	program_pass();
}
