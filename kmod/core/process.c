// SPDX-License-Identifier: GPL-2.0-only
/* Subsystems' lives in a process context, and what they may ask about it. */
#include <linux/slab.h>

#include "identity.h"
#include "request.h"

int procmig_process_setup(struct procmig_process *process)
{
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	const struct procmig_subsystem *subsystem;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < set->count; i++) {
		subsystem = set->subsystem[i];
		process->private[i] = kvzalloc(max_t(size_t, subsystem->private_bytes, 1),
					       GFP_KERNEL);
		if (!process->private[i])
			return procmig_fail(process, subsystem->id, -ENOMEM,
					    "no memory for subsystem %s",
					    subsystem->name);
		if (subsystem->setup)
			ret = subsystem->setup(process);
		if (ret) {
			kvfree(process->private[i]);
			return ret;
		}
		process->set_up = i + 1;
	}
	return 0;
}

void procmig_process_cleanup(struct procmig_process *process)
{
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	unsigned int i;

	while (process->set_up) {
		i = --process->set_up;
		if (set->subsystem[i]->cleanup)
			set->subsystem[i]->cleanup(process);
		kvfree(process->private[i]);
		process->private[i] = NULL;
	}
}

struct task_struct *procmig_task(struct procmig_process *process)
{
	return process->task;
}
EXPORT_SYMBOL_GPL(procmig_task);

void *procmig_private(struct procmig_process *process,
		      const struct procmig_subsystem *subsystem)
{
	int i = procmig_subsystem_index(&process->request->subsystems, subsystem->id);

	return i < 0 ? NULL : process->private[i];
}
EXPORT_SYMBOL_GPL(procmig_private);

u64 procmig_frozen_ns(struct procmig_process *process)
{
	return process->request->frozen_ns;
}
EXPORT_SYMBOL_GPL(procmig_frozen_ns);

const struct procmig_core_hello *procmig_hello(struct procmig_process *process)
{
	return &process->request->hello;
}
EXPORT_SYMBOL_GPL(procmig_hello);

enum procmig_mechanism_kind
procmig_mechanism_of(struct procmig_process *process, u32 subsystem, u64 entity,
		     enum procmig_mechanism_kind otherwise)
{
	return procmig_mechanisms_find(process->request->mechanisms,
				       process->request->mechanism_count,
				       subsystem, entity, otherwise);
}
EXPORT_SYMBOL_GPL(procmig_mechanism_of);
