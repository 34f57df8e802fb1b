/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract between the core and a kernel subsystem: layer 1 of the
 * framework.  A third party adds a kind of state by writing a module against
 * the headers of this directory alone.
 *
 * A subsystem owns one part of a process's state.  The core calls it with a
 * process context; everything that the subsystem remembers between two calls
 * lives in the private area which the core allocates for it per process, or in
 * the one per event, where what several processes share has its number.
 *
 * Contexts that the callbacks are called in:
 *
 *	worker	a kernel thread of the request; may sleep
 *	lane	another such, of one of several that work on different
 *		processes at the same time, beside the worker; may sleep
 *	self	the task that is being rebuilt, on its way to user mode; may
 *		sleep, `current' is the process's first thread, or the thread
 *	caller	the task that called the ioctl; may sleep
 *
 * No lock of the core is held during any callback.  While a process is
 * quiesced its threads are parked at the border to user mode, so its state
 * stands still without further locking, except for what other processes or
 * interrupts change (pending signals, timers, page reclaim).
 */
#ifndef _PROCMIG_SUBSYSTEM_H
#define _PROCMIG_SUBSYSTEM_H

#include <linux/module.h>
#include <linux/types.h>
#include <uapi/procmig.h>
#include <uapi/procmig_stream.h>

struct procmig_process;
struct procmig_thread;
struct procmig_inspection;
struct seq_buf;

/* What an iterative operation returns besides a negative errno. */
enum procmig_step {
	PROCMIG_DONE = 0,
	PROCMIG_MORE = 1,		/* checkpoint */
	PROCMIG_UNKNOWN = 2,		/* restart: not one of my record types */
};

/* One kind of state, for PROCMIG_IOC_STATE_KIND and the generated table. */
struct procmig_kind {
	const char *name;
	enum procmig_kind_state state;
	const char *note;
};

/* Progress of one subsystem on one process. */
struct procmig_subsystem_status {
	u64 entities_done;
	u64 entities_total;
	u64 entities_dirty;
	u64 entities_skipped;
	u64 bytes_done;
	u64 bytes_total;
};

/**
 * struct procmig_subsystem - what a subsystem registers
 * @name: unique, at most PROCMIG_NAME_BYTES - 1 characters
 * @id: unique, enum procmig_subsystem_id or 0x100 and above
 * @version: of the subsystem's records; the peer's must not be newer
 * @order: subsystems act in ascending order on both machines; unique
 * @owner: THIS_MODULE; pinned while a request uses the subsystem
 * @private_bytes: size of the zeroed private area per process
 * @event_private_bytes: size of the zeroed private area per event
 * @inspection_private_bytes: size of the zeroed area that @inspect finds for all tasks
 *	of one inspection, see procmig_inspection_private()
 * @kinds: the kinds of state that the subsystem knows
 * @kind_count: how many
 *
 * @inspect: optional; worker or caller.  Name every obstacle to carrying the
 *	task through procmig_obstacle() and add the bytes that a checkpoint
 *	would send to the estimate.  Called on a running task before anything is
 *	frozen, and again on the quiesced one.  An error means that the
 *	inspection itself failed.
 * @forget_inspection: optional; worker or caller.  Drop what that area refers to.
 * @admit: optional; caller, target.  Name what stands here against something that
 *	@inspect on the source has claimed by procmig_claim(), through
 *	procmig_obstacle().  Trust nothing in @data, which is followed by a NUL; an
 *	error means that it cannot be read, or that the look itself failed.
 * @setup_event: optional; worker.  Before any process's @setup; @private is the
 *	area of the event.
 * @cleanup_event: optional; worker.  Undo @setup_event, drop every reference.
 *	After every process's @cleanup.
 * @finish_event: optional; worker, source.  The event has succeeded: the
 *	processes run on the target, and what is left of them here dies right
 *	after this, still at the gate.  Remove what they had on this machine and
 *	would outlive them, as the target has it now.  Cannot fail.
 * @setup: optional; worker on the source after quiescing, self on the target
 *	before the first record.  Its undo is @cleanup.
 * @gather: optional; worker, source.  Everything stands still, every process is
 *	set up, nothing about any has been emitted.  Announce what this process
 *	shares with others, or what another subsystem carries for it.  Called
 *	for all processes, subsystem after subsystem in their order.
 * @checkpoint: required; worker.  Emit the next part of the state.  Called
 *	until it returns PROCMIG_DONE; each call should emit about a megabyte at
 *	most, so that an abort is noticed soon.  Must not change the process.
 * @checkpoint_bulk: optional; lane.  Emit the next part of what is large, on the bulk
 *	channels, until it returns PROCMIG_DONE.  Called when everything else about
 *	the process and its threads has been emitted.  What processes share must not
 *	be changed from here.
 * @restart_bulk: optional; self.  Consume it, with procmig_take_bulk(), to the end.
 *	Everything else about the process and its threads has been consumed, so
 *	`current' has the credentials and limits of the process; other processes are
 *	rebuilt at the same time.
 * @restart: required; self.  Consume one record of the demand channel, whose
 *	body is read with procmig_take(); what is not read is skipped.  Returns
 *	PROCMIG_UNKNOWN for a type that it does not know; the core then skips
 *	the record if it is optional and refuses the stream if it is not.
 * @settle: optional; worker, target.  Everything is rebuilt and parked: install
 *	what only another task can.
 * @resume: optional; self, target.  The process runs again right after this.
 *	Start what depends on time.  Cannot fail.
 * @fault: optional; worker, source.  Divert from the normal sequence for one
 *	entity: emit it now.
 * @status: optional; any context that may sleep.
 * @dump: optional; any context that may sleep.  Write what is needed to
 *	understand why the process does not get on.
 * @cleanup: optional; worker.  Undo @setup, drop every reference.  Called once
 *	if @setup succeeded or does not exist, in the reverse order of setup.
 *
 * State that each thread has for itself, all optional, but @checkpoint_thread
 * and @restart_thread go together.  A process's own records come first, then its
 * threads', one thread after the other; so a thread finds the process rebuilt.
 * Until the resume the other threads wait inside the kernel.
 *
 * @thread_private_bytes: size of the zeroed private area per thread
 * @setup_thread: worker on the source; self on the target, before the process's
 *	@setup.
 * @checkpoint_thread: worker.  Emit everything about the thread.
 * @restart_thread: self.  Consume one record, like @restart.
 * @settle_thread: worker, target; after every @settle.
 * @resume_thread: self, target; after every @resume.  Cannot fail.
 * @cleanup_thread: worker.
 */
struct procmig_subsystem {
	const char *name;
	u32 id;
	u32 version;
	int order;
	struct module *owner;
	size_t private_bytes;
	size_t event_private_bytes;
	size_t inspection_private_bytes;
	const struct procmig_kind *kinds;
	unsigned int kind_count;

	int (*inspect)(struct procmig_inspection *inspection);
	void (*forget_inspection)(void *private);
	int (*admit)(struct procmig_inspection *inspection, const void *data, size_t bytes);
	int (*setup_event)(void *private);
	void (*cleanup_event)(void *private);
	void (*finish_event)(void *private);
	int (*setup)(struct procmig_process *process);
	int (*gather)(struct procmig_process *process);
	int (*checkpoint)(struct procmig_process *process);
	int (*checkpoint_bulk)(struct procmig_process *process);
	int (*restart_bulk)(struct procmig_process *process);
	int (*restart)(struct procmig_process *process,
		       const struct procmig_record *record);
	int (*settle)(struct procmig_process *process);
	void (*resume)(struct procmig_process *process);
	int (*fault)(struct procmig_process *process, u64 entity);
	void (*status)(struct procmig_process *process,
		       struct procmig_subsystem_status *status);
	void (*dump)(struct procmig_process *process, struct seq_buf *out);
	void (*cleanup)(struct procmig_process *process);

	size_t thread_private_bytes;
	int (*setup_thread)(struct procmig_thread *thread);
	int (*checkpoint_thread)(struct procmig_thread *thread);
	int (*restart_thread)(struct procmig_thread *thread,
			      const struct procmig_record *record);
	int (*settle_thread)(struct procmig_thread *thread);
	void (*resume_thread)(struct procmig_thread *thread);
	void (*cleanup_thread)(struct procmig_thread *thread);
};

/*
 * Register and unregister.  -EEXIST: the name, id or order is taken; -EINVAL:
 * a required member is missing.  Unregister from module exit only: the core
 * holds a reference to @owner while the subsystem is in use.
 */
int procmig_register_subsystem(const struct procmig_subsystem *subsystem);
void procmig_unregister_subsystem(const struct procmig_subsystem *subsystem);

/*
 * Declare kinds of state that are carried on behalf of @subsystem by another
 * module, until they are withdrawn.  -ENOMEM.
 */
int procmig_declare_kinds(u32 subsystem, const struct procmig_kind *kinds,
			  unsigned int count);
void procmig_withdraw_kinds(const struct procmig_kind *kinds);

#endif /* _PROCMIG_SUBSYSTEM_H */
