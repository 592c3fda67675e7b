// SPDX-License-Identifier: GPL-2.0
/* Which disks are path namespaces of the stock NVMe driver. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device/class.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "mpn.h"

/* All paths, joined or not. */
static LIST_HEAD(mpn_paths);
static DEFINE_SPINLOCK(mpn_paths_lock);
static DECLARE_WAIT_QUEUE_HEAD(mpn_paths_wq);	/* the list is empty */
static DECLARE_WAIT_QUEUE_HEAD(mpn_decided_wq);	/* a path was decided upon */

/*
 * Is it a disk (not a partition, not a native or our own head) of nvme-core?
 * Only fields that the gendisk itself keeps are looked at: the namespace may
 * be on its way out.
 */
static bool mpn_is_path_disk(struct device *dev)
{
	struct gendisk *disk;

	if (!dev->type || strcmp(dev->type->name, "disk"))
		return false;
	disk = dev_to_disk(dev);
	return disk->fops && disk->fops->owner && !disk->fops->submit_bio &&
	       !strcmp(disk->fops->owner->name, "nvme_core") &&
	       disk->queue->queuedata &&
	       disk->queue->queuedata == disk->private_data &&
	       !(disk->flags & GENHD_FL_HIDDEN);
}

static struct mpn_path *mpn_find(struct gendisk *disk)
{
	struct mpn_path *path;

	lockdep_assert_held(&mpn_paths_lock);
	list_for_each_entry(path, &mpn_paths, entry)
		if (path->disk == disk)
			return path;
	return NULL;
}

/* Class mutex held: only note it, the work does the rest. */
static int mpn_add_dev(struct device *dev)
{
	struct mpn_path *path;
	unsigned int noio;

	if (!mpn_is_path_disk(dev))
		return 0;
	noio = memalloc_noio_save();	/* as in the path's work */
	path = mpn_path_create(dev_to_disk(dev));
	memalloc_noio_restore(noio);
	if (!path) {
		dev_err(dev, "%s: no memory, left alone\n", KBUILD_MODNAME);
		return 0;
	}
	spin_lock(&mpn_paths_lock);
	list_add_tail(&path->entry, &mpn_paths);
	spin_unlock(&mpn_paths_lock);
	queue_delayed_work(mpn_wq, &path->work, 0);
	return 0;
}

/* Class mutex held; called for every disk when the interface is unregistered. */
static void mpn_remove_dev(struct device *dev)
{
	struct mpn_path *path;

	if (!dev->type || strcmp(dev->type->name, "disk"))
		return;
	spin_lock(&mpn_paths_lock);
	path = mpn_find(dev_to_disk(dev));
	if (path)
		mpn_path_gone(path);
	spin_unlock(&mpn_paths_lock);
}

static struct class_interface mpn_interface = {
	.add_dev	= mpn_add_dev,
	.remove_dev	= mpn_remove_dev,
};

/* Off the list: no event finds the path any more. */
void mpn_path_forget(struct mpn_path *path)
{
	spin_lock(&mpn_paths_lock);
	list_del(&path->entry);
	if (list_empty(&mpn_paths))
		wake_up_all(&mpn_paths_wq);
	spin_unlock(&mpn_paths_lock);
}

/* Called by the path's own work, which the path outlives. */
void mpn_path_decided(struct mpn_path *path)
{
	if (!test_and_set_bit(MPN_PATH_DECIDED, &path->flags))
		wake_up_all(&mpn_decided_wq);
}

static bool mpn_all_decided(void)
{
	struct mpn_path *path;
	bool all = true;

	spin_lock(&mpn_paths_lock);
	list_for_each_entry(path, &mpn_paths, entry)
		if (!test_bit(MPN_PATH_DECIDED, &path->flags)) {
			all = false;
			break;
		}
	spin_unlock(&mpn_paths_lock);
	return all;
}

/**
 * mpn_settle() - wait until each disk that was found has joined or was left alone
 * @secs: no longer than that
 *
 * For udev: a disk that may become a path must not be looked into, mounted or
 * assembled before it is known whether it does. When a path has joined, the disk of
 * its head is there.
 * Context: May sleep; nothing that the paths' work needs is held.
 * Return: 0; -ETIMEDOUT; -ERESTARTSYS if a fatal signal came.
 */
int mpn_settle(unsigned int secs)
{
	/* wait_event_killable_timeout(), but that does not keep the machine from suspending */
	const unsigned int state = TASK_KILLABLE | TASK_FREEZABLE;
	long left = ___wait_event(mpn_decided_wq, ___wait_cond_timeout(mpn_all_decided()),
				  state, 0, secs * HZ, __ret = schedule_timeout(__ret));

	if (left < 0)
		return left;
	return left ? 0 : -ETIMEDOUT;
}

/* A path that has joined or is leaving takes no notice. */
void mpn_rescan(void)
{
	struct mpn_path *path;

	spin_lock(&mpn_paths_lock);
	list_for_each_entry(path, &mpn_paths, entry)
		mod_delayed_work(mpn_wq, &path->work, 0);
	spin_unlock(&mpn_paths_lock);
}

int mpn_discover_start(void)
{
	struct queue_limits lim = { };
	struct gendisk *any = blk_alloc_disk(&lim, NUMA_NO_NODE);

	if (IS_ERR(any))
		return PTR_ERR(any);
	/* the block class is not exported, but every gendisk knows it */
	mpn_interface.class = disk_to_dev(any)->class;
	put_disk(any);
	return class_interface_register(&mpn_interface);
}

static bool mpn_no_paths(void)
{
	bool none;

	spin_lock(&mpn_paths_lock);
	none = list_empty(&mpn_paths);
	spin_unlock(&mpn_paths_lock);
	return none;
}

/*
 * No node is open (openers pin this module), so what the paths wait for on
 * their way out is bounded by the driver's own time-outs.
 */
void mpn_discover_stop(void)
{
	class_interface_unregister(&mpn_interface);
	wait_event(mpn_paths_wq, mpn_no_paths());
	/* and with it the frees that come after mpn_path_forget() */
	flush_workqueue(mpn_wq);
	/* a task that was preempted on its way out of our end_io */
	mpath_synchronize_tasks();
}
