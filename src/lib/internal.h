/* SPDX-License-Identifier: GPL-2.0 */
/* What the C files of libmultipath_cxx.ko share. Not for drivers. */
#ifndef MPATH_LIB_INTERNAL_H
#define MPATH_LIB_INTERNAL_H

#include <linux/bio.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/mempool.h>
#include <linux/multipath.h>
#include <linux/percpu.h>
#include <linux/srcu.h>
#include <linux/topology.h>
#include <linux/wait.h>

#include "core_api.h"
#include "pr.h"

struct mpath_counters {
	u64 n[MPC_COUNTERS];
};

/**
 * struct mpath_gate - the part of a head that openers hold
 *
 * A file or bdev that is open, and the head's gendisk until its last user is
 * gone, refer to the gate and never to the head. mpath_remove_disk() empties
 * it: every later call finds @head NULL and answers -ENODEV. That is why
 * teardown waits for nobody who merely holds a node open.
 *
 * Owner: references on @dev, taken by the head (until mpath_head_uninit()), by
 * the gendisk (until its free_disk), by every open char file, by the counters'
 * files in sysfs, and through the parent pointer by @cdev for as long as the VFS
 * knows it. The last put frees.
 * The library's module exit waits for the last gate.
 *
 * @srcu: read sections; inside one, a non-NULL @head and its paths are valid. Those of
 *	mpath_choose() may be RCU's instead: mpath_gate_synchronize() waits for both
 * @head: the head, NULL once it is being removed
 * @mpdt: the driver's template; constant data of @owner
 * @owner: the driver's module, pinned by every opener
 * @ops: what the core calls directly; here and not in the head, because a
 *	pinned path may outlive the head
 * @state_wq: woken after each step of the head's state machine
 * @minor: of the char device, -1 if the library made none
 * @quick: MPATH_QUICK_*: what may be tried with mpath_choose() first; as @ops from
 *	before the head is live
 * @limits_lock: one change of the head's limits and capacity at a time; keeps
 *	the head's disk; before the head lock
 * @hooks: reserve of what failover needs of each bio (hook.h). Every one of them
 *	belongs to a bio of the head's disk that has not ended and so keeps the disk
 *	and this
 * @bios: the same of clones of bios that cannot be lent
 * @pr: persistent reservations
 * @counters: per slot; allocated when a slot is first used, kept until the end
 *	so that a caller with a pinned path can count after the path has left.
 *	They only ever grow
 * @base: per slot, what the counters were when its path joined
 */
struct mpath_gate {
	struct srcu_struct srcu;
	struct mpath_head __rcu *head;
	const struct mpath_head_template *mpdt;
	struct module *owner;
	struct mpc_ops ops;
	wait_queue_head_t state_wq;
	struct device dev;
	struct cdev cdev;
	int minor;
	unsigned int quick;
	struct mutex limits_lock;
	mempool_t hooks;
	struct bio_set bios;
	struct mpath_pr pr;
	struct mpath_counters __percpu *counters[MPATH_MAX_PATHS];
	struct mpath_counters *base[MPATH_MAX_PATHS];
};

/* Bits of &mpath_gate.quick. The driver has get_path. */
#define MPATH_QUICK_BIO		BIT(0)	/* %MPATH_FEAT_FAILOVER */
#define MPATH_QUICK_URING_CMD	BIT(1)	/* @chr_uring_cmd */
#define MPATH_QUICK_RCU		BIT(2)	/* %MPATH_FEAT_RCU: the section is one of RCU */

static inline struct mpc_head *mpath_core(struct mpath_head *head)
{
	return (struct mpc_head *)head->core;
}

/**
 * mpath_choose() - a path for the first try of a bio or command
 * @gate: with the bit of it in @quick
 * @use: MPC_FOR_*
 *
 * Context: Any; does not sleep.
 * Return: a pinned path, to be put, and the policy; no path if that is not simple: then
 * mpc_submit_bio() or mpc_uring_cmd() knows.
 */
static inline struct mpc_choice mpath_choose(struct mpath_gate *gate, u32 use)
{
	struct mpc_choice choice = { };
	bool rcu = gate->quick & MPATH_QUICK_RCU;
	struct mpath_head *head;
	int idx = 0;

	if (rcu)
		rcu_read_lock();
	else
		idx = srcu_read_lock(&gate->srcu);
	head = rcu_dereference_check(gate->head, srcu_read_lock_held(&gate->srcu));
	if (likely(head))
		choice = mpc_choose(mpath_core(head), numa_node_id(), use);
	if (rcu)
		rcu_read_unlock();
	else
		srcu_read_unlock(&gate->srcu, idx);
	return choice;
}

/* gate.c */
int mpath_gate_module_init(void);
void mpath_gate_module_exit(void);
struct mpath_gate *mpath_gate_create(struct mpath_head *head);
int mpath_gate_open(struct mpath_gate *gate);
void mpath_gate_release(struct mpath_gate *gate);
void mpath_gate_shut(struct mpath_gate *gate);
void mpath_gate_synchronize(struct mpath_gate *gate);
int mpath_gate_add_cdev(struct mpath_gate *gate, struct mpath_head *head);
void mpath_gate_del_cdev(struct mpath_gate *gate);
int mpath_gate_need_counters(struct mpath_gate *gate, unsigned int slot);
u64 mpath_gate_counter(struct mpath_gate *gate, unsigned int slot,
		       unsigned int counter);
u64 mpath_gate_total(struct mpath_gate *gate, unsigned int counter);

/* head.c */
u32 mpath_head_step(struct mpath_head *head, u32 event);
u32 mpath_head_event(struct mpath_head *head, u32 event);

/* hook.c */
int mpath_bio_init(struct mpath_gate *gate);
void mpath_bio_exit(struct mpath_gate *gate);
void mpath_bio_module_exit(void);

/* bio.c */
void mpath_submit_bio(struct bio *bio);
u32 mpath_bio_redrive(struct mpath_head *head, struct bio *bio, bool hooks_only);
void mpath_bio_waits(struct mpath_head *head, struct bio *bio);

/* removal.c */
void mpath_remove_work(struct work_struct *work);
void mpath_disarm(struct mpath_head *head);

/* events.c */
void mpath_event(struct mpath_head *head);
void mpath_gate_event(struct mpath_gate *gate);
void mpath_event_work(struct work_struct *work);
struct device *mpath_event_device(struct mpath_head *head);
void mpath_head_uevent(struct gendisk *disk, struct device *dev,
		       const char *state);
void mpath_path_uevent(struct mpath_head *head, struct mpath_device *dev,
		       const char *state, const char *access);
const char *mpath_state_name(struct mpath_device *dev);
const char *mpath_access_name(u32 access);

/* limits.c */
#define MPATH_BASE_LIMITS	3
int mpath_limits_init(struct mpath_head *head, const struct queue_limits *lim);
void mpath_limits_exit(struct mpath_head *head);
int mpath_limits_add_path(struct mpath_head *head, struct gendisk *path);

/* head_cdev.c: for the char devices that the library makes */
extern const struct file_operations mpath_gate_chr_fops;
void mpath_chr_forget_gate(struct mpath_head *head);

/*
 * A parked bio is normally freed by an event: a path goes live, is deleted, or
 * its driver kicks. Should a driver miss one, the bios look for themselves this
 * often, so that nothing waits for ever on a path that is back.
 */
#define MPATH_PARK_RETRY	(HZ / 4)

/* work.c */
extern struct workqueue_struct *mpath_wq;
int mpath_work_module_init(void);
void mpath_work_module_exit(void);
void mpath_work_init(struct mpath_head *head);
void mpath_work_scan_partitions(struct mpath_head *head);
void mpath_work_drain(struct mpath_head *head);
void mpath_park(struct mpath_head *head, struct bio *bio);
bool mpath_park_again(struct mpath_gate *gate, struct bio *bio);

/* sysfs.c */
void mpath_sysfs_add_head(struct mpath_head *head);
void mpath_sysfs_del_head(struct mpath_head *head);
void mpath_sysfs_del_path(struct mpath_device *dev);

/* Does the policy look at &mpath_device.nr_active? */
static inline bool mpath_counts_active(enum mpath_iopolicy_e policy)
{
	return policy == MPATH_IOPOLICY_QD || policy == MPATH_IOPOLICY_ST;
}

#endif /* MPATH_LIB_INTERNAL_H */
