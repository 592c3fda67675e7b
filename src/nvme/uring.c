// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring passthrough: forwarding a command and seeing it end.
 *
 * The driver's uring_cmd puts its request on the task's plug and returns: as
 * long as the plug is not flushed the request is not with the device. In that
 * moment its end_io is replaced by ours, which pins the path for as long as the
 * command is out and hears first of its end: see failover.c. Nothing may sleep
 * between the driver's return and that, or the scheduler flushes the plug.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blk-mq.h>
#include <linux/file.h>
#include <linux/io_uring/cmd.h>
#include <linux/nvme_ioctl.h>
#include <linux/srcu.h>

#include "command.h"
#include "compat.h"
#include "mpn.h"

/* Pollers that may look at a hardware queue; see mpn_uring_quiesce(). */
DEFINE_STATIC_SRCU(mpn_poll_srcu);

/* The driver's own end_io, learnt from the first command; never changes. */
static rq_end_io_fn *mpn_stock_end_io;

enum rq_end_io_ret mpn_driver_end_io(struct request *req, blk_status_t status)
{
	return mpn_stock_end_io(req, status);
}

/*
 * A command has ended. Any context.
 *
 * Pollers of the same ring look where to poll on every turn until the submitter's task
 * work has run; that is cleared before the path is unpinned. The driver's own end needs no
 * pin: the request keeps the queue, and that all of the driver that it looks at.
 */
static enum rq_end_io_ret mpn_end_io(struct request *req, blk_status_t status)
{
	struct io_uring_cmd *ioucmd = req->end_io_data;
	struct mpn_path *path = mpn_request_path(req);
	bool well = !status && mpn_request_well(req);
	unsigned int how = *mpn_pdu_status(ioucmd) & MPN_HOW;
	bool failed;

	WRITE_ONCE(*mpn_pdu_hctx(ioucmd), NULL);
	failed = unlikely(!well) && mpn_failover(path, req, status, ioucmd);
	mpn_command_end(path, req, how, well);
	if (unlikely(failed))
		return RQ_END_IO_FREE;
	return mpn_stock_end_io(req, status);
}

/*
 * The command was accepted and is on the plug. No sleep in here. Return: false: its end
 * is the driver's alone.
 */
static bool mpn_interpose(struct mpn_path *path, struct io_uring_cmd *ioucmd,
			  unsigned int issue_flags)
{
	struct request *req = *mpn_pdu_req(ioucmd);
	rq_end_io_fn *known = READ_ONCE(mpn_stock_end_io);

	if (unlikely(!known)) {
		WRITE_ONCE(mpn_stock_end_io, req->end_io);
		known = req->end_io;
	}
	if (WARN_ON_ONCE(req->end_io != known || req->end_io_data != ioucmd)) {
		if (issue_flags & IO_URING_F_IOPOLL)
			WRITE_ONCE(*mpn_pdu_hctx(ioucmd), NULL);
		return false;
	}
	/* nobody polls before we return, and nobody at all in another ring */
	if (unlikely(issue_flags & IO_URING_F_IOPOLL))
		mpn_poll_at(ioucmd, req);
	mpn_failover_note(req, ioucmd, mpn_command_begin(path, req));
	req->end_io = mpn_end_io;
	return true;
}

/*
 * May the driver have a command for itself, as natively? Not if it may be sent again, if
 * the policy wants to know about it, or if it is polled: then we have to know where.
 */
static bool mpn_as_native(const struct mpn_head *head, unsigned int issue_flags)
{
	return READ_ONCE(head->failover) == MPN_FAILOVER_OFF &&
	       !mpn_counts(READ_ONCE(head->policy)) &&
	       !(issue_flags & IO_URING_F_IOPOLL);
}

/* The driver's own uring_cmd with the path's file lent to the command. No sleep at its end. */
static inline int mpn_forward(struct mpn_path *path, struct io_uring_cmd *ioucmd,
			      unsigned int issue_flags)
{
	struct file *ours = ioucmd->file;
	struct file *theirs = mpn_chr_file(path, ours->f_mode & FMODE_WRITE);
	bool none;
	int ret;

	ioucmd->file = theirs;
	none = mpath_not_x32_begin();
	ret = theirs->f_op->uring_cmd(ioucmd, issue_flags);
	mpath_not_x32_end(none);
	ioucmd->file = ours;
	return ret;
}

/**
 * mpn_uring_cmd() - forward one command by lending it the path's file
 * @mdev: pinned path
 * @ioucmd: the command, with a file of the head
 * @issue_flags: from io_uring
 *
 * The driver reads the file only in here (for the namespace and the right to
 * write), and nobody else looks at a command that is being issued: its task
 * completes it after we have returned, and a worker of io-wq holds a reference
 * on it until then.
 *
 * A command that was queued has the caller's pin (%MPATH_FEAT_KEEPS_PIN) until its
 * end_io. If the driver has it for itself the pin is put at once: its request keeps the
 * path's queue, which the removal of the path's disk waits for, and nothing of ours is
 * looked at any more.
 *
 * Context: Process context; does not block with IO_URING_F_NONBLOCK but for
 * page faults of the caller.
 * Return: what the driver says, mostly -EIOCBQUEUED.
 */
int mpn_uring_cmd(struct mpath_device *mdev, struct io_uring_cmd *ioucmd,
		  unsigned int issue_flags)
{
	struct mpn_path *path = mpn_path_of(mdev);
	struct blk_plug plug MPATH_UNINITIALIZED;	/* begun, or not used */
	bool keep = false;
	int ret;

	/*
	 * No-op inside a plug of the caller, which serves as well. By way of a plug a request
	 * is also sent with fewer instructions than without.
	 */
	blk_start_plug(&plug);
	ret = mpn_forward(path, ioucmd, issue_flags);
	if (likely(ret == -EIOCBQUEUED) &&
	    !mpn_as_native(path->home, issue_flags))
		keep = mpn_interpose(path, ioucmd, issue_flags);
	blk_finish_plug(&plug);
	if (ret == -EIOCBQUEUED && !keep)
		percpu_ref_put(&path->ref);
	return ret;
}

/**
 * mpn_uring_timeout_ms() - &mpath_head_template.uring_timeout_ms
 *
 * Without IO_URING_F_SQE128 the driver refuses the command, and the SQE ends before it
 * says.
 */
unsigned int mpn_uring_timeout_ms(struct io_uring_cmd *ioucmd,
				  unsigned int issue_flags)
{
	const struct nvme_uring_cmd *cmd = io_uring_sqe_cmd(ioucmd->sqe);

	return issue_flags & IO_URING_F_SQE128 ? READ_ONCE(cmd->timeout_ms) : 0;
}

/* Where to poll for it, or NULL. Its request is not sent yet. */
void mpn_poll_at(struct io_uring_cmd *ioucmd, struct request *req)
{
	WRITE_ONCE(*mpn_pdu_hctx(ioucmd),
		   blk_rq_is_poll(req) ? req->mq_hctx : NULL);
}

/*
 * The path of @q is not freed before mpn_uring_quiesce().
 *
 * A PCIe controller that is being reset waits in CONNECTING, its queues running again, for
 * what is still on them: a command that was not started before is only now, and a polled one
 * ends by being polled (nvme_reset_work(), drivers/nvme/host/pci.c). Fabrics fail commands in
 * that state, and have no connection in a part of it.
 */
static bool mpn_may_poll(struct request_queue *q)
{
	struct mpn_path *path = q->disk->part0->bd_holder;
	struct nvme_ctrl *ctrl = path->ctrl->ctrl;

	switch (mpn_ctrl_state(ctrl)) {
	case NVME_CTRL_LIVE:
	case NVME_CTRL_DELETING:
		return true;
	case NVME_CTRL_CONNECTING:
		return mpn_ctrl_is_pcie(ctrl);
	default:
		return false;
	}
}

/*
 * Poll, unless the controller is being taken down. The transports' poll routines do not
 * expect that (nvme_tcp_poll() uses a socket that is gone by then), but before they take
 * anything away they quiesce their queues, which waits for who is in here. The tag set
 * outlives the caller's hold on the queue's usage counter: the removal of the path's disk
 * waits for that, and the driver lets go of the tag set after it.
 */
static int mpn_poll_hctx(struct request_queue *q, struct blk_mq_hw_ctx *hctx,
			 struct io_comp_batch *iob)
{
	struct srcu_struct *srcu = q->tag_set->flags & BLK_MQ_F_BLOCKING ?
		q->tag_set->srcu : NULL;
	int idx = 0, ret = 0;

	if (srcu)
		idx = srcu_read_lock(srcu);
	else
		rcu_read_lock();
	if (!blk_queue_quiesced(q) && mpn_may_poll(q))
		ret = q->mq_ops->poll(hctx, iob) > 0;
	if (srcu)
		srcu_read_unlock(srcu, idx);
	else
		rcu_read_unlock();
	return ret;
}

/**
 * mpn_uring_cmd_iopoll() - poll for one command of a polled ring
 * @ioucmd: the command
 * @iob: where completions are gathered
 * @poll_flags: from io_uring; not used, as a task that runs gets one turn in any case
 *
 * The request may end, be used again and be freed at any time, so it is not looked at:
 * the command remembers the hardware queue instead, whose memory stays until
 * mpn_uring_quiesce(). Polling it may be in vain.
 * Source: nvme_ns_chr_uring_cmd_iopoll(), drivers/nvme/host/ioctl.c
 *
 * Context: Process context, may sleep.
 */
int mpn_uring_cmd_iopoll(struct io_uring_cmd *ioucmd, struct io_comp_batch *iob,
			 unsigned int poll_flags)
{
	struct blk_mq_hw_ctx *hctx;
	struct request_queue *q;
	int idx, ret = 0;

	idx = srcu_read_lock(&mpn_poll_srcu);
	hctx = READ_ONCE(*mpn_pdu_hctx(ioucmd));
	q = hctx ? hctx->queue : NULL;
	/*
	 * A frozen queue may be losing its hardware queues; a command that still
	 * remembers one now keeps it with its request.
	 */
	if (q && percpu_ref_tryget(&q->q_usage_counter)) {
		if (READ_ONCE(*mpn_pdu_hctx(ioucmd)) == hctx)
			ret = mpn_poll_hctx(q, hctx, iob);
		percpu_ref_put(&q->q_usage_counter);
	}
	srcu_read_unlock(&mpn_poll_srcu, idx);
	return ret;
}

/**
 * mpn_uring_quiesce() - nobody polls for a path that is unpinned
 *
 * Called between a path's last pin, after which no command remembers one of its hardware
 * queues, and closing its disk, which may free them.
 *
 * Context: Process context, may sleep.
 */
void mpn_uring_quiesce(void)
{
	synchronize_srcu(&mpn_poll_srcu);
}
