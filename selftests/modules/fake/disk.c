// SPDX-License-Identifier: GPL-2.0
/* Operations of a path's disk, other than bios. */
#include <linux/hdreg.h>
#include <linux/string.h>

#include "fake.h"

static struct fake_path *bdev_path(struct block_device *bdev)
{
	return bdev->bd_disk->private_data;
}

static int fake_bdev_ioctl(struct block_device *bdev, blk_mode_t mode,
			   unsigned int cmd, unsigned long arg)
{
	struct fake_path *path = bdev_path(bdev);

	fake_count(path, FC_bdev_ioctl);
	fake_may_sleep(path);
	fake_path_stop(FP_bdev_ioctl, path);
	return fake_ioctl(path, cmd, arg, false);
}

static int fake_bdev_compat_ioctl(struct block_device *bdev, blk_mode_t mode,
				  unsigned int cmd, unsigned long arg)
{
	struct fake_path *path = bdev_path(bdev);

	fake_count(path, FC_bdev_compat_ioctl);
	fake_may_sleep(path);
	fake_path_stop(FP_bdev_ioctl, path);
	return fake_ioctl(path, cmd, arg, true);
}

/* The number of heads says which path was asked. */
static int fake_getgeo(struct block_device *bdev, struct hd_geometry *geo)
{
	struct fake_path *path = bdev_path(bdev);

	fake_count(path, FC_getgeo);
	fake_may_sleep(path);
	fake_path_stop(FP_getgeo, path);
	geo->heads = 16;
	geo->sectors = 63;
	geo->cylinders = get_capacity(path->disk) / (16 * 63);
	return 0;
}

/* The same for all paths of a head; one of T10 does not exist. */
static int fake_get_unique_id(struct gendisk *disk, u8 id[16],
			      enum blk_unique_id type)
{
	struct fake_path *path = disk->private_data;

	fake_count(path, FC_unique_id);
	fake_may_sleep(path);
	fake_path_stop(FP_unique_id, path);
	if (type == BLK_UID_T10)
		return -EINVAL;
	memset(id, 0, 16);
	memcpy(id, "fake", 4);
	id[15] = type;
	return type == BLK_UID_EUI64 ? 8 : 16;
}

static int fake_report_zones(struct gendisk *disk, sector_t sector,
			     unsigned int nr_zones, report_zones_cb cb,
			     void *data)
{
	struct fake_path *path = disk->private_data;
	sector_t size = SZ_1M >> SECTOR_SHIFT;
	sector_t capacity = get_capacity(disk);
	struct blk_zone zone;
	unsigned int n = 0;
	int ret;

	fake_count(path, FC_report_zones);
	fake_may_sleep(path);
	fake_path_stop(FP_report_zones, path);
	for (sector = rounddown(sector, size);
	     n < nr_zones && sector < capacity; sector += size, n++) {
		zone = (struct blk_zone) {
			.start		= sector,
			.len		= size,
			.capacity	= size,
			.wp		= sector,
			.type		= BLK_ZONE_TYPE_SEQWRITE_REQ,
			.cond		= BLK_ZONE_COND_EMPTY,
		};
		ret = cb(&zone, n, data);
		if (ret)
			return ret;
	}
	return n;
}

/* A table for each path: what a path can do is a setting. */
void fake_disk_fops(struct fake_path *path)
{
	const struct fake_settings *set = &path->set;
	struct block_device_operations *fops = &path->fops;

	fops->owner = THIS_MODULE;
	fops->submit_bio = fake_submit_bio;
	if (!set->no_ioctl)
		fops->ioctl = fake_bdev_ioctl;
	if (set->compat)
		fops->compat_ioctl = fake_bdev_compat_ioctl;
	if (!set->no_getgeo)
		fops->getgeo = fake_getgeo;
	if (!set->no_unique_id)
		fops->get_unique_id = fake_get_unique_id;
	if (set->zoned && !set->no_zones)
		fops->report_zones = fake_report_zones;
	if (!set->no_pr)
		fops->pr_ops = &fake_pr_ops;
}
