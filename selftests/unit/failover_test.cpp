// SPDX-License-Identifier: GPL-2.0
// What becomes of a bio that fails on its paths.
#include "fakes/fake_kernel.hpp"

#include <algorithm>

using namespace fake;
using Ids = std::vector<int>;

namespace {

struct Failover : CoreTest {
	void SetUp() override
	{
		CoreTest::SetUp();
		make({.failover = true});
	}
	/// A bio that has failed on every path and is to have its last try now.
	bio before_its_last_try()
	{
		bio b = sent();

		EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
		for (u32 verdict; (verdict = world->redrive(b)) != MPC_BIO_LATER;) {
			EXPECT_EQ(verdict, u32{MPC_BIO_SENT});
			EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
		}
		advance(kLastTry);
		return b;
	}
	/// The same, sent.
	bio at_its_last_try()
	{
		bio b = before_its_last_try();

		EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
		EXPECT_EQ(b.tries.stage, u32{MPC_STAGE_LAST});
		return b;
	}
	/// One bio, sent.
	bio sent()
	{
		bio b;

		world->submit(b);
		EXPECT_EQ(b.fate, bio::Fate::kForwarded);
		return b;
	}
};

TEST_F(Failover, ABioIsPinnedToItsPathUntilItIsBack)
{
	mpath_device &path = world->add();
	bio b = sent();

	EXPECT_TRUE(path.is_pinned());
	world->del(path); // freed with the last pin
	path.check();
	world->succeed(b);
}

TEST_F(Failover, ABioThatSucceedsIsDone)
{
	mpath_device &path = world->add();
	bio b = sent();

	EXPECT_EQ(b.tries.tried, 0u);
	world->succeed(b);
	EXPECT_EQ(b.fate, bio::Fate::kEnded);
	EXPECT_FALSE(path.is_pinned());
	EXPECT_EQ(world->gate.count(0, MPC_COUNT_BIOS), 1u);
}

TEST_F(Failover, EveryUsablePathIsTriedOnceThenOneOnceMore)
{
	for (const u32 policy : {MPC_POLICY_NUMA, MPC_POLICY_RR, MPC_POLICY_QD, MPC_POLICY_ST}) {
		for (const u32 n : {1u, 2u, 5u, 64u}) {
			make({.failover = true});
			world->set_policy(policy);
			add_paths(n);

			bio b = sent();

			EXPECT_EQ(b.how, 0u);
			EXPECT_TRUE(world->fail_everywhere(b));
			EXPECT_EQ(b.fate, bio::Fate::kEnded) << "with the error of the last path";
			EXPECT_EQ(b.tries.stage, u32{MPC_STAGE_LAST});
			EXPECT_EQ(b.how, MPC_FORWARD_WORKER) << "fail-fast to the end";
			ASSERT_EQ(b.sent_to.size(), n + 1);
			std::sort(b.sent_to.begin(), b.sent_to.end() - 1);
			for (u32 i = 0; i < n; ++i)
				EXPECT_EQ(b.sent_to[i], static_cast<int>(i));
		}
	}
}

TEST_F(Failover, TheOrderIsThePolicys)
{
	world->add({.access = MPC_ACCESS_NONOPTIMIZED});
	world->add({.active = 7});
	world->add({.active = 3});
	world->set_policy(MPC_POLICY_QD);

	bio b = sent();

	EXPECT_TRUE(world->fail_everywhere(b));
	EXPECT_EQ(b.sent_to, (Ids{2, 1, 0, 2}));
}

TEST_F(Failover, APathThatIsNotUsableGetsNoTry)
{
	const auto paths = add_paths(4);

	paths[1]->disabled = true;
	paths[2]->access(MPC_ACCESS_OTHER);
	(void)mpc_path_block(paths[3]->core, MPC_BLOCK_MISMATCH, 1);

	bio b = sent();

	EXPECT_TRUE(world->fail_everywhere(b));
	EXPECT_EQ(b.sent_to, (Ids{0, 0}));
}

TEST_F(Failover, AFailedPathIsTriedAfterThoseInGoodHealth)
{
	const auto paths = add_paths(3);

	world->make_failed(*paths[0]);

	bio b = sent();

	EXPECT_TRUE(world->fail_everywhere(b));
	ASSERT_EQ(b.sent_to.size(), 4u);
	EXPECT_EQ(b.sent_to[2], 0);
	EXPECT_NE(b.sent_to[3], 0) << "nor does it get the last word";
}

TEST_F(Failover, TheLastWordIsNoTestOfAFailedPath)
{
	const auto paths = add_paths(2);

	world->make_failed(*paths[1]);

	bio b = sent();

	EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_EQ(b.device, paths[1]);
	EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	advance(kHz); // now its test is due
	EXPECT_EQ(world->redrive_in_time(b), u32{MPC_BIO_SENT});
	EXPECT_EQ(b.device, paths[0]);
	EXPECT_EQ(b.tries.stage, u32{MPC_STAGE_LAST});
	EXPECT_EQ(world->fail(b), u32{MPC_TRY_DONE});
}

TEST_F(Failover, ASuccessAnywhereEndsIt)
{
	add_paths(3);

	bio b = sent();

	(void)world->fail(b);
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	world->succeed(b);
	EXPECT_EQ(b.fate, bio::Fate::kEnded);
	EXPECT_EQ(b.sent_to, (Ids{0, 1}));
}

TEST_F(Failover, ALastTryThatFailsBecauseThePathWentDownSaysNothingOfTheBio)
{
	add_paths(2);

	bio b = at_its_last_try();
	mpath_device *last = b.device;

	last->disabled = true;
	EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	EXPECT_EQ(b.tries.stage, u32{MPC_STAGE_EACH});
	EXPECT_EQ(b.tries.passes, 1u);
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_LATER}) << "the other one has had its turn";
	advance(kLastTry);
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_NE(b.device, last);
	EXPECT_EQ(b.tries.passes, 1u);
	EXPECT_EQ(world->fail(b), u32{MPC_TRY_DONE});
}

TEST_F(Failover, APathThatWentDownGivesTheBioBack)
{
	const auto paths = add_paths(2);
	bio b = sent();

	paths[0]->disabled = true;
	EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_EQ(b.device, paths[1]);
	EXPECT_EQ(b.tries.stage, u32{MPC_STAGE_EACH});
	world->succeed(b);
}

TEST_F(Failover, ABioWithoutAPathLeftWaitsAndThenEveryPathIsTriedAgain)
{
	const auto paths = add_paths(2);
	bio b = sent();

	for (mpath_device *path : paths) {
		path->disabled = true;
		EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
		if (path == paths[0]) {
			EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
		}
	}
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_PARK});
	EXPECT_EQ(b.tries.tried, 0u) << "waiting makes every path a new chance";
	EXPECT_EQ(b.tries.passes, 1u);
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_PARK});
	EXPECT_EQ(b.tries.passes, 1u) << "to wait is no pass";
	for (mpath_device *path : paths)
		path->disabled = false;
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_EQ(b.tries.stage, u32{MPC_STAGE_EACH});
	world->succeed(b);
}

TEST_F(Failover, ABioThatWasNeverSentWaitsWithoutLimit)
{
	mpath_device &path = world->add({.disabled = true});
	bio b;

	world->submit(b);
	ASSERT_EQ(b.fate, bio::Fate::kParked);
	for (int i = 0; i < 1000; ++i)
		EXPECT_EQ(world->redrive(b), u32{MPC_BIO_PARK});
	path.disabled = false;
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	world->succeed(b);
}

TEST_F(Failover, ABioThatFailsAgainAndAgainOnPathsThatGoDownEnds)
{
	mpath_device &path = world->add();
	bio b = sent();
	u32 sends = 1;

	for (;;) {
		path.disabled = true;
		EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});

		const u32 verdict = world->redrive(b);

		if (verdict == MPC_BIO_FAIL)
			break;
		ASSERT_EQ(verdict, u32{MPC_BIO_PARK});
		path.disabled = false;
		ASSERT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
		ASSERT_LT(++sends, 100u);
	}
	EXPECT_EQ(sends, 32u);
	EXPECT_EQ(b.tries.passes, 32u);
}

TEST_F(Failover, ABioWhoseLastTriesAllMeetAPathGoingDownEnds)
{
	mpath_device &path = world->add();
	bio b = sent();
	u32 tries = 0;

	EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	for (;;) {
		path.disabled = false;
		ASSERT_EQ(world->redrive_in_time(b), u32{MPC_BIO_SENT});
		ASSERT_EQ(b.tries.stage, u32{MPC_STAGE_LAST});
		path.disabled = true;
		++tries;
		if (world->fail(b) == MPC_TRY_DONE)
			break;
		ASSERT_LT(tries, 100u);
	}
	EXPECT_EQ(tries, 32u);
}

TEST_F(Failover, ABioWithoutHopeFails)
{
	const auto paths = add_paths(2);
	bio b = sent();

	for (mpath_device *path : paths) {
		path->disabled = true;
		path->available = false;
	}
	EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_FAIL});
}

TEST_F(Failover, APathOnItsWayOutIsPassedOverAndTheBioIsUntouched)
{
	const auto paths = add_paths(3);

	paths[0]->pin_refused = true;
	paths[1]->pin_refused = true;

	bio b = sent();

	EXPECT_EQ(b.sent_to, (Ids{2}));
	EXPECT_EQ(b.tries.tried, 0u) << "that is no error of the path";
	EXPECT_EQ(world->gate.total(MPC_COUNT_BIOS), 1u);
	world->succeed(b);
}

TEST_F(Failover, EachPathOnItsWayOutIsAskedOnce)
{
	const auto paths = add_paths(MPC_MAX_PATHS);
	std::vector<u32> asked(MPC_MAX_PATHS, 0);

	for (mpath_device *path : paths) {
		path->pin_refused = true;
		path->on_get = [&asked, path] { ++asked[static_cast<u32>(path->id)]; };
	}

	bio b;

	world->submit(b);
	EXPECT_EQ(b.fate, bio::Fate::kParked); // one may come back, so they say
	EXPECT_EQ(asked, std::vector<u32>(MPC_MAX_PATHS, 1));
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_PARK});
	EXPECT_EQ(asked, std::vector<u32>(MPC_MAX_PATHS, 2));
}

TEST_F(Failover, ALastTryPassesOverAPathOnItsWayOut)
{
	const auto paths = add_paths(2);
	bio b = before_its_last_try();

	paths[0]->pin_refused = true;
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_EQ(b.device, paths[1]);
	EXPECT_EQ(b.tries.stage, u32{MPC_STAGE_LAST});
	EXPECT_EQ(world->fail(b), u32{MPC_TRY_DONE});
}

TEST_F(Failover, TheLastTryIsAQuarterOfASecondAfterTheOthers)
{
	const auto paths = add_paths(2);
	bio b = sent();

	EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	advance(kHz); // the wait begins when it has no path left, not when it failed
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_LATER});
	EXPECT_EQ(b.tries.stage, u32{MPC_STAGE_LAST});
	EXPECT_EQ(b.tries.not_before, now() + kLastTry);
	EXPECT_EQ(b.tries.tried, 0b11u);
	EXPECT_EQ(b.tries.passes, 0u);
	advance(kLastTry - 1);
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_LATER});
	advance(1);
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_EQ(world->fail(b), u32{MPC_TRY_DONE});
	EXPECT_EQ(b.sent_to, (Ids{0, 1, 0}));
}

TEST_F(Failover, ABioThatWaitsForItsLastTryTouchesNothing)
{
	const auto paths = add_paths(2);
	bio b = before_its_last_try();

	b.tries.not_before = now() + 3;

	const mpc_try before = b.tries;

	world->make_failed(*paths[1]); // which wants a test as soon as it may
	advance(2);
	for (mpath_device *path : paths) {
		path->disabled = true; // no path is no reason to give up yet
		path->available = false;
		path->on_disabled = path->on_available = path->on_get = [] { ADD_FAILURE(); };
	}
	for (int i = 0; i < 100; ++i)
		EXPECT_EQ(world->redrive(b), u32{MPC_BIO_LATER});
	EXPECT_EQ(b.tries.tried, before.tried);
	EXPECT_EQ(b.tries.not_before, before.not_before);
	EXPECT_EQ(b.tries.passes, before.passes);
	EXPECT_EQ(b.tries.stage, before.stage);
	for (mpath_device *path : paths)
		path->on_disabled = path->on_available = path->on_get = nullptr;
	advance(1);
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_FAIL});
}

TEST_F(Failover, ABioThatWaitsForItsLastTryEndsWithItsHead)
{
	add_paths(1);

	bio b = before_its_last_try();

	b.tries.not_before = now() + 1;
	world->remove_head();
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_DEAD});
}

TEST_F(Failover, APathThatWasNotTriedYetNeedsNoWaiting)
{
	const auto paths = add_paths(2);

	paths[1]->disabled = true;

	bio b = sent();

	EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	paths[1]->disabled = false;
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_EQ(b.device, paths[1]);
	EXPECT_EQ(b.tries.not_before, 0u);
	world->succeed(b);
}

TEST_F(Failover, ABioThatIsNewOrWasNeverSentIsNotToldToWait)
{
	const auto paths = add_paths(2);
	bio b;

	for (mpath_device *path : paths)
		path->pin_refused = true;
	world->submit(b); // the fake sees that it is not lost
	ASSERT_EQ(b.fate, bio::Fate::kParked);
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_PARK});
	paths[0]->pin_refused = false;
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_EQ(b.how, MPC_FORWARD_WORKER);
	world->succeed(b);
}

TEST_F(Failover, TheLastTryIsNotOnAFailedPathThoughItsTestIsDue)
{
	const auto paths = add_paths(3);
	bio b = before_its_last_try();

	world->make_failed(*paths[0]);
	world->make_failed(*paths[1]);
	advance(kHz);
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_EQ(b.device, paths[2]);
	EXPECT_EQ(paths[0]->health(), u32{MPC_HEALTH_FAILED});
	EXPECT_EQ(paths[1]->health(), u32{MPC_HEALTH_FAILED});
	EXPECT_EQ(world->fail(b), u32{MPC_TRY_DONE});
}

TEST_F(Failover, ALastTryWithoutAPathIsAPassAndEveryPathHasAnotherTry)
{
	const auto paths = add_paths(2);
	bio b = before_its_last_try();

	for (mpath_device *path : paths)
		path->disabled = true;
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_PARK});
	EXPECT_EQ(b.tries.passes, 1u);
	EXPECT_EQ(b.tries.stage, u32{MPC_STAGE_EACH});
	EXPECT_EQ(b.tries.tried, 0u);
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_PARK});
	EXPECT_EQ(b.tries.passes, 1u);
	for (mpath_device *path : paths)
		path->disabled = false;
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_TRUE(world->fail_everywhere(b));
	EXPECT_EQ(b.sent_to, (Ids{0, 1, 0, 1, 0}));
}

TEST_F(Failover, ADeviceIsAskedFiveTimesMoreAtOnceAndThenAQuarterOfASecondApart)
{
	add_paths(2);

	bio b = sent();

	for (u32 answers = 1; answers <= 5; ++answers) {
		EXPECT_EQ(world->answer(b), u32{MPC_TRY_AGAIN});
		EXPECT_EQ(b.tries.stage, u32{MPC_STAGE_ANSWERED});
		EXPECT_EQ(b.tries.answers, answers);
		EXPECT_EQ(b.tries.tried, 0u) << "the path did what it should";
		if (answers > 1) {
			advance(kLastTry - 1);
			EXPECT_EQ(world->redrive(b), u32{MPC_BIO_LATER});
			advance(1);
		}
		EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
		EXPECT_EQ(b.how, MPC_FORWARD_WORKER);
	}
	EXPECT_EQ(world->answer(b), u32{MPC_TRY_DONE});
	EXPECT_EQ(b.sent_to.size(), 6u);
}

TEST_F(Failover, AnAnswerToTheLastTryIsAskedForAgainAtOnce)
{
	add_paths(2);

	bio b = at_its_last_try();

	EXPECT_EQ(world->answer(b), u32{MPC_TRY_AGAIN});
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	world->succeed(b);
}

TEST_F(Failover, APathErrorInPlaceOfAnAnswerSaysNothingOfTheDevice)
{
	for (const bool down : {false, true}) {
		make({.failover = true});
		const auto paths = add_paths(2);
		bio b = sent();

		EXPECT_EQ(world->answer(b), u32{MPC_TRY_AGAIN});
		EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});

		mpath_device *first = b.device;

		first->disabled = down;
		EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
		EXPECT_EQ(b.tries.stage, u32{MPC_STAGE_EACH});
		EXPECT_EQ(b.tries.passes, 1u);
		EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
		EXPECT_NE(b.device, first) << "another path may do it";
		world->succeed(b);
	}
}

TEST_F(Failover, AnswersAreCountedOverAllPasses)
{
	add_paths(2);

	bio b = sent();
	u32 answers = 0;

	while (world->answer(b) == MPC_TRY_AGAIN) {
		ASSERT_LE(++answers, 5u);
		EXPECT_EQ(world->redrive_in_time(b), u32{MPC_BIO_SENT});
		EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
		EXPECT_EQ(world->redrive_in_time(b), u32{MPC_BIO_SENT});
	}
	EXPECT_EQ(answers, 5u);
}

TEST_F(Failover, AskingAgainIsNoTestOfAFailedPath)
{
	const auto paths = add_paths(2);
	bio b = sent();

	EXPECT_EQ(world->answer(b), u32{MPC_TRY_AGAIN});
	world->make_failed(*paths[0]);
	advance(kHz);
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_EQ(b.device, paths[1]);
	EXPECT_EQ(paths[0]->health(), u32{MPC_HEALTH_FAILED});
	world->succeed(b);
}

TEST_F(Failover, AskingAgainWithoutAPathIsAPassEvenIfNoPathGaveAnError)
{
	mpath_device &path = world->add();
	bio b = sent();

	// as often as a bio may be asked for an answer
	for (u32 pass = 1; pass <= 5; ++pass) {
		EXPECT_EQ(world->answer(b), u32{MPC_TRY_AGAIN});
		ASSERT_EQ(b.tries.tried, 0u);
		path.disabled = true;
		EXPECT_EQ(world->redrive_in_time(b), u32{MPC_BIO_PARK});
		EXPECT_EQ(b.tries.passes, pass);
		EXPECT_EQ(b.tries.stage, u32{MPC_STAGE_EACH});
		path.disabled = false;
		ASSERT_EQ(world->redrive_in_time(b), u32{MPC_BIO_SENT});
		EXPECT_EQ(b.how, MPC_FORWARD_WORKER);
	}
	EXPECT_EQ(world->answer(b), u32{MPC_TRY_DONE});
}

TEST_F(Failover, WithoutMemoryTheWorkerKeepsTheBioAndItsTries)
{
	const auto paths = add_paths(2);
	bio at_first = sent(), last = before_its_last_try(), asked = sent(), never;

	EXPECT_EQ(world->fail(at_first), u32{MPC_TRY_AGAIN});
	EXPECT_EQ(world->answer(asked), u32{MPC_TRY_AGAIN});
	for (mpath_device *path : paths)
		path->disabled = true;
	world->submit(never);
	for (mpath_device *path : paths) {
		path->disabled = false;
		path->no_memory = true;
	}
	for (bio *b : {&at_first, &last, &asked, &never}) {
		const mpc_try before = b->tries;
		const auto sent_to = b->sent_to;

		for (int i = 0; i < 50; ++i)
			EXPECT_EQ(world->redrive(*b), u32{MPC_BIO_NO_MEMORY});
		EXPECT_EQ(b->tries.tried, before.tried);
		EXPECT_EQ(b->tries.not_before, before.not_before);
		EXPECT_EQ(b->tries.passes, before.passes);
		EXPECT_EQ(b->tries.stage, before.stage);
		EXPECT_EQ(b->sent_to, sent_to);
	}
	for (mpath_device *path : paths)
		path->no_memory = false;
	for (bio *b : {&at_first, &last, &asked, &never}) {
		EXPECT_EQ(world->redrive(*b), u32{MPC_BIO_SENT});
		world->succeed(*b);
	}
}

TEST_F(Failover, WithoutMemoryNoOtherPathIsAsked)
{
	const auto paths = add_paths(2);
	bio b = sent();

	EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	b.tries.tried = 0;
	paths[0]->no_memory = true;
	paths[1]->on_get = [] { ADD_FAILURE() << "it would need memory, too"; };
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_NO_MEMORY});
}

TEST_F(Failover, ANewBioIsSentThoughTheWorkerWouldHaveNoMemory)
{
	world->add().no_memory = true;

	bio b = sent(); // who submits it waits for memory

	EXPECT_EQ(b.how, 0u);
	world->succeed(b);
}

TEST_F(Failover, TheHeadIsGoneOrDying)
{
	mpath_device &path = world->add({.disabled = true});
	bio fresh, failed;

	path.disabled = false;
	world->submit(failed);
	path.disabled = true;
	EXPECT_EQ(world->fail(failed), u32{MPC_TRY_AGAIN});
	world->submit(fresh);
	ASSERT_EQ(fresh.fate, bio::Fate::kParked);
	EXPECT_EQ(world->event(MPC_EVENT_REMOVE), u32{MPC_ACTION_DEL_DISK});
	path.disabled = false;
	for (bio *b : {&fresh, &failed})
		EXPECT_EQ(world->redrive(*b), u32{MPC_BIO_DEAD});
	fresh.fate = failed.fate = bio::Fate::kParked;
	world->del(path);
	world->release_head();
	for (bio *b : {&fresh, &failed})
		EXPECT_EQ(world->redrive(*b), u32{MPC_BIO_DEAD});
}

TEST_F(Failover, ABioComesBackAfterItsHeadIsGone)
{
	world->add();

	bio good = sent(), bad = sent();

	world->remove_head();
	world->succeed(good);
	EXPECT_EQ(world->fail(bad), u32{MPC_TRY_AGAIN});
	EXPECT_EQ(world->redrive(bad), u32{MPC_BIO_DEAD});
}

TEST_F(Failover, AnErrorMarksTheSlotOfThePathItCameFrom)
{
	const auto paths = add_paths(3);

	paths[0]->disabled = paths[1]->disabled = true;

	bio b = sent();

	(void)world->fail(b);
	EXPECT_EQ(b.tries.tried, 0b100u);
	paths[0]->disabled = false;
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	(void)world->fail(b);
	EXPECT_EQ(b.tries.tried, 0b101u);
}

TEST_F(Failover, ADriverWithoutItSendsAndForgets)
{
	make({});
	mpath_device &path = world->add({.disabled = true});
	bio b;

	world->submit(b);
	ASSERT_EQ(b.fate, bio::Fate::kParked);
	path.disabled = false;
	path.on_get = [] { ADD_FAILURE() << "a bio pins no path"; };
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
}

} // namespace
