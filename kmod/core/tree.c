// SPDX-License-Identifier: GPL-2.0-only
/* The processes of an event, while they run. */
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <procmig/compat.h>

#include "inspection.h"
#include "plan.h"
#include "selection.h"

/* The named process, those that are selected with it, all that descend from any. */
struct tree {
	struct task_struct **task;	/* referenced */
	unsigned int count, room;
};

static int reserve(struct tree *tree, unsigned int more)
{
	struct task_struct **task;

	if (tree->count + more <= tree->room)
		return 0;
	if (tree->count + more > PROCMIG_PLAN_MAX)
		return -E2BIG;
	tree->room = 2 * (tree->count + more);
	task = kvmalloc_array(tree->room, sizeof(*task), GFP_KERNEL);
	if (!task)
		return -ENOMEM;
	if (tree->count)
		memcpy(task, tree->task, tree->count * sizeof(*task));
	kvfree(tree->task);
	tree->task = task;
	return 0;
}

static bool is_listed(const struct tree *tree, unsigned int count, struct task_struct *task)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (tree->task[i] == task)
			return true;
	return false;
}

/*
 * The children of @parent, or without one the selected processes.  Only what is
 * selected can have been met before: as the child of another, or as such.
 */
static int add(struct tree *tree, enum procmig_selection selection, struct task_struct *parent)
{
	struct task_struct *first = tree->task[0], **new;
	unsigned int got, room, i, before = tree->count;
	int ret;

	for (;;) {
		room = tree->room - before;
		new = tree->task + before;
		got = parent ? procmig_compat_children(parent, new, room) :
			       procmig_selected(selection, first, new, room);
		if (got <= room)
			break;
		while (room)
			put_task_struct(new[--room]);
		ret = reserve(tree, got);
		if (ret)
			return ret;
	}
	for (i = 0; i < got; i++)
		if (procmig_is_selected(selection, first, new[i]) &&
		    is_listed(tree, before, new[i]))
			put_task_struct(new[i]);
		else
			tree->task[tree->count++] = new[i];
	return 0;
}

static int collect(struct tree *tree, enum procmig_selection selection,
		   struct task_struct *named)
{
	unsigned int i;
	int ret;

	ret = reserve(tree, 16);
	if (ret)
		return ret;
	tree->task[tree->count++] = get_task_struct(named);
	ret = add(tree, selection, NULL);
	for (i = 0; !ret && i < tree->count; i++)
		ret = add(tree, selection, tree->task[i]);
	return ret;
}

static bool is_in(const struct tree *tree, pid_t pid)
{
	unsigned int i;

	for (i = 0; i < tree->count; i++)
		if (task_tgid_nr(tree->task[i]) == pid)
			return true;
	return false;
}

/* Several may be in one group. */
static void claim_once(struct procmig_inspection *inspection, pid_t number)
{
	const struct pid *pid;

	rcu_read_lock();
	pid = find_pid_ns(number, &init_pid_ns);
	rcu_read_unlock();
	if (!pid || procmig_is_clear(inspection, pid))
		return;
	procmig_clear(inspection, pid);
	procmig_claim_number(inspection, number);
}

static void inspect_leader(struct procmig_inspection *inspection, const struct tree *tree,
			   const char *of, pid_t leader, pid_t of_first)
{
	/* No number: it has gone meanwhile. */
	if (!leader || leader == of_first || is_in(tree, leader))
		return;
	if (procmig_has_gone(leader))
		claim_once(inspection, leader);
	else
		procmig_obstacle(inspection, PROCMIG_SUBSYSTEM_CORE, PROCMIG_OBSTACLE_SHARED,
				 leader, "the leader of %s %d stays behind", of, leader);
}

/* As core/plan.c gives everyone its place: with a leader, or with the first process. */
static void inspect_place(struct procmig_inspection *inspection, const struct tree *tree)
{
	struct task_struct *task = inspection->task, *first = tree->task[0];
	pid_t group, session, first_group, first_session;

	rcu_read_lock();
	group = task_pgrp_nr_ns(task, &init_pid_ns);
	session = task_session_nr_ns(task, &init_pid_ns);
	first_group = task_pgrp_nr_ns(first, &init_pid_ns);
	first_session = task_session_nr_ns(first, &init_pid_ns);
	rcu_read_unlock();
	inspect_leader(inspection, tree, "process group", group, first_group);
	inspect_leader(inspection, tree, "session", session, first_session);
}

/*
 * A descendant that ends meanwhile is no obstacle, whatever it looks like while it
 * does: then what was said of it is taken back.
 */
static int inspect_member(struct procmig_inspection *inspection, const struct tree *tree,
			  const struct procmig_subsystem_set *set, unsigned int i)
{
	struct task_struct *task = tree->task[i];
	const struct procmig_findings before = inspection->findings;
	int ret = 0;

	inspection->task = task;
	inspection->member = i;
	/* A zombie has nothing but its exit code. */
	if (!i || !READ_ONCE(task->exit_state))
		ret = procmig_inspect_task(inspection, set);
	if (i && !atomic_read(&task->signal->live)) {
		procmig_inspection_take_back(inspection, &before);
		ret = 0;
	}
	inspect_place(inspection, tree);
	return ret;
}

static void inspect_selection(struct procmig_inspection *inspection)
{
	const char *why = procmig_selection_refused(inspection->selection, inspection->task);

	if (why)
		procmig_obstacle(inspection, PROCMIG_SUBSYSTEM_CORE,
				 PROCMIG_OBSTACLE_UNSUPPORTED,
				 task_pid_vnr(inspection->task),
				 "nothing is selected with process %d: %s",
				 task_pid_vnr(inspection->task), why);
}

static int inspect_all(struct procmig_inspection *inspection,
		       const struct procmig_subsystem_set *set, const struct tree *tree)
{
	unsigned int i;
	int ret;

	ret = procmig_inspection_begin(inspection, set);
	if (ret)
		return ret;
	inspect_selection(inspection);
	inspection->processes = tree->count;
	ret = procmig_scope_fill(&inspection->scope, tree->task, tree->count);
	for (i = 0; !ret && i < tree->count; i++)
		ret = inspect_member(inspection, tree, set, i);
	inspection->task = tree->task[0];
	procmig_scope_clear(&inspection->scope);
	procmig_inspection_end(inspection);
	return ret;
}

/* As the caller numbers them; no number for those that it cannot see any more. */
static int list_pids(struct procmig_inspection *inspection, const struct tree *tree)
{
	unsigned int count = min(inspection->pid_room, tree->count), i;

	if (!count)
		return 0;
	inspection->pids = kvmalloc_array(count, sizeof(*inspection->pids), GFP_KERNEL);
	if (!inspection->pids)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		inspection->pids[i] = task_tgid_vnr(tree->task[i]);
	inspection->pid_count = count;
	return 0;
}

int procmig_inspect_frozen(struct procmig_inspection *inspection,
			   const struct procmig_subsystem_set *set,
			   struct task_struct *const *leaders, unsigned int count)
{
	const struct tree tree = { .task = (struct task_struct **)leaders, .count = count };

	return inspect_all(inspection, set, &tree);
}

int procmig_inspect_tree(struct procmig_inspection *inspection,
			 const struct procmig_subsystem_set *set)
{
	struct tree tree = {};
	int ret;

	ret = collect(&tree, inspection->selection, inspection->task);
	if (!ret)
		ret = list_pids(inspection, &tree);
	if (!ret)
		ret = inspect_all(inspection, set, &tree);
	while (tree.count)
		put_task_struct(tree.task[--tree.count]);
	kvfree(tree.task);
	return ret;
}
