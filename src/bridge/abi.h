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

#ifdef __cplusplus
#define MPATH_NOEXCEPT noexcept
#define MPATH_ABI_ASSERT(cond) static_assert(cond, #cond)
#define MPATH_C_BEGIN extern "C" {
#define MPATH_C_END }
using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using s32 = int;
using s64 = long long;
#else
#include <linux/build_bug.h>
#include <linux/types.h>
#define MPATH_NOEXCEPT
#define MPATH_ABI_ASSERT(cond) _Static_assert(cond, #cond)
#define MPATH_C_BEGIN
#define MPATH_C_END
#endif

#define MPATH_ABI_SIZE(type, n) MPATH_ABI_ASSERT(sizeof(type) == (n))
#define MPATH_ABI_OFF(type, field, n) \
	MPATH_ABI_ASSERT(__builtin_offsetof(type, field) == (n))

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
#define MPC_PATH_WORDS	8
#define MPC_MAX_PATHS	64
/* Distance between two nodes' hints: no two nodes share a cache line. */
#define MPC_HINT_STRIDE	64

/* Values of enum mpath_iopolicy_e. */
#define MPC_POLICY_NUMA		0
#define MPC_POLICY_RR		1
#define MPC_POLICY_QD		2
#define MPC_POLICY_COUNT	3

/* Values of enum mpath_access_state. */
#define MPC_ACCESS_OPTIMIZED	0
#define MPC_ACCESS_NONOPTIMIZED	1
#define MPC_ACCESS_OTHER	2

#define MPC_NO_NODE		(-1)

/* errno values the core returns; checked against the kernel's. */
#define MPC_EIO			5
#define MPC_ENXIO		6
#define MPC_EAGAIN		11
#define MPC_ENODEV		19
#define MPC_EINVAL		22
#define MPC_ENOTTY		25
#define MPC_ENOSPC		28
#define MPC_EOPNOTSUPP		95
#define MPC_ESHUTDOWN		108
#define MPC_EIOCBQUEUED		529

/* What a template and head bring along, for the validation. */
#define MPC_HAS_AVAILABLE_PATH	(1u << 0)
#define MPC_HAS_IS_DISABLED	(1u << 1)
#define MPC_HAS_IS_OPTIMIZED	(1u << 2)
#define MPC_HAS_ADD_CDEV	(1u << 3)
#define MPC_HAS_DEL_CDEV	(1u << 4)
#define MPC_HAS_CDEV_IOCTL	(1u << 5)
#define MPC_HAS_IOCTL_BEGIN	(1u << 6)
#define MPC_HAS_IOCTL_FINISH	(1u << 7)
#define MPC_HAS_URING_CMD	(1u << 8)
#define MPC_HAS_URING_IOPOLL	(1u << 9)
#define MPC_HAS_CLONE_BIO	(1u << 10)
#define MPC_HAS_CLONE_BIO_TO	(1u << 11)
#define MPC_HAS_CDEV_NAME	(1u << 12)
#define MPC_HAS_GET_PATH	(1u << 13)
#define MPC_HAS_PUT_PATH	(1u << 14)
#define MPC_HAS_TEMPLATE	(1u << 15)
#define MPC_HAS_DISK_GROUPS	(1u << 16)
#define MPC_HAS_PARENT		(1u << 17)
#define MPC_HAS_IOPOLICY	(1u << 18)
#define MPC_HAS_LIMITS		(1u << 19)
#define MPC_HAS_BITS		20

/* The head's life; see src/core/lifetime.hpp. */
#define MPC_STATE_NEW		0
#define MPC_STATE_ADDING	1
#define MPC_STATE_LIVE		2
#define MPC_STATE_DYING		3
#define MPC_STATE_DEAD		4
#define MPC_STATE_COUNT		5

#define MPC_EVENT_SET_LIVE	0
#define MPC_EVENT_ADD_DONE	1
#define MPC_EVENT_ADD_FAILED	2
#define MPC_EVENT_REMOVE	3
#define MPC_EVENT_REMOVE_DONE	4
#define MPC_EVENT_COUNT		5

#define MPC_ACTION_NONE		0	/* go on */
#define MPC_ACTION_ADD_DISK	1	/* the caller adds disk and cdev */
#define MPC_ACTION_DEL_DISK	2	/* the caller takes them away */
#define MPC_ACTION_WAIT		3	/* until the state changes, then again */
#define MPC_ACTION_REFUSE	4	/* -ENODEV */
#define MPC_ACTION_BUG		5	/* cannot happen; state unchanged */

/* Per-path counters; the gate has a set of them for each slot. */
#define MPC_COUNT_BIOS		0
#define MPC_COUNT_URING_CMDS	1
#define MPC_COUNT_IOCTLS	2
#define MPC_COUNT_SUBMIT_ERRORS	3
#define MPC_COUNT_FAILOVERS	4
#define MPC_COUNTERS		5

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
	u32 has;					/* MPC_HAS_* */
	u32 pad;
};
MPATH_ABI_SIZE(struct mpc_ops, 48);
MPATH_ABI_OFF(struct mpc_ops, has, 40);

/* What the core keeps of a path; every pointer outlives the path. */
struct mpc_path_args {
	struct mpath_device *dev;
	const u32 *access_state;	/* &mpath_device.access_state */
	const s32 *nr_active;		/* the counter inside the atomic_t */
	s32 numa_node;			/* or MPC_NO_NODE */
	u32 pad;
};
MPATH_ABI_SIZE(struct mpc_path_args, 32);
MPATH_ABI_OFF(struct mpc_path_args, numa_node, 24);

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
