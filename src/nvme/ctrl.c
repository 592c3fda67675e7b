// SPDX-License-Identifier: GPL-2.0
/* What the paths of one controller share, and news of its state. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "mpn.h"

extern int nvme_submit_sync_cmd(struct request_queue *q,
				struct nvme_command *cmd, void *buf,
				unsigned int bufflen);

/* Changed with both locks held, so either is enough to look. */
static LIST_HEAD(mpn_ctrls);
static DEFINE_SPINLOCK(mpn_ctrls_lock);

/*
 * The lists of joined paths. Not mpn_topology: whoever has that may wait for
 * submitters, they for a path, and that for what is done under this one. So nothing
 * is waited for while it is held.
 */
static DEFINE_MUTEX(mpn_ctrl_lock);

/**
 * mpn_ctrl_each() - do something with each joined path of a controller
 * @fn: must not wait; the path is joined, and so has a head, while it runs
 * Context: May sleep.
 */
void mpn_ctrl_each(struct mpn_ctrl *ctrl,
		   void (*fn)(struct mpn_path *path, void *ctx), void *ctx)
{
	struct mpn_path *path;

	mutex_lock(&mpn_ctrl_lock);
	list_for_each_entry(path, &ctrl->joined, of_ctrl)
		fn(path, ctx);
	mutex_unlock(&mpn_ctrl_lock);
}

/* A path has joined: what happens to its controller it hears of from now on. */
void mpn_ctrl_join(struct mpn_path *path)
{
	mutex_lock(&mpn_ctrl_lock);
	list_add_tail(&path->of_ctrl, &path->ctrl->joined);
	/* what it has not heard of */
	if (mpn_ctrl_state(path->ctrl->ctrl) == NVME_CTRL_LIVE)
		clear_bit(MPN_PATH_FAILED, &path->flags);
	if (!READ_ONCE(path->ctrl->ana.on))
		mpn_ana_without(path, NULL);
	else
		mpn_path_tell(path);
	mutex_unlock(&mpn_ctrl_lock);
	mpn_ana_request(path->ctrl);
}

/* It is about to leave. */
void mpn_ctrl_leave(struct mpn_path *path)
{
	mutex_lock(&mpn_ctrl_lock);
	list_del(&path->of_ctrl);
	mutex_unlock(&mpn_ctrl_lock);
}

static void mpn_ctrl_tell(struct mpn_path *path, void *ctx)
{
	const bool *live = ctx;

	if (*live) {
		mpn_ana_wait(path);
		clear_bit(MPN_PATH_FAILED, &path->flags);
		if (test_bit(MPN_PATH_STALE, &path->flags))
			mpn_heads_look();
	}
	mpn_path_tell(path);
	if (*live) {
		mpath_path_restored(&path->mdev);
		mpn_failover_kick(path->head);
	} else {
		mpath_path_changed(&path->mdev);
	}
}

static void mpn_ctrl_work(struct work_struct *work)
{
	struct mpn_ctrl *ctrl = container_of(work, struct mpn_ctrl, work);
	unsigned int noio = memalloc_noio_save();	/* as in mpn_path_work() */
	bool live = mpn_ctrl_state(ctrl->ctrl) == NVME_CTRL_LIVE;

	mpn_ctrl_each(ctrl, mpn_ctrl_tell, &live);
	if (live)
		mpn_ana_live(ctrl);
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
	mpn_look_init(ctrl);
	INIT_LIST_HEAD(&ctrl->joined);
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

/**
 * mpn_admin_cmd() - an admin command of our own
 * @ctrl: kept by the caller's path
 * @buf, @len: its data
 * Context: May sleep; ends with the driver's own time-outs, and with the controller.
 * Return: 0, -errno or NVMe status.
 */
int mpn_admin_cmd(struct nvme_ctrl *ctrl, struct nvme_command *cmd, void *buf,
		  unsigned int len)
{
	return nvme_submit_sync_cmd(mpn_ctrl_admin_q(ctrl), cmd, buf, len);
}

/**
 * mpn_identify_ns() - Identify Namespace, CNS 00h
 * @ctrl: kept by the caller's path
 * @id: what it answers
 * Context: As mpn_admin_cmd().
 * Return: 0 or -errno.
 */
int mpn_identify_ns(struct nvme_ctrl *ctrl, u32 nsid, struct nvme_id_ns *id)
{
	struct nvme_command cmd = {
		.identify.opcode = nvme_admin_identify,
		.identify.nsid	 = cpu_to_le32(nsid),
		.identify.cns	 = NVME_ID_CNS_NS,
	};
	int ret = mpn_admin_cmd(ctrl, &cmd, id, sizeof(*id));

	return ret > 0 ? -EIO : ret;
}
