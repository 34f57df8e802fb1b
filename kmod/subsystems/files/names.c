// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names on the target that are there for a moment only: to make, or to open, what has no
 * name any more.
 */
#include <linux/namei.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "files.h"

int files_put_name(struct procmig_file_load *load, const char *name, size_t offset)
{
	size_t bytes = strlen(name) + 1;

	if (bytes > PATH_MAX)
		return -ENAMETOOLONG;
	return copy_to_user(load->scratch + offset, name, bytes) ? -EFAULT : 0;
}

size_t files_directory_bytes(const char *path, unsigned int levels)
{
	size_t bytes = strlen(path);

	while (bytes && levels--) {
		while (bytes && path[bytes - 1] != '/')
			bytes--;
		if (bytes)
			bytes--;
	}
	return bytes;
}

char *files_own_name(const char *path, unsigned int levels)
{
	return kasprintf(GFP_KERNEL, "%.*s/.procmig-%016llx",
			 (int)files_directory_bytes(path, levels), path, get_random_u64());
}

/* mkdir(2) or rmdir(2) of the directory that is @levels above the name. */
static long change_directory(struct procmig_file_load *load, long call, const char *name,
			     unsigned int levels)
{
	char *directory = kstrndup(name, files_directory_bytes(name, levels), GFP_KERNEL);
	long ret;

	if (!directory)
		return -ENOMEM;
	ret = *directory ? files_put_name(load, directory, 0) : -EPROTO;
	if (!ret)
		ret = procmig_syscall(call, (unsigned long)load->scratch, 0700);
	kfree(directory);
	return ret;
}

/* Those that are there again stay; below one that was not all are made. */
static int make_directories(struct procmig_file_load *load, struct files_moment *moment,
			    unsigned int levels)
{
	long ret;

	for (; levels; levels--) {
		ret = change_directory(load, __NR_mkdir, moment->name, levels);
		if (!ret)
			moment->made++;
		else if (ret != -EEXIST)
			return ret;
	}
	return 0;
}

static bool is_taken(const char *name)
{
	struct path path;

	if (kern_path(name, 0, &path))
		return false;
	path_put(&path);
	return true;
}

int files_begin_moment(struct procmig_file_load *load, const char *path,
		       unsigned int directories, struct files_moment *moment)
{
	int ret = -ENOMEM;

	*moment = (struct files_moment) {};
	moment->name = is_taken(path) ? files_own_name(path, 1) : kstrdup(path, GFP_KERNEL);
	if (moment->name)
		ret = make_directories(load, moment, directories);
	if (ret)
		files_end_moment(load, moment);
	return ret;
}

void files_end_moment(struct procmig_file_load *load, struct files_moment *moment)
{
	unsigned int level;

	for (level = 1; level <= moment->made; level++)
		change_directory(load, __NR_rmdir, moment->name, level);
	kfree(moment->name);
	*moment = (struct files_moment) {};
}

int files_link(struct procmig_file_load *load, const char *from, const char *to)
{
	unsigned long user = (unsigned long)load->scratch;
	int ret = files_put_name(load, to, 0);

	if (!ret)
		ret = files_put_name(load, from, PATH_MAX);
	return ret ?: procmig_syscall(__NR_link, user + PATH_MAX, user);
}

struct file *files_open_unlinked(struct procmig_file_load *load, const char *name,
				 const char *opened, unsigned int directories)
{
	struct files_moment moment;
	struct file *file;
	int ret;

	ret = files_begin_moment(load, opened, directories, &moment);
	if (ret)
		return ERR_PTR(ret);
	ret = files_link(load, name, moment.name);
	if (ret) {
		file = ERR_PTR(ret);
	} else {
		file = filp_open(moment.name, O_RDWR | O_LARGEFILE | O_NOFOLLOW, 0);
		procmig_syscall(__NR_unlink, (unsigned long)load->scratch);
	}
	files_end_moment(load, &moment);
	return file;
}
