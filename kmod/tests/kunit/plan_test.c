// SPDX-License-Identifier: GPL-2.0-only
/* Which plans a target takes, and whom they name. */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/signal.h>
#include <linux/slab.h>

#include "../../core/plan.h"

#define PID 100

#define PROCESS(pid_, parent_) \
	{ .tid = pid_, .pid = pid_, .parent = parent_, .group = PID, .session = PID, \
	  .exit_signal = SIGCHLD }
#define THREAD(tid_, pid_) { .tid = tid_, .pid = pid_ }

/* The first with two threads, a child with one, its child, and a zombie. */
static const struct procmig_planned_task good[] = {
	PROCESS(PID, 0), THREAD(17, PID), THREAD(4711, PID),
	PROCESS(200, PID), THREAD(101, 200),
	PROCESS(50, 200),
	{ .tid = 300, .pid = 300, .parent = PID, .group = 200, .session = PID,
	  .exit_signal = SIGCHLD, .flags = PROCMIG_PLANNED_ZOMBIE, .exit_code = 42 << 8,
	  .uid = 1000, .gid = 1000, .caught = 1 << 9, .comm = "ended" },
	{ .tid = 310, .pid = 310, .parent = PID, .group = 310, .session = 310,
	  .flags = PROCMIG_PLANNED_ZOMBIE | PROCMIG_PLANNED_GONE },
};

static int check(const struct procmig_planned_task *tasks, unsigned int count)
{
	const char *why = "?";
	int ret = procmig_plan_check(tasks, count, PID, &why);

	return ret || !why ? ret : -EBADMSG;
}

static void a_tree_and_its_beginnings(struct kunit *test)
{
	unsigned int i;

	for (i = 1; i <= ARRAY_SIZE(good); i++)
		KUNIT_EXPECT_EQ_MSG(test, 0, check(good, i), "%u tasks", i);
}

static void one_member_wrong(struct kunit *test)
{
	static const struct {
		unsigned int task;
		size_t member;
		s32 value;
		const char *what;
	} wrong[] = {
#define WRONG(task, member, value) \
	{ task, offsetof(struct procmig_planned_task, member), value, #task " " #member " " #value }
		WRONG(0, tid, 0), WRONG(0, tid, 1), WRONG(0, pid, 1), WRONG(0, parent, 200),
		WRONG(0, group, 0), WRONG(0, group, 17), WRONG(0, session, 9999),
		WRONG(0, flags, PROCMIG_PLANNED_ZOMBIE), WRONG(0, exit_code, 1),
		WRONG(0, exit_signal, -1), WRONG(0, exit_signal, 65),
		WRONG(1, tid, -5), WRONG(1, tid, 4711), WRONG(1, pid, 200), WRONG(1, parent, PID),
		WRONG(1, group, PID), WRONG(1, session, PID), WRONG(1, flags, 1),
		WRONG(1, exit_signal, SIGCHLD), WRONG(1, exit_code, 1),
		WRONG(3, parent, 50), WRONG(3, parent, 17),
		WRONG(3, flags, PROCMIG_PLANNED_ZOMBIE), WRONG(4, tid, 17),
		WRONG(5, parent, 300), WRONG(6, flags, 0), WRONG(6, flags, 5),
		WRONG(6, flags, PROCMIG_PLANNED_GONE), WRONG(7, flags, PROCMIG_PLANNED_GONE),
		WRONG(7, parent, 200), WRONG(7, session, 311),
		WRONG(6, exit_code, 0x10000), WRONG(6, parent, 300), WRONG(6, parent, 0),
		WRONG(0, uid, 1), WRONG(1, gid, 1), WRONG(3, blocked, 1), WRONG(5, comm, 1),
		WRONG(6, uid, -1), WRONG(6, gid, -1), WRONG(6, ignored, 1 << 9),
		WRONG(6, comm[12], -1),
		/* a parent that descends from its child */
		WRONG(0, parent, PID), WRONG(0, parent, 50), WRONG(0, parent, 17),
		WRONG(0, parent, 300), WRONG(3, parent, 200),
	};
	struct procmig_planned_task bad[ARRAY_SIZE(good)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		memcpy(bad, good, sizeof(good));
		*(s32 *)((char *)&bad[wrong[i].task] + wrong[i].member) = wrong[i].value;
		KUNIT_EXPECT_EQ_MSG(test, -EPROTO, check(bad, ARRAY_SIZE(bad)), "%s",
				    wrong[i].what);
	}
}

/* The first is a grandchild of a root that follows; another root has a thread. */
static const struct procmig_planned_task forest[] = {
	PROCESS(PID, 60),
	PROCESS(200, PID), THREAD(101, 200),
	PROCESS(50, 0),
	PROCESS(60, 50),
	PROCESS(70, 0), THREAD(102, 70),
	PROCESS(80, 70),
};

static void several_roots(struct kunit *test)
{
	static const struct {
		unsigned int task;
		s32 parent;
	} wrong[] = {
		{ 3, PID }, { 3, 200 }, { 3, 60 }, { 4, PID }, { 4, 200 }, { 4, 70 }, { 5, 80 },
		{ 5, 102 }, { 0, 9999 },
	}, right[] = {
		{ 0, 0 }, { 0, 50 }, { 0, 70 }, { 0, 80 }, { 1, 0 }, { 5, PID }, { 5, 60 },
		{ 7, 200 },
	};
	struct procmig_planned_task tasks[ARRAY_SIZE(forest)];
	unsigned int i;

	KUNIT_EXPECT_EQ(test, 0, check(forest, ARRAY_SIZE(forest)));
	for (i = 0; i < ARRAY_SIZE(right); i++) {
		memcpy(tasks, forest, sizeof(forest));
		tasks[right[i].task].parent = right[i].parent;
		KUNIT_EXPECT_EQ_MSG(test, 0, check(tasks, ARRAY_SIZE(tasks)),
				    "task %u, parent %d", right[i].task, right[i].parent);
	}
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		memcpy(tasks, forest, sizeof(forest));
		tasks[wrong[i].task].parent = wrong[i].parent;
		KUNIT_EXPECT_EQ_MSG(test, -EPROTO, check(tasks, ARRAY_SIZE(tasks)),
				    "task %u, parent %d", wrong[i].task, wrong[i].parent);
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

	tasks = kvcalloc(count, sizeof(*tasks), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tasks);
	tasks[0] = good[0];
	for (i = 1; i < count; i++) {
		tasks[i].tid = PID + i;
		tasks[i].pid = PID;
	}
	KUNIT_EXPECT_EQ(test, 0, check(tasks, PROCMIG_PLAN_MAX));
	KUNIT_EXPECT_EQ(test, -EPROTO, check(tasks, count));
	kvfree(tasks);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_tree_and_its_beginnings),
	KUNIT_CASE(one_member_wrong),
	KUNIT_CASE(several_roots),
	KUNIT_CASE(the_process_stands_first),
	KUNIT_CASE(as_many_as_allowed),
	{}
};

static struct kunit_suite suite = { .name = "procmig_plan", .test_cases = cases };

kunit_test_suite(suite);
MODULE_LICENSE("GPL");
