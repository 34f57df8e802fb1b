/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _PROCMIG_CORE_SUBMIT_H
#define _PROCMIG_CORE_SUBMIT_H

#include "request.h"

/*
 * @args has been checked for sizes and reserved members only.  On success the
 * request runs and the caller owns a reference; else an ERR_PTR.
 */
struct procmig_request *procmig_submit(enum procmig_role role,
				       const struct procmig_submit *args);

#endif /* _PROCMIG_CORE_SUBMIT_H */
