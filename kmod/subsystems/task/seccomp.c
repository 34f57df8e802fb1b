// SPDX-License-Identifier: GPL-2.0-only
/*
 * Seccomp: strict mode, and filters.  A filter stands on the one that was there
 * before, and threads and children begin with their maker's: together they are
 * trees.  A filter is carried once in the event and stays shared, because a
 * later SECCOMP_FILTER_FLAG_TSYNC asks whether it is.
 */
#include <linux/mman.h>
#include <linux/mm.h>
#include <linux/filter.h>
#include <linux/sched/signal.h>
#include <linux/seccomp.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "task.h"

/* Far more than the kernel's limit of instructions allows above each other. */
#define FILTERS_MAX (1u << 14)

/* ---- inspecting ---------------------------------------------------------- */

static const char *find_obstacle(const struct seccomp_filter *filter)
{
	struct procmig_filter seen;

	for (; filter; filter = seen.previous) {
		if (procmig_compat_filter(filter, &seen))
			return "seccomp filter: this kernel keeps it in another way";
		if (seen.listened)
			return "seccomp filter with a listener (SECCOMP_FILTER_FLAG_NEW_LISTENER): no loaded subsystem carries it";
		if (!seen.program)
			return "seccomp filter: this kernel has not kept its program";
	}
	return NULL;
}

/* Under RCU, of a thread that may run.  Filters go only with its signal handlers. */
const char *task_seccomp_obstacle(struct task_struct *thread)
{
	struct sighand_struct *sighand = rcu_dereference(thread->sighand);
	const char *what = NULL;

	if (!sighand)
		return NULL;
	spin_lock_irq(&sighand->siglock);
	if (sighand == rcu_access_pointer(thread->sighand))
		what = find_obstacle(thread->seccomp.filter);
	spin_unlock_irq(&sighand->siglock);
	return what;
}

/* ---- source -------------------------------------------------------------- */

static int fail(struct procmig_thread *thread, int error, const char *why)
{
	return procmig_fail(procmig_thread_process(thread), task_subsystem.id, error,
			    "thread %d: seccomp filter: %s (%d)",
			    task_pid_nr(procmig_thread_task(thread)), why, error);
}

static int emit_filter(struct procmig_thread *thread, struct task_event *event,
		       const struct seccomp_filter *filter, unsigned long nth)
{
	struct procmig_task_filter body = { .previous = PROCMIG_FILTER_NONE };
	struct procmig_filter seen;
	void *known;
	int ret;

	ret = procmig_compat_filter(filter, &seen);
	if (ret)
		return fail(thread, ret, "this kernel keeps it in another way");
	if (seen.listened || !seen.program)
		return fail(thread, -EOPNOTSUPP, "it has a listener, or no program");
	if (procmig_compat_filter_length(procmig_thread_task(thread), nth) != seen.length)
		return fail(thread, -EOPNOTSUPP, "this kernel keeps it in another way");
	if (event->filter_count == FILTERS_MAX)
		return fail(thread, -E2BIG, "there are too many in the event");
	if (seen.previous) {
		known = xa_load(&event->filter_numbers, (unsigned long)seen.previous);
		body.previous = xa_to_value(known);
	}
	body.number = event->filter_count;
	body.flags = seen.log ? PROCMIG_FILTER_LOG : 0;
	body.length = seen.length;
	ret = xa_err(xa_store(&event->filter_numbers, (unsigned long)filter,
			      xa_mk_value(body.number), GFP_KERNEL));
	if (ret)
		return ret;
	event->filter_count++;
	return task_emit(procmig_thread_process(thread), PROCMIG_TASK_FILTER, &body,
			 sizeof(body), seen.program, seen.length * sizeof(*seen.program));
}

/* The filters of a thread that have not been met, the youngest first. */
struct unmet {
	const struct seccomp_filter **filter;
	unsigned int count;		/* of them */
	unsigned int below;		/* those that they stand on */
};

static int collect(struct task_event *event, const struct seccomp_filter *filter,
		   struct unmet *unmet)
{
	const struct seccomp_filter **more;
	struct procmig_filter seen;
	bool met = false;
	int ret;

	for (; filter; filter = seen.previous) {
		met = met || xa_load(&event->filter_numbers, (unsigned long)filter);
		ret = procmig_compat_filter(filter, &seen);
		if (ret)
			return ret;
		if (met) {
			unmet->below++;
			continue;
		}
		if (unmet->count == FILTERS_MAX)
			return -E2BIG;
		more = procmig_grow(unmet->filter, unmet->count, sizeof(*more));
		if (!more)
			return -ENOMEM;
		unmet->filter = more;
		more[unmet->count++] = filter;
	}
	return 0;
}

int task_emit_filters(struct procmig_thread *thread)
{
	struct procmig_process *process = procmig_thread_process(thread);
	struct task_event *event = procmig_event_private(process, &task_subsystem);
	struct task_struct *task = procmig_thread_task(thread);
	struct procmig_task_filtered body = {};
	struct unmet unmet = {};
	int ret;

	if (task->seccomp.mode != SECCOMP_MODE_FILTER)
		return 0;
	ret = collect(event, task->seccomp.filter, &unmet);
	if (ret)
		fail(thread, ret, "it cannot be read");
	while (!ret && unmet.count) {
		unmet.count--;
		ret = emit_filter(thread, event, unmet.filter[unmet.count], unmet.below++);
	}
	kvfree(unmet.filter);
	if (ret)
		return ret;
	body.number = xa_to_value(xa_load(&event->filter_numbers,
					  (unsigned long)task->seccomp.filter));
	return task_emit(process, PROCMIG_TASK_FILTERED, &body, sizeof(body), NULL, 0);
}

/* ---- target -------------------------------------------------------------- */

/* What `current' is confined by; the reference to the filter goes to it. */
static void confine(int mode, struct seccomp_filter *filter, unsigned int depth)
{
	spin_lock_irq(&procmig_compat_sighand(current)->siglock);
	current->seccomp.filter = filter;
	atomic_set(&current->seccomp.filter_count, depth);
	/* Seen before the flag by whoever looks at the mode. */
	smp_store_release(&current->seccomp.mode, mode);
	if (mode == SECCOMP_MODE_DISABLED)
		clear_task_syscall_work(current, SECCOMP);
	else
		set_task_syscall_work(current, SECCOMP);
	spin_unlock_irq(&procmig_compat_sighand(current)->siglock);
}

/* The call wants the program in user memory, and the process may have no room. */
static unsigned long borrow_memory(size_t bytes)
{
	struct rlimit *limit = &current->signal->rlim[RLIMIT_AS];
	unsigned long before, address;

	task_lock(current->group_leader);
	before = limit->rlim_cur;
	limit->rlim_cur = RLIM_INFINITY;
	task_unlock(current->group_leader);
	/* Shared: it joins none of the process's own mappings. */
	address = vm_mmap(NULL, 0, bytes, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, 0);
	task_lock(current->group_leader);
	limit->rlim_cur = before;
	task_unlock(current->group_leader);
	return address;
}

static long attach(const struct procmig_task_filter *wanted)
{
	size_t bytes = wanted->length * sizeof(struct sock_filter);
	unsigned long flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW, address;
	struct sock_fprog program = { .len = wanted->length };
	long ret = -EFAULT;

	if (wanted->flags & PROCMIG_FILTER_LOG)
		flags |= SECCOMP_FILTER_FLAG_LOG;
	address = borrow_memory(sizeof(program) + bytes);
	if (IS_ERR_VALUE(address))
		return address;
	program.filter = (struct sock_filter __user *)(address + sizeof(program));
	if (!copy_to_user((void __user *)address, &program, sizeof(program)) &&
	    !copy_to_user(program.filter, wanted + 1, bytes))
		ret = procmig_syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, address);
	vm_munmap(address, sizeof(program) + bytes);
	return ret;
}

/*
 * The kernel puts a program onto what the task has.  This task has the wanted
 * one's predecessor only meanwhile: what confines it in the end comes with the
 * resume.  Nothing of what we do passes the border where a filter would look.
 */
static int build(struct procmig_thread *thread, struct task_event *event,
		 const struct procmig_task_filter *wanted)
{
	struct task_filter *more, *previous = NULL;
	long ret;

	if (current->seccomp.mode != SECCOMP_MODE_DISABLED)
		return fail(thread, -EBUSY, "the stub is confined itself");
	more = procmig_grow(event->filter, event->filter_count, sizeof(*more));
	if (!more)
		return -ENOMEM;
	event->filter = more;
	if (wanted->previous != PROCMIG_FILTER_NONE) {
		previous = &more[wanted->previous];
		procmig_compat_filter_get(previous->filter);
		confine(SECCOMP_MODE_FILTER, previous->filter, previous->depth);
	}
	ret = attach(wanted);
	if (!ret)
		more[event->filter_count++] = (struct task_filter) {
			.filter = current->seccomp.filter,
			.depth = previous ? previous->depth + 1 : 1,
		};
	else if (previous)
		procmig_compat_filter_put(previous->filter);
	confine(SECCOMP_MODE_DISABLED, NULL, 0);
	return ret ? fail(thread, ret, "it cannot be installed here") : 0;
}

int task_take_filter(struct procmig_thread *thread, const struct procmig_record *record)
{
	struct procmig_process *process = procmig_thread_process(thread);
	struct task_event *event = procmig_event_private(process, &task_subsystem);
	struct procmig_task_filter *wanted;
	int ret;

	wanted = procmig_take_body(process, record, sizeof(*wanted));
	if (IS_ERR(wanted))
		return PTR_ERR(wanted);
	if (wanted->number != event->filter_count || wanted->number >= FILTERS_MAX ||
	    (wanted->previous >= event->filter_count &&
	     wanted->previous != PROCMIG_FILTER_NONE) ||
	    wanted->flags & ~PROCMIG_FILTER_LOG || !wanted->length ||
	    wanted->length > BPF_MAXINSNS ||
	    record->length != sizeof(*wanted) + wanted->length * sizeof(struct sock_filter))
		ret = task_refuse(process, "a seccomp filter");
	else
		ret = build(thread, event, wanted);
	kvfree(wanted);
	return ret;
}

int task_take_filtered(struct procmig_thread *thread, const struct procmig_record *record)
{
	struct procmig_process *process = procmig_thread_process(thread);
	struct task_event *event = procmig_event_private(process, &task_subsystem);
	struct task_thread *state = procmig_thread_private(thread, &task_subsystem);
	struct procmig_task_filtered wanted;
	int ret;

	if (record->length != sizeof(wanted))
		return task_refuse(process, "a task record of wrong length");
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, &wanted, sizeof(wanted));
	if (ret)
		return ret;
	if (wanted.number >= event->filter_count || wanted.reserved)
		return task_refuse(process, "a thread's seccomp filter");
	state->filter = event->filter[wanted.number];
	return 0;
}

/* Whether what was sent about filters fits the mode. */
bool task_seccomp_ok(const struct task_thread *state)
{
	return !state->filter.filter == (state->attributes.seccomp != SECCOMP_MODE_FILTER);
}

void task_resume_seccomp(const struct task_thread *state)
{
	int mode = state->attributes.seccomp;

	if (mode == SECCOMP_MODE_DISABLED)
		return;
	/* Whether the program had waived this is not known. */
	procmig_compat_mitigate();
	if (state->filter.filter)
		procmig_compat_filter_get(state->filter.filter);
	confine(mode, state->filter.filter, state->filter.depth);
}

void task_forget_filters(struct task_event *event)
{
	xa_destroy(&event->filter_numbers);
	/* On the source they are the processes' own. */
	while (event->filter && event->filter_count)
		procmig_compat_filter_put(event->filter[--event->filter_count].filter);
	kvfree(event->filter);
}
