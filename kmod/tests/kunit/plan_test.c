// SPDX-License-Identifier: GPL-2.0-only
/* Which plans a target takes, and whom they name. */
#include <kunit/test.h>
#include <linux/slab.h>

#include "../../core/plan.h"

#define PID 100

static const struct procmig_planned_task good[] = {
	{ PID, PID }, { 17, PID }, { 4711, PID }, { 101, PID },
};

static int check(const struct procmig_planned_task *tasks, unsigned int count)
{
	const char *why = "?";
	int ret = procmig_plan_check(tasks, count, PID, &why);

	return ret || !why ? ret : -EBADMSG;
}

static void a_process_and_its_threads(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, check(good, ARRAY_SIZE(good)));
	KUNIT_EXPECT_EQ(test, 0, check(good, 1));
}

static void one_member_wrong(struct kunit *test)
{
	struct procmig_planned_task bad[ARRAY_SIZE(good)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		memcpy(bad, good, sizeof(good));
		bad[i].tid = 0;
		KUNIT_EXPECT_EQ_MSG(test, -EPROTO, check(bad, ARRAY_SIZE(bad)), "TID 0 at %u", i);
		bad[i].tid = -5;
		KUNIT_EXPECT_EQ_MSG(test, -EPROTO, check(bad, ARRAY_SIZE(bad)), "TID -5 at %u", i);
		memcpy(bad, good, sizeof(good));
		bad[i].pid = 17;
		KUNIT_EXPECT_EQ_MSG(test, -EPROTO, check(bad, ARRAY_SIZE(bad)), "PID at %u", i);
		if (!i)
			continue;
		memcpy(bad, good, sizeof(good));
		bad[i].tid = bad[i - 1].tid;
		KUNIT_EXPECT_EQ_MSG(test, -EPROTO, check(bad, ARRAY_SIZE(bad)), "twice at %u", i);
	}
}

static void the_process_stands_first(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, -EPROTO, check(good + 1, ARRAY_SIZE(good) - 1));
	KUNIT_EXPECT_EQ(test, -EPROTO, check(good, 0));
}

static void as_many_as_allowed(struct kunit *test)
{
	unsigned int count = PROCMIG_PLAN_MAX + 1, i;
	struct procmig_planned_task *tasks;

	tasks = kvmalloc_array(count, sizeof(*tasks), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tasks);
	for (i = 0; i < count; i++)
		tasks[i] = (struct procmig_planned_task) { PID + i, PID };
	KUNIT_EXPECT_EQ(test, 0, check(tasks, PROCMIG_PLAN_MAX));
	KUNIT_EXPECT_EQ(test, -EPROTO, check(tasks, count));
	kvfree(tasks);
}

static void only_the_planned_are_found(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, PID, procmig_plan_find(good, ARRAY_SIZE(good), 4711));
	KUNIT_EXPECT_EQ(test, 0, procmig_plan_find(good, ARRAY_SIZE(good), 4712));
	KUNIT_EXPECT_EQ(test, 0, procmig_plan_find(NULL, 0, PID));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_process_and_its_threads),
	KUNIT_CASE(one_member_wrong),
	KUNIT_CASE(the_process_stands_first),
	KUNIT_CASE(as_many_as_allowed),
	KUNIT_CASE(only_the_planned_are_found),
	{}
};

static struct kunit_suite suite = { .name = "procmig_plan", .test_cases = cases };

kunit_test_suite(suite);
MODULE_LICENSE("GPL");
