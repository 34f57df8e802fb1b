// SPDX-License-Identifier: GPL-2.0-only
/* timerfd_create(2): clock, remaining time, interval, expirations not read. */
#include <linux/file.h>
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timerfd.h>
#include <linux/uaccess.h>
#include <procmig/compat.h>
#include <procmig/file_kind.h>

static bool timerfd_match(struct file *file)
{
	return procmig_file_is_anonymous(file, "[timerfd]");
}

/* The clocks as @task sees them in its time namespace. */
static void read_clocks(struct task_struct *task, struct procmig_file_timerfd *body)
{
	struct procmig_clock_offsets offsets = procmig_clock_offsets(task);

	body->monotonic_ns = ktime_get_ns() + offsets.monotonic_ns;
	body->boottime_ns = ktime_get_boottime_ns() + offsets.boottime_ns;
	body->realtime_ns = ktime_get_real_ns();
}

/*
 * A timer that repeats stands still from its expiration until somebody reads it;
 * only then the kernel counts what has passed meanwhile.  Count it here.
 */
static void catch_up(struct file *file, struct procmig_file_timerfd *body)
{
	/* The first thing in its context, but for the alarm clocks. */
	const struct hrtimer *timer = file->private_data;
	s64 overdue;

	if (body->remaining_ns || !body->interval_ns || !body->ticks)
		return;
	overdue = body->clock == CLOCK_REALTIME_ALARM || body->clock == CLOCK_BOOTTIME_ALARM ?
		  0 : -ktime_to_ns(hrtimer_expires_remaining(timer));
	overdue = max(overdue, 0LL);
	body->ticks += div64_u64(overdue, body->interval_ns);
	div64_u64_rem(overdue, body->interval_ns, &body->remaining_ns);
	body->remaining_ns = body->interval_ns - body->remaining_ns;
}

static ssize_t timerfd_checkpoint(struct procmig_file_save *save, struct file *file,
				  void *room, size_t bytes)
{
	struct procmig_file_timerfd *body = room;
	unsigned long long seconds, nanoseconds, every_seconds, every_nanoseconds, ticks;
	char *info;
	int found;

	memset(body, 0, sizeof(*body));
	read_clocks(procmig_task(save->process), body);
	info = procmig_file_info(file);
	if (IS_ERR(info))
		return PTR_ERR(info);
	found = sscanf(info,
		       "clockid: %u ticks: %llu settime flags: %o it_value: (%llu, %llu) it_interval: (%llu, %llu)",
		       &body->clock, &ticks, &body->set_flags, &seconds, &nanoseconds,
		       &every_seconds, &every_nanoseconds);
	kvfree(info);
	if (found != 7)
		return procmig_fail(save->process, PROCMIG_SUBSYSTEM_FILES, -EOPNOTSUPP,
				    "this kernel describes a timerfd in another way");
	body->ticks = ticks;
	body->remaining_ns = seconds * NSEC_PER_SEC + nanoseconds;
	body->interval_ns = every_seconds * NSEC_PER_SEC + every_nanoseconds;
	catch_up(file, body);
	return sizeof(*body);
}

static bool is_ok(const struct procmig_file_timerfd *wanted)
{
	return wanted->remaining_ns < KTIME_MAX && wanted->interval_ns < KTIME_MAX &&
	       !(wanted->set_flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET));
}

/*
 * Negative while the process's clock still lags behind the source's last reading,
 * which it catches up with before it resumes; more than a second is no lag but
 * another clock.
 */
static s64 since(u64 now, u64 then)
{
	s64 passed = now - then;

	return passed < -(s64)NSEC_PER_SEC ? 0 : passed;
}

/*
 * What is left of the timer.  The process's clocks go on where they were, so an
 * absolute time stays what it is; a relative one has lost what the move took.
 */
static void age(const struct procmig_file_timerfd *wanted, struct itimerspec64 *setting,
		u64 *ticks)
{
	struct procmig_file_timerfd now = {};
	s64 remaining = wanted->remaining_ns, passed;
	u64 missed;

	read_clocks(current, &now);
	*ticks = wanted->ticks;
	if (!remaining) {
		/* It is not armed, or has expired for good. */
	} else if (wanted->set_flags & TFD_TIMER_ABSTIME) {
		switch (wanted->clock) {
		case CLOCK_REALTIME:
		case CLOCK_REALTIME_ALARM:
			remaining += wanted->realtime_ns;
			break;
		case CLOCK_BOOTTIME:
		case CLOCK_BOOTTIME_ALARM:
			remaining += wanted->boottime_ns;
			break;
		default:
			remaining += wanted->monotonic_ns;
			break;
		}
	} else {
		passed = since(now.monotonic_ns, wanted->monotonic_ns);
		if (passed < remaining) {
			remaining -= passed;
		} else if (wanted->interval_ns) {
			missed = div64_u64(passed - remaining, wanted->interval_ns) + 1;
			remaining += missed * wanted->interval_ns - passed;
			*ticks += missed;
		} else {
			remaining = 1;
		}
	}
	setting->it_value = ns_to_timespec64(remaining);
	setting->it_interval = ns_to_timespec64(wanted->interval_ns);
}

static int set_timer(struct procmig_file_load *load, int fd,
		     const struct procmig_file_timerfd *wanted)
{
	struct __kernel_itimerspec __user *user = load->scratch;
	struct itimerspec64 setting;
	u64 ticks;
	long ret;

	age(wanted, &setting, &ticks);
	if (put_itimerspec64(&setting, user))
		return -EFAULT;
	ret = procmig_syscall(__NR_timerfd_settime, fd, wanted->set_flags,
			      (unsigned long)user, 0);
	if (!ret && ticks) {
		if (copy_to_user(load->scratch, &ticks, sizeof(ticks)))
			return -EFAULT;
		ret = procmig_syscall(__NR_ioctl, fd, TFD_IOC_SET_TICKS,
				      (unsigned long)load->scratch);
	}
	return ret;
}

static struct file *timerfd_restart(struct procmig_file_load *load, const void *body,
				    size_t bytes)
{
	const struct procmig_file_timerfd *wanted = body;
	struct file *file;
	long fd;
	int ret = 0;

	if (bytes != sizeof(*wanted) || !is_ok(wanted))
		return ERR_PTR(procmig_file_refuse(load, "a timerfd"));
	fd = procmig_syscall(__NR_timerfd_create, wanted->clock, TFD_NONBLOCK);
	if (fd >= 0 && (wanted->remaining_ns || wanted->set_flags || wanted->ticks))
		ret = set_timer(load, fd, wanted);
	file = procmig_file_from_descriptor(fd);
	if (ret && !IS_ERR(file)) {
		fput(file);
		return ERR_PTR(ret);
	}
	return file;
}

static const struct procmig_kind kinds[] = {
	{ "timerfd", PROCMIG_KIND_CARRIED,
	  "clock, remaining time, interval, expirations; what the move took has passed" },
};

static const struct procmig_file_kind timerfd_kind = {
	.name = "timerfd",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = timerfd_match,
	.checkpoint = timerfd_checkpoint,
	.restart = timerfd_restart,
};

static int __init timerfd_init(void)
{
	return procmig_register_file_kind(&timerfd_kind);
}

static void __exit timerfd_exit(void)
{
	procmig_unregister_file_kind(&timerfd_kind);
}

module_init(timerfd_init);
module_exit(timerfd_exit);
MODULE_DESCRIPTION("procmig: kind of file, timerfd");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
