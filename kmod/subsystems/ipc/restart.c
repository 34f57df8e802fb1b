// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects of System V IPC on the target.  System calls make and fill them, with
 * the stub's rights; what no call sets (owners, PIDs, times, and that a segment
 * is about to go) is set when every process has been rebuilt, and nobody who
 * could act on them knows their IDs before.
 */
#include <linux/msg.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/nsproxy.h>
#include <linux/sem.h>
#include <linux/shm.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>

#include "ipc.h"

#define ATTEMPTS 3
#define VALUE_MAX 32767

int ipc_refuse(struct procmig_process *process, const char *what)
{
	return procmig_fail(process, ipc_subsystem.id, -EPROTO,
			    "the stream is damaged: %s", what);
}

/* ---- making an object -------------------------------------------------------- */

static bool object_ok(const struct procmig_ipc_object *wanted, enum procmig_sysv_type type)
{
	u32 bits = 0777;

	if (type == PROCMIG_SYSV_SEGMENTS)
		bits |= PROCMIG_IPC_DESTROYED | PROCMIG_IPC_LOCKED;
	return wanted->id >= 0 && !(wanted->mode & ~bits) && !wanted->reserved &&
	       uid_valid(make_kuid(&init_user_ns, wanted->uid)) &&
	       gid_valid(make_kgid(&init_user_ns, wanted->gid)) &&
	       uid_valid(make_kuid(&init_user_ns, wanted->creator_uid)) &&
	       gid_valid(make_kgid(&init_user_ns, wanted->creator_gid));
}

/* Whoever has the ID or the key here. */
static int check_free(struct procmig_process *process, enum procmig_sysv_type type,
		      const struct procmig_ipc_object *wanted)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	char why[PROCMIG_MESSAGE_BYTES];
	struct kern_ipc_perm *object;
	bool taken = false;
	int place = 0;

	procmig_compat_ipc_lock(ns, type);
	while (!taken && (object = procmig_compat_ipc_next(ns, type, &place)))
		taken = ipc_is_in_the_way(object, type, wanted->id, wanted->key, why,
					  sizeof(why));
	procmig_compat_ipc_unlock(ns, type);
	return taken ? procmig_fail(process, ipc_subsystem.id, -EEXIST, "%s", why) : 0;
}

/* @argument: size or number of semaphores.  Its ID, or an errno. */
static long get(enum procmig_sysv_type type, const struct procmig_ipc_object *wanted,
		u64 argument)
{
	const int flags = IPC_CREAT | IPC_EXCL;

	switch (type) {
	case PROCMIG_SYSV_SEGMENTS:
		return procmig_syscall(__NR_shmget, wanted->key, argument, flags);
	case PROCMIG_SYSV_SETS:
		return procmig_syscall(__NR_semget, wanted->key, argument, flags);
	default:
		return procmig_syscall(__NR_msgget, wanted->key, flags);
	}
}

static int make(struct procmig_process *process, enum procmig_sysv_type type,
		const struct procmig_ipc_object *wanted, u64 argument)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	unsigned int attempt;
	long id = -EAGAIN;
	int ret;

	ret = check_free(process, type, wanted);
	if (ret)
		return ret;
	/* Somebody else may make one in between, and get our ID for the moment. */
	for (attempt = 0; attempt < ATTEMPTS; attempt++) {
		procmig_compat_ipc_next_id(ns, type, wanted->id);
		id = get(type, wanted, argument);
		if (id < 0 || id == wanted->id)
			break;
		ipc_remove(type, id);
	}
	if (id < 0) {
		procmig_compat_ipc_next_id(ns, type, -1);
		return procmig_fail(process, ipc_subsystem.id, id,
				    "%s %d could not be made here (%ld); see the limits in /proc/sys/kernel",
				    ipc_type_name(type), wanted->id, id);
	}
	if (id != wanted->id)
		return procmig_fail(process, ipc_subsystem.id, -EEXIST,
				    "%s %d: the place of that ID is taken here by another one; remove that (ipcrm)",
				    ipc_type_name(type), wanted->id);
	return 0;
}

/* Make it, and remember @record until it is settled; that is freed in any case. */
static int make_and_add(struct procmig_process *process, enum procmig_sysv_type type,
			void *record, u64 argument)
{
	struct ipc_event *event = procmig_event_private(process, &ipc_subsystem);
	const struct procmig_ipc_object *wanted = record;	/* stands first in all */
	int id = wanted->id, ret;

	ret = make(process, type, wanted, argument);
	if (ret) {
		kvfree(record);
		return ret;
	}
	ret = ipc_add(event, type, id, record);
	if (ret) {
		kvfree(record);
		ipc_remove(type, id);
		return ret;
	}
	procmig_progress(process, 0, 1);
	return 0;
}

static int refuse_record(struct procmig_process *process, void *record, const char *what)
{
	kvfree(record);
	return ipc_refuse(process, what);
}

static int take_segment(struct procmig_process *process, const struct procmig_record *record)
{
	struct procmig_ipc_segment *wanted;
	u32 content;
	int id, ret;
	bool locked;

	wanted = procmig_take_body(process, record, sizeof(*wanted));
	if (IS_ERR(wanted))
		return PTR_ERR(wanted);
	if (record->length != sizeof(*wanted) || !wanted->bytes || wanted->reserved ||
	    !object_ok(&wanted->object, PROCMIG_SYSV_SEGMENTS))
		return refuse_record(process, wanted, "shared memory");
	if (current->nsproxy->ipc_ns->shm_rmid_forced) {
		kvfree(wanted);
		return procmig_fail(process, ipc_subsystem.id, -EOPNOTSUPP,
				    "%s: kernel.shm_rmid_forced is set here",
				    ipc_type_name(PROCMIG_SYSV_SEGMENTS));
	}
	id = wanted->object.id;
	content = wanted->content;
	locked = wanted->object.mode & PROCMIG_IPC_LOCKED;
	ret = make_and_add(process, PROCMIG_SYSV_SEGMENTS, wanted, wanted->bytes);
	if (!ret && locked)
		ret = procmig_syscall(__NR_shmctl, id, SHM_LOCK);
	if (ret)
		return procmig_fail(process, ipc_subsystem.id, ret,
				    "%s %d could not be made or locked (%d)",
				    ipc_type_name(PROCMIG_SYSV_SEGMENTS), id, ret);
	return ipc_expect_content(process, id, content);
}

static bool semaphores_ok(const struct procmig_ipc_set *wanted)
{
	const struct procmig_ipc_semaphore *semaphore = (const void *)(wanted + 1);
	u32 i;

	for (i = 0; i < wanted->count; i++)
		if (semaphore[i].value < 0 || semaphore[i].value > VALUE_MAX)
			return false;
	return true;
}

static int take_set(struct procmig_process *process, const struct procmig_record *record)
{
	struct procmig_ipc_set *wanted = procmig_take_body(process, record, sizeof(*wanted));

	if (IS_ERR(wanted))
		return PTR_ERR(wanted);
	if (!wanted->count || wanted->reserved ||
	    record->length != sizeof(*wanted) +
			      (u64)wanted->count * sizeof(struct procmig_ipc_semaphore) ||
	    !object_ok(&wanted->object, PROCMIG_SYSV_SETS) || !semaphores_ok(wanted))
		return refuse_record(process, wanted, "a semaphore set");
	return make_and_add(process, PROCMIG_SYSV_SETS, wanted, wanted->count);
}

/* Messages must fit until the real limit is set. */
static void lift_limit(int id)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	struct kern_ipc_perm *object;
	struct procmig_queue queue;

	procmig_compat_ipc_lock(ns, PROCMIG_SYSV_QUEUES);
	object = procmig_compat_ipc_at(ns, PROCMIG_SYSV_QUEUES, id);
	if (object) {
		procmig_compat_get_queue(object, &queue);
		queue.limit = INT_MAX;
		procmig_compat_set_queue(object, &queue);
	}
	procmig_compat_ipc_unlock(ns, PROCMIG_SYSV_QUEUES);
}

static int take_queue(struct procmig_process *process, const struct procmig_record *record)
{
	struct procmig_ipc_queue *wanted = procmig_take_body(process, record, sizeof(*wanted));
	int id, ret;

	if (IS_ERR(wanted))
		return PTR_ERR(wanted);
	if (record->length != sizeof(*wanted) || wanted->limit > INT_MAX ||
	    !object_ok(&wanted->object, PROCMIG_SYSV_QUEUES))
		return refuse_record(process, wanted, "a message queue");
	id = wanted->object.id;
	ret = make_and_add(process, PROCMIG_SYSV_QUEUES, wanted, 0);
	if (!ret)
		lift_limit(id);
	return ret;
}

/* ---- what is in it ------------------------------------------------------------- */

/* User memory for the arguments of calls; it goes with the stub's memory. */
static void __user *scratch(struct procmig_process *process)
{
	struct ipc *ipc = procmig_private(process, &ipc_subsystem);
	unsigned long at;

	if (!ipc->scratch) {
		at = vm_mmap(NULL, 0, IPC_SCRATCH_BYTES, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, 0);
		if (IS_ERR_VALUE(at))
			return NULL;
		ipc->scratch = at;
	}
	return (void __user *)ipc->scratch;
}

static int send(struct procmig_process *process, const struct procmig_ipc_message *message)
{
	void __user *room = scratch(process);
	long type = message->type;
	int ret;

	if (!room)
		return -ENOMEM;
	if (copy_to_user(room, &type, sizeof(type)) ||
	    copy_to_user(room + sizeof(type), message + 1, message->bytes))
		return -EFAULT;
	ret = procmig_syscall(__NR_msgsnd, message->id, (unsigned long)room,
			      message->bytes, IPC_NOWAIT);
	if (ret)
		return procmig_fail(process, ipc_subsystem.id, ret,
				    "%s %d: a message of %u bytes cannot be put there (%d); see kernel.msgmax",
				    ipc_type_name(PROCMIG_SYSV_QUEUES), message->id,
				    message->bytes, ret);
	procmig_progress(process, message->bytes, 1);
	return 0;
}

static int take_message(struct procmig_process *process, const struct procmig_record *record)
{
	struct ipc_event *event = procmig_event_private(process, &ipc_subsystem);
	struct procmig_ipc_message *message;
	int ret;

	message = procmig_take_body(process, record, sizeof(*message));
	if (IS_ERR(message))
		return PTR_ERR(message);
	/* The room holds the type as well, which is shorter than the record's head. */
	BUILD_BUG_ON(sizeof(*message) < sizeof(long));
	if (record->length != sizeof(*message) + message->bytes || message->type < 1 ||
	    !ipc_find(event, PROCMIG_SYSV_QUEUES, message->id))
		ret = ipc_refuse(process, "a message of a queue");
	else
		ret = send(process, message);
	kvfree(message);
	return ret;
}

/* An operation that changes nothing leaves a place for adjustments behind. */
static int have_undo(struct procmig_process *process, int id)
{
	const struct sembuf nothing = { .sem_flg = SEM_UNDO | IPC_NOWAIT };
	void __user *room = scratch(process);
	long ret;

	if (!room)
		return -ENOMEM;
	if (copy_to_user(room, &nothing, sizeof(nothing)))
		return -EFAULT;
	ret = procmig_syscall(__NR_semop, id, (unsigned long)room, 1);
	return ret == -EAGAIN ? 0 : ret;
}

static int undo(struct procmig_process *process, const struct procmig_ipc_undo *wanted)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	struct kern_ipc_perm *object;
	s64 change_time;
	bool done;
	int ret;

	ret = have_undo(process, wanted->id);
	if (ret)
		return procmig_fail(process, ipc_subsystem.id, ret,
				    "%s %d: no place for adjustments (%d)",
				    ipc_type_name(PROCMIG_SYSV_SETS), wanted->id, ret);
	procmig_compat_ipc_lock(ns, PROCMIG_SYSV_SETS);
	object = procmig_compat_ipc_at(ns, PROCMIG_SYSV_SETS, wanted->id);
	done = object && procmig_compat_set_size(object, &change_time) == wanted->count &&
	       procmig_compat_set_undo(object, (const s16 *)(wanted + 1));
	procmig_compat_ipc_unlock(ns, PROCMIG_SYSV_SETS);
	return done ? 0 : ipc_refuse(process, "semaphore adjustments");
}

static int take_undo(struct procmig_process *process, const struct procmig_record *record)
{
	struct ipc_event *event = procmig_event_private(process, &ipc_subsystem);
	struct procmig_ipc_undo *wanted;
	int ret;

	wanted = procmig_take_body(process, record, sizeof(*wanted));
	if (IS_ERR(wanted))
		return PTR_ERR(wanted);
	if (record->length != sizeof(*wanted) + (u64)wanted->count * sizeof(s16) ||
	    !ipc_find(event, PROCMIG_SYSV_SETS, wanted->id))
		ret = ipc_refuse(process, "semaphore adjustments");
	else
		ret = undo(process, wanted);
	kvfree(wanted);
	return ret;
}

static int take_sharing(struct procmig_process *process, const struct procmig_record *record)
{
	struct procmig_ipc_shared_undo shared;
	struct task_struct *with;
	int ret;

	if (record->length != sizeof(shared))
		return ipc_refuse(process, "shared semaphore adjustments");
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, &shared, sizeof(shared));
	if (ret)
		return ret;
	with = procmig_rebuilt_task(process, shared.pid);
	if (!with || shared.reserved)
		return ipc_refuse(process, "shared semaphore adjustments");
	ret = procmig_compat_share_undo(with);
	return ret ? ipc_refuse(process, "shared semaphore adjustments") : 0;
}

int ipc_restart(struct procmig_process *process, const struct procmig_record *record)
{
	switch (record->type) {
	case PROCMIG_IPC_SEGMENT:
		return take_segment(process, record);
	case PROCMIG_IPC_SET:
		return take_set(process, record);
	case PROCMIG_IPC_QUEUE:
		return take_queue(process, record);
	case PROCMIG_IPC_MESSAGE:
		return take_message(process, record);
	case PROCMIG_IPC_UNDO:
		return take_undo(process, record);
	case PROCMIG_IPC_SHARED_UNDO:
		return take_sharing(process, record);
	default:
		return PROCMIG_UNKNOWN;
	}
}

/* ---- what no call sets ----------------------------------------------------------- */

/* Of a process inside; to be put. */
static struct pid *find_pid_inside(struct procmig_process *process, pid_t pid)
{
	struct task_struct *task = pid ? procmig_rebuilt_task(process, pid) : NULL;

	return task ? get_task_pid(task, PIDTYPE_TGID) : NULL;
}

static void settle_object(struct kern_ipc_perm *object,
			  const struct procmig_ipc_object *wanted)
{
	spin_lock(&object->lock);
	object->uid = make_kuid(&init_user_ns, wanted->uid);
	object->gid = make_kgid(&init_user_ns, wanted->gid);
	object->cuid = make_kuid(&init_user_ns, wanted->creator_uid);
	object->cgid = make_kgid(&init_user_ns, wanted->creator_gid);
	/* SHM_LOCKED is there already, with what it means. */
	object->mode = (object->mode & PROCMIG_IPC_LOCKED) |
		       (wanted->mode & ~PROCMIG_IPC_LOCKED);
	spin_unlock(&object->lock);
}

static void settle_segment(struct procmig_process *process, struct kern_ipc_perm *object,
			   const struct procmig_ipc_segment *wanted)
{
	struct procmig_segment segment = {
		.attach_time = wanted->attach_time,
		.detach_time = wanted->detach_time,
		.change_time = wanted->object.change_time,
		.creator = find_pid_inside(process, wanted->creator),
		.last = find_pid_inside(process, wanted->last),
	};

	procmig_compat_set_segment(object, &segment);
	put_pid(segment.creator);
	put_pid(segment.last);
}

static void settle_set(struct procmig_process *process, struct kern_ipc_perm *object,
		       const struct procmig_ipc_set *wanted)
{
	const struct procmig_ipc_semaphore *from = (const void *)(wanted + 1);
	struct procmig_semaphore semaphore;
	u32 i;

	for (i = 0; i < wanted->count; i++) {
		semaphore = (struct procmig_semaphore) {
			.value = from[i].value,
			.time = from[i].time,
			.last = find_pid_inside(process, from[i].last),
		};
		procmig_compat_set_semaphore(object, i, &semaphore);
		put_pid(semaphore.last);
	}
	procmig_compat_set_changed(object, wanted->object.change_time);
}

static void settle_queue(struct procmig_process *process, struct kern_ipc_perm *object,
			 const struct procmig_ipc_queue *wanted)
{
	struct procmig_queue queue = {
		.limit = wanted->limit,
		.send_time = wanted->send_time,
		.receive_time = wanted->receive_time,
		.change_time = wanted->object.change_time,
		.sender = find_pid_inside(process, wanted->sender),
		.receiver = find_pid_inside(process, wanted->receiver),
	};

	procmig_compat_set_queue(object, &queue);
	put_pid(queue.sender);
	put_pid(queue.receiver);
}

static int settle(struct procmig_process *process, struct ipc_namespace *ns,
		  const struct ipc_object *made)
{
	struct kern_ipc_perm *object;

	procmig_compat_ipc_lock(ns, made->type);
	object = procmig_compat_ipc_at(ns, made->type, made->id);
	if (object) {
		settle_object(object, made->record);
		if (made->type == PROCMIG_SYSV_SEGMENTS)
			settle_segment(process, object, made->record);
		else if (made->type == PROCMIG_SYSV_SETS)
			settle_set(process, object, made->record);
		else
			settle_queue(process, object, made->record);
	}
	procmig_compat_ipc_unlock(ns, made->type);
	if (!object)
		return procmig_fail(process, ipc_subsystem.id, -EIDRM,
				    "%s %d was removed while it was rebuilt",
				    ipc_type_name(made->type), made->id);
	return 0;
}

/* Once for all processes: by now everything is attached and adjusted. */
int ipc_settle(struct procmig_process *process)
{
	struct ipc_event *event = procmig_event_private(process, &ipc_subsystem);
	struct ipc_namespace *ns = procmig_task(process)->nsproxy->ipc_ns;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && !event->settled && i < event->count; i++)
		ret = settle(process, ns, &event->object[i]);
	event->settled = true;
	return ret;
}
