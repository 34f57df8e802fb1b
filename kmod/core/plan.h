/* SPDX-License-Identifier: GPL-2.0-only */
/* The plan: which tasks the source froze and the stub makes. */
#ifndef _PROCMIG_CORE_PLAN_H
#define _PROCMIG_CORE_PLAN_H

#include "request.h"

/* What fits into a record. */
#define PROCMIG_PLAN_MAX \
	(PROCMIG_RECORD_SMALL_MAX / sizeof(struct procmig_planned_task))

/* Source: send the plan of what is frozen. */
int procmig_plan_emit(struct procmig_request *request);

/* Source: whether nobody has that PID any more, so that it only names a group or session. */
bool procmig_has_gone(pid_t leader);

/* Target: whether nothing but the number of it is wanted. */
static inline bool procmig_is_gone(const struct procmig_process *process)
{
	return process->planned.flags & PROCMIG_PLANNED_GONE;
}

/* Target, worker: read it, and let the stub have it. */
int procmig_plan_take(struct procmig_request *request,
		      const struct procmig_record *record);

/*
 * What is wrong with a plan whose first process must be @pid: 0, -EPROTO with @why
 * set to a constant text, or -ENOMEM.
 */
int procmig_plan_check(const struct procmig_planned_task *tasks, unsigned int count,
		       pid_t pid, const char **why);

#endif /* _PROCMIG_CORE_PLAN_H */
