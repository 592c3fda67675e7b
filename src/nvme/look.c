// SPDX-License-Identifier: GPL-2.0
/*
 * A controller is told to look at its namespaces again: when one was formatted through
 * another controller its own disk has the old format (blocks, metadata) until it does.
 *
 * What a look finds the driver takes for all controllers of the namespace at once, for
 * commands that are on their way too. So as long as there is a path whose format is what
 * the driver has, and which may thus be in use, another controller is asked first what it
 * is going to find, and told only if that is the same. One that says otherwise (a copy
 * of another format under the same name) keeps its path out.
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

/* The format of a namespace, for comparison: LBADS and MS of an LBA format. */
#define MPN_FORMAT(shift, ms)	((int)(shift) | (int)(ms) << 8)
#define MPN_FORMAT_BLOCK(format) \
	(((format) & 0xff) < 64 ? 1ull << ((format) & 0xff) : 0)
#define MPN_FORMAT_MS(format)	((format) >> 8)

/* As the driver has it, for all its paths: what the controller that looked last said. */
static int mpn_format(const struct mpn_path *path)
{
	struct nvme_ns_head *ns_head = mpn_ns_head(path->ns);

	return MPN_FORMAT(mpn_head_lba_shift(ns_head), mpn_head_ms(ns_head));
}

/*
 * Has the disk another profile of integrity data than the driver gives one of its transport
 * for the namespace as it is?
 * Source: nvme_configure_metadata(), nvme_init_integrity(), drivers/nvme/host/core.c
 */
static bool mpn_metadata_stale(const struct mpn_path *path)
{
	struct nvme_ns_head *ns_head = mpn_ns_head(path->ns);
	const struct queue_limits *lim = &path->disk->queue->limits;
	unsigned long features = mpn_head_features(ns_head);
	u8 tuple = READ_ONCE(lim->integrity.tuple_size);
	u8 pi = mpn_head_pi_type(ns_head);
	u16 ms = mpn_head_ms(ns_head);
	/* the controller adds it and takes it off if nobody gives it */
	bool has_pi = pi && ms == mpn_head_pi_size(ns_head);

	if (!ms)
		return tuple;
	if (IS_ENABLED(CONFIG_BLK_DEV_INTEGRITY) &&
	    READ_ONCE(lim->max_integrity_segments)) {
		if (features & NVME_NS_METADATA_SUPPORTED)
			return tuple != (u8)ms ||
			       (pi <= 3 && !lim->integrity.csum_type != !pi);
		/* said by a controller whose transport cannot carry it */
		if (!(features & NVME_NS_EXT_LBAS) ||
		    (has_pi && !mpn_ctrl_is_pcie(mpn_ns_ctrl(path->ns))))
			return false;
	}
	return tuple || (!has_pi && get_capacity(path->disk));
}

/**
 * mpn_path_to_look() - has the driver another format for the namespace than the path's disk?
 * @path: claimed
 * Context: Any.
 */
bool mpn_path_to_look(const struct mpn_path *path)
{
	return mpn_path_stale(path, mpn_head_lba_shift(mpn_ns_head(path->ns))) ||
	       mpn_metadata_stale(path);
}

/*
 * What the controller itself says: FLBAS, LBADS and MS of Identify Namespace, NVM Command
 * Set specification. Return: the format; -ENOENT if it has no such namespace (any more);
 * -errno without an answer.
 */
static int mpn_ask(struct nvme_ctrl *ctrl, u32 nsid)
{
	const struct nvme_lbaf *lbaf;
	struct nvme_id_ns *id;
	int ret;

	id = kmalloc(sizeof(*id), GFP_KERNEL);
	if (!id)
		return -ENOMEM;
	ret = mpn_identify_ns(ctrl, nsid, id);
	if (!ret) {
		lbaf = &id->lbaf[nvme_lbaf_index(id->flbas)];
		ret = id->ncap ? MPN_FORMAT(lbaf->ds, le16_to_cpu(lbaf->ms)) :
				 -ENOENT;
	}
	kfree(id);
	return ret;
}

struct mpn_stale {
	char name[DISK_NAME_LEN];
	u32 nsid;
	int format;	/* that the driver has */
	bool unused;	/* no path has it */
};

/* Return: it may look; -EINVAL: no, and a line says why; -errno: not known. */
static int mpn_may_look(struct nvme_ctrl *ctrl, const struct mpn_stale *of)
{
	int says;

	if (of->unused)
		return 0;
	says = mpn_ask(ctrl, of->nsid);
	if (says == of->format)
		return 0;
	if (says < 0)
		return says;
	pr_err("%s: its controller says blocks of %llu+%d bytes, another one of the same namespace %llu+%d: not used\n",
	       of->name, MPN_FORMAT_BLOCK(says), MPN_FORMAT_MS(says),
	       MPN_FORMAT_BLOCK(of->format), MPN_FORMAT_MS(of->format));
	return -EINVAL;
}

static void mpn_told(const struct mpn_stale *of)
{
	pr_info("%s: the namespace has another format by now, blocks of %llu+%d bytes: its controller is told to look\n",
		of->name, MPN_FORMAT_BLOCK(of->format),
		MPN_FORMAT_MS(of->format));
}

static void mpn_note_stale(struct mpn_path *path, bool unused,
			   struct mpn_stale *of)
{
	strscpy(of->name, mpn_path_name(path));
	of->nsid = mpn_head_nsid(mpn_ns_head(path->ns));
	of->format = mpn_format(path);
	of->unused = unused;
}

struct mpn_stale_list {
	unsigned int nr;
	struct mpn_stale of[MPN_LOOK_MOST];
};

static void mpn_gather(struct mpn_path *path, void *ctx)
{
	struct mpn_stale_list *list = ctx;

	if (mpn_path_to_look(path) && list->nr < MPN_LOOK_MOST)
		mpn_note_stale(path, READ_ONCE(path->home->all_stale),
			       &list->of[list->nr++]);
}

static void mpn_look_work(struct work_struct *work)
{
	struct mpn_ctrl *ctrl = container_of(to_delayed_work(work),
					     struct mpn_ctrl, look);
	unsigned int noio = memalloc_noio_save();	/* as in mpn_path_work() */
	unsigned long wait = READ_ONCE(ctrl->look_wait);
	struct mpn_stale_list list = { };
	unsigned int i;

	mpn_ctrl_each(ctrl, mpn_gather, &list);
	if (!list.nr)
		goto out;
	/* first, so that who asks meanwhile does not have it run again at once */
	WRITE_ONCE(ctrl->looked, jiffies);
	smp_wmb();	/* pairs with that in mpn_ctrl_look() */
	WRITE_ONCE(ctrl->look_wait,
		   wait ? min_t(unsigned long, 2 * wait, MPN_LOOK_LAST) :
			  MPN_LOOK_FIRST);
	for (i = 0; i < list.nr; i++)
		if (mpn_ctrl_state(ctrl->ctrl) != NVME_CTRL_LIVE ||
		    mpn_may_look(ctrl->ctrl, &list.of[i]))
			goto out;
	for (i = 0; i < list.nr; i++)
		mpn_told(&list.of[i]);
	mpn_tell(ctrl->ctrl);
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
	unsigned long wait = READ_ONCE(ctrl->look_wait), since;

	smp_rmb();
	since = jiffies - READ_ONCE(ctrl->looked);
	queue_delayed_work(mpn_wq, &ctrl->look, since < wait ? wait - since : 0);
}

/* It is the first time, so that the path should have looked soon. */
bool mpn_look_is_new(const struct mpn_ctrl *ctrl)
{
	return READ_ONCE(ctrl->look_wait) <= MPN_LOOK_FIRST;
}

/* One of its paths has looked. The next time is asked about at once. */
void mpn_look_done(struct mpn_ctrl *ctrl)
{
	WRITE_ONCE(ctrl->look_wait, 0);
	cancel_delayed_work(&ctrl->look);
}

/* No joined path of the namespace has its format, but one can look. */
static bool mpn_others_to_look(struct nvme_ns_head *ns_head)
{
	bool used = false, live = false;
	struct mpath_device *mdev;
	struct mpn_head *head;

	mutex_lock(&mpn_topology);
	head = mpn_head_find(ns_head);
	if (!head)
		goto unlock;
	/* it changes under mpn_topology only */
	list_for_each_entry(mdev, &head->mpath.dev_list, siblings) {
		used |= !mpn_path_to_look(mpn_path_of(mdev));
		live |= mpn_ctrl_state(mpn_path_of(mdev)->ctrl->ctrl) ==
			NVME_CTRL_LIVE;
	}
unlock:
	mutex_unlock(&mpn_topology);
	return live && !used;
}

/**
 * mpn_look_before_join() - does a claimed path have the namespace's format?
 * @path: claimed; not joined
 * Context: May sleep; no locks.
 * Return: 0; -EAGAIN if its controller has not looked yet or has another, when it is asked
 * again every MPN_LOOK_TRIES tries; or if it is the only one that has looked: the others
 * have as many tries to do so first, for it may be it that is wrong.
 */
int mpn_look_before_join(struct mpn_path *path)
{
	struct nvme_ns_head *ns_head = mpn_ns_head(path->ns);
	struct nvme_ctrl *ctrl = mpn_ns_ctrl(path->ns);
	bool wait = mpn_others_to_look(ns_head);
	struct mpn_stale of;

	if (!mpn_path_to_look(path)) {
		if (!wait || path->tries > MPN_LOOK_TRIES)
			return 0;
		mpn_heads_look();
		return -EAGAIN;
	}
	if (path->tries % MPN_LOOK_TRIES ||
	    mpn_ctrl_state(ctrl) != NVME_CTRL_LIVE)
		return -EAGAIN;
	mpn_note_stale(path, wait, &of);
	if (!mpn_may_look(ctrl, &of)) {
		mpn_told(&of);
		mpn_tell(ctrl);
	}
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
