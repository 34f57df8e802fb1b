/* SPDX-License-Identifier: GPL-2.0-only */
/* The task subsystem: registers, credentials, attributes, interrupted calls. */
#ifndef _PROCMIG_TASK_H
#define _PROCMIG_TASK_H

#include <linux/sched.h>
#include <procmig/compat.h>
#include <procmig/process.h>

#define TASK_VERSION 1

/* Target: what is installed when the task is rebuilt. */
struct task {
	bool have_attributes;
	bool have_credentials;
	bool have_registers;
	struct procmig_task_attributes attributes;
	struct procmig_task_registers registers;
	struct procmig_task_restart restart;
	void *xstate;
	u32 xstate_bytes;
};

extern const struct procmig_subsystem task_subsystem;

int task_emit(struct procmig_process *process, u16 type, const void *head,
	      size_t head_bytes, const void *tail, size_t tail_bytes);
int task_refuse(struct procmig_process *process, const char *what);

int task_emit_attributes(struct procmig_process *process);
int task_take_attributes(struct procmig_process *process, struct task *task);
void task_detach_stub(void);
void task_attach_user_areas(const struct procmig_task_attributes *attributes);

int task_emit_credentials(struct procmig_process *process);
int task_take_credentials(struct procmig_process *process, struct task *task,
			  const struct procmig_record *record);

int task_emit_registers(struct procmig_process *process);
int task_take_xstate(struct procmig_process *process, struct task *task,
		     const struct procmig_record *record);
int task_settle_registers(struct procmig_process *process, struct task *task);
bool task_restart_ok(const struct procmig_task_restart *restart);
void task_resume_call(const struct procmig_task_restart *restart);

#endif /* _PROCMIG_TASK_H */
