// SPDX-License-Identifier: GPL-2.0-only
/* Objects of System V IPC on the source, and what processes have to undo. */
#include <linux/file.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "ipc.h"

int ipc_emit(struct procmig_process *process, u16 type, const void *head,
	     size_t head_bytes, const void *tail, size_t tail_bytes)
{
	const struct kvec parts[] = {
		{ (void *)head, head_bytes },
		{ (void *)tail, tail_bytes },
	};

	return procmig_emit(process, PROCMIG_CHANNEL_DEMAND, ipc_subsystem.id, type,
			    IPC_VERSION, parts, tail_bytes ? 2 : 1);
}

/* ---- what belongs to the event --------------------------------------------- */

static int gather_object(struct procmig_process *process, struct ipc_event *event,
			 enum procmig_sysv_type type, struct kern_ipc_perm *object)
{
	struct ipc_users users = { .scope = procmig_scope(process) };

	ipc_find_users(&users, type, object);
	if (!users.inside)
		return 0;
	if (users.outside)
		return procmig_fail(process, ipc_subsystem.id, -EBUSY,
				    "%s %d: pid %d (%s) outside uses it, too",
				    ipc_type_name(type), object->id, users.pid, users.comm);
	return ipc_add(event, type, object->id, NULL);
}

static int gather_objects(struct procmig_process *process, struct ipc_event *event,
			  enum procmig_sysv_type type)
{
	struct ipc_namespace *ns = procmig_task(process)->nsproxy->ipc_ns;
	struct kern_ipc_perm *object;
	int place = 0, ret = 0;

	procmig_compat_ipc_lock(ns, type);
	while (!ret && (object = procmig_compat_ipc_next(ns, type, &place)))
		ret = gather_object(process, event, type, object);
	procmig_compat_ipc_unlock(ns, type);
	return ret;
}

/* All processes are in one namespace: the first finds what any of them uses. */
int ipc_gather(struct procmig_process *process)
{
	struct ipc_event *event = procmig_event_private(process, &ipc_subsystem);
	enum procmig_sysv_type type;
	int ret = 0;

	if (event->gathered)
		return 0;
	event->gathered = true;
	for (type = 0; !ret && type < PROCMIG_SYSV_TYPES; type++)
		ret = gather_objects(process, event, type);
	return ret;
}

/* ---- objects ---------------------------------------------------------------- */

/* @object stays locked until unlock(); NULL after procmig_fail(). */
static struct kern_ipc_perm *lock(struct procmig_process *process,
				  const struct ipc_object *of)
{
	struct ipc_namespace *ns = procmig_task(process)->nsproxy->ipc_ns;
	struct kern_ipc_perm *object;

	procmig_compat_ipc_lock(ns, of->type);
	object = procmig_compat_ipc_at(ns, of->type, of->id);
	if (object)
		return object;
	procmig_compat_ipc_unlock(ns, of->type);
	procmig_fail(process, ipc_subsystem.id, -EIDRM, "%s %d was removed meanwhile",
		     ipc_type_name(of->type), of->id);
	return NULL;
}

static void unlock(struct procmig_process *process, const struct ipc_object *of)
{
	procmig_compat_ipc_unlock(procmig_task(process)->nsproxy->ipc_ns, of->type);
}

static struct procmig_ipc_object describe(const struct kern_ipc_perm *object,
					  s64 change_time)
{
	return (struct procmig_ipc_object) {
		.id = object->id,
		.key = object->key,
		.uid = from_kuid(&init_user_ns, object->uid),
		.gid = from_kgid(&init_user_ns, object->gid),
		.creator_uid = from_kuid(&init_user_ns, object->cuid),
		.creator_gid = from_kgid(&init_user_ns, object->cgid),
		.mode = object->mode,
		.change_time = change_time,
	};
}

static int emit_segment(struct procmig_process *process, const struct ipc_object *of)
{
	const struct procmig_scope *scope = procmig_scope(process);
	struct procmig_ipc_segment body;
	struct procmig_segment segment;
	struct kern_ipc_perm *object;
	int ret;

	object = lock(process, of);
	if (!object)
		return -EIDRM;
	procmig_compat_get_segment(object, &segment);
	get_file(segment.file);
	body = (struct procmig_ipc_segment) {
		.object = describe(object, segment.change_time),
		.bytes = segment.bytes,
		.attach_time = segment.attach_time,
		.detach_time = segment.detach_time,
		.creator = ipc_pid_inside(scope, segment.creator),
		.last = ipc_pid_inside(scope, segment.last),
	};
	unlock(process, of);
	ret = procmig_file_share_pages(process, segment.file, &body.content);
	if (!ret)
		ret = ipc_emit(process, PROCMIG_IPC_SEGMENT, &body, sizeof(body), NULL, 0);
	fput(segment.file);
	return ret;
}

static void fill_set(struct kern_ipc_perm *object, const struct procmig_scope *scope,
		     struct procmig_ipc_set *body)
{
	struct procmig_ipc_semaphore *to = (void *)(body + 1);
	struct procmig_semaphore semaphore;
	unsigned int i;

	for (i = 0; i < body->count; i++) {
		procmig_compat_get_semaphore(object, i, &semaphore);
		to[i] = (struct procmig_ipc_semaphore) {
			.last = ipc_pid_inside(scope, semaphore.last),
			.value = semaphore.value,
			.time = semaphore.time,
		};
	}
}

static int emit_set(struct procmig_process *process, const struct ipc_object *of)
{
	struct procmig_ipc_set *body;
	struct kern_ipc_perm *object;
	unsigned int count;
	s64 change_time;
	size_t bytes;
	int ret;

	object = lock(process, of);
	if (!object)
		return -EIDRM;
	count = procmig_compat_set_size(object, &change_time);
	bytes = sizeof(*body) + count * sizeof(struct procmig_ipc_semaphore);
	body = kvzalloc(bytes, GFP_KERNEL);
	if (body) {
		body->object = describe(object, change_time);
		body->count = count;
		fill_set(object, procmig_scope(process), body);
	}
	unlock(process, of);
	if (!body)
		return -ENOMEM;
	ret = ipc_emit(process, PROCMIG_IPC_SET, body, bytes, NULL, 0);
	kvfree(body);
	return ret;
}

static int emit_messages(struct procmig_process *process, int id, const void *room,
			 size_t bytes)
{
	const struct procmig_message *message;
	struct procmig_ipc_message head = { .id = id };
	const void *at;
	int ret = 0;

	for (at = room; !ret && at < room + bytes;
	     at += sizeof(*message) + ALIGN(message->bytes, 8)) {
		message = at;
		head.bytes = message->bytes;
		head.type = message->type;
		ret = ipc_emit(process, PROCMIG_IPC_MESSAGE, &head, sizeof(head),
			       message + 1, message->bytes);
		if (!ret)
			procmig_progress(process, message->bytes, 1);
	}
	return ret;
}

static int emit_queue(struct procmig_process *process, const struct ipc_object *of)
{
	const struct procmig_scope *scope = procmig_scope(process);
	struct procmig_ipc_queue body;
	struct kern_ipc_perm *object;
	struct procmig_queue queue;
	size_t bytes, used = 0;
	void *room;
	int ret;

	object = lock(process, of);
	if (!object)
		return -EIDRM;
	procmig_compat_get_queue(object, &queue);
	body = (struct procmig_ipc_queue) {
		.object = describe(object, queue.change_time),
		.limit = queue.limit,
		.send_time = queue.send_time,
		.receive_time = queue.receive_time,
		.sender = ipc_pid_inside(scope, queue.sender),
		.receiver = ipc_pid_inside(scope, queue.receiver),
	};
	bytes = procmig_compat_get_messages(object, NULL, 0);
	room = kvmalloc(max_t(size_t, bytes, 1), GFP_KERNEL);
	if (room)
		used = procmig_compat_get_messages(object, room, bytes);
	unlock(process, of);
	if (!room)
		return -ENOMEM;
	ret = ipc_emit(process, PROCMIG_IPC_QUEUE, &body, sizeof(body), NULL, 0);
	if (!ret && used != bytes)
		ret = procmig_fail(process, ipc_subsystem.id, -EBUSY,
				   "%s %d: a process outside uses it, too",
				   ipc_type_name(of->type), of->id);
	if (!ret)
		ret = emit_messages(process, of->id, room, bytes);
	kvfree(room);
	return ret;
}

static int emit_object(struct procmig_process *process, const struct ipc_object *of)
{
	switch (of->type) {
	case PROCMIG_SYSV_SEGMENTS:
		return emit_segment(process, of);
	case PROCMIG_SYSV_SETS:
		return emit_set(process, of);
	default:
		return emit_queue(process, of);
	}
}

/* ---- adjustments -------------------------------------------------------------- */

static int emit_undo(struct procmig_process *process, const struct ipc_object *of)
{
	struct procmig_ipc_undo head = { .id = of->id };
	struct kern_ipc_perm *object;
	s16 *adjustments;
	s64 change_time;
	bool some;
	int ret = 0;

	object = lock(process, of);
	if (!object)
		return -EIDRM;
	head.count = procmig_compat_set_size(object, &change_time);
	adjustments = kvmalloc_array(head.count, sizeof(*adjustments), GFP_KERNEL);
	some = adjustments &&
	       procmig_compat_get_undo(procmig_task(process), object, adjustments);
	unlock(process, of);
	if (!adjustments)
		return -ENOMEM;
	if (some)
		ret = ipc_emit(process, PROCMIG_IPC_UNDO, &head, sizeof(head), adjustments,
			       head.count * sizeof(*adjustments));
	kvfree(adjustments);
	return ret;
}

static int emit_sharing(struct procmig_process *process, pid_t with)
{
	const struct procmig_ipc_shared_undo body = { .pid = with };

	return ipc_emit(process, PROCMIG_IPC_SHARED_UNDO, &body, sizeof(body), NULL, 0);
}

static int emit_undos(struct procmig_process *process, struct ipc_event *event)
{
	struct task_struct *task = procmig_task(process);
	const void *list = procmig_compat_undo_list(task), *known;
	unsigned int i;
	int ret = 0;

	if (!list)
		return 0;
	known = xa_load(&event->first, (unsigned long)list);
	if (known)
		return emit_sharing(process, xa_to_value(known));
	ret = xa_err(xa_store(&event->first, (unsigned long)list,
			      xa_mk_value(task_tgid_vnr(task)), GFP_KERNEL));
	for (i = 0; !ret && i < event->count; i++)
		if (event->object[i].type == PROCMIG_SYSV_SETS)
			ret = emit_undo(process, &event->object[i]);
	return ret;
}

int ipc_checkpoint(struct procmig_process *process)
{
	struct ipc_event *event = procmig_event_private(process, &ipc_subsystem);
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && !event->described && i < event->count; i++) {
		ret = emit_object(process, &event->object[i]);
		if (!ret)
			procmig_progress(process, 0, 1);
	}
	event->described = true;
	return ret ?: emit_undos(process, event);
}
