// SPDX-License-Identifier: GPL-2.0-only
/* What stands against carrying a pseudo-terminal: somebody outside, mostly. */
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "pty.h"

/* The files that one end is open by; compared, not followed. */
struct opened {
	const struct file **file;
	unsigned int count;
};

static bool list_files(struct tty_struct *tty, struct opened *opened)
{
	struct tty_file_private *one;
	unsigned int room;

	/* One more than the kernel counts is one that has just come. */
	room = max(READ_ONCE(tty->count), 0) + 16;
	opened->count = 0;
	opened->file = kvmalloc_array(room, sizeof(*opened->file), GFP_KERNEL);
	if (!opened->file)
		return false;
	spin_lock(&tty->files_lock);
	list_for_each_entry(one, &tty->tty_files, list)
		if (opened->count < room)
			opened->file[opened->count++] = one->file;
	spin_unlock(&tty->files_lock);
	return true;
}

static bool is_one(struct file *file, const void *what)
{
	const struct opened *opened = what;
	unsigned int i;

	for (i = 0; i < opened->count; i++)
		if (opened->file[i] == file)
			return true;
	return false;
}

/* False: a file of it is about to go, or is where no descriptor is. */
static bool all_inside(struct procmig_file_inspection *at, struct tty_struct *tty,
		       const char *end)
{
	struct procmig_file_holder holder;
	struct opened opened;
	bool inside = true;

	/* Without memory: found at the latest by the checkpoint. */
	if (!list_files(tty, &opened))
		return true;
	if (procmig_file_find_holder(at, is_one, &opened, &holder))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "terminal: pid %d (%s) outside holds the %s of pts/%d as fd %u; migrate them together, or use mechanism Ignore",
				      holder.pid, holder.comm, end, tty->index, holder.fd);
	else
		inside = procmig_file_count(at, is_one, &opened) >= opened.count;
	kvfree(opened.file);
	return inside;
}

static void inspect_end(struct procmig_file_inspection *at, struct tty_struct *tty,
			const char *end)
{
	/* Closing takes a moment: somebody who has just done so gets another look. */
	if (!all_inside(at, tty, end) && !all_inside(at, tty, end))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "terminal: the %s of pts/%d is held by something that is no descriptor, as of a message in a socket",
				      end, tty->index);
}

static void inspect_discipline(struct procmig_file_inspection *at, struct tty_struct *tty)
{
	struct tty_ldisc *discipline = tty_ldisc_ref(tty);

	if (!discipline)
		return;
	if (discipline->ops->num != N_TTY)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "terminal: line discipline %d of pts/%d: no loaded subsystem carries it",
				      discipline->ops->num, tty->index);
	tty_ldisc_deref(discipline);
}

/* Whether the session's leader, or somebody of the group, is outside, or gone. */
static const char *find_stranger(const struct procmig_scope *scope, struct pid *session,
				 struct pid *group)
{
	struct task_struct *leader, *member;
	const char *what = NULL;

	rcu_read_lock();
	leader = pid_task(session, PIDTYPE_PID);
	member = group ? pid_task(group, PIDTYPE_PGID) : NULL;
	if (leader && !procmig_scope_has(scope, leader))
		what = "the leader of its session is outside";
	else if (group && !member)
		what = "its foreground process group has ended";
	else if (member && !procmig_scope_has(scope, member))
		what = "its foreground process group is outside";
	rcu_read_unlock();
	return what;
}

static void inspect_session(struct procmig_file_inspection *at, struct tty_struct *slave)
{
	struct pid *session, *group;
	const char *what = NULL;

	spin_lock_irq(&slave->ctrl.lock);
	session = get_pid(slave->ctrl.session);
	group = get_pid(slave->ctrl.pgrp);
	spin_unlock_irq(&slave->ctrl.lock);
	if (session)
		what = find_stranger(procmig_inspected_scope(at->inspection), session, group);
	if (what)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "terminal: pts/%d controls session %d: %s",
				      slave->index, pid_nr(session), what);
	put_pid(session);
	put_pid(group);
}

void pty_inspect(struct procmig_file_inspection *at, struct file *file)
{
	struct tty_struct *master = pty_master_of(file), *slave = master->link;

	inspect_end(at, slave, "slave");
	if (!READ_ONCE(master->count))
		return;
	inspect_end(at, master, "master");
	if (tty_hung_up_p(file)) {
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "terminal: hung up while the master of pts/%d is open: no loaded subsystem carries that",
				      slave->index);
		return;
	}
	inspect_discipline(at, slave);
	inspect_discipline(at, master);
	inspect_session(at, slave);
}
