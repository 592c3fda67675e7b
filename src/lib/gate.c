// SPDX-License-Identifier: GPL-2.0
/* The gate: what files and the gendisk refer to in place of the head. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/idr.h>
#include <linux/slab.h>

#include "compat.h"
#include "internal.h"

#define MPATH_MINORS	(1U << MINORBITS)

static dev_t mpath_chr_devt;
static DEFINE_IDA(mpath_minor_ida);

/* Not in our static memory, which may be gone before its last reference is. */
static struct class *mpath_chr_class;

/* Gates whose release has not run yet; see mpath_gate_module_exit(). */
static atomic_t mpath_gates = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(mpath_gates_wq);

static void mpath_gate_free_counters(struct mpath_gate *gate, unsigned int slot)
{
	free_percpu(gate->counters[slot]);
	kfree(gate->base[slot]);
}

static void mpath_gate_free(struct device *dev)
{
	struct mpath_gate *gate = container_of(dev, struct mpath_gate, dev);
	unsigned int i;

	if (gate->minor >= 0)
		ida_free(&mpath_minor_ida, gate->minor);
	for (i = 0; i < MPATH_MAX_PATHS; i++)
		mpath_gate_free_counters(gate, i);
	mpath_bio_exit(gate);
	mpath_pr_destroy(&gate->pr);
	mutex_destroy(&gate->limits_lock);
	cleanup_srcu_struct(&gate->srcu);
	kfree(gate);
	if (atomic_dec_and_test(&mpath_gates))
		wake_up_all(&mpath_gates_wq);
}

struct mpath_gate *mpath_gate_create(struct mpath_head *head)
{
	struct mpath_gate *gate = kzalloc(sizeof(*gate), GFP_KERNEL);

	if (!gate)
		return NULL;
	if (init_srcu_struct(&gate->srcu)) {
		kfree(gate);
		return NULL;
	}
	atomic_inc(&mpath_gates);
	init_waitqueue_head(&gate->state_wq);
	mutex_init(&gate->limits_lock);
	mpath_pr_init(&gate->pr);
	gate->minor = -1;
	device_initialize(&gate->dev);
	gate->dev.release = mpath_gate_free;
	rcu_assign_pointer(gate->head, head);
	return gate;
}

/**
 * mpath_gate_open() - a node is being opened
 * @gate: kept by the caller's cdev or gendisk
 *
 * Pins the driver's module, so that rmmod says "in use" while nodes are open.
 * Return: 0; -ENXIO if the head is being removed or the module is going.
 */
int mpath_gate_open(struct mpath_gate *gate)
{
	int idx, ret = -ENXIO;

	/* as long as there is a head the module that has it is there, too */
	idx = srcu_read_lock(&gate->srcu);
	if (srcu_dereference(gate->head, &gate->srcu) &&
	    try_module_get(gate->owner))
		ret = 0;
	srcu_read_unlock(&gate->srcu, idx);
	return ret;
}

void mpath_gate_release(struct mpath_gate *gate)
{
	module_put(gate->owner);
}

/**
 * mpath_gate_synchronize() - wait for all sections of a gate that are open
 * @gate: kept by the caller
 *
 * Those of mpath_choose() may be RCU's, all others are SRCU's, and each looks at the gate
 * for itself: so both kinds are waited for, in any order.
 */
void mpath_gate_synchronize(struct mpath_gate *gate)
{
	if (gate->quick & MPATH_QUICK_RCU)
		synchronize_rcu();
	synchronize_srcu(&gate->srcu);
}

/* After this nobody is in the head through the gate, and nobody gets in. */
void mpath_gate_shut(struct mpath_gate *gate)
{
	rcu_assign_pointer(gate->head, NULL);
	mpath_gate_synchronize(gate);
}

int mpath_gate_add_cdev(struct mpath_gate *gate, struct mpath_head *head)
{
	char name[DISK_NAME_LEN];
	int ret;

	ret = gate->mpdt->cdev_name(head, name, sizeof(name));
	if (ret)
		return ret;
	ret = dev_set_name(&gate->dev, "%s", name);
	if (ret)
		return ret;
	if (gate->minor < 0) {
		ret = ida_alloc_max(&mpath_minor_ida, MPATH_MINORS - 1,
				    GFP_KERNEL);
		if (ret < 0)
			return ret;
		gate->minor = ret;
	}
	gate->dev.devt = MKDEV(MAJOR(mpath_chr_devt), gate->minor);
	gate->dev.class = mpath_chr_class;
	gate->dev.parent = head->parent;
	cdev_init(&gate->cdev, &mpath_gate_chr_fops);
	gate->cdev.owner = THIS_MODULE;
	return cdev_device_add(&gate->cdev, &gate->dev);
}

void mpath_gate_del_cdev(struct mpath_gate *gate)
{
	cdev_device_del(&gate->cdev, &gate->dev);
}

static u64 mpath_gate_sum(struct mpath_gate *gate, unsigned int slot,
			  unsigned int counter)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(gate->counters[slot],
					     cpu)->n[counter]);
	return sum;
}

/* Head lock held, slot not in use. */
int mpath_gate_need_counters(struct mpath_gate *gate, unsigned int slot)
{
	unsigned int i;

	if (!gate->counters[slot]) {
		struct mpath_counters *base = kzalloc(sizeof(*base),
						      GFP_KERNEL);
		struct mpath_counters __percpu *counters =
			alloc_percpu(struct mpath_counters);

		if (!base || !counters) {
			kfree(base);
			free_percpu(counters);
			return -ENOMEM;
		}
		gate->base[slot] = base;
		gate->counters[slot] = counters;
		return 0;
	}
	for (i = 0; i < MPC_COUNTERS; i++)
		gate->base[slot]->n[i] = mpath_gate_sum(gate, slot, i);
	/* bios of the path that left may still be out: they count as in flight */
	gate->base[slot]->n[MPC_COUNT_BIOS_DONE] = gate->base[slot]->n[MPC_COUNT_BIOS];
	return 0;
}

/* Since the slot's path joined. */
u64 mpath_gate_counter(struct mpath_gate *gate, unsigned int slot,
		       unsigned int counter)
{
	return mpath_gate_sum(gate, slot, counter) - gate->base[slot]->n[counter];
}

/* Of all paths there ever were. */
u64 mpath_gate_total(struct mpath_gate *gate, unsigned int counter)
{
	unsigned int slot;
	u64 sum = 0;

	for (slot = 0; slot < MPATH_MAX_PATHS; slot++)
		if (gate->counters[slot])
			sum += mpath_gate_sum(gate, slot, counter);
	return sum;
}

int mpath_gate_module_init(void)
{
	int ret;

	ret = alloc_chrdev_region(&mpath_chr_devt, 0, MPATH_MINORS,
				  "mpath-generic");
	if (ret)
		return ret;
	mpath_chr_class = class_create("mpath-generic");
	if (IS_ERR(mpath_chr_class)) {
		unregister_chrdev_region(mpath_chr_devt, MPATH_MINORS);
		return PTR_ERR(mpath_chr_class);
	}
	return 0;
}

/*
 * No opener is left (each pins this module), so only releases that are already
 * under way can be outstanding; this wait ends by itself.
 */
void mpath_gate_module_exit(void)
{
	wait_event(mpath_gates_wq, !atomic_read(&mpath_gates));
	/* the last waker may still be on its way out of mpath_gate_free() */
	mpath_synchronize_tasks();
	class_destroy(mpath_chr_class);
	unregister_chrdev_region(mpath_chr_devt, MPATH_MINORS);
	ida_destroy(&mpath_minor_ida);
}
