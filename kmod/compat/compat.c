// SPDX-License-Identifier: GPL-2.0-only
#include <linux/binfmts.h>
#include <linux/fdtable.h>
#include <linux/bvec.h>
#include <linux/file.h>
#include <linux/filter.h>
#include <linux/fs_struct.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/net.h>
#include <linux/pagewalk.h>
#include <linux/pid_namespace.h>
#include <linux/posix-timers.h>
#include <linux/regset.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/seccomp.h>
#include <linux/security.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/eventpoll.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/tcp.h>
#include <net/udp.h>
#include <uapi/linux/sched/types.h>
#include <asm/tlbflush.h>
#include <asm/vdso.h>
#include <asm/fpu/xcr.h>
#include <procmig/compat.h>

#include "symbols.h"

#define DECLARE_FUNCTION(type, name, ...) typeof(type(__VA_ARGS__)) *name;
#define DECLARE_DATA(type, name) type * name;

static struct {
	PROCMIG_SYMBOLS(DECLARE_FUNCTION, DECLARE_DATA)
} sym __ro_after_init;

#define NAME_FUNCTION(type, name, ...) { #name, (void **)&sym.name },
#define NAME_DATA(type, name) { #name, (void **)&sym.name },

struct symbol {
	const char *name;
	void **address;
};

static const struct symbol table[] __initconst = {
	PROCMIG_SYMBOLS(NAME_FUNCTION, NAME_DATA)
};

/* kallsyms_lookup_name() itself is not exported; a probe on it tells where it is. */
static unsigned long (*__init find_lookup(void))(const char *name)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	void *lookup;

	if (register_kprobe(&probe))
		return NULL;
	lookup = probe.addr;
	unregister_kprobe(&probe);
	return lookup;
}

int __init procmig_compat_init(void)
{
	unsigned long (*lookup)(const char *name) = find_lookup();
	unsigned int i, missing = 0;

	if (!lookup) {
		pr_err("procmig: this kernel has no kallsyms_lookup_name to probe; it needs CONFIG_KPROBES and CONFIG_KALLSYMS_ALL\n");
		return -EOPNOTSUPP;
	}
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		*table[i].address = (void *)lookup(table[i].name);
		if (!*table[i].address) {
			pr_err("procmig: this kernel has no symbol %s\n", table[i].name);
			missing++;
		}
	}
	if (missing)
		return -EOPNOTSUPP;
	procmig_compat_netlink_learn();
	return 0;
}

/* ---- tasks --------------------------------------------------------------- */

bool procmig_compat_task_work_cancel(struct task_struct *task,
				     struct callback_head *work)
{
	return sym.task_work_cancel(task, work);
}

void procmig_compat_wake_stopped(struct task_struct *task)
{
	sym.wake_up_state(task, __TASK_STOPPED);
}

bool procmig_compat_wait_inactive(struct task_struct *task)
{
	return sym.wait_task_inactive(task, TASK_KILLABLE) != 0;
}

long procmig_compat_call_of(struct task_struct *task, unsigned long *first)
{
	const struct pt_regs *regs;
	long call;

	if (!try_get_task_stack(task))
		return -1;
	regs = task_pt_regs(task);
	call = READ_ONCE(regs->orig_ax);
	*first = READ_ONCE(regs->di);
	sym.put_task_stack(task);
	return call;
}
EXPORT_SYMBOL_GPL(procmig_compat_call_of);

static const struct user_regset *xstate_regset(void)
{
	const struct user_regset_view *view = task_user_regset_view(current);
	unsigned int i;

	for (i = 0; i < view->n; i++)
		if (view->regsets[i].core_note_type == NT_X86_XSTATE)
			return &view->regsets[i];
	return NULL;
}

u32 procmig_compat_xstate_bytes(void)
{
	const struct user_regset *regset = xstate_regset();

	return regset ? regset->n * regset->size : 0;
}
EXPORT_SYMBOL_GPL(procmig_compat_xstate_bytes);

u64 procmig_compat_xfeatures(void)
{
	return boot_cpu_has(X86_FEATURE_OSXSAVE) ? xgetbv(XCR_XFEATURE_ENABLED_MASK) : 0;
}

void procmig_compat_set_comm(struct task_struct *task, const char *comm)
{
	sym.__set_task_comm(task, comm, false);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_comm);

int procmig_compat_set_policy(struct task_struct *task, int policy, int priority)
{
	const struct sched_param param = { .sched_priority = priority };

	return sym.sched_setscheduler_nocheck(task, policy, &param);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_policy);

bool procmig_compat_affinity(struct task_struct *task, struct cpumask *mask)
{
	bool bound;

	sym.cpuset_cpus_allowed(task, mask);
	bound = !cpumask_subset(mask, &task->cpus_mask);
	cpumask_and(mask, mask, &task->cpus_mask);
	return bound;
}
EXPORT_SYMBOL_GPL(procmig_compat_affinity);

int procmig_compat_set_affinity(const struct cpumask *mask)
{
	return sym.sched_setaffinity(0, mask);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_affinity);

int procmig_compat_set_uids(u32 real, u32 effective, u32 saved)
{
	return sym.__sys_setresuid(real, effective, saved);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_uids);

void procmig_compat_reparent(struct task_struct *leader, struct task_struct *parent)
{
	struct task_struct *thread;

	if (!parent)
		parent = task_active_pid_ns(leader)->child_reaper;

	write_lock_irq(sym.tasklist_lock);
	for_each_thread(leader, thread) {
		rcu_assign_pointer(thread->real_parent, parent);
		rcu_assign_pointer(thread->parent, parent);
		thread->parent_exec_id = parent->self_exec_id;
	}
	leader->exit_signal = SIGCHLD;
	list_move_tail(&leader->sibling, &parent->children);
	write_unlock_irq(sym.tasklist_lock);
}

unsigned int procmig_compat_children(struct task_struct *leader,
				     struct task_struct **children, unsigned int room)
{
	struct task_struct *thread, *child;
	unsigned int count = 0;

	read_lock(sym.tasklist_lock);
	for_each_thread(leader, thread)
		list_for_each_entry(child, &thread->children, sibling)
			if (count++ < room)
				children[count - 1] = get_task_struct(child);
	read_unlock(sym.tasklist_lock);
	return count;
}

void procmig_compat_set_relations(struct task_struct *leader, struct pid *group,
				  struct pid *session, int exit_signal)
{
	write_lock_irq(sym.tasklist_lock);
	if (leader->signal) {
		if (task_session(leader) != session)
			sym.change_pid(leader, PIDTYPE_SID, session);
		if (task_pgrp(leader) != group)
			sym.change_pid(leader, PIDTYPE_PGID, group);
		leader->signal->leader = session == task_pid(leader);
		leader->exit_signal = exit_signal;
	}
	write_unlock_irq(sym.tasklist_lock);
}

void procmig_compat_set_exit_code(struct task_struct *zombie, int code)
{
	write_lock_irq(sym.tasklist_lock);
	zombie->exit_code = code;
	zombie->signal->group_exit_code = code;
	write_unlock_irq(sym.tasklist_lock);
}

/* ---- memory -------------------------------------------------------------- */

int procmig_compat_walk(struct mm_struct *mm, unsigned long start,
			unsigned long end, const struct mm_walk_ops *ops,
			void *private)
{
	return sym.walk_page_range(mm, start, end, ops, private);
}
EXPORT_SYMBOL_GPL(procmig_compat_walk);

int procmig_compat_mprotect(unsigned long start, size_t bytes, unsigned long prot)
{
	const struct pt_regs regs = { .di = start, .si = bytes, .dx = prot };

	return sym.__x64_sys_mprotect(&regs);
}
EXPORT_SYMBOL_GPL(procmig_compat_mprotect);

int procmig_compat_mlock(unsigned long start, size_t bytes, int flags)
{
	const struct pt_regs regs = { .di = start, .si = bytes, .dx = flags };

	return sym.__x64_sys_mlock2(&regs);
}
EXPORT_SYMBOL_GPL(procmig_compat_mlock);

int procmig_compat_madvise(unsigned long start, size_t bytes, int advice)
{
	return sym.do_madvise(current->mm, start, bytes, advice);
}
EXPORT_SYMBOL_GPL(procmig_compat_madvise);

int procmig_compat_set_exe(struct file *file)
{
	return sym.replace_mm_exe_file(current->mm, file);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_exe);

unsigned long procmig_compat_lowest_address(void)
{
	return READ_ONCE(*sym.mmap_min_addr);
}
EXPORT_SYMBOL_GPL(procmig_compat_lowest_address);

int procmig_compat_map_vdso(unsigned long address)
{
	return sym.map_vdso_once(sym.vdso_image_64, address);
}
EXPORT_SYMBOL_GPL(procmig_compat_map_vdso);

unsigned long procmig_compat_vdso_bytes(void)
{
	return sym.vdso_image_64->size - sym.vdso_image_64->sym_vvar_start;
}
EXPORT_SYMBOL_GPL(procmig_compat_vdso_bytes);

/*
 * FNV-1a: a program may have pointers into the vDSO, so the target's must be
 * the same bytes; this is a check against accident, not against malice.
 */
u64 procmig_compat_vdso_hash(void)
{
	const struct vdso_image *image = sym.vdso_image_64;
	const u8 *byte = image->data;
	u64 hash = 0xcbf29ce484222325ULL;
	unsigned long i;

	for (i = 0; i < image->size; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3ULL;
	return hash;
}
EXPORT_SYMBOL_GPL(procmig_compat_vdso_hash);

/* ---- system calls --------------------------------------------------------- */

long procmig_compat_syscall(unsigned int number, const unsigned long *arguments)
{
	const struct pt_regs regs = {
		.orig_ax = number,
		.di = arguments[0],
		.si = arguments[1],
		.dx = arguments[2],
		.r10 = arguments[3],
		.r8 = arguments[4],
		.r9 = arguments[5],
	};

	return sym.x64_sys_call(&regs, number);
}
EXPORT_SYMBOL_GPL(procmig_compat_syscall);

/* ---- sockets -------------------------------------------------------------- */

int procmig_compat_send_pages(struct socket *socket, const struct iov_iter *pages)
{
	const struct bio_vec *segment = pages->bvec;
	size_t bytes = segment->bv_len - pages->iov_offset;
	int flags = MSG_NOSIGNAL;

	if (iov_iter_count(pages) > bytes)
		flags |= MSG_MORE | MSG_SENDPAGE_NOTLAST;
	return kernel_sendpage(socket, segment->bv_page,
			       segment->bv_offset + pages->iov_offset,
			       min(bytes, iov_iter_count(pages)), flags);
}
EXPORT_SYMBOL_GPL(procmig_compat_send_pages);

int procmig_compat_get_option(struct sock *sk, int level, int option, int *value)
{
	int bytes = sizeof(*value);

	if (level == SOL_IP)
		return sym.do_ip_getsockopt(sk, level, option, KERNEL_SOCKPTR(value),
					    KERNEL_SOCKPTR(&bytes));
	return sym.do_ipv6_getsockopt(sk, level, option, KERNEL_SOCKPTR(value),
				      KERNEL_SOCKPTR(&bytes));
}
EXPORT_SYMBOL_GPL(procmig_compat_get_option);

static bool tcp_port_has(struct sock *sk, bool (*is)(struct sock *other, void *data),
			 void *data)
{
	struct inet_hashinfo *info = tcp_or_dccp_get_hashinfo(sk);
	unsigned short port = inet_sk(sk)->inet_num;
	struct inet_bind_hashbucket *head;
	struct inet_bind_bucket *bucket;
	struct sock *other;
	bool has = false;

	head = &info->bhash[inet_bhashfn(sock_net(sk), port, info->bhash_size)];
	spin_lock_bh(&head->lock);
	bucket = inet_csk(sk)->icsk_bind_hash;
	if (bucket)
		sk_for_each_bound(other, &bucket->owners)
			has = has || is(other, data);
	spin_unlock_bh(&head->lock);
	return has;
}

static bool udp_port_has(struct sock *sk, bool (*is)(struct sock *other, void *data),
			 void *data)
{
	unsigned short port = inet_sk(sk)->inet_num;
	struct udp_hslot *slot = udp_hashslot(&udp_table, sock_net(sk), port);
	struct sock *other;
	bool has = false;

	spin_lock_bh(&slot->lock);
	sk_for_each(other, &slot->head)
		if (net_eq(sock_net(other), sock_net(sk)) &&
		    udp_sk(other)->udp_port_hash == port)
			has = has || is(other, data);
	spin_unlock_bh(&slot->lock);
	return has;
}

bool procmig_compat_port_has(struct sock *sk, bool (*is)(struct sock *other, void *data),
			     void *data)
{
	return sk->sk_protocol == IPPROTO_TCP ? tcp_port_has(sk, is, data) :
						udp_port_has(sk, is, data);
}
EXPORT_SYMBOL_GPL(procmig_compat_port_has);

void procmig_compat_forget_port(struct sock *sk)
{
	struct inet_hashinfo *info = tcp_or_dccp_get_hashinfo(sk);
	struct inet_bind_hashbucket *head;
	struct inet_bind_bucket *bucket;

	head = &info->bhash[inet_bhashfn(sock_net(sk), inet_sk(sk)->inet_num,
					 info->bhash_size)];
	spin_lock_bh(&head->lock);
	bucket = inet_csk(sk)->icsk_bind_hash;
	if (bucket) {
		bucket->fastreuse = 0;
		bucket->fastreuseport = 0;
	}
	spin_unlock_bh(&head->lock);
}
EXPORT_SYMBOL_GPL(procmig_compat_forget_port);

/* Under RCU. */
static struct sock *tcp_find_through(struct net *net, int device, const struct sockaddr *from,
				     const struct sockaddr *to)
{
	struct inet_hashinfo *info = net->ipv4.tcp_death_row.hashinfo;
	const struct sockaddr_in6 *from6 = (const void *)from, *to6 = (const void *)to;
	const struct sockaddr_in *from4 = (const void *)from, *to4 = (const void *)to;
	__be32 from_address = from4->sin_addr.s_addr, to_address = to4->sin_addr.s_addr;

	if (from->sa_family == AF_INET6) {
		from_address = from6->sin6_addr.s6_addr32[3];
		to_address = to6->sin6_addr.s6_addr32[3];
	}
	/* The ports are at the same place in both. */
	if (from->sa_family == AF_INET6 && !ipv6_addr_v4mapped(&from6->sin6_addr))
		return __inet6_lookup_established(net, info, &from6->sin6_addr, from6->sin6_port,
						  &to6->sin6_addr, ntohs(to6->sin6_port),
						  device, 0);
	return __inet_lookup_established(net, info, from_address, from4->sin_port, to_address,
					 ntohs(to4->sin_port), device, 0);
}

struct sock *procmig_compat_tcp_find(struct net *net, int device, const struct sockaddr *from,
				     const struct sockaddr *to)
{
	struct net_device *other;
	struct sock *sk;

	rcu_read_lock();
	sk = tcp_find_through(net, device, from, to);
	for_each_netdev_rcu(net, other) {
		if (sk)
			break;
		sk = tcp_find_through(net, other->ifindex, from, to);
	}
	rcu_read_unlock();
	return sk;
}
EXPORT_SYMBOL_GPL(procmig_compat_tcp_find);

u32 procmig_compat_tcp_clock(void)
{
	return tcp_time_stamp_raw();
}
EXPORT_SYMBOL_GPL(procmig_compat_tcp_clock);

/* ---- files --------------------------------------------------------------- */

void procmig_compat_each_mapping(struct address_space *mapping,
				 void (*see)(struct vm_area_struct *vma, void *private),
				 void *private)
{
	struct vm_area_struct *vma;

	i_mmap_lock_read(mapping);
	for (vma = sym.vma_interval_tree_iter_first(&mapping->i_mmap, 0, ULONG_MAX); vma;
	     vma = sym.vma_interval_tree_iter_next(vma, 0, ULONG_MAX))
		see(vma, private);
	i_mmap_unlock_read(mapping);
}
EXPORT_SYMBOL_GPL(procmig_compat_each_mapping);

int procmig_compat_fork_mapping(struct vm_area_struct *to, struct vm_area_struct *from)
{
	int ret = sym.anon_vma_fork(to, from);

	if (!ret)
		ret = sym.copy_page_range(to, from);
	/* Where it could be written it must now be copied first. */
	sym.flush_tlb_mm_range(from->vm_mm, 0, TLB_FLUSH_ALL, 0, true);
	return ret;
}
EXPORT_SYMBOL_GPL(procmig_compat_fork_mapping);

struct task_struct *procmig_compat_mm_owner(const struct mm_struct *mm)
{
	struct task_struct *owner = rcu_dereference(mm->owner);

	/*
	 * One that fork(2) still makes has the number of the thread that calls it,
	 * and not yet a parent of its own.
	 */
	return owner ? pid_task(READ_ONCE(owner->thread_pid), PIDTYPE_PID) ?: owner : NULL;
}
EXPORT_SYMBOL_GPL(procmig_compat_mm_owner);

char *procmig_compat_path(const struct path *path, const struct path *root,
			  char *buffer, int bytes)
{
	char *text = sym.__d_path(path, root, buffer, bytes);

	return text ?: ERR_PTR(-EXDEV);
}
EXPORT_SYMBOL_GPL(procmig_compat_path);

int procmig_compat_find_directory(const struct path *root, const char *name,
				  struct path *directory)
{
	return sym.vfs_path_lookup(root->dentry, root->mnt, name,
				   LOOKUP_FOLLOW | LOOKUP_DIRECTORY, directory);
}
EXPORT_SYMBOL_GPL(procmig_compat_find_directory);

int procmig_compat_find_below(const struct path *top, const char *name, struct path *directory)
{
	return sym.vfs_path_lookup(top->dentry, top->mnt, name,
				   LOOKUP_DIRECTORY | LOOKUP_NO_SYMLINKS | LOOKUP_BENEATH |
				   LOOKUP_NO_XDEV, directory);
}
EXPORT_SYMBOL_GPL(procmig_compat_find_below);

struct file *procmig_compat_next_file(struct task_struct *task, unsigned int *fd)
{
	struct files_struct *files;
	struct fdtable *table;
	struct file *file = NULL;

	task_lock(task);
	files = task->files;
	table = files ? files_fdtable(files) : NULL;
	for (; table; ++*fd) {
		*fd = find_next_bit(table->open_fds, table->max_fds, *fd);
		if (*fd >= table->max_fds)
			break;
		file = files_lookup_fd_raw(files, *fd);
		if (file)
			break;
	}
	task_unlock(task);
	return file;
}
EXPORT_SYMBOL_GPL(procmig_compat_next_file);

int procmig_compat_replace_fd(unsigned int fd, struct file *file, unsigned int flags)
{
	return sym.replace_fd(fd, file, flags);
}
EXPORT_SYMBOL_GPL(procmig_compat_replace_fd);

/* The table that one thread had; to be put outside of all locks. */
static struct files_struct *exchange_files(struct task_struct *thread,
					   struct files_struct *files)
{
	atomic_inc(&files->count);
	task_lock(thread);
	swap(thread->files, files);
	task_unlock(thread);
	return files;
}

void procmig_compat_share_descriptors(struct task_struct *with)
{
	struct task_struct *thread = current;

	/* Threads neither come nor go: they are parked in the kernel. */
	do
		sym.put_files_struct(exchange_files(thread, with->files));
	while_each_thread(current, thread);
}
EXPORT_SYMBOL_GPL(procmig_compat_share_descriptors);

struct files_struct *procmig_compat_enter_descriptors(struct task_struct *of)
{
	struct files_struct *theirs, *own = NULL;

	/* It may be killed, and has none then. */
	task_lock(of);
	theirs = of->files;
	if (theirs)
		atomic_inc(&theirs->count);
	task_unlock(of);
	if (theirs) {
		own = exchange_files(current, theirs);
		sym.put_files_struct(theirs);
	}
	return own;
}
EXPORT_SYMBOL_GPL(procmig_compat_enter_descriptors);

void procmig_compat_leave_descriptors(struct files_struct *own)
{
	sym.put_files_struct(exchange_files(current, own));
	sym.put_files_struct(own);
}
EXPORT_SYMBOL_GPL(procmig_compat_leave_descriptors);

/* Returns whether @fs has no user any more. */
static bool leave_fs(struct fs_struct *fs)
{
	bool last;

	spin_lock(&fs->lock);
	last = !--fs->users;
	spin_unlock(&fs->lock);
	return last;
}

void procmig_compat_share_directories(struct task_struct *with)
{
	struct task_struct *thread = current;
	struct fs_struct *fs;

	do {
		fs = with->fs;
		spin_lock(&fs->lock);
		fs->users++;
		spin_unlock(&fs->lock);
		task_lock(thread);
		swap(thread->fs, fs);
		task_unlock(thread);
		if (leave_fs(fs))
			sym.free_fs_struct(fs);
	} while_each_thread(current, thread);
}
EXPORT_SYMBOL_GPL(procmig_compat_share_directories);

void procmig_compat_set_pwd(const struct path *path)
{
	sym.set_fs_pwd(current->fs, path);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_pwd);

void procmig_compat_set_root(const struct path *path)
{
	sym.set_fs_root(current->fs, path);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_root);

int procmig_compat_pipe(int fds[2], int flags)
{
	return sym.do_pipe_flags(fds, flags);
}
EXPORT_SYMBOL_GPL(procmig_compat_pipe);

long procmig_compat_pipe_size(struct file *file, unsigned long bytes)
{
	return sym.pipe_fcntl(file, bytes ? F_SETPIPE_SZ : F_GETPIPE_SZ, bytes);
}
EXPORT_SYMBOL_GPL(procmig_compat_pipe_size);

long procmig_compat_seals(struct file *file, unsigned int command, unsigned long seals)
{
	return sym.memfd_fcntl(file, command, seals);
}
EXPORT_SYMBOL_GPL(procmig_compat_seals);

int procmig_compat_rename(const char *from, const char *to)
{
	return sym.do_renameat2(AT_FDCWD, getname_kernel(from), AT_FDCWD,
				getname_kernel(to), 0);
}
EXPORT_SYMBOL_GPL(procmig_compat_rename);

int procmig_compat_unlink(const char *path)
{
	return sym.do_unlinkat(AT_FDCWD, getname_kernel(path));
}
EXPORT_SYMBOL_GPL(procmig_compat_unlink);

static int remove_directory(struct user_namespace *users, struct inode *parent,
			    struct dentry *dentry, struct inode **delegated)
{
	return vfs_rmdir(users, parent, dentry);
}

static void remove_name(const struct path *path,
			int (*remove)(struct user_namespace *users, struct inode *parent,
				      struct dentry *dentry, struct inode **delegated))
{
	struct dentry *dentry = path->dentry, *parent;

	if (mnt_want_write(path->mnt))
		return;
	/* Of one that nobody else holds the open file would lose its inode. */
	dget(dentry);
	parent = dget_parent(dentry);
	inode_lock_nested(d_inode(parent), I_MUTEX_PARENT);
	if (!d_unlinked(dentry))
		remove(mnt_user_ns(path->mnt), d_inode(parent), dentry, NULL);
	inode_unlock(d_inode(parent));
	dput(parent);
	dput(dentry);
	mnt_drop_write(path->mnt);
}

void procmig_compat_unlink_at(const struct path *path)
{
	remove_name(path, vfs_unlink);
}
EXPORT_SYMBOL_GPL(procmig_compat_unlink_at);

void procmig_compat_rmdir_at(const struct path *path)
{
	remove_name(path, remove_directory);
}
EXPORT_SYMBOL_GPL(procmig_compat_rmdir_at);

int procmig_compat_epoll_add(int epoll_fd, int fd, struct epoll_event *event)
{
	return sym.do_epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, event, false);
}
EXPORT_SYMBOL_GPL(procmig_compat_epoll_add);

struct file *procmig_compat_epoll_target(struct file *epoll, int fd, unsigned long nth)
{
	return sym.get_epoll_tfile_raw_ptr(epoll, fd, nth);
}
EXPORT_SYMBOL_GPL(procmig_compat_epoll_target);

void procmig_compat_notify_flush(struct fsnotify_group *group)
{
	sym.fsnotify_flush_notify(group);
}
EXPORT_SYMBOL_GPL(procmig_compat_notify_flush);

/* ---- signals and timers -------------------------------------------------- */

int procmig_compat_send_signal(int signal, struct kernel_siginfo *info,
			       struct task_struct *task, bool shared)
{
	return sym.do_send_sig_info(signal, info, task,
				    shared ? PIDTYPE_TGID : PIDTYPE_PID);
}
EXPORT_SYMBOL_GPL(procmig_compat_send_signal);

struct sighand_struct *procmig_compat_sighand(struct task_struct *task)
{
	return rcu_dereference_protected(task->sighand, true);
}
EXPORT_SYMBOL_GPL(procmig_compat_sighand);

void procmig_compat_set_cpu_timer(unsigned int clock, u64 remaining_ns, u64 interval_ns)
{
	struct cpu_itimer *it = &current->signal->it[clock];
	u64 remaining = remaining_ns, before;

	spin_lock_irq(&procmig_compat_sighand(current)->siglock);
	before = it->expires;
	if (remaining || before)
		sym.set_process_cpu_timer(current, clock, &remaining, &before);
	it->expires = remaining;
	it->incr = interval_ns;
	spin_unlock_irq(&procmig_compat_sighand(current)->siglock);
}
EXPORT_SYMBOL_GPL(procmig_compat_set_cpu_timer);

u64 procmig_compat_get_cpu_timer(struct task_struct *task, unsigned int clock,
				 u64 *interval_ns)
{
	struct cpu_itimer *it = &task->signal->it[clock];
	u64 samples[CPUCLOCK_MAX], remaining;

	spin_lock_irq(&procmig_compat_sighand(task)->siglock);
	remaining = it->expires;
	*interval_ns = it->incr;
	if (remaining) {
		sym.thread_group_sample_cputime(task, samples);
		remaining = remaining > samples[clock] ?
			    remaining - samples[clock] : TICK_NSEC;
	}
	spin_unlock_irq(&procmig_compat_sighand(task)->siglock);
	return remaining;
}
EXPORT_SYMBOL_GPL(procmig_compat_get_cpu_timer);

void procmig_compat_watch_cpu_limit(void)
{
	unsigned long seconds = rlimit(RLIMIT_CPU);
	u64 limit = seconds * NSEC_PER_SEC;

	if (seconds == RLIM_INFINITY)
		return;
	spin_lock_irq(&procmig_compat_sighand(current)->siglock);
	sym.set_process_cpu_timer(current, CPUCLOCK_PROF, &limit, NULL);
	spin_unlock_irq(&procmig_compat_sighand(current)->siglock);
}
EXPORT_SYMBOL_GPL(procmig_compat_watch_cpu_limit);

int procmig_compat_timer_set(struct k_itimer *timer, int flags,
			     struct itimerspec64 *setting)
{
	return timer->it_clock < 0 ? sym.posix_cpu_timer_set(timer, flags, setting, NULL) :
				     sym.common_timer_set(timer, flags, setting, NULL);
}

int procmig_compat_timer_send(struct k_itimer *timer, struct pid *pid, bool shared)
{
	return sym.send_sigqueue(timer->sigq, pid, shared ? PIDTYPE_TGID : PIDTYPE_PID);
}

void procmig_compat_cputime(struct task_struct *task, struct task_cputime *times)
{
	sym.thread_group_cputime(task, times);
}

enum procmig_restart_kind
procmig_compat_restart_kind(const struct restart_block *block)
{
	if (block->fn == sym.hrtimer_nanosleep_restart)
		return PROCMIG_RESTART_NANOSLEEP;
	if (block->fn == sym.do_restart_poll)
		return PROCMIG_RESTART_POLL;
	if (block->fn == sym.futex_wait_restart)
		return PROCMIG_RESTART_FUTEX;
	return PROCMIG_RESTART_NONE;
}
EXPORT_SYMBOL_GPL(procmig_compat_restart_kind);

void procmig_compat_set_restart(struct restart_block *block,
				enum procmig_restart_kind kind)
{
	switch (kind) {
	case PROCMIG_RESTART_NANOSLEEP:
		block->fn = sym.hrtimer_nanosleep_restart;
		break;
	case PROCMIG_RESTART_POLL:
		block->fn = sym.do_restart_poll;
		break;
	case PROCMIG_RESTART_FUTEX:
		block->fn = sym.futex_wait_restart;
		break;
	case PROCMIG_RESTART_NONE:
		block->fn = sym.do_no_restart_syscall;
		break;
	}
}
EXPORT_SYMBOL_GPL(procmig_compat_set_restart);

/* ---- seccomp ------------------------------------------------------------- */

/* As kernel/seccomp.c has kept a filter since 5.19, up to what is looked at. */
struct filter_head {
	refcount_t refs;
	refcount_t users;
	bool log;
	bool wait_killable_recv;
	struct {
		DECLARE_BITMAP(allow_native, SECCOMP_ARCH_NATIVE_NR);
#ifdef SECCOMP_ARCH_COMPAT
		DECLARE_BITMAP(allow_compat, SECCOMP_ARCH_COMPAT_NR);
#endif
	} cache;
	struct seccomp_filter *prev;
	struct bpf_prog *prog;
	void *notif;
};

/* Every step may fail: with another layout these are no addresses. */
int procmig_compat_filter(const struct seccomp_filter *filter, struct procmig_filter *seen)
{
	struct sock_fprog_kern *original, classic = {};
	struct filter_head head;

	if (copy_from_kernel_nofault(&head, filter, sizeof(head)) ||
	    copy_from_kernel_nofault(&original, &head.prog->orig_prog, sizeof(original)) ||
	    (original && copy_from_kernel_nofault(&classic, original, sizeof(classic))))
		return -EFAULT;
	*seen = (struct procmig_filter) {
		.previous = head.prev,
		.program = classic.filter,
		.length = classic.len,
		.log = head.log,
		.listened = head.notif,
	};
	return 0;
}
EXPORT_SYMBOL_GPL(procmig_compat_filter);

long procmig_compat_filter_length(struct task_struct *task, unsigned long nth)
{
	return sym.seccomp_get_filter(task, nth, NULL);
}
EXPORT_SYMBOL_GPL(procmig_compat_filter_length);

/*
 * The kernel counts references to filters only on behalf of tasks.  This one has
 * a filter for the duration of such a call, and never runs.
 */
static struct task_struct bearer;
static DEFINE_MUTEX(bearer_lock);

static void bear(struct seccomp_filter *filter, void (*call)(struct task_struct *))
{
	mutex_lock(&bearer_lock);
	bearer.seccomp.filter = filter;
	call(&bearer);
	bearer.seccomp.filter = NULL;
	mutex_unlock(&bearer_lock);
}

void procmig_compat_filter_get(struct seccomp_filter *filter)
{
	bear(filter, sym.get_seccomp_filter);
}
EXPORT_SYMBOL_GPL(procmig_compat_filter_get);

void procmig_compat_filter_put(struct seccomp_filter *filter)
{
	bear(filter, sym.seccomp_filter_release);
}
EXPORT_SYMBOL_GPL(procmig_compat_filter_put);

void procmig_compat_mitigate(void)
{
	sym.arch_seccomp_spec_mitigate(current);
}
EXPORT_SYMBOL_GPL(procmig_compat_mitigate);
