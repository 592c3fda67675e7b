// SPDX-License-Identifier: GPL-2.0
/*
 * Failover of io_uring passthrough: a command whose path has failed it is sent on
 * another one, and the submitter sees it end once.
 *
 * What the driver made of the command is used again: the bio with the user's
 * pages, data and metadata, and the 64 bytes that were sent. Nothing of the
 * submitter is needed for that, neither its memory map nor its SQE nor the task
 * itself, so a plain, vectored, fixed-buffer, polled or SQPOLL command is the same
 * here, and any worker can send it. The right to send it was checked by the driver
 * when the command came in; it is about the same namespace and does not change.
 *
 * A command is in one of these states:
 *
 *   SENT     a request of a path's driver refers to it, that path is pinned
 *   WAITING  on head->again, no request, no path
 *   ENDED    given to the submitter's task
 *
 *   SENT    -> ENDED    success, or an error that is its own      (end_io)
 *   SENT    -> WAITING  path error, and it may be sent again      (end_io)
 *   WAITING -> SENT     another path took it                      (work)
 *   WAITING -> ENDED    no hope, time is over, failover is turned off,
 *                       head is removed                           (work, close)
 *
 * How long: every usable path has one turn, then all have another after
 * MPN_AGAIN_PAUSE, at most MPN_AGAIN_PASSES times and no longer than the command's
 * own time-out after it failed first. With no usable path it waits, within that
 * time, as long as the head says that one may come back. What is given up ends with
 * Host Pathing Error (370h).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blk-integrity.h>
#include <linux/blk-mq.h>
#include <linux/io_uring/cmd.h>
#include <linux/mempool.h>
#include <linux/nvme.h>
#include <linux/slab.h>

#include "command.h"
#include "mpn.h"

#define MPN_AGAIN_PAUSE		(HZ / 4)
#define MPN_AGAIN_PASSES	32
/* Every path was busy, or none is usable: events end the wait, too. */
#define MPN_AGAIN_BUSY		max(HZ / 50, 1)
#define MPN_AGAIN_POLL		(HZ / 10)

/* Commands of all heads that can fail over without memory to be had. */
#define MPN_AGAIN_RESERVE	64

extern unsigned int nvme_io_timeout;
extern void nvme_init_request(struct request *req, struct nvme_command *cmd);

/**
 * struct mpn_again - a command that a path has failed
 * @entry: on head->again while WAITING
 * @head: kept by a reference
 * @ioucmd: the submitter's command
 * @bio: what it carries, NULL if nothing
 * @cmd: what was sent, without what the transport had put in
 * @tried: paths that had their turn in this pass
 * @deadline: jiffies; then it is given up
 * @not_before: jiffies
 * @opf: operation and flags for a new request
 * @timeout: of the request, jiffies
 * @bytes, @segments, @meta_segments: of a request with @bio
 * @first_bytes, @first_offset: of the first bio at its start
 * @meta_bytes: of its metadata
 * @align, @boundary: what the first path asked of the data's place in memory
 * @passes: how often all paths had their turn
 * @how: of mpn_command_begin()
 * @p2pdma: @bio has memory of a PCI device
 * @busy: a path had no request to spare
 *
 * Owner: who holds it: the request, the list, or the work. Freed when the
 * command is ENDED.
 */
struct mpn_again {
	struct list_head entry;
	struct mpn_head *head;
	struct io_uring_cmd *ioucmd;
	struct bio *bio;
	struct nvme_command cmd;
	u64 tried;
	unsigned long deadline;
	unsigned long not_before;
	unsigned long boundary;
	blk_opf_t opf;
	unsigned int timeout;
	unsigned int bytes;
	unsigned int first_bytes;
	unsigned int first_offset;
	unsigned int meta_bytes;
	unsigned int align;
	unsigned int passes;
	unsigned int how;
	unsigned short segments;
	unsigned short meta_segments;
	bool p2pdma;
	bool busy;
};

static mempool_t *mpn_again_pool;

/* ------------------------------------------------------------ what is sent */

/* The bios as they were before they were sent. */
static void mpn_again_rewind(struct mpn_again *again)
{
	struct bio *bio = again->bio;
	unsigned int i;

	for (; bio; bio = bio->bi_next) {
		bio->bi_status = BLK_STS_OK;
		bio_clear_flag(bio, BIO_QUIET);
		if (bio == again->bio) {
			bio->bi_iter = (struct bvec_iter){
				.bi_size = again->first_bytes,
				.bi_bvec_done = again->first_offset,
			};
			continue;
		}
		bio->bi_iter = (struct bvec_iter){ };
		for (i = 0; i < bio->bi_vcnt; i++)
			bio->bi_iter.bi_size += bio->bi_io_vec[i].bv_len;
	}
	if (again->bio && bio_integrity(again->bio))
		bio_integrity(again->bio)->bip_iter = (struct bvec_iter){
			.bi_size = again->meta_bytes,
		};
}

/* Has it memory of a PCI device? The driver takes either all of it from there or none. */
static bool mpn_bio_p2pdma(struct bio *bio)
{
	return bio->bi_vcnt && bio->bi_io_vec &&
	       is_pci_p2pdma_page(bio->bi_io_vec[0].bv_page);
}

/* Paths of one namespace may be of different transports. */
static bool mpn_again_fits(struct mpn_again *again, struct request_queue *q)
{
	return again->bytes >> SECTOR_SHIFT <= queue_max_hw_sectors(q) &&
	       again->segments <= queue_max_segments(q) &&
	       again->meta_segments <= queue_max_integrity_segments(q) &&
	       !(queue_dma_alignment(q) & ~again->align) &&
	       !(queue_virt_boundary(q) & ~again->boundary) &&
	       (!again->meta_bytes || blk_get_integrity(q->disk)) &&
	       (!again->p2pdma || blk_queue_pci_p2pdma(q));
}

static void mpn_again_fill(struct mpn_again *again, struct request *req)
{
	struct bio *bio = again->bio;

	mpn_again_rewind(again);
	bio_set_dev(bio, req->q->disk->part0);
	req->bio = bio;
	req->__data_len = 0;
	for (; bio; bio = bio->bi_next) {
		req->biotail = bio;
		req->__data_len += bio->bi_iter.bi_size;
	}
	req->nr_phys_segments = again->segments;
	if (again->meta_bytes) {
		req->nr_integrity_segments = again->meta_segments;
		req->cmd_flags |= REQ_INTEGRITY;
	}
}

static enum rq_end_io_ret mpn_again_end_io(struct request *req,
					   blk_status_t status);

/* Called by the library with the path pinned. */
static int mpn_again_send(struct mpath_device *mdev, void *ctx)
{
	struct mpn_path *path = mpn_path_of(mdev);
	struct request_queue *q = path->disk->queue;
	struct mpn_again *again = ctx;
	struct request *req;

	/* a frozen queue is no reason to keep the others waiting */
	req = blk_mq_alloc_request(q, again->opf, BLK_MQ_REQ_NOWAIT);
	if (IS_ERR(req)) {
		again->busy |= PTR_ERR(req) == -EAGAIN;
		return PTR_ERR(req);
	}
	/* the request keeps the queue from being changed, by a format for example */
	if (again->bio && !mpn_again_fits(again, q)) {
		blk_mq_free_request(req);
		return -EREMOTEIO;
	}
	nvme_init_request(req, &again->cmd);
	*mpn_req_flags(req) |= NVME_REQ_USERCMD;
	req->timeout = again->timeout;
	if (again->bio)
		mpn_again_fill(again, req);
	req->end_io = mpn_again_end_io;
	req->end_io_data = again;
	percpu_ref_get(&path->ref);	/* the caller's ends with this call */
	again->how = mpn_command_begin(path, req);
	mpn_poll_at(again->ioucmd, req);
	blk_execute_rq_nowait(req, false);
	return 0;
}

/* ---------------------------------------------------------------- the end */

static void mpn_again_free(struct mpn_again *again)
{
	mpn_head_put(again->head);
	mempool_free(again, mpn_again_pool);
}

/* In the submitter's task. */
static void mpn_again_task(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	struct bio *bio = *mpn_pdu_bio(ioucmd);

	if (bio)
		blk_rq_unmap_user(bio);
	io_uring_cmd_done(ioucmd, *mpn_pdu_status(ioucmd), 0, issue_flags);
}

static void mpn_again_give_up(struct mpn_again *again, const char *why)
{
	struct io_uring_cmd *ioucmd = again->ioucmd;

	pr_warn_ratelimited("%s: command %02x given up after a path error: %s\n",
			    again->head->name, again->cmd.common.opcode, why);
	atomic64_inc(&again->head->given_up);
	*mpn_pdu_status(ioucmd) = NVME_SC_HOST_PATH_ERROR;
	mpn_again_free(again);
	io_uring_cmd_complete_in_task(ioucmd, mpn_again_task);
}

/* --------------------------------------------------------------- decisions */

/* What the controller says of the command; false if it has no log. */
bool mpn_effects_of(struct mpn_path *path, u8 opcode, u32 *effects)
{
	struct nvme_effects_log *log = mpn_ctrl_effects(path->ctrl->ctrl);

	/* the driver makes a log up for a controller that has none */
	if (!log || !(le32_to_cpu(log->iocs[nvme_cmd_read]) &
		      NVME_CMD_EFFECTS_CSUPP))
		return false;
	*effects = le32_to_cpu(log->iocs[opcode]);
	return true;
}

/* Any context; the path is pinned. */
static bool mpn_again_wanted(struct mpn_path *path, struct request *req,
			     blk_status_t error)
{
	const struct nvme_command *cmd = *mpn_req_cmd(req);
	/* set when the driver gives a request to the device, and only there */
	bool started = READ_ONCE(req->deadline);
	struct mpn_ended ended = {
		.status		= READ_ONCE(*mpn_req_status(req)),
		.opcode		= cmd->common.opcode,
		.flags		= cmd->common.flags & 3,
		.csi		= *mpn_head_id(mpn_ns_head(path->ns), CSI),
		.left_host	= started,
		.failover	= READ_ONCE(path->home->failover),
	};

	/* natively such a command says nothing of its path's ANA state, either */
	if (ended.failover == MPN_FAILOVER_OFF)
		return false;
	mpn_ana_status(path, ended.status);
	/* whatever the device had to say when its queues were taken down */
	if (*mpn_req_flags(req) & NVME_REQ_CANCELLED)
		ended.status = NVME_SC_HOST_ABORTED_CMD;
	/* a queue that is down already refuses without a status */
	if (!ended.status && error && !started &&
	    mpn_path_down(path))
		ended.status = NVME_SC_HOST_PATH_ERROR;
	ended.has_effects = mpn_effects_of(path, ended.opcode, &ended.effects);
	return mpn_may_send_again(&ended);
}

/* WAITING, unless the head is closed. Any context. */
static bool mpn_again_wait(struct mpn_again *again)
{
	struct mpn_head *head = again->head;
	unsigned long flags;
	bool open;

	spin_lock_irqsave(&head->again_lock, flags);
	open = !head->again_closed;
	if (open) {
		list_add_tail(&again->entry, &head->again);
		mod_delayed_work(mpn_wq, &head->again_work, 0);
	}
	spin_unlock_irqrestore(&head->again_lock, flags);
	return open;
}

/*
 * This path has failed it. Any context, the path is pinned. Return: true: WAITING, and no
 * longer the caller's.
 */
static bool mpn_again_failed(struct mpn_again *again, struct mpn_path *path)
{
	again->tried |= mpath_device_bit(&path->mdev);
	mpn_path_error(&path->mdev, BLK_STS_TRANSPORT);
	if (!mpn_again_wait(again))
		return false;
	atomic64_inc(&path->home->failovers);
	return true;
}

/*
 * Its own time-out (0 until it is started: the queue's), but no longer than what the
 * driver gives by default: nobody can end a command that waits. However short, each path
 * has its turn.
 */
static unsigned long mpn_again_time(struct request *req)
{
	unsigned long most = min_t(u64, (u64)nvme_io_timeout * HZ,
				   MAX_JIFFY_OFFSET);

	return max_t(unsigned long, MPN_AGAIN_PAUSE,
		     min_t(unsigned long, req->timeout ?: req->q->rq_timeout,
			   most));
}

/* Its submitter was killed, and waits for nothing but this to be gone. */
static bool mpn_again_orphan(struct mpn_again *again)
{
	struct task_struct *task = io_uring_cmd_get_task(again->ioucmd);

	return READ_ONCE(task->signal->flags) & SIGNAL_GROUP_EXIT;
}

/**
 * mpn_failover() - a command has come back, failed
 * @path: its path, pinned
 * @req: its request, about to be freed
 * @error: of the block layer
 * @ioucmd: the command
 * Context: Any.
 * Return: true if it is sent again: the driver must not hear of its end.
 */
bool mpn_failover(struct mpn_path *path, struct request *req,
		  blk_status_t error, struct io_uring_cmd *ioucmd)
{
	struct bio *bio = *mpn_pdu_bio(ioucmd);
	struct mpn_again *again;

	if (!mpn_again_wanted(path, req, error))
		return false;
	again = mempool_alloc(mpn_again_pool, GFP_ATOMIC | __GFP_NOWARN);
	if (!again) {
		pr_warn_ratelimited("%s: no memory to send command %02x again\n",
				    path->home->name,
				    (*mpn_req_cmd(req))->common.opcode);
		return false;
	}
	*again = (struct mpn_again){
		.head		= path->home,
		.ioucmd		= ioucmd,
		.bio		= bio,
		.cmd		= **mpn_req_cmd(req),
		.timeout	= req->timeout,
		.deadline	= jiffies + mpn_again_time(req),
		.not_before	= jiffies,
		.opf		= req_op(req) | (req->cmd_flags & REQ_POLLED),
	};
	again->cmd.common.command_id = 0;
	memcpy(&again->cmd.common.cdws, mpn_noted_cdws(req),
	       sizeof(again->cmd.common.cdws));
	again->cmd.common.metadata = 0;
	memset(&again->cmd.common.dptr, 0, sizeof(again->cmd.common.dptr));
	if (bio) {
		again->first_bytes = *mpn_pdu_result(ioucmd) >> 32;
		again->first_offset = lower_32_bits(*mpn_pdu_result(ioucmd));
		again->meta_bytes = *mpn_pdu_status(ioucmd) & ~MPN_HOW;
		again->segments = req->nr_phys_segments;
		again->meta_segments = again->meta_bytes ?
			req->nr_integrity_segments : 0;
		again->align = queue_dma_alignment(req->q);
		again->boundary = queue_virt_boundary(req->q);
		mpn_again_rewind(again);
		for (; bio; bio = bio->bi_next) {
			again->bytes += bio->bi_iter.bi_size;
			again->p2pdma |= mpn_bio_p2pdma(bio);
		}
	}
	mpn_head_hold(again->head);
	if (mpn_again_failed(again, path))
		return true;
	mpn_again_free(again);
	return false;
}

/* One that was sent again has ended. Any context. */
static enum rq_end_io_ret mpn_again_end_io(struct request *req,
					   blk_status_t error)
{
	struct mpn_path *path = mpn_request_path(req);
	struct mpn_again *again = req->end_io_data;
	struct io_uring_cmd *ioucmd = again->ioucmd;
	bool well = !error && mpn_request_well(req);
	unsigned int how = again->how;
	bool failed;

	WRITE_ONCE(*mpn_pdu_hctx(ioucmd), NULL);
	failed = !well && mpn_again_wanted(path, req, error) &&
		 mpn_again_failed(again, path);
	mpn_command_end(path, req, how, well);
	if (failed)
		return RQ_END_IO_FREE;
	mpn_again_free(again);
	req->end_io_data = ioucmd;
	return mpn_driver_end_io(req, error);
}

/* ---------------------------------------------------------------- the work */

/* 0: SENT or ENDED; else WAITING, that many jiffies. */
static unsigned long mpn_again_try(struct mpn_again *again)
{
	unsigned long now = jiffies;
	u64 tried = again->tried;
	int ret;

	if (time_after_eq(now, again->deadline)) {
		mpn_again_give_up(again, "its time is over");
		return 0;
	}
	if (mpn_again_orphan(again)) {
		mpn_again_give_up(again, "its submitter was killed");
		return 0;
	}
	if (READ_ONCE(again->head->failover) == MPN_FAILOVER_OFF) {
		mpn_again_give_up(again, "failover has been turned off");
		return 0;
	}
	if (time_before(now, again->not_before))
		return min_t(unsigned long, again->not_before - now,
			     MPN_AGAIN_POLL);
	again->busy = false;
	ret = mpath_call_for_other(&again->head->mpath, &tried, mpn_again_send,
				   again);
	switch (ret) {
	case 0:
		return 0;
	case -EBUSY:
		if (again->busy)	/* its turn is still to come */
			return MPN_AGAIN_BUSY;
		/* none had a turn: it does not fit the one that is usable */
		if (again->tried && ++again->passes >= MPN_AGAIN_PASSES) {
			mpn_again_give_up(again, "every path has failed it");
			return 0;
		}
		again->tried = 0;
		again->not_before = jiffies + MPN_AGAIN_PAUSE;
		return MPN_AGAIN_PAUSE;
	case -EAGAIN:
		again->tried = 0;
		return MPN_AGAIN_POLL;
	default:
		mpn_again_give_up(again, "no usable path");
		return 0;
	}
}

/* As many as there are now, in the order in which they failed. */
void mpn_failover_work(struct work_struct *work)
{
	struct mpn_head *head = container_of(to_delayed_work(work),
					     struct mpn_head, again_work);
	struct mpn_again *again, *next;
	unsigned long wait, soonest = 0;
	LIST_HEAD(todo);
	LIST_HEAD(left);

	spin_lock_irq(&head->again_lock);
	list_splice_init(&head->again, &todo);
	spin_unlock_irq(&head->again_lock);
	list_for_each_entry_safe(again, next, &todo, entry) {
		list_del_init(&again->entry);
		wait = mpn_again_try(again);
		if (!wait)
			continue;
		list_add_tail(&again->entry, &left);
		if (!soonest || wait < soonest)
			soonest = wait;
	}
	if (!soonest)
		return;
	spin_lock_irq(&head->again_lock);
	list_splice(&left, &head->again);
	if (!head->again_closed)
		queue_delayed_work(mpn_wq, &head->again_work, soonest);
	spin_unlock_irq(&head->again_lock);
}

/**
 * mpn_failover_kick() - a path may be usable that was not
 * Context: Any.
 */
void mpn_failover_kick(struct mpn_head *head)
{
	unsigned long flags;

	spin_lock_irqsave(&head->again_lock, flags);
	if (!head->again_closed && !list_empty(&head->again))
		mod_delayed_work(mpn_wq, &head->again_work, 0);
	spin_unlock_irqrestore(&head->again_lock, flags);
}

/**
 * mpn_failover_close() - the head is being removed: nothing waits any more
 * @head: nobody adds a path to it
 * Context: May sleep.
 */
void mpn_failover_close(struct mpn_head *head)
{
	struct mpn_again *again, *next;
	LIST_HEAD(left);

	spin_lock_irq(&head->again_lock);
	head->again_closed = true;
	spin_unlock_irq(&head->again_lock);
	/* it may put back what it could not send, but does not run again */
	cancel_delayed_work_sync(&head->again_work);
	spin_lock_irq(&head->again_lock);
	list_splice_init(&head->again, &left);
	spin_unlock_irq(&head->again_lock);
	list_for_each_entry_safe(again, next, &left, entry) {
		list_del(&again->entry);
		mpn_again_give_up(again, "the head is removed");
	}
}

/**
 * mpn_set_failover() - as native, or failover
 *
 * Commands that come in wait for a path that may come back, no longer than their own
 * time-out and than the driver gives a command; what went out as natively ends so. With
 * MPN_FAILOVER_OFF those that wait are given up.
 * Context: Any.
 */
void mpn_set_failover(struct mpn_head *head, enum mpn_failover mode)
{
	unsigned long flags;

	/* both by the same writer */
	spin_lock_irqsave(&head->again_lock, flags);
	WRITE_ONCE(head->failover, mode);
	WRITE_ONCE(head->mpath.command_wait_ms,
		   mode == MPN_FAILOVER_OFF ? 0 :
		   min_t(u64, (u64)nvme_io_timeout * MSEC_PER_SEC, U32_MAX));
	spin_unlock_irqrestore(&head->again_lock, flags);
	mpn_failover_kick(head);
}

/*
 * No cache of its own: creating one leaks its name when memory runs out on the way
 * (sysfs_slab_add(), mm/slub.c; found by failslab.sh with kmemleak).
 */
int mpn_failover_start(void)
{
	mpn_again_pool = mempool_create_kmalloc_pool(MPN_AGAIN_RESERVE,
						     sizeof(struct mpn_again));
	return mpn_again_pool ? 0 : -ENOMEM;
}

void mpn_failover_stop(void)
{
	mempool_destroy(mpn_again_pool);
}
