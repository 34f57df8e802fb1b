// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>

#include "state.h"

#define TO(next) PROCMIG_STATE_##next

static const u8 source[PROCMIG_STATES][PROCMIG_TRANSITIONS] = {
	[PROCMIG_STATE_NEW] = {
		[PROCMIG_ON_START] = TO(QUIESCING),
		[PROCMIG_ON_ABORT] = TO(ABORTING),
	},
	[PROCMIG_STATE_QUIESCING] = {
		[PROCMIG_ON_QUIESCED] = TO(SAVING),
		[PROCMIG_ON_ABORT] = TO(ABORTING),
	},
	[PROCMIG_STATE_SAVING] = {
		[PROCMIG_ON_SENT] = TO(SAVED),
		[PROCMIG_ON_ABORT] = TO(ABORTING),
	},
	[PROCMIG_STATE_SAVED] = {
		[PROCMIG_ON_COMMIT] = TO(COMMITTED),
		[PROCMIG_ON_ABORT] = TO(ABORTING),
	},
	[PROCMIG_STATE_COMMITTED] = {
		[PROCMIG_ON_FINISH] = TO(FINISHED),
		[PROCMIG_ON_NEVER_RAN] = TO(ABORTING),
	},
	[PROCMIG_STATE_ABORTING] = {
		[PROCMIG_ON_UNDONE] = TO(ABORTED),
	},
};

static const u8 target[PROCMIG_STATES][PROCMIG_TRANSITIONS] = {
	[PROCMIG_STATE_NEW] = {
		[PROCMIG_ON_ENTERED] = TO(LOADING),
		[PROCMIG_ON_ABORT] = TO(ABORTING),
	},
	[PROCMIG_STATE_LOADING] = {
		[PROCMIG_ON_LOADED] = TO(READY),
		[PROCMIG_ON_ABORT] = TO(ABORTING),
	},
	[PROCMIG_STATE_READY] = {
		[PROCMIG_ON_COMMIT] = TO(RUNNING),
		[PROCMIG_ON_ABORT] = TO(ABORTING),
		[PROCMIG_ON_LOST] = TO(ABORTING),
	},
	[PROCMIG_STATE_RUNNING] = {
		[PROCMIG_ON_FINISH] = TO(FINISHED),
	},
	[PROCMIG_STATE_ABORTING] = {
		[PROCMIG_ON_UNDONE] = TO(ABORTED),
	},
};

enum procmig_state procmig_next_state(enum procmig_role role,
				      enum procmig_state state,
				      enum procmig_transition transition)
{
	if (state >= PROCMIG_STATES || transition >= PROCMIG_TRANSITIONS)
		return 0;
	return role == PROCMIG_ROLE_SOURCE ? source[state][transition] :
					     target[state][transition];
}

const char *procmig_state_name(enum procmig_state state)
{
	static const char * const names[PROCMIG_STATES] = {
		[PROCMIG_STATE_NEW] = "New",
		[PROCMIG_STATE_QUIESCING] = "Quiescing",
		[PROCMIG_STATE_SAVING] = "Saving",
		[PROCMIG_STATE_SAVED] = "Saved",
		[PROCMIG_STATE_COMMITTED] = "Committed",
		[PROCMIG_STATE_LOADING] = "Loading",
		[PROCMIG_STATE_READY] = "Ready",
		[PROCMIG_STATE_RUNNING] = "Running",
		[PROCMIG_STATE_FINISHED] = "Finished",
		[PROCMIG_STATE_ABORTING] = "Aborting",
		[PROCMIG_STATE_ABORTED] = "Aborted",
	};

	return state < PROCMIG_STATES && names[state] ? names[state] : "Unknown";
}

bool procmig_state_is_final(enum procmig_state state)
{
	return state == PROCMIG_STATE_FINISHED || state == PROCMIG_STATE_ABORTED;
}

bool procmig_state_needs_descriptor(enum procmig_role role,
				    enum procmig_state state)
{
	if (role == PROCMIG_ROLE_SOURCE)
		return procmig_next_state(role, state, PROCMIG_ON_ABORT) != 0;
	/* A prepared target has given away the right to decide alone. */
	return state == PROCMIG_STATE_NEW || state == PROCMIG_STATE_LOADING;
}

bool procmig_state_is_watched(enum procmig_role role, enum procmig_state state)
{
	return procmig_state_needs_descriptor(role, state);
}
