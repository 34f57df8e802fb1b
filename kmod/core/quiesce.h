/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that wait at their border to user mode. */
#ifndef _PROCMIG_CORE_QUIESCE_H
#define _PROCMIG_CORE_QUIESCE_H

#include "request.h"

/* A thread context for the calling task whose work is @work. */
struct procmig_thread *procmig_thread_alloc(struct procmig_process *process,
					    task_work_func_t work);
void procmig_thread_free(struct procmig_thread *thread);

/* On `current', parked: what it was woken from carries on (interrupted.c). */
void procmig_mend_interrupted_call(void);

/* The thread stands at the gate. */
void procmig_thread_arrived(struct procmig_thread *thread);

/* The last thing that a parked task does with its context. */
void procmig_thread_leave(struct procmig_thread *thread);

/* Wait until every parked thread is off its CPU; false if one has left. */
bool procmig_all_off_cpu(struct procmig_request *request);

/* stopped.c: threads that job control has stopped; the worker has them come. */
void procmig_rouse(struct procmig_thread *thread);
void procmig_rouse_all(struct procmig_request *request);
/* On `current', when it arrives and when it leaves. */
void procmig_stop_at_gate(struct procmig_thread *thread);
void procmig_stop_behind_gate(struct procmig_thread *thread);

int procmig_quiesce_init(void);
void procmig_quiesce_exit(void);

#endif /* _PROCMIG_CORE_QUIESCE_H */
