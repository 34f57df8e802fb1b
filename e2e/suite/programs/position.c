// SPDX-License-Identifier: Apache-2.0
/* Descriptors of one file: a position of its own, one that is shared, flags, and what is written. */
#define _GNU_SOURCE
#include "protocol.h"

#include <fcntl.h>
#include <unistd.h>

enum { CHUNK = 512, CHUNKS = 16 };

int main(int argc, char **argv)
{
	unsigned char chunk[CHUNK];
	int writer, reader, shared, append, flags;

	begin(argc, argv, NEEDS_FILE);
	writer = open(filename, O_RDWR | O_CREAT | O_TRUNC, 0600);
	MUST(writer >= 0);
	for (int i = 0; i < CHUNKS; i++) {
		pattern(chunk, CHUNK, i);
		MUST(write(writer, chunk, CHUNK) == CHUNK);
	}
	reader = open(filename, O_RDONLY | O_CLOEXEC);
	MUST(reader >= 0 && lseek(reader, 5 * CHUNK, SEEK_SET) == 5 * CHUNK);
	shared = dup(reader);
	append = open(filename, O_WRONLY | O_APPEND);
	MUST(shared >= 0 && append >= 0);
	ready();
	await_end();

	if (lseek(writer, 0, SEEK_CUR) != CHUNKS * CHUNK)
		fail("the writer is at %ld", (long)lseek(writer, 0, SEEK_CUR));
	for (int i = 5; i < CHUNKS; i++) {
		/* In turns: each goes on where the other has stopped. */
		MUST(read(i % 2 ? reader : shared, chunk, CHUNK) == CHUNK);
		if (!is_pattern(chunk, CHUNK, i))
			fail("chunk %d is not what was written", i);
	}
	MUST(fcntl(reader, F_GETFD) == FD_CLOEXEC && fcntl(shared, F_GETFD) == 0);
	flags = fcntl(append, F_GETFL);
	if ((flags & (O_ACCMODE | O_APPEND)) != (O_WRONLY | O_APPEND))
		fail("the flags of the appending descriptor are %o", flags);
	pattern(chunk, CHUNK, CHUNKS);
	MUST(write(append, chunk, CHUNK) == CHUNK);
	MUST(pread(writer, chunk, CHUNK, CHUNKS * CHUNK) == CHUNK);
	MUST(is_pattern(chunk, CHUNK, CHUNKS));
	pass();
}
