// SPDX-License-Identifier: Apache-2.0
/* Memory of several kinds: contents, protections, holes, the heap, and what was never touched. */
#define _GNU_SOURCE
#include "protocol.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, PAGES = 64 };

static sigjmp_buf back;

static void on_fault(int number)
{
	siglongjmp(back, number);
}

static bool faults(volatile unsigned char *at, bool write)
{
	if (sigsetjmp(back, 1))
		return true;
	if (write)
		*at = 1;
	else
		(void)*at;
	return false;
}

static unsigned char *map(size_t pages, int protection)
{
	void *at = mmap(NULL, pages * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(at != MAP_FAILED);
	return at;
}

/* Pages of a pattern that began with the first of them. */
static void check(const unsigned char *at, size_t first, size_t end)
{
	static unsigned char expected[PAGES * PAGE];

	pattern(expected, sizeof(expected), 1);
	MUST(!memcmp(at + first * PAGE, expected + first * PAGE, (end - first) * PAGE));
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_fault };
	unsigned char *plain, *sparse, *guarded, *heap, resident[PAGES];

	begin(argc, argv, NEEDS_NOTHING);
	MUST(!sigaction(SIGSEGV, &action, NULL));
	plain = map(PAGES, PROT_READ | PROT_WRITE);
	pattern(plain, PAGES * PAGE, 1);
	MUST(!munmap(plain + 20 * PAGE, PAGE));
	MUST(!mprotect(plain + 40 * PAGE, PAGE, PROT_READ));
	sparse = map(PAGES, PROT_READ | PROT_WRITE);
	pattern(sparse + 9 * PAGE, PAGE, 2);
	guarded = map(1, PROT_NONE);
	heap = malloc(300000);
	MUST(heap);
	pattern(heap, 300000, 3);
	ready();
	await_end();

	check(plain, 0, 20);
	check(plain, 21, PAGES);
	MUST(faults(plain + 20 * PAGE, false));
	MUST(!faults(plain + 40 * PAGE, false) && faults(plain + 40 * PAGE, true));
	MUST(faults(guarded, false));
	MUST(!mincore(sparse, PAGES * PAGE, resident));
	for (int i = 0; i < PAGES; i++)
		if (i != 9 && (resident[i] & 1))
			fail("page %d was never touched and is there", i);
	MUST(is_pattern(sparse + 9 * PAGE, PAGE, 2));
	MUST(sparse[0] == 0 && sparse[PAGES * PAGE - 1] == 0);
	MUST(is_pattern(heap, 300000, 3));
	free(heap);
	pass();
}
