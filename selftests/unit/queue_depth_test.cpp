// SPDX-License-Identifier: GPL-2.0
// Policy queue-depth: the fewest commands in flight.
#include "fakes/fake_kernel.hpp"

using namespace fake;

namespace {

struct QueueDepth : CoreTest {
	void SetUp() override
	{
		CoreTest::SetUp();
		world->set_policy(MPC_POLICY_QD);
	}
};

TEST_F(QueueDepth, TakesTheLeastLoadedPath)
{
	world->add({.active = 5});
	mpath_device &least = world->add({.active = 2});
	mpath_device &other = world->add({.active = 3});

	EXPECT_EQ(world->pick(), &least);
	least.active(4);
	EXPECT_EQ(world->pick(), &other);
}

TEST_F(QueueDepth, ATieGoesToTheLowestSlot)
{
	world->add({.active = 5});
	mpath_device &first = world->add({.active = 2});

	world->add({.active = 2});
	EXPECT_EQ(world->pick(), &first);
}

TEST_F(QueueDepth, BalancesWhatIsInFlight)
{
	const auto paths = add_paths(5);

	for (u32 i = 0; i < 50; ++i) {
		mpath_device *path = world->pick();

		ASSERT_NE(path, nullptr);
		path->active(path->nr_active + 1);
	}
	for (mpath_device *path : paths)
		EXPECT_EQ(path->nr_active, 10);
}

TEST_F(QueueDepth, AnIdleOptimizedPathEndsTheSearch)
{
	world->add({.active = 1});
	mpath_device &idle = world->add({.active = 0});

	world->add({.active = 0});
	EXPECT_EQ(world->pick(), &idle) << "at the look";
	EXPECT_EQ(world->pick(), &idle) << "by what is remembered";
}

TEST_F(QueueDepth, OnlyTheLookAsksMoreThanThePathThatIsChosen)
{
	mpath_device &busy = world->add({.active = 3});
	mpath_device &least = world->add({.active = 1});
	mpath_device &other = world->add({.active = 2});

	(void)world->pick();
	busy.disabled_calls = least.disabled_calls = other.disabled_calls = 0;
	EXPECT_EQ(world->pick(), &least);
	EXPECT_EQ(least.disabled_calls, 1u);
	EXPECT_EQ(busy.disabled_calls + other.disabled_calls, 0u);
}

TEST_F(QueueDepth, APathThatGotWorseIsLeftAtOnce)
{
	mpath_device &busy = world->add({.active = 9});
	mpath_device &least = world->add({.active = 1});

	EXPECT_EQ(world->pick(), &least);
	least.disabled = true;
	EXPECT_EQ(world->pick(), &busy);
	least.disabled = false;
	mpc_changed(world->core());
	EXPECT_EQ(world->pick(), &least);
	least.access(MPC_ACCESS_NONOPTIMIZED);
	EXPECT_EQ(world->pick(), &busy);
}

TEST_F(QueueDepth, AnIdleNonOptimizedPathDoesNotEndTheSearch)
{
	world->add({.access = MPC_ACCESS_NONOPTIMIZED, .active = 0});
	mpath_device &busy = world->add({.active = 1000});

	EXPECT_EQ(world->pick(), &busy);
}

TEST_F(QueueDepth, AnIdleDisabledPathDoesNotEndTheSearch)
{
	world->add({.active = 0, .disabled = true});
	mpath_device &busy = world->add({.active = 1000});

	EXPECT_EQ(world->pick(), &busy);
}

TEST_F(QueueDepth, NonOptimizedOnlyIfThereIsNoOptimizedPath)
{
	world->add({.access = MPC_ACCESS_NONOPTIMIZED, .active = 7});
	mpath_device &least = world->add({.access = MPC_ACCESS_NONOPTIMIZED, .active = 3});

	world->add({.access = MPC_ACCESS_NONOPTIMIZED, .active = 5});
	mpath_device &fast = world->add({.active = 100, .disabled = true});

	world->add({.access = MPC_ACCESS_OTHER, .active = 0});
	EXPECT_EQ(world->pick(), &least);
	fast.disabled = false;
	advance(kForgetting);
	EXPECT_EQ(world->pick(), &fast);
}

TEST_F(QueueDepth, NegativeCountersAreIdle)
{
	// a driver that counts completions first can be below zero for a moment
	mpath_device &a = world->add({.active = -3});
	mpath_device &b = world->add({.active = 1});

	EXPECT_EQ(world->pick(), &a);
	a.active(2);
	b.active(-0x7fffffff - 1);
	EXPECT_EQ(world->pick(), &b);
	a.access(MPC_ACCESS_NONOPTIMIZED);
	b.access(MPC_ACCESS_NONOPTIMIZED);
	EXPECT_EQ(world->pick(), &b);
}

TEST_F(QueueDepth, TheGreatestCounterIsStillChosen)
{
	mpath_device &path = world->add({.active = 0x7fffffff});

	EXPECT_EQ(world->pick(), &path);
	path.access(MPC_ACCESS_NONOPTIMIZED);
	EXPECT_EQ(world->pick(), &path);
}

TEST_F(QueueDepth, NeverChoosesAPathOfAnotherAccessState)
{
	world->add({.access = MPC_ACCESS_OTHER});
	EXPECT_EQ(world->pick(), nullptr);
}

TEST_F(QueueDepth, RemembersNoChoice)
{
	mpath_device &path = world->add({.node = 1});

	EXPECT_EQ(world->pick(), &path);
	EXPECT_TRUE(world->no_choice());
	EXPECT_EQ(distance_calls(), 0u);
}

TEST_F(QueueDepth, ExcludedPathsAreSkippedThoughTheyAreIdle)
{
	mpath_device &idle = world->add();
	mpath_device &busy = world->add({.active = 9});

	EXPECT_EQ(world->pick(), &idle);
	EXPECT_EQ(world->pick(0b01), &busy);
	EXPECT_EQ(world->pick(0b11), nullptr);
}

} // namespace
