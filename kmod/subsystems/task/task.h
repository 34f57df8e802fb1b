/* SPDX-License-Identifier: GPL-2.0-only */
/* The task subsystem: registers, credentials, attributes, interrupted calls. */
#ifndef _PROCMIG_TASK_H
#define _PROCMIG_TASK_H

#include <linux/sched.h>
#include <linux/xarray.h>
#include <procmig/compat.h>
#include <procmig/process.h>

#define TASK_VERSION 3

/* A seccomp filter on the target, and how many it is together with those below. */
struct task_filter {
	struct seccomp_filter *filter;
	unsigned int depth;
};

/* Per event. */
struct task_event {
	struct xarray filter_numbers;	/* source: by address */
	struct task_filter *filter;	/* target: by number, referenced */
	unsigned int filter_count;
};

/* Per process. */
struct task_process {
	bool have_attributes;		/* target */
	bool has_terminal;		/* source */
	u32 terminal;			/* source: the master's number */
};

/* Target, per thread: what is installed when it is rebuilt. */
struct task_thread {
	bool have_attributes;
	bool have_credentials;
	bool have_registers;
	struct procmig_task_thread attributes;
	struct procmig_task_registers registers;
	struct procmig_task_restart restart;
	struct task_filter filter;	/* the event has the reference */
	void *xstate;
	u32 xstate_bytes;
};

extern const struct procmig_subsystem task_subsystem;

int task_emit(struct procmig_process *process, u16 type, const void *head,
	      size_t head_bytes, const void *tail, size_t tail_bytes);
int task_refuse(struct procmig_process *process, const char *what);

/* attributes.c: of the process */
int task_emit_attributes(struct procmig_process *process);
int task_take_attributes(struct procmig_process *process,
			 const struct procmig_record *record);

/* accounting.c */
int task_emit_accounting(struct procmig_process *process);
int task_take_accounting(struct procmig_process *process, const struct procmig_record *record);
void task_save_usage(struct task_struct *task, struct procmig_task_usage *usage);
bool task_usage_ok(const struct procmig_task_usage *usage);
/* On `current', as all that takes. */
void task_take_usage(const struct procmig_task_usage *usage);

/* thread.c: of a thread */
int task_emit_thread(struct procmig_thread *thread);
int task_take_thread(struct procmig_thread *thread, const struct procmig_record *record);
void task_detach_stub(void);
void task_settle_thread(struct procmig_thread *thread);
void task_resume_attributes(const struct procmig_task_thread *attributes);

/* terminal.c: of the process */
bool task_terminal_is_outside(struct procmig_inspection *inspection);
int task_gather_terminal(struct procmig_process *process);
int task_emit_terminal(struct procmig_process *process);
int task_take_terminal(struct procmig_process *process,
		       const struct procmig_record *record);

/* seccomp.c: of a thread */
const char *task_seccomp_obstacle(struct task_struct *thread);
int task_emit_filters(struct procmig_thread *thread);
int task_take_filter(struct procmig_thread *thread, const struct procmig_record *record);
int task_take_filtered(struct procmig_thread *thread, const struct procmig_record *record);
bool task_seccomp_ok(const struct task_thread *state);
void task_resume_seccomp(const struct task_thread *state);
void task_forget_filters(struct task_event *event);

int task_emit_credentials(struct procmig_thread *thread);
int task_take_credentials(struct procmig_thread *thread,
			  const struct procmig_record *record);

int task_emit_registers(struct procmig_thread *thread);
int task_take_xstate(struct procmig_thread *thread, const struct procmig_record *record);
int task_settle_registers(struct procmig_thread *thread);
bool task_restart_ok(const struct procmig_task_restart *restart);
void task_resume_call(const struct procmig_task_restart *restart);

/* inspect.c */
int task_inspect(struct procmig_inspection *inspection);

#endif /* _PROCMIG_TASK_H */
