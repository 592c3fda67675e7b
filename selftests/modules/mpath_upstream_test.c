// SPDX-License-Identifier: GPL-2.0
/*
 * A driver as one writes it for the upstream header, version 3, and for nothing
 * else: every name of it is used, nothing beyond it is. That it compiles, without
 * a warning, is the test; loaded it takes one head without paths through its life.
 *
 * Not here: current_path[], which a driver has no business with; the library
 * keeps slot numbers out of line instead (DIFFERS in linux/multipath.h).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/multipath.h>
#include <linux/slab.h>

struct up_path {
	struct mpath_device mpath_device;
	atomic_t nr_active;
	bool ready;
	bool live;
};

struct up_head {
	struct list_head list;
	enum mpath_iopolicy_e iopolicy;
	struct mpath_head mpath_head;
};

static enum mpath_iopolicy_e up_iopolicy = MPATH_IOPOLICY_NUMA;

static int up_set_iopolicy(const char *val, const struct kernel_param *kp)
{
	return mpath_set_iopolicy(val, &up_iopolicy);
}

static int up_get_iopolicy(char *buf, const struct kernel_param *kp)
{
	return mpath_get_iopolicy(buf, up_iopolicy);
}

module_param_call(iopolicy, up_set_iopolicy, up_get_iopolicy, &up_iopolicy, 0644);

static struct up_path *up_path(struct mpath_device *mpath_device)
{
	return container_of(mpath_device, struct up_path, mpath_device);
}

static struct up_head *up_head(struct mpath_head *mpath_head)
{
	return container_of(mpath_head, struct up_head, mpath_head);
}

/* ---- the template ------------------------------------------------------- */

static bool up_available_path(struct mpath_device *mpath_device)
{
	return up_path(mpath_device)->live;
}

static bool up_is_disabled(struct mpath_device *mpath_device)
{
	return !up_path(mpath_device)->ready;
}

static bool up_is_optimized(struct mpath_device *mpath_device)
{
	return mpath_device->access_state == MPATH_STATE_OPTIMIZED;
}

static void up_free_head(struct mpath_head *mpath_head)
{
	mpath_remove_disk(mpath_head);
	mpath_put_disk(mpath_head);
	mpath_head_uninit(mpath_head);
	kfree(up_head(mpath_head));
}

static void up_remove_head(struct mpath_head *mpath_head)
{
	if (mpath_head_devices_empty(mpath_head))
		up_free_head(mpath_head);
}

static int up_add_cdev(struct mpath_head *mpath_head)
{
	cdev_init(&mpath_head->cdev, &mpath_chr_fops);
	device_initialize(&mpath_head->cdev_device);
	mpath_head->cdev_device.parent = mpath_head->parent;
	return cdev_device_add(&mpath_head->cdev, &mpath_head->cdev_device);
}

static void up_del_cdev(struct mpath_head *mpath_head)
{
	cdev_device_del(&mpath_head->cdev, &mpath_head->cdev_device);
}

static long up_cdev_ioctl(struct mpath_device *mpath_device, unsigned int cmd,
			  unsigned long arg, bool open_for_write)
{
	return -ENOTTY;
}

static void up_ioctl_begin(struct mpath_device *mpath_device, unsigned int cmd,
			   void **opaque)
{
	*opaque = mpath_device->disk;
	get_device(disk_to_dev(mpath_device->disk));
}

static void up_ioctl_finish(void *opaque)
{
	put_device(disk_to_dev((struct gendisk *)opaque));
}

static int up_uring_cmd(struct mpath_device *mpath_device,
			struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	return -EOPNOTSUPP;
}

static int up_uring_cmd_iopoll(struct io_uring_cmd *ioucmd,
			       struct io_comp_batch *iob,
			       unsigned int poll_flags)
{
	return 0;
}

static struct bio_set up_bios;

static void up_clone_endio(struct bio *clone)
{
	struct bio *bio = clone->bi_private;
	struct mpath_head *mpath_head =
		mpath_gendisk_to_head(bio->bi_bdev->bd_disk);

	if (clone->bi_status && blk_path_error(clone->bi_status)) {
		unsigned long flags;

		spin_lock_irqsave(&mpath_head->requeue_lock, flags);
		bio_list_add(&mpath_head->requeue_list, bio);
		spin_unlock_irqrestore(&mpath_head->requeue_lock, flags);
		mpath_schedule_requeue_work(mpath_head);
	} else {
		bio->bi_status = clone->bi_status;
		bio_endio(bio);
	}
	bio_put(clone);
}

static struct bio *up_clone_bio(struct bio *bio)
{
	struct bio *clone = bio_alloc_clone(bio->bi_bdev, bio, GFP_NOIO,
					    &up_bios);

	if (clone) {
		clone->bi_end_io = up_clone_endio;
		clone->bi_private = bio;
	}
	return clone;
}

static const struct mpath_head_template up_template = {
	.available_path		= up_available_path,
	.is_disabled		= up_is_disabled,
	.is_optimized		= up_is_optimized,
	.remove_head		= up_remove_head,
	.add_cdev		= up_add_cdev,
	.del_cdev		= up_del_cdev,
	.cdev_ioctl		= up_cdev_ioctl,
	.ioctl_begin		= up_ioctl_begin,
	.ioctl_finish		= up_ioctl_finish,
	.chr_uring_cmd		= up_uring_cmd,
	.chr_uring_cmd_iopoll	= up_uring_cmd_iopoll,
	.clone_bio		= up_clone_bio,
	.device_groups		= mpath_device_groups,
};

/* ---- attributes --------------------------------------------------------- */

static struct mpath_head *up_dev_head(struct device *dev)
{
	return mpath_bd_device_to_head(dev);
}

static ssize_t iopolicy_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return mpath_iopolicy_show(up_dev_head(dev)->iopolicy, buf);
}

static ssize_t iopolicy_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct mpath_head *mpath_head = up_dev_head(dev);

	if (!mpath_iopolicy_store(mpath_head->iopolicy, buf, count))
		return -EINVAL;
	mpath_clear_paths(mpath_head);
	return count;
}
static DEVICE_ATTR_RW(iopolicy);

static ssize_t delayed_removal_secs_show(struct device *dev,
					 struct device_attribute *attr,
					 char *buf)
{
	return mpath_delayed_removal_secs_show(up_dev_head(dev), buf);
}

static ssize_t delayed_removal_secs_store(struct device *dev,
					  struct device_attribute *attr,
					  const char *buf, size_t count)
{
	return mpath_delayed_removal_secs_store(up_dev_head(dev), buf, count);
}
static DEVICE_ATTR_RW(delayed_removal_secs);

static ssize_t queued_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct mpath_head *mpath_head = up_dev_head(dev);

	return sysfs_emit(buf, "%ld %ld %d %d\n",
		atomic_long_read(&mpath_head->requeue_no_usable_path_cnt),
		atomic_long_read(&mpath_head->fail_no_avail_path_cnt),
		mpath_head_queue_if_no_path(mpath_head),
		mpath_head->delayed_removal_secs);
}
static DEVICE_ATTR_RO(queued);

static struct attribute *up_attrs[] = {
	&dev_attr_iopolicy.attr,
	&dev_attr_delayed_removal_secs.attr,
	&dev_attr_queued.attr,
	NULL
};

static const struct attribute_group up_attr_group = {
	.attrs = up_attrs,
};

static const struct attribute_group *up_groups[] = {
	&up_attr_group,
	&mpath_attr_group,
	NULL
};

/* ---- heads and paths ----------------------------------------------------- */

static struct up_head *up_alloc_head(struct device *parent)
{
	struct queue_limits lim;
	struct up_head *head = kzalloc(sizeof(*head), GFP_KERNEL);

	if (!head)
		return NULL;
	if (mpath_head_init(&head->mpath_head)) {
		kfree(head);
		return NULL;
	}
	head->iopolicy = up_iopolicy;
	head->mpath_head.drv_module = THIS_MODULE;
	head->mpath_head.iopolicy = &head->iopolicy;
	head->mpath_head.parent = parent;
	head->mpath_head.disk_groups = up_groups;
	head->mpath_head.mpdt = &up_template;
	blk_set_stacking_limits(&lim);
	if (mpath_alloc_head_disk(&head->mpath_head, &lim, NUMA_NO_NODE)) {
		mpath_head_uninit(&head->mpath_head);
		kfree(head);
		return NULL;
	}
	snprintf(head->mpath_head.disk->disk_name, DISK_NAME_LEN, "mpup0");
	return head;
}

static void __maybe_unused up_add_path(struct up_path *path,
				       struct up_head *head,
				       struct gendisk *disk)
{
	path->mpath_device.access_state = MPATH_STATE_NONOPTIMIZED;
	mpath_add_device(&path->mpath_device, &head->mpath_head, disk,
			 NUMA_NO_NODE, &path->nr_active);
	mpath_device_set_live(&path->mpath_device);
	mpath_add_sysfs_link(path->mpath_device.mpath_head);
}

static void __maybe_unused up_del_path(struct up_path *path)
{
	struct mpath_head *mpath_head = path->mpath_device.mpath_head;
	bool last;

	path->ready = false;
	mpath_synchronize(mpath_head);
	if (mpath_clear_current_path(&path->mpath_device))
		mpath_synchronize(mpath_head);
	if (test_bit(MPATH_DEVICE_SYSFS_ATTR_LINK, &path->mpath_device.flags))
		mpath_remove_sysfs_link(&path->mpath_device);
	last = mpath_delete_device(&path->mpath_device);
	mpath_synchronize(mpath_head);
	if (last && mpath_can_remove_head(mpath_head))
		up_free_head(mpath_head);
}

static void up_not_ready(struct mpath_device *mpath_device)
{
	up_path(mpath_device)->ready = false;
}

static int up_ask(struct mpath_device *mpath_device)
{
	return mpath_device->numa_node;
}

/* What else a driver reads, and in which form. */
static void __maybe_unused up_rest(struct up_head *head, struct request *req,
				   char *buf)
{
	struct mpath_head *mpath_head = &head->mpath_head;
	struct mpath_device *mpath_device;
	int srcu_idx;

	if (mpath_get_head(mpath_head))
		return;
	srcu_idx = srcu_read_lock(&mpath_head->srcu);
	list_for_each_entry_srcu(mpath_device, &mpath_head->dev_list, siblings,
				 srcu_read_lock_held(&mpath_head->srcu))
		mpath_numa_nodes_show(mpath_device, buf);
	srcu_read_unlock(&mpath_head->srcu, srcu_idx);

	if (is_mpath_disk(mpath_head->disk) && is_mpath_request(req) &&
	    (req->cmd_flags & REQ_MPATH) &&
	    mpath_read_iopolicy(mpath_head) == MPATH_IOPOLICY_RR &&
	    !mpath_qd_iopolicy(mpath_head->iopolicy) &&
	    test_bit(MPATH_HEAD_DISK_LIVE, &mpath_head->flags) &&
	    test_bit(MPATH_HEAD_QUEUE_IF_NO_PATH, &mpath_head->flags) &&
	    test_bit(MPATH_HEAD_CDEV_LIVE, &mpath_head->flags))
		mpath_revalidate_paths(mpath_head, up_not_ready);
	if (mpath_call_for_device(mpath_head, up_ask) == -EWOULDBLOCK) {
		flush_delayed_work(&mpath_head->remove_work);
		flush_work(&mpath_head->partition_scan_work);
	}
	lockdep_assert_not_held(&mpath_head->lock);
	if (refcount_read(&mpath_head->refcount) && mpath_ops.owner)
		flush_work(&mpath_head->requeue_work);
	mpath_put_head(mpath_head);
}

static int __init up_init(void)
{
	struct device *parent;
	struct up_head *head;
	int ret;

	ret = bioset_init(&up_bios, BIO_POOL_SIZE, 0, 0);
	if (ret)
		return ret;
	parent = root_device_register("mpath_upstream_test");
	if (IS_ERR(parent)) {
		bioset_exit(&up_bios);
		return PTR_ERR(parent);
	}
	head = up_alloc_head(parent);
	if (head)
		up_free_head(&head->mpath_head);
	root_device_unregister(parent);
	if (!head)
		bioset_exit(&up_bios);
	return head ? 0 : -ENOMEM;
}

static void __exit up_exit(void)
{
	bioset_exit(&up_bios);
}

module_init(up_init);
module_exit(up_exit);
MODULE_DESCRIPTION("Test of libmultipath_cxx: a driver for the upstream header");
MODULE_LICENSE("GPL");
