// SPDX-License-Identifier: GPL-2.0-only
#include "lanes.h"

static struct workqueue_struct *workers;

void procmig_lanes_assign(struct procmig_request *request)
{
	struct procmig_process *process;
	unsigned int living = 0;

	list_for_each_entry(process, &request->processes, node)
		living += !process->zombie;
	request->lane_count = clamp(living, 1u, request->bulk_count);
	living = 0;
	list_for_each_entry(process, &request->processes, node) {
		if (process->zombie)
			continue;
		process->lane = living++ % request->lane_count;
		process->bulk_channel = request->bulk[process->lane];
	}
}

/* ---- source -------------------------------------------------------------- */

static struct procmig_process *next_told(struct procmig_lane *lane)
{
	struct list_head *node = lane->last;
	struct procmig_process *process;

	while ((node = node->next) != &lane->request->processes) {
		process = list_entry(node, struct procmig_process, node);
		if (process->zombie || process->lane != lane->number)
			continue;
		/* with the store in procmig_lane_send() */
		if (!smp_load_acquire(&process->told))
			break;
		lane->last = node;
		return process;
	}
	return NULL;
}

static void work(struct work_struct *work)
{
	struct procmig_lane *lane = container_of(work, typeof(*lane), work);
	struct procmig_process *process;

	while (procmig_request_state(lane->request) != PROCMIG_STATE_ABORTING &&
	       (process = next_told(lane)))
		lane->send(process);
}

void procmig_lanes_start(struct procmig_request *request,
			 void (*send)(struct procmig_process *process))
{
	unsigned int i;

	procmig_lanes_assign(request);
	for (i = 0; i < request->lane_count; i++) {
		struct procmig_lane *lane = &request->lanes[i];

		INIT_WORK(&lane->work, work);
		lane->request = request;
		lane->number = i;
		lane->last = &request->processes;
		lane->send = send;
	}
}

void procmig_lane_send(struct procmig_process *process)
{
	/* What was emitted before is there when the worker sees it. */
	smp_store_release(&process->told, true);
	queue_work(workers, &process->request->lanes[process->lane].work);
}

void procmig_lanes_finish(struct procmig_request *request)
{
	unsigned int i;

	for (i = 0; i < request->lane_count; i++)
		flush_work(&request->lanes[i].work);
}

/* ---- target -------------------------------------------------------------- */

int procmig_lane_await_turn(struct procmig_process *process)
{
	struct procmig_process *before = process;

	list_for_each_entry_continue_reverse(before, &process->request->processes, node)
		if (!before->zombie && before->lane == process->lane)
			return wait_for_completion_killable(&before->complete) ? -EINTR : 0;
	return 0;
}

int procmig_lanes_init(void)
{
	/* They wait for the network, so they are many rather than bound to processors. */
	workers = alloc_workqueue("procmig", WQ_UNBOUND, WQ_UNBOUND_MAX_ACTIVE);
	return workers ? 0 : -ENOMEM;
}

void procmig_lanes_exit(void)
{
	destroy_workqueue(workers);
}
