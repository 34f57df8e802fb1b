// SPDX-License-Identifier: Apache-2.0
/*
 * Processes that share what fork gives them: anonymous memory, a memfd, a deleted
 * file and a pipe that are mapped or open on all sides, the output file with its
 * position, and a working directory that is deleted.  In turn each child takes the number out of the pipe, sees what
 * the others have written, writes itself, and passes it on.  The argument is the
 * number of children, or "still", or "wide": with memory that is larger than what
 * one process sends of it at a time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

#define CHILDREN_MAX 63
#define ROUNDS 3		/* of one that then stands still, to be recorded */
#define PAGE 4096
#define BYTES (64 * PAGE)
#define WIDE_PAGES (6 << 10)

/* The same words in every kind of memory; sparse, so that holes are there too. */
struct memory {
	const char *name;
	_Atomic uint64_t *word;
};

enum { ANONYMOUS, MEMFD, DELETED, MEMORIES };

static struct memory memories[MEMORIES] = {
	[ANONYMOUS] = { .name = "anonymous memory" },
	[MEMFD] = { .name = "memfd" },
	[DELETED] = { .name = "deleted file" },
};

static uint64_t *wide;			/* shared, a word per page; NULL: not asked for */

/* Private: what each process has copied of memory that all had before the fork. */
static uint64_t *private_copy;
static int children_count = 3;		/* or what the argument says */
static int turn[CHILDREN_MAX + 1][2];	/* whoever reads a pipe's byte is due */
static int record;			/* written by everybody at one position */

static _Atomic uint64_t *map(int fd)
{
	void *at = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
			MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	program_check(at != MAP_FAILED, "mmap: %s", strerror(errno));
	return at;
}

static int deleted_file(const char *suffix)
{
	char path[64];
	int fd;

	/* on a disk of its own: a shared directory does not allow everything */
	snprintf(path, sizeof(path), "/var/tmp/sharing-%d.%s", getpid(), suffix);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	program_check(fd >= 0 && !ftruncate(fd, BYTES) && !unlink(path), "%s: %s", path,
		      strerror(errno));
	return fd;
}

static void deleted_directory(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/var/tmp/sharing-%d.cwd", getpid());
	program_check(!mkdir(path, 0700) && !chdir(path) && !rmdir(path), "%s: %s", path,
		      strerror(errno));
}

/* The first process's and ours are one; a move between two looks makes it another. */
static bool is_there_still(void)
{
	struct stat own, firsts, again;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/cwd", getppid());
	do {
		if (stat(".", &own) || stat(path, &firsts) || stat(".", &again))
			return false;
	} while (own.st_ino != again.st_ino);
	return S_ISDIR(own.st_mode) && own.st_ino == firsts.st_ino &&
	       own.st_dev == firsts.st_dev;
}

static void prepare(void)
{
	int fd = memfd_create("sharing", 0);

	program_check(fd >= 0 && !ftruncate(fd, BYTES), "memfd: %s", strerror(errno));
	memories[MEMFD].word = map(fd);
	close(fd);
	memories[ANONYMOUS].word = map(-1);
	fd = deleted_file("mapped");
	memories[DELETED].word = map(fd);
	close(fd);
	record = deleted_file("record");
	private_copy = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	program_check(private_copy != MAP_FAILED, "mmap: %s", strerror(errno));
	for (size_t i = 0; i < BYTES / sizeof(uint64_t); i += 100)
		private_copy[i] = program_mix(i);
	if (!strcmp(program_word(""), "wide")) {
		wide = mmap(NULL, (size_t)WIDE_PAGES * PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		program_check(wide != MAP_FAILED, "mmap: %s", strerror(errno));
		for (size_t i = 0; i < WIDE_PAGES; i++)
			wide[i * PAGE / sizeof(*wide)] = program_mix(i + 1);
	}
	for (int i = 0; i <= children_count; i++)
		program_check(!pipe(turn[i]), "pipe: %s", strerror(errno));
}

static size_t place(uint64_t number)
{
	return program_mix(number) % (BYTES / sizeof(uint64_t));
}

static void check_wide(int who)
{
	for (size_t i = 0; wide && i < WIDE_PAGES; i++)
		program_check(wide[i * PAGE / sizeof(*wide)] == program_mix(i + 1),
			      "process %d: page %zu of the wide memory is another", who, i);
}

/* Sees what whoever was due before has written, and writes its own. */
static void step(uint64_t number, int who)
{
	uint64_t last = number * (children_count + 1) + who;

	for (int i = 0; i < MEMORIES; i++) {
		_Atomic uint64_t *word = memories[i].word;

		program_check(!last || word[place(last - 1)] == last - 1,
			      "%s: step %lu, process %d: what was written before is not there",
			      memories[i].name, number, who);
		word[place(last)] = last;
	}
	for (size_t i = who; i < BYTES / sizeof(uint64_t); i += 100 * (children_count + 1))
		program_check(private_copy[i] == (i % 100 ? 0 : program_mix(i)),
			      "process %d: its copy is another at %zu", who, i);
	check_wide(who);
	program_check(!who || is_there_still(), "process %d: its directory is another: %s", who,
		      strerror(errno));
	program_check(write(record, &last, sizeof(last)) == sizeof(last),
		      "process %d: the record: %s", who, strerror(errno));
}

static bool hear(int who, uint64_t *number)
{
	ssize_t got;

	do
		got = read(turn[who][0], number, sizeof(*number));
	while (got < 0 && errno == EINTR);
	return got == sizeof(*number);
}

static void pass_on(int who, uint64_t number)
{
	program_check(write(turn[who][1], &number, sizeof(number)) == sizeof(number),
		      "the pipe of %d: %s", who, strerror(errno));
}

static pid_t child(int who)
{
	pid_t pid = fork();
	uint64_t number;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_IGN);
	while (hear(who, &number)) {
		step(number, who);
		pass_on((who + 1) % (children_count + 1), number);
	}
	_exit(4);
}

static void check_record(uint64_t steps)
{
	uint64_t last;

	program_check(lseek(record, 0, SEEK_CUR) == (off_t)(steps * sizeof(last)),
		      "the record has %ld bytes before its position, %lu steps were taken",
		      (long)lseek(record, 0, SEEK_CUR), steps);
	for (uint64_t i = 0; i < steps; i++)
		program_check(pread(record, &last, sizeof(last), i * sizeof(last)) ==
			      sizeof(last) && last == i, "step %lu is recorded as %lu", i, last);
}

int main(int argc, char **argv)
{
	pid_t children[CHILDREN_MAX + 1];
	uint64_t number = 0, back;
	bool still;
	int status;

	program_begin(argc, argv, 0);
	still = !strcmp(program_word(""), "still");
	if (!still && strcmp(program_word(""), "wide"))
		children_count = program_argument(children_count);
	program_check(children_count >= 0 && children_count <= CHILDREN_MAX,
		      "not so many children");
	deleted_directory();
	prepare();
	for (int who = 1; who <= children_count; who++)
		program_check((children[who] = child(who)) > 0,
			      "fork: %s", strerror(errno));
	while (program_goes_on()) {
		step(number, 0);
		pass_on(1 % (children_count + 1), number);
		for (int who = 1; who <= children_count; who++)
			program_check(!waitpid(children[who], &status, WNOHANG),
				      "child %d ended with status %#x", who, status);
		/* also when it has been told to stop: the children know nothing of that */
		program_check(hear(0, &back) && back == number, "number %lu came back as %lu",
			      number, back);
		number++;
		program_line("%016lx", program_mix(number));
		if (still && number == ROUNDS) {
			program_note("ready");
			while (!program_told_to_stop())
				pause();
		}
		sched_yield();
	}
	check_record(number * (children_count + 1));
	for (int who = 1; who <= children_count; who++)
		kill(children[who], SIGKILL);
	program_pass();
}
