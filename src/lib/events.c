// SPDX-License-Identifier: GPL-2.0
/*
 * Telling people what became of paths and heads: log lines, uevents, tracepoints.
 *
 * Whoever changes something only queues the head's event work; the work compares
 * each path with what was reported of it last. So it does not matter how many
 * changes there were, or in which context.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched/mm.h>

#include "internal.h"
#include "trace.h"

const char *mpath_access_name(u32 access)
{
	switch (access) {
	case MPATH_STATE_OPTIMIZED:
		return "optimized";
	case MPATH_STATE_NONOPTIMIZED:
		return "non-optimized";
	default:
		return "other";
	}
}

enum mpath_state {
	MPATH_USABLE,
	MPATH_DISABLED,
	MPATH_FAILED,
	MPATH_BLOCKED,
	MPATH_INACCESSIBLE,	/* says the storage */
	MPATH_ADMIN_FAILED,	/* says an administrator */
};

static const char *const mpath_state_names[] = {
	"usable", "disabled", "failed", "blocked", "inaccessible",
	"admin-failed",
};

static enum mpath_state mpath_state_of(struct mpath_device *dev)
{
	u32 blocked = mpc_path_blocked(dev->core);

	if (blocked & MPC_BLOCK_ADMIN)
		return MPATH_ADMIN_FAILED;
	if (blocked)
		return MPATH_BLOCKED;
	if (dev->mpath_head->gate->mpdt->is_disabled(dev))
		return MPATH_DISABLED;
	if (READ_ONCE(dev->access_state) == MPATH_STATE_OTHER)
		return MPATH_INACCESSIBLE;
	return mpc_path_health(dev->core) == MPC_HEALTH_OK ? MPATH_USABLE :
							     MPATH_FAILED;
}

/* Under SRCU, or while the path's files are there. */
const char *mpath_state_name(struct mpath_device *dev)
{
	return mpath_state_names[mpath_state_of(dev)];
}

/**
 * mpath_event_device() - whose uevents tell of a head
 * @head: with a disk that was added
 *
 * The char device if the library made one, else the disk. A uevent of a disk makes
 * udev read from it, and when no path is usable that waits for one.
 */
struct device *mpath_event_device(struct mpath_head *head)
{
	return head->mpdt->cdev_name &&
	       test_bit(MPATH_HEAD_CDEV_LIVE, &head->flags) ?
		&head->gate->dev : disk_to_dev(head->disk);
}

static void mpath_uevent(struct device *dev, char **envp)
{
	unsigned int noio = memalloc_noio_save();	/* see mpath_event_work() */

	kobject_uevent_env(&dev->kobj, KOBJ_CHANGE, envp);
	memalloc_noio_restore(noio);
}

/**
 * mpath_head_uevent() - a head is in another state
 * @disk: of the head
 * @dev: mpath_event_device()
 * @state: its name for users
 * Context: Process context, may sleep.
 */
void mpath_head_uevent(struct gendisk *disk, struct device *dev,
		       const char *state)
{
	char head[16 + DISK_NAME_LEN], name[40];
	char *envp[] = { "MPATH_EVENT=head_state", head, name, NULL };

	snprintf(head, sizeof(head), "MPATH_HEAD=%s", disk->disk_name);
	snprintf(name, sizeof(name), "MPATH_HEAD_STATE=%s", state);
	mpath_uevent(dev, envp);
}

/**
 * mpath_path_uevent() - a path is in another state
 * @head: with a disk that was added
 * @dev: its path
 * @state: name of the state
 * @access: name of its access state
 * Context: Process context, may sleep.
 */
void mpath_path_uevent(struct mpath_head *head, struct mpath_device *dev,
		       const char *state, const char *access)
{
	char name[16 + DISK_NAME_LEN], path[16 + DISK_NAME_LEN];
	char st[40], acc[40];
	char *envp[] = { "MPATH_EVENT=path_state", name, path, st, acc, NULL };

	snprintf(name, sizeof(name), "MPATH_HEAD=%s", head->disk->disk_name);
	snprintf(path, sizeof(path), "MPATH_PATH=%s", dev->disk->disk_name);
	snprintf(st, sizeof(st), "MPATH_PATH_STATE=%s", state);
	snprintf(acc, sizeof(acc), "MPATH_ACCESS_STATE=%s", access);
	trace_mpath_path_state(head->disk->disk_name, dev->disk->disk_name,
			       state, access);
	mpath_uevent(mpath_event_device(head), envp);
}

static void mpath_log_path(struct mpath_head *head, struct mpath_device *dev,
			   enum mpath_state state, const char *access)
{
	const char *name = dev->disk->disk_name;
	struct device *disk = disk_to_dev(head->disk);

	switch (state) {
	case MPATH_USABLE:
		dev_info(disk, "path %s is usable, %s\n", name, access);
		break;
	case MPATH_FAILED:
		dev_warn(disk,
			 "path %s failed: errors in a row; used only for want of others, tested in %u s\n",
			 name, mpc_path_backoff(dev->core));
		break;
	default:
		dev_warn(disk, "path %s is %s\n", name,
			 mpath_state_names[state]);
	}
}

/* Is the path usable? */
static bool mpath_report_path(struct mpath_head *head, struct mpath_device *dev)
{
	const char *access = mpath_access_name(READ_ONCE(dev->access_state));
	enum mpath_state state = mpath_state_of(dev);
	u32 now = (state + 1) | (u32)READ_ONCE(dev->access_state) << 8;

	if (now != dev->reported) {
		/* that a new path is usable goes without saying */
		if (dev->reported || state != MPATH_USABLE)
			mpath_log_path(head, dev, state, access);
		dev->reported = now;
		mpath_path_uevent(head, dev, mpath_state_names[state], access);
	}
	return state == MPATH_USABLE || state == MPATH_FAILED;
}

/* Is there a path that can be used? Said when that changes. */
static void mpath_report_head(struct mpath_head *head, bool usable)
{
	if (usable == !test_bit(MPATH_HEAD_NO_PATH, &head->flags))
		return;
	assign_bit(MPATH_HEAD_NO_PATH, &head->flags, !usable);
	if (usable)
		dev_info(disk_to_dev(head->disk), "a path is usable again\n");
	else
		dev_warn(disk_to_dev(head->disk), "no path is usable\n");
	mpath_head_uevent(head->disk, mpath_event_device(head),
			  usable ? "live" : "no_path");
}

/*
 * A section and not the head lock: the driver is asked. Memory without I/O: the
 * I/O might wait for a path, and its removal for this section.
 */
void mpath_event_work(struct work_struct *work)
{
	struct mpath_head *head = container_of(to_delayed_work(work),
					       struct mpath_head, event_work);
	struct mpath_gate *gate = head->gate;
	struct mpath_device *dev;
	bool usable = false;
	u32 state;
	int idx;

	idx = srcu_read_lock(&gate->srcu);
	state = mpc_head_state(mpath_core(head));
	if (srcu_dereference(gate->head, &gate->srcu) &&
	    (state == MPC_STATE_LIVE || state == MPC_STATE_LINGERING)) {
		list_for_each_entry_srcu(dev, &head->dev_list, siblings,
					 srcu_read_lock_held(&gate->srcu)) {
			mpath_pr_event(dev);
			usable |= mpath_report_path(head, dev);
		}
		mpath_report_head(head, usable);
	}
	srcu_read_unlock(&gate->srcu, idx);
}

/**
 * mpath_event() - a path of the head may be in another state
 * @head: kept by the caller
 * Context: Any.
 */
void mpath_event(struct mpath_head *head)
{
	mpc_changed(mpath_core(head));
	mpath_schedule_requeue_work(head);
	queue_delayed_work(mpath_wq, &head->event_work, 0);
}

/**
 * mpath_gate_event() - the same, if there still is a head
 * @gate: kept by the caller
 * Context: Any.
 */
void mpath_gate_event(struct mpath_gate *gate)
{
	struct mpath_head *head;
	int idx;

	idx = srcu_read_lock(&gate->srcu);
	head = srcu_dereference(gate->head, &gate->srcu);
	if (head)
		mpath_event(head);
	srcu_read_unlock(&gate->srcu, idx);
}

/* ------------------------------------------------------ what drivers tell */

void mpath_path_changed(struct mpath_device *dev)
{
	mpath_event(dev->mpath_head);
}
EXPORT_SYMBOL_GPL(mpath_path_changed);

/* The head may be gone: nothing of it is touched. */
void mpath_command_took(struct mpath_device *dev, u64 ns)
{
	mpc_path_took(dev->core, ns);
}
EXPORT_SYMBOL_GPL(mpath_command_took);

void mpath_path_restored(struct mpath_device *dev)
{
	mpc_path_forgive(dev->core);
	mpath_event(dev->mpath_head);
}
EXPORT_SYMBOL_GPL(mpath_path_restored);

void mpath_set_access_state(struct mpath_device *dev,
			    enum mpath_access_state state)
{
	if (READ_ONCE(dev->access_state) == state)
		return;
	WRITE_ONCE(dev->access_state, state);
	if (dev->mpath_head)	/* before it is added: only the first value */
		mpath_event(dev->mpath_head);
}
EXPORT_SYMBOL_GPL(mpath_set_access_state);
