/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract between the core and a transfer medium: layer 2 of the
 * framework.  A medium moves bytes on numbered channels, in order and reliably
 * on each, and decouples a slow link from the event by aggregating small
 * records into large buffers.
 */
#ifndef _PROCMIG_MEDIUM_H
#define _PROCMIG_MEDIUM_H

#include <linux/module.h>
#include <linux/uio.h>
#include <uapi/procmig.h>

/* Orders to a medium. */
enum procmig_medium_command {
	/*
	 * Fail everything that waits on any channel, and everything that comes
	 * later, with -ECANCELED.  May be called from any task at any time
	 * between open and close, more than once.
	 */
	PROCMIG_MEDIUM_INTERRUPT = 1,
};

/**
 * struct procmig_conduit - one request's use of a medium
 * @private: the medium's own
 * @channels: as user space handed them over
 * @channel_count: how many
 * @role: which side of the event this machine is
 * @token: names the event on both machines
 */
struct procmig_conduit {
	void *private;
	struct procmig_channel channels[PROCMIG_MAX_CHANNELS];
	unsigned int channel_count;
	enum procmig_role role;
	u8 token[PROCMIG_TOKEN_BYTES];
};

/**
 * struct procmig_medium - what a medium registers
 * @name: unique
 * @id: unique, enum procmig_medium_id or 0x100 and above
 * @version: informative
 * @owner: THIS_MODULE; pinned while a request uses the medium
 *
 * @open: required; the task that submits.  Take what the channels refer to;
 *	-EBADF if one cannot be used, -ENOTCONN if nobody is at its other end.
 * @close: required; worker.  Drop everything.  Nothing else is running.
 * @pushdata: required; worker or self.  Take all of @data, aggregated or sent.
 * @popdata: required; worker or self.  Fill all of @room; -EPIPE if the peer
 *	ended.
 * @flush: required; worker or self.  Send what was aggregated on the channel.
 * @unsent: optional; any task that may sleep.  How many bytes of what was handed over
 *	for sending have not arrived at the peer's machine.  On a slow link that they
 *	become fewer is progress, and the only one while nothing new is sent.
 * @command: required; enum procmig_medium_command; -EOPNOTSUPP for others.
 *
 * One task at a time uses a channel in each direction; different channels are used at
 * the same time.  Errors are negative errnos; after one the channel is dead.
 */
struct procmig_medium {
	const char *name;
	u32 id;
	u32 version;
	struct module *owner;

	int (*open)(struct procmig_conduit *conduit);
	void (*close)(struct procmig_conduit *conduit);
	int (*pushdata)(struct procmig_conduit *conduit, unsigned int channel,
			struct iov_iter *data);
	int (*popdata)(struct procmig_conduit *conduit, unsigned int channel,
		       struct iov_iter *room);
	int (*flush)(struct procmig_conduit *conduit, unsigned int channel);
	u64 (*unsent)(struct procmig_conduit *conduit);
	int (*command)(struct procmig_conduit *conduit,
		       enum procmig_medium_command command);
};

/* -EEXIST: name or id is taken; -EINVAL: an operation is missing. */
int procmig_register_medium(const struct procmig_medium *medium);
void procmig_unregister_medium(const struct procmig_medium *medium);

#endif /* _PROCMIG_MEDIUM_H */
