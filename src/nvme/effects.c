// SPDX-License-Identifier: GPL-2.0
/*
 * The Commands Supported and Effects log of a namespace (NVMe base
 * specification, log page 05h), from which the driver decides what an
 * unprivileged user may send.
 *
 * The driver's ns head borrows the log of the controller that brought it first
 * and keeps the pointer when that controller is freed: with one controller
 * removed, commands through all others are judged by freed memory (seen on
 * 6.12: "IO command:02 has unusual effects:42274480"). As long as we have a
 * head for the namespace its driver head refers to a copy of ours instead, taken
 * from a controller that is there; when our head ends it is given the log of
 * the path that leaves last, which is no worse than before.
 *
 * A reader in the driver loads the pointer and reads through it without any
 * lock, but also without sleeping in between, so a copy is freed when every
 * task has passed a voluntary switch: RCU tasks.
 */
#include <linux/nvme.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "compat.h"
#include "mpn.h"

struct mpn_effects {
	struct rcu_head rcu;
	struct nvme_effects_log log;
};

static struct nvme_effects_log **mpn_effects_slot(struct nvme_ns_head *head)
{
	return MPN_AT(head, NVME_LAYOUT_NVME_NS_HEAD__EFFECTS);
}

/**
 * mpn_effects_lend() - make the driver's ns head independent of controllers
 * @head: new head of ours
 * @ctrl: the controller of its first path
 * Context: mpn_topology held; may sleep.
 * Return: 0; -ENOMEM.
 */
int mpn_effects_lend(struct mpn_head *head, struct nvme_ctrl *ctrl)
{
	struct nvme_effects_log *log = mpn_ctrl_effects(ctrl);
	struct mpn_effects *copy;

	/* other command sets have a log of their own, which we do not know */
	if (!log || *mpn_head_id(head->ns_head, CSI) != NVME_CSI_NVM)
		return 0;
	copy = kmalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	copy->log = *log;
	head->effects = copy;
	smp_store_release(mpn_effects_slot(head->ns_head), &copy->log);
	return 0;
}

static void mpn_effects_free(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct mpn_effects, rcu));
}

/**
 * mpn_effects_move() - the head goes over to another ns head of the driver
 * @head: a head of ours, with its old ns head
 * @ctrl: the controller of its last path there, kept
 * @ns_head: the new one
 *
 * The copy goes along: it is the same namespace, and this cannot fail.
 * Context: mpn_topology held.
 */
void mpn_effects_move(struct mpn_head *head, struct nvme_ctrl *ctrl,
		      struct nvme_ns_head *ns_head)
{
	/* the same, if another path of it comes while the last one goes */
	if (!head->effects || ns_head == head->ns_head)
		return;
	smp_store_release(mpn_effects_slot(ns_head), &head->effects->log);
	smp_store_release(mpn_effects_slot(head->ns_head),
			  mpn_ctrl_effects(ctrl));
}

/**
 * mpn_effects_return() - the head ends
 * @head: a head of ours
 * @ctrl: the controller of its last path, kept
 * Context: mpn_topology held.
 */
void mpn_effects_return(struct mpn_head *head, struct nvme_ctrl *ctrl)
{
	struct mpn_effects *copy = head->effects;

	if (!copy)
		return;
	head->effects = NULL;
	smp_store_release(mpn_effects_slot(head->ns_head),
			  mpn_ctrl_effects(ctrl));
	call_rcu_tasks(&copy->rcu, mpn_effects_free);
}

/* Module exit: wait for the frees, whose code is ours. */
void mpn_effects_drain(void)
{
	mpath_barrier_tasks();
}
