// SPDX-License-Identifier: GPL-2.0-only
/* Classic filter programs of sockets: SO_ATTACH_FILTER. */
#include <linux/filter.h>
#include <linux/uaccess.h>

#include "net.h"

/* The program as it was attached, under RCU; NULL if it was another kind of one. */
static const struct sock_fprog_kern *original(struct sock *sk)
{
	struct sk_filter *filter = rcu_dereference(sk->sk_filter);

	return filter ? filter->prog->orig_prog : NULL;
}

const char *sockets_filter_obstacle(struct sock *sk)
{
	const struct sock_fprog_kern *program;
	const char *why = NULL;

	rcu_read_lock();
	program = original(sk);
	if (!program && rcu_access_pointer(sk->sk_filter))
		why = "a filter program that is not a classic one (SO_ATTACH_BPF)";
	else if (program && program->len > PROCMIG_SOCKET_FILTER_MAX)
		why = "a filter program of more than 400 instructions (SO_ATTACH_FILTER)";
	rcu_read_unlock();
	return why;
}

ssize_t sockets_save_filter(struct sock *sk, struct procmig_socket *saved, void *to,
			    size_t room)
{
	const struct sock_fprog_kern *program;
	size_t bytes = 0;

	rcu_read_lock();
	program = original(sk);
	if (program)
		bytes = bpf_classic_proglen(program);
	if (bytes && bytes <= room) {
		memcpy(to, program->filter, bytes);
		saved->filter = program->len;
	}
	rcu_read_unlock();
	return bytes <= room ? bytes : -E2BIG;
}

size_t sockets_filter_bytes(const struct procmig_socket *saved)
{
	return saved->filter <= PROCMIG_SOCKET_FILTER_MAX ?
	       saved->filter * sizeof(struct sock_filter) : SIZE_MAX / 2;
}

int sockets_attach_filter(struct procmig_file_load *load, struct sock *sk,
			  const struct procmig_socket *saved, const void *instructions)
{
	struct sock_fprog program = {
		.len = saved->filter,
		.filter = (struct sock_filter __user *)load->scratch,
	};
	int ret;

	BUILD_BUG_ON(PROCMIG_SOCKET_FILTER_MAX * sizeof(struct sock_filter) >
		     PROCMIG_FILE_SCRATCH_BYTES);
	if (!saved->filter)
		return 0;
	if (copy_to_user(load->scratch, instructions, sockets_filter_bytes(saved)))
		return -EFAULT;
	lock_sock(sk);
	ret = sk_attach_filter(&program, sk);
	release_sock(sk);
	return ret;
}
