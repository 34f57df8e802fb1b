// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every refusal that procmig.h documents, one by one, and then a hundred
 * thousand calls that make no sense.  Runs in a guest as root with all modules
 * inserted and prints TAP.
 *
 *	ioctl [--fuzz CALLS] [--seed N]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "procmig.h"
#include "procmig_stream.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define DEVICE		"/dev/" PROCMIG_DEVICE
#define PAGE		4096UL
#define TAIL		16	/* bytes behind a structure that tests write to */
#define VICTIM_BYTES	(8UL << 20)
#define KERNEL_ADDRESS	0xffff888000000000UL

static int device = -1;
static int tests, failures;

/* ---- results -------------------------------------------------------------- */

__attribute__((format(printf, 2, 3)))
static bool result(bool good, const char *format, ...)
{
	va_list args;

	printf("%s %d - ", good ? "ok" : "not ok", ++tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	failures += !good;
	return good;
}

static const char *name_of(int error)
{
	return error ? strerrorname_np(error) : "success";
}

static int call(int fd, unsigned long code, void *argument)
{
	return ioctl(fd, code, argument) < 0 ? errno : 0;
}

static void expect(int expected, int got, const char *what, const char *how)
{
	result(got == expected, "%s: %s: %s%s%s", what, how, name_of(got),
	       got == expected ? "" : ", expected ", got == expected ? "" : name_of(expected));
}

/* Those that must not outlive us, whatever happens. */
static pid_t victims[8];

static void replace_victim(pid_t old, pid_t new)
{
	for (size_t i = 0; i < ARRAY_SIZE(victims); i++) {
		if (victims[i] == old) {
			victims[i] = new;
			return;
		}
	}
}

static void end_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(victims); i++)
		if (victims[i])
			kill(victims[i], SIGKILL);
}

__attribute__((noreturn, format(printf, 1, 2)))
static void bail(const char *format, ...)
{
	va_list args;

	printf("Bail out! ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(": %s\n", strerror(errno));
	end_all();
	exit(2);
}

/* ---- a process to migrate, and channels ------------------------------------ */

/*
 * The child waits for nothing that cannot be carried; if asked to, it holds two
 * packet sockets, which nobody carries.  It has more memory than sockets hold
 * when nobody reads them.
 */
static pid_t start_victim(bool with_obstacles)
{
	int ready[2], null;
	pid_t pid;
	char c;

	if (pipe(ready) < 0)
		bail("pipe");
	pid = fork();
	if (!pid) {
		char *memory = mmap(NULL, VICTIM_BYTES, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			_exit(1);
		memset(memory, 0xa5, VICTIM_BYTES);
		prctl(PR_SET_NAME, "victim");
		setsid();
		null = open("/dev/null", O_RDWR);
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		dup2(ready[1], 3);
		syscall(SYS_close_range, 4, ~0U, 0);
		for (int n = 0; with_obstacles && n < 2; n++)
			if (socket(AF_PACKET, SOCK_RAW, 0) < 0)
				_exit(1);
		if (write(3, "", 1) != 1)
			_exit(1);
		close(3);
		for (;;)
			pause();
	}
	replace_victim(0, pid);
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		bail("the victim did not start");
	/* its end of the pipe closes right after: then it is as it stays */
	if (read(ready[0], &c, 1) != 0)
		bail("the victim did not get ready");
	close(ready[0]);
	return pid;
}

static void end_victim(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	replace_victim(pid, 0);
}

/* Runs on its own once the request is gone: asks the kernel, not a clock. */
static bool is_running(pid_t pid)
{
	int status;

	/* a thawed process takes the signal and stops; a frozen one does not */
	kill(pid, SIGSTOP);
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		return false;
	kill(pid, SIGCONT);
	return true;
}

struct link {
	int ours[2];	/* demand, bulk: given to the kernel */
	int theirs[2];	/* the other ends */
	pid_t drain;
};

static struct link make_link(bool drained)
{
	struct link link = { .drain = 0 };

	for (int i = 0; i < 2; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			bail("socketpair");
		link.ours[i] = pair[0];
		link.theirs[i] = pair[1];
	}
	if (!drained)
		return link;
	link.drain = fork();
	if (!link.drain) {
		struct pollfd p[2] = {
			{ .fd = link.theirs[0], .events = POLLIN },
			{ .fd = link.theirs[1], .events = POLLIN },
		};
		static char waste[1 << 16];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(device);
		close(link.ours[0]);
		close(link.ours[1]);
		while (poll(p, 2, -1) > 0)
			for (int i = 0; i < 2; i++)
				if (p[i].revents && read(p[i].fd, waste, sizeof(waste)) <= 0)
					p[i].fd = -1;
		_exit(0);
	}
	return link;
}

static void end_link(struct link *link)
{
	for (int i = 0; i < 2; i++) {
		close(link->ours[i]);
		close(link->theirs[i]);
	}
	if (link->drain) {
		kill(link->drain, SIGKILL);
		waitpid(link->drain, NULL, 0);
	}
}

static struct procmig_channel channels[PROCMIG_MAX_CHANNELS + 1];
static struct procmig_mechanism mechanisms[PROCMIG_MAX_MECHANISMS + 1];

static const struct procmig_strategy stop_and_copy = {
	.context = PROCMIG_CONTEXT_EXTERNAL,
	.quiesce = PROCMIG_QUIESCE_ASYNCHRONOUS,
	.mode = PROCMIG_MODE_STOP_AND_COPY,
};

static void make_token(__u8 *token)
{
	static unsigned int count;

	memset(token, 0x5a, PROCMIG_TOKEN_BYTES);
	count++;
	memcpy(token, &count, sizeof(count));
}

static struct procmig_submit good_submit(const struct link *link, pid_t pid)
{
	struct procmig_submit s = {
		.size = sizeof(s),
		.pid = pid,
		.medium = PROCMIG_MEDIUM_SOCKET,
		.strategy = stop_and_copy,
		.channels = (uintptr_t)channels,
		.channel_count = 2,
		.watchdog_ms = 20000,
		.quiesce_ms = 5000,
	};

	make_token(s.token);
	channels[0] = (struct procmig_channel){ link->ours[0], PROCMIG_CHANNEL_DEMAND };
	channels[1] = (struct procmig_channel){ link->ours[1], PROCMIG_CHANNEL_BULK };
	return s;
}

/* ---- requests -------------------------------------------------------------- */

static struct procmig_status status_of(int fd)
{
	struct procmig_status status = { .size = sizeof(status) };

	if (ioctl(fd, PROCMIG_REQ_STATUS, &status) < 0)
		bail("PROCMIG_REQ_STATUS");
	return status;
}

/* Waits for a state by the request's own events. */
static bool await_state(int fd, __u32 state)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct procmig_event event;

	for (;;) {
		__u32 now = status_of(fd).state;

		if (now == state)
			return true;
		if (now == PROCMIG_STATE_ABORTED || now == PROCMIG_STATE_FINISHED)
			return false;
		if (poll(&p, 1, 30000) <= 0)
			return false;
		if (p.revents & POLLIN && read(fd, &event, sizeof(event)) < 0)
			return false;
	}
}

static int give(int fd, unsigned long code, __u32 flags)
{
	struct procmig_order order = { .size = sizeof(order), .flags = flags };

	return call(fd, code, &order);
}

static __u32 request_count(void)
{
	struct procmig_info info = { .size = sizeof(info) };

	if (ioctl(device, PROCMIG_IOC_INFO, &info) < 0)
		bail("PROCMIG_IOC_INFO");
	return info.requests;
}

/* The worker of a closed request ends by itself; nothing tells when. */
static bool all_gone(void)
{
	const struct timespec tick = { 0, 10000000 };

	for (int i = 0; i < 3000; i++) {
		if (!request_count())
			return true;
		nanosleep(&tick, NULL);
	}
	return false;
}

/* ---- what holds for every ioctl with a structure ----------------------------- */

struct ioctl_case {
	const char *name;
	unsigned long code;
	size_t bytes;
	size_t least;		/* shortest that is not EINVAL */
	int baseline;		/* what the untouched argument gets */
};

/*
 * @argument is right but for what each row spoils; the rows that are accepted
 * must leave nothing behind, so callers choose a baseline that fails late.
 */
static void check_conventions(int fd, const struct ioctl_case *c, const void *argument)
{
	_Alignas(8) unsigned char buffer[512];
	unsigned char *edge;
	__u32 *size = (__u32 *)buffer;

	memset(buffer, 0, sizeof(buffer));
	memcpy(buffer, argument, c->bytes);
	expect(c->baseline, call(fd, c->code, buffer), c->name, "as it should be");

	*size = c->bytes + TAIL;
	memset(buffer + c->bytes, 0, TAIL);
	expect(c->baseline, call(fd, c->code, buffer), c->name, "longer, the rest zero");
	buffer[c->bytes + TAIL - 1] = 1;
	expect(E2BIG, call(fd, c->code, buffer), c->name, "longer, the last byte not zero");
	*size = PAGE * 4;
	expect(E2BIG, call(fd, c->code, buffer), c->name, "far too long");
	*size = ~0U;
	expect(E2BIG, call(fd, c->code, buffer), c->name, "as long as can be");

	memcpy(buffer, argument, c->bytes);
	*size = 0;
	expect(EINVAL, call(fd, c->code, buffer), c->name, "size 0");
	*size = 3;
	expect(EINVAL, call(fd, c->code, buffer), c->name, "shorter than its own size");
	*size = c->least - 1;
	expect(EINVAL, call(fd, c->code, buffer), c->name, "a byte too short");

	expect(EFAULT, call(fd, c->code, NULL), c->name, "no argument");
	expect(EFAULT, call(fd, c->code, (void *)KERNEL_ADDRESS), c->name, "a kernel address");
	expect(EFAULT, call(fd, c->code, (void *)1), c->name, "address 1");

	/* begins on a page, ends on one that is not there */
	edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + PAGE, PAGE);
	memcpy(edge + PAGE - 4, argument, 4);
	expect(EFAULT, call(fd, c->code, edge + PAGE - 4), c->name, "reaches beyond mapped memory");
	munmap(edge, PAGE);
}

/* What is written back goes to memory that may only be read. */
static void check_read_only(int fd, const struct ioctl_case *c, const void *argument)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(page, argument, c->bytes);
	mprotect(page, PAGE, PROT_READ);
	expect(EFAULT, call(fd, c->code, page), c->name, "an argument that cannot be written");
	munmap(page, PAGE);
}

/* ---- one ioctl after the other ----------------------------------------------- */

static void test_device(void)
{
	static const struct {
		const char *what;
		unsigned long code;
	} unknown[] = {
		{ "an unknown number", _IOWR(PROCMIG_IOC_MAGIC, 0x3f, struct procmig_info) },
		{ "another magic", _IOWR('z', 0x00, struct procmig_info) },
		{ "the wrong direction", _IOR(PROCMIG_IOC_MAGIC, 0x00, struct procmig_info) },
		{ "another size in the number", _IOWR(PROCMIG_IOC_MAGIC, 0x00, int) },
		{ "PROCMIG_REQ_STATUS on the device", PROCMIG_REQ_STATUS },
		{ "PROCMIG_REQ_COMMIT on the device", PROCMIG_REQ_COMMIT },
		{ "PROCMIG_REQ_ABORT on the device", PROCMIG_REQ_ABORT },
		{ "PROCMIG_REQ_FINISH on the device", PROCMIG_REQ_FINISH },
		{ "FIONREAD", 0x541b },
	};
	char buffer[512] = { };

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		expect(ENOTTY, call(device, unknown[i].code, buffer), "device", unknown[i].what);
	expect(EINVAL, read(device, buffer, 16) < 0 ? errno : 0, "device", "read");
	expect(EINVAL, write(device, buffer, 16) < 0 ? errno : 0, "device", "write");
}

static void test_info(void)
{
	const struct ioctl_case c = {
		"INFO", PROCMIG_IOC_INFO, sizeof(struct procmig_info), 4, 0,
	};
	struct procmig_info info = { .size = sizeof(info) };
	struct {
		__u32 size, abi;
		__u32 untouched;
	} shorter = { .size = 8, .untouched = 0xabcdef01 };

	check_conventions(device, &c, &info);
	check_read_only(device, &c, &info);
	info.reserved = 1;
	expect(EINVAL, call(device, c.code, &info), c.name, "reserved not zero");
	expect(0, call(device, c.code, &shorter), c.name, "only the first two members");
	result(shorter.abi == PROCMIG_ABI_VERSION && shorter.untouched == 0xabcdef01 &&
	       shorter.size == 8, "INFO: a short structure is filled and nothing behind it");
}

static void test_lists(void)
{
	const struct ioctl_case component = {
		"COMPONENT", PROCMIG_IOC_COMPONENT, sizeof(struct procmig_component), 8, 0,
	};
	const struct ioctl_case kind = {
		"STATE_KIND", PROCMIG_IOC_STATE_KIND, sizeof(struct procmig_state_kind), 8, 0,
	};
	struct procmig_component c = { .size = sizeof(c) };
	struct procmig_state_kind k = { .size = sizeof(k) };

	check_conventions(device, &component, &c);
	check_read_only(device, &component, &c);
	check_conventions(device, &kind, &k);
	check_read_only(device, &kind, &k);

	for (c.index = 0; !call(device, component.code, &c); c.index++)
		;
	expect(ENOENT, errno, component.name, "behind the last");
	result(c.index == 7, "COMPONENT: %u of them, all modules are inserted", c.index);
	c = (struct procmig_component){ .size = sizeof(c), .index = ~0U };
	expect(ENOENT, call(device, component.code, &c), component.name, "the largest index");
	for (k.index = 0; !call(device, kind.code, &k); k.index++)
		if (!k.name[0] || k.state < PROCMIG_KIND_CARRIED || k.state > PROCMIG_KIND_PLANNED)
			result(false, "STATE_KIND %u has no name or state %u", k.index, k.state);
	expect(ENOENT, errno, kind.name, "behind the last");
	k = (struct procmig_state_kind){ .size = sizeof(k), .index = ~0U };
	expect(ENOENT, call(device, kind.code, &k), kind.name, "the largest index");
}

/* All combinations of values around what is defined. */
static void test_strategies(int (*with)(struct procmig_strategy strategy, void *data), void *data,
			    const char *what)
{
	int defined = 0, valid = 0, wrong = 0;

	for (__u16 context = 0; context <= 3; context++)
		for (__u16 quiesce = 0; quiesce <= 3; quiesce++)
			for (__u16 mode = 0; mode <= 6; mode++) {
				const struct procmig_strategy s = { context, quiesce, mode, 0 };
				bool exists = context >= 1 && context <= 2 && quiesce >= 1 &&
					      quiesce <= 2 && mode >= 1 && mode <= 5;
				int got;

				/* the ones that work are tested elsewhere */
				if (exists && !memcmp(&s, &stop_and_copy, sizeof(s)))
					continue;
				got = with(s, data);
				defined += exists;
				valid += exists && !got;
				/* later versions may know more strategies, never fewer */
				if (got == (exists ? EOPNOTSUPP : EINVAL) || (exists && !got))
					continue;
				wrong++;
				result(false, "%s: strategy {%u, %u, %u}: %s", what, context,
				       quiesce, mode, name_of(got));
			}
	result(!wrong, "%s: %d strategies refused by name, %d accepted, others EINVAL", what,
	       defined - valid, valid);
	expect(EINVAL, with((struct procmig_strategy){ 1, 1, 1, 1 }, data), what,
	       "strategy with its reserved member not zero");
}

#define PIDS_MOST 16

static int inspect_with(struct procmig_strategy strategy, void *data)
{
	struct procmig_inspect i = *(struct procmig_inspect *)data;

	i.strategy = strategy;
	return call(device, PROCMIG_IOC_INSPECT, &i);
}

static int idle(void *unused)
{
	for (;;)
		pause();
	return unused != NULL;
}

/* PIDs are told as far as they fit, and nothing is written behind them. */
static void check_pids(const struct procmig_inspect *order, __u32 room, const char *how)
{
	struct procmig_inspect i = *order;
	__s32 pids[PIDS_MOST + 1];
	__u32 told;
	int wrong = 0;

	memset(pids, 0xee, sizeof(pids));
	i.pids = (uintptr_t)pids;
	i.pid_room = room;
	expect(0, call(device, PROCMIG_IOC_INSPECT, &i), "INSPECT", how);
	told = i.processes < room ? i.processes : room;
	for (__u32 n = 0; n < ARRAY_SIZE(pids); n++)
		if (n >= told)
			wrong += pids[n] != (__s32)0xeeeeeeee;
		else
			wrong += n ? kill(pids[n], 0) || pids[n] == pids[n - 1] :
				     pids[n] != i.pid;
	result(!wrong, "INSPECT: %u PIDs of %u processes, %s", told, i.processes, how);
}

static void test_inspect_pids(const struct procmig_inspect *good)
{
	struct procmig_inspect i = *good;
	static char obstacles[1 << 20];
	__s32 pid = 0;

	check_pids(good, 0, "no room for PIDs");
	check_pids(good, 1, "room for its PID");
	check_pids(good, PIDS_MOST, "more room than PIDs");
	i.pid_room = 1 << 16;
	i.pids = (uintptr_t)&pid;
	expect(0, call(device, PROCMIG_IOC_INSPECT, &i), "INSPECT", "the largest room for PIDs");
	result(pid == i.pid, "INSPECT: process %d has PID %d", i.pid, pid);
	i.pid_room++;
	expect(EINVAL, call(device, PROCMIG_IOC_INSPECT, &i), "INSPECT", "too much room for PIDs");
	i.pid_room = 1;
	i.pids = KERNEL_ADDRESS;
	expect(EFAULT, call(device, PROCMIG_IOC_INSPECT, &i), "INSPECT", "PIDs in the kernel");
	i.pids = 0;
	expect(EFAULT, call(device, PROCMIG_IOC_INSPECT, &i), "INSPECT", "PIDs nowhere");
	i.size = offsetof(struct procmig_inspect, pids);
	expect(0, call(device, PROCMIG_IOC_INSPECT, &i), "INSPECT", "a shorter structure, without PIDs");
	i = *good;
	i.reserved = 1;
	expect(EINVAL, call(device, PROCMIG_IOC_INSPECT, &i), "INSPECT", "reserved not zero");

	/* ourselves, with all victims */
	i = *good;
	i.pid = getpid();
	i.obstacles = (uintptr_t)obstacles;
	i.obstacles_bytes = sizeof(obstacles);
	check_pids(&i, 2, "less room than PIDs");
	check_pids(&i, PIDS_MOST, "all of a family");
}

/* A thread's number is not a process's. */
static pid_t start_thread(void)
{
	static char stack[16384] __attribute__((aligned(16)));

	return clone(idle, stack + sizeof(stack),
		     CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, NULL);
}

static pid_t unused_pid(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

/* ---- what is claimed on a target ---- */

static _Alignas(8) unsigned char claims[256];
static __u32 claims_bytes;

static struct procmig_claim *add_claim(__u32 subsystem, const void *data, __u32 length)
{
	struct procmig_claim *claim = (void *)(claims + claims_bytes);

	memset(claim, 0, sizeof(claims) - claims_bytes);
	claim->size = (sizeof(*claim) + length + 8) & ~7U;
	claim->subsystem = subsystem;
	claim->version = 1;
	claim->length = length;
	memcpy(claim->data, data, length);
	claims_bytes += claim->size;
	return claim;
}

/* Nobody has that name and that port here. */
static void good_claims(void)
{
	struct {
		struct procmig_file_claim head;
		char name[8];
	} queue = { .head = { .kind = "mqueue", .version = 1 }, .name = "nobodys" };
	struct {
		struct procmig_file_claim head;
		struct procmig_inet_claim inet;
	} port = { .head = { .kind = "tcp", .version = 1 }, .inet = {
		.type = SOCK_STREAM, .family = AF_INET, .flags = PROCMIG_INET_BOUND_PORT,
	} };
	const struct procmig_ipc_claim object = { .id = 32767, .place = 32768 };
	const struct sockaddr_in local = { .sin_family = AF_INET, .sin_port = htons(4711) };

	memcpy(port.inet.local, &local, sizeof(local));
	claims_bytes = 0;
	add_claim(PROCMIG_SUBSYSTEM_FILES, &queue, sizeof(queue) - 1);
	add_claim(PROCMIG_SUBSYSTEM_FILES, &port, sizeof(port));
	add_claim(PROCMIG_SUBSYSTEM_IPC, &object, sizeof(object));
}

static void good_admit(struct procmig_admit *admit)
{
	static char obstacles[4096];

	good_claims();
	*admit = (struct procmig_admit){
		.size = sizeof(*admit),
		.claims = (uintptr_t)claims,
		.claims_bytes = claims_bytes,
		.obstacles = (uintptr_t)obstacles,
		.obstacles_bytes = sizeof(obstacles),
	};
}

static void refuse_claims(const char *how)
{
	struct procmig_admit admit;
	unsigned char kept[sizeof(claims)];
	__u32 bytes = claims_bytes;

	memcpy(kept, claims, sizeof(kept));
	good_admit(&admit);
	memcpy(claims, kept, sizeof(kept));
	admit.claims_bytes = bytes;
	expect(EPROTO, call(device, PROCMIG_IOC_ADMIT, &admit), "ADMIT", how);
}

static void test_damaged_claims(void)
{
	struct procmig_claim *first = (void *)claims;
	struct procmig_file_claim *kind = (void *)first->data;

	claims_bytes = sizeof(*first) - 1;
	refuse_claims("less than a header");
	good_claims();
	claims_bytes -= 8;
	refuse_claims("the last is cut off");
	good_claims();
	first->size = 0;
	refuse_claims("size 0");
	good_claims();
	first->size = ~7U;
	refuse_claims("the largest size");
	good_claims();
	first->size += 4;
	refuse_claims("a size that is not a multiple of 8");
	good_claims();
	first->length = first->size - sizeof(*first);
	refuse_claims("no zero at the end");
	good_claims();
	first->length = ~0U;
	refuse_claims("the largest length");
	good_claims();
	first->length = sizeof(*kind) - 1;
	memset(first->data + first->length, 0, 8);
	refuse_claims("shorter than what the subsystem wants");
	good_claims();
	memset(kind->kind, 'x', sizeof(kind->kind));
	refuse_claims("a kind without an end");
	good_claims();
	kind->reserved = 1;
	refuse_claims("reserved not zero");
	good_claims();
	((char *)(kind + 1))[1] = '/';
	refuse_claims("a message queue's name with a slash");
	good_claims();
	((char *)(kind + 1))[1] = '\0';
	refuse_claims("a name with a zero in it");
}

static void test_admit(void)
{
	const struct ioctl_case c = {
		"ADMIT", PROCMIG_IOC_ADMIT, sizeof(struct procmig_admit),
		sizeof(struct procmig_admit), 0,
	};
	struct procmig_claim *first = (void *)claims;
	struct procmig_admit good, a;

	good_admit(&good);
	check_conventions(device, &c, &good);
	check_read_only(device, &c, &good);
	a = good;
	expect(0, call(device, c.code, &a), c.name, "what nobody has");
	result(!a.obstacle_count && !a.obstacles_bytes, "ADMIT: %u obstacles in %u bytes",
	       a.obstacle_count, a.obstacles_bytes);
	a = good;
	a.claims_bytes = 0;
	a.claims = 0;
	expect(0, call(device, c.code, &a), c.name, "no claims");
	a = good;
	a.claims_bytes = PROCMIG_CLAIMS_MAX + 1;
	expect(EINVAL, call(device, c.code, &a), c.name, "too many claims");
	a = good;
	a.obstacles_bytes = (1 << 20) + 1;
	expect(EINVAL, call(device, c.code, &a), c.name, "too much room for obstacles");
	a = good;
	a.claims = KERNEL_ADDRESS;
	expect(EFAULT, call(device, c.code, &a), c.name, "claims in the kernel");
	a.claims = 0;
	expect(EFAULT, call(device, c.code, &a), c.name, "claims nowhere");

	first->subsystem = 4711;
	a = good;
	expect(0, call(device, c.code, &a), c.name, "of a subsystem that nobody has");
	result(a.obstacle_count == 1, "ADMIT: %u obstacles", a.obstacle_count);
	a = good;
	a.obstacles_bytes = 0;
	a.obstacles = 0;
	expect(EOVERFLOW, call(device, c.code, &a), c.name, "no room for obstacles");
	a = good;
	a.obstacles = KERNEL_ADDRESS;
	expect(EFAULT, call(device, c.code, &a), c.name, "obstacles to the kernel");
	good_claims();
	first->version = ~0U;
	a = good;
	expect(0, call(device, c.code, &a), c.name, "of a later version");
	result(a.obstacle_count == 1, "ADMIT: %u obstacles", a.obstacle_count);
	test_damaged_claims();
}

static void test_inspect(pid_t victim)
{
	const struct ioctl_case c = {
		"INSPECT", PROCMIG_IOC_INSPECT, sizeof(struct procmig_inspect),
		offsetof(struct procmig_inspect, selection), 0,
	};
	static char obstacles[65536];
	struct procmig_inspect good = {
		.size = sizeof(good),
		.pid = victim,
		.strategy = stop_and_copy,
		.obstacles = (uintptr_t)obstacles,
		.obstacles_bytes = sizeof(obstacles),
	}, i;
	pid_t with_obstacles = start_victim(true);
	__u32 needed;

	check_conventions(device, &c, &good);
	check_read_only(device, &c, &good);
	test_strategies(inspect_with, &good, c.name);

	i = good;
	expect(0, call(device, c.code, &i), c.name, "a process without obstacles");
	result(!i.obstacle_count && !i.obstacles_bytes && i.processes == 1 && i.threads == 1 &&
	       i.memory_bytes && i.monotonic_ns && i.boottime_ns,
	       "INSPECT: %u obstacles in %u bytes, %u processes, %u threads, %llu bytes of memory",
	       i.obstacle_count, i.obstacles_bytes, i.processes, i.threads, i.memory_bytes);

	i = good;
	i.size = offsetof(struct procmig_inspect, selection);
	i.selection = PROCMIG_SELECT_CGROUP + 1;
	expect(0, call(device, c.code, &i), c.name, "a shorter structure, without a selection");
	result(i.threads == 1 && !i.processes, "INSPECT: nothing is written behind it");
	i = good;
	i.selection = PROCMIG_SELECT_CGROUP + 1;
	expect(EINVAL, call(device, c.code, &i), c.name, "an unknown selection");
	i.selection = PROCMIG_SELECT_GROUP;
	expect(0, call(device, c.code, &i), c.name, "a process group");
	result(i.processes == 1, "INSPECT: the victim's own group has %u processes", i.processes);

	test_inspect_pids(&good);

	for (size_t row = 0; row < 3; row++) {
		static const struct {
			const char *how;
			__s32 pid;
		} none[] = { { "pid 0", 0 }, { "pid -1", -1 }, { "the largest pid", 0x7fffffff } };

		i = good;
		i.pid = none[row].pid;
		expect(ESRCH, call(device, c.code, &i), c.name, none[row].how);
	}
	i = good;
	i.pid = unused_pid();
	expect(ESRCH, call(device, c.code, &i), c.name, "a process that has ended");
	i.pid = start_thread();
	expect(ESRCH, call(device, c.code, &i), c.name, "a thread that is no process");
	i = good;
	i.start_time = 1;
	expect(ESTALE, call(device, c.code, &i), c.name, "another start time");

	i = good;
	i.mechanism_count = PROCMIG_MAX_MECHANISMS + 1;
	i.mechanisms = (uintptr_t)mechanisms;
	expect(EINVAL, call(device, c.code, &i), c.name, "too many mechanisms");
	i.mechanism_count = 1;
	mechanisms[0] = (struct procmig_mechanism){ PROCMIG_SUBSYSTEM_FILES, 0, 0 };
	expect(EINVAL, call(device, c.code, &i), c.name, "mechanism 0");
	mechanisms[0].mechanism = PROCMIG_MECHANISM_FORWARD + 1;
	expect(EINVAL, call(device, c.code, &i), c.name, "an unknown mechanism");
	i.mechanisms = KERNEL_ADDRESS;
	expect(EFAULT, call(device, c.code, &i), c.name, "mechanisms in the kernel");
	i.mechanisms = 0;
	expect(EFAULT, call(device, c.code, &i), c.name, "mechanisms nowhere");

	i = good;
	i.pid = with_obstacles;
	i.obstacles_bytes = 0;
	i.obstacles = 0;
	expect(EOVERFLOW, call(device, c.code, &i), c.name, "no room for obstacles");
	needed = i.obstacles_bytes;
	result(needed > sizeof(struct procmig_obstacle) && needed % 8 == 0,
	       "INSPECT: %u bytes are needed", needed);
	i = good;
	i.pid = with_obstacles;
	i.obstacles_bytes = needed - 1;
	expect(EOVERFLOW, call(device, c.code, &i), c.name, "a byte too little room");
	i.obstacles_bytes = needed;
	memset(obstacles, 0xee, sizeof(obstacles));
	expect(0, call(device, c.code, &i), c.name, "just enough room");
	result(i.obstacles_bytes == needed && i.obstacle_count >= 2 &&
	       (unsigned char)obstacles[needed] == 0xee, "INSPECT: %u obstacles in %u bytes",
	       i.obstacle_count, i.obstacles_bytes);
	for (__u32 at = 0, n = 0; n < i.obstacle_count; n++) {
		const struct procmig_obstacle *o = (void *)(obstacles + at);

		result(o->size > sizeof(*o) && o->size % 8 == 0 && at + o->size <= needed &&
		       o->subsystem == PROCMIG_SUBSYSTEM_FILES && !o->reserved &&
		       o->code == PROCMIG_OBSTACLE_UNSUPPORTED &&
		       memchr(o->text, 0, o->size - sizeof(*o)) && strstr(o->text, "packet"),
		       "INSPECT: obstacle %u: '%s'", n, o->text);
		at += o->size;
	}
	i.obstacles = KERNEL_ADDRESS;
	i.obstacles_bytes = sizeof(obstacles);
	expect(EFAULT, call(device, c.code, &i), c.name, "obstacles into the kernel");
	i = good;
	i.obstacles_bytes = ~0U;
	expect(EINVAL, call(device, c.code, &i), c.name, "room for more than there can be");
	end_victim(with_obstacles);
}

static int submit_with(struct procmig_strategy strategy, void *data)
{
	struct procmig_submit s = *(struct procmig_submit *)data;
	int error;

	make_token(s.token);
	s.strategy = strategy;
	error = call(device, PROCMIG_IOC_CHECKPOINT, &s);
	if (!error)
		close(s.fd);
	return error;
}

/* What CHECKPOINT and RESTART refuse alike: rows of a change and an errno. */
enum spoil {
	FLAGS, PID_ZERO, PID_NEGATIVE, MEDIUM_ZERO, MEDIUM_UNKNOWN, WATCHDOG_LOW, WATCHDOG_HIGH,
	QUIESCE_LOW, QUIESCE_HIGH, NO_CHANNELS, ONE_CHANNEL, MANY_CHANNELS, CHANNELS_NULL,
	CHANNELS_KERNEL, NO_DEMAND, TWO_DEMANDS, ROLE_ZERO, ROLE_UNKNOWN, FD_NEGATIVE, FD_CLOSED,
	FD_FILE, FD_DEVICE, FD_UNCONNECTED, FD_DATAGRAM, FD_LISTENING, MECHANISMS_MANY,
	MECHANISMS_NULL, MECHANISM_ZERO, MECHANISM_UNKNOWN, SELECTION_UNKNOWN, RESERVED,
};

static const struct {
	enum spoil spoil;
	const char *how;
	int checkpoint, restart;
} spoils[] = {
	{ FLAGS, "a flag", EINVAL, EINVAL },
	{ PID_ZERO, "pid 0", ESRCH, EINVAL },
	{ PID_NEGATIVE, "a negative pid", ESRCH, EINVAL },
	{ MEDIUM_ZERO, "medium 0", EOPNOTSUPP, EOPNOTSUPP },
	{ MEDIUM_UNKNOWN, "an unknown medium", EOPNOTSUPP, EOPNOTSUPP },
	{ WATCHDOG_LOW, "watchdog 99 ms", EINVAL, EINVAL },
	{ WATCHDOG_HIGH, "watchdog 3600001 ms", EINVAL, EINVAL },
	{ QUIESCE_LOW, "quiescing 9 ms", EINVAL, EINVAL },
	{ QUIESCE_HIGH, "quiescing 600001 ms", EINVAL, EINVAL },
	{ NO_CHANNELS, "no channel", EINVAL, EINVAL },
	{ ONE_CHANNEL, "one channel", EINVAL, EINVAL },
	{ MANY_CHANNELS, "17 channels", EINVAL, EINVAL },
	{ CHANNELS_NULL, "channels nowhere", EFAULT, EFAULT },
	{ CHANNELS_KERNEL, "channels in the kernel", EFAULT, EFAULT },
	{ NO_DEMAND, "no demand channel", EINVAL, EINVAL },
	{ TWO_DEMANDS, "two demand channels", EINVAL, EINVAL },
	{ ROLE_ZERO, "channel role 0", EINVAL, EINVAL },
	{ ROLE_UNKNOWN, "an unknown channel role", EINVAL, EINVAL },
	{ FD_NEGATIVE, "channel descriptor -1", EBADF, EBADF },
	{ FD_CLOSED, "a channel that is closed", EBADF, EBADF },
	{ FD_FILE, "a file as a channel", EBADF, EBADF },
	{ FD_DEVICE, "the device as a channel", EBADF, EBADF },
	{ FD_UNCONNECTED, "an unconnected socket", ENOTCONN, ENOTCONN },
	{ FD_DATAGRAM, "a datagram socket", EBADF, EBADF },
	{ FD_LISTENING, "a listening socket", ENOTCONN, ENOTCONN },
	{ MECHANISMS_MANY, "1025 mechanisms", EINVAL, EINVAL },
	{ MECHANISMS_NULL, "mechanisms nowhere", EFAULT, EFAULT },
	{ MECHANISM_ZERO, "mechanism 0", EINVAL, EINVAL },
	{ MECHANISM_UNKNOWN, "an unknown mechanism", EINVAL, EINVAL },
	{ SELECTION_UNKNOWN, "an unknown selection", EINVAL, EINVAL },
	{ RESERVED, "its reserved member not zero", EINVAL, EINVAL },
};

static int replace_channel(int fd)
{
	channels[1].fd = fd;
	return fd;
}

/* Returns a descriptor to close afterwards, or -1. */
static int apply(enum spoil spoil, struct procmig_submit *s)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd, pair[2];

	switch (spoil) {
	case FLAGS:
		s->flags = 1u << 31;
		break;
	case PID_ZERO:
		s->pid = 0;
		break;
	case PID_NEGATIVE:
		s->pid = -2;
		break;
	case MEDIUM_ZERO:
		s->medium = 0;
		break;
	case MEDIUM_UNKNOWN:
		s->medium = 0x4711;
		break;
	case WATCHDOG_LOW:
		s->watchdog_ms = 99;
		break;
	case WATCHDOG_HIGH:
		s->watchdog_ms = 3600001;
		break;
	case QUIESCE_LOW:
		s->quiesce_ms = 9;
		break;
	case QUIESCE_HIGH:
		s->quiesce_ms = 600001;
		break;
	case NO_CHANNELS:
		s->channel_count = 0;
		break;
	case ONE_CHANNEL:
		s->channel_count = 1;
		break;
	case MANY_CHANNELS:
		s->channel_count = PROCMIG_MAX_CHANNELS + 1;
		break;
	case CHANNELS_NULL:
		s->channels = 0;
		break;
	case CHANNELS_KERNEL:
		s->channels = KERNEL_ADDRESS;
		break;
	case NO_DEMAND:
		channels[0].role = PROCMIG_CHANNEL_BULK;
		break;
	case TWO_DEMANDS:
		channels[1].role = PROCMIG_CHANNEL_DEMAND;
		break;
	case ROLE_ZERO:
		channels[1].role = 0;
		break;
	case ROLE_UNKNOWN:
		channels[1].role = 3;
		break;
	case FD_NEGATIVE:
		channels[1].fd = -1;
		break;
	case FD_CLOSED:
		channels[1].fd = 1000;
		break;
	case FD_FILE:
		return replace_channel(open("/proc/self/exe", O_RDONLY));
	case FD_DEVICE:
		channels[1].fd = device;
		break;
	case FD_UNCONNECTED:
		return replace_channel(socket(AF_INET, SOCK_STREAM, 0));
	case FD_DATAGRAM:
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
			bail("socketpair");
		close(pair[1]);
		return replace_channel(pair[0]);
	case FD_LISTENING:
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(fd, 1) < 0)
			bail("listen");
		return replace_channel(fd);
	case MECHANISMS_MANY:
		s->mechanisms = (uintptr_t)mechanisms;
		s->mechanism_count = PROCMIG_MAX_MECHANISMS + 1;
		break;
	case MECHANISMS_NULL:
		s->mechanism_count = 1;
		break;
	case MECHANISM_ZERO:
	case MECHANISM_UNKNOWN:
		mechanisms[0] = (struct procmig_mechanism){
			PROCMIG_SUBSYSTEM_FILES,
			spoil == MECHANISM_ZERO ? 0 : PROCMIG_MECHANISM_FORWARD + 1, 1,
		};
		s->mechanisms = (uintptr_t)mechanisms;
		s->mechanism_count = 1;
		break;
	case SELECTION_UNKNOWN:
		s->selection = PROCMIG_SELECT_CGROUP + 1;
		break;
	case RESERVED:
		s->reserved = 1;
		break;
	}
	return -1;
}

static void test_submit(unsigned long code, const char *name, pid_t pid, pid_t absent)
{
	struct link link = make_link(false);
	struct procmig_submit s = good_submit(&link, absent);
	/* a baseline that starts nothing: the process is not there, or its pid is bad */
	const struct ioctl_case c = {
		name, code, sizeof(s), offsetof(struct procmig_submit, selection),
		code == PROCMIG_IOC_CHECKPOINT ? ESRCH : EINVAL,
	};

	if (code == PROCMIG_IOC_RESTART)
		s.start_time = 1;
	check_conventions(device, &c, &s);
	for (size_t i = 0; i < ARRAY_SIZE(spoils); i++) {
		int extra;

		s = good_submit(&link, pid);
		extra = apply(spoils[i].spoil, &s);
		expect(code == PROCMIG_IOC_CHECKPOINT ? spoils[i].checkpoint : spoils[i].restart,
		       call(device, code, &s), name, spoils[i].how);
		if (extra >= 0)
			close(extra);
	}
	end_link(&link);
}

static void test_checkpoint(pid_t victim)
{
	struct link link = make_link(false), other_link = make_link(false);
	struct procmig_submit s, first, other;
	pid_t second = start_victim(false);

	test_submit(PROCMIG_IOC_CHECKPOINT, "CHECKPOINT", victim, unused_pid());
	s = good_submit(&link, victim);
	test_strategies(submit_with, &s, "CHECKPOINT");
	s = good_submit(&link, victim);
	s.start_time = 1;
	expect(ESTALE, call(device, PROCMIG_IOC_CHECKPOINT, &s), "CHECKPOINT", "another start time");

	first = good_submit(&link, victim);
	expect(0, call(device, PROCMIG_IOC_CHECKPOINT, &first), "CHECKPOINT", "as it should be");
	result(first.id && fcntl(first.fd, F_GETFD) == FD_CLOEXEC,
	       "CHECKPOINT: request %u, descriptor %d is close-on-exec", first.id, first.fd);
	other = good_submit(&other_link, second);
	memcpy(other.token, first.token, sizeof(other.token));
	expect(EEXIST, call(device, PROCMIG_IOC_CHECKPOINT, &other), "CHECKPOINT", "the same token");
	other = good_submit(&other_link, victim);
	expect(EBUSY, call(device, PROCMIG_IOC_CHECKPOINT, &other), "CHECKPOINT", "the same process");
	other = good_submit(&other_link, second);
	expect(0, call(device, PROCMIG_IOC_CHECKPOINT, &other), "CHECKPOINT", "another process beside it");
	result(request_count() == 2, "INFO: %u requests; the first is in state %u, '%s'",
	       request_count(), status_of(first.fd).state, status_of(first.fd).message);
	close(other.fd);
	close(first.fd);
	result(all_gone() && is_running(victim) && is_running(second),
	       "CHECKPOINT: closing the descriptors undoes both");
	end_victim(second);
	end_link(&link);
	end_link(&other_link);
}

/*
 * A kernel thread never comes to its border to user mode: work queued there
 * would stay for ever, and kthreadd would hand its mark to all its children.
 */
static void test_kernel_thread(void)
{
	struct link link = make_link(false);
	struct procmig_submit s = good_submit(&link, 2);
	static char obstacles[8192];
	struct procmig_inspect in = {
		.size = sizeof(in), .pid = 2, .strategy = stop_and_copy,
		.obstacles = (uintptr_t)obstacles, .obstacles_bytes = sizeof(obstacles),
	};
	int error = call(device, PROCMIG_IOC_INSPECT, &in);

	result(error || in.obstacle_count, "INSPECT: a kernel thread: %s, %u obstacles, '%s'",
	       name_of(error), in.obstacle_count,
	       in.obstacle_count ? ((struct procmig_obstacle *)obstacles)->text : "");
	s.quiesce_ms = 200;
	error = call(device, PROCMIG_IOC_CHECKPOINT, &s);
	if (!error) {
		struct procmig_status status;

		await_state(s.fd, PROCMIG_STATE_SAVED);
		status = status_of(s.fd);
		close(s.fd);
		result(status.state == PROCMIG_STATE_ABORTED && status.error != ETIMEDOUT,
		       "CHECKPOINT: a kernel thread is refused, not waited for: state %u, '%s'",
		       status.state, status.message);
	} else {
		result(true, "CHECKPOINT: a kernel thread: %s", name_of(error));
	}
	end_link(&link);
	result(all_gone(), "CHECKPOINT: nothing is left of that");

	/* the sign of a poisoned kthreadd: new kernel threads think of signals */
	link = make_link(false);
	{
		pid_t victim = start_victim(false);

		s = good_submit(&link, victim);
		s.watchdog_ms = 500;
		if (call(device, PROCMIG_IOC_CHECKPOINT, &s))
			bail("CHECKPOINT");
		await_state(s.fd, PROCMIG_STATE_SAVED);
		result(status_of(s.fd).error == ETIMEDOUT,
		       "CHECKPOINT: the next request waits as it should, '%s'",
		       status_of(s.fd).message);
		close(s.fd);
		end_victim(victim);
	}
	end_link(&link);
}

/* A process that asks for itself must come out of it, whatever the answer. */
static void test_self(void)
{
	pid_t child = fork();
	int status;

	if (!child) {
		struct link link = make_link(false);
		struct procmig_submit s = good_submit(&link, getpid());

		s.watchdog_ms = 500;
		if (call(device, PROCMIG_IOC_CHECKPOINT, &s))
			_exit(0);
		_exit(await_state(s.fd, PROCMIG_STATE_ABORTED) ? 0 : 1);
	}
	waitpid(child, &status, 0);
	result(WIFEXITED(status) && !WEXITSTATUS(status), "CHECKPOINT: of the caller itself");
	result(all_gone(), "CHECKPOINT: nothing is left of that");
}

static void test_restart(void)
{
	struct link link = make_link(false), other_link = make_link(false);
	struct procmig_submit first, other;
	pid_t pid = unused_pid();

	test_submit(PROCMIG_IOC_RESTART, "RESTART", pid, pid);
	other = good_submit(&link, pid);
	other.start_time = 5;
	expect(EINVAL, call(device, PROCMIG_IOC_RESTART, &other), "RESTART", "a start time");
	other = good_submit(&link, pid);
	other.selection = PROCMIG_SELECT_SESSION;
	expect(EINVAL, call(device, PROCMIG_IOC_RESTART, &other), "RESTART", "a selection");

	first = good_submit(&link, pid);
	expect(0, call(device, PROCMIG_IOC_RESTART, &first), "RESTART", "as it should be");
	other = good_submit(&other_link, pid + 1);
	memcpy(other.token, first.token, sizeof(other.token));
	expect(EEXIST, call(device, PROCMIG_IOC_RESTART, &other), "RESTART", "the same token");
	other = good_submit(&other_link, pid);
	expect(EBUSY, call(device, PROCMIG_IOC_RESTART, &other), "RESTART", "the same pid");

	expect(EPROTO, give(first.fd, PROCMIG_REQ_COMMIT, 0), "NEW target", "COMMIT");
	expect(EPROTO, give(first.fd, PROCMIG_REQ_FINISH, 0), "NEW target", "FINISH");
	expect(0, give(first.fd, PROCMIG_REQ_ABORT, 0), "NEW target", "ABORT");
	result(status_of(first.fd).state == PROCMIG_STATE_ABORTED &&
	       status_of(first.fd).error == ECANCELED, "NEW target: aborted, '%s'",
	       status_of(first.fd).message);
	expect(EPROTO, give(first.fd, PROCMIG_REQ_COMMIT, 0), "ABORTED target", "COMMIT");
	expect(EPROTO, give(first.fd, PROCMIG_REQ_FINISH, 0), "ABORTED target", "FINISH");
	expect(0, give(first.fd, PROCMIG_REQ_ABORT, 0), "ABORTED target", "ABORT again");
	close(first.fd);
	result(all_gone(), "RESTART: nothing is left");
	end_link(&link);
	end_link(&other_link);
}

/* A child tries to enter; its errno comes back as its exit status. */
static int call_as_child(unsigned long code, const void *argument)
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit(call(device, code, (void *)argument));
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_stub_and_attach(pid_t victim)
{
	const struct ioctl_case enter_case = {
		"ENTER", PROCMIG_IOC_ENTER, sizeof(struct procmig_enter),
		sizeof(struct procmig_enter), ENOENT,
	};
	const struct ioctl_case attach_case = {
		"ATTACH", PROCMIG_IOC_ATTACH, sizeof(struct procmig_attach),
		sizeof(struct procmig_attach), ENOENT,
	};
	const struct ioctl_case plan_case = {
		"PLAN", PROCMIG_IOC_PLAN, sizeof(struct procmig_plan),
		sizeof(struct procmig_plan), ENOENT,
	};
	const struct ioctl_case give_up_case = {
		"GIVE_UP", PROCMIG_IOC_GIVE_UP, sizeof(struct procmig_give_up),
		sizeof(struct procmig_give_up), ENOENT,
	};
	struct link link = make_link(false);
	struct procmig_give_up give_up = {
		.size = sizeof(give_up), .error = ENOMEM, .message = "as a test",
	};
	struct procmig_enter enter = { .size = sizeof(enter) };
	struct procmig_plan plan = { .size = sizeof(plan) };
	struct procmig_attach attach = { .size = sizeof(attach) };
	struct procmig_submit s;

	make_token(enter.token);
	make_token(attach.token);
	make_token(plan.token);
	make_token(give_up.token);
	check_conventions(device, &enter_case, &enter);
	check_conventions(device, &plan_case, &plan);
	check_conventions(device, &give_up_case, &give_up);
	check_conventions(device, &attach_case, &attach);
	enter.flags = 1;
	expect(EINVAL, call(device, PROCMIG_IOC_ENTER, &enter), "ENTER", "a flag");
	enter.flags = 0;
	plan.flags = 1;
	expect(EINVAL, call(device, PROCMIG_IOC_PLAN, &plan), "PLAN", "a flag");
	plan.flags = 0;
	give_up.error = 0;
	expect(EINVAL, call(device, PROCMIG_IOC_GIVE_UP, &give_up), "GIVE_UP", "no error");
	give_up.error = 4096;
	expect(EINVAL, call(device, PROCMIG_IOC_GIVE_UP, &give_up), "GIVE_UP", "no errno");
	give_up.error = ENOMEM;
	attach.flags = 1;
	expect(EINVAL, call(device, PROCMIG_IOC_ATTACH, &attach), "ATTACH", "a flag");
	attach.flags = 0;

	s = good_submit(&link, victim);
	if (call(device, PROCMIG_IOC_CHECKPOINT, &s))
		bail("CHECKPOINT");
	memcpy(enter.token, s.token, sizeof(s.token));
	memcpy(attach.token, s.token, sizeof(s.token));
	memcpy(plan.token, s.token, sizeof(s.token));
	memcpy(give_up.token, s.token, sizeof(s.token));
	expect(EPROTO, call_as_child(PROCMIG_IOC_ENTER, &enter), "ENTER", "the token of a source");
	expect(EPROTO, call_as_child(PROCMIG_IOC_PLAN, &plan), "PLAN", "the token of a source");
	expect(EPROTO, call(device, PROCMIG_IOC_GIVE_UP, &give_up), "GIVE_UP",
	       "the token of a source");
	expect(0, call(device, PROCMIG_IOC_ATTACH, &attach), "ATTACH", "a request that has a descriptor");
	result(attach.id == s.id && attach.fd != s.fd && fcntl(attach.fd, F_GETFD) == FD_CLOEXEC,
	       "ATTACH: request %u, another descriptor, close-on-exec", attach.id);
	close(s.fd);
	result(status_of(attach.fd).state <= PROCMIG_STATE_SAVED,
	       "ATTACH: the request lives on while one descriptor is open");
	close(attach.fd);
	result(all_gone() && is_running(victim), "ATTACH: and is undone with the last one");
	expect(ENOENT, call(device, PROCMIG_IOC_ATTACH, &attach), "ATTACH", "a request that is over");

	end_link(&link);
	link = make_link(false);
	s = good_submit(&link, unused_pid());
	if (call(device, PROCMIG_IOC_RESTART, &s))
		bail("RESTART");
	memcpy(enter.token, s.token, sizeof(s.token));
	memcpy(plan.token, s.token, sizeof(s.token));
	memcpy(give_up.token, s.token, sizeof(s.token));
	expect(EPROTO, call_as_child(PROCMIG_IOC_ENTER, &enter), "ENTER", "before the plan");
	expect(ECHILD, call_as_child(PROCMIG_IOC_PLAN, &plan), "PLAN", "a process with another pid");
	expect(EPROTO, call(device, PROCMIG_IOC_GIVE_UP, &give_up), "GIVE_UP", "before the plan");
	close(s.fd);
	result(all_gone(), "ENTER: nothing is left");
	end_link(&link);
}

static void test_permission(void)
{
	pid_t child = fork();
	int status;

	if (!child) {
		struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
		struct __user_cap_data_struct caps[2];
		struct procmig_info info = { .size = sizeof(info) };
		char other[512] = { };
		int wrong = 0;

		syscall(SYS_capget, &header, caps);
		caps[0].effective &= ~(1u << CAP_SYS_ADMIN);
		syscall(SYS_capset, &header, caps);
		wrong |= (call(device, PROCMIG_IOC_INFO, &info) != EPERM) << 0;
		wrong |= (call(device, PROCMIG_IOC_INSPECT, other) != EPERM) << 1;
		wrong |= (call(device, PROCMIG_IOC_CHECKPOINT, other) != EPERM) << 2;
		wrong |= (call(device, PROCMIG_IOC_RESTART, other) != EPERM) << 3;
		wrong |= (call(device, PROCMIG_IOC_ENTER, other) != EPERM) << 4;
		wrong |= (call(device, PROCMIG_IOC_ATTACH, other) != EPERM) << 5;
		wrong |= (open(DEVICE, O_RDWR) >= 0 || errno != EPERM) << 6;
		wrong |= (call(device, PROCMIG_IOC_PLAN, other) != EPERM) << 7;
		_exit(wrong);
	}
	waitpid(child, &status, 0);
	result(WIFEXITED(status) && !WEXITSTATUS(status),
	       "EPERM: open and ioctls without CAP_SYS_ADMIN, wrong ones 0x%x", WEXITSTATUS(status));

	child = fork();
	if (!child) {
		/* all capabilities, but only in a user namespace of its own */
		if (unshare(CLONE_NEWUSER))
			_exit(2);
		_exit(open(DEVICE, O_RDWR) < 0 && (errno == EPERM || errno == EACCES) ? 0 : 1);
	}
	waitpid(child, &status, 0);
	result(WIFEXITED(status) && !WEXITSTATUS(status), "EPERM: in a user namespace of one's own");
}

/* ---- a source through all its states ------------------------------------------ */

static void test_orders(int fd)
{
	const struct ioctl_case status_case = {
		"STATUS", PROCMIG_REQ_STATUS, sizeof(struct procmig_status), 4, 0,
	};
	static const struct {
		const char *name;
		unsigned long code;
	} orders[] = {
		{ "COMMIT", PROCMIG_REQ_COMMIT }, { "FINISH", PROCMIG_REQ_FINISH },
	};
	struct procmig_status status = { .size = sizeof(status) };
	struct procmig_order order = { .size = sizeof(order) };
	char buffer[256] = { };

	check_conventions(fd, &status_case, &status);
	check_read_only(fd, &status_case, &status);
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		const struct ioctl_case c = {
			orders[i].name, orders[i].code, sizeof(order), sizeof(order), EPROTO,
		};

		check_conventions(fd, &c, &order);
		expect(EINVAL, give(fd, orders[i].code, 1), orders[i].name, "a flag");
		expect(EINVAL, give(fd, orders[i].code, 1u << 31), orders[i].name, "another flag");
	}
	expect(EINVAL, give(fd, PROCMIG_REQ_ABORT, ~PROCMIG_ORDER_NEVER_RAN), "ABORT", "a flag");
	expect(ENOTTY, call(fd, PROCMIG_IOC_INFO, buffer), "request", "PROCMIG_IOC_INFO");
	expect(ENOTTY, call(fd, PROCMIG_IOC_ENTER, buffer), "request", "PROCMIG_IOC_ENTER");
	expect(ENOTTY, call(fd, _IOWR(PROCMIG_IOC_MAGIC, 0x7f, int), buffer), "request",
	       "an unknown number");
}

/* Without reading events: those are for test_read(). */
static void await_saving(int fd)
{
	const struct timespec tick = { 0, 1000000 };

	while (status_of(fd).state < PROCMIG_STATE_SAVING)
		nanosleep(&tick, NULL);
}

static void test_read(int fd)
{
	struct procmig_event event;
	int flags = fcntl(fd, F_GETFL);

	expect(EINVAL, read(fd, &event, sizeof(event) - 1) < 0 ? errno : 0, "read",
	       "less than an event");
	expect(EINVAL, read(fd, &event, 0) < 0 ? errno : 0, "read", "nothing");
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	expect(EFAULT, syscall(SYS_read, fd, 1, sizeof(event)) < 0 ? errno : 0, "read", "to nowhere");
	while (read(fd, &event, sizeof(event)) == sizeof(event))
		;
	expect(EAGAIN, errno, "read", "when there is nothing new");
	expect(EINVAL, write(fd, &event, sizeof(event)) < 0 ? errno : 0, "write", "an event");
	fcntl(fd, F_SETFL, flags);
}

static void test_source_states(pid_t victim)
{
	struct link stuck = make_link(false), link;
	struct procmig_submit s = good_submit(&stuck, victim);
	struct procmig_status status;
	struct pollfd p = { .events = POLLIN };
	pid_t second;

	/* nobody reads the other end, so the state cannot get behind SAVING */
	if (call(device, PROCMIG_IOC_CHECKPOINT, &s))
		bail("CHECKPOINT");
	await_saving(s.fd);
	test_orders(s.fd);
	test_read(s.fd);
	result(status_of(s.fd).role == PROCMIG_ROLE_SOURCE && status_of(s.fd).pid == victim &&
	       !memcmp(status_of(s.fd).token, s.token, sizeof(s.token)) &&
	       status_of(s.fd).id == s.id && status_of(s.fd).submitted_ns,
	       "STATUS: tells role, pid, token, id and time");
	expect(EPROTO, give(s.fd, PROCMIG_REQ_COMMIT, 0), "SAVING source", "COMMIT");
	expect(EPROTO, give(s.fd, PROCMIG_REQ_FINISH, 0), "SAVING source", "FINISH");
	expect(0, give(s.fd, PROCMIG_REQ_ABORT, 0), "SAVING source", "ABORT");
	status = status_of(s.fd);
	result(status.state == PROCMIG_STATE_ABORTED && status.error == ECANCELED &&
	       status.message[0] && is_running(victim), "ABORTED source: runs, '%s'",
	       status.message);
	{
		int error = give(s.fd, PROCMIG_REQ_COMMIT, 0);

		/* both are true of it, and both are documented */
		result(error == EPROTO || error == ECANCELED, "ABORTED source: COMMIT: %s",
		       name_of(error));
	}
	expect(EPROTO, give(s.fd, PROCMIG_REQ_FINISH, 0), "ABORTED source", "FINISH");
	expect(0, give(s.fd, PROCMIG_REQ_ABORT, 0), "ABORTED source", "ABORT again");
	p.fd = s.fd;
	result(poll(&p, 1, 0) == 1 && p.revents & POLLHUP, "ABORTED source: poll says so");
	close(s.fd);
	end_link(&stuck);

	/* proof that it never ran there leads back behind the commit */
	link = make_link(true);
	s = good_submit(&link, victim);
	if (call(device, PROCMIG_IOC_CHECKPOINT, &s))
		bail("CHECKPOINT");
	await_state(s.fd, PROCMIG_STATE_SAVED);
	status = status_of(s.fd);
	result(status.state == PROCMIG_STATE_SAVED, "source: SAVED, error %d '%s'", status.error,
	       status.message);
	result(status.frozen_ns >= status.submitted_ns && status.saved_ns >= status.frozen_ns &&
	       status.bytes_done && status.entities_done && status.threads == 1,
	       "SAVED source: times in order, %llu bytes", status.bytes_done);
	expect(EPROTO, give(s.fd, PROCMIG_REQ_FINISH, 0), "SAVED source", "FINISH");
	expect(0, give(s.fd, PROCMIG_REQ_COMMIT, 0), "SAVED source", "COMMIT");
	expect(EPROTO, give(s.fd, PROCMIG_REQ_COMMIT, 0), "COMMITTED source", "COMMIT again");
	expect(EPROTO, give(s.fd, PROCMIG_REQ_ABORT, 0), "COMMITTED source", "ABORT");
	close(s.fd);
	result(request_count() == 1, "COMMITTED source: stays without a descriptor");
	{
		struct procmig_attach a = { .size = sizeof(a) };

		memcpy(a.token, s.token, sizeof(a.token));
		expect(0, call(device, PROCMIG_IOC_ATTACH, &a), "COMMITTED source", "ATTACH");
		s.fd = a.fd;
	}
	result(status_of(s.fd).state == PROCMIG_STATE_COMMITTED, "COMMITTED source: still is");
	expect(0, give(s.fd, PROCMIG_REQ_ABORT, PROCMIG_ORDER_NEVER_RAN), "COMMITTED source",
	       "ABORT with proof");
	result(status_of(s.fd).state == PROCMIG_STATE_ABORTED && is_running(victim),
	       "COMMITTED source: runs again");
	close(s.fd);
	end_link(&link);

	/* killed while frozen: there is nothing left to commit to */
	second = start_victim(false);
	link = make_link(true);
	s = good_submit(&link, second);
	if (call(device, PROCMIG_IOC_CHECKPOINT, &s) || !await_state(s.fd, PROCMIG_STATE_SAVED))
		bail("CHECKPOINT");
	end_victim(second);
	result(await_state(s.fd, PROCMIG_STATE_ABORTED) && status_of(s.fd).error == ESRCH,
	       "SAVED source: its process was killed, '%s'", status_of(s.fd).message);
	close(s.fd);
	end_link(&link);

	/* to the end */
	second = start_victim(false);
	link = make_link(true);
	s = good_submit(&link, second);
	if (call(device, PROCMIG_IOC_CHECKPOINT, &s) || !await_state(s.fd, PROCMIG_STATE_SAVED))
		bail("CHECKPOINT");
	expect(0, give(s.fd, PROCMIG_REQ_COMMIT, 0), "SAVED source", "COMMIT");
	expect(0, give(s.fd, PROCMIG_REQ_FINISH, 0), "COMMITTED source", "FINISH");
	{
		int wait_status = 0;

		waitpid(second, &wait_status, 0);
		result(WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL,
		       "FINISHED source: the frozen copy is gone");
	}
	expect(EPROTO, give(s.fd, PROCMIG_REQ_COMMIT, 0), "FINISHED source", "COMMIT");
	expect(EPROTO, give(s.fd, PROCMIG_REQ_ABORT, 0), "FINISHED source", "ABORT");
	expect(EPROTO, give(s.fd, PROCMIG_REQ_ABORT, PROCMIG_ORDER_NEVER_RAN), "FINISHED source",
	       "ABORT with proof");
	expect(0, give(s.fd, PROCMIG_REQ_FINISH, 0), "FINISHED source", "FINISH again");
	close(s.fd);
	end_link(&link);
	result(all_gone(), "source states: nothing is left");
}

static void test_watchdog(pid_t victim)
{
	struct link link = make_link(false);
	struct procmig_submit s = good_submit(&link, victim);
	struct procmig_status status;

	s.watchdog_ms = 300;
	if (call(device, PROCMIG_IOC_CHECKPOINT, &s))
		bail("CHECKPOINT");
	result(await_state(s.fd, PROCMIG_STATE_ABORTED), "watchdog: a source whose peer does not read");
	status = status_of(s.fd);
	result(status.error == ETIMEDOUT && strstr(status.message, "watchdog") && is_running(victim),
	       "watchdog: %s, '%s'", name_of(status.error), status.message);
	close(s.fd);
	end_link(&link);

	link = make_link(false);
	s = good_submit(&link, unused_pid());
	s.watchdog_ms = 300;
	if (call(device, PROCMIG_IOC_RESTART, &s))
		bail("RESTART");
	result(await_state(s.fd, PROCMIG_STATE_ABORTED) && status_of(s.fd).error == ETIMEDOUT,
	       "watchdog: a target whose stub does not come, '%s'", status_of(s.fd).message);
	close(s.fd);
	end_link(&link);
	result(all_gone(), "watchdog: nothing is left");
}

static void test_peer_hangs_up(pid_t victim)
{
	struct link link = make_link(false);
	struct procmig_submit s = good_submit(&link, victim);

	close(link.theirs[0]);
	close(link.theirs[1]);
	link.theirs[0] = link.theirs[1] = -1;
	if (call(device, PROCMIG_IOC_CHECKPOINT, &s))
		bail("CHECKPOINT");
	result(await_state(s.fd, PROCMIG_STATE_ABORTED) && is_running(victim),
	       "source: the peer hung up, '%s'", status_of(s.fd).message);
	close(s.fd);
	end_link(&link);
	result(all_gone(), "peer: nothing is left");
}

/* ---- calls that make no sense --------------------------------------------------- */

static __u64 seed = 1;

static __u64 roll(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Small numbers, borders and pointers are where mistakes are, noise is not. */
static __u64 interesting(void)
{
	static const __u64 values[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 16, 17, 24, 32, 88, 99, 100, 300, 4096, 0x7fffffff,
		0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff, ~0ULL, KERNEL_ADDRESS,
	};

	return roll() % 4 ? values[roll() % ARRAY_SIZE(values)] : roll();
}

/* Only our own victim may be frozen: the machine is needed afterwards. */
static __s32 harmless_pid(pid_t victim, __s32 pid)
{
	return pid > 0 && pid < 0x400000 ? victim : pid;
}

static void spoil_claims(void)
{
	if (roll() % 2)
		((__u32 *)claims)[roll() % (claims_bytes / 4)] = interesting();
	else
		claims[roll() % claims_bytes] = roll();
}

static void fuzz(pid_t victim, unsigned long calls)
{
	static const unsigned long codes[] = {
		PROCMIG_IOC_INFO, PROCMIG_IOC_COMPONENT, PROCMIG_IOC_STATE_KIND, PROCMIG_IOC_INSPECT,
		PROCMIG_IOC_CHECKPOINT, PROCMIG_IOC_RESTART, PROCMIG_IOC_ENTER, PROCMIG_IOC_ATTACH,
		PROCMIG_REQ_STATUS, PROCMIG_REQ_COMMIT, PROCMIG_REQ_ABORT, PROCMIG_REQ_FINISH,
		PROCMIG_IOC_PLAN, PROCMIG_IOC_GIVE_UP, PROCMIG_IOC_ADMIT,
	};
	static const size_t sizes[] = {
		sizeof(struct procmig_info), sizeof(struct procmig_component),
		sizeof(struct procmig_state_kind), sizeof(struct procmig_inspect),
		sizeof(struct procmig_submit), sizeof(struct procmig_submit),
		sizeof(struct procmig_enter), sizeof(struct procmig_attach),
		sizeof(struct procmig_status), sizeof(struct procmig_order),
		sizeof(struct procmig_order), sizeof(struct procmig_order),
		sizeof(struct procmig_plan), sizeof(struct procmig_give_up),
		sizeof(struct procmig_admit),
	};
	struct link link = make_link(false);
	unsigned long accepted = 0;
	int request = -1;
	bool answers;

	for (unsigned long i = 0; i < calls; i++) {
		_Alignas(8) unsigned char buffer[1024] = { };
		__u32 *words = (__u32 *)buffer;
		unsigned int which = roll() % ARRAY_SIZE(codes);
		unsigned long code = roll() % 16 ? codes[which] : roll();
		struct procmig_submit *s = (void *)buffer;
		struct procmig_inspect *in = (void *)buffer;
		void *argument = roll() % 32 ? buffer : (void *)interesting();
		int fd = request >= 0 && roll() % 2 ? request : device;

		/* a right call with some members wrong, or all noise */
		if (roll() % 4 == 0) {
			for (size_t w = 0; w < sizes[which] / 4; w++)
				words[w] = interesting();
		} else if (codes[which] == PROCMIG_IOC_CHECKPOINT ||
			   codes[which] == PROCMIG_IOC_RESTART) {
			*s = good_submit(&link, victim);
			s->watchdog_ms = 100;
			s->quiesce_ms = 1000;
			if (roll() % 2)
				words[roll() % (sizeof(*s) / 4)] = interesting();
			if (roll() % 4 == 0)
				channels[roll() % 2].fd = roll() % 32;
		} else if (codes[which] == PROCMIG_IOC_INSPECT) {
			*in = (struct procmig_inspect){
				.pid = victim, .strategy = stop_and_copy,
			};
			words[roll() % (sizeof(*in) / 4)] = interesting();
		} else if (codes[which] == PROCMIG_IOC_ADMIT) {
			good_admit((void *)buffer);
			spoil_claims();
		}
		words[0] = roll() % 8 ? sizes[which] : interesting();
		if (argument == buffer &&
		    (codes[which] == PROCMIG_IOC_CHECKPOINT || codes[which] == PROCMIG_IOC_INSPECT))
			words[1 + (codes[which] == PROCMIG_IOC_CHECKPOINT)] =
				harmless_pid(victim, words[1 + (codes[which] == PROCMIG_IOC_CHECKPOINT)]);
		/* PLAN would wait for a source; FINISH would kill the victim */
		if (code == PROCMIG_IOC_ENTER || code == PROCMIG_IOC_PLAN)
			memset(buffer + 8, 0xff, PROCMIG_TOKEN_BYTES);
		if (code == PROCMIG_REQ_COMMIT || ioctl(fd, code, argument) < 0)
			continue;
		accepted++;
		if (code == PROCMIG_IOC_CHECKPOINT || code == PROCMIG_IOC_RESTART ||
		    code == PROCMIG_IOC_ATTACH) {
			int got = code == PROCMIG_IOC_ATTACH ?
				((struct procmig_attach *)buffer)->fd : s->fd;

			/* a size too short for the answer leaves us without its number */
			if (argument != buffer || got < 3)
				continue;
			if (request >= 0)
				close(request);
			request = got;
		}
	}
	if (request >= 0)
		close(request);
	answers = all_gone();
	result(answers, "fuzz: %lu calls, %lu accepted, %u requests left", calls, accepted,
	       request_count());
	result(is_running(victim), "fuzz: the victim runs");
	end_link(&link);
}

static void on_alarm(int signal)
{
	static const char text[] = "Bail out! 15 minutes are over\n";

	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(3);
	end_all();
	_exit(signal == SIGALRM ? 2 : 3);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "fuzz", required_argument, NULL, 'f' },
		{ "seed", required_argument, NULL, 's' },
		{ }
	};
	unsigned long calls = 100000;
	pid_t victim;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'f')
			calls = strtoul(optarg, NULL, 0);
		else if (c == 's')
			seed = strtoul(optarg, NULL, 0) | 1;
		else
			return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	/* a process that stays frozen must not make this wait for ever */
	signal(SIGALRM, on_alarm);
	alarm(900);
	device = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (device < 0)
		bail("%s", DEVICE);
	victim = start_victim(false);

	test_device();
	test_info();
	test_lists();
	test_permission();
	test_inspect(victim);
	test_admit();
	test_checkpoint(victim);
	test_self();
	test_restart();
	test_stub_and_attach(victim);
	test_source_states(victim);
	test_watchdog(victim);
	test_peer_hangs_up(victim);
	fuzz(victim, calls);
	test_kernel_thread();

	end_victim(victim);
	printf("1..%d\n", tests);
	fflush(stdout);
	/* the thread that was a pid of its own goes with us */
	syscall(SYS_exit_group, failures ? 1 : 0);
	return 1;
}
