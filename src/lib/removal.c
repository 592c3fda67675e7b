// SPDX-License-Identifier: GPL-2.0
/*
 * Delayed removal: a head that has lost its last path stays for a grace period.
 *
 * What happens when is the life table's (src/core/lifetime.hpp), under the head
 * lock; so the module is pinned once and unpinned once, and a path that comes back
 * either ends the period or finds the head expired and is refused.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "internal.h"

static unsigned long mpath_grace(const struct mpath_head *head)
{
	return (unsigned long)head->delayed_removal_secs * HZ;
}

/* Head lock held, state LINGERING. */
static void mpath_start_grace(struct mpath_head *head)
{
	head->remove_at = jiffies + mpath_grace(head);
	mod_delayed_work(mpath_wq, &head->remove_work, mpath_grace(head));
}

/**
 * mpath_disarm() - the grace period has ended otherwise
 * @head: no longer LINGERING
 *
 * The caller puts the module, without the head lock. The work may be about to run:
 * it finds another state.
 */
void mpath_disarm(struct mpath_head *head)
{
	cancel_delayed_work(&head->remove_work);
}

/* Head lock held. */
static u32 mpath_last_left(struct mpath_head *head)
{
	u32 state = mpc_head_state(mpath_core(head));
	u32 action;

	if (mpc_path_count(mpath_core(head)))
		return MPC_ACTION_NONE;
	if (!head->delayed_removal_secs &&
	    (state == MPC_STATE_NEW || state == MPC_STATE_LIVE ||
	     state == MPC_STATE_DEAD))
		return MPC_ACTION_REMOVE_NOW;
	/* a module that is going takes its heads down itself */
	if (state == MPC_STATE_LIVE && !try_module_get(head->gate->owner))
		return MPC_ACTION_REMOVE_NOW;
	action = mpath_head_event(head, MPC_EVENT_LAST_LEFT);
	if (action == MPC_ACTION_ARM) {
		mpath_start_grace(head);
		set_bit(MPATH_HEAD_NO_PATH, &head->flags);
	}
	return action;
}

/*
 * What a log line and a uevent need when the head is no longer kept by its lock:
 * the work may free it at any time then.
 */
struct mpath_note {
	struct gendisk *disk;
	struct device *dev;
	unsigned int secs;
};

/* Head lock held, with a disk that was added. */
static void mpath_take_note(struct mpath_head *head, struct mpath_note *note)
{
	note->disk = head->disk;
	note->dev = mpath_event_device(head);
	note->secs = head->delayed_removal_secs;
	get_device(disk_to_dev(note->disk));
	get_device(note->dev);
}

static void mpath_put_note(struct mpath_note *note)
{
	put_device(note->dev);
	put_device(disk_to_dev(note->disk));
}

bool mpath_can_remove_head(struct mpath_head *head)
{
	struct mpath_note note;
	u32 action;

	if (!head->mpdt || !head->mpdt->remove_head)
		return true;
	for (;;) {
		mutex_lock(&head->lock);
		action = mpath_last_left(head);
		if (action == MPC_ACTION_ARM)
			mpath_take_note(head, &note);
		mutex_unlock(&head->lock);
		if (action != MPC_ACTION_WAIT)
			break;
		wait_event(head->gate->state_wq,
			   mpc_head_state(mpath_core(head)) != MPC_STATE_ADDING);
	}
	if (action == MPC_ACTION_ARM) {
		dev_info(disk_to_dev(note.disk),
			 "the last path has left, waiting %u s for one\n",
			 note.secs);
		mpath_head_uevent(note.disk, note.dev, "lingering");
		mpath_put_note(&note);
	}
	return action == MPC_ACTION_REMOVE_NOW;
}
EXPORT_SYMBOL_GPL(mpath_can_remove_head);

/* Head lock held. */
static u32 mpath_grace_over(struct mpath_head *head)
{
	unsigned long now = jiffies;
	u32 action;

	/* Too early: the period began anew, or is longer than a timer can be. */
	if (mpc_head_state(mpath_core(head)) == MPC_STATE_LINGERING &&
	    time_before(now, head->remove_at)) {
		queue_delayed_work(mpath_wq, &head->remove_work,
				   head->remove_at - now);
		return MPC_ACTION_NONE;
	}
	action = mpath_head_event(head, MPC_EVENT_GRACE_OVER);
	/* a store may have queued it once more: the head will be freed in here */
	if (action == MPC_ACTION_REMOVE_HEAD)
		cancel_delayed_work(&head->remove_work);
	return action;
}

void mpath_remove_work(struct work_struct *work)
{
	struct mpath_head *head = container_of(to_delayed_work(work),
					       struct mpath_head, remove_work);
	struct module *owner = head->gate->owner;
	struct mpath_note note;
	u32 action;

	mutex_lock(&head->lock);
	action = mpath_grace_over(head);
	if (action == MPC_ACTION_REMOVE_HEAD)
		mpath_take_note(head, &note);
	mutex_unlock(&head->lock);
	if (action != MPC_ACTION_REMOVE_HEAD)
		return;
	dev_info(disk_to_dev(note.disk), "no path has come back, removing\n");
	mpath_head_uevent(note.disk, note.dev, "expired");
	mpath_put_note(&note);
	mpath_schedule_requeue_work(head);	/* what is parked fails now */
	head->mpdt->remove_head(head);
	/* the head may be gone */
	module_put(owner);
}

ssize_t mpath_delayed_removal_secs_show(struct mpath_head *head, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(head->delayed_removal_secs));
}
EXPORT_SYMBOL_GPL(mpath_delayed_removal_secs_show);

ssize_t mpath_delayed_removal_secs_store(struct mpath_head *head,
					 const char *buf, size_t count)
{
	u32 secs;
	int ret = mpc_parse_seconds(buf, count, &secs);

	if (ret)
		return ret;
	mutex_lock(&head->lock);
	WRITE_ONCE(head->delayed_removal_secs, secs);
	assign_bit(MPATH_HEAD_QUEUE_IF_NO_PATH, &head->flags, secs);
	mpc_set_grace(mpath_core(head), secs);
	if (mpc_head_state(mpath_core(head)) == MPC_STATE_LINGERING)
		mpath_start_grace(head);
	mutex_unlock(&head->lock);
	/* what is parked without hope may have to fail now */
	mpath_schedule_requeue_work(head);
	return count;
}
EXPORT_SYMBOL_GPL(mpath_delayed_removal_secs_store);
