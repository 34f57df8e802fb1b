/* SPDX-License-Identifier: GPL-2.0-only */
/* Parks: threads that wait at their border to user mode. */
#ifndef _PROCMIG_CORE_QUIESCE_H
#define _PROCMIG_CORE_QUIESCE_H

#include "request.h"

/* A park for the calling task whose work is @work. */
struct procmig_park *procmig_park_alloc(struct procmig_process *process,
					task_work_func_t work);
void procmig_park_free(struct procmig_park *park);

/* The last thing that a parked task does with the process context. */
void procmig_park_leave(struct procmig_park *park);

/* Wait until every parked thread is off its CPU; false if one has left. */
bool procmig_all_off_cpu(struct procmig_process *process);

int procmig_quiesce_init(void);
void procmig_quiesce_exit(void);

#endif /* _PROCMIG_CORE_QUIESCE_H */
