// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>

#include "../../core/strategy.h"

/* Every value of the ABI and one beyond each end. */
static void every_combination(struct kunit *test)
{
	struct procmig_strategy s = {};
	int expected;
	bool known;

	for (s.context = 0; s.context <= PROCMIG_CONTEXT_INTERNAL + 1; s.context++)
		for (s.quiesce = 0; s.quiesce <= PROCMIG_QUIESCE_SYNCHRONOUS + 1; s.quiesce++)
			for (s.mode = 0; s.mode <= PROCMIG_MODE_HYBRID + 1; s.mode++) {
				known = s.context && s.context <= PROCMIG_CONTEXT_INTERNAL &&
					s.quiesce && s.quiesce <= PROCMIG_QUIESCE_SYNCHRONOUS &&
					s.mode && s.mode <= PROCMIG_MODE_HYBRID;
				expected = known ? -EOPNOTSUPP : -EINVAL;
				if (s.context == PROCMIG_CONTEXT_EXTERNAL &&
				    s.quiesce == PROCMIG_QUIESCE_ASYNCHRONOUS &&
				    s.mode == PROCMIG_MODE_STOP_AND_COPY)
					expected = 0;
				KUNIT_EXPECT_EQ_MSG(test, expected,
						    procmig_strategy_check(&s),
						    "context %u quiesce %u mode %u",
						    s.context, s.quiesce, s.mode);
			}
}

static void reserved_must_be_zero(struct kunit *test)
{
	const struct procmig_strategy s = {
		.context = PROCMIG_CONTEXT_EXTERNAL,
		.quiesce = PROCMIG_QUIESCE_ASYNCHRONOUS,
		.mode = PROCMIG_MODE_STOP_AND_COPY,
		.reserved = 1,
	};

	KUNIT_EXPECT_EQ(test, -EINVAL, procmig_strategy_check(&s));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_combination),
	KUNIT_CASE(reserved_must_be_zero),
	{}
};

static struct kunit_suite suite = { .name = "procmig_strategy", .test_cases = cases };

kunit_test_suite(suite);
MODULE_LICENSE("GPL");
