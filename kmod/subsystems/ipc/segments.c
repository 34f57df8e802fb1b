// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments of shared memory: what they contain, and how they are attached.
 *
 * A segment's size need not be whole pages, but its memory is; so content is
 * taken from and put into its page cache.  An attachment is an open file of its
 * own, whose mappings the kernel counts: a kind of file, made by shmat(2).
 */
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/shm.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/syscalls.h>

#include "ipc.h"

#define RUN_PAGES 32u
#define NAME "SYSV"		/* and the key, as /proc/PID/maps shows it */

/* ---- content: source ------------------------------------------------------ */

static int read_page(struct file *file, u64 offset, void *to)
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

static int emit_run(struct procmig_process *process, int id, u64 offset, void *run,
		    unsigned int pages)
{
	struct procmig_ipc_content head = { .id = id, .pages = pages, .offset = offset };
	size_t bytes = (size_t)pages << PAGE_SHIFT;
	int ret;

	if (!pages)
		return 0;
	ret = ipc_emit(process, PROCMIG_IPC_CONTENT, &head, sizeof(head), run, bytes);
	if (!ret)
		procmig_progress(process, bytes, 1);
	return ret;
}

static int emit_data(struct procmig_process *process, struct file *file, int id, void *run)
{
	loff_t next = 0, at;
	unsigned int pages = 0;
	int ret = 0;

	while (!ret && (at = vfs_llseek(file, next, SEEK_DATA)) >= 0) {
		at &= PAGE_MASK;
		if (pages == RUN_PAGES || at != next) {
			ret = emit_run(process, id, next - ((u64)pages << PAGE_SHIFT), run,
				       pages);
			pages = 0;
		}
		if (!ret)
			ret = read_page(file, at, run + ((size_t)pages << PAGE_SHIFT));
		next = at + PAGE_SIZE;
		if (!ret && memchr_inv(run + ((size_t)pages << PAGE_SHIFT), 0, PAGE_SIZE)) {
			pages++;
			continue;
		}
		procmig_skipped(process, 1);
		if (!ret)
			ret = emit_run(process, id, at - ((u64)pages << PAGE_SHIFT), run, pages);
		pages = 0;
	}
	if (!ret && at != -ENXIO && at < 0)
		ret = at;
	return ret ?: emit_run(process, id, next - ((u64)pages << PAGE_SHIFT), run, pages);
}

int ipc_emit_content(struct procmig_process *process, struct file *file, int id)
{
	/* A position of our own. */
	struct file *reader = dentry_open(&file->f_path, O_RDWR | O_LARGEFILE, current_cred());
	void *run;
	int ret;

	if (IS_ERR(reader))
		return PTR_ERR(reader);
	run = kvmalloc(RUN_PAGES << PAGE_SHIFT, GFP_KERNEL);
	ret = run ? emit_data(process, reader, id, run) : -ENOMEM;
	kvfree(run);
	fput(reader);
	return ret;
}

/* ---- content: target ------------------------------------------------------ */

static int write_page(struct file *file, u64 offset, const void *from)
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

static struct file *segment_file(int id, u64 *bytes)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	struct procmig_segment segment = {};
	struct kern_ipc_perm *object;

	procmig_compat_ipc_lock(ns, PROCMIG_SYSV_SEGMENTS);
	object = procmig_compat_ipc_at(ns, PROCMIG_SYSV_SEGMENTS, id);
	if (object) {
		procmig_compat_get_segment(object, &segment);
		get_file(segment.file);
	}
	procmig_compat_ipc_unlock(ns, PROCMIG_SYSV_SEGMENTS);
	*bytes = segment.bytes;
	return segment.file;
}

static int fill(struct procmig_process *process, struct file *file,
		const struct procmig_ipc_content *content)
{
	const void *page = content + 1;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < content->pages; i++)
		ret = write_page(file, content->offset + ((u64)i << PAGE_SHIFT),
				 page + ((size_t)i << PAGE_SHIFT));
	if (ret)
		return procmig_fail(process, ipc_subsystem.id, ret,
				    "%s %d: its content cannot be written here (%d)",
				    ipc_type_name(PROCMIG_SYSV_SEGMENTS), content->id, ret);
	procmig_progress(process, (u64)content->pages << PAGE_SHIFT, 1);
	return 0;
}

int ipc_take_content(struct procmig_process *process, const struct procmig_record *record)
{
	struct ipc_event *event = procmig_event_private(process, &ipc_subsystem);
	struct procmig_ipc_content *content;
	struct file *file = NULL;
	u64 bytes = 0, run;
	int ret;

	content = procmig_take_body(process, record, sizeof(*content));
	if (IS_ERR(content))
		return PTR_ERR(content);
	run = (u64)content->pages << PAGE_SHIFT;
	if (ipc_find(event, PROCMIG_SYSV_SEGMENTS, content->id))
		file = segment_file(content->id, &bytes);
	if (!file || !content->pages || record->length != sizeof(*content) + run ||
	    !PAGE_ALIGNED(content->offset) || run > PAGE_ALIGN(bytes) ||
	    content->offset > PAGE_ALIGN(bytes) - run)
		ret = ipc_refuse(process, "content of shared memory");
	else
		ret = fill(process, file, content);
	if (file)
		fput(file);
	kvfree(content);
	return ret;
}

/* ---- attachments ----------------------------------------------------------- */

static bool attachment_match(struct file *file)
{
	return S_ISREG(file_inode(file)->i_mode) &&
	       file_inode(file)->i_sb->s_magic == TMPFS_MAGIC &&
	       file->f_path.mnt->mnt_flags & MNT_INTERNAL &&
	       !(file->f_mode & FMODE_PATH) &&
	       !strncmp(file->f_path.dentry->d_name.name, NAME, strlen(NAME));
}

static void attachment_inspect(struct procmig_file_inspection *at, struct file *file)
{
	procmig_file_inspect_memory(at, file);
}

static ssize_t attachment_checkpoint(struct procmig_file_save *save, struct file *file,
				     void *room, size_t bytes)
{
	struct ipc_event *event = procmig_event_private(save->process, &ipc_subsystem);
	struct procmig_file_attachment *body = room;

	/* ipc/ tells the ID that way, for /proc/PID/maps. */
	*body = (struct procmig_file_attachment) { .id = file_inode(file)->i_ino };
	if (!ipc_find(event, PROCMIG_SYSV_SEGMENTS, body->id))
		return procmig_fail(save->process, ipc_subsystem.id, -EIDRM,
				    "%s %d is mapped but does not exist",
				    ipc_type_name(PROCMIG_SYSV_SEGMENTS), body->id);
	return sizeof(*body);
}

/* The file behind a mapping that is no longer wanted. */
static struct file *take_mapped(unsigned long address)
{
	struct vm_area_struct *vma;
	struct file *file = NULL;
	size_t bytes = 0;

	mmap_read_lock(current->mm);
	vma = find_vma(current->mm, address);
	if (vma && vma->vm_start == address && vma->vm_file) {
		file = get_file(vma->vm_file);
		bytes = vma->vm_end - vma->vm_start;
	}
	mmap_read_unlock(current->mm);
	if (!file)
		return ERR_PTR(-EFAULT);
	vm_munmap(address, bytes);
	return file;
}

static struct file *attachment_restart(struct procmig_file_load *load, const void *data,
				       size_t bytes)
{
	struct ipc_event *event = procmig_event_private(load->process, &ipc_subsystem);
	const struct procmig_file_attachment *body = data;
	unsigned long address;

	if (bytes != sizeof(*body) || body->reserved ||
	    !ipc_find(event, PROCMIG_SYSV_SEGMENTS, body->id))
		return ERR_PTR(procmig_file_refuse(load, "attached shared memory"));
	address = procmig_syscall(__NR_shmat, body->id, 0,
				  (load->flags & O_ACCMODE) == O_RDONLY ? SHM_RDONLY : 0);
	return IS_ERR_VALUE(address) ? ERR_PTR(address) : take_mapped(address);
}

static const struct procmig_kind kinds[] = {
	{ "attached System V shared memory", PROCMIG_KIND_CARRIED,
	  "as often as on the source, parts of it too; nobody outside may have it" },
};

const struct procmig_file_kind ipc_attachment_kind = {
	.name = "sysv-shm",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = attachment_match,
	.inspect = attachment_inspect,
	.checkpoint = attachment_checkpoint,
	.restart = attachment_restart,
};
