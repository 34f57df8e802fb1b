/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests and the process contexts in them.
 *
 * A request is one side of one migration event.  Its worker does everything
 * that changes it, in one thread, so that undo runs in the reverse order of the
 * steps and never beside them; everybody else only asks for a transition.
 */
#ifndef _PROCMIG_CORE_REQUEST_H
#define _PROCMIG_CORE_REQUEST_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <procmig/medium.h>
#include <procmig/process.h>

#include "registry.h"
#include "state.h"

struct procmig_request;

/* One thread at its border to user mode. */
struct procmig_park {
	struct callback_head work;
	struct procmig_process *process;
	struct task_struct *task;
	struct list_head node;
	bool left;
};

/*
 * What the core knows about one process of a request.  A worker may wait for a
 * decision as long as the nodes cannot reach each other, so it waits idly: it
 * is neither load nor a hung task.
 */
struct procmig_process {
	struct procmig_request *request;
	struct task_struct *task;
	pid_t pid;
	void *private[PROCMIG_MAX_SUBSYSTEMS];
	unsigned int set_up;		/* subsystems whose setup is done */

	spinlock_t lock;		/* parks and the counters below */
	struct list_head parks;
	unsigned int queued;
	unsigned int parked;		/* reached the gate, or left without */
	unsigned int left;
	bool dying;			/* a parked thread was killed and waits for the worker */
	bool released;			/* the gate is open */
	wait_queue_head_t gate;		/* threads wait here */
	wait_queue_head_t moved;	/* the worker waits here */

	bool loaded;			/* target: the self part has ended */
	int load_error;
	u64 not_before_ns;		/* target: its CLOCK_MONOTONIC at the freeze */

	struct delayed_work watchdog;
	unsigned long fed;		/* jiffies of the last progress */

	atomic64_t bytes_done;
	atomic64_t entities_done;
	atomic64_t entities_skipped;
	u64 bytes_total;
};

#define PROCMIG_EVENTS 32

struct procmig_request {
	struct kref ref;
	struct list_head node;		/* all that are not final */
	u32 id;
	enum procmig_role role;
	u8 token[PROCMIG_TOKEN_BYTES];
	struct procmig_strategy strategy;
	unsigned int watchdog_ms;
	unsigned int quiesce_ms;
	u64 start_time;

	struct procmig_subsystem_set subsystems;
	const struct procmig_medium *medium;
	struct procmig_conduit conduit;
	struct mutex conduit_lock;	/* orders from outside against the close */
	bool conduit_open;
	struct procmig_mechanism *mechanisms;
	unsigned int mechanism_count;

	/* stream: per channel */
	u32 sent[PROCMIG_MAX_CHANNELS];
	u32 received[PROCMIG_MAX_CHANNELS];
	unsigned int demand;
	unsigned int bulk[PROCMIG_MAX_CHANNELS];
	unsigned int bulk_count;
	unsigned int bulk_next;
	unsigned int dirty;		/* channel that has unflushed data */
	u64 body_left[2];		/* by role - 1 */
	unsigned int body_channel[2];
	struct procmig_core_hello hello;

	spinlock_t lock;		/* everything below */
	enum procmig_state state;
	bool finish;
	unsigned int descriptors;
	int error;			/* negative errno */
	u32 error_subsystem;
	char message[PROCMIG_MESSAGE_BYTES];
	struct procmig_event events[PROCMIG_EVENTS];
	unsigned int event_first, event_count;
	u64 submitted_ns, frozen_ns, saved_ns, ready_ns, decided_ns;

	wait_queue_head_t changed;	/* state or events */
	struct completion done;		/* final, the worker has ended */
	struct task_struct *worker;

	struct procmig_process process;
};

/* List it; -EEXIST: the token is known; -EBUSY: the process is held. */
int procmig_request_publish(struct procmig_request *request);
void procmig_request_withdraw(struct procmig_request *request);

void procmig_request_put(struct procmig_request *request);
struct procmig_request *procmig_request_by_token(const u8 *token);
unsigned int procmig_request_count(void);

/* 0 or -EPROTO. */
int procmig_request_transition(struct procmig_request *request,
			       enum procmig_transition transition);
enum procmig_state procmig_request_state(struct procmig_request *request);

/* Ask for an abort; -EPROTO if it is too late.  Does not wait. */
__printf(4, 5)
int procmig_request_abort(struct procmig_request *request, u32 subsystem,
			  int error, const char *format, ...);

/* Orders from user space; each waits until it is carried out. */
int procmig_request_commit(struct procmig_request *request);
int procmig_request_revoke(struct procmig_request *request, bool never_ran);
int procmig_request_finish(struct procmig_request *request);

void procmig_request_opened(struct procmig_request *request);
void procmig_request_closed(struct procmig_request *request);
void procmig_request_status(struct procmig_request *request,
			    struct procmig_status *status);
bool procmig_request_next_event(struct procmig_request *request,
				struct procmig_event *event);

/* checkpoint.c and restart.c: the workers. */
void procmig_run_source(struct procmig_request *request);
void procmig_run_target(struct procmig_request *request);

/* restart.c: PROCMIG_IOC_ENTER. */
int procmig_enter_target(struct procmig_request *request);

/* process.c: subsystem life in a process. */
int procmig_process_setup(struct procmig_process *process);
void procmig_process_cleanup(struct procmig_process *process);

/* watchdog.c */
void procmig_watchdog_init(struct procmig_process *process);
void procmig_watchdog_start(struct procmig_process *process);
void procmig_watchdog_stop(struct procmig_process *process);

/* quiesce.c */
int procmig_quiesce(struct procmig_process *process, unsigned int limit_ms);
void procmig_thaw(struct procmig_process *process);
bool procmig_has_left(struct procmig_process *process);

#endif /* _PROCMIG_CORE_REQUEST_H */
