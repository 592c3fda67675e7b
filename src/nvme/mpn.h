/* SPDX-License-Identifier: GPL-2.0 */
/* mpath_nvme.ko: what its files share. */
#ifndef MPN_H
#define MPN_H

#include <linux/kref.h>
#include <linux/multipath.h>
#include <linux/percpu-refcount.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "callbacks.h"
#include "core/ana.h"
#include "core/decide.h"
#include "layout.h"

/* &mpn_ana.flags: Identify Controller comes before the page */
#define MPN_ANA_IDENTIFY	0

/**
 * struct mpn_ana - a controller's ANA log page, see ana.c
 * @on: it has one
 * @anatt: ANA Transition Time, seconds
 * @size: bytes of the page
 * @flags: MPN_ANA_IDENTIFY
 * @pace: when it is read
 * @work: reads it; but for @on and @flags all is the work's. Ended before the
 *	controller's last path lets go of its disk
 */
struct mpn_ana {
	bool on;
	u8 anatt;
	u32 size;
	unsigned long flags;
	struct mpn_ana_pace pace;
	struct delayed_work work;
};

/**
 * struct mpn_ctrl - one controller of the stock driver
 * @entry: on mpn_ctrls
 * @ctrl: the driver's controller; kept by the open disks of its paths
 * @paths: paths that refer to this object
 * @joined: of them those that have joined, see mpn_ctrl_each()
 * @nr_active: bios and io_uring commands in flight on all of them; counted by
 *	the library and uring.c while their head's policy asks for it
 * @watch: on the controller's state_wq, which the driver wakes at each change
 *	of state
 * @work: tells the heads of such a change
 * @look: has it look at its namespaces again, see look.c. Ended as @ana's work
 * @looked: jiffies, when @look last ran
 * @look_wait: jiffies from then until it may run again; 0 once a path has looked
 * @ana: its log page of access states
 *
 * Owner: its paths. Made with the first and freed with the last one, under
 * mpn_topology.
 */
struct mpn_ctrl {
	struct list_head entry;
	struct nvme_ctrl *ctrl;
	unsigned int paths;
	struct list_head joined;
	atomic_t nr_active;
	struct wait_queue_entry watch;
	struct work_struct work;
	struct delayed_work look;
	unsigned long looked;
	unsigned long look_wait;
	struct mpn_ana ana;
};

/**
 * struct mpn_head - one namespace
 * @mpath: the library's head
 * @entry: on mpn_heads
 * @ns_head: the driver's head, which all path namespaces of one shared nsid
 *	have in common: the key. Kept by the open disks of the paths, by @kept when
 *	there are none; another one when a path has come back then. Under
 *	mpn_topology
 * @subsys: its subsystem, kept likewise; the same for the head's life
 * @nsid: namespace id
 * @ms: bytes of metadata with a block, as of the last look; written and read as
 *	@lba_shift
 * @ids: the identifiers of the namespace, as struct nvme_ns_ids
 * @kept: in a grace period a file of the last path's char device, which keeps its
 *	namespace, controller and the transport's module; else NULL. Under
 *	mpn_topology, as is @kept_ns
 * @kept_ns: its namespace
 * @policy: what @mpath.iopolicy points to
 * @number: added to the base it is the first number of the nodes' names
 * @effects: the copy that @ns_head borrows, see effects.c
 * @nuse, @nuse_time: namespace utilization, and when it was read (jiffies)
 * @name: of the disk, for log lines when that is gone
 * @ref: one of its own until it is destroyed, one for each path that has joined
 *	until nothing is out on that path, one for each command that waits
 * @failover: enum mpn_failover
 * @lba_shift: of the blocks that the disk has, as of the last look; written by
 *	the watch (watch.c), read by everybody
 * @all_stale: no path has the format that the driver has for the namespace, as of the
 *	last look; written and read likewise
 * @failovers: commands that came back with a path error and were kept
 * @given_up: of them those that ended with one
 * @again_lock: guards @again and @again_closed; taken in any context
 * @again: commands to be sent again, see failover.c
 * @again_closed: the head is being removed, nothing waits
 * @again_work: sends them
 *
 * Owner: its paths. Made with the first and removed with the last one, under
 * mpn_topology, or a grace period later (delayed_removal_secs); removed before the
 * last path lets go of its disk, or @kept is closed, so the subsystem device
 * outlives the nodes below it. The memory stays until @ref is
 * put for the last time; after the removal only @policy, @name and what follows
 * that is valid.
 */
struct mpn_head {
	struct mpath_head mpath;
	struct list_head entry;
	struct nvme_ns_head *ns_head;
	struct nvme_subsystem *subsys;
	u32 nsid;
	u16 ms;
	u8 ids[NVME_LAYOUT_SIZEOF_NVME_NS_IDS];
	struct file *kept;
	struct nvme_ns *kept_ns;
	enum mpath_iopolicy_e policy;
	unsigned int number;
	struct mpn_effects *effects;
	u64 nuse;
	unsigned long nuse_time;
	char name[DISK_NAME_LEN];
	struct kref ref;
	u8 failover;
	u8 lba_shift;
	bool all_stale;
	atomic64_t failovers;
	atomic64_t given_up;
	spinlock_t again_lock;
	struct list_head again;
	bool again_closed;
	struct delayed_work again_work;
};

/* &mpn_path.flags */
enum {
	MPN_PATH_GONE,		/* the disk is being removed, or we let go */
	MPN_PATH_FAILED,	/* gave an error while its controller was not live;
				   until the controller is live again */
	MPN_PATH_ANA_PENDING,	/* not to be used before the ANA log page was
				   read once more */
	MPN_PATH_ANA_READING,	/* the same, and it is being read */
	MPN_PATH_STALE,		/* has not looked since the namespace was formatted;
				   until the watch finds that it has */
	MPN_PATH_DECIDED,	/* was looked at and joined, was left alone, or is
				   asked again slowly: mpn_settle() waits no more */
};

/**
 * enum mpn_path_state - changed by the path's own work only
 * @MPN_FOUND: seen, not claimed (yet)
 * @MPN_REFUSED: looked at and left alone; a rescan looks again
 * @MPN_JOINED: claimed, a path of its head
 * @MPN_LEFT: let go; freed when the last pin is put
 */
enum mpn_path_state {
	MPN_FOUND,
	MPN_REFUSED,
	MPN_JOINED,
	MPN_LEFT,
};

/**
 * struct mpn_path - one disk of the stock NVMe driver
 * @mdev: the library's path
 * @entry: on mpn_paths, under mpn_paths_lock
 * @ref: pins: one of our own until the path has left, one for each ioctl,
 *	command or bio that is with the path's driver. The last put frees
 * @state: see enum mpn_path_state
 * @flags: MPN_PATH_*
 * @tries: failed attempts to claim so far
 * @disk: the path's disk, by a reference on its device
 * @ns: the driver's namespace; valid while @bdev_file is open
 * @ns_head: its head
 * @nvme: its controller, as in @ctrl
 * @bdev_file: the disk, opened exclusively; keeps ns, controller and the
 *	transport's module
 * @chr_rd: the path's char device, opened for reading
 * @chr_rw: the same for reading and writing: the driver takes the right to
 *	write from the file, so a reader must never be given this one
 * @ctrl: shared by the controller's paths
 * @head: where it belongs; NULL unless MPN_JOINED. Under mpn_topology
 * @home: @head at the time it joined, by a reference; valid as long as anything
 *	is out on this path, also when it has left
 * @of_ctrl: on @ctrl's list of joined paths
 * @ana_state: MPN_ANA_*; written by the controller's ANA work
 * @ana_grpid: ANA group, 0 while not known
 * @ana_trusted: jiffies; until then an unclear error is not about access
 * @linked: holders/ and slaves/ links exist
 * @work: claims, joins, leaves
 * @free_work: closes and frees
 */
struct mpn_path {
	struct mpath_device mdev;
	struct list_head entry;
	struct percpu_ref ref;
	enum mpn_path_state state;
	unsigned long flags;
	unsigned int tries;
	struct gendisk *disk;
	struct nvme_ns *ns;
	struct nvme_ns_head *ns_head;
	struct nvme_ctrl *nvme;
	struct file *bdev_file;
	struct file *chr_rd;
	struct file *chr_rw;
	struct mpn_ctrl *ctrl;
	struct mpn_head *head;
	struct mpn_head *home;
	struct list_head of_ctrl;
	u32 ana_state;
	u32 ana_grpid;
	u64 ana_trusted;
	bool linked;
	struct delayed_work work;
	struct work_struct free_work;
};

static inline struct mpn_path *mpn_path_of(struct mpath_device *mdev)
{
	return container_of(mdev, struct mpn_path, mdev);
}

static inline struct mpn_head *mpn_head_of(struct mpath_head *head)
{
	return container_of(head, struct mpn_head, mpath);
}

/*
 * A format through one controller changes what the driver knows of the namespace, for
 * all of them, but not the queues of the others' disks: those have not looked. Blocks
 * that no disk can have leave the queue at 512 bytes, nvme_update_disk_info(). Asked
 * for each command, so of metadata mpn_path_to_look() alone asks.
 */
static inline bool mpn_path_stale(const struct mpn_path *path, u8 shift)
{
	return shift >= SECTOR_SHIFT && shift <= PAGE_SHIFT &&
	       READ_ONCE(path->disk->queue->limits.logical_block_size) !=
	       1u << shift;
}

/* The driver takes the right to write from the file it is called with. */
static inline struct file *mpn_chr_file(struct mpn_path *path, bool for_write)
{
	return for_write ? path->chr_rw : path->chr_rd;
}

static inline const char *mpn_path_name(const struct mpn_path *path)
{
	return path->disk->disk_name;
}

/*
 * Serialises joining and leaving: mpn_heads, mpn_ctrls, and what hangs on
 * them. Held across adding a head's disk, never across removing one or opening
 * a path. Taken before the library's head lock.
 */
extern struct mutex mpn_topology;
extern struct list_head mpn_heads;
extern struct workqueue_struct *mpn_wq;

/* module.c */
extern unsigned int mpn_base;
extern enum mpath_iopolicy_e mpn_default_policy;

/* discover.c */
int mpn_discover_start(void);
void mpn_discover_stop(void);
void mpn_rescan(void);
int mpn_settle(unsigned int secs);
void mpn_path_decided(struct mpn_path *path);
void mpn_path_forget(struct mpn_path *path);

/* path.c */
struct mpn_path *mpn_path_create(struct gendisk *disk);
void mpn_path_gone(struct mpn_path *path);

/* chr.c */
int mpn_open_chr(struct mpn_path *path);
void mpn_close_file(struct file *file);

/* ctrl.c */
struct mpn_ctrl *mpn_ctrl_get(struct mpn_path *path);
bool mpn_ctrl_put(struct mpn_ctrl *ctrl);
void mpn_ctrl_each(struct mpn_ctrl *ctrl,
		   void (*fn)(struct mpn_path *path, void *ctx), void *ctx);
void mpn_ctrl_join(struct mpn_path *path);
void mpn_ctrl_leave(struct mpn_path *path);
int mpn_admin_cmd(struct nvme_ctrl *ctrl, struct nvme_command *cmd, void *buf,
		  unsigned int len);
int mpn_identify_ns(struct nvme_ctrl *ctrl, u32 nsid, struct nvme_id_ns *id);
void mpn_ctrls_read_ana(void);
void mpn_ctrl_notice(struct nvme_ctrl *ctrl);

/* ana.c */
void mpn_ana_init(struct mpn_ctrl *ctrl, struct mpn_path *path);
void mpn_ana_stop(struct mpn_ctrl *ctrl);
void mpn_ana_without(struct mpn_path *path, void *ctx);
void mpn_ana_wait(struct mpn_path *path);
void mpn_ana_live(struct mpn_ctrl *ctrl);
void mpn_ana_request(struct mpn_ctrl *ctrl);
void mpn_ana_status(struct mpn_path *path, u16 status);
void mpn_ana_bio_error(struct mpn_path *path, blk_status_t error);
void mpn_path_tell(struct mpn_path *path);

/* ana_notice.c */
void mpn_ana_notice_start(struct module *nvme_core);
void mpn_ana_notice_stop(void);

/* grace.c */
bool mpn_head_keep(struct mpn_head *head, struct mpn_path *path);
struct mpn_head *mpn_head_find_kept(struct mpn_path *path);
void mpn_head_adopt(struct mpn_head *head, struct mpn_path *path);

/* head.c */
void mpn_head_unlink(struct mpn_head *head, struct nvme_ctrl *ctrl);
struct mpn_head *mpn_head_find(struct nvme_ns_head *ns_head);
int mpn_head_join(struct mpn_path *path, struct mpn_head **dead);
struct mpn_head *mpn_head_leave(struct mpn_path *path);
void mpn_head_destroy(struct mpn_head *head);

void mpn_head_hold(struct mpn_head *head);
void mpn_head_put(struct mpn_head *head);

/* look.c */
void mpn_look_init(struct mpn_ctrl *ctrl);
void mpn_look_stop(struct mpn_ctrl *ctrl);
void mpn_ctrl_look(struct mpn_ctrl *ctrl);
bool mpn_look_is_new(const struct mpn_ctrl *ctrl);
void mpn_look_done(struct mpn_ctrl *ctrl);
bool mpn_path_to_look(const struct mpn_path *path);
int mpn_look_before_join(struct mpn_path *path);

/* watch.c */
void mpn_heads_watch(void);
void mpn_heads_look(void);
void mpn_heads_unwatch(void);

/* effects.c */
int mpn_effects_lend(struct mpn_head *head, struct nvme_ctrl *ctrl);
void mpn_effects_move(struct mpn_head *head, struct nvme_ctrl *ctrl,
		      struct nvme_ns_head *ns_head);
void mpn_effects_return(struct mpn_head *head, struct nvme_ctrl *ctrl);
void mpn_effects_drain(void);

/* limits.c */
void mpn_limits_init(struct queue_limits *lim);

/* template.c */
bool mpn_path_disabled(struct mpn_path *path);
bool mpn_path_down(struct mpn_path *path);

/* uring.c; see command.h */
void mpn_uring_quiesce(void);
void mpn_poll_at(struct io_uring_cmd *ioucmd, struct request *req);
enum rq_end_io_ret mpn_driver_end_io(struct request *req, blk_status_t status);

/* failover.c */
int mpn_failover_start(void);
void mpn_failover_stop(void);
bool mpn_effects_of(struct mpn_path *path, u8 opcode, u32 *effects);
bool mpn_failover(struct mpn_path *path, struct request *req,
		  blk_status_t error, struct io_uring_cmd *ioucmd);
void mpn_set_failover(struct mpn_head *head, enum mpn_failover mode);
void mpn_failover_work(struct work_struct *work);
void mpn_failover_kick(struct mpn_head *head);
void mpn_failover_close(struct mpn_head *head);

/* sysfs.c */
extern const struct attribute_group *mpn_disk_groups[];

#endif /* MPN_H */
