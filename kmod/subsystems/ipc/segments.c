// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments of shared memory: what they contain, and how they are attached.
 *
 * An attachment is an open file of its own, whose mappings the kernel counts: a kind
 * of file, made by shmat(2).
 */
#include <linux/file.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/shm.h>

#include "ipc.h"

#define NAME "SYSV"		/* and the key, as /proc/PID/maps shows it */

/* ---- content ------------------------------------------------------ */

static struct file *segment_file(int id)
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
	return segment.file;
}

int ipc_expect_content(struct procmig_process *process, int id, u32 number)
{
	struct file *file = segment_file(id);
	int ret = file ? procmig_file_expect_pages(process, number, file) : -EPROTO;

	if (file)
		fput(file);
	return ret == -EPROTO ? ipc_refuse(process, "content of shared memory") : ret;
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
