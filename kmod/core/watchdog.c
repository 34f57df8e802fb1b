// SPDX-License-Identifier: GPL-2.0-only
/*
 * The watchdog.  Only a subsystem's own progress feeds it, and bytes that arrive at
 * the peer, so a process whose errors are repaired for ever still expires.
 */
#include <linux/jiffies.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>

#include "request.h"

#define DUMP_BYTES 4096
/* How often in its time it looks at the medium: a dead link costs that much more. */
#define LOOKS 4

static void dump(struct procmig_request *request)
{
	char *text = kmalloc(DUMP_BYTES, GFP_KERNEL);
	struct procmig_process *process;
	struct seq_buf out;
	unsigned int i;

	if (!text)
		return;
	seq_buf_init(&out, text, DUMP_BYTES);
	seq_buf_printf(&out, "state %s, %lld bytes of %llu, %u of %u threads\n",
		       procmig_state_name(procmig_request_state(request)),
		       (long long)atomic64_read(&request->bytes_done),
		       request->bytes_total, request->gate.parked,
		       request->gate.queued);
	/* Which processes there are is certain only when all stand still. */
	list_for_each_entry(process, &request->processes, node) {
		if (procmig_request_state(request) == PROCMIG_STATE_QUIESCING)
			break;
		seq_buf_printf(&out, "pid %d\n", process->pid);
		for (i = 0; i < process->set_up; i++)
			if (request->subsystems.subsystem[i]->dump)
				request->subsystems.subsystem[i]->dump(process, &out);
	}
	pr_info("procmig: request %u made no progress: %.*s", request->id,
		(int)seq_buf_used(&out), text);
	kfree(text);
}

/* Long after everything was sent, a slow link may still carry it. */
static void look_at_medium(struct procmig_request *request)
{
	u64 unsent = 0;

	if (!request->medium->unsent)
		return;
	mutex_lock(&request->conduit_lock);
	if (request->conduit_open)
		unsent = request->medium->unsent(&request->conduit);
	mutex_unlock(&request->conduit_lock);
	if (unsent < request->unsent)
		WRITE_ONCE(request->fed, jiffies);
	request->unsent = unsent;
}

static void watch(struct work_struct *work)
{
	struct procmig_request *request =
		container_of(to_delayed_work(work), typeof(*request), watchdog);
	unsigned long limit = msecs_to_jiffies(request->watchdog_ms), due;

	if (!procmig_state_is_watched(request->role, procmig_request_state(request)))
		return;
	look_at_medium(request);
	due = READ_ONCE(request->fed) + limit;
	if (time_before(jiffies, due)) {
		schedule_delayed_work(&request->watchdog, min(due - jiffies, limit / LOOKS));
		return;
	}
	dump(request);
	procmig_request_abort(request, PROCMIG_SUBSYSTEM_CORE, -ETIMEDOUT,
			      "watchdog: no progress for %u ms in state %s",
			      request->watchdog_ms,
			      procmig_state_name(procmig_request_state(request)));
}

void procmig_watchdog_init(struct procmig_request *request)
{
	INIT_DELAYED_WORK(&request->watchdog, watch);
}

void procmig_watchdog_start(struct procmig_request *request)
{
	WRITE_ONCE(request->fed, jiffies);
	schedule_delayed_work(&request->watchdog, msecs_to_jiffies(request->watchdog_ms) / LOOKS);
}

void procmig_watchdog_stop(struct procmig_request *request)
{
	cancel_delayed_work_sync(&request->watchdog);
}

void procmig_progress(struct procmig_process *process, u64 bytes, u64 entities)
{
	struct procmig_request *request = process->request;

	atomic64_add(bytes, &request->bytes_done);
	atomic64_add(entities, &request->entities_done);
	WRITE_ONCE(request->fed, jiffies);
}
EXPORT_SYMBOL_GPL(procmig_progress);

void procmig_skipped(struct procmig_process *process, u64 entities)
{
	atomic64_add(entities, &process->request->entities_skipped);
}
EXPORT_SYMBOL_GPL(procmig_skipped);
