/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract between the files subsystem and a kind of open file.  A third
 * party adds a kind by writing a module against the headers of this directory
 * alone.
 *
 * An open file description is carried once, whatever number of descriptors and
 * processes of the event refer to it, and each has a number in the stream.
 * Several descriptions may lead to one object: the two ends of a pipe, or
 * a file that was opened twice.  The object is carried once as well, with the
 * first of its descriptions.
 *
 * Descriptions are carried in two passes.  After the first, every description
 * of the event exists on the target; what fills or connects them (content of a
 * pipe, targets of an epoll instance) travels in the second and may refer to any
 * of them by number.
 *
 * Contexts as in subsystem.h; no lock of the core or of the files subsystem is
 * held during a callback.
 */
#ifndef _PROCMIG_FILE_KIND_H
#define _PROCMIG_FILE_KIND_H

#include <linux/fs.h>
#include <procmig/open_file.h>
#include <procmig/process.h>

struct files_kinds;
struct sock;

/* Looking at one open file before it is carried. */
struct procmig_file_inspection {
	struct procmig_inspection *inspection;
	struct task_struct *task;
	const struct path *root;	/* of the process */
	unsigned int fd;		/* what to call the file, or */
	unsigned long address;		/* not 0: it is mapped there */
	bool kept;			/* not that file itself, but one that it keeps */
	const struct files_kinds *kinds;	/* the files subsystem's own */
};

/* The source side of one description. */
struct procmig_file_save {
	struct procmig_process *process;	/* that carries it, for all */
	const struct path *root;
	u32 description;		/* its number */
	bool first;			/* nobody has carried the object yet */
};

/* The target side of one description. */
struct procmig_file_load {
	struct procmig_process *process;
	u32 description;
	u32 flags;			/* O_*, as on the source */
	void **object;			/* the kind's own, see @release */
	void __user *scratch;		/* for calls that want user memory */
};

#define PROCMIG_FILE_SCRATCH_BYTES	(64u << 10)
#define PROCMIG_FILE_BODY_MAX		(8u << 10)

/**
 * struct procmig_file_kind - what a module registers
 * @name: unique, at most PROCMIG_FILE_KIND_BYTES - 1 characters; the stream's
 *	name for it
 * @version: of the bodies and data; the peer's must not be newer
 * @owner: THIS_MODULE; pinned while a request exists
 * @kinds: the kinds of state that it carries, for the map of state
 * @kind_count: how many
 *
 * @match: required; any context, may be under RCU.  Whether the file is of this
 *	kind; no two kinds may say so about one file.
 * @inspect: optional; worker or caller.  Name the obstacles with
 *	procmig_file_obstacle().  The process may run meanwhile.  That the
 *	description itself is not shared with somebody outside has been seen to.
 * @each_kept: optional, of a socket; worker or caller.  Call @see with every file that this one
 *	keeps open, that has no descriptor for it and travels with it: as one in a
 *	message that nobody has received.  @see does not need them to stand still.
 * @admit: optional; caller, target.  As in subsystem.h, of what @inspect on the source
 *	has claimed by procmig_file_claim().
 * @object: optional; worker.  Identifies what several descriptions share;
 *	without it every description is an object of its own.
 * @checkpoint: required; worker.  Write at most @room bytes that describe the
 *	file to @body and return their number, or a negative errno.  Every file
 *	that the data will refer to must be announced by
 *	procmig_file_reference() here.  Must not change the file.
 * @checkpoint_data: optional; worker, second pass, once per object.  Emit with
 *	procmig_file_data().  Must not change the file.
 * @finish: optional; worker, source, once per object.  The event has succeeded:
 *	remove what would outlive the processes here and belongs to them, see
 *	finish_event in subsystem.h.  Cannot fail.
 * @restart: required; self.  Make the file; a reference goes to the caller, or
 *	an ERR_PTR after procmig_fail().  @body is followed by a NUL.  Access
 *	mode, O_DIRECT and O_PATH must be those of load->flags; the position
 *	and the other flags are set by the caller.  Trust nothing in @body.
 * @restart_data: required if there is @checkpoint_data; self, second pass, once
 *	per procmig_file_data().  Every description exists and every descriptor
 *	is in place.  Trust nothing in @body.
 * @resume: optional; self.  The process runs again right after this; cannot
 *	fail.
 * @release: optional; worker or self.  Drop what *load->object refers to, as
 *	far as it is not NULL.
 */
struct procmig_file_kind {
	const char *name;
	u32 version;
	struct module *owner;
	const struct procmig_kind *kinds;
	unsigned int kind_count;

	bool (*match)(struct file *file);
	void (*inspect)(struct procmig_file_inspection *at, struct file *file);
	void (*each_kept)(struct file *file, void (*see)(struct file *file, void *private),
			  void *private);
	int (*admit)(struct procmig_inspection *inspection, const void *data, size_t bytes);
	const void *(*object)(struct file *file);
	ssize_t (*checkpoint)(struct procmig_file_save *save, struct file *file,
			      void *body, size_t room);
	int (*checkpoint_data)(struct procmig_file_save *save, struct file *file);
	void (*finish)(struct file *file);
	struct file *(*restart)(struct procmig_file_load *load, const void *body,
				size_t bytes);
	int (*restart_data)(struct procmig_file_load *load, struct file *file,
			    const void *body, size_t bytes);
	void (*resume)(struct procmig_file_load *load, struct file *file);
	void (*release)(void *object);
};

/* -EEXIST: the name is taken; -EINVAL: a required member is missing. */
int procmig_register_file_kind(const struct procmig_file_kind *kind);
/* From module exit only. */
void procmig_unregister_file_kind(const struct procmig_file_kind *kind);

/* Whether it is an anonymous file of the kernel with that name, as "[eventfd]". */
bool procmig_file_is_anonymous(struct file *file, const char *name);

/* The file of a socket, referenced, or NULL if nobody has it. */
struct file *procmig_file_of_socket(struct sock *sk);

/* ---- inspecting --------------------------------------------------------- */

/* Name an obstacle; the text is put behind "fd N: " or "memory ADDRESS: ". */
__printf(3, 4)
void procmig_file_obstacle(struct procmig_file_inspection *at,
			   enum procmig_obstacle_code code, const char *format, ...);

/* As procmig_claim(), of the kind. */
void procmig_file_claim(struct procmig_file_inspection *at,
			const struct procmig_file_kind *kind, const void *data, size_t bytes);

/* A process outside the event that has what @holds says, and where. */
struct procmig_file_holder {
	pid_t pid;
	unsigned int fd;
	char comm[TASK_COMM_LEN];
};

/*
 * Look for a descriptor outside of the inspected event whose file @holds @what.
 * @holds is called under RCU.
 */
bool procmig_file_find_holder(struct procmig_file_inspection *at,
			      bool (*holds)(struct file *file, const void *what),
			      const void *what, struct procmig_file_holder *holder);

/*
 * For memory that only the event may have, as it has no name by which the target
 * could find it: name whoever outside has it mapped or open, and expect its bytes.
 */
void procmig_file_inspect_memory(struct procmig_file_inspection *at, struct file *file);

/*
 * To how many descriptions inside of the event @holds says yes, see above; those that
 * others keep are inside, too.
 */
unsigned int procmig_file_count(struct procmig_file_inspection *at,
				bool (*holds)(struct file *file, const void *what),
				const void *what);

/* Whether the event has that file open, or on its way in a message. */
bool procmig_file_is_inside(struct procmig_file_inspection *at, struct file *file);

/* How many open files of a pipe the event has that can read, and that can write. */
struct procmig_file_ends {
	unsigned int readers, writers;
};

/* As the inspection has met them: some may have been opened since, or closed. */
struct procmig_file_ends procmig_file_ends(struct procmig_file_inspection *at,
					   const struct inode *inode);

/* ---- source ------------------------------------------------------------- */

/*
 * The number of another description, which will be carried, too.  An errno when
 * it cannot be; the reason is recorded.
 */
int procmig_file_reference(struct procmig_file_save *save, struct file *file,
			   u32 *number);

/* Whether the description is inside: it has been announced or referred to. */
bool procmig_file_is_known(struct procmig_file_save *save, struct file *file);

/* The number of a description of @inode, if one is inside. */
bool procmig_file_of_inode(struct procmig_file_save *save, const struct inode *inode,
			   u32 *number);

/* Emit data of the second pass, at most PROCMIG_FILE_DATA_MAX bytes in all. */
int procmig_file_data(struct procmig_file_save *save, const void *head,
		      size_t head_bytes, const void *data, size_t bytes);

#define PROCMIG_FILE_DATA_MAX	(512u << 10)

/*
 * The pages of @file, in memory (tmpfs), travel in the lanes, once: to be called in a
 * @checkpoint or @checkpoint_data, or from another subsystem's @checkpoint, with the
 * number to be told to the target.  -EOPNOTSUPP: it is not in memory, or files are not
 * part of the request.
 */
int procmig_file_share_pages(struct procmig_process *process, struct file *file, u32 *number);

/* Likewise, emitted as the data of a kind: struct procmig_file_shared. */
int procmig_file_share_content(struct procmig_file_save *save, struct file *file);

/*
 * What /proc/PID/fdinfo says about the file beyond position and flags: a
 * terminated text to be freed with kvfree(), or an ERR_PTR.  The kernel keeps
 * its form stable, unlike the structures behind it.
 */
char *procmig_file_info(struct file *file);

/* ---- target ------------------------------------------------------------- */

/* The stream is damaged, @what says where.  Returns -EPROTO. */
int procmig_file_refuse(struct procmig_file_load *load, const char *what);

/*
 * The pages of @file, in memory, come in the lanes, by that number: until the process
 * runs, and whatever its seals and times.  -EPROTO: another one has it, or none can.
 */
int procmig_file_expect_pages(struct procmig_process *process, u32 number, struct file *file);

/* Likewise, as the data of a kind says; fails with procmig_fail(). */
int procmig_file_expect_content(struct procmig_file_load *load, struct file *file,
				const void *body, size_t bytes);

/* The description with that number, not referenced; NULL if there is none. */
struct file *procmig_file_at(struct procmig_file_load *load, u32 number);

/* Take a file out of the descriptor that a system call returned, or its error. */
struct file *procmig_file_from_descriptor(long fd);

/* Put a file at a free descriptor; close_fd() ends it. */
int procmig_file_to_descriptor(struct file *file);

#endif /* _PROCMIG_FILE_KIND_H */
