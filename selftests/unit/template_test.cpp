// SPDX-License-Identifier: GPL-2.0
// Which templates are accepted: the combinations against the sentences of
// include/linux/multipath.h, read by a person and not taken from the rule table.
#include "fakes/fake_kernel.hpp"

using namespace fake;

namespace {

int check(u32 has, const char **rule)
{
	*rule = "untouched";
	return mpc_template_check(has, rule);
}

/// One `has` word with names.
struct Given {
	explicit Given(u32 has)
		: available_path(has >> 0 & 1), is_disabled(has >> 1 & 1), is_optimized(has >> 2 & 1),
		  add_cdev(has >> 3 & 1), del_cdev(has >> 4 & 1), cdev_ioctl(has >> 5 & 1),
		  ioctl_begin(has >> 6 & 1), ioctl_finish(has >> 7 & 1), chr_uring_cmd(has >> 8 & 1),
		  chr_uring_cmd_iopoll(has >> 9 & 1), clone_bio(has >> 10 & 1),
		  clone_bio_to(has >> 11 & 1), cdev_name(has >> 12 & 1), get_path(has >> 13 & 1),
		  put_path(has >> 14 & 1), mpdt(has >> 15 & 1), disk_groups(has >> 16 & 1),
		  parent(has >> 17 & 1), iopolicy(has >> 18 & 1), lim(has >> 19 & 1),
		  failover(has >> 20 & 1), path_error(has >> 21 & 1), no_policy(has >> 22 & 1),
		  keeps_pin(has >> 23 & 1), rcu(has >> 24 & 1)
	{
	}
	bool available_path, is_disabled, is_optimized, add_cdev, del_cdev, cdev_ioctl, ioctl_begin,
		ioctl_finish, chr_uring_cmd, chr_uring_cmd_iopoll, clone_bio, clone_bio_to, cdev_name,
		get_path, put_path, mpdt, disk_groups, parent, iopolicy, lim, failover, path_error, no_policy,
		keeps_pin, rcu;
};

bool documented_as_valid(const Given &t)
{
	// mpath_alloc_head_disk(): "with parent, iopolicy, disk_groups and mpdt set",
	// "-EINVAL for a missing field"; lim: "queue limits to start from"
	if (!(t.parent && t.iopolicy && t.disk_groups && t.mpdt && t.lim))
		return false;
	// "Required."
	if (!t.available_path || !t.is_disabled || !t.is_optimized)
		return false;
	// add_cdev: "only together with del_cdev and cdev_ioctl"; del_cdev: "undo add_cdev"
	if (t.add_cdev && !(t.del_cdev && t.cdev_ioctl))
		return false;
	if (t.del_cdev && !t.add_cdev)
		return false;
	// cdev_name: "Not together with add_cdev"
	if (t.cdev_name && t.add_cdev)
		return false;

	// cdev_ioctl: "Required with add_cdev or cdev_name, forbidden without"
	const bool char_device = t.add_cdev || t.cdev_name;

	if (t.cdev_ioctl != char_device)
		return false;
	// "half of a pair is -EINVAL"
	if (t.ioctl_begin != t.ioctl_finish || t.get_path != t.put_path)
		return false;
	// commands come from a char device only, and only commands can be polled for
	if (t.chr_uring_cmd && !char_device)
		return false;
	if (t.chr_uring_cmd_iopoll && !t.chr_uring_cmd)
		return false;
	// MPATH_FEAT_FAILOVER: "Needs get_path; not together with clone_bio"
	if (t.failover && (!t.get_path || t.clone_bio || t.clone_bio_to))
		return false;
	// MPATH_FEAT_KEEPS_PIN: the pin of get_path, for chr_uring_cmd
	if (t.keeps_pin && (!t.get_path || !t.chr_uring_cmd))
		return false;
	// MPATH_FEAT_RCU: "Needs get_path"
	if (t.rcu && !t.get_path)
		return false;
	// path_error: "Only with MPATH_FEAT_FAILOVER"
	if (t.path_error && !t.failover)
		return false;
	// policies: a user must be able to choose something
	if (t.no_policy)
		return false;
	// clone_bio_to: "Not together with clone_bio"
	return !(t.clone_bio && t.clone_bio_to);
}

constexpr u32 kAlwaysNeeded = MPC_HAS_AVAILABLE_PATH | MPC_HAS_IS_DISABLED | MPC_HAS_IS_OPTIMIZED |
			      MPC_HAS_TEMPLATE | MPC_HAS_DISK_GROUPS | MPC_HAS_PARENT |
			      MPC_HAS_IOPOLICY | MPC_HAS_LIMITS;

TEST(Template, AllCombinationsAreJudgedAsDocumented)
{
	u32 valid = 0;

	static_assert(MPC_HAS_BITS == 25 && MPC_HAS_POLICIES == 1u << 22);
	for (u32 has = 0; has < 1u << MPC_HAS_BITS; ++has) {
		// of what is always needed: all, all but one, or nothing
		const u32 missing = kAlwaysNeeded & ~has;

		if (missing & (missing - 1) && missing != kAlwaysNeeded)
			continue;

		const char *rule;
		const int ret = check(has, &rule);
		const bool good = documented_as_valid(Given{has});

		if (good) {
			++valid;
			if (ret != 0 || rule)
				FAIL() << std::hex << "valid but refused: " << has << ": " << rule;
		} else if (ret != -MPC_EINVAL || !rule || !*rule) {
			FAIL() << std::hex << "invalid but accepted: " << has;
		}
	}
	// begin/finish free; no char device, or one of two kinds with three kinds of
	// commands; pins and cloning free, or failover with path_error or without. With pins
	// RCU is free, and with commands as well keeping them
	const u32 no_commands = 1 + 2, commands = 2 * 2, no_pins = 3, pins = 3 + 2;

	EXPECT_EQ(valid, 2 * (no_commands * (no_pins + 2 * pins) +
			      commands * (no_pins + 2 * 2 * pins)));
}

TEST(Template, TheSmallestValidOne)
{
	const char *rule;

	EXPECT_EQ(check(kAlwaysNeeded, &rule), 0);
	EXPECT_EQ(rule, nullptr);
}

struct Broken {
	u32 take;    // from a full template
	u32 add;     // to it
	const char *names; // what the rule's text must name
};

// A full template: everything but what excludes each other.
constexpr u32 kFull = ((1u << MPC_HAS_BITS) - 1) &
		      ~(MPC_HAS_ADD_CDEV | MPC_HAS_DEL_CDEV | MPC_HAS_CLONE_BIO |
			MPC_HAS_CLONE_BIO_TO | MPC_HAS_POLICIES);
constexpr u32 kFailover = MPC_HAS_FAILOVER | MPC_HAS_PATH_ERROR;
constexpr u32 kOwnCdev = MPC_HAS_ADD_CDEV | MPC_HAS_DEL_CDEV;

constexpr Broken kBroken[] = {
	{MPC_HAS_TEMPLATE, 0, "mpdt"},
	{MPC_HAS_LIMITS, 0, "limits"},
	{MPC_HAS_PARENT, 0, "parent"},
	{MPC_HAS_IOPOLICY, 0, "iopolicy"},
	{MPC_HAS_DISK_GROUPS, 0, "disk_groups"},
	{MPC_HAS_AVAILABLE_PATH, 0, "available_path"},
	{MPC_HAS_IS_DISABLED, 0, "is_disabled"},
	{MPC_HAS_IS_OPTIMIZED, 0, "is_optimized"},
	{MPC_HAS_IOCTL_BEGIN, 0, "ioctl_begin"},
	{MPC_HAS_IOCTL_FINISH, 0, "ioctl_finish"},
	{MPC_HAS_CDEV_NAME, MPC_HAS_ADD_CDEV, "del_cdev"},
	{0, MPC_HAS_DEL_CDEV, "add_cdev"},
	{0, kOwnCdev, "cdev_name"},
	{MPC_HAS_CDEV_IOCTL, 0, "cdev_ioctl"},
	{MPC_HAS_CDEV_IOCTL | MPC_HAS_CDEV_NAME, kOwnCdev, "cdev_ioctl"},
	{MPC_HAS_CDEV_NAME, 0, "cdev_name"},
	{MPC_HAS_CDEV_NAME | MPC_HAS_CDEV_IOCTL, 0, "chr_uring_cmd"},
	{MPC_HAS_URING_CMD, 0, "chr_uring_cmd_iopoll"},
	{MPC_HAS_URING_CMD | MPC_HAS_URING_IOPOLL, 0, "keeping the pin needs chr_uring_cmd"},
	{MPC_HAS_GET_PATH | MPC_HAS_PUT_PATH | kFailover | MPC_HAS_RCU, 0,
	 "keeping the pin needs get_path"},
	{MPC_HAS_GET_PATH | MPC_HAS_PUT_PATH | kFailover | MPC_HAS_KEEPS_PIN, 0,
	 "RCU needs get_path"},
	{MPC_HAS_PUT_PATH, 0, "put_path"},
	{MPC_HAS_GET_PATH, 0, "get_path"},
	{kFailover, MPC_HAS_CLONE_BIO | MPC_HAS_CLONE_BIO_TO, "clone_bio_to"},
	{MPC_HAS_GET_PATH | MPC_HAS_PUT_PATH, 0, "failover needs get_path"},
	{0, MPC_HAS_CLONE_BIO, "failover and clone_bio"},
	{0, MPC_HAS_CLONE_BIO_TO, "failover and clone_bio"},
	{MPC_HAS_FAILOVER, 0, "path_error"},
	{0, MPC_HAS_POLICIES, "policies"},
};

TEST(Template, TheRefusalNamesTheRule)
{
	const char *rule;

	EXPECT_EQ(check(kFull, &rule), 0);
	EXPECT_EQ(check((kFull & ~MPC_HAS_CDEV_NAME) | kOwnCdev, &rule), 0);
	for (const Broken &b : kBroken) {
		ASSERT_EQ(check((kFull & ~b.take) | b.add, &rule), -MPC_EINVAL) << b.names;
		EXPECT_NE(std::string{rule}.find(b.names), std::string::npos)
			<< rule << " does not name " << b.names;
	}
}

} // namespace
