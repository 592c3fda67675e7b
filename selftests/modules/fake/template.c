// SPDX-License-Identifier: GPL-2.0
/* The driver's callbacks, and templates made of them as a head's options say. */
#include <linux/slab.h>
#include <linux/string.h>

#include "fake.h"

static bool fake_available_path(struct mpath_device *dev)
{
	struct fake_path *path = to_fake_path(dev);

	fake_count(path, FC_available_path);
	fake_path_stop(FP_available_path, path);
	return READ_ONCE(path->set.available) && !READ_ONCE(path->dead);
}

/* A callback that may be called under RCU, where nobody may be held. */
static void fake_first_stop(int point, struct fake_path *path)
{
	if (!path->rcu)
		fake_path_stop(point, path);
}

static bool fake_is_disabled(struct mpath_device *dev)
{
	struct fake_path *path = to_fake_path(dev);

	fake_count(path, FC_is_disabled);
	fake_first_stop(FP_is_disabled, path);
	return READ_ONCE(path->set.disabled) || READ_ONCE(path->dead);
}

static bool fake_is_optimized(struct mpath_device *dev)
{
	struct fake_path *path = to_fake_path(dev);
	long optimized = READ_ONCE(path->set.optimized);

	fake_count(path, FC_is_optimized);
	fake_first_stop(FP_is_optimized, path);
	if (optimized >= 0)
		return optimized;
	return READ_ONCE(dev->access_state) == MPATH_STATE_OPTIMIZED;
}

static bool fake_get_path(struct mpath_device *dev)
{
	struct fake_path *path = to_fake_path(dev);

	fake_count(path, FC_get_path);
	fake_first_stop(FP_get_path, path);
	if (!READ_ONCE(path->set.refuse_get) && !READ_ONCE(path->dead) &&
	    fake_path_tryget(path))
		return true;
	fake_count(path, FC_get_path_refused);
	return false;
}

void fake_put_path(struct mpath_device *dev)
{
	struct fake_path *path = to_fake_path(dev);

	fake_count(path, FC_put_path);
	fake_path_stop(FP_put_path, path);
	fake_path_put(path);
}

/*
 * Whoever takes the head off the list takes it down: if that was somebody else
 * he waits for this work in mpath_head_uninit().
 */
static void fake_remove_head(struct mpath_head *mpath)
{
	struct fake_head *head = to_fake_head(mpath);

	fake_count(NULL, FC_remove_head);
	fake_may_sleep(NULL);
	lockdep_assert_not_held(&mpath->lock);
	fake_stop(FP_remove_head, head->name);
	if (!READ_ONCE(head->opts.keep) && fake_head_unlink(head))
		fake_head_destroy(head);
}

static void fake_ioctl_begin(struct mpath_device *dev, unsigned int cmd,
			     void **opaque)
{
	struct fake_path *path = to_fake_path(dev);

	fake_count(path, FC_ioctl_begin);
	if (*opaque)
		fake_count(path, FC_wrong_context);
	fake_path_stop(FP_ioctl_begin, path);
	if (fake_path_tryget(path))
		*opaque = path;
}

static void fake_ioctl_finish(void *opaque)
{
	struct fake_path *path = opaque;

	fake_count(path, FC_ioctl_finish);
	fake_may_sleep(path);
	fake_path_stop(FP_ioctl_finish, path);
	fake_path_put(path);
}

static void fake_path_error(struct mpath_device *dev, blk_status_t status)
{
	struct fake_path *path = to_fake_path(dev);

	fake_count(path, FC_path_error);
	fake_path_stop(FP_path_error, path);
}

/* Commands with an odd number are harmless. */
static bool fake_partition_ioctl(unsigned int cmd)
{
	fake_count(NULL, FC_partition_ioctl);
	return cmd & 1;
}

/* --------------------------------------------------------------- templates */

/*
 * The library refers to a template until the last opener of a head is gone, so
 * it is kept until the module goes; equal ones are shared.
 */
struct fake_kept_template {
	struct list_head entry;
	struct mpath_head_template t;
};

static LIST_HEAD(fake_templates);	/* fake_lock */

static void fake_fill_template(struct mpath_head_template *t,
			       const struct fake_head_options *opts)
{
	t->available_path = fake_available_path;
	t->is_disabled = fake_is_disabled;
	t->is_optimized = fake_is_optimized;
	t->policies = opts->policies;
	if (opts->failover)
		t->features |= MPATH_FEAT_FAILOVER;
	if (opts->stack)
		t->features |= MPATH_FEAT_STACK_LIMITS;
	if (opts->plain)
		t->features |= MPATH_FEAT_PLAIN_BIOS;
	if (opts->rcu)
		t->features |= MPATH_FEAT_RCU;
	if (opts->keeps_pin)
		t->features |= MPATH_FEAT_KEEPS_PIN;
	if (opts->pins) {
		t->get_path = fake_get_path;
		t->put_path = fake_put_path;
	}
	if (opts->remove_head)
		t->remove_head = fake_remove_head;
	if (opts->own_cdev) {
		t->add_cdev = fake_add_cdev;
		t->del_cdev = fake_del_cdev;
	}
	if (opts->lib_cdev)
		t->cdev_name = fake_cdev_name;
	if (opts->own_cdev || opts->lib_cdev)
		t->cdev_ioctl = fake_cdev_ioctl;
	if (opts->begin) {
		t->ioctl_begin = fake_ioctl_begin;
		t->ioctl_finish = fake_ioctl_finish;
	}
	if (opts->uring)
		t->chr_uring_cmd = fake_uring_cmd;
	if (opts->iopoll)
		t->chr_uring_cmd_iopoll = fake_uring_iopoll;
	if (opts->clone_bio)
		t->clone_bio = fake_clone_bio;
	if (opts->clone_bio_to)
		t->clone_bio_to = fake_clone_bio_to;
	if (opts->partition_ioctl)
		t->partition_ioctl = fake_partition_ioctl;
	if (opts->path_error)
		t->path_error = fake_path_error;
}

const struct mpath_head_template *
fake_template(const struct fake_head_options *opts)
{
	struct fake_kept_template *new, *old;

	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return NULL;
	fake_fill_template(&new->t, opts);
	mutex_lock(&fake_lock);
	list_for_each_entry(old, &fake_templates, entry) {
		if (!memcmp(&old->t, &new->t, sizeof(new->t))) {
			swap(old, new);
			kfree(old);
			goto out;
		}
	}
	list_add(&new->entry, &fake_templates);
out:
	mutex_unlock(&fake_lock);
	return &new->t;
}

void fake_templates_free(void)
{
	struct fake_kept_template *t, *next;

	list_for_each_entry_safe(t, next, &fake_templates, entry) {
		list_del(&t->entry);
		kfree(t);
	}
}
