// SPDX-License-Identifier: Apache-2.0
/*
 * Writes its counter on every iteration into OUTFILE.counter and keeps the same
 * in memory, beside a table that every iteration changes in one place.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "program.h"

#define ENTRIES (1 << 18)

struct record {
	uint64_t counter;
	uint64_t sum;
};

static uint64_t table[ENTRIES];

int main(int argc, char **argv)
{
	struct record now = { 0, 1 }, stored;
	uint64_t sum = 0;
	char path[4096];
	int fd;

	program_begin(argc, argv, 0);
	snprintf(path, sizeof(path), "%s.counter", program_path());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	program_check(fd >= 0, "%s: cannot be created", path);
	program_check(pwrite(fd, &now, sizeof(now), 0) == sizeof(now), "%s: first write", path);

	while (program_goes_on()) {
		uint64_t *entry;

		now.sum = program_work(now.sum);
		entry = &table[now.sum % ENTRIES];
		sum -= *entry;
		*entry = program_mix(*entry + now.sum);
		sum += *entry;

		program_check(pread(fd, &stored, sizeof(stored), 0) == sizeof(stored),
			      "%s: read", path);
		program_check(stored.counter == now.counter,
			      "%s says %llu, memory says %llu", path,
			      (unsigned long long)stored.counter,
			      (unsigned long long)now.counter);
		now.counter++;
		program_check(pwrite(fd, &now, sizeof(now), 0) == sizeof(now),
			      "%s: write", path);
		program_line("%016llx %016llx", (unsigned long long)now.sum,
			     (unsigned long long)sum);
		program_check(now.counter == (uint64_t)program_lines(), "counter %llu in line %ld",
			      (unsigned long long)now.counter, program_lines());
	}
	for (int i = 0; i < ENTRIES; i++)
		sum -= table[i];
	program_check(!sum, "the table does not add up");
	program_pass();
}
