// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controlling terminal of a process.  Terminals are open files: the master of
 * a pseudo-terminal, which keeps it alive, tells which one it is.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <procmig/open_file.h>
#include <procmig/terminal.h>

#include "task.h"

/* Referenced, or NULL. */
static struct tty_struct *controlling_terminal(struct task_struct *task)
{
	struct sighand_struct *sighand;
	struct tty_struct *tty = NULL;

	rcu_read_lock();
	sighand = rcu_dereference(task->sighand);
	if (sighand) {
		spin_lock_irq(&sighand->siglock);
		/* Somebody else's by now, if the process has just ended. */
		if (sighand == rcu_access_pointer(task->sighand))
			tty = tty_kref_get(task->signal->tty);
		spin_unlock_irq(&sighand->siglock);
	}
	rcu_read_unlock();
	return tty;
}

static bool has_open(struct task_struct *task, const struct file *file)
{
	struct file *held;
	unsigned int fd;

	rcu_read_lock();
	for (fd = 0; (held = procmig_compat_next_file(task, &fd)); fd++)
		if (held == file)
			break;
	rcu_read_unlock();
	return held;
}

/* The terminal's master, referenced, if a process inside has it open, or NULL. */
static struct file *find_master(const struct procmig_scope *scope, struct tty_struct *tty)
{
	struct task_struct *task;
	struct file *file;
	unsigned int n;

	file = procmig_terminal_is_slave(tty) ? procmig_terminal_file(tty->link) : NULL;
	for (n = 0; file && (task = procmig_scope_at(scope, n)); n++)
		if (has_open(task, file))
			return file;
	if (file)
		fput(file);
	return NULL;
}

/* ---- source -------------------------------------------------------------- */

bool task_terminal_is_outside(struct procmig_inspection *inspection)
{
	struct tty_struct *tty = controlling_terminal(procmig_inspected_task(inspection));
	struct file *master;

	if (!tty)
		return false;
	master = find_master(procmig_inspected_scope(inspection), tty);
	tty_kref_put(tty);
	if (master)
		fput(master);
	return !master;
}

int task_gather_terminal(struct procmig_process *process)
{
	struct task_process *state = procmig_private(process, &task_subsystem);
	struct tty_struct *tty = controlling_terminal(procmig_task(process));
	struct file *master;
	int ret;

	if (!tty)
		return 0;
	master = find_master(procmig_scope(process), tty);
	tty_kref_put(tty);
	if (!master)
		return procmig_fail(process, task_subsystem.id, -EOPNOTSUPP,
				    "the master of the controlling terminal is outside");
	ret = procmig_file_announce(process, master, &state->terminal);
	state->has_terminal = !ret;
	fput(master);
	return ret;
}

int task_emit_terminal(struct procmig_process *process)
{
	struct task_process *state = procmig_private(process, &task_subsystem);
	const struct procmig_task_terminal body = { .master = state->terminal };

	if (!state->has_terminal)
		return 0;
	return task_emit(process, PROCMIG_TASK_TERMINAL, &body, sizeof(body), NULL, 0);
}

/* ---- target -------------------------------------------------------------- */

int task_take_terminal(struct procmig_process *process,
		       const struct procmig_record *record)
{
	struct procmig_task_terminal wanted;
	struct tty_struct *tty;
	struct file *file;
	int ret;

	if (record->length != sizeof(wanted))
		return task_refuse(process, "a task record of wrong length");
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, &wanted, sizeof(wanted));
	if (ret)
		return ret;
	file = procmig_file_find(process, wanted.master);
	if (!file || wanted.reserved || !procmig_terminal_is_master(file))
		return task_refuse(process, "a controlling terminal");
	tty = tty_kref_get(procmig_terminal_of(file)->link);
	spin_lock_irq(&procmig_compat_sighand(current)->siglock);
	swap(current->signal->tty, tty);
	spin_unlock_irq(&procmig_compat_sighand(current)->siglock);
	tty_kref_put(tty);
	return 0;
}
