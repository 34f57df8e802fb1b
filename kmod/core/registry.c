// SPDX-License-Identifier: GPL-2.0-only
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "registry.h"

struct entry {
	struct list_head node;
	enum procmig_component_kind kind;
	u32 id;
	u32 version;
	int order;
	atomic_t users;
	const char *name;
	struct module *owner;
	const void *component;
};

static LIST_HEAD(entries);
static DEFINE_MUTEX(entries_lock);

static int add(struct entry *new)
{
	struct list_head *before = &entries;
	unsigned int count = 0;
	struct entry *e;
	int ret = 0;

	mutex_lock(&entries_lock);
	list_for_each_entry(e, &entries, node) {
		if (e->kind != new->kind)
			continue;
		count++;
		if (e->id == new->id || !strcmp(e->name, new->name) ||
		    (e->kind == PROCMIG_COMPONENT_SUBSYSTEM &&
		     e->order == new->order)) {
			ret = -EEXIST;
			break;
		}
		if (before == &entries && e->order > new->order)
			before = &e->node;
	}
	if (!ret && new->kind == PROCMIG_COMPONENT_SUBSYSTEM &&
	    count == PROCMIG_MAX_SUBSYSTEMS)
		ret = -ENOSPC;
	if (!ret)
		list_add_tail(&new->node, before);
	mutex_unlock(&entries_lock);
	return ret;
}

static int register_entry(const struct entry *proto)
{
	struct entry *e = kmemdup(proto, sizeof(*proto), GFP_KERNEL);
	int ret;

	if (!e)
		return -ENOMEM;
	ret = add(e);
	if (ret)
		kfree(e);
	return ret;
}

static struct entry *find(enum procmig_component_kind kind, const void *component)
{
	struct entry *e;

	lockdep_assert_held(&entries_lock);
	list_for_each_entry(e, &entries, node)
		if (e->kind == kind && e->component == component)
			return e;
	return NULL;
}

static void unregister_entry(enum procmig_component_kind kind, const void *component)
{
	struct entry *e;

	mutex_lock(&entries_lock);
	e = find(kind, component);
	if (e)
		list_del(&e->node);
	mutex_unlock(&entries_lock);
	WARN_ON(!e || atomic_read(&e->users));
	kfree(e);
}

static void drop(enum procmig_component_kind kind, const void *component)
{
	struct entry *e;

	mutex_lock(&entries_lock);
	e = find(kind, component);
	if (!WARN_ON(!e)) {
		atomic_dec(&e->users);
		module_put(e->owner);
	}
	mutex_unlock(&entries_lock);
}

int procmig_register_subsystem(const struct procmig_subsystem *subsystem)
{
	const struct entry e = {
		.kind = PROCMIG_COMPONENT_SUBSYSTEM,
		.id = subsystem->id,
		.version = subsystem->version,
		.order = subsystem->order,
		.name = subsystem->name,
		.owner = subsystem->owner,
		.component = subsystem,
	};

	if (!subsystem->name || strlen(subsystem->name) >= PROCMIG_NAME_BYTES ||
	    subsystem->id == PROCMIG_SUBSYSTEM_CORE ||
	    !subsystem->checkpoint || !subsystem->restart ||
	    !subsystem->checkpoint_thread != !subsystem->restart_thread)
		return -EINVAL;
	return register_entry(&e);
}
EXPORT_SYMBOL_GPL(procmig_register_subsystem);

void procmig_unregister_subsystem(const struct procmig_subsystem *subsystem)
{
	unregister_entry(PROCMIG_COMPONENT_SUBSYSTEM, subsystem);
}
EXPORT_SYMBOL_GPL(procmig_unregister_subsystem);

int procmig_register_medium(const struct procmig_medium *medium)
{
	const struct entry e = {
		.kind = PROCMIG_COMPONENT_MEDIUM,
		.id = medium->id,
		.version = medium->version,
		.name = medium->name,
		.owner = medium->owner,
		.component = medium,
	};

	if (!medium->name || strlen(medium->name) >= PROCMIG_NAME_BYTES ||
	    !medium->open || !medium->close || !medium->pushdata ||
	    !medium->popdata || !medium->flush || !medium->command)
		return -EINVAL;
	return register_entry(&e);
}
EXPORT_SYMBOL_GPL(procmig_register_medium);

void procmig_unregister_medium(const struct procmig_medium *medium)
{
	unregister_entry(PROCMIG_COMPONENT_MEDIUM, medium);
}
EXPORT_SYMBOL_GPL(procmig_unregister_medium);

int procmig_subsystems_get(struct procmig_subsystem_set *set)
{
	struct entry *e;

	set->count = 0;
	mutex_lock(&entries_lock);
	list_for_each_entry(e, &entries, node) {
		if (e->kind != PROCMIG_COMPONENT_SUBSYSTEM)
			continue;
		/* A module on its way out no longer counts as loaded. */
		if (!try_module_get(e->owner))
			continue;
		atomic_inc(&e->users);
		set->subsystem[set->count++] = e->component;
	}
	mutex_unlock(&entries_lock);
	return set->count ? 0 : -ENODEV;
}

void procmig_subsystems_put(struct procmig_subsystem_set *set)
{
	while (set->count)
		drop(PROCMIG_COMPONENT_SUBSYSTEM, set->subsystem[--set->count]);
}

int procmig_subsystem_index(const struct procmig_subsystem_set *set, u32 id)
{
	unsigned int i;

	for (i = 0; i < set->count; i++)
		if (set->subsystem[i]->id == id)
			return i;
	return -ENOENT;
}

const struct procmig_medium *procmig_medium_get(u32 id)
{
	const struct procmig_medium *medium = NULL;
	struct entry *e;

	mutex_lock(&entries_lock);
	list_for_each_entry(e, &entries, node) {
		if (e->kind != PROCMIG_COMPONENT_MEDIUM || e->id != id)
			continue;
		if (try_module_get(e->owner)) {
			atomic_inc(&e->users);
			medium = e->component;
		}
		break;
	}
	mutex_unlock(&entries_lock);
	return medium;
}

void procmig_medium_put(const struct procmig_medium *medium)
{
	drop(PROCMIG_COMPONENT_MEDIUM, medium);
}

int procmig_registry_component(struct procmig_component *component)
{
	unsigned int i = 0;
	struct entry *e;
	int ret = -ENOENT;

	mutex_lock(&entries_lock);
	list_for_each_entry(e, &entries, node) {
		if (i++ != component->index)
			continue;
		component->kind = e->kind;
		component->id = e->id;
		component->version = e->version;
		component->users = atomic_read(&e->users);
		strscpy(component->name, e->name, sizeof(component->name));
		strscpy(component->module, e->owner ? module_name(e->owner) : "",
			sizeof(component->module));
		ret = 0;
		break;
	}
	mutex_unlock(&entries_lock);
	return ret;
}

/* Kinds that another module than the subsystem's own has declared. */
struct declaration {
	struct list_head node;
	u32 subsystem;
	const struct procmig_kind *kinds;
	unsigned int count;
};

static LIST_HEAD(declarations);

int procmig_declare_kinds(u32 subsystem, const struct procmig_kind *kinds,
			  unsigned int count)
{
	struct declaration *d = kmalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return -ENOMEM;
	d->subsystem = subsystem;
	d->kinds = kinds;
	d->count = count;
	mutex_lock(&entries_lock);
	list_add_tail(&d->node, &declarations);
	mutex_unlock(&entries_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(procmig_declare_kinds);

void procmig_withdraw_kinds(const struct procmig_kind *kinds)
{
	struct declaration *d;

	mutex_lock(&entries_lock);
	list_for_each_entry(d, &declarations, node)
		if (d->kinds == kinds) {
			list_del(&d->node);
			kfree(d);
			break;
		}
	mutex_unlock(&entries_lock);
}
EXPORT_SYMBOL_GPL(procmig_withdraw_kinds);

/* Subsystem by subsystem: its own kinds, then those declared on its behalf. */
static const struct procmig_kind *nth_kind(unsigned int index, u32 *subsystem)
{
	const struct procmig_subsystem *own;
	struct declaration *d;
	struct entry *e;

	lockdep_assert_held(&entries_lock);
	list_for_each_entry(e, &entries, node) {
		if (e->kind != PROCMIG_COMPONENT_SUBSYSTEM)
			continue;
		own = e->component;
		*subsystem = own->id;
		if (index < own->kind_count)
			return &own->kinds[index];
		index -= own->kind_count;
		list_for_each_entry(d, &declarations, node) {
			if (d->subsystem != own->id)
				continue;
			if (index < d->count)
				return &d->kinds[index];
			index -= d->count;
		}
	}
	return NULL;
}

int procmig_registry_kind(struct procmig_state_kind *kind)
{
	const struct procmig_kind *found;
	int ret = -ENOENT;

	mutex_lock(&entries_lock);
	found = nth_kind(kind->index, &kind->subsystem);
	if (found) {
		kind->state = found->state;
		strscpy(kind->name, found->name, sizeof(kind->name));
		strscpy(kind->note, found->note ?: "", sizeof(kind->note));
		ret = 0;
	}
	mutex_unlock(&entries_lock);
	return ret;
}
