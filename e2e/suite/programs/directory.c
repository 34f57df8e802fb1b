// SPDX-License-Identifier: Apache-2.0
/* Lives in a directory of its own, which is also open, and makes files by relative names. */
#define _GNU_SOURCE
#include "protocol.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char before[PATH_MAX], after[PATH_MAX];
	struct stat by_name, by_descriptor;
	int home;

	begin(argc, argv, NEEDS_DIRECTORY);
	MUST(!mkdir(dirname, 0700) && !chdir(dirname));
	home = open(".", O_RDONLY | O_DIRECTORY);
	MUST(home >= 0 && getcwd(before, sizeof(before)));
	umask(027);
	ready();
	await_end();

	MUST(getcwd(after, sizeof(after)));
	if (strcmp(before, after))
		fail("the working directory was %s and is %s", before, after);
	MUST(close(openat(home, "file", O_WRONLY | O_CREAT | O_EXCL, 0666)) == 0);
	MUST(!stat("file", &by_name) && !fstatat(home, "file", &by_descriptor, 0));
	MUST(by_name.st_ino == by_descriptor.st_ino);
	if ((by_name.st_mode & 0777) != 0640)
		fail("a new file has mode %o", by_name.st_mode & 0777);
	MUST(!unlinkat(home, "file", 0) && !chdir("..") && !rmdir(after));
	pass();
}
