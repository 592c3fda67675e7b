// SPDX-License-Identifier: GPL-2.0
// Policy numa: the nearest optimized path, kept for as long as it will do.
#include "fakes/fake_kernel.hpp"

using namespace fake;

namespace {

struct Numa : CoreTest {};

TEST_F(Numa, TakesTheNearestPath)
{
	set_distance(0, 1, 30);
	set_distance(0, 2, 15);
	set_distance(0, 3, 20);
	world->add({.node = 1});
	mpath_device &near = world->add({.node = 2});
	world->add({.node = 3});

	EXPECT_EQ(world->pick(), &near);
	EXPECT_TRUE(world->is_choice(near, 0));
}

TEST_F(Numa, EachNodeHasAChoiceOfItsOwn)
{
	mpath_device *paths[] = {&world->add({.node = 0}), &world->add({.node = 1}),
				 &world->add({.node = 2}), &world->add({.node = 3})};

	for (u32 node = 0; node < 4; ++node) {
		set_node(static_cast<s32>(node));
		EXPECT_EQ(world->pick(), paths[node]);
	}
	for (u32 node = 0; node < 4; ++node)
		for (u32 i = 0; i < 4; ++i)
			EXPECT_EQ(world->is_choice(*paths[i], node), i == node);
}

TEST_F(Numa, ATieGoesToTheLowestSlotAndStays)
{
	world->add({.node = 1, .disabled = true});
	mpath_device &first = world->add({.node = 2});
	world->add({.node = 3});
	world->add({.node = 2});

	EXPECT_EQ(world->spread(20), (std::map<int, u32>{{first.id, 20}}));
}

TEST_F(Numa, APathWithoutANodeCountsAsNearAndAsksForNoDistance)
{
	world->add({.node = 1});
	mpath_device &homeless = world->add({.node = MPC_NO_NODE});

	EXPECT_EQ(world->pick(), &homeless);
	EXPECT_EQ(distance_calls(), 1u);
}

TEST_F(Numa, ASubmitterWithoutANodeGetsAnyPathAndAsksForNoDistance)
{
	mpath_device &first = world->add({.node = 3});

	world->add({.node = 1});
	set_node(MPC_NO_NODE);
	EXPECT_EQ(world->pick(), &first);
	EXPECT_EQ(distance_calls(), 0u);
}

TEST_F(Numa, ANodeBeyondTheHintsSharesTheFirstOnes)
{
	mpath_device &path = world->add({.node = 0});

	for (const s32 node : {4, 5, 7}) {
		mpc_clear_all(world->core());
		set_node(node);
		EXPECT_EQ(world->pick(), &path);
		EXPECT_TRUE(world->is_choice(path, 0));
		EXPECT_FALSE(world->is_choice(path, static_cast<u32>(node)));
	}
}

TEST_F(Numa, KeepsItsPathThoughANearerOneBecomesUsable)
{
	mpath_device &far = world->add({.node = 1});
	mpath_device &near = world->add({.node = 0, .disabled = true});

	EXPECT_EQ(world->pick(), &far);
	near.disabled = false;
	EXPECT_EQ(world->pick(), &far);
	far.disabled = true;
	EXPECT_EQ(world->pick(), &near);
	far.disabled = false;
	EXPECT_EQ(world->pick(), &near);
}

TEST_F(Numa, LooksAtTheKeptPathOnly)
{
	mpath_device &kept = world->add();
	mpath_device &other = world->add();

	EXPECT_EQ(world->pick(), &kept);
	kept.disabled_calls = other.disabled_calls = 0;
	EXPECT_EQ(world->picks(10), std::vector<int>(10, kept.id));
	EXPECT_EQ(kept.disabled_calls, 10u);
	EXPECT_EQ(other.disabled_calls, 0u);
}

TEST_F(Numa, ADisabledKeptPathIsNotUsedThoughItIsOptimized)
{
	mpath_device &kept = world->add();
	mpath_device &other = world->add();

	EXPECT_EQ(world->pick(), &kept);
	kept.disabled = true;
	kept.optimized = 1;
	EXPECT_EQ(world->pick(), &other);
	EXPECT_TRUE(world->is_choice(other, 0));
	EXPECT_FALSE(world->is_choice(kept, 0));
}

TEST_F(Numa, AKeptPathThatIsNoLongerOptimizedGivesWay)
{
	mpath_device &kept = world->add({.node = 0});
	mpath_device &other = world->add({.node = 1});

	EXPECT_EQ(world->pick(), &kept);
	kept.access(MPC_ACCESS_NONOPTIMIZED);
	EXPECT_EQ(world->pick(), &other);
	kept.access(MPC_ACCESS_OPTIMIZED);
	EXPECT_EQ(world->pick(), &other);
}

TEST_F(Numa, TheDriverDecidesWhetherTheKeptPathIsOptimized)
{
	mpath_device &kept = world->add({.node = 1});

	EXPECT_EQ(world->pick(), &kept);

	mpath_device &near = world->add({.node = 0, .disabled = true});

	EXPECT_EQ(world->pick(), &kept);
	near.disabled = false;
	kept.optimized = 0;
	EXPECT_EQ(world->pick(), &near);
}

TEST_F(Numa, AnOptimizedPathFarAwayBeatsANonOptimizedOneNearby)
{
	world->add({.node = 0, .access = MPC_ACCESS_NONOPTIMIZED});
	mpath_device &far = world->add({.node = 3});

	EXPECT_EQ(world->pick(), &far);
}

TEST_F(Numa, FallsBackToTheNearestNonOptimizedPath)
{
	set_distance(0, 1, 30);
	world->add({.node = 1, .access = MPC_ACCESS_NONOPTIMIZED});
	mpath_device &near = world->add({.node = 2, .access = MPC_ACCESS_NONOPTIMIZED});
	world->add({.node = 3, .access = MPC_ACCESS_NONOPTIMIZED});
	world->add({.node = 0, .access = MPC_ACCESS_OTHER});
	world->add({.node = 0, .disabled = true});

	EXPECT_EQ(world->picks(3), std::vector<int>(3, near.id));
}

TEST_F(Numa, ReturnsToAnOptimizedPathAtOnceWhenToldAndSoonIfNot)
{
	mpath_device &slow = world->add({.node = 0, .access = MPC_ACCESS_NONOPTIMIZED});
	mpath_device &fast = world->add({.node = 3, .disabled = true});

	EXPECT_EQ(world->pick(), &slow);
	fast.disabled = false;
	mpc_clear_all(world->core());
	EXPECT_EQ(world->pick(), &fast);

	fast.disabled = true;
	EXPECT_EQ(world->pick(), &slow);
	fast.disabled = false;
	EXPECT_EQ(mpc_clear_path(world->core(), fast.core), 0); // nobody's choice, but news
	EXPECT_EQ(world->pick(), &fast);

	fast.disabled = true;
	EXPECT_EQ(world->pick(), &slow);
	fast.disabled = false;
	advance(kForgetting);
	EXPECT_EQ(world->pick(), &fast);
}

TEST_F(Numa, NeverChoosesAPathOfAnotherAccessState)
{
	world->add({.access = MPC_ACCESS_OTHER});
	world->add({.access = 17});
	EXPECT_EQ(world->pick(), nullptr);
	EXPECT_TRUE(world->no_choice());
}

TEST_F(Numa, NothingUsableLeavesTheChoiceAlone)
{
	mpath_device &path = world->add();

	EXPECT_EQ(world->pick(), &path);
	path.disabled = true;
	EXPECT_EQ(world->pick(), nullptr);
	EXPECT_TRUE(world->is_choice(path, 0));
	path.disabled = false;
	EXPECT_EQ(world->pick(), &path);
}

TEST_F(Numa, ANewPathIsConsideredAtOnce)
{
	mpath_device &far = world->add({.node = 1});

	EXPECT_EQ(world->pick(), &far);

	mpath_device &near = world->add({.node = 0});

	EXPECT_TRUE(world->no_choice());
	EXPECT_EQ(world->pick(), &near);
}

TEST_F(Numa, ARemovedPathIsForgottenByEveryNode)
{
	mpath_device &gone = world->add({.node = 0});

	for (s32 node = 0; node < 4; ++node) {
		set_node(node);
		EXPECT_EQ(world->pick(), &gone);
	}

	mpath_device &stays = world->add({.node = 1});

	world->unlink(gone);
	for (s32 node = 0; node < 4; ++node) {
		EXPECT_FALSE(world->is_choice(gone, static_cast<u32>(node)));
		set_node(node);
		EXPECT_EQ(world->pick(), &stays);
	}
	world->reap();
}

TEST_F(Numa, ExcludedPathsAreSkippedThoughTheyAreKept)
{
	const auto paths = add_paths(3);

	EXPECT_EQ(world->pick(), paths[0]);
	EXPECT_EQ(world->pick(0b001), paths[1]);
	EXPECT_EQ(world->pick(0b011), paths[2]);
	EXPECT_EQ(world->pick(0b111), nullptr);
	EXPECT_EQ(world->pick(~0ull), nullptr);
}

TEST_F(Numa, ARetryDoesNotMoveTheChoice)
{
	const auto paths = add_paths(2);

	EXPECT_EQ(world->pick(), paths[0]);
	EXPECT_EQ(world->pick(0b01), paths[1]);
	EXPECT_TRUE(world->is_choice(*paths[0], 0));
	EXPECT_EQ(world->pick(), paths[0]);
}

} // namespace
