/* SPDX-License-Identifier: GPL-2.0-only */
/* The files subsystem: descriptors, open file descriptions, cwd, root, umask. */
#ifndef _PROCMIG_FILES_H
#define _PROCMIG_FILES_H

#include <linux/fs.h>
#include <linux/rhashtable-types.h>
#include <linux/xarray.h>
#include <procmig/compat.h>
#include <procmig/file_kind.h>
#include <procmig/process.h>

#define FILES_VERSION 2
/* Far above the default limits, low enough to be allocated at once. */
#define DESCRIPTIONS_MAX (1u << 16)
/* The default of fs.nr_open; the kernel checks against the real one. */
#define DESCRIPTORS_MAX (1u << 20)
#define KINDS_MAX 32

/* The kinds of file that one request uses, pinned. */
struct files_kinds {
	const struct procmig_file_kind *kind[KINDS_MAX];
	unsigned int count;
};

/* Things in the order in which they were met, and their numbers. */
struct files_met {
	struct xarray numbers;		/* by address */
	const void **thing;		/* not referenced: the process stands still */
	unsigned int count, room;
};

/* A description on the target. */
struct files_restored {
	struct file *file;		/* NULL: ignored */
	const struct procmig_file_kind *kind;
	u32 flags;
	u32 object;
};

/* What descriptions share on the target. */
struct files_object {
	const struct procmig_file_kind *kind;
	void *private;
};

/* A file in memory on the source, and where what nobody has taken yet begins. */
struct files_shared {
	struct file *file;
	loff_t next, bytes;
};

/* What the processes of an event share. */
struct files_event {
	struct files_kinds kinds;

	/* source */
	struct files_met descriptions;
	struct files_met objects;
	struct files_met settled;	/* descriptions whose locks and owner are sent */
	struct xarray first;		/* PID of the first with that table or fs_struct */
	struct xarray kind_of;		/* by number: as what a description was sent */
	u32 held;			/* descriptions below have a descriptor */
	struct file **made;		/* opened to be carried, nobody else has them open */
	unsigned int made_count;
	bool described;			/* every description has been sent */
	struct mutex shared_lock;	/* lanes take from them while more are announced */
	struct files_shared *shared;	/* whose pages travel in lanes, by number */
	u32 shared_count, shared_taken;	/* all below are taken */

	/* target: by number */
	struct files_restored *restored;
	unsigned int restored_count;
	struct files_object *object;
	unsigned int object_count;
	bool resumed;
	struct path *directories;	/* made for temporary files */
	unsigned int directory_count;
	struct xarray expected;		/* files whose pages come in lanes, by number */
};

/* Of one process, on the target but for the last. */
struct files {
	unsigned long scratch;		/* user memory of the stub */
	bool have_context;
	bool shares_descriptors;
	unsigned long standard;		/* which of 0, 1, 2 are in use */
	u32 shared_known;		/* source: announced when its own records ended */
	struct file *deleted_cwd;	/* source: one of the event's @made, or NULL */
};

extern const struct procmig_subsystem files_subsystem;
extern const struct procmig_file_kind files_path_kind;
extern const struct procmig_file_kind files_pseudo_kind;
extern const struct procmig_file_kind files_deleted_kind;
extern const struct procmig_file_kind files_tmpfs_kind;
extern const struct procmig_file_kind files_temporary_kind;

/* ---- path.c ---- */

/* Flags that made or changed a file when it was opened first. */
#define FILES_ONCE_FLAGS (O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY)

/* Name the obstacle, if it cannot be reached from the root of the process. */
void files_inspect_path(struct procmig_file_inspection *at, const struct path *path);
/* The path with NUL, and its length; or a negative errno after procmig_fail(). */
ssize_t files_put_path(struct procmig_file_save *save, const struct path *path, char *room,
		       size_t bytes);
/* The root of init, referenced: the caller may live in a container. */
void files_get_root(struct path *root);
/* As init sees it. */
int files_find_directory(const char *path, struct path *directory);
/*
 * What init sees at @text, which is a claim of @bytes; the caller puts it.
 * -ENOTDIR: not even its directory is there.
 */
int files_find(const char *text, size_t bytes, struct path *found);
/* While inspecting: claim it by its path, if claims are wanted. */
void files_claim_path(struct procmig_file_inspection *at, const struct procmig_file_kind *kind,
		      const struct path *path);
/* Another description of the file that was made, as load->flags want it. */
struct file *files_open_again(struct procmig_file_load *load, struct file *first);

/* ---- pseudo.c ---- */

/* Its content is the state of the node. */
bool files_is_pseudo(struct file *file);

/* ---- deleted.c ---- */

/* Another name of the same file that the kernel knows, referenced, or NULL. */
struct dentry *files_other_name(struct file *file);

/* ---- names.c: on the target, by the stub ---- */

struct files_moment {
	char *name;		/* to make, and to take away before the moment ends */
	unsigned int made;	/* directories above it that are there for it */
};

/*
 * @path, or a name beside it if @path is taken; its lowest @directories are made if they
 * are missing.  0 or a negative errno, then there is nothing to end.
 */
int files_begin_moment(struct procmig_file_load *load, const char *path,
		       unsigned int directories, struct files_moment *moment);
void files_end_moment(struct procmig_file_load *load, struct files_moment *moment);

/*
 * What is called @name, for reading and writing, by the name @opened (see above) that is
 * taken away from it again.
 */
struct file *files_open_unlinked(struct procmig_file_load *load, const char *name,
				 const char *opened, unsigned int directories);

/* How much of @path the directory takes that is @levels above it; 0: there is none. */
size_t files_directory_bytes(const char *path, unsigned int levels);
/* A name that nobody has, in the directory @levels above @path; NULL or to be freed. */
char *files_own_name(const char *path, unsigned int levels);
/* link(2); @to is at the begin of the scratch afterwards. */
int files_link(struct procmig_file_load *load, const char *from, const char *to);
/* For a system call: @name at @offset of the scratch. */
int files_put_name(struct procmig_file_load *load, const char *name, size_t offset);

/* ---- content.c ---- */

/* A file on the target that was not there, until its content has come. */
struct files_made {
	struct file *file;	/* may do everything */
	struct procmig_file_attributes wanted;
	bool stays;		/* with its name: the event has succeeded */
};

/* All but the path. */
void files_read_attributes(const struct inode *inode, struct procmig_file_attributes *read);
/* Owner, mode and times. */
void files_set_attributes(struct procmig_file_load *load, const struct files_made *made);
/* Whether opening @inode once more would break a lease. */
bool files_is_leased(const struct inode *inode);

/*
 * Like fput(), but done when it returns: what fput() leaves to a task that is on its way
 * to user mode counts as open until then.
 */
void files_close(struct file *file);

/* Emit what a regular file contains as struct procmig_file_content, and its end. */
int files_emit_content(struct procmig_file_save *save, struct file *file);
/*
 * Write one record of it, and set the attributes at the end.  PROCMIG_MORE until then,
 * then PROCMIG_DONE.
 */
int files_take_content(struct procmig_file_load *load, const struct files_made *made,
		       const void *body, size_t bytes);

/* ---- shared_pages.c ---- */

int files_checkpoint_bulk(struct procmig_process *process);
int files_restart_bulk(struct procmig_process *process);
void files_forget_pages(struct files_event *event);

/* ---- kinds.c ---- */

void files_kinds_get(struct files_kinds *set);
void files_kinds_put(struct files_kinds *set);
const struct procmig_file_kind *files_kind_of(const struct files_kinds *set,
					      struct file *file);
const struct procmig_file_kind *files_kind_named(const struct files_kinds *set,
						 const char *name);

/* ---- claims.c ---- */

int files_admit(struct procmig_inspection *inspection, const void *data, size_t bytes);

/* ---- travelling.c ---- */

/*
 * Name what stands against carrying the file, called @what, away from the source.  False:
 * another description of it has been asked about, and nobody outside has it.
 */
bool files_inspect_travelling(struct procmig_file_inspection *at, struct file *file,
			      const char *what);
/* Its content is there.  While it is open for writing, nobody could have its lease back. */
int files_hold_by_path(struct files_made *made);
/* @resume and @release of kinds whose object is a struct files_made. */
void files_let_stay(struct procmig_file_load *load, struct file *file);
void files_release_made(void *object);

/* ---- temporary.c ---- */

/* Learn where /tmp is, at the begin of an inspection: it may have been mounted since. */
void files_find_temporary(void);
/* Any context, may be under RCU: whether its name is below the node's own /tmp. */
bool files_is_temporary(struct file *file);

/* ---- mappers.c ---- */

/* As procmig_file_inspect_memory(), of something else. */
void files_inspect_sharers(struct procmig_file_inspection *at, struct file *file,
			   const char *what);

/* ---- tmpfs.c ---- */

/* Any context. */
bool files_is_in_memory(struct file *file);
/* While inspecting: its name is to be free on the target. */
void files_tmpfs_claim(struct procmig_file_inspection *at, struct file *file);

/* ---- inside.c ---- */

/* Of an inspection: what the event has open, from the first look on. */
struct files_inside {
	bool looked, known;
	struct rhashtable met;
};

/* 0, or a negative errno: -EINTR when the caller is killed. */
int files_look_inside(struct procmig_file_inspection *at);
void files_forget_inside(void *private);
/* How many descriptors of @file there are inside; 0 also if it has been opened since. */
unsigned int files_descriptors_inside(struct procmig_file_inspection *at, struct file *file);

/* ---- holders.c ---- */

/* For procmig_file_count() and procmig_file_find_holder(). */
bool files_is_same(struct file *file, const void *other);

/* The file of the first open descriptor of @task from *@fd on, referenced, or NULL. */
struct file *files_next_open(struct task_struct *task, unsigned int *fd);

/* Files that are met, each once, and referenced until they are taken. */
struct files_walk {
	struct xarray seen;
	struct xarray file;
	unsigned int count, next;
	bool failed;			/* one could not be kept, without memory */
};

void files_walk_begin(struct files_walk *walk);
void files_walk_end(struct files_walk *walk);
/* A @see of kinds; @walk is a struct files_walk. */
void files_walk_meet(struct file *file, void *walk);
/* The next one, or NULL; the reference goes to the caller. */
struct file *files_walk_take(struct files_walk *walk);

/* As @each_kept of the kind of @file. */
void files_each_kept(const struct files_kinds *kinds, struct file *file,
		     void (*see)(struct file *file, void *private), void *private);

/*
 * A descriptor of @file, to which the caller holds a reference, outside of the
 * event; false if there is none.  A description that is on its way through
 * a socket is not found.
 */
bool files_find_sharer(struct procmig_file_inspection *at, struct file *file,
		       struct procmig_file_holder *sharer);

/* ---- makers.c ---- */

/* From module init and exit.  What cannot be watched is told to the kernel's log. */
void files_watch_makers(void);
void files_unwatch_makers(void);
/*
 * Call @see with every file in /dev/shm that belongs to the process of @task, opened
 * for that, until it does not return 0.  The same scope gives each file to one task.
 */
int files_each_made(struct task_struct *task, const struct procmig_scope *scope,
		    const struct path *root,
		    int (*see)(struct file *file, void *private), void *private);

/* ---- locks.c, owner.c ---- */

#define FILES_NO_DESCRIPTOR PROCMIG_FILES_NO_DESCRIPTOR

/* By what the target finds an open file. */
struct files_place {
	u32 fd;			/* of the process; or FILES_NO_DESCRIPTOR, then by: */
	u32 description;	/* or 0 */
};

/*
 * Target: a descriptor of it, to be given back; if it has none, one for the moment.  That
 * takes POSIX locks of the process away from the file, as every close(2) does: those come
 * later.  A negative errno: there is none to be had.
 */
int files_borrow_descriptor(struct procmig_process *process, const struct files_place *place);
void files_return_descriptor(const struct files_place *place, int fd);

void files_inspect_locks(struct procmig_file_inspection *at, struct file *file);
/* Those of the process; @all: also those that belong to the description. */
int files_emit_locks(struct procmig_process *process, struct file *file,
		     const struct files_place *place, bool all);
int files_take_lock(struct procmig_process *process, void __user *scratch,
		    const struct procmig_files_lock *wanted);

void files_inspect_owner(struct procmig_file_inspection *at, struct file *file);
int files_emit_owner(struct procmig_process *process, struct file *file,
		     const struct files_place *place);
int files_take_owner(struct procmig_process *process,
		     const struct procmig_files_owner *wanted);

/* ---- describe.c ---- */

/* What a file is that no kind matches; the text may lie in @buffer. */
const char *files_describe(struct file *file, char *buffer, size_t bytes);

/* ---- checkpoint.c, restart.c ---- */

/* Whether the event has it open by another name, too. */
bool files_has_names(struct procmig_file_save *save, struct file *file);

/* O_PATH; NULL if it is not deleted, or an ERR_PTR. */
struct file *files_open_deleted_cwd(struct task_struct *task);
int files_gather(struct procmig_process *process);
int files_checkpoint(struct procmig_process *process);
void files_finish(struct files_event *event);
void files_forget_source(struct files_event *event);

int files_setup_target(struct procmig_process *process);
int files_restart(struct procmig_process *process,
		  const struct procmig_record *record);
int files_settle(struct procmig_process *process);
void files_resume(struct procmig_process *process);
void files_forget_target(struct files_event *event);

#endif /* _PROCMIG_FILES_H */
