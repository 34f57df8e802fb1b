// SPDX-License-Identifier: GPL-2.0-only
/*
 * A watchdog per process.  Only a subsystem's own progress feeds it, so a
 * process whose errors are repaired for ever still expires.
 */
#include <linux/jiffies.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>

#include "request.h"

#define DUMP_BYTES 4096

static void dump(struct procmig_process *process)
{
	struct procmig_request *request = process->request;
	char *text = kmalloc(DUMP_BYTES, GFP_KERNEL);
	struct seq_buf out;
	unsigned int i;

	if (!text)
		return;
	seq_buf_init(&out, text, DUMP_BYTES);
	seq_buf_printf(&out, "pid %d, state %s, %lld bytes of %llu\n", process->pid,
		       procmig_state_name(procmig_request_state(request)),
		       (long long)atomic64_read(&process->bytes_done),
		       process->bytes_total);
	for (i = 0; i < request->subsystems.count; i++)
		if (request->subsystems.subsystem[i]->dump)
			request->subsystems.subsystem[i]->dump(process, &out);
	pr_info("procmig: request %u made no progress: %.*s", request->id,
		(int)seq_buf_used(&out), text);
	kfree(text);
}

static void watch(struct work_struct *work)
{
	struct procmig_process *process =
		container_of(to_delayed_work(work), typeof(*process), watchdog);
	struct procmig_request *request = process->request;
	unsigned long limit = msecs_to_jiffies(request->watchdog_ms);
	unsigned long due = READ_ONCE(process->fed) + limit;

	if (!procmig_state_is_watched(request->role, procmig_request_state(request)))
		return;
	if (time_before(jiffies, due)) {
		schedule_delayed_work(&process->watchdog, due - jiffies);
		return;
	}
	dump(process);
	procmig_request_abort(request, PROCMIG_SUBSYSTEM_CORE, -ETIMEDOUT,
			      "watchdog: no progress for %u ms in state %s",
			      request->watchdog_ms,
			      procmig_state_name(procmig_request_state(request)));
}

void procmig_watchdog_init(struct procmig_process *process)
{
	INIT_DELAYED_WORK(&process->watchdog, watch);
}

void procmig_watchdog_start(struct procmig_process *process)
{
	WRITE_ONCE(process->fed, jiffies);
	schedule_delayed_work(&process->watchdog,
			      msecs_to_jiffies(process->request->watchdog_ms));
}

void procmig_watchdog_stop(struct procmig_process *process)
{
	cancel_delayed_work_sync(&process->watchdog);
}

void procmig_progress(struct procmig_process *process, u64 bytes, u64 entities)
{
	atomic64_add(bytes, &process->bytes_done);
	atomic64_add(entities, &process->entities_done);
	WRITE_ONCE(process->fed, jiffies);
}
EXPORT_SYMBOL_GPL(procmig_progress);

void procmig_skipped(struct procmig_process *process, u64 entities)
{
	atomic64_add(entities, &process->entities_skipped);
}
EXPORT_SYMBOL_GPL(procmig_skipped);
