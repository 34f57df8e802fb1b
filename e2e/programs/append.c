// SPDX-License-Identifier: Apache-2.0
/*
 * Appends counter lines and syncs each.  The position is set back before every
 * one: only O_APPEND itself can keep the lines from overwriting each other.  Where
 * the position stands afterwards is not looked at: 9p derives it from a size that
 * somebody's stat may have set back meanwhile, while the server appends all right.
 */
#include <fcntl.h>
#include <unistd.h>

#include "program.h"

int main(int argc, char **argv)
{
	uint64_t x = 7;
	int fd;

	program_begin(argc, argv, O_APPEND);
	fd = program_descriptor();
	while (program_goes_on()) {
		x = program_work(x);
		lseek(fd, 0, SEEK_SET);
		program_line("%016llx", (unsigned long long)x);
		program_check(fcntl(fd, F_GETFL) & O_APPEND, "O_APPEND is gone");
		program_check(!fsync(fd), "fsync");
	}
	program_pass();
}
