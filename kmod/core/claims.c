// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the processes will want to have for themselves on the target: told by the
 * subsystems of the source while they inspect, answered by those of the target.
 */
#include <linux/kernel.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "inspection.h"

/* Of what the core itself claims: a number for processes. */
#define CLAIM_VERSION 1

bool procmig_wants_claims(const struct procmig_inspection *inspection)
{
	return inspection->claims_room;
}
EXPORT_SYMBOL_GPL(procmig_wants_claims);

static void put(struct procmig_inspection *inspection, u32 subsystem, u32 version,
		const void *head, size_t head_bytes, const void *data, size_t bytes)
{
	struct procmig_claim claim = {
		.subsystem = subsystem,
		.version = version,
		.length = head_bytes + bytes,
	};
	void *at = inspection->claims + inspection->claims_written;
	/* What comes behind one that did not fit would stand in its place. */
	bool fits = inspection->claims_written == inspection->claims_used;

	if (!procmig_wants_claims(inspection))
		return;
	/* One zero at least, for those that are texts. */
	claim.size = ALIGN(sizeof(claim) + claim.length + 1, 8);
	inspection->claims_used += claim.size;
	if (!fits || inspection->claims_used > inspection->claims_room)
		return;
	inspection->claims_written = inspection->claims_used;
	memset(at, 0, claim.size);
	memcpy(at, &claim, sizeof(claim));
	memcpy(at + sizeof(claim), head, head_bytes);
	memcpy(at + sizeof(claim) + head_bytes, data, bytes);
}

void procmig_claim(struct procmig_inspection *inspection,
		   const struct procmig_subsystem *subsystem, const void *head,
		   size_t head_bytes, const void *data, size_t bytes)
{
	put(inspection, subsystem->id, subsystem->version, head, head_bytes, data, bytes);
}
EXPORT_SYMBOL_GPL(procmig_claim);

void procmig_claim_number(struct procmig_inspection *inspection, pid_t number)
{
	put(inspection, PROCMIG_SUBSYSTEM_CORE, CLAIM_VERSION, &number, sizeof(number), NULL, 0);
}

/* ---- target -------------------------------------------------------------- */

static bool claim_ok(const struct procmig_claim *claim, size_t left)
{
	size_t room;

	if (left < sizeof(*claim) || claim->size > left || claim->size <= sizeof(*claim) ||
	    !IS_ALIGNED(claim->size, 8))
		return false;
	room = claim->size - sizeof(*claim);
	return claim->length < room &&
	       !memchr_inv(claim->data + claim->length, 0, room - claim->length);
}

static int admit_number(struct procmig_inspection *inspection,
			const struct procmig_claim *claim)
{
	pid_t number;
	bool taken;

	if (claim->length != sizeof(number))
		return -EPROTO;
	memcpy(&number, claim->data, sizeof(number));
	rcu_read_lock();
	taken = find_pid_ns(number, &init_pid_ns);
	rcu_read_unlock();
	if (taken)
		procmig_obstacle(inspection, PROCMIG_SUBSYSTEM_CORE, PROCMIG_OBSTACLE_TAKEN, number,
				 "process group or session %d, whose leader has ended: that number is in use here",
				 number);
	return 0;
}

static int admit(struct procmig_inspection *inspection,
		 const struct procmig_subsystem_set *set, const struct procmig_claim *claim)
{
	int index = procmig_subsystem_index(set, claim->subsystem);
	const struct procmig_subsystem *subsystem = index < 0 ? NULL : set->subsystem[index];

	if (claim->subsystem == PROCMIG_SUBSYSTEM_CORE && claim->version <= CLAIM_VERSION)
		return admit_number(inspection, claim);
	if (subsystem && subsystem->admit && claim->version <= subsystem->version)
		return subsystem->admit(inspection, claim->data, claim->length);
	procmig_obstacle(inspection, PROCMIG_SUBSYSTEM_CORE, PROCMIG_OBSTACLE_UNSUPPORTED,
			 claim->subsystem,
			 "subsystem %u: version %u of it is not loaded here: load the modules of one version on both nodes",
			 claim->subsystem, claim->version);
	return 0;
}

int procmig_admit(struct procmig_inspection *inspection,
		  const struct procmig_subsystem_set *set, const void *claims, size_t bytes)
{
	const struct procmig_claim *claim;
	size_t at;
	int ret = 0;

	for (at = 0; !ret && at < bytes; at += claim->size) {
		claim = claims + at;
		if (!claim_ok(claim, bytes - at))
			return -EPROTO;
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = admit(inspection, set, claim);
		cond_resched();
	}
	return ret;
}
