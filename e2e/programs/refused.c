// SPDX-License-Identifier: Apache-2.0
/*
 * refused OUTFILE COUNT KIND: holds one thing that cannot be carried, so that
 * preflight must name it.  The first line says what it must name: "expect"
 * and a word of the obstacle's text or its object; or "skip" and why this
 * machine cannot make one.  `refused - 0 list' prints the kinds.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/mempolicy.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define PAGE 4096UL

static char side_path[4096];

static void expect(const char *word)
{
	program_note("expect %s", word);
}

static void expect_fd(int fd)
{
	if (fd < 0)
		program_note("skip %s", strerror(errno));
	else
		program_note("expect fd %d", fd);
}

static void expect_address(void *address)
{
	if (address == MAP_FAILED)
		program_note("skip %s", strerror(errno));
	else
		program_note("expect address %lx", (unsigned long)address);
}

static void expect_if(bool done, const char *word)
{
	if (done)
		expect(word);
	else
		program_note("skip %s", strerror(errno));
}

static const char *side(const char *suffix)
{
	/* on a disk of its own: a shared directory does not allow everything */
	snprintf(side_path, sizeof(side_path), "/var/tmp/procmig-refused-%d.%s", getpid(), suffix);
	return side_path;
}

static int side_file(const char *suffix)
{
	int fd = open(side(suffix), O_RDWR | O_CREAT | O_TRUNC, 0644);

	program_check(fd >= 0 && !ftruncate(fd, 4 * PAGE), "%s", side_path);
	return fd;
}

/*
 * A process beside this one that is not its child: what it shares with us is
 * shared with somebody outside.  It ends with us.
 */
static void outlive(pid_t pid)
{
	const struct timespec tick = { 0, 50000000 };

	/* no pidfd: the descriptors may be the other's; whoever traces it must reap it */
	while (!kill(pid, 0)) {
		int status;

		if (waitpid(pid, &status, WNOHANG | __WALL) == pid && WIFSTOPPED(status))
			ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status));
		nanosleep(&tick, NULL);
	}
	_exit(0);
}

/*
 * A process beside this one that is not its child and ends with it.  What it
 * still shares with us is shared with somebody outside.
 */
static void stranger(void (*work)(pid_t), bool keep_files, const char *word)
{
	pid_t me = getpid(), child;
	int ready[2], status;
	char done = 1;

	program_check(!pipe2(ready, O_CLOEXEC), "pipe");
	child = fork();
	if (!child) {
		if (fork())
			_exit(0);
		for (int fd = 0; fd < 1024 && !keep_files; fd++)
			if (fd != ready[1])
				close(fd);
		if (work)
			work(me);
		if (write(ready[1], &done, 1) != 1)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		outlive(me);
	}
	close(ready[1]);
	waitpid(child, &status, 0);
	if (read(ready[0], &done, 1) != 1)
		program_note("skip the other process did not come up");
	else
		expect(word);
	close(ready[0]);
}

static int outlive_argument(void *pid)
{
	outlive(*(pid_t *)pid);
	return 0;
}

/* A sibling, not a child, with which we share what @flags say. */
static void sibling(int flags, const char *word)
{
	static char stack[65536] __attribute__((aligned(16)));
	static pid_t me;

	me = getpid();
	expect_if(clone(outlive_argument, stack + sizeof(stack), flags | CLONE_PARENT, &me) > 0,
		  word);
}

/* ---- the kinds ---------------------------------------------------------- */

static void *idle_thread(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void threads(void)
{
	pthread_t thread;

	expect_if(!pthread_create(&thread, NULL, idle_thread, NULL), "thread");
}

static void child(void)
{
	pid_t me = getpid(), pid = fork();

	if (!pid)
		outlive(me);
	expect_if(pid > 0, "child");
}

static void zombie_child(void)
{
	siginfo_t info;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	/* it has ended and nobody took its status */
	waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
	expect("child");
}

static void shared_files(void)
{
	sibling(CLONE_FILES, "shared");
}

static void shared_directories(void)
{
	sibling(CLONE_FS, "shared");
}

static void shared_address_space(void)
{
	sibling(CLONE_VM, "shared");
}

static void shared_description(void)
{
	int fd = side_file("shared");

	stranger(NULL, true, "shared");
	lseek(fd, 1, SEEK_SET);
}

static void pipe_kind(void)
{
	int fds[2];

	expect_fd(pipe(fds) ? -1 : fds[0]);
}

static void fifo(void)
{
	mkfifo(side("fifo"), 0600);
	expect_fd(open(side_path, O_RDWR));
}

static void unix_socket(void)
{
	int fds[2];

	expect_fd(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) ? -1 : fds[0]);
}

static int listener(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*address = (struct sockaddr_in) {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (bind(fd, (struct sockaddr *)address, sizeof(*address)) || listen(fd, 4) ||
	    getsockname(fd, (struct sockaddr *)address, &length))
		return -1;
	return fd;
}

static void tcp_listening(void)
{
	struct sockaddr_in address;

	expect_fd(listener(&address));
}

static void tcp_established(void)
{
	struct sockaddr_in address;
	int server = listener(&address), fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		expect_fd(-1);
		return;
	}
	accept(server, NULL, NULL);
	expect_fd(fd);
}

static void udp(void)
{
	expect_fd(socket(AF_INET, SOCK_DGRAM, 0));
}

static void shared_anonymous(void)
{
	expect_address(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

static void shared_writable_file(void)
{
	int fd = side_file("mapped");

	expect_address(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	close(fd);
}

static void sysv_shm(void)
{
	int id = shmget(IPC_PRIVATE, PAGE, 0600);
	void *address = id < 0 ? MAP_FAILED : shmat(id, NULL, 0);

	expect_address(address);
	shmctl(id, IPC_RMID, NULL);
}

static void memfd(void)
{
	expect_fd(memfd_create("procmig", 0));
}

static void deleted_file(void)
{
	int fd = side_file("deleted");

	unlink(side_path);
	expect_fd(fd);
}

static void replaced_file(void)
{
	int fd = side_file("replaced");
	char path[4096];

	snprintf(path, sizeof(path), "%s", side_path);
	close(side_file("replacing"));
	rename(side_path, path);
	expect_fd(fd);
}

static void deleted_mapping(void)
{
	int fd = side_file("gone");
	void *address = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	close(fd);
	unlink(side_path);
	expect_address(address);
}

static void deleted_directory(void)
{
	mkdir(side("directory"), 0700);
	if (chdir(side_path) || rmdir(side_path))
		program_note("skip %s", strerror(errno));
	else
		expect("cwd");
}

static void flock_kind(void)
{
	int fd = side_file("flock");

	expect_fd(flock(fd, LOCK_EX) ? -1 : fd);
}

static void posix_lock(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_len = 10 };
	int fd = side_file("lock");

	expect_fd(fcntl(fd, F_SETLK, &lock) ? -1 : fd);
}

static void lease(void)
{
	int fd = side_file("lease");

	expect_fd(fcntl(fd, F_SETLEASE, F_WRLCK) ? -1 : fd);
}

static void file_owner(void)
{
	int fd = side_file("owner");

	expect_fd(fcntl(fd, F_SETOWN, getpid()) || fcntl(fd, F_SETSIG, SIGUSR1) ? -1 : fd);
}

static void epoll(void)
{
	expect_fd(epoll_create1(0));
}

static void timerfd(void)
{
	expect_fd(timerfd_create(CLOCK_MONOTONIC, 0));
}

static void eventfd_kind(void)
{
	expect_fd(eventfd(0, 0));
}

static void signalfd_kind(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	expect_fd(signalfd(-1, &set, 0));
}

static void inotify(void)
{
	expect_fd(inotify_init());
}

static void fanotify(void)
{
	expect_fd(fanotify_init(FAN_CLASS_NOTIF, O_RDONLY));
}

static void pidfd(void)
{
	expect_fd(syscall(SYS_pidfd_open, getpid(), 0));
}

static void userfaultfd(void)
{
	expect_fd(syscall(SYS_userfaultfd, 0));
}

static void io_uring(void)
{
	struct io_uring_params params = { };

	expect_fd(syscall(SYS_io_uring_setup, 4, &params));
}

static void aio(void)
{
	aio_context_t context = 0;

	/* its number is the address of its ring */
	expect_address(syscall(SYS_io_setup, 4, &context) ? MAP_FAILED : (void *)context);
}

static void terminal(void)
{
	expect_fd(open("/dev/ptmx", O_RDWR | O_NOCTTY));
}

static void proc_file(void)
{
	expect_fd(open("/proc/self/status", O_RDONLY));
}

static void other_device(void)
{
	expect_fd(open("/dev/kmsg", O_RDONLY | O_NONBLOCK));
}

static void posix_timer(void)
{
	timer_t timer;

	expect_if(!timer_create(CLOCK_MONOTONIC, NULL, &timer), "timer");
}

static void trace(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		_exit(1);
}

static void traced(void)
{
	stranger(trace, false, "trace");
}

static void seccomp(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &allow };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	expect_if(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "seccomp");
}

static void realtime(void)
{
	expect_if(!sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 1 }), "schedul");
}

static void own_namespace(int flag, const char *word)
{
	expect_if(!unshare(flag), word);
}

static void mount_namespace(void)
{
	own_namespace(CLONE_NEWNS, "namespace");
}

static void uts_namespace(void)
{
	own_namespace(CLONE_NEWUTS, "namespace");
}

static void ipc_namespace(void)
{
	own_namespace(CLONE_NEWIPC, "namespace");
}

static void net_namespace(void)
{
	own_namespace(CLONE_NEWNET, "namespace");
}

static void user_namespace(void)
{
	own_namespace(CLONE_NEWUSER, "namespace");
}

static void children_pid_namespace(void)
{
	own_namespace(CLONE_NEWPID, "namespace");
}

static void local_descriptor_table(void)
{
	struct user_desc entry = { .entry_number = 0, .limit = 0xfffff, .seg_32bit = 1,
				   .limit_in_pages = 1, .useable = 1 };

	expect_if(!syscall(SYS_modify_ldt, 1, &entry, sizeof(entry)), "LDT");
}

static void io_ports(void)
{
	expect_if(!ioperm(0x80, 1, 1), "port");
}

static void huge_pages(void)
{
	expect_address(mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1, 0));
}

static void device_mapping(void)
{
	int fd = open("/dev/mem", O_RDONLY);

	expect_address(fd < 0 ? MAP_FAILED : mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0xf0000));
	close(fd);
}

static void affinity(void)
{
	cpu_set_t set;

	/* pinned, but to a processor that every machine has */
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	errno = ENODEV;		/* with one processor there is no choice */
	expect_if(sysconf(_SC_NPROCESSORS_ONLN) > 1 && !sched_setaffinity(0, sizeof(set), &set),
		  "affinity");
}

static void user_dispatch(void)
{
	static char selector;

	expect_if(!prctl(59 /* PR_SET_SYSCALL_USER_DISPATCH */, 1, 0, 0, &selector), "dispatch");
}

static void subreaper(void)
{
	expect_if(!prctl(PR_SET_CHILD_SUBREAPER, 1), "reaper");
}

static void parent_death(void)
{
	expect_if(!prctl(PR_SET_PDEATHSIG, SIGUSR1), "parent");
}

static void memory_policy(void)
{
	unsigned long nodes = 1;

	expect_if(!syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, 2), "policy");
}

static void message_queue(void)
{
	expect_fd(syscall(SYS_mq_open, "procmig", O_RDWR | O_CREAT, 0600, NULL));
	syscall(SYS_mq_unlink, "procmig");
}

static const struct kind {
	const char *name;
	void (*hold)(void);
} kinds[] = {
	{ "affinity", affinity },
	{ "aio", aio },
	{ "child", child },
	{ "children-pid-namespace", children_pid_namespace },
	{ "deleted-directory", deleted_directory },
	{ "deleted-file", deleted_file },
	{ "deleted-mapping", deleted_mapping },
	{ "device-mapping", device_mapping },
	{ "epoll", epoll },
	{ "eventfd", eventfd_kind },
	{ "fanotify", fanotify },
	{ "fifo", fifo },
	{ "file-owner", file_owner },
	{ "flock", flock_kind },
	{ "huge-pages", huge_pages },
	{ "inotify", inotify },
	{ "io-ports", io_ports },
	{ "io-uring", io_uring },
	{ "ipc-namespace", ipc_namespace },
	{ "ldt", local_descriptor_table },
	{ "lease", lease },
	{ "memfd", memfd },
	{ "memory-policy", memory_policy },
	{ "message-queue", message_queue },
	{ "mount-namespace", mount_namespace },
	{ "net-namespace", net_namespace },
	{ "other-device", other_device },
	{ "parent-death-signal", parent_death },
	{ "pidfd", pidfd },
	{ "pipe", pipe_kind },
	{ "posix-lock", posix_lock },
	{ "posix-timer", posix_timer },
	{ "proc-file", proc_file },
	{ "realtime", realtime },
	{ "replaced-file", replaced_file },
	{ "seccomp", seccomp },
	{ "shared-address-space", shared_address_space },
	{ "shared-anonymous", shared_anonymous },
	{ "shared-description", shared_description },
	{ "shared-directories", shared_directories },
	{ "shared-files", shared_files },
	{ "shared-writable-file", shared_writable_file },
	{ "signalfd", signalfd_kind },
	{ "subreaper", subreaper },
	{ "sysv-shm", sysv_shm },
	{ "tcp-established", tcp_established },
	{ "tcp-listening", tcp_listening },
	{ "terminal", terminal },
	{ "threads", threads },
	{ "timerfd", timerfd },
	{ "traced", traced },
	{ "udp", udp },
	{ "unix-socket", unix_socket },
	{ "user-dispatch", user_dispatch },
	{ "user-namespace", user_namespace },
	{ "userfaultfd", userfaultfd },
	{ "uts-namespace", uts_namespace },
	{ "zombie-child", zombie_child },
};

int main(int argc, char **argv)
{
	const struct kind *kind = NULL;
	uint64_t x = 17;

	if (argc == 4 && !strcmp(argv[3], "list")) {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			puts(kinds[i].name);
		return 0;
	}
	program_begin(argc, argv, 0);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, program_word("")))
			kind = &kinds[i];
	program_check(kind, "no such kind: %s", program_word(""));
	kind->hold();
	while (program_goes_on()) {
		x = program_work(x);
		program_line("%016llx", (unsigned long long)x);
	}
	program_pass();
}
