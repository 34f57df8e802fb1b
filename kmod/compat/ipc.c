// SPDX-License-Identifier: GPL-2.0-only
/*
 * The structures that ipc/ declares in its own .c files.  They have kept their
 * shape over many versions; procmig_compat_ipc_check() looks at objects that it
 * makes itself before anybody relies on that.
 */
#include <linux/file.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/mqueue.h>
#include <linux/msg.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sem.h>
#include <linux/shm.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <net/sock.h>
#include <procmig/compat.h>
#include <procmig/compat_ipc.h>

struct segment {
	struct kern_ipc_perm perm;
	struct file *file;
	unsigned long attached;
	unsigned long bytes;
	time64_t attach_time, detach_time, change_time;
	struct pid *creator, *last;
	struct ucounts *locked_by;
	struct task_struct *creator_task;
	struct list_head of_creator;
	struct ipc_namespace *ns;
};

struct semaphore_slot {
	int value;
	struct pid *last;
	spinlock_t lock;
	struct list_head altering, looking;
	time64_t time;
} ____cacheline_aligned_in_smp;

struct set {
	struct kern_ipc_perm perm;
	time64_t change_time;
	struct list_head altering, looking;
	struct list_head undos;
	int count;
	int complex;
	unsigned int global_lock;
	struct semaphore_slot slot[];
};

struct set_sleeper {
	struct list_head node;
	struct task_struct *task;
};

struct undo_list {
	refcount_t users;
	spinlock_t lock;
	struct list_head undos;
};

struct undo {
	struct list_head of_list;
	struct rcu_head rcu;
	struct undo_list *list;
	struct list_head of_set;
	int id;
	short *adjustment;
};

struct queue {
	struct kern_ipc_perm perm;
	time64_t send_time, receive_time, change_time;
	unsigned long bytes, messages, limit;
	struct pid *sender, *receiver;
	struct list_head content, receivers, senders;
};

struct queue_sleeper {
	struct list_head node;
	struct task_struct *task;
};

struct mqueue {
	spinlock_t lock;
	struct inode inode;
	wait_queue_head_t wait;
	struct rb_root by_priority;
	struct rb_node *most_urgent;
	void *spare;
	struct mq_attr limits;
	struct sigevent notify;
	struct pid *notified;
	u32 notified_exec_id;
	struct user_namespace *notified_ns;
	struct ucounts *owner;
	struct sock *notify_socket;	/* of SIGEV_THREAD: referenced, and */
	struct sk_buff *notify_cookie;	/* charged to it */
};

struct mqueue_level {
	struct rb_node node;
	struct list_head messages;
	int priority;
};

/* A message's content goes on in these, a page each. */
struct message_part {
	struct message_part *next;
};

#define HEAD_BYTES (PAGE_SIZE - sizeof(struct msg_msg))
#define PART_BYTES (PAGE_SIZE - sizeof(struct message_part))

static struct segment *segment_of(struct kern_ipc_perm *object)
{
	return container_of(object, struct segment, perm);
}

static struct set *set_of(struct kern_ipc_perm *object)
{
	return container_of(object, struct set, perm);
}

static struct queue *queue_of(struct kern_ipc_perm *object)
{
	return container_of(object, struct queue, perm);
}

static void set_pid(struct pid **at, struct pid *pid)
{
	swap(*at, pid);
	put_pid(pid);
}

/* ---- objects of every type ----------------------------------------------- */

void procmig_compat_ipc_lock(struct ipc_namespace *ns, enum procmig_sysv_type type)
{
	down_read(&ns->ids[type].rwsem);
}
EXPORT_SYMBOL_GPL(procmig_compat_ipc_lock);

void procmig_compat_ipc_unlock(struct ipc_namespace *ns, enum procmig_sysv_type type)
{
	up_read(&ns->ids[type].rwsem);
}
EXPORT_SYMBOL_GPL(procmig_compat_ipc_unlock);

struct kern_ipc_perm *procmig_compat_ipc_next(struct ipc_namespace *ns,
					      enum procmig_sysv_type type, int *place)
{
	struct kern_ipc_perm *object = idr_get_next(&ns->ids[type].ipcs_idr, place);

	++*place;
	return object;
}
EXPORT_SYMBOL_GPL(procmig_compat_ipc_next);

struct kern_ipc_perm *procmig_compat_ipc_at(struct ipc_namespace *ns,
					    enum procmig_sysv_type type, int id)
{
	struct kern_ipc_perm *object;
	int place = 0;

	/* Which bits of an ID are its place depends on how the kernel was booted. */
	while ((object = procmig_compat_ipc_next(ns, type, &place)))
		if (object->id == id)
			return object;
	return NULL;
}
EXPORT_SYMBOL_GPL(procmig_compat_ipc_at);

void procmig_compat_ipc_next_id(struct ipc_namespace *ns, enum procmig_sysv_type type,
				int id)
{
	WRITE_ONCE(ns->ids[type].next_id, id);
}
EXPORT_SYMBOL_GPL(procmig_compat_ipc_next_id);

/* ---- shared memory ------------------------------------------------------- */

void procmig_compat_get_segment(struct kern_ipc_perm *object, struct procmig_segment *segment)
{
	const struct segment *s = segment_of(object);

	*segment = (struct procmig_segment) {
		.file = s->file,
		.bytes = s->bytes,
		.attached = s->attached,
		.attach_time = s->attach_time,
		.detach_time = s->detach_time,
		.change_time = s->change_time,
		.creator = s->creator,
		.last = s->last,
	};
}
EXPORT_SYMBOL_GPL(procmig_compat_get_segment);

void procmig_compat_set_segment(struct kern_ipc_perm *object,
				const struct procmig_segment *segment)
{
	struct segment *s = segment_of(object);
	struct pid *creator = get_pid(segment->creator), *last = get_pid(segment->last);

	spin_lock(&object->lock);
	s->attach_time = segment->attach_time;
	s->detach_time = segment->detach_time;
	s->change_time = segment->change_time;
	set_pid(&s->creator, creator);
	set_pid(&s->last, last);
	spin_unlock(&object->lock);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_segment);

/* ---- semaphores ---------------------------------------------------------- */

unsigned int procmig_compat_set_size(struct kern_ipc_perm *object, s64 *change_time)
{
	*change_time = set_of(object)->change_time;
	return set_of(object)->count;
}
EXPORT_SYMBOL_GPL(procmig_compat_set_size);

void procmig_compat_set_changed(struct kern_ipc_perm *object, s64 change_time)
{
	set_of(object)->change_time = change_time;
}
EXPORT_SYMBOL_GPL(procmig_compat_set_changed);

void procmig_compat_get_semaphore(struct kern_ipc_perm *object, unsigned int number,
				  struct procmig_semaphore *semaphore)
{
	const struct semaphore_slot *slot = &set_of(object)->slot[number];

	*semaphore = (struct procmig_semaphore) {
		.value = READ_ONCE(slot->value),
		.time = slot->time,
		.last = slot->last,
	};
}
EXPORT_SYMBOL_GPL(procmig_compat_get_semaphore);

void procmig_compat_set_semaphore(struct kern_ipc_perm *object, unsigned int number,
				  const struct procmig_semaphore *semaphore)
{
	struct semaphore_slot *slot = &set_of(object)->slot[number];
	struct pid *last = get_pid(semaphore->last);

	/* The kernel's order: the lock of the set, then that of the semaphore. */
	spin_lock(&object->lock);
	spin_lock(&slot->lock);
	slot->value = semaphore->value;
	slot->time = semaphore->time;
	set_pid(&slot->last, last);
	spin_unlock(&slot->lock);
	spin_unlock(&object->lock);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_semaphore);

static void see_set_sleepers(const struct list_head *list,
			     void (*see)(struct task_struct *task, void *private),
			     void *private)
{
	struct set_sleeper *sleeper;

	list_for_each_entry(sleeper, list, node)
		see(sleeper->task, private);
}

void procmig_compat_set_sleepers(struct kern_ipc_perm *object,
				 void (*see)(struct task_struct *task, void *private),
				 void *private)
{
	struct set *set = set_of(object);
	struct semaphore_slot *slot;
	int i;

	spin_lock(&object->lock);
	see_set_sleepers(&set->altering, see, private);
	see_set_sleepers(&set->looking, see, private);
	for (i = 0; i < set->count; i++) {
		slot = &set->slot[i];
		spin_lock(&slot->lock);
		see_set_sleepers(&slot->altering, see, private);
		see_set_sleepers(&slot->looking, see, private);
		spin_unlock(&slot->lock);
	}
	spin_unlock(&object->lock);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_sleepers);

void procmig_compat_set_adjusters(struct kern_ipc_perm *object,
				  void (*see)(const void *list, void *private),
				  void *private)
{
	struct undo *undo;

	spin_lock(&object->lock);
	list_for_each_entry(undo, &set_of(object)->undos, of_set)
		see(undo->list, private);
	spin_unlock(&object->lock);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_adjusters);

/* ---- adjustments --------------------------------------------------------- */

static struct undo_list *undo_list_of(struct task_struct *task)
{
	return (struct undo_list *)READ_ONCE(task->sysvsem.undo_list);
}

const void *procmig_compat_undo_list(struct task_struct *task)
{
	return undo_list_of(task);
}
EXPORT_SYMBOL_GPL(procmig_compat_undo_list);

bool procmig_compat_undo_empty(struct task_struct *task)
{
	struct undo_list *list = undo_list_of(task);

	return !list || list_empty(&list->undos);
}
EXPORT_SYMBOL_GPL(procmig_compat_undo_empty);

/* Under the lock of the set: then nobody else takes it off the list. */
static struct undo *find_undo(struct task_struct *task, struct kern_ipc_perm *object)
{
	struct undo_list *list = undo_list_of(task);
	struct undo *undo;

	list_for_each_entry(undo, &set_of(object)->undos, of_set)
		if (list && undo->list == list)
			return undo;
	return NULL;
}

static bool copy_undo(struct task_struct *task, struct kern_ipc_perm *object,
		      s16 *to, const s16 *from)
{
	size_t bytes = set_of(object)->count * sizeof(s16);
	struct undo *undo;

	spin_lock(&object->lock);
	undo = find_undo(task, object);
	if (undo && to)
		memcpy(to, undo->adjustment, bytes);
	else if (undo)
		memcpy(undo->adjustment, from, bytes);
	spin_unlock(&object->lock);
	return undo;
}

bool procmig_compat_get_undo(struct task_struct *task, struct kern_ipc_perm *object,
			     s16 *adjustments)
{
	return copy_undo(task, object, adjustments, NULL);
}
EXPORT_SYMBOL_GPL(procmig_compat_get_undo);

bool procmig_compat_set_undo(struct kern_ipc_perm *object, const s16 *adjustments)
{
	return copy_undo(current, object, NULL, adjustments);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_undo);

static int have_undo_list(struct task_struct *task)
{
	struct undo_list *list;

	if (undo_list_of(task))
		return 0;
	/* As the kernel allocates it; the last user frees it. */
	list = kzalloc(sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	refcount_set(&list->users, 1);
	spin_lock_init(&list->lock);
	INIT_LIST_HEAD(&list->undos);
	task->sysvsem.undo_list = (struct sem_undo_list *)list;
	return 0;
}

int procmig_compat_share_undo(struct task_struct *with)
{
	struct task_struct *thread = current;
	struct undo_list *list, *own;
	int ret;

	/* Nothing can be lost: the stub's threads have adjusted nothing. */
	do {
		if (!procmig_compat_undo_empty(thread))
			return -EBUSY;
	} while_each_thread(current, thread);
	ret = have_undo_list(with);
	if (ret)
		return ret;
	list = undo_list_of(with);
	do {
		own = undo_list_of(thread);
		refcount_inc(&list->users);
		thread->sysvsem.undo_list = (struct sem_undo_list *)list;
		if (own && refcount_dec_and_test(&own->users))
			kfree(own);
	} while_each_thread(current, thread);
	return 0;
}
EXPORT_SYMBOL_GPL(procmig_compat_share_undo);

/* ---- message queues ------------------------------------------------------ */

void procmig_compat_get_queue(struct kern_ipc_perm *object, struct procmig_queue *queue)
{
	const struct queue *q = queue_of(object);

	*queue = (struct procmig_queue) {
		.limit = q->limit,
		.bytes = q->bytes,
		.messages = q->messages,
		.send_time = q->send_time,
		.receive_time = q->receive_time,
		.change_time = q->change_time,
		.sender = q->sender,
		.receiver = q->receiver,
	};
}
EXPORT_SYMBOL_GPL(procmig_compat_get_queue);

void procmig_compat_set_queue(struct kern_ipc_perm *object,
			      const struct procmig_queue *queue)
{
	struct pid *sender = get_pid(queue->sender), *receiver = get_pid(queue->receiver);
	struct queue *q = queue_of(object);

	spin_lock(&object->lock);
	q->limit = queue->limit;
	q->send_time = queue->send_time;
	q->receive_time = queue->receive_time;
	q->change_time = queue->change_time;
	set_pid(&q->sender, sender);
	set_pid(&q->receiver, receiver);
	spin_unlock(&object->lock);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_queue);

static void see_queue_sleepers(const struct list_head *list,
			       void (*see)(struct task_struct *task, void *private),
			       void *private)
{
	struct queue_sleeper *sleeper;

	list_for_each_entry(sleeper, list, node)
		see(sleeper->task, private);
}

void procmig_compat_queue_sleepers(struct kern_ipc_perm *object,
				   void (*see)(struct task_struct *task, void *private),
				   void *private)
{
	spin_lock(&object->lock);
	see_queue_sleepers(&queue_of(object)->receivers, see, private);
	see_queue_sleepers(&queue_of(object)->senders, see, private);
	spin_unlock(&object->lock);
}
EXPORT_SYMBOL_GPL(procmig_compat_queue_sleepers);

static void copy_content(const struct msg_msg *message, void *to)
{
	const struct message_part *part = (const struct message_part *)message->next;
	size_t left = message->m_ts, bytes = min_t(size_t, left, HEAD_BYTES);

	memcpy(to, message + 1, bytes);
	for (; (left -= bytes) && part; part = part->next) {
		to += bytes;
		bytes = min_t(size_t, left, PART_BYTES);
		memcpy(to, part + 1, bytes);
	}
}

/* Behind the first @used bytes; how many there are, or would be, then. */
static size_t copy_messages(const struct list_head *list, u32 priority, void *room,
			    size_t bytes, size_t used)
{
	struct procmig_message *to;
	struct msg_msg *message;
	size_t next;

	list_for_each_entry(message, list, m_list) {
		next = used + sizeof(*to) + ALIGN(message->m_ts, 8);
		if (next <= bytes) {
			to = room + used;
			*to = (struct procmig_message) {
				.type = message->m_type,
				.bytes = message->m_ts,
				.priority = priority,
			};
			copy_content(message, to + 1);
		}
		used = next;
	}
	return used;
}

size_t procmig_compat_get_messages(struct kern_ipc_perm *object, void *room, size_t bytes)
{
	size_t used;

	spin_lock(&object->lock);
	used = copy_messages(&queue_of(object)->content, 0, room, bytes, 0);
	spin_unlock(&object->lock);
	return used;
}
EXPORT_SYMBOL_GPL(procmig_compat_get_messages);

/* ---- POSIX message queues -------------------------------------------------- */

static struct mqueue *mqueue_of(struct inode *inode)
{
	return container_of(inode, struct mqueue, inode);
}

/* The limits of ipc_namespace.h, and what the tree and the counter say alike. */
static bool mqueue_as_known(const struct mqueue *q)
{
	return q->limits.mq_maxmsg > 0 && q->limits.mq_maxmsg <= HARD_MSGMAX &&
	       q->limits.mq_msgsize > 0 && q->limits.mq_msgsize <= HARD_MSGSIZEMAX &&
	       q->limits.mq_curmsgs >= 0 && q->limits.mq_curmsgs <= q->limits.mq_maxmsg &&
	       !q->limits.mq_curmsgs == RB_EMPTY_ROOT(&q->by_priority);
}

void procmig_compat_put_mqueue(struct procmig_mqueue *queue)
{
	put_pid(queue->notified);
	if (queue->notify_socket)
		sock_put(queue->notify_socket);
}
EXPORT_SYMBOL_GPL(procmig_compat_put_mqueue);

bool procmig_compat_get_mqueue(struct inode *inode, struct procmig_mqueue *queue)
{
	struct mqueue *q = mqueue_of(inode);
	bool ok;

	spin_lock(&q->lock);
	*queue = (struct procmig_mqueue) {
		.max_messages = q->limits.mq_maxmsg,
		.max_bytes = q->limits.mq_msgsize,
		.messages = q->limits.mq_curmsgs,
		.notify = q->notify,
	};
	ok = mqueue_as_known(q);
	if (ok)
		queue->notified = get_pid(q->notified);
	if (queue->notified && q->notify.sigev_notify == SIGEV_THREAD) {
		sock_hold(q->notify_socket);
		queue->notify_socket = q->notify_socket;
		memcpy(queue->notify_cookie, q->notify_cookie->data,
		       sizeof(queue->notify_cookie));
	}
	spin_unlock(&q->lock);
	return ok;
}
EXPORT_SYMBOL_GPL(procmig_compat_get_mqueue);

bool procmig_compat_notify_mqueue(struct inode *inode, struct task_struct *owner,
				  const struct sigevent *notify, struct sk_buff *cookie)
{
	struct mqueue *q = mqueue_of(inode);
	bool done = false;

	spin_lock(&q->lock);
	if (!q->notified) {
		q->notify = *notify;
		if (cookie) {
			q->notify_socket = cookie->sk;
			q->notify_cookie = cookie;
		}
		q->notified = get_task_pid(owner, PIDTYPE_TGID);
		q->notified_exec_id = owner->self_exec_id;
		q->notified_ns = get_user_ns(task_cred_xxx(owner, user_ns));
		done = true;
	}
	spin_unlock(&q->lock);
	return done;
}
EXPORT_SYMBOL_GPL(procmig_compat_notify_mqueue);

size_t procmig_compat_get_mqueue_messages(struct inode *inode, void *room, size_t bytes)
{
	struct mqueue *q = mqueue_of(inode);
	struct mqueue_level *level;
	struct rb_node *node;
	size_t used = 0;

	spin_lock(&q->lock);
	for (node = rb_last(&q->by_priority); node; node = rb_prev(node)) {
		level = rb_entry(node, struct mqueue_level, node);
		used = copy_messages(&level->messages, level->priority, room, bytes, used);
	}
	spin_unlock(&q->lock);
	return used;
}
EXPORT_SYMBOL_GPL(procmig_compat_get_mqueue_messages);

/* ---- the check ------------------------------------------------------------ */

#define CHECK_BYTES 12345
#define CHECK_COUNT 3
#define CHECK_VALUE 4711

static bool is_empty(const struct list_head *list)
{
	return list->next == list && list->prev == list;
}

static bool segment_as_known(struct ipc_namespace *ns, struct kern_ipc_perm *object)
{
	const struct segment *s = segment_of(object);

	return s->ns == ns && s->bytes == CHECK_BYTES && !s->attached &&
	       s->creator_task == current && s->creator == task_tgid(current) &&
	       !s->last && i_size_read(file_inode(s->file)) == CHECK_BYTES;
}

static bool set_as_known(struct ipc_namespace *ns, struct kern_ipc_perm *object)
{
	const struct set *s = set_of(object);
	const struct semaphore_slot *slot = &s->slot[CHECK_COUNT - 1];

	return s->count == CHECK_COUNT && is_empty(&s->altering) && is_empty(&s->looking) &&
	       is_empty(&s->undos) && slot->value == CHECK_VALUE &&
	       slot->last == task_tgid(current) && is_empty(&slot->altering) &&
	       is_empty(&slot->looking);
}

static bool queue_as_known(struct ipc_namespace *ns, struct kern_ipc_perm *object)
{
	const struct queue *q = queue_of(object);

	return q->limit == ns->msg_ctlmnb && !q->bytes && !q->messages && !q->sender &&
	       is_empty(&q->content) && is_empty(&q->receivers) && is_empty(&q->senders);
}

/* @id: what a system call has made. */
static int check_object(enum procmig_sysv_type type, long id,
			bool (*as_known)(struct ipc_namespace *, struct kern_ipc_perm *))
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	struct kern_ipc_perm *object;
	bool ok;

	if (id < 0)
		return id;
	procmig_compat_ipc_lock(ns, type);
	object = procmig_compat_ipc_at(ns, type, id);
	ok = object && as_known(ns, object);
	procmig_compat_ipc_unlock(ns, type);
	return ok ? 0 : -EOPNOTSUPP;
}

int procmig_compat_ipc_check(void)
{
	long id;
	int ret;

	id = procmig_syscall(__NR_shmget, IPC_PRIVATE, CHECK_BYTES, 0600);
	ret = check_object(PROCMIG_SYSV_SEGMENTS, id, segment_as_known);
	if (id >= 0)
		procmig_syscall(__NR_shmctl, id, IPC_RMID);
	if (ret)
		return ret;
	id = procmig_syscall(__NR_semget, IPC_PRIVATE, CHECK_COUNT, 0600);
	if (id >= 0)
		procmig_syscall(__NR_semctl, id, CHECK_COUNT - 1, SETVAL, CHECK_VALUE);
	ret = check_object(PROCMIG_SYSV_SETS, id, set_as_known);
	if (id >= 0)
		procmig_syscall(__NR_semctl, id, 0, IPC_RMID);
	if (ret)
		return ret;
	id = procmig_syscall(__NR_msgget, IPC_PRIVATE, 0600);
	ret = check_object(PROCMIG_SYSV_QUEUES, id, queue_as_known);
	if (id >= 0)
		procmig_syscall(__NR_msgctl, id, IPC_RMID);
	return ret;
}
EXPORT_SYMBOL_GPL(procmig_compat_ipc_check);
