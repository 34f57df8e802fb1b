// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>

#include "task.h"

static const struct procmig_kind kinds[] = {
	{ "general registers", PROCMIG_KIND_CARRIED, "incl. FS and GS base" },
	{ "extended registers", PROCMIG_KIND_CARRIED,
	  "x87, SSE, AVX ...; both processors must have the same" },
	{ "interrupted system calls", PROCMIG_KIND_CARRIED,
	  "restarted; nanosleep, poll and futex waits keep the remaining time" },
	{ "rseq, robust futex list, clear-child-tid", PROCMIG_KIND_CARRIED, NULL },
	{ "credentials", PROCMIG_KIND_CARRIED,
	  "IDs, groups, capabilities, securebits, no-new-privs, login of audit" },
	{ "resource limits, nice, comm, umask, personality", PROCMIG_KIND_CARRIED, NULL },
	{ "threads", PROCMIG_KIND_CARRIED, "with their TIDs; each with all of the above" },
	{ "scheduling", PROCMIG_KIND_CARRIED,
	  "policy, priority, processors that are there too; not SCHED_DEADLINE" },
	{ "parent death signal, subreaper", PROCMIG_KIND_CARRIED, NULL },
	{ "seccomp strict mode", PROCMIG_KIND_CARRIED, NULL },
	{ "seccomp filters", PROCMIG_KIND_CARRIED,
	  "shared by threads and children as before; without a listener" },
	{ "child processes", PROCMIG_KIND_CARRIED,
	  "with sessions and process groups, also of leaders that have ended, and zombies; what they share must be carried, too" },
	{ "CPU time and other use", PROCMIG_KIND_CARRIED,
	  "as of getrusage and the clocks of CPU time, of threads that have ended and of children, too; not when it was started" },
	{ "controlling terminal", PROCMIG_KIND_CARRIED, "whose master is inside" },
	{ "namespaces of its own", PROCMIG_KIND_PLANNED,
	  "all but the time namespace, which the stub makes" },
	{ "traced process", PROCMIG_KIND_REFUSED, "detach the debugger" },
	{ "32-bit program", PROCMIG_KIND_REFUSED, NULL },
	{ "io_uring", PROCMIG_KIND_REFUSED, "its rings are the kernel's memory" },
};

int task_emit(struct procmig_process *process, u16 type, const void *head,
	      size_t head_bytes, const void *tail, size_t tail_bytes)
{
	const struct kvec parts[] = {
		{ (void *)head, head_bytes },
		{ (void *)tail, tail_bytes },
	};

	return procmig_emit(process, PROCMIG_CHANNEL_DEMAND, task_subsystem.id, type,
			    TASK_VERSION, parts, tail_bytes ? 2 : 1);
}

int task_refuse(struct procmig_process *process, const char *what)
{
	return procmig_fail(process, task_subsystem.id, -EPROTO,
			    "the stream is damaged: %s", what);
}

static int task_setup_event(void *private)
{
	struct task_event *event = private;

	xa_init(&event->filter_numbers);
	return 0;
}

static void task_cleanup_event(void *private)
{
	task_forget_filters(private);
}

static int task_setup_thread(struct procmig_thread *thread)
{
	if (procmig_thread_task(thread) == current)
		task_detach_stub();
	return 0;
}

static int task_checkpoint(struct procmig_process *process)
{
	int ret = task_emit_attributes(process);

	if (!ret)
		ret = task_emit_accounting(process);
	return ret ?: task_emit_terminal(process);
}

static int task_checkpoint_thread(struct procmig_thread *thread)
{
	int ret;

	/* Filters are built with the stub's rights. */
	ret = task_emit_filters(thread);
	if (!ret)
		ret = task_emit_thread(thread);
	if (!ret)
		ret = task_emit_credentials(thread);
	if (!ret)
		ret = task_emit_registers(thread);
	if (!ret)
		procmig_progress(procmig_thread_process(thread), 0, 1);
	return ret;
}

static int task_restart(struct procmig_process *process,
			const struct procmig_record *record)
{
	switch (record->type) {
	case PROCMIG_TASK_ATTRIBUTES:
		return task_take_attributes(process, record);
	case PROCMIG_TASK_TERMINAL:
		return task_take_terminal(process, record);
	case PROCMIG_TASK_ACCOUNTING:
		return task_take_accounting(process, record);
	default:
		return PROCMIG_UNKNOWN;
	}
}

static int take(struct procmig_process *process, const struct procmig_record *record,
		void *body, size_t bytes)
{
	if (record->length != bytes)
		return task_refuse(process, "a task record of wrong length");
	return procmig_take(process, PROCMIG_CHANNEL_DEMAND, body, bytes);
}

static int task_restart_thread(struct procmig_thread *thread,
			       const struct procmig_record *record)
{
	struct procmig_process *process = procmig_thread_process(thread);
	struct task_thread *state = procmig_thread_private(thread, &task_subsystem);
	int ret;

	switch (record->type) {
	case PROCMIG_TASK_THREAD:
		return task_take_thread(thread, record);
	case PROCMIG_TASK_CREDENTIALS:
		return task_take_credentials(thread, record);
	case PROCMIG_TASK_FILTER:
		return task_take_filter(thread, record);
	case PROCMIG_TASK_FILTERED:
		return task_take_filtered(thread, record);
	case PROCMIG_TASK_REGISTERS:
		state->have_registers = true;
		return take(process, record, &state->registers, sizeof(state->registers));
	case PROCMIG_TASK_XSTATE:
		return task_take_xstate(thread, record);
	case PROCMIG_TASK_RESTART:
		ret = take(process, record, &state->restart, sizeof(state->restart));
		if (!ret && !task_restart_ok(&state->restart))
			ret = task_refuse(process, "an interrupted system call");
		return ret;
	default:
		return PROCMIG_UNKNOWN;
	}
}

static int task_settle(struct procmig_process *process)
{
	struct task_process *task = procmig_private(process, &task_subsystem);

	return task->have_attributes ? 0 :
	       task_refuse(process, "the process's attributes are missing");
}

static void task_resume(struct procmig_process *process)
{
	procmig_compat_watch_cpu_limit();
}

static int settle_thread(struct procmig_thread *thread)
{
	struct task_thread *state = procmig_thread_private(thread, &task_subsystem);

	if (!state->have_attributes || !state->have_credentials ||
	    !state->have_registers || !state->xstate || !task_seccomp_ok(state))
		return task_refuse(procmig_thread_process(thread),
				   "a thread's state is not complete");
	task_settle_thread(thread);
	return task_settle_registers(thread);
}

static void task_resume_thread(struct procmig_thread *thread)
{
	struct task_thread *state = procmig_thread_private(thread, &task_subsystem);

	task_resume_attributes(&state->attributes);
	task_resume_seccomp(state);
	task_resume_call(&state->restart);
}

static void task_cleanup_thread(struct procmig_thread *thread)
{
	struct task_thread *state = procmig_thread_private(thread, &task_subsystem);

	kvfree(state->xstate);
}

const struct procmig_subsystem task_subsystem = {
	.name = "task",
	.id = PROCMIG_SUBSYSTEM_TASK,
	.version = TASK_VERSION,
	.order = 400,
	.owner = THIS_MODULE,
	.private_bytes = sizeof(struct task_process),
	.event_private_bytes = sizeof(struct task_event),
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.inspect = task_inspect,
	.setup_event = task_setup_event,
	.cleanup_event = task_cleanup_event,
	.gather = task_gather_terminal,
	.checkpoint = task_checkpoint,
	.restart = task_restart,
	.settle = task_settle,
	.resume = task_resume,
	.thread_private_bytes = sizeof(struct task_thread),
	.setup_thread = task_setup_thread,
	.checkpoint_thread = task_checkpoint_thread,
	.restart_thread = task_restart_thread,
	.settle_thread = settle_thread,
	.resume_thread = task_resume_thread,
	.cleanup_thread = task_cleanup_thread,
};

static int __init task_init(void)
{
	return procmig_register_subsystem(&task_subsystem);
}

static void __exit task_exit(void)
{
	procmig_unregister_subsystem(&task_subsystem);
}

module_init(task_init);
module_exit(task_exit);
MODULE_DESCRIPTION("procmig: kernel subsystem, task");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
