// SPDX-License-Identifier: GPL-2.0
/*
 * Bios on their way to a path and back.
 *
 * Without MPATH_FEAT_FAILOVER a bio, or the clone that the driver makes of it, is
 * sent and forgotten. With it the bio is lent to the path, and its hook (hook.h)
 * stays with it until it ends: a failover needs no memory.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <trace/events/block.h>

#include "kernel_api.h"
#include "hook.h"
#include "trace.h"

static void mpath_lent_end_io(struct bio *bio);

static inline struct mpath_gate *mpath_bio_gate(struct bio *bio)
{
	return bio->bi_bdev->bd_disk->private_data;
}

/* By the gate, too: a path's disk may hand a bio of another head on to this head. */
static inline struct mpath_hook *mpath_hook_of(struct mpath_gate *gate,
					       struct bio *bio)
{
	struct mpath_hook *hook = bio->bi_private;

	return bio->bi_end_io == mpath_lent_end_io && hook->gate == gate ?
		hook : NULL;
}

/* ---------------------------------------------------------------- sending */

static __always_inline void mpath_count_sent(struct mpath_gate *gate,
					     struct mpath_device *dev,
					     struct bio *bio)
{
	struct mpath_counters __percpu *c = gate->counters[dev->slot];

	this_cpu_inc(c->n[MPC_COUNT_BIOS]);
	this_cpu_add(c->n[op_is_write(bio_op(bio)) ? MPC_COUNT_WRITE_BYTES :
						      MPC_COUNT_READ_BYTES],
		     bio_has_data(bio) ? bio->bi_iter.bi_size : 0);
}

/* The last steps before a bio is submitted. @disk: the head's. */
static __always_inline void mpath_make_ready(struct mpath_gate *gate,
					     struct mpath_device *dev,
					     struct bio *bio,
					     struct gendisk *disk)
{
	if (!(gate->mpdt->features & MPATH_FEAT_PLAIN_BIOS))
		bio->bi_opf |= REQ_MPATH;
	trace_mpath_select(dev, MPATH_TRACE_BIO);
	trace_mpath_submit(dev, bio, BLK_STS_OK);
	trace_block_bio_remap(bio, disk_devt(disk), bio->bi_iter.bi_sector);
}

/*
 * For a submitter that is in mpath_submit_bio() submit_bio_noacct() only puts the
 * bio on the task's list. In the worker it would go down to the path's driver,
 * where it may have to wait for long, and the section is still open: there it is
 * left to mpath_requeue_work(), which sends it when the section has ended.
 */
static void mpath_send(struct mpath_head *head, struct bio *bio, u32 how)
{
	if (how & MPC_FORWARD_WORKER)
		bio_list_add(&head->ready_list, bio);
	else
		submit_bio_noacct(bio);
}

/* Without memory for it. */
static void mpath_no_memory(struct bio *bio)
{
	if (bio->bi_opf & REQ_NOWAIT)
		bio_wouldblock_error(bio);
	else
		bio_io_error(bio);
}

/* The driver's clone, or the bio itself. */
static void mpath_forward_plain(struct mpath_head *head,
				struct mpath_device *dev, struct bio *bio,
				u32 how)
{
	struct bio *orig = bio;

	if (head->mpdt->clone_bio_to)
		bio = head->mpdt->clone_bio_to(dev, bio);
	else if (head->mpdt->clone_bio)
		bio = head->mpdt->clone_bio(bio);
	if (unlikely(!bio)) {
		mpath_no_memory(orig);
		return;
	}
	mpath_count_sent(head->gate, dev, bio);
	bio_set_dev(bio, dev->disk->part0);
	/* the end-of-device check was made on the head */
	bio_set_flag(bio, BIO_REMAPPED);
	if ((bio->bi_opf & REQ_POLLED) &&
	    !(dev->disk->queue->limits.features & BLK_FEAT_POLL))
		bio_clear_polled(bio);
	mpath_make_ready(head->gate, dev, bio, head->disk);
	mpath_send(head, bio, how);
}

/*
 * A bio with its hook, for a path that is pinned. Polling is left to the submitter, who
 * finds no cookie in the bio and thus waits for the interrupt.
 */
static __always_inline void mpath_hook_aim(struct mpath_gate *gate,
					   struct mpath_device *dev,
					   struct mpath_hook *hook,
					   struct bio *bio,
					   enum mpath_iopolicy_e policy, u32 how)
{
	hook->dev = dev;
	hook->waited = false;
	hook->counted = mpath_counts_active(policy);
	hook->sent_ns = 0;
	if (hook->counted) {
		atomic_inc(dev->nr_active);
		if (policy == MPATH_IOPOLICY_ST)
			hook->sent_ns = ktime_get_ns();
	}
	mpath_lend(hook, bio, dev->disk->part0, mpath_lent_end_io);
	/* read-ahead is that anyway, and what merges it wants to see either all or none */
	if (bio->bi_opf & REQ_RAHEAD)
		bio->bi_opf |= REQ_FAILFAST_MASK;
	else
		bio->bi_opf |= REQ_FAILFAST_TRANSPORT;
	/* where its memory is from is no matter of the path's */
	bio->bi_opf &= ~(REQ_POLLED | REQ_ALLOC_CACHE);
	/* a worker may block, whatever the submitter may */
	if (how & MPC_FORWARD_WORKER)
		bio->bi_opf &= ~REQ_NOWAIT;
	mpath_count_sent(gate, dev, bio);
	mpath_make_ready(gate, dev, bio, hook->bdev->bd_disk);
}

/* A hook for a new bio. NULL without memory, only if @gfp does not let it wait. */
static __always_inline struct mpath_hook *
mpath_hook_new(struct mpath_gate *gate, struct bio *bio, gfp_t gfp)
{
	struct mpath_hook *hook = mpath_hook_get(gate, gfp);

	if (unlikely(!hook))
		return NULL;
	hook->gate = gate;
	hook->end_io = bio->bi_end_io;
	hook->private = bio->bi_private;
	memset(&hook->try, 0, sizeof(hook->try));
	hook->acct = blk_queue_io_stat(bdev_get_queue(bio->bi_bdev));
	if (hook->acct)
		hook->start = bio_start_io_acct(bio);
	return hook;
}

/* Does it wait for memory? */
static inline gfp_t mpath_bio_gfp(struct bio *bio)
{
	return bio->bi_opf & REQ_NOWAIT ? GFP_NOWAIT : GFP_NOIO;
}

/**
 * mpath_submit_bio() - a new bio of a head's disk
 * @bio: consumed
 *
 * Context: As submit_bio().
 */
void mpath_submit_bio(struct bio *bio)
{
	struct mpath_gate *gate = mpath_bio_gate(bio);
	struct mpc_choice choice;
	struct mpath_hook *hook;

	/*
	 * Here and not on the path: the limits of the head are the smallest of
	 * all paths, so what passes fits whichever is chosen, and again after a
	 * failover. A path that takes less by now (max_sectors_kb) splits it itself.
	 */
	bio = bio_split_to_limits(bio);
	if (unlikely(!bio))
		return;
	if (unlikely(!(gate->quick & MPATH_QUICK_BIO) || !mpath_may_lend(bio)))
		goto general;
	choice = mpath_choose(gate, MPC_FOR_BIO);
	if (unlikely(!choice.dev))
		goto general;
	hook = mpath_hook_new(gate, bio, mpath_bio_gfp(bio));
	if (unlikely(!hook)) {
		gate->ops.put_path(choice.dev);
		mpath_no_memory(bio);
		return;
	}
	mpath_hook_aim(gate, choice.dev, hook, bio, choice.policy, 0);
	submit_bio_noacct(bio);
	return;

general:
	mpc_submit_bio(gate, bio);
}

/* In the general way: for one that cannot be lent its clone is, and is then *@bio. */
static struct mpath_hook *mpath_hook_any(struct mpath_gate *gate,
					 struct bio **bio, gfp_t gfp)
{
	struct mpath_hook *hook;
	struct bio *clone;

	if (likely(mpath_may_lend(*bio)))
		return mpath_hook_new(gate, *bio, gfp);
	clone = mpath_clone(gate, *bio, gfp);
	if (!clone)
		return NULL;
	hook = mpath_hook_new(gate, clone, gfp);
	if (hook)
		*bio = clone;
	else
		bio_put(clone);
	return hook;
}

/*
 * A bio in the general way. One that is new comes here if the first look led nowhere.
 * The worker does not wait for memory: what it would wait for may be behind this bio in
 * its own list.
 */
static int mpath_hook_forward(struct mpath_head *head, struct mpath_device *dev,
			      struct bio *bio, u32 how)
{
	struct mpath_gate *gate = head->gate;
	struct mpath_hook *hook = mpath_hook_of(gate, bio);
	struct bio *lent = bio;

	if (!hook)
		hook = mpath_hook_any(gate, &lent, how & MPC_FORWARD_WORKER ?
				      GFP_NOWAIT : mpath_bio_gfp(bio));
	if (unlikely(!hook)) {
		gate->ops.put_path(dev);
		if (how & MPC_FORWARD_WORKER)
			return -ENOMEM;
		/* with GFP_NOIO for want of a clone's integrity data only */
		mpath_no_memory(bio);
		return 0;
	}
	mpath_hook_aim(gate, dev, hook, lent, mpath_read_iopolicy(head), how);
	mpath_send(head, lent, how);
	return 0;
}

/* The end of a bio: the hook is freed before, for it is the gate's. */
static __always_inline void mpath_end_lent(struct mpath_hook *hook,
					   struct bio *bio, blk_status_t status)
{
	struct mpath_gate *gate = hook->gate;

	if (hook->acct)
		bdev_end_io_acct(bio->bi_bdev, bio_op(bio), bio_sectors(bio),
				 hook->start);
	bio->bi_end_io = hook->end_io;
	bio->bi_private = hook->private;
	bio->bi_status = status;
	mpath_hook_put(gate, hook);
	bio_endio(bio);
}

int mpk_bio_forward(struct mpath_head *head, struct mpath_device *dev,
		    struct bio *bio, u32 how)
{
	if (!(head->mpdt->features & MPATH_FEAT_FAILOVER)) {
		mpath_forward_plain(head, dev, bio, how);
		return 0;
	}
	if (unlikely(!head->gate->ops.get_path(dev)))
		return -ENODEV;
	return mpath_hook_forward(head, dev, bio, how);
}

/* ----------------------------------------------------------- coming back */

/* What an error says. */
enum mpath_error {
	MPATH_ERROR_PATH,	/* another path may do better */
	MPATH_ERROR_FAST,	/* the device's answer, but to a driver that was
				   told not to try again, which is for us then */
	MPATH_ERROR_FINAL,
};

/* @bio: taken back, so with the submitter's flags */
static enum mpath_error mpath_judge(struct bio *bio, blk_status_t status)
{
	switch (status) {
	case BLK_STS_AGAIN:
	case BLK_STS_ZONE_OPEN_RESOURCE:
	case BLK_STS_ZONE_ACTIVE_RESOURCE:
		return MPATH_ERROR_FINAL;
	case BLK_STS_TARGET:
	case BLK_STS_MEDIUM:
		return bio->bi_opf & (REQ_FAILFAST_MASK | REQ_RAHEAD) ?
			MPATH_ERROR_FINAL : MPATH_ERROR_FAST;
	default:
		return blk_path_error(status) ? MPATH_ERROR_PATH :
						MPATH_ERROR_FINAL;
	}
}

/* Is that the last word? Tells the core how the path did. */
static u32 mpath_hook_verdict(struct mpath_hook *hook, struct bio *bio,
			      blk_status_t status)
{
	struct mpath_gate *gate = hook->gate;
	enum mpath_error error = mpath_judge(bio, status);
	struct mpath_device *dev = hook->dev;
	u32 verdict = MPC_TRY_DONE;
	u32 changed = 0;

	if (error == MPATH_ERROR_PATH) {
		if (gate->mpdt->path_error)
			gate->mpdt->path_error(dev, status);
		verdict = mpc_path_bad(dev->core, &gate->ops, &hook->try,
				       &changed);
	} else if (status != BLK_STS_AGAIN) {
		/* the path has brought an answer */
		changed = mpc_path_good(dev->core, 0);
		if (error == MPATH_ERROR_FAST)
			verdict = mpc_path_answered(&hook->try);
	}
	if (changed)
		mpath_gate_event(gate);
	/* one that was sent may have been executed */
	return bio_op(bio) == REQ_OP_ZONE_APPEND ? MPC_TRY_DONE : verdict;
}

static void mpath_hook_error(struct mpath_hook *hook, struct bio *bio,
			     blk_status_t status)
{
	struct mpath_counters __percpu *counters;
	struct mpath_device *dev = hook->dev;

	counters = hook->gate->counters[dev->slot];
	if (status != BLK_STS_AGAIN)
		this_cpu_inc(counters->n[MPC_COUNT_ERRORS]);
	if (mpath_hook_verdict(hook, bio, status) == MPC_TRY_DONE) {
		trace_mpath_fail(dev, bio, status);
		mpath_end_lent(hook, bio, status);
		return;
	}
	trace_mpath_failover(dev, bio, status);
	/* when the device is asked again that is no path's fault */
	if (hook->try.stage != MPC_STAGE_ANSWERED)
		this_cpu_inc(counters->n[MPC_COUNT_FAILOVERS]);
	hook->dev = NULL;
	/* the error of a part that is sent again is no error yet */
	bio->bi_status = BLK_STS_OK;
	/* nothing remains of one that the path's queue has split: it is whole again */
	atomic_set(&bio->__bi_remaining, 1);
	if (!mpath_park_again(hook->gate, bio))
		mpath_end_lent(hook, bio, status);
}

/* It has ended on its path. Any context. */
static void mpath_lent_end_io(struct bio *bio)
{
	struct mpath_hook *hook = bio->bi_private;
	struct mpath_gate *gate = hook->gate;
	/* the gate may be gone with the bio, the path is pinned */
	void (*put_path)(struct mpath_device *dev) = gate->ops.put_path;
	struct mpath_device *dev = hook->dev;
	blk_status_t status = bio->bi_status;

	mpath_take_back(hook, bio);
	this_cpu_inc(gate->counters[dev->slot]->n[MPC_COUNT_BIOS_DONE]);
	if (hook->counted)
		atomic_dec(dev->nr_active);
	if (likely(!status)) {
		u64 ns = hook->sent_ns ? ktime_get_ns() - hook->sent_ns : 0;

		if (unlikely(mpc_path_good(dev->core, ns)))
			mpath_gate_event(gate);
		mpath_end_lent(hook, bio, BLK_STS_OK);
	} else {
		mpath_hook_error(hook, bio, status);
	}
	put_path(dev);
}

/* ------------------------------------------------------- no path, no head */

/*
 * It will be sent from a worker: the submitter's wish not to block and its polling
 * are void.
 */
static void mpath_leave_to_worker(struct bio *bio)
{
	bio->bi_opf &= ~REQ_NOWAIT;
	bio_clear_polled(bio);
	bio->bi_cookie = BLK_QC_T_NONE;
}

static void mpath_count_parked(struct mpath_head *head, struct bio *bio)
{
	trace_mpath_requeue(head, bio);
	atomic_long_inc(&head->requeue_no_usable_path_cnt);
}

void mpk_bio_park(struct mpath_head *head, struct bio *bio)
{
	dev_warn_ratelimited(disk_to_dev(head->disk),
			     "no usable path, requeuing I/O\n");
	mpath_leave_to_worker(bio);
	mpath_count_parked(head, bio);
	mpath_park(head, bio);
	queue_delayed_work(mpath_wq, &head->park_work, MPATH_PARK_RETRY);
}

/* A bio that had failed on a path has to wait for one, too: count that once. */
void mpath_bio_waits(struct mpath_head *head, struct bio *bio)
{
	struct mpath_hook *hook = mpath_hook_of(head->gate, bio);

	if (!hook || hook->waited)
		return;
	hook->waited = true;
	mpath_count_parked(head, bio);
}

static void mpath_fail(struct mpath_head *head)
{
	dev_warn_ratelimited(disk_to_dev(head->disk),
			     "no available path, failing I/O\n");
	atomic_long_inc(&head->fail_no_avail_path_cnt);
}

void mpk_bio_fail(struct mpath_head *head, struct bio *bio)
{
	if (head)
		mpath_fail(head);
	bio->bi_opf &= ~REQ_DRV;	/* the driver may have marked its own */
	bio_io_error(bio);
}

/**
 * mpath_bio_redrive() - send a parked bio again
 * @head: its head; the caller is the head's requeue work
 * @bio: from the requeue list
 * @hooks_only: memory is short: not one that needs a new hook
 *
 * Context: Process context, may sleep.
 * Return: MPC_BIO_SENT if the bio was sent (it may be on the head's ready_list)
 * or has ended; else the bio is the caller's: MPC_BIO_PARK if there is still no
 * path, MPC_BIO_LATER if this bio is to wait a little, MPC_BIO_NO_MEMORY.
 */
u32 mpath_bio_redrive(struct mpath_head *head, struct bio *bio, bool hooks_only)
{
	struct mpath_hook *hook = mpath_hook_of(head->gate, bio);
	u32 verdict;

	if (hooks_only && !hook)
		return MPC_BIO_NO_MEMORY;
	verdict = mpc_redrive_bio(head->gate, bio, hook ? &hook->try : NULL);
	switch (verdict) {
	case MPC_BIO_FAIL:
		mpath_fail(head);
		fallthrough;
	case MPC_BIO_DEAD:
		if (hook)
			mpath_end_lent(hook, bio, BLK_STS_IOERR);
		else
			mpk_bio_fail(NULL, bio);
		return MPC_BIO_SENT;
	default:
		return verdict;
	}
}

void mpath_failover_bio(struct mpath_device *dev, struct bio *bio)
{
	struct mpath_gate *gate = mpath_bio_gate(bio);

	this_cpu_inc(gate->counters[dev->slot]->n[MPC_COUNT_FAILOVERS]);
	mpath_leave_to_worker(bio);
	if (!mpath_park_again(gate, bio)) {
		bio->bi_opf &= ~REQ_DRV;
		bio_io_error(bio);
	}
}
EXPORT_SYMBOL_GPL(mpath_failover_bio);
