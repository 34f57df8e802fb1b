// SPDX-License-Identifier: GPL-2.0-only
/* memfd_create(2): name, content, seals. */
#include <linux/file.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/memfd.h>
#include <procmig/compat.h>
#include <procmig/file_kind.h>

#define PREFIX "memfd:"
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |	\
	       F_SEAL_FUTURE_WRITE)

/* While its content comes in. */
struct filling {
	struct file *writer;
	bool given;		/* to the process, too */
	u32 seals;
};

static const char *name_of(struct file *file)
{
	return file->f_path.dentry->d_name.name;
}

static bool memfd_match(struct file *file)
{
	struct inode *inode = file_inode(file);

	return S_ISREG(inode->i_mode) && inode->i_sb->s_magic == TMPFS_MAGIC &&
	       file->f_path.mnt->mnt_flags & MNT_INTERNAL &&
	       !(file->f_mode & FMODE_PATH) &&
	       !strncmp(name_of(file), PREFIX, strlen(PREFIX));
}

static const void *memfd_object(struct file *file)
{
	return file_inode(file);
}

static void memfd_inspect(struct procmig_file_inspection *at, struct file *file)
{
	long seals = procmig_compat_seals(file, F_GET_SEALS, 0);

	if (seals < 0 || seals & ~SEALS)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "memfd: seals %#lx are not known", seals);
	procmig_file_inspect_memory(at, file);
}

/*
 * The description that memfd_create(2) gives may write without counting as
 * a writer, so that its file can be executed: execve(2) is ETXTBSY else.
 */
static bool is_original(const struct file *file)
{
	return file->f_mode & FMODE_WRITE && !(file->f_mode & FMODE_WRITER);
}

static ssize_t memfd_checkpoint(struct procmig_file_save *save, struct file *file,
				void *room, size_t bytes)
{
	const char *name = name_of(file) + strlen(PREFIX);
	struct procmig_file_memfd *body = room;
	struct inode *inode = file_inode(file);

	*body = (struct procmig_file_memfd) {
		.file_bytes = i_size_read(inode),
		.seals = procmig_compat_seals(file, F_GET_SEALS, 0),
		.mode = inode->i_mode & 07777,
		.uid = i_uid_read(inode),
		.gid = i_gid_read(inode),
		.name_bytes = strlen(name) + 1,
		.original = is_original(file),
	};
	memcpy(body + 1, name, body->name_bytes);
	return sizeof(*body) + body->name_bytes;
}

static int memfd_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	int ret = procmig_file_share_content(save, file);

	if (ret)
		procmig_fail(save->process, PROCMIG_SUBSYSTEM_FILES, ret,
			     "%pD cannot be read (%d)", file, ret);
	return ret;
}

/* ---- target -------------------------------------------------------------- */

static struct filling *make_memfd(struct procmig_file_load *load,
				  const struct procmig_file_memfd *wanted)
{
	struct filling *filling;
	long fd, ret;

	if (wanted->name_bytes > PROCMIG_FILE_SCRATCH_BYTES ||
	    copy_to_user(load->scratch, wanted + 1, wanted->name_bytes))
		return ERR_PTR(-EFAULT);
	filling = kzalloc(sizeof(*filling), GFP_KERNEL);
	if (!filling)
		return ERR_PTR(-ENOMEM);
	filling->seals = wanted->seals;
	fd = procmig_syscall(__NR_memfd_create, (unsigned long)load->scratch,
			     MFD_ALLOW_SEALING);
	ret = min(fd, 0L);
	if (!ret)
		ret = procmig_syscall(__NR_ftruncate, fd, wanted->file_bytes);
	if (!ret)
		ret = procmig_syscall(__NR_fchmod, fd, wanted->mode);
	if (!ret)
		ret = procmig_syscall(__NR_fchown, fd, wanted->uid, wanted->gid);
	if (fd >= 0)
		filling->writer = procmig_file_from_descriptor(fd);
	if (ret) {
		if (filling->writer)
			fput(filling->writer);
		kfree(filling);
		return ERR_PTR(ret);
	}
	return filling;
}

static struct file *memfd_restart(struct procmig_file_load *load, const void *body,
				  size_t bytes)
{
	const struct procmig_file_memfd *wanted = body;
	struct filling *filling = *load->object;

	if (bytes < sizeof(*wanted) || !wanted->name_bytes ||
	    bytes != sizeof(*wanted) + wanted->name_bytes || wanted->seals & ~SEALS ||
	    wanted->mode & ~07777 || wanted->file_bytes > LLONG_MAX || wanted->original > 1)
		return ERR_PTR(procmig_file_refuse(load, "a memfd"));
	if (!filling) {
		filling = make_memfd(load, wanted);
		if (IS_ERR(filling))
			return ERR_CAST(filling);
		*load->object = filling;
	}
	if (wanted->original && !filling->given) {
		filling->given = true;
		return get_file(filling->writer);
	}
	return dentry_open(&filling->writer->f_path, load->flags & ~O_NOCTTY,
			   current_cred());
}

static void memfd_release(void *private)
{
	struct filling *filling = private;

	fput(filling->writer);
	kfree(filling);
}

static int memfd_restart_data(struct procmig_file_load *load, struct file *file,
			      const void *body, size_t bytes)
{
	struct filling *filling = *load->object;
	long ret = 0;

	if (!filling)
		return procmig_file_refuse(load, "content of a memfd");
	ret = procmig_file_expect_content(load, filling->writer, body, bytes);
	if (ret)
		return ret;
	if (filling->seals)
		ret = procmig_compat_seals(filling->writer, F_ADD_SEALS, filling->seals);
	*load->object = NULL;
	memfd_release(filling);
	return ret;
}

static const struct procmig_kind kinds[] = {
	{ "memfd", PROCMIG_KIND_CARRIED, "name, content, seals" },
};

static const struct procmig_file_kind memfd_kind = {
	.name = "memfd",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = memfd_match,
	.inspect = memfd_inspect,
	.object = memfd_object,
	.checkpoint = memfd_checkpoint,
	.checkpoint_data = memfd_checkpoint_data,
	.restart = memfd_restart,
	.restart_data = memfd_restart_data,
	.release = memfd_release,
};

static int __init memfd_init(void)
{
	return procmig_register_file_kind(&memfd_kind);
}

static void __exit memfd_exit(void)
{
	procmig_unregister_file_kind(&memfd_kind);
}

module_init(memfd_init);
module_exit(memfd_exit);
MODULE_DESCRIPTION("procmig: kind of file, memfd");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
