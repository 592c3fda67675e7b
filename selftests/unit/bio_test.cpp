// SPDX-License-Identifier: GPL-2.0
// Every outcome of a bio: forwarded, parked, failed.
#include "fakes/fake_kernel.hpp"

using namespace fake;
using Trace = std::vector<std::string>;

namespace {

struct Bio : CoreTest {
	Trace traced(bio &b)
	{
		record(true);
		mpc_submit_bio(&world->gate, &b);
		record(false);
		return take_trace();
	}
};

TEST_F(Bio, GoesToAUsablePathAndIsCountedThere)
{
	world->add({.disabled = true});
	mpath_device &path = world->add();
	bio b;

	EXPECT_EQ(traced(b), (Trace{"lock", "forward 1", "unlock"}));
	EXPECT_EQ(b.fate, bio::Fate::kForwarded);
	EXPECT_EQ(b.device, &path);
	EXPECT_EQ(b.head, world->head);
	EXPECT_EQ(world->gate.count(1, MPC_COUNT_BIOS), 1u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_BIOS), 1u);
	for (u32 counter = 1; counter < MPC_COUNTERS; ++counter)
		EXPECT_EQ(world->gate.total(counter), 0u);
}

TEST_F(Bio, IsNeitherPinnedNorDelayed)
{
	const AtomicContext atomic; // under a plug nothing may sleep
	mpath_device &path = world->add();

	path.on_get = [] { ADD_FAILURE() << "a bio pins no path"; };
	EXPECT_EQ(world->submit().fate, bio::Fate::kForwarded);
}

TEST_F(Bio, IsParkedIfAPathMayRecover)
{
	mpath_device &hopeless = world->add({.disabled = true});

	hopeless.available = false;
	world->add({.disabled = true});

	bio b;

	EXPECT_EQ(traced(b), (Trace{"lock", "park", "unlock"}));
	EXPECT_EQ(b.fate, bio::Fate::kParked);
	EXPECT_EQ(b.head, world->head);
	EXPECT_EQ(world->gate.total(MPC_COUNT_BIOS), 0u);
}

TEST_F(Bio, IsParkedForAPathOfAnotherAccessState)
{
	world->add({.access = MPC_ACCESS_OTHER});
	EXPECT_EQ(world->submit().fate, bio::Fate::kParked);
}

TEST_F(Bio, TheFirstPathThatMayRecoverIsEnough)
{
	mpath_device &first = world->add({.disabled = true});
	mpath_device &second = world->add({.disabled = true});

	EXPECT_EQ(world->submit().fate, bio::Fate::kParked);
	EXPECT_EQ(first.available_calls, 1u);
	EXPECT_EQ(second.available_calls, 0u);
}

TEST_F(Bio, FailsIfNoPathMayRecover)
{
	for (int i = 0; i < 3; ++i)
		world->add({.disabled = true}).available = false;

	bio b;

	EXPECT_EQ(traced(b), (Trace{"lock", "fail", "unlock"}));
	EXPECT_EQ(b.fate, bio::Fate::kFailed);
	EXPECT_EQ(b.head, world->head);
}

TEST_F(Bio, FailsWithoutAnyPath)
{
	const bio b = world->submit();

	EXPECT_EQ(b.fate, bio::Fate::kFailed);
	EXPECT_EQ(b.head, world->head);
}

TEST_F(Bio, AvailabilityIsNotAskedWhileAPathIsUsable)
{
	mpath_device &path = world->add();

	path.available = false;
	EXPECT_EQ(world->submit().fate, bio::Fate::kForwarded);
	EXPECT_EQ(path.available_calls, 0u);
}

TEST_F(Bio, FailsWithoutAHeadOnceTheGateIsEmpty)
{
	world->add();
	world->remove_head();

	bio b;

	EXPECT_EQ(traced(b), (Trace{"lock", "fail", "unlock"}));
	EXPECT_EQ(b.fate, bio::Fate::kFailed);
	EXPECT_EQ(b.head, nullptr);
	EXPECT_EQ(world->gate.total(MPC_COUNT_BIOS), 0u);
}

TEST_F(Bio, FailsOnADyingHeadThoughAPathIsUsable)
{
	mpath_device &path = world->add();

	EXPECT_EQ(world->event(MPC_EVENT_REMOVE), u32{MPC_ACTION_DEL_DISK});
	EXPECT_EQ(world->submit().fate, bio::Fate::kFailed);
	EXPECT_EQ(path.disabled_calls, 0u);
}

TEST_F(Bio, AHeadThatDiesInMidSubmissionStillGetsItsBioOut)
{
	mpath_device &path = world->add();

	path.on_disabled = [&] { EXPECT_EQ(world->event(MPC_EVENT_REMOVE), u32{MPC_ACTION_DEL_DISK}); };

	const bio b = world->submit();

	EXPECT_EQ(b.fate, bio::Fate::kForwarded);
	path.on_disabled = nullptr;
	EXPECT_EQ(world->submit().fate, bio::Fate::kFailed);
}

TEST_F(Bio, APathRemovedWhileItsAvailabilityIsAskedIsSafe)
{
	mpath_device &path = world->add({.disabled = true});

	path.on_available = [&] { world->unlink(path); };
	EXPECT_EQ(world->submit().fate, bio::Fate::kParked);
	world->reap();
	EXPECT_EQ(world->submit().fate, bio::Fate::kFailed);
}

TEST_F(Bio, CountsFollowTheSlotOfThePath)
{
	const auto paths = add_paths(3);

	world->set_policy(MPC_POLICY_RR);
	for (int i = 0; i < 9; ++i)
		(void)world->submit();
	world->del(*paths[1]);
	for (int i = 0; i < 4; ++i)
		(void)world->submit();
	EXPECT_EQ(world->gate.count(0, MPC_COUNT_BIOS), 5u);
	EXPECT_EQ(world->gate.count(1, MPC_COUNT_BIOS), 3u);
	EXPECT_EQ(world->gate.count(2, MPC_COUNT_BIOS), 5u);
}

} // namespace
