/* SPDX-License-Identifier: GPL-2.0-only */
/* Who belongs to an event besides those that descend from another. */
#ifndef _PROCMIG_CORE_SELECTION_H
#define _PROCMIG_CORE_SELECTION_H

#include <uapi/procmig.h>

struct task_struct;

/* Why @named selects nothing, not even itself: a constant text; or NULL. */
const char *procmig_selection_refused(enum procmig_selection selection,
				      struct task_struct *named);

/*
 * The selected processes that have not ended, referenced as far as they fit into
 * @room.  Returns how many there are.  A tree needs no look: 0.
 */
unsigned int procmig_selected(enum procmig_selection selection, struct task_struct *named,
			      struct task_struct **leaders, unsigned int room);

/* Whether the process of @leader is selected now. */
bool procmig_is_selected(enum procmig_selection selection, struct task_struct *named,
			 struct task_struct *leader);

#endif /* _PROCMIG_CORE_SELECTION_H */
