/* SPDX-License-Identifier: GPL-2.0-only */
/* The files subsystem: descriptors, open file descriptions, cwd, root, umask. */
#ifndef _PROCMIG_FILES_H
#define _PROCMIG_FILES_H

#include <linux/fs.h>
#include <linux/xarray.h>
#include <procmig/compat.h>
#include <procmig/file_kind.h>
#include <procmig/process.h>

#define FILES_VERSION 1
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

struct files {
	struct files_kinds kinds;

	struct files_met descriptions;	/* source */
	struct files_met objects;	/* source */

	struct files_restored *restored; /* target: by number */
	unsigned int restored_count;
	struct files_object *object;	/* target: by number */
	unsigned int object_count;
	unsigned long scratch;		/* target: user memory of the stub */
	bool have_context;		/* target */
	unsigned long standard;		/* target: which of 0, 1, 2 are in use */
};

extern const struct procmig_subsystem files_subsystem;
extern const struct procmig_file_kind files_path_kind;
extern const struct procmig_file_kind files_deleted_kind;

/* Its content is the state of the node: path.c. */
bool files_is_pseudo(struct file *file);

/* ---- kinds.c ---- */

void files_kinds_get(struct files_kinds *set);
void files_kinds_put(struct files_kinds *set);
const struct procmig_file_kind *files_kind_of(const struct files_kinds *set,
					      struct file *file);
const struct procmig_file_kind *files_kind_named(const struct files_kinds *set,
						 const char *name);

/* ---- holders.c ---- */

/*
 * A descriptor of @file, to which the caller holds a reference, outside the
 * process of @task; false if there is none.  A description that is on its way
 * through a socket is not found.
 */
bool files_find_sharer(struct task_struct *task, struct file *file,
		       struct procmig_file_holder *sharer);

/* ---- locks.c, owner.c ---- */

#define FILES_NO_DESCRIPTOR UINT_MAX

void files_inspect_locks(struct procmig_file_inspection *at, struct file *file);
int files_emit_locks(struct procmig_process *process, struct file *file, unsigned int fd);
int files_take_lock(struct procmig_process *process, void __user *scratch,
		    const struct procmig_files_lock *wanted);

void files_inspect_owner(struct procmig_file_inspection *at, struct file *file);
int files_emit_owner(struct procmig_process *process, struct file *file, unsigned int fd);
int files_take_owner(struct procmig_process *process,
		     const struct procmig_files_owner *wanted);

/* ---- describe.c ---- */

/* What a file is that no kind matches; the text may lie in @buffer. */
const char *files_describe(struct file *file, char *buffer, size_t bytes);

/* ---- checkpoint.c, restart.c ---- */

int files_checkpoint(struct procmig_process *process);
void files_forget_source(struct files *files);

int files_setup_target(struct procmig_process *process);
int files_restart(struct procmig_process *process,
		  const struct procmig_record *record);
int files_settle(struct procmig_process *process);
void files_resume(struct procmig_process *process);
void files_forget_target(struct files *files);

#endif /* _PROCMIG_FILES_H */
