// SPDX-License-Identifier: GPL-2.0-only
/*
 * The line discipline N_TTY: characters that were received and not read, and
 * where lines end among them.  They are looked at in its own structure, as there
 * is no call that would not take them away; on the target they are received
 * again, while the terminal is set such that every character means itself.
 */
#include <linux/bitmap.h>
#include <linux/tty_flip.h>

#include "pty.h"

/* As drivers/tty/n_tty.c has kept it since 6.0. */
struct line {
	size_t read_head;
	size_t commit_head;
	size_t canon_head;
	size_t echo_head;
	size_t echo_commit;
	size_t echo_mark;
	DECLARE_BITMAP(char_map, 256);
	unsigned long overrun_time;
	int num_overrun;
	bool no_room;
	unsigned char lnext:1, erasing:1, raw:1, real_raw:1, icanon:1;
	unsigned char push:1;
	char read_buf[N_TTY_BUF_SIZE];
	DECLARE_BITMAP(read_flags, N_TTY_BUF_SIZE);
	unsigned char echo_buf[N_TTY_BUF_SIZE];
	size_t read_tail;
	size_t line_start;
	size_t lookahead_count;
	unsigned int column;
	unsigned int canon_column;
	size_t echo_tail;
};

/* What the line discipline concludes from the settings. */
static bool is_raw(const struct tty_struct *tty)
{
	return !(I_IGNCR(tty) || I_ICRNL(tty) || I_INLCR(tty) || I_ISTRIP(tty) ||
		 I_IUCLC(tty) || I_IXON(tty) || I_PARMRK(tty) || L_ICANON(tty) ||
		 L_ISIG(tty) || L_ECHO(tty));
}

/* Its cursors and conclusions vouch for the layout; NULL if they are at odds. */
static struct line *line_of(struct tty_struct *tty)
{
	struct line *line = tty->disc_data;
	size_t used;

	BUILD_BUG_ON(PROCMIG_PTY_LINE_MAX != N_TTY_BUF_SIZE);
	if (!line || !tty->ldisc || tty->ldisc->ops->num != N_TTY)
		return NULL;
	used = line->read_head - line->read_tail;
	if (used > N_TTY_BUF_SIZE || line->echo_head - line->echo_tail > N_TTY_BUF_SIZE ||
	    line->icanon != !!L_ICANON(tty) || line->raw != is_raw(tty) ||
	    (line->real_raw && !line->raw))
		return NULL;
	/* The end of the last line is kept only where there are lines. */
	return line->icanon && line->canon_head - line->read_tail > used ? NULL : line;
}

/* Whether it is read line by line. */
static bool has_lines(tcflag_t lflag)
{
	return lflag & ICANON && !(lflag & EXTPROC);
}

int pty_line_describe(struct tty_struct *tty, struct procmig_file_pty_state *state)
{
	const struct line *line = line_of(tty);

	if (!line)
		return -EOPNOTSUPP;
	if (line->echo_head != line->echo_tail)
		return -EBUSY;
	state->column = line->column;
	state->canon_column = line->canon_column;
	if (line->lnext)
		state->flags |= PROCMIG_PTY_LITERAL_NEXT;
	if (line->erasing)
		state->flags |= PROCMIG_PTY_ERASING;
	if (line->push)
		state->flags |= PROCMIG_PTY_PUSHED;
	return 0;
}

int pty_line_copy(struct tty_struct *tty, u8 *characters)
{
	const struct line *line = line_of(tty);
	unsigned int count, i;
	u8 *marks;

	if (!line)
		return -EOPNOTSUPP;
	count = line->read_head - line->read_tail;
	marks = characters + count;
	for (i = 0; i < count; i++) {
		unsigned int at = (line->read_tail + i) & (N_TTY_BUF_SIZE - 1);

		characters[i] = line->read_buf[at];
		marks[i] = line->icanon && test_bit(at, line->read_flags);
	}
	return count;
}

/* ---- target -------------------------------------------------------------- */

/* How a terminal takes every character for itself, but for those given. */
static struct ktermios plain(const struct tty_struct *tty, tcflag_t lflag)
{
	struct ktermios termios = tty->termios;

	termios.c_iflag = 0;
	termios.c_oflag = 0;
	termios.c_lflag = lflag;
	memset(termios.c_cc, __DISABLED_CHAR, sizeof(termios.c_cc));
	return termios;
}

static int receive(struct tty_struct *tty, const u8 *characters, unsigned int count)
{
	struct tty_ldisc *discipline = tty_ldisc_ref(tty);
	unsigned int taken;

	if (!discipline)
		return -EIO;
	taken = tty_ldisc_receive_buf(discipline, characters, NULL, count);
	tty_ldisc_deref(discipline);
	return taken == count ? 0 : -EPROTO;
}

#define NEXT	0x16
#define END	0x04

static void await_lines(struct tty_struct *tty)
{
	struct ktermios termios = plain(tty, ICANON | IEXTEN);

	termios.c_cc[VLNEXT] = NEXT;
	termios.c_cc[VEOF] = END;
	tty_set_termios(tty, &termios);
}

/* A line that another character ends, whichever the program has chosen. */
static int receive_end(struct tty_struct *tty, u8 character)
{
	struct ktermios termios = plain(tty, ICANON | IEXTEN);
	int ret;

	termios.c_cc[VEOL] = character;
	tty_set_termios(tty, &termios);
	ret = receive(tty, &character, 1);
	await_lines(tty);
	return ret;
}

static int receive_in_line(struct tty_struct *tty, u8 character, bool ends)
{
	const u8 literal[] = { NEXT, character }, end = END;

	if (!ends)
		return receive(tty, literal, sizeof(literal));
	if (character == '\n')
		return receive(tty, &character, 1);
	/* That is how the end of a file is kept. */
	if (character == __DISABLED_CHAR)
		return receive(tty, &end, 1);
	return receive_end(tty, character);
}

static int receive_lines(struct tty_struct *tty, const u8 *characters, const u8 *marks,
			 unsigned int count, bool pushed)
{
	struct ktermios termios = plain(tty, 0);
	unsigned int i = 0;
	int ret = 0;

	if (pushed) {
		const u8 *first = memchr(marks, 1, count);

		if (!first)
			return -EPROTO;
		i = first - marks + 1;
		tty_set_termios(tty, &termios);
		ret = receive(tty, characters, i);
	}
	await_lines(tty);
	for (; !ret && i < count; i++)
		ret = receive_in_line(tty, characters[i], marks[i]);
	return ret;
}

static int receive_plain(struct tty_struct *tty, tcflag_t lflag, const u8 *characters,
			 unsigned int count)
{
	/* A change of these two later on would make it a line of its own. */
	struct ktermios termios = plain(tty, lflag & (ICANON | EXTPROC));

	tty_set_termios(tty, &termios);
	return receive(tty, characters, count);
}

int pty_line_feed(struct tty_struct *tty, const struct procmig_file_pty_state *state,
		  const u8 *characters, unsigned int count)
{
	const u8 *marks = characters + count, next = NEXT;
	struct ktermios wanted;
	int ret;

	if (!state)
		return receive(tty, characters, count);
	memcpy(&wanted, state->termios, sizeof(wanted));
	if (!has_lines(wanted.c_lflag))
		return receive_plain(tty, wanted.c_lflag, characters, count);
	ret = receive_lines(tty, characters, marks, count,
			    state->flags & PROCMIG_PTY_PUSHED);
	if (!ret && state->flags & PROCMIG_PTY_LITERAL_NEXT)
		ret = receive(tty, &next, 1);
	return ret;
}

int pty_line_finish(struct tty_struct *tty, const struct procmig_file_pty_state *state)
{
	struct line *line = line_of(tty);

	if (!line)
		return -EOPNOTSUPP;
	line->column = state->column;
	line->canon_column = state->canon_column;
	line->erasing = !!(state->flags & PROCMIG_PTY_ERASING);
	return 0;
}
