/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The procmig stream: what travels from source to target, or into a checkpoint
 * archive.  Everything is little-endian and x86-64.
 *
 * A stream is a sequence of records on each channel of the medium.  Every
 * record is a header and @length bytes of body.  Types are numbered per
 * subsystem.  A record whose type the reader does not know is skipped unless
 * PROCMIG_RECORD_MANDATORY is set; then the stream is refused.  So is a record
 * of a newer version than the reader's.
 *
 * The sender writes, and the receiver reads, in this order:
 *
 *	demand: HELLO, PROCESS, then per subsystem in the order in which the
 *	        subsystems registered their `order': the subsystem's records,
 *	        DONE; after the last one END
 *	bulk:   the records that subsystems put there, each subsystem's closed
 *	        by its own means before its DONE on the demand channel
 */
#ifndef _UAPI_PROCMIG_STREAM_H
#define _UAPI_PROCMIG_STREAM_H

#include <linux/types.h>

#define PROCMIG_STREAM_MAGIC	0x474d5250u	/* "PRMG" */
#define PROCMIG_STREAM_VERSION	1

#define PROCMIG_RECORD_MANDATORY	0x0001
#define PROCMIG_RECORD_MAX_BYTES	(64u << 20)
#define PROCMIG_RECORD_SMALL_MAX	(1u << 20)	/* all but page records */

struct procmig_record {
	__u32 magic;
	__u16 type;
	__u16 version;
	__u32 subsystem;
	__u32 flags;
	__u32 process;		/* the process's PID on the source */
	__u32 sequence;		/* per channel, from 0 */
	__u64 length;		/* bytes of body that follow */
};

/* ---- core -------------------------------------------------------------- */

enum procmig_core_record {
	PROCMIG_CORE_HELLO = 1,
	PROCMIG_CORE_PROCESS = 2,
	PROCMIG_CORE_DONE = 3,		/* this subsystem has sent everything */
	PROCMIG_CORE_END = 4,		/* nothing follows */
};

struct procmig_core_hello {
	__u32 stream_version;
	__u32 page_bytes;
	__u32 xstate_bytes;
	__u32 processes;
	__u64 xfeatures;
	__u8 token[16];
	char kernel_release[64];
	char machine[16];
};

struct procmig_core_process {
	__s32 pid;
	__u32 threads;
	__u64 bytes_total;	/* estimate */
	__u64 monotonic_ns;	/* the process's own clocks, after the freeze: */
	__u64 boottime_ns;	/* on the target it resumes no earlier */
};

struct procmig_core_done {
	__u32 subsystem;
	__u32 reserved;
	__u64 entities;
};

/* ---- files -------------------------------------------------------------- */

enum procmig_files_record {
	PROCMIG_FILES_CONTEXT = 1,	/* cwd, root, umask */
	PROCMIG_FILES_DESCRIPTION = 2,	/* one open file description */
	PROCMIG_FILES_DESCRIPTOR = 3,	/* one descriptor that refers to one */
};

struct procmig_files_context {
	__u32 umask;
	__u16 cwd_bytes;	/* with NUL; both paths follow, cwd first */
	__u16 root_bytes;
};

enum procmig_files_kind {
	PROCMIG_FILE_REGULAR = 1,
	PROCMIG_FILE_DIRECTORY = 2,
	PROCMIG_FILE_DEVICE = 3,
	PROCMIG_FILE_IGNORED = 4,	/* use the stub's descriptor of that number */
};

struct procmig_files_description {
	__u32 description;	/* number within the stream */
	__u32 kind;		/* enum procmig_files_kind */
	__u32 flags;		/* O_* as fcntl(F_GETFL) tells */
	__u32 mode;		/* st_mode */
	__s64 position;
	__u64 file_bytes;	/* st_size at the freeze */
	__s64 mtime_sec;
	__u32 mtime_nsec;
	__u32 device;		/* kind DEVICE: new_encode_dev() of st_rdev */
	__u32 path_bytes;	/* with NUL; the path follows */
	__u32 reserved;
};

struct procmig_files_descriptor {
	__u32 fd;
	__u32 description;
	__u32 close_on_exec;
	__u32 reserved;
};

/* ---- memory ------------------------------------------------------------- */

enum procmig_memory_record {
	PROCMIG_MEMORY_SPACE = 1,	/* the address space as a whole */
	PROCMIG_MEMORY_AREA = 2,	/* one mapping */
	PROCMIG_MEMORY_PAGES = 3,	/* bulk: a run of pages with content */
	PROCMIG_MEMORY_PAGES_END = 4,	/* bulk: no more pages */
};

#define PROCMIG_AUXV_WORDS	64

struct procmig_memory_space {
	__u64 start_code, end_code, start_data, end_data;
	__u64 start_brk, brk, start_stack;
	__u64 arg_start, arg_end, env_start, env_end;
	__u64 auxv[PROCMIG_AUXV_WORDS];
	__u32 auxv_words;
	__u32 dumpable;
	__u32 areas;
	__u32 exe_bytes;	/* with NUL; the path follows */
};

enum procmig_area_kind {
	PROCMIG_AREA_ANONYMOUS = 1,
	PROCMIG_AREA_FILE = 2,		/* private, or shared and never writable */
	PROCMIG_AREA_VVAR = 3,		/* the data pages of the vDSO */
	PROCMIG_AREA_VDSO = 4,
};

#define PROCMIG_AREA_READ	0x0001
#define PROCMIG_AREA_WRITE	0x0002
#define PROCMIG_AREA_EXEC	0x0004
#define PROCMIG_AREA_SHARED	0x0008
#define PROCMIG_AREA_GROWSDOWN	0x0010
#define PROCMIG_AREA_LOCKED	0x0020
#define PROCMIG_AREA_NORESERVE	0x0040
#define PROCMIG_AREA_DONTFORK	0x0080
#define PROCMIG_AREA_WIPEONFORK	0x0100
#define PROCMIG_AREA_DONTDUMP	0x0200
#define PROCMIG_AREA_HUGEPAGE	0x0400
#define PROCMIG_AREA_NOHUGEPAGE	0x0800
#define PROCMIG_AREA_MERGEABLE	0x1000
#define PROCMIG_AREA_SEQUENTIAL	0x2000
#define PROCMIG_AREA_RANDOM	0x4000
#define PROCMIG_AREA_HAS_PAGES	0x8000	/* page records for it follow */
#define PROCMIG_AREA_FLAGS	0xffff

struct procmig_memory_area {
	__u64 start, end;
	__u64 offset;		/* bytes into the file */
	__u32 kind;		/* enum procmig_area_kind */
	__u32 flags;		/* PROCMIG_AREA_* */
	__u64 file_bytes;	/* st_size and mtime: the file must be the same */
	__s64 mtime_sec;
	__u32 mtime_nsec;
	__u32 path_bytes;	/* with NUL, 0: none; the path follows */
	__u64 image_hash;	/* kind VDSO: FNV-1a of the image */
};

struct procmig_memory_pages {
	__u64 start;
	__u32 pages;
	__u32 reserved;		/* pages * 4096 bytes follow */
};

/* ---- signals ------------------------------------------------------------ */

enum procmig_signals_record {
	PROCMIG_SIGNALS_ACTIONS = 1,
	PROCMIG_SIGNALS_THREAD = 2,
	PROCMIG_SIGNALS_PENDING = 3,
	PROCMIG_SIGNALS_TIMERS = 4,
};

struct procmig_signal_action {
	__u64 handler, flags, restorer, mask;
};

struct procmig_signals_actions {
	struct procmig_signal_action action[64];
};

struct procmig_signals_thread {
	__u64 blocked;
	__u64 saved_mask;	/* sigsuspend and the like: what to return to */
	__u64 altstack_sp;
	__u64 altstack_bytes;
	__u32 altstack_flags;
	__u32 restore_mask;	/* 1: saved_mask holds */
};

struct procmig_signals_pending {
	__u32 signal;
	__u32 shared;		/* 1: of the process, 0: of the thread */
	__u8 siginfo[128];
};

/* setitimer(2); remaining 0 means not armed, in nanoseconds */
struct procmig_signals_timers {
	__u64 real_remaining, real_interval;
	__u64 virtual_remaining, virtual_interval;
	__u64 prof_remaining, prof_interval;
};

/* ---- task --------------------------------------------------------------- */

enum procmig_task_record {
	PROCMIG_TASK_ATTRIBUTES = 1,
	PROCMIG_TASK_CREDENTIALS = 2,
	PROCMIG_TASK_REGISTERS = 3,
	PROCMIG_TASK_XSTATE = 4,
	PROCMIG_TASK_RESTART = 5,	/* a system call that carries on */
};

struct procmig_task_attributes {
	char comm[16];
	__u32 personality;
	__s32 nice;
	__u32 policy;		/* SCHED_NORMAL, SCHED_BATCH or SCHED_IDLE */
	__s32 oom_score_adj;
	__u64 timer_slack_ns;
	__u64 rseq, robust_list, clear_child_tid;
	__u32 rseq_bytes, rseq_signature;
	__u64 rlimit_current[16];
	__u64 rlimit_maximum[16];
};

struct procmig_task_credentials {
	__u32 uid, euid, suid, fsuid;
	__u32 gid, egid, sgid, fsgid;
	__u64 cap_inheritable, cap_permitted, cap_effective;
	__u64 cap_bounding, cap_ambient;
	__u32 securebits;
	__u32 no_new_privs;
	__u32 groups;		/* that many __u32 follow */
	__u32 reserved;
};

/* struct user_regs_struct of the x86-64 ptrace ABI */
struct procmig_task_registers {
	__u64 word[27];
};

/* body of PROCMIG_TASK_XSTATE: the ptrace XSAVE image, hello.xstate_bytes long */

enum procmig_restart_kind {
	PROCMIG_RESTART_NONE = 0,
	PROCMIG_RESTART_NANOSLEEP = 1,
	PROCMIG_RESTART_POLL = 2,
	PROCMIG_RESTART_FUTEX = 3,
};

struct procmig_task_restart {
	__u32 kind;
	__u32 clock;		/* nanosleep: clock ID */
	__u64 remaining_ns;	/* until the deadline, at the freeze */
	__u64 user_pointer;	/* rmtp, pollfd array or futex word */
	__u32 user_type;	/* nanosleep: 0 none, 1 timespec */
	__u32 count;		/* poll: descriptors */
	__u32 has_timeout;	/* poll, futex */
	__u32 futex_value;
	__u32 futex_flags;
	__u32 futex_bitset;
};

#endif /* _UAPI_PROCMIG_STREAM_H */
