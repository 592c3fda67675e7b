// SPDX-License-Identifier: GPL-2.0
/* Reservations: register and unregister a key on all paths. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "internal.h"
#include "pr.h"

int mpath_pr_call_register(struct mpath_device *dev, u64 old, u64 new,
			   u32 flags)
{
	return dev->disk->fops->pr_ops->pr_register(dev->disk->part0, old, new,
						    flags);
}

/* One call of mpath_pr_register() on its way over the paths. */
struct mpath_pr_walk {
	u64 old;
	u64 new;
	u32 flags;
	u64 before;	/* the key that paths had, as far as that is known */
	u64 done;	/* paths that did it, by index */
	u64 lost;	/* paths that failed and may have done it */
	bool gone;	/* a path had no such key to unregister */
};

/**
 * mpath_pr_move() - bring one path from one key to another
 * @dev: the path
 * @old: as for pr_register
 * @new: as for pr_register
 * @flags: as for pr_register
 * @shared: the same was done on another path, with success as far as known
 *
 * If paths share a registration the first one has done all there is to do: the
 * next one does not find @old any more, which is a conflict. Ask it what it has.
 * Registering @new over itself changes nothing and succeeds only where @new is
 * registered. Else, a path without a registration can be given one; it was to
 * have it anyway.
 *
 * Return: 0, or what the path's driver returned. A conflict if @shared and @new
 * is 0 means that @old is not registered there.
 */
static int mpath_pr_move(struct mpath_device *dev, u64 old, u64 new, u32 flags,
			 bool shared)
{
	int ret = mpath_pr_call_register(dev, old, new, flags);

	if (!shared || !new || mpath_pr_judge(ret) != MPATH_PR_CONFLICT)
		return ret;
	if (!mpath_pr_call_register(dev, new, new, 0))
		return 0;
	return mpath_pr_call_register(dev, 0, new, 0);
}

/* Back to the key from before, on what was or may have been changed. */
static void mpath_pr_undo(struct mpath_pr *pr, struct mpath_pr_walk *w)
{
	u64 todo = w->done | w->lost;
	int ret;

	if (w->new == w->before)
		return;
	while (todo) {
		unsigned int i = __ffs64(todo);
		struct mpath_device *dev = pr->dev[i];

		todo &= todo - 1;
		ret = mpath_pr_move(dev, w->new, w->before, 0, true);
		if (!ret || (!w->before &&
			     mpath_pr_judge(ret) == MPATH_PR_CONFLICT))
			continue;
		pr->inconsistent = true;
		pr_warn("%s: path %s may be left with reservation key 0x%llx in place of 0x%llx: could not undo (%d); register again\n",
			pr->name, dev->disk->disk_name, w->new, w->before, ret);
	}
	/* unregistering the holder has released what it held */
	if (!w->new && w->done && pr->held)
		pr_warn("%s: unregistering was undone, but the reservation may be lost\n",
			pr->name);
}

/* All usable paths. Return: 0; the error of the path that ended the walk. */
static int mpath_pr_walk(struct mpath_pr *pr, struct mpath_pr_walk *w)
{
	int last = 0, ret;
	unsigned int n;

	for (n = 0; n < pr->usable; n++) {
		/* the holder comes last if its reservation goes with the key */
		unsigned int i = w->new ? n : pr->usable - 1 - n;
		struct mpath_device *dev = pr->dev[i];
		bool shared = w->done || w->lost;

		ret = mpath_pr_move(dev, w->old, w->new, w->flags, shared);
		switch (mpath_pr_judge(ret)) {
		case MPATH_PR_OK:
			w->done |= BIT_ULL(i);
			continue;
		case MPATH_PR_LOST:
			w->lost |= BIT_ULL(i);
			fallthrough;
		case MPATH_PR_NOT_SENT:
			/* as if it had been down from the start */
			mpath_pr_block(pr, dev);
			last = ret;
			continue;
		case MPATH_PR_CONFLICT:
			if (!w->new && shared) {
				w->gone = true;
				w->done |= BIT_ULL(i);
				continue;
			}
			fallthrough;
		default:
			pr_notice_ratelimited("%s: path %s refused reservation key 0x%llx (%d), undoing %u paths\n",
					      pr->name, dev->disk->disk_name,
					      w->new, ret,
					      (unsigned int)hweight64(w->done));
			return ret;
		}
	}
	return w->done ? 0 : last;
}

/*
 * Unregistering gave a conflict on a path: it shares a registration that was
 * gone already. Or another host uses the same key; that is not ours to change.
 */
static void mpath_pr_check_gone(struct mpath_pr *pr, u64 key)
{
	unsigned int i, count;
	u32 generation;

	for (i = 0; i < pr->usable; i++) {
		if (mpath_pr_count_keys(pr->dev[i], key, &generation, &count))
			continue;
		if (count)
			pr_notice_ratelimited("%s: reservation key 0x%llx was unregistered on all paths but is still listed %u times: another host may use it, too\n",
					      pr->name, key, count);
		return;
	}
}

static int mpath_pr_register_locked(struct mpath_pr *pr, u64 old, u64 new,
				    u32 flags)
{
	struct mpath_pr_walk w = { .old = old, .new = new, .flags = flags };
	unsigned int i;
	int ret;

	/* whoever finds nothing to match with @old had what we remember */
	w.before = (flags & PR_FL_IGNORE_KEY) || (!old && pr->key == new) ?
		   pr->key : old;

	/*
	 * Before the first path: one that comes back meanwhile must not carry
	 * I/O without the key.
	 */
	for (i = pr->usable; i < pr->n; i++)
		if (new || pr->key || old)
			mpath_pr_block(pr, pr->dev[i]);

	ret = mpath_pr_walk(pr, &w);
	if (ret) {
		mpath_pr_undo(pr, &w);
		return ret;
	}
	if (new) {
		pr->key = new;
		pr->old_key = 0;
		if (pr->inconsistent)
			pr_notice("%s: all paths have the same reservation key again\n",
				  pr->name);
		pr->inconsistent = false;
		return 0;
	}
	if (w.gone)
		mpath_pr_check_gone(pr, w.before);
	mpath_pr_forget(pr);
	pr->old_key = w.before;
	return 0;
}

int mpath_pr_register(struct block_device *bdev, u64 old, u64 new, u32 flags)
{
	struct mpath_gate *gate = bdev->bd_disk->private_data;
	int ret;

	if (flags & ~PR_FL_IGNORE_KEY)
		return -EOPNOTSUPP;
	ret = mpath_pr_begin(&gate->pr, MPATH_PR_OP(pr_register), true);
	if (ret)
		return ret;
	ret = mpath_pr_register_locked(&gate->pr, old, new, flags);
	mpath_pr_end(&gate->pr, 0);
	return ret;
}
