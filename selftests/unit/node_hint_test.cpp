// SPDX-License-Identifier: GPL-2.0
// What a node remembers of its last look: when it is void, and what it saves.
#include "fakes/fake_kernel.hpp"

#include "node_hint.hpp"

#include <chrono>
#include <thread>

using namespace fake;
using mpath::LookResult;
using mpath::Standing;

namespace {

struct NodeHint : ::testing::Test {
	void SetUp() override { reset(); }
	bool load(u32 generation, u64 at) { return hint.load(generation, at, out); }

	mpath::NodeHint hint;
	LookResult out{};
};

TEST_F(NodeHint, ZeroedMemoryRemembersNothing)
{
	EXPECT_FALSE(load(0, 0));
	EXPECT_GE(hint.slot(), u32{MPC_MAX_PATHS});
	for (u32 slot = 0; slot < MPC_MAX_PATHS; ++slot)
		EXPECT_FALSE(hint.is(slot));
}

TEST_F(NodeHint, GivesBackWhatWasStored)
{
	for (const u64 members : {1ull, 1ull << 63, 0xf0f0ull, ~0ull}) {
		for (const Standing standing : {Standing::kOptimized, Standing::kNonOptimized}) {
			for (const bool settled : {false, true}) {
				hint.store(7, now(), {members, standing, settled});
				ASSERT_TRUE(load(7, now()));
				EXPECT_EQ(out.members, members);
				EXPECT_EQ(out.standing, standing);
				EXPECT_EQ(out.settled, settled);
			}
		}
	}
}

TEST_F(NodeHint, IsVoidInAnotherGeneration)
{
	for (const u32 generation : {0u, 1u, 0xffffffu, 0x1000000u, 0xffffffffu}) {
		hint.store(generation, now(), {1, Standing::kOptimized, false});
		EXPECT_TRUE(load(generation, now()));
		EXPECT_FALSE(load(generation + 1, now()));
		EXPECT_FALSE(load(generation - 1, now()));
		EXPECT_FALSE(load(generation ^ 0x800000, now()));
	}
}

TEST_F(NodeHint, IsVoidAfterATenthOfASecond)
{
	// also where the low half of the clock wraps
	for (const u64 at : {u64{0}, u64{1000}, ~u64{0} >> 32, (~u64{0} >> 32) - 3, ~u64{0} - 3}) {
		hint.store(1, at, {1, Standing::kOptimized, false});
		for (u64 i = 0; i < kForgetting; ++i)
			EXPECT_TRUE(load(1, at + i)) << at << ' ' << i;
		EXPECT_FALSE(load(1, at + kForgetting)) << at;
		EXPECT_FALSE(load(1, at + 100 * kForgetting));
		EXPECT_FALSE(load(1, at - 1)) << "a clock that is behind";
	}
}

TEST_F(NodeHint, ClearForgetsBoth)
{
	hint.set_slot(63);
	EXPECT_TRUE(hint.is(63));
	EXPECT_EQ(hint.slot(), 63u);
	hint.store(1, now(), {1, Standing::kOptimized, false});
	hint.clear();
	EXPECT_FALSE(load(1, now()));
	EXPECT_FALSE(hint.is(63));
	EXPECT_GE(hint.slot(), u32{MPC_MAX_PATHS});
}

TEST_F(NodeHint, AResultIsNeverTornApart)
{
	// The members say which standing and setting they came with. Two results of
	// one clock tick take turns: what is read is likely to have been replaced by
	// the other and then by its like, so that its key looks untouched.
	const auto members = [](Standing standing, bool settled) {
		return u64{1} << (static_cast<u64>(standing) << 1 | u64{settled});
	};
	std::atomic<bool> stop{false};
	u64 loads = 0, torn = 0;

	const auto writer = [&] {
		for (u32 i = 0; !stop; ++i) {
			const auto standing = static_cast<Standing>(i % 2);
			const bool settled = i % 2;

			hint.store(1, 5, {members(standing, settled), standing, settled});
		}
	};
	std::thread a{writer}, b{writer};
	const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{2};

	for (u32 i = 0; i % 1024 || std::chrono::steady_clock::now() < end; ++i) {
		if (!hint.load(1, 5, out))
			continue;
		++loads;
		torn += out.members != members(out.standing, out.settled);
	}
	stop = true;
	a.join();
	b.join();
	EXPECT_EQ(torn, 0u);
	EXPECT_GT(loads, 0u);
}

// --- What it saves ---------------------------------------------------------------

struct Cost : CoreTest, ::testing::WithParamInterface<std::tuple<u32, u32>> {
	void SetUp() override
	{
		CoreTest::SetUp();
		world->set_policy(std::get<0>(GetParam()));
	}
	/// Questions to the driver in `n` choices.
	u64 questions(u32 n)
	{
		for (mpath_device *path : world->paths())
			path->disabled_calls = path->optimized_calls = 0;
		for (u32 i = 0; i < n; ++i)
			(void)world->pick_for_bio();

		u64 sum = 0;

		for (mpath_device *path : world->paths())
			sum += path->disabled_calls;
		return sum;
	}
};

INSTANTIATE_TEST_SUITE_P(PoliciesAndPaths, Cost,
			 ::testing::Combine(::testing::Values(MPC_POLICY_NUMA, MPC_POLICY_RR,
							      MPC_POLICY_QD, MPC_POLICY_ST),
					    ::testing::Values(1u, 2u, 3u, 64u)));

TEST_P(Cost, IsOneQuestionForAnyNumberOfPaths)
{
	add_paths(std::get<1>(GetParam()));
	(void)world->pick_for_bio();
	EXPECT_EQ(questions(200), 200u);
}

TEST_P(Cost, IsTheSameWhenNonePathIsOptimized)
{
	for (mpath_device *path : add_paths(std::get<1>(GetParam())))
		path->access(MPC_ACCESS_NONOPTIMIZED);
	mpc_clear_all(world->core());
	(void)world->pick_for_bio();
	EXPECT_EQ(questions(200), 200u);
}

TEST_P(Cost, IsTheSameWhenMostPathsAreDisabledOrFailed)
{
	const auto paths = add_paths(std::get<1>(GetParam()));

	for (u32 i = 0; i + 2 < paths.size(); ++i) {
		if (i % 2)
			paths[i]->disabled = true;
		else
			world->make_failed(*paths[i]);
	}
	mpc_clear_all(world->core());
	(void)world->pick_for_bio();
	EXPECT_EQ(questions(200), 200u);
}

TEST_P(Cost, ALookIsRepeatedATenthOfASecondLaterAndNotSooner)
{
	const u32 n = std::get<1>(GetParam());

	add_paths(n);
	(void)world->pick_for_bio();
	advance(kForgetting - 1);
	EXPECT_EQ(questions(10), 10u);
	advance(1);
	EXPECT_GE(questions(10), 9u + n);
	EXPECT_EQ(questions(10), 10u) << "and remembered";
}

TEST_P(Cost, AnyNewsMakesEveryNodeLookAgain)
{
	const u32 n = std::get<1>(GetParam());
	const auto paths = add_paths(n);

	const auto news = [&](u32 kind) {
		switch (kind) {
		case 0:
			mpc_clear_all(world->core());
			break;
		case 1:
			(void)mpc_clear_path(world->core(), paths[0]->core);
			break;
		case 4:
			mpc_changed(world->core());
			break;
		default: {
			mpath_device &guest = world->add({.disabled = true});

			if (kind == 3) {
				for (s32 node = 0; node < 4; ++node) {
					set_node(node);
					(void)world->pick();
				}
			}
			world->del(guest);
		}
		}
	};

	if (n == MPC_MAX_PATHS)
		world->del(*paths[63]);
	for (const u32 kind : {0u, 1u, 2u, 3u, 4u}) {
		for (s32 node = 0; node < 4; ++node) {
			set_node(node);
			(void)world->pick();
			EXPECT_EQ(questions(1), 1u);
		}
		news(kind);
		for (s32 node = 0; node < 4; ++node) {
			set_node(node);
			EXPECT_GE(questions(1), world->paths().size()) << kind << ' ' << node;
			EXPECT_EQ(questions(1), 1u);
		}
	}
}

TEST_P(Cost, ARetryIsNotRemembered)
{
	const u32 n = std::get<1>(GetParam());

	add_paths(n);
	(void)world->pick_for_bio();
	advance(kForgetting);
	(void)world->pick(n > 1 ? 0b01 : 0);
	for (mpath_device *path : world->paths())
		path->disabled_calls = 0;
	(void)world->pick(n > 1 ? 0b10 : 0);
	if (n == 64) {
		u64 sum = 0;

		for (mpath_device *path : world->paths())
			sum += path->disabled_calls;
		EXPECT_GE(sum, 63u);
	}
	// every path is still there for the next command
	std::map<int, u32> times;

	for (u32 i = 0; i < n; ++i)
		if (mpath_device *path = world->pick())
			++times[path->id];
	EXPECT_EQ(times.size(), std::get<0>(GetParam()) == MPC_POLICY_RR ? n : 1u);
}

struct Stale : CoreTest {};

TEST_F(Stale, ALookThatNewsOvertookIsNotRemembered)
{
	mpath_device &slow = world->add({.access = MPC_ACCESS_NONOPTIMIZED});
	mpath_device &fast = world->add({.disabled = true});

	for (const u32 policy : {MPC_POLICY_NUMA, MPC_POLICY_RR, MPC_POLICY_QD, MPC_POLICY_ST}) {
		world->set_policy(policy);
		fast.disabled = true;
		mpc_clear_all(world->core());
		// `fast` was seen disabled; before the look is over it is back, with news
		bool after = false;

		fast.on_disabled = [&] { after = true; };
		slow.on_disabled = [&] {
			slow.on_disabled = nullptr;
			mpc_clear_all(world->core());
		};
		(void)world->pick();
		EXPECT_TRUE(after);
		fast.on_disabled = nullptr;
		fast.disabled = false; // the news was about this
		EXPECT_EQ(world->pick(), &fast) << policy;
	}
}

} // namespace
