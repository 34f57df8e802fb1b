// SPDX-License-Identifier: Apache-2.0
/*
 * procmig-stub: makes the process that a migrated program becomes.
 *
 * The launcher goes where the program shall live (cgroup, namespaces, clocks),
 * makes a child with the program's PID and leaves.  The child empties itself and
 * waits in the kernel (PROCMIG_IOC_PLAN) until the source has frozen the program
 * and says which threads and children it has.  It makes them, and all of them enter
 * the kernel; PROCMIG_IOC_ENTER returns into the migrated program.
 *
 * stdout: "pid=N", exit status 0: the child exists.  stderr otherwise, one line:
 * "error=CODE errno=N message=...".  CODE: USAGE DEVICE CGROUP NAMESPACE CLONE
 * PID_TAKEN, and from the child PLAN, TID_TAKEN, MAKE and ENTER, which come after
 * the launcher has left; why something could not be made is in the request's
 * status, too.  The child holds stderr open until it enters, so do not wait for
 * its end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "procmig.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define NSEC 1000000000LL
#define MAX_CGROUPS 16

/* Where the child keeps what it needs while everything else is closed. */
enum { FD_DEVICE = 3, FD_ERRORS = 4, FD_FREE = 5 };

struct arguments {
	uint8_t token[PROCMIG_TOKEN_BYTES];
	bool has_token;
	pid_t pid;
	pid_t namespaces_of;
	const char *device;
	const char *cgroups[MAX_CGROUPS]; /* one, or one per cgroup v1 hierarchy */
	int cgroup_count;
	int64_t monotonic_offset;
	int64_t boottime_offset;
};

__attribute__((noreturn, format(printf, 3, 4)))
static void fail(const char *code, int error, const char *format, ...)
{
	char line[1024];
	size_t used;
	va_list args;

	used = snprintf(line, sizeof(line), "error=%s errno=%d message=", code, error);
	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	strcat(line, "\n");
	/* one write: the reader may share the pipe with others */
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		_exit(2);
	_exit(1);
}

/* Likewise, from the child, which keeps stderr elsewhere. */
#define child_failed(code, error, ...) \
	do { \
		int why_ = (error); \
		dup2(FD_ERRORS, STDERR_FILENO); \
		fail(code, why_, __VA_ARGS__); \
	} while (0)

/* ---- arguments ---------------------------------------------------------- */

static long long number(const char *option, const char *text, long long min, long long max)
{
	long long value;
	char *end;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text || *end || value < min || value > max)
		fail("USAGE", EINVAL, "--%s %s: not a number from %lld to %lld", option, text,
		     min, max);
	return value;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void parse_token(struct arguments *a, const char *text)
{
	if (strlen(text) != 2 * PROCMIG_TOKEN_BYTES)
		fail("USAGE", EINVAL, "--token: %zu digits, not %d", strlen(text),
		     2 * PROCMIG_TOKEN_BYTES);
	for (int i = 0; i < PROCMIG_TOKEN_BYTES; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			fail("USAGE", EINVAL, "--token: digit %d is not hexadecimal", 2 * i);
		a->token[i] = high << 4 | low;
	}
	a->has_token = true;
}

static struct arguments parse(int argc, char **argv)
{
	enum { TOKEN, PID, DEVICE, CGROUP, NAMESPACES_OF, MONOTONIC, BOOTTIME };
	static const struct option options[] = {
		{ "token", required_argument, NULL, TOKEN },
		{ "pid", required_argument, NULL, PID },
		{ "device", required_argument, NULL, DEVICE },
		{ "cgroup", required_argument, NULL, CGROUP },
		{ "namespaces-of", required_argument, NULL, NAMESPACES_OF },
		{ "monotonic-offset", required_argument, NULL, MONOTONIC },
		{ "boottime-offset", required_argument, NULL, BOOTTIME },
		{ }
	};
	struct arguments a = {
		.namespaces_of = 1,
		.device = "/dev/" PROCMIG_DEVICE,
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case TOKEN:
			parse_token(&a, optarg);
			break;
		case PID:
			a.pid = number("pid", optarg, 1, INT_MAX);
			break;
		case DEVICE:
			a.device = optarg;
			break;
		case CGROUP:
			if (a.cgroup_count == MAX_CGROUPS)
				fail("USAGE", E2BIG, "--cgroup: more than %d", MAX_CGROUPS);
			a.cgroups[a.cgroup_count++] = optarg;
			break;
		case NAMESPACES_OF:
			a.namespaces_of = number("namespaces-of", optarg, 1, INT_MAX);
			break;
		case MONOTONIC:
			a.monotonic_offset = number("monotonic-offset", optarg, LLONG_MIN, LLONG_MAX);
			break;
		case BOOTTIME:
			a.boottime_offset = number("boottime-offset", optarg, LLONG_MIN, LLONG_MAX);
			break;
		default:
			fail("USAGE", EINVAL, "%s: unknown, or its value is missing", argv[optind - 1]);
		}
	}
	if (optind < argc)
		fail("USAGE", EINVAL, "%s: not an option", argv[optind]);
	if (!a.has_token || !a.pid)
		fail("USAGE", EINVAL, "--token and --pid are needed");
	return a;
}

/* ---- the place where the program shall live ----------------------------- */

static void join_cgroup(const char *directory)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/cgroup.procs", directory) >= (int)sizeof(path))
		fail("CGROUP", ENAMETOOLONG, "%s", directory);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fail("CGROUP", errno, "open %s: %s", path, strerror(errno));
	if (write(fd, "0", 1) != 1)
		fail("CGROUP", errno, "join %s: %s", path, strerror(errno));
	close(fd);
}

/*
 * The process goes on with the clocks it had on the source.  Only children
 * enter a new time namespace, which suits: the launcher stays outside.
 */
static void set_clocks(int64_t monotonic, int64_t boottime)
{
	const struct {
		const char *clock;
		int64_t offset;
	} clocks[] = { { "monotonic", monotonic }, { "boottime", boottime } };
	static const char file[] = "/proc/self/timens_offsets";
	int fd;

	if (!monotonic && !boottime)
		return;
	if (unshare(CLONE_NEWTIME) < 0)
		fail("NAMESPACE", errno, "unshare(CLONE_NEWTIME): %s", strerror(errno));
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fail("NAMESPACE", errno, "open %s: %s", file, strerror(errno));
	for (int i = 0; i < 2; i++) {
		int64_t seconds = clocks[i].offset / NSEC;
		int64_t rest = clocks[i].offset % NSEC;
		char line[96];
		int length;

		/* nanoseconds are counted upwards from the second below */
		if (rest < 0) {
			rest += NSEC;
			seconds--;
		}
		length = snprintf(line, sizeof(line), "%s %lld %lld\n", clocks[i].clock,
				  (long long)seconds, (long long)rest);
		if (write(fd, line, length) != length)
			fail("NAMESPACE", errno, "%s: '%s %lld %lld': %s", file,
			     clocks[i].clock, (long long)seconds, (long long)rest,
			     strerror(errno));
	}
	close(fd);
}

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		fail("NAMESPACE", errno, "open %s: %s", path, strerror(errno));
	return fd;
}

static bool same_namespace(int fd, const char *name)
{
	struct stat theirs, ours;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	if (fstat(fd, &theirs) < 0 || stat(path, &ours) < 0)
		fail("NAMESPACE", errno, "stat %s: %s", path, strerror(errno));
	return theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

static void enter_namespaces(pid_t pid)
{
	/* mnt is last: /proc may be another one behind it */
	static const struct {
		const char *name;
		int type;
	} namespaces[] = {
		{ "ns/uts", CLONE_NEWUTS },
		{ "ns/ipc", CLONE_NEWIPC },
		{ "ns/net", CLONE_NEWNET },
		{ "ns/cgroup", CLONE_NEWCGROUP },
		{ "ns/mnt", CLONE_NEWNS },
	};
	int root = open_of(pid, "root", O_PATH | O_DIRECTORY);

	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		int fd = open_of(pid, namespaces[i].name, O_RDONLY);

		if (!same_namespace(fd, namespaces[i].name) &&
		    setns(fd, namespaces[i].type) < 0)
			fail("NAMESPACE", errno, "setns /proc/%d/%s: %s", pid,
			     namespaces[i].name, strerror(errno));
		close(fd);
	}
	if (fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		fail("NAMESPACE", errno, "chroot to /proc/%d/root: %s", pid, strerror(errno));
	close(root);
}

/* ---- the child ---------------------------------------------------------- */

/* glibc's own area for restartable sequences goes away with our memory. */
static void leave_rseq(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	/* what was registered is 32 bytes even where __rseq_size says less */
	if (__rseq_size)
		syscall(SYS_rseq, area, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
}

/* What the source froze; the list stays mapped until the kernel unmaps everything. */
static struct procmig_plan get_plan(const struct arguments *a)
{
	struct procmig_plan plan = { .size = sizeof(plan) };
	size_t bytes;

	memcpy(plan.token, a->token, sizeof(plan.token));
	for (;;) {
		void *tasks;

		if (!ioctl(FD_DEVICE, PROCMIG_IOC_PLAN, &plan))
			return plan;
		if (errno != EOVERFLOW)
			child_failed("PLAN", errno, "PROCMIG_IOC_PLAN on %s as PID %d: %s",
				     a->device, a->pid, strerror(errno));
		plan.task_room = plan.task_count;
		bytes = plan.task_room * sizeof(struct procmig_planned_task);
		tasks = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (tasks == MAP_FAILED)
			child_failed("PLAN", errno, "%zu bytes for the plan: %s", bytes,
				     strerror(errno));
		plan.tasks = (uintptr_t)tasks;
	}
}

/* The kernel tells the agents, this line whoever reads the stub's output. */
__attribute__((noreturn))
static void give_up(const struct arguments *a, const char *code, int error,
		    const struct procmig_planned_task *task, const char *why)
{
	struct procmig_give_up order = { .size = sizeof(order), .error = error };

	memcpy(order.token, a->token, sizeof(order.token));
	if (task->tid == task->pid)
		snprintf(order.message, sizeof(order.message), "process %d: %s", task->pid, why);
	else
		snprintf(order.message, sizeof(order.message), "thread %d of process %d: %s",
			 task->tid, task->pid, why);
	ioctl(FD_DEVICE, PROCMIG_IOC_GIVE_UP, &order);
	child_failed(code, error, "%s", order.message);
}

__attribute__((noreturn))
static void not_made(const struct arguments *a, const struct procmig_planned_task *task,
		     int error)
{
	if (error == EEXIST)
		give_up(a, "TID_TAKEN", error, task,
			"its ID is in use here; as a process, a thread, a zombie, a process group or a session");
	give_up(a, "MAKE", error, task, strerror(error));
}

/*
 * The new thread has no stack of its own, so it lives in registers: it enters
 * the kernel at once, and if it is refused nothing of the process shall stay.
 */
static long start_thread(const struct clone_args *clone, const struct procmig_enter *enter)
{
	long result;

	asm volatile("syscall\n\t"
		     "test %%rax, %%rax\n\t"
		     "jnz 1f\n\t"
		     "mov %[ioctl], %%eax\n\t"
		     "mov %[device], %%edi\n\t"
		     "mov %[code], %%esi\n\t"
		     "mov %[enter], %%rdx\n\t"
		     "syscall\n\t"
		     "mov %[exit], %%eax\n\t"
		     "mov $1, %%edi\n\t"
		     "syscall\n"
		     "1:"
		     : "=a" (result)
		     : "a" (SYS_clone3), "D" (clone), "S" (sizeof(*clone)),
		       [enter] "r" (enter), [ioctl] "i" (SYS_ioctl), [device] "i" (FD_DEVICE),
		       [code] "i" (PROCMIG_IOC_ENTER), [exit] "i" (SYS_exit_group)
		     : "rcx", "r11", "memory");
	return result;
}

static void make_thread(const struct arguments *a, const struct procmig_planned_task *task,
			const struct procmig_enter *enter)
{
	pid_t tid = task->tid;
	struct clone_args clone = {
		.flags = CLONE_THREAD | CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND |
			 CLONE_SYSVSEM,
		.set_tid = (uintptr_t)&tid,
		.set_tid_size = 1,
	};
	long result = start_thread(&clone, enter);

	if (result < 0)
		not_made(a, task, -result);
}

/* struct sigaction of the kernel. */
struct disposition {
	void *handler;
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};

/* A zombie shows what it had to the end; every signal is blocked until then. */
__attribute__((noreturn))
static void end_as(const struct procmig_planned_task *task)
{
	struct disposition ignored = { .handler = (void *)SIG_IGN };
	/* any address does: it does not get there */
	struct disposition caught = { .handler = (void *)end_as };

	prctl(PR_SET_NAME, task->comm);
	for (int signal = 1; signal <= 64; signal++) {
		uint64_t bit = 1ULL << (signal - 1);

		if ((task->ignored | task->caught) & bit)
			syscall(SYS_rt_sigaction, signal,
				task->ignored & bit ? &ignored : &caught, NULL, sizeof(bit));
	}
	syscall(SYS_setgroups, 0, NULL);
	syscall(SYS_setresgid, task->gid, task->gid, task->gid);
	syscall(SYS_setresuid, task->uid, task->uid, task->uid);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &task->blocked, NULL, sizeof(task->blocked));
	_exit(0);
}

__attribute__((noreturn))
static void populate(const struct arguments *a, const struct procmig_plan *plan,
		     const struct procmig_planned_task *self);

static void make_child(const struct arguments *a, const struct procmig_plan *plan,
		       const struct procmig_planned_task *task)
{
	pid_t pid = task->pid;
	/* without a signal: it is not the program's child that may end here */
	struct clone_args clone = {
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};
	long result = syscall(SYS_clone3, &clone, sizeof(clone));

	if (result < 0)
		not_made(a, task, errno);
	if (result)
		return;
	if (task->flags & PROCMIG_PLANNED_ZOMBIE)
		end_as(task);
	populate(a, plan, task);
}

/*
 * Only the first has no maker among the planned.  Those that belong to init it
 * makes as well; the kernel hands them over, and itself, when all are there.
 */
static bool makes(const struct procmig_plan *plan, const struct procmig_planned_task *self,
		  const struct procmig_planned_task *task)
{
	const struct procmig_planned_task *first = (const void *)(uintptr_t)plan->tasks;

	if (task == first || task->tid != task->pid)
		return false;
	return task->parent == self->pid || (!task->parent && self == first);
}

/* Children while this process has one thread, then its threads, then itself. */
static void populate(const struct arguments *a, const struct procmig_plan *plan,
		     const struct procmig_planned_task *self)
{
	const struct procmig_planned_task *tasks = (const void *)(uintptr_t)plan->tasks, *task;
	const struct procmig_planned_task *end = tasks + plan->task_count;
	struct procmig_enter enter = { .size = sizeof(enter) };

	for (task = tasks; task < end; task++)
		if (makes(plan, self, task))
			make_child(a, plan, task);
	memcpy(enter.token, a->token, sizeof(enter.token));
	for (task = tasks; task < end; task++)
		if (task->pid == self->pid && task->tid != task->pid)
			make_thread(a, task, &enter);
	syscall(SYS_ioctl, FD_DEVICE, PROCMIG_IOC_ENTER, &enter);
	child_failed("ENTER", errno, "PROCMIG_IOC_ENTER on %s as PID %d: %s", a->device,
		     self->pid, strerror(errno));
}

__attribute__((noreturn))
static void become(const struct arguments *a, int device, int null)
{
	struct procmig_plan plan;
	struct disposition by_default = { };
	unsigned long all_signals = ~0UL;
	int high, errors;

	setsid();

	/* clear of the places that are filled next, whatever we inherited */
	device = fcntl(device, F_DUPFD_CLOEXEC, 16);
	errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 16);
	high = fcntl(null, F_DUPFD_CLOEXEC, 16);
	dup2(high, STDIN_FILENO);
	dup2(high, STDOUT_FILENO);
	dup2(high, STDERR_FILENO);
	dup3(device, FD_DEVICE, O_CLOEXEC);
	dup3(errors, FD_ERRORS, O_CLOEXEC);
	syscall(SYS_close_range, FD_FREE, ~0U, 0);

	/* the raw call: glibc hides the two signals that it uses itself */
	for (int signal = 1; signal <= 64; signal++)
		syscall(SYS_rt_sigaction, signal, &by_default, NULL, sizeof(all_signals));
	/* a thread without a stack must not be made to handle one */
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all_signals, NULL, sizeof(all_signals));
	syscall(SYS_set_robust_list, NULL, 3 * sizeof(long));
	leave_rseq();

	plan = get_plan(a);
	populate(a, &plan, (const void *)(uintptr_t)plan.tasks);
}

static void make_process(const struct arguments *a, int device, int null)
{
	pid_t tid[1] = { a->pid };
	struct clone_args clone = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)tid,
		.set_tid_size = 1,
	};
	long pid = syscall(SYS_clone3, &clone, sizeof(clone));

	if (!pid)
		become(a, device, null);
	if (pid < 0 && errno == EEXIST)
		fail("PID_TAKEN", EEXIST, "PID %d is in use here; as a process, a thread, a zombie, a process group or a session",
		     a->pid);
	if (pid < 0)
		fail("CLONE", errno, "clone3 with PID %d: %s", a->pid, strerror(errno));
}

int main(int argc, char **argv)
{
	struct arguments a = parse(argc, argv);
	int device, null;

	device = open(a.device, O_RDWR | O_CLOEXEC);
	if (device < 0)
		fail("DEVICE", errno, "open %s: %s", a.device, strerror(errno));
	for (int i = 0; i < a.cgroup_count; i++)
		join_cgroup(a.cgroups[i]);
	set_clocks(a.monotonic_offset, a.boottime_offset);
	enter_namespaces(a.namespaces_of);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		fail("NAMESPACE", errno, "open /dev/null there: %s", strerror(errno));

	make_process(&a, device, null);
	dprintf(STDOUT_FILENO, "pid=%d\n", a.pid);
	_exit(0);
}
