/* SPDX-License-Identifier: GPL-2.0 */
/* An io_uring command at its beginning and end: what each one costs, so it is inline. */
#ifndef MPN_COMMAND_H
#define MPN_COMMAND_H

#include <linux/blk-integrity.h>
#include <linux/blk-mq.h>
#include <linux/ktime.h>

#include "mpn.h"

/* What mpn_command_begin() did; kept with the command until it ends. */
#define MPN_COUNTED	BIT(30)	/* in the controller's nr_active */
#define MPN_TIMED	BIT(31)	/* its request says when it began */
#define MPN_HOW		(MPN_COUNTED | MPN_TIMED)

/*
 * The request's queue belongs to the path's disk, and the disk is claimed by
 * the path: the claim lasts as long as the pin that the command has.
 */
static inline struct mpn_path *mpn_request_path(struct request *req)
{
	return req->q->disk->part0->bd_holder;
}

/* Does the policy look at what is in flight? */
static inline bool mpn_counts(enum mpath_iopolicy_e policy)
{
	return policy == MPATH_IOPOLICY_QD || policy == MPATH_IOPOLICY_ST;
}

/**
 * mpn_command_begin() - a command goes to a path
 * @path: pinned; the command has that pin until mpn_command_end()
 * @req: its request, not sent yet
 *
 * As for a bio, it is counted if the policy wants to know: how many are out for
 * queue-depth, how long they take for service-time. The time is in the request's
 * own field, which says the same to the block layer.
 *
 * Context: Any.
 * Return: bits of MPN_HOW, for mpn_command_end().
 */
static inline unsigned int mpn_command_begin(struct mpn_path *path,
					     struct request *req)
{
	enum mpath_iopolicy_e policy = READ_ONCE(path->home->policy);

	if (likely(!mpn_counts(policy)))
		return 0;
	atomic_inc(&path->ctrl->nr_active);
	if (policy == MPATH_IOPOLICY_QD)
		return MPN_COUNTED;
	req->start_time_ns = ktime_get_ns();
	return MPN_COUNTED | MPN_TIMED;
}

/**
 * mpn_command_end() - it has ended
 * @path: as given to mpn_command_begin(); may be gone afterwards
 * @req: its request, still with the caller
 * @how: what mpn_command_begin() returned
 * @well: without an error
 * Context: Any.
 */
static inline void mpn_command_end(struct mpn_path *path, struct request *req,
				   unsigned int how, bool well)
{
	if (unlikely(how)) {
		atomic_dec(&path->ctrl->nr_active);
		if (how & MPN_TIMED && well)
			mpath_command_took(&path->mdev, ktime_get_ns() -
							req->start_time_ns);
	}
	percpu_ref_put(&path->ref);
}

/*
 * What the driver has cancelled is an error to its submitter (-EINTR), even if the
 * device still completed it while its queues were taken down.
 */
static inline bool mpn_request_well(struct request *req)
{
	return !*mpn_req_status(req) &&
	       !(*mpn_req_flags(req) & NVME_REQ_CANCELLED);
}

/*
 * Where the command's own dwords 10 to 15 are kept: passthrough does not go by the
 * scheduler and carries no special payload, which is what this place is for.
 */
static inline void *mpn_noted_cdws(struct request *req)
{
	static_assert(sizeof_field(struct nvme_command, common.cdws) <=
		      sizeof(req->rb_node));
	return &req->rb_node;
}

/**
 * mpn_failover_note() - remember what a completion does not leave
 * @req: of the driver, not yet sent
 * @ioucmd: its command
 * @how: of mpn_command_begin()
 *
 * A request that has ended does not tell any more where its data began. The driver
 * writes the command's result and status only at the end; until then they are ours.
 * And over TCP the driver builds the headers of the data it sends on the last 24
 * bytes of the command (nvme_tcp_req_data_pdu(), drivers/nvme/host/tcp.c).
 */
static inline void mpn_failover_note(struct request *req,
				     struct io_uring_cmd *ioucmd,
				     unsigned int how)
{
	struct bio *bio = req->bio;

	memcpy(mpn_noted_cdws(req), &(*mpn_req_cmd(req))->common.cdws,
	       sizeof((*mpn_req_cmd(req))->common.cdws));
	if (likely(bio)) {
		*mpn_pdu_result(ioucmd) = (u64)bio->bi_iter.bi_size << 32 |
					  bio->bi_iter.bi_bvec_done;
		/* no more than a bio's pages: below MPN_HOW */
		if (unlikely(bio_integrity(bio)))
			how |= bio_integrity(bio)->bip_iter.bi_size;
	}
	*mpn_pdu_status(ioucmd) = how;
}

#endif /* MPN_COMMAND_H */
