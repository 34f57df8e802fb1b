/* SPDX-License-Identifier: GPL-2.0-only */
/* The valid combinations of {context, quiesce, mode}. */
#ifndef _PROCMIG_CORE_STRATEGY_H
#define _PROCMIG_CORE_STRATEGY_H

#include <uapi/procmig.h>

/* 0, -EINVAL for values that the ABI lacks, -EOPNOTSUPP for no strategy. */
int procmig_strategy_check(const struct procmig_strategy *strategy);

#endif /* _PROCMIG_CORE_STRATEGY_H */
