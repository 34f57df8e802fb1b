// SPDX-License-Identifier: GPL-2.0-only
/* Network devices go by their names: an index is of one node. */
#include <linux/netdevice.h>

#include "net.h"

bool sockets_device_name(struct sock *sk, int index, char *name)
{
	struct net_device *device;

	rcu_read_lock();
	device = dev_get_by_index_rcu(sock_net(sk), index);
	if (device)
		strscpy_pad(name, device->name, IFNAMSIZ);
	rcu_read_unlock();
	return device;
}

int sockets_device_index(struct sock *sk, const char *name)
{
	struct net_device *device;
	int index;

	rcu_read_lock();
	device = dev_get_by_name_rcu(sock_net(sk), name);
	index = device ? device->ifindex : 0;
	rcu_read_unlock();
	return index;
}

bool sockets_device_is_ok(const char *name)
{
	return dev_valid_name(name);
}

int sockets_bind_to_device(struct socket *socket, const char *name)
{
	return sock_setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE,
			       KERNEL_SOCKPTR((void *)name), strlen(name));
}
