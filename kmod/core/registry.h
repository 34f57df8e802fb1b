/* SPDX-License-Identifier: GPL-2.0-only */
/* The subsystems and media that are loaded. */
#ifndef _PROCMIG_CORE_REGISTRY_H
#define _PROCMIG_CORE_REGISTRY_H

#include <procmig/medium.h>
#include <procmig/subsystem.h>

#define PROCMIG_MAX_SUBSYSTEMS 32

/* The subsystems that one request uses, pinned, in ascending order. */
struct procmig_subsystem_set {
	const struct procmig_subsystem *subsystem[PROCMIG_MAX_SUBSYSTEMS];
	unsigned int count;
};

/* Pin every registered subsystem; -ENODEV if there is none. */
int procmig_subsystems_get(struct procmig_subsystem_set *set);
void procmig_subsystems_put(struct procmig_subsystem_set *set);
int procmig_subsystem_index(const struct procmig_subsystem_set *set, u32 id);

/* Pin the medium; NULL if no loaded module provides it. */
const struct procmig_medium *procmig_medium_get(u32 id);
void procmig_medium_put(const struct procmig_medium *medium);

/* The component or kind of state with that index; -ENOENT behind the last. */
int procmig_registry_component(struct procmig_component *component);
int procmig_registry_kind(struct procmig_state_kind *kind);

#endif /* _PROCMIG_CORE_REGISTRY_H */
