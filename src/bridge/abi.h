/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Plain data that crosses the boundary between the C shim and the C++ core.
 *
 * Included by both languages and by the host unit tests; includes no kernel
 * header. Only fixed-width fields, pointers to opaque types and function
 * pointers. Each shared struct is followed by layout checks that both
 * compilers evaluate.
 */
#ifndef MPATH_BRIDGE_ABI_H
#define MPATH_BRIDGE_ABI_H

#include <mpath/abi.h>

#ifdef __cplusplus
using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using s32 = int;
using s64 = long long;
#endif

/* Opaque on the C++ side. */
struct mpath_head;
struct mpath_device;
struct mpath_gate;
struct bio;
struct io_uring_cmd;
struct block_device;

/* Opaque on the C side: the C++ objects inside head and path. */
struct mpc_head;
struct mpc_path;

/* Storage the C side reserves for them, in 8-byte words. */
#define MPC_HEAD_WORDS	96
#define MPC_PATH_WORDS	16
#define MPC_MAX_PATHS	64
/* Distance between two nodes' hints: no two nodes share a cache line. */
#define MPC_HINT_STRIDE	64

/* Values of enum mpath_access_state. */
#define MPC_ACCESS_OPTIMIZED	0
#define MPC_ACCESS_NONOPTIMIZED	1
#define MPC_ACCESS_OTHER	2

#define MPC_NO_NODE		(-1)

/* The longest grace period, a year: no conversion to ticks can overflow. */
#define MPC_MAX_SECONDS		31536000

/* A step of a command's wait for a path. */
#define MPC_PAUSE_MS		50

/* In issue_flags: the caller must not be kept. IO_URING_F_NONBLOCK. */
#define MPC_ISSUE_NONBLOCK	0x80000000u

/* errno values the core returns; checked against the kernel's. */
#define MPC_EIO			5
#define MPC_ENXIO		6
#define MPC_EAGAIN		11
#define MPC_ENOMEM		12
#define MPC_EBUSY		16
#define MPC_ENODEV		19
#define MPC_EINVAL		22
#define MPC_ENOTTY		25
#define MPC_ENOSPC		28
#define MPC_ERANGE		34
#define MPC_EOPNOTSUPP		95
#define MPC_ESHUTDOWN		108
#define MPC_EIOCBQUEUED		529

/* The head's life; see src/core/lifetime.hpp. */
#define MPC_STATE_NEW		0
#define MPC_STATE_ADDING	1
#define MPC_STATE_LIVE		2
#define MPC_STATE_LINGERING	3
#define MPC_STATE_EXPIRED	4
#define MPC_STATE_DYING		5
#define MPC_STATE_DEAD		6
#define MPC_STATE_COUNT		7

#define MPC_EVENT_SET_LIVE	0
#define MPC_EVENT_ADD_DONE	1
#define MPC_EVENT_ADD_FAILED	2
#define MPC_EVENT_REMOVE	3
#define MPC_EVENT_REMOVE_DONE	4
#define MPC_EVENT_PATH_ADDED	5
#define MPC_EVENT_LAST_LEFT	6	/* no path, and there is a grace period */
#define MPC_EVENT_GRACE_OVER	7
#define MPC_EVENT_COUNT		8

#define MPC_ACTION_NONE		0	/* go on */
#define MPC_ACTION_ADD_DISK	1	/* the caller adds disk and cdev */
#define MPC_ACTION_DEL_DISK	2	/* the caller takes them away */
#define MPC_ACTION_WAIT		3	/* until the state changes, then again */
#define MPC_ACTION_REFUSE	4	/* -ENODEV */
#define MPC_ACTION_BUG		5	/* cannot happen; state unchanged */
#define MPC_ACTION_ARM		6	/* pin the module, start the grace period */
#define MPC_ACTION_DISARM	7	/* stop it, unpin */
#define MPC_ACTION_REMOVE_NOW	8	/* the driver takes the head down */
#define MPC_ACTION_REMOVE_HEAD	9	/* call remove_head, then unpin */

/* What becomes of a bio. */
#define MPC_BIO_SENT		0
#define MPC_BIO_PARK		1	/* no usable path, but there may be one */
#define MPC_BIO_FAIL		2	/* no usable path */
#define MPC_BIO_DEAD		3	/* no head */
#define MPC_BIO_LATER		4	/* it is to wait a little */
#define MPC_BIO_NO_MEMORY	5	/* for a new bio, in the worker */

/* mpk_bio_forward() */
#define MPC_FORWARD_WORKER	(1u << 0)	/* from the requeue work: do not wait for memory */

/* After an error of a path: send the bio again, or is that the last word? */
#define MPC_TRY_DONE		0
#define MPC_TRY_AGAIN		1

/* The health of a path, for people; see src/core/health.hpp. */
#define MPC_HEALTH_OK		0
#define MPC_HEALTH_FAILED	1	/* waits for the time of its re-test */
#define MPC_HEALTH_TESTING	2	/* one bio has been sent to find out */
#define MPC_HEALTH_COUNT	3

/* Why a path must not be used, whatever its driver says. */
#define MPC_BLOCK_MISMATCH	(1u << 4)	/* other blocks or capacity than the head */
#define MPC_BLOCK_REGISTER	(1u << 5)	/* a registration has to be replayed first */
#define MPC_BLOCK_HOPELESS	(1u << 6)	/* and that was given up */
#define MPC_BLOCK_ADMIN		(1u << 7)	/* an administrator has said so */
#define MPC_BLOCK_BITS		(15u << 4)

/* Per-path counters; the gate has a set of them for each slot. */
#define MPC_COUNT_BIOS		0
#define MPC_COUNT_URING_CMDS	1
#define MPC_COUNT_IOCTLS	2
#define MPC_COUNT_SUBMIT_ERRORS	3
#define MPC_COUNT_FAILOVERS	4
#define MPC_COUNT_ERRORS	5	/* bios that came back with an error */
#define MPC_COUNT_BIOS_DONE	6	/* bios that came back */
#define MPC_COUNT_READ_BYTES	7
#define MPC_COUNT_WRITE_BYTES	8
#define MPC_COUNTERS		9

/*
 * The callbacks selection needs, called straight from the core: one call less
 * a path than through the bridge. bool is one byte in both languages.
 */
struct mpc_ops {
	bool (*available_path)(struct mpath_device *dev);
	bool (*is_disabled)(struct mpath_device *dev);
	bool (*is_optimized)(struct mpath_device *dev);
	bool (*get_path)(struct mpath_device *dev);	/* NULL: cannot pin */
	void (*put_path)(struct mpath_device *dev);
	bool (*get_first)(struct mpath_device *dev);	/* get_path for mpc_choose() */
	u32 has;					/* MPC_HAS_* */
	u32 pad;
};
MPATH_ABI_SIZE(struct mpc_ops, 56);
MPATH_ABI_OFF(struct mpc_ops, has, 48);

/* What the core keeps of a path; every pointer outlives the path. */
struct mpc_path_args {
	struct mpath_device *dev;
	const u32 *access_state;	/* &mpath_device.access_state */
	const s32 *nr_active;		/* the counter inside the atomic_t */
	s32 numa_node;			/* or MPC_NO_NODE */
	u32 blocked;			/* MPC_BLOCK_* that it starts with */
};
MPATH_ABI_SIZE(struct mpc_path_args, 32);
MPATH_ABI_OFF(struct mpc_path_args, numa_node, 24);

/* What a path is chosen for, in mpc_choose(). */
#define MPC_FOR_BIO		0
#define MPC_FOR_COMMAND		1

/* What mpc_choose() has chosen: a path that is pinned. */
struct mpc_choice {
	struct mpath_device *dev;	/* NULL: none */
	u64 policy;			/* that it was chosen by */
};
MPATH_ABI_SIZE(struct mpc_choice, 16);
MPATH_ABI_OFF(struct mpc_choice, policy, 8);

/* How far a bio has got. */
#define MPC_STAGE_EACH		0	/* each usable path once */
#define MPC_STAGE_LAST		1	/* one more, that is final */
#define MPC_STAGE_ANSWERED	2	/* the device has answered with an error: asked again */

/* The tries of one bio; all zero for a new one. */
struct mpc_try {
	u64 tried;	/* slots that gave an error in this pass */
	u64 not_before;	/* tick */
	u32 passes;	/* passes that ended without a usable path left */
	u16 stage;	/* MPC_STAGE_* */
	u16 answers;	/* errors of the device itself that were not taken for its last word */
};
MPATH_ABI_SIZE(struct mpc_try, 24);
MPATH_ABI_OFF(struct mpc_try, passes, 16);

/* One ioctl as it travels from a file to a path. */
struct mpc_ioctl_args {
	u64 arg;		/* the caller's, never looked at */
	struct block_device *bdev;	/* the head's; NULL: the char node */
	u32 cmd;
	u32 mode;		/* blk_mode_t of a block node */
	u32 open_for_write;
	u32 compat;
};
MPATH_ABI_SIZE(struct mpc_ioctl_args, 32);
MPATH_ABI_OFF(struct mpc_ioctl_args, cmd, 16);

#endif /* MPATH_BRIDGE_ABI_H */
