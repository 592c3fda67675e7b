// SPDX-License-Identifier: GPL-2.0
// policy, set, fail and restore: what they write, and how they tell of errors. What the
// kernel does with it is tested in a guest (selftests/guest/mpathctl.sh).
#include "support.hpp"

#include <cerrno>

#include "control.hpp"

using namespace test;
using ::testing::HasSubstr;

namespace {

struct Control : OnATree {
	[[nodiscard]] std::string state(const char *head, const char *path) const
	{
		return read(std::string{"sys/block/"} + head + "/mpath_stats/" + path + "/state");
	}
};

TEST_F(Control, PolicyIsWrittenToTheHead)
{
	EXPECT_EQ(ctl({"policy", "nvme1001n1", "queue-depth"}).status, 0);
	EXPECT_EQ(read("sys/block/nvme1001n1/mpath_policy"), "queue-depth\n");
	EXPECT_EQ(read("sys/block/nvme1000n1/mpath_policy"), "numa\n");
}

TEST_F(Control, SetWritesWhatItWasGiven)
{
	const Result r = ctl({"set", "/dev/ng1000n1", "delayed_removal_secs", "30"});

	EXPECT_EQ(r.status, 0) << r.err;
	EXPECT_EQ(r.out, "");
	EXPECT_EQ(read("sys/block/nvme1000n1/delayed_removal_secs"), "30\n");
	EXPECT_EQ(ctl({"set", "nvme1000n1", "passthru_failover", "off"}).status, 0);
	EXPECT_EQ(read("sys/block/nvme1000n1/passthru_failover"), "off\n");
	EXPECT_EQ(ctl({"set", "nvme1000n1", "mpath_policy", "round-robin"}).status, 0);
	EXPECT_EQ(read("sys/block/nvme1000n1/mpath_policy"), "round-robin\n");
}

TEST_F(Control, OnlyAttributesOfOursCanBeSet)
{
	const Result r = ctl({"set", "nvme1000n1", "uevent", "add"});

	EXPECT_EQ(r.status, 2);
	EXPECT_THAT(r.err, HasSubstr("no attribute uevent"));
	EXPECT_EQ(ctl({"set", "nvme1000n1", "../nvme1001n1/mpath_policy", "numa"}).status, 2);
}

TEST_F(Control, AnAttributeThatTheHeadLacksIsNotMade)
{
	remove("sys/block/nvme1000n1/passthru_failover");

	const Result r = ctl({"set", "nvme1000n1", "passthru_failover", "off"});

	EXPECT_EQ(r.status, 1);
	EXPECT_EQ(r.err, "mpathctl: nvme1000n1: cannot set passthru_failover to 'off': this head has no "
			 "passthru_failover\n");
	EXPECT_FALSE(fs::exists(root() + "/sys/block/nvme1000n1/passthru_failover"));
}

TEST_F(Control, AnErrorOfTheKernelIsAFailure)
{
	link("sys/block/nvme1000n1/mpath_policy", "/dev/full");

	const Result r = ctl({"policy", "nvme1000n1", "numa"});

	EXPECT_EQ(r.status, 1);
	EXPECT_EQ(r.err, "mpathctl: nvme1000n1: cannot set mpath_policy to 'numa': No space left on device\n");
}

TEST_F(Control, FailAndRestore)
{
	EXPECT_EQ(ctl({"fail", "nvme1n1"}).status, 0);
	EXPECT_EQ(state("nvme1000n1", "nvme1n1"), "fail\n");
	EXPECT_EQ(state("nvme1000n1", "nvme0n1"), "usable\n");
	EXPECT_EQ(ctl({"restore", "/dev/nvme1n1"}).status, 0);
	EXPECT_EQ(state("nvme1000n1", "nvme1n1"), "restore\n");
}

TEST_F(Control, AControllerIsAllItsPaths)
{
	EXPECT_EQ(ctl({"fail", "nvme1"}).status, 0);
	EXPECT_EQ(state("nvme1000n1", "nvme1n1"), "fail\n");
	EXPECT_EQ(ctl({"restore", "nvme0", "nvme1"}).status, 0);
	EXPECT_EQ(state("nvme1000n1", "nvme1n1"), "restore\n");
	EXPECT_EQ(state("nvme1000n1", "nvme0n1"), "restore\n");
}

TEST_F(Control, TheLastPathThatCanBeUsedIsKept)
{
	Result r = ctl({"fail", "nvme2n1"});

	EXPECT_EQ(r.status, 1);
	EXPECT_THAT(r.err, HasSubstr("nvme1001n1 has no other path that can be used than nvme2n1"));
	EXPECT_EQ(state("nvme1001n1", "nvme2n1"), "usable\n");

	r = ctl({"fail", "nvme0n1", "nvme1n1"});
	EXPECT_EQ(r.status, 1) << "both at once";
	EXPECT_EQ(state("nvme1000n1", "nvme0n1"), "usable\n") << "then neither";

	set_path("nvme1000n1", "nvme1n1", "state", "blocked");
	EXPECT_EQ(ctl({"fail", "nvme0n1"}).status, 1);
	EXPECT_EQ(ctl({"fail", "nvme1n1"}).status, 0) << "that one carries nothing";

	EXPECT_EQ(ctl({"fail", "--force", "nvme0n1"}).status, 0);
	EXPECT_EQ(state("nvme1000n1", "nvme0n1"), "fail\n");
}

TEST_F(Control, AHeadIsNoPath)
{
	Result r = ctl({"fail", "nvme1000n1"});

	EXPECT_EQ(r.status, 1);
	EXPECT_EQ(r.err, "mpathctl: nvme1000n1 is a head, not a path; its paths are nvme0n1, nvme1n1\n");
	r = ctl({"restore", "nvme5n1"});
	EXPECT_EQ(r.status, 1);
	EXPECT_EQ(r.err, "mpathctl: no path nvme5n1; there are nvme0n1, nvme1n1, nvme2n1\n");
}

TEST_F(Control, WhoMayNotWriteIsToldSo)
{
	const auto as_nobody = [&](std::vector<std::string> arguments) {
		arguments.insert(arguments.begin(), {"--root", root()});
		return run({.arguments = arguments, .unprivileged = true});
	};

	if (::geteuid() != 0)
		for (const char *file : {"mpath_policy", "mpath_stats/nvme0n1/state"})
			fs::permissions(root() + "/sys/block/nvme1000n1/" + file, fs::perms::owner_read);

	Result r = as_nobody({"policy", "nvme1000n1", "queue-depth"});

	EXPECT_EQ(r.status, 1);
	EXPECT_EQ(r.err, "mpathctl: nvme1000n1: cannot set mpath_policy to 'queue-depth': not permitted; try again "
			 "as root\n");
	r = as_nobody({"fail", "nvme0n1"});
	EXPECT_EQ(r.status, 1);
	EXPECT_THAT(r.err, HasSubstr("cannot fail path nvme0n1: not permitted; try again as root"));
	EXPECT_EQ(read("sys/block/nvme1000n1/mpath_policy"), "numa\n");

	r = as_nobody({"list"});
	EXPECT_EQ(r.status, 0) << "reading is for everybody";
	EXPECT_EQ(r.out, ctl({"list"}).out);
	EXPECT_EQ(as_nobody({"doctor"}).status, 0);
}

TEST(Errors, AreSentences)
{
	using namespace mpathctl;

	EXPECT_EQ(explain_key("h", "mpath_policy", "best", EINVAL),
		  "h: cannot set mpath_policy to 'best': no policy of that name; there are numa, round-robin, "
		  "queue-depth, service-time");
	EXPECT_THAT(explain_key("h", "mpath_policy", "numa", EOPNOTSUPP), HasSubstr("driver does not allow"));
	EXPECT_THAT(explain_key("h", "delayed_removal_secs", "x", EINVAL), HasSubstr("not a number of seconds"));
	EXPECT_THAT(explain_key("h", "delayed_removal_secs", "9", ERANGE), HasSubstr("31536000"));
	EXPECT_THAT(explain_key("h", "passthru_failover", "x", EINVAL), HasSubstr("idempotent or off"));
	for (const char *key : {"mpath_policy", "delayed_removal_secs", "passthru_failover"}) {
		EXPECT_THAT(explain_key("h", key, "x", EACCES), HasSubstr("try again as root"));
		EXPECT_THAT(explain_key("h", key, "x", ENODEV), HasSubstr("not there (any more)"));
	}
	EXPECT_THAT(explain_state("p", "fail", EINVAL), HasSubstr("load newer ones"));
	EXPECT_THAT(explain_state("p", "fail", EACCES), HasSubstr("as root"));
	EXPECT_THAT(explain_state("p", "restore", ENODEV), HasSubstr("cannot restore path p: it is not there"));
}

} // namespace
