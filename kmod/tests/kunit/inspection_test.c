// SPDX-License-Identifier: GPL-2.0-only
/* How obstacles are packed into the caller's buffer, and what mechanisms apply. */
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
	KUNIT_CASE(mechanisms_are_found_by_entity),
	{}
};

static struct kunit_suite suite = { .name = "procmig_inspection", .test_cases = cases };

kunit_test_suite(suite);
MODULE_LICENSE("GPL");
