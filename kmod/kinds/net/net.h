/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets: what the families have in common. */
#ifndef _PROCMIG_NET_H
#define _PROCMIG_NET_H

#include <linux/net.h>
#include <net/sock.h>
#include <procmig/compat.h>
#include <procmig/file_kind.h>

extern const struct procmig_file_kind unix_kind;
extern const struct procmig_file_kind inet_kind;

/* The socket that is behind the file, or NULL. */
struct sock *sockets_sock(struct file *file);

/* NULL, or an option that is set and cannot be carried. */
const char *sockets_obstacle(struct sock *sk);
void sockets_save(struct sock *sk, struct procmig_socket *saved);

/* A new socket of that family, and its file. */
struct file *sockets_make(struct procmig_file_load *load, int family,
			  const struct procmig_socket *saved);

/* Room for whatever is put into its queues meanwhile. */
void sockets_open_wide(struct sock *sk);

/* Set what must not be set before everything is in its queues; cannot fail. */
void sockets_finish(struct sock *sk, const struct procmig_socket *saved);

#endif /* _PROCMIG_NET_H */
