// SPDX-License-Identifier: GPL-2.0
/*
 * A controller is told to look at its namespaces again: when one was formatted through
 * another controller its own disk has the old blocks until it does.
 *
 * What a look finds the driver takes for all controllers of the namespace at once, for
 * commands that are on their way too. So a controller is asked first what it is going to
 * find, and told only if that is what the driver has already; one that says otherwise (a
 * copy with other blocks under the same name) keeps its path out, and the others are not
 * touched.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "mpn.h"

/* Again after this time, then ever later: a look freezes all disks of the controller. */
#define MPN_LOOK_FIRST	(2 * HZ)
#define MPN_LOOK_LAST	(64 * HZ)
/* namespaces asked about each time */
#define MPN_LOOK_MOST	16
/* tries to join from one time to the next that the controller is asked */
#define MPN_LOOK_TRIES	64

/* What a controller's device has in sysfs, for the drivers of transports. */
extern const struct attribute_group nvme_dev_attrs_group;

/* By its attribute rescan_controller: the driver has nothing else that others can call. */
static void mpn_tell(struct nvme_ctrl *ctrl)
{
	struct device *dev = mpn_ctrl_device(ctrl);
	struct device_attribute *file;
	struct attribute **attr;

	for (attr = nvme_dev_attrs_group.attrs; *attr; attr++) {
		file = container_of(*attr, struct device_attribute, attr);
		if (!strcmp((*attr)->name, "rescan_controller")) {
			file->store(dev, file, "1", 1);	/* queues a work */
			return;
		}
	}
	pr_warn_once("the driver cannot be told to look at namespaces again\n");
}

/*
 * What the controller itself says of a namespace's blocks: FLBAS and LBADS of Identify
 * Namespace, NVM Command Set specification. Return: their shift; -errno without an answer.
 */
static int mpn_ask(struct nvme_ctrl *ctrl, u32 nsid)
{
	struct nvme_id_ns *id;
	int ret;

	id = kmalloc(sizeof(*id), GFP_KERNEL);
	if (!id)
		return -ENOMEM;
	ret = mpn_identify_ns(ctrl, nsid, id);
	if (!ret)
		ret = id->lbaf[nvme_lbaf_index(id->flbas)].ds;
	kfree(id);
	return ret;
}

/* The path has other blocks than the driver knows of. Return: its controller agrees. */
static bool mpn_agrees(const char *name, struct nvme_ctrl *ctrl, u32 nsid,
		       u8 shift, int *says)
{
	*says = mpn_ask(ctrl, nsid);
	if (*says == shift)
		pr_info("%s: the namespace has other blocks by now, of %u bytes: its controller is told to look\n",
			name, 1u << shift);
	else if (*says >= 0)
		pr_err("%s: its controller says blocks of %llu bytes, another controller of the namespace %u: not used\n",
		       name, *says < 64 ? 1ull << *says : 0, 1u << shift);
	return *says == shift;
}

struct mpn_stale {
	unsigned int nr;
	struct {
		char name[DISK_NAME_LEN];
		u32 nsid;
		u8 shift;
	} of[MPN_LOOK_MOST];
};

static void mpn_gather(struct mpn_path *path, void *ctx)
{
	u8 shift = mpn_head_lba_shift(mpn_ns_head(path->ns));
	struct mpn_stale *stale = ctx;

	if (!mpn_path_stale(path, shift) || stale->nr == MPN_LOOK_MOST)
		return;
	strscpy(stale->of[stale->nr].name, mpn_path_name(path));
	stale->of[stale->nr].nsid = mpn_head_nsid(mpn_ns_head(path->ns));
	stale->of[stale->nr].shift = shift;
	stale->nr++;
}

static void mpn_look_work(struct work_struct *work)
{
	struct mpn_ctrl *ctrl = container_of(to_delayed_work(work),
					     struct mpn_ctrl, look);
	unsigned int noio = memalloc_noio_save();	/* as in mpn_path_work() */
	unsigned long wait = READ_ONCE(ctrl->look_wait);
	struct mpn_stale stale = { };
	bool agree = true;
	unsigned int i;
	int says;

	if (mpn_ctrl_state(ctrl->ctrl) == NVME_CTRL_LIVE)
		mpn_ctrl_each(ctrl, mpn_gather, &stale);
	if (!stale.nr)
		goto out;
	WRITE_ONCE(ctrl->look_wait,
		   wait ? min_t(unsigned long, 2 * wait, MPN_LOOK_LAST) :
			  MPN_LOOK_FIRST);
	for (i = 0; i < stale.nr; i++)
		agree &= mpn_agrees(stale.of[i].name, ctrl->ctrl,
				    stale.of[i].nsid, stale.of[i].shift, &says);
	if (agree)
		mpn_tell(ctrl->ctrl);
	WRITE_ONCE(ctrl->looked, jiffies);
	mpn_heads_look();
out:
	memalloc_noio_restore(noio);
}

/**
 * mpn_ctrl_look() - a joined path of the controller has to look
 * @ctrl: kept by the path
 * Context: Any.
 */
void mpn_ctrl_look(struct mpn_ctrl *ctrl)
{
	unsigned long due = READ_ONCE(ctrl->looked) + READ_ONCE(ctrl->look_wait);

	queue_delayed_work(mpn_wq, &ctrl->look,
			   time_after(due, jiffies) ? due - jiffies : 0);
}

/* It is the first time, so that the path should have looked soon. */
bool mpn_look_is_new(const struct mpn_ctrl *ctrl)
{
	return READ_ONCE(ctrl->look_wait) <= MPN_LOOK_FIRST;
}

/* One of its paths has looked. */
void mpn_look_done(struct mpn_ctrl *ctrl)
{
	WRITE_ONCE(ctrl->look_wait, 0);
}

/**
 * mpn_look_before_join() - does a claimed path have the namespace's blocks?
 * @path: claimed; not joined
 * Context: May sleep; no locks.
 * Return: 0; -EAGAIN if its controller has not looked yet; -EINVAL if it says that the
 * namespace has others.
 */
int mpn_look_before_join(struct mpn_path *path)
{
	struct nvme_ns_head *ns_head = mpn_ns_head(path->ns);
	struct nvme_ctrl *ctrl = mpn_ns_ctrl(path->ns);
	u8 shift = mpn_head_lba_shift(ns_head);
	int says;

	if (!mpn_path_stale(path, shift))
		return 0;
	if (path->tries % MPN_LOOK_TRIES)
		return -EAGAIN;
	if (mpn_agrees(mpn_path_name(path), ctrl, mpn_head_nsid(ns_head), shift,
		       &says))
		mpn_tell(ctrl);
	else if (says >= 0)
		return -EINVAL;
	return -EAGAIN;
}

void mpn_look_init(struct mpn_ctrl *ctrl)
{
	INIT_DELAYED_WORK(&ctrl->look, mpn_look_work);
	ctrl->looked = jiffies;
}

/* No path of it has joined any more. */
void mpn_look_stop(struct mpn_ctrl *ctrl)
{
	cancel_delayed_work_sync(&ctrl->look);
}
