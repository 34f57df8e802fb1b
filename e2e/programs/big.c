// SPDX-License-Identifier: Apache-2.0
/*
 * ARGUMENT MiB of memory (64 when not given) that nothing can compress, every
 * page different.  Each line rewrites some pages; the end verifies all.
 */
#include <stddef.h>
#include <sys/mman.h>

#include "program.h"

#define PAGE 4096UL
#define WORDS (PAGE / sizeof(uint64_t))
#define PAGES_PER_LINE 64

static void fill(uint64_t *page, uint64_t seed)
{
	page[0] = seed;
	for (unsigned long i = 1; i < WORDS; i++)
		page[i] = seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
}

static bool holds(const uint64_t *page, uint64_t seed)
{
	if (page[0] != seed)
		return false;
	for (unsigned long i = 1; i < WORDS; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		if (page[i] != seed)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned long pages, next = 0;
	uint64_t *memory, *seeds;

	program_begin(argc, argv, 0);
	pages = program_argument(64) * (1UL << 20) / PAGE;
	memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	seeds = mmap(NULL, pages * sizeof(*seeds), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	program_check(memory != MAP_FAILED && seeds != MAP_FAILED, "no memory");
	for (unsigned long i = 0; i < pages; i++) {
		seeds[i] = program_mix(i + 1);
		fill(memory + i * WORDS, seeds[i]);
	}
	program_note("pages %lu", pages);

	while (program_goes_on()) {
		uint64_t sum = 0;

		for (int i = 0; i < PAGES_PER_LINE; i++, next = (next + 7919) % pages) {
			program_check(holds(memory + next * WORDS, seeds[next]),
				      "page %lu changed", next);
			seeds[next] = program_mix(seeds[next]);
			fill(memory + next * WORDS, seeds[next]);
			sum = program_mix(sum ^ seeds[next]);
		}
		program_line("%016llx", (unsigned long long)sum);
	}
	for (unsigned long i = 0; i < pages; i++)
		program_check(holds(memory + i * WORDS, seeds[i]), "page %lu changed", i);
	program_pass();
}
