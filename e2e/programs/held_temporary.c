// SPDX-License-Identifier: Apache-2.0
/*
 * Kind of `held': files below /tmp.  One as a Java program has it (hsperfdata): mapped
 * and locked, its descriptor closed, in a directory that only this node has.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "held.h"

#define BYTES (3L << 20)
#define DEEP ((2L << 20) + 17)

static char directory[64], mapped_path[80], log_path[80];
static volatile long *mapped;
static char *copied;
static int log_writer, log_reader, locked;
static struct stat mapped_stat, directory_stat;

static void *map(int fd, int protection, int flags)
{
	return must(mmap(NULL, BYTES, protection, flags, fd, 0));
}

/* What a child has made is the event's as well, if somebody of it can write. */
static int of_a_child(const char *path)
{
	pid_t child = must(fork());

	if (!child) {
		must(open(path, O_RDWR | O_CREAT | O_EXCL, 0600));
		_exit(0);
	}
	must(waitpid(child, NULL, 0));
	return must(open(path, O_RDWR));
}

void temporary_begin(void)
{
	const struct timespec times[2] = { { 1000000000, 5 }, { 1000000001, 7 } };
	int fd;

	snprintf(directory, sizeof(directory), "/tmp/held-%d", getpid());
	snprintf(mapped_path, sizeof(mapped_path), "%s/mapped", directory);
	snprintf(log_path, sizeof(log_path), "%s.log", directory);
	must(mkdir(directory, 0700));
	must(chmod(directory, 0711));
	must(stat(directory, &directory_stat));
	fd = must(open(mapped_path, O_RDWR | O_CREAT | O_EXCL, 0600));
	must(fchmod(fd, 0624));
	must(ftruncate(fd, BYTES));
	is(pwrite(fd, "deep", 4, DEEP) == 4);
	mapped = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	copied = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	must(fstat(fd, &mapped_stat));
	must(flock(fd, LOCK_EX | LOCK_NB));
	close(fd);
	log_writer = must(open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, 0640));
	log_reader = must(open(log_path, O_RDONLY));
	snprintf(log_path + strlen(directory), sizeof(log_path) - strlen(directory), "/locked");
	locked = of_a_child(log_path);
	must(flock(locked, LOCK_EX));
	is(write(locked, "locked", 7) == 7);
	must(futimens(locked, times));
	snprintf(log_path, sizeof(log_path), "%s.log", directory);
	lies_still(locked);
}

void temporary_step(long number)
{
	long got;

	mapped[number] = number;
	is(write(log_writer, &number, sizeof(number)) == sizeof(number));
	is(read(log_reader, &got, sizeof(got)) == sizeof(got) && got == number);
}

static void expect_mapped(void)
{
	struct stat st;
	int fd = must(open(mapped_path, O_RDONLY));
	long got;

	must(fstat(fd, &st));
	is(st.st_size == BYTES && st.st_mode == mapped_stat.st_mode &&
	   st.st_uid == mapped_stat.st_uid && st.st_gid == mapped_stat.st_gid &&
	   st.st_nlink == 1);
	mapped[0] = 4711;
	is(pread(fd, &got, sizeof(got), 0) == sizeof(got) && got == 4711);
	is(!memcmp(copied + DEEP, "deep", 4));
	is(flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK);
	must(stat(directory, &st));
	is(st.st_mode == directory_stat.st_mode && st.st_uid == directory_stat.st_uid);
	must(unlink(mapped_path));
	must(fstat(fd, &st));
	is(!st.st_nlink);
}

static void expect_locked(void)
{
	struct stat st, named;
	int again;
	char text[8];

	snprintf(mapped_path, sizeof(mapped_path), "%s/locked", directory);
	again = must(open(mapped_path, O_RDWR));
	must(fstat(locked, &st));
	must(fstat(again, &named));
	is(st.st_ino == named.st_ino && st.st_dev == named.st_dev);
	is(st.st_mtim.tv_sec == 1000000001 && st.st_mtim.tv_nsec == 7);
	is(flock(again, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK);
	is(pread(locked, text, sizeof(text), 0) == 7 && !strcmp(text, "locked"));
	must(unlink(mapped_path));
}

void temporary_end(void)
{
	struct stat st;

	expect_mapped();
	expect_locked();
	must(fstat(log_writer, &st));
	is(st.st_size == program_lines() * (off_t)sizeof(long));
	must(unlink(log_path));
	must(rmdir(directory));
}
