// SPDX-License-Identifier: GPL-2.0
// What a template must have and must not have: one table, read by the C++
// compiler for the templates that mpath/backend.hpp makes and by the library in
// mpath_alloc_head_disk() for all others.
#pragma once

#include "abi.h"

// RULE(if_all, if_any, need, forbid, text), all but the text MPC_HAS_* bits.
// A macro and not only an array: a text has to be a literal where the compiler
// is to say it.
#define MPATH_TEMPLATE_RULES(RULE) \
	RULE(0, 0, MPC_HAS_TEMPLATE, 0, "mpdt is not set") \
	RULE(0, 0, MPC_HAS_LIMITS, 0, "no queue limits were given") \
	RULE(0, 0, MPC_HAS_PARENT, 0, "parent is not set") \
	RULE(0, 0, MPC_HAS_IOPOLICY, 0, "iopolicy is not set") \
	RULE(0, 0, MPC_HAS_DISK_GROUPS, 0, "disk_groups is not set") \
	RULE(0, 0, MPC_HAS_AVAILABLE_PATH, 0, "available_path is required") \
	RULE(0, 0, MPC_HAS_IS_DISABLED, 0, "is_disabled is required") \
	RULE(0, 0, MPC_HAS_IS_OPTIMIZED, 0, "is_optimized is required") \
	RULE(MPC_HAS_IOCTL_BEGIN, 0, MPC_HAS_IOCTL_FINISH, 0, "ioctl_begin needs ioctl_finish") \
	RULE(MPC_HAS_IOCTL_FINISH, 0, MPC_HAS_IOCTL_BEGIN, 0, "ioctl_finish needs ioctl_begin") \
	RULE(MPC_HAS_ADD_CDEV, 0, MPC_HAS_DEL_CDEV, 0, "add_cdev needs del_cdev") \
	RULE(MPC_HAS_DEL_CDEV, 0, MPC_HAS_ADD_CDEV, 0, "del_cdev needs add_cdev") \
	RULE(MPC_HAS_ADD_CDEV, 0, 0, MPC_HAS_CDEV_NAME, \
	     "add_cdev and cdev_name exclude each other") \
	RULE(0, MPC_HAS_ADD_CDEV | MPC_HAS_CDEV_NAME, MPC_HAS_CDEV_IOCTL, 0, \
	     "a char device needs cdev_ioctl") \
	RULE(MPC_HAS_CDEV_IOCTL, 0, MPC_HAS_ADD_CDEV | MPC_HAS_CDEV_NAME, 0, \
	     "cdev_ioctl needs add_cdev or cdev_name") \
	RULE(MPC_HAS_URING_CMD, 0, MPC_HAS_ADD_CDEV | MPC_HAS_CDEV_NAME, 0, \
	     "chr_uring_cmd needs a char device") \
	RULE(MPC_HAS_URING_IOPOLL, 0, MPC_HAS_URING_CMD, 0, \
	     "chr_uring_cmd_iopoll needs chr_uring_cmd") \
	RULE(MPC_HAS_GET_PATH, 0, MPC_HAS_PUT_PATH, 0, "get_path needs put_path") \
	RULE(MPC_HAS_PUT_PATH, 0, MPC_HAS_GET_PATH, 0, "put_path needs get_path") \
	RULE(MPC_HAS_FAILOVER, 0, MPC_HAS_GET_PATH, 0, "failover needs get_path") \
	RULE(MPC_HAS_FAILOVER, 0, 0, MPC_HAS_CLONE_BIO | MPC_HAS_CLONE_BIO_TO, \
	     "failover and clone_bio exclude each other") \
	RULE(MPC_HAS_PATH_ERROR, 0, MPC_HAS_FAILOVER, 0, "path_error needs failover") \
	RULE(MPC_HAS_KEEPS_PIN, 0, MPC_HAS_GET_PATH, 0, "keeping the pin needs get_path") \
	RULE(MPC_HAS_KEEPS_PIN, 0, MPC_HAS_URING_CMD, 0, "keeping the pin needs chr_uring_cmd") \
	RULE(MPC_HAS_RCU, 0, MPC_HAS_GET_PATH, 0, "RCU needs get_path") \
	RULE(MPC_HAS_POLICIES, 0, 0, MPC_HAS_POLICIES, "policies allows no policy") \
	RULE(MPC_HAS_CLONE_BIO, 0, 0, MPC_HAS_CLONE_BIO_TO, \
	     "clone_bio and clone_bio_to exclude each other")

namespace mpath {

struct TemplateRule {
	// The rule applies if all of `if_all` and one of `if_any` (or if_any is 0)
	// are there; then one of `need` must be, and none of `forbid` may be.
	unsigned int if_all;
	unsigned int if_any;
	unsigned int need;
	unsigned int forbid;
	const char *text;

	[[nodiscard]] constexpr bool broken_by(unsigned int has) const noexcept
	{
		if ((has & if_all) != if_all || (if_any && !(has & if_any)))
			return false;
		return (need && !(has & need)) || (has & forbid);
	}
};

inline constexpr TemplateRule kTemplateRules[] = {
#define MPATH_RULE(if_all, if_any, need, forbid, text) {if_all, if_any, need, forbid, text},
	MPATH_TEMPLATE_RULES(MPATH_RULE)
#undef MPATH_RULE
};

/// The text of the first rule that is broken, or nullptr.
///
/// @param has MPC_HAS_* bits: what is there
/// @context any; pure
[[nodiscard]] constexpr const char *first_broken_rule(unsigned int has) noexcept
{
	for (const TemplateRule &rule : kTemplateRules) {
		if (rule.broken_by(has))
			return rule.text;
	}
	return nullptr;
}

} // namespace mpath
