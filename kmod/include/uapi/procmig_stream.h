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
 *	demand: HELLO, PLAN, then per process in the order of the plan (but the
 *	        first right behind its parent, if that follows)
 *	        PROCESS, then per subsystem in the order in which the
 *	        subsystems registered their `order': the subsystem's records
 *	        about the process, DONE; then per thread
 *	        THREAD, then per subsystem that keeps state of threads: its
 *	        records about the thread, DONE;
 *	        after the last one END
 *	bulk:   per living process in the same order, beside the demand channel,
 *	        per subsystem that puts records there: these, closed by its own
 *	        means.  Of n bulk channels and m living processes there are
 *	        l = min(n, m) lanes: process i uses the channels i mod l,
 *	        i mod l + l ... in turn, record by record, beginning with the first
 */
#ifndef _UAPI_PROCMIG_STREAM_H
#define _UAPI_PROCMIG_STREAM_H

#include <linux/types.h>

#define PROCMIG_STREAM_MAGIC	0x474d5250u	/* "PRMG" */
#define PROCMIG_STREAM_VERSION	5

#define PROCMIG_RECORD_MANDATORY	0x0001
#define PROCMIG_RECORD_MAX_BYTES	(64u << 20)
#define PROCMIG_RECORD_SMALL_MAX	(1u << 20)	/* all but page records */

struct procmig_record {
	__u32 magic;
	__u16 type;
	__u16 version;
	__u32 subsystem;
	__u32 flags;
	__u32 process;		/* PID on the source; TID in the records about a thread */
	__u32 sequence;		/* per channel, from 0 */
	__u64 length;		/* bytes of body that follow */
};

/* ---- core -------------------------------------------------------------- */

enum procmig_core_record {
	PROCMIG_CORE_HELLO = 1,
	PROCMIG_CORE_PROCESS = 2,
	PROCMIG_CORE_DONE = 3,		/* this subsystem has sent everything */
	PROCMIG_CORE_END = 4,		/* nothing follows */
	PROCMIG_CORE_PLAN = 5,		/* struct procmig_planned_task of every task */
	PROCMIG_CORE_THREAD = 6,	/* records about that thread follow */
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
};

struct procmig_core_end {
	__u64 monotonic_ns;	/* the processes' own clock, after all that was measured by it */
};

struct procmig_core_thread {
	__s32 tid;
	__u32 reserved;
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
	PROCMIG_FILES_DATA = 4,		/* after all of those: content, connections */
	PROCMIG_FILES_LOCK = 5,		/* after all data */
	PROCMIG_FILES_OWNER = 6,	/* after all locks */
	PROCMIG_FILES_SHARED = 7,	/* instead of CONTEXT, or of all about descriptors */
	PROCMIG_FILES_CWD = 10,		/* after all data, if CONTEXT has none */
	/* bulk: */
	PROCMIG_FILES_PAGES = 8,	/* of files in memory, of whomever; zeros are left out */
	PROCMIG_FILES_PAGES_END = 9,
};

struct procmig_files_pages {
	__u32 number;		/* of the file: what it was announced by, in any subsystem */
	__u32 pages;		/* follow */
	__u64 offset;
};

struct procmig_files_context {
	__u32 umask;
	__u16 cwd_bytes;	/* with NUL; both paths follow, cwd first; 0: it is deleted */
	__u16 root_bytes;
};

struct procmig_files_cwd {
	__u32 description;
	__u32 reserved;
};

enum procmig_files_shared_kind {
	PROCMIG_SHARED_DIRECTORIES = 1,	/* CLONE_FS of clone(2) */
	PROCMIG_SHARED_DESCRIPTORS = 2,	/* CLONE_FILES */
};

struct procmig_files_shared {
	__u32 what;		/* enum procmig_files_shared_kind */
	__s32 pid;		/* with this process, which came before */
};

#define PROCMIG_FILE_KIND_BYTES	16

struct procmig_files_description {
	__u32 description;	/* number within the stream */
	__u32 object;		/* likewise; what several descriptions may share */
	__u32 flags;		/* O_* as fcntl(F_GETFL) tells */
	__u32 version;		/* of the body and the data */
	__s64 position;
	/* who knows the body; empty: use the stub's descriptor of that number */
	char kind[PROCMIG_FILE_KIND_BYTES];
	__u32 body_bytes;	/* follow */
	__u32 reserved;
};

struct procmig_files_descriptor {
	__u32 fd;
	__u32 description;
	__u32 close_on_exec;
	__u32 reserved;
};

struct procmig_files_data {
	__u32 description;	/* the kind's data follow */
	__u32 reserved;
};

enum procmig_lock_kind {
	PROCMIG_LOCK_POSIX = 1,		/* fcntl(F_SETLK) */
	PROCMIG_LOCK_DESCRIPTION = 2,	/* fcntl(F_OFD_SETLK) */
	PROCMIG_LOCK_FLOCK = 3,		/* flock(2) */
	PROCMIG_LOCK_LEASE = 4,		/* fcntl(F_SETLEASE) */
};

/* No process has a descriptor of it: it is mapped only, or on its way through a socket. */
#define PROCMIG_FILES_NO_DESCRIPTOR	0xffffffff

struct procmig_files_lock {
	__u32 fd;		/* a descriptor of the file that has it, or none: @description */
	__u32 kind;		/* enum procmig_lock_kind */
	__u32 type;		/* F_RDLCK, F_WRLCK */
	__s32 pid;		/* FLOCK, LEASE: who took it, as /proc/locks tells; or 0 */
	__s64 start;		/* POSIX, DESCRIPTION: as in struct flock, from the */
	__s64 length;		/* beginning of the file; 0: to its end */
	__u32 description;	/* or 0 */
	__u32 reserved;
};

/* Whom to signal: F_SETOWN, F_SETSIG and O_ASYNC of fcntl(2). */
struct procmig_files_owner {
	__u32 fd;		/* as of a lock */
	__u32 type;		/* F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP */
	__s32 pid;		/* -1: nobody; 0: the process's own group */
	__u32 signal;
	__u32 uid, euid;	/* with whose rights */
	__u32 async;		/* 1: O_ASYNC */
	__u32 description;
};

/* ---- kinds of open file: bodies and data -------------------------------- */

/* "path": a regular file, directory, memory device, or only a path (O_PATH) */
struct procmig_file_path {
	__u32 mode;		/* st_mode */
	__u32 device;		/* of a device: new_encode_dev() of st_rdev */
	__u64 file_bytes;	/* of a regular file: st_size at the freeze */
	__s64 mtime_sec;
	__u32 mtime_nsec;
	__u32 path_bytes;	/* with NUL; the path follows */
};

/* "pseudo": a file or directory whose content the kernel makes */
struct procmig_file_pseudo {
	__u32 mode;		/* st_mode */
	__u32 path_bytes;	/* with NUL; the path follows */
	__u64 magic;		/* of the filesystem: f_type of statfs(2) */
	__u32 ended;		/* 1: procfs, about a process or thread that has ended */
	__u32 mount_bytes;	/* then, of the path: where that procfs is; 0: it is the root */
};

/* What is carried of a file or directory that the target does not have */
struct procmig_file_attributes {
	__u64 file_bytes;
	__s64 mtime_sec;
	__s64 atime_sec;
	__u32 mtime_nsec;
	__u32 atime_nsec;
	__u32 mode, uid, gid;
	__u32 path_bytes;	/* with NUL; the path follows */
};

/* "deleted": a regular file or a directory that has no name any more, but had @path */
struct procmig_file_deleted {
	struct procmig_file_attributes file;
	__u32 other_bytes;	/* with NUL, 0: none; another name of it follows, too */
	__u32 names;		/* 1: descriptions by other names follow */
	__u32 directories;	/* of the path, the lowest of them: deleted, too */
	__u32 reserved;
};

/* "tmpfs": a regular file in memory */
struct procmig_file_tmpfs {
	struct procmig_file_attributes file;
	__u32 opened_bytes;	/* with NUL, 0: by its path; by what name, deleted since */
	__u32 reserved;
};

/* "temporary": a regular file below the node's own /tmp, on a disk or in memory */
struct procmig_file_temporary {
	struct procmig_file_attributes file;
	struct procmig_file_attributes directory;	/* that it is in; neither size nor path */
};

/* What it claims; the path follows. */
struct procmig_temporary_claim {
	__u32 directory_uid;
	__u32 reserved;
};

/* data of "deleted", "temporary": a run of content, zeros are left out */
struct procmig_file_content {
	__u64 offset;		/* the bytes follow; none: this was all */
};

/* data of "tmpfs", "memfd", "shmem": the content comes as PROCMIG_FILES_PAGES */
struct procmig_file_shared {
	__u32 number;
	__u32 reserved;
};

/* "memfd": see memfd_create(2) */
struct procmig_file_memfd {
	__u64 file_bytes;
	__u32 seals;		/* F_SEAL_* */
	__u32 mode, uid, gid;
	__u32 name_bytes;	/* with NUL; the name follows */
	__u32 original;		/* 1: as memfd_create(2) gave it, so that it may be executed */
};

/* "shmem": shared anonymous memory */
struct procmig_file_shmem {
	__u64 file_bytes;
	__u32 opened;		/* by /proc/PID/map_files; else what the mapping has */
	__u32 reserved;
};

/* "pipe": one end of a pipe, or of a FIFO */
struct procmig_file_pipe {
	__u32 size;		/* F_GETPIPE_SZ */
	__u32 mode, uid, gid;
	__u32 path_bytes;	/* FIFO: with NUL; the path follows */
	__u32 deleted;		/* FIFO: 1: made anew and unlinked */
};

/* data: one write's worth of content, or the end of it */
struct procmig_file_pipe_data {
	__u32 bytes;		/* follow; 0: this was all */
	__u32 packet;		/* 1: it is read as one packet */
};

enum procmig_pty_end {
	PROCMIG_PTY_MASTER = 1,
	PROCMIG_PTY_SLAVE = 2,
	PROCMIG_PTY_CURRENT = 3,	/* the slave, through /dev/tty */
};

/* "pty": one end of a Unix98 pseudo-terminal; its path and the master's follow */
struct procmig_file_pty {
	__u32 end;		/* enum procmig_pty_end */
	__u32 index;		/* N of /dev/pts/N */
	__u32 hung_up;		/* 1: a slave, the master was closed */
	__u32 master_access;	/* O_ACCMODE of the master */
	__u32 path_bytes;	/* with NUL */
	__u32 master_bytes;	/* with NUL, 0: the master is closed */
};

/* data: first the state of the pair, then lines, the end of them, then queues */
enum procmig_pty_data_kind {
	PROCMIG_PTY_STATE = 1,	/* struct procmig_file_pty_state */
	PROCMIG_PTY_LINE = 2,	/* received and not read: characters, marks of line ends */
	PROCMIG_PTY_LINES_END = 3, /* nothing */
	PROCMIG_PTY_QUEUE = 4,	/* on its way to the line discipline: characters */
};

#define PROCMIG_PTY_LINE_MAX	4096
#define PROCMIG_PTY_QUEUE_MAX	(128u << 10)	/* of both ends */

struct procmig_file_pty_data {
	__u32 what;		/* enum procmig_pty_data_kind */
	__u32 end;		/* MASTER or SLAVE: who is to read it */
	__u32 bytes;		/* follow */
	__u32 reserved;
};

#define PROCMIG_PTY_LOCKED		0x0001	/* TIOCSPTLCK */
#define PROCMIG_PTY_MASTER_EXCLUSIVE	0x0002	/* TIOCEXCL */
#define PROCMIG_PTY_SLAVE_EXCLUSIVE	0x0004
#define PROCMIG_PTY_PACKET		0x0008	/* TIOCPKT */
#define PROCMIG_PTY_SLAVE_CLOSED	0x0010	/* it was open once */
#define PROCMIG_PTY_HUNG_UP		0x0020	/* the master is closed; nothing else holds */
#define PROCMIG_PTY_SLAVE_STOPPED	0x0040	/* by a character or TCOOFF */
#define PROCMIG_PTY_SLAVE_SUSPENDED	0x0080	/* by TCOOFF */
#define PROCMIG_PTY_MASTER_STOPPED	0x0100
#define PROCMIG_PTY_MASTER_SUSPENDED	0x0200
#define PROCMIG_PTY_LITERAL_NEXT	0x0400	/* VLNEXT was typed */
#define PROCMIG_PTY_ERASING		0x0800	/* within ECHOPRT */
#define PROCMIG_PTY_PUSHED		0x1000	/* the first line was typed without ICANON */
#define PROCMIG_PTY_FLAGS		0x1fff

#define PROCMIG_TERMIOS_BYTES	44

struct procmig_file_pty_state {
	__u8 termios[PROCMIG_TERMIOS_BYTES];	/* of the slave: struct termios2 */
	__u8 locked[PROCMIG_TERMIOS_BYTES];	/* TIOCGLCKTRMIOS */
	__u16 window[4];	/* struct winsize */
	__u32 flags;		/* PROCMIG_PTY_* */
	__u32 packet_status;	/* TIOCPKT_* that the master has not read */
	__s32 session;		/* that the terminal controls, 0: none */
	__s32 group;		/* in the foreground */
	__u32 column, canon_column; /* of the cursor, as the line discipline counts */
	__u32 mode, uid, gid;	/* of /dev/pts/N */
};

/* "eventfd" */
struct procmig_file_eventfd {
	__u64 counter;
	__u32 semaphore;
	__u32 reserved;
};

/* "timerfd" */
struct procmig_file_timerfd {
	__u32 clock;		/* clock ID */
	__u32 set_flags;	/* of the last timerfd_settime(2) */
	__u64 ticks;		/* expirations not read yet */
	__u64 remaining_ns;	/* 0: not armed */
	__u64 interval_ns;
	__u64 monotonic_ns;	/* the process's own clocks at that moment */
	__u64 boottime_ns;
	__u64 realtime_ns;
};

/* "signalfd" */
struct procmig_file_signalfd {
	__u64 mask;
};

/* "pidfd" */
struct procmig_file_pidfd {
	__s32 pid;		/* as the process sees it */
	__u32 reserved;
};

/* "epoll": no body; data: one target */
struct procmig_file_epoll_target {
	__u32 description;
	__u32 fd;		/* by which it was added */
	__u64 data;
	__u32 events;
	__u32 reserved;
};

/* "inotify" */
struct procmig_file_inotify {
	__u32 next_watch;
	__u32 reserved;
};

/* data: a watch, or an event that has not been read */
struct procmig_file_inotify_data {
	__u32 event;		/* 1: an event, 0: a watch */
	__s32 watch;
	__u32 mask;
	__u32 cookie;
	__u32 text_bytes;	/* with NUL; path or name follows; 0 of a watch: no path, but */
	__u32 description;	/* of what it is about: open, and deleted */
};

#define PROCMIG_SOCKET_REUSE		0x0001	/* SO_REUSEADDR */
#define PROCMIG_SOCKET_REUSE_PORT	0x0002
#define PROCMIG_SOCKET_KEEPALIVE	0x0004
#define PROCMIG_SOCKET_BROADCAST	0x0008
#define PROCMIG_SOCKET_URGENT_INLINE	0x0010	/* SO_OOBINLINE */
#define PROCMIG_SOCKET_DONTROUTE	0x0020
#define PROCMIG_SOCKET_LINGER		0x0040
#define PROCMIG_SOCKET_PASSCRED		0x0080
#define PROCMIG_SOCKET_PASSSEC		0x0100
#define PROCMIG_SOCKET_TIMESTAMP	0x0200
#define PROCMIG_SOCKET_TIMESTAMP_NS	0x0400
#define PROCMIG_SOCKET_NO_CHECK		0x0800
#define PROCMIG_SOCKET_DROPS		0x1000	/* SO_RXQ_OVFL */
#define PROCMIG_SOCKET_FILTER_LOCKED	0x2000	/* SO_LOCK_FILTER */

/* What sockets of every family have: see socket(7). */
struct procmig_socket {
	__u32 type;		/* SOCK_STREAM ... */
	__u32 protocol;
	__u32 options;		/* PROCMIG_SOCKET_* */
	__u32 shutdown;		/* 1: receiving, 2: sending */
	__u32 send_bytes, receive_bytes; /* buffers, as getsockopt(2) tells */
	__u32 locks;		/* 1: send_bytes was set, 2: receive_bytes was */
	__s32 low_water;
	__u64 send_timeout_ns, receive_timeout_ns; /* ~0: none */
	__u32 linger_s;
	__u32 priority, mark;
	__u32 backlog;
	__u32 uid, gid, mode;	/* of its inode */
	__u32 error;		/* SO_ERROR that waits to be asked for */
	__u32 filter;		/* instructions of SO_ATTACH_FILTER */
	__u32 reserved;
};

#define PROCMIG_SOCKET_FILTER_MAX	400


enum procmig_unix_state {
	PROCMIG_UNIX_CLOSED = 1,
	PROCMIG_UNIX_LISTENING = 2,
	PROCMIG_UNIX_CONNECTED = 3,
};

#define PROCMIG_UNIX_NAMED	0x1	/* has a name that it was bound to */
#define PROCMIG_UNIX_DELETED	0x2	/* the path of that name is gone */
#define PROCMIG_UNIX_PEER	0x4	/* connected to @peer, which is or was alive */
#define PROCMIG_UNIX_OUTSIDE	0x8	/* ... or to whoever has the path, which is not its own then */
#define PROCMIG_UNIX_WAITING	0x10	/* connected, but nobody has accepted that yet */

/* "unix": the name, the absolute path of it and the filter follow */
struct procmig_file_unix {
	struct procmig_socket socket;
	__u32 state;		/* enum procmig_unix_state */
	__u32 flags;		/* PROCMIG_UNIX_* */
	__u32 peer;		/* description of the peer, ~0: it is gone */
	__s32 peer_pid;		/* SO_PEERCRED, 0: none */
	__u32 peer_uid, peer_gid;
	__s32 peek_offset;
	__u16 name_bytes;	/* of sun_path and what is before it; 0: unbound */
	__u16 path_bytes;	/* with NUL, 0: no path */
	__u32 path_mode, path_uid, path_gid;
	__u32 reserved;
};

enum procmig_unix_what {
	PROCMIG_UNIX_MESSAGE = 0,	/* that has not been received */
	PROCMIG_UNIX_END = 1,		/* no more follows */
	/*
	 * To a listening socket, and nobody has accepted it.  What follows of messages
	 * has come through it; @sender is the client, @pid, @uid and @gid what
	 * SO_PEERCRED says of that.
	 */
	PROCMIG_UNIX_CONNECTION = 2,
};

/* data */
struct procmig_file_unix_data {
	__u32 sender;		/* description, ~0: gone */
	__u32 files;		/* that many __u32 follow: descriptions */
	__u32 bytes;		/* and then that much content */
	__s32 pid;		/* credentials, 0: none */
	__u32 uid, gid;
	__u16 name_bytes;	/* sender that is gone: and its name */
	__u16 what;		/* enum procmig_unix_what */
	__u32 shutdown;		/* of a connection: RCV_SHUTDOWN 1, SEND_SHUTDOWN 2 */
	__u32 reserved;
};

#define PROCMIG_INET_BOUND_PORT		0x01	/* has a port */
#define PROCMIG_INET_BOUND_ADDRESS	0x02	/* bound to its address */
#define PROCMIG_INET_LOCKED_PORT	0x04	/* by bind(2): it keeps its port */
#define PROCMIG_INET_CONNECTED		0x08	/* to @remote */
#define PROCMIG_INET_V6ONLY		0x10
#define PROCMIG_INET_DEVICE		0x20	/* bound to one, SO_BINDTODEVICE */
/* Its address need not be the node's: IP_FREEBIND, IP_TRANSPARENT, or the source has lost it. */
#define PROCMIG_INET_FOREIGN		0x40

/* What TCP and UDP have in common. */
struct procmig_file_inet {
	struct procmig_socket socket;
	__u32 family;		/* AF_INET, AF_INET6 */
	__u32 flags;		/* PROCMIG_INET_* */
	__u8 local[28];		/* struct sockaddr_in or sockaddr_in6 without its scope */
	__u8 remote[28];
	__s32 ttl;		/* -1: the node's */
	__u32 tos;
	__u32 options;		/* that many struct procmig_inet_option */
	__u32 reserved;
};

/* One of ip(7) or ipv6(7) whose value is a number. */
struct procmig_inet_option {
	__u32 level, option;
	__s32 value;
};

/* By its name, which is the scope of local addresses, too. */
struct procmig_inet_device {
	char name[16];		/* with NUL */
};

#define PROCMIG_UDP_CORK		0x1
#define PROCMIG_UDP_NO_CHECK6_SEND	0x2
#define PROCMIG_UDP_NO_CHECK6_RECEIVE	0x4

/* "udp": the instructions of its filter, its options and its device follow */
struct procmig_file_udp {
	struct procmig_file_inet inet;
	__u32 flags;		/* PROCMIG_UDP_* */
	__u32 segment;		/* UDP_SEGMENT */
};

/* data: a datagram that has not been received; its content follows */
struct procmig_file_udp_data {
	__u32 family;		/* in which it came, AF_INET, AF_INET6 */
	__u32 bytes;
	__u8 from[16], to[16];	/* addresses, of AF_INET the first four bytes */
	__u16 from_port, to_port; /* as in the network */
	__u8 tos, ttl;
	__u16 reserved;
	__u64 realtime_ns;	/* when it came; 0: nobody has noted it */
	char device[16];	/* by which it came, empty: unknown */
};

#define PROCMIG_NETLINK_PACKET_INFO	0x01	/* options of netlink(7) */
#define PROCMIG_NETLINK_BROADCAST_ERRORS 0x02
#define PROCMIG_NETLINK_NO_OVERRUNS	0x04
#define PROCMIG_NETLINK_ALL_NAMESPACES	0x08
#define PROCMIG_NETLINK_CAP_ACK		0x10
#define PROCMIG_NETLINK_EXT_ACK		0x20
#define PROCMIG_NETLINK_STRICT_CHECK	0x40

/* "netlink": to the kernel, hears no groups; its filter follows */
struct procmig_file_netlink {
	struct procmig_socket socket;
	__u32 port;		/* 0: not bound */
	__u32 options;		/* PROCMIG_NETLINK_* */
	__u32 connected;	/* 1: to the kernel */
	__u32 reserved;
};

#define PROCMIG_MQUEUE_COOKIE_BYTES	32

/* data: what a queue has said that tells by a thread */
struct procmig_file_netlink_data {
	__u8 cookie[PROCMIG_MQUEUE_COOKIE_BYTES];
};

enum procmig_tcp_kind {
	PROCMIG_TCP_UNCONNECTED = 1,
	PROCMIG_TCP_LISTENING = 2,
	PROCMIG_TCP_CONNECTED = 3,	/* or was: see its data */
	PROCMIG_TCP_WAITING = 4,	/* or on its way to one that listens */
};

#define PROCMIG_TCP_NODELAY	0x01
#define PROCMIG_TCP_CORK	0x02
#define PROCMIG_TCP_THIN	0x04	/* TCP_THIN_LINEAR_TIMEOUTS */
#define PROCMIG_TCP_SAVE_SYN	0x08
#define PROCMIG_TCP_INQ		0x10

/*
 * "tcp": the instructions of its filter, its options and its device follow; see tcp(7),
 * 0: the node's
 */
struct procmig_file_tcp {
	struct procmig_file_inet inet;
	__u32 kind;		/* enum procmig_tcp_kind */
	__u32 flags;		/* PROCMIG_TCP_* */
	__u32 phase;		/* SS_* of the socket: what connect(2) says */
	__u32 keep_idle_s, keep_interval_s, keep_count;
	__u32 syn_retries;
	__s32 linger_s;		/* TCP_LINGER2 */
	__u32 defer_accept;	/* retransmissions */
	__u32 user_timeout_ms;
	__u32 unsent_low_water;
	__u32 window_clamp;
	__u32 segment;		/* TCP_MAXSEG */
	__u32 fast_open;	/* listening: TCP_FASTOPEN */
	char congestion[16];
};

enum procmig_tcp_data_kind {
	PROCMIG_TCP_CONNECTION = 1,	/* one or two struct procmig_tcp_end follow */
	PROCMIG_TCP_RECEIVED = 2,	/* content: not read yet */
	PROCMIG_TCP_SENT = 3,		/* content: not received by the other end */
	PROCMIG_TCP_ENDED = 4,		/* that was the connection */
	PROCMIG_TCP_ACCEPTABLE = 5,	/* struct procmig_tcp_waiting follows */
	PROCMIG_TCP_QUEUED = 6,		/* content: by the last one of those */
	PROCMIG_TCP_QUEUED_ALL = 7,	/* that was its content */
	PROCMIG_TCP_CONNECTING = 8,	/* to one inside that listens: it begins anew */
};

struct procmig_file_tcp_data {
	__u32 what;		/* enum procmig_tcp_data_kind */
	__u32 description;	/* whose content */
};

#define PROCMIG_TCP_END_SCALES		0x1	/* the scale of windows */
#define PROCMIG_TCP_END_SACK		0x2
#define PROCMIG_TCP_END_TIMESTAMPS	0x4
#define PROCMIG_TCP_END_DONE		0x8	/* the other end has said its last */

/*
 * One end of a connection.  Both ends inside the event are read at one moment;
 * one end alone has lost the other.
 */
struct procmig_tcp_end {
	__u32 description;
	__u32 state;		/* as in struct tcp_info */
	__u32 flags;		/* PROCMIG_TCP_END_* */
	__u32 shutdown, error;	/* as in struct procmig_socket */
	__u32 send_sequence;	/* of the first byte of what was not received */
	__u32 receive_sequence;	/* of the first byte of what was not read */
	__u32 send_window, largest_window, receive_window;
	__u32 receive_threshold, window_clamp;
	__u32 timestamp;
	__u16 segment;
	__u8 send_scale, receive_scale;
};

/* A connection that waits to be accepted; it is made anew.  Its device may follow. */
struct procmig_tcp_waiting {
	__u32 client;		/* description, ~0: it is gone */
	__u32 ended;		/* 1: the client has said its last */
	__u8 local[28];		/* of the client */
	__u8 remote[28];
};

enum procmig_mqueue_notify {
	PROCMIG_MQUEUE_SILENT = 0,	/* mq_notify(3): nobody is to be told */
	PROCMIG_MQUEUE_SIGNAL = 1,	/* SIGEV_SIGNAL */
	PROCMIG_MQUEUE_RESERVED = 2,	/* SIGEV_NONE: nobody else may be told */
	PROCMIG_MQUEUE_THREAD = 3,	/* SIGEV_THREAD: by a netlink socket */
};

/* "mqueue": a POSIX message queue */
struct procmig_file_mqueue {
	__u64 max_messages, max_bytes;	/* as mq_getattr(3) tells */
	__u32 mode, uid, gid;
	__u32 deleted;		/* 1: made anew and unlinked */
	__u32 notify;		/* enum procmig_mqueue_notify */
	__s32 notify_pid;
	__u64 notify_value;
	__u32 notify_signal;
	__u32 notify_socket;	/* number of the description */
	__u8 notify_cookie[PROCMIG_MQUEUE_COOKIE_BYTES]; /* what that is told */
	__u32 name_bytes;	/* with NUL; the name follows, without a slash */
	__u32 reserved;
};

/* data: a message, or the end of them */
struct procmig_file_mqueue_data {
	__u32 priority;
	__u32 bytes;		/* follow */
	__u32 end;		/* 1: no message, no more follows */
	__u32 reserved;
};

/*
 * Claims of the files subsystem, struct procmig_claim: of the kind of that name, whose
 * own data follows.  "mqueue": the name, without a slash.  "tmpfs": the path of a file
 * in /dev/shm that one of them has made.  "tcp", "udp": struct procmig_inet_claim.
 */
struct procmig_file_claim {
	char kind[PROCMIG_FILE_KIND_BYTES];
	__u32 version;		/* of the kind there */
	__u32 reserved;
};

/*
 * An address that a socket is bound to, and listens at if it is TCP; its device follows.
 * Of a connection the device alone.
 */
struct procmig_inet_claim {
	__u32 type;		/* SOCK_STREAM, SOCK_DGRAM */
	__u32 family;		/* AF_INET, AF_INET6 */
	__u32 flags;		/* PROCMIG_INET_* */
	__u32 uid;		/* of the socket: who may share it */
	__u32 reuse;		/* 1: SO_REUSEADDR, 2: SO_REUSEPORT */
	__u8 local[28];		/* as in struct procmig_file_inet */
};

/* "sysv-shm": an attached segment of System V shared memory */
struct procmig_file_attachment {
	__s32 id;		/* a PROCMIG_IPC_SEGMENT came before */
	__u32 reserved;
};

/* ---- System V IPC ------------------------------------------------------- */

enum procmig_ipc_record {
	PROCMIG_IPC_SEGMENT = 1,	/* shared memory */
	PROCMIG_IPC_SET = 3,		/* semaphores */
	PROCMIG_IPC_QUEUE = 4,		/* of messages */
	PROCMIG_IPC_MESSAGE = 5,
	PROCMIG_IPC_UNDO = 6,		/* adjustments of the process: SEM_UNDO */
	PROCMIG_IPC_SHARED_UNDO = 7,	/* instead: it shares another's, CLONE_SYSVSEM */
};

#define PROCMIG_IPC_DESTROYED	0x0200	/* SHM_DEST */
#define PROCMIG_IPC_LOCKED	0x0400	/* SHM_LOCKED */

/* What all objects have: struct ipc64_perm. */
struct procmig_ipc_object {
	__s32 id;
	__s32 key;
	__u32 uid, gid, creator_uid, creator_gid;
	__u32 mode;		/* permissions, and the two of above */
	__u32 reserved;
	__s64 change_time;	/* seconds, as all times here */
};

/* Claims of the ipc subsystem, struct procmig_claim: that ID and that key are free. */
struct procmig_ipc_claim {
	__u32 type;		/* 0: semaphores, 1: message queue, 2: shared memory */
	__s32 id;
	__s32 key;		/* 0 (IPC_PRIVATE): none */
	__s32 place;		/* in the table, from 1 on; a part of the ID */
};

/* PIDs are those of processes inside of the event, or 0. */
struct procmig_ipc_segment {
	struct procmig_ipc_object object;
	__u64 bytes;
	__s64 attach_time, detach_time;
	__s32 creator, last;
	__u32 content;		/* the number of PROCMIG_FILES_PAGES that bring it */
	__u32 reserved;
};

struct procmig_ipc_semaphore {
	__s32 last;		/* sempid */
	__s32 value;
	__s64 time;		/* of the last operation */
};

struct procmig_ipc_set {
	struct procmig_ipc_object object;
	__u32 count;		/* that many struct procmig_ipc_semaphore follow */
	__u32 reserved;
};

struct procmig_ipc_queue {
	struct procmig_ipc_object object;
	__u64 limit;		/* bytes that it may hold */
	__s64 send_time, receive_time;
	__s32 sender, receiver;
};

struct procmig_ipc_message {
	__s32 id;
	__u32 bytes;		/* follow */
	__s64 type;
};

struct procmig_ipc_undo {
	__s32 id;
	__u32 count;		/* that many __s16 follow */
};

struct procmig_ipc_shared_undo {
	__s32 pid;		/* with this process, which came before */
	__u32 reserved;
};

/* ---- memory ------------------------------------------------------------- */

enum procmig_memory_record {
	PROCMIG_MEMORY_SPACE = 1,	/* the address space as a whole */
	PROCMIG_MEMORY_AREA = 2,	/* one mapping */
	PROCMIG_MEMORY_PAGES = 3,	/* bulk: a run of pages with content */
	PROCMIG_MEMORY_PAGES_END = 4,	/* bulk: no more pages */
	PROCMIG_MEMORY_KEPT = 5,	/* bulk: a run of pages as in the template */
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
	__u32 no_huge_pages;	/* 1: PR_SET_THP_DISABLE */
	__u32 membarrier;	/* MEMBARRIER_CMD_REGISTER_* of membarrier(2) that were called */
};

enum procmig_area_kind {
	PROCMIG_AREA_ANONYMOUS = 1,
	PROCMIG_AREA_FILE = 2,		/* private, or shared and never writable */
	PROCMIG_AREA_VVAR = 3,		/* the data pages of the vDSO */
	PROCMIG_AREA_VDSO = 4,
	PROCMIG_AREA_OPEN_FILE = 5,	/* shared, or of a file that has no name */
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
#define PROCMIG_AREA_COPY	0x10000	/* begins as a copy of the template's mapping */
#define PROCMIG_AREA_ONFAULT	0x20000	/* locked, but only what is there (MLOCK_ONFAULT) */
#define PROCMIG_AREA_FLAGS	0x3ffff

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
	__u32 description;	/* kind OPEN_FILE: number of the open file description */
	__s32 template;		/* COPY: PID of the process, which came before */
};

/*
 * PAGES and KEPT, ascending.  What lies between them in a mapping that begins as
 * a copy is not in it any more.
 */
struct procmig_memory_pages {
	__u64 start;
	__u32 pages;
	__u32 reserved;		/* PAGES: pages * 4096 bytes follow */
};

/* ---- signals ------------------------------------------------------------ */

enum procmig_signals_record {
	PROCMIG_SIGNALS_ACTIONS = 1,
	PROCMIG_SIGNALS_THREAD = 2,
	PROCMIG_SIGNALS_PENDING = 3,
	PROCMIG_SIGNALS_TIMERS = 4,
	PROCMIG_SIGNALS_POSIX_TIMER = 5, /* before those that are pending */
	PROCMIG_SIGNALS_JOB = 6,
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
	__u32 stop;		/* PROCMIG_STOP_* */
	__u32 stop_signal;	/* of the last group stop that it took part in */
};

#define PROCMIG_STOP_DUE	0x1	/* it stops instead of going on */
#define PROCMIG_STOP_COUNTED	0x2	/* and the group stop waits for it */

#define PROCMIG_JOB_STOPPED	0x1	/* the whole group is */
#define PROCMIG_JOB_CONTINUED	0x2	/* was, and the parent has not asked yet */
#define PROCMIG_JOB_TELL_STOPPED	0x4	/* the parent gets a SIGCHLD about it */
#define PROCMIG_JOB_TELL_CONTINUED	0x8

/* Job control of the process. */
struct procmig_signals_job {
	__u32 flags;		/* PROCMIG_JOB_* */
	__u32 unreported;	/* stop signal that the parent has not asked for yet */
	__u32 counted;		/* threads with PROCMIG_STOP_COUNTED */
	__u32 reserved;
};

struct procmig_signals_pending {
	__u32 signal;
	__u32 timer;		/* POSIX timer that has sent it: 1 + ID; 0: none */
	__u8 siginfo[128];	/* of the process or of the thread, as the record */
};

/* setitimer(2); remaining 0 means not armed, in nanoseconds */
struct procmig_signals_timers {
	__u64 real_remaining, real_interval;
	__u64 virtual_remaining, virtual_interval;
	__u64 prof_remaining, prof_interval;
	__u32 next_posix_timer;	/* the ID that is tried first for the next one */
	__u32 reserved;
};

enum procmig_posix_timer_state {
	PROCMIG_POSIX_TIMER_IDLE = 0,
	PROCMIG_POSIX_TIMER_RUNNING = 1,
	PROCMIG_POSIX_TIMER_WAITING = 2, /* periodic: until its signal is taken */
};

/* timer_create(2) and timer_settime(2) */
struct procmig_signals_posix_timer {
	__u32 id;
	__s32 clock;		/* clock ID; of the CPU clocks as the kernel has it */
	__u32 notify;		/* SIGEV_* */
	__u32 signal;
	__u64 value;
	__s32 thread;		/* SIGEV_THREAD_ID: its TID */
	__s32 cpu_thread;	/* clock of a thread's CPU time: its TID */
	__u32 state;		/* enum procmig_posix_timer_state */
	__u32 base;		/* expires_ns is a time of this clock, as the process sees it: */
	__s64 expires_ns;	/* REALTIME (set absolutely), BOOTTIME, MONOTONIC; CPU: what is left */
	__u64 interval_ns;
	__s64 overrun;		/* since the last signal, counted from -1 */
	__s64 overrun_last;	/* what timer_getoverrun(2) tells */
};

/* ---- task --------------------------------------------------------------- */

enum procmig_task_record {
	PROCMIG_TASK_ATTRIBUTES = 1,	/* of the process; most others: of a thread */
	PROCMIG_TASK_CREDENTIALS = 2,
	PROCMIG_TASK_REGISTERS = 3,
	PROCMIG_TASK_XSTATE = 4,
	PROCMIG_TASK_RESTART = 5,	/* a system call that carries on */
	PROCMIG_TASK_THREAD = 6,
	PROCMIG_TASK_FILTER = 7,	/* seccomp: a program, before the first thread that has it */
	PROCMIG_TASK_FILTERED = 8,	/* seccomp: which of them the thread has */
	PROCMIG_TASK_TERMINAL = 9,	/* of the process, that controls it */
	PROCMIG_TASK_ACCOUNTING = 10,	/* of the process */
};

/* As getrusage(2) and the clocks of CPU time tell it. */
struct procmig_task_usage {
	__u64 user_ns, system_ns, guest_ns;
	__u64 runtime_ns;	/* by the scheduler's clock; 0 of children */
	__u64 minor_faults, major_faults;
	__u64 voluntary_switches, involuntary_switches;
};

struct procmig_task_accounting {
	struct procmig_task_usage ended;	/* threads that have ended */
	struct procmig_task_usage children;	/* that have been waited for */
	__u64 max_rss_pages;			/* of what it was before execve(2) */
	__u64 children_max_rss_pages;
};

struct procmig_task_attributes {
	__s32 oom_score_adj;
	__u32 subreaper;	/* 1: it is one, 2: it descends from one */
	__u64 rlimit_current[16];
	__u64 rlimit_maximum[16];
};

struct procmig_task_thread {
	char comm[16];
	__u32 personality;
	__s32 nice;
	__u32 policy;		/* SCHED_* but DEADLINE, and SCHED_RESET_ON_FORK */
	__u32 priority;		/* of the real-time policies */
	__u64 timer_slack_ns;
	__u64 rseq, robust_list, clear_child_tid;
	__u32 rseq_bytes, rseq_signature;
	__u32 parent_death_signal;
	__u32 no_tsc;		/* 1: reading the time stamp counter is an error */
	__u32 seccomp;		/* SECCOMP_MODE_* */
	__u32 affinity_bytes;	/* 0: every processor; else that many bytes of mask follow */
	struct procmig_task_usage usage;
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
	__u32 login_uid, login_session;	/* of audit; ~0: none */
};

#define PROCMIG_FILTER_NONE	(~0u)
#define PROCMIG_FILTER_LOG	0x1	/* SECCOMP_FILTER_FLAG_LOG */

struct procmig_task_filter {
	__u32 number;		/* in the event, from 0 */
	__u32 previous;		/* on which it stands, or PROCMIG_FILTER_NONE */
	__u32 flags;		/* PROCMIG_FILTER_* */
	__u32 length;		/* struct sock_filter; that many follow */
};

struct procmig_task_filtered {
	__u32 number;		/* of the youngest */
	__u32 reserved;
};

struct procmig_task_terminal {
	__u32 master;		/* description of the master of a "pty" */
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
