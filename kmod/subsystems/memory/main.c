// SPDX-License-Identifier: GPL-2.0-only
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>

#include "memory.h"

static const struct procmig_kind kinds[] = {
	{ "private anonymous memory", PROCMIG_KIND_CARRIED,
	  "heap, stack, brk; holes and zero pages are not sent" },
	{ "copy-on-write pages of parent and child", PROCMIG_KIND_CARRIED,
	  "sent once, shared again on the target" },
	{ "private file mapping", PROCMIG_KIND_CARRIED,
	  "the file must be the same on the target; changed pages are sent" },
	{ "read-only shared file mapping", PROCMIG_KIND_CARRIED,
	  "the file must be the same on the target" },
	{ "vDSO and vvar", PROCMIG_KIND_CARRIED,
	  "the kernels' vDSO images must be the same" },
	{ "shared writable file mapping", PROCMIG_KIND_CARRIED,
	  "the nodes must share the file" },
	{ "mapping of a deleted file or a memfd", PROCMIG_KIND_CARRIED, "with its content" },
	{ "hugetlbfs pages", PROCMIG_KIND_REFUSED, "no target can promise them" },
	{ "memory of devices", PROCMIG_KIND_REFUSED, "bound to the machine" },
	{ "userfaultfd ranges", PROCMIG_KIND_REFUSED, "need their handler" },
};

static void inspect_policies(struct procmig_inspection *inspection)
{
#ifdef CONFIG_NUMA
	struct task_struct *thread;

	rcu_read_lock();
	for_each_thread(procmig_inspected_task(inspection), thread)
		if (READ_ONCE(thread->mempolicy))
			procmig_obstacle(inspection, memory_subsystem.id,
					 PROCMIG_OBSTACLE_UNSUPPORTED, 0,
					 "thread %d: memory policy (set_mempolicy): no loaded subsystem carries it",
					 task_pid_vnr(thread));
	rcu_read_unlock();
#endif
}

static int inspect_areas(struct procmig_inspection *inspection,
			 struct mm_struct *mm, const struct path *root, char *buffer)
{
	struct procmig_memory_area area;
	struct vm_area_struct *vma;
	const char *path, *why;

	VMA_ITERATOR(vmi, mm, 0);

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	for_each_vma(vmi, vma) {
		why = memory_describe(vma, root, &area, buffer, PATH_MAX, &path);
		if (!why && area.start < procmig_compat_lowest_address())
			why = "below vm.mmap_min_addr";
		if (why)
			procmig_obstacle(inspection, memory_subsystem.id,
					 PROCMIG_OBSTACLE_UNSUPPORTED, area.start,
					 "memory %llx-%llx%s%s: %s: no loaded subsystem carries it",
					 area.start, area.end, path ? " of " : "",
					 path ?: "", why);
		else if (area.kind == PROCMIG_AREA_OPEN_FILE)
			procmig_file_inspect_mapped(inspection, vma->vm_file, root,
						    area.start);
	}
	inspect_policies(inspection);
	if (mm->context.ldt)
		procmig_obstacle(inspection, memory_subsystem.id,
				 PROCMIG_OBSTACLE_UNSUPPORTED, 0,
				 "the process has a local descriptor table (modify_ldt)");
	procmig_expect_bytes(inspection,
			     (get_mm_counter(mm, MM_ANONPAGES) +
			      get_mm_counter(mm, MM_SWAPENTS)) << PAGE_SHIFT);
	mmap_read_unlock(mm);
	return 0;
}

static int memory_inspect(struct procmig_inspection *inspection)
{
	struct task_struct *task = procmig_inspected_task(inspection);
	struct mm_struct *mm = get_task_mm(task);
	struct path root = {};
	char *buffer;
	int ret = 0;

	if (!mm) {
		procmig_obstacle(inspection, memory_subsystem.id,
				 PROCMIG_OBSTACLE_STATE, 0,
				 "the process has no memory: it is a kernel thread or exits");
		return 0;
	}
	buffer = kvmalloc(PATH_MAX, GFP_KERNEL);
	if (!buffer) {
		ret = -ENOMEM;
		goto put_mm;
	}
	task_lock(task);
	if (task->fs)
		get_fs_root(task->fs, &root);
	task_unlock(task);
	if (root.mnt) {
		ret = inspect_areas(inspection, mm, &root, buffer);
		path_put(&root);
	}
	kvfree(buffer);
put_mm:
	mmput(mm);
	return ret;
}

static int memory_setup(struct procmig_process *process)
{
	struct memory *memory = procmig_private(process, &memory_subsystem);

	if (procmig_task(process) == current)
		return 0;
	memory->mm = get_task_mm(procmig_task(process));
	if (!memory->mm)
		return procmig_fail(process, memory_subsystem.id, -ESRCH,
				    "the process exited");
	memory->batch = kvmalloc(sizeof(*memory->batch), GFP_KERNEL);
	if (!memory->batch) {
		mmput(memory->mm);
		return -ENOMEM;
	}
	return 0;
}

static void memory_cleanup(struct procmig_process *process)
{
	struct memory *memory = procmig_private(process, &memory_subsystem);

	kvfree(memory->batch);
	kvfree(memory->space);
	kvfree(memory->areas);
	kvfree(memory->file_path);
	if (memory->file)
		fput(memory->file);
	kvfree(memory->copy);
	if (memory->template)
		mmput(memory->template);
	if (memory->mm)
		mmput(memory->mm);
}

static void memory_dump(struct procmig_process *process, struct seq_buf *out)
{
	struct memory *memory = procmig_private(process, &memory_subsystem);

	if (!memory)
		return;
	if (memory->mm)
		seq_buf_printf(out, "memory: next address %lx\n", memory->next);
	else
		seq_buf_printf(out, "memory: %u areas rebuilt\n", memory->area_count);
}

const struct procmig_subsystem memory_subsystem = {
	.name = "memory",
	.id = PROCMIG_SUBSYSTEM_MEMORY,
	.version = MEMORY_VERSION,
	.order = 200,
	.owner = THIS_MODULE,
	.private_bytes = sizeof(struct memory),
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.inspect = memory_inspect,
	.setup = memory_setup,
	.gather = memory_gather,
	.checkpoint = memory_checkpoint,
	.checkpoint_bulk = memory_checkpoint_bulk,
	.restart = memory_restart,
	.restart_bulk = memory_restart_bulk,
	.resume = memory_resume,
	.dump = memory_dump,
	.cleanup = memory_cleanup,
};

static int __init memory_init(void)
{
	return procmig_register_subsystem(&memory_subsystem);
}

static void __exit memory_exit(void)
{
	procmig_unregister_subsystem(&memory_subsystem);
}

module_init(memory_init);
module_exit(memory_exit);
MODULE_DESCRIPTION("procmig: kernel subsystem, memory");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
