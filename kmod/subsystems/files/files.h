/* SPDX-License-Identifier: GPL-2.0-only */
/* The files subsystem: descriptors, open file descriptions, cwd, root, umask. */
#ifndef _PROCMIG_FILES_H
#define _PROCMIG_FILES_H

#include <linux/fs.h>
#include <procmig/compat.h>
#include <procmig/process.h>

#define FILES_VERSION 1
/* Far above the default limits, low enough to be allocated at once. */
#define DESCRIPTIONS_MAX (1u << 16)
/* The default of fs.nr_open; the kernel checks against the real one. */
#define DESCRIPTORS_MAX (1u << 20)

struct files {
	struct file **description;	/* target: by number; NULL: ignored */
	unsigned int descriptions;
	bool have_context;
	unsigned long standard;		/* target: which of 0, 1, 2 are in use */
};

extern const struct procmig_subsystem files_subsystem;

/*
 * What kind of file it is, all but size and time, and its path as seen from
 * @root.  Returns NULL, or
 * what makes it impossible to carry; the text may lie in @buffer.
 */
const char *files_describe(struct file *file, const struct path *root,
			   struct procmig_files_description *description,
			   char *buffer, size_t bytes, const char **path);

/* Size and time of a regular file, as its filesystem has them now. */
int files_stat(struct file *file, struct procmig_files_description *description);

struct files_sharer {
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/*
 * A task outside the process of @task that has a descriptor of @file, to which
 * the caller holds a reference; false if there is none.  A description that is
 * on its way through a socket is not found.
 */
bool files_find_sharer(struct task_struct *task, struct file *file,
		       struct files_sharer *sharer);

int files_checkpoint(struct procmig_process *process);
int files_restart(struct procmig_process *process,
		  const struct procmig_record *record);
int files_setup_target(struct procmig_process *process);
int files_settle(struct procmig_process *process);
void files_resume(struct procmig_process *process);

#endif /* _PROCMIG_FILES_H */
