// SPDX-License-Identifier: Apache-2.0
/*
 * A mapping of every kind that is carried.  While it runs it changes what is
 * writable and checks the rest; at the end everything is verified and the list
 * of mappings must be what it was, with protections and advice.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "program.h"

#define PAGE 4096UL
#define BASE 0x200000000000UL	/* far from everything else */
#define APART (8UL << 30)	/* so that no two of them are ever merged */
#define FILE_PAGES 8
#define LISTING_BYTES 262144

static unsigned long next_base = BASE;

/* ---- content ------------------------------------------------------------ */

static void fill(void *page, uint64_t seed)
{
	uint64_t *word = page;

	for (unsigned long i = 0; i < PAGE / 8; i++)
		word[i] = program_mix(seed * 512 + i);
}

static void verify(const void *page, uint64_t seed, const char *what)
{
	const uint64_t *word = page;

	for (unsigned long i = 0; i < PAGE / 8; i++)
		program_check(word[i] == program_mix(seed * 512 + i),
			      "%s, page at %p: word %lu is %016llx", what, page, i,
			      (unsigned long long)word[i]);
}

static void verify_zero(const void *page, const char *what)
{
	const uint64_t *word = page;

	for (unsigned long i = 0; i < PAGE / 8; i++)
		program_check(!word[i], "%s, page at %p: word %lu is not zero", what, page, i);
}

static bool is_present(void *page)
{
	unsigned char present;

	program_check(!mincore(page, PAGE, &present), "mincore");
	return present & 1;
}

/* ---- areas -------------------------------------------------------------- */

static char *area(unsigned long pages, int protection, int flags, int fd, off_t offset)
{
	void *wanted = (void *)next_base;
	void *got = mmap(wanted, pages * PAGE, protection, flags | MAP_FIXED_NOREPLACE, fd, offset);

	program_check(got == wanted, "no mapping of %lu pages at %p", pages, wanted);
	next_base += APART;
	return got;
}

static char *anonymous(unsigned long pages, int flags)
{
	return area(pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

/* Advice that this kernel may have been built without is no failure. */
static char *advised(int advice)
{
	char *memory = anonymous(4, 0);

	madvise(memory, 4 * PAGE, advice);
	fill(memory + PAGE, advice);
	return memory;
}

/* ---- the list of mappings ----------------------------------------------- */

static size_t read_file(const char *path, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY);

	program_check(fd >= 0, "%s cannot be opened", path);
	while ((n = read(fd, text + used, size - 1 - used)) > 0)
		used += n;
	close(fd);
	program_check(n == 0 && used < size - 1, "%s is too long", path);
	text[used] = '\0';
	return used;
}

static bool worth_keeping(const char *flag)
{
	static const char kept[][3] = {
		"rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", "gd", "lo", "sr", "rr",
		"dc", "wf", "dd", "nr", "hg", "nh", "mg",
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (!strncmp(flag, kept[i], 2))
			return true;
	return false;
}

/* Range, protection, offset, path and flags; devices have other numbers elsewhere. */
static void list_mappings(char *list)
{
	static char raw[LISTING_BYTES * 4];
	char *line, *rest = NULL, *p = list;

	read_file("/proc/self/smaps", raw, sizeof(raw));
	for (line = strtok_r(raw, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char range[64], protection[8], offset[32], name[256] = "";

		if (sscanf(line, "%63[0-9a-f-] %7s %31s %*s %*s %255s", range, protection,
			   offset, name) >= 3 && strchr(range, '-')) {
			p += sprintf(p, "%s %s %s %s\n", range, protection, offset, name);
		} else if (!strncmp(line, "VmFlags:", 8)) {
			char *flag, *inner = NULL;

			for (flag = strtok_r(line + 8, " ", &inner); flag;
			     flag = strtok_r(NULL, " ", &inner))
				if (worth_keeping(flag))
					p += sprintf(p, " %.2s", flag);
			*p++ = '\n';
		}
		program_check(p < list + LISTING_BYTES - 512, "too many mappings");
	}
	*p = '\0';
}

static void compare_mappings(const char *before, const char *after)
{
	while (*before && *after) {
		size_t b = strcspn(before, "\n"), a = strcspn(after, "\n");

		program_check(a == b && !strncmp(before, after, a),
			      "a mapping was '%.*s' and is '%.*s'", (int)b, before, (int)a, after);
		before += b + 1;
		after += a + 1;
	}
	program_check(!*before && !*after, "there are %s mappings than before: '%.*s'",
		      *before ? "fewer" : "more",
		      (int)strcspn(*before ? before : after, "\n"), *before ? before : after);
}

__attribute__((noinline))
static uint64_t grow_stack(size_t bytes)
{
	char *memory = alloca(bytes);

	for (size_t i = 0; i < bytes; i += PAGE)
		memory[bytes - 1 - i] = i / PAGE;
	return memory[bytes - 1] + memory[bytes / 2];
}

/* ---- membarrier --------------------------------------------------------- */

static void register_membarriers(void)
{
	program_check(!syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) &&
		      !syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0),
		      "it cannot be registered for membarrier");
}

static void use_membarriers(void)
{
	program_check(!syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0),
		      "it is not registered for membarrier any more");
	program_check(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0),
		      "it is registered for what it did not ask for");
}

int main(int argc, char **argv)
{
	static char before[LISTING_BYTES], after[LISTING_BYTES];
	static const int advice[] = {
		MADV_DONTFORK, MADV_WIPEONFORK, MADV_DONTDUMP, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
		MADV_MERGEABLE, MADV_SEQUENTIAL, MADV_RANDOM,
	};
	static const unsigned char function[] = { 0xb8, 0x78, 0x56, 0x34, 0x12, 0xc3 };
	enum { ADVISED = sizeof(advice) / sizeof(advice[0]), HOLES = 64, BUSY = 256 };
	char *holes, *none, *fixed, *cow, *file, *shared, *sparse, *locked, *cut, *moved, *grown;
	char *lazily, *stack_like, *code, *heap, *busy, *with_advice[ADVISED];
	uint64_t seeds[BUSY], sum = 1;
	char path[4096], page[PAGE];
	int fd;

	program_begin(argc, argv, 0);
	register_membarriers();

	snprintf(path, sizeof(path), "%s.map", program_path());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	program_check(fd >= 0, "%s: cannot be created", path);
	for (int i = 0; i < FILE_PAGES; i++) {
		fill(page, 1000 + i);
		program_check(write(fd, page, PAGE) == PAGE, "%s: write", path);
	}
	close(fd);
	fd = open(path, O_RDONLY);
	program_check(fd >= 0, "%s: cannot be opened", path);

	holes = anonymous(HOLES, 0);
	for (int i = 0; i < HOLES; i += 3)
		fill(holes + i * PAGE, i);
	for (int i = 1; i < HOLES; i += 6)	/* read only: the shared zero page */
		verify_zero(holes + i * PAGE, "holes");

	none = anonymous(4, 0);
	fill(none + PAGE, 77);
	mprotect(none, 4 * PAGE, PROT_NONE);

	fixed = anonymous(4, 0);
	fill(fixed, 78);
	fill(fixed + 3 * PAGE, 79);
	mprotect(fixed, 4 * PAGE, PROT_READ);

	cow = area(FILE_PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	fill(cow + PAGE, 80);
	fill(cow + 3 * PAGE, 81);
	file = area(FILE_PAGES - 2, PROT_READ, MAP_PRIVATE, fd, 2 * PAGE);
	shared = area(FILE_PAGES, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);

	sparse = anonymous((4UL << 30) / PAGE, MAP_NORESERVE);
	for (int i = 0; i < 16; i++)
		fill(sparse + ((unsigned long)i << 28), 2000 + i);

	locked = anonymous(8, 0);
	fill(locked + PAGE, 82);
	program_check(!mlock(locked, 8 * PAGE), "mlock");

	lazily = anonymous(8, 0);
	program_check(!mlock2(lazily, 8 * PAGE, MLOCK_ONFAULT), "mlock2");
	fill(lazily + PAGE, 88);

	cut = anonymous(16, 0);
	for (int i = 0; i < 16; i++)
		fill(cut + i * PAGE, 3000 + i);
	munmap(cut + 6 * PAGE, 4 * PAGE);
	mprotect(cut + 12 * PAGE, PAGE, PROT_READ);

	moved = anonymous(4, 0);
	fill(moved + PAGE, 83);
	grown = (char *)next_base;
	next_base += APART;
	program_check(mremap(moved, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, grown) ==
		      grown, "mremap");
	fill(grown + 6 * PAGE, 84);

	stack_like = anonymous(16, MAP_GROWSDOWN);
	fill(stack_like + 15 * PAGE, 85);

	code = anonymous(1, 0);
	memcpy(code, function, sizeof(function));
	mprotect(code, PAGE, PROT_READ | PROT_EXEC);

	for (int i = 0; i < ADVISED; i++)
		with_advice[i] = advised(advice[i]);

	heap = sbrk(512 * PAGE + 100);
	program_check(heap != (void *)-1, "sbrk");
	heap = (char *)(((unsigned long)heap + PAGE - 1) & ~(PAGE - 1));
	fill(heap + 10 * PAGE, 86);
	fill(heap + 500 * PAGE, 87);

	busy = anonymous(BUSY, 0);
	for (int i = 0; i < BUSY; i++) {
		seeds[i] = i;
		fill(busy + i * PAGE, i);
	}

	/* once without and once with what the listing itself touches */
	list_mappings(before);
	list_mappings(before);

	while (program_goes_on()) {
		uint32_t (*call)(void) = (uint32_t (*)(void))(uintptr_t)code;
		int i;

		sum = program_work(sum);
		i = sum % BUSY;
		verify(busy + i * PAGE, seeds[i], "busy pages");
		seeds[i] = sum;
		fill(busy + i * PAGE, sum);
		fill(cow + PAGE, sum);
		verify(fixed + 3 * PAGE, 79, "read-only area");
		verify(shared + i % FILE_PAGES * PAGE, 1000 + i % FILE_PAGES, "shared file mapping");
		program_check(call() == 0x12345678, "the code page does something else");
		verify(cow + PAGE, sum, "private file mapping");
		program_check(!is_present(lazily) && is_present(lazily + PAGE),
			      "what is locked on fault is there before");
		program_line("%016llx", (unsigned long long)sum);
	}

	list_mappings(after);
	compare_mappings(before, after);
	use_membarriers();

	for (int i = 0; i < HOLES; i++) {
		if (i % 3)
			verify_zero(holes + i * PAGE, "holes");
		else
			verify(holes + i * PAGE, i, "holes");
	}
	mprotect(none, 4 * PAGE, PROT_READ);
	verify_zero(none, "inaccessible area");
	verify(none + PAGE, 77, "inaccessible area");
	verify(fixed, 78, "read-only area");
	verify_zero(fixed + PAGE, "read-only area");
	for (int i = 0; i < FILE_PAGES; i++) {
		if (i == 3)
			verify(cow + i * PAGE, 81, "private file mapping");
		else if (i != 1)
			verify(cow + i * PAGE, 1000 + i, "private file mapping");
		verify(shared + i * PAGE, 1000 + i, "shared file mapping");
		if (i >= 2)
			verify(file + (i - 2) * PAGE, 1000 + i, "file mapping with an offset");
	}
	for (int i = 0; i < 16; i++) {
		verify(sparse + ((unsigned long)i << 28), 2000 + i, "sparse area");
		verify_zero(sparse + ((unsigned long)i << 28) + PAGE, "sparse area");
	}
	verify(lazily + PAGE, 88, "area locked on fault");
	verify_zero(locked, "locked area");
	verify(locked + PAGE, 82, "locked area");
	for (int i = 0; i < 16; i++)
		if (i < 6 || i >= 10)
			verify(cut + i * PAGE, 3000 + i, "area with a gap");
	verify(grown + PAGE, 83, "moved area");
	verify(grown + 6 * PAGE, 84, "moved area");
	verify_zero(grown + 7 * PAGE, "moved area");
	verify(stack_like + 15 * PAGE, 85, "area that grows down");
	for (int i = 0; i < ADVISED; i++) {
		verify_zero(with_advice[i], "area with advice");
		verify(with_advice[i] + PAGE, advice[i], "area with advice");
	}
	verify(heap + 10 * PAGE, 86, "heap");
	verify(heap + 500 * PAGE, 87, "heap");
	verify_zero(heap + 400 * PAGE, "heap");
	for (int i = 0; i < BUSY; i++)
		verify(busy + i * PAGE, seeds[i], "busy pages");

	/* what grew before must be able to grow on */
	program_check(sbrk(64 * PAGE) != (void *)-1, "the heap does not grow any more");
	stack_like[-1] = 1;
	program_check(grow_stack(1 << 20) != 1, "unlikely");
	program_pass();
}
