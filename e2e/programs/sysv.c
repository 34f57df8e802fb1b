// SPDX-License-Identifier: Apache-2.0
/*
 * A parent and a child that meet in System V IPC: a segment that is attached
 * whole, read-only, and in part; one that is about to go; one that nobody has
 * attached; a set with adjustments, on which the child waits in turn; a queue
 * with messages that stay, and one that carries the turns.
 *
 *	sysv OUTFILE COUNT [KEY]	KEY: of segment, set and queue (0: private)
 *
 * With "=" before KEY it does nothing any more after eight lines.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

#define PAGE 4096
#define PAGES 16
#define BYTES (PAGES * PAGE - 100)	/* the rest of the last page is there, too */
#define IDLE_AFTER 8
#define KEPT 5				/* messages that nobody takes */

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

struct turn {
	long type;
	uint64_t number;
};

struct kept {
	long type;
	char text[6000];		/* more than the kernel stores in one piece */
};

enum { TO_CHILD, TO_PARENT, BORROWED, SEMAPHORES };

static int segment, leaving, unattached, set, queue, kept_queue;
static volatile uint64_t *whole, *half, *going;
static const volatile uint64_t *read_only;
static pid_t parent;

static void *attach(int id, int flags)
{
	void *at = shmat(id, NULL, flags);

	program_check(at != (void *)-1, "shmat: %s", strerror(errno));
	return at;
}

static int made(int id, const char *what)
{
	program_check(id >= 0, "%s: %s", what, strerror(errno));
	return id;
}

static void make_segments(key_t key)
{
	char *at;

	segment = made(shmget(key ?: IPC_PRIVATE, BYTES, IPC_CREAT | IPC_EXCL | 0640), "shmget");
	whole = attach(segment, 0);
	read_only = attach(segment, SHM_RDONLY);
	at = attach(segment, 0);
	/* only pages 4 to 7 of it are left, the last of which cannot be touched */
	program_check(!munmap(at, 4 * PAGE) && !munmap(at + 8 * PAGE, 8 * PAGE) &&
		      !mprotect(at + 7 * PAGE, PAGE, PROT_NONE), "munmap: %s", strerror(errno));
	half = (void *)(at + 4 * PAGE);

	leaving = made(shmget(IPC_PRIVATE, PAGE, 0600), "shmget");
	going = attach(leaving, 0);
	program_check(!shmctl(leaving, IPC_RMID, NULL), "shmctl: %s", strerror(errno));

	unattached = made(shmget(IPC_PRIVATE, PAGE, 0604), "shmget");
	at = attach(unattached, 0);
	strcpy(at, "nobody has it");
	program_check(!shmdt(at), "shmdt: %s", strerror(errno));
}

static void make_set(key_t key)
{
	set = made(semget(key ?: IPC_PRIVATE, SEMAPHORES, IPC_CREAT | IPC_EXCL | 0620), "semget");
	program_check(!semctl(set, BORROWED, SETVAL, (union semun) { .val = 7 }),
		      "semctl: %s", strerror(errno));
}

static void make_queues(key_t key)
{
	struct kept message;

	queue = made(msgget(key ?: IPC_PRIVATE, IPC_CREAT | IPC_EXCL | 0600), "msgget");
	kept_queue = made(msgget(IPC_PRIVATE, 0660), "msgget");
	for (int i = 0; i < KEPT; i++) {
		/* of several sizes, the first one empty */
		size_t bytes = i * 700;

		message.type = i % 2 ? 100 : 200;
		memset(message.text, 'a' + i, sizeof(message.text));
		program_check(!msgsnd(kept_queue, &message, bytes, IPC_NOWAIT),
			      "msgsnd: %s", strerror(errno));
	}
	memset(message.text, 'z', sizeof(message.text));
	message.type = 300;
	program_check(!msgsnd(kept_queue, &message, sizeof(message.text), IPC_NOWAIT),
		      "msgsnd: %s", strerror(errno));
}

static int operate(int number, int by, int flags)
{
	struct sembuf operation = { .sem_num = number, .sem_op = by, .sem_flg = flags };

	return semop(set, &operation, 1);
}

/* Whoever waits must not learn that it was moved: only SIGTERM may interrupt it. */
static void wait_for(int number)
{
	while (operate(number, -1, 0))
		program_check(errno == EINTR && program_told_to_stop(), "semop: %s",
			      strerror(errno));
}

static void child(void)
{
	struct turn turn;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_IGN);
	/* returned by the kernel when it ends */
	if (operate(BORROWED, -2, SEM_UNDO))
		_exit(2);
	for (;;) {
		if (operate(TO_CHILD, -1, 0))
			_exit(3);
		if (msgrcv(queue, &turn, sizeof(turn.number), 1, 0) != sizeof(turn.number))
			_exit(4);
		if (whole[turn.number % 512] != turn.number || going[0] != turn.number)
			_exit(5);
		whole[4 * 512 + turn.number % 512] = ~turn.number;
		turn.type = 2;
		if (msgsnd(queue, &turn, sizeof(turn.number), 0))
			_exit(6);
		if (operate(TO_PARENT, 1, 0))
			_exit(7);
	}
}

static void step(uint64_t number)
{
	struct turn turn = { .type = 1, .number = number };

	whole[number % 512] = number;
	going[0] = number;
	/* behind what the segment says is its end */
	((volatile char *)whole)[PAGES * PAGE - 1] = number;
	program_check(!msgsnd(queue, &turn, sizeof(turn.number), 0), "msgsnd: %s", strerror(errno));
	program_check(!operate(TO_CHILD, 1, 0), "semop: %s", strerror(errno));
	wait_for(TO_PARENT);
	program_check(msgrcv(queue, &turn, sizeof(turn.number), 2, 0) == sizeof(turn.number) &&
		      turn.number == number, "msgrcv: %s", strerror(errno));
	program_check(half[number % 512] == ~number && read_only[number % 512] == number &&
		      ((const volatile char *)read_only)[PAGES * PAGE - 1] == (char)number,
		      "the attachments do not show the same");
}

static void check_segments(void)
{
	struct shmid_ds about;
	char *at;

	program_check(!shmctl(segment, IPC_STAT, &about), "shmctl: %s", strerror(errno));
	/* four mappings, for the parent and for the child */
	program_check(about.shm_segsz == BYTES && about.shm_nattch == 8 &&
		      about.shm_cpid == parent && (about.shm_perm.mode & 0777) == 0640,
		      "the segment: %zu bytes, %lu attached, made by %d, mode %o",
		      about.shm_segsz, about.shm_nattch, about.shm_cpid, about.shm_perm.mode);
	program_check(!shmctl(leaving, IPC_STAT, &about) && about.shm_nattch == 2 &&
		      about.shm_perm.mode & SHM_DEST, "the segment that is about to go");
	program_check(!shmctl(unattached, IPC_STAT, &about) && !about.shm_nattch &&
		      about.shm_lpid == parent && (about.shm_perm.mode & 0777) == 0604,
		      "the segment that nobody has: %lu attached, by %d", about.shm_nattch,
		      about.shm_lpid);
	at = attach(unattached, 0);
	program_check(!strcmp(at, "nobody has it"), "its content is gone");
	shmdt(at);
}

static void check_set(pid_t child)
{
	program_check(semctl(set, BORROWED, GETVAL) == 5, "%d are left of what was borrowed",
		      semctl(set, BORROWED, GETVAL));
	program_check(semctl(set, BORROWED, GETPID) == child, "semaphore: used last by %d",
		      semctl(set, BORROWED, GETPID));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	program_check(semctl(set, BORROWED, GETVAL) == 7, "%d are there after it was returned",
		      semctl(set, BORROWED, GETVAL));
}

static void check_queue(void)
{
	static struct kept message;
	struct msqid_ds about;

	program_check(!msgctl(kept_queue, IPC_STAT, &about) && about.msg_qnum == KEPT + 1 &&
		      about.msg_lspid == parent && (about.msg_perm.mode & 0777) == 0660,
		      "the queue: %lu messages by %d", about.msg_qnum, about.msg_lspid);
	/* the second kind first */
	for (int i = 1; i < KEPT; i += 2)
		program_check(msgrcv(kept_queue, &message, sizeof(message.text), 100, IPC_NOWAIT) ==
			      i * 700 && message.text[0] == 'a' + i, "message %d", i);
	for (int i = 0; i < KEPT; i += 2)
		program_check(msgrcv(kept_queue, &message, sizeof(message.text), 0, IPC_NOWAIT) ==
			      i * 700 && message.type == 200, "message %d", i);
	program_check(msgrcv(kept_queue, &message, sizeof(message.text), 0, IPC_NOWAIT) ==
		      sizeof(message.text) && message.type == 300, "the long message");
	for (size_t i = 0; i < sizeof(message.text); i++)
		program_check(message.text[i] == 'z', "the long message at %zu", i);
}

static void remove_all(void)
{
	shmctl(segment, IPC_RMID, NULL);
	shmctl(unattached, IPC_RMID, NULL);
	semctl(set, 0, IPC_RMID);
	msgctl(queue, IPC_RMID, NULL);
	msgctl(kept_queue, IPC_RMID, NULL);
}

int main(int argc, char **argv)
{
	const char *word;
	uint64_t number = 0;
	bool idle;
	key_t key;
	pid_t pid;

	program_begin(argc, argv, 0);
	word = program_word("0");
	idle = *word == '=';
	key = strtol(word + idle, NULL, 0);
	parent = getpid();
	make_segments(key);
	make_set(key);
	make_queues(key);
	pid = fork();
	program_check(pid >= 0, "fork: %s", strerror(errno));
	if (!pid)
		child();
	while (program_goes_on()) {
		program_check(!waitpid(pid, NULL, WNOHANG), "the child ended");
		step(++number);
		program_line("%016lx", program_mix(number));
		usleep(20000);
		while (idle && number == IDLE_AFTER && !program_told_to_stop())
			usleep(20000);
	}
	check_segments();
	check_set(pid);
	check_queue();
	remove_all();
	program_pass();
}
