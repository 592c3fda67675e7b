// SPDX-License-Identifier: GPL-2.0
/*
 * A head whose last path has gone waits for one to come back, if the user has asked
 * for that (delayed_removal_secs).
 *
 * The driver forgets a namespace with its last path: one that comes back has another
 * ns head, and another controller. It is the same namespace if it is in the same
 * subsystem, under the same id, of the same command set, and has the same
 * identifiers; one that has none may be any. That blocks and capacity fit is the
 * library's to check, that metadata does mpn_head_join()'s.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/file.h>
#include <linux/sched/mm.h>

#include "mpn.h"

/**
 * mpn_head_keep() - the last path leaves: does the head stay?
 * @head: without paths
 * @path: the one that leaves, still claimed
 * Context: mpn_topology held; may sleep.
 * Return: true if mpn_remove_head() will be called, or a path comes back.
 */
bool mpn_head_keep(struct mpn_head *head, struct mpn_path *path)
{
	lockdep_assert_held(&mpn_topology);
	/* the end of the period comes for mpn_topology first */
	if (mpath_can_remove_head(&head->mpath))
		return false;
	head->kept = get_file(path->chr_rd);
	head->kept_ns = path->ns;
	return true;
}

static bool mpn_ids_tell(const u8 *ids)
{
	/* all but the last, which is the command set */
	return memchr_inv(ids, 0, NVME_LAYOUT_NVME_NS_IDS__CSI);
}

/* The first that is not the same, by its name in the specification, or NULL. */
static const char *mpn_ids_differ(const u8 *a, const u8 *b)
{
#define MPN_ID(name, field) \
	{ name, NVME_LAYOUT_NVME_NS_IDS__##field, \
	  NVME_LAYOUT_NVME_NS_IDS__##field##_SIZE }
	static const struct {
		const char *name;
		size_t offset, size;
	} ids[] = {
		MPN_ID("UUID", UUID), MPN_ID("NGUID", NGUID), MPN_ID("EUI64", EUI64),
		MPN_ID("command set", CSI),
	};
#undef MPN_ID
	int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++)
		if (memcmp(a + ids[i].offset, b + ids[i].offset, ids[i].size))
			return ids[i].name;
	return NULL;
}

/**
 * mpn_head_find_kept() - the head that waits for this path
 * @path: claimed; the driver's ns head is none of ours
 * Context: mpn_topology held.
 * Return: the head or NULL; -EAGAIN if that head still has paths: the driver has
 * taken the namespace off its lists, or this one would be in the same ns head, so
 * they are about to leave.
 */
struct mpn_head *mpn_head_find_kept(struct mpn_path *path)
{
	struct nvme_ns_head *ns_head = mpn_ns_head(path->ns);
	const u8 *ids = mpn_head_ids(ns_head);
	struct mpn_head *head, *waits = NULL;
	const char *differs, *other = NULL;

	static_assert(NVME_LAYOUT_NVME_NS_IDS__CSI ==
		      NVME_LAYOUT_SIZEOF_NVME_NS_IDS - 1);
	lockdep_assert_held(&mpn_topology);
	if (!mpn_ids_tell(ids))
		return NULL;
	list_for_each_entry(head, &mpn_heads, entry) {
		if (head->subsys != mpn_head_subsys(ns_head) ||
		    head->nsid != mpn_head_nsid(ns_head))
			continue;
		differs = mpn_ids_differ(head->ids, ids);
		if (!differs)
			return head->kept ? head : ERR_PTR(-EAGAIN);
		if (head->kept) {
			waits = head;
			other = differs;
		}
	}
	if (waits)
		pr_warn_ratelimited("%s waits for a path: %s has the same namespace ID, but another %s; it gets a head of its own\n",
				    waits->name, path->disk->disk_name, other);
	return NULL;
}

/**
 * mpn_head_adopt() - it has come back
 * @head: from mpn_head_find_kept(), no longer in its grace period
 * @path: a path of it
 * Context: mpn_topology held; may sleep.
 */
void mpn_head_adopt(struct mpn_head *head, struct mpn_path *path)
{
	struct nvme_ns_head *ns_head = mpn_ns_head(path->ns);

	lockdep_assert_held(&mpn_topology);
	mpn_effects_move(head, mpn_ns_ctrl(head->kept_ns), ns_head);
	head->ns_head = ns_head;
	mpn_close_file(head->kept);
	head->kept = NULL;
	head->kept_ns = NULL;
}

/**
 * mpn_remove_head() - &mpath_head_template.remove_head
 *
 * This module is pinned until we return.
 */
void mpn_remove_head(struct mpath_head *mpath)
{
	struct mpn_head *head = mpn_head_of(mpath);
	unsigned int noio = memalloc_noio_save();	/* as in the path's work */

	mutex_lock(&mpn_topology);
	mpn_head_unlink(head, mpn_ns_ctrl(head->kept_ns));
	mutex_unlock(&mpn_topology);
	mpn_head_destroy(head);
	/* a path that did not fit gets a head of its own */
	mpn_rescan();
	memalloc_noio_restore(noio);
}
