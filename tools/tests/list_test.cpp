// SPDX-License-Identifier: GPL-2.0
// list, show and their JSON, on a recorded tree.
#include "support.hpp"

using namespace test;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

struct List : OnATree {
	/// One path of each state that is not usable, as far as two paths go.
	void degrade() const
	{
		set_path("nvme1000n1", "nvme0n1", "state", "failed");
		set_path("nvme1000n1", "nvme0n1", "errors", "7");
		set_path("nvme1000n1", "nvme0n1", "failovers", "6");
		set_path("nvme1000n1", "nvme1n1", "ana_state", "non-optimized");
		set_path("nvme1000n1", "nvme1n1", "access_state", "non-optimized");
		set_path("nvme1000n1", "nvme1n1", "in_flight", "12");
		set_path("nvme1001n1", "nvme2n1", "state", "admin-failed");
	}
	[[nodiscard]] json list_json(std::vector<std::string> more = {}) const
	{
		more.insert(more.begin(), {"list", "--json"});

		const Result r = ctl(more);

		EXPECT_EQ(r.status, 0) << r.err;
		return json::parse(r.out);
	}
};

TEST_F(List, IsATreeOfHeadsAndPaths)
{
	const Result r = ctl({"list"});

	EXPECT_EQ(r.status, 0);
	EXPECT_EQ(r.err, "");
	expect_golden("list.txt", r.out);
}

TEST_F(List, IsWhatIsDoneWithoutACommand)
{
	EXPECT_EQ(ctl({}).out, ctl({"list"}).out);
}

TEST_F(List, TellsWhatIsWrong)
{
	degrade();
	expect_golden("list-degraded.txt", ctl({"list"}).out);
}

TEST_F(List, TakesNamesOfHeadsNodesAndPaths)
{
	for (const char *name : {"nvme1001n1", "/dev/nvme1001n1", "/dev/ng1001n1", "ng1001n1", "nvme2n1", "/dev/nvme2n1"}) {
		const Result r = ctl({"list", name});

		EXPECT_EQ(r.status, 0) << name;
		EXPECT_THAT(r.out, HasSubstr("nvme1001n1")) << name;
		EXPECT_THAT(r.out, Not(HasSubstr("nvme1000n1"))) << name;
	}
}

TEST_F(List, AnUnknownHeadIsAFailureThatNamesTheOthers)
{
	const Result r = ctl({"list", "nvme7n1"});

	EXPECT_EQ(r.status, 1);
	EXPECT_EQ(r.out, "");
	EXPECT_EQ(r.err, "mpathctl: no head nvme7n1; there are nvme1000n1, nvme1001n1\n");
}

TEST_F(List, WithoutAHeadItSaysSoOnStderr)
{
	remove("sys/block");

	const Result r = ctl({"list"});

	EXPECT_EQ(r.status, 0);
	EXPECT_EQ(r.out, "");
	EXPECT_THAT(r.err, HasSubstr("there is no head"));
	EXPECT_EQ(list_json(), json::parse(R"({"schema_version": 1, "heads": []})"));
}

TEST_F(List, APipeHasNoColoursATerminalHas)
{
	const std::vector<std::string> list{"--root", root(), "list"};

	degrade();
	EXPECT_THAT(run({list}).out, Not(HasSubstr("\033")));
	EXPECT_THAT(run({.arguments = list, .terminal = true}).out, HasSubstr("\033[31madmin-failed\033[0m"));
	EXPECT_THAT(run({.arguments = list, .environment = {{"NO_COLOR", "1"}}, .terminal = true}).out,
		    Not(HasSubstr("\033")));
	EXPECT_THAT(run({.arguments = list, .environment = {{"NO_COLOR", ""}}, .terminal = true}).out,
		    HasSubstr("\033")) << "empty is not set";
	EXPECT_THAT(run({.arguments = list, .environment = {{"TERM", "dumb"}}, .terminal = true}).out,
		    Not(HasSubstr("\033")));
	EXPECT_THAT(ctl({"list", "--color=always"}).out, HasSubstr("\033"));
	EXPECT_THAT(run({.arguments = {"--color=never", "--root", root()}, .terminal = true}).out,
		    Not(HasSubstr("\033")));
}

TEST_F(List, OnATerminalNoLineIsLongerThanItIsWide)
{
	const std::string out =
		run({.arguments = {"--color=never", "--root", root(), "show", "nvme1000n1"}, .terminal = true}).out;
	std::istringstream lines{out};
	std::string line;
	std::size_t longest = 0;

	while (std::getline(lines, line))
		longest = std::max(longest, line.find('\r'));
	EXPECT_GT(longest, 70u);
	EXPECT_LE(longest, 80u);
}

TEST_F(List, WithoutUtf8TheTreeIsAscii)
{
	const std::string out =
		run({.arguments = {"--root", root(), "list"}, .environment = {{"LC_ALL", "C"}}}).out;

	EXPECT_THAT(out, HasSubstr("`- nvme1n1"));
	for (const char c : out)
		EXPECT_GE(c, 0) << "a byte that is no ASCII";
}

TEST_F(List, JsonKeepsToItsSchema)
{
	expect_golden("list.json", ctl({"list", "--json"}).out);
	EXPECT_EQ(against_schema("report", list_json()), "");
	degrade();
	EXPECT_EQ(against_schema("report", list_json()), "");
	EXPECT_EQ(against_schema("report", list_json({"--interval", "0.05"})), "");
	EXPECT_EQ(against_schema("report", json::parse(ctl({"show", "--json", "nvme2n1"}).out)), "");
}

TEST_F(List, TheSchemaIsStrictEnoughToSeeAnError)
{
	json report = list_json();

	report["heads"][0]["paths"][1]["state"] = "broken";
	EXPECT_THAT(against_schema("report", report), HasSubstr("report.heads[0].paths[1].state: not one of"));
	report = list_json();
	report["heads"][0].erase("policy");
	EXPECT_EQ(against_schema("report", report), "report.heads[0]: no member policy");
	report = list_json();
	report["heads"][0]["colour"] = 1;
	EXPECT_EQ(against_schema("report", report), "report.heads[0]: not documented: colour");
}

TEST_F(List, JsonSaysNullOfWhatTheModulesDoNotTell)
{
	remove("sys/block/nvme1000n1/passthru_failover");
	remove("sys/block/nvme1000n1/mpath_stats/nvme0n1/ana_state");
	remove("sys/block/nvme0n1/device");
	write("sys/block/nvme1000n1/mpath_stats/nvme0n1/bios", "many\n");

	const json report = list_json(), &head = report["heads"][0], &path = head["paths"][0];

	EXPECT_EQ(against_schema("report", report), "");
	EXPECT_TRUE(head["passthru_failover"].is_null());
	EXPECT_TRUE(path["ana_state"].is_null());
	EXPECT_TRUE(path["controller"].is_null());
	EXPECT_TRUE(path["bios"].is_null());
	EXPECT_TRUE(path["rates"].is_null()) << "nothing was measured";
	EXPECT_EQ(path["ioctls"], 8);
}

TEST_F(List, WhatIsNoUtf8DoesNotBreakTheJson)
{
	write("sys/devices/virtual/nvme-subsystem/nvme-subsys1/model", "Caf\xe9\n");
	EXPECT_EQ(list_json()["heads"][0]["subsystem"]["model"], "Caf\ufffd");
}

TEST_F(List, TheStateOfAHeadIsThatOfItsPaths)
{
	const auto state = [&] { return list_json()["heads"][0]["state"].get<std::string>(); };

	EXPECT_EQ(state(), "live");
	set_path("nvme1000n1", "nvme0n1", "state", "disabled");
	EXPECT_EQ(state(), "degraded");
	set_path("nvme1000n1", "nvme1n1", "state", "blocked");
	EXPECT_EQ(state(), "no_path");
	set_path("nvme1000n1", "nvme1n1", "state", "failed");
	EXPECT_EQ(state(), "degraded") << "a failed path is used for want of others";
	detach("nvme1000n1", "nvme0n1");
	detach("nvme1000n1", "nvme1n1");
	EXPECT_EQ(state(), "lingering");
}

TEST_F(List, PathsAreInTheOrderOfTheirNumbers)
{
	fs::copy(root() + "/sys/block/nvme1000n1/mpath_stats/nvme0n1", root() + "/sys/block/nvme1000n1/mpath_stats/nvme10n1");

	const json report = list_json();
	std::vector<std::string> names;

	for (const json &path : report["heads"][0]["paths"])
		names.push_back(path["name"]);
	EXPECT_THAT(names, ::testing::ElementsAre("nvme0n1", "nvme1n1", "nvme10n1"));
}

TEST_F(List, WithAnIntervalThereAreRates)
{
	const Result r = run({.arguments = {"--root", root(), "list", "-i", "0.3"}});

	EXPECT_EQ(r.status, 0);
	EXPECT_THAT(r.out, HasSubstr("0 B/s"));
	EXPECT_EQ(ctl({"list", "-i", "0"}).status, 2);
	EXPECT_EQ(ctl({"list", "-i", "soon"}).status, 2);
}

TEST_F(List, ShowTellsAllOfOneHead)
{
	expect_golden("show.txt", ctl({"show", "nvme1000n1"}).out);
	EXPECT_EQ(ctl({"show"}).status, 2);
	EXPECT_EQ(ctl({"show", "nvme9n9"}).status, 1);
}

TEST_F(List, TheAttributeThatSendsACommandIsLeftAlone)
{
	// opening a FIFO to read would wait, were it not for O_NONBLOCK: so look at the access time
	write("sys/block/nvme1000n1/nuse", "5\n");

	const fs::path file = root() + "/sys/block/nvme1000n1/nuse";

	fs::permissions(file, fs::perms::none);
	EXPECT_EQ(ctl({"show", "nvme1000n1"}).status, 0);
	EXPECT_THAT(ctl({"show", "--json", "nvme1000n1"}).out, Not(HasSubstr("nuse")));
}

// Two samples of the same counters.
TEST(Rates, AreDifferencesOverTime)
{
	using namespace mpathctl;

	System before, now;
	Head head;
	Path path;

	path.name = "nvme0n1";
	path.counters[kReadBytes] = 1000;
	path.counters[kUringCmds] = 10;
	path.counters[kIoctls] = 5;
	path.counters[kErrors] = 3;
	head.name = "nvme1000n1";
	head.paths.push_back(path);
	before.heads.push_back(head);
	before.when = std::chrono::steady_clock::time_point{};

	now = before;
	now.when = before.when + std::chrono::seconds{2};
	now.heads[0].paths[0].counters[kReadBytes] = 5000;
	now.heads[0].paths[0].counters[kUringCmds] = 20;
	now.heads[0].paths[0].counters[kIoctls] = 7;
	now.heads[0].paths[0].counters[kErrors] = 1; // another path of that name
	now.heads[0].paths.push_back(path);
	now.heads[0].paths[1].name = "nvme1n1"; // a new one
	measure(now, before);

	const auto &rates = now.heads[0].paths[0].rates;

	ASSERT_TRUE(rates);
	EXPECT_DOUBLE_EQ(rates->reads, 2000);
	EXPECT_DOUBLE_EQ(rates->commands, 6);
	EXPECT_DOUBLE_EQ(rates->errors, 0) << "a counter that went back";
	EXPECT_DOUBLE_EQ(rates->writes, 0) << "a counter that is not there";
	EXPECT_FALSE(now.heads[0].paths[1].rates);
}

TEST(Text, HasUnitsThatPeopleRead)
{
	using namespace mpathctl;

	EXPECT_EQ(bytes(0.0), "0 B");
	EXPECT_EQ(bytes(1023.0), "1023 B");
	EXPECT_EQ(bytes(1536.0), "1.5 KiB");
	EXPECT_EQ(bytes(100.0 * 1024), "100 KiB");
	EXPECT_EQ(bytes(5e15), "4.4 PiB");
	EXPECT_EQ(bytes(Number{}), "-");
	EXPECT_EQ(count(999), "999");
	EXPECT_EQ(count(12345), "12.3 k");
	EXPECT_EQ(nanoseconds(Number{1500}), "1.5 us");
	EXPECT_EQ(nanoseconds(Number{2500000}), "2.5 ms");
	EXPECT_EQ(nanoseconds(Number{0}), "-");
}

} // namespace
