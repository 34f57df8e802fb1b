// SPDX-License-Identifier: Apache-2.0
/*
 * Appends counter lines and syncs each.  The position is set back before every
 * one: only O_APPEND itself can keep the lines from overwriting each other.
 */
#include <fcntl.h>
#include <unistd.h>

#include "program.h"

int main(int argc, char **argv)
{
	off_t size = 0;
	uint64_t x = 7;
	int fd;

	program_begin(argc, argv, O_APPEND);
	fd = program_descriptor();
	while (program_goes_on()) {
		off_t end;

		x = program_work(x);
		lseek(fd, 0, SEEK_SET);
		program_line("%016llx", (unsigned long long)x);
		program_check(fcntl(fd, F_GETFL) & O_APPEND, "O_APPEND is gone");
		program_check(!fsync(fd), "fsync");
		end = lseek(fd, 0, SEEK_CUR);
		program_check(end > size, "after line %ld the position is %lld, was %lld",
			      program_lines(), (long long)end, (long long)size);
		size = end;
	}
	program_pass();
}
