// SPDX-License-Identifier: GPL-2.0
#include "template_check.hpp"

namespace mpath {
namespace {

struct Rule {
	// The rule applies if all of `if_all` and one of `if_any` (or if_any is 0)
	// are there; then one of `need` must be, and none of `forbid` may be.
	u32 if_all;
	u32 if_any;
	u32 need;
	u32 forbid;
	const char *text;
};

constexpr Rule kRules[] = {
	{0, 0, MPC_HAS_TEMPLATE, 0, "mpdt is not set"},
	{0, 0, MPC_HAS_LIMITS, 0, "no queue limits were given"},
	{0, 0, MPC_HAS_PARENT, 0, "parent is not set"},
	{0, 0, MPC_HAS_IOPOLICY, 0, "iopolicy is not set"},
	{0, 0, MPC_HAS_DISK_GROUPS, 0, "disk_groups is not set"},
	{0, 0, MPC_HAS_AVAILABLE_PATH, 0, "available_path is required"},
	{0, 0, MPC_HAS_IS_DISABLED, 0, "is_disabled is required"},
	{0, 0, MPC_HAS_IS_OPTIMIZED, 0, "is_optimized is required"},
	{MPC_HAS_IOCTL_BEGIN, 0, MPC_HAS_IOCTL_FINISH, 0, "ioctl_begin needs ioctl_finish"},
	{MPC_HAS_IOCTL_FINISH, 0, MPC_HAS_IOCTL_BEGIN, 0, "ioctl_finish needs ioctl_begin"},
	{MPC_HAS_ADD_CDEV, 0, MPC_HAS_DEL_CDEV, 0, "add_cdev needs del_cdev"},
	{MPC_HAS_DEL_CDEV, 0, MPC_HAS_ADD_CDEV, 0, "del_cdev needs add_cdev"},
	{MPC_HAS_ADD_CDEV, 0, 0, MPC_HAS_CDEV_NAME, "add_cdev and cdev_name exclude each other"},
	{0, MPC_HAS_ADD_CDEV | MPC_HAS_CDEV_NAME, MPC_HAS_CDEV_IOCTL, 0,
	 "a char device needs cdev_ioctl"},
	{MPC_HAS_CDEV_IOCTL, 0, MPC_HAS_ADD_CDEV | MPC_HAS_CDEV_NAME, 0,
	 "cdev_ioctl needs add_cdev or cdev_name"},
	{MPC_HAS_URING_CMD, 0, MPC_HAS_ADD_CDEV | MPC_HAS_CDEV_NAME, 0,
	 "chr_uring_cmd needs a char device"},
	{MPC_HAS_URING_IOPOLL, 0, MPC_HAS_URING_CMD, 0, "chr_uring_cmd_iopoll needs chr_uring_cmd"},
	{MPC_HAS_GET_PATH, 0, MPC_HAS_PUT_PATH, 0, "get_path needs put_path"},
	{MPC_HAS_PUT_PATH, 0, MPC_HAS_GET_PATH, 0, "put_path needs get_path"},
	{MPC_HAS_FAILOVER, 0, MPC_HAS_GET_PATH, 0, "failover needs get_path"},
	{MPC_HAS_FAILOVER, 0, 0, MPC_HAS_CLONE_BIO | MPC_HAS_CLONE_BIO_TO,
	 "failover and clone_bio exclude each other"},
	{MPC_HAS_PATH_ERROR, 0, MPC_HAS_FAILOVER, 0, "path_error needs failover"},
	{MPC_HAS_POLICIES, 0, 0, MPC_HAS_POLICIES, "policies allows no policy"},
	{MPC_HAS_CLONE_BIO, 0, 0, MPC_HAS_CLONE_BIO_TO, "clone_bio and clone_bio_to exclude each other"},
};

} // namespace

const char *broken_rule(u32 has) noexcept
{
	for (const Rule &rule : kRules) {
		if ((has & rule.if_all) != rule.if_all)
			continue;
		if (rule.if_any && !(has & rule.if_any))
			continue;
		if (rule.need && !(has & rule.need))
			return rule.text;
		if (has & rule.forbid)
			return rule.text;
	}
	return nullptr;
}

} // namespace mpath
