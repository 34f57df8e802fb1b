// SPDX-License-Identifier: GPL-2.0-only
/* /dev/procmig. */
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>
#include <procmig/compat.h>

#include "device.h"
#include "identity.h"
#include "inspection.h"
#include "request.h"
#include "strategy.h"
#include "submit.h"

#define OBSTACLES_MAX (1u << 20)
#define PIDS_MAX (1u << 16)

/* The ABI has no holes; a change of these sizes is a change of the ABI. */
static_assert(sizeof(struct procmig_info) == 112);
static_assert(sizeof(struct procmig_component) == 120);
static_assert(sizeof(struct procmig_state_kind) == 208);
static_assert(sizeof(struct procmig_inspect) == 120);
static_assert(sizeof(struct procmig_admit) == 32);
static_assert(sizeof(struct procmig_claim) == 16);
static_assert(sizeof(struct procmig_submit) == 96);
static_assert(sizeof(struct procmig_enter) == 24);
static_assert(sizeof(struct procmig_attach) == 32);
static_assert(sizeof(struct procmig_plan) == 40);
static_assert(sizeof(struct procmig_planned_task) == 80);
static_assert(sizeof(struct procmig_give_up) == 280);
static_assert(sizeof(struct procmig_status) == 376);
static_assert(sizeof(struct procmig_event) == 24);
static_assert(sizeof(struct procmig_order) == 8);
static_assert(sizeof(struct procmig_mechanism) == 16);
static_assert(sizeof(struct procmig_obstacle) == 24);

static int info(void __user *user)
{
	struct procmig_info args;
	int ret;

	ret = procmig_argument_read(&args, sizeof(args), sizeof(args.size), user);
	if (ret)
		return ret;
	if (args.reserved)
		return -EINVAL;
	args.abi_version = PROCMIG_ABI_VERSION;
	args.stream_version = PROCMIG_STREAM_VERSION;
	args.requests = procmig_request_count();
	args.monotonic_ns = ktime_get_ns();
	args.boottime_ns = ktime_get_boottime_ns();
	args.xfeatures = procmig_compat_xfeatures();
	args.xstate_bytes = procmig_compat_xstate_bytes();
	strscpy_pad(args.kernel_release, init_utsname()->release,
		    sizeof(args.kernel_release));
	return procmig_argument_write(user, &args, sizeof(args));
}

static int component(void __user *user)
{
	struct procmig_component args;
	int ret;

	ret = procmig_argument_read(&args, sizeof(args), 2 * sizeof(u32), user);
	if (!ret)
		ret = procmig_registry_component(&args);
	return ret ?: procmig_argument_write(user, &args, sizeof(args));
}

static int state_kind(void __user *user)
{
	struct procmig_state_kind args;
	int ret;

	ret = procmig_argument_read(&args, sizeof(args), 2 * sizeof(u32), user);
	if (!ret)
		ret = procmig_registry_kind(&args);
	return ret ?: procmig_argument_write(user, &args, sizeof(args));
}

static int write_obstacles(const struct procmig_inspection *inspection, u64 buffer)
{
	if (inspection->used > inspection->room)
		return 0;
	return copy_to_user(u64_to_user_ptr(buffer), inspection->buffer, inspection->used) ?
	       -EFAULT : 0;
}

static int write_claims(const struct procmig_inspection *inspection, u64 buffer)
{
	u8 __user *to = u64_to_user_ptr(buffer);
	size_t written = inspection->claims_written;

	if (copy_to_user(to, inspection->claims, written))
		return -EFAULT;
	/* The end, where there is room for it. */
	return inspection->claims_room - written < sizeof(struct procmig_claim) ? 0 :
	       put_user(0, (u32 __user *)(to + written));
}

static int inspect_answer(struct procmig_inspect *args,
			  const struct procmig_inspection *inspection, void __user *user)
{
	int ret;

	args->obstacles_bytes = inspection->used;
	args->obstacle_count = inspection->count;
	args->threads = inspection->threads;
	args->processes = inspection->processes;
	args->memory_bytes = inspection->memory_bytes;
	args->claims_bytes = inspection->claims_used;
	procmig_task_clocks(inspection->task, &args->monotonic_ns, &args->boottime_ns);
	ret = write_obstacles(inspection, args->obstacles);
	if (!ret)
		ret = write_claims(inspection, args->claims);
	if (ret)
		return ret;
	if (copy_to_user(u64_to_user_ptr(args->pids), inspection->pids,
			 inspection->pid_count * sizeof(*inspection->pids)))
		return -EFAULT;
	ret = procmig_argument_write(user, args, sizeof(*args));
	if (!ret && inspection->used > inspection->room)
		ret = -EOVERFLOW;
	return ret;
}

static int inspect_task(struct procmig_inspect *args, void __user *user)
{
	struct procmig_inspection inspection = {};
	struct procmig_subsystem_set set;
	struct procmig_mechanism *mechanisms;
	int ret;

	mechanisms = procmig_mechanisms_copy(args->mechanisms, args->mechanism_count);
	if (IS_ERR(mechanisms))
		return PTR_ERR(mechanisms);
	inspection.task = procmig_task_by_identity(args->pid, args->start_time);
	if (IS_ERR(inspection.task)) {
		ret = PTR_ERR(inspection.task);
		goto free_mechanisms;
	}
	inspection.selection = args->selection;
	inspection.mechanisms = mechanisms;
	inspection.mechanism_count = args->mechanism_count;
	inspection.pid_room = args->pid_room;
	inspection.room = args->obstacles_bytes;
	inspection.buffer = kvzalloc(max_t(size_t, inspection.room, 1), GFP_KERNEL);
	inspection.claims_room = args->claims_bytes;
	inspection.claims = kvmalloc(max_t(size_t, inspection.claims_room, 1), GFP_KERNEL);
	if (!inspection.buffer || !inspection.claims) {
		ret = -ENOMEM;
		goto free_buffers;
	}
	ret = procmig_subsystems_get(&set);
	if (ret) {
		ret = -EOPNOTSUPP;
		goto free_buffers;
	}
	ret = procmig_inspect_tree(&inspection, &set);
	procmig_subsystems_put(&set);
	if (!ret)
		ret = inspect_answer(args, &inspection, user);
	kvfree(inspection.pids);

free_buffers:
	kvfree(inspection.claims);
	kvfree(inspection.buffer);
	put_task_struct(inspection.task);
free_mechanisms:
	kvfree(mechanisms);
	return ret;
}

static int inspect(void __user *user)
{
	struct procmig_inspect args;
	int ret;

	ret = procmig_argument_read(&args, sizeof(args),
				    offsetofend(struct procmig_inspect, boottime_ns), user);
	if (ret)
		return ret;
	if (args.obstacles_bytes > OBSTACLES_MAX || args.pid_room > PIDS_MAX ||
	    args.claims_bytes > PROCMIG_CLAIMS_MAX ||
	    args.selection > PROCMIG_SELECT_CGROUP || args.reserved || args.reserved2)
		return -EINVAL;
	ret = procmig_strategy_check(&args.strategy);
	return ret ?: inspect_task(&args, user);
}

static int admit_claims(struct procmig_admit *args, const void *claims, void __user *user)
{
	struct procmig_inspection inspection = { .room = args->obstacles_bytes };
	struct procmig_subsystem_set set;
	int ret;

	inspection.buffer = kvzalloc(max_t(size_t, inspection.room, 1), GFP_KERNEL);
	if (!inspection.buffer)
		return -ENOMEM;
	ret = procmig_subsystems_get(&set) ? -EOPNOTSUPP : 0;
	if (!ret) {
		ret = procmig_admit(&inspection, &set, claims, args->claims_bytes);
		procmig_subsystems_put(&set);
	}
	args->obstacles_bytes = inspection.used;
	args->obstacle_count = inspection.count;
	if (!ret)
		ret = write_obstacles(&inspection, args->obstacles);
	if (!ret)
		ret = procmig_argument_write(user, args, sizeof(*args));
	if (!ret && inspection.used > inspection.room)
		ret = -EOVERFLOW;
	kvfree(inspection.buffer);
	return ret;
}

static int admit(void __user *user)
{
	struct procmig_admit args;
	void *claims;
	int ret;

	ret = procmig_argument_read(&args, sizeof(args), sizeof(args), user);
	if (ret)
		return ret;
	if (args.obstacles_bytes > OBSTACLES_MAX || args.claims_bytes > PROCMIG_CLAIMS_MAX)
		return -EINVAL;
	claims = vmemdup_user(u64_to_user_ptr(args.claims), args.claims_bytes);
	if (IS_ERR(claims))
		return PTR_ERR(claims);
	ret = admit_claims(&args, claims, user);
	kvfree(claims);
	return ret;
}

/* Give the caller a descriptor; without one the request is aborted again. */
static int hand_over(struct procmig_request *request, __u32 *id, __s32 *fd)
{
	int ret = procmig_descriptor_new(request);

	if (ret >= 0) {
		*id = request->id;
		*fd = ret;
		ret = 0;
	}
	return ret;
}

static int submit(enum procmig_role role, void __user *user)
{
	struct procmig_request *request;
	struct procmig_submit args;
	int ret;

	ret = procmig_argument_read(&args, sizeof(args),
				    offsetofend(struct procmig_submit, fd), user);
	if (ret)
		return ret;
	request = procmig_submit(role, &args);
	if (IS_ERR(request))
		return PTR_ERR(request);
	ret = hand_over(request, &args.id, &args.fd);
	if (ret)
		procmig_request_abort(request, PROCMIG_SUBSYSTEM_CORE, ret,
				      "no descriptor for the request (%d)", ret);
	procmig_request_put(request);
	/* If this faults the descriptor is there all the same, and closed on exit. */
	return ret ?: procmig_argument_write(user, &args, sizeof(args));
}

static int enter(const void __user *user)
{
	struct procmig_request *request;
	struct procmig_enter args;
	int ret;

	ret = procmig_argument_read(&args, sizeof(args), sizeof(args), user);
	if (ret)
		return ret;
	if (args.flags)
		return -EINVAL;
	request = procmig_request_by_token(args.token);
	if (!request)
		return -ENOENT;
	ret = procmig_enter_target(request);
	procmig_request_put(request);
	return ret;
}

static int copy_plan(struct procmig_request *request, struct procmig_plan *args)
{
	u32 count = request->plan_count;

	args->task_count = count;
	if (count > args->task_room)
		return -EOVERFLOW;
	return copy_to_user(u64_to_user_ptr(args->tasks), request->plan,
			    count * sizeof(*request->plan)) ? -EFAULT : 0;
}

static int plan(void __user *user)
{
	struct procmig_request *request;
	struct procmig_plan args;
	int ret, written;

	ret = procmig_argument_read(&args, sizeof(args), sizeof(args), user);
	if (ret)
		return ret;
	if (args.flags)
		return -EINVAL;
	request = procmig_request_by_token(args.token);
	if (!request)
		return -ENOENT;
	ret = procmig_await_plan(request);
	if (!ret) {
		ret = copy_plan(request, &args);
		written = procmig_argument_write(user, &args, sizeof(args));
		ret = written ?: ret;
	}
	procmig_request_put(request);
	return ret;
}

static int give_up(const void __user *user)
{
	struct procmig_request *request;
	struct procmig_give_up args;
	int ret;

	ret = procmig_argument_read(&args, sizeof(args), sizeof(args), user);
	if (ret)
		return ret;
	if (!args.error || args.error > MAX_ERRNO)
		return -EINVAL;
	request = procmig_request_by_token(args.token);
	if (!request)
		return -ENOENT;
	if (request->role == PROCMIG_ROLE_TARGET &&
	    procmig_request_state(request) == PROCMIG_STATE_LOADING)
		ret = procmig_request_abort(request, PROCMIG_SUBSYSTEM_CORE,
					    -(int)args.error, "%.*s",
					    (int)sizeof(args.message) - 1, args.message);
	else
		ret = -EPROTO;
	procmig_request_put(request);
	return ret;
}

static int attach(void __user *user)
{
	struct procmig_request *request;
	struct procmig_attach args;
	int ret;

	ret = procmig_argument_read(&args, sizeof(args), sizeof(args), user);
	if (ret)
		return ret;
	if (args.flags)
		return -EINVAL;
	request = procmig_request_by_token(args.token);
	if (!request)
		return -ENOENT;
	ret = hand_over(request, &args.id, &args.fd);
	procmig_request_put(request);
	return ret ?: procmig_argument_write(user, &args, sizeof(args));
}

static long device_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (command) {
	case PROCMIG_IOC_INFO:
		return info(user);
	case PROCMIG_IOC_COMPONENT:
		return component(user);
	case PROCMIG_IOC_STATE_KIND:
		return state_kind(user);
	case PROCMIG_IOC_INSPECT:
		return inspect(user);
	case PROCMIG_IOC_ADMIT:
		return admit(user);
	case PROCMIG_IOC_CHECKPOINT:
		return submit(PROCMIG_ROLE_SOURCE, user);
	case PROCMIG_IOC_RESTART:
		return submit(PROCMIG_ROLE_TARGET, user);
	case PROCMIG_IOC_ENTER:
		return enter(user);
	case PROCMIG_IOC_ATTACH:
		return attach(user);
	case PROCMIG_IOC_PLAN:
		return plan(user);
	case PROCMIG_IOC_GIVE_UP:
		return give_up(user);
	default:
		return -ENOTTY;
	}
}

static int device_open(struct inode *inode, struct file *file)
{
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = no_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = PROCMIG_DEVICE,
	.fops = &device_operations,
	.mode = 0600,
};

int procmig_device_init(void)
{
	return misc_register(&device);
}

void procmig_device_exit(void)
{
	misc_deregister(&device);
}
