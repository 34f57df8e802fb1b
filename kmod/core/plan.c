// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bsearch.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "plan.h"
#include "stream.h"

/* The group and the session of the first process, and who leads them on the target. */
struct place {
	pid_t group, group_leader;
	pid_t session, session_leader;
};

/*
 * Where their leaders are outside, the group is the first process's own, and the
 * session belongs to whoever leads its group: as if that had called setsid(2).
 */
static struct place find_place(struct procmig_request *request)
{
	struct procmig_process *first = procmig_first_process(request);
	struct place place;

	rcu_read_lock();
	place.group = task_pgrp_nr_ns(first->task, &init_pid_ns);
	place.session = task_session_nr_ns(first->task, &init_pid_ns);
	rcu_read_unlock();
	place.group_leader = procmig_find_process(request, place.group) ? place.group :
									  first->pid;
	place.session_leader = procmig_find_process(request, place.session) ?
				       place.session : place.group_leader;
	return place;
}

bool procmig_has_gone(pid_t leader)
{
	bool gone;

	rcu_read_lock();
	gone = !pid_task(find_pid_ns(leader, &init_pid_ns), PIDTYPE_TGID);
	rcu_read_unlock();
	return gone;
}

/* @leader, or who leads in its place; 0: somebody who stays behind. */
static pid_t leader_of(struct procmig_request *request, pid_t leader, pid_t of_first,
		       pid_t instead)
{
	if (leader == of_first)
		return instead;
	return procmig_find_process(request, leader) || procmig_has_gone(leader) ? leader : 0;
}

/*
 * What is left of one that has ended, and /proc and wait(2) show.  Only its parent
 * could reap it, which stands still.
 */
static void describe_zombie(struct task_struct *task, struct procmig_planned_task *planned)
{
	const struct sighand_struct *sighand = rcu_access_pointer(task->sighand);
	__sighandler_t handler;
	unsigned int i;

	BUILD_BUG_ON(TASK_COMM_LEN != PROCMIG_COMM_BYTES);
	planned->flags = PROCMIG_PLANNED_ZOMBIE;
	planned->exit_code = task->signal->flags & SIGNAL_GROUP_EXIT ?
			     task->signal->group_exit_code : task->exit_code;
	planned->uid = from_kuid(&init_user_ns, task_uid(task));
	planned->gid = from_kgid(&init_user_ns, task_cred_xxx(task, gid));
	get_task_comm(planned->comm, task);
	planned->blocked = task->blocked.sig[0];
	for (i = 0; sighand && i < _NSIG; i++) {
		handler = sighand->action[i].sa.sa_handler;
		if (handler == SIG_IGN)
			planned->ignored |= BIT_ULL(i);
		else if (handler != SIG_DFL)
			planned->caught |= BIT_ULL(i);
	}
}

static void describe(struct procmig_process *process, const struct place *place,
		     struct procmig_planned_task *planned)
{
	struct procmig_request *request = process->request;
	struct task_struct *task = process->task;
	pid_t group, session;

	rcu_read_lock();
	group = task_pgrp_nr_ns(task, &init_pid_ns);
	session = task_session_nr_ns(task, &init_pid_ns);
	rcu_read_unlock();
	*planned = (struct procmig_planned_task) {
		.tid = process->pid,
		.pid = process->pid,
		.parent = process->parent ? process->parent->pid : 0,
		.group = leader_of(request, group, place->group, place->group_leader),
		.session = leader_of(request, session, place->session,
				     place->session_leader),
		/* Init wants to be told in the ordinary way. */
		.exit_signal = process->parent ? task->exit_signal : SIGCHLD,
	};
	if (process->zombie)
		describe_zombie(task, planned);
}

/* How many tasks at most: those that parked, the zombies, and two leaders for each process. */
static unsigned int count_tasks(struct procmig_request *request)
{
	struct procmig_process *process;
	unsigned int count = request->gate.queued;

	list_for_each_entry(process, &request->processes, node)
		count += process->zombie + 2;
	return count;
}

struct filling {
	struct procmig_request *request;
	struct place place;
	struct procmig_planned_task *tasks;
	unsigned int count;
};

static bool is_filled(const struct filling *filling, pid_t pid)
{
	unsigned int i;

	for (i = 0; i < filling->count; i++)
		if (filling->tasks[i].tid == pid)
			return true;
	return false;
}

static void add_leader(struct filling *filling, pid_t leader, pid_t session)
{
	if (procmig_find_process(filling->request, leader) || is_filled(filling, leader))
		return;
	filling->tasks[filling->count++] = (struct procmig_planned_task) {
		.tid = leader,
		.pid = leader,
		.parent = procmig_first_process(filling->request)->pid,
		.group = leader,
		.session = session,
		.flags = PROCMIG_PLANNED_ZOMBIE | PROCMIG_PLANNED_GONE,
	};
}

/* Describes @process, its threads, and the leaders it has outlived. */
static int add(struct filling *filling, struct procmig_process *process)
{
	struct procmig_planned_task *tasks = filling->tasks;
	struct procmig_planned_task *planned = &tasks[filling->count++];
	struct procmig_thread *thread;

	describe(process, &filling->place, planned);
	if (!planned->group || !planned->session)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EOPNOTSUPP,
				    "pid %d: the leader of its session or process group stays behind",
				    process->pid);
	list_for_each_entry(thread, &process->threads, node)
		if (thread->task != process->task)
			tasks[filling->count++] = (struct procmig_planned_task) {
				.tid = thread->tid,
				.pid = process->pid,
			};
	add_leader(filling, planned->session, planned->session);
	add_leader(filling, planned->group, planned->session);
	return 0;
}

static int fill(struct filling *filling)
{
	struct procmig_process *first = procmig_first_process(filling->request), *process;
	/* The stub begins with its PID, wherever its records are. */
	int ret = add(filling, first);

	list_for_each_entry(process, &filling->request->processes, node)
		if (!ret && process != first)
			ret = add(filling, process);
	return ret;
}

/*
 * What a child shares with its parent is sent with the parent: so that comes first.
 * The process that was named comes as early as it can, its ancestors just before it:
 * the target finds that order in the plan.
 */
static void put_in_order(struct procmig_request *request)
{
	struct procmig_process *first = procmig_first_process(request), *process;
	LIST_HEAD(order);

	spin_lock(&request->gate.lock);
	while (!list_empty(&request->processes)) {
		process = first;
		if (first->placed)
			process = list_first_entry(&request->processes, typeof(*process), node);
		while (process->parent && !process->parent->placed)
			process = process->parent;
		process->placed = true;
		list_move_tail(&process->node, &order);
	}
	list_splice(&order, &request->processes);
	spin_unlock(&request->gate.lock);
}

int procmig_plan_emit(struct procmig_request *request)
{
	struct procmig_process *first = procmig_first_process(request);
	struct filling filling = { .request = request, .place = find_place(request) };
	struct kvec part;
	int ret;

	put_in_order(request);
	filling.tasks = kvmalloc_array(count_tasks(request), sizeof(*filling.tasks), GFP_KERNEL);
	if (!filling.tasks)
		return -ENOMEM;
	ret = fill(&filling);
	part = (struct kvec) { filling.tasks, filling.count * sizeof(*filling.tasks) };
	if (!ret && filling.count > PROCMIG_PLAN_MAX)
		ret = procmig_fail(first, PROCMIG_SUBSYSTEM_CORE, -E2BIG,
				   "pid %d and its children have %u threads, %zu are the limit",
				   first->pid, filling.count, PROCMIG_PLAN_MAX);
	if (!ret)
		ret = procmig_emit(first, PROCMIG_CHANNEL_DEMAND,
				   PROCMIG_SUBSYSTEM_CORE, PROCMIG_CORE_PLAN, 1,
				   &part, 1);
	kvfree(filling.tasks);
	return ret;
}

/* The tasks by TID: a stream may bring many, and each refers to others. */
struct lookup {
	struct entry {
		s32 tid;
		u32 at;
	} *entry;
	unsigned int count;
};

static int compare(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	return left->tid < right->tid ? -1 : left->tid > right->tid;
}

static bool make_lookup(struct lookup *lookup, const struct procmig_planned_task *tasks,
			unsigned int count)
{
	unsigned int i;

	lookup->count = count;
	lookup->entry = kvmalloc_array(count, sizeof(*lookup->entry), GFP_KERNEL);
	if (!lookup->entry)
		return false;
	for (i = 0; i < count; i++)
		lookup->entry[i] = (struct entry) { tasks[i].tid, i };
	sort(lookup->entry, count, sizeof(*lookup->entry), compare, NULL);
	return true;
}

static bool are_distinct(const struct lookup *lookup)
{
	unsigned int i;

	for (i = 1; i < lookup->count; i++)
		if (lookup->entry[i].tid == lookup->entry[i - 1].tid)
			return false;
	return true;
}

/* A process of the plan before @end, NULL if there is none. */
static const struct procmig_planned_task *
find_planned(const struct lookup *lookup, const struct procmig_planned_task *tasks,
	     unsigned int end, pid_t pid)
{
	const struct entry key = { .tid = pid };
	const struct entry *found = bsearch(&key, lookup->entry, lookup->count, sizeof(key),
					    compare);

	return found && found->at < end && tasks[found->at].pid == pid ?
	       &tasks[found->at] : NULL;
}

/*
 * A parent stands before its children, so nobody descends from itself; but the
 * first's may follow, and must not descend from the first.
 */
static bool has_parent(const struct lookup *lookup, const struct procmig_planned_task *tasks,
		       unsigned int i)
{
	const struct procmig_planned_task *parent;
	unsigned int end = i ?: lookup->count;

	parent = find_planned(lookup, tasks, end, tasks[i].parent);
	if (!parent || parent->flags & PROCMIG_PLANNED_ZOMBIE)
		return false;
	while (!i && parent && parent != tasks)
		parent = find_planned(lookup, tasks, parent - tasks, parent->parent);
	return i || !parent;
}

/* What only a zombie has, and needs. */
static bool has_remains(const struct procmig_planned_task *task)
{
	return memchr_inv(&task->exit_code, 0,
			  sizeof(*task) - offsetof(struct procmig_planned_task, exit_code));
}

static bool are_remains_ok(const struct procmig_planned_task *task)
{
	return task->exit_code <= 0xffff && !task->comm[PROCMIG_COMM_BYTES - 1] &&
	       uid_valid(make_kuid(&init_user_ns, task->uid)) &&
	       gid_valid(make_kgid(&init_user_ns, task->gid)) &&
	       !(task->ignored & task->caught);
}

static const char *check_process(const struct lookup *lookup,
				 const struct procmig_planned_task *tasks, unsigned int i)
{
	const struct procmig_planned_task *task = &tasks[i];

	if (task->parent && !has_parent(lookup, tasks, i))
		return "the parent of a process does not stand before it";
	if (!task->parent && task->flags & PROCMIG_PLANNED_ZOMBIE)
		return "a process without a parent has ended";
	if (!find_planned(lookup, tasks, lookup->count, task->group) ||
	    !find_planned(lookup, tasks, lookup->count, task->session))
		return "a process group or session has no leader";
	if (!i && task->flags)
		return "its first process has ended";
	if (task->flags & ~(PROCMIG_PLANNED_ZOMBIE | PROCMIG_PLANNED_GONE) ||
	    task->flags == PROCMIG_PLANNED_GONE || task->exit_signal < 0 ||
	    task->exit_signal > _NSIG)
		return "a process has unknown flags or a strange exit signal";
	if (task->flags & PROCMIG_PLANNED_GONE && task->parent != tasks[0].pid)
		return "a process that is gone is not the first's child";
	if (task->flags ? !are_remains_ok(task) : has_remains(task))
		return "what is left of a process that has ended is not possible";
	return NULL;
}

static const char *check_thread(const struct procmig_planned_task *tasks, unsigned int i)
{
	const struct procmig_planned_task *task = &tasks[i];

	if (!i || tasks[i - 1].pid != task->pid)
		return "a thread does not stand behind its process";
	if (tasks[i - 1].flags)
		return "a zombie has threads";
	if (task->parent || task->group || task->session || task->exit_signal ||
	    task->flags || has_remains(task))
		return "a thread has what only a process has";
	return NULL;
}

static const char *check(const struct lookup *lookup,
			 const struct procmig_planned_task *tasks)
{
	const char *why = NULL;
	unsigned int i;

	if (!are_distinct(lookup))
		return "a TID is there twice";
	if (lookup->entry[0].tid <= 0)
		return "a TID is not positive";
	for (i = 0; !why && i < lookup->count; i++)
		why = tasks[i].tid == tasks[i].pid ? check_process(lookup, tasks, i) :
						     check_thread(tasks, i);
	return why;
}

int procmig_plan_check(const struct procmig_planned_task *tasks, unsigned int count,
		       pid_t pid, const char **why)
{
	struct lookup lookup;

	*why = NULL;
	if (!count || count > PROCMIG_PLAN_MAX)
		*why = "it has no task, or too many";
	else if (tasks[0].tid != pid || tasks[0].pid != pid)
		*why = "it does not begin with the process that is due";
	else if (!make_lookup(&lookup, tasks, count))
		return -ENOMEM;
	if (*why)
		return -EPROTO;
	*why = check(&lookup, tasks);
	kvfree(lookup.entry);
	return *why ? -EPROTO : 0;
}

/* With its records, which follow those of its parent: see put_in_order(). */
static void put_behind_parent(struct procmig_process *first)
{
	struct procmig_request *request = first->request;
	struct procmig_process *parent = procmig_find_process(request, first->planned.parent);

	spin_lock(&request->gate.lock);
	if (parent)
		list_move(&first->node, &parent->node);
	spin_unlock(&request->gate.lock);
}

static int add_processes(struct procmig_request *request, unsigned int count)
{
	struct procmig_process *process = procmig_first_process(request);
	const struct procmig_planned_task *task;

	for (task = request->plan; task < request->plan + count; task++) {
		if (task->tid == task->pid) {
			if (task != request->plan)
				process = procmig_process_new(request, task->pid);
			if (!process)
				return -ENOMEM;
			process->planned = *task;
			process->zombie = task->flags & PROCMIG_PLANNED_ZOMBIE;
		}
		if (process->zombie)
			continue;
		process->thread_count++;
		request->expected++;
	}
	put_behind_parent(procmig_first_process(request));
	return 0;
}

static unsigned int count_announced(struct procmig_request *request)
{
	struct procmig_process *process;
	unsigned int count = 0;

	list_for_each_entry(process, &request->processes, node)
		count += !procmig_is_gone(process);
	return count;
}

int procmig_plan_take(struct procmig_request *request,
		      const struct procmig_record *record)
{
	struct procmig_process *first = procmig_first_process(request);
	struct procmig_planned_task *tasks;
	unsigned int count = record->length / sizeof(*tasks);
	const char *why = "its length is wrong";
	int ret = -EPROTO;

	tasks = procmig_take_body(first, record, sizeof(*tasks));
	if (IS_ERR(tasks))
		return PTR_ERR(tasks);
	if (record->length == count * sizeof(*tasks))
		ret = procmig_plan_check(tasks, count, first->pid, &why);
	if (ret) {
		kvfree(tasks);
		return procmig_fail(first, PROCMIG_SUBSYSTEM_CORE, ret,
				    "the plan was refused: %s", why ?: "no memory");
	}
	request->plan = tasks;
	ret = add_processes(request, count);
	if (ret)
		return ret;
	if (count_announced(request) != request->hello.processes)
		return procmig_fail(first, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "the plan has another number of processes than the %u announced",
				    request->hello.processes);
	/* The stub looks at the count first. */
	smp_store_release(&request->plan_count, count);
	wake_up_all(&request->gate.moved);
	return 0;
}
