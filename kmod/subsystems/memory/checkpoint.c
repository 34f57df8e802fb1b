// SPDX-License-Identifier: GPL-2.0-only
/*
 * The address space on the source.  Only anonymous pages are sent: what was
 * never touched, the zero page and clean pages of files exist on the target
 * without us.
 */
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/highmem.h>
#include <linux/pagewalk.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/swapops.h>

#include "memory.h"

/* ---- what the files subsystem carries ------------------------------------- */

int memory_gather(struct procmig_process *process)
{
	struct memory *memory = procmig_private(process, &memory_subsystem);
	struct vm_area_struct *vma;
	u32 number;
	int ret = 0;

	VMA_ITERATOR(vmi, memory->mm, 0);

	memory_find_template(process, memory);
	mmap_read_lock(memory->mm);
	for_each_vma(vmi, vma) {
		if (memory_maps_open_file(vma))
			ret = procmig_file_announce(process, vma->vm_file, &number);
		if (ret)
			break;
	}
	mmap_read_unlock(memory->mm);
	if (ret)
		return procmig_fail(process, memory_subsystem.id, ret,
				    "a mapped file could not be announced (%d)", ret);
	return 0;
}

/* ---- description --------------------------------------------------------- */

static int emit_path(struct procmig_process *process, u16 type, void *head,
		     size_t head_bytes, const char *path, size_t path_bytes)
{
	const struct kvec parts[] = {
		{ head, head_bytes },
		{ (void *)path, path_bytes },
	};

	return procmig_emit(process, PROCMIG_CHANNEL_DEMAND, memory_subsystem.id,
			    type, MEMORY_VERSION, parts, path_bytes ? 2 : 1);
}

static u32 membarriers_of(const struct mm_struct *mm)
{
	static const struct {
		int state, command;
	} registered[] = {
		{ MEMBARRIER_STATE_GLOBAL_EXPEDITED,
		  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED },
		{ MEMBARRIER_STATE_PRIVATE_EXPEDITED,
		  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED },
		{ MEMBARRIER_STATE_PRIVATE_EXPEDITED_SYNC_CORE,
		  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE },
		{ MEMBARRIER_STATE_PRIVATE_EXPEDITED_RSEQ,
		  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ },
	};
	int state = atomic_read(&mm->membarrier_state);
	unsigned int i;
	u32 called = 0;

	for (i = 0; i < ARRAY_SIZE(registered); i++)
		if (state & registered[i].state)
			called |= registered[i].command;
	return called;
}

static int emit_space(struct procmig_process *process, struct mm_struct *mm,
		      const struct path *root, char *buffer)
{
	struct procmig_memory_space *space;
	struct file *exe;
	char *path;
	int ret;

	space = kzalloc(sizeof(*space), GFP_KERNEL);
	if (!space)
		return -ENOMEM;
	/* The exe link only changes under the process's own hands. */
	rcu_read_lock();
	exe = rcu_dereference(mm->exe_file);
	if (exe && !get_file_rcu(exe))
		exe = NULL;
	rcu_read_unlock();
	path = exe ? procmig_compat_path(&exe->f_path, root, buffer, PATH_MAX) :
		     ERR_PTR(-ENOENT);
	if (exe)
		fput(exe);
	if (IS_ERR(path)) {
		ret = procmig_fail(process, memory_subsystem.id, PTR_ERR(path),
				   "the program file is not reachable from the root of the process");
		goto free;
	}

	mmap_read_lock(mm);
	spin_lock(&mm->arg_lock);
	space->start_code = mm->start_code;
	space->end_code = mm->end_code;
	space->start_data = mm->start_data;
	space->end_data = mm->end_data;
	space->start_brk = mm->start_brk;
	space->brk = mm->brk;
	space->start_stack = mm->start_stack;
	space->arg_start = mm->arg_start;
	space->arg_end = mm->arg_end;
	space->env_start = mm->env_start;
	space->env_end = mm->env_end;
	spin_unlock(&mm->arg_lock);
	space->areas = mm->map_count;
	mmap_read_unlock(mm);

	BUILD_BUG_ON(AT_VECTOR_SIZE > PROCMIG_AUXV_WORDS);
	space->auxv_words = AT_VECTOR_SIZE;
	memcpy(space->auxv, mm->saved_auxv, sizeof(mm->saved_auxv));
	space->dumpable = get_dumpable(mm);
	space->no_huge_pages = test_bit(MMF_DISABLE_THP, &mm->flags);
	space->membarrier = membarriers_of(mm);
	space->exe_bytes = strlen(path) + 1;
	ret = emit_path(process, PROCMIG_MEMORY_SPACE, space, sizeof(*space), path,
			space->exe_bytes);
free:
	kfree(space);
	return ret;
}

static int emit_areas(struct procmig_process *process, struct memory *memory,
		      const struct path *root, char *buffer)
{
	struct mm_struct *mm = memory->mm;
	struct procmig_memory_area area;
	struct vm_area_struct *vma;
	const char *path, *why;
	unsigned long next = 0;
	struct file *file;
	int ret = 0;

	/* Sending may wait for the network: not under the lock. */
	while (!ret) {
		mmap_read_lock(mm);
		vma = find_vma(mm, next);
		why = vma ? memory_describe(vma, root, &area, buffer, PATH_MAX,
					    &path) : NULL;
		file = vma && !why && area.kind == PROCMIG_AREA_FILE ?
		       get_file(vma->vm_file) : NULL;
		if (vma && !why && area.kind == PROCMIG_AREA_OPEN_FILE)
			ret = procmig_file_announce(process, vma->vm_file,
						    &area.description);
		mmap_read_unlock(mm);
		if (!vma || ret)
			break;
		if (why)
			return procmig_fail(process, memory_subsystem.id, -EOPNOTSUPP,
					    "memory %llx-%llx: %s", area.start,
					    area.end, why);
		next = area.end;
		ret = memory_mark_copy(memory, &area);
		if (ret)
			return ret;
		if (file) {
			ret = memory_stat(file, &area);
			fput(file);
			if (ret)
				return procmig_fail(process, memory_subsystem.id, ret,
						    "mapped file %s cannot be examined (%d)",
						    path, ret);
		}
		ret = emit_path(process, PROCMIG_MEMORY_AREA, &area, sizeof(area),
				path, area.path_bytes);
	}
	return ret;
}

int memory_checkpoint(struct procmig_process *process)
{
	struct memory *memory = procmig_private(process, &memory_subsystem);
	struct task_struct *task = procmig_task(process);
	struct path root;
	char *buffer;
	int ret;

	buffer = kvmalloc(PATH_MAX, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	get_fs_root(task->fs, &root);
	ret = emit_space(process, memory->mm, &root, buffer);
	if (!ret)
		ret = emit_areas(process, memory, &root, buffer);
	path_put(&root);
	kvfree(buffer);
	return ret;
}

/* ---- pages --------------------------------------------------------------- */

static bool add(struct page_batch *batch, struct vm_area_struct *vma,
		unsigned long address, unsigned long pfn)
{
	batch->address[batch->count] = address;
	batch->anonymous[batch->count] = !vma->vm_file;
	batch->kept[batch->count] = false;
	batch->pfn[batch->count] = pfn;
	return ++batch->count == MEMORY_BATCH;
}

static int skip_clean(unsigned long start, unsigned long end, struct mm_walk *walk)
{
	return !walk->vma->anon_vma || walk->vma->vm_flags & (VM_PFNMAP | VM_IO);
}

/* A huge page is taken as it is; without this the walk would split it. */
static int walk_pmd(pmd_t *pmd, unsigned long start, unsigned long end,
		    struct mm_walk *walk)
{
	struct page_batch *batch = walk->private;
	pmd_t value = READ_ONCE(*pmd);
	unsigned long address;

	if (!pmd_trans_huge(value) && !is_swap_pmd(value))
		return 0;
	walk->action = ACTION_CONTINUE;
	if (pmd_present(value) && !PageAnon(pmd_page(value)))
		return 0;
	for (address = start; address < end; address += PAGE_SIZE)
		if (add(batch, walk->vma, address,
			pmd_present(value) ? memory_pfn_of_pmd(value, address) : 0))
			return 1;
	return 0;
}

static int walk_pte(pte_t *pte, unsigned long address, unsigned long end,
		    struct mm_walk *walk)
{
	struct page_batch *batch = walk->private;

	if (pte_none(*pte))
		return 0;
	if (pte_present(*pte) &&
	    (pte_special(*pte) || !PageAnon(pte_page(*pte))))
		return 0;
	return add(batch, walk->vma, address, pte_present(*pte) ? pte_pfn(*pte) : 0);
}

static const struct mm_walk_ops page_walk = {
	.test_walk = skip_clean,
	.pmd_entry = walk_pmd,
	.pte_entry = walk_pte,
};

int memory_collect(struct mm_struct *mm, unsigned long *next, unsigned long end,
		   struct page_batch *batch)
{
	int ret;

	batch->count = 0;
	if (*next >= end)
		return 0;
	mmap_read_lock(mm);
	ret = procmig_compat_walk(mm, *next, end, &page_walk, batch);
	mmap_read_unlock(mm);
	if (ret < 0)
		return ret;
	*next = ret ? batch->address[batch->count - 1] + PAGE_SIZE : end;
	return 0;
}

static unsigned int run_length(const struct page_batch *batch, unsigned int first)
{
	unsigned int i = first + 1;

	while (i < batch->count && !batch->kept[i] &&
	       batch->address[i] == batch->address[i - 1] + PAGE_SIZE)
		i++;
	return i - first;
}

static void unpin(struct page_batch *batch, unsigned int count)
{
	while (count--)
		if (!batch->kept[count])
			put_page(batch->page[count]);
}

/* Pin what of the batch will be sent; swapped pages come in here. */
static int pin(struct procmig_process *process, struct memory *memory)
{
	struct page_batch *batch = memory->batch;
	unsigned int first, count;
	long got;
	int ret = 0;

	mmap_read_lock(memory->mm);
	for (first = 0; first < batch->count; first += got) {
		got = 1;
		if (batch->kept[first])
			continue;
		count = run_length(batch, first);
		got = get_user_pages_remote(memory->mm, batch->address[first], count,
					    FOLL_FORCE, batch->page + first, NULL,
					    NULL);
		if (got <= 0) {
			ret = procmig_fail(process, memory_subsystem.id, got ?: -EFAULT,
					   "page %lx could not be read",
					   batch->address[first]);
			break;
		}
	}
	mmap_read_unlock(memory->mm);
	if (ret)
		unpin(batch, first);
	return ret;
}

static bool is_zero(struct page *page)
{
	void *content = kmap_local_page(page);
	bool zero = !memchr_inv(content, 0, PAGE_SIZE);

	kunmap_local(content);
	return zero;
}

/*
 * One segment per stretch of physical memory, not per page: inside of a huge
 * page the medium can then hand over much at once.
 */
static unsigned int fill_vector(struct page_batch *batch, unsigned int first,
				unsigned int count)
{
	struct bio_vec *vector = batch->vector;
	unsigned int i, used = 0;

	for (i = first; i < first + count; i++) {
		struct page *page = batch->page[i];

		if (used && page == batch->page[i - 1] + 1 &&
		    compound_head(page) == compound_head(batch->page[i - 1])) {
			vector[used - 1].bv_len += PAGE_SIZE;
			continue;
		}
		vector[used++] = (struct bio_vec) {
			.bv_page = page,
			.bv_len = PAGE_SIZE,
		};
	}
	return used;
}

static int emit_run(struct procmig_process *process, struct page_batch *batch,
		    unsigned int first, unsigned int count)
{
	struct procmig_memory_pages head = {
		.start = batch->address[first],
		.pages = count,
	};
	const struct kvec part = { &head, sizeof(head) };
	struct iov_iter data;
	unsigned int segments;
	int ret;

	if (batch->kept[first]) {
		procmig_skipped(process, count);
		return procmig_emit(process, PROCMIG_CHANNEL_BULK, memory_subsystem.id,
				    PROCMIG_MEMORY_KEPT, MEMORY_VERSION, &part, 1);
	}
	segments = fill_vector(batch, first, count);
	iov_iter_bvec(&data, WRITE, batch->vector, segments,
		      (size_t)count << PAGE_SHIFT);
	ret = procmig_emit_data(process, PROCMIG_CHANNEL_BULK, memory_subsystem.id,
				PROCMIG_MEMORY_PAGES, MEMORY_VERSION, &head,
				sizeof(head), &data);
	if (!ret)
		procmig_progress(process, (u64)count << PAGE_SHIFT, count);
	return ret;
}

static int emit_pages(struct procmig_process *process, struct page_batch *batch)
{
	unsigned int first = 0, i;
	int ret = 0;

	for (i = 0; !ret && i < batch->count; i++) {
		bool skip = !batch->kept[i] && batch->anonymous[i] && is_zero(batch->page[i]);

		if (skip)
			procmig_skipped(process, 1);
		if (i > first && (skip || batch->kept[i] != batch->kept[first] ||
				  batch->address[i] != batch->address[i - 1] + PAGE_SIZE)) {
			ret = emit_run(process, batch, first, i - first);
			first = i;
		}
		if (skip)
			first = i + 1;
	}
	if (!ret && first < batch->count)
		ret = emit_run(process, batch, first, batch->count - first);
	unpin(batch, batch->count);
	/* Pages that need not be sent have been dealt with, too. */
	if (!ret)
		procmig_progress(process, 0, 0);
	return ret;
}

int memory_checkpoint_bulk(struct procmig_process *process)
{
	struct memory *memory = procmig_private(process, &memory_subsystem);
	int ret;

	ret = memory_collect(memory->mm, &memory->next, TASK_SIZE_MAX, memory->batch);
	if (!ret)
		ret = memory_compare(memory);
	if (ret)
		return procmig_fail(process, memory_subsystem.id, ret,
				    "the page tables could not be walked");
	if (!memory->batch->count)
		return procmig_emit(process, PROCMIG_CHANNEL_BULK, memory_subsystem.id,
				    PROCMIG_MEMORY_PAGES_END, MEMORY_VERSION, NULL, 0);
	ret = pin(process, memory);
	if (!ret)
		ret = emit_pages(process, memory->batch);
	return ret ?: PROCMIG_MORE;
}
