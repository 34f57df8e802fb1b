/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a subsystem may ask of the core about the process it works on.
 * Everything here may sleep unless said otherwise.
 */
#ifndef _PROCMIG_PROCESS_H
#define _PROCMIG_PROCESS_H

#include <linux/uio.h>
#include <procmig/subsystem.h>

/* The first thread: on the source the quiesced one, on the target the stub. */
struct task_struct *procmig_task(struct procmig_process *process);

/* The zeroed area of @subsystem, struct procmig_subsystem.private_bytes long. */
void *procmig_private(struct procmig_process *process,
		      const struct procmig_subsystem *subsystem);

/* The thread's task, its process, and the zeroed area of @subsystem for it. */
struct task_struct *procmig_thread_task(struct procmig_thread *thread);
struct procmig_process *procmig_thread_process(struct procmig_thread *thread);
void *procmig_thread_private(struct procmig_thread *thread,
			     const struct procmig_subsystem *subsystem);

/* The zeroed area of @subsystem for the whole event, event_private_bytes long. */
void *procmig_event_private(struct procmig_process *process,
			    const struct procmig_subsystem *subsystem);

/*
 * An array of @count things of @bytes each, with room for one more, to be freed with
 * kvfree(); NULL without memory, then @array stays.  It grows by powers of two, so
 * nobody must remember how much room there is.
 */
void *procmig_grow(void *array, unsigned int count, size_t bytes);

/*
 * What the time namespace of @task adds to the kernel's clocks; zeros for a task that
 * has ended.
 */
struct procmig_clock_offsets {
	s64 monotonic_ns;
	s64 boottime_ns;
};

struct procmig_clock_offsets procmig_clock_offsets(struct task_struct *task);

/* CLOCK_MONOTONIC (initial time namespace) at which the process was frozen. */
u64 procmig_frozen_ns(struct procmig_process *process);

/* What HELLO said about the source; valid on the target. */
const struct procmig_core_hello *procmig_hello(struct procmig_process *process);

/* The mechanism that the request chose for @entity, or @otherwise. */
enum procmig_mechanism_kind
procmig_mechanism_of(struct procmig_process *process, u32 subsystem, u64 entity,
		     enum procmig_mechanism_kind otherwise);

/*
 * Record why the request fails; the first call wins and is what user space
 * reads.  The text names the object.  Returns @error (negative errno).
 */
__printf(4, 5)
int procmig_fail(struct procmig_process *process, u32 subsystem, int error,
		 const char *format, ...);

/* Progress: feeds the watchdog.  An error that was handled is not progress. */
void procmig_progress(struct procmig_process *process, u64 bytes, u64 entities);
void procmig_skipped(struct procmig_process *process, u64 entities);

/* ---- the event ---------------------------------------------------------- */

/*
 * The processes that take part, without their threads.  Before the freeze it is
 * what a look has found; from then on it is exact, and no process can go away.
 */
struct procmig_scope;

/* Source, from the gathering on. */
const struct procmig_scope *procmig_scope(struct procmig_process *process);

/*
 * Target: the first thread of another process of the event, by its PID, whose own
 * records have been consumed, so that it can be shared with; or NULL.
 */
struct task_struct *procmig_rebuilt_task(struct procmig_process *process, pid_t pid);

/*
 * Target, in @restart_bulk: likewise, of a process that comes before in the plan; waits
 * until all of its bulk records have been consumed, too.  ERR_PTR(-EINTR) when killed.
 */
struct task_struct *procmig_await_complete(struct procmig_process *process, pid_t pid);

/*
 * Target, in @restart: likewise, whatever has come of its records: it stands still, and
 * may be nothing but the stub yet.
 */
struct task_struct *procmig_planned_task(struct procmig_process *process, pid_t pid);
/* Target: whether a process of the event has that PID, be it a zombie. */
bool procmig_is_planned(struct procmig_process *process, pid_t pid);

/* The first thread of one after the other from 0 on, in no order; NULL at the end. */
struct task_struct *procmig_scope_at(const struct procmig_scope *scope, unsigned int n);

/* Whether the process of @task is inside, or descends from one.  Under RCU. */
bool procmig_scope_has(const struct procmig_scope *scope, struct task_struct *task);

/* ---- sending ------------------------------------------------------------ */

/*
 * Emit one record: the header and then @iovs.  Bulk records, which only a
 * @checkpoint_bulk emits, go round robin over the bulk channels that the process has.
 * Returns 0 or a negative errno; -ECANCELED after an abort.
 */
int procmig_emit(struct procmig_process *process, enum procmig_channel_role role,
		 u32 subsystem, u16 type, u16 version,
		 const struct kvec *parts, unsigned int part_count);

/* Likewise, the body being @head and then the bytes of @data. */
int procmig_emit_data(struct procmig_process *process,
		      enum procmig_channel_role role, u32 subsystem, u16 type,
		      u16 version, const void *head, size_t head_bytes,
		      struct iov_iter *data);

/* ---- receiving ---------------------------------------------------------- */

/*
 * Read the header of the next bulk record, in @restart_bulk.  It must belong to
 * @subsystem and be about @process; -EPROTO.
 * Demand records are read by the core, which hands them to the subsystem.
 */
int procmig_take_bulk(struct procmig_process *process, u32 subsystem,
		      struct procmig_record *record);

/* Read @bytes of the body that was announced last on that kind of channel. */
int procmig_take(struct procmig_process *process, enum procmig_channel_role role,
		 void *buffer, size_t bytes);
int procmig_take_data(struct procmig_process *process,
		      enum procmig_channel_role role, struct iov_iter *room);

/* Bytes of that body which have not been read yet. */
u64 procmig_left(struct procmig_process *process, enum procmig_channel_role role);

/*
 * Read a whole demand body that has a fixed head of @head bytes.  Returns a
 * buffer of the body's length plus a terminating NUL, to be freed with kvfree(),
 * or an ERR_PTR; -EPROTO if it is shorter than @head or longer than allowed.
 */
void *procmig_take_body(struct procmig_process *process,
			const struct procmig_record *record, size_t head);

/* ---- inspecting --------------------------------------------------------- */

struct task_struct *procmig_inspected_task(struct procmig_inspection *inspection);

const struct procmig_scope *procmig_inspected_scope(struct procmig_inspection *inspection);

/* The area of @subsystem for the whole inspection, inspection_private_bytes long. */
void *procmig_inspection_private(struct procmig_inspection *inspection,
				 const struct procmig_subsystem *subsystem);

enum procmig_mechanism_kind
procmig_inspected_mechanism(struct procmig_inspection *inspection, u32 subsystem,
			    u64 entity, enum procmig_mechanism_kind otherwise);

/* Name an obstacle.  @object: descriptor, address, signal ... */
__printf(5, 6)
void procmig_obstacle(struct procmig_inspection *inspection, u32 subsystem,
		      enum procmig_obstacle_code code, s64 object,
		      const char *format, ...);

/*
 * In @inspect: the processes will need something on the target that nobody else may
 * have there.  @head and then @data are what @admit gets to see on the target; both
 * together at most a few kilobytes.
 */
void procmig_claim(struct procmig_inspection *inspection,
		   const struct procmig_subsystem *subsystem, const void *head,
		   size_t head_bytes, const void *data, size_t bytes);

/* False: they are not told to anybody, as of processes that stand still already. */
bool procmig_wants_claims(const struct procmig_inspection *inspection);

/* Add to the estimate of what a checkpoint sends. */
void procmig_expect_bytes(struct procmig_inspection *inspection, u64 bytes);

/* How many obstacles have been named so far, about whatever process. */
unsigned int procmig_obstacle_count(const struct procmig_inspection *inspection);

/*
 * What processes share is asked about by each of them.  Who has found that nothing
 * stands against @thing, by its address, may say so, and the others of the event
 * need not search again.
 */
void procmig_clear(struct procmig_inspection *inspection, const void *thing);
bool procmig_is_clear(struct procmig_inspection *inspection, const void *thing);

#endif /* _PROCMIG_PROCESS_H */
