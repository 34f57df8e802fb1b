/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * procmig user-space interface: the ioctls of /dev/procmig and of the request
 * descriptors that it hands out.
 *
 * Conventions
 * -----------
 * - Every argument starts with its own size in bytes.  The kernel accepts a
 *   shorter structure (missing members read as zero) and a longer one whose
 *   excess is all zero; anything else is -E2BIG.
 * - Reserved members and unknown flag bits must be zero.
 * - Pointers travel as __u64.  Lengths are bytes, times are nanoseconds, unless
 *   the name says otherwise.
 * - Opening the device needs CAP_SYS_ADMIN in the initial user namespace.
 *
 * errno, the same for every ioctl
 * -------------------------------
 * EINVAL      a member has a value that this ABI does not define, a reserved
 *             member is not zero, or the structure is too short
 * E2BIG       the structure is longer than the kernel's and the rest not zero
 * EFAULT      a pointer does not point to memory of the caller
 * ENOTTY      no such ioctl on this kind of descriptor
 * EPERM       the caller lacks CAP_SYS_ADMIN
 * ESRCH       no such process
 * ESTALE      the process exists but is not the one named by start_time
 * ENOENT      no request has that token, no component has that index
 * EEXIST      a request with that token exists already
 * EBUSY       another request holds that process
 * EOPNOTSUPP  the combination {context, quiesce, mode} is not a strategy, or no
 *             loaded module provides what is asked for
 * EBADF       a channel is not a descriptor that the medium can use
 * ENOTCONN    a channel is not connected, or the peer has hung up
 * EPROTO      the request's state does not allow the operation
 * ECHILD      the calling task is not one that the plan names
 * EOVERFLOW   the answer does not fit the buffer; the needed size is returned
 * ECANCELED   the request was aborted
 */
#ifndef _UAPI_PROCMIG_H
#define _UAPI_PROCMIG_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PROCMIG_DEVICE		"procmig"
#define PROCMIG_ABI_VERSION	5

#define PROCMIG_TOKEN_BYTES	16
#define PROCMIG_NAME_BYTES	32
#define PROCMIG_MESSAGE_BYTES	256
#define PROCMIG_COMM_BYTES	16
#define PROCMIG_MAX_CHANNELS	16
#define PROCMIG_MAX_MECHANISMS	1024

/* ---- what a strategy is made of ---------------------------------------- */

enum procmig_context {
	PROCMIG_CONTEXT_EXTERNAL = 1,	/* a worker acts on another task */
	PROCMIG_CONTEXT_INTERNAL = 2,	/* the task acts on itself */
};

enum procmig_quiesce {
	PROCMIG_QUIESCE_ASYNCHRONOUS = 1, /* every thread is made to park */
	PROCMIG_QUIESCE_SYNCHRONOUS = 2,  /* the threads call in themselves */
};

enum procmig_mode {
	PROCMIG_MODE_STOP_AND_COPY = 1,
	PROCMIG_MODE_PRE_COPY = 2,
	PROCMIG_MODE_POST_COPY = 3,
	PROCMIG_MODE_FREEZE_FREE = 4,
	PROCMIG_MODE_HYBRID = 5,
};

/* A property of the event: both sides name the same one. */
struct procmig_strategy {
	__u16 context;		/* enum procmig_context */
	__u16 quiesce;		/* enum procmig_quiesce */
	__u16 mode;		/* enum procmig_mode */
	__u16 reserved;
};

/* ---- which processes are one event ------------------------------------- */

/*
 * All of one kind that the named process belongs to, and whatever descends from
 * any of them; what is chosen is looked up when the processes are frozen.  The
 * named process is the first.  Those whose parent stays outside become children
 * of init on the target.
 */
enum procmig_selection {
	PROCMIG_SELECT_TREE = 0,	/* the named process alone */
	PROCMIG_SELECT_SESSION = 1,	/* its session: setsid(2) */
	PROCMIG_SELECT_GROUP = 2,	/* its process group: setpgid(2) */
	PROCMIG_SELECT_CGROUP = 3,	/* its cgroup v2, with the cgroups below */
};

/* ---- components: subsystems and media ---------------------------------- */

enum procmig_component_kind {
	PROCMIG_COMPONENT_SUBSYSTEM = 1,
	PROCMIG_COMPONENT_MEDIUM = 2,
};

/* Subsystem identifiers below 0x100 are procmig's own; others are free. */
enum procmig_subsystem_id {
	PROCMIG_SUBSYSTEM_CORE = 0,
	PROCMIG_SUBSYSTEM_FILES = 1,
	PROCMIG_SUBSYSTEM_MEMORY = 2,
	PROCMIG_SUBSYSTEM_SIGNALS = 3,
	PROCMIG_SUBSYSTEM_TASK = 4,
	PROCMIG_SUBSYSTEM_IPC = 5,
};

enum procmig_medium_id {
	PROCMIG_MEDIUM_SOCKET = 1,	/* connected stream sockets */
	PROCMIG_MEDIUM_LOOPBACK = 2,	/* memory of this machine, for tests */
};

/* ---- descriptors of a request ------------------------------------------ */

enum procmig_channel_role {
	PROCMIG_CHANNEL_DEMAND = 1,	/* small, urgent: state, orders, faults */
	PROCMIG_CHANNEL_BULK = 2,	/* large: memory */
};

struct procmig_channel {
	__s32 fd;
	__u32 role;		/* enum procmig_channel_role */
};

enum procmig_mechanism_kind {
	PROCMIG_MECHANISM_IGNORE = 1,	/* use what the target has */
	PROCMIG_MECHANISM_TRANSFER = 2,	/* carry the state over */
	PROCMIG_MECHANISM_FORWARD = 3,	/* operations go back to the source */
};

/* One choice: for entity @entity of subsystem @subsystem use @mechanism. */
struct procmig_mechanism {
	__u32 subsystem;	/* enum procmig_subsystem_id */
	__u32 mechanism;	/* enum procmig_mechanism_kind */
	__u64 entity;		/* files: the descriptor number */
};

/* ---- ioctls of /dev/procmig -------------------------------------------- */

struct procmig_info {
	__u32 size;
	__u32 abi_version;	/* out: PROCMIG_ABI_VERSION */
	__u32 stream_version;	/* out: PROCMIG_STREAM_VERSION */
	__u32 requests;		/* out: requests that exist now */
	__u64 monotonic_ns;	/* out: CLOCK_MONOTONIC of the initial time namespace */
	__u64 boottime_ns;	/* out: CLOCK_BOOTTIME likewise */
	__u64 xfeatures;	/* out: mask of the extended state components in use */
	__u32 xstate_bytes;	/* out: size of the extended register state */
	__u32 reserved;
	char kernel_release[64]; /* out: NUL-terminated */
};

struct procmig_component {
	__u32 size;
	__u32 index;		/* in: 0, 1, ... until ENOENT */
	__u32 kind;		/* out: enum procmig_component_kind */
	__u32 id;		/* out */
	__u32 version;		/* out */
	__u32 users;		/* out: requests that use it now */
	char name[PROCMIG_NAME_BYTES];	/* out */
	char module[64];		/* out: the module that provides it */
};

/*
 * What a subsystem says about one kind of state: carried, or refused and why.
 * Walked by index like components; the table of docs/ is made from it.
 */
enum procmig_kind_state {
	PROCMIG_KIND_CARRIED = 1,
	PROCMIG_KIND_REFUSED = 2,
	PROCMIG_KIND_PLANNED = 3,
};

struct procmig_state_kind {
	__u32 size;
	__u32 index;		/* in */
	__u32 subsystem;	/* out */
	__u32 state;		/* out: enum procmig_kind_state */
	char name[64];		/* out: "regular file", "TCP socket" ... */
	char note[128];		/* out: limits or the reason */
};

/*
 * One obstacle, as procmig_inspect writes them into the caller's buffer.
 * @size covers the header and the text with its NUL, rounded up to 8.
 */
struct procmig_obstacle {
	__u32 size;
	__u32 subsystem;
	__u32 code;		/* enum procmig_obstacle_code */
	__u32 reserved;
	__s64 object;		/* descriptor, address, signal, PID ... by subsystem */
	char text[];
};

enum procmig_obstacle_code {
	PROCMIG_OBSTACLE_UNSUPPORTED = 1, /* no loaded subsystem carries it */
	PROCMIG_OBSTACLE_SHARED = 2,	  /* shared with a process outside */
	PROCMIG_OBSTACLE_STATE = 3,	  /* the process is in a state that passes */
	PROCMIG_OBSTACLE_LIMIT = 4,	  /* over a limit of this version */
	PROCMIG_OBSTACLE_TAKEN = 5,	  /* on the target somebody else has it */
};

/*
 * Something that the processes have and that nobody on the target may have when they
 * come there: a number, a name; or that the target must have: an address, a file.  Written by PROCMIG_IOC_INSPECT on the source, read by
 * PROCMIG_IOC_ADMIT on the target.  @size covers the header and the data, rounded up
 * to 8; what is left of it is zero.
 */
struct procmig_claim {
	__u32 size;
	__u32 subsystem;
	__u32 version;		/* of the subsystem there */
	__u32 length;		/* of the data, which only the subsystem knows to read */
	__u8 data[];
};

#define PROCMIG_CLAIMS_MAX	(2u << 20)	/* bytes */

/*
 * PROCMIG_IOC_INSPECT: all obstacles to a checkpoint of @pid, and of all that are
 * selected with it, at once, without freezing them; and what the target needs to know beforehand.  With obstacles
 * the ioctl still succeeds; EOVERFLOW when they do not fit @obstacles_bytes.
 * PIDs are written as far as they fit, the named process's first; @processes tells
 * whether there are more.  0 stands for one that has gone meanwhile.  Claims are
 * written as far as they fit, then comes a zero @size or the end of the room;
 * @claims_bytes tells whether there are more.
 */
struct procmig_inspect {
	__u32 size;
	__s32 pid;		/* in: in the caller's PID namespace */
	__u64 start_time;	/* in: clock ticks since boot, field 22 of stat; 0: any */
	struct procmig_strategy strategy; /* in */
	__u64 mechanisms;	/* in: struct procmig_mechanism[] */
	__u64 obstacles;	/* in: buffer */
	__u32 obstacles_bytes;	/* in: its size; out: bytes used or needed */
	__u32 obstacle_count;	/* out */
	__u32 mechanism_count;	/* in */
	__u32 threads;		/* out */
	__u64 memory_bytes;	/* out: estimate of the bytes that will be sent */
	__u64 monotonic_ns;	/* out: the process's own CLOCK_MONOTONIC now */
	__u64 boottime_ns;	/* out: likewise CLOCK_BOOTTIME */
	__u32 selection;	/* in: enum procmig_selection */
	__u32 processes;	/* out: in the event, the named one among them */
	__u64 pids;		/* in: buffer of __s32[], in the caller's PID namespace */
	__u32 pid_room;		/* in: how many fit, at most 65536; 0: none are wanted */
	__u32 reserved;
	__u64 claims;		/* in: buffer of struct procmig_claim */
	__u32 claims_bytes;	/* in: its size, at most PROCMIG_CLAIMS_MAX; out: bytes of all */
	__u32 reserved2;
};

/*
 * PROCMIG_IOC_ADMIT: everything on this machine that stands against what processes
 * of another one claim.  Nothing is kept free for them.  With obstacles the ioctl
 * still succeeds; EOVERFLOW when they do not fit @obstacles_bytes, EPROTO when the
 * claims are damaged.
 */
struct procmig_admit {
	__u32 size;
	__u32 claims_bytes;	/* in: at most PROCMIG_CLAIMS_MAX */
	__u64 claims;		/* in: struct procmig_claim, one behind the other */
	__u64 obstacles;	/* in: buffer */
	__u32 obstacles_bytes;	/* in: its size; out: bytes used or needed */
	__u32 obstacle_count;	/* out */
};

/*
 * PROCMIG_IOC_CHECKPOINT and PROCMIG_IOC_RESTART: submit one side of an event.
 * On success a new request exists; @fd (O_CLOEXEC) refers to it.
 *
 * Checkpoint: @pid names the process; quiescing starts at once.
 * Restart: @pid is the PID that the stub will have; the request waits for the
 * stub's PROCMIG_IOC_PLAN with the same token, and for PROCMIG_IOC_ENTER of
 * every task that it names.
 */
struct procmig_submit {
	__u32 size;
	__u32 flags;		/* none defined */
	__s32 pid;
	__u32 medium;		/* enum procmig_medium_id */
	__u64 start_time;	/* checkpoint: as in procmig_inspect; restart: 0 */
	__u8 token[PROCMIG_TOKEN_BYTES];
	struct procmig_strategy strategy;
	__u64 channels;		/* struct procmig_channel[] */
	__u64 mechanisms;	/* struct procmig_mechanism[] */
	__u32 channel_count;
	__u32 mechanism_count;
	__u32 watchdog_ms;	/* longest time without progress, 100 .. 3600000 */
	__u32 quiesce_ms;	/* longest time for quiescing, 10 .. 600000 */
	__u32 id;		/* out: the request's number on this machine */
	__s32 fd;		/* out: the request's descriptor */
	__u32 selection;	/* checkpoint: enum procmig_selection; restart: 0 */
	__u32 reserved;
};

/* A task that the source froze and that the stub makes. */
struct procmig_planned_task {
	__s32 tid;
	__s32 pid;		/* of its process; equals @tid for the process itself */
	/* of a process; 0 for its other threads: */
	__s32 parent;		/* its process; 0: init */
	__s32 group;		/* process group and session: PIDs of planned processes */
	__s32 session;
	__s32 exit_signal;	/* what the parent gets when it ends */
	__u32 flags;		/* PROCMIG_PLANNED_* */
	/* of a zombie; 0 for everybody else: */
	__u32 exit_code;	/* as wait(2) tells it */
	__u32 uid;		/* real ones */
	__u32 gid;
	__u64 blocked;		/* signals, as they were when it ended */
	__u64 ignored;
	__u64 caught;
	char comm[PROCMIG_COMM_BYTES];	/* with NUL */
};

#define PROCMIG_PLANNED_ZOMBIE	0x1	/* it has ended, its parent has not asked yet */
/*
 * A zombie of the first that is reaped before anything runs: it has ended on the source
 * long ago, and others still are in its process group or session.
 */
#define PROCMIG_PLANNED_GONE	0x2

/*
 * PROCMIG_IOC_PLAN: the stub, having the process's PID and one thread, comes in
 * and waits for the list of what it has to make; the source knows that only when
 * everything is frozen.  A process stands in front of its other threads, a parent
 * in front of its children, but the process that was named in front of all: its
 * parent may follow.  The stub makes the first's children, and those of init, as
 * children of the first; then whoever they belong to adopts them, and the first.
 * A zombie has to end, not to enter, and init has none.
 * EOVERFLOW: @task_count tells how much room is needed, ask again.
 */
struct procmig_plan {
	__u32 size;
	__u32 flags;		/* none defined */
	__u8 token[PROCMIG_TOKEN_BYTES];
	__u64 tasks;		/* struct procmig_planned_task[] */
	__u32 task_room;	/* in: how many fit */
	__u32 task_count;	/* out: how many there are */
};

/*
 * PROCMIG_IOC_ENTER: the calling thread becomes the planned one of its TID.
 * Does not return on success.  Nothing runs before all have entered.
 */
struct procmig_enter {
	__u32 size;
	__u32 flags;		/* none defined */
	__u8 token[PROCMIG_TOKEN_BYTES];
};

/* PROCMIG_IOC_GIVE_UP: the stub cannot make what is planned; the request aborts. */
struct procmig_give_up {
	__u32 size;
	__u32 error;		/* a positive errno */
	__u8 token[PROCMIG_TOKEN_BYTES];
	char message[PROCMIG_MESSAGE_BYTES]; /* why, naming the object */
};

/* PROCMIG_IOC_ATTACH: a descriptor for a request that lost its own. */
struct procmig_attach {
	__u32 size;
	__u32 flags;		/* none defined */
	__u8 token[PROCMIG_TOKEN_BYTES];
	__u32 id;		/* out */
	__s32 fd;		/* out */
};

#define PROCMIG_IOC_MAGIC	0xB7
#define PROCMIG_IOC_INFO	_IOWR(PROCMIG_IOC_MAGIC, 0x00, struct procmig_info)
#define PROCMIG_IOC_COMPONENT	_IOWR(PROCMIG_IOC_MAGIC, 0x01, struct procmig_component)
#define PROCMIG_IOC_STATE_KIND	_IOWR(PROCMIG_IOC_MAGIC, 0x02, struct procmig_state_kind)
#define PROCMIG_IOC_INSPECT	_IOWR(PROCMIG_IOC_MAGIC, 0x03, struct procmig_inspect)
#define PROCMIG_IOC_CHECKPOINT	_IOWR(PROCMIG_IOC_MAGIC, 0x04, struct procmig_submit)
#define PROCMIG_IOC_RESTART	_IOWR(PROCMIG_IOC_MAGIC, 0x05, struct procmig_submit)
#define PROCMIG_IOC_ENTER	_IOWR(PROCMIG_IOC_MAGIC, 0x06, struct procmig_enter)
#define PROCMIG_IOC_ATTACH	_IOWR(PROCMIG_IOC_MAGIC, 0x07, struct procmig_attach)
#define PROCMIG_IOC_PLAN	_IOWR(PROCMIG_IOC_MAGIC, 0x08, struct procmig_plan)
#define PROCMIG_IOC_GIVE_UP	_IOWR(PROCMIG_IOC_MAGIC, 0x09, struct procmig_give_up)
#define PROCMIG_IOC_ADMIT	_IOWR(PROCMIG_IOC_MAGIC, 0x0a, struct procmig_admit)

/* ---- a request --------------------------------------------------------- */

enum procmig_role {
	PROCMIG_ROLE_SOURCE = 1,
	PROCMIG_ROLE_TARGET = 2,
};

/*
 * Source: NEW, QUIESCING, SAVING, SAVED, COMMITTED, FINISHED.
 * Target: NEW, LOADING, READY, RUNNING, FINISHED.
 * Either: ABORTING, ABORTED from every state before COMMITTED and RUNNING.
 *
 * Closing the last descriptor aborts a request up to and including SAVED on the
 * source and LOADING on the target.  A COMMITTED source stays frozen and a
 * READY target stays prepared until a descriptor from PROCMIG_IOC_ATTACH says
 * what was decided: in between, neither side may decide alone.  A READY target
 * whose task is killed by somebody else becomes ABORTED: it can never run.
 */
enum procmig_state {
	PROCMIG_STATE_NEW = 1,
	PROCMIG_STATE_QUIESCING = 2,	/* source: threads are being parked */
	PROCMIG_STATE_SAVING = 3,	/* source: frozen, state is being sent */
	PROCMIG_STATE_SAVED = 4,	/* source: frozen, everything is sent */
	PROCMIG_STATE_COMMITTED = 5,	/* source: frozen for good */
	PROCMIG_STATE_LOADING = 6,	/* target: the stub is being rebuilt */
	PROCMIG_STATE_READY = 7,	/* target: rebuilt, has not run */
	PROCMIG_STATE_RUNNING = 8,	/* target: the process has resumed */
	PROCMIG_STATE_FINISHED = 9,	/* nothing is held any more */
	PROCMIG_STATE_ABORTING = 10,
	PROCMIG_STATE_ABORTED = 11,	/* source thawed or target killed */
};

/* PROCMIG_REQ_STATUS */
struct procmig_status {
	__u32 size;
	__u32 id;
	__u32 role;		/* enum procmig_role */
	__u32 state;		/* enum procmig_state */
	__s32 pid;
	__s32 error;		/* 0 or a positive errno: why it was aborted */
	__u32 error_subsystem;	/* where it came from */
	__u32 threads;
	__u64 bytes_total;	/* estimate until SAVED or READY */
	__u64 bytes_done;	/* state bytes sent or received */
	__u64 entities_done;	/* pages, files, signals ... */
	__u64 entities_skipped;	/* holes and zero pages not sent */
	__u64 submitted_ns;	/* CLOCK_MONOTONIC of the initial time namespace; */
	__u64 frozen_ns;	/* 0: has not happened */
	__u64 saved_ns;
	__u64 ready_ns;
	__u64 decided_ns;	/* committed, resumed, or aborted */
	__u8 token[PROCMIG_TOKEN_BYTES];
	char message[PROCMIG_MESSAGE_BYTES]; /* why, naming the object */
};

/*
 * read() on a request descriptor returns whole events; poll() tells when there
 * are some.  An event is queued at every change of state; the queue is bounded
 * and never loses a state.  After the final state's event read() returns 0, and
 * poll() shows POLLHUP from the moment that state is reached.
 */
struct procmig_event {
	__u32 size;
	__u32 state;
	__u64 time_ns;		/* CLOCK_MONOTONIC of the initial time namespace */
	__u64 bytes_done;
};

struct procmig_order {
	__u32 size;
	__u32 flags;		/* PROCMIG_ORDER_* */
};

/*
 * With PROCMIG_REQ_ABORT on a COMMITTED source: the caller has proof, from the
 * target's durable record, that the process never ran there and never will.
 * The one way back behind the commit; without the flag it is EPROTO.
 */
#define PROCMIG_ORDER_NEVER_RAN	0x1

#define PROCMIG_REQ_STATUS	_IOWR(PROCMIG_IOC_MAGIC, 0x40, struct procmig_status)
/* Source: SAVED to COMMITTED.  Target: READY to RUNNING.  EPROTO otherwise. */
#define PROCMIG_REQ_COMMIT	_IOWR(PROCMIG_IOC_MAGIC, 0x41, struct procmig_order)
/* Undo.  Waits until the source runs or the target is gone.  EPROTO if too late. */
#define PROCMIG_REQ_ABORT	_IOWR(PROCMIG_IOC_MAGIC, 0x42, struct procmig_order)
/* Source: COMMITTED to FINISHED, the frozen copy dies.  Target: RUNNING likewise. */
#define PROCMIG_REQ_FINISH	_IOWR(PROCMIG_IOC_MAGIC, 0x43, struct procmig_order)

#endif /* _UAPI_PROCMIG_H */
