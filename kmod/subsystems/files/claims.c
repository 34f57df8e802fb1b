// SPDX-License-Identifier: GPL-2.0-only
/* What kinds of file claim on the target: handed from one half of a kind to the other. */
#include <linux/slab.h>

#include "files.h"

void procmig_file_claim(struct procmig_file_inspection *at,
			const struct procmig_file_kind *kind, const void *data, size_t bytes)
{
	struct procmig_file_claim claim = { .version = kind->version };

	strscpy_pad(claim.kind, kind->name, sizeof(claim.kind));
	procmig_claim(at->inspection, &files_subsystem, &claim, sizeof(claim), data, bytes);
}
EXPORT_SYMBOL_GPL(procmig_file_claim);

static int ask_kind(struct procmig_inspection *inspection, const struct files_kinds *set,
		    const struct procmig_file_claim *claim, size_t bytes)
{
	const struct procmig_file_kind *kind = files_kind_named(set, claim->kind);

	if (kind && kind->admit && claim->version <= kind->version)
		return kind->admit(inspection, claim + 1, bytes);
	procmig_obstacle(inspection, files_subsystem.id, PROCMIG_OBSTACLE_UNSUPPORTED, -1,
			 "files of kind \"%s\": version %u of it is not loaded here: load the modules of one version on both nodes",
			 claim->kind, claim->version);
	return 0;
}

int files_admit(struct procmig_inspection *inspection, const void *data, size_t bytes)
{
	const struct procmig_file_claim *claim = data;
	struct files_kinds *set;
	int ret;

	if (bytes < sizeof(*claim) || claim->reserved ||
	    strnlen(claim->kind, sizeof(claim->kind)) == sizeof(claim->kind))
		return -EPROTO;
	set = kmalloc(sizeof(*set), GFP_KERNEL);
	if (!set)
		return -ENOMEM;
	files_kinds_get(set);
	ret = ask_kind(inspection, set, claim, bytes - sizeof(*claim));
	files_kinds_put(set);
	kfree(set);
	return ret;
}
