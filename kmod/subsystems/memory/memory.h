/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory subsystem: address space, mappings, pages. */
#ifndef _PROCMIG_MEMORY_H
#define _PROCMIG_MEMORY_H

#include <linux/bvec.h>
#include <linux/mm.h>
#include <uapi/linux/membarrier.h>
#include <procmig/compat.h>
#include <procmig/open_file.h>
#include <procmig/process.h>

#define MEMORY_VERSION 1
#define MEMORY_BATCH 256		/* pages per step: one megabyte */

struct page_batch {
	unsigned int count;
	unsigned long address[MEMORY_BATCH];
	bool anonymous[MEMORY_BATCH];	/* reads as zero where nothing was sent */
	bool kept[MEMORY_BATCH];	/* it is the template's page */
	unsigned long pfn[MEMORY_BATCH];	/* 0: not in memory */
	struct page *page[MEMORY_BATCH];
	struct bio_vec vector[MEMORY_BATCH];
};

struct copy_range {
	unsigned long start, end;
};

struct memory {
	struct mm_struct *mm;		/* source: referenced */
	unsigned long next;		/* source: first address not looked at */
	struct page_batch *batch;	/* source */
	struct mm_struct *template;	/* source: of the parent, referenced, or NULL */
	pid_t template_pid;
	struct copy_range *copy;	/* source: mappings that begin as copies, ascending */
	unsigned int copy_count, copy_at;

	struct procmig_memory_space *space;	/* target: kvmalloc()ed, with path */
	struct procmig_memory_area *areas;	/* target: without paths */
	unsigned int area_count;
	unsigned int last_area;		/* target: where the last pages went */
	u64 copied;			/* target: up to there mappings are copies */
	u64 dropped;			/* target: up to there copies were cleared */
	unsigned int drop_area;
	struct file *file;		/* target: of the last file mapping */
	char *file_path;
};

/* MEMBARRIER_CMD_REGISTER_* that a process can have called. */
#define MEMORY_MEMBARRIERS							\
	(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |				\
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |				\
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |			\
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ)

extern const struct procmig_subsystem memory_subsystem;

/*
 * Describe a mapping, all but size and time of its file.  @file_path points into
 * @buffer afterwards, or is NULL.  Returns NULL, or what makes the mapping
 * impossible to carry.  The caller holds the mmap lock.
 */
const char *memory_describe(struct vm_area_struct *vma, const struct path *root,
			    struct procmig_memory_area *area, char *buffer,
			    size_t bytes, const char **file_path);

/* Whether the files subsystem carries what is mapped. */
bool memory_maps_open_file(struct vm_area_struct *vma);

/* Size and time of a mapped file, as its filesystem has them now. */
int memory_stat(struct file *file, struct procmig_memory_area *area);

/*
 * The next pages with content from *@next on and below @end, at most a batch;
 * *@next moves behind them.
 */
int memory_collect(struct mm_struct *mm, unsigned long *next, unsigned long end,
		   struct page_batch *batch);

/* ---- copies.c ---- */

void memory_find_template(struct procmig_process *process, struct memory *memory);
bool memory_may_be_copy(const struct vm_area_struct *vma);
/* Whether the mapping shares pages with the template's, in @area; -ENOMEM. */
int memory_mark_copy(struct memory *memory, struct procmig_memory_area *area);
/* Say which pages of the batch are the template's. */
int memory_compare(struct memory *memory);

static inline unsigned long memory_pfn_of_pmd(pmd_t pmd, unsigned long address)
{
	return pmd_pfn(pmd) + ((address & ~PMD_MASK) >> PAGE_SHIFT);
}

/* On the target: the mapping, which is empty, gets what the template has there. */
int memory_begin_copy(struct procmig_process *process, struct memory *memory,
		      const struct procmig_memory_area *area);
/* Nothing is kept between the last call's address and this. */
int memory_drop_up_to(struct memory *memory, u64 address);

int memory_gather(struct procmig_process *process);
int memory_checkpoint(struct procmig_process *process);
int memory_checkpoint_bulk(struct procmig_process *process);
int memory_restart(struct procmig_process *process,
		   const struct procmig_record *record);
int memory_restart_bulk(struct procmig_process *process);
void memory_resume(struct procmig_process *process);

#endif /* _PROCMIG_MEMORY_H */
