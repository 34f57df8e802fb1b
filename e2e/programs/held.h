/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of open file that `held' holds have in common. */
#ifndef HELD_H
#define HELD_H

#include <errno.h>
#include <string.h>

#include "program.h"

#define must(call) ({							\
	__typeof__(call) result_ = (call);				\
	program_check(result_ != (__typeof__(call))-1, "%s: %s", #call,	\
		      strerror(errno));					\
	result_;							\
})
#define is(condition) program_check(condition, "%s:%d: %s (errno %s)", __FILE__,	\
				    __LINE__, #condition, strerror(errno))

/* The descriptor is not used any more until the end. */
int lies_still(int fd);

/* Through @out and back from @in. */
void echo(int out, int in, long number);

/* held_bound.c, held_netlink.c, held_tcp.c, held_temporary.c, held_udp.c */
void device_begin(void);
void device_step(long number);
void device_end(void);
void freebind_begin(void);
void freebind_step(long number);
void freebind_end(void);
void netlink_begin(void);
void netlink_step(long number);
void netlink_end(void);
void tcp_begin(void);
void tcp_step(long number);
void tcp_end(void);
void tcp_closing_begin(void);
void tcp_closing_step(long number);
void tcp_closing_end(void);
void tcp_waiting_begin(void);
void tcp_waiting_step(long number);
void tcp_waiting_end(void);
void tcp_bound_begin(void);
void tcp_bound_step(long number);
void tcp_bound_end(void);
void tcp_child_begin(void);
void tcp_child_step(long number);
void tcp_child_end(void);
void temporary_begin(void);
void temporary_step(long number);
void temporary_end(void);
void udp_begin(void);
void udp_step(long number);
void udp_end(void);

#endif /* HELD_H */
