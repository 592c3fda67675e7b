// SPDX-License-Identifier: GPL-2.0
/*
 * The C half: what touches the kernel's structures. It is mpath_example_c.c without the
 * answers that backend.cpp gives; the first path is used as long as it is there.
 *
 *	insmod mpath_example_cxx.ko paths=/dev/nvme0n1,/dev/nvme1n1
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/multipath.h>
#include <linux/percpu-refcount.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "example.h"

#define EX_MAX	8

static char *paths[EX_MAX];
static int npaths;
module_param_array(paths, charp, &npaths, 0444);
MODULE_PARM_DESC(paths, "disks that lead to the same data");

/*
 * One path. @ref: who uses @file; the library has a reference for each bio that is out.
 * Owner: ex_paths[]; freed when the last reference is put.
 */
struct ex_path {
	u64 object[EX_PATH_WORDS];	/* struct Path, right before mdev */
	struct mpath_device mdev;
	struct percpu_ref ref;
	struct completion unpinned;
	struct file *file;
	atomic_t nr_active;
};

static struct ex_path *ex_paths[EX_MAX];
static struct mpath_head ex_head;
static struct device *ex_parent;
static enum mpath_iopolicy_e ex_policy = MPATH_IOPOLICY_NUMA;

static struct ex_path *to_ex_path(struct mpath_device *mdev)
{
	return container_of(mdev, struct ex_path, mdev);
}

bool ex_get_path(struct mpath_device *mdev)
{
	return percpu_ref_tryget_live(&to_ex_path(mdev)->ref);
}

void ex_put_path(struct mpath_device *mdev)
{
	percpu_ref_put(&to_ex_path(mdev)->ref);
}

/* ---- paths ---------------------------------------------------------------- */

static void ex_unpinned(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct ex_path, ref)->unpinned);
}

/* The path's disk is going: not to be chosen any more. Must not wait. */
static void ex_mark_dead(struct block_device *bdev, bool surprise)
	__releases(&bdev->bd_holder_lock)
{
	struct ex_path *path = bdev->bd_holder;

	ex_object_gone(path->object);
	if (path->mdev.mpath_head)
		mpath_path_changed(&path->mdev);
	mutex_unlock(&bdev->bd_holder_lock);
}

static const struct blk_holder_ops ex_holder_ops = {
	.mark_dead = ex_mark_dead,
};

static int ex_path_join(struct ex_path *path)
{
	struct gendisk *disk = file_bdev(path->file)->bd_disk;
	int ret;

	ret = mpath_add_device(&path->mdev, &ex_head, disk, disk->node_id,
			       &path->nr_active);
	if (ret)
		return ret;
	ret = mpath_device_set_live(&path->mdev);
	if (ret)
		mpath_delete_device(&path->mdev);
	return ret;
}

/* Nobody has it from the library any more. Wait for bios that are out: their driver ends them. */
static void ex_path_free(struct ex_path *path)
{
	percpu_ref_kill(&path->ref);
	wait_for_completion(&path->unpinned);
	if (!IS_ERR_OR_NULL(path->file))
		bdev_fput(path->file);	/* no ex_mark_dead() after this */
	percpu_ref_exit(&path->ref);
	kfree(path);
}

static int ex_path_add(int i)
{
	struct ex_path *path = kzalloc(sizeof(*path), GFP_KERNEL);
	int ret;

	if (!path)
		return -ENOMEM;
	ex_object_init(path->object, i);
	init_completion(&path->unpinned);
	ret = percpu_ref_init(&path->ref, ex_unpinned, 0, GFP_KERNEL);
	if (ret) {
		kfree(path);
		return ret;
	}
	path->file = bdev_file_open_by_path(paths[i], BLK_OPEN_READ | BLK_OPEN_WRITE,
					    path, &ex_holder_ops);
	ret = PTR_ERR_OR_ZERO(path->file);
	if (!ret)
		ret = ex_path_join(path);
	if (ret) {
		pr_err("%s: no path: %d\n", paths[i], ret);
		ex_path_free(path);
		return ret;
	}
	ex_paths[i] = path;
	return 0;
}

static void ex_paths_del(void)
{
	int i;

	for (i = 0; i < npaths; i++) {
		if (!ex_paths[i])
			continue;
		mpath_delete_device(&ex_paths[i]->mdev);
		ex_path_free(ex_paths[i]);
	}
	/* a task that was preempted on its way out of ex_put_path() */
	synchronize_rcu_tasks();
}

/* ---- the head ------------------------------------------------------------- */

static int ex_head_init(void)
{
	struct queue_limits lim;
	int ret;

	ret = mpath_head_init(&ex_head);
	if (ret)
		return ret;
	ex_head.parent = ex_parent;
	ex_head.iopolicy = &ex_policy;
	ex_head.disk_groups = mpath_device_groups;
	ex_head.mpdt = &ex_template;

	blk_set_stacking_limits(&lim);
	lim.features |= BLK_FEAT_IO_STAT | BLK_FEAT_NOWAIT;
	lim.max_zone_append_sectors = 0;
	ret = mpath_alloc_head_disk(&ex_head, &lim, NUMA_NO_NODE);
	if (ret)
		mpath_head_uninit(&ex_head);
	else
		strscpy(ex_head.disk->disk_name, "mpexx0", DISK_NAME_LEN);
	return ret;
}

static void ex_head_exit(void)
{
	mpath_remove_disk(&ex_head);
	mpath_put_disk(&ex_head);
	mpath_head_uninit(&ex_head);
}

static int __init ex_init(void)
{
	int i, ret;

	if (!npaths)
		return -EINVAL;
	ex_parent = root_device_register(KBUILD_MODNAME);
	if (IS_ERR(ex_parent))
		return PTR_ERR(ex_parent);
	ret = ex_head_init();
	if (ret)
		goto unregister;
	for (i = 0; i < npaths && !ret; i++)
		ret = ex_path_add(i);
	if (!ret)
		return 0;
	ex_paths_del();
	ex_head_exit();
unregister:
	root_device_unregister(ex_parent);
	return ret;
}

/* No node is open: that would pin the module. */
static void __exit ex_exit(void)
{
	ex_paths_del();
	ex_head_exit();
	root_device_unregister(ex_parent);
}

module_init(ex_init);
module_exit(ex_exit);
MODULE_DESCRIPTION("Example of a driver of libmultipath_cxx, in C++");
MODULE_LICENSE("GPL");
