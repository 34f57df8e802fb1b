/* SPDX-License-Identifier: GPL-2.0-only */
/* Unix sockets: source; names; connections; target. */
#ifndef _PROCMIG_UNIX_H
#define _PROCMIG_UNIX_H

#include <linux/un.h>
#include <net/af_unix.h>
#include <net/tcp_states.h>

#include "net.h"

#define UNIX_GONE (~0u)		/* instead of the number of a socket */
#define UNIX_NAME_OFFSET offsetof(struct sockaddr_un, sun_path)

/* A socket on the target until the process runs. */
struct unix_rebuilt {
	struct procmig_file_unix body;
	const struct cred *cred;	/* may write where the name is */
	char *path, *meanwhile;		/* of the name; what it is called until then */
	void *filter;			/* attached when everything is in the queues */
	struct file *client;		/* whose connection waits to be accepted, */
	u32 shutdown;			/* and what of that is to be shut down */
};

static inline bool unix_is_listening(const struct sock *sk)
{
	return READ_ONCE(sk->sk_state) == TCP_LISTEN;
}

/* ---- unix.c: what source and target share -------------------------------- */

bool unix_match(struct file *file);

/* The file of a socket as long as that stands still or is held, or NULL. */
struct file *unix_file_of(struct sock *sk);

/*
 * Whether whoever is at the path of @peer can take its place: it has got datagrams
 * only, and from a socket without a name, to which there is no answer; and anybody
 * may send to it, so that nobody gains anything by the other one.
 */
bool unix_is_replaceable(struct sock *sk, struct sock *peer);

/* Message or connection @nth of the queue, referenced. */
struct sk_buff *unix_queued(struct sock *sk, unsigned int nth);

/* The end that whoever accepts connection @nth will have; it is there as long as *@skb. */
struct sock *unix_waiting(struct sock *sk, unsigned int nth, struct sk_buff **skb);

/* ---- unix_source.c ------------------------------------------------------- */

void unix_each_kept(struct file *file, void (*see)(struct file *file, void *private),
		    void *private);
ssize_t unix_checkpoint(struct procmig_file_save *save, struct file *file, void *room,
			size_t bytes);
int unix_checkpoint_data(struct procmig_file_save *save, struct file *file);

/* ---- unix_names.c -------------------------------------------------------- */

/* Write the name and the paths behind @body, at most @bytes; their bytes or an errno. */
ssize_t unix_put_names(struct procmig_file_save *save, struct sock *sk,
		       struct procmig_file_unix *body, size_t bytes);

/* The name without its place: as one that was accepted has it. */
int unix_set_name(struct sock *sk, const void *name, size_t bytes);

/*
 * An address for the last part of @path, in @directory, which is put: a name of a socket
 * is short, the one of the directory need not be.  The descriptor that it goes through
 * is to be closed; or a negative errno.
 */
int unix_address_in(struct file *directory, const char *path, struct sockaddr_un *address);

/* To its name, or, if that is a path, to what it is called meanwhile. */
int unix_bind_again(struct procmig_file_load *load, struct sock *sk,
		    struct unix_rebuilt *rebuilt, const void *name);

/* ---- unix_connections.c: on the target ----------------------------------- */

/* As unix_socketpair() does it, one way; its peers are not seen by anybody yet. */
void unix_connect(struct sock *from, struct sock *to, bool both_ways);
void unix_disconnect(struct sock *sk);

/* The socket with that number, or NULL. */
struct sock *unix_at(struct procmig_file_load *load, u32 number);

/* Who stands in for one that is gone; @bytes of name or 0. */
struct file *unix_make_sender(struct procmig_file_load *load, struct sock *receiver,
			      const void *name, size_t bytes);

/* What SO_PEERCRED says. */
int unix_set_peer(struct sock *sk, pid_t number, uid_t uid, gid_t gid);

/* Connect it to the peer that it had on the source. */
int unix_join(struct procmig_file_load *load, struct sock *sk,
	      const struct unix_rebuilt *rebuilt);

/* A connection that nobody has accepted; what follows came through it. */
int unix_take_connection(struct procmig_file_load *load, struct sock *listener,
			 struct unix_rebuilt *rebuilt,
			 const struct procmig_file_unix_data *data);

/* All that came through the last connection is in its queue. */
void unix_finish_connection(struct unix_rebuilt *rebuilt);

/* ---- unix_target.c ------------------------------------------------------- */

struct file *unix_restart(struct procmig_file_load *load, const void *data, size_t bytes);
int unix_restart_data(struct procmig_file_load *load, struct file *file, const void *body,
		      size_t bytes);
void unix_resume(struct procmig_file_load *load, struct file *file);
void unix_release(void *private);

#endif /* _PROCMIG_UNIX_H */
