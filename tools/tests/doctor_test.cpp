// SPDX-License-Identifier: GPL-2.0
// Each finding: made, seen, and gone when what it says is mended.
#include "support.hpp"

using namespace test;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

struct Doctor : OnATree {
	struct Seen {
		int status;
		json findings;
	};
	[[nodiscard]] Seen doctor() const
	{
		const Result r = ctl({"doctor", "--json"});
		const json all = json::parse(r.out);

		EXPECT_EQ(r.err, "");
		EXPECT_EQ(against_schema("diagnosis", all), "");
		return {r.status, all["findings"]};
	}
	/// Of the tree as it is, ids and subjects: "path_failed nvme0n1".
	[[nodiscard]] std::vector<std::string> problems() const
	{
		const Seen seen = doctor();
		std::vector<std::string> found;

		for (const json &f : seen.findings)
			if (f["severity"] == "problem")
				found.push_back(f["id"].get<std::string>() + " " + f["subject"].get<std::string>());
		EXPECT_EQ(seen.status, found.empty() ? 0 : 1);
		return found;
	}
	[[nodiscard]] std::string mend(const char *id) const
	{
		for (const json &f : doctor().findings)
			if (f["id"] == id)
				return f["mend"].is_null() ? "" : f["mend"];
		return "no such finding";
	}
	[[nodiscard]] bool noted(const char *id) const
	{
		for (const json &f : doctor().findings)
			if (f["id"] == id)
				return f["severity"] == "note";
		return false;
	}
};

TEST_F(Doctor, FindsNothingWrongWithTheRecordedTree)
{
	const Result r = ctl({"doctor"});

	EXPECT_EQ(r.status, 0);
	EXPECT_EQ(r.out, "note: nvme1001n1: it has one path only (nvme2n1)\n2 heads, 3 paths: no problem found\n");
}

TEST_F(Doctor, SaysWhatMendsIt)
{
	set_path("nvme1000n1", "nvme0n1", "state", "admin-failed");
	set_path("nvme1001n1", "nvme2n1", "state", "blocked");

	const Result r = ctl({"doctor"});

	EXPECT_EQ(r.status, 1);
	expect_golden("doctor.txt", r.out);
}

TEST_F(Doctor, NativeMultipathIsOn)
{
	write("sys/module/nvme_core/parameters/multipath", "Y\n");
	remove("sys/block/nvme1000n1");
	EXPECT_THAT(problems(), ElementsAre("native_multipath nvme_core"))
		<< "and that nothing is claimed goes without saying";
	EXPECT_THAT(mend("native_multipath"), HasSubstr("multipath=N"));
}

TEST_F(Doctor, AModuleIsNotLoaded)
{
	remove("sys/module/mpath_nvme");
	EXPECT_THAT(problems(), ElementsAre("not_loaded mpath_nvme"));
	remove("sys/module/libmultipath_cxx");
	EXPECT_THAT(problems(), ElementsAre("not_loaded libmultipath_cxx"));
	EXPECT_EQ(mend("not_loaded"), "modprobe mpath_nvme");
}

TEST_F(Doctor, TheModulesAreOfDifferentVersions)
{
	write("sys/module/mpath_nvme/version", "0.2\n");
	EXPECT_THAT(problems(), ElementsAre("version_mismatch mpath_nvme"));
	write("sys/module/libmultipath_cxx/version", "0.2\n");
	EXPECT_THAT(problems(), ElementsAre());
}

TEST_F(Doctor, EachStateThatIsNotUsableIsAProblem)
{
	const std::pair<const char *, const char *> states[] = {
		{"failed", "path_failed"},	     {"blocked", "path_blocked"},
		{"disabled", "path_disabled"},	     {"inaccessible", "path_inaccessible"},
		{"admin-failed", "path_admin_failed"}, {"unheard-of", "path_unusable"},
	};

	for (const auto &[state, id] : states) {
		set_path("nvme1000n1", "nvme1n1", "state", state);
		EXPECT_THAT(problems(), ElementsAre(std::string{id} + " nvme1n1")) << state;
	}
	set_path("nvme1000n1", "nvme1n1", "state", "admin-failed");
	EXPECT_EQ(mend("path_admin_failed"), "mpathctl restore nvme1n1");
	set_path("nvme1000n1", "nvme1n1", "state", "disabled");
	write("sys/class/nvme/nvme1/state", "connecting\n");
	EXPECT_THAT(doctor().findings[0]["text"].get<std::string>(), HasSubstr("its controller is connecting"));
	EXPECT_EQ(mend("path_disabled"), "nvme reset /dev/nvme1");
}

TEST_F(Doctor, NoPathCanBeUsed)
{
	set_path("nvme1000n1", "nvme0n1", "state", "blocked");
	set_path("nvme1000n1", "nvme1n1", "state", "disabled");
	EXPECT_THAT(problems(), ElementsAre("no_usable_path nvme1000n1", "path_blocked nvme0n1", "path_disabled nvme1n1"));
}

TEST_F(Doctor, AHeadWithoutPaths)
{
	detach("nvme1001n1", "nvme2n1");
	remove("sys/block/nvme2n1");
	EXPECT_THAT(problems(), ElementsAre("no_paths nvme1001n1"));
	EXPECT_THAT(mend("no_paths"), HasSubstr("mpathctl set nvme1001n1 delayed_removal_secs 0"));
}

TEST_F(Doctor, APathThatNobodyHoldsIsWorthAnotherLook)
{
	detach("nvme1000n1", "nvme1n1");
	EXPECT_THAT(problems(), ElementsAre("path_unclaimed nvme1n1"));
	EXPECT_THAT(mend("path_unclaimed"), HasSubstr("rescan"));
	write("sys/block/nvme1n1/hidden", "1\n");
	EXPECT_THAT(problems(), ElementsAre()) << "not for us";
	write("sys/block/nvme1n1/hidden", "0\n");
	write("sys/block/nvme1n1/queue/zoned", "host-managed\n");
	EXPECT_THAT(problems(), ElementsAre()) << "nor this";
}

TEST_F(Doctor, APathIsHeldByDeviceMapper)
{
	detach("nvme1000n1", "nvme1n1");
	write("sys/devices/virtual/block/dm-0/dm/name", "vg-root\n");
	link("sys/block/dm-0", "../devices/virtual/block/dm-0");
	link("sys/block/nvme1n1/holders/dm-0", "../../../../../../virtual/block/dm-0");
	EXPECT_THAT(problems(), ElementsAre("path_held nvme1n1"));
	EXPECT_THAT(ctl({"doctor"}).out, HasSubstr("nvme1000n1 lacks this path: it is held by dm-0 (vg-root)"));
}

TEST_F(Doctor, APartitionOfAPathIsMountedOrSwap)
{
	detach("nvme1000n1", "nvme1n1");
	write("sys/block/nvme1n1/nvme1n1p1/partition", "1\n");
	write("sys/block/nvme1n1/nvme1n1p1/dev", "259:9\n");
	write("proc/self/mountinfo", "36 35 259:9 / /srv/data rw,relatime shared:1 - ext4 /dev/nvme1n1p1 rw\n");
	EXPECT_THAT(problems(), ElementsAre("path_held nvme1n1"));
	EXPECT_THAT(ctl({"doctor"}).out, HasSubstr("held by the mount /srv/data"));
	write("proc/self/mountinfo", "");
	write("proc/swaps", "Filename Type Size Used Priority\n/dev/nvme1n1p1 partition 1 0 -2\n");
	EXPECT_THAT(ctl({"doctor"}).out, HasSubstr("held by swap"));
}

TEST_F(Doctor, ADiskWithOnePathThatIsInUseIsAsItShouldBe)
{
	detach("nvme1001n1", "nvme2n1");
	remove("sys/block/nvme1001n1");
	write("proc/self/mountinfo", "36 35 259:1 / / rw,relatime - ext4 /dev/nvme2n1 rw\n");
	EXPECT_THAT(problems(), ElementsAre());
	EXPECT_TRUE(noted("path_held"));
}

TEST_F(Doctor, PersistentLinksHaveToLeadToTheHead)
{
	link("dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_A", "../../nvme1n1");
	EXPECT_THAT(problems(), ElementsAre("link_to_path nvme1000n1"));
	EXPECT_THAT(mend("link_to_path"), ::testing::StartsWith("udevadm control"));
	remove("usr/lib/udev/rules.d/58-mpath-nvme-paths.rules");
	EXPECT_THAT(mend("link_to_path"), ::testing::StartsWith("make install"));
	for (const auto &entry : fs::directory_iterator{root() + "/dev/disk/by-id"})
		fs::remove(entry);
	EXPECT_THAT(problems(), ElementsAre("no_link nvme1000n1", "no_link nvme1001n1"));
	remove("dev/disk/by-id");
	EXPECT_THAT(problems(), ElementsAre()) << "there is no udev";
}

TEST_F(Doctor, WhatHasHappenedIsANote)
{
	write("sys/block/nvme1000n1/mpath_stats/failed", "3\n");
	EXPECT_TRUE(noted("bios_failed"));
	set_path("nvme1000n1", "nvme0n1", "ana_state", "unknown");
	EXPECT_TRUE(noted("ana_unknown"));
	EXPECT_THAT(problems(), ElementsAre());
}

TEST_F(Doctor, AnEmptyTreeIsNoReasonToFail)
{
	remove("sys");
	remove("proc");
	remove("dev");
	EXPECT_THAT(problems(), ElementsAre("not_loaded libmultipath_cxx"));
}

} // namespace
