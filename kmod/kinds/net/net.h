/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets: what the families have in common. */
#ifndef _PROCMIG_NET_H
#define _PROCMIG_NET_H

#include <linux/net.h>
#include <net/sock.h>
#include <procmig/compat.h>
#include <procmig/file_kind.h>

extern const struct procmig_file_kind unix_kind;
extern const struct procmig_file_kind udp_kind;
extern const struct procmig_file_kind tcp_kind;
extern const struct procmig_file_kind netlink_kind;

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

/* ---- filter.c: SO_ATTACH_FILTER ---- */

const char *sockets_filter_obstacle(struct sock *sk);

/* Write at most @room bytes of instructions and note their number in @saved. */
ssize_t sockets_save_filter(struct sock *sk, struct procmig_socket *saved, void *to,
			    size_t room);

/* The bytes that @saved says follow; more than there can be if it is damaged. */
size_t sockets_filter_bytes(const struct procmig_socket *saved);

int sockets_attach_filter(struct procmig_file_load *load, struct sock *sk,
			  const struct procmig_socket *saved, const void *instructions);

/* ---- device.c ---- */

/* The name, IFNAMSIZ bytes, of the device with that index; false if there is none. */
bool sockets_device_name(struct sock *sk, int index, char *name);
/* And back; 0 if there is none. */
int sockets_device_index(struct sock *sk, const char *name);
/* Whether the IFNAMSIZ bytes are the name of a device that can be. */
bool sockets_device_is_ok(const char *name);
/* SO_BINDTODEVICE; -ENODEV. */
int sockets_bind_to_device(struct socket *socket, const char *name);

/* ---- inet.c: what TCP and UDP have in common ---- */

/* For procmig_file_count() and procmig_file_find_holder(). */
bool inet_is_file(struct file *file, const void *other);

const char *inet_obstacle(struct sock *sk);
void inet_save(struct sock *sk, struct procmig_file_inet *saved);
/* While inspecting: the address and the device that it is bound to must be had on the target. */
void inet_claim(struct procmig_file_inspection *at, const struct procmig_file_kind *kind,
		struct sock *sk);
int inet_admit(struct procmig_inspection *inspection, const void *data, size_t bytes);
/* Its filter, the options and its device, which follow the body; their bytes. */
ssize_t inet_save_rest(struct sock *sk, struct procmig_file_inet *saved, void *to, size_t room);

bool inet_is_ok(const struct procmig_file_inet *wanted);
/* No number of a device that is one of the source: struct sockaddr_in or sockaddr_in6. */
bool inet_address_is_ok(u32 family, const __u8 *address);
int inet_set_option(struct socket *socket, int level, int option, int value);
/* The bytes that follow the body, filter first; far too many if it is damaged. */
size_t inet_rest_bytes(const struct procmig_file_inet *wanted);
int inet_set_options(struct socket *socket, const struct procmig_file_inet *wanted,
		     const void *rest);
/* Before the address: one of a link is one of a device. */
int inet_set_device(struct procmig_file_load *load, struct socket *socket,
		    const struct procmig_file_inet *wanted, const void *rest);

/*
 * Bind to the address of @wanted, if it has one, whatever the sockets of the
 * event think of each other, but not beside a socket of somebody else.
 */
int inet_bind_again(struct socket *socket, const struct procmig_file_inet *wanted);
int inet_connect_again(struct socket *socket, const struct procmig_file_inet *wanted,
		       int flags);
/* A socket of the event until it runs: it does not mind the others. */
void inet_lenient(struct sock *sk);
/* Who chose its address and its port: only that keeps them when it is closed. */
void inet_lock_address(struct sock *sk, const struct procmig_file_inet *wanted);

/* Say that it cannot be had here; returns @error. */
int inet_failed(struct procmig_file_load *load, const struct procmig_file_inet *wanted,
		int error);

#endif /* _PROCMIG_NET_H */
