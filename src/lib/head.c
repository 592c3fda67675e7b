// SPDX-License-Identifier: GPL-2.0
/* The life of a head: init, disk, removal, uninit. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/nodemask.h>
#include <linux/slab.h>

#include <mpath/template.h>

#include "internal.h"
#include "trace.h"

/* Memory for the core, which ends together with the head. */
static void *mpath_alloc_hints(void)
{
	return kcalloc(nr_node_ids, MPC_HINT_STRIDE, GFP_KERNEL);
}

int mpath_head_init_owner(struct mpath_head *head, struct module *owner)
{
	int ret;

	INIT_LIST_HEAD(&head->dev_list);
	mutex_init(&head->lock);
	refcount_set(&head->refcount, 1);
	bio_list_init(&head->requeue_list);
	bio_list_init(&head->ready_list);
	spin_lock_init(&head->requeue_lock);
	head->drv_module = owner;
	head->disk = NULL;
	head->delayed_removal_secs = 0;
	head->base_limits = NULL;
	head->stats_kobj = NULL;
	mpath_work_init(head);

	head->node_hints = mpath_alloc_hints();
	if (!head->node_hints)
		return -ENOMEM;
	ret = init_srcu_struct(&head->srcu);
	if (ret)
		goto free_hints;
	mpc_head_init(head->core, head, head->node_hints, nr_node_ids);
	ret = -ENOMEM;
	head->gate = mpath_gate_create(head);
	if (!head->gate)
		goto cleanup_srcu;
	return 0;

cleanup_srcu:
	cleanup_srcu_struct(&head->srcu);
free_hints:
	kfree(head->node_hints);
	head->node_hints = NULL;
	return ret;
}
EXPORT_SYMBOL_GPL(mpath_head_init_owner);

int mpath_get_head(struct mpath_head *head)
{
	return refcount_inc_not_zero(&head->refcount) ? 0 : -ENXIO;
}
EXPORT_SYMBOL_GPL(mpath_get_head);

/*
 * The lock makes "drop and wake" one step for mpath_head_uninit(), which takes
 * the lock once more before it lets the memory go.
 */
void mpath_put_head(struct mpath_head *head)
{
	unsigned long flags;

	spin_lock_irqsave(&head->requeue_lock, flags);
	if (refcount_dec_and_test(&head->refcount))
		wake_up_all(&head->gate->state_wq);
	spin_unlock_irqrestore(&head->requeue_lock, flags);
}
EXPORT_SYMBOL_GPL(mpath_put_head);

void mpath_head_uninit(struct mpath_head *head)
{
	struct mpath_gate *gate = head->gate;

	if (!gate)
		return;
	mpath_remove_disk(head);
	/* remove_head may be where we are called from */
	if (current_work() != &head->remove_work.work)
		cancel_delayed_work_sync(&head->remove_work);

	mpath_put_head(head);
	wait_event(gate->state_wq, !refcount_read(&head->refcount));
	spin_lock_irq(&head->requeue_lock);
	spin_unlock_irq(&head->requeue_lock);

	mpath_work_drain(head);
	synchronize_srcu(&head->srcu);
	cleanup_srcu_struct(&head->srcu);
	mpath_limits_exit(head);
	kfree(head->node_hints);
	head->node_hints = NULL;
	mpath_chr_forget_gate(head);
	put_device(&gate->dev);
}
EXPORT_SYMBOL_GPL(mpath_head_uninit);

static const char *mpath_head_state_name(u32 state)
{
	static const char *const names[MPC_STATE_COUNT] = {
		[MPC_STATE_NEW]		= "new",
		[MPC_STATE_ADDING]	= "adding",
		[MPC_STATE_LIVE]	= "live",
		[MPC_STATE_LINGERING]	= "lingering",
		[MPC_STATE_EXPIRED]	= "expired",
		[MPC_STATE_DYING]	= "dying",
		[MPC_STATE_DEAD]	= "dead",
	};

	return state < MPC_STATE_COUNT ? names[state] : "unknown";
}

/**
 * mpath_head_event() - one event of the head's life
 * @head: head, lock held
 * @event: MPC_EVENT_*
 *
 * Return: MPC_ACTION_*.
 */
u32 mpath_head_event(struct mpath_head *head, u32 event)
{
	u32 was = mpc_head_state(mpath_core(head)), state, action;

	lockdep_assert_held(&head->lock);
	action = mpc_head_event(mpath_core(head), event);
	state = mpc_head_state(mpath_core(head));
	if (state == was)
		return action;
	assign_bit(MPATH_HEAD_DISK_LIVE, &head->flags,
		   state >= MPC_STATE_LIVE && state <= MPC_STATE_EXPIRED);
	if (head->disk)
		trace_mpath_head_state(head->disk->disk_name,
				       mpath_head_state_name(was),
				       mpath_head_state_name(state));
	wake_up_all(&head->gate->state_wq);
	return action;
}

/**
 * mpath_head_step() - one event of the head's life
 * @head: head, lock not held
 * @event: MPC_EVENT_*
 *
 * Sleeps as long as the table says "wait"; the states that are waited for end
 * by themselves.
 * Return: MPC_ACTION_*, never MPC_ACTION_WAIT.
 */
u32 mpath_head_step(struct mpath_head *head, u32 event)
{
	u32 action, was;

	for (;;) {
		mutex_lock(&head->lock);
		was = mpc_head_state(mpath_core(head));
		action = mpath_head_event(head, event);
		mutex_unlock(&head->lock);
		if (action != MPC_ACTION_WAIT)
			break;
		wait_event(head->gate->state_wq,
			   mpc_head_state(mpath_core(head)) != was);
	}
	/* a removal that cuts a grace period short: see lifetime.hpp */
	if (action == MPC_ACTION_DEL_DISK && was == MPC_STATE_LINGERING) {
		mpath_disarm(head);
		module_put(head->gate->owner);
	}
	return action;
}

/* What the head brings, and its template if there is one. */
static u32 mpath_head_has(const struct mpath_head *head,
			  const struct queue_limits *lim)
{
	u32 has = 0;

	if (lim)
		has |= MPC_HAS_LIMITS;
	if (head->disk_groups)
		has |= MPC_HAS_DISK_GROUPS;
	if (head->parent)
		has |= MPC_HAS_PARENT;
	if (head->iopolicy)
		has |= MPC_HAS_IOPOLICY;
	if (head->mpdt)
		has |= MPC_HAS_TEMPLATE | mpath_template_has(head->mpdt);
	return has;
}

/* %MPATH_FEAT_RCU, in the general way, whose section is SRCU's: the head is there. */
static bool mpath_get_path_rcu(struct mpath_device *dev)
{
	bool got;

	rcu_read_lock();
	got = dev->mpath_head->mpdt->get_path(dev);
	rcu_read_unlock();
	return got;
}

int mpath_alloc_head_disk(struct mpath_head *head, struct queue_limits *lim,
			  int numa_node)
{
	struct mpath_gate *gate = head->gate;
	struct queue_limits start;
	struct gendisk *disk;
	const char *rule;
	u32 has = mpath_head_has(head, lim);
	int ret;

	ret = mpc_template_check(has, &rule);
	if (ret) {
		pr_err("%s: bad template: %s\n",
		       head->drv_module ? head->drv_module->name : "built-in",
		       rule);
		return ret;
	}
	if (head->disk)
		return -EEXIST;
	if (mpc_head_state(mpath_core(head)) != MPC_STATE_NEW)
		return -ENODEV;

	/* what blk_set_stacking_limits() leaves there is for zoned disks only */
	start = *lim;
	if (!(start.features & BLK_FEAT_ZONED))
		start.max_zone_append_sectors = 0;

	gate->mpdt = head->mpdt;
	ret = mpath_bio_init(gate);
	if (ret)
		return ret;
	ret = mpath_limits_init(head, &start);
	if (ret)
		goto exit_bio;
	disk = blk_alloc_disk(&start, numa_node);
	if (IS_ERR(disk)) {
		ret = PTR_ERR(disk);
		goto exit_limits;
	}

	gate->owner = head->drv_module;
	gate->ops = (struct mpc_ops) {
		.available_path	= head->mpdt->available_path,
		.is_disabled	= head->mpdt->is_disabled,
		.is_optimized	= head->mpdt->is_optimized,
		.get_path	= head->mpdt->features & MPATH_FEAT_RCU ?
				  mpath_get_path_rcu : head->mpdt->get_path,
		.get_first	= head->mpdt->get_path,
		.put_path	= head->mpdt->put_path,
		.has		= has,
	};
	if (head->mpdt->get_path && head->mpdt->features & MPATH_FEAT_FAILOVER)
		gate->quick |= MPATH_QUICK_BIO;
	if (head->mpdt->get_path && head->mpdt->chr_uring_cmd)
		gate->quick |= MPATH_QUICK_URING_CMD;
	if (head->mpdt->features & MPATH_FEAT_RCU)
		gate->quick |= MPATH_QUICK_RCU;
	mpc_head_bind(mpath_core(head), &gate->ops, (u32 *)head->iopolicy);

	get_device(&gate->dev);	/* put by free_disk */
	disk->private_data = gate;
	disk->fops = &mpath_ops;
	/*
	 * A scan inside device_add_disk() would read through the paths in the
	 * context of whoever adds the first path. If that path fails just then
	 * the read waits for another one, which the same context would have to
	 * add or remove. See mpath_work_scan_partitions().
	 */
	set_bit(GD_SUPPRESS_PART_SCAN, &disk->state);
	head->disk = disk;
	return 0;

exit_limits:
	mpath_limits_exit(head);
exit_bio:
	mpath_bio_exit(gate);
	return ret;
}
EXPORT_SYMBOL_GPL(mpath_alloc_head_disk);

static void mpath_del_cdev(struct mpath_head *head)
{
	if (!test_and_clear_bit(MPATH_HEAD_CDEV_LIVE, &head->flags))
		return;
	if (head->mpdt->cdev_name)
		mpath_gate_del_cdev(head->gate);
	else
		head->mpdt->del_cdev(head);
}

void mpath_remove_disk(struct mpath_head *head)
{
	u32 action = mpath_head_step(head, MPC_EVENT_REMOVE);

	/* Readers first: one that still sees the head may park a bio. */
	mpath_gate_shut(head->gate);
	if (action != MPC_ACTION_DEL_DISK)
		return;

	/* What is parked is submitted again and fails at the empty gate. */
	mpath_work_drain(head);
	mpath_del_cdev(head);
	mpath_sysfs_del_head(head);
	del_gendisk(head->disk);
	dev_set_drvdata(disk_to_dev(head->disk), NULL);
	mpath_head_step(head, MPC_EVENT_REMOVE_DONE);
}
EXPORT_SYMBOL_GPL(mpath_remove_disk);

void mpath_put_disk(struct mpath_head *head)
{
	struct gendisk *disk = head->disk;
	bool added;

	if (!disk)
		return;
	mpath_work_drain(head);
	/* whoever looks at the limits, or tells of a path, may do so still */
	mutex_lock(&head->gate->limits_lock);
	mutex_lock(&head->lock);
	head->disk = NULL;
	mutex_unlock(&head->lock);
	mutex_unlock(&head->gate->limits_lock);
	/* free_disk is called only for a disk that was added */
	added = test_bit(GD_ADDED, &disk->state);
	put_disk(disk);
	if (!added)
		put_device(&head->gate->dev);
}
EXPORT_SYMBOL_GPL(mpath_put_disk);

void mpath_synchronize(struct mpath_head *head)
{
	mpath_gate_synchronize(head->gate);
	synchronize_srcu(&head->srcu);
}
EXPORT_SYMBOL_GPL(mpath_synchronize);

/**
 * mpath_head_memory() - what a head takes beyond its gendisk
 * @head: an initialised head
 *
 * For measurements: the head, its gate, and what both have allocated, on all CPUs;
 * the paths' own objects are the driver's.
 * Return: bytes.
 */
size_t mpath_head_memory(struct mpath_head *head)
{
	size_t percpu = 2 * sizeof(struct srcu_data);
	size_t sum = sizeof(*head) + sizeof(*head->gate) +
		     2 * sizeof(struct srcu_usage) +
		     nr_node_ids * MPC_HINT_STRIDE;
	unsigned int i;

	if (head->base_limits)
		sum += MPATH_BASE_LIMITS * sizeof(struct queue_limits);
	for (i = 0; i < MPATH_MAX_PATHS; i++) {
		if (!head->gate->counters[i])
			continue;
		percpu += sizeof(struct mpath_counters);
		sum += sizeof(struct mpath_counters);
	}
	return sum + percpu * num_possible_cpus();
}
EXPORT_SYMBOL_GPL(mpath_head_memory);
