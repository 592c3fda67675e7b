// SPDX-License-Identifier: GPL-2.0
/* Bios made in the kernel: flags and payloads that user space cannot ask for. */
#include <linux/bio.h>
#include <linux/blk-integrity.h>
#include <linux/completion.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fake.h"

#define FAKE_MOST_PAGES	BIO_MAX_VECS

/* What the command says; all long, see options.c. */
struct fake_job {
	long op;		/* REQ_OP_* */
	long sector;
	long sectors;		/* of one bio */
	long count;		/* bios, one after the other */
	long step;		/* sectors from one to the next */
	long seed;		/* of the data */
	long verify;
	long integrity;
	long wait;		/* one at a time */
	long nowait;
	long polled;
	long alloc_cache;
	long fua;
	long preflush;
	long failfast;
	long rahead;
};

static int fake_parse_op(const char *value, long *result)
{
	static const struct {
		const char *name;
		enum req_op op;
	} ops[] = {
		{ "read", REQ_OP_READ }, { "write", REQ_OP_WRITE },
		{ "flush", REQ_OP_FLUSH }, { "discard", REQ_OP_DISCARD },
		{ "zeroes", REQ_OP_WRITE_ZEROES },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		if (!strcmp(value, ops[i].name)) {
			*result = (__force long)ops[i].op;
			return 0;
		}
	}
	return -EINVAL;
}

#define WORD(name)	{ #name, offsetof(struct fake_job, name) }
static const struct fake_option fake_job_words[] = {
	{ "op", offsetof(struct fake_job, op), fake_parse_op },
	WORD(sector), WORD(sectors), WORD(count), WORD(step), WORD(seed),
	WORD(verify), WORD(integrity), WORD(wait), WORD(nowait), WORD(polled),
	WORD(alloc_cache),
	WORD(fua), WORD(preflush), WORD(failfast),
	WORD(rahead),
	{ }
};

/*
 * All bios of one command.
 *
 * Owner: the command, which waits for all of them.
 */
struct fake_batch {
	const struct fake_job *job;
	struct block_device *bdev;
	bool lent;		/* MPATH_FEAT_FAILOVER */
	atomic_t left;
	atomic_t ok;
	atomic_t failed;
	atomic_t differ;
	int first_error;
	struct completion done;
};

struct fake_sent {
	struct fake_batch *batch;
	struct completion done;
	struct page *integrity;
	struct bio *bio;
	blk_opf_t opf;
};

/* Each 8 bytes say which sector they are of, and by whom. */
static u64 fake_pattern(const struct fake_job *job, sector_t sector)
{
	return ((u64)job->seed << 32) + sector;
}

static sector_t fake_sector(const struct fake_job *job, long nr)
{
	return job->sector + nr * job->step;
}

static void fake_fill(const struct fake_job *job, struct page *page,
		      sector_t sector)
{
	u64 *words = page_address(page);
	int i;

	for (i = 0; i < PAGE_SIZE / 8; i++)
		words[i] = fake_pattern(job, sector + i / 64);
}

static bool fake_same(const struct fake_job *job, struct bio *bio,
		      sector_t sector)
{
	struct bvec_iter_all iter;
	struct bio_vec *bv;
	int i;

	bio_for_each_segment_all(bv, bio, iter) {
		u64 *words = page_address(bv->bv_page);

		for (i = 0; i < bv->bv_len / 8; i++)
			if (words[i] != fake_pattern(job, sector + i / 64))
				return false;
		sector += bv->bv_len >> SECTOR_SHIFT;
	}
	return true;
}

static void fake_batch_put(struct fake_batch *batch)
{
	if (atomic_dec_and_test(&batch->left))
		complete(&batch->done);
}

/* What a path has done to a bio that was lent to it is no matter of its submitter's. */
static bool fake_as_submitted(const struct fake_sent *sent, const struct bio *bio)
{
	const blk_opf_t same = REQ_OP_MASK | REQ_FAILFAST_MASK | REQ_RAHEAD |
			       REQ_ALLOC_CACHE | REQ_DRV;

	return bio->bi_bdev == sent->batch->bdev &&
	       !((bio->bi_opf ^ sent->opf) & same);
}

static void fake_sent_end(struct bio *bio)
{
	struct fake_sent *sent = bio->bi_private;
	struct fake_batch *batch = sent->batch;

	if (batch->lent && !fake_as_submitted(sent, bio))
		atomic_inc(&batch->differ);
	if (bio->bi_status) {
		atomic_inc(&batch->failed);
		cmpxchg(&batch->first_error, 0,
			blk_status_to_errno(bio->bi_status));
	} else {
		atomic_inc(&batch->ok);
	}
	complete(&sent->done);
	fake_batch_put(batch);
}

static int fake_add_integrity(struct fake_sent *sent, struct bio *bio)
{
	unsigned int block = bdev_logical_block_size(bio->bi_bdev);
	unsigned int bytes = bio->bi_iter.bi_size / block * 8, i;
	sector_t sector = bio->bi_iter.bi_sector;
	struct bio_integrity_payload *bip;
	u8 *data;

	if (!blk_get_integrity(bio->bi_bdev->bd_disk))
		return -EOPNOTSUPP;
	if (bytes > PAGE_SIZE)
		return -EINVAL;
	bip = bio_integrity_alloc(bio, GFP_KERNEL, 1);
	if (IS_ERR(bip))
		return PTR_ERR(bip);
	sent->integrity = alloc_page(GFP_KERNEL);
	if (!sent->integrity)
		return -ENOMEM;
	data = page_address(sent->integrity);
	for (i = 0; i < bytes; i++)
		data[i] = fake_integrity_byte(sector + i / 8 * (block >> 9));
	bip_set_seed(bip, sector);
	return bio_integrity_add_page(bio, sent->integrity, bytes, 0) == bytes ?
	       0 : -EINVAL;
}

static blk_opf_t fake_opf(const struct fake_job *job)
{
	blk_opf_t opf = (__force blk_opf_t)job->op;

	if (job->nowait)
		opf |= REQ_NOWAIT;
	if (job->polled)
		opf |= REQ_POLLED;
	if (job->alloc_cache)
		opf |= REQ_ALLOC_CACHE;
	if (job->fua)
		opf |= REQ_FUA;
	if (job->preflush || job->op == (__force long)REQ_OP_FLUSH)
		opf |= REQ_PREFLUSH;
	if (job->failfast)
		opf |= REQ_FAILFAST_DEV;
	if (job->rahead)
		opf |= REQ_RAHEAD;
	return opf;
}

static bool fake_has_data(const struct fake_job *job)
{
	return job->op == (__force long)REQ_OP_READ ||
	       job->op == (__force long)REQ_OP_WRITE;
}

/* A flush is an empty write with REQ_PREFLUSH. */
static int fake_prepare(struct fake_batch *batch, struct fake_sent *sent, long nr)
{
	const struct fake_job *job = batch->job;
	unsigned int left = job->sectors << SECTOR_SHIFT;
	sector_t sector = fake_sector(job, nr);
	blk_opf_t opf = fake_opf(job);
	struct page *page;
	struct bio *bio;

	if (job->op == (__force long)REQ_OP_FLUSH) {
		opf = (opf & ~REQ_OP_MASK) | REQ_OP_WRITE;
		left = 0;
	}
	bio = bio_alloc(batch->bdev, DIV_ROUND_UP(left, PAGE_SIZE) ?: 1, opf,
			GFP_KERNEL);
	sent->batch = batch;
	sent->bio = bio;
	sent->opf = opf;
	init_completion(&sent->done);
	bio->bi_private = sent;
	bio->bi_end_io = fake_sent_end;
	bio->bi_iter.bi_sector = left ? sector : 0;
	if (!fake_has_data(job)) {
		bio->bi_iter.bi_size = left;
		return 0;
	}
	while (left) {
		unsigned int len = min_t(unsigned int, left, PAGE_SIZE);

		page = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!page)
			return -ENOMEM;
		if (job->op == (__force long)REQ_OP_WRITE)
			fake_fill(job, page, sector);
		__bio_add_page(bio, page, len, 0);
		sector += len >> SECTOR_SHIFT;
		left -= len;
	}
	return job->integrity ? fake_add_integrity(sent, bio) : 0;
}

static void fake_wait_bio(const struct fake_job *job, struct fake_sent *sent)
{
	if (!job->polled) {
		wait_for_completion_io(&sent->done);
		return;
	}
	/* the interrupt, or the timer, must do as well if nobody polls */
	while (!wait_for_completion_io_timeout(&sent->done, 1))
		bio_poll(sent->bio, NULL, 0);
}

static void fake_finish(struct fake_batch *batch, struct fake_sent *sent, long nr)
{
	const struct fake_job *job = batch->job;
	struct bio *bio = sent->bio;

	if (!bio)
		return;
	if (job->verify && !bio->bi_status && fake_has_data(job) &&
	    !fake_same(job, bio, fake_sector(job, nr)))
		atomic_inc(&batch->differ);
	if (fake_has_data(job))
		bio_free_pages(bio);
	bio_put(bio);
	if (sent->integrity)
		__free_page(sent->integrity);
}

static int fake_run(struct fake_batch *batch)
{
	const struct fake_job *job = batch->job;
	struct fake_sent *sent;
	int ret = 0;
	long i;

	sent = kvcalloc(job->count, sizeof(*sent), GFP_KERNEL);
	if (!sent)
		return -ENOMEM;
	for (i = 0; i < job->count && !ret; i++)
		ret = fake_prepare(batch, &sent[i], i);
	for (i = 0; i < job->count && !ret; i++) {
		atomic_inc(&batch->left);
		submit_bio(sent[i].bio);
		if (job->wait)
			fake_wait_bio(job, &sent[i]);
	}
	fake_batch_put(batch);
	if (!ret && job->polled)
		for (i = 0; i < job->count && !job->wait; i++)
			fake_wait_bio(job, &sent[i]);
	wait_for_completion_io(&batch->done);
	for (i = 0; i < job->count; i++)
		fake_finish(batch, &sent[i], i);
	kvfree(sent);
	return ret;
}

static int fake_job_parse(struct fake_job *job, int argc, char **argv)
{
	int i, ret;

	for (i = 0; i < argc; i++) {
		ret = fake_options_parse(fake_job_words, job, argv[i], NULL);
		if (ret)
			return ret;
	}
	if (!job->step)
		job->step = job->sectors;
	if (job->count < 1 || job->count > 4096 || job->sectors < 1 ||
	    (fake_has_data(job) &&
	     job->sectors > FAKE_MOST_PAGES * (PAGE_SIZE >> SECTOR_SHIFT)))
		return -EINVAL;
	return 0;
}

/*
 * Gives the head back in any case: once its node is open that does, and the head
 * may go. The result is the first error. Said: "ok N failed N differ N", where bios differ
 * that bring other data (verify) or come back as others than they were submitted.
 */
int fake_submit(struct fake_head *head, int argc, char **argv,
		struct fake_result *res)
{
	struct fake_job job = { .sectors = 8, .count = 1, .seed = 1 };
	struct fake_batch batch = { .job = &job, .left = ATOMIC_INIT(1) };
	struct file *file = NULL;
	int ret = fake_job_parse(&job, argc, argv);

	if (!ret && !head->mpath.disk)
		ret = -ENXIO;
	if (!ret) {
		file = bdev_file_open_by_dev(disk_devt(head->mpath.disk),
					     BLK_OPEN_READ | BLK_OPEN_WRITE,
					     NULL, NULL);
		ret = PTR_ERR_OR_ZERO(file);
	}
	batch.lent = head->opts.failover;
	fake_head_put(head);
	if (ret)
		return ret;
	init_completion(&batch.done);
	batch.bdev = file_bdev(file);
	ret = fake_run(&batch);
	fput(file);
	fake_say(res, "ok %d failed %d differ %d\n", atomic_read(&batch.ok),
		 atomic_read(&batch.failed), atomic_read(&batch.differ));
	if (!ret)
		ret = batch.first_error;
	if (!ret && atomic_read(&batch.differ))
		ret = -EILSEQ;
	return ret;
}
