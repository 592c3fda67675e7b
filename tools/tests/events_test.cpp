// SPDX-License-Identifier: GPL-2.0
// Uevents: what is told of them. The socket itself is tested in a guest.
#include "support.hpp"

#include "uevent.hpp"

using namespace test;
using namespace mpathctl;
using nlohmann::json;

namespace {

/// 2026-01-31 23:59:59.123 UTC
const auto kWhen = std::chrono::system_clock::time_point{std::chrono::milliseconds{1769903999123}};

std::string message(std::initializer_list<const char *> entries)
{
	std::string text;

	for (const char *entry : entries)
		(text += entry) += '\0';
	return text;
}

const std::string kPath = message({"change@/devices/virtual/nvme-subsystem/nvme-subsys0/ng1000n1", "ACTION=change",
				   "SUBSYSTEM=mpath-generic", "MPATH_EVENT=path_state", "MPATH_HEAD=nvme1000n1",
				   "MPATH_PATH=nvme0n1", "MPATH_PATH_STATE=failed",
				   "MPATH_ACCESS_STATE=optimized", "MAJOR=240", "SEQNUM=1234"});

json line(const Event &event)
{
	const std::string text = json_line(event_json(event));

	EXPECT_EQ(text.find('\n'), text.size() - 1) << "one line";
	return json::parse(text);
}

struct Events : ::testing::Test {
	void SetUp() override
	{
		::setenv("TZ", "UTC", 1);
		::tzset();
	}
};

TEST_F(Events, OfAPath)
{
	const auto event = parse_uevent(kPath, kWhen);

	ASSERT_TRUE(event);
	EXPECT_EQ(event_text(*event, {}), "23:59:59.123 nvme1000n1 path nvme0n1 failed, optimized\n");

	const json seen = line(*event);

	EXPECT_EQ(against_schema("event", seen), "");
	EXPECT_EQ(seen, json::parse(R"({"schema_version": 1, "time": "2026-01-31T23:59:59.123Z", "seqnum": 1234,
		"event": "path_state", "head": "nvme1000n1", "path": "nvme0n1", "state": "failed",
		"access_state": "optimized"})"));
}

TEST_F(Events, OfAHead)
{
	const auto event = parse_uevent(message({"change@/x", "MPATH_EVENT=head_state", "MPATH_HEAD=nvme1000n1",
						 "MPATH_HEAD_STATE=no_path", "SEQNUM=7"}), kWhen);

	ASSERT_TRUE(event);
	EXPECT_EQ(event_text(*event, {}), "23:59:59.123 nvme1000n1 head no_path\n");
	EXPECT_EQ(against_schema("event", line(*event)), "");
	EXPECT_EQ(line(*event)["state"], "no_path");
}

TEST_F(Events, OfAKindThatIsNotKnownAreTold)
{
	const auto event = parse_uevent(
		message({"change@/x", "MPATH_EVENT=weather", "MPATH_HEAD=nvme1000n1", "MPATH_RAIN=1"}), kWhen);

	ASSERT_TRUE(event);
	EXPECT_EQ(event_text(*event, {}), "23:59:59.123 nvme1000n1 weather MPATH_RAIN=1\n");
	EXPECT_EQ(against_schema("event", line(*event)), "");
}

TEST_F(Events, OfOthersAreNotOurs)
{
	EXPECT_FALSE(parse_uevent("", kWhen));
	EXPECT_FALSE(parse_uevent(message({"add@/devices/x", "ACTION=add", "SUBSYSTEM=block"}), kWhen));
	EXPECT_FALSE(parse_uevent(message({"change@/x", "MPATH_EVENT=path_state"}), kWhen)) << "of which head?";
	EXPECT_FALSE(parse_uevent(std::string{"\0\0\0==\0=", 7}, kWhen));
	EXPECT_TRUE(parse_uevent(kPath.substr(0, kPath.size() - 1), kWhen)) << "without the last NUL";
}

TEST_F(Events, EachPrefixOfAMessageCanBeParsed)
{
	for (std::size_t n = 0; n <= kPath.size(); ++n)
		(void)parse_uevent(kPath.substr(0, n), kWhen);
}

TEST_F(Events, AreNotInARecordedTree)
{
	const Recorded tree;
	const Result r = test::ctl({"--root", tree.root(), "events"});

	EXPECT_EQ(r.status, 1);
	EXPECT_NE(r.err.find("recorded tree"), std::string::npos);
}

TEST_F(Events, EndWithTheirPipe)
{
	for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
		const Result r = run({.arguments = {"events"}, .meanwhile = [&](int pid, const auto &) {
			// until it does not die of it any more
			const std::string status = "/proc/" + std::to_string(pid) + "/status";

			while (read_file(status).find("SigBlk:\t0000000000004003") == std::string::npos)
				::usleep(1000);
			::kill(pid, signal);
		}});

		EXPECT_EQ(r.status, 0) << r.err;
		EXPECT_EQ(r.out, "");
	}
}

} // namespace
