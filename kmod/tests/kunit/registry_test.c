// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>

#include "../../core/registry.h"

static int no_checkpoint(struct procmig_process *process)
{
	return PROCMIG_DONE;
}

static int no_restart(struct procmig_process *process, const struct procmig_record *record)
{
	return 0;
}

static const struct procmig_kind kinds[] = {
	{ "first", PROCMIG_KIND_CARRIED, "a note" },
	{ "second", PROCMIG_KIND_REFUSED, NULL },
};

#define SUBSYSTEM(name_, id_, order_) {		\
	.name = (name_),			\
	.id = (id_),				\
	.version = 1,				\
	.order = (order_),			\
	.checkpoint = no_checkpoint,		\
	.restart = no_restart,			\
}

static const struct procmig_subsystem late = SUBSYSTEM("late", 0x102, 20);
static const struct procmig_subsystem early = {
	.name = "early",
	.id = 0x101,
	.version = 3,
	.order = 10,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.checkpoint = no_checkpoint,
	.restart = no_restart,
};

static void subsystems_act_in_their_order(struct kunit *test)
{
	struct procmig_subsystem_set set;

	KUNIT_ASSERT_EQ(test, 0, procmig_register_subsystem(&late));
	KUNIT_ASSERT_EQ(test, 0, procmig_register_subsystem(&early));
	KUNIT_ASSERT_EQ(test, 0, procmig_subsystems_get(&set));
	KUNIT_EXPECT_EQ(test, 2, set.count);
	KUNIT_EXPECT_PTR_EQ(test, set.subsystem[0], &early);
	KUNIT_EXPECT_PTR_EQ(test, set.subsystem[1], &late);
	KUNIT_EXPECT_EQ(test, 1, procmig_subsystem_index(&set, late.id));
	KUNIT_EXPECT_EQ(test, -ENOENT, procmig_subsystem_index(&set, 0x999));
	procmig_subsystems_put(&set);
	procmig_unregister_subsystem(&late);
	procmig_unregister_subsystem(&early);
}

static void none_registered_is_an_error(struct kunit *test)
{
	struct procmig_subsystem_set set;

	KUNIT_EXPECT_EQ(test, -ENODEV, procmig_subsystems_get(&set));
}

static void name_id_and_order_are_unique(struct kunit *test)
{
	static const struct procmig_subsystem same_name = SUBSYSTEM("early", 0x201, 201);
	static const struct procmig_subsystem same_id = SUBSYSTEM("other", 0x101, 202);
	static const struct procmig_subsystem same_order = SUBSYSTEM("another", 0x203, 10);

	KUNIT_ASSERT_EQ(test, 0, procmig_register_subsystem(&early));
	KUNIT_EXPECT_EQ(test, -EEXIST, procmig_register_subsystem(&same_name));
	KUNIT_EXPECT_EQ(test, -EEXIST, procmig_register_subsystem(&same_id));
	KUNIT_EXPECT_EQ(test, -EEXIST, procmig_register_subsystem(&same_order));
	procmig_unregister_subsystem(&early);
}

static void required_members_are_required(struct kunit *test)
{
	struct procmig_subsystem broken = SUBSYSTEM("broken", 0x101, 1);
	struct procmig_medium medium = { .name = "broken", .id = 0x101 };

	broken.restart = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, procmig_register_subsystem(&broken));
	broken = (struct procmig_subsystem)SUBSYSTEM("broken", PROCMIG_SUBSYSTEM_CORE, 1);
	KUNIT_EXPECT_EQ(test, -EINVAL, procmig_register_subsystem(&broken));
	broken = (struct procmig_subsystem)SUBSYSTEM(NULL, 0x101, 1);
	KUNIT_EXPECT_EQ(test, -EINVAL, procmig_register_subsystem(&broken));
	KUNIT_EXPECT_EQ(test, -EINVAL, procmig_register_medium(&medium));
}

static void components_are_listed_with_their_users(struct kunit *test)
{
	struct procmig_component component = {};
	struct procmig_subsystem_set set;
	bool found = false;
	int ret;

	KUNIT_ASSERT_EQ(test, 0, procmig_register_subsystem(&early));
	KUNIT_ASSERT_EQ(test, 0, procmig_subsystems_get(&set));
	for (; !(ret = procmig_registry_component(&component)); component.index++) {
		if (component.id != early.id)
			continue;
		found = true;
		KUNIT_EXPECT_EQ(test, 1, component.users);
		KUNIT_EXPECT_EQ(test, 3, component.version);
		KUNIT_EXPECT_STREQ(test, component.name, "early");
	}
	KUNIT_EXPECT_EQ(test, -ENOENT, ret);
	KUNIT_EXPECT_TRUE(test, found);
	procmig_subsystems_put(&set);
	procmig_unregister_subsystem(&early);
}

static void kinds_are_listed(struct kunit *test)
{
	struct procmig_state_kind kind = { .index = 1 };

	KUNIT_ASSERT_EQ(test, 0, procmig_register_subsystem(&early));
	KUNIT_ASSERT_EQ(test, 0, procmig_registry_kind(&kind));
	KUNIT_EXPECT_STREQ(test, kind.name, "second");
	KUNIT_EXPECT_STREQ(test, kind.note, "");
	KUNIT_EXPECT_EQ(test, (u32)PROCMIG_KIND_REFUSED, kind.state);
	KUNIT_EXPECT_EQ(test, early.id, kind.subsystem);
	kind.index = 2;
	KUNIT_EXPECT_EQ(test, -ENOENT, procmig_registry_kind(&kind));
	procmig_unregister_subsystem(&early);
}

static void unknown_media_are_not_found(struct kunit *test)
{
	KUNIT_EXPECT_PTR_EQ(test, procmig_medium_get(0x999), NULL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(none_registered_is_an_error),
	KUNIT_CASE(subsystems_act_in_their_order),
	KUNIT_CASE(name_id_and_order_are_unique),
	KUNIT_CASE(required_members_are_required),
	KUNIT_CASE(components_are_listed_with_their_users),
	KUNIT_CASE(kinds_are_listed),
	KUNIT_CASE(unknown_media_are_not_found),
	{}
};

static struct kunit_suite suite = { .name = "procmig_registry", .test_cases = cases };

kunit_test_suite(suite);
MODULE_LICENSE("GPL");
