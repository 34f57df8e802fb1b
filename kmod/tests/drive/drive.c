// SPDX-License-Identifier: GPL-2.0-only
/*
 * procmig-drive: one side of a migration straight through /dev/procmig, without
 * agents.  The guest tier and the benchmarks use it.
 *
 * Two of them, one per machine, carry out the commit order over a control
 * connection of text lines.  The source opens every connection, each begins
 * with a line that says what it is:
 *
 *	CONTROL token bulk=N mode=N context=N quiesce=N
 *	DEMAND token
 *	BULK token
 *
 * After that, on the control connection:
 *
 *	target: CLOCKS		having read its own, it asks for the process's
 *	source: CLOCKS NS NS	monotonic and boottime, read after that: the
 *				process's clocks may then jump ahead by what the
 *				answer took, but never back
 *	target: PREPARED	the request waits, the stub is in place
 *	target: READY		rebuilt, has not run
 *	source: GO		committed: the target alone may run it now
 *	target: RUNNING
 *	source: FINISH		the frozen copy is gone
 *	target: FINISHED
 *	either: ABORT errno text
 *
 * The last line on stdout is one JSON object.  Exit status: 0 success, 1
 * failure with this side undone, 2 obstacles or bad usage, 3 nobody knows: this
 * side is COMMITTED or READY and the peer is lost; `attach' settles it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "procmig.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define NSEC		1000000000ULL
#define LINE_BYTES	1024
#define MAX_POINTS	8
#define MAX_MECHANISMS	64
#define MAX_STUB_ARGS	32

enum { EXIT_OK, EXIT_FAILED, EXIT_REFUSED, EXIT_UNDECIDED };

struct control {
	int fd;
	size_t used;
	char buffer[LINE_BYTES];
};

struct options {
	const char *command;
	const char *device;
	int pid;
	uint64_t start_time;
	uint8_t token[PROCMIG_TOKEN_BYTES];
	bool have_token;
	char token_text[2 * PROCMIG_TOKEN_BYTES + 1];
	struct sockaddr_in peer;
	bool have_peer;
	uint16_t port;
	unsigned int bulk;
	struct procmig_strategy strategy;
	uint32_t selection;
	uint32_t claims_bytes;
	uint32_t watchdog_ms, quiesce_ms, reason_ms;
	uint64_t timeout_ms;
	uint64_t raw_bytes;
	struct procmig_mechanism mechanisms[MAX_MECHANISMS];
	unsigned int mechanism_count;
	const char *stub;
	const char *stub_args[MAX_STUB_ARGS];
	unsigned int stub_arg_count;
	const char *stop_at[MAX_POINTS], *crash_at[MAX_POINTS], *abort_at[MAX_POINTS];
	bool no_commit, no_clock, never_ran;
	const char *order;
};

/* Everything that one run knows; there is one per process. */
static struct {
	struct options opt;
	int device;
	int request;
	bool quiet;		/* the request has nothing more to tell */
	int channels[PROCMIG_MAX_CHANNELS];
	unsigned int channel_count;
	struct control control;
	int stub_output;
	char stub_text[PROCMIG_MESSAGE_BYTES];
	uint32_t state;
	struct procmig_status status;
	bool have_status;
	uint64_t started_ns, deadline_ns, quiescing_ns, running_ns;
	/* the first failure of this side */
	int error;
	char step[64];
	char message[2 * PROCMIG_MESSAGE_BYTES];
} run = { .device = -1, .request = -1, .control = { .fd = -1 }, .stub_output = -1 };

/* What INSPECT tells and ADMIT reads. */
static _Alignas(8) uint8_t claims[64 << 10];

/* ---- names ---------------------------------------------------------------- */

struct name {
	unsigned int value;
	const char *text;
};

static const struct name states[] = {
	{ PROCMIG_STATE_NEW, "NEW" },
	{ PROCMIG_STATE_QUIESCING, "QUIESCING" },
	{ PROCMIG_STATE_SAVING, "SAVING" },
	{ PROCMIG_STATE_SAVED, "SAVED" },
	{ PROCMIG_STATE_COMMITTED, "COMMITTED" },
	{ PROCMIG_STATE_LOADING, "LOADING" },
	{ PROCMIG_STATE_READY, "READY" },
	{ PROCMIG_STATE_RUNNING, "RUNNING" },
	{ PROCMIG_STATE_FINISHED, "FINISHED" },
	{ PROCMIG_STATE_ABORTING, "ABORTING" },
	{ PROCMIG_STATE_ABORTED, "ABORTED" },
	{ }
};

static const struct name modes[] = {
	{ PROCMIG_MODE_STOP_AND_COPY, "stop-and-copy" },
	{ PROCMIG_MODE_PRE_COPY, "pre-copy" },
	{ PROCMIG_MODE_POST_COPY, "post-copy" },
	{ PROCMIG_MODE_FREEZE_FREE, "freeze-free" },
	{ PROCMIG_MODE_HYBRID, "hybrid" },
	{ }
};

static const struct name contexts[] = {
	{ PROCMIG_CONTEXT_EXTERNAL, "external" },
	{ PROCMIG_CONTEXT_INTERNAL, "internal" },
	{ }
};

static const struct name quiesces[] = {
	{ PROCMIG_QUIESCE_ASYNCHRONOUS, "asynchronous" },
	{ PROCMIG_QUIESCE_SYNCHRONOUS, "synchronous" },
	{ }
};

static const struct name selections[] = {
	{ PROCMIG_SELECT_TREE, "tree" },
	{ PROCMIG_SELECT_SESSION, "session" },
	{ PROCMIG_SELECT_GROUP, "group" },
	{ PROCMIG_SELECT_CGROUP, "cgroup" },
	{ }
};

static const struct name subsystems[] = {
	{ PROCMIG_SUBSYSTEM_CORE, "core" },
	{ PROCMIG_SUBSYSTEM_FILES, "files" },
	{ PROCMIG_SUBSYSTEM_MEMORY, "memory" },
	{ PROCMIG_SUBSYSTEM_SIGNALS, "signals" },
	{ PROCMIG_SUBSYSTEM_TASK, "task" },
	{ PROCMIG_SUBSYSTEM_IPC, "ipc" },
	{ }
};

static const struct name mechanism_kinds[] = {
	{ PROCMIG_MECHANISM_IGNORE, "ignore" },
	{ PROCMIG_MECHANISM_TRANSFER, "transfer" },
	{ PROCMIG_MECHANISM_FORWARD, "forward" },
	{ }
};

static const struct name component_kinds[] = {
	{ PROCMIG_COMPONENT_SUBSYSTEM, "subsystem" },
	{ PROCMIG_COMPONENT_MEDIUM, "medium" },
	{ }
};

static const struct name kind_states[] = {
	{ PROCMIG_KIND_CARRIED, "carried" },
	{ PROCMIG_KIND_REFUSED, "refused" },
	{ PROCMIG_KIND_PLANNED, "planned" },
	{ }
};

static const struct name obstacle_codes[] = {
	{ PROCMIG_OBSTACLE_UNSUPPORTED, "unsupported" },
	{ PROCMIG_OBSTACLE_SHARED, "shared" },
	{ PROCMIG_OBSTACLE_STATE, "state" },
	{ PROCMIG_OBSTACLE_LIMIT, "limit" },
	{ PROCMIG_OBSTACLE_TAKEN, "taken" },
	{ }
};

static const char *name_of(const struct name *names, unsigned int value)
{
	for (; names->text; names++)
		if (names->value == value)
			return names->text;
	return "unknown";
}

static bool value_of(const struct name *names, const char *text, size_t length,
		     unsigned int *value)
{
	for (; names->text; names++) {
		if (strlen(names->text) == length &&
		    !strncasecmp(names->text, text, length)) {
			*value = names->value;
			return true;
		}
	}
	return false;
}

static const char *errno_name(int error)
{
	const char *name = error ? strerrorname_np(error) : "";

	return name ? name : "unknown";
}

/* ---- the answer ----------------------------------------------------------- */

static void json_string(const char *text, size_t limit)
{
	putchar('"');
	for (; limit && *text; text++, limit--) {
		unsigned char c = *text;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c > 0x7e)	/* a path may be any bytes */
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void json_text(const char *key, const char *text, size_t limit)
{
	printf(",\"%s\":", key);
	json_string(text, limit);
}

static void json_number(const char *key, uint64_t value)
{
	printf(",\"%s\":%" PRIu64, key, value);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

/* Keeps the first failure: what follows from it only hides it. */
__attribute__((format(printf, 3, 4)))
static void failed(int error, const char *step, const char *format, ...)
{
	va_list args;

	if (run.step[0])
		return;
	run.error = error;
	snprintf(run.step, sizeof(run.step), "%s", step);
	va_start(args, format);
	vsnprintf(run.message, sizeof(run.message), format, args);
	va_end(args);
}

static void refresh_status(void)
{
	struct procmig_status status = { .size = sizeof(status) };

	if (run.request < 0)
		return;
	if (ioctl(run.request, PROCMIG_REQ_STATUS, &status) < 0) {
		failed(errno, "PROCMIG_REQ_STATUS", "request descriptor %d: %s",
		       run.request, strerror(errno));
		return;
	}
	run.status = status;
	run.state = status.state;
	run.have_status = true;
}

static int finish(int code)
{
	const struct procmig_status *s = &run.status;
	uint64_t end = now_ns();

	refresh_status();
	printf("{\"command\":");
	json_string(run.opt.command, SIZE_MAX);
	printf(",\"ok\":%s", code == EXIT_OK ? "true" : "false");
	json_number("exit", code);
	if (run.opt.have_token)
		json_text("token", run.opt.token_text, SIZE_MAX);
	if (code != EXIT_OK || run.step[0]) {
		json_text("step", run.step, sizeof(run.step));
		json_number("step_error", run.error);
		json_text("step_error_name", errno_name(run.error), 32);
		json_text("step_message", run.message, sizeof(run.message));
	}
	if (run.stub_text[0])
		json_text("stub", run.stub_text, sizeof(run.stub_text));
	if (run.have_status) {
		json_number("id", s->id);
		json_text("role", s->role == PROCMIG_ROLE_SOURCE ? "source" : "target", 8);
		json_text("state", name_of(states, s->state), 16);
		printf(",\"pid\":%d,\"error\":%d", s->pid, s->error);
		json_text("error_name", errno_name(s->error), 32);
		json_text("error_subsystem", name_of(subsystems, s->error_subsystem), 16);
		json_text("message", s->message, sizeof(s->message));
		json_number("threads", s->threads);
		json_number("bytes_total", s->bytes_total);
		json_number("bytes_done", s->bytes_done);
		json_number("entities_done", s->entities_done);
		json_number("entities_skipped", s->entities_skipped);
		json_number("submitted_ns", s->submitted_ns);
		json_number("frozen_ns", s->frozen_ns);
		json_number("saved_ns", s->saved_ns);
		json_number("ready_ns", s->ready_ns);
		json_number("decided_ns", s->decided_ns);
		if (run.quiescing_ns && s->frozen_ns > run.quiescing_ns) {
			json_number("inspecting_ns", run.quiescing_ns - s->submitted_ns);
			json_number("freezing_ns", s->frozen_ns - run.quiescing_ns);
		}
		if (s->frozen_ns && s->saved_ns > s->frozen_ns)
			json_number("saving_ns", s->saved_ns - s->frozen_ns);
		if (s->frozen_ns && run.running_ns > s->frozen_ns)
			json_number("downtime_ns", run.running_ns - s->frozen_ns);
	}
	json_number("total_ns", end - run.started_ns);
	printf("}\n");
	fflush(stdout);
	return code;
}

/* ---- points: where a test wants something to happen ----------------------- */

static bool listed(const char *const *points, const char *point)
{
	for (unsigned int i = 0; i < MAX_POINTS && points[i]; i++)
		if (!strcasecmp(points[i], point))
			return true;
	return false;
}

/* True: the test wants an abort here. */
static bool reached(const char *point)
{
	fprintf(stderr, "procmig-drive: %s: %s\n", run.opt.command, point);
	if (listed(run.opt.crash_at, point))
		kill(getpid(), SIGKILL);
	if (listed(run.opt.stop_at, point))
		raise(SIGSTOP);
	return listed(run.opt.abort_at, point);
}

/* ---- the control connection ----------------------------------------------- */

static int write_all(int fd, const void *data, size_t length)
{
	const char *p = data;

	while (length) {
		ssize_t n = send(fd, p, length, MSG_NOSIGNAL);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		p += n;
		length -= n;
	}
	return 0;
}

__attribute__((format(printf, 2, 3)))
static int say(int fd, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (length < 0)
		return -1;
	if ((size_t)length > sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length] = '\n';
	return write_all(fd, line, length + 1);
}

/*
 * The first line of a connection, a byte at a time: what follows on a data
 * connection belongs to the kernel.
 */
static int first_line(int fd, char *line, size_t size)
{
	size_t used = 0;

	while (used < size - 1) {
		ssize_t n = read(fd, line + used, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (!n)
				errno = ECONNRESET;
			return -1;
		}
		if (line[used] == '\n') {
			line[used] = '\0';
			return 0;
		}
		used++;
	}
	errno = EMSGSIZE;
	return -1;
}

/* 1: a line, 0: none yet, -1: the connection is lost. */
static int next_line(struct control *c, char *line, bool readable)
{
	char *end = memchr(c->buffer, '\n', c->used);

	if (!end && readable) {
		ssize_t n = recv(c->fd, c->buffer + c->used,
				 sizeof(c->buffer) - c->used, MSG_DONTWAIT);

		if (n == 0 || c->used == sizeof(c->buffer)) {
			errno = ECONNRESET;
			return -1;
		}
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -1;
		c->used += n;
		end = memchr(c->buffer, '\n', c->used);
	}
	if (!end)
		return 0;
	*end = '\0';
	strcpy(line, c->buffer);
	c->used -= end + 1 - c->buffer;
	memmove(c->buffer, end + 1, c->used);
	return 1;
}

/* A cut link must end the connection in about the time the watchdog takes. */
static void tune(int fd, bool control)
{
	int one = 1, three = 3;
	unsigned int patience = run.opt.watchdog_ms;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!control)
		return;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &three, sizeof(three));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof(patience));
}

static int connect_peer(bool control)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char host[INET_ADDRSTRLEN];

	if (fd < 0) {
		failed(errno, "socket", "no TCP socket: %s", strerror(errno));
		return -1;
	}
	tune(fd, control);
	if (connect(fd, (struct sockaddr *)&run.opt.peer, sizeof(run.opt.peer)) < 0) {
		inet_ntop(AF_INET, &run.opt.peer.sin_addr, host, sizeof(host));
		failed(errno, "connect", "%s:%u: %s; is procmig-drive target listening there?",
		       host, ntohs(run.opt.peer.sin_port), strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static int listen_here(void)
{
	struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_ANY),
		.sin_port = htons(run.opt.port),
	};
	socklen_t length = sizeof(here);
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 ||
	    listen(fd, PROCMIG_MAX_CHANNELS + 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&here, &length) < 0) {
		failed(errno, "listen", "port %u: %s", run.opt.port, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	fprintf(stderr, "procmig-drive: listening on port %u\n", ntohs(here.sin_port));
	return fd;
}

static int wait_readable(int fd, const char *step)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (;;) {
		uint64_t now = now_ns();
		int n;

		if (now >= run.deadline_ns) {
			failed(ETIMEDOUT, step, "nothing came within --timeout-ms %" PRIu64,
			       run.opt.timeout_ms);
			return -1;
		}
		n = poll(&p, 1, (run.deadline_ns - now) / 1000000 + 1);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR) {
			failed(errno, step, "poll: %s", strerror(errno));
			return -1;
		}
	}
}

/* ---- the request ---------------------------------------------------------- */

static int open_device(void)
{
	run.device = open(run.opt.device, O_RDWR | O_CLOEXEC);
	if (run.device < 0) {
		failed(errno, "open", "%s: %s; is procmig.ko inserted and are you root?",
		       run.opt.device, strerror(errno));
		return -1;
	}
	return 0;
}

static int submit(unsigned long code, const char *step)
{
	struct procmig_channel channels[PROCMIG_MAX_CHANNELS];
	struct procmig_submit s = {
		.size = sizeof(s),
		.pid = run.opt.pid,
		.medium = PROCMIG_MEDIUM_SOCKET,
		.start_time = run.opt.start_time,
		.strategy = run.opt.strategy,
		.channels = (uintptr_t)channels,
		.channel_count = run.channel_count,
		.mechanisms = (uintptr_t)run.opt.mechanisms,
		.mechanism_count = run.opt.mechanism_count,
		.watchdog_ms = run.opt.watchdog_ms,
		.quiesce_ms = run.opt.quiesce_ms,
		.selection = run.opt.selection,
	};

	memcpy(s.token, run.opt.token, sizeof(s.token));
	for (unsigned int i = 0; i < run.channel_count; i++) {
		channels[i].fd = run.channels[i];
		channels[i].role = i ? PROCMIG_CHANNEL_BULK : PROCMIG_CHANNEL_DEMAND;
	}
	if (ioctl(run.device, code, &s) < 0) {
		failed(errno, step, "pid %d, mode %s: %s", run.opt.pid,
		       name_of(modes, run.opt.strategy.mode), strerror(errno));
		return -1;
	}
	run.request = s.fd;
	fcntl(run.request, F_SETFL, O_NONBLOCK);
	return 0;
}

static int order(unsigned long code, const char *step)
{
	struct procmig_order o = { .size = sizeof(o) };

	if (code == PROCMIG_REQ_ABORT && run.opt.never_ran)
		o.flags = PROCMIG_ORDER_NEVER_RAN;
	if (ioctl(run.request, code, &o) < 0) {
		failed(errno, step, "request of token %s in state %s: %s",
		       run.opt.token_text, name_of(states, run.state), strerror(errno));
		return -1;
	}
	return 0;
}

static void failed_by_peer(const char *line)
{
	char *rest;
	int error = strtol(line + 6, &rest, 10);

	failed(error, "peer", "the peer aborted:%s", rest);
}

/*
 * A stream that broke says that the peer gave up, not why.  The reason is on its
 * way on the control connection; wait for that, but not for a peer that is gone.
 * A recorded stream that is replayed has none to tell: --reason-ms 0.
 */
static void ask_for_reason(void)
{
	struct pollfd p = { .fd = run.control.fd, .events = POLLIN };
	uint64_t limit = now_ns() + run.opt.reason_ms * 1000000ULL;
	char line[LINE_BYTES];

	if (run.control.fd < 0 || strcmp(run.step, "request") ||
	    (run.error != EPIPE && run.error != ECONNRESET))
		return;
	for (;;) {
		int got = next_line(&run.control, line, p.revents);
		uint64_t now = now_ns();

		if (got > 0 && !strncmp(line, "ABORT ", 6)) {
			run.step[0] = '\0';
			failed_by_peer(line);
			return;
		}
		if (got < 0 || now >= limit ||
		    poll(&p, 1, (limit - now) / 1000000 + 1) < 0)
			return;
	}
}

/* Undo this side if that is still its own to decide, and tell the peer why. */
static int undo(void)
{
	struct procmig_order o = { .size = sizeof(o) };
	bool mine = true;

	ask_for_reason();
	if (run.control.fd >= 0)
		say(run.control.fd, "ABORT %d %s: %s", run.error ? run.error : ECANCELED,
		    run.step, run.message);
	refresh_status();
	if (run.request >= 0 && run.state != PROCMIG_STATE_ABORTED) {
		if (run.state == PROCMIG_STATE_COMMITTED || run.state == PROCMIG_STATE_RUNNING)
			mine = false;
		else if (ioctl(run.request, PROCMIG_REQ_ABORT, &o) < 0)
			fprintf(stderr, "procmig-drive: PROCMIG_REQ_ABORT: %s\n",
				strerror(errno));
	}
	return finish(mine ? EXIT_FAILED : EXIT_UNDECIDED);
}

/*
 * Reads what the request has to say and visits the point of each state.
 * -1: it was aborted, or the test wants an abort.
 */
static int read_events(void)
{
	struct procmig_event events[16];
	ssize_t n = read(run.request, events, sizeof(events));

	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return 0;
		failed(errno, "read", "events of the request: %s", strerror(errno));
		return -1;
	}
	if (n % sizeof(events[0])) {
		failed(EPROTO, "read", "%zd bytes of events are not whole events", n);
		return -1;
	}
	for (size_t i = 0; i < n / sizeof(events[0]); i++) {
		if (run.state == events[i].state)
			continue;
		run.state = events[i].state;
		if (run.state == PROCMIG_STATE_QUIESCING)
			run.quiescing_ns = events[i].time_ns;
		if (run.state == PROCMIG_STATE_ABORTED) {
			refresh_status();
			failed(run.status.error, "request", "%.*s",
			       PROCMIG_MESSAGE_BYTES, run.status.message);
			return -1;
		}
		if (run.state == PROCMIG_STATE_COMMITTED ||
		    run.state == PROCMIG_STATE_RUNNING ||
		    run.state == PROCMIG_STATE_FINISHED)
			continue;	/* our own orders have points of their own */
		if (reached(name_of(states, run.state))) {
			failed(ECANCELED, "abort-at", "state %s",
			       name_of(states, run.state));
			return -1;
		}
	}
	return 0;
}

static void read_stub(void)
{
	size_t used = strlen(run.stub_text);
	char drop[64];
	ssize_t n;

	if (used < sizeof(run.stub_text) - 1)
		n = read(run.stub_output, run.stub_text + used,
			 sizeof(run.stub_text) - 1 - used);
	else
		n = read(run.stub_output, drop, sizeof(drop));
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	close(run.stub_output);
	run.stub_output = -1;
}

/*
 * Waits until the request reaches @state (0: does not matter) and the peer said
 * @word (NULL: does not matter), whatever comes first.
 */
static int await(uint32_t state, const char *word)
{
	bool said = !word, there = !state || run.state == state;
	char line[LINE_BYTES];

	for (;;) {
		struct pollfd p[3] = {
			{ .fd = run.control.fd, .events = POLLIN },
			{ .fd = run.quiet ? -1 : run.request, .events = POLLIN },
			{ .fd = run.stub_output, .events = POLLIN },
		};
		uint64_t now = now_ns();
		int got = next_line(&run.control, line, false);

		if (!got) {
			if (said && there)
				return 0;
			if (now >= run.deadline_ns) {
				failed(ETIMEDOUT, "wait", "state %s and %s did not come within --timeout-ms %" PRIu64,
				       state ? name_of(states, state) : "any",
				       word ? word : "no word", run.opt.timeout_ms);
				return -1;
			}
			if (poll(p, ARRAY_SIZE(p), (run.deadline_ns - now) / 1000000 + 1) < 0) {
				if (errno == EINTR)
					continue;
				failed(errno, "poll", "%s", strerror(errno));
				return -1;
			}
			if (p[2].revents)
				read_stub();
			if (p[1].revents) {
				/* a final state hangs up for good */
				run.quiet = !(p[1].revents & POLLIN);
				if (read_events())
					return -1;
				there = !state || run.state == state;
			}
			if (p[0].revents)
				got = next_line(&run.control, line, true);
		}
		if (got < 0) {
			failed(errno, "control", "the peer is gone: %s; this side is %s",
			       strerror(errno), name_of(states, run.state));
			return -1;
		}
		if (!got)
			continue;
		if (!strncmp(line, "ABORT ", 6)) {
			failed_by_peer(line);
			return -1;
		}
		if (!said && !strcmp(line, word)) {
			said = true;
		} else {
			failed(EPROTO, "control", "the peer said '%s', expected '%s'",
			       line, word ? word : "nothing");
			return -1;
		}
	}
}

/* The next line of the peer, for the words that carry something. */
static int hear(char *line)
{
	for (;;) {
		int got = next_line(&run.control, line, false);

		if (!got) {
			if (wait_readable(run.control.fd, "control"))
				return -1;
			got = next_line(&run.control, line, true);
		}
		if (got > 0)
			return 0;
		if (got < 0) {
			failed(errno, "control", "the peer is gone: %s", strerror(errno));
			return -1;
		}
	}
}

/* ---- source --------------------------------------------------------------- */

static int32_t pids[4096];

static int inspect(struct procmig_inspect *in, void *buffer, uint32_t bytes)
{
	*in = (struct procmig_inspect) {
		.size = sizeof(*in),
		.pid = run.opt.pid,
		.start_time = run.opt.start_time,
		.strategy = run.opt.strategy,
		.mechanisms = (uintptr_t)run.opt.mechanisms,
		.mechanism_count = run.opt.mechanism_count,
		.obstacles = (uintptr_t)buffer,
		.obstacles_bytes = bytes,
		.selection = run.opt.selection,
		.pids = (uintptr_t)pids,
		.pid_room = sizeof(pids) / sizeof(*pids),
		.claims = (uintptr_t)claims,
		.claims_bytes = sizeof(claims),
	};
	if (ioctl(run.device, PROCMIG_IOC_INSPECT, in) < 0) {
		if (errno == EOVERFLOW)
			return 1;
		failed(errno, "PROCMIG_IOC_INSPECT", "pid %d: %s", run.opt.pid,
		       strerror(errno));
		return -1;
	}
	return 0;
}

static bool show_obstacles(const char *call, const char *buffer, uint32_t bytes, uint32_t count)
{
	const char *p = buffer;

	for (uint32_t i = 0; i < count; i++) {
		const struct procmig_obstacle *o = (const void *)p;

		if (o->size < sizeof(*o) || p + o->size > buffer + bytes) {
			failed(EPROTO, call, "obstacle %u has size %u", i, o->size);
			return false;
		}
		printf("{\"obstacle\":%u", i);
		json_text("subsystem", name_of(subsystems, o->subsystem), 16);
		json_text("code", name_of(obstacle_codes, o->code), 16);
		printf(",\"object\":%" PRId64, (int64_t)o->object);
		json_text("text", o->text, o->size - sizeof(*o));
		printf("}\n");
		p += o->size;
	}
	return true;
}

/* Those that fitted. */
static void show_claims(uint32_t used)
{
	uint32_t end = used < sizeof(claims) ? used : sizeof(claims), size, at;

	printf(",\"claims\":\"");
	for (at = 0; end - at >= sizeof(struct procmig_claim); at += size) {
		size = ((const struct procmig_claim *)(claims + at))->size;
		if (!size || size > end - at)
			break;
		for (uint32_t i = at; i < at + size; i++)
			printf("%02x", claims[i]);
	}
	printf("\"");
}

static int cmd_admit(void)
{
	static char obstacles[65536];
	struct procmig_admit admit = {
		.size = sizeof(admit),
		.claims = (uintptr_t)claims,
		.claims_bytes = run.opt.claims_bytes,
		.obstacles = (uintptr_t)obstacles,
		.obstacles_bytes = sizeof(obstacles),
	};

	if (open_device())
		return finish(EXIT_FAILED);
	if (ioctl(run.device, PROCMIG_IOC_ADMIT, &admit) < 0) {
		failed(errno, "PROCMIG_IOC_ADMIT", "%u bytes of claims: %s",
		       run.opt.claims_bytes, strerror(errno));
		return finish(EXIT_FAILED);
	}
	if (!show_obstacles("PROCMIG_IOC_ADMIT", obstacles, admit.obstacles_bytes,
			    admit.obstacle_count))
		return finish(EXIT_FAILED);
	printf("{\"command\":\"admit\",\"ok\":%s,\"obstacles\":%u}\n",
	       admit.obstacle_count ? "false" : "true", admit.obstacle_count);
	return admit.obstacle_count ? EXIT_REFUSED : EXIT_OK;
}

static int cmd_inspect(void)
{
	uint32_t bytes = 4096;
	struct procmig_inspect in;
	char *buffer = NULL;
	int full;

	if (open_device())
		return finish(EXIT_FAILED);
	do {
		free(buffer);
		buffer = calloc(1, bytes);
		full = buffer ? inspect(&in, buffer, bytes) : -1;
		if (full > 0 && in.obstacles_bytes <= bytes) {
			failed(EOVERFLOW, "PROCMIG_IOC_INSPECT",
			       "needs %u bytes but had %u", in.obstacles_bytes, bytes);
			full = -1;
		}
		/* obstacles may appear between two calls: leave room */
		bytes = in.obstacles_bytes + 4096;
	} while (full > 0);
	if (full < 0)
		return finish(EXIT_FAILED);

	if (!show_obstacles("PROCMIG_IOC_INSPECT", buffer, in.obstacles_bytes, in.obstacle_count))
		return finish(EXIT_FAILED);
	printf("{\"command\":\"inspect\",\"ok\":%s,\"pid\":%d,\"obstacles\":%u",
	       in.obstacle_count ? "false" : "true", run.opt.pid, in.obstacle_count);
	json_number("processes", in.processes);
	printf(",\"pids\":[");
	for (uint32_t i = 0; i < in.processes && i < in.pid_room; i++)
		printf("%s%d", i ? "," : "", pids[i]);
	printf("]");
	json_number("threads", in.threads);
	json_number("memory_bytes", in.memory_bytes);
	json_number("monotonic_ns", in.monotonic_ns);
	json_number("boottime_ns", in.boottime_ns);
	show_claims(in.claims_bytes);
	printf("}\n");
	return in.obstacle_count ? EXIT_REFUSED : EXIT_OK;
}

static int open_channel(const char *what)
{
	int fd = connect_peer(false);

	if (fd < 0)
		return -1;
	if (say(fd, "%s %s", what, run.opt.token_text) < 0) {
		failed(errno, "connect", "%s channel: %s", what, strerror(errno));
		close(fd);
		return -1;
	}
	run.channels[run.channel_count++] = fd;
	return 0;
}

static int cmd_source(void)
{
	struct procmig_inspect in;
	char obstacles[65536];

	if (open_device())
		return finish(EXIT_FAILED);
	if (inspect(&in, obstacles, sizeof(obstacles))) {
		failed(EOVERFLOW, "PROCMIG_IOC_INSPECT", "more obstacles than fit");
		return finish(EXIT_FAILED);
	}

	run.control.fd = connect_peer(true);
	if (run.control.fd < 0)
		return finish(EXIT_FAILED);
	if (say(run.control.fd,
		"CONTROL %s bulk=%u mode=%u context=%u quiesce=%u",
		run.opt.token_text, run.opt.bulk, run.opt.strategy.mode,
		run.opt.strategy.context, run.opt.strategy.quiesce) < 0) {
		failed(errno, "control", "greeting: %s", strerror(errno));
		return undo();
	}
	if (open_channel("DEMAND"))
		return undo();
	for (unsigned int i = 0; i < run.opt.bulk; i++)
		if (open_channel("BULK"))
			return undo();
	if (reached("connected")) {
		failed(ECANCELED, "abort-at", "connected");
		return undo();
	}
	if (await(0, "CLOCKS"))
		return undo();
	if (inspect(&in, obstacles, sizeof(obstacles))) {
		failed(EOVERFLOW, "PROCMIG_IOC_INSPECT", "more obstacles than fit");
		return undo();
	}
	if (say(run.control.fd, "CLOCKS %" PRIu64 " %" PRIu64, (uint64_t)in.monotonic_ns,
		(uint64_t)in.boottime_ns) < 0) {
		failed(errno, "control", "CLOCKS: %s", strerror(errno));
		return undo();
	}
	if (await(0, "PREPARED"))
		return undo();
	if (reached("prepared")) {
		failed(ECANCELED, "abort-at", "prepared");
		return undo();
	}
	if (submit(PROCMIG_IOC_CHECKPOINT, "PROCMIG_IOC_CHECKPOINT"))
		return undo();
	if (reached("submitted")) {
		failed(ECANCELED, "abort-at", "submitted");
		return undo();
	}

	if (await(PROCMIG_STATE_SAVED, "READY"))
		return undo();
	if (reached("both-ready")) {
		failed(ECANCELED, "abort-at", "both-ready");
		return undo();
	}
	if (run.opt.no_commit) {
		failed(ECANCELED, "no-commit", "both sides were ready; undone as asked");
		undo();
		return EXIT_OK;
	}
	if (order(PROCMIG_REQ_COMMIT, "PROCMIG_REQ_COMMIT"))
		return undo();
	reached("committed");
	if (say(run.control.fd, "GO") < 0) {
		failed(errno, "control", "GO: %s", strerror(errno));
		return finish(EXIT_UNDECIDED);
	}
	reached("go-sent");
	if (await(0, "RUNNING"))
		return finish(EXIT_UNDECIDED);
	run.running_ns = now_ns();
	reached("running");
	if (order(PROCMIG_REQ_FINISH, "PROCMIG_REQ_FINISH"))
		return finish(EXIT_UNDECIDED);
	if (say(run.control.fd, "FINISH") < 0 || await(0, "FINISHED"))
		failed(errno, "control", "the target did not confirm FINISH");
	refresh_status();
	if (run.state != PROCMIG_STATE_FINISHED) {
		failed(EPROTO, "PROCMIG_REQ_FINISH", "the state is %s after it",
		       name_of(states, run.state));
		return finish(EXIT_FAILED);
	}
	return finish(run.step[0] ? EXIT_FAILED : EXIT_OK);
}

/* ---- target --------------------------------------------------------------- */

/* One connection of the source: says what it is, is kept in its place. */
static int accept_one(int listener, char *line)
{
	int fd;

	if (wait_readable(listener, "accept"))
		return -1;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0) {
		failed(errno, "accept", "%s", strerror(errno));
		return -1;
	}
	if (wait_readable(fd, "greeting")) {
		close(fd);
		return -1;
	}
	if (first_line(fd, line, LINE_BYTES)) {
		failed(errno, "greeting", "first line of a connection: %s", strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static int accept_source(int listener)
{
	char line[LINE_BYTES], word[16], token[64];
	unsigned int bulk = 1, mode, context, quiesce, bulks = 0;
	int demand = -1;

	for (unsigned int expected = 3; expected; expected--) {
		int fd = accept_one(listener, line);

		if (fd < 0)
			return -1;
		if (sscanf(line, "%15s %63s", word, token) != 2 ||
		    strcmp(token, run.opt.token_text)) {
			failed(EPROTO, "greeting", "a connection for another token: '%s'", line);
			close(fd);
			return -1;
		}
		if (!strcmp(word, "CONTROL") && run.control.fd < 0) {
			if (sscanf(line, "CONTROL %*s bulk=%u mode=%u context=%u quiesce=%u",
				   &bulk, &mode, &context, &quiesce) != 4 ||
			    !bulk || bulk >= PROCMIG_MAX_CHANNELS) {
				failed(EPROTO, "greeting", "'%s'", line);
				close(fd);
				return -1;
			}
			run.opt.strategy.mode = mode;
			run.opt.strategy.context = context;
			run.opt.strategy.quiesce = quiesce;
			tune(fd, true);
			run.control.fd = fd;
			expected += bulk - 1;
		} else if (!strcmp(word, "DEMAND") && demand < 0) {
			tune(fd, false);
			demand = fd;
		} else if (!strcmp(word, "BULK") && bulks + 1 < PROCMIG_MAX_CHANNELS) {
			tune(fd, false);
			run.channels[1 + bulks++] = fd;
		} else {
			failed(EPROTO, "greeting", "a connection too many: '%s'", line);
			close(fd);
			return -1;
		}
	}
	if (run.control.fd < 0 || demand < 0 || bulks != bulk) {
		failed(EPROTO, "greeting", "the source opened the wrong connections");
		return -1;
	}
	run.channels[0] = demand;
	run.channel_count = 1 + bulks;
	return 0;
}

/* How far the process's clocks are ahead of this machine's. */
static int compare_clocks(int64_t *monotonic, int64_t *boottime)
{
	struct procmig_info info = { .size = sizeof(info) };
	uint64_t theirs[2];
	char line[LINE_BYTES];

	if (ioctl(run.device, PROCMIG_IOC_INFO, &info) < 0) {
		failed(errno, "PROCMIG_IOC_INFO", "%s: %s", run.opt.device, strerror(errno));
		return -1;
	}
	if (say(run.control.fd, "CLOCKS") < 0) {
		failed(errno, "control", "CLOCKS: %s", strerror(errno));
		return -1;
	}
	if (hear(line))
		return -1;
	if (sscanf(line, "CLOCKS %" SCNu64 " %" SCNu64, &theirs[0], &theirs[1]) != 2) {
		failed(EPROTO, "control", "the source said '%s', expected its clocks", line);
		return -1;
	}
	*monotonic = theirs[0] - info.monotonic_ns;
	*boottime = theirs[1] - info.boottime_ns;
	return 0;
}

/*
 * Runs the stub and waits for its launcher.  What the stub itself, which goes
 * on in the background, has to say about ENTER comes later on the same pipe.
 */
static int launch_stub(int64_t monotonic, int64_t boottime)
{
	char pid_text[16], mono_text[32], boot_text[32];
	const char *argv[MAX_STUB_ARGS + 16];
	unsigned int n = 0;
	int pipe_fds[2], status;
	pid_t child;

	snprintf(pid_text, sizeof(pid_text), "%d", run.opt.pid);
	argv[n++] = run.opt.stub;
	argv[n++] = "--token";
	argv[n++] = run.opt.token_text;
	argv[n++] = "--pid";
	argv[n++] = pid_text;
	argv[n++] = "--device";
	argv[n++] = run.opt.device;
	if (!run.opt.no_clock) {
		snprintf(mono_text, sizeof(mono_text), "%" PRId64, monotonic);
		snprintf(boot_text, sizeof(boot_text), "%" PRId64, boottime);
		argv[n++] = "--monotonic-offset";
		argv[n++] = mono_text;
		argv[n++] = "--boottime-offset";
		argv[n++] = boot_text;
	}
	for (unsigned int i = 0; i < run.opt.stub_arg_count; i++)
		argv[n++] = run.opt.stub_args[i];
	argv[n] = NULL;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		failed(errno, "stub", "pipe: %s", strerror(errno));
		return -1;
	}
	child = fork();
	if (child < 0) {
		failed(errno, "stub", "fork: %s", strerror(errno));
		return -1;
	}
	if (!child) {
		dup2(pipe_fds[1], STDOUT_FILENO);
		dup2(pipe_fds[1], STDERR_FILENO);
		execv(run.opt.stub, (char *const *)argv);
		dprintf(STDERR_FILENO, "error=EXEC errno=%d message=%s: %s\n", errno,
			run.opt.stub, strerror(errno));
		_exit(127);
	}
	close(pipe_fds[1]);
	fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	run.stub_output = pipe_fds[0];
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			break;
	read_stub();
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		failed(WIFEXITED(status) ? ECHILD : EINTR, "stub", "%s ended with status 0x%x: %.*s",
		       run.opt.stub, status, (int)strcspn(run.stub_text, "\n"), run.stub_text);
		return -1;
	}
	return 0;
}

static int cmd_target(void)
{
	int64_t monotonic = 0, boottime = 0;
	int listener;

	if (open_device())
		return finish(EXIT_FAILED);
	listener = listen_here();
	if (listener < 0)
		return finish(EXIT_FAILED);
	if (accept_source(listener))
		return undo();
	close(listener);
	run.started_ns = now_ns();
	if (compare_clocks(&monotonic, &boottime))
		return undo();

	if (submit(PROCMIG_IOC_RESTART, "PROCMIG_IOC_RESTART"))
		return undo();
	if (reached("submitted")) {
		failed(ECANCELED, "abort-at", "submitted");
		return undo();
	}
	if (launch_stub(monotonic, boottime))
		return undo();
	if (reached("prepared")) {
		failed(ECANCELED, "abort-at", "prepared");
		return undo();
	}
	if (say(run.control.fd, "PREPARED") < 0) {
		failed(errno, "control", "PREPARED: %s", strerror(errno));
		return undo();
	}
	if (await(PROCMIG_STATE_READY, NULL))
		return undo();
	if (say(run.control.fd, "READY") < 0) {
		failed(errno, "control", "READY: %s", strerror(errno));
		return finish(EXIT_UNDECIDED);
	}
	if (await(0, "GO")) {
		/* only the source's own word lets this side decide once READY */
		if (!strcmp(run.step, "peer"))
			return undo();
		return finish(EXIT_UNDECIDED);
	}
	reached("go");
	if (order(PROCMIG_REQ_COMMIT, "PROCMIG_REQ_COMMIT"))
		return finish(EXIT_UNDECIDED);
	refresh_status();
	run.running_ns = now_ns();
	reached("running");
	/* it runs here now: the source's silence changes nothing about that */
	if (say(run.control.fd, "RUNNING") < 0 || await(0, "FINISH"))
		fprintf(stderr, "procmig-drive: target: no FINISH from the source: %s\n",
			run.message);
	reached("finish");
	if (order(PROCMIG_REQ_FINISH, "PROCMIG_REQ_FINISH"))
		return finish(EXIT_FAILED);
	say(run.control.fd, "FINISHED");
	return finish(run.step[0] ? EXIT_FAILED : EXIT_OK);
}

/* ---- attach, status, finish ----------------------------------------------- */

static int cmd_attach(void)
{
	struct procmig_attach a = { .size = sizeof(a) };
	const char *word = run.opt.order ? run.opt.order : "status";
	unsigned long code;

	if (open_device())
		return finish(EXIT_FAILED);
	memcpy(a.token, run.opt.token, sizeof(a.token));
	if (ioctl(run.device, PROCMIG_IOC_ATTACH, &a) < 0) {
		failed(errno, "PROCMIG_IOC_ATTACH", "token %s: %s", run.opt.token_text,
		       strerror(errno));
		return finish(EXIT_FAILED);
	}
	run.request = a.fd;
	refresh_status();
	if (!strcmp(word, "status"))
		return finish(EXIT_OK);
	if (!strcmp(word, "commit"))
		code = PROCMIG_REQ_COMMIT;
	else if (!strcmp(word, "abort"))
		code = PROCMIG_REQ_ABORT;
	else
		code = PROCMIG_REQ_FINISH;
	return finish(order(code, word) ? EXIT_FAILED : EXIT_OK);
}

/* ---- lists ---------------------------------------------------------------- */

static int cmd_components(void)
{
	struct procmig_component c;

	if (open_device())
		return finish(EXIT_FAILED);
	for (uint32_t i = 0;; i++) {
		c = (struct procmig_component) { .size = sizeof(c), .index = i };
		if (ioctl(run.device, PROCMIG_IOC_COMPONENT, &c) < 0)
			break;
		printf("{\"component\":%u", i);
		json_text("kind", name_of(component_kinds, c.kind), 16);
		json_number("id", c.id);
		json_text("name", c.name, sizeof(c.name));
		json_number("version", c.version);
		json_number("users", c.users);
		json_text("module", c.module, sizeof(c.module));
		printf("}\n");
	}
	if (errno != ENOENT) {
		failed(errno, "PROCMIG_IOC_COMPONENT", "%s", strerror(errno));
		return finish(EXIT_FAILED);
	}
	return EXIT_OK;
}

static int cmd_kinds(void)
{
	struct procmig_state_kind k;

	if (open_device())
		return finish(EXIT_FAILED);
	for (uint32_t i = 0;; i++) {
		k = (struct procmig_state_kind) { .size = sizeof(k), .index = i };
		if (ioctl(run.device, PROCMIG_IOC_STATE_KIND, &k) < 0)
			break;
		printf("{\"kind\":%u", i);
		json_text("subsystem", name_of(subsystems, k.subsystem), 16);
		json_text("state", name_of(kind_states, k.state), 16);
		json_text("name", k.name, sizeof(k.name));
		json_text("note", k.note, sizeof(k.note));
		printf("}\n");
	}
	if (errno != ENOENT) {
		failed(errno, "PROCMIG_IOC_STATE_KIND", "%s", strerror(errno));
		return finish(EXIT_FAILED);
	}
	return EXIT_OK;
}

static int cmd_info(void)
{
	struct procmig_info i = { .size = sizeof(i) };

	if (open_device())
		return finish(EXIT_FAILED);
	if (ioctl(run.device, PROCMIG_IOC_INFO, &i) < 0) {
		failed(errno, "PROCMIG_IOC_INFO", "%s", strerror(errno));
		return finish(EXIT_FAILED);
	}
	printf("{\"abi_version\":%u,\"stream_version\":%u,\"requests\":%u",
	       i.abi_version, i.stream_version, i.requests);
	json_number("monotonic_ns", i.monotonic_ns);
	json_number("boottime_ns", i.boottime_ns);
	json_number("xfeatures", i.xfeatures);
	json_number("xstate_bytes", i.xstate_bytes);
	json_text("kernel_release", i.kernel_release, sizeof(i.kernel_release));
	printf("}\n");
	return EXIT_OK;
}

/* ---- the raw link, to compare with ---------------------------------------- */

static int cmd_raw(bool send_it)
{
	size_t chunk = 1 << 20;
	char *buffer = aligned_alloc(4096, chunk);
	uint64_t left = run.opt.raw_bytes, moved = 0, begin, ns;
	int fd, listener = -1;

	if (!buffer)
		return EXIT_FAILED;
	memset(buffer, 0xa5, chunk);
	if (send_it) {
		fd = connect_peer(false);
	} else {
		listener = listen_here();
		if (listener < 0 || wait_readable(listener, "accept"))
			return finish(EXIT_FAILED);
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	}
	if (fd < 0)
		return finish(EXIT_FAILED);
	tune(fd, false);
	begin = now_ns();
	while (!send_it || left) {
		ssize_t n = send_it ?
			send(fd, buffer, left < chunk ? left : chunk, MSG_NOSIGNAL) :
			recv(fd, buffer, chunk, 0);

		if (n < 0) {
			failed(errno, "raw", "after %" PRIu64 " bytes: %s", moved,
			       strerror(errno));
			return finish(EXIT_FAILED);
		}
		if (!n)
			break;
		moved += n;
		left -= n;
	}
	/* the sender's clock stops when the receiver has it all and closes */
	if (send_it) {
		shutdown(fd, SHUT_WR);
		while (recv(fd, buffer, chunk, 0) > 0)
			;
	}
	ns = now_ns() - begin;
	close(fd);
	printf("{\"command\":\"%s\",\"ok\":true,\"bytes\":%" PRIu64 ",\"total_ns\":%" PRIu64 ",\"bytes_per_second\":%" PRIu64 "}\n",
	       run.opt.command, moved, ns, (uint64_t)(moved * (double)NSEC / (ns ? ns : 1)));
	return EXIT_OK;
}

/* ---- command line --------------------------------------------------------- */

static const char usage_text[] =
"usage: procmig-drive COMMAND [options]\n"
"  inspect    --pid N                     obstacles, without freezing\n"
"  admit      [--claims HEX]              obstacles to what inspect has shown elsewhere\n"
"  source     --pid N --token HEX --connect HOST:PORT [--bulk N] [--no-commit]\n"
"  target     --pid N --token HEX --listen PORT --stub PATH [--no-clock] [-- STUB ARGS]\n"
"  status     --token HEX\n"
"  attach     --token HEX [--order status|commit|abort|finish] [--never-ran]\n"
"  finish     --token HEX\n"
"  components | kinds | info\n"
"  raw-send   --connect HOST:PORT --bytes N\n"
"  raw-receive --listen PORT\n"
"both sides:  --watchdog-ms N  --quiesce-ms N  --timeout-ms N  --device PATH\n"
"             --start-time TICKS  --mechanism SUBSYSTEM:ENTITY=ignore|transfer|forward\n"
"             --mode M  --context C  --quiesce Q\n"
"inspect, source: --select tree|session|group|cgroup\n"
"tests:       --abort-at POINT  --stop-at POINT  --crash-at POINT  --reason-ms N\n"
"  points of the source: connected prepared submitted QUIESCING SAVING SAVED\n"
"             both-ready committed go-sent running\n"
"  points of the target: submitted prepared LOADING READY go running finish\n";

__attribute__((noreturn, format(printf, 1, 2)))
static void usage(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "procmig-drive: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n%s", usage_text);
	exit(EXIT_REFUSED);
}

static uint64_t number(const char *option, const char *text, uint64_t min, uint64_t max)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || value < min || value > max)
		usage("--%s %s: not a number from %" PRIu64 " to %" PRIu64, option, text,
		      min, max);
	return value;
}

static unsigned int choice(const char *option, const struct name *names, const char *text)
{
	unsigned int value;

	/* a plain number goes through unchecked: tests send wrong ones */
	if (*text >= '0' && *text <= '9')
		return number(option, text, 0, UINT16_MAX);
	if (!value_of(names, text, strlen(text), &value))
		usage("--%s %s: unknown", option, text);
	return value;
}

static void parse_token(struct options *o, const char *text)
{
	if (strlen(text) != 2 * PROCMIG_TOKEN_BYTES ||
	    strspn(text, "0123456789abcdefABCDEF") != 2 * PROCMIG_TOKEN_BYTES)
		usage("--token %s: not %d hexadecimal digits", text, 2 * PROCMIG_TOKEN_BYTES);
	for (int i = 0; i < PROCMIG_TOKEN_BYTES; i++)
		sscanf(text + 2 * i, "%2hhx", &o->token[i]);
	strcpy(o->token_text, text);
	o->have_token = true;
}

static void parse_claims(struct options *o, const char *text)
{
	size_t digits = strlen(text);

	if (digits % 2 || digits / 2 > sizeof(claims) ||
	    strspn(text, "0123456789abcdef") != digits)
		usage("--claims: not two hexadecimal digits per byte, of at most %zu bytes",
		      sizeof(claims));
	for (o->claims_bytes = 0; o->claims_bytes < digits / 2; o->claims_bytes++)
		sscanf(text + 2 * o->claims_bytes, "%2hhx", &claims[o->claims_bytes]);
}

static void parse_peer(struct options *o, const char *text)
{
	const char *colon = strrchr(text, ':');
	char host[64];

	if (!colon || (size_t)(colon - text) >= sizeof(host))
		usage("--connect %s: not HOST:PORT", text);
	memcpy(host, text, colon - text);
	host[colon - text] = '\0';
	o->peer.sin_family = AF_INET;
	o->peer.sin_port = htons(number("connect", colon + 1, 1, 65535));
	if (inet_pton(AF_INET, host, &o->peer.sin_addr) != 1)
		usage("--connect %s: '%s' is not an IPv4 address", text, host);
	o->have_peer = true;
}

static void parse_mechanism(struct options *o, const char *text)
{
	const char *colon = strchr(text, ':');
	const char *equals = colon ? strchr(colon, '=') : NULL;
	unsigned int subsystem, kind;
	char entity[32];

	if (!equals || (size_t)(equals - colon) > sizeof(entity) ||
	    !value_of(subsystems, text, colon - text, &subsystem) ||
	    !value_of(mechanism_kinds, equals + 1, strlen(equals + 1), &kind))
		usage("--mechanism %s: not like files:1=ignore", text);
	if (o->mechanism_count == MAX_MECHANISMS)
		usage("more than %d --mechanism", MAX_MECHANISMS);
	memcpy(entity, colon + 1, equals - colon - 1);
	entity[equals - colon - 1] = '\0';
	o->mechanisms[o->mechanism_count++] = (struct procmig_mechanism) {
		.subsystem = subsystem,
		.mechanism = kind,
		.entity = number("mechanism", entity, 0, UINT64_MAX),
	};
}

static void add_point(const char **points, const char *point)
{
	for (unsigned int i = 0; i < MAX_POINTS; i++) {
		if (!points[i]) {
			points[i] = point;
			return;
		}
	}
	usage("more than %d points", MAX_POINTS);
}

enum {
	OPT_PID, OPT_START, OPT_TOKEN, OPT_CONNECT, OPT_LISTEN, OPT_STUB, OPT_BULK,
	OPT_MECHANISM, OPT_MODE, OPT_CONTEXT, OPT_QUIESCE, OPT_WATCHDOG, OPT_QUIESCE_MS,
	OPT_TIMEOUT, OPT_DEVICE, OPT_ABORT_AT, OPT_STOP_AT, OPT_CRASH_AT, OPT_NO_COMMIT,
	OPT_NO_CLOCK, OPT_NEVER_RAN, OPT_ORDER, OPT_BYTES, OPT_REASON_MS, OPT_SELECT, OPT_CLAIMS,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "pid", required_argument, NULL, OPT_PID },
	{ "start-time", required_argument, NULL, OPT_START },
	{ "token", required_argument, NULL, OPT_TOKEN },
	{ "connect", required_argument, NULL, OPT_CONNECT },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "stub", required_argument, NULL, OPT_STUB },
	{ "bulk", required_argument, NULL, OPT_BULK },
	{ "mechanism", required_argument, NULL, OPT_MECHANISM },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "context", required_argument, NULL, OPT_CONTEXT },
	{ "quiesce", required_argument, NULL, OPT_QUIESCE },
	{ "watchdog-ms", required_argument, NULL, OPT_WATCHDOG },
	{ "quiesce-ms", required_argument, NULL, OPT_QUIESCE_MS },
	{ "timeout-ms", required_argument, NULL, OPT_TIMEOUT },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "abort-at", required_argument, NULL, OPT_ABORT_AT },
	{ "stop-at", required_argument, NULL, OPT_STOP_AT },
	{ "crash-at", required_argument, NULL, OPT_CRASH_AT },
	{ "no-commit", no_argument, NULL, OPT_NO_COMMIT },
	{ "no-clock", no_argument, NULL, OPT_NO_CLOCK },
	{ "never-ran", no_argument, NULL, OPT_NEVER_RAN },
	{ "order", required_argument, NULL, OPT_ORDER },
	{ "bytes", required_argument, NULL, OPT_BYTES },
	{ "reason-ms", required_argument, NULL, OPT_REASON_MS },
	{ "select", required_argument, NULL, OPT_SELECT },
	{ "claims", required_argument, NULL, OPT_CLAIMS },
	{ "help", no_argument, NULL, OPT_HELP },
	{ }
};

static void parse(struct options *o, int argc, char **argv)
{
	int c;

	o->device = "/dev/" PROCMIG_DEVICE;
	o->bulk = 1;
	o->watchdog_ms = 20000;
	o->quiesce_ms = 5000;
	o->timeout_ms = 300000;
	o->reason_ms = 3000;
	o->strategy = (struct procmig_strategy) {
		.context = PROCMIG_CONTEXT_EXTERNAL,
		.quiesce = PROCMIG_QUIESCE_ASYNCHRONOUS,
		.mode = PROCMIG_MODE_STOP_AND_COPY,
	};
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_PID:
			o->pid = number("pid", optarg, 1, INT32_MAX);
			break;
		case OPT_START:
			o->start_time = number("start-time", optarg, 0, UINT64_MAX);
			break;
		case OPT_TOKEN:
			parse_token(o, optarg);
			break;
		case OPT_CONNECT:
			parse_peer(o, optarg);
			break;
		case OPT_LISTEN:
			o->port = number("listen", optarg, 0, 65535);
			break;
		case OPT_STUB:
			o->stub = optarg;
			break;
		case OPT_BULK:
			o->bulk = number("bulk", optarg, 1, PROCMIG_MAX_CHANNELS - 1);
			break;
		case OPT_MECHANISM:
			parse_mechanism(o, optarg);
			break;
		case OPT_MODE:
			o->strategy.mode = choice("mode", modes, optarg);
			break;
		case OPT_CONTEXT:
			o->strategy.context = choice("context", contexts, optarg);
			break;
		case OPT_QUIESCE:
			o->strategy.quiesce = choice("quiesce", quiesces, optarg);
			break;
		case OPT_WATCHDOG:
			o->watchdog_ms = number("watchdog-ms", optarg, 1, UINT32_MAX);
			break;
		case OPT_QUIESCE_MS:
			o->quiesce_ms = number("quiesce-ms", optarg, 1, UINT32_MAX);
			break;
		case OPT_TIMEOUT:
			o->timeout_ms = number("timeout-ms", optarg, 1, UINT32_MAX);
			break;
		case OPT_DEVICE:
			o->device = optarg;
			break;
		case OPT_ABORT_AT:
			add_point(o->abort_at, optarg);
			break;
		case OPT_STOP_AT:
			add_point(o->stop_at, optarg);
			break;
		case OPT_CRASH_AT:
			add_point(o->crash_at, optarg);
			break;
		case OPT_NO_COMMIT:
			o->no_commit = true;
			break;
		case OPT_NO_CLOCK:
			o->no_clock = true;
			break;
		case OPT_NEVER_RAN:
			o->never_ran = true;
			break;
		case OPT_ORDER:
			o->order = optarg;
			break;
		case OPT_BYTES:
			o->raw_bytes = number("bytes", optarg, 1, UINT64_MAX);
			break;
		case OPT_REASON_MS:
			o->reason_ms = number("reason-ms", optarg, 0, UINT32_MAX);
			break;
		case OPT_SELECT:
			o->selection = choice("select", selections, optarg);
			break;
		case OPT_CLAIMS:
			parse_claims(o, optarg);
			break;
		case OPT_HELP:
			printf("%s", usage_text);
			exit(EXIT_OK);
		default:
			usage("see above");
		}
	}
	for (; optind < argc; optind++) {
		if (o->stub_arg_count == MAX_STUB_ARGS)
			usage("more than %d stub arguments", MAX_STUB_ARGS);
		o->stub_args[o->stub_arg_count++] = argv[optind];
	}
}

int main(int argc, char **argv)
{
	struct options *o = &run.opt;
	const char *c = argc > 1 ? argv[1] : "--help";

	signal(SIGPIPE, SIG_IGN);
	run.started_ns = now_ns();
	o->command = c;
	if (!strcmp(c, "--help") || !strcmp(c, "help")) {
		printf("%s", usage_text);
		return argc > 1 ? EXIT_OK : EXIT_REFUSED;
	}
	parse(o, argc - 1, argv + 1);
	/* for those who want to stop or kill this very side */
	fprintf(stderr, "procmig-drive: process %d\n", getpid());
	run.deadline_ns = run.started_ns + o->timeout_ms * 1000000;
	if (o->order && strcmp(o->order, "status") && strcmp(o->order, "commit") &&
	    strcmp(o->order, "abort") && strcmp(o->order, "finish"))
		usage("--order %s: unknown", o->order);

	if (!strcmp(c, "components"))
		return cmd_components();
	if (!strcmp(c, "kinds"))
		return cmd_kinds();
	if (!strcmp(c, "info"))
		return cmd_info();
	if (!strcmp(c, "raw-receive"))
		return cmd_raw(false);
	if (!strcmp(c, "raw-send")) {
		if (!o->have_peer || !o->raw_bytes)
			usage("raw-send needs --connect and --bytes");
		return cmd_raw(true);
	}
	if (!strcmp(c, "inspect")) {
		if (!o->pid)
			usage("inspect needs --pid");
		return cmd_inspect();
	}
	if (!strcmp(c, "admit"))
		return cmd_admit();
	if (!o->have_token)
		usage("%s needs --token, or is no command", c);
	if (!strcmp(c, "source")) {
		if (!o->pid || !o->have_peer)
			usage("source needs --pid and --connect");
		return cmd_source();
	}
	if (!strcmp(c, "target")) {
		if (!o->pid || !o->stub)
			usage("target needs --pid, --listen and --stub");
		return cmd_target();
	}
	if (!strcmp(c, "status") || !strcmp(c, "finish"))
		o->order = c;
	else if (strcmp(c, "attach"))
		usage("%s: no such command", c);
	return cmd_attach();
}
