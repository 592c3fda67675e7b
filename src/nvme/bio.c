// SPDX-License-Identifier: GPL-2.0
/*
 * Block I/O: each bio is sent as a clone, so that the original is untouched
 * when a path fails and can be sent on another one.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>

#include "mpn.h"

/*
 * On a bio of the head, which is ours to flag: it has failed once on a path
 * that looks healthy, so the next clone leaves the retries to the path's own
 * driver, and what that says is final.
 */
#define MPN_PATIENT	REQ_DRV

/**
 * struct mpn_bio - one bio on its way
 * @orig: what was submitted to the head; its submitter keeps the head's disk
 * @path: where it was sent, pinned
 * @start: for the head's statistics, jiffies
 * @counted: in the controller's nr_active
 * @acct: the head's statistics know of it
 * @clone: what the path's driver has
 *
 * Owner: the clone's end_io.
 */
struct mpn_bio {
	struct bio *orig;
	struct mpn_path *path;
	unsigned long start;
	bool counted;
	bool acct;
	struct bio clone;
};

/* Should this bio be sent again? Bounded: see mpn_clone_bio(). */
static bool mpn_try_again(struct mpn_path *path, struct bio *orig,
			  blk_status_t status)
{
	if (likely(!status) || status == BLK_STS_AGAIN ||
	    !blk_path_error(status))
		return false;
	/* down: it is not chosen again before it is back */
	if (mpn_path_failed(path)) {
		orig->bi_opf &= ~MPN_PATIENT;
		return true;
	}
	if (orig->bi_opf & MPN_PATIENT)
		return false;
	orig->bi_opf |= MPN_PATIENT;
	return true;
}

static void mpn_clone_endio(struct bio *clone)
{
	struct mpn_bio *mb = container_of(clone, struct mpn_bio, clone);
	blk_status_t status = clone->bi_status;
	struct mpn_path *path = mb->path;
	struct bio *orig = mb->orig;

	if (mb->counted)
		atomic_dec(&path->ctrl->nr_active);
	if (mb->acct)
		bio_end_io_acct(orig, mb->start);
	bio_put(clone);		/* and mb */

	if (mpn_try_again(path, orig, status)) {
		mpath_failover_bio(&path->mdev, orig);
	} else {
		orig->bi_opf &= ~MPN_PATIENT;
		/* a part that was split off may have failed before: keep that */
		if (status && !orig->bi_status)
			orig->bi_status = status;
		bio_endio(orig);
	}
	percpu_ref_put(&path->ref);
}

/**
 * mpn_clone_bio() - the bio to send on a path
 * @mdev: the path, in a section of its head
 * @orig: the head's bio
 *
 * First with fail-fast: the path's driver gives an error back at once in place
 * of holding the bio through a reset. An error of a path that is down goes to
 * another path as often as paths go down; an error of a path that looks
 * healthy goes back once, to another path if there is one, and that path's
 * driver does its own retries and has the last word.
 *
 * Polling is left to the original's submitter, who has no cookie of the clone
 * and thus finds it done by interrupt.
 *
 * Context: Process context; does not block for REQ_NOWAIT.
 * Return: the clone; NULL without memory for a REQ_NOWAIT bio.
 */
struct bio *mpn_clone_bio(struct mpath_device *mdev, struct bio *orig)
{
	struct mpn_path *path = mpn_path_of(mdev);
	gfp_t gfp = orig->bi_opf & REQ_NOWAIT ? GFP_NOWAIT : GFP_NOIO;
	struct gendisk *disk = orig->bi_bdev->bd_disk;
	struct mpn_bio *mb;
	struct bio *clone;

	clone = bio_alloc_clone(path->disk->part0, orig, gfp, &path->bios);
	if (!clone)
		return NULL;
	mb = container_of(clone, struct mpn_bio, clone);
	mb->orig = orig;
	mb->path = path;
	/* in a section the path is on its head, so its ref is not killed */
	percpu_ref_get(&path->ref);

	mb->counted = mpath_qd_iopolicy(mdev->mpath_head->iopolicy);
	if (mb->counted)
		atomic_inc(&path->ctrl->nr_active);
	mb->acct = blk_queue_io_stat(disk->queue);
	if (mb->acct)
		mb->start = bio_start_io_acct(orig);

	clone->bi_opf &= ~MPN_PATIENT;
	if (!(orig->bi_opf & MPN_PATIENT))
		clone->bi_opf |= REQ_FAILFAST_TRANSPORT;
	bio_clear_polled(clone);
	clone->bi_end_io = mpn_clone_endio;
	return clone;
}

/**
 * mpn_bio_init() - clones of a path
 * @path: new path
 *
 * A set for each path: bios that are stuck on one do not use up the reserve of
 * another. Every clone pins its path, so the set is free when the path is.
 */
int mpn_bio_init(struct mpn_path *path)
{
	return bioset_init(&path->bios, BIO_POOL_SIZE,
			   offsetof(struct mpn_bio, clone), 0);
}

void mpn_bio_exit(struct mpn_path *path)
{
	bioset_exit(&path->bios);
}
