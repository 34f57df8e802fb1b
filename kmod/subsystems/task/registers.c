// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers by the ptrace register sets, and system calls that were interrupted
 * by the quiescing.
 *
 * The task is parked inside get_signal().  Both the general registers and the
 * verdict of the call (-ERESTART... in ax, the call's number in orig_ax) travel
 * as they are: on the target the kernel's own exit path looks at them, so a
 * pending handler, SA_RESTART and the plain restart all come out as they would
 * have on the source.  Only the remainder of a wait needs our help.
 */
#include <linux/elf.h>
#include <linux/ktime.h>
#include <linux/regset.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <asm/user_64.h>

#include "task.h"

/* kernel/futex/futex.h, in the kernel since 2.6: not a user ABI, but constant. */
#define FUTEX_FLAG_CLOCKRT	0x02
#define FUTEX_FLAG_HAS_TIMEOUT	0x04
#define FUTEX_FLAGS		0x07	/* these and FLAGS_SHARED */

static const struct user_regset *find_regset(struct task_struct *task, unsigned int note)
{
	const struct user_regset_view *view = task_user_regset_view(task);
	unsigned int i;

	for (i = 0; i < view->n; i++)
		if (view->regsets[i].core_note_type == note)
			return &view->regsets[i];
	return NULL;
}

/* ---- source -------------------------------------------------------------- */

static ktime_t clock_now(clockid_t clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
		return ktime_get_real();
	case CLOCK_BOOTTIME:
		return ktime_get_boottime();
	case CLOCK_TAI:
		return ktime_get_clocktai();
	default:
		return ktime_get();
	}
}

static u64 remaining(u64 deadline, ktime_t now)
{
	return max_t(s64, (s64)deadline - ktime_to_ns(now), 0);
}

static void describe_nanosleep(const struct restart_block *block,
			       struct procmig_task_restart *body)
{
	body->clock = block->nanosleep.clockid;
	body->remaining_ns = remaining(block->nanosleep.expires, clock_now(body->clock));
	body->user_pointer = (unsigned long)block->nanosleep.rmtp;
	body->user_type = block->nanosleep.type == TT_NATIVE;
}

static void describe_poll(const struct restart_block *block,
			  struct procmig_task_restart *body)
{
	u64 deadline = block->poll.tv_sec * NSEC_PER_SEC + block->poll.tv_nsec;

	body->user_pointer = (unsigned long)block->poll.ufds;
	body->count = block->poll.nfds;
	body->has_timeout = block->poll.has_timeout;
	body->remaining_ns = body->has_timeout ? remaining(deadline, ktime_get()) : 0;
}

static ktime_t futex_now(u32 flags)
{
	return flags & FUTEX_FLAG_CLOCKRT ? ktime_get_real() : ktime_get();
}

static void describe_futex(const struct restart_block *block,
			   struct procmig_task_restart *body)
{
	body->user_pointer = (unsigned long)block->futex.uaddr;
	body->futex_value = block->futex.val;
	body->futex_flags = block->futex.flags;
	body->futex_bitset = block->futex.bitset;
	body->has_timeout = !!(block->futex.flags & FUTEX_FLAG_HAS_TIMEOUT);
	body->remaining_ns = remaining(block->futex.time,
				       futex_now(block->futex.flags));
}

static int emit_restart(struct procmig_thread *thread,
			const struct user_regs_struct *regs)
{
	struct procmig_process *process = procmig_thread_process(thread);
	struct task_struct *task = procmig_thread_task(thread);
	const struct restart_block *block = &task->restart_block;
	struct procmig_task_restart body = {};

	if ((long)regs->orig_ax >= 0 && (long)regs->ax == -ERESTART_RESTARTBLOCK) {
		body.kind = procmig_compat_restart_kind(block);
		switch (body.kind) {
		case PROCMIG_RESTART_NANOSLEEP:
			describe_nanosleep(block, &body);
			break;
		case PROCMIG_RESTART_POLL:
			describe_poll(block, &body);
			break;
		case PROCMIG_RESTART_FUTEX:
			describe_futex(block, &body);
			break;
		default:
			return procmig_fail(process, task_subsystem.id, -EOPNOTSUPP,
					    "thread %d: system call %lu waits in a way that no loaded subsystem carries; try again when it has returned",
					    task_pid_nr(task), regs->orig_ax);
		}
	}
	return task_emit(process, PROCMIG_TASK_RESTART, &body, sizeof(body), NULL, 0);
}

int task_emit_registers(struct procmig_thread *thread)
{
	struct procmig_process *process = procmig_thread_process(thread);
	struct task_struct *task = procmig_thread_task(thread);
	const struct user_regset *general = find_regset(task, NT_PRSTATUS);
	const struct user_regset *extended = find_regset(task, NT_X86_XSTATE);
	u32 bytes = procmig_compat_xstate_bytes();
	struct user_regs_struct regs;
	void *xstate;
	int ret;

	BUILD_BUG_ON(sizeof(regs) != sizeof(struct procmig_task_registers));
	ret = regset_get(task, general, sizeof(regs), &regs);
	if (ret != sizeof(regs))
		return procmig_fail(process, task_subsystem.id, ret < 0 ? ret : -EIO,
				    "the general registers could not be read (%d)", ret);
	xstate = kvzalloc(bytes, GFP_KERNEL);
	if (!xstate)
		return -ENOMEM;
	ret = regset_get(task, extended, bytes, xstate);
	if (ret != bytes) {
		ret = procmig_fail(process, task_subsystem.id, ret < 0 ? ret : -EIO,
				   "the extended registers could not be read (%d)", ret);
		goto free;
	}
	ret = task_emit(process, PROCMIG_TASK_REGISTERS, &regs, sizeof(regs), NULL, 0);
	if (!ret)
		ret = task_emit(process, PROCMIG_TASK_XSTATE, xstate, bytes, NULL, 0);
	if (!ret)
		ret = emit_restart(thread, &regs);
free:
	kvfree(xstate);
	return ret;
}

/* ---- target -------------------------------------------------------------- */

int task_take_xstate(struct procmig_thread *thread, const struct procmig_record *record)
{
	struct procmig_process *process = procmig_thread_process(thread);
	struct task_thread *task = procmig_thread_private(thread, &task_subsystem);
	void *xstate;

	if (task->xstate || record->length != procmig_compat_xstate_bytes())
		return task_refuse(process, "the extended registers");
	xstate = procmig_take_body(process, record, record->length);
	if (IS_ERR(xstate))
		return PTR_ERR(xstate);
	task->xstate = xstate;
	task->xstate_bytes = record->length;
	return 0;
}

/* From the worker: the register sets refuse to write a running task's. */
int task_settle_registers(struct procmig_thread *thread)
{
	struct procmig_process *process = procmig_thread_process(thread);
	struct task_thread *task = procmig_thread_private(thread, &task_subsystem);
	struct task_struct *target = procmig_thread_task(thread);
	const struct user_regset *general = find_regset(target, NT_PRSTATUS);
	const struct user_regset *extended = find_regset(target, NT_X86_XSTATE);
	int ret;

	ret = extended->set(target, extended, 0, task->xstate_bytes, task->xstate, NULL);
	if (ret)
		return procmig_fail(process, task_subsystem.id, ret,
				    "the extended registers were refused (%d)", ret);
	ret = general->set(target, general, 0, sizeof(task->registers),
			   &task->registers, NULL);
	if (ret)
		return procmig_fail(process, task_subsystem.id, ret,
				    "the general registers were refused (%d)", ret);
	return 0;
}

bool task_restart_ok(const struct procmig_task_restart *restart)
{
	if (restart->kind > PROCMIG_RESTART_FUTEX || restart->remaining_ns > KTIME_MAX)
		return false;
	switch (restart->kind) {
	case PROCMIG_RESTART_NANOSLEEP:
		/* It becomes an index without further checks. */
		return restart->clock == CLOCK_REALTIME ||
		       restart->clock == CLOCK_MONOTONIC ||
		       restart->clock == CLOCK_BOOTTIME || restart->clock == CLOCK_TAI;
	case PROCMIG_RESTART_FUTEX:
		return !(restart->futex_flags & ~FUTEX_FLAGS);
	default:
		return true;
	}
}

void task_resume_call(const struct procmig_task_restart *restart)
{
	struct restart_block *block = &current->restart_block;
	struct timespec64 until;

	/* A wait without an end has KTIME_MAX left: ktime_add_safe() keeps it. */
	block->arch_data = 0;
	switch (restart->kind) {
	case PROCMIG_RESTART_NANOSLEEP:
		block->nanosleep.clockid = restart->clock;
		block->nanosleep.type = restart->user_type ? TT_NATIVE : TT_NONE;
		block->nanosleep.rmtp = u64_to_user_ptr(restart->user_pointer);
		block->nanosleep.expires = ktime_add_safe(clock_now(restart->clock),
							  restart->remaining_ns);
		break;
	case PROCMIG_RESTART_POLL:
		until = ktime_to_timespec64(ktime_add_safe(ktime_get(),
							   restart->remaining_ns));
		block->poll.ufds = u64_to_user_ptr(restart->user_pointer);
		block->poll.nfds = restart->count;
		block->poll.has_timeout = restart->has_timeout;
		block->poll.tv_sec = until.tv_sec;
		block->poll.tv_nsec = until.tv_nsec;
		break;
	case PROCMIG_RESTART_FUTEX:
		block->futex.uaddr = u64_to_user_ptr(restart->user_pointer);
		block->futex.val = restart->futex_value;
		block->futex.flags = restart->futex_flags;
		block->futex.bitset = restart->futex_bitset;
		block->futex.time = ktime_add_safe(futex_now(restart->futex_flags),
						   restart->remaining_ns);
		break;
	}
	procmig_compat_set_restart(block, restart->kind);
}
