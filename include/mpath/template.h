/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct mpath_head_template for both languages.
 *
 * C has it from <linux/multipath.h>, which no C++ compiler can read; C++ makes
 * its own out of the list below. Both compilers check every line of the list:
 * C against the API's struct, C++ against the one it made. A field that is in
 * one of them only, has another type or lies elsewhere does not compile.
 */
#ifndef MPATH_TEMPLATE_H
#define MPATH_TEMPLATE_H

#include "abi.h"

#ifndef __cplusplus
#include <linux/multipath.h>
#else
using blk_status_t = unsigned char;
using size_t = decltype(sizeof(0));

/* Opaque here. Declared, or a parameter list would make a type of its own. */
struct attribute_group;
struct bio;
struct io_comp_batch;
struct io_uring_cmd;
struct mpath_device;
struct mpath_head;
struct mpath_path_attr;
#endif

/*
 * CALLBACK(offset, has, name, result, parameters)
 * DATA(offset, has, name, type)
 *
 * @has: the MPC_HAS_* bit that says "not NULL" to the rules in
 * template_rules.hpp; 0 if no rule speaks of the field.
 */
#define MPATH_TEMPLATE_FIELDS(CALLBACK, DATA) \
	CALLBACK(0, MPC_HAS_AVAILABLE_PATH, available_path, bool, \
		 (struct mpath_device *mpath_device)) \
	CALLBACK(8, MPC_HAS_IS_DISABLED, is_disabled, bool, \
		 (struct mpath_device *mpath_device)) \
	CALLBACK(16, MPC_HAS_IS_OPTIMIZED, is_optimized, bool, \
		 (struct mpath_device *mpath_device)) \
	CALLBACK(24, 0, remove_head, void, (struct mpath_head *mpath_head)) \
	CALLBACK(32, MPC_HAS_ADD_CDEV, add_cdev, int, \
		 (struct mpath_head *mpath_head)) \
	CALLBACK(40, MPC_HAS_DEL_CDEV, del_cdev, void, \
		 (struct mpath_head *mpath_head)) \
	CALLBACK(48, MPC_HAS_CDEV_IOCTL, cdev_ioctl, long, \
		 (struct mpath_device *mpath_device, unsigned int cmd, \
		  unsigned long arg, bool open_for_write)) \
	CALLBACK(56, MPC_HAS_IOCTL_BEGIN, ioctl_begin, void, \
		 (struct mpath_device *mpath_device, unsigned int cmd, \
		  void **opaque)) \
	CALLBACK(64, MPC_HAS_IOCTL_FINISH, ioctl_finish, void, (void *opaque)) \
	CALLBACK(72, MPC_HAS_URING_CMD, chr_uring_cmd, int, \
		 (struct mpath_device *mpath_device, \
		  struct io_uring_cmd *ioucmd, unsigned int issue_flags)) \
	CALLBACK(80, MPC_HAS_URING_IOPOLL, chr_uring_cmd_iopoll, int, \
		 (struct io_uring_cmd *ioucmd, struct io_comp_batch *iob, \
		  unsigned int poll_flags)) \
	CALLBACK(88, MPC_HAS_CLONE_BIO, clone_bio, struct bio *, \
		 (struct bio *bio)) \
	DATA(96, 0, device_groups, const struct attribute_group **) \
	CALLBACK(104, MPC_HAS_CDEV_NAME, cdev_name, int, \
		 (struct mpath_head *mpath_head, char *buf, size_t len)) \
	CALLBACK(112, MPC_HAS_GET_PATH, get_path, bool, \
		 (struct mpath_device *mpath_device)) \
	CALLBACK(120, MPC_HAS_PUT_PATH, put_path, void, \
		 (struct mpath_device *mpath_device)) \
	CALLBACK(128, MPC_HAS_CLONE_BIO_TO, clone_bio_to, struct bio *, \
		 (struct mpath_device *mpath_device, struct bio *bio)) \
	CALLBACK(136, 0, partition_ioctl, bool, (unsigned int cmd)) \
	DATA(144, 0, features, unsigned int) \
	DATA(148, 0, policies, unsigned int) \
	CALLBACK(152, MPC_HAS_PATH_ERROR, path_error, void, \
		 (struct mpath_device *mpath_device, blk_status_t status)) \
	DATA(160, 0, path_attrs, const struct mpath_path_attr *const *) \
	CALLBACK(168, 0, ioctl_again, bool, \
		 (struct mpath_device *mpath_device, unsigned int cmd, \
		  unsigned long arg, long ret)) \
	CALLBACK(176, 0, ioctl_waits, bool, (unsigned int cmd)) \
	CALLBACK(184, 0, ioctl_timeout_ms, unsigned int, \
		 (unsigned int cmd, unsigned long arg)) \
	CALLBACK(192, 0, uring_timeout_ms, unsigned int, \
		 (struct io_uring_cmd *ioucmd, unsigned int issue_flags))

/* Behind the last field. */
#define MPATH_TEMPLATE_SIZE	200

#ifdef __cplusplus
#define MPATH_CALLBACK(offset, has, name, result, parameters) result(*name) parameters;
#define MPATH_DATA(offset, has, name, type) type name;
struct mpath_head_template {
	MPATH_TEMPLATE_FIELDS(MPATH_CALLBACK, MPATH_DATA)
};
#undef MPATH_CALLBACK
#undef MPATH_DATA
#else
#define MPATH_CALLBACK(offset, has, name, result, parameters) \
	MPATH_DATA(offset, has, name, result (*)parameters)
#define MPATH_DATA(offset, has, name, type) \
	_Static_assert(__builtin_types_compatible_p( \
		__typeof__(((struct mpath_head_template *)0)->name), type), \
		#name " has another type than in mpath/template.h");
MPATH_TEMPLATE_FIELDS(MPATH_CALLBACK, MPATH_DATA)
#undef MPATH_CALLBACK
#undef MPATH_DATA

MPATH_ABI_ASSERT(MPC_FEAT_PLAIN_BIOS == MPATH_FEAT_PLAIN_BIOS);
MPATH_ABI_ASSERT(MPC_FEAT_FAILOVER == MPATH_FEAT_FAILOVER);
MPATH_ABI_ASSERT(MPC_FEAT_STACK_LIMITS == MPATH_FEAT_STACK_LIMITS);
MPATH_ABI_ASSERT(MPC_FEAT_KEEPS_PIN == MPATH_FEAT_KEEPS_PIN);
MPATH_ABI_ASSERT(MPC_FEAT_RCU == MPATH_FEAT_RCU);

MPATH_ABI_ASSERT(MPC_POLICY_NUMA == (unsigned int)MPATH_IOPOLICY_NUMA);
MPATH_ABI_ASSERT(MPC_POLICY_RR == (unsigned int)MPATH_IOPOLICY_RR);
MPATH_ABI_ASSERT(MPC_POLICY_QD == (unsigned int)MPATH_IOPOLICY_QD);
MPATH_ABI_ASSERT(MPC_POLICY_ST == (unsigned int)MPATH_IOPOLICY_ST);
#endif

#define MPATH_FIELD(offset, has, name, ...) \
	MPATH_ABI_OFF(struct mpath_head_template, name, offset);
MPATH_TEMPLATE_FIELDS(MPATH_FIELD, MPATH_FIELD)
#undef MPATH_FIELD
MPATH_ABI_SIZE(struct mpath_head_template, MPATH_TEMPLATE_SIZE);

#ifdef __cplusplus
#define MPATH_CONSTEXPR constexpr
#else
#define MPATH_CONSTEXPR
#endif

/* The part of mpath_template_has() that is no "is it NULL?". */
static inline MPATH_CONSTEXPR unsigned int
mpath_numbers_have(unsigned int features, unsigned int policies) MPATH_NOEXCEPT
{
	const unsigned int all = (1u << MPC_POLICY_COUNT) - 1;

	return (features & MPC_FEAT_FAILOVER ? MPC_HAS_FAILOVER : 0u) |
	       (features & MPC_FEAT_KEEPS_PIN ? MPC_HAS_KEEPS_PIN : 0u) |
	       (features & MPC_FEAT_RCU ? MPC_HAS_RCU : 0u) |
	       (policies && !(policies & all) ? MPC_HAS_POLICIES : 0u);
}

/**
 * mpath_template_has() - what is in a template, for the rules
 * @t: not NULL
 * Return: MPC_HAS_* bits, without those of %MPC_HAS_OF_HEAD.
 */
static inline unsigned int
mpath_template_has(const struct mpath_head_template *t) MPATH_NOEXCEPT
{
#define MPATH_FIELD(offset, has, name, ...) (t->name ? (has) : 0u) |
	return MPATH_TEMPLATE_FIELDS(MPATH_FIELD, MPATH_FIELD)
	       mpath_numbers_have(t->features, t->policies);
#undef MPATH_FIELD
}

#undef MPATH_CONSTEXPR

#endif /* MPATH_TEMPLATE_H */
