// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>

#include "strategy.h"

/*
 * A checkpoint needs the task to stand still while somebody else reads it; a
 * restart needs `current' to be the task whose address space and descriptors
 * are replaced.  The other combinations have no implementation that would be
 * correct, so they are not in the table.
 */
static const struct {
	enum procmig_role role;
	struct procmig_strategy strategy;
} strategies[] = {
	{ PROCMIG_ROLE_SOURCE, { PROCMIG_CONTEXT_EXTERNAL,
				 PROCMIG_QUIESCE_ASYNCHRONOUS,
				 PROCMIG_MODE_STOP_AND_COPY } },
	{ PROCMIG_ROLE_TARGET, { PROCMIG_CONTEXT_INTERNAL,
				 PROCMIG_QUIESCE_SYNCHRONOUS,
				 PROCMIG_MODE_STOP_AND_COPY } },
};

int procmig_strategy_check(enum procmig_role role,
			   const struct procmig_strategy *strategy)
{
	unsigned int i;

	if (strategy->reserved ||
	    strategy->context < PROCMIG_CONTEXT_EXTERNAL ||
	    strategy->context > PROCMIG_CONTEXT_INTERNAL ||
	    strategy->quiesce < PROCMIG_QUIESCE_ASYNCHRONOUS ||
	    strategy->quiesce > PROCMIG_QUIESCE_SYNCHRONOUS ||
	    strategy->mode < PROCMIG_MODE_STOP_AND_COPY ||
	    strategy->mode > PROCMIG_MODE_HYBRID)
		return -EINVAL;

	for (i = 0; i < ARRAY_SIZE(strategies); i++)
		if (strategies[i].role == role &&
		    strategies[i].strategy.context == strategy->context &&
		    strategies[i].strategy.quiesce == strategy->quiesce &&
		    strategies[i].strategy.mode == strategy->mode)
			return 0;
	return -EOPNOTSUPP;
}
