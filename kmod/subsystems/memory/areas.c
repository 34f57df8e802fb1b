// SPDX-License-Identifier: GPL-2.0-only
/* What a mapping is, and whether it can be carried. */
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mempolicy.h>
#include <linux/mount.h>
#include <linux/userfaultfd_k.h>
#include <procmig/open_file.h>

#include "memory.h"

static const struct {
	unsigned long vm;
	u32 area;
} flags[] = {
	{ VM_READ, PROCMIG_AREA_READ },
	{ VM_WRITE, PROCMIG_AREA_WRITE },
	{ VM_EXEC, PROCMIG_AREA_EXEC },
	{ VM_GROWSDOWN, PROCMIG_AREA_GROWSDOWN },
	{ VM_LOCKED, PROCMIG_AREA_LOCKED },
	{ VM_LOCKONFAULT, PROCMIG_AREA_ONFAULT },
	{ VM_NORESERVE, PROCMIG_AREA_NORESERVE },
	{ VM_DONTCOPY, PROCMIG_AREA_DONTFORK },
	{ VM_WIPEONFORK, PROCMIG_AREA_WIPEONFORK },
	{ VM_DONTDUMP, PROCMIG_AREA_DONTDUMP },
	{ VM_HUGEPAGE, PROCMIG_AREA_HUGEPAGE },
	{ VM_NOHUGEPAGE, PROCMIG_AREA_NOHUGEPAGE },
	{ VM_MERGEABLE, PROCMIG_AREA_MERGEABLE },
	{ VM_SEQ_READ, PROCMIG_AREA_SEQUENTIAL },
	{ VM_RAND_READ, PROCMIG_AREA_RANDOM },
};

static const char *describe_special(struct vm_area_struct *vma, const char *name,
				    struct procmig_memory_area *area)
{
	if (!strcmp(name, "[vvar]")) {
		area->kind = PROCMIG_AREA_VVAR;
		return NULL;
	}
	if (!strcmp(name, "[vdso]")) {
		area->kind = PROCMIG_AREA_VDSO;
		area->image_hash = procmig_compat_vdso_hash();
		return NULL;
	}
	return "a special mapping of the kernel";
}

static const char *describe_file(struct vm_area_struct *vma, const struct path *root,
				 struct procmig_memory_area *area, char *buffer,
				 size_t bytes, const char **file_path)
{
	struct file *file = vma->vm_file;
	char *path;

	path = procmig_compat_path(&file->f_path, root, buffer, bytes);
	if (!IS_ERR(path))
		*file_path = path;
	if (!S_ISREG(file_inode(file)->i_mode))
		return "it maps a device";
	if (vma->vm_flags & VM_MAYSHARE)
		area->flags |= PROCMIG_AREA_SHARED;
	area->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	if (memory_maps_open_file(vma)) {
		area->kind = PROCMIG_AREA_OPEN_FILE;
		return NULL;
	}
	if (IS_ERR(path))
		return "its file is not reachable from the root of the process";
	area->kind = PROCMIG_AREA_FILE;
	area->path_bytes = strlen(path) + 1;
	return NULL;
}

/*
 * What several hands can write, and what has no name by which the target would
 * find it, or none yet, is an open file of the event.  A program or library is none.
 */
bool memory_maps_open_file(struct vm_area_struct *vma)
{
	struct file *file = vma->vm_file;

	return file && S_ISREG(file_inode(file)->i_mode) &&
	       (vma->vm_flags & VM_SHARED || file->f_path.mnt->mnt_flags & MNT_INTERNAL ||
		d_unlinked(file->f_path.dentry) || procmig_file_travels(file));
}

const char *memory_describe(struct vm_area_struct *vma, const struct path *root,
			    struct procmig_memory_area *area, char *buffer,
			    size_t bytes, const char **file_path)
{
	const char *name = NULL;
	unsigned int i;

	memset(area, 0, sizeof(*area));
	*file_path = NULL;
	area->start = vma->vm_start;
	area->end = vma->vm_end;
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (vma->vm_flags & flags[i].vm)
			area->flags |= flags[i].area;

	if (vma->vm_ops && vma->vm_ops->name)
		name = vma->vm_ops->name(vma);
	if (name)
		return describe_special(vma, name, area);
	if (is_vm_hugetlb_page(vma))
		return "huge pages of hugetlbfs";
	if (vma->vm_flags & (VM_IO | VM_PFNMAP | VM_MIXEDMAP))
		return "memory of a device";
	if (userfaultfd_armed(vma))
		return "registered with userfaultfd";
	if (vma_policy(vma))
		return "memory policy of its own (mbind)";
	if (vma->anon_vma)
		area->flags |= PROCMIG_AREA_HAS_PAGES;
	if (vma->vm_file)
		return describe_file(vma, root, area, buffer, bytes, file_path);
	area->kind = PROCMIG_AREA_ANONYMOUS;
	return NULL;
}

int memory_stat(struct file *file, struct procmig_memory_area *area)
{
	struct kstat stat;
	int ret;

	/* Not from the inode: on a network filesystem that is a copy, maybe old. */
	ret = vfs_getattr(&file->f_path, &stat, STATX_BASIC_STATS, AT_STATX_FORCE_SYNC);
	if (ret)
		return ret;
	area->file_bytes = stat.size;
	area->mtime_sec = stat.mtime.tv_sec;
	area->mtime_nsec = stat.mtime.tv_nsec;
	return 0;
}
