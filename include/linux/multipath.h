/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic multipath library for block drivers: the C API.
 *
 * A driver embeds a struct mpath_head in the object that stands for one
 * logical unit and a struct mpath_device in each object that stands for one
 * path to it. The library makes one disk (and, if asked, one char device) of
 * the head and sends every bio, ioctl and io_uring command to a usable path.
 *
 * Names, fields and signatures follow the "libmultipath" series, version 3,
 * of the linux-block list, so that a driver written for that header compiles
 * against this one. Where the behaviour is different on purpose the comment
 * says DIFFERS.
 *
 * Order of calls for a driver
 *   mpath_head_init() -> [fill drv_module, parent, iopolicy, disk_groups, mpdt]
 *   -> mpath_alloc_head_disk() -> [name the disk]
 *   -> mpath_add_device() + mpath_device_set_live() for each path
 *   ... mpath_delete_device() for each path ...
 *   -> mpath_remove_disk() -> mpath_put_disk() -> mpath_head_uninit()
 *   -> the head's memory may be freed.
 *
 * None of these waits for a process that holds one of the nodes open: openers
 * hold a reference on an object of the library's own, not on the head.
 */
#ifndef _LINUX_MULTIPATH_H
#define _LINUX_MULTIPATH_H

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/blk-mq.h>
#include <linux/cdev.h>
#include <linux/io_uring/cmd.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pr.h>
#include <linux/refcount.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

struct mpath_head;
struct mpath_device;
struct mpath_gate;
struct mpath_path_stats;
struct queue_limits;

/** A head has at most this many paths; one more is refused with -ENOSPC. */
#define MPATH_MAX_PATHS		64

/**
 * enum mpath_iopolicy_e - how a path is chosen
 * @MPATH_IOPOLICY_NUMA: the optimized path nearest to the submitting CPU's
 *	node, kept until it stops being usable and optimized ("numa")
 * @MPATH_IOPOLICY_RR: the next usable path in turn ("round-robin")
 * @MPATH_IOPOLICY_QD: the usable path with the fewest commands in flight, as
 *	counted by &mpath_device.nr_active ("queue-depth")
 * @MPATH_IOPOLICY_ST: the usable path that is expected to be done first, from
 *	the time its bios took of late and @MPATH_IOPOLICY_QD's count
 *	("service-time"). Beyond upstream; without %MPATH_FEAT_FAILOVER, which
 *	measures the times, it decides as queue-depth does
 */
enum mpath_iopolicy_e {
	MPATH_IOPOLICY_NUMA,
	MPATH_IOPOLICY_RR,
	MPATH_IOPOLICY_QD,
	MPATH_IOPOLICY_ST,
};

/**
 * enum mpath_access_state - what the storage says of one path
 * @MPATH_STATE_OPTIMIZED: preferred
 * @MPATH_STATE_NONOPTIMIZED: used when there is no usable optimized path
 * @MPATH_STATE_OTHER: never chosen
 */
enum mpath_access_state {
	MPATH_STATE_OPTIMIZED,
	MPATH_STATE_NONOPTIMIZED,
	MPATH_STATE_OTHER,
};

/*
 * Bits of &mpath_head.flags. They are written by the library alone and only
 * mirror what the head's state machine decided; but for its own bits the library never reads them.
 */
#define MPATH_HEAD_DISK_LIVE		0
#define MPATH_HEAD_QUEUE_IF_NO_PATH	1
#define MPATH_HEAD_CDEV_LIVE		2
/* No path is usable, and users were told. Library only. */
#define MPATH_HEAD_NO_PATH		3

/* Bit of &mpath_device.flags: the link in the head's multipath/ exists. */
#define MPATH_DEVICE_SYSFS_ATTR_LINK	0
/* The path is on its head's list. Library only. */
#define MPATH_DEVICE_ATTACHED		1
/*
 * Set and cleared by the driver: what the disk says of capacity and blocks is out of date,
 * so mpath_revalidate() does not ask it.
 */
#define MPATH_DEVICE_OUTDATED		2

/**
 * REQ_MPATH - marks a bio that came through a head
 *
 * Set on every bio the library forwards, unless the template has
 * %MPATH_FEAT_PLAIN_BIOS: a path driver may give REQ_DRV a meaning of its own
 * (the stock NVMe driver follows it to a head disk that is not there).
 */
#define REQ_MPATH			REQ_DRV

/* Sizes of the opaque C++ objects, checked on both sides of the boundary. */
#define MPATH_CORE_PATH_WORDS		16
#define MPATH_CORE_HEAD_WORDS		96

/**
 * struct mpath_device - one path
 * @mpath_head: the head it belongs to; set by mpath_add_device()
 * @siblings: on the head's dev_list; for the driver's own walks under
 *	&mpath_head.srcu. The library selects from a table of its own
 * @disk: the path's gendisk; not NULL
 * @flags: MPATH_DEVICE_* bits
 * @numa_node: the path's node or NUMA_NO_NODE
 * @nr_active: commands in flight, as queue-depth compares them; owned by the
 *	driver (but counted by the library with %MPATH_FEAT_FAILOVER), may be
 *	shared by the paths of one controller, must outlive the path; not NULL
 * @access_state: written by the driver with mpath_set_access_state(), which
 *	all CPUs follow at once. A plain WRITE_ONCE at any time is followed within
 *	a tenth of a second, at once if it makes the path worse
 *
 * Owner: the driver. Memory must stay valid until mpath_delete_device() has
 * returned and, with &mpath_head_template.get_path, until the last reference
 * taken by that callback was put. With %MPATH_FEAT_FAILOVER that covers each bio
 * that is out. Without it a bio that was forwarded may reach @disk after
 * mpath_delete_device(): a driver keeps the disk for that by a pin in
 * &mpath_head_template.clone_bio_to, or frees it later than that.
 */
struct mpath_device {
	struct mpath_head	*mpath_head;
	struct list_head	siblings;
	struct gendisk		*disk;
	unsigned long		flags;
	int			numa_node;
	atomic_t		*nr_active;
	enum mpath_access_state	access_state;
	/* private: */
	struct mpath_path_stats	*stats;
	unsigned int		slot;
	u32			reported;
	u32			replays;
	u64			core[MPATH_CORE_PATH_WORDS];
};

/**
 * struct mpath_path_attr - a file of the driver's among those of a path
 * @attr: name and mode; only reading is known
 * @show: of &struct kobj_attribute. The path is not deleted while it runs.
 *	Process context, may sleep
 */
struct mpath_path_attr {
	struct attribute attr;
	ssize_t (*show)(struct mpath_device *mpath_device, char *buf);
};

/**
 * struct mpath_head_template - what a driver does for its heads
 *
 * One constant object a driver. It is checked whole by
 * mpath_alloc_head_disk(): a missing required callback or half of a pair is
 * -EINVAL and one log line that names the rule; nothing is allocated then.
 *
 * @available_path: may this path become usable again? Decides between parking
 *	and failing when nothing is usable. Required. Any context, under SRCU,
 *	must not sleep.
 * @is_disabled: must this path not be chosen now? Required. Same context.
 * @is_optimized: is it of the preferred kind now? numa keeps to such a path, and
 *	reservations look there first; which paths are used before others is told with
 *	mpath_set_access_state(). Required. Same context.
 * @remove_head: the grace period of a delayed removal has ended without a path:
 *	unlink the head, remove its disk, uninit and free it, all of which may
 *	be done in here. Needed for mpath_can_remove_head() to delay anything.
 *	Process context, may sleep; @drv_module is pinned. A path that is added
 *	now is refused with -ENODEV.
 * @add_cdev: make the char node out of &mpath_head.cdev, &mpath_head.cdev_device
 *	and &mpath_chr_fops. Optional, only together with @del_cdev and
 *	@cdev_ioctl. Process context. The VFS uses cdev and cdev_device until
 *	the last file is closed: a driver with @add_cdev frees the head from
 *	the release of its cdev_device, after mpath_head_uninit(), not before.
 *	@cdev_name has no such duty.
 * @del_cdev: undo @add_cdev; called only if that succeeded.
 * @cdev_ioctl: one ioctl on one path. @arg is the caller's, unchecked.
 *	Required with @add_cdev or @cdev_name, forbidden without. May sleep.
 * @ioctl_begin: optional, with @ioctl_finish: called before an ioctl; what it
 *	stores in *opaque (NULL when called) is handed to @ioctl_finish
 *	afterwards if it is not NULL. Under SRCU, must not sleep long.
 *	DIFFERS: SRCU is left only if the path itself could be pinned with
 *	@get_path; pinning less than the path (a controller, say) is not enough.
 * @ioctl_finish: see @ioctl_begin. May sleep.
 * @chr_uring_cmd: one io_uring command on one path; -EIOCBQUEUED or a result.
 *	Only with a char device. Absent: -EOPNOTSUPP. May be called in a context that must not block
 *	(IO_URING_F_NONBLOCK); a path errno (-ENODEV, -ENXIO, -ESHUTDOWN) means
 *	"not executed", and the command goes to another path.
 * @chr_uring_cmd_iopoll: poll for completions. Only with @chr_uring_cmd.
 *	Absent: -EOPNOTSUPP. Called without SRCU and without a path.
 * @clone_bio: make the bio that is forwarded in place of the given one.
 *	Optional. NULL fails the original with an I/O error (BLK_STS_AGAIN if
 *	it was REQ_NOWAIT). Must not sleep for a REQ_NOWAIT bio.
 * @device_groups: unused, kept for source compatibility.
 *
 * Beyond upstream, all optional:
 * @cdev_name: write the name of the char node (no slash) into a buffer of @len
 *	bytes, 0 or -errno. The library then makes the char device itself and
 *	owns its memory, minor and lifetime. Not together with @add_cdev.
 * @get_path: take a reference on the path and all that @cdev_ioctl and
 *	@chr_uring_cmd use of it; false if it is on its way out. Only together
 *	with @put_path. Any context, under SRCU, must not sleep. With it the
 *	library leaves SRCU before every ioctl and command, so that nothing a
 *	user does can hold up the removal of a path or head.
 * @put_path: drop it. Any context, must not sleep.
 * @clone_bio_to: as @clone_bio, but told the path. Not together with
 *	@clone_bio.
 * @partition_ioctl: may this ioctl command be used on a partition of the head
 *	by a caller without CAP_SYS_ADMIN? Absent: none may (-EACCES).
 * @features: MPATH_FEAT_* bits
 * @policies: which policies a user may choose, as bits (1 << MPATH_IOPOLICY_*);
 *	0: all
 * @path_error: a bio has come back from this path with an error that another
 *	path may not give. Only with %MPATH_FEAT_FAILOVER. If the driver knows
 *	that the path is down it makes @is_disabled say so from now on: then the
 *	error does not count against the path's health. Any context, must not
 *	sleep; the path is pinned.
 * @path_attrs: files in mpath_stats/<path>/ beside the library's; ends with NULL
 * @ioctl_again: an ioctl that this path has executed, by @cdev_ioctl or by its
 *	disk's driver, returned @ret, which is not 0: was that the path's failure,
 *	and may it be sent once more? It goes to the other usable paths, then, as
 *	long as &mpath_head.command_wait_ms lasts, to all of them again, 64 times
 *	at most; what it returned last is what its caller gets. @arg is the
 *	caller's, unchecked. May sleep; the path is pinned if there is @get_path.
 * @ioctl_waits: may an ioctl with this command wait for a usable path
 *	(&mpath_head.command_wait_ms)? It is then taken for I/O, and queue-depth and
 *	service-time look at it. Absent: all may
 * @ioctl_timeout_ms: how long its caller gives the command that this ioctl carries, in
 *	ms: no longer does it wait for a path. 0, or absent: it does not say. @arg is
 *	the caller's, unchecked. May sleep
 * @uring_timeout_ms: the same of an io_uring command. Must not wait, but for page
 *	faults
 *
 * Callbacks run under SRCU (or RCU, see %MPATH_FEAT_RCU); after a bio or a command came
 * back, with the path pinned by @get_path; or, to show a file in sysfs, while the path is
 * not deleted.
 */
struct mpath_head_template {
	bool (*available_path)(struct mpath_device *mpath_device);
	bool (*is_disabled)(struct mpath_device *mpath_device);
	bool (*is_optimized)(struct mpath_device *mpath_device);
	void (*remove_head)(struct mpath_head *mpath_head);
	int (*add_cdev)(struct mpath_head *mpath_head);
	void (*del_cdev)(struct mpath_head *mpath_head);
	long (*cdev_ioctl)(struct mpath_device *mpath_device, unsigned int cmd,
			   unsigned long arg, bool open_for_write);
	void (*ioctl_begin)(struct mpath_device *mpath_device, unsigned int cmd,
			    void **opaque);
	void (*ioctl_finish)(void *opaque);
	int (*chr_uring_cmd)(struct mpath_device *mpath_device,
			     struct io_uring_cmd *ioucmd,
			     unsigned int issue_flags);
	int (*chr_uring_cmd_iopoll)(struct io_uring_cmd *ioucmd,
				    struct io_comp_batch *iob,
				    unsigned int poll_flags);
	struct bio *(*clone_bio)(struct bio *bio);
	const struct attribute_group **device_groups;

	int (*cdev_name)(struct mpath_head *mpath_head, char *buf, size_t len);
	bool (*get_path)(struct mpath_device *mpath_device);
	void (*put_path)(struct mpath_device *mpath_device);
	struct bio *(*clone_bio_to)(struct mpath_device *mpath_device,
				    struct bio *bio);
	bool (*partition_ioctl)(unsigned int cmd);
	unsigned int features;
	unsigned int policies;
	void (*path_error)(struct mpath_device *mpath_device,
			   blk_status_t status);
	const struct mpath_path_attr *const *path_attrs;
	bool (*ioctl_again)(struct mpath_device *mpath_device, unsigned int cmd,
			    unsigned long arg, long ret);
	bool (*ioctl_waits)(unsigned int cmd);
	unsigned int (*ioctl_timeout_ms)(unsigned int cmd, unsigned long arg);
	unsigned int (*uring_timeout_ms)(struct io_uring_cmd *ioucmd,
					 unsigned int issue_flags);
};

/**
 * DOC: &mpath_head_template.features
 *
 * %MPATH_FEAT_PLAIN_BIOS: do not set REQ_MPATH on forwarded bios.
 *
 * %MPATH_FEAT_FAILOVER: the library fails bios over. It sends the submitter's bios
 * themselves (with fail-fast set, so that the path's driver gives errors back at once;
 * clones of those that were split, and on zoned disks), does the head's I/O accounting,
 * measures, and counts them in &mpath_device.nr_active while the policy looks at that.
 * A bio that comes back with a path error (blk_path_error()) is sent to every other
 * usable path once; a quarter of a second later one that is usable then gets it once
 * more, and that is final. After an error of the device itself it is asked five times
 * more, within a second or so, unless the submitter has set fail-fast. Needs @get_path;
 * not together with @clone_bio.
 *
 * %MPATH_FEAT_STACK_LIMITS: the library keeps the head's queue limits, capacity
 * and read-only flag: what was given to mpath_alloc_head_disk() stacked over the
 * disks of all paths. A path with other blocks or another capacity than the head
 * is refused by mpath_add_device(); see mpath_revalidate() for later changes.
 *
 * %MPATH_FEAT_KEEPS_PIN: a command that @chr_uring_cmd answers with -EIOCBQUEUED keeps
 * the pin that the library took by @get_path for the call; the driver puts it when the
 * command has ended, or before. With any other answer the library does. Without this
 * feature a driver that needs its path until then takes a pin of its own.
 *
 * %MPATH_FEAT_RCU: @is_disabled, @is_optimized and @get_path may be called under RCU
 * instead of SRCU: they do not sleep, not even for a moment that SRCU would allow. It is
 * done where a bio or command is tried first. @get_path is always called under RCU then,
 * so percpu_ref_tryget_live_rcu() will do. Needs @get_path.
 */

/**
 * DOC: Persistent reservations
 *
 * The head's disk has all operations of struct pr_ops; a driver has nothing to do
 * for them. They are executed by the pr_ops of the path's disk, on its whole-disk
 * bdev: in process context, with the path pinned by @get_path, else under SRCU.
 * Never two at a time of one head. Paths without pr_ops: -EOPNOTSUPP.
 *
 * A key that is registered goes to all paths. A path that is added while one is,
 * or that @is_disabled (or has %MPATH_STATE_OTHER) when one is registered, is not
 * chosen before the key was registered there; that begins with
 * mpath_device_set_live() or when the driver calls mpath_path_changed() or
 * mpath_set_access_state().
 *
 * Return: what the path's driver returned, a negative errno or a value of enum
 * pr_status. Of the head's own: -ENODEV if the head is being removed;
 * -EWOULDBLOCK without a usable path; -EIO for a release when no usable path
 * holds the reservation.
 */
#define MPATH_FEAT_PLAIN_BIOS		(1U << 0)
#define MPATH_FEAT_FAILOVER		(1U << 1)
#define MPATH_FEAT_STACK_LIMITS		(1U << 2)
#define MPATH_FEAT_KEEPS_PIN		(1U << 3)
#define MPATH_FEAT_RCU			(1U << 4)

/**
 * struct mpath_head - one logical unit with its paths
 * @srcu: for the driver's own walks of @dev_list; mpath_synchronize() waits
 *	for these readers too. The library's readers use the gate's SRCU
 * @dev_list: RCU list of the paths, in the order they were added
 * @lock: serialises list changes and state changes. Never held across a
 *	callback
 * @refcount: mpath_get_head()/mpath_put_head(); mpath_head_uninit() waits
 *	until the driver's own users have put theirs. DIFFERS: openers hold
 *	none
 * @iopolicy: the driver's policy variable (one a head or shared); must be set
 *	before mpath_alloc_head_disk() and outlive the head
 * @requeue_list: bios waiting for a path
 * @requeue_lock: guards it, irqs off
 * @requeue_work: submits them again; see mpath_schedule_requeue_work()
 * @requeue_no_usable_path_cnt: bios parked so far
 * @fail_no_avail_path_cnt: bios failed for want of a path so far
 * @remove_work: ends the grace period of a delayed removal
 * @delayed_removal_secs: length of that period, 0 for none; written by
 *	mpath_delayed_removal_secs_store() only
 * @drv_module: pinned while one of the nodes is open and during a grace period;
 *	mpath_head_init() sets it to the calling module
 * @cdev: for drivers with add_cdev only
 * @cdev_device: for drivers with add_cdev only
 * @flags: MPATH_HEAD_* bits, informational
 * @disk: the head's gendisk, NULL if there is none
 * @partition_scan_work: the first partition scan, off the caller's context
 * @parent: device under which disk and char node appear; must outlive the disk
 * @disk_groups: attribute groups of the disk; should hold &mpath_attr_group
 * @mpdt: the driver's template
 * @command_wait_ms: how long an ioctl (see &mpath_head_template.ioctl_waits) or
 *	io_uring command for which no path is usable waits for one, if one may come
 *	back (see also &mpath_head_template.ioctl_timeout_ms); written by the driver
 *	at any time with WRITE_ONCE(). 0, the default: not at all
 * @block_size: 0, the default, or the logical block size that the driver of the paths
 *	goes by, for one that changes it for all paths before their queues say so (with
 *	%MPATH_FEAT_STACK_LIMITS); written with WRITE_ONCE(), then mpath_revalidate()
 *
 * Owner: the driver; zeroed memory. Valid until mpath_head_uninit() returned,
 * with &mpath_head_template.add_cdev until cdev_device is released.
 *
 * States (src/core/lifetime.hpp has the table): NEW until the first path is
 * live, ADDING while the disk is being added, LIVE, LINGERING without a path in
 * the grace period, EXPIRED when that has ended, DYING from the start of
 * mpath_remove_disk(), DEAD when the disk is gone.
 *
 * DIFFERS: there is no current_path[] here; the per-node hints live in the
 * core as slot numbers, which cannot dangle.
 */
struct mpath_head {
	struct srcu_struct	srcu;
	struct list_head	dev_list;
	struct mutex		lock;
	refcount_t		refcount;
	enum mpath_iopolicy_e	*iopolicy;
	struct bio_list		requeue_list;
	spinlock_t		requeue_lock;
	struct work_struct	requeue_work;
	atomic_long_t		requeue_no_usable_path_cnt;
	atomic_long_t		fail_no_avail_path_cnt;
	struct delayed_work	remove_work;
	unsigned int		delayed_removal_secs;
	struct module		*drv_module;
	struct cdev		cdev;
	struct device		cdev_device;
	unsigned long		flags;
	struct gendisk		*disk;
	struct work_struct	partition_scan_work;
	struct device		*parent;
	const struct attribute_group **disk_groups;
	const struct mpath_head_template *mpdt;
	/* private: */
	struct mpath_gate	*gate;
	struct delayed_work	park_work;
	struct delayed_work	event_work;
	unsigned long		remove_at;
	struct bio_list		ready_list;
	struct queue_limits	*base_limits;
	struct kobject		*stats_kobj;
	void			*node_hints;
	unsigned int		command_wait_ms;
	unsigned int		block_size;
	u64			core[MPATH_CORE_HEAD_WORDS];
};

extern const struct block_device_operations mpath_ops;
extern const struct file_operations mpath_chr_fops;
extern const struct attribute_group mpath_attr_group;
extern const struct attribute_group *mpath_device_groups[];

/* ------------------------------------------------------------- lifetime */

/**
 * mpath_head_init_owner() - prepare a head
 * @mpath_head: zeroed memory of the driver's
 * @owner: module to pin while a node is open; NULL for built-in code
 *
 * Drivers call mpath_head_init(), which passes their own module.
 *
 * Context: Process context, may sleep.
 * Return: 0; -ENOMEM.
 */
int mpath_head_init_owner(struct mpath_head *mpath_head, struct module *owner);
#define mpath_head_init(mpath_head) \
	mpath_head_init_owner((mpath_head), THIS_MODULE)

/**
 * mpath_head_uninit() - end of a head
 * @mpath_head: a head whose disk, if it had one, was removed and put
 *
 * Cancels all work of the head (do not call it under a lock that @remove_head
 * takes), waits until every mpath_get_head() was put
 * and for all readers. Afterwards the memory is the driver's again. Calls on
 * files that are still open answer -ENODEV.
 *
 * Context: Process context, may sleep. Not from the head's own work.
 */
void mpath_head_uninit(struct mpath_head *mpath_head);

/**
 * mpath_get_head() - take a reference on a head
 * @mpath_head: a head that has not been uninitialised
 * Context: Any.
 * Return: 0; -ENXIO if mpath_head_uninit() dropped the first reference.
 */
int mpath_get_head(struct mpath_head *mpath_head);

/**
 * mpath_put_head() - drop it
 * @mpath_head: may be freed by its owner as soon as this returns
 * Context: Any.
 */
void mpath_put_head(struct mpath_head *mpath_head);

/**
 * mpath_alloc_head_disk() - check the template and allocate the head's disk
 * @mpath_head: with parent, iopolicy, disk_groups and mpdt set
 * @lim: queue limits to start from
 * @numa_node: node for the allocation or NUMA_NO_NODE
 *
 * The disk comes without a name; the driver sets disk_name, and nothing else,
 * before the first mpath_device_set_live().
 * DIFFERS: private_data belongs to the library; use mpath_gendisk_to_head().
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL for a missing field or a template that breaks a rule
 * (nothing is allocated, one log line names it); -EEXIST if there is a disk;
 * -ENODEV if the head is being removed; what blk_alloc_disk() says.
 */
int mpath_alloc_head_disk(struct mpath_head *mpath_head,
			  struct queue_limits *lim, int numa_node);

/**
 * mpath_remove_disk() - take the head's nodes away
 * @mpath_head: any state; a second call waits for the first and does nothing.
 *	Only who made the first may free the head afterwards
 *
 * Marks the head dying, waits for readers, fails parked bios, removes the
 * char device and the disk. Openers are not waited for.
 *
 * Context: Process context, may sleep; bounded by the paths' own time-outs.
 */
void mpath_remove_disk(struct mpath_head *mpath_head);

/**
 * mpath_can_remove_head() - the last path has left: may the head go at once?
 * @mpath_head: a head without paths
 *
 * With a grace period (delayed_removal_secs) the head stays for that long, its
 * nodes with it, and bios wait. The period ends when a path is added, or with a
 * call of @remove_head. Calling this again changes nothing.
 * DIFFERS: idempotent; a path that is added while @remove_head is on its way is
 * refused; without @remove_head there is no delay.
 *
 * Context: Process context, may sleep.
 * Return: true if the driver removes the head now; false if @remove_head will be
 * called, or has been, or someone else is removing it.
 */
bool mpath_can_remove_head(struct mpath_head *mpath_head);

/**
 * mpath_put_disk() - drop the library's reference on the head's disk
 * @mpath_head: no-op without a disk
 * Context: Process context, may sleep.
 */
void mpath_put_disk(struct mpath_head *mpath_head);

/**
 * mpath_synchronize() - wait for everyone who may still see an old path
 * @mpath_head: an initialised head
 * Context: Process context, may sleep.
 */
void mpath_synchronize(struct mpath_head *mpath_head);

/* ---------------------------------------------------------------- paths */

/**
 * mpath_add_device() - attach one path
 * @mpath_device: the driver's path; see &struct mpath_device for its lifetime
 * @mpath_head: on its way or in use, or in its grace period, which that ends
 * @disk: the path's gendisk; not NULL
 * @numa_node: node of the path or NUMA_NO_NODE
 * @nr_active: in-flight counter for queue-depth; not NULL
 *
 * The path can be selected from now on, as soon as the head is live.
 * DIFFERS: returns a result; upstream's returns nothing.
 *
 * Context: Process context, may sleep. Takes the head lock and the gate's limits_lock.
 * Return: 0; -EINVAL for a NULL disk or nr_active; -ENODEV if the head is
 * being removed; -ENOSPC for more than MPATH_MAX_PATHS; -ENOMEM. With
 * %MPATH_FEAT_STACK_LIMITS also -EINVAL for another size or block size than the
 * head's, and what the block layer says if limits do not fit.
 */
int mpath_add_device(struct mpath_device *mpath_device,
		     struct mpath_head *mpath_head, struct gendisk *disk,
		     int numa_node, atomic_t *nr_active);

/**
 * mpath_delete_device() - detach one path
 * @mpath_device: a path that was added; a second call does nothing
 *
 * DIFFERS: waits for all readers itself, and kicks the parked bios.
 *
 * Context: Process context, may sleep. Takes the head lock.
 * Return: true if the head has no path left.
 */
bool mpath_delete_device(struct mpath_device *mpath_device);

/**
 * mpath_head_devices_empty() - has the head no path?
 * @mpath_head: an initialised head
 * Context: Process context, may sleep. Takes the head lock.
 */
bool mpath_head_devices_empty(struct mpath_head *mpath_head);

/**
 * mpath_device_set_live() - this path can be used now
 * @mpath_device: a path that was added
 *
 * The first call for a head adds its disk and char device; if the disk cannot
 * be added the head is dead, and the driver takes it down. Every call makes the links in multipath/,
 * refreshes the per-node choice and submits parked bios again.
 * DIFFERS: returns a result; upstream's returns nothing.
 *
 * Context: Process context, may sleep.
 * Return: 0 (also without a head disk); -ENODEV if the head is being removed;
 * what device_add_disk() says.
 */
int mpath_device_set_live(struct mpath_device *mpath_device);

/**
 * mpath_clear_current_path() - forget this path as any node's choice
 * @mpath_device: a path that was added
 * Context: Any. Does not wait for readers.
 * Return: true if it was the choice of some node.
 */
bool mpath_clear_current_path(struct mpath_device *mpath_device);

/**
 * mpath_clear_paths() - forget every node's choice
 * @mpath_head: an initialised head
 * Context: Any.
 */
void mpath_clear_paths(struct mpath_head *mpath_head);

/**
 * mpath_revalidate_paths() - the head's capacity has changed
 * @mpath_head: a head with a disk
 * @not_ready: called for each path whose capacity differs; NULL for none
 * Context: Process context, may sleep; @not_ready is called under SRCU.
 */
void mpath_revalidate_paths(struct mpath_head *mpath_head,
			    void (*not_ready)(struct mpath_device *));

/**
 * mpath_path_changed() - a path may have become usable or unusable
 * @mpath_device: a path that was added
 *
 * The driver's @is_disabled, @is_optimized or @available_path answer differently
 * from now on. All CPUs choose anew, parked bios are sent, and users are told: a
 * log line, a uevent and a tracepoint if the state is another one.
 *
 * Context: Any.
 */
void mpath_path_changed(struct mpath_device *mpath_device);

/**
 * mpath_command_took() - a command that the driver timed itself has ended well
 * @mpath_device: its path, pinned as by @get_path; it may have been deleted
 * @ns: nanoseconds from sending it to its end
 *
 * For service-time, beside the times of bios. While that policy or queue-depth is
 * set the driver also counts what is out in &mpath_device.nr_active.
 * Context: Any.
 */
void mpath_command_took(struct mpath_device *mpath_device, u64 ns);

/**
 * mpath_path_restored() - the driver knows that a path works again
 * @mpath_device: a path that was added
 *
 * As mpath_path_changed(), and errors that were counted against the path are
 * forgotten.
 * Context: Any.
 */
void mpath_path_restored(struct mpath_device *mpath_device);

/**
 * mpath_set_access_state() - the storage says something else of a path
 * @mpath_device: a path that was added
 * @state: what it says
 *
 * Followed by all CPUs at once; see mpath_path_changed().
 * Context: Any.
 */
void mpath_set_access_state(struct mpath_device *mpath_device,
			    enum mpath_access_state state);

/**
 * mpath_revalidate() - a path's capacity, blocks or limits may have changed
 * @mpath_head: a live head whose template has %MPATH_FEAT_STACK_LIMITS
 *
 * Stacks the limits anew. The head follows a new capacity or block size when all
 * its paths agree on it, with a uevent for the capacity; meanwhile a path that is
 * smaller than the head or has other blocks is not used, with a line in the log.
 * Nothing is done if nothing has changed.
 *
 * Context: Process context, may sleep.
 * Return: true if the head's capacity or block size changed.
 */
bool mpath_revalidate(struct mpath_head *mpath_head);

/**
 * mpath_call_for_device() - do something on one usable path
 * @mpath_head: a head that was bound to its template
 * @cb: what to do; may sleep
 *
 * With get_path the path is pinned and SRCU left during @cb.
 *
 * Context: Process context.
 * Return: @cb's result; -EWOULDBLOCK without a usable path; -ENODEV if the
 * head is being removed.
 */
int mpath_call_for_device(struct mpath_head *mpath_head,
			  int (*cb)(struct mpath_device *mpath_device));

/**
 * mpath_call_for_other() - send once more what a path has failed
 * @mpath_head: a head that was bound to its template
 * @tried: mpath_device_bit() of the paths that had their turn. Those that @cb
 *	has an error from are added; not touched once @cb has returned 0, so it
 *	may be part of what @cb gives away
 * @cb: sends on the path; returns 0, or an error that makes it the next one's
 *	turn. As in mpath_call_for_device()
 * @ctx: for @cb
 *
 * Context: Process context; as far as @cb does not sleep this does not wait.
 * Return: 0; -EBUSY if every usable path has had its turn; -EAGAIN if no path is
 * usable but one may be again, as long as the head's grace period lasts;
 * -ENXIO if there is no hope for one; -ENODEV if the head is being removed.
 */
int mpath_call_for_other(struct mpath_head *mpath_head, u64 *tried,
			 int (*cb)(struct mpath_device *mpath_device, void *ctx),
			 void *ctx);

/**
 * mpath_device_bit() - a path's bit in @tried of mpath_call_for_other()
 * @mpath_device: a path that was added
 * Context: Any.
 */
u64 mpath_device_bit(const struct mpath_device *mpath_device);

/* ------------------------------------------------- policy and sysfs help */

/**
 * mpath_set_iopolicy() - parse a policy name
 * @val: "numa", "round-robin", "queue-depth" or "service-time", a trailing
 *	newline allowed
 * @iopolicy: written only on success
 * Return: 0; -EINVAL.
 */
int mpath_set_iopolicy(const char *val, enum mpath_iopolicy_e *iopolicy);

/**
 * mpath_get_iopolicy() - name of a policy and a newline
 * @buf: PAGE_SIZE bytes
 * @iopolicy: a value of enum mpath_iopolicy_e
 * Return: bytes written.
 */
int mpath_get_iopolicy(char *buf, int iopolicy);

/**
 * mpath_iopolicy_show() - sysfs show of a policy variable
 * @iopolicy: the variable
 * @buf: sysfs buffer
 */
ssize_t mpath_iopolicy_show(enum mpath_iopolicy_e *iopolicy, char *buf);

/**
 * mpath_iopolicy_store() - sysfs store of a policy variable
 * @iopolicy: the variable
 * @buf: what the user wrote
 * @count: unused, kept for source compatibility
 *
 * A change is logged. The caller then calls mpath_policy_changed() for each
 * head that uses the variable.
 * Return: true if the name was known.
 */
bool mpath_iopolicy_store(enum mpath_iopolicy_e *iopolicy, const char *buf,
			  size_t count);

/**
 * mpath_head_iopolicy_store() - sysfs store of a head's policy
 * @mpath_head: a head that was bound to its template
 * @buf: what the user wrote
 * @count: its length
 *
 * Writes the variable that @iopolicy points to, if @policies allows that, under
 * the head lock, logs a change and calls mpath_policy_changed() for this head.
 * Return: @count; -EINVAL for an unknown name, -EOPNOTSUPP for one that the
 * driver does not allow.
 */
ssize_t mpath_head_iopolicy_store(struct mpath_head *mpath_head,
				  const char *buf, size_t count);

/**
 * mpath_delayed_removal_secs_show() - sysfs show of the grace period
 * @mpath_head: an initialised head
 * @buf: sysfs buffer
 */
ssize_t mpath_delayed_removal_secs_show(struct mpath_head *mpath_head,
					char *buf);

/**
 * mpath_delayed_removal_secs_store() - sysfs store of the grace period
 * @mpath_head: a live head
 * @buf: seconds in decimal, 0 to 31536000
 * @count: its length
 *
 * A period that is running starts anew with the new length; 0 ends it now.
 * Context: Process context, may sleep.
 * Return: @count; -EINVAL, -ERANGE; nothing changes then.
 */
ssize_t mpath_delayed_removal_secs_store(struct mpath_head *mpath_head,
					 const char *buf, size_t count);

/**
 * mpath_policy_changed() - the head's policy variable has a new value
 * @mpath_head: an initialised head
 * Context: Any.
 */
void mpath_policy_changed(struct mpath_head *mpath_head);

/**
 * mpath_numa_nodes_show() - nodes whose choice this path is
 * @mpath_device: a path that was added
 * @buf: sysfs buffer; gets a node list and a newline, an empty line unless
 *	the policy is numa
 */
ssize_t mpath_numa_nodes_show(struct mpath_device *mpath_device, char *buf);

/**
 * mpath_add_sysfs_link() - make the missing links in the head's multipath/
 * @mpath_head: a live head
 * Context: Process context, may sleep. Takes the head lock.
 */
void mpath_add_sysfs_link(struct mpath_head *mpath_head);

/**
 * mpath_remove_sysfs_link() - remove this path's link
 * @mpath_device: a path that was added
 * Context: Process context, may sleep.
 */
void mpath_remove_sysfs_link(struct mpath_device *mpath_device);

/**
 * mpath_failover_bio() - a bio failed on one path; send it again. For drivers
 * that clone bios themselves, without %MPATH_FEAT_FAILOVER
 * @mpath_device: the path it failed on, pinned by the caller
 * @bio: the bio that was submitted to the head (the original, not a clone),
 *	untouched since. REQ_NOWAIT and REQ_POLLED are cleared: the submitter's
 *	context is gone
 *
 * The bio goes back to its head and is sent again from the top. The caller has
 * made sure that the path will not be chosen again for the same reason, else
 * nothing bounds the retries. If the head is being removed the bio fails with
 * BLK_STS_IOERR; it is never stranded.
 * Lifetime: a bio that has not ended keeps the head's disk, and the disk keeps
 * all that is touched here.
 *
 * Context: Any, also hard interrupt.
 */
void mpath_failover_bio(struct mpath_device *mpath_device, struct bio *bio);

/* Bytes that the library takes for a head beyond its gendisk, for measurements. */
size_t mpath_head_memory(struct mpath_head *mpath_head);

/* ------------------------------------------------------------- inlines */

static inline struct mpath_head *mpath_bd_device_to_head(struct device *dev)
{
	return dev_get_drvdata(dev);
}

static inline struct mpath_head *mpath_gendisk_to_head(struct gendisk *disk)
{
	return mpath_bd_device_to_head(disk_to_dev(disk));
}

static inline bool is_mpath_disk(struct gendisk *disk)
{
	return disk->fops == &mpath_ops;
}

static inline bool is_mpath_request(struct request *req)
{
	return req->cmd_flags & REQ_MPATH;
}

static inline enum mpath_iopolicy_e
mpath_read_iopolicy(struct mpath_head *mpath_head)
{
	return READ_ONCE(*mpath_head->iopolicy);
}

static inline bool mpath_qd_iopolicy(enum mpath_iopolicy_e *iopolicy)
{
	return READ_ONCE(*iopolicy) == MPATH_IOPOLICY_QD;
}

static inline bool mpath_head_queue_if_no_path(struct mpath_head *mpath_head)
{
	return test_bit(MPATH_HEAD_QUEUE_IF_NO_PATH, &mpath_head->flags);
}

/* Submit the parked bios again, soon. Any context. */
void mpath_schedule_requeue_work(struct mpath_head *mpath_head);

#endif /* _LINUX_MULTIPATH_H */
