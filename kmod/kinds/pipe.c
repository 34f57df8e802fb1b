// SPDX-License-Identifier: GPL-2.0-only
/* Pipes and FIFOs: content, size, packets; whoever holds an end must be inside. */
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/pipe_fs_i.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <procmig/compat.h>
#include <procmig/file_kind.h>

static bool pipe_match(struct file *file)
{
	return S_ISFIFO(file_inode(file)->i_mode) && !(file->f_mode & FMODE_PATH);
}

static const void *pipe_object(struct file *file)
{
	return file_inode(file);
}

static bool is_named(struct file *file)
{
	return file_inode(file)->i_sb->s_magic != PIPEFS_MAGIC;
}

/* ---- inspecting ---------------------------------------------------------- */

static bool is_end(struct file *file, const void *inode)
{
	return file_inode(file) == inode && !(file->f_mode & FMODE_PATH);
}

static bool is_reader(struct file *file, const void *inode)
{
	return is_end(file, inode) && file->f_mode & FMODE_READ;
}

static bool is_writer(struct file *file, const void *inode)
{
	return is_end(file, inode) && file->f_mode & FMODE_WRITE;
}

static bool all_inside(struct procmig_file_inspection *at, struct inode *inode)
{
	const struct pipe_inode_info *pipe = inode->i_pipe;
	struct procmig_file_ends met = procmig_file_ends(at, inode);

	if (READ_ONCE(pipe->readers) <= met.readers && READ_ONCE(pipe->writers) <= met.writers)
		return true;
	return READ_ONCE(pipe->readers) <= procmig_file_count(at, is_reader, inode) &&
	       READ_ONCE(pipe->writers) <= procmig_file_count(at, is_writer, inode);
}

static void pipe_inspect(struct procmig_file_inspection *at, struct file *file)
{
	const char *what = is_named(file) ? "FIFO" : "pipe";
	struct inode *inode = file_inode(file);
	struct procmig_file_holder holder;

#ifdef CONFIG_WATCH_QUEUE
	if (inode->i_pipe->watch_queue)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "notification queue of the kernel");
#endif
	if (all_inside(at, inode))
		return;
	if (procmig_file_find_holder(at, is_end, inode, &holder))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "%s: pid %d (%s) outside holds an end of it as fd %u; migrate them together or end that process",
				      what, holder.pid, holder.comm, holder.fd);
	else if (!all_inside(at, inode))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "%s: an end of it is held by something that is no descriptor, as of a message in a socket",
				      what);
}

/* ---- source -------------------------------------------------------------- */

static ssize_t pipe_checkpoint(struct procmig_file_save *save, struct file *file,
			       void *room, size_t bytes)
{
	struct inode *inode = file_inode(file);
	struct procmig_file_pipe *body = room;
	char *path;

	*body = (struct procmig_file_pipe) {
		.size = procmig_compat_pipe_size(file, 0),
		.mode = inode->i_mode,
		.uid = i_uid_read(inode),
		.gid = i_gid_read(inode),
	};
	if (!is_named(file))
		return sizeof(*body);
	body->deleted = d_unlinked(file->f_path.dentry);
	path = procmig_compat_path(&file->f_path, save->root, room + sizeof(*body),
				   bytes - sizeof(*body));
	if (IS_ERR(path))
		return procmig_fail(save->process, PROCMIG_SUBSYSTEM_FILES, PTR_ERR(path),
				    "FIFO %pD is not reachable from the root of the process",
				    file);
	body->path_bytes = strlen(path) + 1;
	memmove(body + 1, path, body->path_bytes);
	return sizeof(*body) + body->path_bytes;
}

/* The content of the buffer at @position, copied; 0 if there is none. */
static int copy_buffer(struct pipe_inode_info *pipe, unsigned int position, char *copy,
		       struct procmig_file_pipe_data *data)
{
	struct pipe_buffer *buffer;
	int ret = 0;
	void *from;

	mutex_lock(&pipe->mutex);
	memset(data, 0, sizeof(*data));
	if (pipe->tail + position != pipe->head) {
		buffer = &pipe->bufs[(pipe->tail + position) & (pipe->ring_size - 1)];
		ret = pipe_buf_confirm(pipe, buffer);
		data->bytes = buffer->len;
		data->packet = !!(buffer->flags & PIPE_BUF_FLAG_PACKET);
		if (data->bytes > PAGE_SIZE)
			ret = -E2BIG;
		if (!ret) {
			from = kmap_local_page(buffer->page);
			memcpy(copy, from + buffer->offset, data->bytes);
			kunmap_local(from);
		}
	}
	mutex_unlock(&pipe->mutex);
	return ret;
}

static int pipe_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	struct pipe_inode_info *pipe = file_inode(file)->i_pipe;
	struct procmig_file_pipe_data data;
	unsigned int position = 0;
	char *copy;
	int ret;

	copy = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	do {
		ret = copy_buffer(pipe, position++, copy, &data);
		if (ret) {
			procmig_fail(save->process, PROCMIG_SUBSYSTEM_FILES, ret,
				     "content of a pipe cannot be read (%d)", ret);
			break;
		}
		ret = procmig_file_data(save, &data, sizeof(data), copy, data.bytes);
	} while (!ret && data.bytes);
	kfree(copy);
	return ret;
}

/* ---- target -------------------------------------------------------------- */

static struct file *make_pipe(const struct procmig_file_pipe *wanted)
{
	struct file *reader, *writer, *both;
	struct inode *inode;
	int fds[2], ret;

	ret = procmig_compat_pipe(fds, 0);
	if (ret)
		return ERR_PTR(ret);
	reader = procmig_file_from_descriptor(fds[0]);
	writer = procmig_file_from_descriptor(fds[1]);
	both = dentry_open(&reader->f_path, O_RDWR | O_NONBLOCK, current_cred());
	fput(reader);
	fput(writer);
	if (!IS_ERR(both)) {
		inode = file_inode(both);
		i_uid_write(inode, wanted->uid);
		i_gid_write(inode, wanted->gid);
		inode->i_mode = S_IFIFO | (wanted->mode & 07777);
	}
	return both;
}

static struct file *open_fifo(struct procmig_file_load *load, const char *path)
{
	struct file *both = filp_open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW, 0);

	if (IS_ERR(both)) {
		procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, PTR_ERR(both),
			     "FIFO %s cannot be opened here (%ld)", path, PTR_ERR(both));
		return both;
	}
	if (!S_ISFIFO(file_inode(both)->i_mode)) {
		fput(both);
		return ERR_PTR(procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES,
					    -ESTALE, "%s is no FIFO here", path));
	}
	if (file_inode(both)->i_pipe->files != 1) {
		fput(both);
		return ERR_PTR(procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES,
					    -EBUSY, "FIFO %s is in use here", path));
	}
	return both;
}

/* A name of its own, for as long as it takes to open it. */
static struct file *make_deleted_fifo(struct procmig_file_load *load,
				      const struct procmig_file_pipe *wanted,
				      const char *path)
{
	size_t bytes = wanted->path_bytes;
	struct file *both;
	long ret;

	if (bytes > PROCMIG_FILE_SCRATCH_BYTES ||
	    copy_to_user(load->scratch, path, bytes))
		return ERR_PTR(-EFAULT);
	ret = procmig_syscall(__NR_mknod, (unsigned long)load->scratch, S_IFIFO | 0600, 0);
	if (ret)
		return ERR_PTR(procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, ret,
					    "deleted FIFO %s cannot be made again here (%ld)",
					    path, ret));
	procmig_syscall(__NR_chmod, (unsigned long)load->scratch, wanted->mode & 07777);
	procmig_syscall(__NR_lchown, (unsigned long)load->scratch, wanted->uid, wanted->gid);
	both = open_fifo(load, path);
	procmig_syscall(__NR_unlink, (unsigned long)load->scratch);
	return both;
}

static struct file *pipe_restart(struct procmig_file_load *load, const void *body,
				 size_t bytes)
{
	const struct procmig_file_pipe *wanted = body;
	const char *path = (const char *)(wanted + 1);
	struct file *both = *load->object, *file;
	long ret;

	if (bytes < sizeof(*wanted) || bytes != sizeof(*wanted) + wanted->path_bytes ||
	    (wanted->path_bytes && *path != '/'))
		return ERR_PTR(procmig_file_refuse(load, "a pipe"));
	if (!both) {
		if (!wanted->path_bytes)
			both = make_pipe(wanted);
		else if (wanted->deleted)
			both = make_deleted_fifo(load, wanted, path);
		else
			both = open_fifo(load, path);
		if (IS_ERR(both))
			return both;
		*load->object = both;
		ret = procmig_compat_pipe_size(both, wanted->size);
		if (ret < 0)
			return ERR_PTR(procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES,
						    ret, "a pipe of %u bytes cannot be made here (%ld)",
						    wanted->size, ret));
	}
	file = dentry_open(&both->f_path, (load->flags & O_ACCMODE) | O_NONBLOCK,
			   current_cred());
	/* Packet mode; the file has nothing that O_DIRECT could reach otherwise. */
	if (!IS_ERR(file))
		file->f_flags |= load->flags & O_DIRECT;
	return file;
}

static int pipe_restart_data(struct procmig_file_load *load, struct file *file,
			     const void *body, size_t bytes)
{
	const struct procmig_file_pipe_data *data = body;
	struct file *both = *load->object;
	ssize_t written;

	if (bytes < sizeof(*data) || bytes != sizeof(*data) + data->bytes ||
	    data->bytes > PAGE_SIZE || !both)
		return procmig_file_refuse(load, "content of a pipe");
	if (!data->bytes) {
		/* From now on the ends are those of the process alone. */
		*load->object = NULL;
		fput(both);
		return 0;
	}
	both->f_flags &= ~O_DIRECT;
	if (data->packet)
		both->f_flags |= O_DIRECT;
	written = kernel_write(both, data + 1, data->bytes, NULL);
	if (written != data->bytes)
		return procmig_file_refuse(load, "more content than a pipe holds");
	return 0;
}

static void pipe_release(void *both)
{
	fput(both);
}

static const struct procmig_kind kinds[] = {
	{ "pipe", PROCMIG_KIND_CARRIED,
	  "content, size, packets; both ends inside or closed" },
	{ "FIFO", PROCMIG_KIND_CARRIED,
	  "content and size; found by its path, or made again if it is deleted" },
};

static const struct procmig_file_kind pipe_kind = {
	.name = "pipe",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = pipe_match,
	.inspect = pipe_inspect,
	.object = pipe_object,
	.checkpoint = pipe_checkpoint,
	.checkpoint_data = pipe_checkpoint_data,
	.restart = pipe_restart,
	.restart_data = pipe_restart_data,
	.release = pipe_release,
};

static int __init pipe_init(void)
{
	return procmig_register_file_kind(&pipe_kind);
}

static void __exit pipe_exit(void)
{
	procmig_unregister_file_kind(&pipe_kind);
}

module_init(pipe_init);
module_exit(pipe_exit);
MODULE_DESCRIPTION("procmig: kind of file, pipe and FIFO");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
