// SPDX-License-Identifier: GPL-2.0
// Every (state, event) against the table in the comment of lifetime.hpp, and
// what each state lets through.
#include "fakes/fake_kernel.hpp"

#include "lifetime.hpp"

using namespace fake;

namespace {

constexpr u32 kNew = 0, kAdding = 1, kLive = 2, kLingering = 3, kExpired = 4, kDying = 5, kDead = 6;
constexpr u32 kSetLive = 0, kAddDone = 1, kAddFailed = 2, kRemove = 3, kRemoveDone = 4,
	      kPathAdded = 5, kLastLeft = 6, kGraceOver = 7;
constexpr u32 kNone = 0, kAdd = 1, kDelete = 2, kWait = 3, kRefuse = 4, kBug = 5, kArm = 6,
	      kDisarm = 7, kRemoveNow = 8, kRemoveHead = 9;

struct Expected {
	u32 state, event, next, action;
};

constexpr Expected kTable[] = {
	{kNew, kSetLive, kAdding, kAdd},
	{kNew, kAddDone, kNew, kBug},
	{kNew, kAddFailed, kNew, kBug},
	{kNew, kRemove, kDead, kNone},
	{kNew, kRemoveDone, kNew, kBug},
	{kNew, kPathAdded, kNew, kNone},
	{kNew, kLastLeft, kNew, kRemoveNow},
	{kNew, kGraceOver, kNew, kNone},

	{kAdding, kSetLive, kAdding, kWait},
	{kAdding, kAddDone, kLive, kNone},
	{kAdding, kAddFailed, kDead, kNone},
	{kAdding, kRemove, kAdding, kWait},
	{kAdding, kRemoveDone, kAdding, kBug},
	{kAdding, kPathAdded, kAdding, kNone},
	{kAdding, kLastLeft, kAdding, kWait},
	{kAdding, kGraceOver, kAdding, kNone},

	{kLive, kSetLive, kLive, kNone},
	{kLive, kAddDone, kLive, kBug},
	{kLive, kAddFailed, kLive, kBug},
	{kLive, kRemove, kDying, kDelete},
	{kLive, kRemoveDone, kLive, kBug},
	{kLive, kPathAdded, kLive, kNone},
	{kLive, kLastLeft, kLingering, kArm},
	{kLive, kGraceOver, kLive, kNone},

	{kLingering, kSetLive, kLingering, kNone},
	{kLingering, kAddDone, kLingering, kBug},
	{kLingering, kAddFailed, kLingering, kBug},
	{kLingering, kRemove, kDying, kDelete},
	{kLingering, kRemoveDone, kLingering, kBug},
	{kLingering, kPathAdded, kLive, kDisarm},
	{kLingering, kLastLeft, kLingering, kNone},
	{kLingering, kGraceOver, kExpired, kRemoveHead},

	{kExpired, kSetLive, kExpired, kRefuse},
	{kExpired, kAddDone, kExpired, kBug},
	{kExpired, kAddFailed, kExpired, kBug},
	{kExpired, kRemove, kDying, kDelete},
	{kExpired, kRemoveDone, kExpired, kBug},
	{kExpired, kPathAdded, kExpired, kRefuse},
	{kExpired, kLastLeft, kExpired, kNone},
	{kExpired, kGraceOver, kExpired, kNone},

	{kDying, kSetLive, kDying, kRefuse},
	{kDying, kAddDone, kDying, kBug},
	{kDying, kAddFailed, kDying, kBug},
	{kDying, kRemove, kDying, kWait},
	{kDying, kRemoveDone, kDead, kNone},
	{kDying, kPathAdded, kDying, kRefuse},
	{kDying, kLastLeft, kDying, kNone},
	{kDying, kGraceOver, kDying, kNone},

	{kDead, kSetLive, kDead, kRefuse},
	{kDead, kAddDone, kDead, kBug},
	{kDead, kAddFailed, kDead, kBug},
	{kDead, kRemove, kDead, kNone},
	{kDead, kRemoveDone, kDead, kBug},
	{kDead, kPathAdded, kDead, kRefuse},
	{kDead, kLastLeft, kDead, kRemoveNow},
	{kDead, kGraceOver, kDead, kNone},
};
static_assert(sizeof(kTable) / sizeof(*kTable) == MPC_STATE_COUNT * MPC_EVENT_COUNT);

constexpr u32 kBadNumbers[] = {8, 9, 127, 128, 255};

mpath::Step step(u32 state, u32 event)
{
	return mpath::next_step(static_cast<mpath::State>(state), static_cast<mpath::Event>(event));
}

struct Lifetime : CoreTest {
	/// A head in that state, by the shortest way.
	void bring_to(u32 state)
	{
		make({.live = false});
		go_on_to(state);
	}
	/// The same for a new head that is there.
	void go_on_to(u32 state)
	{
		static constexpr std::initializer_list<u32> kWays[] = {
			{},
			{kSetLive},
			{kSetLive, kAddDone},
			{kSetLive, kAddDone, kLastLeft},
			{kSetLive, kAddDone, kLastLeft, kGraceOver},
			{kSetLive, kAddDone, kRemove},
			{kSetLive, kAddDone, kRemove, kRemoveDone},
		};

		for (const u32 event : kWays[state])
			(void)world->event(event);
		ASSERT_EQ(mpc_head_state(world->core()), state);
		ASSERT_EQ(take_warnings(), 0u);
	}
};

TEST_F(Lifetime, TheNumbersOfBothLanguagesAgree)
{
	EXPECT_EQ(u32{MPC_STATE_NEW}, kNew);
	EXPECT_EQ(u32{MPC_STATE_ADDING}, kAdding);
	EXPECT_EQ(u32{MPC_STATE_LIVE}, kLive);
	EXPECT_EQ(u32{MPC_STATE_LINGERING}, kLingering);
	EXPECT_EQ(u32{MPC_STATE_EXPIRED}, kExpired);
	EXPECT_EQ(u32{MPC_STATE_DYING}, kDying);
	EXPECT_EQ(u32{MPC_STATE_DEAD}, kDead);
	EXPECT_EQ(u32{MPC_EVENT_SET_LIVE}, kSetLive);
	EXPECT_EQ(u32{MPC_EVENT_ADD_DONE}, kAddDone);
	EXPECT_EQ(u32{MPC_EVENT_ADD_FAILED}, kAddFailed);
	EXPECT_EQ(u32{MPC_EVENT_REMOVE}, kRemove);
	EXPECT_EQ(u32{MPC_EVENT_REMOVE_DONE}, kRemoveDone);
	EXPECT_EQ(u32{MPC_EVENT_PATH_ADDED}, kPathAdded);
	EXPECT_EQ(u32{MPC_EVENT_LAST_LEFT}, kLastLeft);
	EXPECT_EQ(u32{MPC_EVENT_GRACE_OVER}, kGraceOver);
	EXPECT_EQ(u32{MPC_ACTION_NONE}, kNone);
	EXPECT_EQ(u32{MPC_ACTION_ADD_DISK}, kAdd);
	EXPECT_EQ(u32{MPC_ACTION_DEL_DISK}, kDelete);
	EXPECT_EQ(u32{MPC_ACTION_WAIT}, kWait);
	EXPECT_EQ(u32{MPC_ACTION_REFUSE}, kRefuse);
	EXPECT_EQ(u32{MPC_ACTION_BUG}, kBug);
	EXPECT_EQ(u32{MPC_ACTION_ARM}, kArm);
	EXPECT_EQ(u32{MPC_ACTION_DISARM}, kDisarm);
	EXPECT_EQ(u32{MPC_ACTION_REMOVE_NOW}, kRemoveNow);
	EXPECT_EQ(u32{MPC_ACTION_REMOVE_HEAD}, kRemoveHead);
}

TEST_F(Lifetime, TheTableSaysWhatTheCommentSays)
{
	for (const Expected &e : kTable) {
		const mpath::Step got = step(e.state, e.event);

		EXPECT_EQ(static_cast<u32>(got.next), e.next) << e.state << ' ' << e.event;
		EXPECT_EQ(static_cast<u32>(got.action), e.action) << e.state << ' ' << e.event;
	}
}

TEST_F(Lifetime, AHeadTakesEachStep)
{
	for (const Expected &e : kTable) {
		bring_to(e.state);
		EXPECT_EQ(world->event(e.event), e.action) << e.state << ' ' << e.event;
		EXPECT_EQ(mpc_head_state(world->core()), e.next) << e.state << ' ' << e.event;
		EXPECT_EQ(take_warnings(), e.action == kBug ? 1u : 0u) << e.state << ' ' << e.event;
	}
}

TEST_F(Lifetime, BadNumbersAreABugAndChangeNothing)
{
	for (const u32 bad : kBadNumbers) {
		for (u32 good = 0; good < MPC_STATE_COUNT; ++good) {
			EXPECT_EQ(static_cast<u32>(step(good, bad).action), kBug);
			EXPECT_EQ(static_cast<u32>(step(good, bad).next), good);
			EXPECT_EQ(static_cast<u32>(step(bad, good).action), kBug);
			EXPECT_EQ(static_cast<u32>(step(bad, good).next), bad);
		}
		EXPECT_EQ(static_cast<u32>(step(bad, bad).action), kBug);
	}
}

TEST_F(Lifetime, ABadEventIsABugInEveryState)
{
	// the last ones are valid events when cut to a byte
	for (const u32 bad : {8u, 128u, 255u, 0xffffffffu, 0x100u, 0x103u, 0x80000000u}) {
		for (u32 state = 0; state < MPC_STATE_COUNT; ++state) {
			bring_to(state);
			ASSERT_EQ(world->event(bad), kBug) << bad << " in " << state;
			ASSERT_EQ(mpc_head_state(world->core()), state) << bad;
			ASSERT_EQ(take_warnings(), 1u) << bad;
		}
	}
}

TEST_F(Lifetime, ADiskThatCouldNotBeAddedIsNotTriedAgain)
{
	make({.live = false});
	EXPECT_EQ(world->event(kSetLive), kAdd);
	EXPECT_EQ(world->event(kAddFailed), kNone);
	EXPECT_EQ(mpc_head_state(world->core()), kDead);
	EXPECT_EQ(world->event(kSetLive), kRefuse);
}

TEST_F(Lifetime, DeadIsForEver)
{
	bring_to(kDead);
	for (u32 event = 0; event < MPC_EVENT_COUNT; ++event) {
		(void)world->event(event);
		EXPECT_EQ(mpc_head_state(world->core()), kDead);
	}
	EXPECT_EQ(take_warnings(), 3u);
}

TEST_F(Lifetime, WhatEachStateLetsThrough)
{
	struct Allowed {
		int add;
		bio::Fate fate;
		bool has_head;
		long ioctl;
		int uring, call;
	};
	static constexpr int kGone = -MPC_ENODEV;
	// A head without a disk can be called; bios need a disk, which can be open
	// while it is being added.
	static constexpr Allowed kAllowed[] = {
		{1, bio::Fate::kFailed, false, 0, kQueued, 0},
		{1, bio::Fate::kForwarded, true, 0, kQueued, 0},
		{1, bio::Fate::kForwarded, true, 0, kQueued, 0},
		{1, bio::Fate::kForwarded, true, 0, kQueued, 0},
		{kGone, bio::Fate::kFailed, false, kGone, kGone, kGone},
		{kGone, bio::Fate::kFailed, false, kGone, kGone, kGone},
		{kGone, bio::Fate::kFailed, false, kGone, kGone, kGone},
	};

	for (u32 state = 0; state < MPC_STATE_COUNT; ++state) {
		const Allowed &want = kAllowed[state];
		int err = 1;

		bring_to(kNew);
		mpath_device &path = world->add();

		go_on_to(state);

		(void)world->try_add({}, &err);
		EXPECT_EQ(err, want.add) << state;

		const bio b = world->submit();

		EXPECT_EQ(b.fate, want.fate) << state;
		EXPECT_EQ(b.head, want.has_head ? world->head : nullptr) << state;
		EXPECT_EQ(world->ioctl(), want.ioctl) << state;
		EXPECT_EQ(world->uring(), want.uring) << state;
		EXPECT_EQ(world->call(), want.call) << state;
		EXPECT_EQ(path.ioctls, want.ioctl == 0 ? 1u : 0u) << state;
	}
}

TEST_F(Lifetime, NothingIsParkedInAnyOtherStateThanAddingLiveAndLingering)
{
	for (u32 state = 0; state < MPC_STATE_COUNT; ++state) {
		bring_to(kNew);
		world->add({.disabled = true}); // but available
		go_on_to(state);

		const bool parks = state == kAdding || state == kLive || state == kLingering;

		EXPECT_EQ(world->submit().fate, parks ? bio::Fate::kParked : bio::Fate::kFailed)
			<< state;
	}
}

TEST_F(Lifetime, AHeadThatStartsToDieInMidLookParksNothing)
{
	mpath_device &path = world->add({.disabled = true});

	path.on_disabled = [&] { EXPECT_EQ(world->event(kRemove), kDelete); };
	EXPECT_EQ(world->submit().fate, bio::Fate::kFailed);
	EXPECT_EQ(path.available_calls, 0u);
	path.on_disabled = nullptr;
}

} // namespace
