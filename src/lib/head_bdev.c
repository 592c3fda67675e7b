// SPDX-License-Identifier: GPL-2.0
/* The head's block node. Everything is decided behind mpc_*. */
#include <linux/compat.h>

#include "internal.h"

static int mpath_bdev_open(struct gendisk *disk, blk_mode_t mode)
{
	return mpath_gate_open(disk->private_data);
}

static void mpath_bdev_release(struct gendisk *disk)
{
	mpath_gate_release(disk->private_data);
}

static void mpath_free_disk(struct gendisk *disk)
{
	struct mpath_gate *gate = disk->private_data;

	put_device(&gate->dev);
}

static void mpath_submit_bio(struct bio *bio)
{
	struct mpath_gate *gate = bio->bi_bdev->bd_disk->private_data;

	/*
	 * Here and not on the path: the limits of the head are the smallest of
	 * all paths, so what passes fits whichever is chosen, and again after a
	 * failover.
	 */
	bio = bio_split_to_limits(bio);
	if (bio)
		mpc_submit_bio(gate, bio);
}

/*
 * The path's driver sees the whole path disk, never the head's partition, so
 * what it would refuse on a partition has to be refused here.
 */
static bool mpath_partition_allowed(struct mpath_gate *gate,
				    struct block_device *bdev, unsigned int cmd)
{
	if (!bdev_is_partition(bdev) || capable(CAP_SYS_ADMIN))
		return true;
	return gate->mpdt->partition_ioctl && gate->mpdt->partition_ioctl(cmd);
}

static int mpath_bdev_do_ioctl(struct block_device *bdev, blk_mode_t mode,
			       unsigned int cmd, unsigned long arg, bool compat)
{
	struct mpath_gate *gate = bdev->bd_disk->private_data;
	struct mpc_ioctl_args args = {
		.arg		= arg,
		.bdev		= bdev,
		.cmd		= cmd,
		.mode		= (__force u32)mode,
		.open_for_write	= !!(mode & BLK_OPEN_WRITE),
		.compat		= compat,
	};

	if (!mpath_partition_allowed(gate, bdev, cmd))
		return -EACCES;
	return mpc_ioctl(gate, &args);
}

static int mpath_bdev_ioctl(struct block_device *bdev, blk_mode_t mode,
			    unsigned int cmd, unsigned long arg)
{
	return mpath_bdev_do_ioctl(bdev, mode, cmd, arg, false);
}

#ifdef CONFIG_COMPAT
static int mpath_bdev_compat_ioctl(struct block_device *bdev, blk_mode_t mode,
				   unsigned int cmd, unsigned long arg)
{
	return mpath_bdev_do_ioctl(bdev, mode, cmd, arg, true);
}
#endif

const struct block_device_operations mpath_ops = {
	.owner		= THIS_MODULE,
	.open		= mpath_bdev_open,
	.release	= mpath_bdev_release,
	.submit_bio	= mpath_submit_bio,
	.ioctl		= mpath_bdev_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= mpath_bdev_compat_ioctl,
#endif
	.free_disk	= mpath_free_disk,
};
EXPORT_SYMBOL_GPL(mpath_ops);
