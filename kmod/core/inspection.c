// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "identity.h"
#include "inspection.h"

struct task_struct *procmig_inspected_task(struct procmig_inspection *inspection)
{
	return inspection->task;
}
EXPORT_SYMBOL_GPL(procmig_inspected_task);

const struct procmig_scope *procmig_inspected_scope(struct procmig_inspection *inspection)
{
	return &inspection->scope;
}
EXPORT_SYMBOL_GPL(procmig_inspected_scope);

void *procmig_inspection_private(struct procmig_inspection *inspection,
				 const struct procmig_subsystem *subsystem)
{
	int i = procmig_subsystem_index(inspection->subsystems, subsystem->id);

	return i < 0 ? NULL : inspection->private[i];
}
EXPORT_SYMBOL_GPL(procmig_inspection_private);

int procmig_inspection_begin(struct procmig_inspection *inspection,
			     const struct procmig_subsystem_set *set)
{
	const struct procmig_subsystem *subsystem;
	unsigned int i;

	xa_init(&inspection->clear);
	inspection->subsystems = set;
	for (i = 0; i < set->count; i++) {
		subsystem = set->subsystem[i];
		if (!subsystem->inspection_private_bytes)
			continue;
		inspection->private[i] = kvzalloc(subsystem->inspection_private_bytes,
						  GFP_KERNEL);
		if (!inspection->private[i]) {
			procmig_inspection_end(inspection);
			return -ENOMEM;
		}
	}
	return 0;
}

void procmig_inspection_end(struct procmig_inspection *inspection)
{
	const struct procmig_subsystem_set *set = inspection->subsystems;
	unsigned int i;

	for (i = 0; i < set->count; i++) {
		if (!inspection->private[i])
			continue;
		if (set->subsystem[i]->forget_inspection)
			set->subsystem[i]->forget_inspection(inspection->private[i]);
		kvfree(inspection->private[i]);
		inspection->private[i] = NULL;
	}
	xa_destroy(&inspection->clear);
}

void procmig_inspection_take_back(struct procmig_inspection *inspection,
				  const struct procmig_findings *before)
{
	unsigned long thing;
	void *member;

	inspection->findings = *before;
	xa_for_each(&inspection->clear, thing, member)
		if (xa_to_value(member) == inspection->member)
			xa_erase(&inspection->clear, thing);
}

enum procmig_mechanism_kind
procmig_inspected_mechanism(struct procmig_inspection *inspection, u32 subsystem,
			    u64 entity, enum procmig_mechanism_kind otherwise)
{
	return procmig_mechanisms_find(inspection->mechanisms,
				       inspection->mechanism_count,
				       subsystem, entity, otherwise);
}
EXPORT_SYMBOL_GPL(procmig_inspected_mechanism);

void procmig_expect_bytes(struct procmig_inspection *inspection, u64 bytes)
{
	inspection->memory_bytes += bytes;
}
EXPORT_SYMBOL_GPL(procmig_expect_bytes);

unsigned int procmig_obstacle_count(const struct procmig_inspection *inspection)
{
	return inspection->count;
}
EXPORT_SYMBOL_GPL(procmig_obstacle_count);

void procmig_clear(struct procmig_inspection *inspection, const void *thing)
{
	/* Without memory it is searched again. */
	xa_store(&inspection->clear, (unsigned long)thing, xa_mk_value(inspection->member),
		 GFP_KERNEL);
}
EXPORT_SYMBOL_GPL(procmig_clear);

bool procmig_is_clear(struct procmig_inspection *inspection, const void *thing)
{
	return xa_load(&inspection->clear, (unsigned long)thing);
}
EXPORT_SYMBOL_GPL(procmig_is_clear);

void procmig_obstacle(struct procmig_inspection *inspection, u32 subsystem,
		      enum procmig_obstacle_code code, s64 object,
		      const char *format, ...)
{
	struct procmig_obstacle obstacle = {
		.subsystem = subsystem,
		.code = code,
		.object = object,
	};
	char text[PROCMIG_MESSAGE_BYTES];
	void *at = inspection->buffer + inspection->used;
	va_list args;
	size_t bytes;

	bytes = inspection->member ?
		scnprintf(text, sizeof(text), "process %d: ",
			  task_pid_vnr(inspection->task)) : 0;
	va_start(args, format);
	bytes += vscnprintf(text + bytes, sizeof(text) - bytes, format, args) + 1;
	va_end(args);
	if (!inspection->count++) {
		memcpy(inspection->first, text, bytes);
		inspection->first_subsystem = subsystem;
	}
	obstacle.size = ALIGN(sizeof(obstacle) + bytes, 8);
	inspection->used += obstacle.size;
	if (inspection->used > inspection->room)
		return;
	memset(at, 0, obstacle.size);
	memcpy(at, &obstacle, sizeof(obstacle));
	memcpy(at + sizeof(obstacle), text, bytes);
}
EXPORT_SYMBOL_GPL(procmig_obstacle);

/*
 * What every process has, whatever it does, or may have unseen: without a subsystem for it a
 * migration would lose state in silence.
 */
static const struct {
	u32 subsystem;
	const char *state;
} essentials[] = {
	{ PROCMIG_SUBSYSTEM_FILES, "open files and directories" },
	{ PROCMIG_SUBSYSTEM_MEMORY, "memory" },
	{ PROCMIG_SUBSYSTEM_SIGNALS, "signals" },
	{ PROCMIG_SUBSYSTEM_TASK, "registers and credentials" },
	{ PROCMIG_SUBSYSTEM_IPC, "System V IPC, which nothing else shows" },
};

static void inspect_set(struct procmig_inspection *inspection,
			const struct procmig_subsystem_set *set)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(essentials); i++)
		if (procmig_subsystem_index(set, essentials[i].subsystem) < 0)
			procmig_obstacle(inspection, PROCMIG_SUBSYSTEM_CORE,
					 PROCMIG_OBSTACLE_UNSUPPORTED,
					 essentials[i].subsystem,
					 "subsystem %u: it carries %s and is not loaded here: load all modules",
					 essentials[i].subsystem, essentials[i].state);
}

int procmig_inspect_task(struct procmig_inspection *inspection,
			 const struct procmig_subsystem_set *set)
{
	unsigned int i;
	int ret;

	if (!inspection->member)
		inspect_set(inspection, set);
	for (i = 0; i < set->count; i++) {
		if (!set->subsystem[i]->inspect)
			continue;
		ret = set->subsystem[i]->inspect(inspection);
		if (ret)
			return ret;
	}
	inspection->threads += get_nr_threads(inspection->task);
	return 0;
}
