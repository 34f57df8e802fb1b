/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lanes: what is large about several processes travels at the same time.  A lane is
 * a share of the bulk channels; the living processes of the event take turns at the
 * lanes, in their order, so both sides know without a word who uses which.  On each
 * side one task at a time uses a lane: a worker of its own on the source, on the
 * target the process that is being rebuilt.
 */
#ifndef _PROCMIG_CORE_LANES_H
#define _PROCMIG_CORE_LANES_H

#include "request.h"

/* Target: the plan has been taken. */
void procmig_lanes_assign(struct procmig_request *request);

/*
 * Source: the plan has been made, so the processes are in its order.  Assigns, too; from
 * now on @send may be called, in workers; when it fails it aborts the request.
 */
void procmig_lanes_start(struct procmig_request *request,
			 void (*send)(struct procmig_process *process));

/* Source: all else about @process has been emitted; its turn may come. */
void procmig_lane_send(struct procmig_process *process);

/*
 * Source: wait until the workers have done what they were given, or, once the
 * request is aborting, given it up.
 */
void procmig_lanes_finish(struct procmig_request *request);

/* Target, self: wait until whoever uses the lane before @process is complete; -EINTR. */
int procmig_lane_await_turn(struct procmig_process *process);

int procmig_lanes_init(void);
void procmig_lanes_exit(void);

#endif /* _PROCMIG_CORE_LANES_H */
