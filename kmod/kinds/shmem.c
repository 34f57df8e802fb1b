// SPDX-License-Identifier: GPL-2.0-only
/* Shared anonymous memory, mmap(2) with MAP_SHARED | MAP_ANONYMOUS: an unnamed file. */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/shmem_fs.h>
#include <procmig/file_kind.h>

/* What the kernel calls it, and /proc/PID/maps shows. */
#define NAME "dev/zero"

static bool shmem_match(struct file *file)
{
	return S_ISREG(file_inode(file)->i_mode) &&
	       file_inode(file)->i_sb->s_magic == TMPFS_MAGIC &&
	       file->f_path.mnt->mnt_flags & MNT_INTERNAL &&
	       !(file->f_mode & FMODE_PATH) &&
	       !strcmp(file->f_path.dentry->d_name.name, NAME);
}

static const void *shmem_object(struct file *file)
{
	return file_inode(file);
}

static void shmem_inspect(struct procmig_file_inspection *at, struct file *file)
{
	procmig_file_inspect_memory(at, file);
}

static ssize_t shmem_checkpoint(struct procmig_file_save *save, struct file *file,
				void *room, size_t bytes)
{
	struct procmig_file_shmem *body = room;

	*body = (struct procmig_file_shmem) {
		.file_bytes = i_size_read(file_inode(file)),
		/* What can be read at a position was opened. */
		.opened = !!(file->f_mode & FMODE_PREAD),
	};
	return sizeof(*body);
}

static int shmem_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	int ret = procmig_file_share_content(save, file);

	if (ret)
		procmig_fail(save->process, PROCMIG_SUBSYSTEM_FILES, ret,
			     "shared anonymous memory cannot be read (%d)", ret);
	return ret;
}

/* ---- target -------------------------------------------------------------- */

/* Whoever shares it refers to one description; /proc/PID/map_files makes others. */
static struct file *shmem_restart(struct procmig_file_load *load, const void *data,
				  size_t bytes)
{
	const struct procmig_file_shmem *body = data;
	struct file *first = *load->object, *file;

	/* Of any size: /proc/PID/map_files lets it be cut. */
	if (bytes != sizeof(*body) || body->file_bytes > LLONG_MAX || body->opened > 1 ||
	    body->reserved)
		return ERR_PTR(procmig_file_refuse(load, "shared anonymous memory"));
	if (!first) {
		/* Accounted page by page: what is mapped NORESERVE was not accounted at once. */
		file = shmem_file_setup(NAME, body->file_bytes, VM_NORESERVE);
		if (IS_ERR(file))
			return file;
		*load->object = file;
		if (!body->opened)
			return get_file(file);
		first = file;
	}
	return dentry_open(&first->f_path, load->flags & ~O_NOCTTY, current_cred());
}

static void shmem_release(void *file)
{
	fput(file);
}

static int shmem_restart_data(struct procmig_file_load *load, struct file *file,
			      const void *body, size_t bytes)
{
	int ret;

	if (!*load->object)
		return procmig_file_refuse(load, "content of shared anonymous memory");
	ret = procmig_file_expect_content(load, *load->object, body, bytes);
	if (ret)
		return ret;
	shmem_release(*load->object);
	*load->object = NULL;
	return 0;
}

static const struct procmig_kind kinds[] = {
	{ "shared anonymous memory", PROCMIG_KIND_CARRIED,
	  "once, whoever inside shares it; nobody outside may" },
};

static const struct procmig_file_kind shmem_kind = {
	.name = "shmem",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = shmem_match,
	.inspect = shmem_inspect,
	.object = shmem_object,
	.checkpoint = shmem_checkpoint,
	.checkpoint_data = shmem_checkpoint_data,
	.restart = shmem_restart,
	.restart_data = shmem_restart_data,
	.release = shmem_release,
};

static int __init shmem_module_init(void)
{
	return procmig_register_file_kind(&shmem_kind);
}

static void __exit shmem_module_exit(void)
{
	procmig_unregister_file_kind(&shmem_kind);
}

module_init(shmem_module_init);
module_exit(shmem_module_exit);
MODULE_DESCRIPTION("procmig: kind of file, shared anonymous memory");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
