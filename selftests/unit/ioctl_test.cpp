// SPDX-License-Identifier: GPL-2.0
// Every outcome of an ioctl.
#include "fakes/fake_kernel.hpp"

using namespace fake;
using Trace = std::vector<std::string>;

namespace {

constexpr long kPathErrors[] = {-MPC_ENODEV, -MPC_ENXIO, -MPC_ESHUTDOWN};

struct Ioctl : CoreTest {
	Trace trace;

	long traced()
	{
		record(true);

		const long ret = world->ioctl(7);

		record(false);
		trace = take_trace();
		return ret;
	}
	u64 sent(u32 slot) const { return world->gate.count(slot, MPC_COUNT_IOCTLS); }
	u64 refused(u32 slot) const { return world->gate.count(slot, MPC_COUNT_SUBMIT_ERRORS); }
};
using IoctlDeathTest = Ioctl;

TEST_F(Ioctl, RunsOnAPinnedPathOutsideOfTheSection)
{
	mpath_device &path = world->add();

	EXPECT_EQ(traced(), 0);
	EXPECT_EQ(trace, (Trace{"lock", "begin 0", "pin 0", "unlock", "ioctl 0", "finish 0",
				"put 0"}));
	EXPECT_FALSE(path.section_was_open);
	EXPECT_EQ(sent(0), 1u);
	EXPECT_EQ(refused(0), 0u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_BIOS), 0u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_URING_CMDS), 0u);
}

TEST_F(Ioctl, StaysInTheSectionIfTheDriverCannotPin)
{
	make({.can_pin = false});
	mpath_device &path = world->add();

	EXPECT_EQ(traced(), 0);
	EXPECT_EQ(trace, (Trace{"lock", "begin 0", "ioctl 0", "finish 0", "unlock"}));
	EXPECT_TRUE(path.section_was_open);
	EXPECT_EQ(sent(0), 1u);
}

TEST_F(Ioctl, ArgumentsArriveAsTheyWereGiven)
{
	mpath_device &path = world->add();
	block_device bdev;
	const mpc_ioctl_args args = {0x123456789abcdef0, &bdev, 0xc0484e41, 3, 1, 1};

	record(true);
	EXPECT_EQ(mpc_ioctl(&world->gate, &args), 0);
	record(false);
	EXPECT_EQ(path.last_args.arg, args.arg);
	EXPECT_EQ(path.last_args.bdev, &bdev);
	EXPECT_EQ(path.last_args.cmd, args.cmd);
	EXPECT_EQ(path.last_args.mode, args.mode);
	EXPECT_EQ(path.last_args.open_for_write, args.open_for_write);
	EXPECT_EQ(path.last_args.compat, args.compat);
}

TEST_F(Ioctl, AnswersOfTheCommandAreHandedUpAndNotTriedAgain)
{
	const auto paths = add_paths(2);

	// NVMe statuses, then errno that say nothing of the path
	for (const long result : {0L, 1L, 0x4002L, 0x7fffffffL, 0x100000000L, -1L, -5L, -11L, -13L,
				  -14L, -22L, -25L, -4L, -16L, -28L, -95L, -108L + 1, -20L, -7L}) {
		paths[0]->ioctl_result = result;
		EXPECT_EQ(world->ioctl(), result);
	}
	EXPECT_EQ(paths[1]->ioctls, 0u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_SUBMIT_ERRORS), 0u);
}

TEST_F(Ioctl, APositiveNumberIsNeverTakenForAnErrno)
{
	const auto paths = add_paths(2);

	for (const long result : {MPC_ENODEV, MPC_ENXIO, MPC_ESHUTDOWN}) {
		paths[0]->ioctl_result = result;
		EXPECT_EQ(world->ioctl(), result);
	}
	EXPECT_EQ(paths[1]->ioctls, 0u);
}

TEST_F(Ioctl, APathErrorIsTriedOnAnotherPath)
{
	const auto paths = add_paths(2);

	for (const long error : kPathErrors) {
		paths[0]->ioctl_result = error;
		paths[1]->ioctl_result = 42;
		EXPECT_EQ(traced(), 42);
		EXPECT_EQ(trace, (Trace{"lock", "begin 0", "pin 0", "unlock", "ioctl 0", "finish 0",
					"put 0", "lock", "begin 1", "pin 1", "unlock", "ioctl 1",
					"finish 1", "put 1"}));
	}
	EXPECT_EQ(sent(0), 3u);
	EXPECT_EQ(refused(0), 3u);
	EXPECT_EQ(sent(1), 3u);
	EXPECT_EQ(refused(1), 0u);
}

TEST_F(Ioctl, APathErrorIsTriedOnAnotherPathInsideOfASectionEach)
{
	make({.can_pin = false});
	const auto paths = add_paths(2);

	paths[0]->ioctl_result = -MPC_ENXIO;
	EXPECT_EQ(traced(), 0);
	EXPECT_EQ(trace, (Trace{"lock", "begin 0", "ioctl 0", "finish 0", "unlock", "lock", "begin 1",
				"ioctl 1", "finish 1", "unlock"}));
}

TEST_F(Ioctl, WhatThePathHasFailedIsSentOnAnother)
{
	const auto paths = add_paths(3);

	for (mpath_device *path : paths)
		path->ioctl_again = 0x371;
	paths[0]->ioctl_results = {0x371};
	paths[1]->ioctl_results = {0x371};
	paths[2]->ioctl_result = 5; // the command's own
	EXPECT_EQ(world->ioctl(), 5);
	EXPECT_EQ(refused(0), 1u);
	EXPECT_EQ(refused(1), 1u);
	EXPECT_EQ(sent(2), 1u);
}

TEST_F(Ioctl, WhatEveryPathHasFailedEndsAsTheLastOneDid)
{
	const auto paths = add_paths(2);

	paths[0]->ioctl_again = paths[0]->ioctl_result = 0x370;
	paths[1]->ioctl_again = paths[1]->ioctl_result = -4;
	EXPECT_EQ(world->ioctl(), -4);
	// one that refuses it has no say
	paths[1]->ioctl_result = -MPC_ENODEV;
	EXPECT_EQ(world->ioctl(), 0x370);
	EXPECT_EQ(paths[0]->ioctls, 2u);
}

TEST_F(Ioctl, WhatFailsIsSentAgainAsLongAsACommandMayWait)
{
	mpath_device &path = world->add();

	world->head->command_wait_ms = 30000;
	path.ioctl_again = 0x371;
	path.ioctl_results = {0x371, 0x371, 0x371};
	EXPECT_EQ(world->ioctl(), 0);
	EXPECT_EQ(path.ioctls, 4u);
}

TEST_F(Ioctl, WhatAlwaysFailsIsSentAgain64Times)
{
	mpath_device &path = world->add();

	world->head->command_wait_ms = 1000000000;
	path.ioctl_again = path.ioctl_result = 0x371;
	EXPECT_EQ(world->ioctl(), 0x371);
	EXPECT_EQ(path.ioctls, 65u);
}

TEST_F(Ioctl, AllPathsRefuse)
{
	for (const u32 policy : {MPC_POLICY_NUMA, MPC_POLICY_RR, MPC_POLICY_QD}) {
		make({});
		world->set_policy(policy);

		const auto paths = add_paths(MPC_MAX_PATHS);

		for (u32 i = 0; i < MPC_MAX_PATHS; ++i)
			paths[i]->ioctl_result = kPathErrors[i % 3];
		EXPECT_EQ(world->ioctl(), -MPC_EAGAIN);
		for (u32 i = 0; i < MPC_MAX_PATHS; ++i) {
			EXPECT_EQ(paths[i]->ioctls, 1u);
			EXPECT_EQ(sent(i), 1u);
			EXPECT_EQ(refused(i), 1u);
		}
	}
}

TEST_F(Ioctl, TheLastOfSixtyFourPathsIsTried)
{
	const auto paths = add_paths(MPC_MAX_PATHS);

	for (mpath_device *path : paths)
		path->ioctl_result = -MPC_ENODEV;
	paths[63]->ioctl_result = 5;
	EXPECT_EQ(world->ioctl(), 5);
	EXPECT_EQ(world->gate.total(MPC_COUNT_SUBMIT_ERRORS), 63u);
}

TEST_F(Ioctl, ANonOptimizedPathIsTriedWhenTheOptimizedOnesRefuse)
{
	mpath_device &slow = world->add({.access = MPC_ACCESS_NONOPTIMIZED});
	mpath_device &fast = world->add();

	fast.ioctl_result = -MPC_ENODEV;
	slow.ioctl_result = 9;
	EXPECT_EQ(world->ioctl(), 9);
}

TEST_F(Ioctl, NoPath)
{
	EXPECT_EQ(traced(), -MPC_EAGAIN);
	EXPECT_EQ(trace, (Trace{"lock", "unlock"}));
	world->add({.disabled = true});
	EXPECT_EQ(world->ioctl(), -MPC_EAGAIN);
	EXPECT_EQ(world->gate.total(MPC_COUNT_IOCTLS), 0u);
}

TEST_F(Ioctl, HeadGone)
{
	world->add();
	world->remove_head();
	EXPECT_EQ(traced(), -MPC_ENODEV);
	EXPECT_EQ(trace, (Trace{"lock", "unlock"}));
}

TEST_F(Ioctl, HeadDying)
{
	mpath_device &path = world->add();

	(void)world->event(MPC_EVENT_REMOVE);
	EXPECT_EQ(world->ioctl(), -MPC_ENODEV);
	EXPECT_EQ(path.ioctls, 0u);
	EXPECT_EQ(path.disabled_calls, 0u);
}

TEST_F(Ioctl, AHeadRemovedAndFreedDuringTheIoctlDoesNotMatter)
{
	mpath_device &path = world->add();

	path.ioctl_result = 3;
	path.on_ioctl = [&] { world->remove_head(); };
	EXPECT_EQ(traced(), 3);
	EXPECT_EQ(trace.back(), "put 0");
	EXPECT_EQ(trace[trace.size() - 2], "finish 0");
	EXPECT_EQ(world->head, nullptr);
}

TEST_F(Ioctl, HeadRemovedBetweenTwoRounds)
{
	const auto paths = add_paths(2);

	paths[0]->ioctl_result = -MPC_ENXIO;
	paths[0]->on_ioctl = [&] { world->remove_head(); };
	EXPECT_EQ(traced(), -MPC_ENODEV);
	EXPECT_EQ(trace, (Trace{"lock", "begin 0", "pin 0", "unlock", "ioctl 0", "finish 0", "put 0",
				"lock", "unlock"}));
	EXPECT_EQ(refused(0), 1u);
}

TEST_F(Ioctl, HeadDyingBetweenTwoRounds)
{
	make({.can_pin = false});
	const auto paths = add_paths(2);

	paths[0]->ioctl_result = -MPC_ENXIO;
	paths[0]->on_ioctl = [&] { (void)world->event(MPC_EVENT_REMOVE); };
	EXPECT_EQ(world->ioctl(), -MPC_ENODEV);
	EXPECT_EQ(paths[1]->ioctls, 0u);
}

TEST_F(Ioctl, ItsPathRemovedDuringTheIoctlIsFreedAfterIt)
{
	const auto paths = add_paths(2);

	paths[0]->ioctl_result = -MPC_ENODEV;
	paths[0]->on_ioctl = [&] { world->del(*paths[0]); };
	EXPECT_EQ(world->ioctl(), 0);
	EXPECT_EQ(paths[1]->ioctls, 1u);
}

TEST_F(Ioctl, APathThatCameInTheSlotOfARefusingOneIsNotWaitedFor)
{
	mpath_device &path = world->add();
	mpath_device *fresh = nullptr;

	path.ioctl_result = -MPC_ENODEV;
	path.on_ioctl = [&] {
		world->del(path);
		fresh = &world->add();
	};

	// each slot is tried once: the command ends, whatever comes and goes
	EXPECT_EQ(world->ioctl(), -MPC_EAGAIN);
	EXPECT_EQ(fresh->slot, 0);
	EXPECT_EQ(world->ioctl(), 0);
	EXPECT_EQ(fresh->ioctls, 1u);
}

TEST_F(Ioctl, PathsThatAreReplacedForEverDoNotKeepItGoing)
{
	u32 replaced = 0;
	std::function<void(mpath_device &)> refuse = [&](mpath_device &path) {
		path.ioctl_result = -MPC_ENODEV;
		path.on_ioctl = [&, dying = &path] {
			if (++replaced > 2 * MPC_MAX_PATHS)
				die("the command does not end");

			// the new one comes first, so it gets another slot
			refuse(world->add());
			world->del(*dying);
		};
	};

	refuse(world->add());
	EXPECT_EQ(world->ioctl(), -MPC_EAGAIN);
	EXPECT_LE(replaced, u32{MPC_MAX_PATHS});
	for (mpath_device *path : world->paths())
		path->on_ioctl = nullptr;
}

TEST_F(Ioctl, APinRefusedMeansAnotherPath)
{
	const auto paths = add_paths(2);

	paths[0]->pin_refused = true;
	EXPECT_EQ(traced(), 0);
	EXPECT_EQ(trace, (Trace{"lock", "begin 0", "pin-refused 0", "finish 0", "unlock", "lock",
				"begin 1", "pin 1", "unlock", "ioctl 1", "finish 1", "put 1"}));
	EXPECT_EQ(paths[0]->ioctls, 0u);
	EXPECT_EQ(sent(0), 0u);
	EXPECT_EQ(sent(1), 1u);
}

TEST_F(Ioctl, EveryPinRefused)
{
	for (mpath_device *path : add_paths(3))
		path->pin_refused = true;
	EXPECT_EQ(world->ioctl(), -MPC_EAGAIN);
	EXPECT_EQ(world->gate.total(MPC_COUNT_IOCTLS), 0u);
}

TEST_F(Ioctl, APathThatLeavesInGetPathIsNotUsedAfterItsSection)
{
	const auto paths = add_paths(2);

	paths[0]->on_get = [&] {
		world->unlink(*paths[0]);
		paths[0]->pin_refused = true;
	};
	EXPECT_EQ(world->ioctl(), 0);
	EXPECT_EQ(paths[0]->ioctls, 0u);
	EXPECT_EQ(paths[1]->ioctls, 1u);
	world->reap();
}

TEST_F(Ioctl, FinishIsNotCalledIfBeginStoredNothing)
{
	const auto paths = add_paths(2);

	paths[0]->begin_stores_nothing = true;
	paths[0]->ioctl_result = -MPC_ENODEV;
	EXPECT_EQ(traced(), 0);
	// what the first round stored, or not, is not seen by the second one
	EXPECT_EQ(trace, (Trace{"lock", "begin 0", "pin 0", "unlock", "ioctl 0", "put 0", "lock",
				"begin 1", "pin 1", "unlock", "ioctl 1", "finish 1", "put 1"}));
}

TEST_F(Ioctl, FinishIsNotCalledIfBeginStoredNothingAndThePinWasRefused)
{
	mpath_device &path = world->add();

	path.begin_stores_nothing = true;
	path.pin_refused = true;
	EXPECT_EQ(traced(), -MPC_EAGAIN);
	EXPECT_EQ(trace, (Trace{"lock", "begin 0", "pin-refused 0", "unlock", "lock", "unlock"}));
}

TEST_F(Ioctl, WithoutBeginAndFinishNeitherIsCalled)
{
	make({.begin_finish = false});
	mpath_device &path = world->add();

	EXPECT_EQ(traced(), 0);
	EXPECT_EQ(trace, (Trace{"lock", "pin 0", "unlock", "ioctl 0", "put 0"}));
	EXPECT_EQ(path.begins, 0u);
}

TEST_F(Ioctl, BeginMayRemoveThePathAndTheIoctlIsStillSafe)
{
	mpath_device &path = world->add();

	path.on_begin = [&] { world->unlink(path); };
	EXPECT_EQ(world->ioctl(), 0); // it could still be pinned
	world->reap();
	EXPECT_EQ(world->ioctl(), -MPC_EAGAIN);
}

TEST_F(Ioctl, ItMayIssueAnotherOne)
{
	mpath_device &path = world->add();
	bool nested = false;

	path.on_ioctl = [&] {
		if (!nested) {
			nested = true;
			EXPECT_EQ(world->ioctl(), 0);
			EXPECT_EQ(world->submit().fate, bio::Fate::kForwarded);
		}
	};
	EXPECT_EQ(world->ioctl(), 0);
	EXPECT_EQ(path.ioctls, 2u);
}

TEST_F(Ioctl, AnIoctlInASectionMayIssueAnotherOne)
{
	make({.can_pin = false});
	mpath_device &path = world->add();
	bool nested = false;

	path.on_ioctl = [&] {
		if (!nested) {
			nested = true;
			EXPECT_EQ(world->ioctl(), 0);
		}
	};
	EXPECT_EQ(world->ioctl(), 0);
	EXPECT_EQ(path.ioctls, 2u);
}

TEST_F(Ioctl, APathErrorDoesNotMoveTheChoice)
{
	const auto paths = add_paths(2);

	EXPECT_EQ(world->pick(), paths[0]);
	paths[0]->ioctl_results = {-MPC_ENODEV};
	EXPECT_EQ(world->ioctl(), 0);
	EXPECT_EQ(paths[1]->ioctls, 1u);
	EXPECT_TRUE(world->is_choice(*paths[0], 0));
	EXPECT_EQ(world->ioctl(), 0);
	EXPECT_EQ(paths[1]->ioctls, 1u);
}

TEST_F(Ioctl, WorksOnAHeadWithoutADisk)
{
	make({.live = false});
	world->add();
	EXPECT_EQ(world->ioctl(), 0);
}

TEST_F(IoctlDeathTest, MaySleepAlsoWithoutAPath)
{
	const AtomicContext atomic;

	EXPECT_DEATH((void)world->ioctl(), "atomic context");
}

} // namespace
