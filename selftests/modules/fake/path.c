// SPDX-License-Identifier: GPL-2.0
/* Paths: settings and life. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <linux/wait.h>

#include "fake.h"

LIST_HEAD(fake_paths);

/* Paths whose memory is still there, for the end of the module. */
static atomic_t fake_paths_nr = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(fake_paths_wq);

/* Deleted paths of heads without pins; see struct fake_path. */
static LIST_HEAD(fake_graveyard);

/* ---------------------------------------------------------------- settings */

static int fake_parse_uring(const char *value, long *result)
{
	static const char * const names[] = { "inline", "later", "hold" };
	int i = match_string(names, ARRAY_SIZE(names), value);

	*result = i;
	return i < 0 ? i : 0;
}

#define SETTING(name)		{ #name, offsetof(struct fake_settings, name) }
#define PARSED(name, parse)	{ #name, offsetof(struct fake_settings, name), parse }
static const struct fake_option fake_settings_table[] = {
	SETTING(disabled), SETTING(available), SETTING(optimized),
	SETTING(access), SETTING(access_raw), SETTING(delay_us),
	PARSED(error, fake_parse_status), SETTING(error_count),
	SETTING(error_ops), SETTING(hang), SETTING(capacity),
	SETTING(outdated),
	SETTING(inflight), SETTING(ro), PARSED(refuse, fake_parse_errno),
	SETTING(refuse_count), SETTING(refuse_get),
	PARSED(ioctl_result, fake_parse_errno),
	PARSED(uring, fake_parse_uring),
	PARSED(uring_result, fake_parse_errno), SETTING(clone_failover),
	PARSED(pr_error, fake_parse_errno), SETTING(pr_error_count),
	PARSED(pr_error_op, fake_parse_pr_op), SETTING(pr_lost),
	SETTING(node), SETTING(lbs), SETTING(max_sectors), SETTING(splits), SETTING(zoned),
	SETTING(no_ioctl), SETTING(compat), SETTING(no_getgeo),
	SETTING(no_unique_id), SETTING(no_pr), SETTING(no_zones),
	SETTING(hidden),
	{ }
};

static const struct fake_settings fake_defaults = {
	.available	= 1,
	.optimized	= -1,
	.access		= MPATH_STATE_OPTIMIZED,
	.error_count	= -1,
	.error_ops	= 7,
	.refuse_count	= -1,
	.clone_failover	= 1,
	.pr_error_count	= -1,
	.pr_error_op	= -1,
	.node		= NUMA_NO_NODE,
	.lbs		= 512,
};

bool fake_take(long *count)
{
	long old = READ_ONCE(*count);

	while (old > 0)
		if (try_cmpxchg(count, &old, old - 1))
			return true;
	return old < 0;
}

static bool is_setting(const struct fake_option *o, size_t offset)
{
	return o->offset == offset;
}
#define IS(name)	is_setting(o, offsetof(struct fake_settings, name))

/* What a new value of a path that is there already has to do. */
static void fake_path_apply(struct fake_path *path, const struct fake_option *o,
			    long before)
{
	if (IS(access))
		mpath_set_access_state(&path->mpath, path->set.access);
	else if (IS(access_raw))
		WRITE_ONCE(path->mpath.access_state, path->set.access_raw);
	else if (IS(hang) && !path->set.hang)
		fake_release_held(path);
	else if (IS(capacity))
		set_capacity_and_notify(path->disk, path->set.capacity);
	else if (IS(outdated))
		assign_bit(MPATH_DEVICE_OUTDATED, &path->mpath.flags,
			   path->set.outdated);
	else if (IS(ro))
		set_disk_ro(path->disk, path->set.ro);
	else if (IS(inflight))
		atomic_add(path->set.inflight - before, &path->nr_active);
}

static void fake_path_set_limits(struct fake_path *path)
{
	struct queue_limits lim = queue_limits_start_update(path->disk->queue);
	int ret;

	if (path->set.max_sectors) {
		lim.max_hw_sectors = path->set.max_sectors;
		lim.max_user_sectors = 0;
	}
	lim.logical_block_size = path->set.lbs;
	lim.physical_block_size = path->set.lbs;
	lim.io_min = path->set.lbs;
	lim.discard_granularity = path->set.lbs;
	if (lim.integrity.tuple_size)
		lim.integrity.interval_exp = ilog2(path->set.lbs);
	ret = queue_limits_commit_update(path->disk->queue, &lim);
	if (ret)
		pr_warn("%s: limits: %d\n", path->name, ret);
}

int fake_path_set(struct fake_path *path, int argc, char **argv)
{
	const struct fake_option *o;
	struct fake_settings before;
	int i, ret;

	for (i = 0; i < argc; i++) {
		before = path->set;
		ret = fake_options_parse(fake_settings_table, &path->set,
					 argv[i], &o);
		if (ret) {
			pr_info_ratelimited("%s: bad setting %s\n", path->name,
					    argv[i]);
			return ret;
		}
		if (!path->added)
			continue;
		if (IS(lbs) || IS(max_sectors))
			fake_path_set_limits(path);
		else
			fake_path_apply(path, o,
					*(long *)((void *)&before + o->offset));
	}
	return 0;
}

/* -------------------------------------------------------------- references */

/* Not in its own counters: if it is freed they are, too. */
static void fake_path_check(struct fake_path *path)
{
	if (!WARN_ONCE(READ_ONCE(path->magic) != FAKE_PATH_MAGIC,
		       "the library calls with a path that is freed\n"))
		return;
	fake_count(NULL, FC_freed_paths);
}

void fake_path_stop(enum fake_point point, struct fake_path *path)
{
	fake_path_check(path);
	fake_stop(point, path->name);
	fake_path_check(path);
}

static void fake_path_free_work(struct work_struct *work)
{
	struct fake_path *path = container_of(work, struct fake_path, free_work);

	put_disk(path->disk);	/* fake_path_free() when nobody has it open */
}

static void fake_path_free(struct fake_path *path)
{
	fake_store_put(path->store);
	WRITE_ONCE(path->magic, 0);
	kfree(path);
	if (atomic_dec_and_test(&fake_paths_nr))
		wake_up_all(&fake_paths_wq);
}

static void fake_free_disk(struct gendisk *disk)
{
	fake_path_free(disk->private_data);
}

static void fake_path_release(struct kref *ref)
{
	struct fake_path *path = container_of(ref, struct fake_path, ref);

	queue_work(fake_wq, &path->free_work);
}

void fake_path_put(struct fake_path *path)
{
	kref_put(&path->ref, fake_path_release);
}

bool fake_path_tryget(struct fake_path *path)
{
	return kref_get_unless_zero(&path->ref);
}

/* Only what the library was given: the calls below are for paths that were added. */
static struct fake_path *fake_path_find(const char *name)
{
	struct fake_path *path;

	lockdep_assert_held(&fake_lock);
	list_for_each_entry(path, &fake_paths, entry)
		if (path->head && path->added && !strcmp(path->name, name))
			return path;
	return NULL;
}

struct fake_path *fake_path_get(const char *name, struct fake_head **head)
{
	struct fake_path *path;

	mutex_lock(&fake_lock);
	path = fake_path_find(name);
	if (path && mpath_get_head(&path->head->mpath))
		path = NULL;
	if (path) {
		*head = path->head;
		kref_get(&path->ref);
	}
	mutex_unlock(&fake_lock);
	return path;
}

void fake_paths_wait_gone(void)
{
	struct fake_path *path, *next;

	list_for_each_entry_safe(path, next, &fake_graveyard, entry) {
		list_del_init(&path->entry);
		fake_path_put(path);
	}
	wait_event(fake_paths_wq, !atomic_read(&fake_paths_nr));
}

/* ---------------------------------------------------------- add and remove */

static struct fake_path *fake_path_alloc(struct fake_head *head,
					 const char *name)
{
	struct fake_path *path = kzalloc(sizeof(*path), GFP_KERNEL);

	if (!path)
		return NULL;
	path->magic = FAKE_PATH_MAGIC;
	kref_init(&path->ref);
	INIT_LIST_HEAD(&path->entry);
	strscpy(path->name, name);
	mutex_init(&path->op);
	spin_lock_init(&path->lock);
	bio_list_init(&path->held);
	INIT_WORK(&path->free_work, fake_path_free_work);
	path->set = fake_defaults;
	path->set.lbs = head->opts.lbs;
	path->set.zoned = head->opts.zoned;
	path->set.capacity = head->store->bytes >> SECTOR_SHIFT;
	path->counts_itself = !head->opts.failover;
	path->keeps_pin = head->opts.keeps_pin;
	path->rcu = head->opts.rcu;
	path->scope_host = head->opts.pr_host;
	path->integrity = head->opts.integrity;
	path->store = head->store;
	fake_store_get(path->store);
	atomic_inc(&fake_paths_nr);
	return path;
}

static void fake_path_limits(struct fake_path *path, struct queue_limits *lim)
{
	*lim = (struct queue_limits) {
		.logical_block_size	= path->set.lbs,
		.physical_block_size	= path->set.lbs,
		.features		= BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA |
					  BLK_FEAT_NOWAIT | BLK_FEAT_POLL |
					  BLK_FEAT_IO_STAT,
		.max_segments		= BIO_MAX_VECS,
		.max_hw_sectors		= path->set.max_sectors ?: 2048,
		.max_hw_discard_sectors	= UINT_MAX,
		.max_write_zeroes_sectors = UINT_MAX,
		.discard_granularity	= path->set.lbs,
	};
	if (path->integrity)
		lim->integrity.tuple_size = 8;
	if (path->set.zoned) {
		lim->features |= BLK_FEAT_ZONED;
		lim->chunk_sectors = SZ_1M >> SECTOR_SHIFT;
		lim->max_hw_discard_sectors = 0;
	}
}

static int fake_path_add_disk(struct fake_path *path)
{
	struct queue_limits lim;
	struct gendisk *disk;
	int ret;

	fake_path_limits(path, &lim);
	disk = blk_alloc_disk(&lim, NUMA_NO_NODE);
	if (IS_ERR(disk))
		return PTR_ERR(disk);
	path->disk = disk;
	fake_disk_fops(path);
	path->fops.free_disk = fake_free_disk;
	disk->fops = &path->fops;
	disk->private_data = path;
	strscpy(disk->disk_name, path->name, DISK_NAME_LEN);
	disk->flags |= GENHD_FL_NO_PART;
	if (path->set.hidden)
		disk->flags |= GENHD_FL_HIDDEN;
	set_capacity(disk, path->set.capacity);
	set_disk_ro(disk, path->set.ro);
	ret = device_add_disk(fake_parent, disk, NULL);
	if (ret) {
		put_disk(disk);
		path->disk = NULL;
	}
	return ret;
}

/* Its name is taken, by a path or by one that is still on its way out. */
static int fake_path_take_name(struct fake_path *path)
{
	struct fake_path *other;
	int ret = 0;

	mutex_lock(&fake_lock);
	list_for_each_entry(other, &fake_paths, entry)
		if (!strcmp(other->name, path->name))
			ret = -EEXIST;
	if (!ret)
		list_add_tail(&path->entry, &fake_paths);
	mutex_unlock(&fake_lock);
	return ret;
}

static void fake_path_give_name(struct fake_path *path)
{
	mutex_lock(&fake_lock);
	list_del_init(&path->entry);
	mutex_unlock(&fake_lock);
}

/*
 * The path has its head before the library knows it: who takes the head down
 * finds it. @op makes that one wait for us.
 */
static int fake_path_attach(struct fake_path *path, struct fake_head *head)
{
	int ret = 0;

	mutex_lock(&fake_lock);
	if (head->linked)
		path->head = head;
	else
		ret = -ENODEV;
	mutex_unlock(&fake_lock);
	if (ret)
		return ret;

	fake_path_stop(FP_attach, path);
	/* What a driver knows of its path before it adds it. */
	path->mpath.access_state = path->set.access;
	ret = mpath_add_device(&path->mpath, &head->mpath, path->disk,
			       path->set.node, &path->nr_active);
	mutex_lock(&fake_lock);
	if (ret) {
		path->removed = true;
		path->head = NULL;
	} else {
		path->added = true;	/* from now on it is found by name */
	}
	mutex_unlock(&fake_lock);
	return ret;
}

int fake_path_add(const char *head_name, const char *name, int argc,
		  char **argv)
{
	struct fake_head *head = fake_head_get(head_name);
	struct fake_path *path;
	int ret;

	if (!head)
		return -ENOENT;
	path = fake_path_alloc(head, name);
	if (!path) {
		ret = -ENOMEM;
		goto put_head;
	}
	ret = fake_path_set(path, argc, argv);
	if (!ret)
		ret = fake_path_take_name(path);
	if (ret)
		goto free;
	ret = fake_path_add_disk(path);
	if (ret) {
		fake_path_give_name(path);
		goto free;
	}
	atomic_set(&path->nr_active, path->set.inflight);

	mutex_lock(&path->op);
	ret = fake_path_attach(path, head);
	mutex_unlock(&path->op);
	if (ret) {
		del_gendisk(path->disk);
		fake_path_give_name(path);
		fake_path_put(path);
	}
	goto put_head;

free:
	fake_path_free(path);
put_head:
	fake_head_put(head);
	return ret;
}

/* The caller has a reference; the list's is given up here, by one caller. */
int fake_path_remove(struct fake_path *path, bool *empty)
{
	bool pins;

	mutex_lock(&path->op);
	if (path->removed) {
		mutex_unlock(&path->op);
		return -ENOENT;
	}
	path->removed = true;
	pins = to_fake_head(path->mpath.mpath_head)->opts.pins;
	WRITE_ONCE(path->dead, true);
	*empty = mpath_delete_device(&path->mpath);
	mutex_unlock(&path->op);

	mutex_lock(&fake_lock);
	path->head = NULL;
	mutex_unlock(&fake_lock);

	fake_release_held(path);
	del_gendisk(path->disk);
	fake_path_give_name(path);
	if (pins) {
		fake_path_put(path);
	} else {
		mutex_lock(&fake_lock);
		list_add(&path->entry, &fake_graveyard);
		mutex_unlock(&fake_lock);
	}
	return 0;
}
