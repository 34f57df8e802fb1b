/* SPDX-License-Identifier: GPL-2.0-only */
/* The signals subsystem: actions, masks, pending signals, timers, job control. */
#ifndef _PROCMIG_SIGNALS_H
#define _PROCMIG_SIGNALS_H

#include <linux/signal.h>
#include <linux/xarray.h>
#include <procmig/compat.h>
#include <procmig/process.h>

#define SIGNALS_VERSION 3

/* Signals that will be pending at the resume. */
struct signals_backlog {
	struct procmig_signals_pending *signal;
	unsigned int count;
};

/* A POSIX timer. */
struct signals_timer {
	struct procmig_signals_posix_timer wanted;	/* target */
	struct k_itimer *timer;				/* target */
	bool queued;			/* its signal is pending */
};

/* Per process; most of it on the target: what takes effect at the resume. */
struct signals {
	unsigned int stop_flags;	/* source: SIGNAL_STOP_MASK when the job was sent */
	struct procmig_signals_timers interval_timers;
	struct procmig_signals_job job;
	struct xarray timers;		/* struct signals_timer by ID */
	struct signals_backlog backlog;
	unsigned int counted;		/* threads that a group stop waits for */
	unsigned long taken;		/* record types that came */
};

/* Target, per thread: likewise. */
struct signals_thread {
	struct procmig_signals_thread thread;
	struct signals_backlog backlog;
	bool taken;
};

extern const struct procmig_subsystem signals_subsystem;

int signals_emit(struct procmig_process *process, u16 type, void *body, size_t bytes);
int signals_refuse(struct procmig_process *process, const char *what);
int signals_take(struct procmig_process *process, const struct procmig_record *record,
		 void *body, size_t bytes);

/*
 * pending.c.  With @timers the process's own, and the real timer at the same
 * instant: an alarm is one or the other.  Without: the thread's.
 */
int signals_emit_pending(struct procmig_process *process, struct task_struct *task,
			 struct procmig_signals_timers *timers);
int signals_take_pending(struct procmig_process *process, struct signals_backlog *backlog,
			 const struct procmig_record *record, bool shared);
void signals_send_backlog(struct procmig_process *process,
			  const struct signals_backlog *backlog, bool shared);

/* posix_timers.c */
void signals_inspect_timers(struct procmig_inspection *inspection);
int signals_emit_timers(struct procmig_process *process);
int signals_take_timer(struct procmig_process *process,
		       const struct procmig_record *record);
void signals_start_timers(struct procmig_process *process);
void signals_free_timers(struct procmig_process *process);
/* Whether the signal of timer @id was pending when the timer was looked at. */
bool signals_timer_queued(struct signals *signals, u32 id);
/* Target: claim that signal; why not, or NULL. */
const char *signals_claim_timer(struct signals *signals,
				const struct procmig_signals_pending *pending, bool shared);
void signals_queue_timer(struct signals *signals,
			 const struct procmig_signals_pending *pending);

/* job.c */
int signals_emit_job(struct procmig_process *process);
int signals_describe_stop(struct procmig_process *process, struct task_struct *task,
			  struct procmig_signals_thread *body);
int signals_take_job(struct procmig_process *process, const struct procmig_record *record);
bool signals_stop_ok(const struct procmig_signals_thread *thread);
void signals_resume_job(const struct procmig_signals_job *job);
void signals_resume_stop(const struct procmig_signals_thread *thread);

#endif /* _PROCMIG_SIGNALS_H */
