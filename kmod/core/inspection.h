/* SPDX-License-Identifier: GPL-2.0-only */
/* Collects what stands against a checkpoint. */
#ifndef _PROCMIG_CORE_INSPECTION_H
#define _PROCMIG_CORE_INSPECTION_H

#include <linux/xarray.h>
#include <procmig/process.h>

#include "registry.h"
#include "scope.h"

struct procmig_inspection {
	struct task_struct *task;
	enum procmig_selection selection;
	struct procmig_scope scope;
	const struct procmig_mechanism *mechanisms;
	unsigned int mechanism_count;
	unsigned int processes;
	s32 *pids;			/* of the first @pid_count of them, kvfree()d by the owner */
	unsigned int pid_room;		/* how many are wanted */
	unsigned int pid_count;
	unsigned int member;		/* which of the processes @task is, from 0 */
	struct xarray clear;		/* member by address: see procmig_clear() */
	const struct procmig_subsystem_set *subsystems;
	void *private[PROCMIG_MAX_SUBSYSTEMS];

	void *buffer;			/* obstacles, one behind the other */
	size_t room;			/* its size */
	char first[PROCMIG_MESSAGE_BYTES];	/* the first one's text */
	u32 first_subsystem;

	void *claims;			/* struct procmig_claim, one behind the other */
	size_t claims_room;		/* its size */

	/* Of the processes up to @task: see procmig_inspection_take_back(). */
	struct_group_tagged(procmig_findings, findings,
		u64 memory_bytes;
		unsigned int threads;
		unsigned int count;	/* of obstacles */
		size_t used;		/* what all of them need */
		size_t claims_used;	/* what all claims need */
		size_t claims_written;	/* what those take that fit */
	);
};

/* What the subsystems of @set remember from one task to the next; 0 or -ENOMEM. */
int procmig_inspection_begin(struct procmig_inspection *inspection,
			     const struct procmig_subsystem_set *set);
void procmig_inspection_end(struct procmig_inspection *inspection);

/* Forget all that was found of @task, also that things are clear; @before it there were those. */
void procmig_inspection_take_back(struct procmig_inspection *inspection,
				  const struct procmig_findings *before);

/* Ask every subsystem of @set about @task. */
int procmig_inspect_task(struct procmig_inspection *inspection,
			 const struct procmig_subsystem_set *set);

/*
 * tree.c: look who takes part in an event whose first process is @task, and ask
 * about all.  0 also with obstacles: see @count.
 */
int procmig_inspect_tree(struct procmig_inspection *inspection,
			 const struct procmig_subsystem_set *set);

/* Likewise about the @count processes that do, @task the first. */
int procmig_inspect_frozen(struct procmig_inspection *inspection,
			   const struct procmig_subsystem_set *set,
			   struct task_struct *const *leaders, unsigned int count);

/* claims.c: no process of the target may have that number. */
void procmig_claim_number(struct procmig_inspection *inspection, pid_t number);

/*
 * claims.c: ask the subsystems of @set, on the target, what stands against the @bytes
 * of claims.  0 also with obstacles; -EPROTO: they are damaged.
 */
int procmig_admit(struct procmig_inspection *inspection,
		  const struct procmig_subsystem_set *set, const void *claims, size_t bytes);

#endif /* _PROCMIG_CORE_INSPECTION_H */
