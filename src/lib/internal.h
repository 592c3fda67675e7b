/* SPDX-License-Identifier: GPL-2.0 */
/* What the C files of libmultipath_cxx.ko share. Not for drivers. */
#ifndef MPATH_LIB_INTERNAL_H
#define MPATH_LIB_INTERNAL_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/multipath.h>
#include <linux/percpu.h>
#include <linux/srcu.h>
#include <linux/wait.h>

#include "core_api.h"

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
 * the gendisk (until its free_disk), by every open char file, and through the
 * parent pointer by @cdev for as long as the VFS knows it. The last put frees.
 * The library's module exit waits for the last gate.
 *
 * @srcu: read sections; inside one, a non-NULL @head and its paths are valid
 * @head: the head, NULL once it is being removed
 * @mpdt: the driver's template; constant data of @owner
 * @owner: the driver's module, pinned by every opener
 * @ops: what the core calls directly; here and not in the head, because a
 *	pinned path may outlive the head
 * @state_wq: woken after each step of the head's state machine
 * @minor: of the char device, -1 if the library made none
 * @counters: per slot; allocated when a slot is first used, kept until the end
 *	so that a caller with a pinned path can count after the path has left
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
	struct mpath_counters __percpu *counters[MPATH_MAX_PATHS];
};

static inline struct mpc_head *mpath_core(struct mpath_head *head)
{
	return (struct mpc_head *)head->core;
}

/* gate.c */
int mpath_gate_module_init(void);
void mpath_gate_module_exit(void);
struct mpath_gate *mpath_gate_create(struct mpath_head *head);
int mpath_gate_open(struct mpath_gate *gate);
void mpath_gate_release(struct mpath_gate *gate);
void mpath_gate_shut(struct mpath_gate *gate);
int mpath_gate_add_cdev(struct mpath_gate *gate, struct mpath_head *head);
void mpath_gate_del_cdev(struct mpath_gate *gate);
int mpath_gate_need_counters(struct mpath_gate *gate, unsigned int slot);
u64 mpath_gate_counter(struct mpath_gate *gate, unsigned int slot,
		       unsigned int counter);

/* head.c */
u32 mpath_head_step(struct mpath_head *head, u32 event);

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

/* sysfs.c */
void mpath_sysfs_add_head(struct mpath_head *head);
void mpath_sysfs_del_head(struct mpath_head *head);
void mpath_sysfs_del_path(struct mpath_device *dev);

#endif /* MPATH_LIB_INTERNAL_H */
