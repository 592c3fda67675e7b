// SPDX-License-Identifier: GPL-2.0
/* Logical units: their data and their heads. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/vmalloc.h>

#include "fake.h"

DEFINE_MUTEX(fake_lock);
LIST_HEAD(fake_heads);

/* ------------------------------------------------------------------- store */

struct fake_store *fake_store_create(u64 bytes, bool pr_scope_host)
{
	struct fake_store *store = kzalloc(sizeof(*store), GFP_KERNEL);

	if (!store)
		return NULL;
	store->data = vzalloc(bytes);
	if (!store->data) {
		kfree(store);
		return NULL;
	}
	store->bytes = bytes;
	kref_init(&store->ref);
	fake_pr_init(&store->pr, pr_scope_host);
	return store;
}

void fake_store_get(struct fake_store *store)
{
	kref_get(&store->ref);
}

static void fake_store_free(struct kref *ref)
{
	struct fake_store *store = container_of(ref, struct fake_store, ref);

	vfree(store->data);
	kfree(store);
}

void fake_store_put(struct fake_store *store)
{
	kref_put(&store->ref, fake_store_free);
}

/* -------------------------------------------------- attributes of the disk */

static ssize_t mpath_policy_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return mpath_iopolicy_show(mpath_bd_device_to_head(dev)->iopolicy, buf);
}

static ssize_t mpath_policy_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *buf, size_t count)
{
	return mpath_head_iopolicy_store(mpath_bd_device_to_head(dev), buf,
					 count);
}
static DEVICE_ATTR_RW(mpath_policy);

static ssize_t delayed_removal_secs_show(struct device *dev,
					 struct device_attribute *attr,
					 char *buf)
{
	return mpath_delayed_removal_secs_show(mpath_bd_device_to_head(dev),
					       buf);
}

static ssize_t delayed_removal_secs_store(struct device *dev,
					  struct device_attribute *attr,
					  const char *buf, size_t count)
{
	return mpath_delayed_removal_secs_store(mpath_bd_device_to_head(dev),
						buf, count);
}
static DEVICE_ATTR_RW(delayed_removal_secs);

static struct attribute *fake_head_attrs[] = {
	&dev_attr_mpath_policy.attr,
	&dev_attr_delayed_removal_secs.attr,
	NULL
};

static const struct attribute_group fake_head_group = {
	.attrs = fake_head_attrs,
};

static const struct attribute_group *fake_head_groups[] = {
	&fake_head_group,
	&mpath_attr_group,
	NULL
};

/* ----------------------------------------------------------------- options */

#define OPTION(name)	{ #name, offsetof(struct fake_head_options, name) }
static const struct fake_option fake_head_option_table[] = {
	OPTION(size), OPTION(lbs), OPTION(pins), OPTION(failover),
	OPTION(stack), OPTION(plain), OPTION(clone_bio), OPTION(clone_bio_to),
	OPTION(lib_cdev), OPTION(own_cdev), OPTION(begin), OPTION(uring),
	OPTION(iopoll), OPTION(remove_head), OPTION(path_error),
	OPTION(partition_ioctl), OPTION(policies), OPTION(policy),
	OPTION(integrity), OPTION(zoned), OPTION(max_sectors), OPTION(pr_host),
	OPTION(no_features), OPTION(keep), OPTION(no_clone),
	OPTION(rcu), OPTION(keeps_pin),
	{ "fail_cdev", offsetof(struct fake_head_options, fail_cdev),
	  fake_parse_errno },
	{ }
};

int fake_head_set(struct fake_head *head, int argc, char **argv)
{
	const struct fake_option *o;
	int i, ret;

	for (i = 0; i < argc; i++) {
		ret = fake_options_parse(fake_head_option_table, &head->opts,
					 argv[i], &o);
		if (ret) {
			pr_info_ratelimited("%s: bad option %s\n", head->name,
					    argv[i]);
			return ret;
		}
	}
	return 0;
}

static void fake_head_limits(const struct fake_head_options *opts,
			     struct queue_limits *lim)
{
	blk_set_stacking_limits(lim);
	/* not zoned, unless said so */
	lim->max_zone_append_sectors = 0;
	if (!opts->stack)
		lim->logical_block_size = opts->lbs;
	lim->features |= BLK_FEAT_IO_STAT;
	if (!opts->no_features)
		lim->features |= BLK_FEAT_NOWAIT | BLK_FEAT_POLL;
	if (!opts->stack) {
		lim->features |= BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA;
		lim->max_hw_discard_sectors = UINT_MAX;
		lim->max_write_zeroes_sectors = UINT_MAX;
	}
	if (opts->max_sectors)
		lim->max_hw_sectors = lim->max_sectors = opts->max_sectors;
	if (opts->integrity)
		lim->integrity.tuple_size = 8;
	if (opts->zoned) {
		lim->features |= BLK_FEAT_ZONED;
		lim->chunk_sectors = SZ_1M >> SECTOR_SHIFT;
	}
}

/* ---------------------------------------------------------------- lifetime */

static void fake_head_free(struct fake_head *head)
{
	fake_store_put(head->store);
	kfree(head);
}

static void fake_cdev_device_release(struct device *dev)
{
	fake_head_free(container_of(dev, struct fake_head, mpath.cdev_device));
}

/* The disk, and what else comes before the first path. */
static int fake_head_start(struct fake_head *head)
{
	struct queue_limits lim;
	int ret;

	head->mpath.parent = fake_parent;
	head->mpath.iopolicy = &head->policy;
	head->mpath.disk_groups = fake_head_groups;
	head->mpath.mpdt = fake_template(&head->opts);
	if (!head->mpath.mpdt)
		return -ENOMEM;
	fake_head_limits(&head->opts, &lim);
	ret = mpath_alloc_head_disk(&head->mpath, &lim, NUMA_NO_NODE);
	if (ret)
		return ret;
	strscpy(head->mpath.disk->disk_name, head->name, DISK_NAME_LEN);
	/* with stacked limits the paths say how large it is */
	if (!head->opts.stack)
		set_capacity(head->mpath.disk,
			     head->store->bytes >> SECTOR_SHIFT);
	return 0;
}

static struct fake_head *fake_head_find(const char *name)
{
	struct fake_head *head;

	lockdep_assert_held(&fake_lock);
	list_for_each_entry(head, &fake_heads, entry)
		if (!strcmp(head->name, name))
			return head;
	return NULL;
}

static struct fake_head *fake_head_find_linked(const char *name)
{
	struct fake_head *head = fake_head_find(name);

	return head && head->linked ? head : NULL;
}

static int fake_head_link(struct fake_head *head)
{
	int ret = -EEXIST;

	mutex_lock(&fake_lock);
	if (!fake_head_find(head->name)) {
		list_add_tail(&head->entry, &fake_heads);
		head->linked = true;
		ret = 0;
	}
	mutex_unlock(&fake_lock);
	return ret;
}

int fake_head_add(const char *name, int argc, char **argv)
{
	struct fake_head *head = kzalloc(sizeof(*head), GFP_KERNEL);
	int ret;

	if (!head)
		return -ENOMEM;
	INIT_LIST_HEAD(&head->entry);
	strscpy(head->name, name);
	head->opts = (struct fake_head_options) { .size = 8, .lbs = 512 };
	ret = fake_head_set(head, argc, argv);
	if (ret)
		goto free;
	head->policy = head->opts.policy;
	ret = -ENOMEM;
	head->store = fake_store_create((u64)head->opts.size << 20,
					head->opts.pr_host);
	if (!head->store)
		goto free;
	ret = mpath_head_init(&head->mpath);
	if (ret)
		goto put_store;
	if (head->opts.own_cdev) {
		/* from here on the device owns the memory */
		device_initialize(&head->mpath.cdev_device);
		head->mpath.cdev_device.release = fake_cdev_device_release;
		head->cdev_device_ready = true;
	}
	ret = fake_head_start(head);
	if (!ret)
		ret = fake_head_link(head);
	if (ret)
		fake_head_destroy(head);
	return ret;

put_store:
	fake_store_put(head->store);
free:
	kfree(head);
	return ret;
}

bool fake_head_unlink(struct fake_head *head)
{
	bool mine;

	mutex_lock(&fake_lock);
	mine = head->linked;
	head->linked = false;
	mutex_unlock(&fake_lock);
	return mine;
}

static struct fake_path *fake_head_first_path(struct fake_head *head)
{
	struct fake_path *path, *found = NULL;

	mutex_lock(&fake_lock);
	list_for_each_entry(path, &fake_paths, entry) {
		if (path->head == head && fake_path_tryget(path)) {
			found = path;
			break;
		}
	}
	mutex_unlock(&fake_lock);
	return found;
}

/* The caller has unlinked it: nobody finds it any more. */
void fake_head_destroy(struct fake_head *head)
{
	struct fake_path *path;
	bool empty;

	while ((path = fake_head_first_path(head))) {
		fake_path_remove(path, &empty);
		fake_path_put(path);
	}
	mpath_remove_disk(&head->mpath);
	mutex_lock(&fake_lock);
	list_del_init(&head->entry);
	mutex_unlock(&fake_lock);
	mpath_put_disk(&head->mpath);
	mpath_head_uninit(&head->mpath);
	if (head->cdev_device_ready)
		put_device(&head->mpath.cdev_device);
	else
		fake_head_free(head);
}

int fake_head_del(const char *name)
{
	struct fake_head *head;

	mutex_lock(&fake_lock);
	head = fake_head_find_linked(name);
	if (head)
		head->linked = false;
	mutex_unlock(&fake_lock);
	if (!head)
		return -ENOENT;
	fake_head_destroy(head);
	return 0;
}

struct fake_head *fake_head_get(const char *name)
{
	struct fake_head *head;

	mutex_lock(&fake_lock);
	head = fake_head_find_linked(name);
	if (head && mpath_get_head(&head->mpath))
		head = NULL;
	mutex_unlock(&fake_lock);
	return head;
}

void fake_head_put(struct fake_head *head)
{
	mpath_put_head(&head->mpath);
}

/* The module goes: no command runs, and no grace period. */
void fake_heads_destroy(void)
{
	struct fake_head *head, *next;

	list_for_each_entry_safe(head, next, &fake_heads, entry)
		if (fake_head_unlink(head))
			fake_head_destroy(head);
}
