// SPDX-License-Identifier: GPL-2.0-only
/* Pseudo-terminals on the target. */
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/tty_flip.h>
#include <linux/workqueue.h>

#include "pty.h"

enum progress { MADE, STATE_KNOWN, SET_UP };

/* What the two ends share. */
struct pair {
	struct file *master;	/* NULL: hung up */
	struct tty_struct *tty;	/* of the master; stays as long as an end is open */
	enum progress progress;
	bool claimed;		/* the master is among the open files */
	unsigned int queued;	/* characters that wait for one or the other end */
	struct procmig_file_pty_state state;
};

/* ---- the pair ------------------------------------------------------------ */

static struct file *open_master(struct procmig_file_load *load, const char *path,
				unsigned int access)
{
	struct file *file = filp_open(path, access | O_NOCTTY | O_NONBLOCK, 0);

	if (IS_ERR(file))
		return ERR_PTR(procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES,
					    PTR_ERR(file),
					    "%s, which makes terminals, cannot be opened here (%ld)",
					    path, PTR_ERR(file)));
	if (!procmig_terminal_is_master(file)) {
		fput(file);
		return ERR_PTR(procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, -ESTALE,
					    "%s does not make terminals here", path));
	}
	return file;
}

/* Files to be closed: those whose number is another, or a master that hangs up. */
struct closing {
	struct work_struct work;
	struct file **file;
	unsigned int count;
};

static void close_all(struct work_struct *work)
{
	struct closing *closing = container_of(work, struct closing, work);

	while (closing->count)
		__fput_sync(closing->file[--closing->count]);
}

/*
 * This task would close them on its way to user mode, as the process.  Gone for
 * good when this returns: that is a kernel thread's privilege.
 */
static void close_now(struct file **file, unsigned int count)
{
	struct closing closing = { .file = file, .count = count };

	INIT_WORK_ONSTACK(&closing.work, close_all);
	queue_work(system_unbound_wq, &closing.work);
	flush_work(&closing.work);
	destroy_work_on_stack(&closing.work);
}

#define INDEX_MAX (1u << 12)	/* kernel.pty.max, as it is by default */

/* The kernel gives the lowest number that is free, so all below it must be in use. */
static struct file *open_index(struct procmig_file_load *load, const char *path,
			       unsigned int access, u32 index)
{
	struct file **others, *file;
	unsigned int count = 0;
	u32 got;

	others = kvmalloc_array(index + 1, sizeof(*others), GFP_KERNEL);
	if (!others)
		return ERR_PTR(-ENOMEM);
	for (;;) {
		file = open_master(load, path, access);
		if (IS_ERR(file))
			break;
		got = procmig_terminal_of(file)->index;
		if (got == index)
			break;
		others[count++] = file;
		if (got > index || count > index) {
			file = ERR_PTR(procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES,
						    -EBUSY,
						    "terminal number %u is taken here: whoever has /dev/pts/%u must end first",
						    index, index));
			break;
		}
	}
	close_now(others, count);
	kvfree(others);
	return file;
}

/* Where terminals are made whose master is closed: beside the slave. */
static char *find_ptmx(const char *slave)
{
	const char *end = strrchr(slave, '/');

	return kasprintf(GFP_KERNEL, "%.*s/ptmx", (int)(end - slave), slave);
}

static struct file *make_master(struct procmig_file_load *load,
				const struct procmig_file_pty *wanted)
{
	const char *path = (const char *)(wanted + 1);
	struct file *file;
	char *ptmx;

	if (wanted->master_bytes)
		return open_index(load, path + wanted->path_bytes, wanted->master_access,
				  wanted->index);
	ptmx = find_ptmx(path);
	if (!ptmx)
		return ERR_PTR(-ENOMEM);
	file = open_index(load, ptmx, O_RDWR, wanted->index);
	kfree(ptmx);
	return file;
}

static struct pair *make_pair(struct procmig_file_load *load,
			      const struct procmig_file_pty *wanted)
{
	struct pair *pair = kzalloc(sizeof(*pair), GFP_KERNEL);

	if (!pair)
		return ERR_PTR(-ENOMEM);
	pair->master = make_master(load, wanted);
	if (IS_ERR(pair->master)) {
		struct file *error = pair->master;

		kfree(pair);
		return ERR_CAST(error);
	}
	pair->tty = procmig_terminal_of(pair->master);
	/* Locked or not, we must get in. */
	clear_bit(TTY_PTY_LOCK, &pair->tty->flags);
	return pair;
}

void pty_release(void *object)
{
	struct pair *pair = object;

	if (pair->master)
		fput(pair->master);
	kfree(pair);
}

/* ---- the two ends -------------------------------------------------------- */

static struct tty_struct *swap_controlling(struct tty_struct *tty)
{
	spin_lock_irq(&procmig_compat_sighand(current)->siglock);
	swap(current->signal->tty, tty);
	spin_unlock_irq(&procmig_compat_sighand(current)->siglock);
	return tty;
}

/* Whose controlling terminal it is shows later; /dev/tty asks now. */
static struct file *open_current(const char *path, int flags, struct tty_struct *slave)
{
	struct tty_struct *before = swap_controlling(tty_kref_get(slave));
	struct file *file = filp_open(path, flags, 0);

	tty_kref_put(swap_controlling(before));
	return file;
}

static struct file *open_slave(struct procmig_file_load *load, struct pair *pair,
			       const struct procmig_file_pty *wanted)
{
	const char *path = (const char *)(wanted + 1);
	int flags = (load->flags & O_ACCMODE) | O_NOCTTY | O_NONBLOCK;
	struct tty_struct *slave = pair->tty->link;
	struct file *file;
	bool is_it;

	if (wanted->end == PROCMIG_PTY_CURRENT)
		file = open_current(path, flags, slave);
	else
		file = filp_open(path, flags, 0);
	if (IS_ERR(file))
		return ERR_PTR(procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES,
					    PTR_ERR(file),
					    "terminal %s cannot be opened here (%ld)", path,
					    PTR_ERR(file)));
	is_it = wanted->end == PROCMIG_PTY_CURRENT ? pty_is_current(file) :
						     pty_is_slave(file);
	if (is_it && procmig_terminal_of(file) == slave)
		return file;
	fput(file);
	return ERR_PTR(procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, -ESTALE,
				    "%s is no terminal here, or another one", path));
}

static bool body_ok(const struct procmig_file_pty *wanted, size_t bytes)
{
	const char *path = (const char *)(wanted + 1);

	if (bytes < sizeof(*wanted) || wanted->end < PROCMIG_PTY_MASTER ||
	    wanted->end > PROCMIG_PTY_CURRENT || wanted->index >= INDEX_MAX ||
	    wanted->hung_up > 1 || wanted->hung_up != !wanted->master_bytes ||
	    wanted->master_access & ~O_ACCMODE ||
	    (wanted->hung_up && wanted->end == PROCMIG_PTY_MASTER) ||
	    !wanted->path_bytes || wanted->path_bytes > PATH_MAX ||
	    wanted->master_bytes > PATH_MAX ||
	    bytes != sizeof(*wanted) + wanted->path_bytes + wanted->master_bytes)
		return false;
	return *path == '/' && !path[wanted->path_bytes - 1] &&
	       (wanted->hung_up || path[wanted->path_bytes] == '/');
}

struct file *pty_restart(struct procmig_file_load *load, const void *body, size_t bytes)
{
	const struct procmig_file_pty *wanted = body;
	struct pair *pair = *load->object;

	if (!body_ok(wanted, bytes))
		return ERR_PTR(procmig_file_refuse(load, "a terminal"));
	if (!pair) {
		pair = make_pair(load, wanted);
		if (IS_ERR(pair))
			return ERR_CAST(pair);
		*load->object = pair;
	}
	if (pair->progress != MADE || pair->tty->index != wanted->index)
		return ERR_PTR(procmig_file_refuse(load, "a terminal and its pair"));
	if (wanted->end != PROCMIG_PTY_MASTER)
		return open_slave(load, pair, wanted);
	if (pair->claimed)
		return ERR_PTR(procmig_file_refuse(load, "a terminal with two masters"));
	pair->claimed = true;
	return get_file(pair->master);
}

/* ---- what it is set to and has to read ----------------------------------- */

static int take_state(struct pair *pair, const void *body, u32 bytes)
{
	if (pair->progress != MADE || bytes != sizeof(pair->state) || !pty_state_ok(body))
		return -EPROTO;
	memcpy(&pair->state, body, sizeof(pair->state));
	if (!(pair->state.flags & PROCMIG_PTY_HUNG_UP) != pair->claimed)
		return -EPROTO;
	pair->progress = STATE_KNOWN;
	return 0;
}

static int take_line(struct pair *pair, u32 end, const u8 *body, u32 bytes)
{
	if (pair->progress != STATE_KNOWN || bytes % 2 ||
	    bytes > 2 * PROCMIG_PTY_LINE_MAX || !pair->claimed)
		return -EPROTO;
	if (end == PROCMIG_PTY_MASTER)
		return pty_line_feed(pair->tty, NULL, body, bytes / 2);
	return pty_line_feed(pair->tty->link, &pair->state, body, bytes / 2);
}

/* Closing the master hangs up whoever has the slave open by now. */
static int hang_up(struct pair *pair)
{
	close_now(&pair->master, 1);
	pair->master = NULL;
	return 0;
}

static int take_lines_end(struct pair *pair)
{
	int ret;

	if (pair->progress != STATE_KNOWN)
		return -EPROTO;
	pair->progress = SET_UP;
	if (pair->state.flags & PROCMIG_PTY_HUNG_UP)
		return hang_up(pair);
	ret = pty_set_up(pair->tty, &pair->state);
	return ret ?: pty_line_finish(pair->tty->link, &pair->state);
}

/* As many as there were: the source may have packed them more closely. */
static int insert(struct tty_port *port, const u8 *characters, u32 count)
{
	int limit = port->buf.mem_limit, inserted;

	port->buf.mem_limit = INT_MAX;
	inserted = tty_insert_flip_string_fixed_flag(port, characters, TTY_NORMAL, count);
	port->buf.mem_limit = limit;
	return inserted == count ? 0 : -ENOMEM;
}

static int take_queue(struct pair *pair, u32 end, const u8 *body, u32 bytes)
{
	struct tty_struct *tty = end == PROCMIG_PTY_MASTER ? pair->tty : pair->tty->link;
	int ret;

	if (pair->progress != SET_UP || !pair->claimed ||
	    bytes > PROCMIG_PTY_QUEUE_MAX - pair->queued)
		return -EPROTO;
	pair->queued += bytes;
	ret = insert(tty->port, body, bytes);
	/* The master takes everything as it is; the slave may answer with a signal. */
	if (!ret && end == PROCMIG_PTY_MASTER)
		tty_flip_buffer_push(tty->port);
	return ret;
}

int pty_restart_data(struct procmig_file_load *load, struct file *file, const void *body,
		     size_t bytes)
{
	const struct procmig_file_pty_data *data = body;
	struct pair *pair = *load->object;
	int ret = -EPROTO;

	if (bytes < sizeof(*data) || data->bytes != bytes - sizeof(*data) ||
	    data->reserved || !pair ||
	    (data->end != PROCMIG_PTY_MASTER && data->end != PROCMIG_PTY_SLAVE))
		return procmig_file_refuse(load, "data of a terminal");
	switch (data->what) {
	case PROCMIG_PTY_STATE:
		ret = take_state(pair, data + 1, data->bytes);
		break;
	case PROCMIG_PTY_LINE:
		ret = take_line(pair, data->end, (const u8 *)(data + 1), data->bytes);
		break;
	case PROCMIG_PTY_LINES_END:
		ret = take_lines_end(pair);
		break;
	case PROCMIG_PTY_QUEUE:
		ret = take_queue(pair, data->end, (const u8 *)(data + 1), data->bytes);
		break;
	}
	if (ret == -EPROTO)
		return procmig_file_refuse(load, "data of a terminal");
	if (ret == -ESRCH)
		return procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, ret,
				    "terminal pts/%d: session %d or process group %d is not here",
				    pair->tty->index, pair->state.session, pair->state.group);
	return ret;
}

void pty_resume(struct procmig_file_load *load, struct file *file)
{
	struct pair *pair = *load->object;

	if (!pair || !pair->queued)
		return;
	pair->queued = 0;
	tty_flip_buffer_push(pair->tty->link->port);
}
