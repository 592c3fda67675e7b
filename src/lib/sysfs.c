// SPDX-License-Identifier: GPL-2.0
/* Links, counters and policy names in the head disk's sysfs directory. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/nodemask.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "internal.h"

/* ------------------------------------------------------ multipath/ links */

/*
 * A group has to have an attribute to exist at all; this one is never shown,
 * the group only makes the directory that the links are put in.
 */
static struct attribute mpath_dummy_attr = {
	.name = "dummy",
	.mode = 0,
};

static struct attribute *mpath_link_attrs[] = {
	&mpath_dummy_attr,
	NULL
};

static bool mpath_link_group_visible(struct kobject *kobj)
{
	return is_mpath_disk(dev_to_disk(kobj_to_dev(kobj)));
}
DEFINE_SIMPLE_SYSFS_GROUP_VISIBLE(mpath_link);

const struct attribute_group mpath_attr_group = {
	.name		= "multipath",
	.attrs		= mpath_link_attrs,
	.is_visible	= SYSFS_GROUP_VISIBLE(mpath_link),
};
EXPORT_SYMBOL_GPL(mpath_attr_group);

const struct attribute_group *mpath_device_groups[] = {
	&mpath_attr_group,
	NULL
};
EXPORT_SYMBOL_GPL(mpath_device_groups);

static struct kobject *mpath_head_kobj(struct mpath_head *head)
{
	return &disk_to_dev(head->disk)->kobj;
}

static void mpath_link_path(struct mpath_device *dev)
{
	struct mpath_head *head = dev->mpath_head;
	struct device *path = disk_to_dev(dev->disk);
	int ret;

	if (!test_bit(GD_ADDED, &dev->disk->state) ||
	    test_and_set_bit(MPATH_DEVICE_SYSFS_ATTR_LINK, &dev->flags))
		return;
	ret = sysfs_add_link_to_group(mpath_head_kobj(head),
				      mpath_attr_group.name, &path->kobj,
				      dev_name(path));
	if (ret) {
		clear_bit(MPATH_DEVICE_SYSFS_ATTR_LINK, &dev->flags);
		dev_err(disk_to_dev(head->disk),
			"failed to create multipath link to %s: %d\n",
			dev_name(path), ret);
		return;
	}
	dev_info(disk_to_dev(head->disk), "created multipath link to %s\n",
		 dev_name(path));
}

void mpath_remove_sysfs_link(struct mpath_device *dev)
{
	if (test_and_clear_bit(MPATH_DEVICE_SYSFS_ATTR_LINK, &dev->flags))
		sysfs_remove_link_from_group(mpath_head_kobj(dev->mpath_head),
					     mpath_attr_group.name,
					     dev_name(disk_to_dev(dev->disk)));
}
EXPORT_SYMBOL_GPL(mpath_remove_sysfs_link);

/* ---------------------------------------------------------- mpath_stats/ */

/*
 * mpath_stats/<path>/
 *
 * Owner: its kobject. @dev is valid until the files are removed: who deletes the
 * path removes them or, if @leaving is set, waits until whoever does has cleared
 * &mpath_device.stats. @gate is kept by a reference until the release.
 */
struct mpath_path_stats {
	struct kobject kobj;
	struct mpath_device *dev;
	struct mpath_gate *gate;
	unsigned int slot;
	bool leaving;		/* head lock */
};

/* What a file shows: an MPC_COUNT_*, or one of these. */
enum {
	MPATH_STAT_STATE = MPC_COUNTERS,
	MPATH_STAT_ACCESS,
	MPATH_STAT_IN_FLIGHT,
	MPATH_STAT_LATENCY,
};

/* One of the library's own has no @own.show. */
struct mpath_stat_attr {
	struct mpath_path_attr own;
	unsigned int what;
};

#define MPATH_STAT_MODE(_name, _counter, _mode)				\
	static struct mpath_stat_attr mpath_stat_##_name = {		\
		.own.attr = { .name = __stringify(_name), .mode = (_mode) }, \
		.what = (_counter),					\
	}
#define MPATH_STAT(_name, _counter)	MPATH_STAT_MODE(_name, _counter, 0444)

MPATH_STAT(bios, MPC_COUNT_BIOS);
MPATH_STAT(uring_cmds, MPC_COUNT_URING_CMDS);
MPATH_STAT(ioctls, MPC_COUNT_IOCTLS);
MPATH_STAT(submit_errors, MPC_COUNT_SUBMIT_ERRORS);
MPATH_STAT(failovers, MPC_COUNT_FAILOVERS);
MPATH_STAT(errors, MPC_COUNT_ERRORS);
MPATH_STAT(read_bytes, MPC_COUNT_READ_BYTES);
MPATH_STAT(write_bytes, MPC_COUNT_WRITE_BYTES);
MPATH_STAT(in_flight, MPATH_STAT_IN_FLIGHT);
MPATH_STAT_MODE(state, MPATH_STAT_STATE, 0644);
MPATH_STAT(access_state, MPATH_STAT_ACCESS);
MPATH_STAT(service_time_ns, MPATH_STAT_LATENCY);

static struct attribute *mpath_stat_attrs[] = {
	&mpath_stat_bios.own.attr,
	&mpath_stat_uring_cmds.own.attr,
	&mpath_stat_ioctls.own.attr,
	&mpath_stat_submit_errors.own.attr,
	&mpath_stat_failovers.own.attr,
	&mpath_stat_errors.own.attr,
	&mpath_stat_read_bytes.own.attr,
	&mpath_stat_write_bytes.own.attr,
	&mpath_stat_in_flight.own.attr,
	&mpath_stat_state.own.attr,
	&mpath_stat_access_state.own.attr,
	&mpath_stat_service_time_ns.own.attr,
	NULL
};
ATTRIBUTE_GROUPS(mpath_stat);

/* Bios only; the library sees them end only if it fails them over. */
static u64 mpath_stat_in_flight_of(struct mpath_path_stats *stats)
{
	u64 done;

	if (!(stats->gate->mpdt->features & MPATH_FEAT_FAILOVER))
		return atomic_read(stats->dev->nr_active);
	/* those that came back first: else one that comes now would count twice */
	done = mpath_gate_counter(stats->gate, stats->slot,
				  MPC_COUNT_BIOS_DONE);
	return mpath_gate_counter(stats->gate, stats->slot, MPC_COUNT_BIOS) -
	       done;
}

static ssize_t mpath_stat_show(struct kobject *kobj, struct attribute *attr,
			       char *buf)
{
	struct mpath_path_stats *stats =
		container_of(kobj, struct mpath_path_stats, kobj);
	const struct mpath_path_attr *path_attr =
		container_of(attr, struct mpath_path_attr, attr);
	struct mpath_device *dev = stats->dev;
	unsigned int what;

	if (path_attr->show)
		return path_attr->show(dev, buf);
	what = container_of(path_attr, struct mpath_stat_attr, own)->what;
	switch (what) {
	case MPATH_STAT_STATE:
		return sysfs_emit(buf, "%s\n", mpath_state_name(dev));
	case MPATH_STAT_ACCESS:
		return sysfs_emit(buf, "%s\n",
			mpath_access_name(READ_ONCE(dev->access_state)));
	case MPATH_STAT_IN_FLIGHT:
		return sysfs_emit(buf, "%lld\n",
				  (long long)mpath_stat_in_flight_of(stats));
	case MPATH_STAT_LATENCY:
		return sysfs_emit(buf, "%llu\n", mpc_path_latency(dev->core));
	default:
		return sysfs_emit(buf, "%llu\n",
				  mpath_gate_counter(stats->gate, stats->slot,
						     what));
	}
}

/*
 * "state" is the only file of the library's with a mode to write to, and files of the
 * driver's have none. What is in flight on the path stays there; the head, which may be
 * on its way out, is reached through the gate only.
 */
static ssize_t mpath_stat_store(struct kobject *kobj, struct attribute *attr,
				const char *buf, size_t count)
{
	struct mpath_path_stats *stats =
		container_of(kobj, struct mpath_path_stats, kobj);
	void *core = stats->dev->core;
	bool changed;

	if (attr != &mpath_stat_state.own.attr)
		return -EIO;
	if (sysfs_streq(buf, "fail")) {
		changed = mpc_path_block(core, MPC_BLOCK_ADMIN, 1);
	} else if (sysfs_streq(buf, "restore")) {
		/* who restores it knows better than its errors */
		changed = mpc_path_forgive(core);
		changed |= mpc_path_block(core, MPC_BLOCK_ADMIN, 0);
	} else {
		pr_warn_ratelimited("%s: state of %s: only fail and restore can be written\n",
				    kobject_name(kobj->parent->parent),
				    kobject_name(kobj));
		return -EINVAL;
	}
	if (changed)
		mpath_gate_event(stats->gate);
	return count;
}

static void mpath_stat_release(struct kobject *kobj)
{
	struct mpath_path_stats *stats =
		container_of(kobj, struct mpath_path_stats, kobj);

	put_device(&stats->gate->dev);
	kfree(stats);
}

static const struct sysfs_ops mpath_stat_sysfs_ops = {
	.show = mpath_stat_show,
	.store = mpath_stat_store,
};

static const struct kobj_type mpath_stat_ktype = {
	.release	= mpath_stat_release,
	.sysfs_ops	= &mpath_stat_sysfs_ops,
	.default_groups	= mpath_stat_groups,
};

/* Removed with the directory. */
static int mpath_stat_add_driver_files(struct mpath_path_stats *stats)
{
	const struct mpath_path_attr *const *attr = stats->gate->mpdt->path_attrs;
	int ret = 0;

	for (; attr && *attr && !ret; attr++)
		ret = sysfs_create_file(&stats->kobj, &(*attr)->attr);
	return ret;
}

/* Counters are worth a log line, not the path: a failure is not passed on. */
static void mpath_stat_add_path(struct mpath_device *dev)
{
	struct mpath_head *head = dev->mpath_head;
	struct mpath_path_stats *stats;
	int ret;

	if (dev->stats || !head->stats_kobj)
		return;
	stats = kzalloc(sizeof(*stats), GFP_KERNEL);
	if (!stats)
		return;
	stats->dev = dev;
	stats->slot = dev->slot;
	stats->gate = head->gate;
	get_device(&stats->gate->dev);
	ret = kobject_init_and_add(&stats->kobj, &mpath_stat_ktype,
				   head->stats_kobj, "%s",
				   dev_name(disk_to_dev(dev->disk)));
	if (ret) {
		dev_warn(disk_to_dev(head->disk), "no counters for %s: %d\n",
			 dev_name(disk_to_dev(dev->disk)), ret);
		kobject_put(&stats->kobj);
		return;
	}
	dev->stats = stats;
	ret = mpath_stat_add_driver_files(stats);
	if (ret)
		dev_warn(disk_to_dev(head->disk), "not all files of %s: %d\n",
			 dev_name(disk_to_dev(dev->disk)), ret);
}

static struct mpath_head *mpath_stats_to_head(struct kobject *kobj)
{
	return mpath_bd_device_to_head(kobj_to_dev(kobj->parent));
}

static ssize_t requeued_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	struct mpath_head *head = mpath_stats_to_head(kobj);

	return sysfs_emit(buf, "%ld\n",
		atomic_long_read(&head->requeue_no_usable_path_cnt));
}
static struct kobj_attribute requeued_attr = __ATTR_RO(requeued);

static ssize_t failed_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	struct mpath_head *head = mpath_stats_to_head(kobj);

	return sysfs_emit(buf, "%ld\n",
			  atomic_long_read(&head->fail_no_avail_path_cnt));
}
static struct kobj_attribute failed_attr = __ATTR_RO(failed);

/* Sums over all paths that the head ever had. */
struct mpath_total_attr {
	struct kobj_attribute attr;
	unsigned int counter;
};

static ssize_t mpath_total_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	struct mpath_gate *gate = mpath_stats_to_head(kobj)->gate;

	return sysfs_emit(buf, "%llu\n",
		mpath_gate_total(gate, container_of(attr, struct mpath_total_attr,
						    attr)->counter));
}

#define MPATH_TOTAL(_name, _counter)					\
	static struct mpath_total_attr mpath_total_##_name = {		\
		.attr = __ATTR(_name, 0444, mpath_total_show, NULL),	\
		.counter = (_counter),					\
	}

/* Of all its paths, as their in_flight; those that left may have had some. */
static ssize_t in_flight_show(struct kobject *kobj, struct kobj_attribute *attr,
			      char *buf)
{
	struct mpath_head *head = mpath_stats_to_head(kobj);
	struct mpath_device *dev;
	long sum = 0;
	u64 done;
	int idx;

	if (head->mpdt->features & MPATH_FEAT_FAILOVER) {
		/* in this order, see mpath_stat_in_flight_of() */
		done = mpath_gate_total(head->gate, MPC_COUNT_BIOS_DONE);
		sum = mpath_gate_total(head->gate, MPC_COUNT_BIOS) - done;
	} else {
		idx = srcu_read_lock(&head->srcu);
		list_for_each_entry_srcu(dev, &head->dev_list, siblings,
					 srcu_read_lock_held(&head->srcu))
			sum += atomic_read(dev->nr_active);
		srcu_read_unlock(&head->srcu, idx);
	}
	return sysfs_emit(buf, "%ld\n", sum);
}
static struct kobj_attribute in_flight_attr = __ATTR_RO(in_flight);

MPATH_TOTAL(bios, MPC_COUNT_BIOS);
MPATH_TOTAL(uring_cmds, MPC_COUNT_URING_CMDS);
MPATH_TOTAL(ioctls, MPC_COUNT_IOCTLS);
MPATH_TOTAL(errors, MPC_COUNT_ERRORS);
MPATH_TOTAL(failovers, MPC_COUNT_FAILOVERS);
MPATH_TOTAL(read_bytes, MPC_COUNT_READ_BYTES);
MPATH_TOTAL(write_bytes, MPC_COUNT_WRITE_BYTES);

static struct attribute *mpath_head_stat_attrs[] = {
	&requeued_attr.attr,
	&failed_attr.attr,
	&in_flight_attr.attr,
	&mpath_total_bios.attr.attr,
	&mpath_total_uring_cmds.attr.attr,
	&mpath_total_ioctls.attr.attr,
	&mpath_total_errors.attr.attr,
	&mpath_total_failovers.attr.attr,
	&mpath_total_read_bytes.attr.attr,
	&mpath_total_write_bytes.attr.attr,
	NULL
};
static const struct attribute_group mpath_head_stat_group = {
	.attrs = mpath_head_stat_attrs,
};

void mpath_sysfs_add_head(struct mpath_head *head)
{
	struct kobject *kobj = kobject_create_and_add("mpath_stats",
						      mpath_head_kobj(head));

	if (!kobj || sysfs_create_group(kobj, &mpath_head_stat_group))
		dev_warn(disk_to_dev(head->disk), "no counters\n");
	head->stats_kobj = kobj;
}

/* Locks: head lock, so that a path is not removed under the walk. */
void mpath_add_sysfs_link(struct mpath_head *head)
{
	struct mpath_device *dev;
	unsigned int noio;
	u32 state;

	/* the I/O that memory would wait for may be parked on this head */
	noio = memalloc_noio_save();
	mutex_lock(&head->lock);
	state = mpc_head_state(mpath_core(head));

	if (state == MPC_STATE_LIVE || state == MPC_STATE_LINGERING) {
		list_for_each_entry(dev, &head->dev_list, siblings) {
			mpath_link_path(dev);
			mpath_stat_add_path(dev);
		}
	}
	mutex_unlock(&head->lock);
	memalloc_noio_restore(noio);
}
EXPORT_SYMBOL_GPL(mpath_add_sysfs_link);

/*
 * Remove a path's counters. Removing files waits for readers, so not in the lock.
 * When this returns nobody reads through @dev any more, and @dev is not looked at
 * once its stats are NULL: that is what the other caller waits for.
 */
static void mpath_stat_del_path(struct mpath_device *dev)
{
	struct mpath_head *head = dev->mpath_head;
	struct mpath_path_stats *stats = dev->stats;
	struct mpath_gate *gate = stats->gate;

	kobject_del(&stats->kobj);
	mutex_lock(&head->lock);
	WRITE_ONCE(dev->stats, NULL);
	wake_up_all(&gate->state_wq);
	mutex_unlock(&head->lock);
	kobject_put(&stats->kobj);
}

/* Head lock held. Is it the caller's to remove the path's counters? */
static bool mpath_stat_claim(struct mpath_device *dev)
{
	if (!dev->stats || dev->stats->leaving)
		return false;
	dev->stats->leaving = true;
	return true;
}

/* The path is off the list: nobody makes its files again. */
void mpath_sysfs_del_path(struct mpath_device *dev)
{
	struct mpath_head *head = dev->mpath_head;
	bool mine;

	mutex_lock(&head->lock);
	mpath_remove_sysfs_link(dev);
	mine = mpath_stat_claim(dev);
	mutex_unlock(&head->lock);
	if (mine)
		mpath_stat_del_path(dev);
	else
		wait_event(head->gate->state_wq, !READ_ONCE(dev->stats));
}

/* The next path whose counters nobody is removing; head lock not held. */
static struct mpath_device *mpath_stat_next(struct mpath_head *head)
{
	struct mpath_device *dev, *found = NULL;

	mutex_lock(&head->lock);
	list_for_each_entry(dev, &head->dev_list, siblings) {
		mpath_remove_sysfs_link(dev);
		/* until its stats are gone the path is not deleted */
		if (!found && mpath_stat_claim(dev))
			found = dev;
	}
	mutex_unlock(&head->lock);
	return found;
}

/* State DYING: no link or counter is made any more. */
void mpath_sysfs_del_head(struct mpath_head *head)
{
	struct mpath_device *dev;
	struct kobject *kobj;

	while ((dev = mpath_stat_next(head)))
		mpath_stat_del_path(dev);

	mutex_lock(&head->lock);
	kobj = head->stats_kobj;
	head->stats_kobj = NULL;
	mutex_unlock(&head->lock);
	if (kobj) {
		kobject_del(kobj);
		kobject_put(kobj);
	}
}

/* ---------------------------------------------------------------- policy */

int mpath_set_iopolicy(const char *val, enum mpath_iopolicy_e *iopolicy)
{
	int policy = mpc_policy_parse(val, strlen(val));

	if (policy < 0)
		return policy;
	WRITE_ONCE(*iopolicy, policy);
	return 0;
}
EXPORT_SYMBOL_GPL(mpath_set_iopolicy);

int mpath_get_iopolicy(char *buf, int iopolicy)
{
	return sysfs_emit(buf, "%s\n", mpc_policy_name(iopolicy));
}
EXPORT_SYMBOL_GPL(mpath_get_iopolicy);

ssize_t mpath_iopolicy_show(enum mpath_iopolicy_e *iopolicy, char *buf)
{
	return mpath_get_iopolicy(buf, READ_ONCE(*iopolicy));
}
EXPORT_SYMBOL_GPL(mpath_iopolicy_show);

bool mpath_iopolicy_store(enum mpath_iopolicy_e *iopolicy, const char *buf,
			  size_t count)
{
	enum mpath_iopolicy_e old = READ_ONCE(*iopolicy);

	if (mpath_set_iopolicy(buf, iopolicy))
		return false;
	if (old != READ_ONCE(*iopolicy))
		pr_info("iopolicy changed from %s to %s\n",
			mpc_policy_name(old),
			mpc_policy_name(READ_ONCE(*iopolicy)));
	return true;
}
EXPORT_SYMBOL_GPL(mpath_iopolicy_store);

ssize_t mpath_head_iopolicy_store(struct mpath_head *head, const char *buf,
				  size_t count)
{
	unsigned int allowed = head->mpdt->policies;
	int policy = mpc_policy_parse(buf, count), old;

	if (policy < 0)
		return policy;
	if (allowed && !(allowed & BIT(policy)))
		return -EOPNOTSUPP;
	mutex_lock(&head->lock);
	old = READ_ONCE(*head->iopolicy);
	WRITE_ONCE(*head->iopolicy, policy);
	mutex_unlock(&head->lock);
	if (old == policy)
		return count;
	dev_info(disk_to_dev(head->disk), "iopolicy changed from %s to %s\n",
		 mpc_policy_name(old), mpc_policy_name(policy));
	mpath_policy_changed(head);
	return count;
}
EXPORT_SYMBOL_GPL(mpath_head_iopolicy_store);

ssize_t mpath_numa_nodes_show(struct mpath_device *dev, char *buf)
{
	struct mpath_head *head = dev->mpath_head;
	nodemask_t nodes = NODE_MASK_NONE;
	int node;

	if (mpath_read_iopolicy(head) != MPATH_IOPOLICY_NUMA)
		return sysfs_emit(buf, "\n");
	for_each_node(node)
		if (mpc_is_choice(mpath_core(head), dev->core, node))
			node_set(node, nodes);
	return sysfs_emit(buf, "%*pbl\n", nodemask_pr_args(&nodes));
}
EXPORT_SYMBOL_GPL(mpath_numa_nodes_show);
