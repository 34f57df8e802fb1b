// SPDX-License-Identifier: GPL-2.0-only
/* Content and attributes of files that the other node does not have. */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "files.h"

#define CHUNK_BYTES (128u << 10)

void files_read_attributes(const struct inode *inode, struct procmig_file_attributes *read)
{
	*read = (struct procmig_file_attributes) {
		.file_bytes = i_size_read(inode),
		.mtime_sec = inode->i_mtime.tv_sec,
		.mtime_nsec = inode->i_mtime.tv_nsec,
		.atime_sec = inode->i_atime.tv_sec,
		.atime_nsec = inode->i_atime.tv_nsec,
		.mode = inode->i_mode,
		.uid = i_uid_read(inode),
		.gid = i_gid_read(inode),
	};
}

/* What made the file has said already what can fail here. */
void files_set_attributes(struct procmig_file_load *load, const struct files_made *made)
{
	const struct procmig_file_attributes *wanted = &made->wanted;
	const struct timespec64 times[] = {
		{ wanted->atime_sec, wanted->atime_nsec },
		{ wanted->mtime_sec, wanted->mtime_nsec },
	};
	int fd = procmig_file_to_descriptor(made->file);

	if (fd < 0)
		return;
	procmig_syscall(__NR_fchown, fd, wanted->uid, wanted->gid);
	procmig_syscall(__NR_fchmod, fd, wanted->mode & 07777);
	if (!copy_to_user(load->scratch, times, sizeof(times)))
		procmig_syscall(__NR_utimensat, fd, 0, (unsigned long)load->scratch, 0);
	close_fd(fd);
}

struct closing {
	struct work_struct work;
	struct file *file;
};

static void close_one(struct work_struct *work)
{
	__fput_sync(container_of(work, struct closing, work)->file);
}

void files_close(struct file *file)
{
	struct closing closing = { .file = file };

	INIT_WORK_ONSTACK(&closing.work, close_one);
	schedule_work(&closing.work);
	flush_work(&closing.work);
	destroy_work_on_stack(&closing.work);
}

/*
 * Where the next data from *@position on begins, and how many bytes of it to read at
 * once; 0: there is no more.
 */
static ssize_t find_data(struct file *reader, loff_t *position)
{
	loff_t start = vfs_llseek(reader, *position, SEEK_DATA), end;

	if (start < 0)
		return start == -ENXIO ? 0 : start;
	end = vfs_llseek(reader, start, SEEK_HOLE);
	if (end < 0)
		return end;
	*position = start;
	return min_t(loff_t, end - start, CHUNK_BYTES);
}

static int emit_content(struct procmig_file_save *save, struct file *reader, bool own,
			void *chunk)
{
	struct procmig_file_content head = {};
	loff_t position = 0;
	ssize_t got;
	int ret = 0;

	while (!ret) {
		got = own ? find_data(reader, &position) : CHUNK_BYTES;
		head.offset = position;
		if (got > 0)
			got = kernel_read(reader, chunk, got, &position);
		if (got <= 0)
			return got;
		/* Where holes are not known, this will become one. */
		if (!own && !memchr_inv(chunk, 0, got)) {
			procmig_skipped(save->process, 1);
			procmig_progress(save->process, 0, 0);
			continue;
		}
		ret = procmig_file_data(save, &head, sizeof(head), chunk, got);
		if (!ret)
			procmig_progress(save->process, got, 0);
	}
	return ret;
}

bool files_is_leased(const struct inode *inode)
{
	const struct file_lock_context *locks = READ_ONCE(inode->i_flctx);

	return locks && !list_empty_careful(&locks->flc_lease);
}

/*
 * Holes are skipped by a position, so by one that is not the process's.  Opening
 * breaks a lease, and a filesystem may not open what is unlinked: then by none.
 */
static struct file *own_reader(struct file *file)
{
	if (files_is_leased(file_inode(file)))
		return ERR_PTR(-EWOULDBLOCK);
	return dentry_open(&file->f_path, O_RDONLY | O_LARGEFILE | O_NOATIME, current_cred());
}

int files_emit_content(struct procmig_file_save *save, struct file *file)
{
	const struct procmig_file_content end = {};
	struct file *reader = own_reader(file);
	bool own = !IS_ERR(reader);
	void *chunk;
	int ret;

	if (!own && !(file->f_mode & FMODE_READ))
		return PTR_ERR(reader);
	if (!own)
		reader = get_file(file);
	chunk = kvmalloc(CHUNK_BYTES, GFP_KERNEL);
	ret = chunk ? emit_content(save, reader, own, chunk) : -ENOMEM;
	kvfree(chunk);
	fput(reader);
	return ret ?: procmig_file_data(save, &end, sizeof(end), NULL, 0);
}

int files_take_content(struct procmig_file_load *load, const struct files_made *made,
		       const void *body, size_t bytes)
{
	const struct procmig_file_content *head = body;
	loff_t position;
	ssize_t written;

	if (bytes < sizeof(*head) || head->offset > LLONG_MAX)
		return procmig_file_refuse(load, "content of a file");
	bytes -= sizeof(*head);
	if (!bytes) {
		files_set_attributes(load, made);
		return PROCMIG_DONE;
	}
	position = head->offset;
	written = kernel_write(made->file, head + 1, bytes, &position);
	if (written < 0 || written != bytes)
		return procmig_fail(load->process, files_subsystem.id,
				    written < 0 ? written : -ENOSPC,
				    "content of %pD cannot be written here (%zd)",
				    made->file, written);
	procmig_progress(load->process, bytes, 0);
	return PROCMIG_MORE;
}
