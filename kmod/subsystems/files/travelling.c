// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that have a name and leave the source with the event: in memory (tmpfs.c), and
 * temporary ones (temporary.c).
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/xattr.h>
#include <procmig/open_file.h>

#include "files.h"

bool procmig_file_travels(struct file *file)
{
	struct inode *inode = file_inode(file);

	return S_ISREG(inode->i_mode) && !(file->f_path.mnt->mnt_flags & MNT_INTERNAL) &&
	       inode->i_nlink && inode_is_open_for_write(inode) &&
	       (files_is_in_memory(file) || files_is_temporary(file));
}
EXPORT_SYMBOL_GPL(procmig_file_travels);

/* Of those that somebody has given it, access control lists among them; labels are the node's. */
static bool has_extended_attributes(struct dentry *dentry)
{
	ssize_t bytes = vfs_listxattr(dentry, NULL, 0);
	const char *name;
	bool has = false;
	char *names;

	if (bytes <= 0)
		return false;
	names = kvmalloc(bytes, GFP_KERNEL);
	/* Without memory, or when it is given more meanwhile. */
	bytes = names ? vfs_listxattr(dentry, names, bytes) : -ENOMEM;
	for (name = names; !has && bytes > 0 && name < names + bytes; name += strlen(name) + 1)
		has = !strstarts(name, XATTR_SECURITY_PREFIX);
	kvfree(names);
	return has || bytes < 0;
}

bool files_inspect_travelling(struct procmig_file_inspection *at, struct file *file,
			      const char *what)
{
	const struct inode *inode = file_inode(file);

	if (procmig_is_clear(at->inspection, inode))
		return false;
	if (inode->i_nlink > 1)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "%pD: %s with several names (hard links)", file, what);
	if (has_extended_attributes(file->f_path.dentry))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "%pD: %s with extended attributes or an access control list",
				      file, what);
	files_inspect_sharers(at, file, what);
	return true;
}

/* ---- target -------------------------------------------------------------- */

int files_hold_by_path(struct files_made *made)
{
	struct file *path = dentry_open(&made->file->f_path, O_PATH, current_cred());

	if (IS_ERR(path))
		return PTR_ERR(path);
	files_close(made->file);
	made->file = path;
	return 0;
}

void files_let_stay(struct procmig_file_load *load, struct file *file)
{
	struct files_made *made = *load->object;

	made->stays = true;
}

void files_release_made(void *object)
{
	struct files_made *made = object;

	if (!made->stays)
		procmig_compat_unlink_at(&made->file->f_path);
	fput(made->file);
	kfree(made);
}
