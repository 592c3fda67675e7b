// SPDX-License-Identifier: GPL-2.0
// Policy service-time: the path that should be done first.
#include "fakes/fake_kernel.hpp"

#include "latency.hpp"

using namespace fake;
using mpath::Latency;

namespace {

constexpr u64 kMs = 1000000;
constexpr u64 kTickNs = 1000000000 / kHz;
constexpr u64 kMost = u64{1} << 36;

struct LatencyOnly : ::testing::Test {
	void SetUp() override { reset(); }
	u64 idle() { return latency.expected(now(), false); }
	u64 busy() { return latency.expected(now(), true); }
	Latency latency;
};

TEST_F(LatencyOnly, AnUnknownPathIsExpectedToBeTheFastest)
{
	EXPECT_EQ(latency.mean(), 0u);
	EXPECT_EQ(idle(), 1u);
	EXPECT_EQ(busy(), 1u) << "the count of what is in flight may be another head's";
}

TEST_F(LatencyOnly, TheFirstSampleCountsFully)
{
	latency.sample(5 * kMs);
	EXPECT_EQ(latency.mean(), 5 * kMs);
	EXPECT_EQ(idle(), 5 * kMs);
	EXPECT_EQ(busy(), 5 * kMs);
}

TEST_F(LatencyOnly, TheMeanFollowsByAnEighth)
{
	latency.sample(8000);
	latency.sample(16000);
	EXPECT_EQ(latency.mean(), 9000u);
	latency.sample(1000);
	EXPECT_EQ(latency.mean(), 8000u);
	for (int i = 0; i < 100; ++i)
		latency.sample(2000000);
	EXPECT_GT(latency.mean(), 1990000u);
	EXPECT_LE(latency.mean(), 2000000u);
	for (int i = 0; i < 200; ++i)
		latency.sample(1000);
	EXPECT_LT(latency.mean(), 1100u);
	EXPECT_GE(latency.mean(), 1000u - 8);
}

TEST_F(LatencyOnly, ASampleIsNeverMoreThanTheMost)
{
	latency.sample(~u64{0});
	EXPECT_EQ(latency.mean(), kMost);
	latency.sample(~u64{0});
	EXPECT_LE(latency.mean(), kMost);
}

TEST_F(LatencyOnly, AStallIsSeenTickByTick)
{
	latency.sample(1000);
	latency.begin(now());
	EXPECT_EQ(busy(), 1000u);
	for (u64 i = 1; i < 20; ++i) {
		advance(1);
		EXPECT_EQ(busy(), i * kTickNs);
	}
	latency.begin(now()); // more bios do not move the start
	EXPECT_EQ(busy(), 19 * kTickNs);
	latency.back();
	EXPECT_EQ(busy(), 1000u);
}

TEST_F(LatencyOnly, AStallOfAnUnknownPathIsSeenToo)
{
	latency.begin(now());
	advance(3);
	EXPECT_EQ(busy(), 3 * kTickNs);
}

TEST_F(LatencyOnly, AStallShorterThanTheMeanChangesNothing)
{
	latency.sample(100 * kMs);
	latency.begin(now());
	advance(2);
	EXPECT_EQ(busy(), 100 * kMs);
}

TEST_F(LatencyOnly, NothingInFlightIsNoStall)
{
	latency.sample(1000);
	latency.begin(now());
	advance(kHz / 2);
	EXPECT_EQ(idle(), 1000u);
}

TEST_F(LatencyOnly, ASampleEndsAStall)
{
	latency.begin(now());
	advance(kHz);
	latency.sample(1000);
	EXPECT_EQ(busy(), 1000u);
	latency.begin(now());
	EXPECT_EQ(busy(), 1000u);
	advance(1);
	EXPECT_EQ(busy(), kTickNs) << "counted from the next one on";
}

TEST_F(LatencyOnly, AStallHasABound)
{
	latency.begin(now());
	advance(u64{1} << 62);
	EXPECT_EQ(busy(), kMost);
}

TEST_F(LatencyOnly, WhatIsKnownGetsOldByHalfEachSecond)
{
	latency.sample(1024 * kMs);
	advance(kHz - 1);
	EXPECT_EQ(idle(), 1024 * kMs);
	advance(1);
	EXPECT_EQ(idle(), 512 * kMs);
	EXPECT_EQ(busy(), 512 * kMs) << "by another head, that is";
	advance(9 * kHz);
	EXPECT_EQ(idle(), kMs);
	EXPECT_EQ(latency.mean(), 1024 * kMs) << "for people it stays";
	advance(1000000 * kHz);
	EXPECT_EQ(idle(), 1u);
}

TEST_F(LatencyOnly, ASampleOfALaterClockIsTakenAsItIs)
{
	latency.sample(7000);
	EXPECT_EQ(latency.expected(now() - 1, false), 7000u);
	latency.begin(now());
	EXPECT_EQ(latency.expected(now() - 1, true), 7000u);
}

// --- The policy --------------------------------------------------------------------

struct ServiceTime : CoreTest {
	void SetUp() override
	{
		CoreTest::SetUp();
		make_with({.failover = true});
	}
	void make_with(const HeadOptions &options)
	{
		make(options);
		world->set_policy(MPC_POLICY_ST);
	}
	/// What is known of a path, as if a bio had just come back.
	static void known(mpath_device &path, u64 ns)
	{
		for (int i = 0; i < 100; ++i)
			(void)mpc_path_good(path.core, ns);
	}
};

TEST_F(ServiceTime, AnUnknownPathIsTriedFirst)
{
	mpath_device &known_one = world->add();
	mpath_device &unknown = world->add();

	known(known_one, 10);
	EXPECT_EQ(world->pick(), &unknown);
}

TEST_F(ServiceTime, AnUnknownPathEndsTheSearch)
{
	const auto paths = add_paths(3);

	EXPECT_EQ(world->pick(), paths[0]) << "at the look";
	EXPECT_EQ(world->pick(), paths[0]) << "by what is remembered";
	paths[0]->access(MPC_ACCESS_NONOPTIMIZED);
	EXPECT_EQ(world->pick(), paths[1]) << "but not one of the second choice";
}

TEST_F(ServiceTime, TheFastPathIsPreferred)
{
	mpath_device &slow = world->add();
	mpath_device &fast = world->add();

	known(slow, 10 * kMs);
	known(fast, kMs);
	EXPECT_EQ(world->picks(5), std::vector<int>(5, fast.id));
	EXPECT_EQ(mpc_path_latency(slow.core), 10 * kMs);
	EXPECT_EQ(mpc_path_latency(fast.core), kMs);
}

TEST_F(ServiceTime, WhatIsInFlightCounts)
{
	mpath_device &slow = world->add();
	mpath_device &fast = world->add();

	known(slow, 10 * kMs);
	known(fast, kMs);
	fast.active(8);
	EXPECT_EQ(world->pick(), &fast); // 9 ms
	fast.active(10);
	EXPECT_EQ(world->pick(), &slow); // 11 ms against 10
	slow.active(1);
	EXPECT_EQ(world->pick(), &fast); // 11 against 20
}

TEST_F(ServiceTime, SharesAreAsTheSpeeds)
{
	const auto paths = add_paths(2);

	known(*paths[0], 3 * kMs);
	known(*paths[1], kMs);
	for (u32 i = 0; i < 400; ++i) {
		mpath_device *path = world->pick();

		path->active(path->nr_active + 1);
	}
	EXPECT_NEAR(paths[0]->nr_active, 100, 2);
	EXPECT_NEAR(paths[1]->nr_active, 300, 2);
}

TEST_F(ServiceTime, AStalledPathIsLeftWithinTicks)
{
	mpath_device &stalls = world->add();
	mpath_device &other = world->add();
	bio b;

	known(stalls, 1000);
	known(other, 3 * kTickNs);
	world->submit(b);
	ASSERT_EQ(b.device, &stalls);
	stalls.active(1);
	EXPECT_EQ(world->pick(), &stalls);
	advance(2);
	EXPECT_EQ(world->pick(), &other) << "two bios there are more than one here";
	world->succeed(b, 1000);
	stalls.active(0);
	EXPECT_EQ(world->pick(), &stalls);
}

TEST_F(ServiceTime, AnUnknownPathThatStallsIsLeftToo)
{
	mpath_device &stalls = world->add();
	mpath_device &other = world->add();
	bio b;

	known(other, 1000);
	world->submit(b);
	ASSERT_EQ(b.device, &stalls);
	stalls.active(1);
	advance(1);
	EXPECT_EQ(world->pick(), &other);
	world->succeed(b, 500);
}

TEST_F(ServiceTime, WhatAnotherHeadKeepsBusyIsNoStall)
{
	mpath_device &shared = world->add();
	mpath_device &other = world->add();

	// a count that never falls to nothing, and no bio of ours there for long
	shared.active(1);
	known(other, 5 * kMs);
	EXPECT_EQ(world->pick(), &shared) << "never used: it is tried";
	known(shared, kMs);
	advance(60 * kHz);
	known(other, 5 * kMs);
	EXPECT_EQ(world->pick(), &shared);
}

TEST_F(ServiceTime, AnErrorEndsAStall)
{
	mpath_device &path = world->add();
	mpath_device &other = world->add();
	bio b;

	known(other, kMs);
	world->submit(b);
	ASSERT_EQ(b.device, &path);
	path.active(1);
	advance(kHz);
	EXPECT_EQ(world->pick(), &other);
	(void)world->fail(b);
	EXPECT_EQ(world->pick(), &path) << "a single error is the matter of health";
}

TEST_F(ServiceTime, ABioThatWasNotMeasuredEndsAStallAndTeachesNothing)
{
	mpath_device &path = world->add();
	bio b;

	world->add({.active = 5});
	world->submit(b);
	path.active(1);
	advance(kHz);
	EXPECT_NE(world->pick(), &path);
	world->succeed(b, 0);
	EXPECT_EQ(world->pick(), &path);
	EXPECT_EQ(mpc_path_latency(path.core), 0u);
}

TEST_F(ServiceTime, WhatDoesNotComeBackStartsNoStall)
{
	mpath_device &path = world->add();

	world->add();
	EXPECT_EQ(world->ioctl(), 0);
	EXPECT_EQ(world->uring(), kQueued);
	EXPECT_EQ(world->call(), 0);
	path.active(1);
	advance(kHz);
	world->paths()[1]->active(2);
	EXPECT_EQ(world->pick(), &path);
}

TEST_F(ServiceTime, APathThatWasSlowIsTriedAgain)
{
	mpath_device &was_slow = world->add();
	mpath_device &other = world->add();

	known(was_slow, 100 * kMs);
	for (u32 second = 0; second < 7; ++second) {
		known(other, kMs);
		EXPECT_EQ(world->pick(), &other) << second;
		advance(kHz);
	}
	known(other, kMs);
	EXPECT_EQ(world->pick(), &was_slow);
}

TEST_F(ServiceTime, NonOptimizedOnlyIfThereIsNoOptimizedPath)
{
	mpath_device &fast = world->add({.access = MPC_ACCESS_NONOPTIMIZED});
	mpath_device &slow = world->add();
	mpath_device &unseen = world->add({.access = MPC_ACCESS_OTHER});

	known(fast, 10);
	known(slow, 60000 * kMs);
	EXPECT_EQ(world->pick(), &slow);
	slow.disabled = true;
	EXPECT_EQ(world->pick(), &fast);
	fast.disabled = true;
	EXPECT_EQ(world->pick(), nullptr);
	unseen.active(-1);
	EXPECT_EQ(world->pick(), nullptr);
}

TEST_F(ServiceTime, TheGreatestNumbersDoNotOverflow)
{
	mpath_device &worst = world->add();
	mpath_device &better = world->add();

	known(worst, ~u64{0});
	known(better, ~u64{0});
	worst.active(0x7fffffff);
	better.active((1 << 20) - 2);
	EXPECT_EQ(world->pick(), &better);
	better.active(0x7fffffff);
	EXPECT_EQ(world->pick(), &worst) << "beyond a million all are the same";
	better.active(-0x7fffffff - 1);
	EXPECT_EQ(world->pick(), &better);
}

TEST_F(ServiceTime, WithoutMeasurementItDecidesAsQueueDepthDoes)
{
	make_with({});
	const auto paths = add_paths(3);

	paths[0]->active(5);
	paths[1]->active(2);
	paths[2]->active(3);
	EXPECT_EQ(world->submit().device, paths[1]);
	advance(10 * kHz); // busy all the time, which says nothing
	paths[1]->active(4);
	EXPECT_EQ(world->submit().device, paths[2]);
	paths[2]->active(6);
	EXPECT_EQ(world->submit().device, paths[1]);
	paths[0]->active(0);
	EXPECT_EQ(world->submit().device, paths[0]);
}

TEST_F(ServiceTime, RemembersNoChoiceAndAsksForNoDistance)
{
	world->add({.node = 1});
	(void)world->picks(3);
	EXPECT_TRUE(world->no_choice());
	EXPECT_EQ(distance_calls(), 0u);
}

} // namespace
