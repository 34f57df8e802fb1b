// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker of a request on the target, and the part that the tasks do on
 * themselves: a task of the stub that has entered waits in the kernel, on its
 * way back to user mode.  The worker reads the stream as far as the next process
 * or thread and orders the task concerned to rebuild itself from what follows;
 * at the end all wait at the gate for the decision, and leave as the process.
 */
#include <linux/hrtimer.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <procmig/compat.h>

#include "identity.h"
#include "lanes.h"
#include "plan.h"
#include "quiesce.h"
#include "stream.h"

/* ---- self ---------------------------------------------------------------- */

/*
 * The stub's clock was set from across the network and may lag by the time that
 * took; who resumed before the source's last reading would have slept too short.
 * A lag of more than a second means that it was not set at all.
 */
static void catch_up(struct procmig_request *request)
{
	u64 monotonic_ns, boottime_ns;
	ktime_t lag;

	procmig_task_clocks(current, &monotonic_ns, &boottime_ns);
	if (monotonic_ns >= request->not_before_ns ||
	    request->not_before_ns - monotonic_ns > NSEC_PER_SEC)
		return;
	lag = ns_to_ktime(request->not_before_ns - monotonic_ns);
	set_current_state(TASK_KILLABLE);
	schedule_hrtimeout(&lag, HRTIMER_MODE_REL);
}

/* Records of @subsystem until its DONE, about the process or one thread. */
static int load_subsystem(struct procmig_process *process, struct procmig_thread *thread,
			  const struct procmig_subsystem *subsystem)
{
	struct procmig_core_done done;
	struct procmig_record record;
	int ret;

	for (;;) {
		ret = procmig_take_demand(process, &record);
		if (ret)
			return ret;
		if (record.subsystem == PROCMIG_SUBSYSTEM_CORE)
			break;
		if (record.subsystem != subsystem->id)
			return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
					    "a record of subsystem %u came where %s (%u) is due; load the same modules on both nodes",
					    record.subsystem, subsystem->name,
					    subsystem->id);
		if (record.version > subsystem->version)
			return procmig_fail(process, subsystem->id, -EPROTO,
					    "record version %u is newer than this module's %u",
					    record.version, subsystem->version);
		ret = thread ? subsystem->restart_thread(thread, &record) :
			       subsystem->restart(process, &record);
		if (ret == PROCMIG_UNKNOWN && record.flags & PROCMIG_RECORD_MANDATORY)
			return procmig_fail(process, subsystem->id, -EPROTO,
					    "record type %u of %s is unknown here and must not be skipped; load the same modules on both nodes",
					    record.type, subsystem->name);
		if (ret < 0)
			return ret;
		ret = procmig_skip_demand(process);
		if (ret)
			return ret;
		if (fatal_signal_pending(current))
			return procmig_killed(process);
	}
	if (record.type != PROCMIG_CORE_DONE || record.version != 1 ||
	    record.length != sizeof(done))
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "core record %u came inside subsystem %s",
				    record.type, subsystem->name);
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, &done, sizeof(done));
	if (!ret && done.subsystem != subsystem->id)
		ret = procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				   "subsystem %u ended where %s is due",
				   done.subsystem, subsystem->name);
	return ret;
}

static int load_process(struct procmig_thread *first)
{
	struct procmig_process *process = first->process;
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	unsigned int i;
	int ret;

	ret = procmig_process_setup(process);
	for (i = 0; !ret && i < set->count; i++)
		ret = load_subsystem(process, NULL, set->subsystem[i]);
	return ret;
}

static int load_thread(struct procmig_thread *thread)
{
	struct procmig_process *process = thread->process;
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < set->count; i++)
		if (set->subsystem[i]->restart_thread)
			ret = load_subsystem(process, thread, set->subsystem[i]);
	return ret;
}

static void give_up(struct procmig_process *process, int error)
{
	procmig_request_abort(process->request, PROCMIG_SUBSYSTEM_CORE, error,
			      "the restart of pid %d failed (%d)", process->pid, error);
}

/*
 * Nobody waits for it but those who come next in the lane, or share pages: others
 * of the event are rebuilt meanwhile.
 */
static int load_bulk(struct procmig_thread *first)
{
	struct procmig_process *process = first->process;
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	unsigned int i;
	int ret;

	ret = procmig_lane_await_turn(process);
	for (i = 0; !ret && i < set->count; i++)
		if (set->subsystem[i]->restart_bulk)
			ret = set->subsystem[i]->restart_bulk(process);
	if (ret && fatal_signal_pending(current))
		ret = procmig_killed(process);
	if (ret)
		give_up(process, ret);
	else
		complete_all(&process->complete);
	return ret;
}

static int resume_process(struct procmig_thread *first)
{
	struct procmig_process *process = first->process;
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	unsigned int i;

	catch_up(process->request);
	for (i = 0; i < set->count; i++)
		if (set->subsystem[i]->resume)
			set->subsystem[i]->resume(process);
	return 0;
}

static void resume_thread(struct procmig_thread *thread)
{
	const struct procmig_subsystem_set *set = &thread->process->request->subsystems;
	unsigned int i;

	for (i = 0; i < set->count; i++)
		if (set->subsystem[i]->resume_thread)
			set->subsystem[i]->resume_thread(thread);
}

static bool may_run(struct procmig_request *request)
{
	return procmig_request_state(request) == PROCMIG_STATE_RUNNING;
}

static void carry_out(struct procmig_thread *thread)
{
	struct procmig_gate *gate = &thread->process->request->gate;
	int ret = thread->order(thread);

	spin_lock(&gate->lock);
	thread->result = ret;
	thread->order = NULL;
	wake_up_all(&gate->moved);
	spin_unlock(&gate->lock);
}

static void become(struct callback_head *work)
{
	struct procmig_thread *thread = container_of(work, typeof(*thread), work);
	struct procmig_request *request = thread->process->request;
	struct procmig_gate *gate = &request->gate;
	bool killed = current->flags & PF_EXITING;

	procmig_thread_arrived(thread);
	while (!killed) {
		killed = wait_event_killable(thread->wait, READ_ONCE(thread->order) ||
					     READ_ONCE(gate->released));
		if (!READ_ONCE(thread->order))
			break;
		if (!killed)
			carry_out(thread);
	}
	if (READ_ONCE(gate->released) && may_run(request))
		resume_thread(thread);
	else
		/* Half of one process and half of another: it must not run. */
		send_sig(SIGKILL, current, 1);
	procmig_thread_leave(thread);
}

/* ---- the stub's calls ----------------------------------------------------- */

static bool has_plan(struct procmig_request *request)
{
	/* with the store in procmig_plan_take(): the list is there, too */
	return smp_load_acquire(&request->plan_count) ||
	       procmig_request_state(request) != PROCMIG_STATE_LOADING;
}

/* The transition admits one task; after that the worker can kill it. */
static int admit(struct procmig_request *request, struct procmig_process *process)
{
	int ret;

	spin_lock(&request->gate.lock);
	ret = procmig_request_transition(request, PROCMIG_ON_ENTERED);
	if (!ret)
		process->task = get_task_struct(current);
	else if (process->task == current)
		ret = 0;
	spin_unlock(&request->gate.lock);
	return ret;
}

int procmig_await_plan(struct procmig_request *request)
{
	struct procmig_process *process = procmig_first_process(request);
	int ret;

	if (request->role != PROCMIG_ROLE_TARGET)
		return -EPROTO;
	if (get_nr_threads(current) != 1 || task_pid_vnr(current) != process->pid)
		return -ECHILD;
	ret = admit(request, process);
	if (ret)
		return ret;
	procmig_progress(process, 0, 0);
	ret = wait_event_killable(request->gate.moved, has_plan(request));
	if (!ret && procmig_request_state(request) != PROCMIG_STATE_LOADING)
		ret = -ECANCELED;
	return ret;
}

/* A task of the stub may stand for a thread of @process, which still misses some. */
static bool fits(struct procmig_process *process, struct task_struct *task)
{
	return process && process->entered < process->thread_count &&
	       (!process->task || process->task == task->group_leader);
}

/*
 * The worker makes the request ABORTING and takes the lock before it undoes
 * anything: whoever is in the list by then is killed, nobody comes in later.
 */
static int list_thread(struct procmig_request *request, struct procmig_thread *thread)
{
	struct procmig_process *process = NULL;
	unsigned int count;
	int ret = 0;

	/* with the store in procmig_plan_take(): the list is there, too */
	count = smp_load_acquire(&request->plan_count);
	spin_lock(&request->gate.lock);
	if (count)
		process = procmig_find_process(request, task_tgid_vnr(current));
	if (procmig_request_state(request) != PROCMIG_STATE_LOADING)
		ret = -EPROTO;
	else if (!fits(process, current))
		ret = -ECHILD;
	if (!ret) {
		if (!process->task)
			process->task = get_task_struct(current->group_leader);
		thread->process = process;
		/* The first thread stands first, whoever came first. */
		if (thread->task == process->task)
			list_add(&thread->node, &process->threads);
		else
			list_add_tail(&thread->node, &process->threads);
		process->entered++;
		request->gate.queued++;
	}
	spin_unlock(&request->gate.lock);
	return ret;
}

int procmig_enter_target(struct procmig_request *request)
{
	struct procmig_thread *thread;
	int ret;

	if (request->role != PROCMIG_ROLE_TARGET)
		return -EPROTO;
	thread = procmig_thread_alloc(NULL, become);
	if (!thread)
		return -ENOMEM;
	ret = list_thread(request, thread);
	if (ret) {
		procmig_thread_free(thread);
		return ret;
	}
	procmig_progress(thread->process, 0, 0);
	ret = task_work_add(current, &thread->work, TWA_SIGNAL);
	if (ret)	/* exiting; the work will not run */
		become(&thread->work);
	return 0;
}

/* ---- worker: the stream ---------------------------------------------------- */

static int core_record(struct procmig_process *process, u16 type,
		       struct procmig_record *record)
{
	int ret;

	ret = procmig_take_demand(process, record);
	if (ret)
		return ret;
	if (record->subsystem != PROCMIG_SUBSYSTEM_CORE || record->type != type ||
	    record->version != 1)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "core record %u is due, got type %u of subsystem %u, version %u, %llu bytes",
				    type, record->type, record->subsystem,
				    record->version, record->length);
	return 0;
}

static int take_core(struct procmig_process *process, u16 type, void *body, size_t bytes)
{
	struct procmig_record record;
	int ret;

	ret = core_record(process, type, &record);
	if (ret)
		return ret;
	if (record.length != bytes)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "core record %u has %llu bytes, %zu are due",
				    type, record.length, bytes);
	return procmig_take(process, PROCMIG_CHANNEL_DEMAND, body, bytes);
}

static int take_hello(struct procmig_process *process)
{
	struct procmig_request *request = process->request;
	struct procmig_core_hello *hello = &request->hello;
	int ret;

	ret = take_core(process, PROCMIG_CORE_HELLO, hello, sizeof(*hello));
	if (ret)
		return ret;
	if (memcmp(hello->token, request->token, sizeof(hello->token)))
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "the stream belongs to another event");
	if (hello->stream_version != PROCMIG_STREAM_VERSION ||
	    hello->page_bytes != PAGE_SIZE)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "the source speaks stream version %u with pages of %u bytes",
				    hello->stream_version, hello->page_bytes);
	if (hello->xstate_bytes != procmig_compat_xstate_bytes() ||
	    hello->xfeatures != procmig_compat_xfeatures())
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EOPNOTSUPP,
				    "the extended registers differ: source %#llx in %u bytes, here %#llx in %u",
				    hello->xfeatures, hello->xstate_bytes,
				    procmig_compat_xfeatures(),
				    procmig_compat_xstate_bytes());
	return 0;
}

static int take_plan(struct procmig_request *request)
{
	struct procmig_process *first = procmig_first_process(request);
	struct procmig_record record;
	int ret;

	ret = take_hello(first);
	if (!ret)
		ret = core_record(first, PROCMIG_CORE_PLAN, &record);
	return ret ?: procmig_plan_take(request, &record);
}

static int take_end(struct procmig_request *request)
{
	struct procmig_core_end end;
	int ret;

	ret = take_core(procmig_first_process(request), PROCMIG_CORE_END, &end, sizeof(end));
	if (!ret)
		request->not_before_ns = end.monotonic_ns;
	return ret;
}

static int take_process(struct procmig_process *process)
{
	struct procmig_core_process body;
	int ret;

	ret = take_core(process, PROCMIG_CORE_PROCESS, &body, sizeof(body));
	if (ret)
		return ret;
	if (body.pid != process->pid || body.threads != process->thread_count)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "the stream holds pid %d with %u threads, pid %d with %u is due",
				    body.pid, body.threads, process->pid,
				    process->thread_count);
	process->request->bytes_total = body.bytes_total;
	return 0;
}

/* ---- worker: orders --------------------------------------------------------- */

static bool is_aborting(struct procmig_request *request)
{
	return procmig_request_state(request) == PROCMIG_STATE_ABORTING;
}

static bool is_idle(struct procmig_thread *thread)
{
	struct procmig_gate *gate = &thread->process->request->gate;
	bool idle;

	spin_lock(&gate->lock);
	idle = !thread->order || thread->left;
	spin_unlock(&gate->lock);
	return idle;
}

/* Have @thread do it in its own context. */
static void begin(struct procmig_thread *thread, int (*what)(struct procmig_thread *))
{
	thread->result = -ESRCH;
	WRITE_ONCE(thread->order, what);
	wake_up_all(&thread->wait);
}

/* What @thread says of its last order, or why it could not do it. */
static int await(struct procmig_thread *thread)
{
	struct procmig_request *request = thread->process->request;

	wait_event_idle(request->gate.moved, is_idle(thread) || is_aborting(request));
	if (is_aborting(request))
		return -ECANCELED;
	if (thread->left && !may_run(request))
		return procmig_fail(thread->process, PROCMIG_SUBSYSTEM_CORE, -ESRCH,
				    "thread %d was killed before it was rebuilt",
				    thread->tid);
	return thread->result;
}

static int order(struct procmig_thread *thread, int (*what)(struct procmig_thread *))
{
	begin(thread, what);
	return await(thread);
}

static int order_every_thread(struct procmig_process *process,
			      int (*what)(struct procmig_thread *))
{
	struct procmig_thread *thread;
	int ret = 0;

	list_for_each_entry(thread, &process->threads, node) {
		ret = order(thread, what);
		if (ret)
			break;
	}
	return ret;
}

static struct procmig_thread *first_thread(struct procmig_process *process)
{
	return list_first_entry(&process->threads, struct procmig_thread, node);
}

static struct procmig_thread *find_thread(struct procmig_process *process, pid_t tid)
{
	struct procmig_thread *thread;

	list_for_each_entry(thread, &process->threads, node)
		if (thread->tid == tid)
			return thread;
	return NULL;
}

static int rebuild_thread(struct procmig_process *process)
{
	struct procmig_core_thread body;
	struct procmig_thread *thread;
	int ret;

	ret = take_core(process, PROCMIG_CORE_THREAD, &body, sizeof(body));
	if (ret)
		return ret;
	thread = find_thread(process, body.tid);
	if (!thread || thread->loaded || body.reserved)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "the stream has thread %d of pid %d, which is not due",
				    body.tid, process->pid);
	thread->loaded = true;
	return order(thread, load_thread);
}

static int rebuild(struct procmig_process *process)
{
	unsigned int i;
	int ret;

	ret = take_process(process);
	/* Before the memory goes: it is the stub's, and so are its registrations. */
	if (!ret)
		ret = order_every_thread(process, procmig_thread_setup);
	if (!ret)
		ret = order(first_thread(process), load_process);
	process->loaded = !ret;
	for (i = 0; !ret && i < process->thread_count; i++)
		ret = rebuild_thread(process);
	if (!ret)
		begin(first_thread(process), load_bulk);
	return ret;
}

static int await_bulk(struct procmig_request *request)
{
	struct procmig_process *process;
	int ret;

	list_for_each_entry(process, &request->processes, node) {
		ret = process->zombie ? 0 : await(first_thread(process));
		if (ret)
			return ret;
	}
	return 0;
}

/* ---- worker: the stub -------------------------------------------------------- */

static bool has_come_in(struct procmig_process *process)
{
	bool entered;

	spin_lock(&process->request->gate.lock);
	entered = process->task;
	spin_unlock(&process->request->gate.lock);
	return entered;
}

static bool all_entered(struct procmig_request *request)
{
	bool all;

	spin_lock(&request->gate.lock);
	all = request->gate.queued == request->expected &&
	      request->gate.parked == request->gate.queued;
	spin_unlock(&request->gate.lock);
	return all;
}

/* A stub that ends on its way from the plan to the gate leaves no other trace. */
static bool has_ended(struct procmig_process *process)
{
	return has_come_in(process) && READ_ONCE(process->task->flags) & PF_EXITING;
}

static int look_after_stub(struct procmig_request *request)
{
	struct procmig_process *process;

	list_for_each_entry(process, &request->processes, node)
		if (has_ended(process))
			return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -ESRCH,
					    "the stub of pid %d ended before all of its %u threads had entered",
					    process->pid, process->thread_count);
	return 0;
}

static int await_stub(struct procmig_request *request)
{
	int ret = 0;

	while (!ret && !wait_event_idle_timeout(request->gate.moved,
						all_entered(request) ||
						is_aborting(request), HZ / 10))
		ret = look_after_stub(request);
	return is_aborting(request) ? -ECANCELED : ret;
}

/* ---- worker: relations -------------------------------------------------------- */

/* The task of a zombie that the stub has made, referenced; NULL as long as it is none. */
static struct task_struct *find_zombie(pid_t pid)
{
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(find_pid_ns(pid, &init_pid_ns), PIDTYPE_TGID);
	if (task && READ_ONCE(task->exit_state) == EXIT_ZOMBIE)
		get_task_struct(task);
	else
		task = NULL;
	rcu_read_unlock();
	return task;
}

/* It ends by itself, and nobody is told. */
static int await_zombie(struct procmig_process *process)
{
	struct procmig_request *request = process->request;
	struct task_struct *task;

	while (!(task = find_zombie(process->pid))) {
		if (is_aborting(request))
			return -ECANCELED;
		schedule_timeout_uninterruptible(1);
	}
	spin_lock(&request->gate.lock);
	process->task = task;
	spin_unlock(&request->gate.lock);
	procmig_compat_set_exit_code(task, process->planned.exit_code);
	return 0;
}

static bool is_child_of(struct task_struct *task, pid_t parent)
{
	bool is;

	rcu_read_lock();
	is = task_tgid_nr(rcu_dereference(task->real_parent)) == parent;
	rcu_read_unlock();
	return is;
}

/* The stub has no parent for them: init's, and the first, whose own came later. */
static int adopt(struct procmig_process *process)
{
	struct procmig_request *request = process->request;
	pid_t pid = process->planned.parent;
	struct procmig_process *parent = pid ? procmig_find_process(request, pid) : NULL;

	if (!parent || process == procmig_first_process(request)) {
		procmig_compat_reparent(process->task, parent ? parent->task : NULL);
		return 0;
	}
	if (is_child_of(process->task, pid))
		return 0;
	return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -ECHILD,
			    "the stub made it a child of another process than %d", pid);
}

/* Sessions and groups are set from here: who made them may have ended long ago. */
static int relate(struct procmig_process *process)
{
	const struct procmig_planned_task *planned = &process->planned;
	struct procmig_request *request = process->request;
	struct procmig_process *group, *session;
	int ret;

	group = procmig_find_process(request, planned->group);
	session = procmig_find_process(request, planned->session);
	ret = adopt(process);
	if (ret)
		return ret;
	procmig_compat_set_relations(process->task, task_pid(group->task),
				     task_pid(session->task), planned->exit_signal);
	return 0;
}

/* Those who are in their groups and sessions keep their numbers. */
static int bury(struct procmig_thread *first)
{
	struct procmig_process *process;
	long ret;

	list_for_each_entry(process, &first->process->request->processes, node) {
		if (!procmig_is_gone(process))
			continue;
		ret = procmig_syscall(__NR_wait4, process->pid, 0, __WALL | WNOHANG, 0);
		if (ret != process->pid)
			return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, ret ?: -ECHILD,
					    "pid %d, which only leads, cannot be reaped (%ld)",
					    process->pid, ret);
	}
	return 0;
}

static int relate_all(struct procmig_request *request)
{
	struct procmig_process *process;
	int ret;

	list_for_each_entry(process, &request->processes, node) {
		ret = process->zombie ? await_zombie(process) : 0;
		if (ret)
			return ret;
	}
	list_for_each_entry(process, &request->processes, node) {
		ret = relate(process);
		if (ret)
			return ret;
	}
	return order(first_thread(procmig_first_process(request)), bury);
}

/* ---- worker ------------------------------------------------------------------ */

static int settle(struct procmig_process *process)
{
	const struct procmig_subsystem_set *set = &process->request->subsystems;
	struct procmig_thread *thread;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < set->count; i++)
		if (set->subsystem[i]->settle)
			ret = set->subsystem[i]->settle(process);
	list_for_each_entry(thread, &process->threads, node)
		for (i = 0; !ret && i < set->count; i++)
			if (set->subsystem[i]->settle_thread)
				ret = set->subsystem[i]->settle_thread(thread);
	return ret;
}

static int load(struct procmig_request *request)
{
	struct procmig_process *first = procmig_first_process(request), *process;
	int ret;

	ret = take_plan(request);
	if (!ret) {
		procmig_lanes_assign(request);
		ret = procmig_event_setup(request);
	}
	if (!ret)
		ret = await_stub(request);
	if (!ret)
		ret = relate_all(request);
	if (ret)
		return ret;
	list_for_each_entry(process, &request->processes, node) {
		ret = process->zombie ? 0 : rebuild(process);
		if (ret)
			return ret;
	}
	ret = take_end(request);
	if (!ret)
		ret = await_bulk(request);
	if (ret)
		return ret;
	/* The register sets want tasks that are off their CPU. */
	if (!procmig_all_off_cpu(request))
		return procmig_fail(first, PROCMIG_SUBSYSTEM_CORE, -ESRCH,
				    "pid %d left before it was rebuilt", first->pid);
	list_for_each_entry(process, &request->processes, node) {
		ret = process->zombie ? 0 : settle(process);
		if (ret)
			return ret;
	}
	return 0;
}

static bool resolved(struct procmig_request *request)
{
	enum procmig_state state = procmig_request_state(request);

	return state == PROCMIG_STATE_RUNNING || state == PROCMIG_STATE_ABORTING;
}

static void resume_processes(struct procmig_request *request)
{
	struct procmig_process *process;

	/* One that was killed since the decision has nothing to resume. */
	list_for_each_entry(process, &request->processes, node)
		if (!process->zombie)
			order(first_thread(process), resume_process);
}

static void kill_processes(struct procmig_request *request)
{
	struct procmig_process *process;

	list_for_each_entry(process, &request->processes, node)
		if (has_come_in(process))
			send_sig(SIGKILL, process->task, 1);
}

void procmig_run_target(struct procmig_request *request)
{
	struct procmig_process *process = procmig_first_process(request);
	struct procmig_gate *gate = &request->gate;
	int ret;

	ret = load(request);
	if (!ret)
		ret = procmig_request_transition(request, PROCMIG_ON_LOADED);
	if (ret)
		give_up(process, ret);
	wait_event_idle(gate->moved, resolved(request) || procmig_has_left(request));
	if (!resolved(request)) {
		procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -ESRCH,
			     "pid %d was killed before it was resumed", process->pid);
		procmig_request_transition(request, PROCMIG_ON_LOST);
	}
	procmig_watchdog_stop(request);
	if (may_run(request))
		resume_processes(request);
	else
		kill_processes(request);
	procmig_thaw(request);
	procmig_event_cleanup(request);
	procmig_threads_free(request);
	if (may_run(request))
		wait_event_idle(gate->moved, READ_ONCE(request->finish));
}
