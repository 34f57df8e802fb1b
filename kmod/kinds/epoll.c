// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll(7), nested as well: targets, events, data.  Whether a target is ready is
 * found out anew, so one that is watched for edges may report once more what it
 * had reported.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/eventpoll.h>
#include <procmig/compat.h>
#include <procmig/file_kind.h>

/* How events are reported, not which. */
#define HOW ((__force u32)(EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE))
#define ONCE ((__force u32)EPOLLONESHOT)

/* A line of the kernel's description. */
struct target {
	int fd;
	unsigned int events;
	unsigned long long data;
};

static bool epoll_match(struct file *file)
{
	return procmig_file_is_anonymous(file, "[eventpoll]");
}

/*
 * Calls @see for each target with its file until that returns other than 0.
 * Targets are sorted by file and then by descriptor, so those with the same
 * descriptor come in the order in which the kernel counts them.
 */
static int look_at_targets(struct file *epoll,
			   int (*see)(void *private, const struct target *target,
				      struct file *file),
			   void *private)
{
	char *info = procmig_file_info(epoll), *line, *rest = info;
	struct target target;
	int ret = 0;

	if (IS_ERR(info))
		return PTR_ERR(info);
	while (!ret && (line = strsep(&rest, "\n")) && *line) {
		unsigned long nth = 0;
		char *before;

		if (sscanf(line, "tfd: %d events: %x data: %llx", &target.fd,
			   &target.events, &target.data) != 3) {
			ret = -EOPNOTSUPP;
			break;
		}
		for (before = info; before < line; before += strlen(before) + 1) {
			int fd;

			nth += sscanf(before, "tfd: %d", &fd) == 1 && fd == target.fd;
		}
		ret = PTR_ERR_OR_ZERO(procmig_compat_epoll_target(epoll, target.fd, nth));
		if (!ret)
			ret = see(private, &target,
				  procmig_compat_epoll_target(epoll, target.fd, nth));
	}
	kvfree(info);
	return ret;
}

/* ---- inspecting ---------------------------------------------------------- */

static int inspect_target(void *private, const struct target *target, struct file *file)
{
	if (target->events & ONCE && !(target->events & ~HOW))
		procmig_file_obstacle(private, PROCMIG_OBSTACLE_STATE,
				      "epoll: its target fd %d has fired and waits to be armed again (EPOLLONESHOT)",
				      target->fd);
	return 0;
}

static void epoll_inspect(struct procmig_file_inspection *at, struct file *file)
{
	int ret = look_at_targets(file, inspect_target, at);

	/* A target that is closed meanwhile is no obstacle. */
	if (ret == -EOPNOTSUPP)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "this kernel describes epoll targets in another way");
}

/* ---- source -------------------------------------------------------------- */

static int refer(void *save, const struct target *target, struct file *file)
{
	u32 number;

	return procmig_file_reference(save, file, &number);
}

static ssize_t epoll_checkpoint(struct procmig_file_save *save, struct file *file,
				void *room, size_t bytes)
{
	return look_at_targets(file, refer, save);
}

static int emit_target(void *save, const struct target *target, struct file *file)
{
	struct procmig_file_epoll_target data = {
		.fd = target->fd,
		.data = target->data,
		.events = target->events,
	};
	int ret;

	ret = procmig_file_reference(save, file, &data.description);
	return ret ?: procmig_file_data(save, &data, sizeof(data), NULL, 0);
}

static int epoll_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	return look_at_targets(file, emit_target, save);
}

/* ---- target -------------------------------------------------------------- */

static struct file *epoll_restart(struct procmig_file_load *load, const void *body,
				  size_t bytes)
{
	if (bytes)
		return ERR_PTR(procmig_file_refuse(load, "an epoll instance"));
	return procmig_file_from_descriptor(procmig_syscall(__NR_epoll_create1, 0));
}

/* The kernel remembers the descriptor, so the file must be there for a moment. */
static int add_target(struct file *epoll, struct file *file, unsigned int fd,
		      struct epoll_event *event)
{
	struct file *there = fget_raw(fd);
	bool closes = there && close_on_exec(fd, files_fdtable(current->files));
	int epoll_fd, ret = 0;

	if (there != file)
		ret = procmig_compat_replace_fd(fd, file, 0);
	if (ret >= 0) {
		epoll_fd = procmig_file_to_descriptor(epoll);
		ret = epoll_fd < 0 ? epoll_fd :
		      procmig_compat_epoll_add(epoll_fd, fd, event);
		if (epoll_fd >= 0)
			close_fd(epoll_fd);
	}
	if (!there)
		close_fd(fd);
	else if (there != file)
		procmig_compat_replace_fd(fd, there, closes ? O_CLOEXEC : 0);
	if (there)
		fput(there);
	return ret;
}

static int epoll_restart_data(struct procmig_file_load *load, struct file *file,
			      const void *body, size_t bytes)
{
	const struct procmig_file_epoll_target *data = body;
	struct epoll_event event;
	struct file *target;
	int ret;

	if (bytes != sizeof(*data) || data->reserved || data->fd >= INT_MAX)
		return procmig_file_refuse(load, "a target of an epoll instance");
	target = procmig_file_at(load, data->description);
	if (!target)
		return procmig_file_refuse(load, "a target of an epoll instance");
	event.events = (__force __poll_t)data->events;
	event.data = data->data;
	ret = add_target(file, target, data->fd, &event);
	if (ret)
		procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, ret,
			     "epoll target fd %u cannot be added here (%d)", data->fd, ret);
	return ret;
}

static const struct procmig_kind kinds[] = {
	{ "epoll", PROCMIG_KIND_CARRIED,
	  "targets, events, data, nested; what is ready is found out anew" },
};

static const struct procmig_file_kind epoll_kind = {
	.name = "epoll",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = epoll_match,
	.inspect = epoll_inspect,
	.checkpoint = epoll_checkpoint,
	.checkpoint_data = epoll_checkpoint_data,
	.restart = epoll_restart,
	.restart_data = epoll_restart_data,
};

static int __init epoll_init(void)
{
	return procmig_register_file_kind(&epoll_kind);
}

static void __exit epoll_exit(void)
{
	procmig_unregister_file_kind(&epoll_kind);
}

module_init(epoll_init);
module_exit(epoll_exit);
MODULE_DESCRIPTION("procmig: kind of file, epoll");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
