// SPDX-License-Identifier: Apache-2.0
/*
 * held OUTFILE COUNT KIND: holds open files of one kind.  Some are used in every
 * iteration; the others lie still, and what they are is looked at in the end.
 * The first line names the descriptors that lie still: "still 4 5 6".  With "="
 * before KIND it writes no more lines and uses nothing until it is told to stop.
 * `held - 0 list' prints the kinds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "held.h"

static char path_buffer[4096];

/* On a disk of the machine's own: a shared directory does not allow everything. */
static const char *beside(const char *suffix)
{
	snprintf(path_buffer, sizeof(path_buffer), "/var/tmp/procmig-held/%s-%s",
		 strrchr(program_path(), '/') + 1, suffix);
	return path_buffer;
}

static char still[512];

int lies_still(int fd)
{
	snprintf(still + strlen(still), sizeof(still) - strlen(still), " %d", fd);
	return fd;
}

void echo(int out, int in, long number)
{
	char sent[32], got[32];
	int n = snprintf(sent, sizeof(sent), "%ld", number) + 1;

	is(write(out, sent, n) == n);
	is(read(in, got, n) == n);
	program_check(!memcmp(sent, got, n), "%s came back as %s", sent, got);
}

/* A descriptor on its way through a socket. */
static void pass(int socket, int fd)
{
	char room[CMSG_SPACE(sizeof(int))] = { };
	struct iovec part = { "have it", 7 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room,
				  .msg_controllen = sizeof(room) };
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);

	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(control), &fd, sizeof(fd));
	is(sendmsg(socket, &message, 0) == 7);
}

static int passed(int socket)
{
	char room[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))], text[16];
	struct iovec part = { text, sizeof(text) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room,
				  .msg_controllen = sizeof(room) };
	struct cmsghdr *control;
	int fd;

	is(recvmsg(socket, &message, 0) == 7);
	control = CMSG_FIRSTHDR(&message);
	is(control && control->cmsg_type == SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	return fd;
}

/* ---- pipe --------------------------------------------------------------- */

static int echoing[2], filled[2], packets[2], readers_only, writers_only, both;

static void pipe_begin(void)
{
	int ends[2];
	char page[5000];

	must(pipe(echoing));
	must(pipe2(filled, O_NONBLOCK));
	must(fcntl(filled[1], F_SETPIPE_SZ, 1 << 17));
	for (int i = 0; i < 20; i++) {
		memset(page, 'a' + i, sizeof(page));
		is(write(filled[1], page, sizeof(page)) == sizeof(page));
	}
	must(pipe2(packets, O_DIRECT | O_CLOEXEC));
	is(write(packets[1], "one", 3) == 3 && write(packets[1], "three", 5) == 5);
	must(pipe(ends));
	is(write(ends[1], "last words", 10) == 10);
	readers_only = ends[0];
	close(ends[1]);
	must(pipe(ends));
	close(ends[0]);
	writers_only = ends[1];
	snprintf(path_buffer, sizeof(path_buffer), "/proc/self/fd/%d", filled[0]);
	both = must(open(path_buffer, O_RDWR));
	lies_still(filled[0]);
	lies_still(filled[1]);
	lies_still(packets[0]);
	lies_still(packets[1]);
	lies_still(readers_only);
	lies_still(writers_only);
	lies_still(both);
}

static void pipe_step(long number)
{
	echo(echoing[1], echoing[0], number);
}

static void pipe_end(void)
{
	char page[5000];

	is(fcntl(filled[0], F_GETPIPE_SZ) == 1 << 17);
	is(fcntl(echoing[0], F_GETPIPE_SZ) == 1 << 16);
	for (int i = 0; i < 20; i++) {
		is(read(i % 2 ? filled[0] : both, page, sizeof(page)) == sizeof(page));
		for (size_t k = 0; k < sizeof(page); k++)
			is(page[k] == 'a' + i);
	}
	is(read(filled[0], page, 1) == -1 && errno == EAGAIN);
	is(read(packets[0], page, sizeof(page)) == 3 && !memcmp(page, "one", 3));
	is(read(packets[0], page, sizeof(page)) == 5 && !memcmp(page, "three", 5));
	is(write(packets[1], "a", 1) == 1 && write(packets[1], "b", 1) == 1);
	is(read(packets[0], page, sizeof(page)) == 1);
	is(read(readers_only, page, sizeof(page)) == 10 && !memcmp(page, "last words", 10));
	is(read(readers_only, page, sizeof(page)) == 0);
	signal(SIGPIPE, SIG_IGN);
	is(write(writers_only, page, 1) == -1 && errno == EPIPE);
}

/* ---- FIFO --------------------------------------------------------------- */

static int fifo_ends[2], ghost_ends[2];

static void fifo_begin(void)
{
	must(mkfifo(beside("fifo"), 0640));
	fifo_ends[0] = must(open(path_buffer, O_RDONLY | O_NONBLOCK));
	fifo_ends[1] = must(open(path_buffer, O_WRONLY));
	/* the same file must be on the other machine; only this one is */
	must(mkfifo(beside("ghost"), 0604));
	ghost_ends[0] = must(open(path_buffer, O_RDONLY | O_NONBLOCK));
	ghost_ends[1] = must(open(path_buffer, O_WRONLY));
	must(unlink(path_buffer));
	is(write(ghost_ends[1], "boo", 3) == 3);
	lies_still(ghost_ends[0]);
	lies_still(ghost_ends[1]);
}

static void fifo_step(long number)
{
	echo(fifo_ends[1], fifo_ends[0], number);
}

static void fifo_end(void)
{
	struct stat st;
	char got[8];

	is(read(ghost_ends[0], got, sizeof(got)) == 3 && !memcmp(got, "boo", 3));
	close(ghost_ends[1]);
	is(read(ghost_ends[0], got, sizeof(got)) == 0);
	must(fstat(ghost_ends[0], &st));
	is(S_ISFIFO(st.st_mode) && (st.st_mode & 0777) == 0604);
	unlink(beside("fifo"));
}

/* ---- eventfd ------------------------------------------------------------ */

static int counter, semaphore, idle_counter;

static void eventfd_begin(void)
{
	counter = must(eventfd(0, 0));
	semaphore = must(eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK));
	idle_counter = must(eventfd(4711, EFD_CLOEXEC));
	lies_still(semaphore);
	lies_still(idle_counter);
}

static void eventfd_step(long number)
{
	uint64_t value = number + 1;

	is(write(counter, &value, sizeof(value)) == sizeof(value));
	is(write(counter, &value, sizeof(value)) == sizeof(value));
	is(read(counter, &value, sizeof(value)) == sizeof(value));
	is(value == 2 * (uint64_t)(number + 1));
}

static void eventfd_end(void)
{
	uint64_t value;

	for (int i = 0; i < 3; i++)
		is(read(semaphore, &value, sizeof(value)) == sizeof(value) && value == 1);
	is(read(semaphore, &value, sizeof(value)) == -1 && errno == EAGAIN);
	is(read(idle_counter, &value, sizeof(value)) == sizeof(value) && value == 4711);
}

/* ---- timerfd ------------------------------------------------------------ */

static int ticking, far, absolute, expired, disarmed;
static uint64_t ticks_read, ticking_since, far_at;

static void arm(int fd, int flags, uint64_t ns, uint64_t every_ns)
{
	const struct itimerspec setting = {
		.it_value = { ns / 1000000000, ns % 1000000000 },
		.it_interval = { every_ns / 1000000000, every_ns % 1000000000 },
	};

	must(timerfd_settime(fd, flags, &setting, NULL));
}

static void timerfd_begin(void)
{
	const struct timespec while_ = { 0, 50000000 };

	ticking = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	ticking_since = program_now_ns();
	arm(ticking, 0, 10000000, 10000000);
	far = must(timerfd_create(CLOCK_BOOTTIME, 0));
	far_at = program_now_ns() + 3600ULL * 1000000000;
	arm(far, 0, 3600ULL * 1000000000, 0);
	absolute = must(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC));
	arm(absolute, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
	    (time(NULL) + 7200ULL) * 1000000000, 0);
	expired = must(timerfd_create(CLOCK_MONOTONIC, 0));
	arm(expired, 0, 1, 0);
	disarmed = must(timerfd_create(CLOCK_MONOTONIC, 0));
	nanosleep(&while_, NULL);
	lies_still(far);
	lies_still(absolute);
	lies_still(expired);
	lies_still(disarmed);
}

static void timerfd_step(long number)
{
	uint64_t ticks, least = (program_now_ns() - ticking_since) / 10000000, most;

	/* Nothing to read: on a loaded machine the expiration itself may be late. */
	if (read(ticking, &ticks, sizeof(ticks)) != sizeof(ticks)) {
		is(errno == EAGAIN);
		return;
	}
	/* The kernel counts up to now. */
	ticks_read += ticks;
	most = (program_now_ns() - ticking_since) / 10000000;
	program_check(ticks_read <= most + 1 && ticks_read + 2 >= least,
		      "%llu ticks were read, %llu to %llu are due after %ld rounds",
		      (unsigned long long)ticks_read, (unsigned long long)least,
		      (unsigned long long)most, number);
}

static void timerfd_end(void)
{
	struct itimerspec left;
	uint64_t ticks, ns;

	is(read(expired, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks == 1);
	must(timerfd_gettime(far, &left));
	ns = left.it_value.tv_sec * 1000000000ULL + left.it_value.tv_nsec;
	program_check(ns + program_now_ns() < far_at + 200000000 &&
		      ns + program_now_ns() > far_at - 200000000,
		      "the far timer is %lld ns off", (long long)(ns + program_now_ns() - far_at));
	must(timerfd_gettime(absolute, &left));
	is(left.it_value.tv_sec > 7000 && left.it_value.tv_sec <= 7200);
	must(timerfd_gettime(disarmed, &left));
	is(!left.it_value.tv_sec && !left.it_value.tv_nsec);
}

/* ---- signalfd ----------------------------------------------------------- */

static int signals, idle_signals;

static void signalfd_begin(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 3);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	signals = must(signalfd(-1, &set, SFD_CLOEXEC));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	idle_signals = must(signalfd(-1, &set, SFD_NONBLOCK));
	must(kill(getpid(), SIGUSR2));
	lies_still(signals);
	lies_still(idle_signals);
}

static void signalfd_step(long number)
{
	int signal = number % 2 ? SIGUSR1 : SIGRTMIN + 3;
	const union sigval value = { .sival_int = number };
	struct signalfd_siginfo info;

	must(sigqueue(getpid(), signal, value));
	is(read(signals, &info, sizeof(info)) == sizeof(info));
	is((int)info.ssi_signo == signal && info.ssi_int == number);
}

static void signalfd_end(void)
{
	struct signalfd_siginfo info;

	is(read(idle_signals, &info, sizeof(info)) == sizeof(info));
	is(info.ssi_signo == SIGUSR2);
	is(read(idle_signals, &info, sizeof(info)) == -1 && errno == EAGAIN);
}

/* ---- epoll -------------------------------------------------------------- */

static int outer, inner, lonely, woken, edged, hidden;

static void add(int epoll, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

static void epoll_begin(void)
{
	int copy;

	outer = must(epoll_create1(0));
	inner = must(epoll_create1(EPOLL_CLOEXEC));
	lonely = must(epoll_create1(0));
	woken = must(eventfd(0, EFD_NONBLOCK));
	edged = must(eventfd(0, EFD_NONBLOCK));
	hidden = must(eventfd(0, EFD_NONBLOCK));
	add(inner, woken, EPOLLIN, 0x123456789abcdef0);
	add(outer, inner, EPOLLIN, 7);
	add(outer, edged, EPOLLIN | EPOLLET, 8);
	/* added by a number that means another file now */
	copy = must(dup(hidden));
	add(outer, copy, EPOLLIN, 9);
	must(dup2(lonely, copy));
	add(lonely, hidden, EPOLLIN | EPOLLRDHUP, 10);
	add(lonely, outer, EPOLLOUT, 11);
	lies_still(outer);
	lies_still(inner);
	lies_still(lonely);
	lies_still(copy);
}

static void expect_event(int epoll, int fd, uint64_t data)
{
	struct epoll_event event;
	uint64_t value = 1;

	is(write(fd, &value, sizeof(value)) == sizeof(value));
	is(epoll_wait(epoll, &event, 1, 1000) == 1);
	program_check(event.data.u64 == data && event.events == EPOLLIN,
		      "epoll says %llx %x", (unsigned long long)event.data.u64, event.events);
	is(read(fd, &value, sizeof(value)) == sizeof(value));
	is(epoll_wait(epoll, &event, 1, 0) == 0);
}

static void epoll_step(long number)
{
	expect_event(inner, woken, 0x123456789abcdef0);
	expect_event(outer, woken, 7);
	expect_event(outer, edged, 8);
	expect_event(outer, hidden, 9);
	expect_event(lonely, hidden, 10);
	(void)number;
}

static void epoll_end(void)
{
	struct epoll_event event = { .events = EPOLLIN };

	/* it is there and under that descriptor */
	is(epoll_ctl(inner, EPOLL_CTL_ADD, woken, &event) == -1 && errno == EEXIST);
	must(epoll_ctl(outer, EPOLL_CTL_DEL, edged, NULL));
}

/* ---- inotify ------------------------------------------------------------ */

static int watching, idle_watching, directory_watch, file_watch, idle_watch, ghost, ghost_watch;
static char watched[4096], watched_file[4200];

static void expect_change(int fd, int watch, uint32_t mask, const char *name)
{
	char room[sizeof(struct inotify_event) + 256];
	const struct inotify_event *event = (void *)room;

	is(read(fd, room, sizeof(struct inotify_event) + (name ? 16 : 0)) > 0);
	program_check(event->wd == watch && event->mask == mask &&
		      (name ? !strcmp(event->name, name) : !event->len),
		      "watch %d says %x about '%s', watch %d and %x were due", event->wd,
		      event->mask, event->len ? event->name : "", watch, mask);
}

static void inotify_begin(void)
{
	int fd;

	mkdir(strcpy(watched, beside("watched")), 0777);
	snprintf(watched_file, sizeof(watched_file), "%s/file", watched);
	fd = must(open(watched_file, O_WRONLY | O_CREAT, 0666));
	watching = must(inotify_init1(IN_NONBLOCK));
	idle_watching = must(inotify_init1(IN_CLOEXEC));
	/* so that the numbers do not begin with one */
	must(inotify_rm_watch(watching, must(inotify_add_watch(watching, "/", IN_CREATE))));
	expect_change(watching, 1, IN_IGNORED, NULL);
	ghost = must(open(beside("ghost"), O_RDWR | O_CREAT, 0600));
	ghost_watch = must(inotify_add_watch(watching, path_buffer, IN_ATTRIB));
	must(unlink(path_buffer));
	expect_change(watching, ghost_watch, IN_ATTRIB, NULL);
	file_watch = must(inotify_add_watch(watching, watched_file, IN_ATTRIB));
	directory_watch = must(inotify_add_watch(watching, watched, IN_ATTRIB | IN_CREATE));
	idle_watch = must(inotify_add_watch(idle_watching, watched,
					    IN_MODIFY | IN_EXCL_UNLINK | IN_OPEN));
	is(write(fd, "", 0) == 0);
	must(ftruncate(fd, 0));
	close(fd);
	close(must(open(watched_file, O_RDONLY)));
	lies_still(watching);
	lies_still(idle_watching);
}

static void inotify_step(long number)
{
	must(chmod(watched_file, number % 2 ? 0600 : 0640));
	/* to the watch of the directory first */
	expect_change(watching, directory_watch, IN_ATTRIB, "file");
	expect_change(watching, file_watch, IN_ATTRIB, NULL);
	must(fchmod(ghost, number % 2 ? 0600 : 0640));
	expect_change(watching, ghost_watch, IN_ATTRIB, NULL);
}

static void inotify_end(void)
{
	char room[256];

	is(read(watching, room, sizeof(room)) == -1 && errno == EAGAIN);
	expect_change(idle_watching, idle_watch, IN_MODIFY, "file");
	expect_change(idle_watching, idle_watch, IN_OPEN, "file");
	is(inotify_add_watch(watching, watched_file, IN_ATTRIB) == file_watch);
	is(inotify_add_watch(watching, "/", IN_CREATE) == directory_watch + 1);
	unlink(watched_file);
	rmdir(watched);
}

/* ---- locks -------------------------------------------------------------- */

static int posix_locked, description_locked, flocked, leased, sending[2];

static int empty_file(const char *suffix, int flags)
{
	return lies_still(must(open(beside(suffix), flags | O_CREAT, 0644)));
}

static void lock(int fd, int command, int type, long start, long length)
{
	struct flock range = { .l_type = type, .l_start = start, .l_len = length };

	must(fcntl(fd, command, &range));
}

static void locks_begin(void)
{
	int sent;

	posix_locked = empty_file("posix", O_RDWR);
	lock(posix_locked, F_SETLK, F_WRLCK, 10, 11);
	lock(posix_locked, F_SETLK, F_RDLCK, 100, 0);
	description_locked = empty_file("description", O_RDWR);
	lock(description_locked, F_OFD_SETLK, F_WRLCK, 5, 1);
	flocked = empty_file("flock", O_RDONLY);
	must(flock(flocked, LOCK_SH));
	leased = empty_file("lease", O_RDONLY);
	must(fcntl(leased, F_SETLEASE, F_RDLCK));
	/* nobody has a descriptor of this one */
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, sending));
	sent = must(open(beside("sent"), O_RDWR | O_CREAT, 0644));
	must(flock(sent, LOCK_EX));
	lock(sent, F_OFD_SETLK, F_RDLCK, 7, 2);
	pass(sending[0], sent);
	must(close(sent));
}

static void locks_step(long number)
{
	is(fcntl(leased, F_GETLEASE) == F_RDLCK);
	(void)number;
}

static bool is_locked(const char *suffix, int type, long start, long length)
{
	struct flock range = { .l_type = type, .l_start = start, .l_len = length };
	int fd = open(beside(suffix), O_RDWR);

	return fcntl(fd, F_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

static void locks_end(void)
{
	int status, fd;
	pid_t child;

	signal(SIGIO, SIG_IGN);		/* the lease is about to be broken */
	child = fork();
	if (!child) {
		fd = open(beside("flock"), O_RDWR);
		_exit(!(is_locked("posix", F_RDLCK, 20, 1) &&
			!is_locked("posix", F_WRLCK, 21, 79) &&
			!is_locked("posix", F_RDLCK, 5000, 1) &&
			is_locked("posix", F_WRLCK, 5000, 1) &&
			is_locked("description", F_RDLCK, 5, 1) &&
			!is_locked("description", F_RDLCK, 6, 1) &&
			flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK &&
			!flock(fd, LOCK_SH | LOCK_NB) &&
			open(beside("lease"), O_WRONLY | O_NONBLOCK) == -1 &&
			errno == EWOULDBLOCK &&
			is_locked("sent", F_WRLCK, 8, 1) &&
			!is_locked("sent", F_RDLCK, 8, 1) &&
			flock(open(beside("sent"), O_RDWR), LOCK_SH | LOCK_NB) == -1 &&
			errno == EWOULDBLOCK));
	}
	must(waitpid(child, &status, 0));
	program_check(!status, "a lock does not hold");
	fd = passed(sending[1]);
	must(flock(fd, LOCK_UN));
	is(!is_locked("sent", F_WRLCK, 9, 0));
}

/* ---- owner -------------------------------------------------------------- */

static int owned[2], lent, lending[2];
static volatile sig_atomic_t signalled, signalled_fd;

static void on_input(int signal, siginfo_t *info, void *context)
{
	signalled++;
	signalled_fd = info->si_fd;
	(void)signal;
	(void)context;
}

static void owner_begin(void)
{
	struct sigaction action = { .sa_sigaction = on_input,
				    .sa_flags = SA_SIGINFO | SA_RESTART };
	int gone;

	must(sigaction(SIGRTMIN + 1, &action, NULL));
	must(pipe(owned));
	must(fcntl(owned[0], F_SETOWN, getpid()));
	must(fcntl(owned[0], F_SETSIG, SIGRTMIN + 1));
	must(fcntl(owned[0], F_SETFL, O_ASYNC));
	lent = must(open("/dev/null", O_RDONLY));
	must(fcntl(lent, F_SETOWN, -getpgrp()));
	lies_still(owned[0]);
	lies_still(lent);
	/* nobody has a descriptor of this one */
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, lending));
	gone = must(open("/dev/null", O_RDONLY));
	must(fcntl(gone, F_SETOWN, getpid()));
	must(fcntl(gone, F_SETSIG, SIGRTMIN + 2));
	pass(lending[0], gone);
	must(close(gone));
}

static void owner_step(long number)
{
	int before = signalled;

	echo(owned[1], owned[0], number);
	is(signalled == before + 1 && signalled_fd == owned[0]);
}

static void owner_end(void)
{
	is(fcntl(owned[0], F_GETOWN) == getpid());
	is(fcntl(owned[0], F_GETSIG) == SIGRTMIN + 1);
	is(fcntl(lent, F_GETOWN) == -getpgrp());
	lent = passed(lending[1]);
	is(fcntl(lent, F_GETOWN) == getpid() && fcntl(lent, F_GETSIG) == SIGRTMIN + 2);
}

/* ---- deleted files ------------------------------------------------------ */

static int unlinked, unlinked_again, temporary, removed, renamed_away, two_named, other_named;
static int inner_directory, inner_file, retaken;
static struct stat unlinked_stat;

/* Open by both of its names, and by one that a file had before it; all are gone. */
static void two_names(void)
{
	char first[sizeof(path_buffer)];
	int before, by_first, by_second;

	strcpy(first, beside("first"));
	before = must(open(first, O_RDWR | O_CREAT, 0600));
	must(unlink(first));
	by_first = must(open(first, O_RDWR | O_CREAT, 0600));
	must(link(first, beside("second")));
	by_second = must(open(path_buffer, O_RDWR));
	must(unlink(first));
	must(unlink(path_buffer));
	is(write(by_second, "both", 4) == 4);
	lies_still(before);
	lies_still(by_first);
	two_named = lies_still(by_second);
	other_named = by_first;
}

static void deleted_directories(void)
{
	must(mkdir(beside("outer"), 0700));
	must(chdir(path_buffer));
	must(mkdir("inner", 0711));
	inner_directory = lies_still(must(open("inner", O_RDONLY | O_DIRECTORY)));
	inner_file = lies_still(must(open("inner/file", O_RDWR | O_CREAT, 0600)));
	is(write(inner_file, "inner", 6) == 6);
	must(unlink("inner/file"));
	must(rmdir("inner"));
	must(rmdir(beside("outer")));
}

/* There is another file of that name where the program comes back to. */
static void name_taken_again(void)
{
	retaken = must(open(beside("retaken"), O_RDWR | O_CREAT, 0600));
	is(write(retaken, "first", 6) == 6);
	must(unlink(path_buffer));
	must(close(must(open(path_buffer, O_RDWR | O_CREAT | O_EXCL, 0600))));
}

static void deleted_begin(void)
{
	const struct timespec times[2] = { { 1000000000, 5 }, { 1000000001, 7 } };
	char byte = 'x';

	unlinked = must(open(beside("unlinked"), O_RDWR | O_CREAT | O_APPEND, 0640));
	unlinked_again = must(open(path_buffer, O_RDONLY));
	must(unlink(path_buffer));
	for (int i = 0; i < 300; i++)
		is(write(unlinked, path_buffer, sizeof(path_buffer)) == sizeof(path_buffer));
	must(ftruncate(unlinked, 5000000));
	must(futimens(unlinked, times));
	must(fstat(unlinked, &unlinked_stat));
	must(lseek(unlinked_again, 4096, SEEK_SET));
	temporary = must(open("/var/tmp", O_TMPFILE | O_RDWR, 0600));
	must(mkdir(beside("removed"), 0710));
	removed = must(open(path_buffer, O_RDONLY | O_DIRECTORY));
	must(rmdir(path_buffer));
	/* its name is another file's now */
	renamed_away = must(open(beside("replaced"), O_RDWR | O_CREAT, 0600));
	is(write(renamed_away, &byte, 1) == 1);
	must(unlink(path_buffer));
	must(fcntl(renamed_away, F_SETLEASE, F_WRLCK));
	two_names();
	deleted_directories();
	name_taken_again();
	lies_still(unlinked);
	lies_still(unlinked_again);
	lies_still(temporary);
	lies_still(removed);
	lies_still(renamed_away);
}

static void deleted_step(long number)
{
	is(pwrite(temporary, &number, sizeof(number), 8 * number) == sizeof(number));
	for (long i = 0; i <= number; i++) {
		long got;

		is(pread(temporary, &got, sizeof(got), 8 * i) == sizeof(got) && got == i);
	}
}

static void deleted_end(void)
{
	struct stat st, again;
	char got[4096];

	must(fstat(unlinked, &st));
	is(st.st_size == unlinked_stat.st_size && st.st_mode == unlinked_stat.st_mode &&
	   st.st_nlink == 0 && st.st_mtim.tv_sec == 1000000001 && st.st_mtim.tv_nsec == 7);
	must(fstat(unlinked_again, &again));
	is(again.st_ino == st.st_ino && again.st_dev == st.st_dev);
	for (int i = 1; i < 300; i++)
		is(read(unlinked_again, got, sizeof(got)) == sizeof(got) && got[0] == '/');
	is(read(unlinked_again, got, sizeof(got)) == sizeof(got) && !got[0]);
	is(write(unlinked, "end", 3) == 3);
	must(fstat(unlinked_again, &again));
	is(again.st_size == st.st_size + 3);
	must(fstat(removed, &st));
	is(S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0710);
	is(pread(renamed_away, got, sizeof(got), 0) == 1 && got[0] == 'x');
	is(fcntl(renamed_away, F_GETLEASE) == F_WRLCK);
	is(pread(inner_file, got, sizeof(got), 0) == 6 && !strcmp(got, "inner"));
	must(fstat(inner_directory, &st));
	is(S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0711);
	is(!getcwd(got, sizeof(got)) && errno == ENOENT);
	must(stat(".", &st));
	is(S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700);
	is(pread(retaken, got, sizeof(got), 0) == 6 && !strcmp(got, "first"));
	unlink(beside("retaken"));
	must(fstat(two_named, &st));
	must(fstat(other_named, &again));
	is(st.st_ino == again.st_ino && !st.st_nlink);
	is(pread(other_named, got, sizeof(got), 0) == 4 && !memcmp(got, "both", 4));
}

/* ---- memfd -------------------------------------------------------------- */

static int sealed, plain, plain_again;

static void memfd_begin(void)
{
	sealed = must(memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC));
	is(write(sealed, "signed", 6) == 6);
	must(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW));
	plain = must(memfd_create("plain one", 0));
	must(ftruncate(plain, 3 << 20));
	is(pwrite(plain, "deep", 4, (2 << 20) + 17) == 4);
	snprintf(path_buffer, sizeof(path_buffer), "/proc/self/fd/%d", plain);
	plain_again = must(open(path_buffer, O_RDONLY));
	lies_still(sealed);
	lies_still(plain);
	lies_still(plain_again);
}

static void memfd_step(long number)
{
	long got;

	is(pwrite(plain, &number, sizeof(number), 8 * number) == sizeof(number));
	is(pread(plain_again, &got, sizeof(got), 8 * number) == sizeof(got) && got == number);
}

static void memfd_end(void)
{
	char got[8];

	is(fcntl(sealed, F_GET_SEALS) == (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW));
	is(write(sealed, "x", 1) == -1 && errno == EPERM);
	is(pread(sealed, got, sizeof(got), 0) == 6 && !memcmp(got, "signed", 6));
	is(fcntl(plain, F_GET_SEALS) == F_SEAL_SEAL);
	is(pread(plain_again, got, 4, (2 << 20) + 17) == 4 && !memcmp(got, "deep", 4));
}

/* ---- files in memory ---------------------------------------------------- */

#define SHARED_BYTES (3u << 20)

static int shared_object, shared_reader, leased_alone;
static volatile sig_atomic_t lease_breaks;
static volatile long *shared_memory, *read_memory;
static const char *private_memory;
static char *mapped_only;
static sem_t *named;
static struct stat shared_stat;

static const char *memory_name(const char *what)
{
	snprintf(path_buffer, sizeof(path_buffer), "/held-%s-%d", what, getpid());
	return path_buffer;
}

static void *map_file(int fd, int protection, int flags)
{
	void *at = mmap(NULL, SHARED_BYTES, protection, flags, fd, 0);

	is(at != MAP_FAILED);
	return at;
}

/* Nobody has it open or mapped afterwards; all that is left of it is the name. */
static void put_down(const char *name, const char *content)
{
	int fd = must(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0640));

	is(write(fd, content, strlen(content) + 1) == (ssize_t)strlen(content) + 1);
	must(close(fd));
}

static void pick_up(const char *name, const char *content)
{
	char got[16] = "";
	int fd = must(shm_open(name, O_RDONLY, 0));

	is(read(fd, got, sizeof(got)) == (ssize_t)strlen(content) + 1 && !strcmp(got, content));
	must(close(fd));
	must(shm_unlink(name));
}

static void lease_breaking(int signal)
{
	(void)signal;
	lease_breaks++;
}

static void tmpfs_begin(void)
{
	const struct timespec times[2] = { { 1000000000, 5 }, { 1000000001, 7 } };
	pid_t child;
	int fd;

	shared_object = must(shm_open(memory_name("shared"), O_RDWR | O_CREAT | O_EXCL, 0600));
	must(ftruncate(shared_object, SHARED_BYTES));
	must(fchmod(shared_object, 0624));
	is(pwrite(shared_object, "deep", 4, (2 << 20) + 17) == 4);
	shared_reader = must(shm_open(path_buffer, O_RDONLY, 0));
	shared_memory = map_file(shared_object, PROT_READ | PROT_WRITE, MAP_SHARED);
	read_memory = map_file(shared_reader, PROT_READ, MAP_SHARED);
	private_memory = map_file(shared_reader, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	must(fstat(shared_object, &shared_stat));
	lies_still(shared_object);
	lies_still(shared_reader);
	/* no descriptor stays of this one, and nobody writes it with write(2) */
	fd = must(shm_open(memory_name("mapped"), O_RDWR | O_CREAT | O_EXCL, 0600));
	must(ftruncate(fd, SHARED_BYTES));
	mapped_only = map_file(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	strcpy(mapped_only, "mapped");
	must(futimens(fd, times));
	close(fd);
	leased_alone = must(shm_open(memory_name("leased"), O_RDWR | O_CREAT | O_EXCL, 0600));
	is(write(leased_alone, "leased", 7) == 7);
	signal(SIGIO, lease_breaking);
	must(fcntl(leased_alone, F_SETLEASE, F_WRLCK));
	named = sem_open(memory_name("semaphore"), O_CREAT | O_EXCL, 0600, 0);
	is(named != SEM_FAILED);
	put_down(memory_name("alone"), "alone");
	/* whoever makes this one has ended; its session has not */
	memory_name("orphan");
	child = must(fork());
	if (!child) {
		put_down(path_buffer, "orphan");
		_exit(0);
	}
	must(waitpid(child, NULL, 0));
}

static void tmpfs_step(long number)
{
	long got;

	shared_memory[number] = number;
	is(read_memory[number] == number);
	is(pread(shared_reader, &got, sizeof(got), 8 * number) == sizeof(got) && got == number);
	is(sem_trywait(named) == -1 && errno == EAGAIN);
	must(sem_post(named));
	must(sem_wait(named));
	program_check(!lease_breaks && fcntl(leased_alone, F_GETLEASE) == F_WRLCK,
		      "the lease is broken");
}

static void tmpfs_end(void)
{
	struct stat st;
	char name[8];
	int fd;

	must(fstat(shared_object, &st));
	is(st.st_size == SHARED_BYTES && st.st_mode == shared_stat.st_mode &&
	   st.st_nlink == 1 && st.st_uid == shared_stat.st_uid);
	is(!memcmp(private_memory + (2 << 20) + 17, "deep", 4));
	must(fstat(shared_reader, &shared_stat));
	is(st.st_ino == shared_stat.st_ino && st.st_dev == shared_stat.st_dev);
	must(shm_unlink(memory_name("shared")));
	must(fstat(shared_object, &st));
	is(!st.st_nlink);
	fd = must(shm_open(memory_name("mapped"), O_RDWR, 0));
	must(fstat(fd, &st));
	is(!strcmp(mapped_only, "mapped") && st.st_mtim.tv_sec == 1000000001 && st.st_mtim.tv_nsec == 7);
	must(shm_unlink(path_buffer));
	must(sem_unlink(memory_name("semaphore")));
	is(pread(leased_alone, name, sizeof(name), 0) == 7 && !strcmp(name, "leased"));
	must(shm_unlink(memory_name("leased")));
	pick_up(memory_name("alone"), "alone");
	pick_up(memory_name("orphan"), "orphan");
}

/* ---- procfs ------------------------------------------------------------- */

static int own_stat, own_comm, own_descriptors, uptime, about_uptime, about_closed, online;
static int to_reader, from_reader;
static int about_zombie, about_ended, about_ended_thread, ended_descriptors;
static pid_t reader, zombie;

static int about(int fd)
{
	snprintf(path_buffer, sizeof(path_buffer), "/proc/self/fdinfo/%d", fd);
	return must(open(path_buffer, O_RDONLY));
}

/* The child, whenever it is asked, says what procfs tells of a descriptor of its own. */
static void read_about(int asked, int told)
{
	int fd = about(asked);
	char byte, said[64];

	signal(SIGTERM, SIG_IGN);
	close(program_descriptor());
	while (read(asked, &byte, 1) == 1)
		if (write(told, said, pread(fd, said, sizeof(said), 0)) <= 0)
			_exit(1);
	_exit(0);
}

static void reader_begin(void)
{
	int asked[2], told[2];

	must(pipe(asked));
	must(pipe(told));
	reader = must(fork());
	if (!reader) {
		close(asked[1]);
		read_about(asked[0], told[1]);
	}
	close(asked[0]);
	close(told[1]);
	to_reader = lies_still(asked[1]);
	from_reader = lies_still(told[0]);
}

static void reader_step(void)
{
	char said[64];

	is(write(to_reader, "?", 1) == 1);
	is(read(from_reader, said, sizeof(said)) > 6 && !memcmp(said, "pos:\t0", 6));
}

static void reader_end(void)
{
	int status;

	close(to_reader);
	is(waitpid(reader, &status, 0) == reader);
	program_check(WIFEXITED(status) && !WEXITSTATUS(status), "the reader ended with %x", status);
}

/* It has ended, and nobody has asked for it. */
static void expect_ended(void)
{
	char said;

	is(pread(about_ended, &said, 1, 0) == -1 && errno == ESRCH);
	is(pread(about_ended_thread, &said, 1, 0) == -1 && errno == ESRCH);
	is(faccessat(ended_descriptors, "0", F_OK, 0) == -1);
}

static void zombie_begin(void)
{
	siginfo_t ended;

	zombie = must(fork());
	if (!zombie)
		_exit(7);
	must(waitid(P_PID, zombie, &ended, WEXITED | WNOWAIT));
	snprintf(path_buffer, sizeof(path_buffer), "/proc/%d/task/%d/schedstat", zombie, zombie);
	about_zombie = lies_still(must(open(path_buffer, O_RDONLY)));
}

/* About a process, and about a thread of it, that have ended while their files were open. */
static void ended_begin(void)
{
	pid_t child = must(fork());

	if (!child) {
		pause();
		_exit(0);
	}
	snprintf(path_buffer, sizeof(path_buffer), "/proc/%d/stat", child);
	about_ended = must(open(path_buffer, O_RDONLY));
	snprintf(path_buffer, sizeof(path_buffer), "/proc/%d/task/%d/schedstat", child, child);
	about_ended_thread = must(open(path_buffer, O_RDONLY));
	snprintf(path_buffer, sizeof(path_buffer), "/proc/%d/fd", child);
	ended_descriptors = must(open(path_buffer, O_RDONLY | O_DIRECTORY));
	must(kill(child, SIGKILL));
	must(waitpid(child, NULL, 0));
	expect_ended();
}

static void procfs_begin(void)
{
	char part[16];
	int closed;

	own_stat = must(open("/proc/self/stat", O_RDONLY));
	is(read(own_stat, part, 1) == 1);
	own_comm = must(open("/proc/self/comm", O_RDWR));
	own_descriptors = must(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
	uptime = must(open("/proc/uptime", O_RDONLY));
	is(read(uptime, part, 4) == 4);
	lies_still(own_stat);
	lies_still(own_comm);
	/* about a descriptor that is made after it */
	about_uptime = about(uptime);
	/* higher than whatever else is opened */
	closed = must(fcntl(uptime, F_DUPFD, 300));
	about_closed = about(closed);
	close(closed);
	/* now its name is gone, too; on the target it goes when somebody looks again */
	is(access(path_buffer, F_OK) == -1 && errno == ENOENT);
	online = must(open("/sys/devices/system/cpu/online", O_RDONLY));
	is(read(online, part, 1) == 1);
	lies_still(own_descriptors);
	lies_still(uptime);
	lies_still(about_uptime);
	lies_still(online);
	reader_begin();
	zombie_begin();
	ended_begin();
}

static void procfs_step(long number)
{
	char name[16], said[64], wanted[32];
	int bytes = snprintf(name, sizeof(name), "held %ld", number);
	ssize_t got;

	is(write(own_comm, name, bytes) == bytes);
	got = pread(own_comm, said, sizeof(said), 0);
	is(got == bytes + 1 && !memcmp(said, name, bytes));
	got = must(pread(own_stat, said, sizeof(said) - 1, 0));
	said[got] = '\0';
	snprintf(wanted, sizeof(wanted), "%d (held %ld) ", getpid(), number);
	program_check(!strncmp(said, wanted, strlen(wanted)), "procfs says %s", said);
	is(pread(uptime, said, 8, 0) > 0);
	reader_step();
}

static void procfs_end(void)
{
	char said, wanted[16], about[16];
	int status;

	snprintf(wanted, sizeof(wanted), "%d ", getpid());
	is(read(own_stat, &said, 1) == 1 && said == wanted[1]);
	is(!faccessat(own_descriptors, "0", F_OK, 0));
	is(pread(about_uptime, about, sizeof(about), 0) > 6 && !memcmp(about, "pos:\t4", 6));
	is(pread(about_closed, about, sizeof(about), 0) == -1 && errno == ENOENT);
	is(lseek(online, 0, SEEK_CUR) == 1 && pread(online, about, 1, 0) == 1);
	is(pread(about_zombie, about, 1, 0) == 1 && about[0] >= '0' && about[0] <= '9');
	must(waitpid(zombie, &status, 0));
	is(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	is(pread(about_zombie, about, 1, 0) == -1 && errno == ESRCH);
	reader_end();
	expect_ended();
}

/* ---- mqueue ------------------------------------------------------------- */

static mqd_t turning, kept, unlinked_queue, told;
static volatile sig_atomic_t news;

static void hear_news(int signal, siginfo_t *info, void *unused)
{
	(void)signal;
	(void)unused;
	news = info->si_code == SI_MESGQ ? info->si_value.sival_int : -1;
}

static mqd_t queue_named(const char *what, int flags)
{
	struct mq_attr limits = { .mq_maxmsg = 8, .mq_msgsize = 6000 };
	char name[64];

	snprintf(name, sizeof(name), "/procmig-%s-%d", what, getpid());
	return must(mq_open(name, flags | O_CREAT, 0620, &limits));
}

static void mqueue_begin(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct sigaction action = { .sa_sigaction = hear_news, .sa_flags = SA_SIGINFO | SA_RESTART };
	static char text[6000];
	char name[64];

	turning = queue_named("turning", O_RDWR);
	lies_still(kept = queue_named("kept", O_RDWR | O_NONBLOCK));
	lies_still(queue_named("kept", O_RDONLY));
	for (int i = 0; i < 6; i++) {
		memset(text, 'a' + i, sizeof(text));
		must(mq_send(kept, text, i * 1200, i % 3));
	}
	unlinked_queue = queue_named("unlinked", O_RDWR);
	snprintf(name, sizeof(name), "/procmig-unlinked-%d", getpid());
	must(mq_unlink(name));
	must(mq_send(unlinked_queue, "deep", 4, 17));
	told = queue_named("told", O_RDWR);
	must(sigaction(SIGUSR1, &action, NULL));
	event.sigev_value.sival_int = 4711;
	must(mq_notify(told, &event));
}

static void mqueue_step(long number)
{
	unsigned int priority;
	long got;
	char room[6000];

	must(mq_send(turning, (const char *)&number, sizeof(number), number % 5));
	is(mq_receive(turning, room, sizeof(room), &priority) == sizeof(got));
	memcpy(&got, room, sizeof(got));
	is(got == number && priority == number % 5);
}

static void mqueue_end(void)
{
	static const int order[] = { 2, 5, 1, 4, 0, 3 };
	struct mq_attr limits;
	unsigned int priority;
	char room[6000], name[64];

	must(mq_getattr(kept, &limits));
	is(limits.mq_maxmsg == 8 && limits.mq_msgsize == 6000 && limits.mq_curmsgs == 6 &&
	   limits.mq_flags == O_NONBLOCK);
	for (size_t i = 0; i < 6; i++) {
		is(mq_receive(kept, room, sizeof(room), &priority) == order[i] * 1200);
		is(priority == (unsigned int)order[i] % 3 &&
		   (!order[i] || room[1199] == 'a' + order[i]));
	}
	is(mq_receive(kept, room, sizeof(room), NULL) == -1 && errno == EAGAIN);
	is(mq_receive(unlinked_queue, room, sizeof(room), &priority) == 4 && priority == 17);
	must(mq_send(told, "x", 1, 0));
	is(news == 4711);
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "turning", "kept", "told" };

		snprintf(name, sizeof(name), "/procmig-%s-%d", names[i], getpid());
		must(mq_unlink(name));
	}
}

/* ---- pidfd -------------------------------------------------------------- */

static int self;

static void pidfd_begin(void)
{
	self = lies_still(must((int)syscall(SYS_pidfd_open, getpid(), 0)));
}

static void pidfd_step(long number)
{
	struct pollfd ended = { .fd = self, .events = POLLIN };

	must((int)syscall(SYS_pidfd_send_signal, self, 0, NULL, 0));
	is(poll(&ended, 1, 0) == 0);
	(void)number;
}

static void pidfd_end(void)
{
	int copy = must((int)syscall(SYS_pidfd_getfd, self, self, 0));

	close(copy);
}

/* ---- Unix sockets ------------------------------------------------------- */

static int talking[2], queued[2], datagrams[2], sequenced[2], widow, carrying[2];
static int nested[2], into_nested;
static int crowded, impatient;
static int listening, client, accepted, abstract, sender, ghost, homeless;
static struct sockaddr_un crowded_name, listening_name, abstract_name, sender_name, homeless_name;

static socklen_t name_of(struct sockaddr_un *name, const char *text)
{
	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	strcpy(name->sun_path + (*text == '@'), text + (*text == '@'));
	return offsetof(struct sockaddr_un, sun_path) + strlen(text) + (*text != '@');
}

static int bound(int type, struct sockaddr_un *name, const char *text)
{
	int fd = must(socket(AF_UNIX, type, 0));

	must(bind(fd, (struct sockaddr *)name, name_of(name, text)));
	return fd;
}

/* ---- a log: datagrams for somebody outside, by a path ---- */

static struct sockaddr_un log_name;
static int logging, log_of_ours = -1;

static void log_begin(void)
{
	socklen_t length = name_of(&log_name, beside("log"));

	logging = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	/* Without anybody there, as in a control run, it is this process. */
	if (connect(logging, (struct sockaddr *)&log_name, length)) {
		log_of_ours = bound(SOCK_DGRAM, &log_name, beside("log"));
		must(connect(logging, (struct sockaddr *)&log_name, length));
	}
}

static void log_step(long number)
{
	char text[32];
	int bytes = snprintf(text, sizeof(text), "%ld\n", number);

	is(send(logging, text, bytes, MSG_DONTWAIT) == bytes);
	if (log_of_ours >= 0)
		is(recv(log_of_ours, text, sizeof(text), MSG_DONTWAIT) == bytes);
}

static void log_end(void)
{
	struct sockaddr_un name = { };
	socklen_t length = sizeof(name);

	must(getpeername(logging, (struct sockaddr *)&name, &length));
	is(!strcmp(name.sun_path, log_name.sun_path));
	if (log_of_ours >= 0)
		must(unlink(log_name.sun_path));
}

/* ---- Unix sockets ---- */

static void unix_begin(void)
{
	char text[200];
	int ends[2], gone, size = 100000;
	struct sockaddr_un gone_name;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, talking));
	must(setsockopt(talking[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, queued));
	is(write(queued[0], "one", 3) == 3 && write(queued[0], "two", 3) == 3);
	is(write(queued[1], "back", 4) == 4);
	is(read(queued[1], text, 1) == 1);
	must(shutdown(queued[0], SHUT_WR));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams));
	is(write(datagrams[0], "a", 1) == 1 && write(datagrams[0], "bcd", 3) == 3);
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sequenced));
	is(write(sequenced[1], "first", 5) == 5 && write(sequenced[1], "2nd", 3) == 3);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	is(write(ends[1], "farewell", 8) == 8);
	close(ends[1]);
	widow = ends[0];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, carrying));
	must(pipe(ends));
	is(write(ends[1], "inside", 6) == 6);
	pass(carrying[0], ends[0]);
	pass(carrying[0], carrying[1]);
	close(ends[0]);
	close(ends[1]);
	/* one end of a pipe in the queue of a socket that is in a queue itself */
	must(pipe(ends));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, nested));
	pass(nested[0], ends[0]);
	pass(carrying[0], nested[1]);
	close(ends[0]);
	close(nested[1]);
	into_nested = ends[1];

	/* two that nobody has accepted, one of which has gone already */
	crowded = bound(SOCK_STREAM, &crowded_name, beside("crowded"));
	must(listen(crowded, 2));
	impatient = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(impatient, (struct sockaddr *)&crowded_name, sizeof(crowded_name)));
	is(write(impatient, "early", 5) == 5);
	pass(impatient, crowded);
	gone = bound(SOCK_STREAM, &gone_name, beside("gone"));
	must(connect(gone, (struct sockaddr *)&crowded_name, sizeof(crowded_name)));
	is(write(gone, "too late", 8) == 8);
	close(gone);
	must(unlink(gone_name.sun_path));

	listening = bound(SOCK_STREAM, &listening_name, beside("listening"));
	must(chmod(listening_name.sun_path, 0620));
	must(listen(listening, 7));
	client = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(client, (struct sockaddr *)&listening_name, sizeof(listening_name)));
	accepted = must(accept(listening, NULL, NULL));
	snprintf(text, sizeof(text), "@%.90s", strrchr(program_path(), '/') + 1);
	abstract = bound(SOCK_DGRAM, &abstract_name, text);
	sender = bound(SOCK_DGRAM, &sender_name, beside("sender"));
	is(sendto(sender, "from me", 7, 0, (struct sockaddr *)&abstract_name,
		  name_of(&abstract_name, text)) == 7);
	ghost = bound(SOCK_DGRAM, &(struct sockaddr_un){ }, beside("ghost"));
	must(unlink(path_buffer));
	must(mkdir(beside("home"), 0700));
	homeless = bound(SOCK_DGRAM, &homeless_name, beside("home/socket"));
	must(unlink(path_buffer));
	must(rmdir(beside("home")));
	lies_still(queued[0]);
	lies_still(queued[1]);
	lies_still(datagrams[0]);
	lies_still(sequenced[0]);
	lies_still(widow);
	lies_still(carrying[1]);
	lies_still(crowded);
	lies_still(listening);
	lies_still(abstract);
	lies_still(ghost);
	lies_still(homeless);
}

static void unix_step(long number)
{
	int fresh = must(socket(AF_UNIX, SOCK_STREAM, 0)), served;

	echo(talking[0], talking[1], number);
	echo(talking[1], talking[0], number);
	echo(client, accepted, number);
	echo(accepted, client, number);
	must(connect(fresh, (struct sockaddr *)&listening_name, sizeof(listening_name)));
	served = must(accept(listening, NULL, NULL));
	echo(fresh, served, number);
	close(fresh);
	close(served);
}

static void unix_end(void)
{
	struct sockaddr_un name = { };
	socklen_t length = sizeof(name);
	struct ucred peer;
	struct stat st;
	char got[64];
	int fd, size;

	is(read(queued[1], got, sizeof(got)) == 5 && !memcmp(got, "netwo", 5));
	is(read(queued[1], got, sizeof(got)) == 0);
	is(read(queued[0], got, sizeof(got)) == 4 && !memcmp(got, "back", 4));
	is(send(queued[0], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
	is(read(datagrams[1], got, sizeof(got)) == 1 && got[0] == 'a');
	is(read(datagrams[1], got, sizeof(got)) == 3);
	is(write(datagrams[1], "re", 2) == 2 && read(datagrams[0], got, sizeof(got)) == 2);
	is(read(sequenced[0], got, sizeof(got)) == 5 && read(sequenced[0], got, 64) == 3);
	is(read(widow, got, sizeof(got)) == 8 && !memcmp(got, "farewell", 8));
	is(read(widow, got, sizeof(got)) == 0);
	fd = passed(carrying[1]);
	is(read(fd, got, sizeof(got)) == 6 && !memcmp(got, "inside", 6));
	is(read(fd, got, sizeof(got)) == 0);
	fd = passed(carrying[1]);
	nested[1] = passed(carrying[1]);
	is(write(carrying[0], "again", 5) == 5 && read(fd, got, sizeof(got)) == 5);
	fd = passed(nested[1]);
	echo(nested[0], nested[1], 1);
	echo(into_nested, fd, 2);
	is(recvfrom(abstract, got, sizeof(got), 0, (struct sockaddr *)&name, &length) == 7);
	program_check(!strcmp(name.sun_path, sender_name.sun_path), "it came from %s",
		      name.sun_path);
	fd = must(accept(crowded, NULL, NULL));
	length = sizeof(peer);
	must(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length));
	is(peer.pid == getpid() && peer.uid == getuid());
	is(read(fd, got, 5) == 5 && !memcmp(got, "early", 5));
	close(passed(fd));
	echo(impatient, fd, 3);
	echo(fd, impatient, 4);
	close(fd);
	length = sizeof(name);
	fd = must(accept(crowded, (struct sockaddr *)&name, &length));
	is(read(fd, got, sizeof(got)) == 8 && !memcmp(got, "too late", 8));
	is(read(fd, got, sizeof(got)) == 0);
	program_check(strstr(name.sun_path, "gone"), "who has gone was %s", name.sun_path);
	close(fd);
	unlink(crowded_name.sun_path);
	length = sizeof(name);
	must(getpeername(client, (struct sockaddr *)&name, &length));
	is(!strcmp(name.sun_path, listening_name.sun_path));
	length = sizeof(name);
	must(getsockname(accepted, (struct sockaddr *)&name, &length));
	is(!strcmp(name.sun_path, listening_name.sun_path));
	length = sizeof(peer);
	must(getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &peer, &length));
	is(peer.pid == getpid() && peer.uid == getuid());
	length = sizeof(size);
	must(getsockopt(talking[0], SOL_SOCKET, SO_SNDBUF, &size, &length));
	is(size == 200000);
	must(stat(listening_name.sun_path, &st));
	is(S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0620);
	is(stat(beside("ghost"), &st) == -1 && errno == ENOENT);
	length = sizeof(name);
	must(getsockname(homeless, (struct sockaddr *)&name, &length));
	is(!strcmp(name.sun_path, homeless_name.sun_path));
	unlink(listening_name.sun_path);
	unlink(sender_name.sun_path);
}

/* ---- internet sockets --------------------------------------------------- */

static int tcp, tcp6, udp, udp_connected, fresh_tcp;
static struct sockaddr_in tcp_name, udp_name;
static struct sockaddr_in6 tcp6_name;

static void own_name(int fd, void *name, socklen_t length)
{
	must(getsockname(fd, name, &length));
}

static void inet_begin(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct sockaddr_in6 any6 = { .sin6_family = AF_INET6,
					   .sin6_addr = IN6ADDR_ANY_INIT };
	int on = 1;

	tcp = must(socket(AF_INET, SOCK_STREAM, 0));
	must(setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	must(bind(tcp, (struct sockaddr *)&any, sizeof(any)));
	must(listen(tcp, 5));
	own_name(tcp, &tcp_name, sizeof(tcp_name));
	tcp6 = must(socket(AF_INET6, SOCK_STREAM, 0));
	must(setsockopt(tcp6, SOL_IPV6, IPV6_V6ONLY, &on, sizeof(on)));
	must(bind(tcp6, (struct sockaddr *)&any6, sizeof(any6)));
	own_name(tcp6, &tcp6_name, sizeof(tcp6_name));
	udp = must(socket(AF_INET, SOCK_DGRAM, 0));
	must(bind(udp, (struct sockaddr *)&any, sizeof(any)));
	own_name(udp, &udp_name, sizeof(udp_name));
	udp_connected = must(socket(AF_INET, SOCK_DGRAM, 0));
	must(connect(udp_connected, (struct sockaddr *)&udp_name, sizeof(udp_name)));
	fresh_tcp = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	must(setsockopt(fresh_tcp, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	must(setsockopt(fresh_tcp, SOL_TCP, TCP_NODELAY, &on, sizeof(on)));
	lies_still(tcp);
	lies_still(tcp6);
	lies_still(fresh_tcp);
}

static void inet_step(long number)
{
	/* a connection would be an obstacle: only datagrams */
	echo(udp_connected, udp, number);
}

static void inet_end(void)
{
	struct sockaddr_in name = { };
	struct sockaddr_in6 name6 = { };
	socklen_t length = sizeof(int);
	int value, fd = must(socket(AF_INET, SOCK_STREAM, 0)), served;

	must(connect(fd, (struct sockaddr *)&tcp_name, sizeof(tcp_name)));
	served = must(accept(tcp, NULL, NULL));
	echo(fd, served, 1);
	own_name(tcp, &name, sizeof(name));
	is(!memcmp(&name, &tcp_name, sizeof(name)));
	own_name(tcp6, &name6, sizeof(name6));
	is(!memcmp(&name6, &tcp6_name, sizeof(name6)));
	must(getsockopt(fresh_tcp, SOL_TCP, TCP_NODELAY, &value, &length));
	is(value);
	must(getsockopt(fresh_tcp, SOL_SOCKET, SO_KEEPALIVE, &value, &length));
	is(value);
	must(getsockopt(tcp6, SOL_IPV6, IPV6_V6ONLY, &value, &length));
	is(value);
	must(getsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &value, &length));
	is(value);
}

/* ---- pseudo-terminals --------------------------------------------------- */

struct terminal {
	int master, slave;
};

static struct terminal raw, lines, pushed, full, packet, stopped, controlling, left, locked;
static int hung_up, current_terminal, terminal_number;
static long poured;
static volatile sig_atomic_t interrupted;

static int open_master(void)
{
	int master = must(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK)), unlocked = 0;

	must(ioctl(master, TIOCSPTLCK, &unlocked));
	return master;
}

static int open_slave(int master, int flags)
{
	int number;

	must(ioctl(master, TIOCGPTN, &number));
	snprintf(path_buffer, sizeof(path_buffer), "/dev/pts/%d", number);
	return open(path_buffer, O_RDWR | flags);
}

/* @input, @local: flags on top of a terminal that does nothing to what passes */
static struct terminal make_terminal(tcflag_t input, tcflag_t local)
{
	struct terminal made;
	struct termios settings;

	made.master = open_master();
	made.slave = must(open_slave(made.master, O_NOCTTY | O_NONBLOCK));
	must(tcgetattr(made.slave, &settings));
	settings.c_iflag = input;
	settings.c_oflag = 0;
	settings.c_lflag = local;
	settings.c_cc[VEOL] = '!';
	settings.c_cc[VMIN] = 1;
	must(tcsetattr(made.slave, TCSANOW, &settings));
	lies_still(made.master);
	lies_still(made.slave);
	return made;
}

static void type(int master, const char *text)
{
	is(write(master, text, strlen(text)) == (ssize_t)strlen(text));
}

/* What was typed has come when as many characters can be read. */
static void await_input(int fd, int count)
{
	const struct timespec tick = { 0, 1000000 };
	int there = 0;

	for (int i = 0; i < 5000 && there < count; i++) {
		must(ioctl(fd, FIONREAD, &there));
		nanosleep(&tick, NULL);
	}
	program_check(there == count, "%d of %d characters have come", there, count);
}

static void expect_text(int fd, const char *text)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char got[256] = "";
	ssize_t n;

	is(poll(&ready, 1, 5000) == 1);
	n = read(fd, got, sizeof(got) - 1);
	program_check(n == (ssize_t)strlen(text) && !memcmp(got, text, n),
		      "%zd characters, '%s', not '%s'", n, got, text);
}

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* Until nothing fits any more: behind what can be read comes what is on its way. */
static void pour(void)
{
	const struct timespec tick = { 0, 20000000 };
	char block[64];
	ssize_t n;

	for (int idle = 0; idle < 10; idle++) {
		do {
			for (size_t i = 0; i < sizeof(block); i++)
				block[i] = (poured + i) % 251;
			n = write(full.slave, block, sizeof(block));
			if (n > 0)
				poured += n;
		} while (n > 0 && poured < 1 << 20);
		nanosleep(&tick, NULL);
	}
	is(poured > 4096);
}

static void terminals_that_stopped(void)
{
	int on = 1, master;

	packet = make_terminal(0, 0);
	must(ioctl(packet.master, TIOCPKT, &on));
	must(ioctl(packet.slave, TIOCEXCL));
	must(tcflush(packet.slave, TCIFLUSH));
	is(write(packet.slave, "data", 4) == 4);
	stopped = make_terminal(IXON, 0);
	must(tcflow(stopped.slave, TCOOFF));
	left.master = open_master();
	close(must(open_slave(left.master, O_NOCTTY)));
	locked.master = must(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	master = open_master();
	hung_up = must(open_slave(master, O_NOCTTY));
	close(master);
	lies_still(left.master);
	lies_still(locked.master);
	lies_still(hung_up);
}

static void pty_begin(void)
{
	const struct winsize window = { 33, 77, 330, 770 };
	struct termios settings;
	char block[3000];

	raw = make_terminal(0, 0);
	must(fchmod(raw.slave, 0604));
	lines = make_terminal(ICRNL, ICANON | IEXTEN | ISIG);
	must(ioctl(lines.master, TIOCSWINSZ, &window));
	type(lines.master, "first\rsecond!third\004literal\026\nx\npartly");
	await_input(lines.slave, 28);
	pushed = make_terminal(0, 0);
	type(pushed.master, "typed before");
	await_input(pushed.slave, 12);
	must(tcgetattr(pushed.slave, &settings));
	settings.c_lflag = ICANON;
	must(tcsetattr(pushed.slave, TCSANOW, &settings));
	type(pushed.master, "and after\n");
	await_input(pushed.slave, 22);
	full = make_terminal(0, 0);
	memset(block, 0x7e, sizeof(block));
	is(write(full.master, block, sizeof(block)) == sizeof(block));
	await_input(full.slave, sizeof(block));
	pour();
	terminals_that_stopped();
	if (getsid(0) != getpid())
		must(setsid());
	signal(SIGINT, on_interrupt);
	controlling = make_terminal(BRKINT, ISIG | ICANON | ECHO | ECHOCTL);
	must(ioctl(controlling.slave, TIOCSCTTY, 0));
	current_terminal = must(open("/dev/tty", O_RDWR | O_CLOEXEC));
	must(ioctl(controlling.master, TIOCGPTN, &terminal_number));
	lies_still(current_terminal);
}

static void pty_step(long number)
{
	char sent[32], got[32] = "";
	int n = snprintf(sent, sizeof(sent), "%ld", number);

	for (int there = 0; there < 2; there++) {
		int to = there ? raw.slave : raw.master, from = there ? raw.master : raw.slave;

		is(write(to, sent, n) == n);
		expect_text(from, sent);
	}
	is(read(raw.slave, got, sizeof(got)) == -1 && errno == EAGAIN);
}

static void lines_end(void)
{
	struct winsize window;

	must(ioctl(lines.slave, TIOCGWINSZ, &window));
	is(window.ws_row == 33 && window.ws_col == 77 && window.ws_ypixel == 770);
	await_input(lines.slave, 28);
	type(lines.master, "\177\177X\n");
	expect_text(lines.slave, "first\n");
	expect_text(lines.slave, "second!");
	expect_text(lines.slave, "third");
	expect_text(lines.slave, "literal\nx\n");
	expect_text(lines.slave, "partX\n");
	expect_text(pushed.slave, "typed before");
	expect_text(pushed.slave, "and after\n");
}

static void full_end(void)
{
	struct pollfd ready = { .fd = full.master, .events = POLLIN };
	char block[3001];
	ssize_t n;

	is(read(full.slave, block, sizeof(block)) == 3000);
	for (int i = 0; i < 3000; i++)
		is(block[i] == 0x7e);
	for (long got = 0; got < poured; got += n) {
		is(poll(&ready, 1, 5000) == 1);
		n = must(read(full.master, block, sizeof(block)));
		for (ssize_t i = 0; i < n; i++)
			program_check((uint8_t)block[i] == (got + i) % 251,
				      "character %ld of %ld", got + i, poured);
	}
	is(read(full.master, block, 1) == -1 && errno == EAGAIN);
}

static void stopped_end(void)
{
	int value = 0, slave;
	char got[16];

	must(ioctl(packet.master, TIOCGPKT, &value));
	is(value == 1);
	must(ioctl(packet.slave, TIOCGEXCL, &value));
	is(value == 1);
	is(read(packet.master, got, sizeof(got)) == 1 && got[0] & TIOCPKT_FLUSHREAD);
	is(read(packet.master, got, sizeof(got)) == 5 && !memcmp(got, "\0data", 5));
	is(write(stopped.slave, "x", 1) == -1 && errno == EAGAIN);
	must(tcflow(stopped.slave, TCOON));
	is(write(stopped.slave, "x", 1) == 1);
	expect_text(stopped.master, "x");
	is(read(left.master, got, 1) == -1 && errno == EIO);
	slave = must(open_slave(left.master, O_NOCTTY));
	is(read(left.master, got, 1) == -1 && errno == EAGAIN);
	close(slave);
	must(ioctl(locked.master, TIOCGPTLCK, &value));
	is(value == 1);
	is(open_slave(locked.master, O_NOCTTY) == -1 && errno == EIO);
	is(read(hung_up, got, 1) == 0);
	is(write(hung_up, "x", 1) == -1 && errno == EIO);
}

static void pty_end(void)
{
	struct stat st;
	int number;

	must(fstat(raw.slave, &st));
	is((st.st_mode & 0777) == 0604 && st.st_uid == getuid());
	lines_end();
	full_end();
	stopped_end();
	must(ioctl(controlling.master, TIOCGPTN, &number));
	is(number == terminal_number);
	is(tcgetsid(controlling.slave) == getpid());
	is(tcgetpgrp(current_terminal) == getpgrp());
	close(must(open("/dev/tty", O_RDWR)));
	is(write(current_terminal, "y", 1) == 1);
	expect_text(controlling.master, "y");
	type(controlling.master, "\003");
	expect_text(controlling.master, "^C");
	is(interrupted);
}

/* ------------------------------------------------------------------------- */

static const struct kind {
	const char *name;
	void (*begin)(void);
	void (*step)(long number);
	void (*end)(void);
} kinds[] = {
	{ "deleted", deleted_begin, deleted_step, deleted_end },
	{ "device", device_begin, device_step, device_end },
	{ "epoll", epoll_begin, epoll_step, epoll_end },
	{ "eventfd", eventfd_begin, eventfd_step, eventfd_end },
	{ "fifo", fifo_begin, fifo_step, fifo_end },
	{ "freebind", freebind_begin, freebind_step, freebind_end },
	{ "inet", inet_begin, inet_step, inet_end },
	{ "inotify", inotify_begin, inotify_step, inotify_end },
	{ "locks", locks_begin, locks_step, locks_end },
	{ "log", log_begin, log_step, log_end },
	{ "memfd", memfd_begin, memfd_step, memfd_end },
	{ "mqueue", mqueue_begin, mqueue_step, mqueue_end },
	{ "netlink", netlink_begin, netlink_step, netlink_end },
	{ "owner", owner_begin, owner_step, owner_end },
	{ "pidfd", pidfd_begin, pidfd_step, pidfd_end },
	{ "pipe", pipe_begin, pipe_step, pipe_end },
	{ "procfs", procfs_begin, procfs_step, procfs_end },
	{ "pty", pty_begin, pty_step, pty_end },
	{ "signalfd", signalfd_begin, signalfd_step, signalfd_end },
	{ "tcp", tcp_begin, tcp_step, tcp_end },
	{ "tcp-bound", tcp_bound_begin, tcp_bound_step, tcp_bound_end },
	{ "tcp-child", tcp_child_begin, tcp_child_step, tcp_child_end },
	{ "tcp-closing", tcp_closing_begin, tcp_closing_step, tcp_closing_end },
	{ "tcp-waiting", tcp_waiting_begin, tcp_waiting_step, tcp_waiting_end },
	{ "temporary", temporary_begin, temporary_step, temporary_end },
	{ "timerfd", timerfd_begin, timerfd_step, timerfd_end },
	{ "tmpfs", tmpfs_begin, tmpfs_step, tmpfs_end },
	{ "udp", udp_begin, udp_step, udp_end },
	{ "unix", unix_begin, unix_step, unix_end },
};

int main(int argc, char **argv)
{
	const struct timespec tick = { 0, 50000000 };
	const struct kind *kind = NULL;
	const char *name;
	bool idle;
	uint64_t x = 23;

	if (argc == 4 && !strcmp(argv[3], "list")) {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			puts(kinds[i].name);
		return 0;
	}
	program_begin(argc, argv, 0);
	name = program_word("");
	idle = *name == '=';
	name += idle;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			kind = &kinds[i];
	program_check(kind, "no such kind: %s", name);
	mkdir("/var/tmp/procmig-held", 0777);
	kind->begin();
	program_note("still%s", still);
	while (idle && !program_told_to_stop())
		nanosleep(&tick, NULL);
	while (!idle && program_goes_on()) {
		x = program_work(x);
		kind->step(program_lines());
		program_line("%016llx", (unsigned long long)x);
	}
	kind->end();
	program_pass();
}
