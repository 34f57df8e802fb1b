// SPDX-License-Identifier: GPL-2.0-only
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "task.h"

static u64 pack(kernel_cap_t caps)
{
	return (u64)caps.cap[1] << 32 | caps.cap[0];
}

static kernel_cap_t unpack(u64 caps)
{
	return (kernel_cap_t) { .cap = { (u32)caps, (u32)(caps >> 32) } };
}

static u32 uid(kuid_t id)
{
	return from_kuid(&init_user_ns, id);
}

static u32 gid(kgid_t id)
{
	return from_kgid(&init_user_ns, id);
}

int task_emit_credentials(struct procmig_thread *thread)
{
	struct task_struct *task = procmig_thread_task(thread);
	const struct cred *cred = get_task_cred(task);
	struct procmig_task_credentials body = {
		.uid = uid(cred->uid), .euid = uid(cred->euid),
		.suid = uid(cred->suid), .fsuid = uid(cred->fsuid),
		.gid = gid(cred->gid), .egid = gid(cred->egid),
		.sgid = gid(cred->sgid), .fsgid = gid(cred->fsgid),
		.cap_inheritable = pack(cred->cap_inheritable),
		.cap_permitted = pack(cred->cap_permitted),
		.cap_effective = pack(cred->cap_effective),
		.cap_bounding = pack(cred->cap_bset),
		.cap_ambient = pack(cred->cap_ambient),
		.securebits = cred->securebits,
		.no_new_privs = task_no_new_privs(task),
		.groups = cred->group_info->ngroups,
		.login_uid = uid(audit_get_loginuid(task)),
		.login_session = audit_get_sessionid(task),
	};
	u32 *groups;
	unsigned int i;
	int ret;

	groups = kvmalloc_array(max(1u, body.groups), sizeof(*groups), GFP_KERNEL);
	if (!groups) {
		put_cred(cred);
		return -ENOMEM;
	}
	for (i = 0; i < body.groups; i++)
		groups[i] = gid(cred->group_info->gid[i]);
	put_cred(cred);
	ret = task_emit(procmig_thread_process(thread), PROCMIG_TASK_CREDENTIALS, &body,
			sizeof(body), groups, body.groups * sizeof(*groups));
	kvfree(groups);
	return ret;
}

static int set_groups_of(struct cred *cred, const u32 *groups, u32 count)
{
	struct group_info *info = groups_alloc(count);
	u32 i;

	if (!info)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		info->gid[i] = make_kgid(&init_user_ns, groups[i]);
	groups_sort(info);
	set_groups(cred, info);
	put_group_info(info);
	return 0;
}

/* It is nobody else who acts: what audit says of it goes on. */
static void log_in(const struct procmig_task_credentials *wanted)
{
#ifdef CONFIG_AUDIT
	current->loginuid = make_kuid(&init_user_ns, wanted->login_uid);
	current->sessionid = wanted->login_session;
#endif
}

static int take_on(const struct procmig_task_credentials *wanted, const u32 *groups)
{
	struct cred *cred;
	int ret;

	/* Counts the process to its user, as no other way from a module does. */
	ret = procmig_compat_set_uids(wanted->uid, wanted->euid, wanted->suid);
	if (ret)
		return ret;
	cred = prepare_creds();
	if (!cred)
		return -ENOMEM;
	ret = set_groups_of(cred, groups, wanted->groups);
	if (ret) {
		abort_creds(cred);
		return ret;
	}
	cred->fsuid = make_kuid(&init_user_ns, wanted->fsuid);
	cred->gid = make_kgid(&init_user_ns, wanted->gid);
	cred->egid = make_kgid(&init_user_ns, wanted->egid);
	cred->sgid = make_kgid(&init_user_ns, wanted->sgid);
	cred->fsgid = make_kgid(&init_user_ns, wanted->fsgid);
	cred->cap_inheritable = unpack(wanted->cap_inheritable);
	cred->cap_permitted = unpack(wanted->cap_permitted);
	cred->cap_effective = unpack(wanted->cap_effective);
	cred->cap_bset = unpack(wanted->cap_bounding);
	cred->cap_ambient = unpack(wanted->cap_ambient);
	cred->securebits = wanted->securebits;
	commit_creds(cred);
	if (wanted->no_new_privs)
		task_set_no_new_privs(current);
	log_in(wanted);
	return 0;
}

static bool ids_ok(const struct procmig_task_credentials *wanted, const u32 *groups)
{
	const u32 users[] = { wanted->uid, wanted->euid, wanted->suid, wanted->fsuid };
	const u32 own_groups[] = { wanted->gid, wanted->egid, wanted->sgid, wanted->fsgid };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(users); i++)
		if (!uid_valid(make_kuid(&init_user_ns, users[i])) ||
		    !gid_valid(make_kgid(&init_user_ns, own_groups[i])))
			return false;
	for (i = 0; i < wanted->groups; i++)
		if (!gid_valid(make_kgid(&init_user_ns, groups[i])))
			return false;
	return true;
}

int task_take_credentials(struct procmig_thread *thread,
			  const struct procmig_record *record)
{
	struct task_thread *state = procmig_thread_private(thread, &task_subsystem);
	struct procmig_process *process = procmig_thread_process(thread);
	struct procmig_task_credentials *wanted;
	int ret;

	wanted = procmig_take_body(process, record, sizeof(*wanted));
	if (IS_ERR(wanted))
		return PTR_ERR(wanted);
	if (wanted->groups > NGROUPS_MAX || wanted->reserved ||
	    record->length != sizeof(*wanted) + wanted->groups * sizeof(u32) ||
	    !ids_ok(wanted, (const u32 *)(wanted + 1)))
		ret = task_refuse(process, "the credentials");
	else
		ret = take_on(wanted, (const u32 *)(wanted + 1));
	if (ret)
		procmig_fail(process, task_subsystem.id, ret,
			     "thread %d: the credentials could not be taken on (%d)",
			     task_pid_vnr(current), ret);
	state->have_credentials = !ret;
	kvfree(wanted);
	return ret;
}
