// SPDX-License-Identifier: GPL-2.0-only
/* The kinds of open file that are loaded. */
#include <linux/mutex.h>
#include <linux/slab.h>

#include "files.h"

struct entry {
	struct list_head node;
	const struct procmig_file_kind *kind;
};

static LIST_HEAD(entries);
static DEFINE_MUTEX(entries_lock);

static struct entry *find(const char *name, unsigned int *count)
{
	struct entry *e, *found = NULL;

	lockdep_assert_held(&entries_lock);
	*count = 0;
	list_for_each_entry(e, &entries, node) {
		++*count;
		if (!strcmp(e->kind->name, name))
			found = e;
	}
	return found;
}

static int add(struct entry *new)
{
	unsigned int count;
	int ret;

	mutex_lock(&entries_lock);
	if (find(new->kind->name, &count))
		ret = -EEXIST;
	else if (count == KINDS_MAX)
		ret = -ENOSPC;
	else
		ret = procmig_declare_kinds(files_subsystem.id, new->kind->kinds,
					    new->kind->kind_count);
	if (!ret)
		list_add_tail(&new->node, &entries);
	mutex_unlock(&entries_lock);
	return ret;
}

int procmig_register_file_kind(const struct procmig_file_kind *kind)
{
	struct entry *e;
	int ret;

	if (!kind->name || !*kind->name ||
	    strlen(kind->name) >= PROCMIG_FILE_KIND_BYTES || !kind->match ||
	    !kind->checkpoint || !kind->restart ||
	    !kind->checkpoint_data != !kind->restart_data)
		return -EINVAL;
	e = kmalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	e->kind = kind;
	ret = add(e);
	if (ret)
		kfree(e);
	return ret;
}
EXPORT_SYMBOL_GPL(procmig_register_file_kind);

void procmig_unregister_file_kind(const struct procmig_file_kind *kind)
{
	unsigned int count;
	struct entry *e;

	mutex_lock(&entries_lock);
	e = find(kind->name, &count);
	if (!WARN_ON(!e)) {
		list_del(&e->node);
		procmig_withdraw_kinds(kind->kinds);
	}
	mutex_unlock(&entries_lock);
	kfree(e);
}
EXPORT_SYMBOL_GPL(procmig_unregister_file_kind);

void files_kinds_get(struct files_kinds *set)
{
	struct entry *e;

	set->count = 0;
	mutex_lock(&entries_lock);
	list_for_each_entry(e, &entries, node)
		/* A module on its way out no longer counts as loaded. */
		if (try_module_get(e->kind->owner))
			set->kind[set->count++] = e->kind;
	mutex_unlock(&entries_lock);
}

void files_kinds_put(struct files_kinds *set)
{
	while (set->count)
		module_put(set->kind[--set->count]->owner);
}

const struct procmig_file_kind *files_kind_of(const struct files_kinds *set,
					      struct file *file)
{
	unsigned int i;

	for (i = 0; i < set->count; i++)
		if (set->kind[i]->match(file))
			return set->kind[i];
	return NULL;
}

const struct procmig_file_kind *files_kind_named(const struct files_kinds *set,
						 const char *name)
{
	unsigned int i;

	for (i = 0; i < set->count; i++)
		if (!strcmp(set->kind[i]->name, name))
			return set->kind[i];
	return NULL;
}
