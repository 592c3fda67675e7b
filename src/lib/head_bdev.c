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

/* ---------------------------------------- asking the path's own driver */

struct mpath_id_args {
	u8 *id;
	enum blk_unique_id type;
};

static int mpath_path_unique_id(struct mpath_device *dev, void *ctx)
{
	const struct mpath_id_args *args = ctx;
	const struct block_device_operations *fops = dev->disk->fops;

	return fops->get_unique_id ?
		fops->get_unique_id(dev->disk, args->id, args->type) : 0;
}

/* 0 is no id. */
static int mpath_get_unique_id(struct gendisk *disk, u8 id[16],
			       enum blk_unique_id type)
{
	struct mpath_id_args args = { .id = id, .type = type };

	return mpc_call(disk->private_data, mpath_path_unique_id, &args);
}

static int mpath_path_getgeo(struct mpath_device *dev, void *ctx)
{
	const struct block_device_operations *fops = dev->disk->fops;

	return fops->getgeo ? fops->getgeo(dev->disk->part0, ctx) : -ENOTTY;
}

static int mpath_getgeo(struct block_device *bdev, struct hd_geometry *geo)
{
	return mpc_call(bdev->bd_disk->private_data, mpath_path_getgeo, geo);
}

#ifdef CONFIG_BLK_DEV_ZONED
struct mpath_zone_args {
	sector_t sector;
	unsigned int nr_zones;
	report_zones_cb cb;
	void *data;
};

static int mpath_path_report_zones(struct mpath_device *dev, void *ctx)
{
	const struct mpath_zone_args *args = ctx;
	const struct block_device_operations *fops = dev->disk->fops;

	return fops->report_zones ?
		fops->report_zones(dev->disk, args->sector, args->nr_zones,
				   args->cb, args->data) : -EOPNOTSUPP;
}

static int mpath_report_zones(struct gendisk *disk, sector_t sector,
			      unsigned int nr_zones, report_zones_cb cb,
			      void *data)
{
	struct mpath_zone_args args = {
		.sector		= sector,
		.nr_zones	= nr_zones,
		.cb		= cb,
		.data		= data,
	};

	return mpc_call(disk->private_data, mpath_path_report_zones, &args);
}
#else
#define mpath_report_zones	NULL
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
	.get_unique_id	= mpath_get_unique_id,
	.getgeo		= mpath_getgeo,
	.report_zones	= mpath_report_zones,
	.free_disk	= mpath_free_disk,
	.pr_ops		= &mpath_pr_ops,
};
EXPORT_SYMBOL_GPL(mpath_ops);
