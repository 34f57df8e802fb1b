// SPDX-License-Identifier: GPL-2.0-only
/* What the two ends of a pseudo-terminal are set to, and whom it controls. */
#include <linux/dcache.h>
#include <linux/sched/signal.h>
#include <linux/uidgid.h>

#include "pty.h"

static const struct {
	unsigned int bit;
	bool slave;
	u32 flag;
} bits[] = {
	{ TTY_PTY_LOCK, false, PROCMIG_PTY_LOCKED },
	{ TTY_EXCLUSIVE, false, PROCMIG_PTY_MASTER_EXCLUSIVE },
	{ TTY_EXCLUSIVE, true, PROCMIG_PTY_SLAVE_EXCLUSIVE },
	/* the master is told that the slave, which it had seen, is gone */
	{ TTY_OTHER_CLOSED, false, PROCMIG_PTY_SLAVE_CLOSED },
};

static u32 flow_of(struct tty_struct *tty, u32 stopped, u32 suspended)
{
	return (tty->flow.stopped ? stopped : 0) | (tty->flow.tco_stopped ? suspended : 0);
}

/* Of /dev/pts/N; it goes when the master is closed. */
static struct inode *inode_of(const struct tty_struct *slave)
{
	struct dentry *dentry = slave->driver_data;

	return dentry ? d_inode(dentry) : NULL;
}

static void describe_owner(const struct tty_struct *slave,
			   struct procmig_file_pty_state *state)
{
	const struct inode *inode = inode_of(slave);

	if (!inode)
		return;
	state->mode = inode->i_mode;
	state->uid = i_uid_read(inode);
	state->gid = i_gid_read(inode);
}

void pty_describe(struct tty_struct *master, struct procmig_file_pty_state *state)
{
	struct tty_struct *slave = master->link;
	unsigned int i;

	BUILD_BUG_ON(sizeof(struct ktermios) != PROCMIG_TERMIOS_BYTES);
	BUILD_BUG_ON(sizeof(struct winsize) != sizeof(state->window));
	down_read(&slave->termios_rwsem);
	memcpy(state->termios, &slave->termios, sizeof(state->termios));
	memcpy(state->locked, &slave->termios_locked, sizeof(state->locked));
	up_read(&slave->termios_rwsem);
	memcpy(state->window, &slave->winsize, sizeof(state->window));
	for (i = 0; i < ARRAY_SIZE(bits); i++)
		if (test_bit(bits[i].bit, &(bits[i].slave ? slave : master)->flags))
			state->flags |= bits[i].flag;
	if (master->ctrl.packet)
		state->flags |= PROCMIG_PTY_PACKET;
	state->flags |= flow_of(slave, PROCMIG_PTY_SLAVE_STOPPED,
				PROCMIG_PTY_SLAVE_SUSPENDED);
	state->flags |= flow_of(master, PROCMIG_PTY_MASTER_STOPPED,
				PROCMIG_PTY_MASTER_SUSPENDED);
	state->packet_status = slave->ctrl.pktstatus;
	spin_lock_irq(&slave->ctrl.lock);
	state->session = pid_nr(slave->ctrl.session);
	state->group = pid_nr(slave->ctrl.pgrp);
	spin_unlock_irq(&slave->ctrl.lock);
	describe_owner(slave, state);
}

bool pty_state_ok(const struct procmig_file_pty_state *state)
{
	return !(state->flags & ~PROCMIG_PTY_FLAGS) && state->packet_status <= U8_MAX &&
	       state->session >= 0 && state->group >= 0 &&
	       (state->session || !state->group) && S_ISCHR(state->mode) &&
	       uid_valid(make_kuid(&init_user_ns, state->uid)) &&
	       gid_valid(make_kgid(&init_user_ns, state->gid));
}

/* ---- target -------------------------------------------------------------- */

/* What setting the foreground group asks for: somebody of it is in the session. */
static bool is_in_session(struct pid *group, struct pid *session)
{
	struct task_struct *member;
	bool is;

	rcu_read_lock();
	member = pid_task(group, PIDTYPE_PGID);
	is = member && task_session(member) == session;
	rcu_read_unlock();
	return is;
}

static int set_session(struct tty_struct *slave, const struct procmig_file_pty_state *state)
{
	struct pid *session, *group = NULL;
	int ret = 0;

	if (!state->session)
		return 0;
	session = find_get_pid(state->session);
	if (state->group)
		group = find_get_pid(state->group);
	if (!session || (state->group && (!group || !is_in_session(group, session)))) {
		ret = -ESRCH;
	} else {
		tty_lock(slave);
		spin_lock_irq(&slave->ctrl.lock);
		swap(slave->ctrl.session, session);
		swap(slave->ctrl.pgrp, group);
		spin_unlock_irq(&slave->ctrl.lock);
		tty_unlock(slave);
	}
	put_pid(session);
	put_pid(group);
	return ret;
}

static void set_flow(struct tty_struct *tty, bool stopped, bool suspended)
{
	spin_lock_irq(&tty->flow.lock);
	tty->flow.stopped = stopped || suspended;
	tty->flow.tco_stopped = suspended;
	spin_unlock_irq(&tty->flow.lock);
}

static void set_window(struct tty_struct *tty, const struct procmig_file_pty_state *state)
{
	mutex_lock(&tty->winsize_mutex);
	memcpy(&tty->winsize, state->window, sizeof(tty->winsize));
	mutex_unlock(&tty->winsize_mutex);
}

/* Behind everything that the terminal would report in a packet of its own. */
static void set_packet_mode(struct tty_struct *master,
			    const struct procmig_file_pty_state *state)
{
	spin_lock_irq(&master->link->ctrl.lock);
	master->link->ctrl.pktstatus = state->packet_status;
	spin_unlock_irq(&master->link->ctrl.lock);
	spin_lock_irq(&master->ctrl.lock);
	master->ctrl.packet = !!(state->flags & PROCMIG_PTY_PACKET);
	spin_unlock_irq(&master->ctrl.lock);
}

/* Whoever opens it by its path again must be allowed to. */
static void set_owner(struct tty_struct *slave, const struct procmig_file_pty_state *state)
{
	struct inode *inode = inode_of(slave);

	if (!inode)
		return;
	inode_lock(inode);
	inode->i_mode = S_IFCHR | (state->mode & 07777);
	i_uid_write(inode, state->uid);
	i_gid_write(inode, state->gid);
	inode_unlock(inode);
}

int pty_set_up(struct tty_struct *master, const struct procmig_file_pty_state *state)
{
	struct tty_struct *slave = master->link;
	struct ktermios termios;
	unsigned int i;

	memcpy(&termios, state->termios, sizeof(termios));
	tty_set_termios(slave, &termios);
	down_write(&slave->termios_rwsem);
	memcpy(&slave->termios_locked, state->locked, sizeof(slave->termios_locked));
	up_write(&slave->termios_rwsem);
	set_window(slave, state);
	set_window(master, state);
	set_flow(slave, state->flags & PROCMIG_PTY_SLAVE_STOPPED,
		 state->flags & PROCMIG_PTY_SLAVE_SUSPENDED);
	set_flow(master, state->flags & PROCMIG_PTY_MASTER_STOPPED,
		 state->flags & PROCMIG_PTY_MASTER_SUSPENDED);
	for (i = 0; i < ARRAY_SIZE(bits); i++)
		assign_bit(bits[i].bit, &(bits[i].slave ? slave : master)->flags,
			   state->flags & bits[i].flag);
	set_packet_mode(master, state);
	set_owner(slave, state);
	return set_session(slave, state);
}
