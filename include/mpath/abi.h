/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What lets one header serve C and C++, and the library's constants in a form
 * that both read. Includes no kernel header where C++ reads it.
 */
#ifndef MPATH_ABI_H
#define MPATH_ABI_H

#ifdef __cplusplus
#define MPATH_NOEXCEPT noexcept
#define MPATH_ABI_ASSERT(cond) static_assert(cond, #cond)
#define MPATH_C_BEGIN extern "C" {
#define MPATH_C_END }
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

/* Values of enum mpath_iopolicy_e. */
#define MPC_POLICY_NUMA		0
#define MPC_POLICY_RR		1
#define MPC_POLICY_QD		2
#define MPC_POLICY_ST		3
#define MPC_POLICY_COUNT	4

/* MPATH_FEAT_* */
#define MPC_FEAT_PLAIN_BIOS	(1u << 0)
#define MPC_FEAT_FAILOVER	(1u << 1)
#define MPC_FEAT_STACK_LIMITS	(1u << 2)
#define MPC_FEAT_KEEPS_PIN	(1u << 3)
#define MPC_FEAT_RCU		(1u << 4)

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
#define MPC_HAS_FAILOVER	(1u << 20)	/* MPATH_FEAT_FAILOVER */
#define MPC_HAS_PATH_ERROR	(1u << 21)
#define MPC_HAS_POLICIES	(1u << 22)	/* a restriction that allows none */
#define MPC_HAS_KEEPS_PIN	(1u << 23)	/* MPATH_FEAT_KEEPS_PIN */
#define MPC_HAS_RCU		(1u << 24)	/* MPATH_FEAT_RCU */
#define MPC_HAS_BITS		25

/* Of these, what the head brings and no template can. */
#define MPC_HAS_OF_HEAD \
	(MPC_HAS_TEMPLATE | MPC_HAS_DISK_GROUPS | MPC_HAS_PARENT | \
	 MPC_HAS_IOPOLICY | MPC_HAS_LIMITS)

#endif /* MPATH_ABI_H */
