// SPDX-License-Identifier: GPL-2.0-only
/* The content of files that the other node does not have. */
#include <linux/file.h>
#include <linux/slab.h>

#include "files.h"

#define CHUNK_BYTES (128u << 10)

int procmig_file_content(struct procmig_file_save *save, struct file *file)
{
	struct procmig_file_content head = {};
	struct file *reader = get_file(file);
	loff_t position = 0;
	ssize_t got;
	void *chunk;
	int ret = 0;

	if (!(file->f_mode & FMODE_READ)) {
		fput(reader);
		reader = dentry_open(&file->f_path, O_RDONLY | O_LARGEFILE | O_NOATIME,
				     current_cred());
		if (IS_ERR(reader))
			return PTR_ERR(reader);
	}
	chunk = kvmalloc(CHUNK_BYTES, GFP_KERNEL);
	if (!chunk)
		ret = -ENOMEM;
	while (!ret) {
		head.offset = position;
		got = kernel_read(reader, chunk, CHUNK_BYTES, &position);
		if (got <= 0) {
			ret = got;
			break;
		}
		if (!memchr_inv(chunk, 0, got)) {
			procmig_skipped(save->process, 1);
			procmig_progress(save->process, 0, 0);
			continue;
		}
		ret = procmig_file_data(save, &head, sizeof(head), chunk, got);
		if (!ret)
			procmig_progress(save->process, got, 0);
	}
	kvfree(chunk);
	fput(reader);
	head.offset = 0;
	return ret ?: procmig_file_data(save, &head, sizeof(head), NULL, 0);
}
EXPORT_SYMBOL_GPL(procmig_file_content);

int procmig_file_take_content(struct procmig_file_load *load, struct file *writer,
			      const void *body, size_t bytes)
{
	const struct procmig_file_content *head = body;
	loff_t position;
	ssize_t written;

	if (bytes < sizeof(*head) || head->offset > LLONG_MAX)
		return procmig_file_refuse(load, "content of a file");
	bytes -= sizeof(*head);
	if (!bytes)
		return PROCMIG_DONE;
	position = head->offset;
	written = kernel_write(writer, head + 1, bytes, &position);
	if (written < 0 || written != bytes)
		return procmig_fail(load->process, files_subsystem.id,
				    written < 0 ? written : -ENOSPC,
				    "content of %pD cannot be written here (%zd)",
				    writer, written);
	procmig_progress(load->process, bytes, 0);
	return PROCMIG_MORE;
}
EXPORT_SYMBOL_GPL(procmig_file_take_content);
