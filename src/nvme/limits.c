// SPDX-License-Identifier: GPL-2.0
/* Queue limits of a head, before the library stacks those of its paths. */
#include <linux/blkdev.h>

#include "mpn.h"

/* Source: nvme_mpath_alloc_disk(), drivers/nvme/host/multipath.c */
void mpn_limits_init(struct queue_limits *lim)
{
	blk_set_stacking_limits(lim);
	lim->dma_alignment = 3;
	lim->features |= BLK_FEAT_IO_STAT | BLK_FEAT_NOWAIT | BLK_FEAT_POLL;
	lim->max_zone_append_sectors = 0;
}
