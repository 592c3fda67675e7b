// SPDX-License-Identifier: GPL-2.0
/*
 * Asymmetric Namespace Access (NVMe base specification 2.0, 8.1): what the
 * storage says of the paths of a controller.
 *
 * With multipath=N the stock driver does not read the log page. It is read here,
 * through the controller's admin queue, by one work a controller, so that there is
 * never more than one read of it, and no sooner than a twentieth of a second after
 * the last one:
 *
 *   a path joins, its controller is live again     the path waits for it
 *   a command ends with an asymmetric access status, a bio with an error that may
 *   have been one                                  the path waits for it
 *   the controller has sent a notice               see ana_notice.c
 *   ana_poll_secs are over
 *
 * A path that waits is not chosen (MPN_PATH_ANA_PENDING); if no other is usable
 * either, I/O waits with it. A read that fails is repeated every second.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/moduleparam.h>
#include <linux/nvme.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "core/ana.h"
#include "mpn.h"

/* A controller may claim a page of any size; more than this is not read. */
#define MPN_ANA_MOST	SZ_1M

/* For how long a path is believed that gave an unclear error and was found fine. */
#define MPN_ANA_TRUST	(5 * HZ)

extern int nvme_reset_ctrl(struct nvme_ctrl *ctrl);

static unsigned int mpn_ana_poll_secs = 10;

static int mpn_ana_poll_set(const char *val, const struct kernel_param *kp)
{
	int ret = param_set_uint_minmax(val, kp, 0, 3600);

	if (!ret)
		mpn_ctrls_read_ana();
	return ret;
}

static const struct kernel_param_ops mpn_ana_poll_ops = {
	.set = mpn_ana_poll_set,
	.get = param_get_uint,
};
module_param_cb(ana_poll_secs, &mpn_ana_poll_ops, &mpn_ana_poll_secs, 0644);
MODULE_PARM_DESC(ana_poll_secs, "seconds between looks at a controller's ANA log page, 0 to 3600 (default 10); 0: only at events");

/* ---------------------------------------------------------------- one path */

static enum mpath_access_state mpn_path_access(struct mpn_path *path)
{
	enum mpath_access_state access = MPATH_STATE_OPTIMIZED;

	if (READ_ONCE(path->ctrl->ana.on))
		access = mpn_ana_access(READ_ONCE(path->ana_state));
	/* one on its way out still works, but others are to be preferred */
	if (access == MPATH_STATE_OPTIMIZED &&
	    mpn_ctrl_state(path->ctrl->ctrl) != NVME_CTRL_LIVE)
		access = MPATH_STATE_NONOPTIMIZED;
	return access;
}

/**
 * mpn_path_tell() - tell the library how the path is to be used
 * Context: mpn_ctrl_lock held.
 */
void mpn_path_tell(struct mpn_path *path)
{
	mpath_set_access_state(&path->mdev, mpn_path_access(path));
}

/**
 * mpn_ana_wait() - nothing is known of a path until the page was read
 * @path: new, or of a controller that is live again
 * Context: Any; somebody has the page read.
 */
void mpn_ana_wait(struct mpn_path *path)
{
	if (!READ_ONCE(path->ctrl->ana.on))
		return;
	set_bit(MPN_PATH_ANA_PENDING, &path->flags);
	WRITE_ONCE(path->ana_trusted, 0);
	/* what a controller never leaves it may have left by being made anew */
	if (path->ana_state == MPN_ANA_PERSISTENT_LOSS)
		WRITE_ONCE(path->ana_state, MPN_ANA_UNKNOWN);
}

/**
 * mpn_ana_request() - read the page soon
 * @ctrl: kept by the caller's path or lock
 * Context: Any.
 */
void mpn_ana_request(struct mpn_ctrl *ctrl)
{
	unsigned long gap = mpn_ana_gap(READ_ONCE(ctrl->ana.pace.read_at),
					get_jiffies_64(), HZ);

	if (READ_ONCE(ctrl->ana.on))
		mod_delayed_work(mpn_wq, &ctrl->ana.work, gap);
}

/* Not chosen until the page was read. Any context; the path is pinned. */
static void mpn_ana_suspect(struct mpn_path *path)
{
	set_bit(MPN_PATH_ANA_PENDING, &path->flags);
	smp_mb__after_atomic();	/* mpn_ana_work() clears @on, then this bit */
	if (READ_ONCE(path->ctrl->ana.on))
		mpn_ana_request(path->ctrl);
	else
		clear_bit(MPN_PATH_ANA_PENDING, &path->flags);
}

/**
 * mpn_ana_status() - a command has ended with an NVMe status
 * @path: pinned
 * @status: status field without the phase bit
 * Context: Any.
 */
void mpn_ana_status(struct mpn_path *path, u16 status)
{
	switch (status & 0x7ff) {
	case NVME_SC_ANA_TRANSITION:
	case NVME_SC_ANA_INACCESSIBLE:
	case NVME_SC_ANA_PERSISTENT_LOSS:
		if (READ_ONCE(path->ctrl->ana.on))
			mpn_ana_suspect(path);
	}
}

/**
 * mpn_ana_bio_error() - a bio has ended with an error
 * @path: pinned
 * @error: of the block layer
 *
 * The stock driver gives an asymmetric access status, like any other that it does
 * not know, the name BLK_STS_IOERR. So the path waits for the page; but not if the
 * page has just been found to say nothing against it, for then the error is
 * another one, and the bio's own.
 * Context: Any.
 */
void mpn_ana_bio_error(struct mpn_path *path, blk_status_t error)
{
	if (error != BLK_STS_IOERR || !READ_ONCE(path->ctrl->ana.on))
		return;
	if (get_jiffies_64() < READ_ONCE(path->ana_trusted) &&
	    READ_ONCE(path->mdev.access_state) != MPATH_STATE_OTHER)
		mpn_ana_request(path->ctrl);
	else
		mpn_ana_suspect(path);
}

/* What the page says of the path; @waited: it was not used until now. */
static void mpn_ana_apply(struct mpn_path *path, const void *page, u64 len,
			  bool waited)
{
	bool was_usable = path->mdev.access_state != MPATH_STATE_OTHER;
	u32 nsid = mpn_head_nsid(mpn_ns_head(path->ns));
	u32 before = path->ana_state;
	struct mpn_ana_group group;

	if (!mpn_ana_find(page, len, nsid, &group)) {
		pr_warn_ratelimited("%s: controller %s has namespace %u in no ANA group; not used until it has\n",
				    mpn_path_name(path),
				    dev_name(mpn_ctrl_device(path->ctrl->ctrl)),
				    nsid);
		set_bit(MPN_PATH_ANA_PENDING, &path->flags);
		return;
	}
	if (group.state != before) {
		WRITE_ONCE(path->ana_trusted, 0);
		pr_info("%s: path %s: ANA group %u is %s\n", path->head->name,
			mpn_path_name(path), group.id, mpn_ana_name(group.state));
	} else if (waited) {
		WRITE_ONCE(path->ana_trusted, get_jiffies_64() + MPN_ANA_TRUST);
	}
	WRITE_ONCE(path->ana_grpid, group.id);
	WRITE_ONCE(path->ana_state, group.state);
	mpn_path_tell(path);
	/* what it was blamed for before was its state */
	if (!was_usable && path->mdev.access_state != MPATH_STATE_OTHER)
		mpath_path_restored(&path->mdev);
}

/* ---------------------------------------------------------- one controller */

/* The size of the page, as the controller is now. */
static int mpn_ana_identify(struct mpn_ctrl *ctrl)
{
	struct nvme_command cmd = {
		.identify.opcode	= nvme_admin_identify,
		.identify.cns		= NVME_ID_CNS_CTRL,
	};
	struct request_queue *q = mpn_ctrl_admin_q(ctrl->ctrl);
	/* the page is not of one piece in memory */
	u64 most = min3((u64)queue_max_hw_sectors(q) << SECTOR_SHIFT,
			(u64)queue_max_segments(q) << PAGE_SHIFT,
			(u64)MPN_ANA_MOST);
	struct nvme_id_ctrl *id;
	u64 size;
	int ret;

	id = kmalloc(sizeof(*id), GFP_KERNEL);
	if (!id)
		return -ENOMEM;
	ret = mpn_admin_cmd(ctrl->ctrl, &cmd, id, sizeof(*id));
	if (ret)
		goto free;
	ctrl->ana.anatt = id->anatt;
	size = mpn_ana_size(le32_to_cpu(id->nanagrpid), le32_to_cpu(id->mnan),
			    le32_to_cpu(id->nn));
	if (size > most) {
		pr_err("%s: its ANA log page of %llu bytes is too large to be read; all its paths count as optimized\n",
		       dev_name(mpn_ctrl_device(ctrl->ctrl)), size);
		ret = -EFBIG;
		goto free;
	}
	ctrl->ana.size = size;
free:
	kfree(id);
	return ret;
}

static int mpn_ana_get_log(struct mpn_ctrl *ctrl, void *page)
{
	u32 dwords = ctrl->ana.size / 4 - 1;
	struct nvme_command cmd = {
		.get_log_page.opcode	= nvme_admin_get_log_page,
		.get_log_page.nsid	= cpu_to_le32(NVME_NSID_ALL),
		.get_log_page.lid	= NVME_LOG_ANA,
		.get_log_page.numdl	= cpu_to_le16(dwords & 0xffff),
		.get_log_page.numdu	= cpu_to_le16(dwords >> 16),
	};

	return mpn_admin_cmd(ctrl->ctrl, &cmd, page, ctrl->ana.size);
}

/*
 * Paths that wait are looked for before the page is read: one that begins to wait
 * while it is may be about something newer. At no moment does one of them look as
 * if it did not wait.
 */
static void mpn_ana_before(struct mpn_path *path, void *ctx)
{
	set_bit(MPN_PATH_ANA_READING, &path->flags);
	smp_mb__after_atomic();
	if (!test_and_clear_bit(MPN_PATH_ANA_PENDING, &path->flags))
		clear_bit(MPN_PATH_ANA_READING, &path->flags);
}

/* No ANA, or no page that can be read: with that the driver goes on without, too. */
void mpn_ana_without(struct mpn_path *path, void *ctx)
{
	clear_bit(MPN_PATH_ANA_PENDING, &path->flags);
	clear_bit(MPN_PATH_ANA_READING, &path->flags);
	mpn_path_tell(path);
	mpath_path_changed(&path->mdev);
	mpn_failover_kick(path->head);
}

struct mpn_ana_read {
	const void *page;
	u64 len;
	bool unsettled;
};

static void mpn_ana_after(struct mpn_path *path, void *ctx)
{
	bool waited = test_bit(MPN_PATH_ANA_READING, &path->flags);
	struct mpn_ana_read *read = ctx;

	if (!read->page) {	/* it waits on */
		if (waited)
			set_bit(MPN_PATH_ANA_PENDING, &path->flags);
	} else {
		mpn_ana_apply(path, read->page, read->len, waited);
	}
	clear_bit(MPN_PATH_ANA_READING, &path->flags);
	read->unsettled |= test_bit(MPN_PATH_ANA_PENDING, &path->flags);
	/* what waits may have a path now */
	if (waited) {
		mpath_path_changed(&path->mdev);
		mpn_failover_kick(path->head);
	}
}

static void mpn_ana_reset(struct mpn_ctrl *ctrl)
{
	pr_warn("%s: an ANA group has been changing for more than %u s; resetting the controller\n",
		dev_name(mpn_ctrl_device(ctrl->ctrl)), 2 * ctrl->ana.anatt);
	nvme_reset_ctrl(ctrl->ctrl);
}

/* 0; -errno or NVMe status. On success *@page is the caller's to free. */
static int mpn_ana_read_page(struct mpn_ctrl *ctrl, void **page,
			     struct mpn_ana_page *look)
{
	int ret = 0;

	if (test_and_clear_bit(MPN_ANA_IDENTIFY, &ctrl->ana.flags)) {
		/* it was reset, or is new: no change has lasted long in it */
		ctrl->ana.pace.limit = 0;
		ret = mpn_ana_identify(ctrl);
	}
	if (!ret) {
		*page = kvzalloc(ctrl->ana.size, GFP_KERNEL);
		ret = *page ? mpn_ana_get_log(ctrl, *page) : -ENOMEM;
	} else {
		set_bit(MPN_ANA_IDENTIFY, &ctrl->ana.flags);
	}
	if (ret == -EFBIG)
		return ret;
	if (ret) {
		pr_warn_ratelimited("%s: cannot read the ANA log page: %d\n",
				    dev_name(mpn_ctrl_device(ctrl->ctrl)), ret);
		return ret;
	}
	mpn_ana_look(*page, ctrl->ana.size, look);
	if (look->fault) {
		pr_warn_ratelimited("%s: bad ANA log page: %s\n",
				    dev_name(mpn_ctrl_device(ctrl->ctrl)),
				    look->fault);
		return -EPROTO;
	}
	return 0;
}

static void mpn_ana_work(struct work_struct *work)
{
	struct mpn_ctrl *ctrl = container_of(to_delayed_work(work),
					     struct mpn_ctrl, ana.work);
	struct mpn_ana_read read = { };
	struct mpn_ana_page look;
	bool expired = false;
	void *page = NULL;
	unsigned int noio;
	u64 next;
	int ret;

	/* when it is live again the page is asked for */
	if (mpn_ctrl_state(ctrl->ctrl) != NVME_CTRL_LIVE)
		return;
	noio = memalloc_noio_save();	/* as in mpn_path_work() */
	mpn_ctrl_each(ctrl, mpn_ana_before, NULL);
	ret = mpn_ana_read_page(ctrl, &page, &look);
	WRITE_ONCE(ctrl->ana.pace.read_at, get_jiffies_64());
	if (!ret) {
		expired = mpn_ana_done(&ctrl->ana.pace, &look,
				       (u64)ctrl->ana.anatt * HZ);
		read.page = page;
		read.len = ctrl->ana.size;
	}
	if (ret == -EFBIG) {
		WRITE_ONCE(ctrl->ana.on, false);
		smp_mb();	/* see mpn_ana_suspect() */
		mpn_ctrl_each(ctrl, mpn_ana_without, NULL);
	} else {
		mpn_ctrl_each(ctrl, mpn_ana_after, &read);
	}
	kvfree(page);
	if (expired)
		mpn_ana_reset(ctrl);
	memalloc_noio_restore(noio);
	if (ret == -EFBIG)
		return;

	next = mpn_ana_next(&ctrl->ana.pace, get_jiffies_64(), HZ,
			    (u64)READ_ONCE(mpn_ana_poll_secs) * HZ,
			    ret || read.unsettled);
	/* unless it was asked for meanwhile, which is sooner */
	if (next != MPN_ANA_NEVER)
		queue_delayed_work(mpn_wq, &ctrl->ana.work, next);
}

/**
 * mpn_ana_init() - of a controller that has its first path
 * @ctrl: with its driver's controller
 * @path: the path
 */
void mpn_ana_init(struct mpn_ctrl *ctrl, struct mpn_path *path)
{
	struct nvme_subsystem *subsys = mpn_head_subsys(mpn_ns_head(path->ns));

	ctrl->ana.on = mpn_subsys_cmic(subsys) & NVME_CTRL_CMIC_ANA;
	set_bit(MPN_ANA_IDENTIFY, &ctrl->ana.flags);
	INIT_DELAYED_WORK(&ctrl->ana.work, mpn_ana_work);
}

/**
 * mpn_ana_live() - the controller is live again, and may be another than before
 * @ctrl: kept by the caller
 */
void mpn_ana_live(struct mpn_ctrl *ctrl)
{
	set_bit(MPN_ANA_IDENTIFY, &ctrl->ana.flags);
	mpn_ana_request(ctrl);
}

/*
 * The last path is gone, and still keeps the controller. Waits for a command that is
 * out, so not with a lock held.
 */
void mpn_ana_stop(struct mpn_ctrl *ctrl)
{
	cancel_delayed_work_sync(&ctrl->ana.work);
}

/* ------------------------------------------------------- files of one path */

static ssize_t mpn_ana_state_show(struct mpath_device *mdev, char *buf)
{
	struct mpn_path *path = mpn_path_of(mdev);

	/* as the stock driver has it where there is no ANA */
	if (!READ_ONCE(path->ctrl->ana.on))
		return sysfs_emit(buf, "optimized\n");
	return sysfs_emit(buf, "%s\n",
			  mpn_ana_name(READ_ONCE(path->ana_state)));
}

static ssize_t mpn_ana_grpid_show(struct mpath_device *mdev, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(mpn_path_of(mdev)->ana_grpid));
}

static const struct mpath_path_attr mpn_ana_state_attr = {
	.attr = { .name = "ana_state", .mode = 0444 },
	.show = mpn_ana_state_show,
};

static const struct mpath_path_attr mpn_ana_grpid_attr = {
	.attr = { .name = "ana_grpid", .mode = 0444 },
	.show = mpn_ana_grpid_show,
};

const struct mpath_path_attr *const mpn_path_attrs[] = {
	&mpn_ana_state_attr,
	&mpn_ana_grpid_attr,
	NULL
};
