/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP sockets: where the other end of a connection is; source; target. */
#ifndef _PROCMIG_TCP_H
#define _PROCMIG_TCP_H

#include <net/tcp.h>

#include "net.h"

/* Where the other end of a connection is. */
enum tcp_other {
	TCP_OTHER_HELD,		/* it has a file */
	TCP_OTHER_CLOSED,	/* by its process; the kernel may not have sent everything */
	TCP_OTHER_WAITING,	/* to be accepted */
	TCP_OTHER_ASKED,	/* has been asked, and there is no connection yet */
	TCP_OTHER_GONE,		/* was on this node and is no more, but for TIME_WAIT */
	TCP_OTHER_ITSELF,
	TCP_OTHER_AWAY,		/* on another node, or in another network namespace */
};

/* Of the first three the socket is returned, referenced. */
struct sock *tcp_find_other(struct sock *sk, enum tcp_other *where);

/* Connection @nth of those that wait to be accepted, referenced. */
struct sock *tcp_acceptable(struct sock *sk, unsigned int nth);

/* It has closed its direction, and the other end may have heard it or not. */
static inline bool tcp_has_said_last(int state)
{
	return (1 << state) & (TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_CLOSING | TCPF_LAST_ACK);
}

/*
 * What an end becomes that has lost the other, when all is received that there
 * was; 0 if that cannot be told.  @ended: what is received is closed by an end;
 * @unsent: it has still something to send.
 */
int tcp_state_alone(int state, bool ended, bool unsent);

ssize_t tcp_checkpoint(struct procmig_file_save *save, struct file *file, void *room,
		       size_t bytes);
int tcp_checkpoint_data(struct procmig_file_save *save, struct file *file);

struct file *tcp_restart(struct procmig_file_load *load, const void *body, size_t bytes);
int tcp_restart_data(struct procmig_file_load *load, struct file *file, const void *body,
		     size_t bytes);
void tcp_resume(struct procmig_file_load *load, struct file *file);
void tcp_release(void *object);

#endif /* _PROCMIG_TCP_H */
