/* SPDX-License-Identifier: GPL-2.0-only */
/* Pseudo-terminals: a pair of a master and a slave, both inside the event. */
#ifndef _PROCMIG_PTY_H
#define _PROCMIG_PTY_H

#include <procmig/compat.h>
#include <procmig/file_kind.h>
#include <procmig/terminal.h>

/* One who knows one end knows both: the master stands for the pair. */
static inline struct tty_struct *pty_master_of(struct file *file)
{
	struct tty_struct *tty = procmig_terminal_of(file);

	return tty->driver->subtype == PTY_TYPE_MASTER ? tty : tty->link;
}

static inline bool pty_is_slave(struct file *file)
{
	const struct inode *inode = file_inode(file);
	unsigned int major = MAJOR(inode->i_rdev);

	return S_ISCHR(inode->i_mode) && !(file->f_mode & FMODE_PATH) &&
	       major >= UNIX98_PTY_SLAVE_MAJOR &&
	       major < UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT;
}

/* Slave, by way of the controlling terminal of whoever opened it. */
static inline bool pty_is_current(struct file *file)
{
	return procmig_terminal_is_device(file, TTYAUX_MAJOR, 0) &&
	       procmig_terminal_is_slave(procmig_terminal_of(file));
}

/* inspect.c */
void pty_inspect(struct procmig_file_inspection *at, struct file *file);

/* source.c */
ssize_t pty_checkpoint(struct procmig_file_save *save, struct file *file, void *room,
		       size_t bytes);
int pty_checkpoint_data(struct procmig_file_save *save, struct file *file);

/* target.c */
struct file *pty_restart(struct procmig_file_load *load, const void *body, size_t bytes);
int pty_restart_data(struct procmig_file_load *load, struct file *file, const void *body,
		     size_t bytes);
void pty_resume(struct procmig_file_load *load, struct file *file);
void pty_release(void *object);

/* settings.c: what both ends are set to, the input aside */
void pty_describe(struct tty_struct *master, struct procmig_file_pty_state *state);
bool pty_state_ok(const struct procmig_file_pty_state *state);
/* 0, or -ESRCH: the session or the process group is not here. */
int pty_set_up(struct tty_struct *master, const struct procmig_file_pty_state *state);

/* line.c: what the line discipline of one end keeps */

/*
 * Fill in what only the line discipline knows of the slave.  -EOPNOTSUPP: this
 * kernel keeps it in another way; -EBUSY: echoes wait.
 */
int pty_line_describe(struct tty_struct *tty, struct procmig_file_pty_state *state);
/*
 * Copy what has not been read: at most PROCMIG_PTY_LINE_MAX characters and, behind
 * them, as many marks: 1 where a line ends.  Returns their number or an errno.
 */
int pty_line_copy(struct tty_struct *tty, u8 *characters);
/* Have it read again; @state: what the slave will be set to, NULL: it is the master. */
int pty_line_feed(struct tty_struct *tty, const struct procmig_file_pty_state *state,
		  const u8 *characters, unsigned int count);
/* The columns, once the input is there and the slave is set to @state. */
int pty_line_finish(struct tty_struct *tty, const struct procmig_file_pty_state *state);

#endif /* _PROCMIG_PTY_H */
