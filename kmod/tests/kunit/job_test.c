// SPDX-License-Identifier: GPL-2.0-only
/* What may have happened to stopped processes between the freeze and the commit. */
#include <kunit/test.h>
#include <linux/sched/signal.h>

#include "../../core/request.h"

static struct procmig_request *request_new(struct kunit *test)
{
	struct procmig_request *request = kunit_kzalloc(test, sizeof(*request), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, request);
	INIT_LIST_HEAD(&request->processes);
	spin_lock_init(&request->gate.lock);
	return request;
}

/* A process whose job control says @flags at the freeze. */
static struct procmig_process *add(struct kunit *test, struct procmig_request *request,
				   unsigned int flags)
{
	struct procmig_process *process = kunit_kzalloc(test, sizeof(*process), GFP_KERNEL);
	struct task_struct *task = kunit_kzalloc(test, sizeof(*task), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, process);
	KUNIT_ASSERT_NOT_NULL(test, task);
	task->signal = kunit_kzalloc(test, sizeof(*task->signal), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, task->signal);
	task->signal->flags = flags;
	process->task = task;
	list_add_tail(&process->node, &request->processes);
	return process;
}

static void nothing_happened(struct kunit *test)
{
	struct procmig_request *request = request_new(test);

	add(test, request, 0);
	add(test, request, SIGNAL_STOP_STOPPED);
	add(test, request, SIGNAL_STOP_CONTINUED);
	add(test, request, SIGNAL_CLD_CONTINUED | SIGNAL_STOP_CONTINUED);
	procmig_note_stopped(request);
	KUNIT_EXPECT_NULL(test, procmig_continued(request));
}

/* Other flags of the group come and go. */
static void another_flag(struct kunit *test)
{
	struct procmig_request *request = request_new(test);
	struct procmig_process *process = add(test, request, SIGNAL_STOP_STOPPED);

	procmig_note_stopped(request);
	process->task->signal->flags |= SIGNAL_GROUP_EXIT;
	KUNIT_EXPECT_NULL(test, procmig_continued(request));
}

static void one_was_continued(struct kunit *test)
{
	struct procmig_request *request = request_new(test);
	struct procmig_process *process;

	add(test, request, SIGNAL_STOP_STOPPED);
	process = add(test, request, SIGNAL_STOP_STOPPED);
	procmig_note_stopped(request);
	process->task->signal->flags = SIGNAL_CLD_CONTINUED | SIGNAL_STOP_CONTINUED;
	KUNIT_EXPECT_PTR_EQ(test, process, procmig_continued(request));
}

/* The threads of a group that was being stopped were at the gate already. */
static void one_was_being_stopped(struct kunit *test)
{
	struct procmig_request *request = request_new(test);
	struct procmig_process *process = add(test, request, 0);

	procmig_note_stopped(request);
	process->task->signal->flags = SIGNAL_CLD_STOPPED | SIGNAL_STOP_CONTINUED;
	KUNIT_EXPECT_PTR_EQ(test, process, procmig_continued(request));
}

static void parent_asked(struct kunit *test)
{
	struct procmig_request *request = request_new(test);
	struct procmig_process *process = add(test, request, SIGNAL_STOP_CONTINUED);

	procmig_note_stopped(request);
	process->task->signal->flags = 0;
	KUNIT_EXPECT_NULL(test, procmig_continued(request));
}

static void zombie_is_not_asked(struct kunit *test)
{
	struct procmig_request *request = request_new(test);
	struct procmig_process *process = add(test, request, 0);

	process->zombie = true;
	procmig_note_stopped(request);
	process->task->signal->flags = SIGNAL_STOP_CONTINUED;
	KUNIT_EXPECT_NULL(test, procmig_continued(request));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(nothing_happened),
	KUNIT_CASE(another_flag),
	KUNIT_CASE(one_was_continued),
	KUNIT_CASE(one_was_being_stopped),
	KUNIT_CASE(parent_asked),
	KUNIT_CASE(zombie_is_not_asked),
	{}
};

static struct kunit_suite suite = {
	.name = "procmig_job",
	.test_cases = cases,
};

kunit_test_suite(suite);
MODULE_LICENSE("GPL");
