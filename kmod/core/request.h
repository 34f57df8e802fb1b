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
#include <linux/hashtable.h>
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
#include "scope.h"
#include "state.h"

struct procmig_request;

/*
 * One thread: on the source it is made to park at its border to user mode, on
 * the target it has entered.  There the worker has it do what only the thread
 * itself can do, one order at a time.
 */
struct procmig_thread {
	struct callback_head work;
	struct procmig_process *process;
	struct task_struct *task;
	pid_t tid;
	struct list_head node;
	struct hlist_node known;	/* source: by task */
	wait_queue_head_t wait;		/* the thread waits here */
	int (*order)(struct procmig_thread *thread);	/* target: under way */
	int result;			/* target: of the last order */
	bool loaded;			/* target */
	bool left;
	bool at_gate;			/* source: has come, if only to end */
	bool roused;			/* source: from a stop of job control */
	void *private[PROCMIG_MAX_SUBSYSTEMS];
	unsigned int set_up;		/* subsystems whose thread setup is done */
};

/* What the core knows about one process of a request. */
struct procmig_process {
	struct procmig_request *request;
	struct list_head node;
	struct task_struct *task;	/* its first thread; target: once it has come in */
	pid_t pid;
	pid_t about;			/* source: whom the records are about */
	struct procmig_process *parent;	/* source, in the event; once all stand still */
	bool placed;			/* source: in the order of the plan */
	struct list_head threads;
	unsigned int thread_count;	/* target: by the plan; 0 for a zombie */
	unsigned int entered;		/* target: of these */
	bool zombie;
	unsigned int job;		/* source: SIGNAL_STOP_MASK after the freeze */

	/* bulk records, see lanes.h */
	unsigned int lane;
	unsigned int bulk_next;		/* of the lane's channels, for the next record */
	unsigned int bulk_channel;	/* of the last record */
	u64 bulk_left;			/* target: of its body */
	bool told;			/* source: all but these is sent */
	struct completion complete;	/* target: these are consumed, too */

	struct procmig_planned_task planned;	/* target */
	void *private[PROCMIG_MAX_SUBSYSTEMS];
	unsigned int set_up;		/* subsystems whose setup is done */
	bool loaded;			/* target */
};

/* Some of the bulk channels, see lanes.h; what is in it is the source's. */
struct procmig_lane {
	struct work_struct work;
	struct procmig_request *request;
	unsigned int number;
	struct list_head *last;		/* in the list of processes: whose turn was last */
	void (*send)(struct procmig_process *process);
};

/*
 * Where the threads of a request wait.  A worker may wait for a decision as long
 * as the nodes cannot reach each other, so it waits idly: it is neither load nor
 * a hung task.
 */
struct procmig_gate {
	spinlock_t lock;		/* the members below, and the lists of threads */
	unsigned int queued;		/* threads that will come */
	unsigned int parked;		/* have reached the gate, or left without */
	unsigned int left;
	bool dying;			/* a parked thread was killed and waits for the worker */
	bool released;			/* the gate is open */
	wait_queue_head_t moved;	/* the worker waits here */
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
	enum procmig_selection selection;	/* source */

	struct procmig_subsystem_set subsystems;
	void *private[PROCMIG_MAX_SUBSYSTEMS];
	unsigned int set_up;		/* subsystems whose setup of the event is done */
	struct procmig_scope scope;	/* source: once everything stands still */
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
	struct procmig_lane lanes[PROCMIG_MAX_CHANNELS];
	unsigned int lane_count;
	u64 demand_left;		/* of the body announced last */
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

	struct list_head processes;	/* a parent before its children, once all stand still */
	struct procmig_process *first;	/* the one that user space named */
	struct procmig_gate gate;
	DECLARE_HASHTABLE(known, 8);	/* source: threads by task */
	struct procmig_planned_task *plan;	/* complete once plan_count is set */
	unsigned int plan_count;
	unsigned int expected;		/* target: threads that will enter */
	u64 not_before_ns;		/* target: the source's last CLOCK_MONOTONIC */

	struct delayed_work watchdog;
	unsigned long fed;		/* jiffies of the last progress */
	u64 unsent;			/* as the medium said last */

	atomic64_t bytes_done;
	atomic64_t entities_done;
	atomic64_t entities_skipped;
	u64 bytes_total;
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

/* restart.c: the stub's ioctls. */
int procmig_await_plan(struct procmig_request *request);
int procmig_enter_target(struct procmig_request *request);

/* process.c: processes, threads, and subsystems' lives in them. */
struct procmig_process *procmig_process_new(struct procmig_request *request, pid_t pid);
void procmig_processes_free(struct procmig_request *request);
struct procmig_process *procmig_first_process(struct procmig_request *request);
unsigned int procmig_process_count(struct procmig_request *request);
struct procmig_process *procmig_find_process(struct procmig_request *request, pid_t pid);
void procmig_process_free(struct procmig_process *process);
int procmig_event_setup(struct procmig_request *request);
void procmig_event_finish(struct procmig_request *request);
void procmig_event_cleanup(struct procmig_request *request);
int procmig_process_setup(struct procmig_process *process);
void procmig_process_cleanup(struct procmig_process *process);
int procmig_thread_setup(struct procmig_thread *thread);
/* All are parked: remember which processes job control has stopped. */
void procmig_note_stopped(struct procmig_request *request);
/* The process that SIGCONT has reached since then, or NULL. */
struct procmig_process *procmig_continued(struct procmig_request *request);

/* watchdog.c */
void procmig_watchdog_init(struct procmig_request *request);
void procmig_watchdog_start(struct procmig_request *request);
void procmig_watchdog_stop(struct procmig_request *request);

/* quiesce.c */
int procmig_quiesce(struct procmig_request *request);
void procmig_thaw(struct procmig_request *request);
void procmig_threads_free(struct procmig_request *request);
bool procmig_has_left(struct procmig_request *request);

#endif /* _PROCMIG_CORE_REQUEST_H */
