// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in files in memory: nearly all of the bytes that processes share.  It travels
 * in the lanes, in parts: each process's turn takes those that nobody has taken yet, so
 * that several lanes send one large file together.
 *
 * A turn takes only from files that were announced before the process's own records
 * ended, so the target knows the file whenever a part of it comes.  Nobody waits for a
 * part: all are there when the last lane has ended.  Pages are written as such, below
 * seals, limits and times, which the file has by then.
 */
#include <linux/file.h>
#include <linux/magic.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "files.h"

#define PART_BYTES (4u << 20)
#define RUN_PAGES 32u

static bool is_in_memory(struct file *file)
{
	return S_ISREG(file_inode(file)->i_mode) &&
	       file_inode(file)->i_sb->s_magic == TMPFS_MAGIC;
}

/* ---- source -------------------------------------------------------------- */

static int add(struct files_event *event, struct file *file, u32 *number)
{
	struct files_shared *more;

	mutex_lock(&event->shared_lock);
	more = procmig_grow(event->shared, event->shared_count, sizeof(*more));
	if (more) {
		event->shared = more;
		*number = event->shared_count++;
		more[*number] = (struct files_shared) {
			.file = get_file(file),
			.bytes = i_size_read(file_inode(file)),
		};
	}
	mutex_unlock(&event->shared_lock);
	return more ? 0 : -ENOMEM;
}

int procmig_file_share_pages(struct procmig_process *process, struct file *file, u32 *number)
{
	struct files_event *event = procmig_event_private(process, &files_subsystem);

	if (!event || !is_in_memory(file))
		return -EOPNOTSUPP;
	return add(event, file, number);
}
EXPORT_SYMBOL_GPL(procmig_file_share_pages);

int procmig_file_share_content(struct procmig_file_save *save, struct file *file)
{
	struct procmig_file_shared data = {};
	int ret = procmig_file_share_pages(save->process, file, &data.number);

	return ret ?: procmig_file_data(save, &data, sizeof(data), NULL, 0);
}
EXPORT_SYMBOL_GPL(procmig_file_share_content);

/* Of one file, for one lane. */
struct part {
	struct file *file;
	u32 number;
	loff_t start, end;
};

/*
 * The first page from @from on that is there, in memory or in swap, or LLONG_MAX.  Not
 * by SEEK_DATA, which moves a position: the processes' own must stay, and opening the
 * file for another would break a lease on it and wait for the holder, who is frozen.
 */
static loff_t next_page(const struct file *file, loff_t from)
{
	unsigned long index = from >> PAGE_SHIFT;

	return xa_find(&file->f_mapping->i_pages, &index, LLONG_MAX >> PAGE_SHIFT, XA_PRESENT) ?
	       (loff_t)index << PAGE_SHIFT : LLONG_MAX;
}

/* A hole is passed at once, however large. */
static void skip_hole(struct files_shared *shared)
{
	shared->next = min(max(next_page(shared->file, shared->next), shared->next), shared->bytes);
}

/* From the first @known files; false if all of them are taken. */
static bool take_part(struct files_event *event, u32 known, struct part *part)
{
	struct files_shared *shared;
	bool some = false;
	u32 i;

	mutex_lock(&event->shared_lock);
	for (i = event->shared_taken; !some && i < known; i++) {
		shared = &event->shared[i];
		skip_hole(shared);
		some = shared->next < shared->bytes;
		if (!some) {
			event->shared_taken = i + 1;
			continue;
		}
		*part = (struct part) {
			.file = shared->file,
			.number = i,
			.start = shared->next,
			.end = min_t(loff_t, shared->next + PART_BYTES, shared->bytes),
		};
		shared->next = part->end;
	}
	mutex_unlock(&event->shared_lock);
	return some;
}

static int read_page(struct file *file, loff_t offset, void *to)
{
	struct page *page = shmem_read_mapping_page(file->f_mapping, offset >> PAGE_SHIFT);
	void *from;

	if (IS_ERR(page))
		return PTR_ERR(page);
	from = kmap_local_page(page);
	memcpy(to, from, PAGE_SIZE);
	kunmap_local(from);
	put_page(page);
	return 0;
}

/* Pages that follow each other and are not zero, up to where they end. */
struct run {
	void *page;
	unsigned int pages;
	loff_t end;
};

static int emit_run(struct procmig_process *process, u32 number, struct run *run)
{
	size_t bytes = (size_t)run->pages << PAGE_SHIFT;
	struct procmig_files_pages head = {
		.number = number,
		.pages = run->pages,
		.offset = run->end - bytes,
	};
	const struct kvec parts[] = { { &head, sizeof(head) }, { run->page, bytes } };
	int ret;

	if (!run->pages)
		return 0;
	run->pages = 0;
	ret = procmig_emit(process, PROCMIG_CHANNEL_BULK, files_subsystem.id,
			   PROCMIG_FILES_PAGES, FILES_VERSION, parts, ARRAY_SIZE(parts));
	if (!ret)
		procmig_progress(process, bytes, 1);
	return ret;
}

static int add_page(struct procmig_process *process, const struct part *part,
		    struct run *run, loff_t at)
{
	void *to;
	int ret = 0;

	if (run->pages == RUN_PAGES || at != run->end)
		ret = emit_run(process, part->number, run);
	if (ret)
		return ret;
	to = run->page + ((size_t)run->pages << PAGE_SHIFT);
	ret = read_page(part->file, at, to);
	if (ret)
		return ret;
	if (memchr_inv(to, 0, PAGE_SIZE)) {
		run->pages++;
		run->end = at + PAGE_SIZE;
		return 0;
	}
	procmig_skipped(process, 1);
	return 0;
}

static int emit_part(struct procmig_process *process, const struct part *part,
		      struct run *run)
{
	loff_t at = part->start;
	int ret;

	while ((at = next_page(part->file, at)) < part->end) {
		ret = add_page(process, part, run, at);
		if (ret)
			return ret;
		at += PAGE_SIZE;
	}
	return emit_run(process, part->number, run);
}

int files_checkpoint_bulk(struct procmig_process *process)
{
	struct files_event *event = procmig_event_private(process, &files_subsystem);
	struct files *files = procmig_private(process, &files_subsystem);
	struct part part;
	struct run run = {};
	int ret;

	if (!take_part(event, files->shared_known, &part)) {
		ret = procmig_emit(process, PROCMIG_CHANNEL_BULK, files_subsystem.id,
				   PROCMIG_FILES_PAGES_END, FILES_VERSION, NULL, 0);
		return ret ?: PROCMIG_DONE;
	}
	run.page = kvmalloc(RUN_PAGES << PAGE_SHIFT, GFP_KERNEL);
	ret = run.page ? emit_part(process, &part, &run) : -ENOMEM;
	kvfree(run.page);
	/* Also if all of it was zero. */
	procmig_progress(process, 0, 0);
	if (ret)
		return procmig_fail(process, files_subsystem.id, ret,
				    "%pD: its pages cannot be read (%d)", part.file, ret);
	return PROCMIG_MORE;
}

/* ---- target -------------------------------------------------------------- */

int procmig_file_expect_pages(struct procmig_process *process, u32 number, struct file *file)
{
	struct files_event *event = procmig_event_private(process, &files_subsystem);
	int ret;

	if (!event || !is_in_memory(file))
		return -EPROTO;
	ret = xa_insert(&event->expected, number, get_file(file), GFP_KERNEL);
	if (ret)
		fput(file);
	return ret == -EBUSY ? -EPROTO : ret;
}
EXPORT_SYMBOL_GPL(procmig_file_expect_pages);

int procmig_file_expect_content(struct procmig_file_load *load, struct file *file,
				const void *body, size_t bytes)
{
	const struct procmig_file_shared *data = body;
	int ret = -EPROTO;

	if (bytes == sizeof(*data) && !data->reserved)
		ret = procmig_file_expect_pages(load->process, data->number, file);
	return ret == -EPROTO ? procmig_file_refuse(load, "content of a file in memory") : ret;
}
EXPORT_SYMBOL_GPL(procmig_file_expect_content);

static int write_page(struct file *file, loff_t offset, const void *from)
{
	struct page *page = shmem_read_mapping_page(file->f_mapping, offset >> PAGE_SHIFT);
	void *to;

	if (IS_ERR(page))
		return PTR_ERR(page);
	to = kmap_local_page(page);
	memcpy(to, from, PAGE_SIZE);
	kunmap_local(to);
	set_page_dirty(page);
	put_page(page);
	return 0;
}

static int refuse(struct procmig_process *process)
{
	return procmig_fail(process, files_subsystem.id, -EPROTO,
			    "the stream is damaged: pages of a file");
}

static int take_run(struct procmig_process *process, const struct procmig_record *record,
		    void *pages)
{
	struct files_event *event = procmig_event_private(process, &files_subsystem);
	struct procmig_files_pages head;
	struct file *file;
	u64 bytes, room;
	unsigned int i;
	int ret;

	if (record->length < sizeof(head))
		return refuse(process);
	ret = procmig_take(process, PROCMIG_CHANNEL_BULK, &head, sizeof(head));
	if (ret)
		return ret;
	bytes = (u64)head.pages << PAGE_SHIFT;
	file = xa_load(&event->expected, head.number);
	room = file ? PAGE_ALIGN(i_size_read(file_inode(file))) : 0;
	if (!head.pages || head.pages > RUN_PAGES || record->length != sizeof(head) + bytes ||
	    !PAGE_ALIGNED(head.offset) || bytes > room || head.offset > room - bytes)
		return refuse(process);
	ret = procmig_take(process, PROCMIG_CHANNEL_BULK, pages, bytes);
	if (ret)
		return ret;
	for (i = 0; !ret && i < head.pages; i++)
		ret = write_page(file, head.offset + ((loff_t)i << PAGE_SHIFT),
				 pages + ((size_t)i << PAGE_SHIFT));
	if (ret)
		return procmig_fail(process, files_subsystem.id, ret,
				    "%pD: its pages cannot be written here (%d)", file, ret);
	procmig_progress(process, bytes, 1);
	return 0;
}

int files_restart_bulk(struct procmig_process *process)
{
	struct procmig_record record;
	void *pages = NULL;
	int ret = 0;

	while (!ret) {
		ret = procmig_take_bulk(process, files_subsystem.id, &record);
		if (ret)
			break;
		if (record.type == PROCMIG_FILES_PAGES_END && !record.length)
			break;
		/* Most processes have none. */
		if (!pages)
			pages = kvmalloc(RUN_PAGES << PAGE_SHIFT, GFP_KERNEL);
		if (!pages)
			ret = -ENOMEM;
		else if (record.type == PROCMIG_FILES_PAGES && record.version <= FILES_VERSION)
			ret = take_run(process, &record, pages);
		else
			ret = refuse(process);
	}
	kvfree(pages);
	return ret;
}

/* ---- both ---------------------------------------------------------------- */

void files_forget_pages(struct files_event *event)
{
	unsigned long number;
	struct file *file;
	u32 i;

	for (i = 0; i < event->shared_count; i++)
		fput(event->shared[i].file);
	kvfree(event->shared);
	xa_for_each(&event->expected, number, file)
		fput(file);
	xa_destroy(&event->expected);
}
