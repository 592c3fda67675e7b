// SPDX-License-Identifier: GPL-2.0
// The grace period: bios wait for a while though no path may come back.
#include "fakes/fake_kernel.hpp"

using namespace fake;

namespace {

struct Grace : CoreTest {
	static constexpr u32 kSeconds = 10;
	static constexpr u64 kTicks = u64{kSeconds} * kHz;

	void SetUp() override
	{
		CoreTest::SetUp();
		mpc_set_grace(world->core(), kSeconds);
	}
	bool waits() { return world->submit().fate == bio::Fate::kParked; }
};

TEST_F(Grace, WithoutHopeABioWaitsThatLong)
{
	world->add({.disabled = true}).available = false;
	EXPECT_TRUE(waits());
	advance(kTicks - 1);
	EXPECT_TRUE(waits());
	advance(1);
	EXPECT_FALSE(waits());
	advance(100 * kTicks);
	EXPECT_FALSE(waits()) << "it does not begin again by itself";
}

TEST_F(Grace, WithoutAPeriodABioFailsAtOnce)
{
	world->add({.disabled = true}).available = false;
	mpc_set_grace(world->core(), 0);
	EXPECT_FALSE(waits());
}

TEST_F(Grace, WithHopeABioWaitsForEver)
{
	world->add({.disabled = true});
	for (int i = 0; i < 5; ++i) {
		EXPECT_TRUE(waits());
		advance(kTicks);
	}
}

TEST_F(Grace, APathThatDoesNotFitItsHeadIsNoHope)
{
	mpath_device &path = world->add();

	mpc_set_grace(world->core(), 0);
	(void)mpc_path_block(path.core, MPC_BLOCK_MISMATCH, 1);
	EXPECT_FALSE(waits());
	(void)mpc_path_block(path.core, MPC_BLOCK_MISMATCH, 0);
	(void)mpc_path_block(path.core, MPC_BLOCK_REGISTER, 1);
	EXPECT_TRUE(waits()) << "it will be registered";
	(void)mpc_path_block(path.core, MPC_BLOCK_HOPELESS, 1);
	EXPECT_FALSE(waits()) << "or not";
}

TEST_F(Grace, APathThatAnAdministratorFailedIsNoHope)
{
	mpath_device &path = world->add();

	mpc_set_grace(world->core(), 0);
	(void)mpc_path_block(path.core, MPC_BLOCK_ADMIN, 1);
	EXPECT_FALSE(waits());
	(void)mpc_path_block(path.core, MPC_BLOCK_REGISTER, 1);
	EXPECT_FALSE(waits()) << "registering it is not enough";
	(void)mpc_path_block(path.core, MPC_BLOCK_REGISTER, 0);
	path.disabled = true;
	EXPECT_FALSE(waits()) << "its controller may reset as it likes";
	world->add({.disabled = true});
	EXPECT_TRUE(waits()) << "another one may come back";
}

TEST_F(Grace, AfterTheLastPathWasFailedThePeriodRuns)
{
	mpath_device &path = world->add();

	(void)mpc_path_block(path.core, MPC_BLOCK_ADMIN, 1);
	EXPECT_TRUE(waits());
	advance(kTicks - 1);
	EXPECT_TRUE(waits());
	advance(1);
	EXPECT_FALSE(waits());
	(void)mpc_path_block(path.core, MPC_BLOCK_ADMIN, 0);
	mpc_changed(world->core());
	EXPECT_EQ(world->pick(), &path);
}

TEST_F(Grace, HopeStartsThePeriodAnew)
{
	mpath_device &path = world->add({.disabled = true});

	path.available = false;
	EXPECT_TRUE(waits());
	advance(kTicks - 1);
	path.available = true;
	EXPECT_TRUE(waits());
	path.available = false;
	advance(kTicks - 1);
	EXPECT_TRUE(waits());
	advance(kTicks - 1);
	EXPECT_TRUE(waits());
	advance(1);
	EXPECT_FALSE(waits());
}

TEST_F(Grace, ABioThatIsSentStartsThePeriodAnew)
{
	mpath_device &path = world->add({.disabled = true});

	path.available = false;
	EXPECT_TRUE(waits());
	advance(kTicks - 1);
	path.disabled = false;
	EXPECT_EQ(world->submit().fate, bio::Fate::kForwarded);
	path.disabled = true;
	advance(2);
	EXPECT_TRUE(waits());
	advance(kTicks - 1);
	EXPECT_TRUE(waits());
}

TEST_F(Grace, AnIoctlThatIsSentDoesNot)
{
	mpath_device &path = world->add({.disabled = true});

	path.available = false;
	EXPECT_TRUE(waits());
	path.disabled = false;
	EXPECT_EQ(world->ioctl(), 0);
	path.disabled = true;
	advance(kTicks);
	EXPECT_FALSE(waits());
}

TEST_F(Grace, AnotherLengthStartsARunningPeriodAnew)
{
	world->add({.disabled = true}).available = false;
	EXPECT_TRUE(waits());
	advance(kTicks);
	EXPECT_FALSE(waits());
	mpc_set_grace(world->core(), 2);
	EXPECT_TRUE(waits());
	advance(2 * kHz - 1);
	EXPECT_TRUE(waits());
	advance(1);
	EXPECT_FALSE(waits());
	mpc_set_grace(world->core(), kSeconds);
	EXPECT_TRUE(waits());
	mpc_set_grace(world->core(), 0);
	EXPECT_FALSE(waits()) << "0 ends it now";
}

TEST_F(Grace, TheLongestPeriodDoesNotOverflow)
{
	world->add({.disabled = true}).available = false;
	mpc_set_grace(world->core(), MPC_MAX_SECONDS);
	EXPECT_TRUE(waits());
	advance(u64{MPC_MAX_SECONDS} * kHz - 1);
	EXPECT_TRUE(waits());
	advance(1);
	EXPECT_FALSE(waits());
}

TEST_F(Grace, ALingeringHeadParksUntilItsOwnTimerEnds)
{
	mpath_device &path = world->add();

	world->del(path);
	EXPECT_EQ(world->event(MPC_EVENT_LAST_LEFT), u32{MPC_ACTION_ARM});
	for (int i = 0; i < 3; ++i) {
		EXPECT_TRUE(waits());
		advance(kTicks);
	}
	EXPECT_EQ(world->ioctl(), -MPC_EAGAIN);
	EXPECT_EQ(world->event(MPC_EVENT_GRACE_OVER), u32{MPC_ACTION_REMOVE_HEAD});
	EXPECT_FALSE(waits());
	EXPECT_EQ(world->ioctl(), -MPC_ENODEV);
	EXPECT_EQ(world->try_add({}), nullptr) << "a path that comes now is refused";
	EXPECT_EQ(world->event(MPC_EVENT_REMOVE), u32{MPC_ACTION_DEL_DISK});
	EXPECT_EQ(world->event(MPC_EVENT_REMOVE_DONE), u32{MPC_ACTION_NONE});
}

TEST_F(Grace, ALingeringHeadWithoutAPeriodAnyMoreFails)
{
	EXPECT_EQ(world->event(MPC_EVENT_LAST_LEFT), u32{MPC_ACTION_ARM});
	mpc_set_grace(world->core(), 0);
	EXPECT_FALSE(waits());
}

TEST_F(Grace, APathThatComesInTimeGetsWhatWaited)
{
	bio b;

	EXPECT_EQ(world->event(MPC_EVENT_LAST_LEFT), u32{MPC_ACTION_ARM});
	world->submit(b);
	ASSERT_EQ(b.fate, bio::Fate::kParked);

	mpath_device &path = world->add();

	EXPECT_EQ(world->event(MPC_EVENT_PATH_ADDED), u32{MPC_ACTION_DISARM});
	EXPECT_EQ(mpc_head_state(world->core()), u32{MPC_STATE_LIVE});
	EXPECT_EQ(world->redrive(b), u32{MPC_BIO_SENT});
	EXPECT_EQ(b.device, &path);
}

TEST_F(Grace, AfterLingeringThePeriodIsAWholeOne)
{
	mpath_device &first = world->add({.disabled = true});

	first.available = false;
	EXPECT_TRUE(waits());
	advance(kTicks / 2);
	world->del(first);
	EXPECT_EQ(world->event(MPC_EVENT_LAST_LEFT), u32{MPC_ACTION_ARM});
	EXPECT_TRUE(waits());
	advance(kTicks / 2);
	world->add({.disabled = true}).available = false;
	EXPECT_EQ(world->event(MPC_EVENT_PATH_ADDED), u32{MPC_ACTION_DISARM});
	EXPECT_TRUE(waits());
	advance(kTicks - 1);
	EXPECT_TRUE(waits());
	advance(1);
	EXPECT_FALSE(waits());
}

} // namespace
