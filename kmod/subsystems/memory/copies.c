// SPDX-License-Identifier: GPL-2.0-only
/*
 * What fork(2) left shared: pages that a process and its parent have not written
 * since.  They are sent once, with the parent.  On the target a mapping of the
 * child begins as the kernel's own copy-on-write copy of its parent's, and what
 * differs is loaded or dropped.
 */
#include <linux/highmem.h>
#include <linux/mman.h>
#include <linux/pagewalk.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "memory.h"

/* ---- source -------------------------------------------------------------- */

/* Everything stands still, and a parent comes before its children. */
void memory_find_template(struct procmig_process *process, struct memory *memory)
{
	struct task_struct *task = procmig_task(process), *parent;

	rcu_read_lock();
	parent = rcu_dereference(task->real_parent)->group_leader;
	if (procmig_scope_has(procmig_scope(process), parent))
		get_task_struct(parent);
	else
		parent = NULL;
	rcu_read_unlock();
	if (!parent)
		return;
	memory->template = get_task_mm(parent);
	memory->template_pid = task_tgid_nr(parent);
	put_task_struct(parent);
}

static const struct anon_vma *root_of(const struct vm_area_struct *vma)
{
	return vma->anon_vma ? vma->anon_vma->root : NULL;
}

bool memory_may_be_copy(const struct vm_area_struct *vma)
{
	return vma->anon_vma &&
	       !(vma->vm_flags & (VM_SHARED | VM_WIPEONFORK | VM_DONTCOPY | VM_PFNMAP |
				  VM_MIXEDMAP));
}

/* Whether the template has a mapping there that may share pages with @area. */
static bool is_copy(struct mm_struct *template, const struct procmig_memory_area *area,
		    const struct anon_vma *root)
{
	const struct vm_area_struct *vma;
	bool copy;

	mmap_read_lock(template);
	vma = find_vma(template, area->start);
	copy = vma && vma->vm_start == area->start && vma->vm_end == area->end &&
	       memory_may_be_copy(vma) && root_of(vma) == root;
	mmap_read_unlock(template);
	return copy;
}

static int add_copy(struct memory *memory, const struct procmig_memory_area *area)
{
	struct copy_range *more = procmig_grow(memory->copy, memory->copy_count, sizeof(*more));

	if (!more)
		return -ENOMEM;
	memory->copy = more;
	more[memory->copy_count++] = (struct copy_range) { area->start, area->end };
	return 0;
}

/* Addresses are asked for in ascending order. */
static bool is_in_copy(struct memory *memory, unsigned long address)
{
	while (memory->copy_at < memory->copy_count &&
	       memory->copy[memory->copy_at].end <= address)
		memory->copy_at++;
	return memory->copy_at < memory->copy_count &&
	       memory->copy[memory->copy_at].start <= address;
}

int memory_mark_copy(struct memory *memory, struct procmig_memory_area *area)
{
	const struct anon_vma *root = NULL;
	struct vm_area_struct *vma;

	if (!memory->template || memory->template == memory->mm)
		return 0;
	mmap_read_lock(memory->mm);
	vma = find_vma(memory->mm, area->start);
	if (memory_may_be_copy(vma))
		root = root_of(vma);
	mmap_read_unlock(memory->mm);
	if (!root || !is_copy(memory->template, area, root))
		return 0;
	area->flags |= PROCMIG_AREA_COPY;
	area->template = memory->template_pid;
	return add_copy(memory, area);
}

/* Pages of the template, in the order of a batch of the process. */
struct comparison {
	struct page_batch *batch;
	unsigned int at;
};

static void compare(struct comparison *comparison, unsigned long address, unsigned long pfn)
{
	struct page_batch *batch = comparison->batch;

	while (comparison->at < batch->count && batch->address[comparison->at] < address)
		comparison->at++;
	if (comparison->at < batch->count && batch->address[comparison->at] == address &&
	    batch->pfn[comparison->at] == pfn)
		batch->kept[comparison->at] = true;
}

static int compare_pmd(pmd_t *pmd, unsigned long start, unsigned long end,
		       struct mm_walk *walk)
{
	pmd_t value = READ_ONCE(*pmd);
	unsigned long address;

	if (!pmd_trans_huge(value) && !is_swap_pmd(value))
		return 0;
	walk->action = ACTION_CONTINUE;
	if (pmd_trans_huge(value))
		for (address = start; address < end; address += PAGE_SIZE)
			compare(walk->private, address,
				memory_pfn_of_pmd(value, address));
	return 0;
}

static int compare_pte(pte_t *pte, unsigned long address, unsigned long end,
		       struct mm_walk *walk)
{
	if (pte_present(*pte))
		compare(walk->private, address, pte_pfn(*pte));
	return 0;
}

static const struct mm_walk_ops comparing = {
	.pmd_entry = compare_pmd,
	.pte_entry = compare_pte,
};

/* A page of the same number is the same page: nobody can write while all stand still. */
int memory_compare(struct memory *memory)
{
	struct page_batch *batch = memory->batch;
	struct comparison comparison = { .batch = batch };
	unsigned int i;
	int ret;

	if (!batch->count || !memory->copy_count)
		return 0;
	mmap_read_lock(memory->template);
	ret = procmig_compat_walk(memory->template, batch->address[0],
				  batch->address[batch->count - 1] + PAGE_SIZE,
				  &comparing, &comparison);
	mmap_read_unlock(memory->template);
	for (i = 0; i < batch->count; i++)
		batch->kept[i] = batch->kept[i] && batch->pfn[i] &&
				 is_in_copy(memory, batch->address[i]);
	return ret;
}

/* ---- target -------------------------------------------------------------- */

/* Whether copies of one template, from @area on, make up the whole mapping. */
static bool is_whole_copy(const struct memory *memory, const struct procmig_memory_area *area,
			  const struct vm_area_struct *vma)
{
	const struct procmig_memory_area *end = memory->areas + memory->area_count;
	s32 template = area->template;
	u64 covered = vma->vm_start;

	for (; area < end && area->start == covered && area->end <= vma->vm_end &&
	       area->flags & PROCMIG_AREA_COPY && area->template == template; area++)
		covered = area->end;
	return covered == vma->vm_end;
}

static const struct address_space *mapped(const struct vm_area_struct *vma)
{
	return vma->vm_file ? vma->vm_file->f_mapping : NULL;
}

/*
 * As dup_mmap() does it for a mapping.  0: it is a copy now, 1: the kernel has
 * joined mappings here and there in another way, or an errno.
 */
static int fork_mapping(struct memory *memory, const struct procmig_memory_area *area,
			struct mm_struct *from)
{
	struct vm_area_struct *vma, *parent;
	int ret = 1;

	/* Who takes both takes the one that comes before in the plan first. */
	mmap_write_lock(from);
	mmap_write_lock_nested(current->mm, SINGLE_DEPTH_NESTING);
	vma = find_vma(current->mm, area->start);
	parent = find_vma(from, area->start);
	if (vma && parent && vma->vm_start == area->start && !vma->anon_vma &&
	    parent->vm_start == vma->vm_start && parent->vm_end == vma->vm_end &&
	    memory_may_be_copy(parent) && !(vma->vm_flags & VM_SHARED) &&
	    mapped(vma) == mapped(parent) && vma->vm_pgoff == parent->vm_pgoff &&
	    is_whole_copy(memory, area, vma)) {
		ret = procmig_compat_fork_mapping(vma, parent);
		memory->copied = vma->vm_end;
	}
	mmap_write_unlock(current->mm);
	mmap_write_unlock(from);
	return ret;
}

static int copy_page_content(struct mm_struct *from, unsigned long address)
{
	struct page *page;
	void *content;
	long got;

	mmap_read_lock(from);
	got = get_user_pages_remote(from, address, 1, FOLL_FORCE, &page, NULL, NULL);
	mmap_read_unlock(from);
	if (got != 1)
		return got < 0 ? got : -EFAULT;
	content = kmap_local_page(page);
	got = copy_to_user((void __user *)address, content, PAGE_SIZE) ? -EFAULT : 0;
	kunmap_local(content);
	put_page(page);
	return got;
}

/* The same content without the sharing. */
static int copy_content(const struct procmig_memory_area *area, struct mm_struct *from)
{
	struct page_batch *batch;
	unsigned long next = area->start;
	unsigned int i;
	int ret = 0;

	batch = kvmalloc(sizeof(*batch), GFP_KERNEL);
	if (!batch)
		return -ENOMEM;
	while (!ret && next < area->end) {
		ret = memory_collect(from, &next, area->end, batch);
		for (i = 0; !ret && i < batch->count; i++)
			ret = copy_page_content(from, batch->address[i]);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	}
	kvfree(batch);
	return ret;
}

int memory_begin_copy(struct procmig_process *process, struct memory *memory,
		      const struct procmig_memory_area *area)
{
	struct task_struct *task = procmig_await_complete(process, area->template);
	struct mm_struct *from;
	int ret = -EPROTO;

	if (IS_ERR(task))
		return PTR_ERR(task);
	from = task ? get_task_mm(task) : NULL;
	if (!from || from == current->mm)
		goto fail;
	/* A mapping that was joined of several was copied as a whole. */
	ret = area->end <= memory->copied ? 0 : fork_mapping(memory, area, from);
	if (ret == 1)
		ret = copy_content(area, from);
fail:
	if (from)
		mmput(from);
	if (ret)
		return procmig_fail(process, memory_subsystem.id, ret,
				    "memory %llx-%llx could not be copied from process %d (%d)",
				    area->start, area->end, area->template, ret);
	return 0;
}

int memory_drop_up_to(struct memory *memory, u64 address)
{
	u64 start, end;
	int ret = 0;

	while (!ret && memory->dropped < address && memory->drop_area < memory->area_count) {
		const struct procmig_memory_area *area = &memory->areas[memory->drop_area];

		start = max(memory->dropped, area->start);
		end = min(address, area->end);
		if (area->flags & PROCMIG_AREA_COPY && start < end)
			ret = procmig_compat_madvise(start, end - start, MADV_DONTNEED);
		if (area->end > address)
			break;
		memory->drop_area++;
	}
	memory->dropped = max(memory->dropped, address);
	return ret;
}
