// SPDX-License-Identifier: GPL-2.0
/* Bios that the driver clones itself: clone_bio and clone_bio_to. */
#include "fake.h"

/* @path: pinned until the clone has ended; NULL for clone_bio */
struct fake_clone {
	struct fake_path *path;
	struct bio *orig;
	struct bio bio;
};

static struct bio_set fake_clones;

static void fake_clone_end(struct bio *bio)
{
	struct fake_clone *clone = container_of(bio, struct fake_clone, bio);
	struct fake_path *path = clone->path;
	struct bio *orig = clone->orig;
	blk_status_t status = bio->bi_status;

	bio_put(bio);
	if (path && status && blk_path_error(status) &&
	    READ_ONCE(path->set.clone_failover)) {
		/*
		 * The driver's part of the bargain: not this path again. The
		 * head may be gone, so it is not told; it asks.
		 */
		WRITE_ONCE(path->set.disabled, 1);
		mpath_failover_bio(&path->mpath, orig);
	} else {
		orig->bi_status = status;
		bio_endio(orig);
	}
	if (path)
		fake_path_put(path);
}

static struct bio *fake_make_clone(struct fake_path *path, struct bio *bio)
{
	struct fake_head *head =
		to_fake_head(mpath_gendisk_to_head(bio->bi_bdev->bd_disk));
	struct fake_clone *clone;
	struct bio *new;

	fake_count(path, FC_clone_bio);
	if (READ_ONCE(head->opts.no_clone))
		return NULL;
	if (!(bio->bi_opf & REQ_NOWAIT)) {
		fake_may_sleep(path);
		fake_stop(FP_clone_bio, path ? path->name : "");
	}
	new = bio_alloc_clone(bio->bi_bdev, bio,
			      bio->bi_opf & REQ_NOWAIT ? GFP_NOWAIT : GFP_NOIO,
			      &fake_clones);
	if (!new)
		return NULL;
	clone = container_of(new, struct fake_clone, bio);
	clone->path = path;
	clone->orig = bio;
	new->bi_end_io = fake_clone_end;
	return new;
}

struct bio *fake_clone_bio(struct bio *bio)
{
	return fake_make_clone(NULL, bio);
}

struct bio *fake_clone_bio_to(struct mpath_device *dev, struct bio *bio)
{
	struct fake_path *path = to_fake_path(dev);
	struct bio *clone;

	if (!fake_path_tryget(path))
		return NULL;
	clone = fake_make_clone(path, bio);
	if (!clone)
		fake_path_put(path);
	return clone;
}

int fake_clone_init(void)
{
	return bioset_init(&fake_clones, 64, offsetof(struct fake_clone, bio),
			   BIOSET_NEED_BVECS);
}

void fake_clone_exit(void)
{
	bioset_exit(&fake_clones);
}
