/* SPDX-License-Identifier: GPL-2.0-only */
/* Who a process is, and what was chosen for its entities. */
#ifndef _PROCMIG_CORE_IDENTITY_H
#define _PROCMIG_CORE_IDENTITY_H

#include <uapi/procmig.h>

struct task_struct;

/*
 * The thread group leader with @pid in the caller's PID namespace, referenced.
 * @start_time: clock ticks as in /proc/PID/stat, 0 for any.
 * -ESRCH, or -ESTALE if the PID belongs to another process now.
 */
struct task_struct *procmig_task_by_identity(pid_t pid, u64 start_time);

/* CLOCK_MONOTONIC and CLOCK_BOOTTIME as @task sees them, in its time namespace. */
void procmig_task_clocks(struct task_struct *task, u64 *monotonic_ns, u64 *boottime_ns);

/* A copy of the caller's choices, NULL for none, or an ERR_PTR. */
struct procmig_mechanism *procmig_mechanisms_copy(u64 user, unsigned int count);

enum procmig_mechanism_kind
procmig_mechanisms_find(const struct procmig_mechanism *mechanisms,
			unsigned int count, u32 subsystem, u64 entity,
			enum procmig_mechanism_kind otherwise);

#endif /* _PROCMIG_CORE_IDENTITY_H */
