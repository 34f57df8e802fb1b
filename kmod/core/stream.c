// SPDX-License-Identifier: GPL-2.0-only
/* Framing: records on the channels of a medium. */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "stream.h"

/* Both sides count alike, so the order of records is kept. */
static unsigned int next_bulk_channel(struct procmig_process *process)
{
	struct procmig_request *request = process->request;
	unsigned int number = process->lane + process->bulk_next * request->lane_count;

	process->bulk_next++;
	if (number + request->lane_count >= request->bulk_count)
		process->bulk_next = 0;
	return request->bulk[number];
}

int procmig_killed(struct procmig_process *process)
{
	return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EINTR,
			    "the task was killed while it was rebuilt");
}

static int explain(struct procmig_process *process, int error, const char *doing)
{
	if (procmig_request_state(process->request) == PROCMIG_STATE_ABORTING)
		return -ECANCELED;
	if (fatal_signal_pending(current))
		return procmig_killed(process);
	return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, error,
			    "the stream broke while %s (%d)", doing, error);
}

/* ---- sending ------------------------------------------------------------- */

/*
 * The receiver reads the bulk records of a process in the order in which they were
 * emitted, whatever channel they are on: data held back on one channel would make it
 * wait there while the sender fills another.
 */
static int switch_channel(struct procmig_process *process, unsigned int channel)
{
	struct procmig_request *request = process->request;
	unsigned int before = process->bulk_channel;

	process->bulk_channel = channel;
	if (before == channel)
		return 0;
	return request->medium->flush(&request->conduit, before);
}

static int push_header(struct procmig_process *process, unsigned int channel,
		       struct procmig_record *record)
{
	struct procmig_request *request = process->request;
	struct kvec part = { record, sizeof(*record) };
	struct iov_iter data;

	if (procmig_request_state(request) == PROCMIG_STATE_ABORTING)
		return -ECANCELED;
	record->magic = PROCMIG_STREAM_MAGIC;
	record->flags = PROCMIG_RECORD_MANDATORY;
	record->sequence = request->sent[channel]++;
	iov_iter_kvec(&data, WRITE, &part, 1, sizeof(*record));
	return request->medium->pushdata(&request->conduit, channel, &data);
}

int procmig_emit(struct procmig_process *process, enum procmig_channel_role role,
		 u32 subsystem, u16 type, u16 version,
		 const struct kvec *parts, unsigned int part_count)
{
	struct iov_iter data;
	size_t length = 0;
	unsigned int i;

	for (i = 0; i < part_count; i++)
		length += parts[i].iov_len;
	iov_iter_kvec(&data, WRITE, parts, part_count, length);
	return procmig_emit_data(process, role, subsystem, type, version, NULL, 0,
				 &data);
}
EXPORT_SYMBOL_GPL(procmig_emit);

int procmig_emit_data(struct procmig_process *process,
		      enum procmig_channel_role role, u32 subsystem, u16 type,
		      u16 version, const void *head, size_t head_bytes,
		      struct iov_iter *data)
{
	struct procmig_request *request = process->request;
	struct kvec part = { (void *)head, head_bytes };
	struct procmig_record record = {
		.type = type,
		.version = version,
		.subsystem = subsystem,
		/* Meanwhile the other records may be about one of its threads. */
		.process = role == PROCMIG_CHANNEL_BULK ? process->pid : process->about,
		.length = head_bytes + iov_iter_count(data),
	};
	unsigned int channel = request->demand;
	struct iov_iter iter;
	int ret = 0;

	if (role == PROCMIG_CHANNEL_BULK) {
		channel = next_bulk_channel(process);
		ret = switch_channel(process, channel);
	}
	if (!ret)
		ret = push_header(process, channel, &record);
	if (!ret && head_bytes) {
		iov_iter_kvec(&iter, WRITE, &part, 1, head_bytes);
		ret = request->medium->pushdata(&request->conduit, channel, &iter);
	}
	if (!ret && iov_iter_count(data))
		ret = request->medium->pushdata(&request->conduit, channel, data);
	return ret ? explain(process, ret, "sending") : 0;
}
EXPORT_SYMBOL_GPL(procmig_emit_data);

static int flush(struct procmig_process *process, unsigned int channel)
{
	struct procmig_request *request = process->request;
	int ret = request->medium->flush(&request->conduit, channel);

	return ret ? explain(process, ret, "sending") : 0;
}

int procmig_flush(struct procmig_request *request)
{
	return flush(procmig_first_process(request), request->demand);
}

int procmig_flush_bulk(struct procmig_process *process)
{
	return flush(process, process->bulk_channel);
}

/* ---- receiving ----------------------------------------------------------- */

int procmig_record_check(const struct procmig_record *record, u32 sequence,
			 const char **why)
{
	if (record->magic != PROCMIG_STREAM_MAGIC)
		*why = "it does not begin with the magic number";
	else if (record->sequence != sequence)
		*why = "records are missing or repeated";
	else if (record->flags & ~PROCMIG_RECORD_MANDATORY)
		*why = "it has unknown flags";
	else if (record->length > PROCMIG_RECORD_MAX_BYTES)
		*why = "it is too long";
	else
		return 0;
	return -EPROTO;
}

static u64 *left_of(struct procmig_process *process, enum procmig_channel_role role)
{
	return role == PROCMIG_CHANNEL_BULK ? &process->bulk_left :
					      &process->request->demand_left;
}

static unsigned int channel_of(struct procmig_process *process, enum procmig_channel_role role)
{
	return role == PROCMIG_CHANNEL_BULK ? process->bulk_channel : process->request->demand;
}

static int take_header(struct procmig_process *process, enum procmig_channel_role role,
		       struct procmig_record *record)
{
	unsigned int channel = channel_of(process, role);
	struct procmig_request *request = process->request;
	struct kvec part = { record, sizeof(*record) };
	struct iov_iter room;
	const char *why;
	int ret;

	iov_iter_kvec(&room, READ, &part, 1, sizeof(*record));
	ret = request->medium->popdata(&request->conduit, channel, &room);
	if (ret)
		return explain(process, ret, "waiting for a record");
	ret = procmig_record_check(record, request->received[channel]++, &why);
	if (ret)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, ret,
				    "record %u of channel %u was refused: %s",
				    request->received[channel] - 1, channel, why);
	*left_of(process, role) = record->length;
	return 0;
}

int procmig_take_demand(struct procmig_process *process,
			struct procmig_record *record)
{
	return take_header(process, PROCMIG_CHANNEL_DEMAND, record);
}

int procmig_take_bulk(struct procmig_process *process, u32 subsystem,
		      struct procmig_record *record)
{
	int ret;

	process->bulk_channel = next_bulk_channel(process);
	ret = take_header(process, PROCMIG_CHANNEL_BULK, record);
	if (!ret && record->subsystem != subsystem)
		ret = procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				   "a bulk record of subsystem %u came where one of %u is due",
				   record->subsystem, subsystem);
	/* Pages of another process may well fit, and nothing else would tell. */
	if (!ret && record->process != process->pid)
		ret = procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				   "a bulk record about pid %u came where one about %d is due",
				   record->process, process->pid);
	return ret;
}
EXPORT_SYMBOL_GPL(procmig_take_bulk);

int procmig_take_data(struct procmig_process *process,
		      enum procmig_channel_role role, struct iov_iter *room)
{
	struct procmig_request *request = process->request;
	size_t bytes = iov_iter_count(room);
	u64 *left = left_of(process, role);
	int ret;

	if (bytes > *left)
		return procmig_fail(process, PROCMIG_SUBSYSTEM_CORE, -EPROTO,
				    "a record is %llu bytes shorter than its content",
				    bytes - *left);
	ret = request->medium->popdata(&request->conduit, channel_of(process, role), room);
	if (ret)
		return explain(process, ret, "receiving");
	*left -= bytes;
	return 0;
}
EXPORT_SYMBOL_GPL(procmig_take_data);

int procmig_take(struct procmig_process *process, enum procmig_channel_role role,
		 void *buffer, size_t bytes)
{
	struct kvec part = { buffer, bytes };
	struct iov_iter room;

	if (!bytes)
		return 0;
	iov_iter_kvec(&room, READ, &part, 1, bytes);
	return procmig_take_data(process, role, &room);
}
EXPORT_SYMBOL_GPL(procmig_take);

u64 procmig_left(struct procmig_process *process, enum procmig_channel_role role)
{
	return *left_of(process, role);
}
EXPORT_SYMBOL_GPL(procmig_left);

int procmig_skip_demand(struct procmig_process *process)
{
	u8 waste[256];
	int ret = 0;
	u64 left;

	while (!ret && (left = procmig_left(process, PROCMIG_CHANNEL_DEMAND)))
		ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, waste,
				   min_t(u64, left, sizeof(waste)));
	return ret;
}

void *procmig_take_body(struct procmig_process *process,
			const struct procmig_record *record, size_t head)
{
	char *body;
	int ret;

	if (record->length < head || record->length > PROCMIG_RECORD_SMALL_MAX)
		return ERR_PTR(procmig_fail(process, record->subsystem, -EPROTO,
					    "record type %u has a bad length, %llu bytes",
					    record->type, record->length));
	body = kvmalloc(record->length + 1, GFP_KERNEL);
	if (!body)
		return ERR_PTR(-ENOMEM);
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, body, record->length);
	if (ret) {
		kvfree(body);
		return ERR_PTR(ret);
	}
	body[record->length] = '\0';
	return body;
}
EXPORT_SYMBOL_GPL(procmig_take_body);
