// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/time_namespace.h>
#include <linux/uaccess.h>
#include <procmig/process.h>

#include "identity.h"

/* As fs/proc/array.c shows it to this caller. */
static u64 start_ticks(struct task_struct *task)
{
	u64 ns = timens_add_boottime_ns(task->group_leader->start_boottime);

	return div_u64(ns, NSEC_PER_SEC / USER_HZ);
}

struct task_struct *procmig_task_by_identity(pid_t pid, u64 start_time)
{
	struct task_struct *task = NULL;
	struct pid *id;

	if (pid <= 0)
		return ERR_PTR(-ESRCH);
	rcu_read_lock();
	id = find_vpid(pid);
	if (id)
		task = pid_task(id, PIDTYPE_TGID);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	if (!task)
		return ERR_PTR(-ESRCH);
	if (start_time && start_ticks(task) != start_time) {
		put_task_struct(task);
		return ERR_PTR(-ESTALE);
	}
	return task;
}

struct procmig_clock_offsets procmig_clock_offsets(struct task_struct *task)
{
	struct timens_offsets offsets = {};

	task_lock(task);
	if (task->nsproxy)
		offsets = task->nsproxy->time_ns->offsets;
	task_unlock(task);
	return (struct procmig_clock_offsets) {
		.monotonic_ns = timespec64_to_ns(&offsets.monotonic),
		.boottime_ns = timespec64_to_ns(&offsets.boottime),
	};
}
EXPORT_SYMBOL_GPL(procmig_clock_offsets);

void procmig_task_clocks(struct task_struct *task, u64 *monotonic_ns, u64 *boottime_ns)
{
	struct procmig_clock_offsets offsets = procmig_clock_offsets(task);

	*monotonic_ns = ktime_get_ns() + offsets.monotonic_ns;
	*boottime_ns = ktime_get_boottime_ns() + offsets.boottime_ns;
}

struct procmig_mechanism *procmig_mechanisms_copy(u64 user, unsigned int count)
{
	struct procmig_mechanism *mechanisms;
	unsigned int i;

	if (count > PROCMIG_MAX_MECHANISMS)
		return ERR_PTR(-EINVAL);
	if (!count)
		return NULL;
	mechanisms = vmemdup_user(u64_to_user_ptr(user), count * sizeof(*mechanisms));
	if (IS_ERR(mechanisms))
		return mechanisms;
	for (i = 0; i < count; i++)
		if (mechanisms[i].mechanism < PROCMIG_MECHANISM_IGNORE ||
		    mechanisms[i].mechanism > PROCMIG_MECHANISM_FORWARD) {
			kvfree(mechanisms);
			return ERR_PTR(-EINVAL);
		}
	return mechanisms;
}

enum procmig_mechanism_kind
procmig_mechanisms_find(const struct procmig_mechanism *mechanisms,
			unsigned int count, u32 subsystem, u64 entity,
			enum procmig_mechanism_kind otherwise)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (mechanisms[i].subsystem == subsystem &&
		    mechanisms[i].entity == entity)
			return mechanisms[i].mechanism;
	return otherwise;
}
