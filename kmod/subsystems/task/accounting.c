// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process and its threads have used: CPU time, page faults, switches; and what
 * those of its children that it has waited for had.  Set before anything that depends
 * on CPU time is started, which happens at the resume.
 */
#include <linux/sched/cputime.h>
#include <linux/sched/signal.h>

#include "task.h"

/* A few thousand years: what no process has used. */
#define TIME_MAX (1ULL << 62)

void task_save_usage(struct task_struct *task, struct procmig_task_usage *usage)
{
	*usage = (struct procmig_task_usage) {
		.user_ns = task->utime,
		.system_ns = task->stime,
		.guest_ns = task->gtime,
		.runtime_ns = task->se.sum_exec_runtime,
		.minor_faults = task->min_flt,
		.major_faults = task->maj_flt,
		.voluntary_switches = task->nvcsw,
		.involuntary_switches = task->nivcsw,
	};
}

int task_emit_accounting(struct procmig_process *process)
{
	const struct signal_struct *signal = procmig_task(process)->signal;
	const struct procmig_task_accounting body = {
		.ended = {
			.user_ns = signal->utime,
			.system_ns = signal->stime,
			.guest_ns = signal->gtime,
			.runtime_ns = signal->sum_sched_runtime,
			.minor_faults = signal->min_flt,
			.major_faults = signal->maj_flt,
			.voluntary_switches = signal->nvcsw,
			.involuntary_switches = signal->nivcsw,
		},
		.children = {
			.user_ns = signal->cutime,
			.system_ns = signal->cstime,
			.guest_ns = signal->cgtime,
			.minor_faults = signal->cmin_flt,
			.major_faults = signal->cmaj_flt,
			.voluntary_switches = signal->cnvcsw,
			.involuntary_switches = signal->cnivcsw,
		},
		.max_rss_pages = signal->maxrss,
		.children_max_rss_pages = signal->cmaxrss,
	};

	return task_emit(process, PROCMIG_TASK_ACCOUNTING, &body, sizeof(body), NULL, 0);
}

/* ---- target -------------------------------------------------------------- */

bool task_usage_ok(const struct procmig_task_usage *usage)
{
	return usage->user_ns < TIME_MAX && usage->system_ns < TIME_MAX &&
	       usage->guest_ns < TIME_MAX && usage->runtime_ns < TIME_MAX;
}

void task_take_usage(const struct procmig_task_usage *usage)
{
	/* The tick counts on, on this processor. */
	local_irq_disable();
	current->utime = usage->user_ns;
	current->stime = usage->system_ns;
	current->gtime = usage->guest_ns;
	/* How long it has been running at a stretch stays what it is. */
	current->se.prev_sum_exec_runtime += usage->runtime_ns - current->se.sum_exec_runtime;
	current->se.sum_exec_runtime = usage->runtime_ns;
	current->min_flt = usage->minor_faults;
	current->maj_flt = usage->major_faults;
	current->nvcsw = usage->voluntary_switches;
	current->nivcsw = usage->involuntary_switches;
	local_irq_enable();
}

int task_take_accounting(struct procmig_process *process, const struct procmig_record *record)
{
	struct signal_struct *signal = current->signal;
	struct procmig_task_accounting wanted;
	int ret;

	if (record->length != sizeof(wanted))
		return task_refuse(process, "a task record of wrong length");
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, &wanted, sizeof(wanted));
	if (ret)
		return ret;
	if (!task_usage_ok(&wanted.ended) || !task_usage_ok(&wanted.children))
		return task_refuse(process, "what the process has used");
	spin_lock_irq(&procmig_compat_sighand(current)->siglock);
	write_seqlock(&signal->stats_lock);
	signal->utime = wanted.ended.user_ns;
	signal->stime = wanted.ended.system_ns;
	signal->gtime = wanted.ended.guest_ns;
	signal->sum_sched_runtime = wanted.ended.runtime_ns;
	signal->min_flt = wanted.ended.minor_faults;
	signal->maj_flt = wanted.ended.major_faults;
	signal->nvcsw = wanted.ended.voluntary_switches;
	signal->nivcsw = wanted.ended.involuntary_switches;
	signal->cutime = wanted.children.user_ns;
	signal->cstime = wanted.children.system_ns;
	signal->cgtime = wanted.children.guest_ns;
	signal->cmin_flt = wanted.children.minor_faults;
	signal->cmaj_flt = wanted.children.major_faults;
	signal->cnvcsw = wanted.children.voluntary_switches;
	signal->cnivcsw = wanted.children.involuntary_switches;
	signal->maxrss = wanted.max_rss_pages;
	signal->cmaxrss = wanted.children_max_rss_pages;
	write_sequnlock(&signal->stats_lock);
	spin_unlock_irq(&procmig_compat_sighand(current)->siglock);
	return 0;
}
