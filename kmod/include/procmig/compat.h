/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel does not export, or does differently from one version to the
 * next.  One wrapper each; everything else is free of version checks.
 */
#ifndef _PROCMIG_COMPAT_H
#define _PROCMIG_COMPAT_H

#include <linux/path.h>
#include <linux/restart_block.h>
#include <linux/sched.h>
#include <linux/time64.h>
#include <linux/task_work.h>
#include <uapi/procmig_stream.h>

struct address_space;
struct cpumask;
struct epoll_event;
struct files_struct;
struct fsnotify_group;
struct iov_iter;
struct mm_walk_ops;
struct seccomp_filter;
struct sock_filter;
struct net;
struct sock;
struct sockaddr;
struct socket;
struct vm_area_struct;
struct k_itimer;
struct kernel_siginfo;
struct task_cputime;

/* Take queued work back; false if it has run or runs. */
bool procmig_compat_task_work_cancel(struct task_struct *task,
				     struct callback_head *work);

/* Wait until a parked task is off its CPU; false if it does not sleep yet. */
bool procmig_compat_wait_inactive(struct task_struct *task);

/* Let a task that job control has stopped run on inside the kernel. */
void procmig_compat_wake_stopped(struct task_struct *task);

/*
 * The system call that @task is in or was in last, and its first argument; -1:
 * none.  A glance, unless it is parked.
 */
long procmig_compat_call_of(struct task_struct *task, unsigned long *first);

/* The extended register state of the ptrace ABI on this machine. */
u32 procmig_compat_xstate_bytes(void);
u64 procmig_compat_xfeatures(void);

/* Walk page tables; the caller holds the mmap lock. */
int procmig_compat_walk(struct mm_struct *mm, unsigned long start,
			unsigned long end, const struct mm_walk_ops *ops,
			void *private);

/* Call @see for every mapping of @mapping, which stands still meanwhile. */
void procmig_compat_each_mapping(struct address_space *mapping,
				 void (*see)(struct vm_area_struct *vma, void *private),
				 void *private);
/*
 * Let the mapping @to, which is empty, begin as a copy-on-write copy of @from in
 * another address space, as fork(2) does it.  Both mmap locks are held for writing.
 */
int procmig_compat_fork_mapping(struct vm_area_struct *to, struct vm_area_struct *from);
/*
 * A process that has that memory, or that is forking it right now, under RCU; NULL
 * if it is being torn down.
 */
struct task_struct *procmig_compat_mm_owner(const struct mm_struct *mm);

/* The path as a task with that root sees it, or an ERR_PTR. */
char *procmig_compat_path(const struct path *path, const struct path *root,
			  char *buffer, int bytes);
/* What a task with that root and the rights of `current' calls @name, referenced. */
int procmig_compat_find_directory(const struct path *root, const char *name,
				  struct path *directory);
/* Below @top, on the same mount, and following nothing that could lead elsewhere. */
int procmig_compat_find_below(const struct path *top, const char *name,
			      struct path *directory);

/*
 * A system call by its number on `current', without what happens at the border
 * to user mode (seccomp, tracing).  Pointers are to user memory.
 */
long procmig_compat_syscall(unsigned int number, const unsigned long *arguments);
#define procmig_syscall(number, ...) \
	procmig_compat_syscall(number, (const unsigned long [6]) { __VA_ARGS__ })

/* On `current': the two ends at free descriptors. */
int procmig_compat_pipe(int fds[2], int flags);
/* F_SETPIPE_SZ, or with 0 bytes F_GETPIPE_SZ. */
long procmig_compat_pipe_size(struct file *file, unsigned long bytes);
/* With `current's root and rights. */
int procmig_compat_rename(const char *from, const char *to);
int procmig_compat_unlink(const char *path);
/* That name, if it is still one. */
void procmig_compat_unlink_at(const struct path *path);
/* Likewise of an empty directory. */
void procmig_compat_rmdir_at(const struct path *path);
/* F_GET_SEALS and F_ADD_SEALS. */
long procmig_compat_seals(struct file *file, unsigned int command, unsigned long seals);
/* On `current'. */
int procmig_compat_epoll_add(int epoll_fd, int fd, struct epoll_event *event);
/*
 * The file of the @nth of those targets that were added as descriptor @fd, not
 * referenced, or an ERR_PTR.
 */
struct file *procmig_compat_epoll_target(struct file *epoll, int fd, unsigned long nth);
/* Forget the events that an inotify instance has queued. */
void procmig_compat_notify_flush(struct fsnotify_group *group);

/*
 * The next descriptor of @task from *@fd on and its file, under RCU.  Unused numbers
 * between them, which may be a million, are not looked at one by one.
 */
struct file *procmig_compat_next_file(struct task_struct *task, unsigned int *fd);
/* On `current'. */
int procmig_compat_replace_fd(unsigned int fd, struct file *file, unsigned int flags);
/*
 * Give all threads of `current', which stand still, what @with has: CLONE_FILES
 * and CLONE_FS of clone(2).
 */
void procmig_compat_share_descriptors(struct task_struct *with);
void procmig_compat_share_directories(struct task_struct *with);
/*
 * Let `current' have the descriptors of @of, which stands still, instead of its own
 * until it leaves with what it was given; NULL: @of has none any more.
 */
struct files_struct *procmig_compat_enter_descriptors(struct task_struct *of);
void procmig_compat_leave_descriptors(struct files_struct *own);
void procmig_compat_set_pwd(const struct path *path);
void procmig_compat_set_root(const struct path *path);
int procmig_compat_mprotect(unsigned long start, size_t bytes, unsigned long prot);
/* @flags: as of mlock2(2) */
int procmig_compat_mlock(unsigned long start, size_t bytes, int flags);
int procmig_compat_madvise(unsigned long start, size_t bytes, int advice);
/* Where mappings of ordinary processes begin (vm.mmap_min_addr). */
unsigned long procmig_compat_lowest_address(void);
int procmig_compat_set_exe(struct file *file);
int procmig_compat_map_vdso(unsigned long address);

/* Bytes from the first data page to the end of the vDSO; hash of its image. */
unsigned long procmig_compat_vdso_bytes(void);
u64 procmig_compat_vdso_hash(void);

/* Of `current' or of a task that is parked: it cannot go away. */
struct sighand_struct *procmig_compat_sighand(struct task_struct *task);

int procmig_compat_send_signal(int signal, struct kernel_siginfo *info,
			       struct task_struct *task, bool shared);
void procmig_compat_set_comm(struct task_struct *task, const char *comm);
/* On `current': also counts it to its new user. */
int procmig_compat_set_uids(u32 real, u32 effective, u32 saved);
int procmig_compat_set_policy(struct task_struct *task, int policy, int priority);

/* True: @task is bound to the processors of @mask, of those its control group allows. */
bool procmig_compat_affinity(struct task_struct *task, struct cpumask *mask);
/* Bind `current'; -EINVAL if it may use none of them. */
int procmig_compat_set_affinity(const struct cpumask *mask);

/*
 * Make @parent, or init for NULL, the parent of the whole thread group of @leader;
 * neither can go away, nor can @parent reap it.
 */
void procmig_compat_reparent(struct task_struct *leader, struct task_struct *parent);
/*
 * The children of @leader's threads in the order of their birth, referenced as
 * far as they fit into @room.  Returns how many there are.
 */
unsigned int procmig_compat_children(struct task_struct *leader,
				     struct task_struct **children, unsigned int room);
/* The place of a process whose task cannot go away. */
void procmig_compat_set_relations(struct task_struct *leader, struct pid *group,
				  struct pid *session, int exit_signal);
/* What its parent will be told about a zombie. */
void procmig_compat_set_exit_code(struct task_struct *zombie, int code);

/* ITIMER_VIRTUAL and ITIMER_PROF of `current', in CPU time; 0 disarms. */
void procmig_compat_set_cpu_timer(unsigned int clock, u64 remaining_ns, u64 interval_ns);
/* Remaining CPU time of the timer, 0 if it is not armed. */
u64 procmig_compat_get_cpu_timer(struct task_struct *task, unsigned int clock,
				 u64 *interval_ns);

/* On `current': watch over RLIMIT_CPU, which has been set. */
void procmig_compat_watch_cpu_limit(void);

/* A POSIX timer at one instant. */
struct procmig_compat_timer {
	u32 id;
	clockid_t clock;
	u32 notify, signal;
	u64 value;
	pid_t thread;		/* SIGEV_THREAD_ID, else 0; -1: it has ended */
	pid_t cpu_thread;	/* clock of a thread, else 0; -1: it has ended */
	enum procmig_posix_timer_state state;
	bool queued;		/* its signal is pending */
	clockid_t base;		/* the clock that it runs by */
	s64 left_ns;		/* by that clock, until it expires; not of an idle one */
	u64 interval_ns;
	s64 overrun, overrun_last;
};

/*
 * Call @visit with every POSIX timer of @task's process in the order of their
 * making, until it does not return 0.  The caller holds siglock, or the process
 * is parked.
 */
int procmig_compat_each_timer(struct task_struct *task,
			      int (*visit)(struct k_itimer *timer, void *context),
			      void *context);
/* Under siglock: what does not change in a timer's life; false if it is busy. */
bool procmig_compat_timer_glance(struct k_itimer *timer, struct procmig_compat_timer *is);
/* All of it; the process is parked, and siglock not held. */
void procmig_compat_timer_read(struct k_itimer *timer, struct task_struct *task,
			       struct procmig_compat_timer *is);

/* The ID that the process's next timer is given unless it is taken. */
u32 procmig_compat_next_timer(struct task_struct *task);
void procmig_compat_set_next_timer(u32 id);
/* On `current': the timer that it has made last. */
struct k_itimer *procmig_compat_last_timer(void);
/* The clock ID that the kernel tells, for one that means the same. */
void procmig_compat_timer_set_clock(struct k_itimer *timer, clockid_t clock);
/*
 * On `current', once per timer; cannot fail.  @expires is by the timer's base
 * clock, without the offset of a time namespace; of a CPU timer what is left.
 */
void procmig_compat_timer_start(struct k_itimer *timer,
				const struct procmig_compat_timer *wanted, s64 expires);
/* Let the signal of a timer be pending that is or will be as @wanted. */
void procmig_compat_timer_queue(struct k_itimer *timer,
				const struct procmig_compat_timer *wanted, int overrun);

/* posix_timers.c to compat.c */
int procmig_compat_timer_set(struct k_itimer *timer, int flags,
			     struct itimerspec64 *setting);
int procmig_compat_timer_send(struct k_itimer *timer, struct pid *pid, bool shared);
void procmig_compat_cputime(struct task_struct *task, struct task_cputime *times);

/* Which system call carries on through @block, PROCMIG_RESTART_NONE if unknown. */
enum procmig_restart_kind
procmig_compat_restart_kind(const struct restart_block *block);
/* Let @block carry on as @kind. */
void procmig_compat_set_restart(struct restart_block *block,
				enum procmig_restart_kind kind);

/* Hand the first segment of a page iterator to a socket without a copy. */
int procmig_compat_send_pages(struct socket *socket, const struct iov_iter *pages);

/* A netlink socket; options are PROCMIG_NETLINK_*. */
struct procmig_netlink {
	u32 port;		/* 0: not bound */
	u32 peer_port, peer_group;
	u32 options;
	u32 subscriptions;	/* groups that it hears */
	bool dumping;		/* the kernel has more of an answer than it has put in the queue */
};

/* False: it has another shape than those known here. */
bool procmig_compat_netlink(struct sock *sk, struct procmig_netlink *socket);
/* netlink.c to compat.c: find out which; without that no such socket is known. */
void procmig_compat_netlink_learn(void);

/* One filter of seccomp; what it stands on applies as well. */
struct procmig_filter {
	struct seccomp_filter *previous;
	const struct sock_filter *program;	/* NULL: the kernel has not kept it */
	u16 length;
	bool log;
	bool listened;				/* by a supervisor in user mode */
};

/*
 * Look at a filter that cannot go away.  -EFAULT: this kernel keeps filters in
 * another way; that it does not is certain only if the length is the one of
 * procmig_compat_filter_length(), which tells it of the nth filter of a task that
 * stands still, from the oldest on.
 */
int procmig_compat_filter(const struct seccomp_filter *filter, struct procmig_filter *seen);
long procmig_compat_filter_length(struct task_struct *task, unsigned long nth);
/* References like those of a task that has the filter. */
void procmig_compat_filter_get(struct seccomp_filter *filter);
void procmig_compat_filter_put(struct seccomp_filter *filter);
/* On `current': what the kernel does against speculation in confined tasks. */
void procmig_compat_mitigate(void);

/* getsockopt(2) of SOL_IP and SOL_IPV6, of an option whose value is a number. */
int procmig_compat_get_option(struct sock *sk, int level, int option, int *value);
/*
 * Whether @is says yes to a TCP or UDP socket that has the port of @sk; called
 * under the lock of that port, for @sk, too.
 */
bool procmig_compat_port_has(struct sock *sk, bool (*is)(struct sock *other, void *data),
			     void *data);
/* Let the next one who wants the port of a TCP socket be checked thoroughly. */
void procmig_compat_forget_port(struct sock *sk);
/*
 * The TCP socket, of whatever sort, that a segment between those addresses would
 * come to if it is connected, or NULL; to be put by sock_gen_put().  If it came through the
 * device with that index, or else through another one.
 */
struct sock *procmig_compat_tcp_find(struct net *net, int device, const struct sockaddr *from,
				     const struct sockaddr *to);
/* What timestamps of TCP count, without the offset that each socket has. */
u32 procmig_compat_tcp_clock(void);

int procmig_compat_init(void);

#endif /* _PROCMIG_COMPAT_H */
