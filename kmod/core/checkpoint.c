// SPDX-License-Identifier: GPL-2.0-only
/* The worker of a request on the source. */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/utsname.h>
#include <procmig/compat.h>

#include "identity.h"
#include "inspection.h"
#include "lanes.h"
#include "plan.h"
#include "stream.h"

static int emit_core(struct procmig_process *process, u16 type, void *body, size_t bytes)
{
	struct kvec part = { body, bytes };

	return procmig_emit(process, PROCMIG_CHANNEL_DEMAND, PROCMIG_SUBSYSTEM_CORE,
			    type, 1, &part, 1);
}

static int emit_hello(struct procmig_process *process)
{
	struct procmig_core_hello hello = {
		.stream_version = PROCMIG_STREAM_VERSION,
		.page_bytes = PAGE_SIZE,
		.xstate_bytes = procmig_compat_xstate_bytes(),
		.xfeatures = procmig_compat_xfeatures(),
		.processes = procmig_process_count(process->request),
	};

	memcpy(hello.token, process->request->token, sizeof(hello.token));
	strscpy(hello.kernel_release, init_utsname()->release,
		sizeof(hello.kernel_release));
	strscpy(hello.machine, init_utsname()->machine, sizeof(hello.machine));
	return emit_core(process, PROCMIG_CORE_HELLO, &hello, sizeof(hello));
}

static unsigned int count_threads(struct procmig_process *process)
{
	struct list_head *node;
	unsigned int count = 0;

	list_for_each(node, &process->threads)
		count++;
	return count;
}

static int emit_process(struct procmig_process *process)
{
	struct procmig_core_process body = {
		.pid = process->pid,
		.threads = count_threads(process),
		.bytes_total = process->request->bytes_total,
	};

	return emit_core(process, PROCMIG_CORE_PROCESS, &body, sizeof(body));
}

static int emit_end(struct procmig_process *process)
{
	struct procmig_core_end end;
	u64 boottime_ns;

	procmig_task_clocks(process->task, &end.monotonic_ns, &boottime_ns);
	return emit_core(process, PROCMIG_CORE_END, &end, sizeof(end));
}

static int emit_done(struct procmig_process *process,
		     const struct procmig_subsystem *subsystem)
{
	struct procmig_core_done done = {
		.subsystem = subsystem->id,
		.entities = atomic64_read(&process->request->entities_done),
	};

	if (procmig_request_state(process->request) == PROCMIG_STATE_ABORTING)
		return -ECANCELED;
	return emit_core(process, PROCMIG_CORE_DONE, &done, sizeof(done));
}

static int emit_subsystem(struct procmig_process *process,
			  const struct procmig_subsystem *subsystem)
{
	int step;

	do {
		step = subsystem->checkpoint(process);
		if (step < 0)
			return step;
		if (procmig_request_state(process->request) == PROCMIG_STATE_ABORTING)
			return -ECANCELED;
	} while (step == PROCMIG_MORE);
	return emit_done(process, subsystem);
}

static int emit_thread(struct procmig_thread *thread)
{
	struct procmig_process *process = thread->process;
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	struct procmig_core_thread body = { .tid = thread->tid };
	unsigned int i;
	int ret;

	ret = procmig_thread_setup(thread);
	if (ret)
		return ret;
	process->about = thread->tid;
	ret = emit_core(process, PROCMIG_CORE_THREAD, &body, sizeof(body));
	for (i = 0; !ret && i < set->count; i++) {
		if (!set->subsystem[i]->checkpoint_thread)
			continue;
		ret = set->subsystem[i]->checkpoint_thread(thread);
		if (!ret)
			ret = emit_done(process, set->subsystem[i]);
	}
	process->about = process->pid;
	return ret;
}

static int emit_whole_process(struct procmig_process *process)
{
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	struct procmig_thread *thread;
	unsigned int i;
	int ret;

	ret = emit_process(process);
	for (i = 0; !ret && i < set->count; i++)
		ret = emit_subsystem(process, set->subsystem[i]);
	if (ret)
		return ret;
	list_for_each_entry(thread, &process->threads, node) {
		ret = emit_thread(thread);
		if (ret)
			return ret;
	}
	procmig_lane_send(process);
	/* The target makes it while we look at the next one. */
	return procmig_flush(process->request);
}

static void give_up(struct procmig_process *process, int error)
{
	procmig_request_abort(process->request, PROCMIG_SUBSYSTEM_CORE, error,
			      "the checkpoint of pid %d failed (%d)", process->pid, error);
}

static int emit_bulk(struct procmig_process *process)
{
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	unsigned int i;
	int step;

	for (i = 0; i < set->count; i++) {
		if (!set->subsystem[i]->checkpoint_bulk)
			continue;
		do {
			step = set->subsystem[i]->checkpoint_bulk(process);
			if (step < 0)
				return step;
			if (procmig_request_state(process->request) == PROCMIG_STATE_ABORTING)
				return -ECANCELED;
		} while (step == PROCMIG_MORE);
	}
	return procmig_flush_bulk(process);
}

/* In a worker of its own, beside everything about other processes. */
static void send_bulk(struct procmig_process *process)
{
	int ret = emit_bulk(process);

	/* The others stop, too. */
	if (ret)
		give_up(process, ret);
}

/*
 * Twice: before the freeze, because what can be seen without one is not worth
 * one, and a kernel thread would never come to the gate; and on the processes
 * that stand still, because of what has come up since.
 */
static int inspect(struct procmig_request *request, struct task_struct *const *frozen,
		   unsigned int count)
{
	struct procmig_process *first = procmig_first_process(request);
	struct procmig_inspection inspection = {
		.task = first->task,
		.selection = request->selection,
		.mechanisms = request->mechanisms,
		.mechanism_count = request->mechanism_count,
	};
	int ret;

	ret = frozen ? procmig_inspect_frozen(&inspection, &request->subsystems, frozen, count) :
		       procmig_inspect_tree(&inspection, &request->subsystems);
	if (ret)
		return procmig_fail(first, PROCMIG_SUBSYSTEM_CORE, ret,
				    "pid %d could not be inspected (%d)",
				    first->pid, ret);
	if (inspection.count)
		return procmig_fail(first, inspection.first_subsystem, -EOPNOTSUPP,
				    "%s", inspection.first);
	request->bytes_total = inspection.memory_bytes;
	return 0;
}

/* Who takes part is settled; whoever joins now stays behind. */
static int settle_scope(struct procmig_request *request)
{
	unsigned int count = procmig_process_count(request), i = 0;
	struct procmig_process *process;
	struct task_struct **leaders;
	int ret;

	leaders = kvmalloc_array(count, sizeof(*leaders), GFP_KERNEL);
	if (!leaders)
		return -ENOMEM;
	list_for_each_entry(process, &request->processes, node)
		leaders[i++] = process->task;
	ret = procmig_scope_fill(&request->scope, leaders, count);
	if (!ret)
		ret = inspect(request, leaders, count);
	kvfree(leaders);
	return ret;
}

/* What processes share has to be known before the first of them is sent. */
static int gather(struct procmig_request *request)
{
	const struct procmig_subsystem_set *set = &request->subsystems;
	struct procmig_process *process;
	unsigned int i;
	int ret;

	ret = procmig_event_setup(request);
	list_for_each_entry(process, &request->processes, node)
		if (!ret && !process->zombie)
			ret = procmig_process_setup(process);
	for (i = 0; i < set->count; i++) {
		if (!set->subsystem[i]->gather)
			continue;
		list_for_each_entry(process, &request->processes, node)
			if (!ret && !process->zombie)
				ret = set->subsystem[i]->gather(process);
	}
	return ret;
}

static int emit_everything(struct procmig_request *request)
{
	struct procmig_process *first = procmig_first_process(request), *process;
	int ret;

	ret = settle_scope(request);
	if (!ret)
		ret = emit_hello(first);
	if (!ret)
		ret = procmig_plan_emit(request);
	/* In the order of the plan, which the target knows them by. */
	if (!ret)
		procmig_lanes_start(request, send_bulk);
	/* The stub makes the tasks while we look at the processes. */
	if (!ret)
		ret = procmig_flush(request);
	if (!ret)
		ret = gather(request);
	if (ret)
		return ret;
	list_for_each_entry(process, &request->processes, node) {
		ret = process->zombie ? 0 : emit_whole_process(process);
		if (ret)
			return ret;
	}
	ret = emit_end(first);
	return ret ?: procmig_flush(request);
}

static int send_everything(struct procmig_request *request)
{
	int ret = emit_everything(request);

	/* Else those who send the rest would not stop. */
	if (ret)
		give_up(procmig_first_process(request), ret);
	procmig_lanes_finish(request);
	return procmig_request_state(request) == PROCMIG_STATE_ABORTING ? -ECANCELED : ret;
}

static int freeze_and_send(struct procmig_request *request)
{
	struct procmig_process *process = procmig_first_process(request);
	int ret;

	ret = inspect(request, NULL, 0);
	if (!ret)
		ret = procmig_request_transition(request, PROCMIG_ON_START);
	if (!ret)
		ret = procmig_quiesce(request);
	if (!ret)
		ret = procmig_request_transition(request, PROCMIG_ON_QUIESCED);
	if (!ret) {
		procmig_progress(process, 0, 0);
		ret = send_everything(request);
	}
	if (!ret)
		ret = procmig_request_transition(request, PROCMIG_ON_SENT);
	if (!ret)
		procmig_progress(process, 0, 0);
	return ret;
}

static bool decided(struct procmig_request *request)
{
	enum procmig_state state = procmig_request_state(request);

	return state == PROCMIG_STATE_COMMITTED || state == PROCMIG_STATE_ABORTING;
}

static bool settled(struct procmig_request *request)
{
	return READ_ONCE(request->finish) ||
	       procmig_request_state(request) == PROCMIG_STATE_ABORTING;
}

/* The copy dies at the gate: not one more user instruction. */
static void finish(struct procmig_request *request)
{
	struct procmig_process *process;

	procmig_event_finish(request);
	list_for_each_entry(process, &request->processes, node)
		send_sig(SIGKILL, process->task, 1);
}

void procmig_run_source(struct procmig_request *request)
{
	struct procmig_process *process = procmig_first_process(request);
	struct procmig_gate *gate = &request->gate;
	int ret;

	ret = freeze_and_send(request);
	if (ret)
		give_up(process, ret);
	wait_event_idle(gate->moved, decided(request) || procmig_has_left(request));
	if (!decided(request))
		procmig_request_abort(request, PROCMIG_SUBSYSTEM_CORE, -ESRCH,
				      "pid %d was killed while it was frozen",
				      process->pid);
	procmig_watchdog_stop(request);
	if (procmig_request_state(request) == PROCMIG_STATE_COMMITTED) {
		wait_event_idle(gate->moved, settled(request));
		if (request->finish)
			finish(request);
	}
	procmig_event_cleanup(request);
	procmig_thaw(request);
	procmig_threads_free(request);
}
