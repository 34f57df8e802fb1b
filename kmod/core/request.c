// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "identity.h"
#include "request.h"
#include "strategy.h"

static LIST_HEAD(requests);
static DEFINE_MUTEX(requests_lock);
static u32 last_id;

static void request_free(struct kref *ref)
{
	struct procmig_request *request = container_of(ref, typeof(*request), ref);

	if (request->process.task)
		put_task_struct(request->process.task);
	kvfree(request->mechanisms);
	kfree(request);
}

void procmig_request_put(struct procmig_request *request)
{
	kref_put(&request->ref, request_free);
}

struct procmig_request *procmig_request_by_token(const u8 *token)
{
	struct procmig_request *request, *found = NULL;

	mutex_lock(&requests_lock);
	list_for_each_entry(request, &requests, node)
		if (!memcmp(request->token, token, PROCMIG_TOKEN_BYTES)) {
			kref_get(&request->ref);
			found = request;
			break;
		}
	mutex_unlock(&requests_lock);
	return found;
}

unsigned int procmig_request_count(void)
{
	unsigned int count = 0;
	struct list_head *node;

	mutex_lock(&requests_lock);
	list_for_each(node, &requests)
		count++;
	mutex_unlock(&requests_lock);
	return count;
}

/* ---- state --------------------------------------------------------------- */

static void queue_event(struct procmig_request *request)
{
	struct procmig_event *event;
	unsigned int slot;

	/* A request passes fewer states than there are slots. */
	slot = (request->event_first + request->event_count) % PROCMIG_EVENTS;
	if (request->event_count < PROCMIG_EVENTS)
		request->event_count++;
	event = &request->events[slot];
	event->size = sizeof(*event);
	event->state = request->state;
	event->time_ns = ktime_get_ns();
	event->bytes_done = atomic64_read(&request->process.bytes_done);
}

static int transition_locked(struct procmig_request *request,
			     enum procmig_transition transition)
{
	enum procmig_state next;

	lockdep_assert_held(&request->lock);
	/* The order to finish has been given: the copy may be dead already. */
	if (transition == PROCMIG_ON_NEVER_RAN && request->finish)
		return -EPROTO;
	next = procmig_next_state(request->role, request->state, transition);
	if (!next)
		return -EPROTO;
	request->state = next;
	switch (transition) {
	case PROCMIG_ON_QUIESCED:
		request->frozen_ns = ktime_get_ns();
		break;
	case PROCMIG_ON_SENT:
		request->saved_ns = ktime_get_ns();
		break;
	case PROCMIG_ON_LOADED:
		request->ready_ns = ktime_get_ns();
		break;
	case PROCMIG_ON_COMMIT:
	case PROCMIG_ON_UNDONE:
		request->decided_ns = ktime_get_ns();
		break;
	default:
		break;
	}
	queue_event(request);
	return 0;
}

static void wake_everybody(struct procmig_request *request)
{
	wake_up_all(&request->changed);
	wake_up_all(&request->process.moved);
}

int procmig_request_transition(struct procmig_request *request,
			       enum procmig_transition transition)
{
	int ret;

	spin_lock(&request->lock);
	ret = transition_locked(request, transition);
	spin_unlock(&request->lock);
	if (!ret)
		wake_everybody(request);
	return ret;
}

enum procmig_state procmig_request_state(struct procmig_request *request)
{
	return READ_ONCE(request->state);
}

static void record_error(struct procmig_request *request, u32 subsystem, int error,
			 const char *format, va_list args)
{
	char text[PROCMIG_MESSAGE_BYTES];

	vscnprintf(text, sizeof(text), format, args);
	spin_lock(&request->lock);
	if (!request->error) {
		request->error = error;
		request->error_subsystem = subsystem;
		memcpy(request->message, text, sizeof(text));
	}
	spin_unlock(&request->lock);
}

int procmig_fail(struct procmig_process *process, u32 subsystem, int error,
		 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record_error(process->request, subsystem, error, format, args);
	va_end(args);
	return error;
}
EXPORT_SYMBOL_GPL(procmig_fail);

/* Everything that waits for the peer or for a thread looks at the state again. */
static void interrupt(struct procmig_request *request)
{
	mutex_lock(&request->conduit_lock);
	if (request->conduit_open)
		request->medium->command(&request->conduit, PROCMIG_MEDIUM_INTERRUPT);
	mutex_unlock(&request->conduit_lock);
	wake_everybody(request);
}

static int abort_by(struct procmig_request *request, enum procmig_transition by)
{
	int ret;

	spin_lock(&request->lock);
	ret = transition_locked(request, by);
	spin_unlock(&request->lock);
	if (!ret)
		interrupt(request);
	return ret;
}

int procmig_request_abort(struct procmig_request *request, u32 subsystem,
			  int error, const char *format, ...)
{
	va_list args;

	if (!procmig_next_state(request->role, procmig_request_state(request),
				PROCMIG_ON_ABORT))
		return -EPROTO;
	va_start(args, format);
	record_error(request, subsystem, error, format, args);
	va_end(args);
	return abort_by(request, PROCMIG_ON_ABORT);
}

int procmig_request_commit(struct procmig_request *request)
{
	struct procmig_process *process = &request->process;

	/* A copy that was killed meanwhile must not be what is committed to. */
	if (procmig_has_left(process))
		return -ECANCELED;
	return procmig_request_transition(request, PROCMIG_ON_COMMIT);
}

int procmig_request_revoke(struct procmig_request *request, bool never_ran)
{
	int ret = -EPROTO;

	if (never_ran)
		ret = abort_by(request, PROCMIG_ON_NEVER_RAN);
	if (ret)
		ret = procmig_request_abort(request, PROCMIG_SUBSYSTEM_CORE,
					    -ECANCELED, "aborted by its owner");
	if (ret && procmig_request_state(request) != PROCMIG_STATE_ABORTING &&
	    procmig_request_state(request) != PROCMIG_STATE_ABORTED)
		return ret;
	return wait_for_completion_killable(&request->done);
}

int procmig_request_finish(struct procmig_request *request)
{
	int ret = 0;

	spin_lock(&request->lock);
	if (procmig_next_state(request->role, request->state, PROCMIG_ON_FINISH))
		request->finish = true;
	else if (request->state != PROCMIG_STATE_FINISHED)
		ret = -EPROTO;
	spin_unlock(&request->lock);
	if (ret)
		return ret;
	wake_everybody(request);
	return wait_for_completion_killable(&request->done);
}

void procmig_request_opened(struct procmig_request *request)
{
	kref_get(&request->ref);
	spin_lock(&request->lock);
	request->descriptors++;
	spin_unlock(&request->lock);
}

void procmig_request_closed(struct procmig_request *request)
{
	static const char why[] = "its owner closed the request before it was decided";
	bool orphan;

	/* One critical section: a target that gets READY now must not be aborted. */
	spin_lock(&request->lock);
	orphan = !--request->descriptors &&
		 procmig_state_needs_descriptor(request->role, request->state) &&
		 !transition_locked(request, PROCMIG_ON_ABORT);
	if (orphan && !request->error) {
		request->error = -ECANCELED;
		strscpy(request->message, why, sizeof(request->message));
	}
	spin_unlock(&request->lock);
	if (orphan)
		interrupt(request);
	procmig_request_put(request);
}

void procmig_request_status(struct procmig_request *request,
			    struct procmig_status *status)
{
	struct procmig_process *process = &request->process;

	spin_lock(&request->lock);
	status->id = request->id;
	status->role = request->role;
	status->state = request->state;
	status->error = -request->error;
	status->error_subsystem = request->error_subsystem;
	status->submitted_ns = request->submitted_ns;
	status->frozen_ns = request->frozen_ns;
	status->saved_ns = request->saved_ns;
	status->ready_ns = request->ready_ns;
	status->decided_ns = request->decided_ns;
	memcpy(status->message, request->message, sizeof(status->message));
	spin_unlock(&request->lock);
	status->pid = process->pid;
	status->threads = READ_ONCE(process->queued);
	status->bytes_total = READ_ONCE(process->bytes_total);
	status->bytes_done = atomic64_read(&process->bytes_done);
	status->entities_done = atomic64_read(&process->entities_done);
	status->entities_skipped = atomic64_read(&process->entities_skipped);
	memcpy(status->token, request->token, sizeof(status->token));
}

bool procmig_request_next_event(struct procmig_request *request,
				struct procmig_event *event)
{
	bool some;

	spin_lock(&request->lock);
	some = request->event_count != 0;
	if (some && event) {
		*event = request->events[request->event_first];
		request->event_first = (request->event_first + 1) % PROCMIG_EVENTS;
		request->event_count--;
	}
	spin_unlock(&request->lock);
	return some;
}

/* ---- life ---------------------------------------------------------------- */

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
	mutex_lock(&requests_lock);
	list_del_init(&request->node);
	mutex_unlock(&requests_lock);
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
	struct procmig_process *process = &request->process;

	process->pid = args->pid;
	if (request->role == PROCMIG_ROLE_TARGET)
		return args->pid > 0 && !args->start_time ? 0 : -EINVAL;

	process->task = procmig_task_by_identity(args->pid, args->start_time);
	if (IS_ERR(process->task)) {
		int ret = PTR_ERR(process->task);

		process->task = NULL;
		return ret;
	}
	return 0;
}

/* -EEXIST: the token is known; -EBUSY: the process is held. */
static int publish(struct procmig_request *request)
{
	struct procmig_request *other;
	int ret = 0;

	mutex_lock(&requests_lock);
	list_for_each_entry(other, &requests, node) {
		if (!memcmp(other->token, request->token, PROCMIG_TOKEN_BYTES)) {
			ret = -EEXIST;
			break;
		}
		if (other->role == request->role &&
		    other->process.pid == request->process.pid &&
		    other->state != PROCMIG_STATE_RUNNING) {
			ret = -EBUSY;
			break;
		}
	}
	if (!ret) {
		request->id = ++last_id ?: ++last_id;
		list_add_tail(&request->node, &requests);
	}
	mutex_unlock(&requests_lock);
	return ret;
}

static void withdraw(struct procmig_request *request)
{
	mutex_lock(&requests_lock);
	list_del_init(&request->node);
	mutex_unlock(&requests_lock);
}

static bool limits_ok(const struct procmig_submit *args)
{
	return !args->flags &&
	       args->watchdog_ms >= 100 && args->watchdog_ms <= 3600000 &&
	       args->quiesce_ms >= 10 && args->quiesce_ms <= 600000 &&
	       args->mechanism_count <= PROCMIG_MAX_MECHANISMS;
}

struct procmig_request *procmig_request_create(enum procmig_role role,
					       const struct procmig_submit *args)
{
	struct procmig_request *request;
	struct procmig_process *process;
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
	request->submitted_ns = ktime_get_ns();
	memcpy(request->token, args->token, sizeof(request->token));

	process = &request->process;
	process->request = request;
	spin_lock_init(&process->lock);
	INIT_LIST_HEAD(&process->parks);
	init_waitqueue_head(&process->gate);
	init_waitqueue_head(&process->moved);
	procmig_watchdog_init(process);

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
	ret = publish(request);
	if (ret)
		goto close;

	kref_get(&request->ref);
	__module_get(THIS_MODULE);
	request->worker = kthread_create(worker, request, "procmig/%u", request->id);
	if (IS_ERR(request->worker)) {
		ret = PTR_ERR(request->worker);
		module_put(THIS_MODULE);
		kref_put(&request->ref, request_free);
		goto withdraw;
	}
	procmig_watchdog_start(process);
	wake_up_process(request->worker);
	return request;

withdraw:
	withdraw(request);
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
