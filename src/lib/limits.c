// SPDX-License-Identifier: GPL-2.0
/*
 * Queue limits, capacity and read-only flag of a head whose template leaves them
 * to the library (MPATH_FEAT_STACK_LIMITS).
 *
 * Lock order: gate->limits_lock -> head->lock; gate->limits_lock -> the queue's
 * own lock and freezing the queue. The queue is frozen only if something changes:
 * a path may be the one that everybody in the queue waits for.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blk-integrity.h>
#include <linux/blkdev.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "internal.h"

static bool mpath_keeps_limits(const struct mpath_head *head)
{
	return head->base_limits;
}

/*
 * base_limits[0] is what the driver gave, [1] what was stacked last, before the
 * block layer filled in the rest, [2] what it refused last.
 */
int mpath_limits_init(struct mpath_head *head, const struct queue_limits *lim)
{
	if (!(head->mpdt->features & MPATH_FEAT_STACK_LIMITS))
		return 0;
	head->base_limits = kcalloc(MPATH_BASE_LIMITS, sizeof(*lim), GFP_KERNEL);
	if (!head->base_limits)
		return -ENOMEM;
	head->base_limits[0] = *lim;
	return 0;
}

void mpath_limits_exit(struct mpath_head *head)
{
	kfree(head->base_limits);
	head->base_limits = NULL;
}

/* false: its integrity data is of another kind than the others'. */
static bool mpath_stack_one(struct queue_limits *lim, struct gendisk *path)
{
	/* a misalignment is noted in the limits, and no news at each look */
	blk_stack_limits(lim, &path->queue->limits, 0);
	return queue_limits_stack_integrity(lim, &path->queue->limits);
}

/*
 * Head lock held. @extra: a path to come, or NULL.
 * Return: the number of paths that were asked.
 */
static unsigned int mpath_stack_all(struct mpath_head *head,
				    struct queue_limits *lim,
				    struct gendisk *extra)
{
	struct mpath_device *dev;
	unsigned int n = 0;

	*lim = head->base_limits[0];
	/* no less than that, whatever queues say yet; more does no harm */
	lim->logical_block_size = max(lim->logical_block_size,
				      READ_ONCE(head->block_size));
	list_for_each_entry(dev, &head->dev_list, siblings) {
		if (mpc_path_blocked(dev->core) & MPC_BLOCK_MISMATCH)
			continue;
		mpath_stack_one(lim, dev->disk);
		n++;
	}
	if (!extra)
		return n;
	if (!mpath_stack_one(lim, extra))
		pr_warn("%s: integrity data of path %s is of another kind, not used\n",
			head->disk->disk_name, extra->disk_name);
	return n + 1;
}

/* Of what users set through queue/ this stays as it is. */
static void mpath_keep_user_limits(struct queue_limits *lim,
				   const struct queue_limits *now)
{
	lim->max_user_sectors = now->max_user_sectors;
	lim->max_user_discard_sectors = now->max_user_discard_sectors;
	lim->flags = (lim->flags & ~BLK_FLAG_WRITE_CACHE_DISABLED) |
		     (now->flags & BLK_FLAG_WRITE_CACHE_DISABLED);
	lim->features = (lim->features & ~BLK_FEAT_IO_STAT) |
			(now->features & BLK_FEAT_IO_STAT);
}

/* gate->limits_lock held. */
static int mpath_commit(struct mpath_head *head, const struct queue_limits *raw)
{
	struct request_queue *q = head->disk->queue;
	struct queue_limits lim, now;
	int ret;

	if (!memcmp(raw, &head->base_limits[1], sizeof(*raw)))
		return 0;
	lim = *raw;
	now = queue_limits_start_update(q);
	mpath_keep_user_limits(&lim, &now);
	ret = mpath_limits_commit(q, &lim);
	head->base_limits[ret ? 2 : 1] = *raw;
	return ret;
}

static unsigned int mpath_blocks(struct gendisk *disk)
{
	return queue_logical_block_size(disk->queue);
}

/*
 * A path that would give other data than the ones before is refused. One that
 * comes to a head without paths may bring another capacity.
 */
static int mpath_path_fits(struct mpath_head *head, struct gendisk *path,
			   bool alone)
{
	struct gendisk *disk = head->disk;

	if (!get_capacity(disk))
		return 0;	/* the first one */
	if (!alone && get_capacity(disk) != get_capacity(path)) {
		pr_err("%s: refused as a path of %s: %llu sectors, not %llu\n",
		       path->disk_name, disk->disk_name, get_capacity(path),
		       get_capacity(disk));
		return -EINVAL;
	}
	if (mpath_blocks(disk) != mpath_blocks(path)) {
		pr_err("%s: refused as a path of %s: blocks of %u bytes, not %u\n",
		       path->disk_name, disk->disk_name, mpath_blocks(path),
		       mpath_blocks(disk));
		return -EINVAL;
	}
	return 0;
}

/**
 * mpath_limits_add_path() - the head's limits before a bio can be sent there
 * @head: with a disk
 * @path: the disk of a path that will be added
 *
 * Context: Process context, may sleep; gate->limits_lock held.
 * Return: 0; -EINVAL if the path is not of this head, and a line said why.
 */
int mpath_limits_add_path(struct mpath_head *head, struct gendisk *path)
{
	struct queue_limits lim;
	bool alone;
	int ret;

	if (!mpath_keeps_limits(head) || !head->disk)
		return 0;
	/* gate->limits_lock: no path comes, and one that goes does no harm */
	mutex_lock(&head->lock);
	alone = !mpc_path_count(mpath_core(head));
	mutex_unlock(&head->lock);
	ret = mpath_path_fits(head, path, alone);
	if (ret)
		return ret;
	mutex_lock(&head->lock);
	mpath_stack_all(head, &lim, path);
	mutex_unlock(&head->lock);
	ret = mpath_commit(head, &lim);
	if (ret) {
		pr_err("%s: refused as a path of %s: limits do not fit: %d\n",
		       path->disk_name, head->disk->disk_name, ret);
		return ret;
	}
	if (get_capacity(head->disk) == get_capacity(path))
		return 0;
	set_disk_ro(head->disk, get_disk_ro(path));
#ifdef CONFIG_BLK_DEV_ZONED
	head->disk->nr_zones = path->nr_zones;
#endif
	if (test_bit(GD_ADDED, &head->disk->state))
		set_capacity_and_notify(head->disk, get_capacity(path));
	else
		set_capacity(head->disk, get_capacity(path));
	return 0;
}

/* What a path works with. */
static unsigned int mpath_path_blocks(struct mpath_head *head,
				      struct mpath_device *dev)
{
	return READ_ONCE(head->block_size) ?: mpath_blocks(dev->disk);
}

/* What the paths say of the namespace they lead to. */
struct mpath_shape {
	sector_t capacity;
	unsigned int blocks;
	bool agreed;
	bool ro;
};

/*
 * Head lock held. A path without a capacity is not ready and says nothing, nor does one
 * that is out of date.
 */
static void mpath_ask_paths(struct mpath_head *head, struct mpath_shape *shape)
{
	struct mpath_device *dev;

	*shape = (struct mpath_shape){ .agreed = true };
	list_for_each_entry(dev, &head->dev_list, siblings) {
		sector_t capacity = get_capacity(dev->disk);
		unsigned int blocks = mpath_path_blocks(head, dev);

		if (!capacity || test_bit(MPATH_DEVICE_OUTDATED, &dev->flags))
			continue;
		shape->ro |= get_disk_ro(dev->disk);
		if (!shape->capacity) {
			shape->capacity = capacity;
			shape->blocks = blocks;
		} else if (shape->capacity != capacity ||
			   shape->blocks != blocks) {
			shape->agreed = false;
		}
	}
	shape->agreed &= shape->capacity != 0;
}

/*
 * Head lock held. A path that is larger than the head can do all it is asked; one that is
 * out of date is not judged by what it was.
 */
static bool mpath_block_misfits(struct mpath_head *head,
				const struct mpath_shape *shape)
{
	struct mpath_device *dev;
	bool changed = false;

	list_for_each_entry(dev, &head->dev_list, siblings) {
		bool misfit = !test_bit(MPATH_DEVICE_OUTDATED, &dev->flags) &&
			      (get_capacity(dev->disk) < shape->capacity ||
			       mpath_path_blocks(head, dev) != shape->blocks);

		if (!mpc_path_block(dev->core, MPC_BLOCK_MISMATCH, misfit))
			continue;
		changed = true;
		/* without a capacity it is on its way out */
		if (misfit && get_capacity(dev->disk))
			dev_err(disk_to_dev(head->disk),
				"path %s is not used: %llu sectors in blocks of %u bytes, not %llu of %u\n",
				dev->disk->disk_name, get_capacity(dev->disk),
				mpath_path_blocks(head, dev), shape->capacity,
				shape->blocks);
	}
	return changed;
}

/*
 * gate->limits_lock held. The paths agree on @shape and the limits are theirs.
 * Return: the disk has changed.
 */
static bool mpath_adopt(struct mpath_head *head, const struct mpath_shape *shape,
			unsigned int blocks_before)
{
	bool blocks = mpath_blocks(head->disk) != blocks_before;

	if (!blocks && shape->capacity == get_capacity(head->disk))
		return false;
	dev_info(disk_to_dev(head->disk), "now %llu sectors in blocks of %u bytes\n",
		 shape->capacity, mpath_blocks(head->disk));
	if (!set_capacity_and_notify(head->disk, shape->capacity) && blocks)
		disk_uevent(head->disk, KOBJ_CHANGE);
	return true;
}

bool mpath_revalidate(struct mpath_head *head)
{
	struct mpath_gate *gate = head->gate;
	struct mpath_shape shape;
	struct queue_limits lim;
	bool adopt, misfits, refused, changed = false;
	unsigned int noio, blocks;
	int ret = 0;

	if (!mpath_keeps_limits(head))
		return false;
	/* the I/O that memory would wait for may be parked on this head */
	noio = memalloc_noio_save();
	mutex_lock(&gate->limits_lock);
	if (!head->disk) {
		mutex_unlock(&gate->limits_lock);
		memalloc_noio_restore(noio);
		return false;
	}
	mutex_lock(&head->lock);
	blocks = mpath_blocks(head->disk);
	mpath_ask_paths(head, &shape);
	adopt = shape.agreed && (shape.capacity != get_capacity(head->disk) ||
				 shape.blocks != blocks);
	if (!adopt) {
		shape.capacity = get_capacity(head->disk);
		shape.blocks = READ_ONCE(head->block_size) ?: blocks;
	}
	misfits = mpath_block_misfits(head, &shape);
	if (!mpath_stack_all(head, &lim, NULL))
		lim = head->base_limits[1];	/* nobody to ask */
	mutex_unlock(&head->lock);

	refused = !memcmp(&lim, &head->base_limits[2], sizeof(lim));
	if (!refused)	/* not again */
		ret = mpath_commit(head, &lim);
	if (ret)
		dev_err(disk_to_dev(head->disk),
			"the new limits of its paths do not fit: %d\n", ret);
	else if (adopt && !refused)
		changed = mpath_adopt(head, &shape, blocks);
	if (shape.agreed && get_disk_ro(head->disk) != shape.ro)
		set_disk_ro(head->disk, shape.ro);
	mutex_unlock(&gate->limits_lock);
	memalloc_noio_restore(noio);
	if (misfits)
		mpath_event(head);
	return changed;
}
EXPORT_SYMBOL_GPL(mpath_revalidate);
