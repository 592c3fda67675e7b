/* SPDX-License-Identifier: GPL-2.0 */
/* Bios that are lent to a path, and what the library keeps of them meanwhile. */
#ifndef MPATH_LIB_HOOK_H
#define MPATH_LIB_HOOK_H

#include <linux/bio.h>
#include <linux/blk-cgroup.h>
#include <linux/blk-integrity.h>
#include <linux/mempool.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

#include "internal.h"

/**
 * struct mpath_hook - one bio of a head with failover
 * @gate: of the head. The bio keeps the head's disk, and thereby the gate, until it
 *	has ended
 * @dev: where the bio is, pinned by get_path; NULL while it is parked
 * @bdev, @end_io, @private, @blkg, @iter, @opf, @flags: what the bio came with. While
 *	the bio is lent its own fields are the path's; but @blkg is taken out of the bio
 * @meta: the same of the iterator of its integrity data, if it came with any
 * @counted: in @dev's nr_active
 * @acct: the head's statistics know of it
 * @waited: it was counted as parked since it was sent last
 * @sent_ns: when it was sent, if the policy wants to know, else 0
 * @start: for the head's statistics, jiffies: the first time it was sent
 * @try: the paths that it failed on
 * @next: among a CPU's hooks that are kept for other bios
 * @kept: how many that are, with this one
 *
 * The submitter's bio itself goes to the path's disk; nothing is cloned. It is
 *
 *   NEW      the submitter's end_io; no hook
 *   LENT     @private of the bio is its hook, bi_end_io mpath_lent_end_io(); bio and hook
 *	      are the path's driver's, and nobody here touches either
 *   BACK     mpath_take_back() has restored all but end_io and private; bio and hook
 *	      are whoever's has it: its end_io on the path, the head's requeue list, the
 *	      requeue work
 *   ENDED    mpath_end_lent() has restored those, freed the hook and called bio_endio()
 *
 *   NEW -> LENT -> BACK -> ENDED, or from BACK to LENT again
 *
 * So each time that it is lent it comes back once, and in all it ends once. Neither bio
 * nor hook nor gate may be touched after ENDED, and after LENT only by who has it back:
 * submit_bio_noacct() may end it before it returns. What a path's block layer takes from
 * a bio when that ends there (its cgroup, integrity data that it has added, what it has
 * advanced) it has put there itself, so being sent again needs no memory. If it has split
 * the bio, that comes back with the last of its parts, and with an error if one has one.
 *
 * Owner of the memory: a CPU's cache, or the gate's reserve (hook.c).
 */
struct mpath_hook {
	union {
		struct mpath_gate *gate;
		struct mpath_hook *next;
	};
	struct mpath_device *dev;
	struct block_device *bdev;
	bio_end_io_t *end_io;
	void *private;
	struct blkcg_gq *blkg;
	struct bvec_iter iter;
	blk_opf_t opf;
	unsigned short flags;
	bool counted;
	bool acct;
	bool waited;
	unsigned int kept;
	u64 sent_ns;
	unsigned long start;
	struct mpc_try try;
	struct bvec_iter meta;
};

/* ----------------------------------------------------------------- memory */

/*
 * Hooks of bios that have ended, as many as that, are kept by their CPU for the next
 * ones. Not with KASAN, which would not see who uses one that is kept.
 */
#define MPATH_HOOKS_KEPT	(IS_ENABLED(CONFIG_KASAN) ? 0 : 64)

/*
 * A CPU's kept hooks, last in, first out: they are likely to be in its cache. One is put
 * from any context, but taken by tasks only, and both with preemption disabled. So while
 * a task looks at the first one nobody takes that, and an interrupt can but put another
 * one before it, which the exchange sees. No interrupt has to be disabled.
 */
DECLARE_PER_CPU(struct mpath_hook *, mpath_hooks);

/* NULL without memory, only if @gfp does not let it wait. */
static __always_inline struct mpath_hook *mpath_hook_get(struct mpath_gate *gate,
							 gfp_t gfp)
{
	struct mpath_hook *hook = NULL;

	preempt_disable();
	if (likely(in_task()))
		hook = this_cpu_read(mpath_hooks);
	while (likely(hook) &&
	       !this_cpu_try_cmpxchg(mpath_hooks, &hook, hook->next))
		;
	preempt_enable();
	return likely(hook) ? hook : mempool_alloc(&gate->hooks, gfp);
}

/* False if there are enough. */
static __always_inline bool mpath_hook_keep(struct mpath_hook *hook)
{
	struct mpath_hook *first;
	unsigned int kept;

	preempt_disable();
	first = this_cpu_read(mpath_hooks);
	do {
		kept = first ? first->kept + 1 : 1;
		if (unlikely(kept > MPATH_HOOKS_KEPT))
			break;
		hook->next = first;
		hook->kept = kept;
	} while (!this_cpu_try_cmpxchg(mpath_hooks, &first, hook));
	preempt_enable();
	return kept <= MPATH_HOOKS_KEPT;
}

/*
 * A reserve that is not full comes first: somebody may wait for it. Whoever has taken
 * the hook from there sees that it is not: pairs with the barrier of mempool_alloc(),
 * as in mempool_free().
 */
static __always_inline void mpath_hook_put(struct mpath_gate *gate,
					   struct mpath_hook *hook)
{
	smp_rmb();
	if (unlikely(READ_ONCE(gate->hooks.curr_nr) < gate->hooks.min_nr) ||
	    unlikely(!mpath_hook_keep(hook)))
		mempool_free(hook, &gate->hooks);
}

/* ---------------------------------------------------------------- lending */

/*
 * What is lent must end when the path has ended it, and its status be the path's. A bio
 * that parts were split off (at the head's limits, or by who submitted it) ends with the
 * last of them, and an error of theirs is not its path's. Whoever has taken a reference
 * may note an error of another bio in this one while it is out, as __blkdev_direct_IO()
 * does with the first one of a large request. And on zoned disks the block layer keeps
 * notes of its own in the bio while it is plugged there.
 */
static inline bool mpath_may_lend(struct bio *bio)
{
	return !(bio->bi_flags & (BIT(BIO_CHAIN) | BIT(BIO_REFFED))) &&
	       !bdev_is_zoned(bio->bi_bdev);
}

/* The same cgroup, for the path's queue. The bio's own reference is kept for it. */
static inline void mpath_lend_cgroup(struct mpath_hook *hook, struct bio *bio)
{
#ifdef CONFIG_BLK_CGROUP
	struct cgroup_subsys_state *css = bio_blkcg_css(bio);

	hook->blkg = bio->bi_blkg;
	bio->bi_blkg = NULL;
	bio_associate_blkg_from_css(bio, css);
#endif
}

/**
 * mpath_lend() - make a bio one for a path
 * @hook: its hook
 * @bio: new, or taken back
 * @bdev: of the path
 * @end_io: mpath_lent_end_io()
 *
 * Only its operation and flags are left to be changed before it is submitted.
 * Context: Any.
 */
static inline void mpath_lend(struct mpath_hook *hook, struct bio *bio,
			      struct block_device *bdev, bio_end_io_t *end_io)
{
	hook->bdev = bio->bi_bdev;
	hook->iter = bio->bi_iter;
	hook->opf = bio->bi_opf;
	hook->flags = bio->bi_flags;
	if (unlikely(bio_integrity(bio)))
		hook->meta = bio_integrity(bio)->bip_iter;
	bio->bi_end_io = end_io;
	bio->bi_private = hook;
	bio->bi_bdev = bdev;
	/* nobody polls the path's queue for it */
	bio->bi_cookie = BLK_QC_T_NONE;
	/* the end-of-device check was made on the head; the path has its own throttle */
	bio->bi_flags = (hook->flags | BIT(BIO_REMAPPED)) & ~BIT(BIO_BPS_THROTTLED);
	mpath_lend_cgroup(hook, bio);
}

/**
 * mpath_take_back() - a bio has ended on its path
 * @hook: its hook
 * @bio: with nothing but its status, and where a zone append was written, as the path
 *	has left it
 * Context: Any.
 */
static inline void mpath_take_back(struct mpath_hook *hook, struct bio *bio)
{
	sector_t sector = bio->bi_iter.bi_sector;

	bio->bi_bdev = hook->bdev;
	bio->bi_iter = hook->iter;
	bio->bi_opf = hook->opf;
	/* who has submitted it may have taken a reference meanwhile */
	bio->bi_flags = hook->flags | (bio->bi_flags & BIT(BIO_REFFED));
#ifdef CONFIG_BLK_CGROUP
	bio->bi_blkg = hook->blkg;
#endif
	if (unlikely(bio_op(bio) == REQ_OP_ZONE_APPEND))
		bio->bi_iter.bi_sector = sector;
	if (unlikely(bio_integrity(bio)))
		bio_integrity(bio)->bip_iter = hook->meta;
}

/* hook.c */
struct bio *mpath_clone(struct mpath_gate *gate, struct bio *bio, gfp_t gfp);

#endif /* MPATH_LIB_HOOK_H */
