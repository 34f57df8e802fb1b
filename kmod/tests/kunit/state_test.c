// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>

#include "../../core/state.h"

struct edge {
	enum procmig_role role;
	enum procmig_state from;
	enum procmig_transition on;
	enum procmig_state to;
};

#define SOURCE(from, on, to) \
	{ PROCMIG_ROLE_SOURCE, PROCMIG_STATE_##from, PROCMIG_ON_##on, PROCMIG_STATE_##to }
#define TARGET(from, on, to) \
	{ PROCMIG_ROLE_TARGET, PROCMIG_STATE_##from, PROCMIG_ON_##on, PROCMIG_STATE_##to }

/* Said once more, by hand: the table under test must be exactly this. */
static const struct edge edges[] = {
	SOURCE(NEW, START, QUIESCING),
	SOURCE(NEW, ABORT, ABORTING),
	SOURCE(QUIESCING, QUIESCED, SAVING),
	SOURCE(QUIESCING, ABORT, ABORTING),
	SOURCE(SAVING, SENT, SAVED),
	SOURCE(SAVING, ABORT, ABORTING),
	SOURCE(SAVED, COMMIT, COMMITTED),
	SOURCE(SAVED, ABORT, ABORTING),
	SOURCE(COMMITTED, FINISH, FINISHED),
	SOURCE(COMMITTED, NEVER_RAN, ABORTING),
	SOURCE(ABORTING, UNDONE, ABORTED),
	TARGET(NEW, ENTERED, LOADING),
	TARGET(NEW, ABORT, ABORTING),
	TARGET(LOADING, LOADED, READY),
	TARGET(LOADING, ABORT, ABORTING),
	TARGET(READY, COMMIT, RUNNING),
	TARGET(READY, ABORT, ABORTING),
	TARGET(READY, LOST, ABORTING),
	TARGET(RUNNING, FINISH, FINISHED),
	TARGET(ABORTING, UNDONE, ABORTED),
};

static enum procmig_state expected(enum procmig_role role, enum procmig_state from,
				   enum procmig_transition on)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(edges); i++)
		if (edges[i].role == role && edges[i].from == from && edges[i].on == on)
			return edges[i].to;
	return 0;
}

static void every_pair(struct kunit *test)
{
	enum procmig_role role;
	unsigned int from, on;

	for (role = PROCMIG_ROLE_SOURCE; role <= PROCMIG_ROLE_TARGET; role++)
		for (from = 0; from < PROCMIG_STATES; from++)
			for (on = 0; on < PROCMIG_TRANSITIONS; on++)
				KUNIT_EXPECT_EQ_MSG(test, procmig_next_state(role, from, on),
						    expected(role, from, on),
						    "role %d state %u on %u", role, from, on);
}

static void nothing_beyond_the_table(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, procmig_next_state(PROCMIG_ROLE_SOURCE, PROCMIG_STATES,
						    PROCMIG_ON_ABORT));
	KUNIT_EXPECT_EQ(test, 0, procmig_next_state(PROCMIG_ROLE_SOURCE, PROCMIG_STATE_NEW,
						    PROCMIG_TRANSITIONS));
}

static void final_states_stay(struct kunit *test)
{
	enum procmig_role role;
	unsigned int state, on;

	for (role = PROCMIG_ROLE_SOURCE; role <= PROCMIG_ROLE_TARGET; role++)
		for (state = 0; state < PROCMIG_STATES; state++)
			for (on = 0; on < PROCMIG_TRANSITIONS; on++)
				if (procmig_state_is_final(state))
					KUNIT_EXPECT_EQ(test, 0,
							procmig_next_state(role, state, on));
}

/* Once decided, only the owner's word counts: no descriptor, no watchdog. */
static void decided_states_need_nobody(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, procmig_state_needs_descriptor(PROCMIG_ROLE_SOURCE,
							       PROCMIG_STATE_SAVED));
	KUNIT_EXPECT_FALSE(test, procmig_state_needs_descriptor(PROCMIG_ROLE_SOURCE,
								PROCMIG_STATE_COMMITTED));
	KUNIT_EXPECT_TRUE(test, procmig_state_needs_descriptor(PROCMIG_ROLE_TARGET,
							       PROCMIG_STATE_LOADING));
	KUNIT_EXPECT_FALSE(test, procmig_state_needs_descriptor(PROCMIG_ROLE_TARGET,
								PROCMIG_STATE_READY));
	KUNIT_EXPECT_FALSE(test, procmig_state_is_watched(PROCMIG_ROLE_TARGET,
							  PROCMIG_STATE_READY));
	KUNIT_EXPECT_FALSE(test, procmig_state_is_watched(PROCMIG_ROLE_SOURCE,
							  PROCMIG_STATE_COMMITTED));
}

static void states_have_names(struct kunit *test)
{
	unsigned int state;

	for (state = PROCMIG_STATE_NEW; state < PROCMIG_STATES; state++)
		KUNIT_EXPECT_STRNEQ(test, procmig_state_name(state), "Unknown");
	KUNIT_EXPECT_STREQ(test, procmig_state_name(0), "Unknown");
	KUNIT_EXPECT_STREQ(test, procmig_state_name(PROCMIG_STATES), "Unknown");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_pair),
	KUNIT_CASE(nothing_beyond_the_table),
	KUNIT_CASE(final_states_stay),
	KUNIT_CASE(decided_states_need_nobody),
	KUNIT_CASE(states_have_names),
	{}
};

static struct kunit_suite suite = { .name = "procmig_state", .test_cases = cases };

kunit_test_suite(suite);
MODULE_LICENSE("GPL");
