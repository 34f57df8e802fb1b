/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What other subsystems may ask of the files subsystem: to carry a file for them
 * that no descriptor refers to, or that one refers to as well.
 */
#ifndef _PROCMIG_OPEN_FILE_H
#define _PROCMIG_OPEN_FILE_H

#include <linux/fs.h>
#include <procmig/process.h>

/*
 * While inspecting: name what stands against carrying a file that is mapped at
 * @address.  @root: of the process.
 */
void procmig_file_inspect_mapped(struct procmig_inspection *inspection, struct file *file,
				 const struct path *root, unsigned long address);

/*
 * Whether what the file contains travels with the event though it has a name: on
 * the target nothing has that name before.
 */
bool procmig_file_travels(struct file *file);

/*
 * Source, while gathering: have the open file description carried with the
 * event, and get its number in the stream.  0, -ENOMEM, -EMFILE; -EOPNOTSUPP:
 * no files subsystem is loaded.
 */
int procmig_file_announce(struct procmig_process *process, struct file *file, u32 *number);

/* Target: the description with that number, not referenced; NULL if there is none. */
struct file *procmig_file_find(struct procmig_process *process, u32 number);

#endif /* _PROCMIG_OPEN_FILE_H */
