// SPDX-License-Identifier: GPL-2.0
/* What the library asks of an NVMe path; backend.cpp puts it into the template. */
#include <linux/file.h>

#include "mpn.h"

/*
 * Formatted otherwise: of less than one block the driver makes a command with a length
 * that wraps, it computes addresses by what the controller that looked last has said, and
 * ends with an error what comes without the metadata that it expects.
 * So nothing is sent before the head has the new limits, and the path's own queue, which
 * a scan of its controller brings. What was on its way to the path before that is not
 * caught, here as in the driver: who formats a disk that is in use is on their own.
 */
static bool mpn_format_changed(struct mpn_path *path)
{
	struct nvme_ns_head *ns_head = mpn_ns_head(path->ns);
	struct mpn_head *head = path->home;

	/* pairs with mpn_head_look(): then it has seen which paths are stale */
	if (likely(mpn_head_lba_shift(ns_head) <= READ_ONCE(head->lba_shift) &&
		   mpn_head_ms(ns_head) == smp_load_acquire(&head->ms)))
		return false;
	mpn_heads_look();
	return true;
}

static bool mpn_blocks_stale(struct mpn_path *path, unsigned long flags)
{
	u8 shift = mpn_head_lba_shift(mpn_ns_head(path->ns));

	if (likely(!mpn_path_stale(path, shift)))
		/* as of the last look; it need not wait for the next one */
		return unlikely(flags & BIT(MPN_PATH_STALE)) &&
		       mpn_path_to_look(path);
	if (!(flags & BIT(MPN_PATH_STALE)) &&
	    !test_and_set_bit(MPN_PATH_STALE, &path->flags))
		mpn_heads_look();
	return true;
}

/*
 * A controller that is being deleted still does I/O until its namespaces are
 * gone, see nvme_path_is_disabled() in drivers/nvme/host/multipath.c.
 */
bool mpn_path_disabled(struct mpn_path *path)
{
	u32 state = mpn_ctrl_state(path->ctrl->ctrl);
	unsigned long flags;

	if (unlikely(mpn_format_changed(path)))
		return true;
	flags = READ_ONCE(path->flags);
	return unlikely(mpn_blocks_stale(path, flags)) ||
	       (flags & (BIT(MPN_PATH_ANA_PENDING) | BIT(MPN_PATH_ANA_READING) |
			 BIT(MPN_PATH_GONE))) ||
	       (state != NVME_CTRL_LIVE && state != NVME_CTRL_DELETING) ||
	       (state == NVME_CTRL_DELETING && (flags & BIT(MPN_PATH_FAILED))) ||
	       test_bit(GD_DEAD, &path->disk->state);
}

/* Its queue may refuse a request without a status: that is the path's failure. */
bool mpn_path_down(struct mpn_path *path)
{
	return mpn_path_disabled(path) ||
	       mpn_ctrl_state(path->ctrl->ctrl) != NVME_CTRL_LIVE;
}

/*
 * The library has a bio back with a path error. If the controller is not live
 * that is why, and the path is not to be chosen before it is live again; the
 * error then says nothing about the path's health.
 */
void mpn_path_error(struct mpath_device *mdev, blk_status_t status)
{
	struct mpn_path *path = mpn_path_of(mdev);

	if (mpn_ctrl_state(path->ctrl->ctrl) == NVME_CTRL_LIVE) {
		mpn_ana_bio_error(path, status);
		return;
	}
	set_bit(MPN_PATH_FAILED, &path->flags);
	/* it may be live by now, and mpn_ctrl_tell() have been here before */
	smp_mb__after_atomic();
	if (mpn_ctrl_state(path->ctrl->ctrl) == NVME_CTRL_LIVE)
		clear_bit(MPN_PATH_FAILED, &path->flags);
}

/*
 * The common case of mpn_path_disabled(), in its order: nothing has been formatted, which
 * has to be seen before the flags (mpn_format_changed()), and nothing else is wrong.
 */
static inline bool mpn_path_fine(const struct mpn_path *path)
{
	const unsigned long wrong = BIT(MPN_PATH_STALE) | BIT(MPN_PATH_GONE) |
				    BIT(MPN_PATH_ANA_PENDING) |
				    BIT(MPN_PATH_ANA_READING);
	u8 shift = mpn_head_lba_shift(path->ns_head);

	return shift == READ_ONCE(path->home->lba_shift) &&
	       mpn_head_ms(path->ns_head) == smp_load_acquire(&path->home->ms) &&
	       READ_ONCE(path->disk->queue->limits.logical_block_size) ==
		       1u << (shift & 31) &&
	       !(READ_ONCE(path->flags) & wrong) &&
	       mpn_ctrl_state(path->nvme) == NVME_CTRL_LIVE &&
	       !test_bit(GD_DEAD, &path->disk->state);
}

bool mpn_is_disabled(struct mpath_device *mdev)
{
	struct mpn_path *path = mpn_path_of(mdev);

	return likely(mpn_path_fine(path)) ? false : mpn_path_disabled(path);
}

bool mpn_is_optimized(struct mpath_device *mdev)
{
	return mpn_ctrl_state(mpn_path_of(mdev)->nvme) == NVME_CTRL_LIVE &&
	       READ_ONCE(mdev->access_state) == MPATH_STATE_OPTIMIZED;
}

bool mpn_available_path(struct mpath_device *mdev)
{
	struct mpn_path *path = mpn_path_of(mdev);

	if (test_bit(MPN_PATH_GONE, &path->flags))
		return false;
	/* no head can have such blocks */
	if (mpn_head_lba_shift(mpn_ns_head(path->ns)) > PAGE_SHIFT)
		return false;
	/* a controller does not leave that state (base specification, 8.1.3.4) */
	if (READ_ONCE(path->ana_state) == MPN_ANA_PERSISTENT_LOSS)
		return false;
	/* as nvme_available_path() has it; what waits looks again by itself */
	if (mpn_ctrl_fails_fast(path->ctrl->ctrl))
		return false;
	switch (mpn_ctrl_state(path->ctrl->ctrl)) {
	case NVME_CTRL_LIVE:
	case NVME_CTRL_RESETTING:
	case NVME_CTRL_CONNECTING:
		return true;
	default:
		return false;
	}
}

bool mpn_get_path(struct mpath_device *mdev)
{
	return percpu_ref_tryget_live_rcu(&mpn_path_of(mdev)->ref);
}

void mpn_put_path(struct mpath_device *mdev)
{
	percpu_ref_put(&mpn_path_of(mdev)->ref);
}

int mpn_cdev_name(struct mpath_head *mpath, char *buf, size_t len)
{
	struct mpn_head *head = mpn_head_of(mpath);

	snprintf(buf, len, "ng%un%d", mpn_base + head->number,
		 mpn_head_instance(head->ns_head));
	return 0;
}

long mpn_cdev_ioctl(struct mpath_device *mdev, unsigned int cmd,
		    unsigned long arg, bool open_for_write)
{
	struct file *file = mpn_chr_file(mpn_path_of(mdev), open_for_write);

	return file->f_op->unlocked_ioctl(file, cmd, arg);
}
