// SPDX-License-Identifier: GPL-2.0-only
#include <linux/uaccess.h>

#include "device.h"

int procmig_argument_read(void *to, size_t bytes, size_t least, const void __user *from)
{
	u32 size;
	int ret;

	if (get_user(size, (const u32 __user *)from))
		return -EFAULT;
	if (size < least)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(to, bytes, from, size);
	if (ret)
		return ret;
	/* The caller may have changed it in between. */
	*(u32 *)to = size;
	return 0;
}

int procmig_argument_write(void __user *to, const void *from, size_t bytes)
{
	u32 size = *(const u32 *)from;

	return copy_to_user(to, from, min_t(size_t, size, bytes)) ? -EFAULT : 0;
}
