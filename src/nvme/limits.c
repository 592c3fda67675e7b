// SPDX-License-Identifier: GPL-2.0
/* Queue limits of a head: the smallest of all its paths. */
#include <linux/blkdev.h>

#include "compat.h"
#include "mpn.h"

/* Source: nvme_mpath_alloc_disk(), drivers/nvme/host/multipath.c */
void mpn_limits_init(struct queue_limits *lim)
{
	blk_set_stacking_limits(lim);
	lim->dma_alignment = 3;
	lim->features |= BLK_FEAT_IO_STAT | BLK_FEAT_NOWAIT | BLK_FEAT_POLL;
	lim->max_zone_append_sectors = 0;
}

/**
 * mpn_limits_stack() - take one more path into account
 * @head: its head, with a disk
 * @path: the path's disk
 *
 * What the device is formatted to is taken as it is, what limits a single
 * command is stacked. The queue is frozen only if something changes: the path
 * may be the one that everybody in the queue waits for.
 * Source: nvme_update_ns_info(), drivers/nvme/host/core.c
 *
 * Context: Process context, may sleep.
 * Return: 0; what queue_limits_commit_update() says.
 */
int mpn_limits_stack(struct mpn_head *head, struct gendisk *path)
{
	struct gendisk *disk = head->mpath.disk;
	const struct queue_limits *theirs = &path->queue->limits;
	struct queue_limits lim, old;

	lim = queue_limits_start_update(disk->queue);
	old = lim;
	lim.logical_block_size = theirs->logical_block_size;
	lim.physical_block_size = theirs->physical_block_size;
	lim.io_min = theirs->io_min;
	lim.io_opt = theirs->io_opt;
	queue_limits_stack_bdev(&lim, path->part0, 0, disk->disk_name);
	if (!memcmp(&lim, &old, sizeof(lim))) {
		queue_limits_cancel_update(disk->queue);
		return 0;
	}
	return mpath_limits_commit(disk->queue, &lim);
}
