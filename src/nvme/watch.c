// SPDX-License-Identifier: GPL-2.0
/*
 * What no event tells: the driver says nothing when it has found a namespace resized or
 * formatted otherwise, so this is looked for. A look is a few loads a path.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blkdev.h>
#include <linux/sched/mm.h>

#include "mpn.h"

#define MPN_WATCH_TIME	(2 * HZ)
/* while a controller looks */
#define MPN_STALE_TIME	(HZ / 10)

/* Its paths may be used again: for what waits. */
static void mpn_head_usable(struct mpn_head *head)
{
	struct mpath_device *any;
	int idx;

	idx = srcu_read_lock(&head->mpath.srcu);
	any = list_first_or_null_rcu(&head->mpath.dev_list, struct mpath_device,
				     siblings);
	if (any)
		mpath_path_changed(any);
	srcu_read_unlock(&head->mpath.srcu, idx);
	mpn_failover_kick(head);
}

struct mpn_look {
	bool stale;		/* a path has not looked since a format */
	bool fresh;		/* one has now */
	unsigned long again;	/* jiffies until it is to be asked again, if stale */
};

static void mpn_path_look(struct mpn_path *path, struct mpn_look *look)
{
	if (!mpn_path_to_look(path)) {
		clear_bit(MPATH_DEVICE_OUTDATED, &path->mdev.flags);
		if (test_and_clear_bit(MPN_PATH_STALE, &path->flags)) {
			look->fresh = true;
			mpn_look_done(path->ctrl);
		}
		return;
	}
	set_bit(MPATH_DEVICE_OUTDATED, &path->mdev.flags);
	set_bit(MPN_PATH_STALE, &path->flags);
	smp_mb__after_atomic();		/* mpn_ctrl_tell() sees it, or we the state */
	if (mpn_ctrl_state(path->ctrl->ctrl) != NVME_CTRL_LIVE)
		return;
	mpn_ctrl_look(path->ctrl);
	look->stale = true;
	if (mpn_look_is_new(path->ctrl))
		look->again = MPN_STALE_TIME;
}

static void mpn_paths_look(struct mpn_head *head, struct mpn_look *look)
{
	bool any = false, right = false;
	struct mpath_device *mdev;

	/* the list changes under mpn_topology only */
	list_for_each_entry(mdev, &head->mpath.dev_list, siblings) {
		any = true;
		right |= !mpn_path_to_look(mpn_path_of(mdev));
	}
	/* before a look is asked for, which goes by it */
	WRITE_ONCE(head->all_stale, any && !right);
	list_for_each_entry(mdev, &head->mpath.dev_list, siblings)
		mpn_path_look(mpn_path_of(mdev), look);
}

/* Return: the head's limits or size have changed. */
static bool mpn_head_look(struct mpn_head *head, struct mpn_look *look)
{
	struct request_queue *q = head->mpath.disk->queue;
	u8 shift = mpn_head_lba_shift(head->ns_head);
	u16 ms = mpn_head_ms(head->ns_head);
	u8 was = head->lba_shift;
	bool changed, meta = head->ms != ms;

	look->fresh = false;
	mpn_paths_look(head, look);
	WRITE_ONCE(head->mpath.block_size, 1u << shift);
	changed = mpath_revalidate(&head->mpath);
	WRITE_ONCE(head->lba_shift, ilog2(queue_logical_block_size(q)));
	/* pairs with mpn_format_changed(): MPN_PATH_STALE is set */
	smp_store_release(&head->ms, ms);
	if (look->fresh || meta || head->lba_shift > was)
		mpn_head_usable(head);
	return changed;
}

static void mpn_watch_work(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(mpn_watch, mpn_watch_work);
static unsigned long mpn_look_asked;

/* A deferrable work does not run while nothing else does: I/O waits then. */
static void mpn_soon_work(struct work_struct *work)
{
	mpn_heads_look();
}
static DECLARE_DELAYED_WORK(mpn_soon, mpn_soon_work);

static void mpn_watch_work(struct work_struct *work)
{
	unsigned int noio = memalloc_noio_save();	/* as in the path's work */
	struct mpn_look look = { .again = MPN_WATCH_TIME };
	struct mpn_head *head;
	bool changed = false;

	clear_bit(0, &mpn_look_asked);
	smp_mb__after_atomic();		/* who asks from now on is looked for again */
	mutex_lock(&mpn_topology);
	list_for_each_entry(head, &mpn_heads, entry) {
		changed |= mpn_head_look(head, &look);
	}
	mutex_unlock(&mpn_topology);
	memalloc_noio_restore(noio);
	if (changed)	/* what did not fit may do so now */
		mpn_rescan();
	if (look.stale)
		mod_delayed_work(mpn_wq, &mpn_soon, look.again);
	mpn_heads_watch();
}

void mpn_heads_watch(void)
{
	queue_delayed_work(mpn_wq, &mpn_watch, MPN_WATCH_TIME);
}

/* Now rather than later. Any context; asked by many at once. */
void mpn_heads_look(void)
{
	if (!test_and_set_bit(0, &mpn_look_asked))
		mod_delayed_work(mpn_wq, &mpn_watch, 0);
}

/* There are no heads any more, so the works do not queue each other for long. */
void mpn_heads_unwatch(void)
{
	cancel_delayed_work_sync(&mpn_watch);
	cancel_delayed_work_sync(&mpn_soon);
	cancel_delayed_work_sync(&mpn_watch);
}
