/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Persistent reservations through a head.
 *
 * What is registered where depends on the protocol. SCSI binds a key to the
 * I_T nexus, so each path has a registration of its own ("per path" below);
 * NVMe binds it to the host identifier that all controllers share ("per host").
 * The head does not know which it has. It does what is right for both: it asks a
 * path what it has, and takes a conflict for an answer, not for a failure.
 *
 * Files: pr.c has the operations, pr_register.c the one that goes to all paths,
 * pr_replay.c registers on paths that join or come back, pr_paths.c is the walk
 * over the paths that all of them use.
 */
#ifndef MPATH_LIB_PR_H
#define MPATH_LIB_PR_H

#include <linux/multipath.h>
#include <linux/mutex.h>
#include <linux/pr.h>
#include <linux/workqueue.h>

/**
 * struct mpath_pr - what a head knows of its reservations
 *
 * Part of the gate, not of the head: an operation whose path is pinned may be
 * under way when the head has gone already. Freed with the gate; @work is
 * cancelled by mpath_pr_drain(), after the gate was shut, and queued only in a
 * section in which the head was seen.
 *
 * Lock order: @lock, then a section of the gate's SRCU, then the head lock. The
 * head lock is held for copying the list of paths only; @lock alone is held
 * while a path works. So nothing that takes the head lock (adding and deleting
 * paths, removing the head) waits for a path; and nothing may be called with
 * the head lock held that takes @lock. @work only tries to take it: the head's
 * removal waits for @work, and so for a path that it registers on, but not for
 * what others do.
 *
 * @lock: one operation at a time. Guards what has no other note
 * @key: registered through the head, 0 if none is or if that is not known (the
 *	storage may remember one from before the module was loaded)
 * @old_key: was unregistered, but not on the paths that are blocked; or 0
 * @held: a reservation was made through this head
 * @type: of that reservation
 * @inconsistent: an operation could not be undone; paths may have other keys
 * @holder: slot of the path that made the reservation, -1 if not known. Head lock
 * @armed: a path that is added starts blocked, with MPC_BLOCK_REGISTER. Set
 *	before the list of paths is copied, under the same hold of the head lock:
 *	each path is in the copy or finds this set. Head lock
 * @work: the replay
 * @srcu: index of the section, -1 if it was left
 * @noio: saved flags of the task: bios may be waiting for what is done here
 * @name: of the head, for the log
 * @n: number of paths in @dev, of which the first @usable may be used
 * @usable: see @n
 * @dev: the paths, pinned or kept by the section; the holder first, if it can be
 *	used, then the better ones
 * @rank: see enum mpath_pr_rank
 */
struct mpath_pr {
	struct mutex		lock;
	u64			key;
	u64			old_key;
	bool			held;
	enum pr_type		type;
	bool			inconsistent;
	int			holder;
	bool			armed;
	struct delayed_work	work;
	/* the operation that has the lock */
	int			srcu;
	unsigned int		noio;
	char			name[DISK_NAME_LEN];
	unsigned int		n;
	unsigned int		usable;
	struct mpath_device	*dev[MPATH_MAX_PATHS];
	u8			rank[MPATH_MAX_PATHS];
};

extern const struct pr_ops mpath_pr_ops;

/* ---- for the rest of the library ---------------------------------------- */

void mpath_pr_init(struct mpath_pr *pr);
void mpath_pr_destroy(struct mpath_pr *pr);
void mpath_pr_drain(struct mpath_pr *pr);
u32 mpath_pr_path_added(struct mpath_pr *pr, unsigned int slot);
void mpath_pr_replay(struct mpath_device *dev);
void mpath_pr_event(struct mpath_device *dev);

/* ---- among pr*.c ---------------------------------------------------------- */

/* Which order the paths are tried in. */
enum mpath_pr_rank {
	MPATH_PR_HOLDER,
	MPATH_PR_GOOD,
	MPATH_PR_SPARE,
	MPATH_PR_UNUSABLE,
};

/* What an operation on one path came to. */
enum mpath_pr_result {
	MPATH_PR_OK,
	MPATH_PR_CONFLICT,
	MPATH_PR_NOT_SENT,	/* the path refused it: nothing has happened */
	MPATH_PR_LOST,		/* the path failed: it may have been executed */
	MPATH_PR_FAILED,	/* the device said no */
};

#define MPATH_PR_OP(op)	offsetof(struct pr_ops, op)

enum mpath_pr_result mpath_pr_judge(int ret);
bool mpath_pr_has(struct mpath_device *dev, size_t op);
bool mpath_pr_down(struct mpath_pr *pr, struct mpath_device *dev);

int mpath_pr_collect(struct mpath_pr *pr, bool arm);
int mpath_pr_begin(struct mpath_pr *pr, size_t op, bool arm);
void mpath_pr_end(struct mpath_pr *pr, long delay);
void mpath_pr_forget(struct mpath_pr *pr);
void mpath_pr_set_holder(struct mpath_pr *pr, struct mpath_device *dev);
void mpath_pr_block(struct mpath_pr *pr, struct mpath_device *dev);
void mpath_pr_unblock(struct mpath_pr *pr, struct mpath_device *dev);
void mpath_pr_changed(struct mpath_pr *pr);

int mpath_pr_call_register(struct mpath_device *dev, u64 old, u64 new,
			   u32 flags);
int mpath_pr_register(struct block_device *bdev, u64 old, u64 new, u32 flags);
int mpath_pr_count_keys(struct mpath_device *dev, u64 key, u32 *generation,
			unsigned int *count);
long mpath_pr_replay_all(struct mpath_pr *pr);
void mpath_pr_work(struct work_struct *work);

/* mpath_pr_end(): nothing to be done later */
#define MPATH_PR_NEVER	(-1L)

#endif /* MPATH_LIB_PR_H */
