// SPDX-License-Identifier: GPL-2.0
// What holds for every policy, and the names.
#include "fakes/fake_kernel.hpp"

#include <algorithm>
#include <random>
#include <string_view>

#include "policies.hpp"

using namespace fake;
using namespace std::string_view_literals;

namespace {

struct AnyPolicy : CoreTest, ::testing::WithParamInterface<u32> {
	void SetUp() override
	{
		CoreTest::SetUp();
		world->set_policy(GetParam());
	}
};

// 4 and 0xffffffff stand for a variable that was never set rightly.
INSTANTIATE_TEST_SUITE_P(Policies, AnyPolicy,
			 ::testing::Values(0u, 1u, 2u, 3u, 4u, 0xffffffffu),
			 [](const auto &param) {
				 std::string name = mpc_policy_name(param.param);

				 std::erase(name, '-');
				 return name + (param.param > 4 ? "Max" : "");
			 });

TEST_P(AnyPolicy, NoPathAtAll)
{
	EXPECT_EQ(world->pick(), nullptr);
	EXPECT_EQ(mpc_path_count(world->core()), 0u);
}

TEST_P(AnyPolicy, SixtyFourPathsAndTheNextIsRefused)
{
	int err = 0;

	for (int i = 0; i < MPC_MAX_PATHS; ++i) {
		EXPECT_EQ(mpc_path_next_slot(world->core()), i);
		EXPECT_EQ(world->add({.disabled = true}).slot, i);
	}
	EXPECT_EQ(mpc_path_next_slot(world->core()), -MPC_ENOSPC);
	EXPECT_EQ(world->try_add({}, &err), nullptr);
	EXPECT_EQ(err, -MPC_ENOSPC);
	EXPECT_EQ(mpc_path_count(world->core()), 64u);

	// each of them can be chosen
	for (mpath_device *path : world->paths()) {
		path->disabled = false;
		EXPECT_EQ(world->pick(), path);
		path->disabled = true;
	}
	EXPECT_EQ(world->pick(), nullptr);
}

TEST_P(AnyPolicy, ARefusedPathLeavesTheOthersAsTheyWere)
{
	const auto paths = add_paths(MPC_MAX_PATHS);

	EXPECT_EQ(world->try_add({}), nullptr);
	for (u32 i = 0; i < MPC_MAX_PATHS; ++i) {
		EXPECT_EQ(world->pick(~(1ull << i)), paths[i]);
	}
}

TEST_P(AnyPolicy, TheLowestFreeSlotIsReused)
{
	const auto paths = add_paths(8);

	world->del(*paths[6]);
	world->del(*paths[2]);
	EXPECT_EQ(mpc_path_next_slot(world->core()), 2);
	EXPECT_EQ(world->add().slot, 2);
	EXPECT_EQ(world->add().slot, 6);
	EXPECT_EQ(world->add().slot, 8);
	EXPECT_EQ(mpc_path_count(world->core()), 9u);
}

TEST_P(AnyPolicy, EachPathIsExcludedByItsOwnBit)
{
	const auto paths = add_paths(MPC_MAX_PATHS);
	u64 tried = 0;

	// as a command that every path refuses goes round
	for (u32 i = 0; i < MPC_MAX_PATHS; ++i) {
		const mpath_device *path = world->pick(tried);

		ASSERT_NE(path, nullptr);
		EXPECT_FALSE(tried >> path->slot & 1);
		tried |= 1ull << path->slot;
	}
	EXPECT_EQ(tried, ~0ull);
	EXPECT_EQ(world->pick(tried), nullptr);
}

TEST_P(AnyPolicy, APathRemovedInMidLookIsNotLookedAt)
{
	const auto paths = add_paths(4);

	for (mpath_device *path : paths)
		path->disabled = true;
	paths[0]->on_disabled = [&] {
		paths[0]->on_disabled = nullptr;
		world->unlink(*paths[1]);
		world->unlink(*paths[3]);
	};
	EXPECT_EQ(world->pick(), nullptr);
	EXPECT_EQ(paths[1]->disabled_calls, 0u);
	EXPECT_EQ(paths[2]->disabled_calls, 2u); // once more, as the table changed
	EXPECT_EQ(paths[3]->disabled_calls, 0u);
	world->reap();
}

TEST_P(AnyPolicy, APathThatReplacesAnotherInMidLookIsFound)
{
	const auto paths = add_paths(3);
	mpath_device *fresh = nullptr;

	paths[0]->disabled = true;
	paths[2]->disabled = true;
	paths[0]->on_disabled = [&] {
		paths[0]->on_disabled = nullptr;
		fresh = &world->add(); // slot 3: not in the snapshot
		world->unlink(*paths[1]);
	};
	EXPECT_EQ(world->pick(), fresh);
	EXPECT_NE(fresh, nullptr);
	world->reap();
}

TEST_P(AnyPolicy, APathRemovedInItsOwnLookIsStillSafe)
{
	mpath_device &path = world->add();

	path.on_disabled = [&] { world->unlink(path); };

	// it may be chosen: the section keeps it until the I/O is on its way
	const mpath_device *chosen = world->pick();

	EXPECT_TRUE(!chosen || chosen == &path);
	path.on_disabled = nullptr;
	// a hint that now points to an empty slot leads nowhere
	EXPECT_EQ(world->pick(), nullptr);
	world->reap();
	EXPECT_EQ(world->pick(), nullptr);
}

TEST_P(AnyPolicy, AHintToAnEmptySlotFindsAnotherPath)
{
	const auto paths = add_paths(3);

	paths[1]->disabled = paths[2]->disabled = true;
	paths[0]->on_disabled = [&] {
		paths[0]->on_disabled = nullptr;
		world->unlink(*paths[0]);
	};
	(void)world->pick(); // the hint is set after the path has gone
	paths[1]->disabled = paths[2]->disabled = false;
	EXPECT_EQ(world->pick(), paths[1]);
	world->reap();
}

TEST_P(AnyPolicy, ASlotReusedInMidLookGivesTheNewPathOrNone)
{
	const auto paths = add_paths(2);
	mpath_device *fresh = nullptr;

	paths[0]->disabled = true;
	paths[0]->on_disabled = [&] {
		paths[0]->on_disabled = nullptr;
		world->unlink(*paths[1]);
		fresh = &world->add();
	};

	const mpath_device *chosen = world->pick();

	ASSERT_NE(fresh, nullptr);
	EXPECT_EQ(fresh->slot, 1);
	EXPECT_EQ(chosen, fresh);
	EXPECT_EQ(paths[1]->disabled_calls, 0u);
	world->reap();
	EXPECT_EQ(world->pick(), fresh);
}

TEST_P(AnyPolicy, AHintToAReusedSlotIsCheckedAnew)
{
	const auto paths = add_paths(2);

	paths[1]->disabled = true;
	paths[0]->on_disabled = [&] { world->unlink(*paths[0]); };
	(void)world->pick(); // leaves a hint to slot 0, behind the removal
	world->reap();

	mpath_device &fresh = world->add({.disabled = true});

	EXPECT_EQ(fresh.slot, 0);
	EXPECT_EQ(world->pick(), nullptr);
	paths[1]->disabled = false;
	EXPECT_EQ(world->pick(), paths[1]);
	fresh.disabled = false;
	paths[1]->disabled = true;
	EXPECT_EQ(world->pick(), &fresh);
}

TEST_P(AnyPolicy, APathAddedInMidLookIsFoundNextTime)
{
	mpath_device &first = world->add({.disabled = true});
	mpath_device *fresh = nullptr;

	first.on_disabled = [&] {
		first.on_disabled = nullptr;
		fresh = &world->add();
	};

	const mpath_device *chosen = world->pick();

	EXPECT_TRUE(!chosen || chosen == fresh);
	EXPECT_EQ(world->pick(), fresh);
}

TEST_P(AnyPolicy, EveryPathReplacedInMidLookEnds)
{
	const auto paths = add_paths(MPC_MAX_PATHS);

	for (mpath_device *path : paths)
		path->disabled = true;
	paths[0]->on_disabled = [&] {
		paths[0]->on_disabled = nullptr;
		for (mpath_device *path : paths)
			world->unlink(*path);
		for (u32 i = 0; i < MPC_MAX_PATHS; ++i)
			world->add({.disabled = true});
	};
	EXPECT_EQ(world->pick(), nullptr);
	for (mpath_device *path : world->paths())
		EXPECT_LE(path->disabled_calls, 1u);
	world->reap();
}

TEST_P(AnyPolicy, StatesThatFlipInEveryLookEnd)
{
	const auto paths = add_paths(16);

	for (mpath_device *path : paths)
		path->on_disabled = [path] {
			path->disabled = !path->disabled;
			path->access(path->access_state ^ 1);
		};
	for (u32 i = 0; i < 100; ++i) {
		for (mpath_device *path : paths)
			path->disabled_calls = 0;

		const mpath_device *chosen = world->pick();

		if (chosen)
			chosen->check();
		for (mpath_device *path : paths)
			EXPECT_LE(path->disabled_calls, 2u); // once as the kept one, once in the search
	}
	for (mpath_device *path : paths)
		path->on_disabled = nullptr;
}

TEST_P(AnyPolicy, RandomStatesGiveAPathIfAndOnlyIfOneIsUsable)
{
	std::mt19937 random{GetParam()};
	const auto paths = add_paths(MPC_MAX_PATHS);

	for (u32 round = 0; round < 2000; ++round) {
		const u32 density = random() % 64;
		u64 excluded = 0;
		bool optimized = false, usable = false;

		for (mpath_device *path : paths) {
			path->disabled = random() % 64 >= density;
			path->access(random() % 3);
			path->active(static_cast<s32>(random() % 8));
			if (random() % 8 == 0)
				excluded |= 1ull << path->slot;
			if (path->disabled || excluded >> path->slot & 1)
				continue;
			optimized |= path->access_state == MPC_ACCESS_OPTIMIZED;
			usable |= path->access_state != MPC_ACCESS_OTHER;
		}
		set_node(static_cast<s32>(random() % 4));
		if (random() % 2)
			mpc_clear_all(world->core());
		else
			advance(kForgetting);

		const mpath_device *chosen = world->pick(excluded);

		ASSERT_EQ(chosen != nullptr, usable);
		if (!chosen)
			continue;
		ASSERT_FALSE(chosen->disabled);
		ASSERT_FALSE(excluded >> chosen->slot & 1);
		ASSERT_EQ(chosen->access_state == MPC_ACCESS_OPTIMIZED, optimized);
	}
}

TEST_P(AnyPolicy, RandomJoiningAndLeavingNeverChoosesWhoIsGone)
{
	std::mt19937 random{GetParam() + 1};

	for (u32 round = 0; round < 2000; ++round) {
		const auto &paths = world->paths();

		if (paths.empty() || (random() % 2 && paths.size() < MPC_MAX_PATHS))
			world->add({.node = static_cast<s32>(random() % 4),
				    .access = static_cast<u32>(random() % 2)});
		else
			world->del(*paths[random() % paths.size()]);
		set_node(static_cast<s32>(random() % 4));

		const mpath_device *chosen = world->pick();

		ASSERT_EQ(chosen != nullptr, !paths.empty());
		ASSERT_TRUE(!chosen ||
			    std::find(paths.begin(), paths.end(), chosen) != paths.end());
	}
}

TEST_P(AnyPolicy, APathThatGetsWorseIsLeftAtOnceThoughNobodyIsTold)
{
	std::mt19937 random{GetParam() + 2};
	const auto paths = add_paths(8);

	// all are optimized at the beginning, and none gets better
	for (u32 round = 0; round < 300; ++round) {
		mpath_device *victim = world->paths()[random() % 8];
		bool optimized = false, usable = false;

		set_node(static_cast<s32>(random() % 4));
		(void)world->picks(3);
		if (round % 30 == 0) {
			for (mpath_device *path : paths) {
				path->disabled = false;
				path->access(MPC_ACCESS_OPTIMIZED);
			}
			mpc_clear_all(world->core());
			(void)world->picks(10);
		}
		if (random() % 2)
			victim->disabled = true;
		else if (victim->access_state < MPC_ACCESS_OTHER)
			victim->access(victim->access_state + 1);
		for (mpath_device *path : paths) {
			optimized |= !path->disabled && path->access_state == MPC_ACCESS_OPTIMIZED;
			usable |= !path->disabled && path->access_state != MPC_ACCESS_OTHER;
		}
		for (s32 node = 0; node < 4; ++node) {
			set_node(node);

			const mpath_device *chosen = world->pick();

			ASSERT_EQ(chosen != nullptr, usable);
			ASSERT_TRUE(!chosen || !chosen->disabled);
			ASSERT_TRUE(!chosen || (chosen->access_state == MPC_ACCESS_OPTIMIZED) == optimized);
		}
	}
}

struct Policy : CoreTest {};

TEST_F(Policy, AnUnknownValueIsTreatedAsNuma)
{
	world->add({.node = 1});
	mpath_device &near = world->add({.node = 0, .active = 9});

	for (const u32 value : {4u, 5u, 255u, 256u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
		mpc_clear_all(world->core());
		world->set_policy(value);
		EXPECT_EQ(world->picks(3), std::vector<int>(3, near.id)) << value;
	}
}

TEST_F(Policy, AChangeIsSeenAtOnce)
{
	world->add({.node = 1, .active = 1});
	world->add({.node = 0, .active = 2});
	world->add({.node = 1, .active = 0});

	EXPECT_EQ(world->picks(2), (std::vector{1, 1}));
	world->set_policy(MPC_POLICY_QD);
	EXPECT_EQ(world->picks(2), (std::vector{2, 2}));
	world->set_policy(MPC_POLICY_RR);
	EXPECT_EQ(world->picks(4), (std::vector{2, 0, 1, 2}));
	world->set_policy(MPC_POLICY_NUMA);
	mpc_clear_all(world->core());
	EXPECT_EQ(world->picks(2), (std::vector{1, 1}));
}

TEST_F(Policy, AChangeInMidLookTakesEffectWithTheNextOne)
{
	const auto paths = add_paths(2);

	paths[0]->disabled = true;
	paths[0]->on_disabled = [&] { world->set_policy(MPC_POLICY_RR); };
	paths[1]->active(5);
	world->set_policy(MPC_POLICY_QD);
	EXPECT_EQ(world->pick(), paths[1]);
	EXPECT_TRUE(world->no_choice()); // still queue-depth
	EXPECT_EQ(world->pick(), paths[1]);
	EXPECT_FALSE(world->no_choice());
}

TEST_F(Policy, BeforeATemplateIsBoundNothingIsUsable)
{
	alignas(8) std::byte storage[MPC_HEAD_WORDS * 8];
	alignas(8) std::byte path_storage[MPC_PATH_WORDS * 8];
	std::byte hints[MPC_HINT_STRIDE] = {};
	const u32 access = MPC_ACCESS_OPTIMIZED;
	const s32 active = 0;
	mpc_head *core = mpc_head_init(storage, nullptr, hints, 1);
	const mpc_path_args args = {nullptr, &access, &active, 0, 0};
	mpath_gate gate;
	bio b;

	EXPECT_EQ(mpc_path_add(core, path_storage, &args), 0);
	EXPECT_EQ(mpc_head_event(core, MPC_EVENT_SET_LIVE), u32{MPC_ACTION_ADD_DISK});
	gate.head = core;
	mpc_choose_all(&gate);
	EXPECT_EQ(mpc_call(&gate, nullptr, nullptr), -MPC_EAGAIN);
	mpc_submit_bio(&gate, &b);
	EXPECT_EQ(b.fate, bio::Fate::kFailed);
	EXPECT_EQ(mpc_path_del(core, path_storage), 1);
}

// --- The table: to add a policy is one line there --------------------------------

struct Always {
	static constexpr const char *kName = "first";
	static constexpr bool kWalks = false;
	static mpath::Path *remembered(const mpath::Selection &s) noexcept { return s.paths.at(0); }
	static mpath::Path *look(const mpath::Selection &s) noexcept { return s.paths.at(0); }
};
struct NoName {
	static constexpr bool kWalks = false;
	static mpath::Path *remembered(const mpath::Selection &) noexcept { return nullptr; }
	static mpath::Path *look(const mpath::Selection &) noexcept { return nullptr; }
};
struct MayThrow : NoName {
	static constexpr const char *kName = "throws";
	static mpath::Path *look(const mpath::Selection &) { return nullptr; }
};
struct WrongResult : NoName {
	static constexpr const char *kName = "wrong";
	static int remembered(const mpath::Selection &) noexcept { return 0; }
};
struct NeverLooks {
	static constexpr const char *kName = "blind";
	static constexpr bool kWalks = false;
	static mpath::Path *remembered(const mpath::Selection &) noexcept { return nullptr; }
};
static_assert(mpath::Policy<Always> && !mpath::Policy<NoName> && !mpath::Policy<MayThrow> &&
	      !mpath::Policy<WrongResult> && !mpath::Policy<NeverLooks>);

using Extended = mpath::PolicyTable<mpath::Numa, mpath::RoundRobin, mpath::QueueDepth,
				    mpath::ServiceTime, Always>;

TEST_F(Policy, TheTableHasThemInTheOrderOfTheirValues)
{
	static constexpr const char *kWant[] = {"numa", "round-robin", "queue-depth", "service-time"};

	static_assert(mpath::Policies::kCount == 4);
	for (u32 i = 0; i < mpath::Policies::kCount; ++i) {
		EXPECT_STREQ(mpath::Policies::kEntries[i].name, kWant[i]);
		EXPECT_STREQ(mpc_policy_name(i), kWant[i]);
	}
	EXPECT_EQ(u32{MPC_POLICY_NUMA}, 0u);
	EXPECT_EQ(u32{MPC_POLICY_RR}, 1u);
	EXPECT_EQ(u32{MPC_POLICY_QD}, 2u);
	EXPECT_EQ(u32{MPC_POLICY_ST}, 3u);
}

TEST_F(Policy, AnotherOneIsOneMoreEntry)
{
	static_assert(Extended::kCount == mpath::Policies::kCount + 1);
	for (u32 i = 0; i < mpath::Policies::kCount; ++i)
		EXPECT_EQ(Extended::kEntries[i].look, mpath::Policies::kEntries[i].look);
	EXPECT_STREQ(Extended::kEntries[4].name, "first");
	EXPECT_EQ(Extended::kEntries[4].look, Always::look);
}

struct Name {
	std::string_view text;
	int value;
};

constexpr Name kNames[] = {
	{"numa"sv, MPC_POLICY_NUMA},
	{"round-robin"sv, MPC_POLICY_RR},
	{"queue-depth"sv, MPC_POLICY_QD},
	{"service-time"sv, MPC_POLICY_ST},
	{"numa\n"sv, MPC_POLICY_NUMA},
	{"round-robin\n"sv, MPC_POLICY_RR},
	{"queue-depth\n"sv, MPC_POLICY_QD},
	{"service-time\n"sv, MPC_POLICY_ST},
	{""sv, -MPC_EINVAL},
	{"\n"sv, -MPC_EINVAL},
	{"\n\n"sv, -MPC_EINVAL},
	{"numa\n\n"sv, -MPC_EINVAL},
	{"\nnuma"sv, -MPC_EINVAL},
	{"num"sv, -MPC_EINVAL},
	{"n"sv, -MPC_EINVAL},
	{"numaa"sv, -MPC_EINVAL},
	{"numa "sv, -MPC_EINVAL},
	{" numa"sv, -MPC_EINVAL},
	{"numa\r"sv, -MPC_EINVAL},
	{"numa\r\n"sv, -MPC_EINVAL},
	{"NUMA"sv, -MPC_EINVAL},
	{"numa\0"sv, -MPC_EINVAL},
	{"numa\0\n"sv, -MPC_EINVAL},
	{"nu\0ma"sv, -MPC_EINVAL},
	{"\0"sv, -MPC_EINVAL},
	{"\0numa"sv, -MPC_EINVAL},
	{"round"sv, -MPC_EINVAL},
	{"round-robi"sv, -MPC_EINVAL},
	{"round-robin-"sv, -MPC_EINVAL},
	{"round_robin"sv, -MPC_EINVAL},
	{"queue"sv, -MPC_EINVAL},
	{"queue-depth\t"sv, -MPC_EINVAL},
	{"queue-length"sv, -MPC_EINVAL},
	{"service_time"sv, -MPC_EINVAL},
	{"service-times"sv, -MPC_EINVAL},
	{"round-robin,"sv, -MPC_EINVAL},
	{"unknown"sv, -MPC_EINVAL},
	{"0"sv, -MPC_EINVAL},
};

TEST_F(Policy, NamesMatchExactly)
{
	for (const Name &name : kNames) {
		// in a buffer of just this size: not a byte beyond is read
		const std::vector<char> exact{name.text.begin(), name.text.end()};

		EXPECT_EQ(mpc_policy_parse(exact.data(), exact.size()), name.value)
			<< '"' << ::testing::PrintToString(name.text) << '"';
	}
}

TEST_F(Policy, OnlyTheGivenLengthCounts)
{
	EXPECT_EQ(mpc_policy_parse("numa and more", 4), MPC_POLICY_NUMA);
	EXPECT_EQ(mpc_policy_parse("numa", 3), -MPC_EINVAL);
	EXPECT_EQ(mpc_policy_parse("queue-depth", 0), -MPC_EINVAL);
	EXPECT_EQ(mpc_policy_parse(nullptr, 0), -MPC_EINVAL);
}

TEST_F(Policy, NamesAndValuesAreInverse)
{
	for (u32 value = 0; value < MPC_POLICY_COUNT; ++value) {
		const std::string name = mpc_policy_name(value);

		EXPECT_EQ(mpc_policy_parse(name.data(), name.size()), static_cast<int>(value));
	}
	for (const u32 value : {4u, 5u, 0xffffffffu})
		EXPECT_STREQ(mpc_policy_name(value), "unknown");
}

} // namespace
