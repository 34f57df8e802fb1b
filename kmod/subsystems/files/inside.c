// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which open files the event has.  A tree may have hundreds of descriptors in each of
 * hundreds of processes, and of many a question is asked that concerns all the others:
 * an inspection goes through them once and notes what it has met.
 *
 * Before the freeze that is what one look has found: what has been opened since is not
 * in it, so whoever is told that something is missing looks again (holders.c).
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/rhashtable.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "files.h"

/* A file, or the inode of a pipe. */
struct met {
	struct rhash_head node;
	const void *thing;
	bool noted;			/* of a file: it was met before */
	unsigned int descriptors;	/* of a file; 0: it is only kept by another */
	struct procmig_file_ends ends;	/* of a pipe */
};

static const struct rhashtable_params by_thing = {
	.key_len = sizeof_field(struct met, thing),
	.key_offset = offsetof(struct met, thing),
	.head_offset = offsetof(struct met, node),
};

static struct met *find(struct files_inside *inside, const void *thing)
{
	return inside->known ? rhashtable_lookup_fast(&inside->met, &thing, by_thing) : NULL;
}

/* As it was met before, or new; NULL without memory. */
static struct met *find_or_make(struct files_inside *inside, const void *thing)
{
	struct met *met = rhashtable_lookup_fast(&inside->met, &thing, by_thing);

	if (met)
		return met;
	met = kzalloc(sizeof(*met), GFP_KERNEL);
	if (!met)
		return NULL;
	met->thing = thing;
	if (!rhashtable_insert_fast(&inside->met, &met->node, by_thing))
		return met;
	kfree(met);
	return NULL;
}

static int note_ends(struct files_inside *inside, const struct file *file)
{
	struct met *met = find_or_make(inside, file_inode(file));

	if (!met)
		return -ENOMEM;
	met->ends.readers += !!(file->f_mode & FMODE_READ);
	met->ends.writers += !!(file->f_mode & FMODE_WRITE);
	return 0;
}

/* 1 if it is new, 0 if it was met before, or a negative errno. */
static int note(struct files_inside *inside, const struct file *file, unsigned int descriptors)
{
	struct met *met = find_or_make(inside, file);

	if (!met)
		return -ENOMEM;
	met->descriptors += descriptors;
	if (met->noted)
		return 0;
	met->noted = true;
	return S_ISFIFO(file_inode(file)->i_mode) ? note_ends(inside, file) ?: 1 : 1;
}

/* And what it keeps, and that in turn. */
static int note_all(struct files_inside *inside, const struct files_kinds *kinds,
		    struct file *file)
{
	int ret = note(inside, file, 1);
	struct files_walk walk;
	struct file *kept;

	if (ret <= 0 || !S_ISSOCK(file_inode(file)->i_mode))
		return min(ret, 0);
	files_walk_begin(&walk);
	files_each_kept(kinds, file, files_walk_meet, &walk);
	while ((kept = files_walk_take(&walk))) {
		if (ret >= 0)
			ret = note(inside, kept, 0);
		if (ret > 0)
			files_each_kept(kinds, kept, files_walk_meet, &walk);
		fput(kept);
	}
	if (walk.failed)
		ret = -ENOMEM;
	files_walk_end(&walk);
	return min(ret, 0);
}

static int note_task(struct files_inside *inside, const struct files_kinds *kinds,
		     struct task_struct *task)
{
	struct file *file;
	unsigned int fd;
	int ret = 0;

	for (fd = 0; !ret && (file = files_next_open(task, &fd)); fd++) {
		ret = note_all(inside, kinds, file);
		fput(file);
		cond_resched();
		if (fatal_signal_pending(current))
			ret = -EINTR;
	}
	return ret;
}

static void free_met(void *met, void *unused)
{
	kfree(met);
}

int files_look_inside(struct procmig_file_inspection *at)
{
	const struct procmig_scope *scope = procmig_inspected_scope(at->inspection);
	struct files_inside *inside = procmig_inspection_private(at->inspection,
								 &files_subsystem);
	struct task_struct *task;
	unsigned int i;
	int ret;

	if (inside->looked)
		return 0;
	inside->looked = true;
	ret = rhashtable_init(&inside->met, &by_thing);
	if (ret)
		return ret;
	for (i = 0; !ret && (task = procmig_scope_at(scope, i)); i++)
		ret = note_task(inside, at->kinds, task);
	if (ret)
		rhashtable_free_and_destroy(&inside->met, free_met, NULL);
	else
		inside->known = true;
	return ret;
}

void files_forget_inside(void *private)
{
	struct files_inside *inside = private;

	if (inside->known)
		rhashtable_free_and_destroy(&inside->met, free_met, NULL);
}

static struct met *find_at(struct procmig_file_inspection *at, const void *thing)
{
	return find(procmig_inspection_private(at->inspection, &files_subsystem), thing);
}

bool procmig_file_is_inside(struct procmig_file_inspection *at, struct file *file)
{
	return find_at(at, file) || procmig_file_count(at, files_is_same, file);
}
EXPORT_SYMBOL_GPL(procmig_file_is_inside);

struct procmig_file_ends procmig_file_ends(struct procmig_file_inspection *at,
					   const struct inode *inode)
{
	const struct met *met = find_at(at, inode);

	return met ? met->ends : (struct procmig_file_ends) {};
}
EXPORT_SYMBOL_GPL(procmig_file_ends);

unsigned int files_descriptors_inside(struct procmig_file_inspection *at, struct file *file)
{
	const struct met *met = find_at(at, file);

	return met ? met->descriptors : 0;
}
