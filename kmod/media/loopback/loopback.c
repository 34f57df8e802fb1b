// SPDX-License-Identifier: GPL-2.0-only
/*
 * Medium: a ring of memory per channel between two requests on this machine
 * that have the same token.  For tests: no network takes part.
 */
#include <linux/kfifo.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <procmig/medium.h>

#define RING_BYTES (64u << 10)

struct ring {
	spinlock_t lock;
	struct kfifo fifo;
};

struct loop {
	struct list_head node;
	u8 token[PROCMIG_TOKEN_BYTES];
	unsigned int users;		/* under loops_lock */
	bool ended;
	unsigned int count;
	wait_queue_head_t changed;
	struct ring ring[PROCMIG_MAX_CHANNELS];
};

static LIST_HEAD(loops);
static DEFINE_MUTEX(loops_lock);

static void loop_free(struct loop *loop)
{
	unsigned int i;

	for (i = 0; i < loop->count; i++)
		kfifo_free(&loop->ring[i].fifo);
	kfree(loop);
}

static struct loop *loop_new(const struct procmig_conduit *conduit)
{
	struct loop *loop = kzalloc(sizeof(*loop), GFP_KERNEL);
	unsigned int i;

	if (!loop)
		return NULL;
	memcpy(loop->token, conduit->token, sizeof(loop->token));
	init_waitqueue_head(&loop->changed);
	for (i = 0; i < conduit->channel_count; i++) {
		spin_lock_init(&loop->ring[i].lock);
		if (kfifo_alloc(&loop->ring[i].fifo, RING_BYTES, GFP_KERNEL)) {
			loop_free(loop);
			return NULL;
		}
		loop->count++;
	}
	return loop;
}

static int loopback_open(struct procmig_conduit *conduit)
{
	struct loop *loop, *found = NULL;
	int ret = 0;

	mutex_lock(&loops_lock);
	list_for_each_entry(loop, &loops, node)
		if (!memcmp(loop->token, conduit->token, sizeof(loop->token)))
			found = loop;
	if (!found) {
		found = loop_new(conduit);
		if (found)
			list_add(&found->node, &loops);
		else
			ret = -ENOMEM;
	} else if (found->count != conduit->channel_count) {
		ret = -EBADF;
	}
	if (!ret) {
		found->users++;
		conduit->private = found;
	}
	mutex_unlock(&loops_lock);
	return ret;
}

static void loopback_end(struct loop *loop)
{
	WRITE_ONCE(loop->ended, true);
	wake_up_all(&loop->changed);
}

static void loopback_close(struct procmig_conduit *conduit)
{
	struct loop *loop = conduit->private;
	bool last;

	/* What was sent can still be read by the other side. */
	if (conduit->role == PROCMIG_ROLE_TARGET)
		loopback_end(loop);
	mutex_lock(&loops_lock);
	last = !--loop->users;
	if (last)
		list_del(&loop->node);
	mutex_unlock(&loops_lock);
	if (last)
		loop_free(loop);
	conduit->private = NULL;
}

static int loopback_pushdata(struct procmig_conduit *conduit, unsigned int number,
			     struct iov_iter *data)
{
	struct loop *loop = conduit->private;
	struct ring *ring = &loop->ring[number];
	u8 chunk[512];
	size_t bytes;

	while (iov_iter_count(data)) {
		bytes = min(iov_iter_count(data), sizeof(chunk));
		wait_event_idle(loop->changed, READ_ONCE(loop->ended) ||
			   kfifo_avail(&ring->fifo) >= bytes);
		if (READ_ONCE(loop->ended))
			return -ECANCELED;
		if (!copy_from_iter_full(chunk, bytes, data))
			return -EFAULT;
		kfifo_in_spinlocked(&ring->fifo, chunk, bytes, &ring->lock);
		wake_up_all(&loop->changed);
	}
	return 0;
}

static int loopback_popdata(struct procmig_conduit *conduit, unsigned int number,
			    struct iov_iter *room)
{
	struct loop *loop = conduit->private;
	struct ring *ring = &loop->ring[number];
	u8 chunk[512];
	size_t bytes;

	while (iov_iter_count(room)) {
		wait_event_idle(loop->changed, READ_ONCE(loop->ended) ||
			   !kfifo_is_empty(&ring->fifo));
		bytes = kfifo_out_spinlocked(&ring->fifo, chunk,
					     min(iov_iter_count(room), sizeof(chunk)),
					     &ring->lock);
		if (!bytes)
			return -ECANCELED;
		if (copy_to_iter(chunk, bytes, room) != bytes)
			return -EFAULT;
		wake_up_all(&loop->changed);
	}
	return 0;
}

static int loopback_flush(struct procmig_conduit *conduit, unsigned int number)
{
	return 0;
}

static int loopback_command(struct procmig_conduit *conduit,
			    enum procmig_medium_command command)
{
	if (command != PROCMIG_MEDIUM_INTERRUPT)
		return -EOPNOTSUPP;
	loopback_end(conduit->private);
	return 0;
}

static const struct procmig_medium medium = {
	.name = "loopback",
	.id = PROCMIG_MEDIUM_LOOPBACK,
	.version = 1,
	.owner = THIS_MODULE,
	.open = loopback_open,
	.close = loopback_close,
	.pushdata = loopback_pushdata,
	.popdata = loopback_popdata,
	.flush = loopback_flush,
	.command = loopback_command,
};

static int __init loopback_init(void)
{
	return procmig_register_medium(&medium);
}

static void __exit loopback_exit(void)
{
	procmig_unregister_medium(&medium);
}

module_init(loopback_init);
module_exit(loopback_exit);
MODULE_DESCRIPTION("procmig: transfer medium, memory of this machine");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
