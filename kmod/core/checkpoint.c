// SPDX-License-Identifier: GPL-2.0-only
/* The worker of a request on the source. */
#include <linux/sched/signal.h>
#include <linux/utsname.h>
#include <procmig/compat.h>

#include "identity.h"
#include "inspection.h"
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
		.processes = 1,
	};

	memcpy(hello.token, process->request->token, sizeof(hello.token));
	strscpy(hello.kernel_release, init_utsname()->release,
		sizeof(hello.kernel_release));
	strscpy(hello.machine, init_utsname()->machine, sizeof(hello.machine));
	return emit_core(process, PROCMIG_CORE_HELLO, &hello, sizeof(hello));
}

static int emit_process(struct procmig_process *process)
{
	struct procmig_core_process body = {
		.pid = process->pid,
		.threads = process->queued,
		.bytes_total = process->bytes_total,
	};

	procmig_task_clocks(process->task, &body.monotonic_ns, &body.boottime_ns);
	return emit_core(process, PROCMIG_CORE_PROCESS, &body, sizeof(body));
}

static int emit_subsystem(struct procmig_process *process,
			  const struct procmig_subsystem *subsystem)
{
	struct procmig_core_done done = { .subsystem = subsystem->id };
	int step;

	do {
		step = subsystem->checkpoint(process);
		if (step < 0)
			return step;
		if (procmig_request_state(process->request) == PROCMIG_STATE_ABORTING)
			return -ECANCELED;
	} while (step == PROCMIG_MORE);
	done.entities = atomic64_read(&process->entities_done);
	return emit_core(process, PROCMIG_CORE_DONE, &done, sizeof(done));
}

/*
 * Twice: before the freeze, because what can be seen without one is not worth
 * one, and a kernel thread would never come to the gate; and on the process that
 * stands still, because of what has come up since.
 */
static int inspect(struct procmig_process *process)
{
	struct procmig_request *request = process->request;
	struct procmig_inspection inspection = {
		.task = process->task,
		.mechanisms = request->mechanisms,
		.mechanism_count = request->mechanism_count,
	};
	int ret;

	ret = procmig_inspect_task(&inspection, &request->subsystems);
	if (ret)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, ret,
				    "pid %d could not be inspected (%d)",
				    process->pid, ret);
	if (inspection.count)
		return procmig_fail(process, inspection.first_subsystem, -EOPNOTSUPP,
				    "%s", inspection.first);
	process->bytes_total = inspection.memory_bytes;
	return 0;
}

static int emit_everything(struct procmig_process *process)
{
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	unsigned int i;
	int ret;

	ret = inspect(process);
	if (!ret)
		ret = procmig_process_setup(process);
	if (!ret)
		ret = emit_hello(process);
	if (!ret)
		ret = emit_process(process);
	for (i = 0; !ret && i < set->count; i++)
		ret = emit_subsystem(process, set->subsystem[i]);
	if (!ret)
		ret = emit_core(process, PROCMIG_CORE_END, NULL, 0);
	if (!ret)
		ret = procmig_flush(process->request);
	return ret;
}

static int freeze_and_send(struct procmig_request *request)
{
	struct procmig_process *process = &request->process;
	int ret;

	ret = procmig_request_transition(request, PROCMIG_ON_START);
	if (!ret)
		ret = inspect(process);
	if (!ret)
		ret = procmig_quiesce(process, request->quiesce_ms);
	if (!ret)
		ret = procmig_request_transition(request, PROCMIG_ON_QUIESCED);
	if (!ret) {
		procmig_progress(process, 0, 0);
		ret = emit_everything(process);
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

void procmig_run_source(struct procmig_request *request)
{
	struct procmig_process *process = &request->process;
	int ret;

	ret = freeze_and_send(request);
	if (ret)
		procmig_request_abort(request, PROCMIG_SUBSYSTEM_CORE, ret,
				      "the checkpoint of pid %d failed (%d)",
				      process->pid, ret);
	wait_event_idle(process->moved, decided(request) || procmig_has_left(process));
	if (!decided(request))
		procmig_request_abort(request, PROCMIG_SUBSYSTEM_CORE, -ESRCH,
				      "pid %d was killed while it was frozen",
				      process->pid);
	procmig_watchdog_stop(process);
	procmig_process_cleanup(process);

	if (procmig_request_state(request) == PROCMIG_STATE_COMMITTED) {
		wait_event_idle(process->moved, settled(request));
		/* The copy dies at the gate: not one more user instruction. */
		if (request->finish)
			send_sig(SIGKILL, process->task, 1);
	}
	procmig_thaw(process);
}
