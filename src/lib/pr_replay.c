// SPDX-License-Identifier: GPL-2.0
/* Reservations: register on paths that join or come back. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "internal.h"
#include "pr.h"

/* Tries on a path that is up; with the pauses between them about 6 s. */
#define MPATH_PR_TRIES		5
#define MPATH_PR_FIRST_PAUSE	(HZ / 2)

/*
 * As long as a path is blocked the work looks at it this often: a driver need not
 * tell when a path is usable again.
 */
#define MPATH_PR_LOOK		(2 * HZ)
#define MPATH_PR_BUSY		(HZ / 10)	/* an operation is under way */

/* READ KEYS has a length of 16 bits in SCSI: no more than that many fit. */
#define MPATH_PR_FIRST_KEYS	128
#define MPATH_PR_MOST_KEYS	8190

/* mpath_pr_replay_one(), none of them an errno of a path: */
#define MPATH_PR_FENCED		(-ESTALE)	/* our key is registered nowhere */
#define MPATH_PR_STUCK		(-EUCLEAN)	/* it was, but should not have been */

/**
 * mpath_pr_count_keys() - how often is a key registered?
 * @dev: the path to ask
 * @key: the key
 * @generation: set to the storage's count of changes
 * @count: set to the number of registrations with @key
 *
 * Return: 0; -EOPNOTSUPP if the path cannot tell; -ENOMEM; the path's error.
 */
int mpath_pr_count_keys(struct mpath_device *dev, u64 key, u32 *generation,
			unsigned int *count)
{
	const struct pr_ops *ops = dev->disk->fops->pr_ops;
	unsigned int room = MPATH_PR_FIRST_KEYS, i;
	struct pr_keys *keys;
	int ret;

	if (!mpath_pr_has(dev, MPATH_PR_OP(pr_read_keys)))
		return -EOPNOTSUPP;
	for (;;) {
		keys = kvzalloc(struct_size(keys, keys, room), GFP_KERNEL);
		if (!keys)
			return -ENOMEM;
		keys->num_keys = room;
		ret = ops->pr_read_keys(dev->disk->part0, keys);
		if (ret || keys->num_keys <= room || room == MPATH_PR_MOST_KEYS)
			break;
		room = min_t(unsigned int, keys->num_keys, MPATH_PR_MOST_KEYS);
		kvfree(keys);
	}
	if (!ret) {
		*generation = keys->generation;
		*count = 0;
		for (i = 0; i < min(keys->num_keys, room); i++)
			*count += keys->keys[i] == key;
	}
	kvfree(keys);
	return ret;
}

/**
 * mpath_pr_give_key() - register the head's key on a path that has none of it
 * @dev: the path
 * @key: the key
 *
 * Not if another host has preempted us: a path that joins must not undo that.
 * So the key has to be registered still, by another path, when we look. If it
 * was preempted between that look and the registration, the storage has counted
 * more than our own change: take it back, and look again later. (Drivers that
 * report no count leave it at 0.)
 *
 * Return: 0, %MPATH_PR_FENCED, %MPATH_PR_STUCK, -EAGAIN, the path's error.
 */
static int mpath_pr_give_key(struct mpath_device *dev, u64 key)
{
	u32 before = 0, after = 0;
	unsigned int count;
	int looked, ret;

	looked = mpath_pr_count_keys(dev, key, &before, &count);
	if (looked && looked != -EOPNOTSUPP)
		return looked;
	if (!looked && !count)
		return MPATH_PR_FENCED;

	ret = mpath_pr_call_register(dev, 0, key, PR_FL_IGNORE_KEY);
	if (ret || looked)
		return ret;
	ret = mpath_pr_count_keys(dev, key, &after, &count);
	if (!ret && after - before <= 1)
		return 0;
	/* else the next try would find it registered, and be content */
	if (mpath_pr_call_register(dev, key, 0, 0))
		return MPATH_PR_STUCK;
	return ret ? ret : -EAGAIN;
}

/* Return: 0 if the path has what it should have; see mpath_pr_give_key(). */
static int mpath_pr_replay_one(struct mpath_pr *pr, struct mpath_device *dev)
{
	int ret;

	if (!mpath_pr_has(dev, MPATH_PR_OP(pr_register)))
		return -EOPNOTSUPP;
	if (!pr->key) {
		if (!pr->old_key)
			return 0;
		ret = mpath_pr_call_register(dev, pr->old_key, 0, 0);
		return mpath_pr_judge(ret) == MPATH_PR_CONFLICT ? 0 : ret;
	}
	/*
	 * Over itself first: this succeeds, and changes nothing, if the path
	 * shares a registration or the storage has kept the path's own.
	 */
	ret = mpath_pr_call_register(dev, pr->key, pr->key, 0);
	switch (mpath_pr_judge(ret)) {
	case MPATH_PR_OK:
	case MPATH_PR_NOT_SENT:
	case MPATH_PR_LOST:
		return ret;
	default:
		return mpath_pr_give_key(dev, pr->key);
	}
}

static void mpath_pr_fenced(struct mpath_pr *pr)
{
	pr_warn("%s: reservation key 0x%llx is not registered any more, another host may have preempted it: not registered again on paths that join\n",
		pr->name, pr->key);
	mpath_pr_forget(pr);
}

/* Bios stop waiting for it. */
static void mpath_pr_give_up(struct mpath_pr *pr, struct mpath_device *dev,
			     int error)
{
	mpc_path_block(dev->core, MPC_BLOCK_HOPELESS, 1);
	pr_warn("%s: path %s stays unused: reservation key 0x%llx could not be %s there (%d); register on the head again, or reconnect the path\n",
		pr->name, dev->disk->disk_name,
		pr->key ? pr->key : pr->old_key,
		pr->key ? "registered" : "unregistered", error);
	mpath_pr_changed(pr);
}

/* What a path could not do before it may do when it is back: all tries again. */
static void mpath_pr_start_over(struct mpath_device *dev)
{
	WRITE_ONCE(dev->replays, 0);
	mpc_path_block(dev->core, MPC_BLOCK_HOPELESS, 0);
}

/*
 * One path is left as it is now. Return: ticks until it is worth another try. The
 * others that wait are then tried, too; that costs them a pause, not a try more.
 */
static long mpath_pr_retry(struct mpath_pr *pr, struct mpath_device *dev,
			   int error)
{
	unsigned int tries = READ_ONCE(dev->replays) + 1;

	if (mpath_pr_down(pr, dev))
		return MPATH_PR_LOOK;
	WRITE_ONCE(dev->replays, tries);
	if (tries >= MPATH_PR_TRIES || error == MPATH_PR_STUCK) {
		mpath_pr_give_up(pr, dev, error);
		return MPATH_PR_LOOK;
	}
	return min_t(long, MPATH_PR_FIRST_PAUSE << (tries - 1), MPATH_PR_LOOK);
}

/* One blocked path. Return: ticks until the next look, 0: it was unblocked. */
static long mpath_pr_replay_path(struct mpath_pr *pr, struct mpath_device *dev)
{
	int ret;

	if (mpath_pr_down(pr, dev)) {
		mpath_pr_start_over(dev);
		return MPATH_PR_LOOK;
	}
	if (mpc_path_blocked(dev->core) & MPC_BLOCK_HOPELESS)
		return MPATH_PR_LOOK;
	ret = mpath_pr_replay_one(pr, dev);
	if (ret == MPATH_PR_FENCED)
		mpath_pr_fenced(pr);	/* the end of the walk lets all of them go */
	else if (!ret)
		mpath_pr_unblock(pr, dev);
	else
		return mpath_pr_retry(pr, dev, ret);
	return 0;
}

/**
 * mpath_pr_replay_all() - all paths that are blocked for it
 * @pr: with the lock held and the paths collected
 *
 * Return: ticks until the next look, %MPATH_PR_NEVER if none is needed.
 */
long mpath_pr_replay_all(struct mpath_pr *pr)
{
	long next = MPATH_PR_NEVER, wait;
	unsigned int i;

	for (i = 0; i < pr->n && (pr->key || pr->old_key); i++) {
		struct mpath_device *dev = pr->dev[i];

		if (!(mpc_path_blocked(dev->core) & MPC_BLOCK_REGISTER))
			continue;
		wait = mpath_pr_replay_path(pr, dev);
		if (wait && (next < 0 || wait < next))
			next = wait;
	}
	if (next < 0)
		pr->old_key = 0;	/* every path has been there */
	return next;
}

static void mpath_pr_queue(struct mpath_gate *gate, unsigned long delay)
{
	int idx;

	idx = srcu_read_lock(&gate->srcu);
	if (srcu_dereference(gate->head, &gate->srcu))
		mod_delayed_work(mpath_wq, &gate->pr.work, delay);
	srcu_read_unlock(&gate->srcu, idx);
}

/*
 * Whoever removes the head waits for this work: it must not wait for the lock,
 * and so for what some path does for another operation.
 */
void mpath_pr_work(struct work_struct *work)
{
	struct mpath_pr *pr = container_of(to_delayed_work(work),
					   struct mpath_pr, work);

	if (!mutex_trylock(&pr->lock))
		mpath_pr_queue(container_of(pr, struct mpath_gate, pr),
			       MPATH_PR_BUSY);
	else if (!mpath_pr_collect(pr, false))
		mpath_pr_end(pr, mpath_pr_replay_all(pr));
}

/**
 * mpath_pr_replay() - a path has joined its head or is back
 * @dev: a path of a live head
 *
 * Nothing for a path that does not wait for a registration. Does not wait for
 * one itself: the path may be in the hands of who calls this.
 * Context: Process context.
 */
void mpath_pr_replay(struct mpath_device *dev)
{
	if (!(mpc_path_blocked(dev->core) & MPC_BLOCK_REGISTER))
		return;
	mpath_pr_start_over(dev);
	mpath_pr_queue(dev->mpath_head->gate, 0);
}

/**
 * mpath_pr_event() - a path may have become usable or unusable
 * @dev: a path of a live head; the caller is in a section or holds the head lock
 *
 * Context: Any; may not sleep.
 */
void mpath_pr_event(struct mpath_device *dev)
{
	struct mpath_gate *gate = dev->mpath_head->gate;

	if (!(mpc_path_blocked(dev->core) & MPC_BLOCK_REGISTER))
		return;
	if (mpath_pr_down(&gate->pr, dev))
		mpath_pr_start_over(dev);
	else if (!READ_ONCE(dev->replays))
		mpath_pr_queue(gate, 0);	/* else its next try is due anyway */
}
