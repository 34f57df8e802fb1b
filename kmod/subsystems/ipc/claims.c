// SPDX-License-Identifier: GPL-2.0-only
/* IDs and keys that have to be free on the target. */
#include <linux/pid_namespace.h>

#include "ipc.h"

void ipc_claim(struct procmig_inspection *inspection, enum procmig_sysv_type type,
	       const struct kern_ipc_perm *object, int place)
{
	const struct procmig_ipc_claim claim = {
		.type = type,
		.id = object->id,
		.key = object->key,
		.place = place,
	};

	procmig_claim(inspection, &ipc_subsystem, &claim, sizeof(claim), NULL, 0);
}

/* ---- target -------------------------------------------------------------- */

bool ipc_is_in_the_way(const struct kern_ipc_perm *object, enum procmig_sysv_type type,
		       int id, int key, char *why, size_t bytes)
{
	if (object->id == id)
		scnprintf(why, bytes, "%s %d: that ID is taken here; remove what has it (ipcrm)",
			  ipc_type_name(type), id);
	else if (key != IPC_PRIVATE && object->key == key)
		scnprintf(why, bytes, "%s %d: its key %#x is taken here by %d; remove that (ipcrm)",
			  ipc_type_name(type), id, key, object->id);
	else
		return false;
	return true;
}

static void look(struct procmig_inspection *inspection, const struct procmig_ipc_claim *claim,
		 const struct kern_ipc_perm *object, int place)
{
	char why[PROCMIG_MESSAGE_BYTES];

	if (ipc_is_in_the_way(object, claim->type, claim->id, claim->key, why, sizeof(why)))
		procmig_obstacle(inspection, ipc_subsystem.id, PROCMIG_OBSTACLE_TAKEN,
				 claim->id, "%s", why);
	else if (place == claim->place)
		procmig_obstacle(inspection, ipc_subsystem.id, PROCMIG_OBSTACLE_TAKEN,
				 claim->id,
				 "%s %d: the place of that ID is taken here by %d; remove that (ipcrm)",
				 ipc_type_name(claim->type), claim->id, object->id);
}

int ipc_admit(struct procmig_inspection *inspection, const void *data, size_t bytes)
{
	struct ipc_namespace *ns = ipc_namespace_of(init_pid_ns.child_reaper);
	const struct procmig_ipc_claim *claim = data;
	struct kern_ipc_perm *object;
	int place = 0;

	if (bytes != sizeof(*claim) || claim->type >= PROCMIG_SYSV_TYPES || claim->id < 0)
		return -EPROTO;
	procmig_compat_ipc_lock(ns, claim->type);
	while ((object = procmig_compat_ipc_next(ns, claim->type, &place)))
		look(inspection, claim, object, place);
	procmig_compat_ipc_unlock(ns, claim->type);
	return 0;
}
