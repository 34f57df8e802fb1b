// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of a medium, kept by the loopback: what procmig/medium.h says a
 * medium does, whoever writes it.
 */
#include <kunit/test.h>
#include <linux/kthread.h>
#include <procmig/medium.h>

#include "../../core/registry.h"

/* More than any ring holds, so that somebody has to wait. */
#define LARGE (300u << 10)

struct ends {
	const struct procmig_medium *medium;
	struct procmig_conduit source, target;
	struct completion done;
	int result;
};

static void conduit_new(struct procmig_conduit *conduit, enum procmig_role role)
{
	conduit->role = role;
	conduit->channel_count = 2;
	memcpy(conduit->token, "a loop's token..", PROCMIG_TOKEN_BYTES);
}

static int ends_init(struct kunit *test)
{
	struct ends *ends = kunit_kzalloc(test, sizeof(*ends), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ends);
	ends->medium = procmig_medium_get(PROCMIG_MEDIUM_LOOPBACK);
	KUNIT_ASSERT_NOT_NULL(test, ends->medium);
	init_completion(&ends->done);
	conduit_new(&ends->source, PROCMIG_ROLE_SOURCE);
	conduit_new(&ends->target, PROCMIG_ROLE_TARGET);
	KUNIT_ASSERT_EQ(test, 0, ends->medium->open(&ends->source));
	KUNIT_ASSERT_EQ(test, 0, ends->medium->open(&ends->target));
	test->priv = ends;
	return 0;
}

static void ends_exit(struct kunit *test)
{
	struct ends *ends = test->priv;

	if (ends->source.private)
		ends->medium->close(&ends->source);
	if (ends->target.private)
		ends->medium->close(&ends->target);
	procmig_medium_put(ends->medium);
}

static int push(struct ends *ends, unsigned int channel, void *data, size_t bytes)
{
	struct kvec part = { data, bytes };
	struct iov_iter iter;

	iov_iter_kvec(&iter, WRITE, &part, 1, bytes);
	return ends->medium->pushdata(&ends->source, channel, &iter);
}

static int pop(struct ends *ends, unsigned int channel, void *room, size_t bytes)
{
	struct kvec part = { room, bytes };
	struct iov_iter iter;

	iov_iter_kvec(&iter, READ, &part, 1, bytes);
	return ends->medium->popdata(&ends->target, channel, &iter);
}

static void channels_are_apart_and_in_order(struct kunit *test)
{
	struct ends *ends = test->priv;
	char room[8] = {};

	KUNIT_ASSERT_EQ(test, 0, push(ends, 0, "abc", 3));
	KUNIT_ASSERT_EQ(test, 0, push(ends, 1, "123", 3));
	KUNIT_ASSERT_EQ(test, 0, push(ends, 0, "def", 3));
	KUNIT_ASSERT_EQ(test, 0, ends->medium->flush(&ends->source, 0));
	KUNIT_ASSERT_EQ(test, 0, ends->medium->flush(&ends->source, 1));
	KUNIT_ASSERT_EQ(test, 0, pop(ends, 0, room, 5));
	KUNIT_EXPECT_STREQ(test, room, "abcde");
	memset(room, 0, sizeof(room));
	KUNIT_ASSERT_EQ(test, 0, pop(ends, 1, room, 3));
	KUNIT_EXPECT_STREQ(test, room, "123");
	memset(room, 0, sizeof(room));
	KUNIT_ASSERT_EQ(test, 0, pop(ends, 0, room, 1));
	KUNIT_EXPECT_STREQ(test, room, "f");
}

static int push_large(void *data)
{
	struct ends *ends = data;
	u8 *bytes = kvmalloc(LARGE, GFP_KERNEL);
	unsigned int i;

	ends->result = -ENOMEM;
	if (bytes) {
		for (i = 0; i < LARGE; i++)
			bytes[i] = i * 7;
		ends->result = push(ends, 1, bytes, LARGE);
	}
	kvfree(bytes);
	complete(&ends->done);
	return 0;
}

static void start(struct kunit *test, int (*what)(void *), struct ends *ends)
{
	struct task_struct *task = kthread_run(what, ends, "procmig-test");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
}

static void more_than_it_holds_goes_through(struct kunit *test)
{
	struct ends *ends = test->priv;
	u8 *room = kvzalloc(LARGE, GFP_KERNEL);
	unsigned int i, wrong = 0;

	KUNIT_ASSERT_NOT_NULL(test, room);
	start(test, push_large, ends);
	KUNIT_EXPECT_EQ(test, 0, pop(ends, 1, room, LARGE));
	wait_for_completion(&ends->done);
	KUNIT_EXPECT_EQ(test, 0, ends->result);
	for (i = 0; i < LARGE; i++)
		wrong += room[i] != (u8)(i * 7);
	KUNIT_EXPECT_EQ(test, 0u, wrong);
	kvfree(room);
}

static int pop_one(void *data)
{
	struct ends *ends = data;
	char room;

	ends->result = pop(ends, 0, &room, 1);
	complete(&ends->done);
	return 0;
}

static void an_interrupt_ends_every_wait(struct kunit *test)
{
	struct ends *ends = test->priv;
	char room;

	start(test, pop_one, ends);
	KUNIT_ASSERT_EQ(test, 0, ends->medium->command(&ends->target, PROCMIG_MEDIUM_INTERRUPT));
	wait_for_completion(&ends->done);
	KUNIT_EXPECT_EQ(test, -ECANCELED, ends->result);
	/* more than once, and for all that comes later */
	KUNIT_EXPECT_EQ(test, 0, ends->medium->command(&ends->target, PROCMIG_MEDIUM_INTERRUPT));
	KUNIT_EXPECT_EQ(test, -ECANCELED, pop(ends, 1, &room, 1));
	KUNIT_EXPECT_EQ(test, -ECANCELED, push(ends, 0, "x", 1));
}

static void an_interrupt_ends_a_full_ring(struct kunit *test)
{
	struct ends *ends = test->priv;

	start(test, push_large, ends);
	KUNIT_ASSERT_EQ(test, 0, ends->medium->command(&ends->source, PROCMIG_MEDIUM_INTERRUPT));
	wait_for_completion(&ends->done);
	KUNIT_EXPECT_EQ(test, -ECANCELED, ends->result);
}

static void unknown_commands_are_refused(struct kunit *test)
{
	struct ends *ends = test->priv;

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, ends->medium->command(&ends->source, 99));
}

static void what_was_sent_can_be_read_after_the_source_closed(struct kunit *test)
{
	struct ends *ends = test->priv;
	char room[4] = {};

	KUNIT_ASSERT_EQ(test, 0, push(ends, 0, "end", 3));
	KUNIT_ASSERT_EQ(test, 0, ends->medium->flush(&ends->source, 0));
	ends->medium->close(&ends->source);
	KUNIT_ASSERT_EQ(test, 0, pop(ends, 0, room, 3));
	KUNIT_EXPECT_STREQ(test, room, "end");
}

static void another_number_of_channels_is_refused(struct kunit *test)
{
	struct ends *ends = test->priv;
	struct procmig_conduit third = {};

	conduit_new(&third, PROCMIG_ROLE_TARGET);
	third.channel_count = 3;
	KUNIT_EXPECT_EQ(test, -EBADF, ends->medium->open(&third));
}

static void another_token_is_another_loop(struct kunit *test)
{
	struct ends *ends = test->priv;
	struct procmig_conduit other = {};

	conduit_new(&other, PROCMIG_ROLE_TARGET);
	other.token[0]++;
	KUNIT_ASSERT_EQ(test, 0, ends->medium->open(&other));
	KUNIT_EXPECT_PTR_NE(test, other.private, ends->target.private);
	ends->medium->close(&other);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(channels_are_apart_and_in_order),
	KUNIT_CASE(more_than_it_holds_goes_through),
	KUNIT_CASE(an_interrupt_ends_every_wait),
	KUNIT_CASE(an_interrupt_ends_a_full_ring),
	KUNIT_CASE(unknown_commands_are_refused),
	KUNIT_CASE(what_was_sent_can_be_read_after_the_source_closed),
	KUNIT_CASE(another_number_of_channels_is_refused),
	KUNIT_CASE(another_token_is_another_loop),
	{}
};

static struct kunit_suite suite = {
	.name = "procmig_loopback",
	.init = ends_init,
	.exit = ends_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
MODULE_LICENSE("GPL");
