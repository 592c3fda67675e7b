// SPDX-License-Identifier: GPL-2.0
// The health of a path against the table in health.hpp, and what selection makes
// of it.
#include "fakes/fake_kernel.hpp"

#include "health.hpp"

using namespace fake;
using mpath::Health;

namespace {

constexpr u32 kOk = MPC_HEALTH_OK, kFailed = MPC_HEALTH_FAILED, kTesting = MPC_HEALTH_TESTING;

struct HealthOnly : ::testing::Test {
	void SetUp() override { reset(); }
	void fail()
	{
		while (health.state() == kOk)
			(void)health.bad();
	}
	Health health;
};

TEST_F(HealthOnly, ANewPathIsWell)
{
	EXPECT_TRUE(health.clear());
	EXPECT_EQ(health.state(), kOk);
	EXPECT_EQ(health.blocked(), 0u);
	EXPECT_EQ(health.backoff(), 0u);
	EXPECT_EQ(health.test_at(), Health::kNever);
	EXPECT_FALSE(health.claim_test());
	EXPECT_FALSE(health.good());
}

TEST_F(HealthOnly, TheThirdErrorInARowFailsIt)
{
	EXPECT_FALSE(health.bad());
	EXPECT_FALSE(health.bad());
	EXPECT_EQ(health.state(), kOk);
	EXPECT_TRUE(health.bad());
	EXPECT_EQ(health.state(), kFailed);
	EXPECT_FALSE(health.clear());
	EXPECT_EQ(health.backoff(), 1u);
	EXPECT_EQ(health.test_at(), now() + kHz);
}

TEST_F(HealthOnly, ASuccessInBetweenStartsTheCountAnew)
{
	for (int i = 0; i < 20; ++i) {
		EXPECT_FALSE(health.bad());
		EXPECT_FALSE(health.bad());
		EXPECT_FALSE(health.good()) << "the state is what it was";
	}
	EXPECT_EQ(health.state(), kOk);
}

TEST_F(HealthOnly, MoreErrorsOfAFailedPathChangeNothing)
{
	fail();

	const u64 at = health.test_at();

	advance(kHz / 2);
	for (int i = 0; i < 100; ++i)
		EXPECT_FALSE(health.bad());
	EXPECT_EQ(health.test_at(), at);
	EXPECT_EQ(health.backoff(), 1u);
}

TEST_F(HealthOnly, ItIsTestedWhenItsTimeHasComeAndNotBefore)
{
	fail();
	EXPECT_FALSE(health.claim_test());
	advance(kHz - 1);
	EXPECT_FALSE(health.claim_test());
	EXPECT_EQ(health.state(), kFailed);
	advance(1);
	EXPECT_TRUE(health.claim_test());
	EXPECT_EQ(health.state(), kTesting);
}

TEST_F(HealthOnly, OneTestAtATime)
{
	fail();
	advance(kHz);
	EXPECT_TRUE(health.claim_test());
	EXPECT_FALSE(health.claim_test());
	advance(kHz - 1);
	EXPECT_FALSE(health.claim_test());
}

TEST_F(HealthOnly, ATestThatIsLostIsFollowedByAnotherAfterTheSameTime)
{
	fail();
	advance(kHz);
	EXPECT_TRUE(health.claim_test());
	EXPECT_EQ(health.test_at(), now() + kHz);
	advance(kHz);
	EXPECT_TRUE(health.claim_test());
	EXPECT_EQ(health.state(), kTesting);
	EXPECT_EQ(health.backoff(), 1u);
}

TEST_F(HealthOnly, EachFailedTestDoublesTheTimeUpToTheMost)
{
	fail();
	for (u32 want = 2; want <= 512; want *= 2) {
		const u32 seconds = want < 64 ? want : 64;

		advance(u64{health.backoff()} * kHz);
		ASSERT_TRUE(health.claim_test());
		EXPECT_TRUE(health.bad());
		EXPECT_EQ(health.state(), kFailed);
		EXPECT_EQ(health.backoff(), seconds);
		EXPECT_EQ(health.test_at(), now() + u64{seconds} * kHz);
	}
}

TEST_F(HealthOnly, ASuccessMakesItWellFromEveryState)
{
	fail();
	EXPECT_TRUE(health.good());
	EXPECT_TRUE(health.clear());
	EXPECT_EQ(health.backoff(), 0u);
	EXPECT_EQ(health.test_at(), Health::kNever);

	fail();
	advance(kHz);
	ASSERT_TRUE(health.claim_test());
	EXPECT_TRUE(health.good());
	EXPECT_TRUE(health.clear());
	EXPECT_FALSE(health.claim_test());
	EXPECT_FALSE(health.good());
}

TEST_F(HealthOnly, AfterASuccessItBeginsWithTheShortestTime)
{
	fail();
	for (int i = 0; i < 4; ++i) {
		advance(u64{health.backoff()} * kHz);
		ASSERT_TRUE(health.claim_test());
		(void)health.bad();
	}
	EXPECT_EQ(health.backoff(), 16u);
	(void)health.good();
	EXPECT_FALSE(health.bad());
	EXPECT_FALSE(health.bad());
	EXPECT_TRUE(health.bad());
	EXPECT_EQ(health.backoff(), 1u);
}

TEST_F(HealthOnly, BlocksAreSetAndClearedOnTheirOwn)
{
	EXPECT_TRUE(health.block(MPC_BLOCK_MISMATCH, true));
	EXPECT_FALSE(health.block(MPC_BLOCK_MISMATCH, true));
	EXPECT_FALSE(health.clear());
	EXPECT_EQ(health.blocked(), MPC_BLOCK_MISMATCH);
	EXPECT_EQ(health.state(), kOk);
	EXPECT_FALSE(health.block(MPC_BLOCK_REGISTER, false));
	EXPECT_TRUE(health.block(MPC_BLOCK_REGISTER | MPC_BLOCK_MISMATCH, true));
	EXPECT_EQ(health.blocked(), MPC_BLOCK_REGISTER | MPC_BLOCK_MISMATCH);
	EXPECT_TRUE(health.block(MPC_BLOCK_MISMATCH, false));
	EXPECT_EQ(health.blocked(), MPC_BLOCK_REGISTER);
	EXPECT_TRUE(health.block(MPC_BLOCK_REGISTER | MPC_BLOCK_MISMATCH, false));
	EXPECT_TRUE(health.clear());
}

TEST_F(HealthOnly, BlocksSurviveEveryChangeOfTheState)
{
	(void)health.block(MPC_BLOCK_REGISTER, true);
	fail();
	EXPECT_EQ(health.blocked(), MPC_BLOCK_REGISTER);
	advance(kHz);
	ASSERT_TRUE(health.claim_test());
	EXPECT_EQ(health.blocked(), MPC_BLOCK_REGISTER);
	EXPECT_TRUE(health.block(MPC_BLOCK_MISMATCH, true));
	EXPECT_EQ(health.state(), kTesting);
	(void)health.good();
	EXPECT_EQ(health.state(), kOk);
	EXPECT_EQ(health.blocked(), MPC_BLOCK_REGISTER | MPC_BLOCK_MISMATCH);
	EXPECT_FALSE(health.clear());
}

// --- Through the bridge ---------------------------------------------------------

struct PathHealth : CoreTest {
	void SetUp() override
	{
		CoreTest::SetUp();
		make({.failover = true});
	}
};

TEST_F(PathHealth, ThreeErrorsOfBiosFailAPathAndOneSuccessRestoresIt)
{
	mpath_device &path = world->add();

	for (u32 i = 0; i < 3; ++i) {
		bio b;

		EXPECT_EQ(path.health(), kOk);
		world->submit(b);
		EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	}
	EXPECT_EQ(path.health(), kFailed);
	EXPECT_EQ(mpc_path_backoff(path.core), 1u);

	bio b;

	world->submit(b); // there is no other
	ASSERT_EQ(b.fate, bio::Fate::kForwarded);
	world->succeed(b);
	EXPECT_EQ(path.health(), kOk);
}

TEST_F(PathHealth, ErrorsOfAPathThatItsDriverCallsDisabledDoNotCount)
{
	mpath_device &path = world->add();

	for (u32 i = 0; i < 10; ++i) {
		bio b;

		path.disabled = false;
		world->submit(b);
		path.disabled = true;
		EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	}
	EXPECT_EQ(path.health(), kOk);
}

TEST_F(PathHealth, TheDriverCanForgive)
{
	mpath_device &path = world->add();

	EXPECT_EQ(mpc_path_forgive(path.core), 0);
	world->make_failed(path);
	EXPECT_EQ(mpc_path_forgive(path.core), 1);
	EXPECT_EQ(path.health(), kOk);
	EXPECT_EQ(mpc_path_forgive(path.core), 0);
}

TEST_F(PathHealth, BlockTakesItsOwnBitsOnly)
{
	mpath_device &path = world->add();

	EXPECT_EQ(mpc_path_block(path.core, ~0u, 1), 1);
	EXPECT_EQ(path.health(), kOk) << "the state lies beside the bits";
	EXPECT_EQ(mpc_path_blocked(path.core),
		  MPC_BLOCK_MISMATCH | MPC_BLOCK_REGISTER | MPC_BLOCK_HOPELESS | MPC_BLOCK_ADMIN);
	EXPECT_EQ(mpc_path_block(path.core, 3, 1), 0);
	EXPECT_EQ(mpc_path_block(path.core, ~0u, 0), 1);
	EXPECT_EQ(mpc_path_blocked(path.core), 0u);
	EXPECT_EQ(mpc_path_block(path.core, ~0u, 0), 0);
}

TEST_F(PathHealth, APathCanBeBlockedFromTheBeginning)
{
	mpath_device &path = world->add({.blocked = MPC_BLOCK_REGISTER | 3});

	EXPECT_EQ(mpc_path_blocked(path.core), MPC_BLOCK_REGISTER);
	EXPECT_EQ(path.health(), kOk);
	EXPECT_EQ(world->pick(), nullptr);
	EXPECT_EQ(mpc_path_block(path.core, MPC_BLOCK_REGISTER, 0), 1);
	mpc_changed(world->core());
	EXPECT_EQ(world->pick(), &path);
}

TEST_F(PathHealth, ErrorsOfAPathThatAnAdministratorFailedDoNotCount)
{
	mpath_device &path = world->add();

	for (u32 i = 0; i < 10; ++i) {
		bio b;

		world->submit(b);
		EXPECT_EQ(mpc_path_block(path.core, MPC_BLOCK_ADMIN, 1), 1);
		EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
		EXPECT_EQ(mpc_path_block(path.core, MPC_BLOCK_ADMIN, 0), 1);
	}
	EXPECT_EQ(path.health(), kOk);
}

struct AnyPolicyHealth : PathHealth, ::testing::WithParamInterface<u32> {
	void SetUp() override
	{
		PathHealth::SetUp();
		world->set_policy(GetParam());
	}
};

INSTANTIATE_TEST_SUITE_P(Policies, AnyPolicyHealth, ::testing::Values(0u, 1u, 2u, 3u));

TEST_P(AnyPolicyHealth, AFailedPathIsASpare)
{
	mpath_device &failed = world->add({.active = 0});
	mpath_device &slow = world->add({.access = MPC_ACCESS_NONOPTIMIZED, .active = 9});

	world->make_failed(failed);
	EXPECT_EQ(world->picks(4), std::vector<int>(4, slow.id)) << "any path that is well comes first";
	slow.disabled = true;
	EXPECT_EQ(world->picks(4), std::vector<int>(4, failed.id)) << "but it is used before none";
	failed.access(MPC_ACCESS_NONOPTIMIZED);
	EXPECT_EQ(world->pick(), &failed);
	failed.access(MPC_ACCESS_OTHER);
	EXPECT_EQ(world->pick(), nullptr);
	failed.access(MPC_ACCESS_OPTIMIZED);
	failed.disabled = true;
	EXPECT_EQ(world->pick(), nullptr);
	failed.disabled = false;
	slow.disabled = false;
	(void)mpc_path_forgive(failed.core);
	mpc_clear_all(world->core());
	EXPECT_EQ(world->pick(), &failed);
}

TEST_P(AnyPolicyHealth, AFailedPathIsASpareAmongNonOptimizedOnesToo)
{
	mpath_device &failed = world->add({.access = MPC_ACCESS_NONOPTIMIZED, .active = 0});
	mpath_device &well = world->add({.access = MPC_ACCESS_NONOPTIMIZED, .active = 9});

	world->make_failed(failed);
	EXPECT_EQ(world->picks(4), std::vector<int>(4, well.id));
}

TEST_P(AnyPolicyHealth, APathThatFailsIsLeftAtOnceThoughNobodyIsTold)
{
	const auto paths = add_paths(2);

	for (s32 node = 0; node < 4; ++node) {
		set_node(node);
		EXPECT_EQ(world->pick(), paths[0]);
		(void)world->pick(0b01);
	}

	bio bios[3];

	for (bio &b : bios) {
		b.fate = bio::Fate::kPending;
		const int idx = mpk_gate_lock(&world->gate);

		ASSERT_EQ(mpk_bio_forward(world->head, paths[0], &b, 0), 0);
		mpk_gate_unlock(&world->gate, idx);
	}
	for (bio &b : bios) {
		u32 changed;

		(void)mpc_path_bad(paths[0]->core, &world->head->ops, &b.tries, &changed);
		world->head->ops.put_path(paths[0]);
	}
	ASSERT_EQ(paths[0]->health(), kFailed);
	for (s32 node = 0; node < 4; ++node) {
		set_node(node);
		EXPECT_EQ(world->picks(3), std::vector<int>(3, 1));
	}
}

TEST_P(AnyPolicyHealth, ABlockedPathIsNeverChosen)
{
	const auto paths = add_paths(2);

	for (const u32 bit : {MPC_BLOCK_MISMATCH, MPC_BLOCK_REGISTER, MPC_BLOCK_HOPELESS}) {
		EXPECT_EQ(mpc_path_block(paths[0]->core, bit, 1), 1);
		EXPECT_EQ(world->picks(3), std::vector<int>(3, 1)) << "seen without being told";
		paths[0]->disabled_calls = 0;
		paths[1]->disabled = true;
		EXPECT_EQ(world->pick(), nullptr);
		EXPECT_EQ(paths[0]->disabled_calls, 0u);
		world->make_failed(*paths[0]);
		advance(100 * kHz);
		EXPECT_EQ(world->pick_for_bio(), nullptr) << "no test of a blocked path";
		EXPECT_EQ(paths[0]->health(), kFailed);
		(void)mpc_path_forgive(paths[0]->core);
		EXPECT_EQ(mpc_path_block(paths[0]->core, bit, 0), 1);
		paths[1]->disabled = false;
	}
}

TEST_P(AnyPolicyHealth, APathThatAnAdministratorFailedIsNeverChosen)
{
	const auto paths = add_paths(2);

	EXPECT_EQ(mpc_path_block(paths[0]->core, MPC_BLOCK_ADMIN, 1), 1);
	EXPECT_EQ(world->picks(3), std::vector<int>(3, 1)) << "seen without being told";
	paths[1]->disabled = true;
	EXPECT_EQ(world->pick(), nullptr) << "not even for want of others";
	paths[0]->disabled = true;
	paths[0]->disabled = false;
	EXPECT_EQ(world->pick(), nullptr) << "not after a reset of its controller";
	EXPECT_EQ(mpc_path_block(paths[0]->core, MPC_BLOCK_ADMIN, 0), 1);
	mpc_changed(world->core());
	EXPECT_EQ(world->pick(), paths[0]);

	paths[1]->disabled = false;
	world->make_failed(*paths[0]);
	EXPECT_EQ(mpc_path_block(paths[0]->core, MPC_BLOCK_ADMIN, 1), 1);
	advance(100 * kHz);
	EXPECT_EQ(world->pick_for_bio(), paths[1]) << "no test, either";
	EXPECT_EQ(mpc_path_block(paths[0]->core, MPC_BLOCK_ADMIN, 0), 1);
	mpc_changed(world->core());
	EXPECT_EQ(world->pick_for_bio(), paths[0]) << "its test is due";
}

TEST_P(AnyPolicyHealth, TheTestGoesOutWhenItIsDueAndWithABioOnly)
{
	const auto paths = add_paths(3);

	world->make_failed(*paths[1]);
	for (int i = 0; i < 3; ++i)
		EXPECT_NE(world->pick_for_bio(), paths[1]);
	advance(kHz - 1);
	EXPECT_NE(world->pick_for_bio(), paths[1]);
	advance(1);
	for (int i = 0; i < 3; ++i) {
		EXPECT_NE(world->pick(), paths[1]) << "ioctls and commands do not come back";
		EXPECT_EQ(paths[1]->health(), kFailed);
	}
	EXPECT_EQ(world->ioctl(), 0);
	EXPECT_EQ(world->uring(), kQueued);
	EXPECT_EQ(world->call(), 0);
	EXPECT_EQ(paths[1]->ioctls + paths[1]->urings + paths[1]->calls, 0u);

	EXPECT_EQ(world->pick_for_bio(), paths[1]);
	EXPECT_EQ(paths[1]->health(), kTesting);
	for (int i = 0; i < 3; ++i)
		EXPECT_NE(world->pick_for_bio(), paths[1]) << "one bio only";
}

TEST_P(AnyPolicyHealth, ATestIsNotMadeWithABioThatFailedThere)
{
	const auto paths = add_paths(2);

	world->make_failed(*paths[1]);
	advance(kHz);
	EXPECT_EQ(world->pick_for_bio(0b10), paths[0]);
	EXPECT_EQ(paths[1]->health(), kFailed);
	advance(1); // it stays due, a tick later
	EXPECT_EQ(world->pick_for_bio(), paths[1]);
}

TEST_P(AnyPolicyHealth, ADisabledPathIsTestedWhenItIsBack)
{
	const auto paths = add_paths(2);

	world->make_failed(*paths[1]);
	paths[1]->disabled = true;
	advance(5 * kHz);
	EXPECT_EQ(world->pick_for_bio(), paths[0]);
	EXPECT_EQ(paths[1]->health(), kFailed);
	paths[1]->disabled = false;
	advance(1);
	EXPECT_EQ(world->pick_for_bio(), paths[1]);
}

TEST_P(AnyPolicyHealth, EveryFailedPathGetsItsTestInTurn)
{
	const auto paths = add_paths(5);

	for (u32 i = 1; i < 5; ++i)
		world->make_failed(*paths[i]);
	advance(kHz);
	for (u32 i = 1; i < 5; ++i) {
		EXPECT_EQ(world->pick_for_bio(), paths[i]);
		EXPECT_EQ(world->pick_for_bio(), paths[0]) << "one a tick";
		advance(1);
	}
	EXPECT_EQ(world->pick_for_bio(), paths[0]);
}

TEST_P(AnyPolicyHealth, ThePathWhoseTestIsDueFirstIsNotHiddenByALaterOne)
{
	const auto paths = add_paths(3);

	world->make_failed(*paths[2]);
	advance(kHz / 2);
	world->make_failed(*paths[1]);
	advance(kHz / 2);
	EXPECT_EQ(world->pick_for_bio(), paths[2]);
	EXPECT_EQ(world->pick_for_bio(), paths[0]);
	advance(kHz / 2);
	EXPECT_EQ(world->pick_for_bio(), paths[1]);
}

TEST_P(AnyPolicyHealth, ATestThatFailsGoesToAnotherPathAndTheNextIsLater)
{
	mpath_device &good = world->add();
	mpath_device &failed = world->add();
	bio b;

	world->make_failed(failed);
	advance(kHz);
	world->submit(b);
	ASSERT_EQ(b.device, &failed);
	EXPECT_EQ(world->fail(b), u32{MPC_TRY_AGAIN});
	EXPECT_EQ(mpc_path_backoff(failed.core), 2u);
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_EQ(b.device, &good);
	world->succeed(b);
	advance(2 * kHz - 1);
	EXPECT_EQ(world->pick_for_bio(), &good);
	advance(1);
	EXPECT_EQ(world->pick_for_bio(), &failed);
}

TEST_P(AnyPolicyHealth, ATestThatSucceedsBringsThePathBackForAllNodes)
{
	mpath_device &slow = world->add({.node = 0, .access = MPC_ACCESS_NONOPTIMIZED});
	mpath_device &failed = world->add({.node = 0});
	bio b;

	world->make_failed(failed);
	for (s32 node = 3; node >= 0; --node) {
		set_node(node);
		EXPECT_EQ(world->pick(), &slow);
	}
	advance(kHz);
	world->submit(b);
	ASSERT_EQ(b.device, &failed);
	world->succeed(b);
	for (s32 node = 0; node < 4; ++node) {
		set_node(node);
		EXPECT_EQ(world->pick(), &failed);
	}
}

TEST_P(AnyPolicyHealth, ALookForTestsAsksNoPathThatIsWell)
{
	const auto paths = add_paths(8);

	world->set_policy(MPC_POLICY_NUMA);
	EXPECT_EQ(world->pick_for_bio(), paths[0]);
	for (mpath_device *path : paths)
		path->disabled_calls = 0;
	for (int i = 0; i < 10; ++i)
		EXPECT_EQ(world->pick_for_bio(), paths[0]);
	EXPECT_EQ(paths[0]->disabled_calls, 10u);
	for (u32 i = 1; i < 8; ++i)
		EXPECT_EQ(paths[i]->disabled_calls, 0u);
}

TEST_P(AnyPolicyHealth, AllFailedIsNotTheEnd)
{
	const auto paths = add_paths(3);

	for (mpath_device *path : paths)
		world->make_failed(*path);
	for (int i = 0; i < 3; ++i)
		EXPECT_NE(world->pick(), nullptr);
	EXPECT_EQ(world->ioctl(), 0);
}

} // namespace
