// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls that quiescing has interrupted.
 *
 * Most calls tell the kernel to restart them (-ERESTART...) when nothing but the
 * quiescing woke them.  A few say -EINTR whatever it was, as signal(7) lists them
 * for stop signals; a program would see that it was frozen.  To carry on unless
 * a handler runs is what -ERESTARTNOHAND means: the verdict is replaced by that
 * while the thread is parked, so it holds where it is thawed and where it arrives.
 *
 * What counts from the call and not to a moment (the timeout of epoll_wait,
 * semtimedop, sigtimedwait, of sockets) begins anew: the kernel has forgotten by
 * then how long the call had waited.
 */
#include <linux/sched/task_stack.h>
#include <linux/syscalls.h>
#include <asm/syscall.h>

#include "quiesce.h"

/* Calls that have done nothing at all when they say -EINTR. */
static bool can_be_repeated(int number)
{
	switch (number) {
	case __NR_semop:
	case __NR_semtimedop:
	case __NR_epoll_wait:
	case __NR_epoll_pwait:
	case __NR_epoll_pwait2:
	case __NR_rt_sigtimedwait:
	/* sockets with SO_RCVTIMEO or SO_SNDTIMEO */
	case __NR_read:
	case __NR_readv:
	case __NR_write:
	case __NR_writev:
	case __NR_recvfrom:
	case __NR_recvmsg:
	case __NR_recvmmsg:
	case __NR_sendto:
	case __NR_sendmsg:
	case __NR_sendmmsg:
	case __NR_accept:
	case __NR_accept4:
	case __NR_connect:
		return true;
	default:
		return false;
	}
}

void procmig_mend_interrupted_call(void)
{
	struct pt_regs *regs = current_pt_regs();

	if (syscall_get_error(current, regs) == -EINTR &&
	    can_be_repeated(syscall_get_nr(current, regs)))
		syscall_set_return_value(current, regs, -ERESTARTNOHAND, 0);
}
