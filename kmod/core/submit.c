// SPDX-License-Identifier: GPL-2.0-only
/* A request begins: what was submitted is taken, and its worker is started. */
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "identity.h"
#include "request.h"
#include "strategy.h"
#include "submit.h"

static int open_conduit(struct procmig_request *request)
{
	int ret = request->medium->open(&request->conduit);

	request->conduit_open = !ret;
	return ret;
}

static void close_conduit(struct procmig_request *request)
{
	mutex_lock(&request->conduit_lock);
	request->conduit_open = false;
	request->medium->close(&request->conduit);
	mutex_unlock(&request->conduit_lock);
}

static int worker(void *data)
{
	struct procmig_request *request = data;

	if (request->role == PROCMIG_ROLE_SOURCE)
		procmig_run_source(request);
	else
		procmig_run_target(request);

	close_conduit(request);
	procmig_medium_put(request->medium);
	procmig_subsystems_put(&request->subsystems);
	procmig_request_withdraw(request);
	/* The final state is seen only when nothing is held any more. */
	procmig_request_transition(request, request->finish ? PROCMIG_ON_FINISH :
							      PROCMIG_ON_UNDONE);
	complete_all(&request->done);
	procmig_request_put(request);
	module_put_and_kthread_exit(0);
}

static int copy_channels(struct procmig_request *request,
			 const struct procmig_submit *args)
{
	struct procmig_conduit *conduit = &request->conduit;
	unsigned int i, demands = 0;

	if (args->channel_count < 2 || args->channel_count > PROCMIG_MAX_CHANNELS)
		return -EINVAL;
	if (copy_from_user(conduit->channels, u64_to_user_ptr(args->channels),
			   args->channel_count * sizeof(conduit->channels[0])))
		return -EFAULT;
	conduit->channel_count = args->channel_count;
	conduit->role = request->role;
	memcpy(conduit->token, request->token, sizeof(conduit->token));
	for (i = 0; i < conduit->channel_count; i++) {
		switch (conduit->channels[i].role) {
		case PROCMIG_CHANNEL_DEMAND:
			request->demand = i;
			demands++;
			break;
		case PROCMIG_CHANNEL_BULK:
			request->bulk[request->bulk_count++] = i;
			break;
		default:
			return -EINVAL;
		}
	}
	return demands == 1 ? 0 : -EINVAL;
}

static int take_process(struct procmig_request *request,
			const struct procmig_submit *args)
{
	struct procmig_process *process;
	struct task_struct *task;

	if (request->role == PROCMIG_ROLE_TARGET &&
	    (args->pid <= 0 || args->start_time || args->selection))
		return -EINVAL;
	process = procmig_process_new(request, args->pid);
	if (!process)
		return -ENOMEM;
	if (request->role == PROCMIG_ROLE_TARGET)
		return 0;
	task = procmig_task_by_identity(args->pid, args->start_time);
	if (IS_ERR(task))
		return PTR_ERR(task);
	process->task = task;
	return 0;
}

static bool limits_ok(const struct procmig_submit *args)
{
	return !args->flags && !args->reserved &&
	       args->selection <= PROCMIG_SELECT_CGROUP &&
	       args->watchdog_ms >= 100 && args->watchdog_ms <= 3600000 &&
	       args->quiesce_ms >= 10 && args->quiesce_ms <= 600000 &&
	       args->mechanism_count <= PROCMIG_MAX_MECHANISMS;
}

struct procmig_request *procmig_submit(enum procmig_role role,
					       const struct procmig_submit *args)
{
	struct procmig_request *request;
	int ret;

	if (!limits_ok(args))
		return ERR_PTR(-EINVAL);
	ret = procmig_strategy_check(&args->strategy);
	if (ret)
		return ERR_PTR(ret);

	request = kzalloc(sizeof(*request), GFP_KERNEL);
	if (!request)
		return ERR_PTR(-ENOMEM);
	kref_init(&request->ref);
	INIT_LIST_HEAD(&request->node);
	spin_lock_init(&request->lock);
	mutex_init(&request->conduit_lock);
	init_waitqueue_head(&request->changed);
	init_completion(&request->done);
	request->role = role;
	request->state = PROCMIG_STATE_NEW;
	request->strategy = args->strategy;
	request->watchdog_ms = args->watchdog_ms;
	request->quiesce_ms = args->quiesce_ms;
	request->start_time = args->start_time;
	request->selection = args->selection;
	request->submitted_ns = ktime_get_ns();
	memcpy(request->token, args->token, sizeof(request->token));

	INIT_LIST_HEAD(&request->processes);
	hash_init(request->known);
	spin_lock_init(&request->gate.lock);
	init_waitqueue_head(&request->gate.moved);
	procmig_watchdog_init(request);

	request->mechanisms = procmig_mechanisms_copy(args->mechanisms,
						      args->mechanism_count);
	if (IS_ERR(request->mechanisms)) {
		ret = PTR_ERR(request->mechanisms);
		request->mechanisms = NULL;
		goto put;
	}
	request->mechanism_count = args->mechanism_count;

	ret = copy_channels(request, args);
	if (ret)
		goto put;
	ret = take_process(request, args);
	if (ret)
		goto put;
	ret = procmig_subsystems_get(&request->subsystems);
	if (ret) {
		ret = -EOPNOTSUPP;
		goto put;
	}
	request->medium = procmig_medium_get(args->medium);
	if (!request->medium) {
		ret = -EOPNOTSUPP;
		goto put_subsystems;
	}
	ret = open_conduit(request);
	if (ret)
		goto put_medium;
	ret = procmig_request_publish(request);
	if (ret)
		goto close;

	kref_get(&request->ref);
	__module_get(THIS_MODULE);
	request->worker = kthread_create(worker, request, "procmig/%u", request->id);
	if (IS_ERR(request->worker)) {
		ret = PTR_ERR(request->worker);
		module_put(THIS_MODULE);
		procmig_request_put(request);
		goto withdraw;
	}
	procmig_watchdog_start(request);
	wake_up_process(request->worker);
	return request;

withdraw:
	procmig_request_withdraw(request);
close:
	close_conduit(request);
put_medium:
	procmig_medium_put(request->medium);
put_subsystems:
	procmig_subsystems_put(&request->subsystems);
put:
	procmig_request_put(request);
	return ERR_PTR(ret);
}
