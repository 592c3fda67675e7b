// SPDX-License-Identifier: GPL-2.0
/* One path: claim the disk, join, leave, free. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "mpn.h"

/*
 * A disk is reported before it can be opened, and its char device comes after
 * it; a short-lived opener may hold it. So claiming is tried again for a while.
 * One that is not ready then, because its partitions are still being looked for on
 * a slow device, is asked less often, for as long as it is there.
 */
#define MPN_RETRY	(HZ / 50)
#define MPN_RETRIES	100
#define MPN_RETRY_SLOW	HZ

DEFINE_MUTEX(mpn_topology);

/**
 * mpn_path_gone() - the disk is going, or we are: leave
 * @path: kept by the caller's lock
 * Context: Any.
 */
void mpn_path_gone(struct mpn_path *path)
{
	set_bit(MPN_PATH_GONE, &path->flags);
	mod_delayed_work(mpn_wq, &path->work, 0);
}

/*
 * The path's disk is dead or about to be. Waits for nothing: the caller is the
 * driver's own removal, which our leaving may depend on.
 */
static void mpn_mark_dead(struct block_device *bdev, bool surprise)
	__releases(&bdev->bd_holder_lock)
{
	mpn_path_gone(bdev->bd_holder);
	mutex_unlock(&bdev->bd_holder_lock);
}

static const struct blk_holder_ops mpn_holder_ops = {
	.mark_dead = mpn_mark_dead,
};

static struct file *mpn_claim_mode(struct mpn_path *path, blk_mode_t mode)
{
	return bdev_file_open_by_dev(disk_devt(path->disk), mode, path,
				     &mpn_holder_ops);
}

/* -ENXIO: not there yet. -EBUSY: somebody else's. */
static int mpn_claim(struct mpn_path *path)
{
	struct file *file;

	/*
	 * Opening a number that is not there would run modprobe, and claiming a
	 * disk before it is all there would keep it from finding its partitions.
	 */
	if (!test_bit(GD_ADDED, &path->disk->state) || !disk_live(path->disk))
		return -ENXIO;
	file = mpn_claim_mode(path, BLK_OPEN_READ | BLK_OPEN_WRITE);
	if (file == ERR_PTR(-EACCES) || file == ERR_PTR(-EROFS))
		file = mpn_claim_mode(path, BLK_OPEN_READ);
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (file_bdev(file)->bd_disk != path->disk) {
		/* the number was given to another disk meanwhile */
		mpn_close_file(file);
		return -ENXIO;
	}
	path->bdev_file = file;
	path->ns = path->disk->private_data;
	path->ns_head = mpn_ns_head(path->ns);
	path->nvme = mpn_ns_ctrl(path->ns);
	return 0;
}

/* Undo mpn_claim() and mpn_open_chr(), in part or whole. */
static void mpn_unclaim(struct mpn_path *path)
{
	mpn_close_file(path->chr_rw);
	mpn_close_file(path->chr_rd);
	path->chr_rw = NULL;
	path->chr_rd = NULL;
	path->ns = NULL;
	path->ns_head = NULL;
	path->nvme = NULL;
	mpn_close_file(path->bdev_file);
	path->bdev_file = NULL;
}

static void mpn_refuse(struct mpn_path *path, int err)
{
	path->state = MPN_REFUSED;
	path->tries = 0;
	switch (err) {
	case -EBUSY:
		pr_info("%s: in use by another holder (dm, md, a mount, a partition); left alone\n",
			mpn_path_name(path));
		break;
	case -EINVAL:	/* said why */
		break;
	default:
		pr_err("%s: cannot be claimed: %d; left alone\n",
		       mpn_path_name(path), err);
	}
}

/* The driver's controller is still kept by the open disk. */
static void mpn_drop_ctrl(struct mpn_path *path)
{
	struct mpn_ctrl *ctrl = path->ctrl;
	bool last;

	path->ctrl = NULL;
	if (!ctrl)
		return;
	mutex_lock(&mpn_topology);
	last = mpn_ctrl_put(ctrl);
	mutex_unlock(&mpn_topology);
	if (last) {
		/* no event queues the works any more, but the one the other */
		cancel_work_sync(&ctrl->work);
		mpn_ana_stop(ctrl);
		mpn_look_stop(ctrl);
		kfree(ctrl);
	}
}

static int mpn_try_join(struct mpn_path *path)
{
	struct mpn_head *dead = NULL;
	int ret;

	ret = mpn_claim(path);
	if (ret)
		return ret;
	ret = mpn_open_chr(path);
	if (ret)
		goto unclaim;
	ret = mpn_look_before_join(path);
	if (ret)
		goto unclaim;

	mutex_lock(&mpn_topology);
	path->ctrl = mpn_ctrl_get(path);
	ret = path->ctrl ? mpn_head_join(path, &dead) : -ENOMEM;
	if (!ret)
		path->state = MPN_JOINED;
	mutex_unlock(&mpn_topology);
	if (!ret)
		return 0;
	if (dead)
		mpn_head_destroy(dead);
	mpn_drop_ctrl(path);
unclaim:
	mpn_unclaim(path);
	return ret;
}

/* Return: whether it is tried again soon. */
static bool mpn_join(struct mpn_path *path)
{
	int ret = mpn_try_join(path);

	switch (ret) {
	case 0:
		/* udev looks again at the disk, which is a path now */
		disk_uevent(path->disk, KOBJ_CHANGE);
		break;
	case -ENXIO:
	case -EBUSY:
	case -EAGAIN:
		if (path->tries < MPN_RETRIES) {
			path->tries++;
			queue_delayed_work(mpn_wq, &path->work, MPN_RETRY);
			return true;
		}
		/* whoever has it open while we wait for it leaves again */
		if (ret != -EBUSY || path->tries > MPN_RETRIES) {
			if (path->tries++ == MPN_RETRIES)
				pr_info("%s: not ready yet (%d), asked again every second\n",
					mpn_path_name(path), ret);
			queue_delayed_work(mpn_wq, &path->work, MPN_RETRY_SLOW);
			break;
		}
		fallthrough;
	default:
		mpn_refuse(path, ret);
	}
	return false;
}

static void mpn_leave(struct mpn_path *path)
{
	struct mpn_head *dead = NULL;

	if (path->state == MPN_JOINED) {
		mutex_lock(&mpn_topology);
		dead = mpn_head_leave(path);
		mutex_unlock(&mpn_topology);
	}
	/* while we still hold the disk, and with it the nodes' parent */
	if (dead)
		mpn_head_destroy(dead);
	path->state = MPN_LEFT;
	/* from now on no pin is given; the last one put frees */
	percpu_ref_kill(&path->ref);
}

static void mpn_path_work(struct work_struct *work)
{
	struct mpn_path *path = container_of(to_delayed_work(work),
					     struct mpn_path, work);
	/* memory must not wait for writeback to a head that this path revives */
	unsigned int noio = memalloc_noio_save();
	bool again = false;

	switch (path->state) {
	case MPN_FOUND:
	case MPN_REFUSED:
		if (test_bit(MPN_PATH_GONE, &path->flags))
			mpn_leave(path);
		else
			again = mpn_join(path);
		break;
	case MPN_JOINED:
		if (test_bit(MPN_PATH_GONE, &path->flags))
			mpn_leave(path);
		break;
	case MPN_LEFT:
		break;
	}
	/* mpn_path_free() waits for this work, also if the path has just left */
	if (!again)
		mpn_path_decided(path);
	memalloc_noio_restore(noio);
}

static void mpn_path_free(struct work_struct *work)
{
	struct mpn_path *path = container_of(work, struct mpn_path, free_work);
	bool claimed = path->bdev_file;

	mpn_uring_quiesce();	/* no poller looks at its requests after this */
	mpn_drop_ctrl(path);
	mpn_unclaim(path);	/* no mark_dead after this */
	if (claimed && disk_live(path->disk))
		disk_uevent(path->disk, KOBJ_CHANGE);
	mpn_path_forget(path);	/* no remove_dev or rescan after this */
	cancel_delayed_work_sync(&path->work);
	percpu_ref_exit(&path->ref);
	put_device(disk_to_dev(path->disk));
	if (path->home)
		mpn_head_put(path->home);
	kfree(path);
}

/* The last pin was put; any context. */
static void mpn_path_unpinned(struct percpu_ref *ref)
{
	struct mpn_path *path = container_of(ref, struct mpn_path, ref);

	queue_work(mpn_wq, &path->free_work);
}

struct mpn_path *mpn_path_create(struct gendisk *disk)
{
	struct mpn_path *path = kzalloc(sizeof(*path), GFP_KERNEL);

	if (!path)
		return NULL;
	if (percpu_ref_init(&path->ref, mpn_path_unpinned, 0, GFP_KERNEL)) {
		kfree(path);
		return NULL;
	}
	INIT_DELAYED_WORK(&path->work, mpn_path_work);
	INIT_WORK(&path->free_work, mpn_path_free);
	path->state = MPN_FOUND;
	path->disk = disk;
	get_device(disk_to_dev(disk));
	return path;
}
