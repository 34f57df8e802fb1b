// SPDX-License-Identifier: GPL-2.0-only
/*
 * How obstacles and claims are packed into the caller's buffer, how claims are read
 * again, and what mechanisms apply.
 */
#include <kunit/test.h>
#include <linux/slab.h>

#include "../../core/identity.h"
#include "../../core/inspection.h"

#define ROOM 1024
#define GUARD 0xee

static struct procmig_inspection *inspection_new(struct kunit *test, size_t room)
{
	struct procmig_inspection *inspection = kunit_kzalloc(test, sizeof(*inspection),
							      GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, inspection);
	inspection->buffer = kunit_kzalloc(test, ROOM, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, inspection->buffer);
	memset(inspection->buffer, GUARD, ROOM);
	inspection->room = room;
	return inspection;
}

static bool untouched(const void *from, size_t bytes)
{
	return !memchr_inv(from, GUARD, bytes);
}

static void an_obstacle_is_packed(struct kunit *test)
{
	struct procmig_inspection *inspection = inspection_new(test, ROOM);
	struct procmig_obstacle *first, *second;

	procmig_obstacle(inspection, 1, PROCMIG_OBSTACLE_UNSUPPORTED, 5, "fd %d: %s", 5, "pipe");
	procmig_obstacle(inspection, 2, PROCMIG_OBSTACLE_SHARED, -1, "%s", "");
	first = inspection->buffer;
	KUNIT_ASSERT_EQ(test, 0u, first->size % 8);
	second = inspection->buffer + first->size;
	KUNIT_EXPECT_EQ(test, 2u, inspection->count);
	KUNIT_EXPECT_EQ(test, 1u, first->subsystem);
	KUNIT_EXPECT_EQ(test, (u32)PROCMIG_OBSTACLE_UNSUPPORTED, first->code);
	KUNIT_EXPECT_EQ(test, 5LL, (long long)first->object);
	KUNIT_EXPECT_STREQ(test, first->text, "fd 5: pipe");
	KUNIT_EXPECT_EQ(test, 2u, second->subsystem);
	KUNIT_EXPECT_EQ(test, -1LL, (long long)second->object);
	KUNIT_EXPECT_STREQ(test, second->text, "");
	KUNIT_EXPECT_EQ(test, (size_t)(first->size + second->size), (size_t)inspection->used);
	KUNIT_EXPECT_TRUE(test, untouched(inspection->buffer + inspection->used,
					  ROOM - inspection->used));
	KUNIT_EXPECT_STREQ(test, inspection->first, "fd 5: pipe");
	KUNIT_EXPECT_EQ(test, 1u, (unsigned int)inspection->first_subsystem);
}

/* Nothing of the kernel's stack or heap may hide in the padding. */
static void padding_is_zero(struct kunit *test)
{
	struct procmig_inspection *inspection = inspection_new(test, ROOM);
	struct procmig_obstacle *obstacle = inspection->buffer;
	size_t used;

	procmig_obstacle(inspection, 1, PROCMIG_OBSTACLE_STATE, 0, "%s", "12345");
	used = sizeof(*obstacle) + 6;
	KUNIT_EXPECT_EQ(test, 0u, obstacle->reserved);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv((char *)obstacle + used, 0, obstacle->size - used),
			    NULL);
}

static void what_does_not_fit_is_counted(struct kunit *test)
{
	struct procmig_inspection *all = inspection_new(test, ROOM);
	struct procmig_inspection *some;
	size_t needed;

	procmig_obstacle(all, 1, PROCMIG_OBSTACLE_LIMIT, 0, "%s", "first");
	procmig_obstacle(all, 1, PROCMIG_OBSTACLE_LIMIT, 0, "%s", "second");
	needed = all->used;

	some = inspection_new(test, needed - 1);
	procmig_obstacle(some, 1, PROCMIG_OBSTACLE_LIMIT, 0, "%s", "first");
	procmig_obstacle(some, 1, PROCMIG_OBSTACLE_LIMIT, 0, "%s", "second");
	KUNIT_EXPECT_EQ(test, needed, (size_t)some->used);
	KUNIT_EXPECT_EQ(test, 2u, some->count);
	KUNIT_EXPECT_TRUE(test, untouched(some->buffer + needed - 1, ROOM - needed + 1));

	/* not even a buffer is needed to learn how much it would take */
	some = inspection_new(test, 0);
	some->buffer = NULL;
	procmig_obstacle(some, 1, PROCMIG_OBSTACLE_LIMIT, 0, "%s", "first");
	procmig_obstacle(some, 1, PROCMIG_OBSTACLE_LIMIT, 0, "%s", "second");
	KUNIT_EXPECT_EQ(test, needed, (size_t)some->used);
}

static void a_long_text_is_cut(struct kunit *test)
{
	struct procmig_inspection *inspection = inspection_new(test, ROOM);
	struct procmig_obstacle *obstacle = inspection->buffer;

	procmig_obstacle(inspection, 1, PROCMIG_OBSTACLE_LIMIT, 0, "%0999d", 7);
	KUNIT_EXPECT_EQ(test, (size_t)PROCMIG_MESSAGE_BYTES - 1, strlen(obstacle->text));
	KUNIT_EXPECT_LE(test, (size_t)obstacle->size,
			sizeof(*obstacle) + PROCMIG_MESSAGE_BYTES);
	KUNIT_EXPECT_EQ(test, (size_t)PROCMIG_MESSAGE_BYTES - 1, strlen(inspection->first));
}

static void expected_bytes_add_up(struct kunit *test)
{
	struct procmig_inspection *inspection = inspection_new(test, ROOM);

	procmig_expect_bytes(inspection, 4096);
	procmig_expect_bytes(inspection, 1ULL << 40);
	KUNIT_EXPECT_EQ(test, (1ULL << 40) + 4096, inspection->memory_bytes);
}

/* ---- claims ---------------------------------------------------------------- */

static struct {
	unsigned int calls;
	char text[16];
	int answer;
} asked;

static int ask(struct procmig_inspection *inspection, const void *data, size_t bytes)
{
	asked.calls++;
	strscpy(asked.text, data, sizeof(asked.text));
	if (strlen(data) != bytes)
		return -EPROTO;
	return asked.answer;
}

static const struct procmig_subsystem claimer = {
	.name = "claimer", .id = 0x100, .version = 3, .admit = ask,
};

static const struct procmig_subsystem_set claimers = {
	.subsystem = { &claimer }, .count = 1,
};

static struct procmig_inspection *claiming(struct kunit *test, size_t room)
{
	struct procmig_inspection *inspection = inspection_new(test, ROOM);

	inspection->claims = kunit_kzalloc(test, ROOM, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, inspection->claims);
	memset(inspection->claims, GUARD, ROOM);
	inspection->claims_room = room;
	asked.calls = 0;
	asked.answer = 0;
	return inspection;
}

/* What a process that has ended was the first to be asked about is asked of the next. */
static void what_was_found_of_one_is_taken_back(struct kunit *test)
{
	static const struct procmig_subsystem_set none;
	struct procmig_inspection *inspection = claiming(test, ROOM);
	struct procmig_findings before;
	int first, second;

	KUNIT_ASSERT_EQ(test, 0, procmig_inspection_begin(inspection, &none));
	procmig_clear(inspection, &first);
	procmig_claim(inspection, &claimer, NULL, 0, "first", 5);
	before = inspection->findings;
	inspection->member = 1;
	inspection->task = current;
	procmig_clear(inspection, &second);
	procmig_claim(inspection, &claimer, NULL, 0, "second", 6);
	procmig_expect_bytes(inspection, 4096);
	procmig_obstacle(inspection, 1, PROCMIG_OBSTACLE_SHARED, -1, "ended");
	procmig_inspection_take_back(inspection, &before);
	KUNIT_EXPECT_EQ(test, 0, memcmp(&before, &inspection->findings, sizeof(before)));
	KUNIT_EXPECT_TRUE(test, procmig_is_clear(inspection, &first));
	KUNIT_EXPECT_FALSE(test, procmig_is_clear(inspection, &second));
	procmig_inspection_end(inspection);
}

static void claims_are_packed_and_read(struct kunit *test)
{
	struct procmig_inspection *inspection = claiming(test, ROOM);
	struct procmig_claim *first = inspection->claims;

	procmig_claim(inspection, &claimer, "head", 4, "-data", 5);
	procmig_claim(inspection, &claimer, "", 0, "12345678", 8);
	KUNIT_EXPECT_EQ(test, 0u, first->size % 8);
	KUNIT_EXPECT_EQ(test, 0x100u, first->subsystem);
	KUNIT_EXPECT_EQ(test, 3u, first->version);
	KUNIT_EXPECT_EQ(test, 9u, first->length);
	KUNIT_EXPECT_EQ(test, inspection->claims_used, inspection->claims_written);
	KUNIT_EXPECT_TRUE(test, untouched(inspection->claims + inspection->claims_used,
					  ROOM - inspection->claims_used));
	KUNIT_EXPECT_EQ(test, 0, procmig_admit(inspection, &claimers, inspection->claims,
					       first->size));
	KUNIT_EXPECT_STREQ(test, asked.text, "head-data");
	KUNIT_EXPECT_EQ(test, 0, procmig_admit(inspection, &claimers, inspection->claims,
					       inspection->claims_used));
	KUNIT_EXPECT_STREQ(test, asked.text, "12345678");
	KUNIT_EXPECT_EQ(test, 3u, asked.calls);
	KUNIT_EXPECT_EQ(test, 0u, inspection->count);
}

/* What comes behind one that does not fit is left out as well, however short it is. */
static void claims_that_do_not_fit_are_counted(struct kunit *test)
{
	struct procmig_inspection *all = claiming(test, ROOM), *some;

	procmig_claim(all, &claimer, NULL, 0, "first", 5);
	procmig_claim(all, &claimer, NULL, 0, "one that is longer", 18);
	procmig_claim(all, &claimer, NULL, 0, "x", 1);
	some = claiming(test, 48);
	procmig_claim(some, &claimer, NULL, 0, "first", 5);
	procmig_claim(some, &claimer, NULL, 0, "one that is longer", 18);
	procmig_claim(some, &claimer, NULL, 0, "x", 1);
	KUNIT_EXPECT_EQ(test, all->claims_used, some->claims_used);
	KUNIT_EXPECT_EQ(test, (size_t)24, some->claims_written);
	KUNIT_EXPECT_TRUE(test, untouched(some->claims + 24, ROOM - 24));
}

static void claims_of_somebody_else_are_obstacles(struct kunit *test)
{
	static const struct procmig_subsystem later = { .id = 0x100, .version = 4 };
	static const struct procmig_subsystem other = { .id = 0x101, .version = 1 };
	struct procmig_inspection *inspection = claiming(test, ROOM);

	procmig_claim(inspection, &later, NULL, 0, "x", 1);
	procmig_claim(inspection, &other, NULL, 0, "x", 1);
	KUNIT_EXPECT_EQ(test, 0, procmig_admit(inspection, &claimers, inspection->claims,
					       inspection->claims_used));
	KUNIT_EXPECT_EQ(test, 2u, inspection->count);
	KUNIT_EXPECT_EQ(test, 0u, asked.calls);
}

static void damaged_claims_are_refused(struct kunit *test)
{
	struct procmig_inspection *inspection = claiming(test, ROOM);
	struct procmig_claim *claim = inspection->claims;
	size_t bytes;

	procmig_claim(inspection, &claimer, NULL, 0, "x", 1);
	bytes = inspection->claims_used;
	KUNIT_EXPECT_EQ(test, -EPROTO, procmig_admit(inspection, &claimers, claim, bytes - 1));
	KUNIT_EXPECT_EQ(test, -EPROTO, procmig_admit(inspection, &claimers, claim, 8));
	claim->data[7] = 1;
	KUNIT_EXPECT_EQ(test, -EPROTO, procmig_admit(inspection, &claimers, claim, bytes));
	claim->data[7] = 0;
	claim->length = 8;
	KUNIT_EXPECT_EQ(test, -EPROTO, procmig_admit(inspection, &claimers, claim, bytes));
	KUNIT_EXPECT_EQ(test, 0u, asked.calls);
	claim->length = 1;
	asked.answer = -ENOMEM;
	KUNIT_EXPECT_EQ(test, -ENOMEM, procmig_admit(inspection, &claimers, claim, bytes));
}

static void mechanisms_are_found_by_entity(struct kunit *test)
{
	static const struct procmig_mechanism mechanisms[] = {
		{ PROCMIG_SUBSYSTEM_FILES, PROCMIG_MECHANISM_IGNORE, 1 },
		{ PROCMIG_SUBSYSTEM_FILES, PROCMIG_MECHANISM_FORWARD, 2 },
		{ PROCMIG_SUBSYSTEM_MEMORY, PROCMIG_MECHANISM_IGNORE, 3 },
		{ PROCMIG_SUBSYSTEM_FILES, PROCMIG_MECHANISM_TRANSFER, 1 },
	};
	const unsigned int count = ARRAY_SIZE(mechanisms);

	/* of two for one entity the first holds */
	KUNIT_EXPECT_EQ(test, PROCMIG_MECHANISM_IGNORE,
			procmig_mechanisms_find(mechanisms, count, PROCMIG_SUBSYSTEM_FILES, 1,
						PROCMIG_MECHANISM_TRANSFER));
	KUNIT_EXPECT_EQ(test, PROCMIG_MECHANISM_FORWARD,
			procmig_mechanisms_find(mechanisms, count, PROCMIG_SUBSYSTEM_FILES, 2,
						PROCMIG_MECHANISM_TRANSFER));
	KUNIT_EXPECT_EQ(test, PROCMIG_MECHANISM_TRANSFER,
			procmig_mechanisms_find(mechanisms, count, PROCMIG_SUBSYSTEM_FILES, 3,
						PROCMIG_MECHANISM_TRANSFER));
	KUNIT_EXPECT_EQ(test, PROCMIG_MECHANISM_TRANSFER,
			procmig_mechanisms_find(NULL, 0, PROCMIG_SUBSYSTEM_FILES, 1,
						PROCMIG_MECHANISM_TRANSFER));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(an_obstacle_is_packed),
	KUNIT_CASE(padding_is_zero),
	KUNIT_CASE(what_does_not_fit_is_counted),
	KUNIT_CASE(a_long_text_is_cut),
	KUNIT_CASE(expected_bytes_add_up),
	KUNIT_CASE(what_was_found_of_one_is_taken_back),
	KUNIT_CASE(claims_are_packed_and_read),
	KUNIT_CASE(claims_that_do_not_fit_are_counted),
	KUNIT_CASE(claims_of_somebody_else_are_obstacles),
	KUNIT_CASE(damaged_claims_are_refused),
	KUNIT_CASE(mechanisms_are_found_by_entity),
	{}
};

static struct kunit_suite suite = { .name = "procmig_inspection", .test_cases = cases };

kunit_test_suite(suite);
MODULE_LICENSE("GPL");
