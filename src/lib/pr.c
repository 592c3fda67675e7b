// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations: the operations of the head's disk.
 *
 * What becomes of an operation when the path it was sent to fails. "Refused" is
 * an error that says that nothing was sent (-ENODEV, -ENXIO, -ESHUTDOWN); after
 * "lost" (PR_STS_PATH_FAILED and its like) it may have been executed.
 *
 *	operation	    refused	lost
 *	register	    the other paths go on; this one is blocked until
 *			    the replay has been there; an error if no path did it
 *	reserve		    next path	returned: which path holds it is unknown
 *	release		    next path	next path: a second release does nothing
 *	preempt		    next path	returned: a second one would conflict
 *	clear		    next path	next path; a conflict there is success if
 *					the key is listed no more
 *	read keys, read     next path	next path, also after an I/O error
 *	reservation
 *
 * All else is returned as the path's driver returned it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "internal.h"
#include "pr.h"

static struct mpath_pr *mpath_pr_of(struct block_device *bdev)
{
	/* not by the device's drvdata: that is a partition's own */
	struct mpath_gate *gate = bdev->bd_disk->private_data;

	return &gate->pr;
}

static const struct pr_ops *mpath_pr_path_ops(struct mpath_device *dev)
{
	return dev->disk->fops->pr_ops;
}

static bool mpath_pr_all_registrants(enum pr_type type)
{
	return type == PR_WRITE_EXCLUSIVE_ALL_REGS ||
	       type == PR_EXCLUSIVE_ACCESS_ALL_REGS;
}

static int mpath_pr_reserve(struct block_device *bdev, u64 key,
			    enum pr_type type, u32 flags)
{
	struct mpath_pr *pr = mpath_pr_of(bdev);
	struct mpath_device *dev = NULL;
	unsigned int i;
	int ret;

	ret = mpath_pr_begin(pr, MPATH_PR_OP(pr_reserve), false);
	if (ret)
		return ret;
	/* the holder is first: a reservation made twice conflicts elsewhere */
	for (i = 0; i < pr->usable; i++) {
		dev = pr->dev[i];
		ret = mpath_pr_path_ops(dev)->pr_reserve(dev->disk->part0, key,
							 type, flags);
		if (mpath_pr_judge(ret) != MPATH_PR_NOT_SENT)
			break;
	}
	switch (mpath_pr_judge(ret)) {
	case MPATH_PR_OK:
		pr->held = true;
		pr->type = type;
		mpath_pr_set_holder(pr, dev);
		break;
	case MPATH_PR_LOST:
		mpath_pr_set_holder(pr, NULL);
		break;
	default:
		break;
	}
	mpath_pr_end(pr, MPATH_PR_NEVER);
	return ret;
}

/*
 * Who holds the reservation?
 * Return: 0, @rsv->type is 0 if nobody does; an error if no path can tell.
 */
static int mpath_pr_ask(struct mpath_pr *pr, struct pr_held_reservation *rsv)
{
	int ret = -EOPNOTSUPP;
	unsigned int i;

	for (i = 0; i < pr->usable; i++) {
		struct mpath_device *dev = pr->dev[i];

		if (!mpath_pr_has(dev, MPATH_PR_OP(pr_read_reservation)))
			continue;
		/* drivers leave it alone if there is none */
		memset(rsv, 0, sizeof(*rsv));
		ret = mpath_pr_path_ops(dev)->pr_read_reservation(dev->disk->part0,
								  rsv);
		if (!ret)
			break;
	}
	return ret;
}

/*
 * The holder could not be asked to release, or is not known. If paths share a
 * registration any path has released for it; with one a path a release by
 * another one is a success without effect. Look what has come of it.
 */
static int mpath_pr_was_released(struct mpath_pr *pr, u64 key, bool all_asked)
{
	struct pr_held_reservation rsv;

	if (!mpath_pr_ask(pr, &rsv)) {
		if (!rsv.type || rsv.key != key)
			return 0;
	} else if (all_asked) {
		return 0;
	}
	pr_warn_ratelimited("%s: no path that can be used holds the reservation with key 0x%llx, nothing was released; wait for the one that does, or preempt the head's own key to move the reservation to another path\n",
			    pr->name, key);
	return -EIO;
}

static int mpath_pr_release_locked(struct mpath_pr *pr, u64 key,
				   enum pr_type type)
{
	/* with these types each path is a holder */
	bool any = mpath_pr_all_registrants(type);
	bool holder = pr->rank[0] == MPATH_PR_HOLDER;
	unsigned int asked = 0, i;
	int ret = 0, last = 0;

	for (i = 0; i < pr->usable; i++) {
		struct mpath_device *dev = pr->dev[i];

		ret = mpath_pr_path_ops(dev)->pr_release(dev->disk->part0, key,
							 type);
		switch (mpath_pr_judge(ret)) {
		case MPATH_PR_OK:
			if (any || (holder && !i))
				return 0;
			asked++;
			break;
		case MPATH_PR_NOT_SENT:
		case MPATH_PR_LOST:
			last = ret;
			break;
		default:
			return ret;
		}
	}
	if (!asked)
		return last;
	return mpath_pr_was_released(pr, key ? key : pr->key,
				     asked == pr->n);
}

static int mpath_pr_release(struct block_device *bdev, u64 key,
			    enum pr_type type)
{
	struct mpath_pr *pr = mpath_pr_of(bdev);
	int ret;

	ret = mpath_pr_begin(pr, MPATH_PR_OP(pr_release), false);
	if (ret)
		return ret;
	ret = mpath_pr_release_locked(pr, key, type);
	if (!ret) {
		pr->held = false;
		mpath_pr_set_holder(pr, NULL);
	}
	mpath_pr_end(pr, MPATH_PR_NEVER);
	return ret;
}

/* A preemption has succeeded: whose is the reservation now? */
static void mpath_pr_preempted(struct mpath_pr *pr, struct mpath_device *dev,
			       u64 own, enum pr_type type, bool self)
{
	struct pr_held_reservation rsv;

	/* what we held before another's key was preempted is held as before */
	if (pr->held && !self)
		return;
	if (!pr->held && (mpath_pr_ask(pr, &rsv) || !rsv.type ||
			  (rsv.key != own && !mpath_pr_all_registrants(rsv.type))))
		return;
	pr->held = true;
	pr->type = type;
	mpath_pr_set_holder(pr, dev);
}

/*
 * Preempting a key ends every registration with it but that of the path the
 * command came on. With our own key those are our other paths (it is the way to
 * move a reservation); with key 0, which means all others, they are among them.
 * Keep I/O off them until they are registered again.
 */
static long mpath_pr_preempt_self(struct mpath_pr *pr, u64 own, int ret)
{
	if (ret)	/* what they have now the replay finds out */
		return 0;
	pr->key = own;
	pr->old_key = 0;
	return mpath_pr_replay_all(pr);
}

static int mpath_pr_preempt(struct block_device *bdev, u64 old, u64 new,
			    enum pr_type type, bool abort)
{
	struct mpath_pr *pr = mpath_pr_of(bdev);
	bool self = old == new || !new;		/* old is the caller's key */
	struct mpath_device *dev = NULL;
	long delay = MPATH_PR_NEVER;
	unsigned int i;
	int ret;

	ret = mpath_pr_begin(pr, MPATH_PR_OP(pr_preempt), self);
	if (ret)
		return ret;
	for (i = 1; self && i < pr->usable; i++)
		mpath_pr_block(pr, pr->dev[i]);
	for (i = 0; i < pr->usable; i++) {
		if (self && i) {
			/* in this order: there is always one for I/O */
			mpath_pr_unblock(pr, pr->dev[i]);
			mpath_pr_block(pr, dev);
		}
		dev = pr->dev[i];
		ret = mpath_pr_path_ops(dev)->pr_preempt(dev->disk->part0, old,
							 new, type, abort);
		if (mpath_pr_judge(ret) != MPATH_PR_NOT_SENT)
			break;
	}
	if (!ret)
		mpath_pr_preempted(pr, dev, old, type, self);
	if (self)
		delay = mpath_pr_preempt_self(pr, old, ret);
	mpath_pr_end(pr, delay);
	return ret;
}

/* A clear was lost on one path and conflicts on the next: has it been done? */
static bool mpath_pr_was_cleared(struct mpath_pr *pr, u64 key)
{
	unsigned int i, count;
	u32 generation;

	for (i = 0; i < pr->usable; i++)
		if (!mpath_pr_count_keys(pr->dev[i], key, &generation, &count))
			return !count;
	return false;
}

static int mpath_pr_clear(struct block_device *bdev, u64 key)
{
	struct mpath_pr *pr = mpath_pr_of(bdev);
	bool lost = false;
	unsigned int i;
	int ret;

	ret = mpath_pr_begin(pr, MPATH_PR_OP(pr_clear), false);
	if (ret)
		return ret;
	for (i = 0; i < pr->usable; i++) {
		struct mpath_device *dev = pr->dev[i];
		enum mpath_pr_result result;

		ret = mpath_pr_path_ops(dev)->pr_clear(dev->disk->part0, key);
		result = mpath_pr_judge(ret);
		if (result != MPATH_PR_NOT_SENT && result != MPATH_PR_LOST)
			break;
		lost |= result == MPATH_PR_LOST;
	}
	if (lost && mpath_pr_judge(ret) == MPATH_PR_CONFLICT &&
	    mpath_pr_was_cleared(pr, key ? key : pr->key))
		ret = 0;
	if (!ret)
		mpath_pr_forget(pr);
	mpath_pr_end(pr, MPATH_PR_NEVER);
	return ret;
}

/* Reading does no harm, so it may be tried wherever the path was to blame. */
static bool mpath_pr_read_elsewhere(int ret)
{
	enum mpath_pr_result result = mpath_pr_judge(ret);

	return result == MPATH_PR_NOT_SENT || result == MPATH_PR_LOST ||
	       ret == -EIO || ret == PR_STS_IOERR;
}

static int mpath_pr_read_keys(struct block_device *bdev, struct pr_keys *keys)
{
	struct mpath_pr *pr = mpath_pr_of(bdev);
	u32 room = keys->num_keys;
	unsigned int i;
	int ret;

	ret = mpath_pr_begin(pr, MPATH_PR_OP(pr_read_keys), false);
	if (ret)
		return ret;
	for (i = 0; i < pr->usable; i++) {
		struct mpath_device *dev = pr->dev[i];

		keys->num_keys = room;
		ret = mpath_pr_path_ops(dev)->pr_read_keys(dev->disk->part0,
							   keys);
		if (!mpath_pr_read_elsewhere(ret))
			break;
	}
	mpath_pr_end(pr, MPATH_PR_NEVER);
	return ret;
}

static int mpath_pr_read_reservation(struct block_device *bdev,
				     struct pr_held_reservation *rsv)
{
	struct mpath_pr *pr = mpath_pr_of(bdev);
	unsigned int i;
	int ret;

	ret = mpath_pr_begin(pr, MPATH_PR_OP(pr_read_reservation), false);
	if (ret)
		return ret;
	for (i = 0; i < pr->usable; i++) {
		struct mpath_device *dev = pr->dev[i];

		ret = mpath_pr_path_ops(dev)->pr_read_reservation(dev->disk->part0,
								  rsv);
		if (!mpath_pr_read_elsewhere(ret))
			break;
	}
	mpath_pr_end(pr, MPATH_PR_NEVER);
	return ret;
}

const struct pr_ops mpath_pr_ops = {
	.pr_register		= mpath_pr_register,
	.pr_reserve		= mpath_pr_reserve,
	.pr_release		= mpath_pr_release,
	.pr_preempt		= mpath_pr_preempt,
	.pr_clear		= mpath_pr_clear,
	.pr_read_keys		= mpath_pr_read_keys,
	.pr_read_reservation	= mpath_pr_read_reservation,
};
