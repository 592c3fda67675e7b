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

static void mpath_requeue_work(struct work_struct *work)
{
	struct mpath_head *head =
		container_of(work, struct mpath_head, requeue_work);
	struct bio_list bios;
	struct bio *bio;

	spin_lock_irq(&head->requeue_lock);
	bios = head->requeue_list;
	bio_list_init(&head->requeue_list);
	spin_unlock_irq(&head->requeue_lock);

	/* first parked, first sent; what finds no path is parked again */
	while ((bio = bio_list_pop(&bios)))
		submit_bio_noacct(bio);
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
 * It will be sent from a worker: the submitter's wish not to block and its
 * polling are void.
 * Context: Any.
 */
void mpath_park(struct mpath_head *head, struct bio *bio)
{
	unsigned long flags;

	bio->bi_opf &= ~REQ_NOWAIT;
	bio_clear_polled(bio);
	bio->bi_cookie = BLK_QC_T_NONE;

	spin_lock_irqsave(&head->requeue_lock, flags);
	bio_list_add(&head->requeue_list, bio);
	spin_unlock_irqrestore(&head->requeue_lock, flags);
}

void mpath_failover_bio(struct mpath_device *dev, struct bio *bio)
{
	struct mpath_gate *gate = bio->bi_bdev->bd_disk->private_data;
	struct mpath_head *head;
	int idx;

	idx = srcu_read_lock(&gate->srcu);
	head = srcu_dereference(gate->head, &gate->srcu);
	if (head) {
		this_cpu_inc(gate->counters[dev->slot]->n[MPC_COUNT_FAILOVERS]);
		mpath_park(head, bio);
		mpath_schedule_requeue_work(head);
		bio = NULL;
	}
	srcu_read_unlock(&gate->srcu, idx);
	if (bio) {
		bio->bi_opf &= ~REQ_DRV;
		bio_io_error(bio);
	}
}
EXPORT_SYMBOL_GPL(mpath_failover_bio);

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

void mpath_work_init(struct mpath_head *head)
{
	INIT_WORK(&head->requeue_work, mpath_requeue_work);
	INIT_DELAYED_WORK(&head->park_work, mpath_park_work);
	INIT_WORK(&head->partition_scan_work, mpath_partition_scan_work);
}

/*
 * The gate is shut: nothing is parked any more. Send what is, it fails; then a
 * scan that waited for it ends, too.
 */
void mpath_work_drain(struct mpath_head *head)
{
	cancel_delayed_work_sync(&head->park_work);
	mpath_schedule_requeue_work(head);
	flush_work(&head->requeue_work);
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
