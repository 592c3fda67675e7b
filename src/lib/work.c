// SPDX-License-Identifier: GPL-2.0
/* Parked bios, and the first partition scan. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "internal.h"

struct workqueue_struct *mpath_wq;

void mpath_schedule_requeue_work(struct mpath_head *head)
{
	kblockd_schedule_work(&head->requeue_work);
}
EXPORT_SYMBOL_GPL(mpath_schedule_requeue_work);

/* Those that go to a path now, outside of any section. */
static void mpath_send_ready(struct mpath_head *head)
{
	struct bio *bio;

	while ((bio = bio_list_pop(&head->ready_list)))
		submit_bio_noacct(bio);
}

/*
 * First parked, first sent. The first that finds no path ends the round; it and
 * those behind it go back to the front, and with them those before it that are
 * to wait a little. Only without memory do those that need none overtake: what
 * they bring back when they end is what the others need.
 */
static void mpath_requeue_work(struct work_struct *work)
{
	struct mpath_head *head =
		container_of(work, struct mpath_head, requeue_work);
	struct bio_list bios, later;
	bool no_memory = false;
	u32 verdict = MPC_BIO_SENT;
	struct blk_plug plug;
	struct bio *bio;

	bio_list_init(&later);
	spin_lock_irq(&head->requeue_lock);
	bios = head->requeue_list;
	bio_list_init(&head->requeue_list);
	spin_unlock_irq(&head->requeue_lock);

	blk_start_plug(&plug);
	while (verdict != MPC_BIO_PARK && (bio = bio_list_pop(&bios))) {
		verdict = mpath_bio_redrive(head, bio, no_memory);
		mpath_send_ready(head);
		no_memory |= verdict == MPC_BIO_NO_MEMORY;
		if (verdict != MPC_BIO_SENT)
			bio_list_add(&later, bio);
	}
	blk_finish_plug(&plug);
	if (bio_list_empty(&later))
		return;

	bio_list_merge(&later, &bios);
	if (verdict == MPC_BIO_PARK)
		bio_list_for_each(bio, &later)
			mpath_bio_waits(head, bio);
	spin_lock_irq(&head->requeue_lock);
	bio_list_merge_head(&head->requeue_list, &later);
	spin_unlock_irq(&head->requeue_lock);
	queue_delayed_work(mpath_wq, &head->park_work, MPATH_PARK_RETRY);
}

static void mpath_park_work(struct work_struct *work)
{
	struct mpath_head *head = container_of(to_delayed_work(work),
					       struct mpath_head, park_work);

	mpath_schedule_requeue_work(head);
}

/**
 * mpath_park() - keep a bio until there is a path
 * @head: its head; the caller is in a section of the gate, so that
 *	mpath_remove_disk() drains after it
 * @bio: consumed
 *
 * Context: Any.
 */
void mpath_park(struct mpath_head *head, struct bio *bio)
{
	unsigned long flags;

	spin_lock_irqsave(&head->requeue_lock, flags);
	bio_list_add(&head->requeue_list, bio);
	spin_unlock_irqrestore(&head->requeue_lock, flags);
}

/**
 * mpath_park_again() - send a bio once more, from the requeue work
 * @gate: of its head. Not to be touched afterwards: the bio keeps it, and may
 *	have ended
 * @bio: consumed if there is a head
 *
 * Context: Any.
 * Return: false if the head is gone.
 */
bool mpath_park_again(struct mpath_gate *gate, struct bio *bio)
{
	struct mpath_head *head;
	int idx;

	idx = srcu_read_lock(&gate->srcu);
	head = srcu_dereference(gate->head, &gate->srcu);
	if (head) {
		mpath_park(head, bio);
		mpath_schedule_requeue_work(head);
	}
	/* a head that is there keeps its gate until this section has ended */
	srcu_read_unlock(&gate->srcu, idx);
	return head;
}

static void mpath_partition_scan_work(struct work_struct *work)
{
	struct mpath_head *head =
		container_of(work, struct mpath_head, partition_scan_work);
	struct gendisk *disk = head->disk;

	if (!test_and_clear_bit(GD_SUPPRESS_PART_SCAN, &disk->state))
		return;
	mutex_lock(&disk->open_mutex);
	bdev_disk_changed(disk, false);
	mutex_unlock(&disk->open_mutex);
}

void mpath_work_scan_partitions(struct mpath_head *head)
{
	queue_work(mpath_wq, &head->partition_scan_work);
}

/* All of them, disk or not: whatever cancels one may do so at any time. */
void mpath_work_init(struct mpath_head *head)
{
	INIT_WORK(&head->requeue_work, mpath_requeue_work);
	INIT_DELAYED_WORK(&head->park_work, mpath_park_work);
	INIT_WORK(&head->partition_scan_work, mpath_partition_scan_work);
	INIT_DELAYED_WORK(&head->event_work, mpath_event_work);
	INIT_DELAYED_WORK(&head->remove_work, mpath_remove_work);
}

/*
 * The gate is shut: nothing is parked any more. Send what is, it fails; then a
 * scan that waited for it ends, too. What a round puts back, because it had
 * begun before the gate was shut, is sent by the round that is queued here.
 */
void mpath_work_drain(struct mpath_head *head)
{
	cancel_delayed_work_sync(&head->event_work);
	mpath_pr_drain(&head->gate->pr);
	mpath_schedule_requeue_work(head);
	flush_work(&head->requeue_work);
	cancel_delayed_work_sync(&head->park_work);
	cancel_work_sync(&head->partition_scan_work);
}

int mpath_work_module_init(void)
{
	mpath_wq = alloc_workqueue("mpath-wq",
				   WQ_UNBOUND | WQ_MEM_RECLAIM | WQ_SYSFS, 0);
	return mpath_wq ? 0 : -ENOMEM;
}

void mpath_work_module_exit(void)
{
	destroy_workqueue(mpath_wq);
}
