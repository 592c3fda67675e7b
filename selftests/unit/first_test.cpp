// SPDX-License-Identifier: GPL-2.0
// The first try of a bio or command: what mpc_choose() chooses, and when it leaves that
// to the general way.
#include "fakes/fake_kernel.hpp"

using namespace fake;
using Trace = std::vector<std::string>;

namespace {

struct First : CoreTest, ::testing::WithParamInterface<u32> {
	void SetUp() override
	{
		CoreTest::SetUp();
		make({.failover = true});
		world->set_policy(GetParam());
	}
	/// What is chosen for a bio; the pin is put again.
	mpath_device *first(u32 use = MPC_FOR_BIO)
	{
		const mpc_choice choice = world->choose(use);

		if (choice.dev) {
			EXPECT_EQ(choice.policy, world->head->policy);
			EXPECT_TRUE(choice.dev->is_pinned());
			world->head->ops.put_path(choice.dev);
		}
		return choice.dev;
	}
	/// The same after a look.
	mpath_device *known(u32 use = MPC_FOR_BIO)
	{
		(void)world->pick_for_bio(); // also sees that no test is due
		return first(use);
	}
};

INSTANTIATE_TEST_SUITE_P(Policies, First,
			 ::testing::Values(MPC_POLICY_NUMA, MPC_POLICY_RR, MPC_POLICY_QD,
					   MPC_POLICY_ST));

TEST_P(First, NothingIsChosenBeforeALook)
{
	mpath_device &path = world->add();

	EXPECT_EQ(first(), nullptr);
	EXPECT_EQ(path.disabled_calls, 0u);
	EXPECT_EQ(known(), &path);
}

TEST_P(First, IsOneSectionOneQuestionAndOnePin)
{
	mpath_device &path = world->add();

	world->add({.access = MPC_ACCESS_NONOPTIMIZED});
	(void)world->pick_for_bio();
	path.disabled_calls = path.optimized_calls = 0;
	record(true);
	EXPECT_EQ(first(), &path);
	record(false);
	EXPECT_EQ(take_trace(), (Trace{"lock", "pin 0", "unlock", "put 0"}));
	EXPECT_EQ(path.disabled_calls, 1u);
	EXPECT_LE(path.optimized_calls, 1u);
}

TEST_P(First, ChoosesWhatTheGeneralWayChooses)
{
	const auto paths = add_paths(4);
	std::vector<int> general, quick;

	for (u32 i = 0; i < 4; ++i)
		paths[i]->active(static_cast<s32>(4 - i));
	ASSERT_NE(known(), nullptr);
	if (GetParam() == MPC_POLICY_RR) // to the end of a turn
		(void)world->picks(2);
	general = world->picks(12);
	for (u32 i = 0; i < 12; ++i)
		quick.push_back(first()->id);
	EXPECT_EQ(quick, general);
}

TEST_P(First, ANonOptimizedPathIsChosenForWantOfOthers)
{
	mpath_device &path = world->add({.access = MPC_ACCESS_NONOPTIMIZED});

	EXPECT_EQ(known(), &path);
	EXPECT_EQ(known(MPC_FOR_COMMAND), &path);
}

TEST_P(First, APathThatIsNotWhatItWasIsLeftToTheGeneralWay)
{
	mpath_device &path = world->add();

	for (const auto &spoil : {+[](mpath_device &p) { p.disabled = true; },
				  +[](mpath_device &p) { p.access(MPC_ACCESS_NONOPTIMIZED); },
				  +[](mpath_device &p) { p.access(MPC_ACCESS_OTHER); },
				  +[](mpath_device &p) { p.pin_refused = true; }}) {
		ASSERT_EQ(known(), &path);
		spoil(path);
		EXPECT_EQ(first(), nullptr);
		EXPECT_EQ(first(MPC_FOR_COMMAND), nullptr);
		path.disabled = false;
		path.pin_refused = false;
		path.access(MPC_ACCESS_OPTIMIZED);
		mpc_changed(world->core());
	}
}

TEST_P(First, ABlockedPathIsNotChosen)
{
	mpath_device &path = world->add();

	ASSERT_EQ(known(), &path);
	(void)mpc_path_block(path.core, MPC_BLOCK_MISMATCH, 1);
	EXPECT_EQ(first(), nullptr);
}

TEST_P(First, AFailedPathIsLeftToTheGeneralWay)
{
	mpath_device &path = world->add();

	ASSERT_EQ(known(), &path);
	world->make_failed(path);
	EXPECT_EQ(first(), nullptr);
	EXPECT_EQ(known(), nullptr) << "a spare is not remembered";
}

TEST_P(First, NewsAndAgeAreLeftToTheGeneralWay)
{
	mpath_device &path = world->add();

	ASSERT_EQ(known(), &path);
	mpc_changed(world->core());
	EXPECT_EQ(first(), nullptr);
	ASSERT_EQ(known(MPC_FOR_COMMAND), &path);
	advance(kForgetting);
	EXPECT_EQ(first(MPC_FOR_COMMAND), nullptr);
}

TEST_P(First, ABioThatMayBeATestIsLeftToTheGeneralWay)
{
	mpath_device &good = world->add();
	mpath_device &bad = world->add();

	world->make_failed(bad);
	ASSERT_EQ(known(), &good);
	advance(kHz);
	(void)world->pick(); // the hint is fresh again
	EXPECT_EQ(first(), nullptr);
	EXPECT_EQ(first(MPC_FOR_COMMAND), &good) << "a command is no test";
	bio test = world->submit();

	EXPECT_EQ(test.device, &bad);
	world->succeed(test);
}

TEST_P(First, OnlyAHeadThatTakesBiosIsAsked)
{
	make({.live = false, .failover = true});
	world->set_policy(GetParam());
	mpath_device &path = world->add();

	EXPECT_EQ(known(), nullptr);
	ASSERT_EQ(world->event(MPC_EVENT_SET_LIVE), u32{MPC_ACTION_ADD_DISK});
	EXPECT_EQ(known(), &path);
	ASSERT_EQ(world->event(MPC_EVENT_ADD_DONE), u32{MPC_ACTION_NONE});
	EXPECT_EQ(known(), &path);
	ASSERT_EQ(world->event(MPC_EVENT_REMOVE), u32{MPC_ACTION_DEL_DISK});
	EXPECT_EQ(first(), nullptr);
	EXPECT_EQ(first(MPC_FOR_COMMAND), nullptr);
	EXPECT_EQ(world->event(MPC_EVENT_REMOVE_DONE), u32{MPC_ACTION_NONE});
}

TEST_P(First, APathThatHasLeftIsNotChosen)
{
	mpath_device &leaves = world->add();

	ASSERT_EQ(known(), &leaves);
	world->del(leaves);
	EXPECT_EQ(first(), nullptr);
	world->release_head();
	EXPECT_EQ(first(), nullptr);
}

TEST_P(First, ACommandThatItsPathRefusesGoesToEachOtherPathOnce)
{
	const auto paths = add_paths(3);

	(void)world->uring();
	for (mpath_device *path : paths) {
		path->urings = 0;
		path->uring_result = -MPC_ENODEV;
	}
	EXPECT_EQ(world->uring(), -MPC_EINVAL);
	for (mpath_device *path : paths)
		EXPECT_EQ(path->urings, 1u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_SUBMIT_ERRORS), 3u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_URING_CMDS), 1u);
}

TEST_P(First, WhatIsAboutTheCommandGoesToItsSubmitter)
{
	const auto paths = add_paths(2);

	(void)world->uring();
	for (mpath_device *path : paths) {
		path->urings = 0;
		path->uring_result = -MPC_EAGAIN;
	}
	EXPECT_EQ(world->uring(), -MPC_EAGAIN);
	EXPECT_EQ(paths[0]->urings + paths[1]->urings, 1u);
	EXPECT_EQ(world->gate.total(MPC_COUNT_SUBMIT_ERRORS), 0u);
}

TEST_P(First, ACommandKeepsItsPinIfTheDriverWantsThat)
{
	for (const bool quick : {false, true}) {
		make({.keeps_pin = true, .quick = quick});
		world->set_policy(GetParam());
		mpath_device &path = world->add();

		for (u32 i = 0; i < 3; ++i) { // the first one goes the general way
			EXPECT_EQ(world->uring(), kQueued);
			EXPECT_TRUE(path.is_pinned());
			world->uring_end(path);
			EXPECT_FALSE(path.is_pinned());
		}
		for (const int other : {0, 7, -MPC_EAGAIN, -MPC_EINVAL, -MPC_ENODEV}) {
			path.uring_result = other;
			(void)world->uring();
			EXPECT_FALSE(path.is_pinned()) << other;
		}
	}
}

TEST_P(First, ABioIsSentOnceAndItsTriesBeginWithThatPath)
{
	const auto paths = add_paths(2);
	bio before = world->submit();
	bio b;

	world->succeed(before);
	world->submit(b);
	ASSERT_EQ(b.fate, bio::Fate::kForwarded);
	EXPECT_EQ(b.sent_to.size(), 1u);
	EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	ASSERT_EQ(b.sent_to.size(), 2u);
	EXPECT_NE(b.sent_to[0], b.sent_to[1]);
	world->succeed(b);
}

} // namespace
