// SPDX-License-Identifier: Apache-2.0
/*
 * Counts while it goes 10,000 frames deep, then unwinds.  Every frame has a
 * block of its own that must still add up on the way back.
 */
#include "program.h"

#define DEPTH 10000
#define LINE_EVERY 250
#define WORDS 8

static uint64_t counter;

static void line(const char *way, int depth, uint64_t sum)
{
	if (depth % LINE_EVERY == 0 && program_goes_on())
		program_line("%s %d %016llx", way, depth, (unsigned long long)sum);
}

static uint64_t block_sum(const volatile uint64_t *block)
{
	uint64_t sum = 0;

	for (int i = 0; i < WORDS; i++)
		sum = program_mix(sum ^ block[i]);
	return sum;
}

/* volatile and the use after the call keep every frame on the stack */
__attribute__((noinline))
static uint64_t descend(int depth, uint64_t seed)
{
	volatile uint64_t block[WORDS];
	uint64_t sum, below;

	counter++;
	for (int i = 0; i < WORDS; i++)
		block[i] = seed = program_mix(seed + depth);
	sum = block_sum(block);
	for (int i = 0; i < 1200; i++)
		seed = program_mix(seed);
	line("down", depth, sum);
	below = depth < DEPTH ? descend(depth + 1, seed) : seed;
	for (int i = 0; i < 1200; i++)
		below = program_mix(below);
	program_check(block_sum(block) == sum, "frame %d: its block changed", depth);
	line("up", depth, below);
	return below ^ sum;
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, rounds = 0;

	program_begin(argc, argv, 0);
	while (program_goes_on()) {
		seed = program_mix(descend(1, seed));
		rounds++;
		program_check(counter == rounds * DEPTH, "%llu frames counted in %llu rounds",
			      (unsigned long long)counter, (unsigned long long)rounds);
	}
	program_pass();
}
