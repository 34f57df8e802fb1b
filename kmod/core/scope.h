/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes take part in an event. */
#ifndef _PROCMIG_CORE_SCOPE_H
#define _PROCMIG_CORE_SCOPE_H

#include <procmig/process.h>

struct procmig_scope {
	struct task_struct **leader;	/* not referenced here; by address */
	unsigned int count;
};

/* Take over @count leaders into memory of the scope's own; -ENOMEM. */
int procmig_scope_fill(struct procmig_scope *scope, struct task_struct *const *leaders,
		       unsigned int count);
void procmig_scope_clear(struct procmig_scope *scope);

#endif /* _PROCMIG_CORE_SCOPE_H */
