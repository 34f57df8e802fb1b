// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ktime.h>
#include <linux/slab.h>

#include "request.h"

static LIST_HEAD(requests);
static DEFINE_MUTEX(requests_lock);
static u32 last_id;

static void request_free(struct kref *ref)
{
	struct procmig_request *request = container_of(ref, typeof(*request), ref);

	procmig_processes_free(request);
	kvfree(request->plan);
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

int procmig_request_publish(struct procmig_request *request)
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
		    procmig_first_process(other)->pid ==
			    procmig_first_process(request)->pid &&
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

void procmig_request_withdraw(struct procmig_request *request)
{
	mutex_lock(&requests_lock);
	list_del_init(&request->node);
	mutex_unlock(&requests_lock);
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
	event->bytes_done = atomic64_read(&request->bytes_done);
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
	wake_up_all(&request->gate.moved);
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

__printf(4, 0)
static void record_error_args(struct procmig_request *request, u32 subsystem, int error,
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

__printf(4, 5)
static void record_error(struct procmig_request *request, u32 subsystem, int error,
			 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record_error_args(request, subsystem, error, format, args);
	va_end(args);
}

int procmig_fail(struct procmig_process *process, u32 subsystem, int error,
		 const char *format, ...)
{
	char text[PROCMIG_MESSAGE_BYTES];
	va_list args;

	va_start(args, format);
	vscnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (process == procmig_first_process(process->request))
		record_error(process->request, subsystem, error, "%s", text);
	else
		record_error(process->request, subsystem, error, "process %d: %s",
			     process->pid, text);
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
	record_error_args(request, subsystem, error, format, args);
	va_end(args);
	return abort_by(request, PROCMIG_ON_ABORT);
}

int procmig_request_commit(struct procmig_request *request)
{
	struct procmig_process *continued;

	if (!procmig_next_state(request->role, procmig_request_state(request),
				PROCMIG_ON_COMMIT))
		return -EPROTO;
	/* A copy that was killed meanwhile must not be what is committed to. */
	if (procmig_has_left(request))
		return -ECANCELED;
	/* Nor one that goes on where the other one is stopped. */
	continued = request->role == PROCMIG_ROLE_SOURCE ? procmig_continued(request) : NULL;
	if (continued) {
		procmig_request_abort(request, PROCMIG_SUBSYSTEM_CORE, -EAGAIN,
				      "pid %d was continued (SIGCONT) while it was frozen; try again",
				      continued->pid);
		return -ECANCELED;
	}
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
	status->pid = procmig_first_process(request)->pid;
	status->threads = READ_ONCE(request->gate.queued);
	status->bytes_total = READ_ONCE(request->bytes_total);
	status->bytes_done = atomic64_read(&request->bytes_done);
	status->entities_done = atomic64_read(&request->entities_done);
	status->entities_skipped = atomic64_read(&request->entities_skipped);
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
