// SPDX-License-Identifier: GPL-2.0-only
/* Framing, over the loopback medium: two requests on this machine. */
#include <kunit/test.h>
#include <linux/mm.h>

#include "../../core/lanes.h"
#include "../../core/stream.h"

#define SUBSYSTEM 0x123

struct pair {
	struct procmig_request *source, *target;
};

static struct procmig_process *source_of(struct pair *pair)
{
	return procmig_first_process(pair->source);
}

static struct procmig_process *target_of(struct pair *pair)
{
	return procmig_first_process(pair->target);
}

/* The requests have no threads here. */
bool procmig_has_left(struct procmig_request *request)
{
	return false;
}

static struct procmig_request *request_new(struct kunit *test, enum procmig_role role)
{
	struct procmig_request *request = kunit_kzalloc(test, sizeof(*request), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, request);
	request->role = role;
	request->state = role == PROCMIG_ROLE_SOURCE ? PROCMIG_STATE_SAVING :
						       PROCMIG_STATE_LOADING;
	spin_lock_init(&request->lock);
	mutex_init(&request->conduit_lock);
	init_waitqueue_head(&request->changed);
	INIT_LIST_HEAD(&request->processes);
	spin_lock_init(&request->gate.lock);
	KUNIT_ASSERT_NOT_NULL(test, procmig_process_new(request, 42));
	init_waitqueue_head(&request->gate.moved);
	request->conduit.role = role;
	request->conduit.channel_count = 3;
	memcpy(request->conduit.token, "the token of it.", PROCMIG_TOKEN_BYTES);
	request->demand = 0;
	request->bulk[0] = 1;
	request->bulk[1] = 2;
	request->bulk_count = 2;
	procmig_lanes_assign(request);
	request->medium = procmig_medium_get(PROCMIG_MEDIUM_LOOPBACK);
	KUNIT_ASSERT_NOT_NULL(test, request->medium);
	KUNIT_ASSERT_EQ(test, 0, request->medium->open(&request->conduit));
	request->conduit_open = true;
	return request;
}

static int stream_init(struct kunit *test)
{
	struct pair *pair = kunit_kzalloc(test, sizeof(*pair), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pair);
	pair->source = request_new(test, PROCMIG_ROLE_SOURCE);
	pair->target = request_new(test, PROCMIG_ROLE_TARGET);
	test->priv = pair;
	return 0;
}

static void stream_exit(struct kunit *test)
{
	struct pair *pair = test->priv;

	pair->source->medium->close(&pair->source->conduit);
	procmig_medium_put(pair->source->medium);
	pair->target->medium->close(&pair->target->conduit);
	procmig_medium_put(pair->target->medium);
	procmig_processes_free(pair->source);
	procmig_processes_free(pair->target);
}

static int emit(struct pair *pair, enum procmig_channel_role role, u16 type, const char *text)
{
	const struct kvec part = { (void *)text, strlen(text) };

	return procmig_emit(source_of(pair), role, SUBSYSTEM, type, 1, &part, 1);
}

static void a_record_arrives_as_it_was(struct kunit *test)
{
	struct pair *pair = test->priv;
	struct procmig_record record;
	char *body;

	KUNIT_ASSERT_EQ(test, 0, emit(pair, PROCMIG_CHANNEL_DEMAND, 7, "hello"));
	KUNIT_ASSERT_EQ(test, 0, procmig_take_demand(target_of(pair), &record));
	KUNIT_EXPECT_EQ(test, 7, record.type);
	KUNIT_EXPECT_EQ(test, 1, record.version);
	KUNIT_EXPECT_EQ(test, (u32)SUBSYSTEM, record.subsystem);
	KUNIT_EXPECT_EQ(test, 42u, record.process);
	KUNIT_EXPECT_EQ(test, 5ULL, record.length);
	body = procmig_take_body(target_of(pair), &record, 5);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, body);
	KUNIT_EXPECT_STREQ(test, body, "hello");
	kvfree(body);
	KUNIT_EXPECT_EQ(test, 0ULL, procmig_left(target_of(pair),
						 PROCMIG_CHANNEL_DEMAND));
}

static void bulk_records_keep_their_order(struct kunit *test)
{
	struct pair *pair = test->priv;
	struct procmig_record record;
	char text[2] = {};
	unsigned int i;

	for (i = 0; i < 5; i++) {
		text[0] = 'a' + i;
		KUNIT_ASSERT_EQ(test, 0, emit(pair, PROCMIG_CHANNEL_BULK, i, text));
	}
	for (i = 0; i < 5; i++) {
		KUNIT_ASSERT_EQ(test, 0, procmig_take_bulk(target_of(pair),
							   SUBSYSTEM, &record));
		KUNIT_EXPECT_EQ(test, i, (unsigned int)record.type);
		KUNIT_ASSERT_EQ(test, 0, procmig_take(target_of(pair),
						      PROCMIG_CHANNEL_BULK, text, 1));
		KUNIT_EXPECT_EQ(test, text[0], (char)('a' + i));
	}
	KUNIT_EXPECT_EQ(test, 3u, pair->target->received[1]);
	KUNIT_EXPECT_EQ(test, 2u, pair->target->received[2]);
}

static void processes_travel_in_lanes_of_their_own(struct kunit *test)
{
	struct pair *pair = test->priv;
	struct procmig_process *sender[3], *receiver[3];
	struct procmig_record record;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		sender[i] = i ? procmig_process_new(pair->source, 42 + i) : source_of(pair);
		receiver[i] = i ? procmig_process_new(pair->target, 42 + i) : target_of(pair);
		KUNIT_ASSERT_NOT_NULL(test, sender[i]);
		KUNIT_ASSERT_NOT_NULL(test, receiver[i]);
	}
	sender[1]->zombie = true;
	receiver[1]->zombie = true;
	procmig_lanes_assign(pair->source);
	procmig_lanes_assign(pair->target);
	KUNIT_EXPECT_EQ(test, 2u, pair->source->lane_count);

	for (i = 0; i < 6; i++)
		KUNIT_ASSERT_EQ(test, 0, procmig_emit(sender[i & 2], PROCMIG_CHANNEL_BULK,
						      SUBSYSTEM, i, 1, NULL, 0));
	/* The last one's arrive although nobody has read the first one's. */
	for (i = 0; i < 6; i++) {
		static const u16 type[] = { 2, 3, 0, 1, 4, 5 };
		struct procmig_process *process = receiver[type[i] & 2];

		KUNIT_ASSERT_EQ(test, 0, procmig_take_bulk(process, SUBSYSTEM, &record));
		KUNIT_EXPECT_EQ(test, type[i], record.type);
		KUNIT_EXPECT_EQ(test, (u32)process->pid, record.process);
	}
}

static void what_is_not_read_is_skipped(struct kunit *test)
{
	struct pair *pair = test->priv;
	struct procmig_record record;
	char some[2];

	KUNIT_ASSERT_EQ(test, 0, emit(pair, PROCMIG_CHANNEL_DEMAND, 1, "long enough"));
	KUNIT_ASSERT_EQ(test, 0, emit(pair, PROCMIG_CHANNEL_DEMAND, 2, "next"));
	KUNIT_ASSERT_EQ(test, 0, procmig_take_demand(target_of(pair), &record));
	KUNIT_ASSERT_EQ(test, 0, procmig_take(target_of(pair),
					      PROCMIG_CHANNEL_DEMAND, some, sizeof(some)));
	KUNIT_ASSERT_EQ(test, 0, procmig_skip_demand(target_of(pair)));
	KUNIT_ASSERT_EQ(test, 0, procmig_take_demand(target_of(pair), &record));
	KUNIT_EXPECT_EQ(test, 2, record.type);
}

static void nothing_is_read_beyond_a_body(struct kunit *test)
{
	struct pair *pair = test->priv;
	struct procmig_record record;
	char room[16];

	KUNIT_ASSERT_EQ(test, 0, emit(pair, PROCMIG_CHANNEL_DEMAND, 1, "short"));
	KUNIT_ASSERT_EQ(test, 0, procmig_take_demand(target_of(pair), &record));
	KUNIT_EXPECT_EQ(test, -EPROTO, procmig_take(target_of(pair),
						    PROCMIG_CHANNEL_DEMAND, room,
						    sizeof(room)));
	KUNIT_EXPECT_EQ(test, -EPROTO, pair->target->error);
	KUNIT_EXPECT_EQ(test, -EPROTO,
			PTR_ERR(procmig_take_body(target_of(pair), &record, 6)));
}

static void a_stranger_on_the_bulk_channel_is_refused(struct kunit *test)
{
	struct pair *pair = test->priv;
	struct procmig_record record;

	KUNIT_ASSERT_EQ(test, 0, emit(pair, PROCMIG_CHANNEL_BULK, 1, "x"));
	KUNIT_EXPECT_EQ(test, -EPROTO, procmig_take_bulk(target_of(pair),
							 SUBSYSTEM + 1, &record));
}

static void bulk_records_about_another_process_are_refused(struct kunit *test)
{
	struct pair *pair = test->priv;
	struct procmig_record record;

	KUNIT_ASSERT_EQ(test, 0, emit(pair, PROCMIG_CHANNEL_BULK, 1, "x"));
	target_of(pair)->pid++;
	KUNIT_EXPECT_EQ(test, -EPROTO, procmig_take_bulk(target_of(pair), SUBSYSTEM, &record));
}

static void damaged_headers_are_refused(struct kunit *test)
{
	const struct procmig_record good = {
		.magic = PROCMIG_STREAM_MAGIC,
		.flags = PROCMIG_RECORD_MANDATORY,
		.sequence = 9,
		.length = PROCMIG_RECORD_MAX_BYTES,
	};
	struct procmig_record bad;
	const char *why = NULL;

	KUNIT_EXPECT_EQ(test, 0, procmig_record_check(&good, 9, &why));
	KUNIT_EXPECT_EQ(test, -EPROTO, procmig_record_check(&good, 8, &why));
	bad = good;
	bad.magic++;
	KUNIT_EXPECT_EQ(test, -EPROTO, procmig_record_check(&bad, 9, &why));
	bad = good;
	bad.flags |= 0x80;
	KUNIT_EXPECT_EQ(test, -EPROTO, procmig_record_check(&bad, 9, &why));
	bad = good;
	bad.length++;
	KUNIT_EXPECT_EQ(test, -EPROTO, procmig_record_check(&bad, 9, &why));
	KUNIT_EXPECT_NOT_NULL(test, why);
}

static void an_abort_ends_the_waiting(struct kunit *test)
{
	struct pair *pair = test->priv;
	struct procmig_record record;

	KUNIT_ASSERT_EQ(test, 0, procmig_request_abort(pair->target, 0, -ETIMEDOUT, "%s",
						       "enough"));
	KUNIT_EXPECT_EQ(test, -ECANCELED, procmig_take_demand(target_of(pair), &record));
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, pair->target->error);
	KUNIT_EXPECT_STREQ(test, pair->target->message, "enough");
	KUNIT_EXPECT_EQ(test, -ECANCELED, emit(pair, PROCMIG_CHANNEL_DEMAND, 1, "x"));
	KUNIT_EXPECT_EQ(test, -EPROTO, procmig_request_abort(pair->target, 0, -EIO, "%s", "late"));
}

static void events_are_told_once_and_in_order(struct kunit *test)
{
	struct pair *pair = test->priv;
	struct procmig_event event;

	KUNIT_ASSERT_EQ(test, 0, procmig_request_transition(pair->source, PROCMIG_ON_SENT));
	KUNIT_ASSERT_EQ(test, 0, procmig_request_transition(pair->source, PROCMIG_ON_COMMIT));
	KUNIT_EXPECT_EQ(test, -EPROTO, procmig_request_transition(pair->source,
								  PROCMIG_ON_ABORT));
	KUNIT_ASSERT_TRUE(test, procmig_request_next_event(pair->source, &event));
	KUNIT_EXPECT_EQ(test, (u32)PROCMIG_STATE_SAVED, event.state);
	KUNIT_ASSERT_TRUE(test, procmig_request_next_event(pair->source, &event));
	KUNIT_EXPECT_EQ(test, (u32)PROCMIG_STATE_COMMITTED, event.state);
	KUNIT_EXPECT_FALSE(test, procmig_request_next_event(pair->source, NULL));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_record_arrives_as_it_was),
	KUNIT_CASE(bulk_records_keep_their_order),
	KUNIT_CASE(processes_travel_in_lanes_of_their_own),
	KUNIT_CASE(what_is_not_read_is_skipped),
	KUNIT_CASE(nothing_is_read_beyond_a_body),
	KUNIT_CASE(a_stranger_on_the_bulk_channel_is_refused),
	KUNIT_CASE(bulk_records_about_another_process_are_refused),
	KUNIT_CASE(damaged_headers_are_refused),
	KUNIT_CASE(an_abort_ends_the_waiting),
	KUNIT_CASE(events_are_told_once_and_in_order),
	{}
};

static struct kunit_suite suite = {
	.name = "procmig_stream",
	.init = stream_init,
	.exit = stream_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
MODULE_LICENSE("GPL");
