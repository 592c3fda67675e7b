// SPDX-License-Identifier: GPL-2.0
/* Reservations: the walk over a head's paths. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched/mm.h>

#include "internal.h"
#include "pr.h"

static struct mpath_gate *mpath_pr_gate(struct mpath_pr *pr)
{
	return container_of(pr, struct mpath_gate, pr);
}

void mpath_pr_init(struct mpath_pr *pr)
{
	mutex_init(&pr->lock);
	INIT_DELAYED_WORK(&pr->work, mpath_pr_work);
	pr->holder = -1;
	pr->srcu = -1;
}

/* No work is queued any more: mpath_pr_drain() was before. */
void mpath_pr_destroy(struct mpath_pr *pr)
{
	WARN_ON_ONCE(delayed_work_pending(&pr->work));
	mutex_destroy(&pr->lock);
}

/* The gate is shut: who would queue the work anew does not find the head. */
void mpath_pr_drain(struct mpath_pr *pr)
{
	cancel_delayed_work_sync(&pr->work);
}

/**
 * mpath_pr_path_added() - a path is about to take a slot of the head
 * @pr: of the head's gate
 * @slot: the path's
 *
 * Context: Head lock held; before the core publishes the path.
 * Return: MPC_BLOCK_* that it starts with.
 */
u32 mpath_pr_path_added(struct mpath_pr *pr, unsigned int slot)
{
	/* who made the reservation has left; this is another path */
	if (pr->holder == slot)
		pr->holder = -1;
	return pr->armed ? MPC_BLOCK_REGISTER : 0;
}

/* The errors of nvme_pr_ops and sd_pr_ops of 6.12, and of the block layer. */
enum mpath_pr_result mpath_pr_judge(int ret)
{
	switch (ret) {
	case 0:
		return MPATH_PR_OK;
	case PR_STS_RESERVATION_CONFLICT:
	case -EBADE:			/* the same as a block status */
		return MPATH_PR_CONFLICT;
	case -ENODEV:
	case -ENXIO:
	case -ESHUTDOWN:
		return MPATH_PR_NOT_SENT;
	case PR_STS_PATH_FAILED:
	case PR_STS_PATH_FAST_FAILED:
	case PR_STS_RETRY_PATH_FAILURE:
	case -EINTR:			/* nvme: cancelled by a reset */
	case -ENOLINK:
	case -ETIMEDOUT:
		return MPATH_PR_LOST;
	default:
		return MPATH_PR_FAILED;
	}
}

/* @op: MPATH_PR_OP(); every member of struct pr_ops is a function pointer. */
bool mpath_pr_has(struct mpath_device *dev, size_t op)
{
	const struct pr_ops *ops = dev->disk->fops->pr_ops;

	return ops && *(void *const *)((const char *)ops + op);
}

/* Is it of no use to send something there now? The path is pinned or in a section. */
bool mpath_pr_down(struct mpath_pr *pr, struct mpath_device *dev)
{
	return (mpc_path_blocked(dev->core) & MPC_BLOCK_ADMIN) ||
	       mpath_pr_gate(pr)->ops.is_disabled(dev) ||
	       READ_ONCE(dev->access_state) == MPATH_STATE_OTHER;
}

static enum mpath_pr_rank mpath_pr_rank(struct mpath_pr *pr,
					struct mpath_device *dev, int holder)
{
	if (mpc_path_blocked(dev->core) || mpath_pr_down(pr, dev))
		return MPATH_PR_UNUSABLE;
	if (dev->slot == holder)
		return MPATH_PR_HOLDER;
	if (READ_ONCE(dev->access_state) == MPATH_STATE_OPTIMIZED &&
	    mpc_path_health(dev->core) == MPC_HEALTH_OK &&
	    mpath_pr_gate(pr)->ops.is_optimized(dev))
		return MPATH_PR_GOOD;
	return MPATH_PR_SPARE;
}

/* Pin and sort, in place: what was sorted never gets ahead of what is read. */
static void mpath_pr_pin(struct mpath_pr *pr, unsigned int found, int holder)
{
	const struct mpc_ops *ops = &mpath_pr_gate(pr)->ops;
	unsigned int i, j;

	for (i = 0; i < found; i++) {
		struct mpath_device *dev = pr->dev[i];
		enum mpath_pr_rank rank;

		if (ops->get_path && !ops->get_path(dev))
			continue;	/* it is leaving */
		rank = mpath_pr_rank(pr, dev, holder);
		for (j = pr->n++; j && pr->rank[j - 1] > rank; j--) {
			pr->dev[j] = pr->dev[j - 1];
			pr->rank[j] = pr->rank[j - 1];
		}
		pr->dev[j] = dev;
		pr->rank[j] = rank;
		if (rank != MPATH_PR_UNUSABLE)
			pr->usable++;
	}
}

static void mpath_pr_unpin(struct mpath_pr *pr)
{
	struct mpath_gate *gate = mpath_pr_gate(pr);

	if (gate->ops.get_path)
		while (pr->n)
			gate->ops.put_path(pr->dev[--pr->n]);
	pr->n = 0;
	pr->usable = 0;
	if (pr->srcu >= 0)
		srcu_read_unlock(&gate->srcu, pr->srcu);
	pr->srcu = -1;
}

/**
 * mpath_pr_collect() - collect the paths
 * @pr: of the gate that the bdev's disk refers to; the caller took the lock
 * @arm: paths that are added from now on start blocked
 *
 * A driver that cannot pin a path keeps the operation in the section, so that
 * its head's removal waits for the path's answer; others leave it.
 *
 * Return: 0, to be followed by mpath_pr_end(); -ENODEV: there is no head, and
 * the lock was given back.
 */
int mpath_pr_collect(struct mpath_pr *pr, bool arm)
{
	struct mpath_gate *gate = mpath_pr_gate(pr);
	struct mpath_device *dev;
	struct mpath_head *head;
	unsigned int found = 0;
	int holder;

	lockdep_assert_held(&pr->lock);
	pr->srcu = srcu_read_lock(&gate->srcu);
	head = srcu_dereference(gate->head, &gate->srcu);
	if (!head) {
		mpath_pr_unpin(pr);
		mutex_unlock(&pr->lock);
		return -ENODEV;
	}
	/*
	 * Paths may be blocked by what we do, and with them the bios that an
	 * allocation could wait for.
	 */
	pr->noio = memalloc_noio_save();
	strscpy(pr->name, head->disk ? head->disk->disk_name : "?",
		sizeof(pr->name));

	mutex_lock(&head->lock);
	if (arm)
		pr->armed = true;
	holder = pr->holder;
	list_for_each_entry(dev, &head->dev_list, siblings)
		if (found < MPATH_MAX_PATHS)
			pr->dev[found++] = dev;
	mutex_unlock(&head->lock);

	mpath_pr_pin(pr, found, holder);
	if (gate->ops.get_path) {
		srcu_read_unlock(&gate->srcu, pr->srcu);
		pr->srcu = -1;
	}
	return 0;
}

/**
 * mpath_pr_begin() - begin an operation
 * @pr: as for mpath_pr_collect(), but the lock is taken here
 * @op: MPATH_PR_OP() that every usable path must have
 * @arm: as for mpath_pr_collect()
 *
 * Return: 0, to be followed by mpath_pr_end(); -ENODEV; -EWOULDBLOCK without a
 * usable path; -EOPNOTSUPP if one cannot do it.
 */
int mpath_pr_begin(struct mpath_pr *pr, size_t op, bool arm)
{
	unsigned int i;
	int ret;

	mutex_lock(&pr->lock);
	ret = mpath_pr_collect(pr, arm);
	if (ret)
		return ret;
	if (!pr->usable)
		ret = -EWOULDBLOCK;
	for (i = 0; i < pr->usable && !ret; i++)
		if (!mpath_pr_has(pr->dev[i], op))
			ret = -EOPNOTSUPP;
	if (ret)
		mpath_pr_end(pr, MPATH_PR_NEVER);
	return ret;
}

static bool mpath_pr_clear_block(struct mpath_device *dev)
{
	WRITE_ONCE(dev->replays, 0);
	return mpc_path_block(dev->core,
			      MPC_BLOCK_REGISTER | MPC_BLOCK_HOPELESS, 0);
}

/* Paths that wait for a registration that nobody wants any more. */
static void mpath_pr_release_paths(struct mpath_head *head)
{
	struct mpath_device *dev;
	bool changed = false;

	list_for_each_entry(dev, &head->dev_list, siblings)
		changed |= mpath_pr_clear_block(dev);
	if (changed)
		mpath_event(head);
}

/**
 * mpath_pr_end() - end what mpath_pr_collect() began
 * @pr: with the lock held
 * @delay: ticks until the replay has to look at the paths, or MPATH_PR_NEVER
 */
void mpath_pr_end(struct mpath_pr *pr, long delay)
{
	struct mpath_gate *gate = mpath_pr_gate(pr);
	struct mpath_head *head;
	int idx;

	idx = srcu_read_lock(&gate->srcu);
	head = srcu_dereference(gate->head, &gate->srcu);
	if (head) {
		mutex_lock(&head->lock);
		pr->armed = pr->key != 0;
		if (!pr->key && !pr->old_key)
			mpath_pr_release_paths(head);
		mutex_unlock(&head->lock);
		if (delay >= 0 && (pr->key || pr->old_key))
			mod_delayed_work(mpath_wq, &pr->work, delay);
	}
	srcu_read_unlock(&gate->srcu, idx);

	memalloc_noio_restore(pr->noio);
	mpath_pr_unpin(pr);
	mutex_unlock(&pr->lock);
}

/**
 * mpath_pr_set_holder() - remember who has the reservation
 * @pr: with the lock held
 * @dev: the path, one of @pr's; NULL: not known
 */
void mpath_pr_set_holder(struct mpath_pr *pr, struct mpath_device *dev)
{
	struct mpath_gate *gate = mpath_pr_gate(pr);
	struct mpath_head *head;
	int idx;

	idx = srcu_read_lock(&gate->srcu);
	head = srcu_dereference(gate->head, &gate->srcu);
	if (head) {
		mutex_lock(&head->lock);
		/* one that has left meanwhile may have lost its slot */
		if (dev && test_bit(MPATH_DEVICE_ATTACHED, &dev->flags))
			pr->holder = dev->slot;
		else
			pr->holder = -1;
		mutex_unlock(&head->lock);
	}
	srcu_read_unlock(&gate->srcu, idx);
}

/* No key of ours is registered any more, and no reservation is ours. */
void mpath_pr_forget(struct mpath_pr *pr)
{
	pr->key = 0;
	pr->old_key = 0;
	pr->held = false;
	pr->inconsistent = false;
	mpath_pr_set_holder(pr, NULL);
}

/* Tell CPUs and parked bios, if there is a head: a pin keeps the path alone. */
void mpath_pr_changed(struct mpath_pr *pr)
{
	mpath_gate_event(mpath_pr_gate(pr));
}

/* Keep I/O off the path until the replay has been there; with all its tries. */
void mpath_pr_block(struct mpath_pr *pr, struct mpath_device *dev)
{
	WRITE_ONCE(dev->replays, 0);
	mpc_path_block(dev->core, MPC_BLOCK_HOPELESS, 0);
	if (mpc_path_block(dev->core, MPC_BLOCK_REGISTER, 1))
		mpath_pr_changed(pr);
}

void mpath_pr_unblock(struct mpath_pr *pr, struct mpath_device *dev)
{
	if (mpath_pr_clear_block(dev))
		mpath_pr_changed(pr);
}
