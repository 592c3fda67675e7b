// SPDX-License-Identifier: GPL-2.0
// Every outcome of an io_uring command.
#include "fakes/fake_kernel.hpp"

using namespace fake;
using Trace = std::vector<std::string>;

namespace {

constexpr int kPathErrors[] = {-MPC_ENODEV, -MPC_ENXIO, -MPC_ESHUTDOWN};

struct Uring : CoreTest {
	Trace trace;

	void SetUp() override
	{
		CoreTest::SetUp();
		make({.quick = false}); // the general way; first_test.cpp has the other one
	}

	int traced()
	{
		record(true);

		const int ret = world->uring();

		record(false);
		trace = take_trace();
		return ret;
	}
	u64 accepted(u32 slot) const { return world->gate.count(slot, MPC_COUNT_URING_CMDS); }
	u64 refused(u32 slot) const { return world->gate.count(slot, MPC_COUNT_SUBMIT_ERRORS); }
};

TEST_F(Uring, IsQueuedOnAPinnedPathOutsideOfTheSection)
{
	mpath_device &path = world->add();

	EXPECT_EQ(traced(), kQueued);
	EXPECT_EQ(trace, (Trace{"lock", "pin 0", "unlock", "uring 0", "put 0"}));
	EXPECT_FALSE(path.section_was_open);
	EXPECT_EQ(accepted(0), 1u);
	EXPECT_EQ(refused(0), 0u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_IOCTLS), 0u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_BIOS), 0u);
	EXPECT_EQ(path.begins, 0u);
}

TEST_F(Uring, StaysInTheSectionIfTheDriverCannotPin)
{
	make({.can_pin = false});
	mpath_device &path = world->add();

	EXPECT_EQ(traced(), kQueued);
	EXPECT_EQ(trace, (Trace{"lock", "uring 0", "unlock"}));
	EXPECT_TRUE(path.section_was_open);
	EXPECT_EQ(accepted(0), 1u);
}

TEST_F(Uring, MayBeIssuedInAtomicContext)
{
	const AtomicContext atomic;

	world->add();
	EXPECT_EQ(world->uring(), kQueued);
}

TEST_F(Uring, CommandAndFlagsArriveAsTheyWereGiven)
{
	io_uring_cmd cmd;

	world->add();
	EXPECT_EQ(mpc_uring_cmd(&world->gate, &cmd, 0x80000401), kQueued);
	EXPECT_EQ(cmd.submissions, 1u);
	EXPECT_EQ(cmd.last_flags, 0x80000401u);
}

TEST_F(Uring, AnswersOfTheCommandAreHandedUpAndNotTriedAgain)
{
	const auto paths = add_paths(2);

	for (const int result : {0, 1, 0x4002, 0x7fffffff, MPC_ENODEV, -1, -4, -5, -13, -14, -22, -25,
				 -28, -95, -107, kQueued}) {
		paths[0]->uring_result = result;
		EXPECT_EQ(world->uring(), result);
	}
	EXPECT_EQ(paths[1]->urings, 0u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_SUBMIT_ERRORS), 0u);
}

TEST_F(Uring, TryAgainIsPassedUpUntouchedAndNotCounted)
{
	const auto paths = add_paths(2);

	// io_uring asks again from a worker: nothing was accepted
	paths[0]->uring_result = -MPC_EAGAIN;
	EXPECT_EQ(world->uring(), -MPC_EAGAIN);
	EXPECT_EQ(paths[0]->urings, 1u);
	EXPECT_EQ(paths[1]->urings, 0u);
	EXPECT_EQ(accepted(0), 0u);
	EXPECT_EQ(refused(0), 0u);
}

TEST_F(Uring, APathErrorIsTriedOnAnotherPath)
{
	const auto paths = add_paths(2);

	for (const int error : kPathErrors) {
		paths[0]->uring_result = error;
		EXPECT_EQ(traced(), kQueued);
		EXPECT_EQ(trace, (Trace{"lock", "pin 0", "unlock", "uring 0", "put 0", "lock",
					"pin 1", "unlock", "uring 1", "put 1"}));
	}
	EXPECT_EQ(accepted(0), 0u);
	EXPECT_EQ(refused(0), 3u);
	EXPECT_EQ(accepted(1), 3u);
	EXPECT_EQ(refused(1), 0u);
}

TEST_F(Uring, TryAgainAfterAPathErrorIsPassedUp)
{
	const auto paths = add_paths(3);

	paths[0]->uring_result = -MPC_ENODEV;
	paths[1]->uring_result = -MPC_EAGAIN;
	EXPECT_EQ(world->uring(), -MPC_EAGAIN);
	EXPECT_EQ(paths[2]->urings, 0u);
	EXPECT_EQ(refused(0), 1u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_URING_CMDS), 0u);
}

TEST_F(Uring, AllPathsRefuse)
{
	for (const u32 policy : {MPC_POLICY_NUMA, MPC_POLICY_RR, MPC_POLICY_QD}) {
		make({});
		world->set_policy(policy);

		const auto paths = add_paths(MPC_MAX_PATHS);

		for (mpath_device *path : paths)
			path->uring_result = -MPC_ENODEV;
		EXPECT_EQ(world->uring(), -MPC_EINVAL);
		for (mpath_device *path : paths)
			EXPECT_EQ(path->urings, 1u);
		EXPECT_EQ(world->gate.total(MPC_COUNT_SUBMIT_ERRORS), 64u);
		EXPECT_EQ(world->gate.total(MPC_COUNT_URING_CMDS), 0u);
	}
}

TEST_F(Uring, NoPath)
{
	EXPECT_EQ(traced(), -MPC_EINVAL);
	EXPECT_EQ(trace, (Trace{"lock", "unlock"}));
	world->add({.disabled = true});
	EXPECT_EQ(world->uring(), -MPC_EINVAL);
}

TEST_F(Uring, HeadGone)
{
	world->add();
	world->remove_head();
	EXPECT_EQ(traced(), -MPC_ENODEV);
	EXPECT_EQ(trace, (Trace{"lock", "unlock"}));
}

TEST_F(Uring, HeadDying)
{
	mpath_device &path = world->add();

	(void)world->event(MPC_EVENT_REMOVE);
	EXPECT_EQ(world->uring(), -MPC_ENODEV);
	EXPECT_EQ(path.urings, 0u);
}

TEST_F(Uring, AHeadRemovedAndFreedDuringTheCommandDoesNotMatter)
{
	mpath_device &path = world->add();

	path.on_uring = [&] { world->remove_head(); };
	EXPECT_EQ(traced(), kQueued);
	EXPECT_EQ(trace.back(), "put 0");
	EXPECT_EQ(accepted(0), 1u);
}

TEST_F(Uring, HeadRemovedBetweenTwoRounds)
{
	const auto paths = add_paths(2);

	paths[0]->uring_result = -MPC_ESHUTDOWN;
	paths[0]->on_uring = [&] { world->remove_head(); };
	EXPECT_EQ(world->uring(), -MPC_ENODEV);
	EXPECT_EQ(refused(0), 1u);
}

TEST_F(Uring, HeadDyingBetweenTwoRounds)
{
	make({.can_pin = false});
	const auto paths = add_paths(2);

	paths[0]->uring_result = -MPC_ESHUTDOWN;
	paths[0]->on_uring = [&] { (void)world->event(MPC_EVENT_REMOVE); };
	EXPECT_EQ(world->uring(), -MPC_ENODEV);
	EXPECT_EQ(paths[1]->urings, 0u);
}

TEST_F(Uring, ItsPathRemovedDuringTheCommandIsFreedAfterIt)
{
	const auto paths = add_paths(2);

	paths[0]->on_uring = [&] { world->del(*paths[0]); };
	EXPECT_EQ(world->uring(), kQueued);
	EXPECT_EQ(world->uring(), kQueued);
	EXPECT_EQ(paths[1]->urings, 1u);
}

TEST_F(Uring, APinRefusedMeansAnotherPath)
{
	const auto paths = add_paths(2);

	paths[0]->pin_refused = true;
	EXPECT_EQ(traced(), kQueued);
	EXPECT_EQ(trace, (Trace{"lock", "pin-refused 0", "unlock", "lock", "pin 1", "unlock",
				"uring 1", "put 1"}));
	EXPECT_EQ(paths[0]->urings, 0u);
	EXPECT_EQ(accepted(0), 0u);
}

TEST_F(Uring, EveryPinRefused)
{
	for (mpath_device *path : add_paths(3))
		path->pin_refused = true;
	EXPECT_EQ(world->uring(), -MPC_EINVAL);
}

TEST_F(Uring, WithoutTheCallbackItIsNotSupported)
{
	make({.uring = false});
	mpath_device &path = world->add();

	EXPECT_EQ(traced(), -MPC_EOPNOTSUPP);
	EXPECT_EQ(trace, (Trace{"lock", "unlock"}));
	EXPECT_EQ(path.urings, 0u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_SUBMIT_ERRORS), 0u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_URING_CMDS), 0u);
}

TEST_F(Uring, OnlyWhatAPathAcceptedIsCountedAsItsCommand)
{
	mpath_device &path = world->add();

	// queued, or done at once
	for (const int result : {kQueued, 0, 0x4002}) {
		path.uring_result = result;
		(void)world->uring();
	}
	EXPECT_EQ(accepted(0), 3u);
	// refused before anything was sent
	for (const int result : {-MPC_EINVAL, -13, -MPC_ENOTTY, -MPC_EOPNOTSUPP, -MPC_EAGAIN}) {
		path.uring_result = result;
		(void)world->uring();
	}
	EXPECT_EQ(accepted(0), 3u);
}

// --- waiting for a path -------------------------------------------------------

struct Waiting : Uring {
	static constexpr u32 kMs = 1000;
	mpath_device *path = nullptr;
	u32 pauses = 0;

	void SetUp() override
	{
		Uring::SetUp();
		path = &world->add({.disabled = true});
		world->head->command_wait_ms = kMs;
		g_on_pause = [this] { ++pauses; };
	}
};

TEST_F(Waiting, ForAPathThatComesBack)
{
	g_on_pause = [this] { path->disabled = ++pauses < 3; };
	EXPECT_EQ(world->uring(), kQueued);
	EXPECT_EQ(pauses, 3u);
	EXPECT_EQ(path->urings, 1u);

	path->disabled = true;
	pauses = 0;
	EXPECT_EQ(world->ioctl(), 0);
	EXPECT_EQ(pauses, 3u);
}

TEST_F(Waiting, NotLongerThanTheDriverSays)
{
	const u64 begin = now();

	EXPECT_EQ(world->uring(), -MPC_EINVAL);
	EXPECT_GE(now() - begin, u64{kHz} * kMs / 1000);
	EXPECT_LE(now() - begin, u64{kHz} * (kMs + MPC_PAUSE_MS) / 1000);
	EXPECT_EQ(world->ioctl(), -MPC_EAGAIN);
}

TEST_F(Waiting, NotLongerThanItsOwnTimeout)
{
	world->gate.own_ms = kMs / 2;

	u64 begin = now();

	EXPECT_EQ(world->uring(), -MPC_EINVAL);
	EXPECT_GE(now() - begin, u64{kHz} * kMs / 2000);
	EXPECT_LE(now() - begin, u64{kHz} * (kMs / 2 + MPC_PAUSE_MS) / 1000);
	begin = now();
	EXPECT_EQ(world->ioctl(), -MPC_EAGAIN);
	EXPECT_GE(now() - begin, u64{kHz} * kMs / 2000);
	EXPECT_LE(now() - begin, u64{kHz} * (kMs / 2 + MPC_PAUSE_MS) / 1000);
}

TEST_F(Waiting, NotLongerThanTheDriverSaysWhateverItsTimeout)
{
	world->gate.own_ms = 10 * kMs;

	const u64 begin = now();

	EXPECT_EQ(world->uring(), -MPC_EINVAL);
	EXPECT_LE(now() - begin, u64{kHz} * (kMs + MPC_PAUSE_MS) / 1000);
}

TEST_F(Waiting, EndsWhenTheDriverDoesNotWantItAnyMore)
{
	g_on_pause = [this] {
		if (++pauses == 2)
			world->head->command_wait_ms = 0;
	};
	EXPECT_EQ(world->uring(), -MPC_EINVAL);
	EXPECT_EQ(pauses, 2u);
}

TEST_F(Waiting, NotWithAnIoctlThatTheDriverDoesNotWantToWait)
{
	world->gate.ioctls_wait = false;
	EXPECT_EQ(world->ioctl(), -MPC_EAGAIN);
	EXPECT_EQ(pauses, 0u);
	EXPECT_EQ(world->uring(), -MPC_EINVAL);
	EXPECT_GT(pauses, 0u);
}

TEST_F(Waiting, NotAtAllUnlessTheDriverSaysSo)
{
	world->head->command_wait_ms = 0;
	EXPECT_EQ(world->uring(), -MPC_EINVAL);
	EXPECT_EQ(world->uring(MPC_ISSUE_NONBLOCK), -MPC_EINVAL);
	EXPECT_EQ(world->ioctl(), -MPC_EAGAIN);
	EXPECT_EQ(pauses, 0u);
}

TEST_F(Waiting, NotWithoutHope)
{
	path->available = false;
	EXPECT_EQ(world->uring(), -MPC_EINVAL);
	EXPECT_EQ(world->ioctl(), -MPC_EAGAIN);
	EXPECT_EQ(pauses, 0u);
}

TEST_F(Waiting, NotIfTheCallerMustNotBeKept)
{
	const AtomicContext atomic;

	EXPECT_EQ(world->uring(MPC_ISSUE_NONBLOCK), -MPC_EAGAIN);
	EXPECT_EQ(pauses, 0u);
}

TEST_F(Waiting, EndsWithTheTask)
{
	g_killed = true;
	EXPECT_EQ(world->uring(), -MPC_EINVAL);
	EXPECT_EQ(world->ioctl(), -MPC_EAGAIN);
	EXPECT_EQ(pauses, 2u);
}

TEST_F(Waiting, EndsWithTheHead)
{
	g_on_pause = [this] {
		++pauses;
		world->remove_head();
	};
	EXPECT_EQ(world->uring(), -MPC_ENODEV);
	EXPECT_EQ(pauses, 1u);
}

// --- mpc_call -----------------------------------------------------------------

struct Call : CoreTest {
	Trace trace;

	int traced()
	{
		record(true);

		const int ret = world->call();

		record(false);
		trace = take_trace();
		return ret;
	}
};
using CallDeathTest = Call;

TEST_F(Call, RunsOnAPinnedPathOutsideOfTheSection)
{
	mpath_device &path = world->add();

	EXPECT_EQ(traced(), 0);
	EXPECT_EQ(trace, (Trace{"lock", "pin 0", "unlock", "call 0", "put 0"}));
	EXPECT_FALSE(path.section_was_open);
	for (u32 counter = 0; counter < MPC_COUNTERS; ++counter)
		EXPECT_EQ(world->gate.total(counter), 0u);
}

TEST_F(Call, StaysInTheSectionIfTheDriverCannotPin)
{
	make({.can_pin = false});
	mpath_device &path = world->add();

	EXPECT_EQ(traced(), 0);
	EXPECT_EQ(trace, (Trace{"lock", "call 0", "unlock"}));
	EXPECT_TRUE(path.section_was_open);
}

TEST_F(Call, ItsResultIsPassedThroughWhateverItIs)
{
	const auto paths = add_paths(2);

	for (const int result : {0, 1, 0x7fffffff, -1, -MPC_EAGAIN, -MPC_ENODEV, -MPC_ENXIO,
				 -MPC_ESHUTDOWN, -0x7fffffff}) {
		paths[0]->call_result = result;
		EXPECT_EQ(world->call(), result);
	}
	EXPECT_EQ(paths[0]->calls, 9u);
	EXPECT_EQ(paths[1]->calls, 0u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_SUBMIT_ERRORS), 0u);
}

TEST_F(Call, NoPathAndNoHead)
{
	EXPECT_EQ(world->call(), -MPC_EAGAIN);
	world->add({.disabled = true});
	EXPECT_EQ(world->call(), -MPC_EAGAIN);
	world->remove_head();
	EXPECT_EQ(traced(), -MPC_ENODEV);
	EXPECT_EQ(trace, (Trace{"lock", "unlock"}));
}

TEST_F(Call, HeadDying)
{
	world->add();
	(void)world->event(MPC_EVENT_REMOVE);
	EXPECT_EQ(world->call(), -MPC_ENODEV);
}

TEST_F(Call, APinRefusedMeansAnotherPath)
{
	const auto paths = add_paths(2);

	paths[0]->pin_refused = true;
	paths[1]->call_result = 6;
	EXPECT_EQ(world->call(), 6);
	EXPECT_EQ(paths[0]->calls, 0u);
	paths[1]->pin_refused = true;
	EXPECT_EQ(world->call(), -MPC_EAGAIN);
}

TEST_F(Call, AHeadRemovedAndFreedDuringTheCallDoesNotMatter)
{
	mpath_device &path = world->add();

	path.call_result = -MPC_EIO;
	path.on_call = [&] { world->remove_head(); };
	EXPECT_EQ(world->call(), -MPC_EIO);
}

// --- mpc_call_again ------------------------------------------------------------

TEST_F(Call, AgainLeavesOutWhatWasTriedAndGoesOnAfterAnError)
{
	const auto paths = add_paths(4);
	u64 tried = 1;

	for (mpath_device *path : paths)
		path->call_result = -MPC_EIO;
	paths[3]->call_result = 0;
	EXPECT_EQ(world->call_again(tried), 0);
	EXPECT_EQ(paths[0]->calls, 0u);
	EXPECT_EQ(paths[3]->calls, 1u);
	// the failing ones before it, and not the one that took it
	EXPECT_EQ(tried & 1, 1u);
	EXPECT_EQ(tried & 8, 0u);
}

TEST_F(Call, AgainEndsWhenEveryUsablePathHadItsTurn)
{
	const auto paths = add_paths(3);
	u64 tried = 0;

	for (mpath_device *path : paths)
		path->call_result = -MPC_EAGAIN;
	paths[1]->disabled = true;
	EXPECT_EQ(world->call_again(tried), -MPC_EBUSY);
	EXPECT_EQ(tried, 5u);
	EXPECT_EQ(paths[0]->calls, 1u);
	EXPECT_EQ(paths[1]->calls, 0u);
	EXPECT_EQ(paths[2]->calls, 1u);
	// and nobody is asked twice
	EXPECT_EQ(world->call_again(tried), -MPC_EBUSY);
	EXPECT_EQ(paths[0]->calls + paths[2]->calls, 2u);
}

TEST_F(Call, AgainTellsHopeFromNone)
{
	mpath_device &path = world->add({.disabled = true});
	u64 tried = 0;

	path.available = true;
	EXPECT_EQ(world->call_again(tried), -MPC_EAGAIN);
	path.available = false;
	EXPECT_EQ(world->call_again(tried), -MPC_ENXIO);
	EXPECT_EQ(tried, 0u);
	world->remove_head();
	EXPECT_EQ(world->call_again(tried), -MPC_ENODEV);
}

TEST_F(Call, AgainDoesNotLookAtTriedOnceItIsSent)
{
	mpath_device &path = world->add();
	auto tried = std::make_unique<u64>(0);

	// the one who took it may have freed it: the sanitizer tells
	path.on_call = [&] { tried.reset(); };
	EXPECT_EQ(world->call_again(*tried), 0);
}

TEST_F(Call, AgainGoesOnIfAPathCannotBePinned)
{
	const auto paths = add_paths(2);
	u64 tried = 0;

	paths[0]->pin_refused = true;
	EXPECT_EQ(world->call_again(tried), 0);
	EXPECT_EQ(paths[0]->calls, 0u);
	EXPECT_EQ(paths[1]->calls, 1u);
}

TEST_F(CallDeathTest, AgainMaySleepAlsoWithoutAPath)
{
	const AtomicContext atomic;
	u64 tried = 0;

	EXPECT_DEATH((void)world->call_again(tried), "atomic context");
}

TEST_F(CallDeathTest, MaySleepAlsoWithoutAPath)
{
	const AtomicContext atomic;

	EXPECT_DEATH((void)world->call(), "atomic context");
}

} // namespace
