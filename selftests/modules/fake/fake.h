/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mpath_fake.ko: a driver of the library whose paths do what a test tells them.
 *
 * Everything is driven by /sys/kernel/debug/mpath_fake/control: one write is one
 * command, executed in the writer's context, so that several processes can race;
 * the write fails with the command's errno, and what a command has to say can
 * be read from the same open file. See control.c for the commands.
 */
#ifndef MPATH_FAKE_H
#define MPATH_FAKE_H

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/multipath.h>
#include <linux/mutex.h>
#include <linux/pr.h>
#include <linux/seq_file.h>
#include <linux/workqueue.h>

#define FAKE_NAME_LEN	32

/* ------------------------------------------------------------------ counts */

/* What is counted, for all of the module and for each path; see counts.c. */
#define FAKE_COUNTS(X)							\
	/* callbacks of the template */					\
	X(available_path) X(is_disabled) X(is_optimized)		\
	X(get_path) X(get_path_refused) X(put_path)			\
	X(remove_head) X(add_cdev) X(del_cdev) X(cdev_name)		\
	X(cdev_ioctl) X(ioctl_begin) X(ioctl_finish)			\
	X(uring_cmd) X(uring_iopoll) X(clone_bio) X(partition_ioctl)	\
	X(path_error)							\
	/* operations of a path's disk */				\
	X(bdev_ioctl) X(bdev_compat_ioctl) X(report_zones) X(getgeo)	\
	X(unique_id) X(pr_register) X(pr_reserve) X(pr_release)		\
	X(pr_preempt) X(pr_clear) X(pr_read_keys) X(pr_read_reservation) \
	/* bios as they arrive at a path */				\
	X(bios) X(reads) X(writes) X(flushes) X(discards) X(sectors)	\
	X(failfast) X(mpath_flag) X(nowait) X(polled) X(fua)	\
	X(alloc_cache) X(rahead) X(rahead_in_part)			\
	X(oversized) X(dead_bios)					\
	X(integrity_ok) X(integrity_bad)				\
	/* and as they leave */						\
	X(bios_done) X(bios_failed) X(bios_held) X(resv_conflicts)	\
	X(uring_done) X(uring_held)					\
	/* what must not happen, and when stop points gave up */	\
	X(wrong_context) X(freed_paths) X(stop_timeouts)		\
	/* not a sum */							\
	X(max_out)

enum fake_count {
#define X(name) FC_##name,
	FAKE_COUNTS(X)
#undef X
	FC_COUNT
};

struct fake_path;
struct fake_head;

/* Add one; @path may be NULL. Any context. */
void fake_count(struct fake_path *path, enum fake_count what);
void fake_count_add(struct fake_path *path, enum fake_count what, long n);
void fake_count_max(struct fake_path *path, enum fake_count what, long n);
void fake_counts_reset(void);
int fake_counts_show(struct seq_file *m, void *unused);
/* A callback that may sleep was called where one must not. */
void fake_may_sleep(struct fake_path *path);

/* ------------------------------------------------------------- stop points */

#define FAKE_POINTS(X)							\
	X(is_disabled) X(available_path) X(is_optimized)		\
	X(get_path) X(put_path) X(cdev_ioctl) X(bdev_ioctl)		\
	X(ioctl_begin) X(ioctl_finish) X(uring_cmd) X(clone_bio)	\
	X(path_submit) X(path_done) X(add_cdev) X(del_cdev) X(cdev_name) \
	X(remove_head) X(pr_register) X(pr_op) X(report_zones)		\
	X(path_error) X(getgeo) X(unique_id) X(not_ready) X(call) X(hold)	\
	X(attach)

enum fake_point {
#define X(name) FP_##name,
	FAKE_POINTS(X)
#undef X
	FP_COUNT
};

/*
 * Block the caller if the point is armed for @who (a path's or head's name),
 * until it is released, at most 20 seconds. Goes on at once in a context that
 * must not sleep.
 */
void fake_stop(enum fake_point point, const char *who);
int fake_stop_arm(const char *point, const char *who, unsigned int skip,
		  unsigned int threads);
int fake_stop_release(const char *point);
/* Wait until @threads are stopped there; -ETIMEDOUT. */
int fake_stop_wait(const char *point, unsigned int threads, unsigned int ms);
void fake_stop_release_all(void);
int fake_stop_show(struct seq_file *m, void *unused);

/* ------------------------------------------------- persistent reservations */

#define FAKE_MAX_REGISTRATIONS	64

struct fake_registration {
	char nexus[FAKE_NAME_LEN];
	u64 key;
};

/**
 * struct fake_pr - reservations of one logical unit
 * @scope_host: all paths of the head are one nexus (as NVMe with a host id),
 *	else each path is one (as SCSI); a path that comes back under its old
 *	name is the same nexus
 */
struct fake_pr {
	struct mutex lock;
	bool scope_host;
	u32 generation;
	unsigned int nr;
	struct fake_registration regs[FAKE_MAX_REGISTRATIONS];
	enum pr_type type;		/* 0: no reservation */
	char holder[FAKE_NAME_LEN];	/* a nexus; not used by all-registrants */
};

extern const struct pr_ops fake_pr_ops;
void fake_pr_init(struct fake_pr *pr, bool scope_host);
/* Does a reservation forbid this bio on this path? */
bool fake_pr_conflict(struct fake_path *path, struct bio *bio);
/* "register OLD NEW [ignore]" and so on by any nexus, also of another host. */
int fake_pr_command(struct fake_pr *pr, const char *nexus, int argc,
		    char **argv);
void fake_pr_show(struct fake_pr *pr, const char *head, struct seq_file *m);

/* ---------------------------------------------------------- store and head */

/**
 * struct fake_store - the data of one logical unit
 *
 * Owner: references of the head and of each path; so a path that is still in
 * use after its head has gone reads and writes what it should.
 */
struct fake_store {
	struct kref ref;
	u64 bytes;
	u8 *data;
	struct fake_pr pr;
};

struct fake_store *fake_store_create(u64 bytes, bool pr_scope_host);
void fake_store_get(struct fake_store *store);
void fake_store_put(struct fake_store *store);

/* How a head is made; see head.c for their names. All long: one parser. */
struct fake_head_options {
	long size;		/* MiB */
	long lbs;
	long pins;		/* get_path and put_path */
	long failover;		/* MPATH_FEAT_FAILOVER */
	long stack;		/* MPATH_FEAT_STACK_LIMITS */
	long plain;		/* MPATH_FEAT_PLAIN_BIOS */
	long clone_bio;
	long clone_bio_to;
	long lib_cdev;		/* cdev_name */
	long own_cdev;		/* add_cdev */
	long begin;		/* ioctl_begin and ioctl_finish */
	long uring;
	long iopoll;
	long remove_head;
	long path_error;
	long partition_ioctl;	/* allow this command on partitions */
	long policies;
	long policy;
	long integrity;
	long zoned;
	long max_sectors;
	long pr_host;
	long no_features;	/* neither NOWAIT nor POLL */
	long rcu;		/* MPATH_FEAT_RCU: no test stops in the callbacks it names */
	long keeps_pin;		/* MPATH_FEAT_KEEPS_PIN */
	/* may be changed later */
	long fail_cdev;		/* errno of add_cdev or cdev_name */
	long keep;		/* remove_head only counts */
	long no_clone;		/* clone_bio and clone_bio_to have no memory */
};

/**
 * struct fake_head - one logical unit
 *
 * Owner: the list of heads; who unlinks it takes it down. Its memory goes with the
 * device of its own char node if it has one, else after mpath_head_uninit().
 * Commands keep it by mpath_get_head(), for which they need fake_lock as long as
 * they look for it.
 *
 * @linked: commands find it; once it is not it still keeps its name until its
 *	nodes are gone; fake_lock
 */
struct fake_head {
	struct mpath_head mpath;
	struct list_head entry;		/* fake_lock */
	bool linked;
	char name[FAKE_NAME_LEN];
	enum mpath_iopolicy_e policy;
	struct fake_head_options opts;
	struct fake_store *store;
	bool cdev_device_ready;
};

static inline struct fake_head *to_fake_head(struct mpath_head *mpath)
{
	return container_of(mpath, struct fake_head, mpath);
}

/* Lists of heads and paths, and fake_path.head. Never held across the library. */
extern struct mutex fake_lock;
extern struct list_head fake_heads;
extern struct list_head fake_paths;
extern struct workqueue_struct *fake_wq;
extern struct device *fake_parent;

int fake_head_add(const char *name, int argc, char **argv);
int fake_head_del(const char *name);
/* True: nobody had, so the caller takes it down. */
bool fake_head_unlink(struct fake_head *head);
void fake_head_destroy(struct fake_head *head);
struct fake_head *fake_head_get(const char *name);
void fake_head_put(struct fake_head *head);
int fake_head_set(struct fake_head *head, int argc, char **argv);
void fake_heads_destroy(void);
int fake_put_race(unsigned int rounds);

/* ------------------------------------------------------------------- paths */

/* What a path does; see path.c for the names. All long: one parser. */
struct fake_settings {
	long disabled;
	long available;
	long optimized;		/* -1: as the access state says */
	long access;		/* through mpath_set_access_state() */
	long access_raw;	/* WRITE_ONCE */
	long delay_us;
	long error;		/* a blk_status_t */
	long error_count;	/* how often; -1: always */
	long error_ops;		/* 1 reads, 2 writes, 4 others */
	long hang;
	long capacity;		/* sectors */
	long outdated;		/* MPATH_DEVICE_OUTDATED */
	long inflight;		/* added to nr_active */
	long ro;
	long refuse;		/* errno of ioctls and commands */
	long refuse_count;	/* how often; -1: always */
	long refuse_get;	/* get_path says no */
	long ioctl_result;
	long uring;		/* FAKE_URING_* */
	long uring_result;
	long clone_failover;	/* clone_bio_to: use mpath_failover_bio() */
	long pr_error;
	long pr_error_count;
	long pr_error_op;	/* index of fake_pr_op_names, -1: all */
	long pr_lost;		/* pr_error after it was executed, not before */
	long lbs;
	long max_sectors;
	long splits;		/* sectors: its queue splits what is larger, by itself */
	/* when it is added only */
	long node;
	long zoned;
	long no_ioctl;
	long compat;
	long no_getgeo;
	long no_unique_id;
	long no_pr;
	long no_zones;
	long hidden;
};

#define FAKE_URING_INLINE	0	/* result at once */
#define FAKE_URING_LATER	1	/* from a timer, after delay_us */
#define FAKE_URING_HOLD		2	/* until released, at most 20 seconds */

/**
 * struct fake_path - one path
 *
 * Owner: @ref, counted by the list of paths, by commands, by the library's pins
 * (get_path) and by every bio or io_uring command that is out. The last one
 * lets the disk go from a work item, and the memory goes with the disk (its
 * free_disk), because whoever has the path's own node open uses @fops.
 * A head without pins does not tell when its last bio has arrived: its paths
 * are kept until the module is unloaded.
 *
 * @magic: FAKE_PATH_MAGIC until the memory is freed
 * @entry: for as long as its name is taken; fake_lock
 * @head: NULL before it is added and once it is deleted; fake_lock
 * @op: adding and deleting, each once
 * @added: the library was given it; commands find it from then on; fake_lock
 * @dead: on its way out, answers everything with an error
 * @held: bios of a path that hangs; @lock
 */
struct fake_path {
	struct mpath_device mpath;
	u32 magic;
	struct kref ref;
	struct list_head entry;
	char name[FAKE_NAME_LEN];
	struct fake_head *head;
	struct fake_store *store;
	struct gendisk *disk;
	struct block_device_operations fops;
	struct fake_settings set;
	struct mutex op;
	bool added;
	bool removed;
	bool dead;
	bool rcu;			/* MPATH_FEAT_RCU */
	bool keeps_pin;		/* MPATH_FEAT_KEEPS_PIN */
	bool counts_itself;	/* the library does not count nr_active */
	bool scope_host;
	bool integrity;
	atomic_t nr_active;
	atomic_t out;
	spinlock_t lock;
	struct bio_list held;
	struct work_struct free_work;
	atomic_long_t counts[FC_COUNT];
};

#define FAKE_PATH_MAGIC		0x66616b65

static inline struct fake_path *to_fake_path(struct mpath_device *mpath)
{
	return container_of(mpath, struct fake_path, mpath);
}

/*
 * fake_stop() in a callback that was given @path: it must be there before the
 * thread is held, and still after it (freed_paths counts).
 */
void fake_path_stop(enum fake_point point, struct fake_path *path);

int fake_path_add(const char *head, const char *name, int argc, char **argv);
/* @empty: was it the last one? */
int fake_path_remove(struct fake_path *path, bool *empty);
/* Found by name, with its head; both are given back together. */
struct fake_path *fake_path_get(const char *name, struct fake_head **head);
void fake_path_put(struct fake_path *path);
bool fake_path_tryget(struct fake_path *path);
void fake_put_path(struct mpath_device *dev);	/* the library's pin */
int fake_path_set(struct fake_path *path, int argc, char **argv);
/* Take one from a setting that counts down; -1 never ends. */
bool fake_take(long *count);
void fake_paths_wait_gone(void);

/* disk.c: the path's operations */
void fake_disk_fops(struct fake_path *path);
/* io.c: its bios */
void fake_submit_bio(struct bio *bio);
void fake_release_held(struct fake_path *path);
int fake_io_init(void);
void fake_io_exit(void);

/* template.c */
const struct mpath_head_template *
fake_template(const struct fake_head_options *opts);
void fake_templates_free(void);

/* clone.c: bios cloned by the driver */
struct bio *fake_clone_bio(struct bio *bio);
struct bio *fake_clone_bio_to(struct mpath_device *dev, struct bio *bio);
int fake_clone_init(void);
void fake_clone_exit(void);

/* chr.c */
int fake_cdev_name(struct mpath_head *mpath, char *buf, size_t len);
int fake_add_cdev(struct mpath_head *mpath);
void fake_del_cdev(struct mpath_head *mpath);
long fake_cdev_ioctl(struct mpath_device *dev, unsigned int cmd,
		     unsigned long arg, bool open_for_write);
long fake_ioctl(struct fake_path *path, unsigned int cmd, unsigned long arg,
		bool compat);
int fake_chr_init(void);
void fake_chr_exit(void);

/* uring.c */
int fake_uring_cmd(struct mpath_device *dev, struct io_uring_cmd *ioucmd,
		   unsigned int issue_flags);
int fake_uring_iopoll(struct io_uring_cmd *ioucmd, struct io_comp_batch *iob,
		      unsigned int poll_flags);
void fake_uring_release(void);

/* submit.c */
struct fake_result {
	char text[1024];
	size_t len;
};
__printf(2, 3) void fake_say(struct fake_result *res, const char *fmt, ...);
int fake_submit(struct fake_head *head, int argc, char **argv,
		struct fake_result *res);
/* pr_user.c */
int fake_pr_user(int argc, char **argv, struct fake_result *res);
/* Bytes of integrity data of the block at @sector. */
static inline u8 fake_integrity_byte(sector_t sector)
{
	return 0x5a ^ (u8)(sector >> 3);
}

/* order.c: which bio arrived where, in which order */
void fake_order_note(struct fake_path *path, struct bio *bio);
void fake_order_start(bool on);
int fake_order_show(struct seq_file *m, void *unused);

/* control.c */
int fake_control_init(void);
void fake_control_exit(void);

/* options.c: "name=value" or "name" words into structs of longs */
struct fake_option {
	const char *name;
	size_t offset;
	int (*parse)(const char *value, long *result);	/* NULL: a number */
};
int fake_options_parse(const struct fake_option *options, void *base,
		       const char *word, const struct fake_option **which);
int fake_parse_status(const char *value, long *result);
int fake_parse_errno(const char *value, long *result);
int fake_parse_pr_op(const char *value, long *result);

#endif /* MPATH_FAKE_H */
