// SPDX-License-Identifier: GPL-2.0
/* Paths of a head: add, delete, set live, ask. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched/mm.h>

#include "internal.h"

/*
 * Head lock held. *@rescued: a grace period was ended, the caller puts the module.
 */
static int mpath_add_locked(struct mpath_device *dev, struct mpath_head *head,
			    struct mpc_path_args *args, bool *rescued)
{
	int slot, ret;

	slot = mpc_path_next_slot(mpath_core(head));
	if (slot < 0)
		return slot;
	ret = mpath_gate_need_counters(head->gate, slot);
	if (ret)
		return ret;
	/*
	 * All fields before the core publishes the path. The slot stays as it
	 * is when the path leaves: a bio that is still out counts under it.
	 */
	dev->slot = slot;
	args->blocked = mpath_pr_path_added(&head->gate->pr, slot);
	ret = mpc_path_add(mpath_core(head), dev->core, args);
	if (ret < 0)
		return ret;
	set_bit(MPATH_DEVICE_ATTACHED, &dev->flags);
	list_add_tail_rcu(&dev->siblings, &head->dev_list);
	*rescued = mpath_head_event(head, MPC_EVENT_PATH_ADDED) ==
		   MPC_ACTION_DISARM;
	if (*rescued)
		mpath_disarm(head);
	return 0;
}

int mpath_add_device(struct mpath_device *dev, struct mpath_head *head,
		     struct gendisk *disk, int numa_node, atomic_t *nr_active)
{
	struct mpc_path_args args = {
		.dev		= dev,
		.access_state	= (u32 *)&dev->access_state,
		.numa_node	= numa_node,
	};
	struct mpath_gate *gate = head->gate;
	bool rescued = false;
	unsigned int noio;
	int ret;

	if (!disk || !nr_active) {
		pr_err("mpath_add_device: a path needs a disk and a counter\n");
		return -EINVAL;
	}
	args.nr_active = &nr_active->counter;
	dev->mpath_head = head;
	dev->disk = disk;
	dev->flags = 0;
	dev->numa_node = numa_node;
	dev->nr_active = nr_active;
	dev->stats = NULL;
	dev->reported = 0;
	dev->replays = 0;
	INIT_LIST_HEAD(&dev->siblings);

	/* the I/O that memory would wait for may be parked on this head */
	noio = memalloc_noio_save();
	/* nobody changes the limits between the check and the path's coming */
	mutex_lock(&gate->limits_lock);
	ret = mpath_limits_add_path(head, disk);
	if (!ret) {
		mutex_lock(&head->lock);
		ret = mpath_add_locked(dev, head, &args, &rescued);
		mutex_unlock(&head->lock);
	}
	if (rescued && head->disk)
		dev_info(disk_to_dev(head->disk),
			 "path %s has come in the grace period\n",
			 disk->disk_name);
	mutex_unlock(&gate->limits_lock);
	memalloc_noio_restore(noio);
	if (rescued)
		module_put(gate->owner);
	return ret;
}
EXPORT_SYMBOL_GPL(mpath_add_device);

/* The head may be removed meanwhile; limits_lock keeps its disk. */
static void mpath_tell_left(struct mpath_head *head, struct mpath_device *dev)
{
	u32 state;

	mutex_lock(&head->gate->limits_lock);
	state = mpc_head_state(mpath_core(head));
	if (head->disk && dev->reported && state >= MPC_STATE_LIVE &&
	    state <= MPC_STATE_EXPIRED)
		mpath_path_uevent(head, dev, "left",
				  mpath_access_name(READ_ONCE(dev->access_state)));
	mutex_unlock(&head->gate->limits_lock);
}

bool mpath_delete_device(struct mpath_device *dev)
{
	struct mpath_head *head = dev->mpath_head;
	bool empty, mine;

	mutex_lock(&head->lock);
	mine = test_and_clear_bit(MPATH_DEVICE_ATTACHED, &dev->flags);
	if (mine) {
		mpc_path_del(mpath_core(head), dev->core);
		list_del_rcu(&dev->siblings);
	}
	empty = !mpc_path_count(mpath_core(head));
	mutex_unlock(&head->lock);
	if (!mine)
		return empty;

	mpath_sysfs_del_path(dev);
	mpath_synchronize(head);
	mpath_tell_left(head, dev);
	/* without it the others may agree on another capacity, or allow more */
	mpath_revalidate(head);
	/* if this was the last hope of parked bios, they have to learn it */
	mpath_event(head);
	return empty;
}
EXPORT_SYMBOL_GPL(mpath_delete_device);

bool mpath_head_devices_empty(struct mpath_head *head)
{
	bool empty;

	mutex_lock(&head->lock);
	empty = !mpc_path_count(mpath_core(head));
	mutex_unlock(&head->lock);
	return empty;
}
EXPORT_SYMBOL_GPL(mpath_head_devices_empty);

static void mpath_add_cdev(struct mpath_head *head)
{
	int ret;

	if (head->mpdt->cdev_name)
		ret = mpath_gate_add_cdev(head->gate, head);
	else if (head->mpdt->add_cdev)
		ret = head->mpdt->add_cdev(head);
	else
		return;
	if (ret)
		dev_err(disk_to_dev(head->disk),
			"could not create the char device: %d\n", ret);
	else
		set_bit(MPATH_HEAD_CDEV_LIVE, &head->flags);
}

/* State ADDING: nobody else adds or removes. */
static int mpath_add_head_disk(struct mpath_head *head)
{
	int ret;

	dev_set_drvdata(disk_to_dev(head->disk), head);
	ret = device_add_disk(head->parent, head->disk, head->disk_groups);
	if (ret) {
		dev_set_drvdata(disk_to_dev(head->disk), NULL);
		pr_err("%s: could not add the disk: %d\n",
		       head->disk->disk_name, ret);
		mpath_head_step(head, MPC_EVENT_ADD_FAILED);
		return ret;
	}
	mpath_add_cdev(head);
	mpath_sysfs_add_head(head);
	/* before a removal can begin, so that the removal also ends the scan */
	mpath_work_scan_partitions(head);
	mpath_head_step(head, MPC_EVENT_ADD_DONE);
	return 0;
}

int mpath_device_set_live(struct mpath_device *dev)
{
	struct mpath_head *head = dev->mpath_head;
	int ret;

	if (!head->disk)
		return 0;
	switch (mpath_head_step(head, MPC_EVENT_SET_LIVE)) {
	case MPC_ACTION_ADD_DISK:
		ret = mpath_add_head_disk(head);
		if (ret)
			return ret;
		break;
	case MPC_ACTION_REFUSE:
		return -ENODEV;
	default:
		break;
	}
	mpath_add_sysfs_link(head);
	mpc_choose_all(head->gate);
	mpath_event(head);
	mpath_pr_replay(dev);
	return 0;
}
EXPORT_SYMBOL_GPL(mpath_device_set_live);

bool mpath_clear_current_path(struct mpath_device *dev)
{
	return mpc_clear_path(mpath_core(dev->mpath_head), dev->core);
}
EXPORT_SYMBOL_GPL(mpath_clear_current_path);

void mpath_clear_paths(struct mpath_head *head)
{
	mpc_clear_all(mpath_core(head));
}
EXPORT_SYMBOL_GPL(mpath_clear_paths);

void mpath_policy_changed(struct mpath_head *head)
{
	mpath_clear_paths(head);
	mpath_event(head);
}
EXPORT_SYMBOL_GPL(mpath_policy_changed);

void mpath_revalidate_paths(struct mpath_head *head,
			    void (*not_ready)(struct mpath_device *))
{
	struct mpath_device *dev;
	sector_t capacity = 0;
	bool disk;
	int idx;

	mutex_lock(&head->gate->limits_lock);
	disk = head->disk;
	if (disk)
		capacity = get_capacity(head->disk);
	mutex_unlock(&head->gate->limits_lock);
	if (!disk)	/* removed meanwhile */
		return;
	idx = srcu_read_lock(&head->srcu);
	list_for_each_entry_srcu(dev, &head->dev_list, siblings,
				 srcu_read_lock_held(&head->srcu)) {
		/* only a path that disagrees is told */
		if (not_ready && get_capacity(dev->disk) != capacity)
			not_ready(dev);
	}
	srcu_read_unlock(&head->srcu, idx);
	mpath_revalidate(head);
	mpath_policy_changed(head);
}
EXPORT_SYMBOL_GPL(mpath_revalidate_paths);

struct mpath_callback {
	int (*cb)(struct mpath_device *dev);
};

static int mpath_call_back(struct mpath_device *dev, void *ctx)
{
	const struct mpath_callback *callback = ctx;

	return callback->cb(dev);
}

int mpath_call_for_device(struct mpath_head *head,
			  int (*cb)(struct mpath_device *))
{
	struct mpath_callback callback = { .cb = cb };

	return mpc_call(head->gate, mpath_call_back, &callback);
}
EXPORT_SYMBOL_GPL(mpath_call_for_device);

int mpath_call_for_other(struct mpath_head *head, u64 *tried,
			 int (*cb)(struct mpath_device *, void *), void *ctx)
{
	return mpc_call_again(head->gate, tried, cb, ctx);
}
EXPORT_SYMBOL_GPL(mpath_call_for_other);

u64 mpath_device_bit(const struct mpath_device *dev)
{
	return BIT_ULL(dev->slot);
}
EXPORT_SYMBOL_GPL(mpath_device_bit);
