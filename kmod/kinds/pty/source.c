// SPDX-License-Identifier: GPL-2.0-only
/* Pseudo-terminals on the source. */
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/tty_flip.h>
#include <linux/workqueue.h>

#include "pty.h"

static int fail(struct procmig_file_save *save, const struct tty_struct *tty, int error,
		const char *why)
{
	return procmig_fail(save->process, PROCMIG_SUBSYSTEM_FILES, error,
			    "terminal pts/%d: %s (%d)", tty->index, why, error);
}

static bool is_closed(const struct tty_struct *master)
{
	return !master->count;
}

/* ---- the two ends -------------------------------------------------------- */

static u32 end_of(struct file *file)
{
	if (procmig_terminal_is_master(file))
		return PROCMIG_PTY_MASTER;
	return pty_is_slave(file) ? PROCMIG_PTY_SLAVE : PROCMIG_PTY_CURRENT;
}

/* The path of @file at the end of @room, moved to @text; its bytes with NUL. */
static int put_path(struct procmig_file_save *save, struct file *file, char *text,
		    char *end)
{
	char *path = procmig_compat_path(&file->f_path, save->root, text, end - text);
	int bytes;

	if (IS_ERR(path))
		return fail(save, procmig_terminal_of(file), PTR_ERR(path),
			    "it is not reachable from the root of the process");
	bytes = strlen(path) + 1;
	memmove(text, path, bytes);
	return bytes;
}

static int describe_master(struct procmig_file_save *save, struct tty_struct *master,
			   struct procmig_file_pty *body, char *text, char *end)
{
	struct file *file = procmig_terminal_file(master);
	int ret;

	if (!file || !procmig_file_is_known(save, file)) {
		ret = fail(save, master, -EOPNOTSUPP,
			   "its master is outside; migrate them together, or use mechanism Ignore");
	} else {
		body->master_access = file->f_flags & O_ACCMODE;
		ret = put_path(save, file, text, end);
	}
	if (ret > 0)
		body->master_bytes = ret;
	if (file)
		fput(file);
	return min(ret, 0);
}

ssize_t pty_checkpoint(struct procmig_file_save *save, struct file *file, void *room,
		       size_t bytes)
{
	struct tty_struct *master = pty_master_of(file);
	struct procmig_file_pty *body = room;
	char *text = room + sizeof(*body), *end = room + bytes;
	int ret;

	*body = (struct procmig_file_pty) {
		.end = end_of(file),
		.index = master->index,
		.hung_up = is_closed(master),
	};
	if (!body->hung_up && tty_hung_up_p(file))
		return fail(save, master, -EOPNOTSUPP, "hung up while its master is open");
	ret = put_path(save, file, text, text + (end - text) / 2);
	if (ret < 0)
		return ret;
	body->path_bytes = ret;
	text += ret;
	ret = body->hung_up ? 0 : describe_master(save, master, body, text, end);
	return ret ?: sizeof(*body) + body->path_bytes + body->master_bytes;
}

/* ---- the pair ------------------------------------------------------------ */

static int emit(struct procmig_file_save *save, u32 what, const struct tty_struct *tty,
		const void *data, size_t bytes)
{
	const struct procmig_file_pty_data head = {
		.what = what,
		.end = tty->driver->subtype == PTY_TYPE_MASTER ?
		       PROCMIG_PTY_MASTER : PROCMIG_PTY_SLAVE,
		.bytes = bytes,
	};

	return procmig_file_data(save, &head, sizeof(head), data, bytes);
}

/* What is on its way to the line discipline; -E2BIG: more than @room. */
static int copy_queue(struct tty_struct *tty, u8 *characters, unsigned int room)
{
	struct tty_buffer *buffer;
	unsigned int count = 0;
	int bytes, i;

	for (buffer = tty->port->buf.head; buffer; buffer = buffer->next) {
		bytes = buffer->commit - buffer->read;
		if (bytes <= 0)
			continue;
		if (bytes > room - count)
			return -E2BIG;
		/* Nobody reports errors of a line that is none. */
		for (i = 0; !(buffer->flags & TTYB_NORMAL) && i < bytes; i++)
			if (*flag_buf_ptr(buffer, buffer->read + i) != TTY_NORMAL)
				return -EOPNOTSUPP;
		memcpy(characters + count, char_buf_ptr(buffer, buffer->read), bytes);
		count += bytes;
	}
	return count;
}

/* For each end; the kernel keeps some 8 KiB and whatever was written in one go. */
#define QUEUE_MAX (PROCMIG_PTY_QUEUE_MAX / 2)

/* What one end has still to read. */
struct input {
	u8 *line, *queue;
	int line_count, queue_count;
};

static int copy_input(struct tty_struct *tty, struct input *input)
{
	struct tty_port *port = tty->port;

	/* Nobody writes any more; what was written gets as far as there is room. */
	flush_work(&port->buf.work);
	tty_buffer_lock_exclusive(port);
	input->line_count = pty_line_copy(tty, input->line);
	input->queue_count = copy_queue(tty, input->queue, QUEUE_MAX);
	tty_buffer_unlock_exclusive(port);
	return min3(input->line_count, input->queue_count, 0);
}

static bool make_input(struct input *input)
{
	input->line = kvmalloc(2 * PROCMIG_PTY_LINE_MAX, GFP_KERNEL);
	input->queue = kvmalloc(QUEUE_MAX, GFP_KERNEL);
	return input->line && input->queue;
}

static void free_input(struct input *input)
{
	kvfree(input->line);
	kvfree(input->queue);
}

static int emit_queue(struct procmig_file_save *save, struct tty_struct *tty,
		      const struct input *input)
{
	unsigned int done, bytes;
	int ret = 0;

	for (done = 0; !ret && done < input->queue_count; done += bytes) {
		bytes = min_t(unsigned int, input->queue_count - done, PROCMIG_PTY_LINE_MAX);
		ret = emit(save, PROCMIG_PTY_QUEUE, tty, input->queue + done, bytes);
	}
	return ret;
}

static int emit_input(struct procmig_file_save *save, struct tty_struct *master,
		      const struct input *from_slave, const struct input *from_master)
{
	struct tty_struct *slave = master->link;
	int ret;

	ret = emit(save, PROCMIG_PTY_LINE, slave, from_master->line,
		   2 * from_master->line_count);
	if (!ret)
		ret = emit(save, PROCMIG_PTY_LINE, master, from_slave->line,
			   2 * from_slave->line_count);
	if (!ret)
		ret = emit(save, PROCMIG_PTY_LINES_END, master, NULL, 0);
	if (!ret)
		ret = emit_queue(save, master, from_slave);
	if (!ret)
		ret = emit_queue(save, slave, from_master);
	return ret;
}

static int emit_open_pair(struct procmig_file_save *save, struct tty_struct *master)
{
	struct input from_slave = {}, from_master = {};
	struct procmig_file_pty_state state = {};
	int ret = -ENOMEM;

	if (!make_input(&from_slave) || !make_input(&from_master))
		goto free;
	ret = copy_input(master, &from_slave);
	if (!ret)
		ret = copy_input(master->link, &from_master);
	if (!ret)
		ret = pty_line_describe(master->link, &state);
	if (ret) {
		fail(save, master, ret, ret == -EBUSY ?
		     "echoes of what was typed wait to be written" :
		     "this kernel keeps its input in another way");
		goto free;
	}
	pty_describe(master, &state);
	ret = emit(save, PROCMIG_PTY_STATE, master, &state, sizeof(state));
	if (!ret)
		ret = emit_input(save, master, &from_slave, &from_master);
free:
	free_input(&from_slave);
	free_input(&from_master);
	return ret;
}

int pty_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	const struct procmig_file_pty_state gone = {
		.flags = PROCMIG_PTY_HUNG_UP,
		.mode = S_IFCHR,
	};
	struct tty_struct *master = pty_master_of(file);
	int ret;

	if (!is_closed(master))
		return emit_open_pair(save, master);
	ret = emit(save, PROCMIG_PTY_STATE, master, &gone, sizeof(gone));
	return ret ?: emit(save, PROCMIG_PTY_LINES_END, master, NULL, 0);
}
