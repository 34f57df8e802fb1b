/* SPDX-License-Identifier: GPL-2.0-only */
/* The life cycle of a request, as one constant table. */
#ifndef _PROCMIG_CORE_STATE_H
#define _PROCMIG_CORE_STATE_H

#include <linux/types.h>
#include <uapi/procmig.h>

enum procmig_transition {
	PROCMIG_ON_START,	/* source: quiescing begins */
	PROCMIG_ON_QUIESCED,	/* source: every thread is parked */
	PROCMIG_ON_SENT,	/* source: everything is with the medium */
	PROCMIG_ON_ENTERED,	/* target: the stub has come in */
	PROCMIG_ON_LOADED,	/* target: rebuilt, parked */
	PROCMIG_ON_COMMIT,	/* user space decided */
	PROCMIG_ON_FINISH,	/* user space is done with it */
	PROCMIG_ON_ABORT,	/* an error, a close, the watchdog or an order */
	PROCMIG_ON_NEVER_RAN,	/* proof that the target never resumed */
	PROCMIG_ON_LOST,	/* target: the prepared task was killed */
	PROCMIG_ON_UNDONE,	/* the abort is complete */
	PROCMIG_TRANSITIONS,
};

#define PROCMIG_STATES (PROCMIG_STATE_ABORTED + 1)

/* The state that follows, or 0 where the transition is not allowed. */
enum procmig_state procmig_next_state(enum procmig_role role,
				      enum procmig_state state,
				      enum procmig_transition transition);

const char *procmig_state_name(enum procmig_state state);

/* No worker acts and nothing is held any more. */
bool procmig_state_is_final(enum procmig_state state);

/* Closing the last descriptor aborts a request in this state. */
bool procmig_state_needs_descriptor(enum procmig_role role,
				    enum procmig_state state);

/* The watchdog runs in this state. */
bool procmig_state_is_watched(enum procmig_role role, enum procmig_state state);

#endif /* _PROCMIG_CORE_STATE_H */
