// SPDX-License-Identifier: Apache-2.0
/*
 * Who the process is and what it may: reported at the start, and the same
 * report must come out on every line.  Started by root it first takes on
 * identities and limits that no default has.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "program.h"

#define REPORT_BYTES 3500

static char first[REPORT_BYTES], now[REPORT_BYTES];
static size_t used;

__attribute__((format(printf, 1, 2)))
static void add(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	used += vsnprintf(now + used, sizeof(now) - used, format, args);
	va_end(args);
	program_check(used < sizeof(now), "the report is too long");
}

static void become_special(void)
{
	static const gid_t groups[] = { 7, 100, 4242 };
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = { };
	const struct rlimit files = { 300, 400 }, core = { 0, 12345678 }, locked = { 1 << 20, 2 << 20 };
	const uint32_t kept = 1 << CAP_KILL | 1 << CAP_NET_RAW | 1 << CAP_SETPCAP;

	setpriority(PRIO_PROCESS, 0, 5);
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_CORE, &core);
	setrlimit(RLIMIT_MEMLOCK, &locked);
	sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 });
	personality(ADDR_NO_RANDOMIZE | UNAME26);
	prctl(PR_SET_TIMERSLACK, 123456);
	prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT);
	prctl(PR_CAPBSET_DROP, CAP_MKNOD);
	prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_NO_SETUID_FIXUP |
	      SECBIT_NO_SETUID_FIXUP_LOCKED);
	program_check(!setgroups(3, groups) && !setresgid(101, 102, 103) &&
		      !setresuid(201, 202, 203), "identities");
	setfsgid(104);
	setfsuid(204);
	caps[0].permitted = kept;
	caps[0].effective = 1 << CAP_KILL;
	caps[0].inheritable = 1 << CAP_NET_RAW | 1 << CAP_CHOWN;
	if (syscall(SYS_capset, &header, caps)) {
		caps[0].inheritable = 1 << CAP_NET_RAW;
		program_check(!syscall(SYS_capset, &header, caps), "capset");
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void report(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2];
	char text[1024];
	uid_t r, e, s;
	gid_t groups[64];
	mode_t mask;
	int count;

	used = 0;
	getresuid(&r, &e, &s);
	add("uid %u %u %u %d\n", r, e, s, setfsuid(-1));
	getresgid(&r, &e, &s);
	add("gid %u %u %u %d\n", r, e, s, setfsgid(-1));
	count = getgroups(64, groups);
	add("groups");
	for (int i = 0; i < count; i++)
		add(" %u", groups[i]);
	program_check(!syscall(SYS_capget, &header, caps), "capget");
	add("\ncaps %08x%08x %08x%08x %08x%08x\n", caps[1].permitted, caps[0].permitted,
	    caps[1].effective, caps[0].effective, caps[1].inheritable, caps[0].inheritable);
	add("bounding ");
	for (int i = 0; i <= CAP_LAST_CAP; i++)
		add("%d", prctl(PR_CAPBSET_READ, i) == 1);
	add("\nambient ");
	for (int i = 0; i <= CAP_LAST_CAP; i++)
		add("%d", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1);
	add("\nsecurebits %x no_new_privs %d dumpable %d\n", prctl(PR_GET_SECUREBITS),
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_DUMPABLE));
	mask = umask(0);
	umask(mask);
	add("umask %03o\nlimits", mask);
	for (int i = 0; i < 16; i++) {
		struct rlimit limit;

		getrlimit(i, &limit);
		add(" %lx/%lx", limit.rlim_cur, limit.rlim_max);
	}
	prctl(PR_GET_NAME, text);
	add("\nnice %d policy %d slack %d comm %.16s personality %x\n",
	    getpriority(PRIO_PROCESS, 0), sched_getscheduler(0), prctl(PR_GET_TIMERSLACK), text,
	    personality(0xffffffff));
	add("cwd %s\n", getcwd(text, sizeof(text)) ? text : "?");
	add("marker %s\n", getenv("PROCMIG_MARKER") ? getenv("PROCMIG_MARKER") : "?");
}

/* What can only be read through /proc is asked at both ends, not on every line. */
static void report_proc(char *text, size_t size)
{
	static const char *const files[] = { "/proc/self/oom_score_adj", "/proc/self/cmdline",
					     "/proc/self/environ" };
	ssize_t n = readlink("/proc/self/exe", text, size);
	size_t length = n > 0 ? n : 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = open(files[i], O_RDONLY);

		/* environ needs rights that a process without dumpable has lost */
		if (fd < 0)
			continue;
		while ((n = read(fd, text + length, size - 1 - length)) > 0)
			length += n;
		close(fd);
	}
	for (size_t i = 0; i < length; i++)
		if (!text[i] || text[i] == '\n')
			text[i] = ' ';
	text[length] = '\0';
}

int main(int argc, char **argv)
{
	static char proc_first[16384], proc_now[16384];
	pid_t pid = getpid();
	uint64_t x = 13;

	program_begin(argc, argv, 0);
	program_check(!setenv("PROCMIG_MARKER", "a b=c", 1) && !chdir("/usr/bin"), "setup");
	umask(027);
	prctl(PR_SET_NAME, "procmig (test) ");
	if (!geteuid())
		become_special();
	report();
	memcpy(first, now, sizeof(first));
	report_proc(proc_first, sizeof(proc_first));
	program_note("%s", first);

	while (program_goes_on()) {
		x = program_work(x);
		report();
		for (char *a = first, *b = now; *a || *b; a += *a == '\n', b += *b == '\n') {
			size_t la = strcspn(a, "\n"), lb = strcspn(b, "\n");

			program_check(la == lb && !strncmp(a, b, la), "was '%.*s', is '%.*s'",
				      (int)la, a, (int)lb, b);
			a += la;
			b += lb;
		}
		program_check(getpid() == pid && gettid() == pid, "PID %d, was %d", getpid(), pid);
		program_line("%016llx", (unsigned long long)x);
	}
	report_proc(proc_now, sizeof(proc_now));
	program_check(!strcmp(proc_first, proc_now), "/proc said '%.150s', says '%.150s'",
		      proc_first, proc_now);
	program_pass();
}
