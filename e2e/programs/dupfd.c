// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptors that share an open file description move together, those that
 * only share a file do not; close-on-exec and numbers belong to the descriptor.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"

#define HIGH 200

int main(int argc, char **argv)
{
	int first, second, high, other, directory, null, place;
	char path[4096], text[16];
	uint64_t x = 3;

	program_begin(argc, argv, 0);
	snprintf(path, sizeof(path), "%s.dup", program_path());
	first = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	second = dup(first);
	high = dup3(first, HIGH, O_CLOEXEC);
	other = open(path, O_RDWR | O_NONBLOCK);
	directory = open("/", O_RDONLY | O_DIRECTORY);
	null = open("/dev/null", O_WRONLY);
	place = open("/usr", O_PATH | O_DIRECTORY);
	program_check(first >= 0 && second >= 0 && high == HIGH && other >= 0 &&
		      directory >= 0 && null >= 0 && place >= 0, "descriptors");

	while (program_goes_on()) {
		const int shared[] = { first, second, high };
		long number = program_lines();
		int writer = shared[number % 3];
		int length = snprintf(text, sizeof(text), "%08ld\n", number);
		struct stat st;

		x = program_work(x);
		program_check(write(writer, text, length) == length, "write through %d", writer);
		for (int i = 0; i < 3; i++)
			program_check(lseek(shared[i], 0, SEEK_CUR) == (number + 1) * length,
				      "descriptor %d does not move with %d", shared[i], writer);
		program_check(lseek(other, 0, SEEK_CUR) == number,
			      "descriptor %d is at %lld, not %ld", other,
			      (long long)lseek(other, 0, SEEK_CUR), number);
		lseek(other, 1, SEEK_CUR);
		program_check(fcntl(high, F_GETFD) == FD_CLOEXEC, "%d lost close-on-exec", high);
		program_check(fcntl(second, F_GETFD) == 0, "%d got close-on-exec", second);
		program_check(fcntl(other, F_GETFL) & O_NONBLOCK, "%d lost O_NONBLOCK", other);
		program_check(!(fcntl(first, F_GETFL) & O_NONBLOCK), "%d got O_NONBLOCK", first);
		program_check(fcntl(HIGH + 1, F_GETFD) < 0 && fcntl(place + 1, F_GETFD) < 0,
			      "there are more descriptors than opened");
		program_check(write(null, text, length) == length, "write to /dev/null");
		program_check(!fstat(directory, &st) && S_ISDIR(st.st_mode),
			      "%d is not a directory", directory);
		program_check((fcntl(place, F_GETFL) & O_PATH) &&
			      !faccessat(place, "bin", X_OK, 0) && read(place, text, 1) < 0,
			      "%d is no longer only a path", place);
		program_line("%016llx", (unsigned long long)x);
	}
	program_pass();
}
