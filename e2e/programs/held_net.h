/* SPDX-License-Identifier: Apache-2.0 */
/* What kinds of `held' about sockets have in common. */
#ifndef HELD_NET_H
#define HELD_NET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "held.h"

union name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static inline void set(int fd, int level, int option, int value)
{
	must(setsockopt(fd, level, option, &value, sizeof(value)));
}

static inline int get(int fd, int level, int option)
{
	int value = -1;

	must(getsockopt(fd, level, option, &value, &(socklen_t){ sizeof(value) }));
	return value;
}

#endif /* HELD_NET_H */
