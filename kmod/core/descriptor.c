// SPDX-License-Identifier: GPL-2.0-only
/* The descriptor of a request: events, orders and status. */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "device.h"
#include "request.h"

static int status(struct procmig_request *request, void __user *user)
{
	struct procmig_status args;
	u32 size;
	int ret;

	ret = procmig_argument_read(&args, sizeof(args), sizeof(args.size), user);
	if (ret)
		return ret;
	size = args.size;
	memset(&args, 0, sizeof(args));
	args.size = size;
	procmig_request_status(request, &args);
	return procmig_argument_write(user, &args, sizeof(args));
}

static int order(struct procmig_request *request, unsigned int command,
		 const void __user *user)
{
	struct procmig_order args;
	u32 known = command == PROCMIG_REQ_ABORT ? PROCMIG_ORDER_NEVER_RAN : 0;
	int ret;

	ret = procmig_argument_read(&args, sizeof(args), sizeof(args), user);
	if (ret)
		return ret;
	if (args.flags & ~known)
		return -EINVAL;
	switch (command) {
	case PROCMIG_REQ_COMMIT:
		return procmig_request_commit(request);
	case PROCMIG_REQ_ABORT:
		return procmig_request_revoke(request,
					      args.flags & PROCMIG_ORDER_NEVER_RAN);
	default:
		return procmig_request_finish(request);
	}
}

static long request_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	struct procmig_request *request = file->private_data;
	void __user *user = (void __user *)arg;

	switch (command) {
	case PROCMIG_REQ_STATUS:
		return status(request, user);
	case PROCMIG_REQ_COMMIT:
	case PROCMIG_REQ_ABORT:
	case PROCMIG_REQ_FINISH:
		return order(request, command, user);
	default:
		return -ENOTTY;
	}
}

/* An event, or the certainty that there will be none. */
static bool has_news(struct procmig_request *request)
{
	return procmig_request_next_event(request, NULL) ||
	       procmig_state_is_final(procmig_request_state(request));
}

static ssize_t request_read(struct file *file, char __user *buffer, size_t bytes,
			    loff_t *position)
{
	struct procmig_request *request = file->private_data;
	struct procmig_event event;
	size_t done = 0;
	int ret;

	if (bytes < sizeof(event))
		return -EINVAL;
	if (!(file->f_flags & O_NONBLOCK)) {
		ret = wait_event_interruptible(request->changed, has_news(request));
		if (ret)
			return ret;
	}
	while (bytes - done >= sizeof(event) &&
	       procmig_request_next_event(request, &event)) {
		if (copy_to_user(buffer + done, &event, sizeof(event)))
			return done ?: -EFAULT;
		done += sizeof(event);
	}
	if (done || procmig_state_is_final(procmig_request_state(request)))
		return done;
	return -EAGAIN;
}

static __poll_t request_poll(struct file *file, struct poll_table_struct *wait)
{
	struct procmig_request *request = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &request->changed, wait);
	if (procmig_request_next_event(request, NULL))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (procmig_state_is_final(procmig_request_state(request)))
		mask |= EPOLLHUP;
	return mask;
}

static int request_release(struct inode *inode, struct file *file)
{
	procmig_request_closed(file->private_data);
	return 0;
}

static const struct file_operations request_operations = {
	.owner = THIS_MODULE,
	.read = request_read,
	.poll = request_poll,
	.unlocked_ioctl = request_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = request_release,
	.llseek = no_llseek,
};

int procmig_descriptor_new(struct procmig_request *request)
{
	int fd;

	procmig_request_opened(request);
	fd = anon_inode_getfd("[procmig]", &request_operations, request,
			      O_RDWR | O_CLOEXEC);
	if (fd < 0)
		procmig_request_closed(request);
	return fd;
}
