// SPDX-License-Identifier: GPL-2.0
/* Bios of a path: errors, delays, hanging, data. */
#include <linux/blk-integrity.h>
#include <linux/highmem.h>
#include <linux/hrtimer.h>
#include <linux/mempool.h>
#include <linux/slab.h>

#include "fake.h"

/* A bio whose end comes from a timer, in hard interrupt context. */
struct fake_delayed {
	struct hrtimer timer;
	struct fake_path *path;
	struct bio *bio;
	blk_status_t status;
};

static mempool_t *fake_delayed_pool;

static void fake_end(struct fake_path *path, struct bio *bio,
		     blk_status_t status)
{
	fake_path_stop(FP_path_done, path);
	fake_count(path, status ? FC_bios_failed : FC_bios_done);
	atomic_dec(&path->out);
	if (path->counts_itself)
		atomic_dec(&path->nr_active);
	/* an error of a part that was split off stays */
	if (status)
		bio->bi_status = status;
	bio_endio(bio);
	fake_path_put(path);
}

static enum hrtimer_restart fake_delay_over(struct hrtimer *timer)
{
	struct fake_delayed *d = container_of(timer, struct fake_delayed, timer);
	struct fake_path *path = d->path;
	struct bio *bio = d->bio;
	blk_status_t status = d->status;

	mempool_free(d, fake_delayed_pool);
	fake_end(path, bio, status);
	return HRTIMER_NORESTART;
}

static void fake_delay(struct fake_path *path, struct bio *bio,
		       blk_status_t status, long us)
{
	struct fake_delayed *d = mempool_alloc(fake_delayed_pool, GFP_NOIO);

	d->path = path;
	d->bio = bio;
	d->status = status;
	hrtimer_init(&d->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	d->timer.function = fake_delay_over;
	hrtimer_start(&d->timer, ns_to_ktime(us * NSEC_PER_USEC), HRTIMER_MODE_REL);
}

static blk_status_t fake_copy(struct fake_path *path, struct bio *bio)
{
	u64 at = (u64)bio->bi_iter.bi_sector << SECTOR_SHIFT;
	struct fake_store *store = path->store;
	struct bvec_iter iter;
	struct bio_vec bv;

	if (at + bio->bi_iter.bi_size > store->bytes)
		return BLK_STS_IOERR;
	switch (bio_op(bio)) {
	case REQ_OP_READ:
		bio_for_each_segment(bv, bio, iter) {
			memcpy_to_bvec(&bv, store->data + at);
			at += bv.bv_len;
		}
		return BLK_STS_OK;
	case REQ_OP_WRITE:
		bio_for_each_segment(bv, bio, iter) {
			memcpy_from_bvec(store->data + at, &bv);
			at += bv.bv_len;
		}
		return BLK_STS_OK;
	case REQ_OP_DISCARD:
	case REQ_OP_WRITE_ZEROES:
		memset(store->data + at, 0, bio->bi_iter.bi_size);
		return BLK_STS_OK;
	case REQ_OP_FLUSH:
		return BLK_STS_OK;
	default:
		return BLK_STS_NOTSUPP;
	}
}

static blk_status_t fake_judge(struct fake_path *path, struct bio *bio)
{
	long kind = bio_op(bio) == REQ_OP_READ ? 1 :
		    bio_op(bio) == REQ_OP_WRITE ? 2 : 4;
	long error = READ_ONCE(path->set.error);

	if (READ_ONCE(path->dead)) {
		fake_count(path, FC_dead_bios);
		return BLK_STS_IOERR;
	}
	if (error && (READ_ONCE(path->set.error_ops) & kind) &&
	    fake_take(&path->set.error_count))
		return (__force blk_status_t)(u8)error;
	if (fake_pr_conflict(path, bio)) {
		fake_count(path, FC_resv_conflicts);
		return BLK_STS_RESV_CONFLICT;
	}
	return fake_copy(path, bio);
}

static void fake_process(struct fake_path *path, struct bio *bio)
{
	blk_status_t status = fake_judge(path, bio);
	long us = READ_ONCE(path->set.delay_us);

	if (us > 0)
		fake_delay(path, bio, status, us);
	else
		fake_end(path, bio, status);
}

void fake_release_held(struct fake_path *path)
{
	struct bio_list held;
	struct bio *bio;

	spin_lock_irq(&path->lock);
	held = path->held;
	bio_list_init(&path->held);
	spin_unlock_irq(&path->lock);
	while ((bio = bio_list_pop(&held)))
		fake_process(path, bio);
}

/* True: the bio waits for fake_release_held(). */
static bool fake_hold(struct fake_path *path, struct bio *bio)
{
	bool hold;

	if (!READ_ONCE(path->set.hang))
		return false;
	spin_lock_irq(&path->lock);
	hold = path->set.hang && !READ_ONCE(path->dead);
	if (hold)
		bio_list_add(&path->held, bio);
	spin_unlock_irq(&path->lock);
	if (hold)
		fake_count(path, FC_bios_held);
	return hold;
}

/* Does the bio carry what fake_submit() gave its original? */
static void fake_check_integrity(struct fake_path *path, struct bio *bio)
{
	struct bio_integrity_payload *bip = bio_integrity(bio);
	struct bvec_iter iter;
	struct bio_vec bv;
	unsigned int bytes = 0, want, block = path->set.lbs;
	bool good = true;

	if (!bip)
		return;
	want = bio->bi_iter.bi_size / block * 8;
	bip_for_each_vec(bv, bip, iter) {
		u8 *data = bvec_kmap_local(&bv);
		unsigned int i;

		for (i = 0; i < bv.bv_len; i++) {
			sector_t sector = bio->bi_iter.bi_sector +
				(sector_t)((bytes + i) / 8) * (block >> 9);

			if (data[i] != fake_integrity_byte(sector))
				good = false;
		}
		kunmap_local(data);
		bytes += bv.bv_len;
	}
	if (bytes != want)
		good = false;
	fake_count(path, good ? FC_integrity_ok : FC_integrity_bad);
}

static void fake_note(struct fake_path *path, struct bio *bio)
{
	enum req_op op = bio_op(bio);

	fake_count(path, FC_bios);
	fake_count_add(path, FC_sectors, bio_sectors(bio));
	fake_count(path, op == REQ_OP_READ ? FC_reads :
			 op == REQ_OP_WRITE ? FC_writes :
			 op == REQ_OP_DISCARD ? FC_discards : FC_flushes);
	if (bio->bi_opf & REQ_FAILFAST_MASK)
		fake_count(path, FC_failfast);
	if (bio->bi_opf & REQ_RAHEAD)
		fake_count(path, FC_rahead);
	/* the block layer warns of it when the bio is merged with others */
	if (bio->bi_opf & REQ_RAHEAD && bio->bi_opf & REQ_FAILFAST_MASK &&
	    (bio->bi_opf & REQ_FAILFAST_MASK) != REQ_FAILFAST_MASK)
		fake_count(path, FC_rahead_in_part);
	if (bio->bi_opf & REQ_MPATH)
		fake_count(path, FC_mpath_flag);
	if (bio->bi_opf & REQ_NOWAIT)
		fake_count(path, FC_nowait);
	if (bio->bi_opf & REQ_POLLED)
		fake_count(path, FC_polled);
	if (bio->bi_opf & REQ_ALLOC_CACHE)
		fake_count(path, FC_alloc_cache);
	if (bio->bi_opf & REQ_FUA)
		fake_count(path, FC_fua);
	/* The head has to split what is too large for a path. */
	if ((op == REQ_OP_READ || op == REQ_OP_WRITE) &&
	    bio_sectors(bio) > queue_max_hw_sectors(path->disk->queue))
		fake_count(path, FC_oversized);
	fake_order_note(path, bio);
	fake_check_integrity(path, bio);
}

/* As the block layer does it, for a queue whose limits are smaller than the head's. */
static struct bio *fake_split(struct fake_path *path, struct bio *bio)
{
	long sectors = READ_ONCE(path->set.splits);
	struct bio *part;

	if (!sectors || bio_sectors(bio) <= sectors || !bio_has_data(bio))
		return bio;
	part = bio_split(bio, sectors, GFP_NOIO, &path->disk->bio_split);
	bio_chain(part, bio);
	submit_bio_noacct(bio);
	return part;
}

void fake_submit_bio(struct bio *bio)
{
	struct fake_path *path = bio->bi_bdev->bd_disk->private_data;

	bio = fake_split(path, bio);
	/*
	 * The last reference goes after del_gendisk(), which waits for whoever
	 * is in here: there is one.
	 */
	kref_get(&path->ref);
	fake_count_max(path, FC_max_out, atomic_inc_return(&path->out));
	if (path->counts_itself)
		atomic_inc(&path->nr_active);
	fake_note(path, bio);
	fake_path_stop(FP_path_submit, path);
	if (!fake_hold(path, bio))
		fake_process(path, bio);
}

int fake_io_init(void)
{
	fake_delayed_pool = mempool_create_kmalloc_pool(64,
						sizeof(struct fake_delayed));
	return fake_delayed_pool ? 0 : -ENOMEM;
}

void fake_io_exit(void)
{
	mempool_destroy(fake_delayed_pool);
}
