// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker of a request on the target, and the part that the task does on
 * itself: a stub that has entered is rebuilt into the process on its way back
 * to user mode, waits at the gate for the decision, and leaves as the process.
 */
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <procmig/compat.h>

#include "identity.h"
#include "quiesce.h"
#include "stream.h"

/* ---- self ---------------------------------------------------------------- */

static int take_core(struct procmig_process *process, u16 type, void *body, size_t bytes)
{
	struct procmig_record record;
	int ret;

	ret = procmig_take_demand(process, &record);
	if (ret)
		return ret;
	if (record.subsystem != PROCMIG_SUBSYSTEM_CORE || record.type != type ||
	    record.version != 1 || record.length != bytes)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "core record %u is due, got type %u of subsystem %u, version %u, %llu bytes",
				    type, record.type, record.subsystem,
				    record.version, record.length);
	return procmig_take(process, PROCMIG_CHANNEL_DEMAND, body, bytes);
}

static int take_hello(struct procmig_process *process)
{
	struct procmig_request *request = process->request;
	struct procmig_core_hello *hello = &request->hello;
	int ret;

	ret = take_core(process, PROCMIG_CORE_HELLO, hello, sizeof(*hello));
	if (ret)
		return ret;
	if (memcmp(hello->token, request->token, sizeof(hello->token)))
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "the stream belongs to another event");
	if (hello->stream_version != PROCMIG_STREAM_VERSION ||
	    hello->page_bytes != PAGE_SIZE || hello->processes != 1)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "the source speaks stream version %u with pages of %u bytes",
				    hello->stream_version, hello->page_bytes);
	if (hello->xstate_bytes != procmig_compat_xstate_bytes() ||
	    hello->xfeatures != procmig_compat_xfeatures())
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EOPNOTSUPP,
				    "the extended registers differ: source %#llx in %u bytes, here %#llx in %u",
				    hello->xfeatures, hello->xstate_bytes,
				    procmig_compat_xfeatures(),
				    procmig_compat_xstate_bytes());
	return 0;
}

static int take_process(struct procmig_process *process)
{
	struct procmig_core_process body;
	int ret;

	ret = take_core(process, PROCMIG_CORE_PROCESS, &body, sizeof(body));
	if (ret)
		return ret;
	if (body.pid != process->pid || body.threads != 1)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "the stream holds pid %d with %u threads, pid %d with one is due",
				    body.pid, body.threads, process->pid);
	process->bytes_total = body.bytes_total;
	process->not_before_ns = body.monotonic_ns;
	return 0;
}

/*
 * The stub's clock was set from across the network and may lag by the time that
 * took.  A lag of more than a second means that it was not set at all.
 */
static void catch_up(struct procmig_process *process)
{
	u64 monotonic_ns, boottime_ns;
	ktime_t lag;

	procmig_task_clocks(current, &monotonic_ns, &boottime_ns);
	if (monotonic_ns >= process->not_before_ns ||
	    process->not_before_ns - monotonic_ns > NSEC_PER_SEC)
		return;
	lag = ns_to_ktime(process->not_before_ns - monotonic_ns);
	set_current_state(TASK_KILLABLE);
	schedule_hrtimeout(&lag, HRTIMER_MODE_REL);
}

/* Records of @subsystem until its DONE. */
static int load_subsystem(struct procmig_process *process,
			  const struct procmig_subsystem *subsystem)
{
	struct procmig_core_done done;
	struct procmig_record record;
	int ret;

	for (;;) {
		ret = procmig_take_demand(process, &record);
		if (ret)
			return ret;
		if (record.subsystem == PROCMIG_SUBSYSTEM_CORE)
			break;
		if (record.subsystem != subsystem->id)
			return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
					    "a record of subsystem %u came where %s (%u) is due; load the same modules on both nodes",
					    record.subsystem, subsystem->name,
					    subsystem->id);
		if (record.version > subsystem->version)
			return procmig_fail(process, subsystem->id, -EPROTO,
					    "record version %u is newer than this module's %u",
					    record.version, subsystem->version);
		ret = subsystem->restart(process, &record);
		if (ret == PROCMIG_UNKNOWN && record.flags & PROCMIG_RECORD_MANDATORY)
			return procmig_fail(process, subsystem->id, -EPROTO,
					    "record type %u of %s is unknown here and must not be skipped; load the same modules on both nodes",
					    record.type, subsystem->name);
		if (ret < 0)
			return ret;
		ret = procmig_skip_demand(process);
		if (ret)
			return ret;
		if (fatal_signal_pending(current))
			return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EINTR,
					    "the task was killed while it was rebuilt");
	}
	if (record.type != PROCMIG_CORE_DONE || record.length != sizeof(done))
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "core record %u came inside subsystem %s",
				    record.type, subsystem->name);
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, &done, sizeof(done));
	if (!ret && done.subsystem != subsystem->id)
		ret = procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				   "subsystem %u ended where %s is due",
				   done.subsystem, subsystem->name);
	return ret;
}

static int load_everything(struct procmig_process *process)
{
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	unsigned int i;
	int ret;

	ret = take_hello(process);
	if (!ret)
		ret = take_process(process);
	if (!ret)
		ret = procmig_process_setup(process);
	for (i = 0; !ret && i < set->count; i++)
		ret = load_subsystem(process, set->subsystem[i]);
	if (!ret)
		ret = take_core(process, PROCMIG_CORE_END, NULL, 0);
	return ret;
}

static bool may_run(struct procmig_process *process)
{
	enum procmig_state state = procmig_request_state(process->request);

	return state == PROCMIG_STATE_RUNNING;
}

static void become(struct callback_head *work)
{
	struct procmig_park *park = container_of(work, typeof(*park), work);
	struct procmig_process *process = park->process;
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	unsigned int i;
	int ret;

	ret = current->flags & PF_EXITING ? -ESRCH : load_everything(process);
	spin_lock(&process->lock);
	process->load_error = ret;
	process->loaded = true;
	process->parked++;
	wake_up_all(&process->moved);
	spin_unlock(&process->lock);

	if (!ret)
		wait_event_killable(process->gate, READ_ONCE(process->released));
	if (READ_ONCE(process->released) && may_run(process)) {
		catch_up(process);
		for (i = 0; i < set->count; i++)
			if (set->subsystem[i]->resume)
				set->subsystem[i]->resume(process);
	} else {
		/* Half of one process and half of another: it must not run. */
		send_sig(SIGKILL, current, 1);
	}
	procmig_park_leave(park);
}

int procmig_enter_target(struct procmig_request *request)
{
	struct procmig_process *process = &request->process;
	struct procmig_park *park;
	int ret;

	if (request->role != PROCMIG_ROLE_TARGET)
		return -EPROTO;
	if (get_nr_threads(current) != 1 || task_pid_vnr(current) != process->pid)
		return -EINVAL;
	park = procmig_park_alloc(process, become);
	if (!park)
		return -ENOMEM;

	/*
	 * The transition admits one task.  Whoever sees LOADING and then takes
	 * the process's lock sees the task as well, and can kill it.
	 */
	spin_lock(&process->lock);
	ret = procmig_request_transition(request, PROCMIG_ON_ENTERED);
	if (!ret) {
		process->task = get_task_struct(current);
		process->queued = 1;
		list_add_tail(&park->node, &process->parks);
	}
	spin_unlock(&process->lock);
	if (ret) {
		procmig_park_free(park);
		return ret;
	}
	procmig_progress(process, 0, 0);
	ret = task_work_add(current, &park->work, TWA_SIGNAL);
	if (ret)	/* exiting; the work will not run */
		become(&park->work);
	return 0;
}

/* ---- worker -------------------------------------------------------------- */

static bool is_aborting(struct procmig_request *request)
{
	return procmig_request_state(request) == PROCMIG_STATE_ABORTING;
}

static bool has_entered(struct procmig_process *process)
{
	bool entered;

	spin_lock(&process->lock);
	entered = process->queued != 0;
	spin_unlock(&process->lock);
	return entered;
}

static int settle(struct procmig_process *process)
{
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < set->count; i++)
		if (set->subsystem[i]->settle)
			ret = set->subsystem[i]->settle(process);
	return ret;
}

static int load(struct procmig_request *request)
{
	struct procmig_process *process = &request->process;
	int ret;

	wait_event_idle(process->moved, has_entered(process) || is_aborting(request));
	if (!has_entered(process))
		return -ECANCELED;
	wait_event_idle(process->moved, READ_ONCE(process->loaded) || is_aborting(request));
	if (is_aborting(request))
		return -ECANCELED;
	ret = process->load_error;
	if (!ret) {
		/* The register sets want a task that is off its CPU. */
		if (!procmig_all_off_cpu(process))
			return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -ESRCH,
					    "pid %d left before it was rebuilt",
					    process->pid);
		ret = settle(process);
	}
	return ret;
}

static bool resolved(struct procmig_request *request)
{
	enum procmig_state state = procmig_request_state(request);

	return state == PROCMIG_STATE_RUNNING || state == PROCMIG_STATE_ABORTING;
}

void procmig_run_target(struct procmig_request *request)
{
	struct procmig_process *process = &request->process;
	int ret;

	ret = load(request);
	if (!ret)
		ret = procmig_request_transition(request, PROCMIG_ON_LOADED);
	if (ret)
		procmig_request_abort(request, PROCMIG_SUBSYSTEM_CORE, ret,
				      "the restart of pid %d failed (%d)",
				      process->pid, ret);
	wait_event_idle(process->moved, resolved(request) || procmig_has_left(process));
	if (!resolved(request)) {
		procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -ESRCH,
			     "pid %d was killed before it was resumed", process->pid);
		procmig_request_transition(request, PROCMIG_ON_LOST);
	}
	procmig_watchdog_stop(process);
	if (!may_run(process) && has_entered(process))
		send_sig(SIGKILL, process->task, 1);
	procmig_thaw(process);
	procmig_process_cleanup(process);
	if (may_run(process))
		wait_event_idle(process->moved, READ_ONCE(request->finish));
}
