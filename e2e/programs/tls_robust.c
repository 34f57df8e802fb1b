// SPDX-License-Identifier: Apache-2.0
/*
 * What the kernel knows about a thread's user memory: FS and GS base, the rseq
 * area, the list of robust futexes, the address to clear at exit.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "program.h"

static __thread uint64_t in_tls = 0x1122334455667788;
static uint64_t behind_gs[2] = { 0x8877665544332211, 0 };

struct known {
	unsigned long fs, gs;
	struct robust_list_head *robust;
	size_t robust_bytes;
	int *clear_tid;
};

static struct known ask(void)
{
	struct known k = { };

	syscall(SYS_arch_prctl, ARCH_GET_FS, &k.fs);
	syscall(SYS_arch_prctl, ARCH_GET_GS, &k.gs);
	syscall(SYS_get_robust_list, 0, &k.robust, &k.robust_bytes);
	prctl(PR_GET_TID_ADDRESS, &k.clear_tid);
	return k;
}

static volatile struct rseq *rseq_area(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

/* Registering again says EBUSY only for the very area that is registered. */
static void check_rseq(void)
{
	int rc, error;

	program_check(__rseq_size, "the C library has not registered rseq");
	rc = syscall(SYS_rseq, rseq_area(), 32, 0, RSEQ_SIG);
	error = errno;
	program_check(rc < 0 && error == EBUSY, "rseq is not registered any more: %s",
		      rc ? strerror(error) : "it could be registered");
}

/*
 * The kernel writes the processor's number into the area whenever the thread
 * comes back from being switched out; a value of our own must not survive that.
 */
static void check_rseq_lives(void)
{
	volatile struct rseq *area = rseq_area();

	area->cpu_id_start = area->cpu_id = 0x7fffffff;
	while (area->cpu_id == 0x7fffffff)
		sched_yield();
	program_check(area->cpu_id < 4096, "rseq says CPU %u", area->cpu_id);
}

int main(int argc, char **argv)
{
	struct known first, now;
	uint64_t x = 11, through_gs;

	program_begin(argc, argv, 0);
	syscall(SYS_arch_prctl, ARCH_SET_GS, behind_gs);
	first = ask();
	program_check(first.robust && first.fs && first.gs == (unsigned long)behind_gs,
		      "the thread is not set up as expected");
	check_rseq();

	while (program_goes_on()) {
		x = program_work(x);
		now = ask();
		program_check(now.fs == first.fs, "FS base %lx, was %lx", now.fs, first.fs);
		program_check(now.gs == first.gs, "GS base %lx, was %lx", now.gs, first.gs);
		program_check(now.robust == first.robust && now.robust_bytes == first.robust_bytes,
			      "robust list at %p, was %p", (void *)now.robust,
			      (void *)first.robust);
		program_check(now.clear_tid == first.clear_tid, "TID address %p, was %p",
			      (void *)now.clear_tid, (void *)first.clear_tid);
		asm volatile("movq %%gs:0, %0" : "=r"(through_gs));
		program_check(through_gs == behind_gs[0], "GS points elsewhere");
		program_check(in_tls == 0x1122334455667788ULL + program_lines(),
			      "the thread-local variable changed");
		in_tls++;
		check_rseq();
		check_rseq_lives();
		program_line("%016llx", (unsigned long long)x);
	}
	program_pass();
}
