/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every symbol that procmig uses and the kernel does not export, or does not declare
 * to modules, in one table:
 * FUNCTION(return type, name, arguments) and DATA(type, name).
 */
#define PROCMIG_SYMBOLS(FUNCTION, DATA)						\
	FUNCTION(bool, task_work_cancel, struct task_struct *, struct callback_head *) \
	FUNCTION(unsigned long, wait_task_inactive, struct task_struct *, unsigned int) \
	FUNCTION(void, put_task_stack, struct task_struct *)			\
	FUNCTION(int, walk_page_range, struct mm_struct *, unsigned long,	\
		 unsigned long, const struct mm_walk_ops *, void *)		\
	FUNCTION(struct vm_area_struct *, vma_interval_tree_iter_first,		\
		 struct rb_root_cached *, unsigned long, unsigned long)		\
	FUNCTION(struct vm_area_struct *, vma_interval_tree_iter_next,		\
		 struct vm_area_struct *, unsigned long, unsigned long)		\
	FUNCTION(int, anon_vma_fork, struct vm_area_struct *, struct vm_area_struct *) \
	FUNCTION(int, copy_page_range, struct vm_area_struct *, struct vm_area_struct *) \
	FUNCTION(void, flush_tlb_mm_range, struct mm_struct *, unsigned long,	\
		 unsigned long, unsigned int, bool)				\
	FUNCTION(char *, __d_path, const struct path *, const struct path *,	\
		 char *, int)							\
	FUNCTION(int, vfs_path_lookup, struct dentry *, struct vfsmount *,	\
		 const char *, unsigned int, struct path *)			\
	FUNCTION(int, replace_fd, unsigned int, struct file *, unsigned int)	\
	FUNCTION(void, put_files_struct, struct files_struct *)			\
	FUNCTION(void, free_fs_struct, struct fs_struct *)			\
	FUNCTION(void, set_fs_pwd, struct fs_struct *, const struct path *)	\
	FUNCTION(void, set_fs_root, struct fs_struct *, const struct path *)	\
	FUNCTION(long, x64_sys_call, const struct pt_regs *, unsigned int)	\
	FUNCTION(int, do_pipe_flags, int *, int)				\
	FUNCTION(long, pipe_fcntl, struct file *, unsigned int, unsigned long)	\
	FUNCTION(long, memfd_fcntl, struct file *, unsigned int, unsigned long)	\
	FUNCTION(int, do_renameat2, int, struct filename *, int, struct filename *, \
		 unsigned int)							\
	FUNCTION(int, do_unlinkat, int, struct filename *)			\
	FUNCTION(int, do_epoll_ctl, int, int, int, struct epoll_event *, bool)	\
	FUNCTION(struct file *, get_epoll_tfile_raw_ptr, struct file *, int,	\
		 unsigned long)							\
	FUNCTION(void, fsnotify_flush_notify, struct fsnotify_group *)		\
	FUNCTION(int, do_ip_getsockopt, struct sock *, int, int, sockptr_t, sockptr_t) \
	FUNCTION(int, do_ipv6_getsockopt, struct sock *, int, int, sockptr_t, sockptr_t) \
	FUNCTION(long, __x64_sys_mprotect, const struct pt_regs *)		\
	FUNCTION(long, __x64_sys_mlock2, const struct pt_regs *)			\
	FUNCTION(int, do_madvise, struct mm_struct *, unsigned long, size_t, int) \
	FUNCTION(int, replace_mm_exe_file, struct mm_struct *, struct file *)	\
	FUNCTION(int, map_vdso_once, const struct vdso_image *, unsigned long)	\
	FUNCTION(int, do_send_sig_info, int, struct kernel_siginfo *,		\
		 struct task_struct *, enum pid_type)				\
	FUNCTION(void, __set_task_comm, struct task_struct *, const char *, bool) \
	FUNCTION(long, __sys_setresuid, uid_t, uid_t, uid_t)			\
	FUNCTION(int, sched_setscheduler_nocheck, struct task_struct *, int,	\
		 const struct sched_param *)					\
	FUNCTION(void, change_pid, struct task_struct *, enum pid_type, struct pid *) \
	FUNCTION(long, sched_setaffinity, pid_t, const struct cpumask *)	\
	FUNCTION(void, cpuset_cpus_allowed, struct task_struct *, struct cpumask *) \
	FUNCTION(void, set_process_cpu_timer, struct task_struct *,		\
		 unsigned int, u64 *, u64 *)					\
	FUNCTION(void, thread_group_sample_cputime, struct task_struct *, u64 *) \
	FUNCTION(void, thread_group_cputime, struct task_struct *,		\
		 struct task_cputime *)						\
	FUNCTION(int, wake_up_state, struct task_struct *, unsigned int)	\
	FUNCTION(int, send_sigqueue, struct sigqueue *, struct pid *, enum pid_type) \
	FUNCTION(int, common_timer_set, struct k_itimer *, int,			\
		 struct itimerspec64 *, struct itimerspec64 *)			\
	FUNCTION(int, posix_cpu_timer_set, struct k_itimer *, int,		\
		 struct itimerspec64 *, struct itimerspec64 *)			\
	FUNCTION(void, get_seccomp_filter, struct task_struct *)		\
	FUNCTION(void, seccomp_filter_release, struct task_struct *)		\
	FUNCTION(long, seccomp_get_filter, struct task_struct *, unsigned long,	\
		 void __user *)							\
	FUNCTION(void, arch_seccomp_spec_mitigate, struct task_struct *)	\
	FUNCTION(long, do_no_restart_syscall, struct restart_block *)		\
	FUNCTION(long, hrtimer_nanosleep_restart, struct restart_block *)	\
	FUNCTION(long, do_restart_poll, struct restart_block *)			\
	FUNCTION(long, futex_wait_restart, struct restart_block *)		\
	DATA(const struct vdso_image, vdso_image_64)				\
	DATA(unsigned long, mmap_min_addr)					\
	DATA(rwlock_t, tasklist_lock)
