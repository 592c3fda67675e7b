// SPDX-License-Identifier: GPL-2.0
/* Memory for what the library keeps of a bio, and clones of those that cannot be lent. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "hook.h"

/* Of all heads. Hooks go round here as long as no gate's reserve has to be filled. */
DEFINE_PER_CPU(struct mpath_hook *, mpath_hooks);

/**
 * mpath_bio_init() - a gate's reserves of hooks and clones
 * @gate: with its template's features known
 *
 * One of each a head: a bio that fails over keeps what it has, so bios that are stuck
 * on one path can use up the reserve only until that path's driver gives up. No slab
 * cache of its own: see mpn_failover_start().
 */
int mpath_bio_init(struct mpath_gate *gate)
{
	int ret;

	if (!(gate->mpdt->features & MPATH_FEAT_FAILOVER))
		return 0;
	ret = mempool_init_kmalloc_pool(&gate->hooks, BIO_POOL_SIZE,
					sizeof(struct mpath_hook));
	if (ret)
		return ret;
	ret = bioset_init(&gate->bios, BIO_POOL_SIZE, 0, 0);
	if (ret)
		mempool_exit(&gate->hooks);
	return ret;
}

void mpath_bio_exit(struct mpath_gate *gate)
{
	bioset_exit(&gate->bios);
	mempool_exit(&gate->hooks);
}

/* Not before the last gate is gone. */
void mpath_bio_module_exit(void)
{
	struct mpath_hook *hook;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		while ((hook = per_cpu(mpath_hooks, cpu))) {
			per_cpu(mpath_hooks, cpu) = hook->next;
			kfree(hook);
		}
	}
}

static void mpath_clone_end_io(struct bio *clone)
{
	struct bio *bio = clone->bi_private;

	if (bio_op(bio) == REQ_OP_ZONE_APPEND)
		bio->bi_iter.bi_sector = clone->bi_iter.bi_sector;
	/* a part that was split off may have failed before: keep that */
	if (clone->bi_status && !bio->bi_status)
		bio->bi_status = clone->bi_status;
	bio_put(clone);
	bio_endio(bio);
}

/**
 * mpath_clone() - a bio that can be lent in place of one that cannot
 * @gate: of its head
 * @bio: ends when the clone does
 * @gfp: how to get memory
 * Return: the clone, of the head's disk like the bio; NULL without memory.
 */
struct bio *mpath_clone(struct mpath_gate *gate, struct bio *bio, gfp_t gfp)
{
	struct bio *clone = bio_alloc_clone(bio->bi_bdev, bio, gfp, &gate->bios);

	if (!clone)
		return NULL;
	clone->bi_end_io = mpath_clone_end_io;
	clone->bi_private = bio;
	return clone;
}
