// SPDX-License-Identifier: GPL-2.0
// Policy round-robin: the next usable path in turn.
#include "fakes/fake_kernel.hpp"

using namespace fake;

namespace {

struct RoundRobin : CoreTest {
	void SetUp() override
	{
		CoreTest::SetUp();
		world->set_policy(MPC_POLICY_RR);
	}
};

TEST_F(RoundRobin, SpreadsEvenlyOverAnyNumberOfPaths)
{
	for (u32 n = 1; n <= MPC_MAX_PATHS; ++n) {
		world->add();

		const auto times = world->spread(n * 7);

		EXPECT_EQ(times.size(), n);
		for (const auto &[id, count] : times)
			EXPECT_EQ(count, 7u) << "path " << id << " of " << n;
	}
}

TEST_F(RoundRobin, GoesInTheOrderOfTheSlotsAndAround)
{
	add_paths(3);
	EXPECT_EQ(world->picks(7), (std::vector{0, 1, 2, 0, 1, 2, 0}));
}

TEST_F(RoundRobin, TheHighestSlotIsFollowedByTheLowest)
{
	const auto paths = add_paths(MPC_MAX_PATHS);

	for (u32 i = 1; i < MPC_MAX_PATHS - 1; ++i)
		paths[i]->disabled = true;
	EXPECT_EQ(world->picks(5), (std::vector{0, 63, 0, 63, 0}));
}

TEST_F(RoundRobin, OnePathIsTakenEveryTime)
{
	add_paths(1);
	EXPECT_EQ(world->picks(3), (std::vector{0, 0, 0}));
}

TEST_F(RoundRobin, EachNodeHasATurnOfItsOwn)
{
	add_paths(3);
	EXPECT_EQ(world->picks(2), (std::vector{0, 1}));
	set_node(1);
	EXPECT_EQ(world->picks(2), (std::vector{0, 1}));
	set_node(0);
	EXPECT_EQ(world->picks(2), (std::vector{2, 0}));
}

TEST_F(RoundRobin, SkipsDisabledPaths)
{
	const auto paths = add_paths(4);

	paths[1]->disabled = true;
	paths[3]->disabled = true;
	EXPECT_EQ(world->picks(4), (std::vector{0, 2, 0, 2}));
	paths[1]->disabled = false;
	mpc_clear_all(world->core());
	EXPECT_EQ(world->picks(3), (std::vector{0, 1, 2}));
	paths[3]->disabled = false;
	advance(kForgetting); // nobody was told
	EXPECT_EQ(world->picks(4), (std::vector{3, 0, 1, 2}));
}

TEST_F(RoundRobin, SkipsNonOptimizedPathsWhileThereIsAnOptimizedOne)
{
	const auto paths = add_paths(4);

	paths[0]->access(MPC_ACCESS_NONOPTIMIZED);
	paths[2]->access(MPC_ACCESS_NONOPTIMIZED);
	EXPECT_EQ(world->picks(4), (std::vector{1, 3, 1, 3}));
	paths[3]->access(MPC_ACCESS_OTHER);
	EXPECT_EQ(world->picks(3), (std::vector{1, 1, 1}));
}

TEST_F(RoundRobin, TheLastOptimizedPathIsTakenAgainBeforeAnyOther)
{
	const auto paths = add_paths(3);

	EXPECT_EQ(world->picks(2), (std::vector{0, 1}));
	paths[0]->access(MPC_ACCESS_NONOPTIMIZED);
	paths[2]->access(MPC_ACCESS_NONOPTIMIZED);
	EXPECT_EQ(world->picks(3), (std::vector{1, 1, 1}));
}

TEST_F(RoundRobin, FallsBackToNonOptimizedPathsInTurn)
{
	for (mpath_device *path : add_paths(3))
		path->access(MPC_ACCESS_NONOPTIMIZED);
	EXPECT_EQ(world->picks(6), (std::vector{0, 1, 2, 0, 1, 2}));
}

TEST_F(RoundRobin, NeverChoosesAPathOfAnotherAccessState)
{
	for (mpath_device *path : add_paths(3))
		path->access(MPC_ACCESS_OTHER);
	EXPECT_EQ(world->pick(), nullptr);
}

TEST_F(RoundRobin, NoDistanceIsAsked)
{
	world->add({.node = 1});
	world->add({.node = 2});
	(void)world->picks(4);
	EXPECT_EQ(distance_calls(), 0u);
}

TEST_F(RoundRobin, LooksAtEachPathAtMostOnceAndTwiceAtTheNext)
{
	const auto paths = add_paths(MPC_MAX_PATHS);

	(void)world->picks(10);
	for (mpath_device *path : paths) {
		path->disabled = true;
		path->disabled_calls = 0;
	}
	EXPECT_EQ(world->pick(), nullptr);
	for (mpath_device *path : paths)
		EXPECT_EQ(path->disabled_calls, path == paths[10] ? 2u : 1u);
}

TEST_F(RoundRobin, ARemovedCursorDoesNotLoseItsPlace)
{
	const auto paths = add_paths(4);

	EXPECT_EQ(world->picks(2), (std::vector{0, 1}));
	world->del(*paths[1]);
	// the turn begins anew: every path once
	EXPECT_EQ(world->spread(3), (std::map<int, u32>{{0, 1}, {2, 1}, {3, 1}}));
}

TEST_F(RoundRobin, CursorUnlinkedInMidWalkTerminates)
{
	const auto paths = add_paths(4);

	// the cursor is at 1; while 2 is looked at it goes, and nothing is optimized
	EXPECT_EQ(world->picks(2), (std::vector{0, 1}));
	for (mpath_device *path : paths)
		path->access(MPC_ACCESS_NONOPTIMIZED);
	paths[1]->disabled_calls = paths[2]->disabled_calls = 0;
	paths[2]->on_disabled = [&] {
		if (paths[2]->disabled_calls < 2) // as the next one: not in the walk yet
			return;
		paths[2]->on_disabled = nullptr;
		world->unlink(*paths[1]);
	};
	EXPECT_EQ(world->pick(), paths[2]);
	EXPECT_EQ(paths[1]->disabled_calls, 0u); // it is not seen any more
	world->reap();
	EXPECT_EQ(world->spread(6), (std::map<int, u32>{{0, 2}, {2, 2}, {3, 2}}));
}

TEST_F(RoundRobin, APlaceThatAnotherCpuMovesInMidWalkHidesNoPath)
{
	const auto paths = add_paths(4);

	// The place is 2, so the walk is 3, then 0 to 2. While it looks at 3 the place
	// moves to 0; the only usable path is 1.
	EXPECT_EQ(world->picks(3), (std::vector{0, 1, 2}));
	(void)mpc_clear_path(world->core(), paths[1]->core); // void, but the place is kept
	paths[0]->disabled = paths[2]->disabled = paths[3]->disabled = true;
	paths[3]->on_disabled = [&] {
		paths[3]->on_disabled = nullptr;
		paths[0]->disabled = false;
		EXPECT_EQ(world->pick(0b1110), paths[0]);
		paths[0]->disabled = true;
	};
	EXPECT_EQ(world->pick(), paths[1]);
	EXPECT_EQ(paths[3]->on_disabled, nullptr);
}

TEST_F(RoundRobin, ARetryTakesTheNextOfTheRememberedPaths)
{
	const auto paths = add_paths(8);

	EXPECT_EQ(world->pick(), paths[0]);
	for (mpath_device *path : paths)
		path->disabled_calls = 0;
	EXPECT_EQ(world->pick(0b0110), paths[3]);
	EXPECT_EQ(paths[3]->disabled_calls, 1u);
	EXPECT_EQ(paths[4]->disabled_calls, 0u) << "and looks at no other";
}

TEST_F(RoundRobin, EveryPathUnlinkedInMidWalkTerminates)
{
	const auto paths = add_paths(MPC_MAX_PATHS);

	for (mpath_device *path : paths)
		path->disabled = true;
	paths[5]->on_disabled = [&] {
		for (mpath_device *path : paths)
			world->unlink(*path);
	};
	EXPECT_EQ(world->pick(), nullptr);
	EXPECT_EQ(paths[6]->disabled_calls, 0u);
	world->reap();
}

TEST_F(RoundRobin, APathThatLeavesAndComesBackInEachLookDoesNotKeepTheWalkGoing)
{
	mpath_device &first = world->add({.disabled = true});
	mpath_device *second = &world->add({.disabled = true});
	u32 swaps = 0;
	const auto swap = [&](const auto &self) -> void {
		mpath_device &old = *second;

		if (++swaps > MPC_MAX_PATHS)
			die("the walk does not end");
		old.on_disabled = nullptr;
		world->unlink(old);
		second = &world->add({.disabled = true});
		second->on_disabled = [&] { self(self); };
	};

	first.on_disabled = [&] { swap(swap); };
	EXPECT_EQ(world->pick(), nullptr);
	EXPECT_LE(swaps, 2u);
	first.on_disabled = nullptr;
	second->on_disabled = nullptr;
	world->reap();
}

TEST_F(RoundRobin, CursorInAReusedSlotIsAPlaceLikeAnother)
{
	const auto paths = add_paths(3);

	EXPECT_EQ(world->picks(2), (std::vector{0, 1}));
	// a reader that is late sets the hint to the slot again
	paths[1]->on_disabled = [&] { world->unlink(*paths[1]); };
	paths[0]->disabled = paths[2]->disabled = true;
	EXPECT_EQ(world->pick(), paths[1]);
	world->reap();

	mpath_device &reused = world->add();

	EXPECT_EQ(reused.slot, 1);
	paths[0]->disabled = paths[2]->disabled = false;
	EXPECT_EQ(world->spread(6), (std::map<int, u32>{{0, 2}, {2, 2}, {reused.id, 2}}));
}

TEST_F(RoundRobin, ExcludedPathsAreSkipped)
{
	const auto paths = add_paths(3);

	EXPECT_EQ(world->pick(0b001), paths[1]);
	EXPECT_EQ(world->pick(0b011), paths[2]);
	EXPECT_EQ(world->pick(0b111), nullptr);
	EXPECT_EQ(world->pick(0b101), paths[1]);
}

TEST_F(RoundRobin, ExcludedOptimizedPathsLeaveTheNonOptimizedOnes)
{
	const auto paths = add_paths(2);

	paths[1]->access(MPC_ACCESS_NONOPTIMIZED);
	EXPECT_EQ(world->pick(0b01), paths[1]);
}

} // namespace
