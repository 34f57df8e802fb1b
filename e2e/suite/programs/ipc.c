// SPDX-License-Identifier: Apache-2.0
/* System V memory, semaphores and messages, and a POSIX queue: all the same in the end. */
#include "protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#define BYTES (1 << 20)
#define MESSAGES 7

struct message {
	long type;
	unsigned char text[900];
};

static void send_all(int queue)
{
	struct message message;

	for (int i = 0; i < MESSAGES; i++) {
		message.type = 1 + i % 3;
		pattern(message.text, sizeof(message.text), i);
		MUST(!msgsnd(queue, &message, 100 * i, IPC_NOWAIT));
	}
}

static void receive_all(int queue)
{
	struct message message;

	/* one type after the other, each in order */
	for (int type = 1; type <= 3; type++)
		for (int i = type - 1; i < MESSAGES; i += 3) {
			MUST(msgrcv(queue, &message, sizeof(message.text), type, IPC_NOWAIT) ==
			     100 * i);
			MUST(is_pattern(message.text, 100 * i, i));
		}
	MUST(msgrcv(queue, &message, sizeof(message.text), 0, IPC_NOWAIT) < 0 && errno == ENOMSG);
}

int main(int argc, char **argv)
{
	struct sembuf borrow = { .sem_num = 1, .sem_op = -2, .sem_flg = SEM_UNDO };
	struct sembuf nothing_left = { .sem_num = 0, .sem_op = 0, .sem_flg = IPC_NOWAIT };
	struct mq_attr limits = { .mq_maxmsg = 3, .mq_msgsize = 64 };
	int segment, set, queue;
	unsigned int priority;
	unsigned char *at;
	char name[64], room[64];
	mqd_t posix;

	begin(argc, argv, NEEDS_NOTHING);
	MUST((segment = shmget(IPC_PRIVATE, BYTES, 0600)) >= 0);
	MUST((at = shmat(segment, NULL, 0)) != (void *)-1);
	MUST(!shmctl(segment, IPC_RMID, NULL));
	pattern(at, BYTES, segment);
	MUST((set = semget(IPC_PRIVATE, 2, 0600)) >= 0);
	MUST(!semctl(set, 1, SETVAL, 5) && !semop(set, &borrow, 1));
	MUST((queue = msgget(IPC_PRIVATE, 0600)) >= 0);
	send_all(queue);
	snprintf(name, sizeof(name), "/suite-ipc-%d", getpid());
	MUST((posix = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &limits)) >= 0);
	MUST(!mq_send(posix, "low", 4, 1) && !mq_send(posix, "high", 5, 9));
	ready();
	await_end();
	MUST(is_pattern(at, BYTES, segment));
	MUST(!shmdt(at) && shmat(segment, NULL, 0) == (void *)-1);
	MUST(semctl(set, 1, GETVAL) == 3 && semctl(set, 1, GETPID) == getpid());
	MUST(!semop(set, &nothing_left, 1));
	receive_all(queue);
	MUST(mq_receive(posix, room, sizeof(room), &priority) == 5 && priority == 9);
	MUST(mq_receive(posix, room, sizeof(room), &priority) == 4 && priority == 1);
	MUST(!mq_unlink(name) && !semctl(set, 0, IPC_RMID) && !msgctl(queue, IPC_RMID, NULL));
	pass();
}
