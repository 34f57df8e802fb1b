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
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
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
#include <sys/inotify.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
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

static pthread_barrier_t prepared;

static void *idle_thread(void *prepare)
{
	((void (*)(void))prepare)();
	pthread_barrier_wait(&prepared);
	for (;;)
		pause();
	return NULL;
}

/* Something that only another thread than the first one has. */
static void in_thread(void (*prepare)(void))
{
	pthread_t thread;

	pthread_barrier_init(&prepared, NULL, 2);
	program_check(!pthread_create(&thread, NULL, idle_thread, (void *)prepare), "a thread");
	pthread_barrier_wait(&prepared);
}

static void own_descriptors(void)
{
	expect_if(!unshare(CLONE_FILES), "descriptor table of its own");
}

static void thread_files(void)
{
	in_thread(own_descriptors);
}

static void own_directory(void)
{
	expect_if(!unshare(CLONE_FS), "working directory of its own");
}

static void thread_directory(void)
{
	in_thread(own_directory);
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

/* Somebody outside has it mapped, too. */
static void shared_anonymous(void)
{
	mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	stranger(NULL, false, "memory that is shared with pid");
}

/* Somebody outside could map it any time. */
static void shared_memfd(void)
{
	int fd = memfd_create("shared", 0);

	mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	stranger(NULL, true, "outside");
	close(fd);
}

static int made_below(const char *directory)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/refused-%d", directory, getpid());
	unlink(path);		/* left by one that had this PID and was killed */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	program_check(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

static int in_memory(void)
{
	return made_below("/dev/shm");
}

/* Somebody outside has it, too. */
static void tmpfs_outside(void)
{
	int fd = in_memory();

	mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	stranger(NULL, true, "outside");
	close(fd);
}

/* What happens to the devices of this node. */
static void netlink_group(void)
{
	const struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	expect_if(!bind(fd, (const struct sockaddr *)&name, sizeof(name)), "hears events of this node");
}

/* What the kernel has said about this node is not what it would say about another. */
static void netlink_answer(void)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg message;
	} question = {
		.header = {
			.nlmsg_len = sizeof(question),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
	};
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	expect_if(send(fd, &question, sizeof(question), 0) > 0, "an answer of this node");
}

/* Only somebody outside has it still; it was made here. */
static void tmpfs_made(void)
{
	int fd = in_memory();

	stranger(NULL, true, "made by it");
	close(fd);
}

/* Whoever has its other name would lose it. */
static void tmpfs_links(void)
{
	char path[64], other[80];

	in_memory();
	snprintf(path, sizeof(path), "/dev/shm/refused-%d", getpid());
	snprintf(other, sizeof(other), "%s-other", path);
	unlink(other);
	expect_if(!link(path, other), "hard links");
}

static void open_temporary(pid_t maker)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/refused-%d", maker);
	if (open(path, O_RDONLY) < 0)
		_exit(1);
}

static void temporary_outside(void)
{
	made_below("/tmp");
	stranger(open_temporary, false, "temporary file that is shared with pid");
}

static void temporary_links(void)
{
	char path[64], other[80];

	made_below("/tmp");
	snprintf(path, sizeof(path), "/tmp/refused-%d", getpid());
	snprintf(other, sizeof(other), "%s-other", path);
	unlink(other);
	expect_if(!link(path, other), "hard links");
}

/* Of a user's own, as access control lists are. */
static void temporary_attribute(void)
{
	int fd = made_below("/tmp");

	expect_if(!fsetxattr(fd, "user.procmig", "x", 1, 0), "extended attributes");
}

/* One who borrows for itself what the other threads do not give back. */
static void adjust(void)
{
	struct sembuf borrow = { .sem_op = 1, .sem_flg = SEM_UNDO };
	int set = semget(IPC_PRIVATE, 1, 0600);
	bool done = !unshare(CLONE_SYSVSEM) && set >= 0 && !semop(set, &borrow, 1);

	expect_if(done, "semaphore adjustments of its own");
}

static void thread_undo(void)
{
	in_thread(adjust);
}

static int ends[2];

/* Of two ends the other process keeps one and we the other; nothing else is shared. */
static void keep_first(pid_t pid)
{
	(void)pid;
	close(ends[1]);
	close(program_descriptor());
}

static void part(const char *word)
{
	stranger(keep_first, true, word);
	close(ends[0]);
}

static void pipe_outside(void)
{
	program_check(!pipe(ends), "pipe");
	part("outside holds an end");
}

/* Nobody has a descriptor of our end of the pipe: it is in a message. */
static void passed_outside(void)
{
	char room[CMSG_SPACE(sizeof(int))] = { };
	struct iovec byte = { "", 1 };
	struct msghdr message = { .msg_iov = &byte, .msg_iovlen = 1, .msg_control = room,
				  .msg_controllen = sizeof(room) };
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);
	int between[2];

	program_check(!pipe(ends) && !socketpair(AF_UNIX, SOCK_STREAM, 0, between), "pipe, socketpair");
	*control = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(control), &ends[1], sizeof(int));
	program_check(sendmsg(between[0], &message, 0) == 1, "sendmsg");
	close(ends[1]);
	ends[1] = -1;
	part("in what it has not received: pipe: pid");
}

static void unix_peer_outside(void)
{
	program_check(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
	part("is connected to pid");
}

static void tcp_outside(void)
{
	struct sockaddr_in address;
	int server = listener(&address);

	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	program_check(!connect(ends[0], (struct sockaddr *)&address, sizeof(address)), "connect");
	ends[1] = accept(server, NULL, NULL);
	close(server);
	part("established: its other end is pid");
}

/* Its client is the other process, and the connection is nobody's yet. */
static void tcp_waiting_outside(void)
{
	struct sockaddr_in address;

	ends[1] = listener(&address);
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	program_check(!connect(ends[0], (struct sockaddr *)&address, sizeof(address)), "connect");
	part("from outside waits to be accepted");
}

static bool connect_to_itself(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return !bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
	       !getsockname(fd, (struct sockaddr *)&address, &length) &&
	       !connect(fd, (struct sockaddr *)&address, length);
}

/* Two of them: every obstacle is named. */
static void tcp_itself(void)
{
	expect_if(connect_to_itself() && connect_to_itself(), "connected to itself");
}

static void tcp_connecting(void)
{
	/* reserved: nobody answers */
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9),
				       .sin_addr.s_addr = htonl(0xc0000201) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	expect_if(connect(fd, (struct sockaddr *)&address, sizeof(address)) &&
		  errno == EINPROGRESS, "connecting: no loaded");
}

static void tcp_urgent(void)
{
	struct sockaddr_in address;
	int server = listener(&address), fd = socket(AF_INET, SOCK_STREAM, 0);

	program_check(!connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect");
	accept(server, NULL, NULL);
	expect_if(send(fd, "!", 1, MSG_OOB) == 1, "urgent");
}

static void multicast_member(void)
{
	const struct ip_mreqn group = { .imr_multiaddr.s_addr = htonl(0xe0000101),
					.imr_ifindex = 1 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	expect_if(!setsockopt(fd, SOL_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)), "multicast");
}

/* Of a listening socket and a client that waits to be accepted one is the other process's. */
static struct sockaddr_un door = { .sun_family = AF_UNIX };

static void open_door(void)
{
	ends[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	ends[1] = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(door.sun_path + 1, sizeof(door.sun_path) - 1, "refused-%d", getpid());
	program_check(!bind(ends[0], (struct sockaddr *)&door, sizeof(door)) && !listen(ends[0], 4),
		      "listen");
}

static void knock(pid_t pid)
{
	(void)pid;
	if (connect(ends[1], (struct sockaddr *)&door, sizeof(door)))
		_exit(1);
	close(ends[0]);
	close(program_descriptor());
}

static void unix_waiting(void)
{
	open_door();
	stranger(knock, true, "a connection from outside waits to be accepted");
	close(ends[1]);
}

static void unix_knocking(void)
{
	open_door();
	program_check(!connect(ends[1], (struct sockaddr *)&door, sizeof(door)), "connect");
	part("its connection waits to be accepted outside");
}

static void udp_corked(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	expect_if(sendto(fd, "x", 1, MSG_MORE, (struct sockaddr *)&address, sizeof(address)) == 1,
		  "put together");
}

static void socket_filter(void)
{
	static struct sock_filter code[500];
	struct sock_fprog program = { 500, code };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	for (int i = 0; i < 500; i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, -1);
	expect_if(!setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)),
		  "filter");
}

static void port_selector(void)
{
	struct sock_filter first = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &first };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	expect_if(!setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) &&
		  !setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)),
		  "selects");
}

static void owner_outside(void)
{
	int fd = side_file("owner");

	expect_fd(fcntl(fd, F_SETOWN, 1) ? -1 : fd);
}

static void one_shot(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT };
	int ready = eventfd(1, 0), epoll = epoll_create1(0);

	expect_if(!epoll_ctl(epoll, EPOLL_CTL_ADD, ready, &event) &&
		  epoll_wait(epoll, &event, 1, 0) == 1, "armed again");
}

static void deleted_path(void)
{
	int fd;

	close(side_file("path"));
	fd = open(side_path, O_PATH);
	unlink(side_path);
	expect_fd(fd);
}

static void open_side(pid_t me)
{
	(void)me;
	open(side_path, O_RDONLY);
}

static void watch_deleted(void)
{
	int fd = inotify_init();

	close(side_file("watched"));
	/* as long as somebody has it open, the watch stays */
	stranger(open_side, false, "no path that is known");
	program_check(inotify_add_watch(fd, side_path, IN_MODIFY) >= 0 && !unlink(side_path),
		      "%s", side_path);
}

static void fanotify(void)
{
	expect_fd(fanotify_init(FAN_CLASS_NOTIF, O_RDONLY));
}

static void pidfd(void)
{
	expect_fd(syscall(SYS_pidfd_open, 1, 0));
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

/* The master of a new terminal, or -1. */
static int make_terminal(int *slave)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), unlocked = 0, number;
	char path[32];

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) ||
	    ioctl(master, TIOCGPTN, &number))
		return -1;
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	*slave = open(path, O_RDWR | O_NOCTTY);
	return *slave < 0 ? -1 : master;
}

static void terminal(void)
{
	int slave, master = make_terminal(&slave);

	program_check(master >= 0, "a terminal: %s", strerror(errno));
	stranger(NULL, true, "outside holds the master");
	close(master);
}

static void terminal_controlling(void)
{
	int slave, master = make_terminal(&slave);

	program_check(master >= 0, "a terminal: %s", strerror(errno));
	if (getsid(0) != getpid())
		program_check(setsid() > 0, "a session");
	program_check(!ioctl(slave, TIOCSCTTY, 0), "a controlling terminal");
	stranger(NULL, true, "controlling terminal");
	close(master);
	close(slave);
}

static void terminal_discipline(void)
{
	int slave, master = make_terminal(&slave), null = 27 /* N_NULL */;

	expect_if(master >= 0 && !ioctl(slave, TIOCSETD, &null), "line discipline 27");
}

/* vhangup(2) hangs up the slave although the master is open. */
static void terminal_hung_up(void)
{
	int slave, master = make_terminal(&slave), status;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGHUP, SIG_IGN);
		setsid();
		_exit(ioctl(slave, TIOCSCTTY, 0) || vhangup());
	}
	program_check(waitpid(pid, &status, 0) == pid, "the child: %s", strerror(errno));
	expect_if(master >= 0 && !status, "hung up while");
}

static void terminal_group_ended(void)
{
	int slave, master = make_terminal(&slave);
	pid_t pid;

	program_check(master >= 0, "a terminal: %s", strerror(errno));
	if (getsid(0) != getpid())
		program_check(setsid() > 0, "a session");
	program_check(!ioctl(slave, TIOCSCTTY, 0), "a controlling terminal");
	pid = fork();
	if (!pid) {
		signal(SIGTTOU, SIG_IGN);
		setpgid(0, 0);
		_exit(tcsetpgrp(slave, getpid()));
	}
	waitpid(pid, NULL, 0);
	expect("its foreground process group has ended");
}

/* About somebody outside. */
static void proc_file(void)
{
	expect_fd(open("/proc/1/status", O_RDONLY));
}

/* Who writes it changes the machine. */
static void proc_setting(void)
{
	expect_fd(open("/proc/sys/vm/swappiness", O_RDWR));
}

/* Not for everybody. */
static void proc_secret(void)
{
	expect_fd(open("/proc/kpagecount", O_RDONLY));
}

static void sys_file(void)
{
	expect_fd(open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDWR));
}

static void other_device(void)
{
	expect_fd(open("/dev/kmsg", O_RDONLY | O_NONBLOCK));
}

static void alarm_timer(void)
{
	timer_t timer;

	expect_if(!timer_create(CLOCK_BOOTTIME_ALARM, NULL, &timer),
		  "POSIX timer 0: it can wake up the node");
}

static void others_timer(void)
{
	clockid_t clock;
	timer_t timer;

	expect_if(!clock_getcpuclockid(1, &clock) && !timer_create(clock, NULL, &timer),
		  "POSIX timer 0: it measures the CPU time of another process");
}

static void *make_timer(void *done)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	timer_t timer;

	event._sigev_un._tid = gettid();
	*(bool *)done = !timer_create(CLOCK_MONOTONIC, &event, &timer);
	return NULL;
}

static void orphaned_timer(void)
{
	pthread_t thread;
	bool done = false;

	program_check(!pthread_create(&thread, NULL, make_timer, &done) &&
		      !pthread_join(thread, NULL), "a thread");
	expect_if(done, "POSIX timer 0: the thread that it signals has ended");
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
	expect_if(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			  SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) >= 0, "listener");
}

static void thread_seccomp(void)
{
	in_thread(seccomp);
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

static void children_clocks(void)
{
	own_namespace(CLONE_NEWTIME, "time namespace of its own for its children");
}

/* A child to which its parent's clocks are another's. */
static void clocks(void)
{
	static const char later[] = "monotonic 1000 0\n";
	int fd, original = open("/proc/self/ns/time", O_RDONLY);
	pid_t me = getpid();
	bool done;

	done = original >= 0 && !unshare(CLONE_NEWTIME) &&
	       (fd = open("/proc/self/timens_offsets", O_WRONLY)) >= 0 &&
	       write(fd, later, sizeof(later) - 1) == sizeof(later) - 1 && !close(fd);
	if (done && !fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* it may have ended before */
		while (getppid() == me)
			pause();
		_exit(0);
	}
	expect_if(done && !setns(original, CLONE_NEWTIME) && !close(original), "its clocks differ");
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

static void user_dispatch(void)
{
	static char selector;

	expect_if(!prctl(59 /* PR_SET_SYSCALL_USER_DISPATCH */, 1, 0, 0, &selector), "dispatch");
}

static void memory_policy(void)
{
	unsigned long nodes = 1;

	expect_if(!syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, 2), "policy");
}

static const struct kind {
	const char *name;
	void (*hold)(void);
} kinds[] = {
	{ "aio", aio },
	{ "children-clocks", children_clocks },
	{ "children-pid-namespace", children_pid_namespace },
	{ "clocks", clocks },
	{ "deleted-path", deleted_path },
	{ "device-mapping", device_mapping },
	{ "fanotify", fanotify },
	{ "huge-pages", huge_pages },
	{ "io-ports", io_ports },
	{ "io-uring", io_uring },
	{ "ipc-namespace", ipc_namespace },
	{ "ldt", local_descriptor_table },
	{ "memory-policy", memory_policy },
	{ "mount-namespace", mount_namespace },
	{ "multicast-member", multicast_member },
	{ "net-namespace", net_namespace },
	{ "one-shot", one_shot },
	{ "other-device", other_device },
	{ "owner-outside", owner_outside },
	{ "passed-outside", passed_outside },
	{ "pidfd-outside", pidfd },
	{ "pipe-outside", pipe_outside },
	{ "timer-alarm", alarm_timer },
	{ "timer-process", others_timer },
	{ "timer-thread", orphaned_timer },
	{ "port-selector", port_selector },
	{ "proc-file", proc_file },
	{ "proc-secret", proc_secret },
	{ "proc-setting", proc_setting },
	{ "seccomp", seccomp },
	{ "shared-address-space", shared_address_space },
	{ "shared-anonymous", shared_anonymous },
	{ "shared-description", shared_description },
	{ "shared-directories", shared_directories },
	{ "shared-files", shared_files },
	{ "shared-memfd", shared_memfd },
	{ "socket-filter", socket_filter },
	{ "sys-file", sys_file },
	{ "tcp-connecting", tcp_connecting },
	{ "tcp-itself", tcp_itself },
	{ "tcp-outside", tcp_outside },
	{ "tcp-urgent", tcp_urgent },
	{ "tcp-waiting-outside", tcp_waiting_outside },
	{ "temporary-attribute", temporary_attribute },
	{ "temporary-links", temporary_links },
	{ "temporary-outside", temporary_outside },
	{ "terminal", terminal },
	{ "terminal-controlling", terminal_controlling },
	{ "terminal-discipline", terminal_discipline },
	{ "terminal-group-ended", terminal_group_ended },
	{ "terminal-hung-up", terminal_hung_up },
	{ "thread-directory", thread_directory },
	{ "thread-files", thread_files },
	{ "thread-seccomp", thread_seccomp },
	{ "thread-undo", thread_undo },
	{ "netlink-answer", netlink_answer },
	{ "netlink-group", netlink_group },
	{ "tmpfs-links", tmpfs_links },
	{ "tmpfs-made", tmpfs_made },
	{ "tmpfs-outside", tmpfs_outside },
	{ "traced", traced },
	{ "udp-corked", udp_corked },
	{ "unix-knocking", unix_knocking },
	{ "unix-peer-outside", unix_peer_outside },
	{ "unix-waiting", unix_waiting },
	{ "user-dispatch", user_dispatch },
	{ "user-namespace", user_namespace },
	{ "userfaultfd", userfaultfd },
	{ "uts-namespace", uts_namespace },
	{ "watch-deleted", watch_deleted },
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
