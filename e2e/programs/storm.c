// SPDX-License-Identifier: Apache-2.0
/*
 * Processes that never stand still: each forks, maps and unmaps, signals itself
 * and writes to memory that all share.  Every write is counted twice, in shared
 * memory and by whoever made it; at the end the two must agree.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

#define WORKERS 3
#define PAGE 4096
#define WORDS 4096
#define SIGNALS 8

struct shared {
	_Atomic uint64_t word[WORDS];		/* written by everybody */
	_Atomic uint64_t rounds[WORKERS];
	_Atomic uint64_t workers_wrote[WORKERS];	/* in the end */
	_Atomic uint64_t children_wrote;	/* what the workers' children wrote */
	_Atomic int stop;
	char trouble[WORKERS][128];
};

static struct shared *shared;
static volatile sig_atomic_t heard;
static uint64_t wrote;			/* by this process itself */

static void hear(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	heard += info->si_value.sival_int;
}

static void put(uint64_t *chance)
{
	*chance = program_mix(*chance + 1);
	shared->word[*chance % WORDS]++;
	wrote++;
}

/* A child writes as often as its exit code says. */
static const char *fork_and_wait(uint64_t *chance)
{
	int times = 1 + program_mix(*chance) % 100, status;
	pid_t pid = fork();

	if (pid < 0)
		return "fork";
	if (!pid) {
		for (int i = 0; i < times; i++) {
			put(chance);
			shared->children_wrote++;
			if (!(i % 16))
				sched_yield();
		}
		_exit(times);
	}
	if (waitpid(pid, &status, 0) != pid)
		return "the child is not ours";
	*chance = program_mix(*chance + times);
	return WIFEXITED(status) && WEXITSTATUS(status) == times ? NULL :
	       "the child ended in another way";
}

static const char *map_and_unmap(uint64_t *chance)
{
	size_t bytes = (1 + program_mix(*chance) % 32) * PAGE;
	uint64_t seed = *chance, *at;
	size_t i;

	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return "mmap";
	for (i = 0; i < bytes / sizeof(*at); i += 7)
		at[i] = program_mix(seed + i);
	if (mprotect(at, bytes, PROT_READ))
		return "mprotect";
	put(chance);
	for (i = 0; i < bytes / sizeof(*at); i++)
		if (at[i] != (i % 7 ? 0 : program_mix(seed + i)))
			return "what was mapped has changed";
	return munmap(at, bytes) ? "munmap" : NULL;
}

static const char *signal_oneself(void)
{
	int before = heard, sum = 0;

	for (int i = 1; i <= SIGNALS; i++) {
		const union sigval value = { .sival_int = i };

		sum += i;
		while (sigqueue(getpid(), SIGRTMIN, value))
			if (errno != EAGAIN)
				return "sigqueue";
	}
	return heard == before + sum ? NULL : "a signal was lost, or came twice";
}

static void work(int who)
{
	uint64_t chance = who + 1;
	const char *trouble = NULL;

	while (!trouble && !shared->stop) {
		trouble = fork_and_wait(&chance);
		for (int i = 0; !trouble && i < 4; i++)
			trouble = map_and_unmap(&chance);
		if (!trouble)
			trouble = signal_oneself();
		shared->rounds[who]++;
	}
	if (trouble)
		strncpy(shared->trouble[who], trouble, sizeof(shared->trouble[who]) - 1);
	shared->workers_wrote[who] = wrote;
	_exit(!!trouble);
}

static uint64_t rounds(void)
{
	uint64_t sum = 0;

	for (int who = 0; who < WORKERS; who++)
		sum += shared->rounds[who];
	return sum;
}

/* The words hold what the workers say that they and their children have written. */
static void check(const pid_t *workers)
{
	uint64_t sum = 0, expected;
	int status;

	shared->stop = 1;
	for (int who = 0; who < WORKERS; who++) {
		program_check(waitpid(workers[who], &status, 0) == workers[who],
			      "worker %d is not ours", who);
		program_check(WIFEXITED(status), "worker %d ended with %#x", who, status);
		program_check(!*shared->trouble[who], "worker %d: %s", who,
			      shared->trouble[who]);
	}
	expected = shared->children_wrote;
	for (int who = 0; who < WORKERS; who++)
		expected += shared->workers_wrote[who];
	for (int i = 0; i < WORDS; i++)
		sum += shared->word[i];
	program_check(sum == expected, "%lu writes are there, %lu were made", sum, expected);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = hear, .sa_flags = SA_SIGINFO };
	pid_t workers[WORKERS];
	uint64_t before;
	int status;

	program_begin(argc, argv, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	program_check(shared != MAP_FAILED, "mmap: %s", strerror(errno));
	program_check(!sigaction(SIGRTMIN, &action, NULL), "sigaction");
	for (int who = 0; who < WORKERS; who++) {
		workers[who] = fork();
		program_check(workers[who] >= 0, "fork: %s", strerror(errno));
		if (!workers[who]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			signal(SIGTERM, SIG_IGN);
			work(who);
		}
	}
	while (program_goes_on()) {
		before = rounds();
		while (rounds() == before && !program_told_to_stop()) {
			for (int who = 0; who < WORKERS; who++)
				program_check(!waitpid(workers[who], &status, WNOHANG),
					      "worker %d ended: %s", who,
					      shared->trouble[who]);
			sched_yield();
		}
		program_line("%016lx", program_mix(program_lines()));
	}
	check(workers);
	program_pass();
}
