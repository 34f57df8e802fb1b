// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions, process groups and control groups.  Each is that of the process that
 * was named, at the moment of the look: until it stands still it may change them.
 */
#include <linux/cgroup.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "selection.h"

static struct pid *id_of(enum procmig_selection selection, struct task_struct *leader)
{
	return selection == PROCMIG_SELECT_SESSION ? task_session(leader) :
						     task_pgrp(leader);
}

/* Kernel threads, and what the kernel starts, have the number 0. */
static bool has_id(enum procmig_selection selection, struct task_struct *named)
{
	return pid_nr(id_of(selection, named));
}

static bool has_same_id(enum procmig_selection selection, struct task_struct *named,
			struct task_struct *leader)
{
	return has_id(selection, named) &&
	       id_of(selection, leader) == id_of(selection, named);
}

/* The root cgroup is the whole machine: nobody can mean that. */
static bool has_cgroup(struct task_struct *named)
{
	return cgroup_parent(task_dfl_cgroup(named));
}

static bool is_in_cgroup_of(struct task_struct *named, struct task_struct *leader)
{
	return has_cgroup(named) &&
	       cgroup_is_descendant(task_dfl_cgroup(leader), task_dfl_cgroup(named));
}

/* What has ended waits for its parent alone. */
static bool has_ended(struct task_struct *leader)
{
	return READ_ONCE(leader->exit_state) && thread_group_empty(leader);
}

bool procmig_is_selected(enum procmig_selection selection, struct task_struct *named,
			 struct task_struct *leader)
{
	bool is = false;

	rcu_read_lock();
	switch (selection) {
	case PROCMIG_SELECT_TREE:
		is = leader == named;
		break;
	case PROCMIG_SELECT_SESSION:
	case PROCMIG_SELECT_GROUP:
		is = has_same_id(selection, named, leader);
		break;
	case PROCMIG_SELECT_CGROUP:
		is = is_in_cgroup_of(named, leader);
		break;
	}
	rcu_read_unlock();
	return is;
}

unsigned int procmig_selected(enum procmig_selection selection, struct task_struct *named,
			      struct task_struct **leaders, unsigned int room)
{
	struct task_struct *leader;
	unsigned int count = 0;

	/* There is one already. */
	if (selection == PROCMIG_SELECT_TREE)
		return 0;
	rcu_read_lock();
	for_each_process(leader)
		if (!has_ended(leader) && procmig_is_selected(selection, named, leader) &&
		    count++ < room)
			leaders[count - 1] = get_task_struct(leader);
	rcu_read_unlock();
	return count;
}

const char *procmig_selection_refused(enum procmig_selection selection,
				      struct task_struct *named)
{
	if (procmig_is_selected(selection, named, named))
		return NULL;
	switch (selection) {
	case PROCMIG_SELECT_TREE:
		break;
	case PROCMIG_SELECT_SESSION:
		return "it is in no session";
	case PROCMIG_SELECT_GROUP:
		return "it is in no process group";
	case PROCMIG_SELECT_CGROUP:
		return "it is in the root cgroup, which is the whole machine: give what shall move a cgroup v2 of its own";
	}
	return "the selection is unknown";
}
