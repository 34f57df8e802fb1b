/* SPDX-License-Identifier: GPL-2.0-only */
/* Unix98 pseudo-terminals, as far as more than one module asks about them. */
#ifndef _PROCMIG_TERMINAL_H
#define _PROCMIG_TERMINAL_H

#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>

/* Of a file of a terminal, to which the caller holds a reference. */
static inline struct tty_struct *procmig_terminal_of(struct file *file)
{
	return ((struct tty_file_private *)file->private_data)->tty;
}

/* Whether the file was opened through that device, and not only as a path. */
static inline bool procmig_terminal_is_device(struct file *file, unsigned int major,
					      unsigned int minor)
{
	const struct inode *inode = file_inode(file);

	return S_ISCHR(inode->i_mode) && !(file->f_mode & FMODE_PATH) &&
	       inode->i_rdev == MKDEV(major, minor);
}

/* The side of the terminal emulator. */
static inline bool procmig_terminal_is_master(struct file *file)
{
	return procmig_terminal_is_device(file, TTYAUX_MAJOR, 2);
}

static inline bool procmig_terminal_is_slave(const struct tty_struct *tty)
{
	return tty->driver->type == TTY_DRIVER_TYPE_PTY &&
	       tty->driver->subtype == PTY_TYPE_SLAVE &&
	       tty->driver->major == UNIX98_PTY_SLAVE_MAJOR;
}

/* The first file of those that a terminal is open by, referenced, or NULL. */
static inline struct file *procmig_terminal_file(struct tty_struct *tty)
{
	struct tty_file_private *opened;
	struct file *file = NULL;

	spin_lock(&tty->files_lock);
	opened = list_first_entry_or_null(&tty->tty_files, struct tty_file_private, list);
	if (opened && get_file_rcu(opened->file))
		file = opened->file;
	spin_unlock(&tty->files_lock);
	return file;
}

#endif /* _PROCMIG_TERMINAL_H */
