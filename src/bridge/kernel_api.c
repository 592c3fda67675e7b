// SPDX-License-Identifier: GPL-2.0
/* The bodies of kernel_api.h. No decision is made here. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compat.h>
#include <linux/topology.h>
#include <trace/events/block.h>

#include "kernel_api.h"
#include "../lib/internal.h"

int mpk_gate_lock(struct mpath_gate *gate)
{
	return srcu_read_lock(&gate->srcu);
}

void mpk_gate_unlock(struct mpath_gate *gate, int idx)
{
	srcu_read_unlock(&gate->srcu, idx);
}

struct mpc_head *mpk_gate_head(struct mpath_gate *gate)
{
	struct mpath_head *head = srcu_dereference(gate->head, &gate->srcu);

	return head ? mpath_core(head) : NULL;
}

s32 mpk_this_node(void)
{
	return numa_node_id();
}

s32 mpk_node_distance(s32 a, s32 b)
{
	return node_distance(a, b);
}

void mpk_might_sleep(void)
{
	might_sleep();
}

static struct bio *mpath_clone(struct mpath_head *head,
			       struct mpath_device *dev, struct bio *bio)
{
	if (head->mpdt->clone_bio_to)
		return head->mpdt->clone_bio_to(dev, bio);
	return head->mpdt->clone_bio(bio);
}

void mpk_bio_forward(struct mpath_head *head, struct mpath_device *dev,
		     struct bio *bio)
{
	if (head->mpdt->clone_bio_to || head->mpdt->clone_bio) {
		struct bio *clone = mpath_clone(head, dev, bio);

		if (unlikely(!clone)) {
			if (bio->bi_opf & REQ_NOWAIT)
				bio_wouldblock_error(bio);
			else
				bio_io_error(bio);
			return;
		}
		bio = clone;
	}
	bio_set_dev(bio, dev->disk->part0);
	/* the end-of-device check was made on the head */
	bio_set_flag(bio, BIO_REMAPPED);
	if (!(head->mpdt->features & MPATH_FEAT_PLAIN_BIOS))
		bio->bi_opf |= REQ_MPATH;
	if ((bio->bi_opf & REQ_POLLED) &&
	    !(dev->disk->queue->limits.features & BLK_FEAT_POLL))
		bio_clear_polled(bio);
	trace_block_bio_remap(bio, disk_devt(head->disk),
			      bio->bi_iter.bi_sector);
	submit_bio_noacct(bio);
}

void mpk_bio_park(struct mpath_head *head, struct bio *bio)
{
	dev_warn_ratelimited(disk_to_dev(head->disk),
			     "no usable path, requeuing I/O\n");
	atomic_long_inc(&head->requeue_no_usable_path_cnt);
	mpath_park(head, bio);
	queue_delayed_work(mpath_wq, &head->park_work,
			   MPATH_PARK_RETRY);
}

void mpk_bio_fail(struct mpath_head *head, struct bio *bio)
{
	if (head) {
		dev_warn_ratelimited(disk_to_dev(head->disk),
				     "no available path, failing I/O\n");
		atomic_long_inc(&head->fail_no_avail_path_cnt);
	}
	bio->bi_opf &= ~REQ_DRV;	/* the driver may have marked its own */
	bio_io_error(bio);
}

void mpk_ioctl_begin(struct mpath_gate *gate, struct mpath_device *dev, u32 cmd,
		     void **opaque)
{
	gate->mpdt->ioctl_begin(dev, cmd, opaque);
}

void mpk_ioctl_finish(struct mpath_gate *gate, void *opaque)
{
	gate->mpdt->ioctl_finish(opaque);
}

static long mpath_path_bdev_ioctl(struct gendisk *disk,
				  const struct mpc_ioctl_args *args)
{
	const struct block_device_operations *fops = disk->fops;
	blk_mode_t mode = (__force blk_mode_t)args->mode;
	unsigned long arg = args->arg;

#ifdef CONFIG_COMPAT
	if (args->compat) {
		if (fops->compat_ioctl)
			return fops->compat_ioctl(disk->part0, mode, args->cmd,
						  arg);
		arg = (unsigned long)compat_ptr(arg);
	}
#endif
	if (!fops->ioctl)
		return -ENOTTY;
	return fops->ioctl(disk->part0, mode, args->cmd, arg);
}

long mpk_path_ioctl(struct mpath_gate *gate, struct mpath_device *dev,
		    const struct mpc_ioctl_args *args)
{
	if (args->bdev)
		return mpath_path_bdev_ioctl(dev->disk, args);
	return gate->mpdt->cdev_ioctl(dev, args->cmd, args->arg,
				      args->open_for_write);
}

int mpk_path_uring_cmd(struct mpath_gate *gate, struct mpath_device *dev,
		       struct io_uring_cmd *cmd, u32 issue_flags)
{
	return gate->mpdt->chr_uring_cmd(dev, cmd, issue_flags);
}

int mpk_path_call(struct mpath_device *dev, void *fn)
{
	int (*cb)(struct mpath_device *) = fn;

	return cb(dev);
}

void mpk_count(struct mpath_gate *gate, u32 slot, u32 counter)
{
	this_cpu_inc(gate->counters[slot]->n[counter]);
}

void mpk_warn(const char *what)
{
	WARN_ONCE(1, "%s\n", what);
}
