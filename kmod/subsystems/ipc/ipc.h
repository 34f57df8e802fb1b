/* SPDX-License-Identifier: GPL-2.0-only */
/* The ipc subsystem: shared memory, semaphores and message queues of System V. */
#ifndef _PROCMIG_IPC_H
#define _PROCMIG_IPC_H

#include <linux/xarray.h>
#include <procmig/compat.h>
#include <procmig/compat_ipc.h>
#include <procmig/file_kind.h>
#include <procmig/process.h>

#define IPC_VERSION 1
/* The default of how many there can be of a type. */
#define IPC_OBJECTS_MAX (3 * 32768u)
/* Room for the largest message that a record can hold. */
#define IPC_SCRATCH_BYTES PROCMIG_RECORD_SMALL_MAX

/* An object of the event. */
struct ipc_object {
	enum procmig_sysv_type type;
	int id;
	void *record;			/* target: as it came; to be freed with kvfree() */
};

struct ipc_event {
	struct ipc_object *object;	/* source: carried; target: made here */
	unsigned int count;
	/* source */
	struct xarray first;		/* PID of the first with that list of adjustments */
	bool gathered;
	bool described;			/* all objects are sent */
	/* target */
	bool settled;
	bool resumed;
};

/* Of one process, on the target. */
struct ipc {
	unsigned long scratch;		/* user memory of the stub, 0: none yet */
};

extern const struct procmig_subsystem ipc_subsystem;
extern const struct procmig_file_kind ipc_attachment_kind;

/* NULL: not init's; the task subsystem refuses that. */
struct ipc_namespace *ipc_namespace_of(struct task_struct *task);

/* "System V message queue" ... */
const char *ipc_type_name(enum procmig_sysv_type type);
/* shmctl(), semctl() or msgctl() with IPC_RMID. */
void ipc_remove(enum procmig_sysv_type type, int id);

/* -ENOMEM, -E2BIG.  @record goes to the event, if it can be added. */
int ipc_add(struct ipc_event *event, enum procmig_sysv_type type, int id, void *record);
struct ipc_object *ipc_find(struct ipc_event *event, enum procmig_sysv_type type, int id);

/* ---- users.c: who uses an object ---- */

struct ipc_users {
	const struct procmig_scope *scope;
	bool inside, outside;
	pid_t pid;			/* of one outside */
	char comm[TASK_COMM_LEN];
};

/* @object is locked. */
void ipc_find_users(struct ipc_users *users, enum procmig_sysv_type type,
		    struct kern_ipc_perm *object);

/* Its PID if it is that of a process inside, else 0. */
pid_t ipc_pid_inside(const struct procmig_scope *scope, struct pid *pid);

/* ---- claims.c ---- */

/* @place: as procmig_compat_ipc_next() has set it. */
void ipc_claim(struct procmig_inspection *inspection, enum procmig_sysv_type type,
	       const struct kern_ipc_perm *object, int place);
int ipc_admit(struct procmig_inspection *inspection, const void *data, size_t bytes);
/* Whether @object has that ID or that key, and what to say then. */
bool ipc_is_in_the_way(const struct kern_ipc_perm *object, enum procmig_sysv_type type,
		       int id, int key, char *why, size_t bytes);

/* ---- inspect.c, checkpoint.c, segments.c, restart.c ---- */

int ipc_inspect(struct procmig_inspection *inspection);

int ipc_gather(struct procmig_process *process);
int ipc_checkpoint(struct procmig_process *process);
int ipc_emit(struct procmig_process *process, u16 type, const void *head,
	     size_t head_bytes, const void *tail, size_t tail_bytes);

/* Target: the pages of segment @id come in the lanes, by that number. */
int ipc_expect_content(struct procmig_process *process, int id, u32 number);

int ipc_refuse(struct procmig_process *process, const char *what);
int ipc_restart(struct procmig_process *process, const struct procmig_record *record);
int ipc_settle(struct procmig_process *process);

#endif /* _PROCMIG_IPC_H */
