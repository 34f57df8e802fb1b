// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>

#include "strategy.h"

/*
 * A strategy belongs to the event: both sides name the same one.  Context and
 * quiescing are those of the checkpoint; a restart always acts on itself.
 *
 * Somebody else must read a process that stands still, so an external context
 * goes with asynchronous quiescing; the combinations that are missing have no
 * implementation that would be correct.
 */
static const struct procmig_strategy strategies[] = {
	{ PROCMIG_CONTEXT_EXTERNAL, PROCMIG_QUIESCE_ASYNCHRONOUS,
	  PROCMIG_MODE_STOP_AND_COPY },
};

int procmig_strategy_check(const struct procmig_strategy *strategy)
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
		if (strategies[i].context == strategy->context &&
		    strategies[i].quiesce == strategy->quiesce &&
		    strategies[i].mode == strategy->mode)
			return 0;
	return -EOPNOTSUPP;
}
