// SPDX-License-Identifier: GPL-2.0-only
/*
 * The address space on the target.  The stub's own mappings go first; from
 * there on the task lives in the kernel only, until it is the process.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/namei.h>
#include <linux/personality.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "memory.h"

#define AREAS_MAX (1u << 20)

static int refuse(struct procmig_process *process, const char *what, u64 where)
{
	return procmig_fail(process, memory_subsystem.id, -EPROTO,
			    "the stream is damaged: %s at %#llx", what, where);
}

/* ---- the space as a whole ------------------------------------------------ */

static bool addresses_ok(const struct procmig_memory_space *space)
{
	const u64 address[] = {
		space->start_code, space->end_code, space->start_data,
		space->end_data, space->start_brk, space->brk,
		space->start_stack, space->arg_start, space->arg_end,
		space->env_start, space->env_end,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(address); i++)
		if (address[i] < procmig_compat_lowest_address() ||
		    address[i] >= TASK_SIZE_MAX)
			return false;
	return space->start_code < space->end_code &&
	       space->start_data <= space->end_data &&
	       space->start_brk <= space->brk &&
	       space->arg_start <= space->arg_end &&
	       space->env_start <= space->env_end;
}

/* The process would be told EPERM when it uses what it has registered for. */
static int register_membarriers(struct procmig_process *process, unsigned long wanted)
{
	unsigned int i;
	long ret = 0;

	for_each_set_bit(i, &wanted, BITS_PER_LONG)
		if (!ret)
			ret = procmig_syscall(__NR_membarrier, BIT(i), 0, 0);
	if (ret)
		return procmig_fail(process, memory_subsystem.id, ret,
				    "the process could not be registered for membarrier (%ld)",
				    ret);
	return 0;
}

static int take_space(struct procmig_process *process, struct memory *memory,
		      const struct procmig_record *record)
{
	struct procmig_memory_space *space;
	int ret;

	if (memory->space)
		return refuse(process, "a second address space", 0);
	space = procmig_take_body(process, record, sizeof(*space));
	if (IS_ERR(space))
		return PTR_ERR(space);
	memory->space = space;
	if (!space->areas || space->areas > AREAS_MAX || !space->exe_bytes ||
	    record->length != sizeof(*space) + space->exe_bytes ||
	    ((const char *)(space + 1))[space->exe_bytes - 1] ||
	    space->auxv_words > AT_VECTOR_SIZE ||
	    space->dumpable > SUID_DUMP_ROOT || space->no_huge_pages > 1 ||
	    space->membarrier & ~MEMORY_MEMBARRIERS || !addresses_ok(space))
		return refuse(process, "the description of the address space",
			      space->areas);
	memory->areas = kvmalloc_array(space->areas, sizeof(*memory->areas),
				       GFP_KERNEL);
	if (!memory->areas)
		return -ENOMEM;
	ret = vm_munmap(0, TASK_SIZE);
	if (ret)
		return procmig_fail(process, memory_subsystem.id, ret,
				    "the stub's memory could not be unmapped");
	return register_membarriers(process, space->membarrier);
}

static int set_exe(struct procmig_process *process, const char *path)
{
	struct file *file = filp_open(path, O_RDONLY | O_LARGEFILE | O_NONBLOCK, 0);
	int ret;

	if (IS_ERR(file))
		return procmig_fail(process, memory_subsystem.id, PTR_ERR(file),
				    "program file %s cannot be opened here (%ld)",
				    path, PTR_ERR(file));
	/* As PR_SET_MM_EXE_FILE has it, see prctl(2). */
	ret = S_ISREG(file_inode(file)->i_mode) ? file_permission(file, MAY_EXEC) : -EACCES;
	if (!ret)
		ret = procmig_compat_set_exe(file);
	fput(file);
	if (ret)
		return procmig_fail(process, memory_subsystem.id, ret,
				    "program file %s cannot be used (%d)", path, ret);
	return 0;
}

/* What PR_SET_MM_MAP sets, see prctl(2). */
static int set_space(struct procmig_process *process,
		     const struct procmig_memory_space *space)
{
	struct mm_struct *mm = current->mm;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	spin_lock(&mm->arg_lock);
	mm->start_code = space->start_code;
	mm->end_code = space->end_code;
	mm->start_data = space->start_data;
	mm->end_data = space->end_data;
	mm->start_brk = space->start_brk;
	mm->brk = space->brk;
	mm->start_stack = space->start_stack;
	mm->arg_start = space->arg_start;
	mm->arg_end = space->arg_end;
	mm->env_start = space->env_start;
	mm->env_end = space->env_end;
	spin_unlock(&mm->arg_lock);
	memset(mm->saved_auxv, 0, sizeof(mm->saved_auxv));
	memcpy(mm->saved_auxv, space->auxv, space->auxv_words * sizeof(u64));
	mmap_write_unlock(mm);
	return set_exe(process, (const char *)(space + 1));
}

/* ---- mappings ------------------------------------------------------------ */

static bool area_ok(const struct memory *memory, const struct procmig_memory_area *area)
{
	u64 floor = memory->area_count ? memory->areas[memory->area_count - 1].end : 0;

	return area->start >= procmig_compat_lowest_address() &&
	       area->start >= floor && area->start < area->end &&
	       area->end <= TASK_SIZE_MAX &&
	       PAGE_ALIGNED(area->start) && PAGE_ALIGNED(area->end) &&
	       PAGE_ALIGNED(area->offset) && !(area->flags & ~PROCMIG_AREA_FLAGS) &&
	       !area->template == !(area->flags & PROCMIG_AREA_COPY) &&
	       (!area->template || (area->flags & PROCMIG_AREA_HAS_PAGES &&
				    !(area->flags & PROCMIG_AREA_SHARED)));
}

static unsigned long protection(u32 flags)
{
	return (flags & PROCMIG_AREA_READ ? PROT_READ : 0) |
	       (flags & PROCMIG_AREA_WRITE ? PROT_WRITE : 0) |
	       (flags & PROCMIG_AREA_EXEC ? PROT_EXEC : 0);
}

/* Content is written through the mapping, so it must be writable meanwhile. */
static unsigned long loading_protection(const struct procmig_memory_area *area)
{
	return protection(area->flags) |
	       (area->flags & PROCMIG_AREA_HAS_PAGES ? PROT_WRITE : 0);
}

static int open_file(struct procmig_process *process, struct memory *memory,
		     const struct procmig_memory_area *area, const char *path)
{
	struct procmig_memory_area here;
	struct file *file;
	int ret;

	/* The mappings of a library follow each other. */
	if (memory->file && !strcmp(memory->file_path, path))
		return 0;
	if (memory->file) {
		fput(memory->file);
		memory->file = NULL;
	}
	file = filp_open(path, O_RDONLY | O_LARGEFILE | O_NOFOLLOW | O_NONBLOCK, 0);
	if (IS_ERR(file))
		return procmig_fail(process, memory_subsystem.id, PTR_ERR(file),
				    "mapped file %s cannot be opened here (%ld)",
				    path, PTR_ERR(file));
	ret = memory_stat(file, &here);
	if (ret || !S_ISREG(file_inode(file)->i_mode) ||
	    here.file_bytes != area->file_bytes ||
	    here.mtime_sec != area->mtime_sec || here.mtime_nsec != area->mtime_nsec) {
		fput(file);
		return procmig_fail(process, memory_subsystem.id, -ESTALE,
				    "mapped file %s is not the same here (size or modification time)",
				    path);
	}
	kvfree(memory->file_path);
	memory->file_path = kstrdup(path, GFP_KERNEL);
	if (!memory->file_path) {
		fput(file);
		return -ENOMEM;
	}
	memory->file = file;
	return 0;
}

static int map_plain(struct procmig_process *process, struct file *file,
		     const struct procmig_memory_area *area)
{
	unsigned long flags = MAP_FIXED_NOREPLACE, at;

	flags |= area->flags & PROCMIG_AREA_SHARED ? MAP_SHARED : MAP_PRIVATE;
	if (!file)
		flags |= MAP_ANONYMOUS;
	if (area->flags & PROCMIG_AREA_GROWSDOWN)
		flags |= MAP_GROWSDOWN;
	if (area->flags & PROCMIG_AREA_NORESERVE)
		flags |= MAP_NORESERVE;
	at = vm_mmap(file, area->start, area->end - area->start,
		     loading_protection(area), flags, area->offset);
	if (at != area->start)
		return procmig_fail(process, memory_subsystem.id,
				    IS_ERR_VALUE(at) ? (int)at : -EBUSY,
				    "memory %llx-%llx could not be mapped (%ld)",
				    area->start, area->end, (long)at);
	return 0;
}

/* The kernel maps both at once: the data pages, and right behind them the code. */
static int map_vdso(struct procmig_process *process, struct memory *memory,
		    const struct procmig_memory_area *vdso)
{
	const struct procmig_memory_area *vvar = NULL;
	int ret;

	if (memory->area_count)
		vvar = &memory->areas[memory->area_count - 1];
	if (!vvar || vvar->kind != PROCMIG_AREA_VVAR || vvar->end != vdso->start ||
	    vdso->end - vvar->start != PAGE_ALIGN(procmig_compat_vdso_bytes()) ||
	    vdso->image_hash != procmig_compat_vdso_hash())
		return procmig_fail(process, memory_subsystem.id, -EOPNOTSUPP,
				    "the vDSO at %llx is of another kernel build",
				    vdso->start);
	ret = procmig_compat_map_vdso(vvar->start);
	if (!ret && (unsigned long)current->mm->context.vdso != vdso->start)
		ret = -EBUSY;
	if (ret)
		return procmig_fail(process, memory_subsystem.id, ret,
				    "the vDSO could not be mapped at %llx (%d)",
				    vdso->start, ret);
	return 0;
}

static int map_area(struct procmig_process *process, struct memory *memory,
		    const struct procmig_memory_area *area, const char *path)
{
	struct file *file;
	int ret;

	switch (area->kind) {
	case PROCMIG_AREA_ANONYMOUS:
		if (area->flags & PROCMIG_AREA_SHARED)
			break;
		return map_plain(process, NULL, area);
	case PROCMIG_AREA_FILE:
		if (!area->path_bytes ||
		    (area->flags & PROCMIG_AREA_SHARED &&
		     area->flags & (PROCMIG_AREA_HAS_PAGES | PROCMIG_AREA_WRITE)))
			break;
		ret = open_file(process, memory, area, path);
		return ret ?: map_plain(process, memory->file, area);
	case PROCMIG_AREA_OPEN_FILE:
		file = procmig_file_find(process, area->description);
		if (!file || !S_ISREG(file_inode(file)->i_mode) || area->path_bytes ||
		    (area->flags & PROCMIG_AREA_SHARED &&
		     area->flags & PROCMIG_AREA_HAS_PAGES))
			break;
		return map_plain(process, file, area);
	case PROCMIG_AREA_VVAR:
		return 0;
	case PROCMIG_AREA_VDSO:
		return map_vdso(process, memory, area);
	}
	return refuse(process, "a mapping of unknown kind", area->start);
}

/* ---- pages --------------------------------------------------------------- */

static bool is_loadable(const struct memory *memory, u64 start, u64 bytes)
{
	const struct procmig_memory_area *area = &memory->areas[memory->last_area];

	return start >= area->start && start < area->end &&
	       bytes <= area->end - start && area->flags & PROCMIG_AREA_HAS_PAGES;
}

/* A run may cross from one mapping into the next. */
static bool find_room(struct memory *memory, u64 start, u64 bytes, u64 *fits)
{
	unsigned int i;

	for (i = 0; i < memory->area_count; i++) {
		const struct procmig_memory_area *area =
			&memory->areas[memory->last_area];

		*fits = start >= area->start && start < area->end ?
			min(bytes, area->end - start) : 0;
		if (*fits)
			return is_loadable(memory, start, *fits);
		memory->last_area = (memory->last_area + 1) % memory->area_count;
	}
	return false;
}

static int load_run(struct procmig_process *process, struct memory *memory,
		    const struct procmig_memory_pages *run)
{
	u64 at = run->start, left = (u64)run->pages << PAGE_SHIFT, fits;
	struct iov_iter room;
	struct iovec vector;
	int ret;

	while (left) {
		if (!PAGE_ALIGNED(at) || !find_room(memory, at, left, &fits))
			return refuse(process, "pages outside every mapping", at);
		ret = import_single_range(READ, u64_to_user_ptr(at), fits, &vector,
					  &room);
		if (!ret)
			ret = procmig_take_data(process, PROCMIG_CHANNEL_BULK, &room);
		if (ret)
			return procmig_fail(process, memory_subsystem.id, ret,
					    "pages at %#llx could not be loaded (%d)",
					    at, ret);
		procmig_progress(process, fits, fits >> PAGE_SHIFT);
		at += fits;
		left -= fits;
	}
	return 0;
}

static int load_pages(struct procmig_process *process, struct memory *memory)
{
	struct procmig_memory_pages run;
	struct procmig_record record;
	u64 bytes;
	bool kept;
	int ret;

	for (;;) {
		ret = procmig_take_bulk(process, memory_subsystem.id, &record);
		if (ret)
			return ret;
		if (record.version > MEMORY_VERSION)
			return refuse(process, "page records of a newer version",
				      record.version);
		if (record.type == PROCMIG_MEMORY_PAGES_END && !record.length)
			return memory_drop_up_to(memory, TASK_SIZE_MAX);
		if (record.type != PROCMIG_MEMORY_PAGES && record.type != PROCMIG_MEMORY_KEPT)
			return refuse(process, "a bulk record of unknown type",
				      record.type);
		if (record.length < sizeof(run))
			return refuse(process, "a short page record", record.length);
		ret = procmig_take(process, PROCMIG_CHANNEL_BULK, &run, sizeof(run));
		if (ret)
			return ret;
		bytes = (u64)run.pages << PAGE_SHIFT;
		kept = record.type == PROCMIG_MEMORY_KEPT;
		if (record.length != sizeof(run) + (kept ? 0 : bytes) || run.reserved ||
		    !PAGE_ALIGNED(run.start) || run.start > TASK_SIZE_MAX - bytes)
			return refuse(process, "a page record of wrong length", run.start);
		ret = memory_drop_up_to(memory, run.start);
		if (!ret && !kept)
			ret = load_run(process, memory, &run);
		if (ret)
			return ret;
		if (kept)
			procmig_progress(process, 0, run.pages);
		memory->dropped = max(memory->dropped, run.start + bytes);
	}
}

/* ---- what is set when the content is there -------------------------------- */

static const struct {
	u32 flag;
	int advice;
} advices[] = {
	{ PROCMIG_AREA_DONTFORK, MADV_DONTFORK },
	{ PROCMIG_AREA_WIPEONFORK, MADV_WIPEONFORK },
	{ PROCMIG_AREA_DONTDUMP, MADV_DONTDUMP },
	{ PROCMIG_AREA_HUGEPAGE, MADV_HUGEPAGE },
	{ PROCMIG_AREA_NOHUGEPAGE, MADV_NOHUGEPAGE },
	{ PROCMIG_AREA_MERGEABLE, MADV_MERGEABLE },
	{ PROCMIG_AREA_SEQUENTIAL, MADV_SEQUENTIAL },
	{ PROCMIG_AREA_RANDOM, MADV_RANDOM },
};

static int finish_area(struct procmig_process *process,
		       const struct procmig_memory_area *area)
{
	size_t bytes = area->end - area->start;
	unsigned int i;
	int ret = 0;

	if (area->kind == PROCMIG_AREA_VVAR || area->kind == PROCMIG_AREA_VDSO)
		return 0;
	for (i = 0; !ret && i < ARRAY_SIZE(advices); i++)
		if (area->flags & advices[i].flag)
			ret = procmig_compat_madvise(area->start, bytes,
						     advices[i].advice);
	if (!ret && loading_protection(area) != protection(area->flags))
		ret = procmig_compat_mprotect(area->start, bytes,
					      protection(area->flags));
	if (!ret && area->flags & PROCMIG_AREA_LOCKED)
		ret = procmig_compat_mlock(area->start, bytes,
					   area->flags & PROCMIG_AREA_ONFAULT ?
						   MLOCK_ONFAULT : 0);
	if (ret)
		return procmig_fail(process, memory_subsystem.id, ret,
				    "memory %llx-%llx: its attributes could not be set (%d)",
				    area->start, area->end, ret);
	return 0;
}

static int load(struct procmig_process *process, struct memory *memory)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < memory->area_count; i++)
		if (memory->areas[i].flags & PROCMIG_AREA_COPY)
			ret = memory_begin_copy(process, memory, &memory->areas[i]);
	if (!ret)
		ret = load_pages(process, memory);
	for (i = 0; !ret && i < memory->area_count; i++)
		ret = finish_area(process, &memory->areas[i]);
	return ret;
}

int memory_restart_bulk(struct procmig_process *process)
{
	struct memory *memory = procmig_private(process, &memory_subsystem);
	unsigned int personality = current->personality;
	const struct cred *own;
	struct cred *root;
	int ret;

	if (!memory->space || memory->area_count != memory->space->areas)
		return refuse(process, "the address space is not complete", 0);
	/*
	 * What the process has locked it may not be able to lock again, and memory
	 * that can be read is not to become executable (READ_IMPLIES_EXEC).
	 */
	root = prepare_kernel_cred(&init_task);
	if (!root)
		return -ENOMEM;
	own = override_creds(root);
	current->personality = PER_LINUX;
	ret = load(process, memory);
	current->personality = personality;
	revert_creds(own);
	put_cred(root);
	return ret;
}

static int take_area(struct procmig_process *process, struct memory *memory,
		     const struct procmig_record *record)
{
	struct procmig_memory_area *area;
	int ret;

	if (!memory->space || memory->area_count == memory->space->areas)
		return refuse(process, "a mapping too many", memory->area_count);
	area = procmig_take_body(process, record, sizeof(*area));
	if (IS_ERR(area))
		return PTR_ERR(area);
	if (record->length != sizeof(*area) + area->path_bytes ||
	    !area_ok(memory, area)) {
		ret = refuse(process, "a mapping", area->start);
		goto free;
	}
	ret = map_area(process, memory, area, (const char *)(area + 1));
	if (!ret) {
		memory->areas[memory->area_count++] = *area;
		procmig_progress(process, 0, 1);
	}
free:
	kvfree(area);
	if (!ret && memory->area_count == memory->space->areas)
		ret = set_space(process, memory->space);
	return ret;
}

int memory_restart(struct procmig_process *process,
		   const struct procmig_record *record)
{
	struct memory *memory = procmig_private(process, &memory_subsystem);

	switch (record->type) {
	case PROCMIG_MEMORY_SPACE:
		return take_space(process, memory, record);
	case PROCMIG_MEMORY_AREA:
		return take_area(process, memory, record);
	default:
		return PROCMIG_UNKNOWN;
	}
}

/* Taking on the credentials cleared it, see commit_creds(). */
void memory_resume(struct procmig_process *process)
{
	struct memory *memory = procmig_private(process, &memory_subsystem);

	set_mask_bits(&current->mm->flags, MMF_DUMPABLE_MASK, memory->space->dumpable);
	if (memory->space->no_huge_pages)
		set_bit(MMF_DISABLE_THP, &current->mm->flags);
}
