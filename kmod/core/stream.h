/* SPDX-License-Identifier: GPL-2.0-only */
/* The core's own use of the stream; subsystems use <procmig/process.h>. */
#ifndef _PROCMIG_CORE_STREAM_H
#define _PROCMIG_CORE_STREAM_H

#include "request.h"

/*
 * What is wrong with a header that arrived as number @sequence of its channel:
 * 0, or -EPROTO with @why set to a constant text.
 */
int procmig_record_check(const struct procmig_record *record, u32 sequence,
			 const char **why);

/* Read the next header of the demand channel. */
int procmig_take_demand(struct procmig_process *process,
			struct procmig_record *record);

/* Read and drop what is left of the body announced last on the demand channel. */
int procmig_skip_demand(struct procmig_process *process);

/* Target, self: it fails because `current' was killed.  -EINTR. */
int procmig_killed(struct procmig_process *process);

/* Send what is still aggregated on the demand channel. */
int procmig_flush(struct procmig_request *request);
/* Likewise, of the bulk records of a process. */
int procmig_flush_bulk(struct procmig_process *process);

#endif /* _PROCMIG_CORE_STREAM_H */
