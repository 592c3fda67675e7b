// SPDX-License-Identifier: GPL-2.0
/* What the paths of one controller share, and news of its state. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "mpn.h"

/* Changed with both locks held, so either is enough to look. */
static LIST_HEAD(mpn_ctrls);
static DEFINE_SPINLOCK(mpn_ctrls_lock);

static void mpn_ctrl_tell(struct mpath_device *mdev, bool live)
{
	mpn_path_tell(mpn_path_of(mdev));
	if (live) {
		clear_bit(MPN_PATH_FAILED, &mpn_path_of(mdev)->flags);
		mpath_path_restored(mdev);
		mpn_failover_kick(mpn_path_of(mdev)->head);
	} else {
		mpath_path_changed(mdev);
	}
}

static void mpn_ctrl_work(struct work_struct *work)
{
	struct mpn_ctrl *ctrl = container_of(work, struct mpn_ctrl, work);
	unsigned int noio = memalloc_noio_save();	/* as in mpn_path_work() */
	bool live = mpn_ctrl_state(ctrl->ctrl) == NVME_CTRL_LIVE;
	struct mpath_device *mdev;
	struct mpn_head *head;

	mutex_lock(&mpn_topology);
	list_for_each_entry(head, &mpn_heads, entry) {
		/* mpn_topology keeps paths from coming and going */
		list_for_each_entry(mdev, &head->mpath.dev_list, siblings)
			if (mpn_path_of(mdev)->ctrl == ctrl)
				mpn_ctrl_tell(mdev, live);
	}
	if (live)
		mpn_ana_live(ctrl);
	mutex_unlock(&mpn_topology);
	memalloc_noio_restore(noio);
}

/* Called by the driver with its locks held and interrupts off. */
static int mpn_ctrl_woken(struct wait_queue_entry *wait, unsigned int mode,
			  int flags, void *key)
{
	struct mpn_ctrl *ctrl = container_of(wait, struct mpn_ctrl, watch);

	queue_work(mpn_wq, &ctrl->work);
	return 0;
}

/**
 * mpn_ctrl_get() - the shared object of a controller
 * @path: claimed
 * Context: mpn_topology held.
 * Return: the object, NULL without memory.
 */
struct mpn_ctrl *mpn_ctrl_get(struct mpn_path *path)
{
	struct nvme_ctrl *nvme = mpn_ns_ctrl(path->ns);
	struct mpn_ctrl *ctrl;

	lockdep_assert_held(&mpn_topology);
	list_for_each_entry(ctrl, &mpn_ctrls, entry) {
		if (ctrl->ctrl == nvme) {
			ctrl->paths++;
			return ctrl;
		}
	}
	ctrl = kzalloc(sizeof(*ctrl), GFP_KERNEL);
	if (!ctrl)
		return NULL;
	ctrl->ctrl = nvme;
	ctrl->paths = 1;
	INIT_WORK(&ctrl->work, mpn_ctrl_work);
	init_waitqueue_func_entry(&ctrl->watch, mpn_ctrl_woken);
	mpn_ana_init(ctrl, path);
	spin_lock_irq(&mpn_ctrls_lock);
	list_add(&ctrl->entry, &mpn_ctrls);
	spin_unlock_irq(&mpn_ctrls_lock);
	add_wait_queue(mpn_ctrl_state_wq(nvme), &ctrl->watch);
	return ctrl;
}

/**
 * mpn_ctrl_put() - a path lets go
 * @ctrl: from mpn_ctrl_get(); the driver's controller is still valid
 * Context: mpn_topology held.
 * Return: true if it was the last path: the caller then ends the works, without
 * mpn_topology, and frees @ctrl.
 */
bool mpn_ctrl_put(struct mpn_ctrl *ctrl)
{
	lockdep_assert_held(&mpn_topology);
	if (--ctrl->paths)
		return false;
	spin_lock_irq(&mpn_ctrls_lock);
	list_del(&ctrl->entry);
	spin_unlock_irq(&mpn_ctrls_lock);
	remove_wait_queue(mpn_ctrl_state_wq(ctrl->ctrl), &ctrl->watch);
	return true;
}

/**
 * mpn_ctrl_notice() - a controller says that access states have changed
 * @nvme: any controller of the driver
 * Context: Any.
 */
void mpn_ctrl_notice(struct nvme_ctrl *nvme)
{
	struct mpn_ctrl *ctrl;
	unsigned long flags;

	spin_lock_irqsave(&mpn_ctrls_lock, flags);
	list_for_each_entry(ctrl, &mpn_ctrls, entry)
		if (ctrl->ctrl == nvme)
			mpn_ana_request(ctrl);
	spin_unlock_irqrestore(&mpn_ctrls_lock, flags);
}

/* Of all controllers, now. */
void mpn_ctrls_read_ana(void)
{
	struct mpn_ctrl *ctrl;

	spin_lock_irq(&mpn_ctrls_lock);
	list_for_each_entry(ctrl, &mpn_ctrls, entry)
		mpn_ana_request(ctrl);
	spin_unlock_irq(&mpn_ctrls_lock);
}
