// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that job control has stopped, at the gate.
 *
 * Task work does not wake such a thread, and one that is simply woken would take
 * its pending signals.  The trap of the control groups' freezer is checked before
 * those and does run task work: with it set, the thread goes from its stop inside
 * get_signal() to the gate inside get_signal(), and nothing else happens to it.
 *
 * At the gate it is still marked as stopped.  So whoever sends it a signal treats
 * it as such, a SIGCONT takes the mark away, and SIGKILL kills it.  What the mark
 * says when the gate opens is what the thread does.
 */
#include <linux/cgroup.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>
#include <procmig/compat.h>

#include "quiesce.h"

static bool is_due(struct procmig_thread *thread)
{
	return thread->task->jobctl & JOBCTL_STOPPED && !thread->at_gate &&
	       !fatal_signal_pending(thread->task);
}

void procmig_rouse(struct procmig_thread *thread)
{
	struct task_struct *task = thread->task;
	struct sighand_struct *sighand;
	unsigned long flags;

	if (!(READ_ONCE(task->jobctl) & JOBCTL_STOPPED) || READ_ONCE(thread->at_gate))
		return;
	/* A task that ends drops it; the memory stays one until the RCU unlock. */
	rcu_read_lock();
	sighand = rcu_dereference(task->sighand);
	if (!sighand)
		goto out;
	spin_lock_irqsave(&sighand->siglock, flags);
	/* From now on it must come: without its work it would wait in the trap. */
	if (sighand == rcu_access_pointer(task->sighand) && is_due(thread)) {
		thread->roused = true;
		task->jobctl |= JOBCTL_TRAP_FREEZE;
		procmig_compat_wake_stopped(task);
	}
	spin_unlock_irqrestore(&sighand->siglock, flags);
out:
	rcu_read_unlock();
}

void procmig_rouse_all(struct procmig_request *request)
{
	struct procmig_process *process;
	struct procmig_thread *thread;

	list_for_each_entry(process, &request->processes, node)
		list_for_each_entry(thread, &process->threads, node)
			procmig_rouse(thread);
}

static bool is_frozen_by_cgroup(void)
{
	bool frozen;

	rcu_read_lock();
	frozen = test_bit(CGRP_FREEZE, &task_dfl_cgroup(current)->flags);
	rcu_read_unlock();
	return frozen;
}

void procmig_stop_at_gate(struct procmig_thread *thread)
{
	spin_lock_irq(&procmig_compat_sighand(current)->siglock);
	WRITE_ONCE(thread->at_gate, true);
	/* It may be the freezer's own trap as well. */
	if (thread->roused && !is_frozen_by_cgroup())
		current->jobctl &= ~JOBCTL_TRAP_FREEZE;
	spin_unlock_irq(&procmig_compat_sighand(current)->siglock);
}

void procmig_stop_behind_gate(struct procmig_thread *thread)
{
	if (!thread->roused)
		return;
	spin_lock_irq(&procmig_compat_sighand(current)->siglock);
	if (current->jobctl & JOBCTL_STOPPED) {
		current->jobctl &= ~JOBCTL_STOPPED;
		if (!(current->flags & PF_EXITING) && !fatal_signal_pending(current))
			current->jobctl |= JOBCTL_STOP_PENDING;
	}
	spin_unlock_irq(&procmig_compat_sighand(current)->siglock);
}
