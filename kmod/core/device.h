/* SPDX-License-Identifier: GPL-2.0-only */
/* Layer 4: /dev/procmig and the descriptors of requests. */
#ifndef _PROCMIG_CORE_DEVICE_H
#define _PROCMIG_CORE_DEVICE_H

struct procmig_request;

int procmig_device_init(void);
void procmig_device_exit(void);

/* descriptor.c: a new O_CLOEXEC descriptor for @request, or a negative errno. */
int procmig_descriptor_new(struct procmig_request *request);

/* arguments.c */
/* Copy in an argument of the extensible kind; see the conventions of the ABI. */
int procmig_argument_read(void *to, size_t bytes, size_t least, const void __user *from);
int procmig_argument_write(void __user *to, const void *from, size_t bytes);

#endif /* _PROCMIG_CORE_DEVICE_H */
