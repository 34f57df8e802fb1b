/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System V IPC: what ipc/ keeps to itself.  System calls make, fill and remove
 * its objects; only what no call tells or sets goes through here.
 *
 * Objects are handles to struct kern_ipc_perm, valid between lock and unlock.
 */
#ifndef _PROCMIG_COMPAT_IPC_H
#define _PROCMIG_COMPAT_IPC_H

#include <linux/ipc.h>
#include <linux/ipc_namespace.h>
#include <linux/mqueue.h>
#include <linux/sched.h>
#include <linux/signal_types.h>

struct sk_buff;
struct sock;

enum procmig_sysv_type {
	PROCMIG_SYSV_SETS = 0,
	PROCMIG_SYSV_QUEUES = 1,
	PROCMIG_SYSV_SEGMENTS = 2,
	PROCMIG_SYSV_TYPES = 3,
};

/* In between nobody makes or removes an object of that type; may sleep. */
void procmig_compat_ipc_lock(struct ipc_namespace *ns, enum procmig_sysv_type type);
void procmig_compat_ipc_unlock(struct ipc_namespace *ns, enum procmig_sysv_type type);

/* The first from place *@place on, which is set to that behind it; NULL at the end. */
struct kern_ipc_perm *procmig_compat_ipc_next(struct ipc_namespace *ns,
					      enum procmig_sysv_type type, int *place);
/* The object with that ID, or NULL. */
struct kern_ipc_perm *procmig_compat_ipc_at(struct ipc_namespace *ns,
					    enum procmig_sysv_type type, int id);
/*
 * The next that is made gets that ID, unless its place in the table is taken by
 * another one.
 */
void procmig_compat_ipc_next_id(struct ipc_namespace *ns, enum procmig_sysv_type type,
				int id);

/* Shared memory.  Pointers are borrowed. */
struct procmig_segment {
	struct file *file;
	u64 bytes;
	unsigned long attached;
	s64 attach_time, detach_time, change_time;
	struct pid *creator, *last;
};

void procmig_compat_get_segment(struct kern_ipc_perm *object, struct procmig_segment *segment);
/* Times and PIDs. */
void procmig_compat_set_segment(struct kern_ipc_perm *object,
				const struct procmig_segment *segment);

/* Semaphores */
struct procmig_semaphore {
	int value;
	s64 time;
	struct pid *last;
};

/* How many there are, and the time of the last change. */
unsigned int procmig_compat_set_size(struct kern_ipc_perm *object, s64 *change_time);
void procmig_compat_set_changed(struct kern_ipc_perm *object, s64 change_time);
void procmig_compat_get_semaphore(struct kern_ipc_perm *object, unsigned int number,
				  struct procmig_semaphore *semaphore);
/* Nobody may wait. */
void procmig_compat_set_semaphore(struct kern_ipc_perm *object, unsigned int number,
				  const struct procmig_semaphore *semaphore);
/* @see runs under a spin lock. */
void procmig_compat_set_sleepers(struct kern_ipc_perm *object,
				 void (*see)(struct task_struct *task, void *private),
				 void *private);
/* @see is told the list (see below) of everybody who has adjustments. */
void procmig_compat_set_adjusters(struct kern_ipc_perm *object,
				  void (*see)(const void *list, void *private),
				  void *private);

/*
 * Where a task's adjustments are; tasks may share it.  Compared, not followed;
 * NULL: it never had any.
 */
const void *procmig_compat_undo_list(struct task_struct *task);
bool procmig_compat_undo_empty(struct task_struct *task);
/* False: @task, which stands still, has none for that set. */
bool procmig_compat_get_undo(struct task_struct *task, struct kern_ipc_perm *object,
			     s16 *adjustments);
/* Of `current', which has some already; false: it has none. */
bool procmig_compat_set_undo(struct kern_ipc_perm *object, const s16 *adjustments);
/* Give all threads of `current', which stand still, the list that @with has. */
int procmig_compat_share_undo(struct task_struct *with);

/* Message queues */
struct procmig_queue {
	u64 limit, bytes, messages;
	s64 send_time, receive_time, change_time;
	struct pid *sender, *receiver;
};

struct procmig_message {
	s64 type;
	u32 bytes;
	u32 priority;		/* of POSIX queues only */
	/* content, then room up to a multiple of 8 bytes */
};

void procmig_compat_get_queue(struct kern_ipc_perm *object, struct procmig_queue *queue);
/* All but bytes and messages. */
void procmig_compat_set_queue(struct kern_ipc_perm *object,
			      const struct procmig_queue *queue);
void procmig_compat_queue_sleepers(struct kern_ipc_perm *object,
				   void (*see)(struct task_struct *task, void *private),
				   void *private);
/* All messages in order to @room; how many bytes that were, or would have been. */
size_t procmig_compat_get_messages(struct kern_ipc_perm *object, void *room, size_t bytes);

/* POSIX message queues, by their inode. */
struct procmig_mqueue {
	u64 max_messages, max_bytes;	/* limits */
	u64 messages;
	struct sigevent notify;
	struct pid *notified;		/* NULL: nobody */
	/* of SIGEV_THREAD */
	struct sock *notify_socket;
	u8 notify_cookie[NOTIFY_COOKIE_LEN];
};

/*
 * False: it has another shape than the one known here.  Else it is to be put: its
 * processes may run on meanwhile.
 */
bool procmig_compat_get_mqueue(struct inode *inode, struct procmig_mqueue *queue);
void procmig_compat_put_mqueue(struct procmig_mqueue *queue);
/*
 * Tell @owner about the next message, as mq_notify(3) called by itself.  Of
 * SIGEV_THREAD @cookie is what the netlink socket is told to which it is charged;
 * it and a reference to that are taken over.  False, and nothing is taken over:
 * somebody is to be told already.
 */
bool procmig_compat_notify_mqueue(struct inode *inode, struct task_struct *owner,
				  const struct sigevent *notify, struct sk_buff *cookie);
/*
 * All messages, the most urgent first, to @room; how
 * many bytes that were, or would have been.
 */
size_t procmig_compat_get_mqueue_messages(struct inode *inode, void *room, size_t bytes);

/* 0, or -EOPNOTSUPP: this kernel's ipc/ has another shape than the one known here. */
int procmig_compat_ipc_check(void);

#endif /* _PROCMIG_COMPAT_IPC_H */
