// SPDX-License-Identifier: GPL-2.0
/* Heads: one a namespace, made with its first path, gone with its last. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/idr.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "mpn.h"

LIST_HEAD(mpn_heads);
static DEFINE_IDA(mpn_number_ida);

void mpn_head_hold(struct mpn_head *head)
{
	kref_get(&head->ref);
}

static void mpn_head_free(struct kref *ref)
{
	kfree(container_of(ref, struct mpn_head, ref));
}

/* Any context. */
void mpn_head_put(struct mpn_head *head)
{
	kref_put(&head->ref, mpn_head_free);
}

/**
 * mpn_head_destroy() - remove the nodes and free the head
 * @head: unlinked; its last path still holds its disk, which keeps the parent
 * Context: May sleep. mpn_topology not held: a reader of one of the head's
 * files may be waiting for a controller.
 */
void mpn_head_destroy(struct mpn_head *head)
{
	mpn_failover_close(head);
	mpath_remove_disk(&head->mpath);
	mpath_put_disk(&head->mpath);
	mpath_head_uninit(&head->mpath);
	ida_free(&mpn_number_ida, head->number);
	mpn_close_file(head->kept);
	mpn_head_put(head);
}

/**
 * mpn_head_unlink() - off the list: a path that comes now gets a new head
 * @head: without paths
 * @ctrl: of the last one, kept
 * Context: mpn_topology held.
 */
void mpn_head_unlink(struct mpn_head *head, struct nvme_ctrl *ctrl)
{
	mpn_effects_return(head, ctrl);
	list_del(&head->entry);
}

static struct mpn_head *mpn_head_create(struct mpn_path *path,
					struct nvme_ns_head *ns_head)
{
	int node = mpn_ctrl_numa_node(path->ctrl->ctrl);
	struct queue_limits lim;
	struct mpn_head *head;
	int ret;

	head = kzalloc_node(sizeof(*head), GFP_KERNEL, node);
	if (!head)
		return ERR_PTR(-ENOMEM);
	ret = ida_alloc(&mpn_number_ida, GFP_KERNEL);
	if (ret < 0)
		goto free;
	head->number = ret;
	head->ns_head = ns_head;
	head->subsys = mpn_head_subsys(ns_head);
	head->nsid = mpn_head_nsid(ns_head);
	head->ms = mpn_head_ms(ns_head);
	head->lba_shift = mpn_head_lba_shift(ns_head);
	head->mpath.block_size = 1u << head->lba_shift;
	memcpy(head->ids, mpn_head_ids(ns_head), sizeof(head->ids));
	kref_init(&head->ref);
	spin_lock_init(&head->again_lock);
	INIT_LIST_HEAD(&head->again);
	INIT_DELAYED_WORK(&head->again_work, mpn_failover_work);
	mpn_set_failover(head, MPN_FAILOVER_IDEMPOTENT);
	head->policy = READ_ONCE(mpn_default_policy);
	ret = mpath_head_init(&head->mpath);
	if (ret)
		goto free_number;
	ret = mpn_effects_lend(head, path->ctrl->ctrl);
	if (ret)
		goto uninit;
	head->mpath.parent = mpn_subsys_dev(head->subsys);
	head->mpath.iopolicy = &head->policy;
	head->mpath.disk_groups = mpn_disk_groups;
	head->mpath.mpdt = &mpn_template;
	mpn_limits_init(&lim);
	ret = mpath_alloc_head_disk(&head->mpath, &lim, node);
	if (ret)
		goto return_effects;
	snprintf(head->mpath.disk->disk_name, DISK_NAME_LEN, "nvme%un%d",
		 mpn_base + head->number, mpn_head_instance(ns_head));
	strscpy(head->name, head->mpath.disk->disk_name);
	list_add_tail(&head->entry, &mpn_heads);
	return head;

return_effects:
	mpn_effects_return(head, path->ctrl->ctrl);
uninit:
	mpath_head_uninit(&head->mpath);
free_number:
	ida_free(&mpn_number_ida, head->number);
free:
	kfree(head);
	return ERR_PTR(ret);
}

/* mpn_topology held. */
struct mpn_head *mpn_head_find(struct nvme_ns_head *ns_head)
{
	struct mpn_head *head;

	list_for_each_entry(head, &mpn_heads, entry)
		if (head->ns_head == ns_head)
			return head;
	return NULL;
}

/* The head of a path, for whatever is out on it; before the first command. */
static void mpn_set_home(struct mpn_path *path, struct mpn_head *head)
{
	if (head)
		mpn_head_hold(head);
	if (path->home)
		mpn_head_put(path->home);
	path->home = head;
}

static int mpn_head_add_path(struct mpn_head *head, struct mpn_path *path)
{
	int ret;

	mpn_set_home(path, head);
	mpn_ana_wait(path);
	ret = mpath_add_device(&path->mdev, &head->mpath, path->disk,
			       mpn_ctrl_numa_node(path->ctrl->ctrl),
			       &path->ctrl->nr_active);
	if (ret)
		goto homeless;
	ret = mpath_device_set_live(&path->mdev);
	if (ret) {
		/*
		 * Only with the head's first path, when its disk could not be
		 * added: heads end under mpn_topology. So nothing was sent.
		 */
		mpath_delete_device(&path->mdev);
		goto homeless;
	}
	path->head = head;
	mpn_ctrl_join(path);
	mpn_failover_kick(head);
	return 0;

homeless:
	mpn_set_home(path, NULL);
	return ret;
}

/* Why a path was not added, in the log and as the caller's errno. */
static int mpn_head_refuse(struct mpn_head *head, struct mpn_path *path, int ret)
{
	switch (ret) {
	case -EINVAL:	/* said why */
		return ret;
	case -ENODEV:	/* the head is going; the next try finds none */
		return -EAGAIN;
	case -ENOSPC:
		pr_err("%s: refused as a path of %s: 64 is the most\n",
		       mpn_path_name(path), head->mpath.disk->disk_name);
		return -EINVAL;
	default:
		pr_err("%s: refused as a path of %s: %d\n",
		       mpn_path_name(path), head->mpath.disk->disk_name, ret);
		return ret;
	}
}

static void mpn_link_holder(struct mpn_path *path, struct gendisk *disk)
{
	int ret = bd_link_disk_holder(file_bdev(path->bdev_file), disk);

	path->linked = !ret;
	if (ret && ret != -ENODEV)	/* -ENODEV: it is going already */
		pr_warn("%s: no holders link: %d\n", mpn_path_name(path), ret);
}

/**
 * mpn_head_join() - make a claimed path one of its head's
 * @path: claimed, char device open, ctrl set
 * @dead: set to a head that came to nothing: mpn_head_destroy() it, without
 *	mpn_topology
 * Context: mpn_topology held; may sleep.
 * Return: 0; -EINVAL if it was refused and a line said why; -EAGAIN if the
 * disk has no size (it is being removed, or not ready), or its head is not ready
 * for it; -errno.
 */
int mpn_head_join(struct mpn_path *path, struct mpn_head **dead)
{
	struct nvme_ns_head *ns_head = mpn_ns_head(path->ns);
	struct mpn_head *head;
	bool first;
	int ret;

	lockdep_assert_held(&mpn_topology);
	if (bdev_is_zoned(file_bdev(path->bdev_file))) {
		pr_info("%s: zoned namespaces are not supported; left alone\n",
			mpn_path_name(path));
		return -EINVAL;
	}
	if (!get_capacity(path->disk))
		return -EAGAIN;
	head = mpn_head_find(ns_head);
	if (!head)
		head = mpn_head_find_kept(path);
	if (IS_ERR(head))
		return PTR_ERR(head);
	if (head && head->kept && head->ms != mpn_head_ms(ns_head)) {
		pr_err("%s: refused as a path of %s: metadata of %u bytes, not %u\n",
		       mpn_path_name(path), head->name, mpn_head_ms(ns_head),
		       head->ms);
		return -EINVAL;
	}
	first = !head;
	if (first) {
		head = mpn_head_create(path, ns_head);
		if (IS_ERR(head))
			return PTR_ERR(head);
	}
	ret = mpn_head_add_path(head, path);
	if (ret) {
		if (first) {
			mpn_head_unlink(head, path->ctrl->ctrl);
			*dead = head;
		}
		return mpn_head_refuse(head, path, ret);
	}
	WRITE_ONCE(head->all_stale, false);	/* until the next look */
	if (head->kept)
		mpn_head_adopt(head, path);
	mpn_link_holder(path, head->mpath.disk);
	pr_info("%s: path %s of controller %s joined\n",
		head->mpath.disk->disk_name, mpn_path_name(path),
		dev_name(mpn_ctrl_device(path->ctrl->ctrl)));
	return 0;
}

/**
 * mpn_head_leave() - the opposite
 * @path: joined
 * Context: mpn_topology held; may sleep.
 * Return: the head, if this was its last path and there is no grace period:
 * mpn_head_destroy() it, without mpn_topology, before the path lets go of its disk.
 * Else NULL.
 */
struct mpn_head *mpn_head_leave(struct mpn_path *path)
{
	struct mpn_head *head = path->head;
	struct gendisk *disk = head->mpath.disk;
	unsigned int blocks = queue_logical_block_size(disk->queue);
	sector_t sectors = get_capacity(disk);
	bool empty;

	lockdep_assert_held(&mpn_topology);
	if (path->linked)
		bd_unlink_disk_holder(file_bdev(path->bdev_file),
				      head->mpath.disk);
	path->linked = false;
	mpn_ctrl_leave(path);
	empty = mpath_delete_device(&path->mdev);
	path->head = NULL;
	/* it had kept them: others may fit now */
	if (sectors != get_capacity(disk) ||
	    blocks != queue_logical_block_size(disk->queue))
		mpn_rescan();
	pr_info("%s: path %s left%s\n", head->mpath.disk->disk_name,
		mpn_path_name(path), empty ? ", it was the last" : "");
	if (!empty || mpn_head_keep(head, path))
		return NULL;
	mpn_head_unlink(head, path->ctrl->ctrl);
	return head;
}
