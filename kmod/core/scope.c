// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bsearch.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "scope.h"

static int compare(const void *a, const void *b)
{
	const struct task_struct *left = *(struct task_struct *const *)a;
	const struct task_struct *right = *(struct task_struct *const *)b;

	return left < right ? -1 : left > right;
}

int procmig_scope_fill(struct procmig_scope *scope, struct task_struct *const *leaders,
		       unsigned int count)
{
	scope->leader = kvmalloc_array(count, sizeof(*scope->leader), GFP_KERNEL);
	if (!scope->leader)
		return -ENOMEM;
	memcpy(scope->leader, leaders, count * sizeof(*scope->leader));
	scope->count = count;
	sort(scope->leader, count, sizeof(*scope->leader), compare, NULL);
	return 0;
}

void procmig_scope_clear(struct procmig_scope *scope)
{
	kvfree(scope->leader);
	scope->leader = NULL;
	scope->count = 0;
}

struct task_struct *procmig_scope_at(const struct procmig_scope *scope, unsigned int n)
{
	return n < scope->count ? scope->leader[n] : NULL;
}
EXPORT_SYMBOL_GPL(procmig_scope_at);

static bool is_listed(const struct procmig_scope *scope, struct task_struct *leader)
{
	return scope->count && bsearch(&leader, scope->leader, scope->count,
				       sizeof(leader), compare);
}

/* A child that was born since the look belongs to the event, as its parent does. */
bool procmig_scope_has(const struct procmig_scope *scope, struct task_struct *task)
{
	struct task_struct *leader, *parent;

	for (leader = task->group_leader; !is_listed(scope, leader); leader = parent) {
		parent = rcu_dereference(leader->real_parent)->group_leader;
		if (parent == leader)
			return false;
	}
	return true;
}
EXPORT_SYMBOL_GPL(procmig_scope_has);
