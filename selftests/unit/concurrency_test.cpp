// SPDX-License-Identifier: GPL-2.0
// Selection and dispatch in several threads while everything changes under
// them. A freed path or head is poisoned: the sanitizers judge.
#include "fakes/fake_kernel.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <random>
#include <thread>

using namespace fake;
using namespace std::chrono_literals;

namespace {

constexpr auto kRun = 400ms;
constexpr u32 kFewRounds = 200; // at least, however slow the machine is

/// Threads that run until the time is over; joined at the end.
class Crew final {
public:
	~Crew() { stop(); }
	/// `work(random)` over and over, on node `n` for the n-th thread.
	template <typename F>
	void hire(F work)
	{
		const auto number = static_cast<u32>(threads_.size());

		threads_.emplace_back([this, work, number] {
			std::mt19937 random{number + 1};
			u32 rounds = 0;

			set_node(static_cast<s32>(number % 4));
			while (!stop_.load(std::memory_order_relaxed) || rounds < kFewRounds) {
				work(random);
				++rounds;
			}
		});
	}
	void stop()
	{
		stop_ = true;
		for (std::thread &thread : threads_)
			thread.join();
		threads_.clear();
	}

private:
	std::atomic<bool> stop_{false};
	std::vector<std::thread> threads_;
};

bool is_one_of(long value, std::initializer_list<long> allowed)
{
	return std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

struct Concurrency : CoreTest {
	/// A reader of each kind; every answer must be a documented one.
	void hire_users(Crew &crew)
	{
		crew.hire([this](auto &) { (void)world->submit(); });
		crew.hire([this](auto &random) {
			switch (random() % 4) {
			case 0:
				EXPECT_TRUE(is_one_of(world->ioctl(), {0, 7, -MPC_EAGAIN, -MPC_ENODEV}));
				break;
			case 1:
				EXPECT_TRUE(is_one_of(world->uring(), {kQueued, -MPC_EAGAIN,
								       -MPC_EINVAL, -MPC_ENODEV}));
				break;
			case 2:
				EXPECT_TRUE(is_one_of(world->call(), {0, -MPC_EAGAIN, -MPC_ENODEV}));
				break;
			default:
				mpc_choose_all(&world->gate);
			}
		});
		crew.hire([this](auto &random) {
			if (random() % 2)
				(void)world->submit();
			else
				(void)world->uring();
		});
	}
	/// One change of the world; the caller is the only one who adds and deletes.
	void churn(std::mt19937 &random, u32 most)
	{
		const auto count = world->paths().size();

		if (!count || (random() % 2 && count < most))
			world->add({.node = static_cast<s32>(random() % 5) - 1,
				    .access = static_cast<u32>(random() % 3),
				    .active = static_cast<s32>(random() % 5) - 1,
				    .disabled = random() % 4 == 0});
		else
			world->del(*world->paths()[random() % count]);
	}
	/// Change the state of one path, or the policy.
	void flip(std::mt19937 &random)
	{
		const std::lock_guard hold{world->lock};

		if (!world->head)
			return;
		if (random() % 8 == 0)
			world->set_policy(static_cast<u32>(random() % 4));
		if (random() % 8 == 0)
			mpc_clear_all(world->core());
		if (world->paths().empty())
			return;

		mpath_device &path = *world->paths()[random() % world->paths().size()];

		switch (random() % 8) {
		case 0:
			path.disabled = random() % 2;
			break;
		case 1:
			path.access(static_cast<u32>(random() % 3));
			break;
		case 2:
			path.active(static_cast<s32>(random() % 10) - 1);
			break;
		case 3:
			path.available = random() % 2;
			break;
		case 4:
			path.pin_refused = random() % 2;
			break;
		case 5:
			path.ioctl_result = std::array{0, 7, -MPC_ENODEV, -MPC_ENXIO}[random() % 4];
			break;
		case 6:
			path.uring_result = std::array{kQueued, -MPC_EAGAIN, -MPC_ENODEV}[random() % 3];
			break;
		default:
			(void)mpc_clear_path(world->core(), path.core);
		}
	}
};

/// Bios of a driver with failover: each thread sends one after the other and
/// follows it to its end.
struct ConcurrencyFailover : Concurrency {
	void SetUp() override
	{
		CoreTest::SetUp();
		make({.failover = true});
	}
	/// Where it ended; a bio that is still parked in the end is kParked.
	bio::Fate follow(std::mt19937 &random, u32 error_in)
	{
		bio b;

		world->submit(b);
		for (u32 step = 0; step < 200; ++step) {
			if (b.fate == bio::Fate::kForwarded) {
				if (random() % error_in)
					world->succeed(b, random() % 100000);
				else if (random() % 4)
					(void)world->fail(b);
				else
					(void)world->answer(b);
			} else if (b.fate == bio::Fate::kParked) {
				(void)world->redrive_in_time(b);
			} else {
				break;
			}
		}
		// does not stay out, whatever happens
		if (b.fate == bio::Fate::kForwarded)
			world->succeed(b);
		return b.fate;
	}
	/// What only this kind of driver has.
	void unsettle(std::mt19937 &random)
	{
		const std::lock_guard hold{world->lock};

		if (!world->head)
			return;
		switch (random() % 7) {
		case 0:
			advance(random() % 3 ? 1 : kHz);
			break;
		case 1:
			mpc_set_grace(world->core(), random() % 3);
			break;
		case 2:
			(void)mpc_head_event(world->core(), MPC_EVENT_LAST_LEFT);
			break;
		case 3:
			(void)mpc_head_event(world->core(), MPC_EVENT_PATH_ADDED);
			break;
		case 4:
			for (mpath_device *path : world->paths())
				path->no_memory = random() % 4 == 0;
			break;
		default:
			if (world->paths().empty())
				break;

			mpath_device &path = *world->paths()[random() % world->paths().size()];

			if (random() % 4)
				(void)mpc_path_block(path.core,
						     random() % 2 ? MPC_BLOCK_MISMATCH : MPC_BLOCK_REGISTER,
						     random() % 2);
			else if (mpc_path_forgive(path.core))
				mpc_clear_all(world->core());
		}
	}
};

TEST_F(ConcurrencyFailover, BiosEndWhilePathsHealthAndClockChange)
{
	for (const u32 policy : {MPC_POLICY_NUMA, MPC_POLICY_ST}) {
		Crew crew;
		std::mt19937 random{policy};
		const auto end = std::chrono::steady_clock::now() + kRun;
		u32 changes = 0;

		world->set_policy(policy);
		for (const u32 error_in : {2u, 3u, 20u})
			crew.hire([this, error_in](auto &rng) { (void)follow(rng, error_in); });
		crew.hire([this](auto &rng) {
			flip(rng);
			unsettle(rng);
		});
		while (std::chrono::steady_clock::now() < end || changes < kFewRounds) {
			churn(random, 8);
			++changes;
		}
		crew.stop();
	}
}

TEST_F(ConcurrencyFailover, TheHeadGoesWhileBiosAreOut)
{
	for (u32 life = 0; life < 8; ++life) {
		Crew crew;
		std::mt19937 random{life};

		make({.failover = true});
		for (u32 i = 0; i < 4; ++i)
			world->add({.node = static_cast<s32>(i % 4)});
		for (int i = 0; i < 3; ++i)
			crew.hire([this](auto &rng) { (void)follow(rng, 2); });
		for (u32 i = 0; i < 50; ++i)
			churn(random, 8);
		world->remove_head();
		for (u32 i = 0; i < 20; ++i)
			EXPECT_EQ(follow(random, 2), bio::Fate::kFailed);
		crew.stop();
	}
}

TEST_F(ConcurrencyFailover, OneBioATestAndNotMore)
{
	mpath_device &well = world->add();
	mpath_device &failed = world->add();

	for (u32 round = 0; round < 100; ++round) {
		std::atomic<u32> ready{0}, testers{0};
		std::vector<std::thread> threads;

		(void)mpc_path_forgive(failed.core);
		world->make_failed(failed);
		advance(kHz);
		for (s32 i = 0; i < 4; ++i) {
			threads.emplace_back([&, i] {
				set_node(i);
				++ready;
				while (ready < 4)
					std::this_thread::yield();
				for (int n = 0; n < 3; ++n) {
					mpath_device *path = world->pick_for_bio();

					EXPECT_TRUE(path == &failed || path == &well);
					testers += path == &failed;
				}
			});
		}
		for (std::thread &thread : threads)
			thread.join();
		ASSERT_EQ(testers, 1u);
	}
}

TEST_F(ConcurrencyFailover, ASuccessWhileATestBeginsLeavesNoPathUntested)
{
	mpath_device &path = world->add();
	std::atomic<bool> stop{false};

	std::thread tests{[&] {
		while (!stop) {
			(void)world->pick_for_bio();
			advance(kHz);
		}
	}};
	const auto end = std::chrono::steady_clock::now() + kRun;

	while (std::chrono::steady_clock::now() < end) {
		world->make_failed(path);
		for (int i = 0; i < 50 && path.health() != MPC_HEALTH_TESTING; ++i)
			std::this_thread::yield();
		(void)mpc_path_good(path.core, 0);
		// with nobody but this thread to change it, well is well
		EXPECT_EQ(path.health(), u32{MPC_HEALTH_OK});
		std::this_thread::yield();
		EXPECT_EQ(path.health(), u32{MPC_HEALTH_OK});
	}
	stop = true;
	tests.join();
}

TEST_F(ConcurrencyFailover, NoBlockIsLostInAChangeOfTheState)
{
	mpath_device &path = world->add();
	Crew crew;

	for (const u32 bit : {MPC_BLOCK_MISMATCH, MPC_BLOCK_REGISTER, MPC_BLOCK_ADMIN}) {
		crew.hire([&, bit](auto &) {
			EXPECT_EQ(mpc_path_block(path.core, bit, 1), 1);
			EXPECT_TRUE(mpc_path_blocked(path.core) & bit);
			EXPECT_EQ(mpc_path_block(path.core, bit, 0), 1);
			EXPECT_FALSE(mpc_path_blocked(path.core) & bit);
		});
	}
	crew.hire([&](auto &random) {
		mpc_try t{};
		u32 changed;
		const int idx = mpk_gate_lock(&world->gate);

		if (random() % 4)
			(void)mpc_path_bad(path.core, &world->head->ops, &t, &changed);
		else
			(void)mpc_path_good(path.core, 5);
		mpk_gate_unlock(&world->gate, idx);
		(void)world->pick_for_bio();
		advance(kHz / 2);
	});
	std::this_thread::sleep_for(kRun);
	crew.stop();
}

TEST_F(Concurrency, WhatIsRememberedIsVoidOnceNewsWereGiven)
{
	for (const u32 policy : {MPC_POLICY_NUMA, MPC_POLICY_RR}) {
		make({});
		world->set_policy(policy);

		mpath_device &slow = world->add({.access = MPC_ACCESS_NONOPTIMIZED});
		mpath_device &fast = world->add();
		Crew crew;
		const auto end = std::chrono::steady_clock::now() + kRun;
		u32 rounds = 0;

		for (int i = 0; i < 3; ++i) // on nodes 0 to 2, where we look, too
			crew.hire([this](auto &) { (void)world->pick(); });
		while (std::chrono::steady_clock::now() < end || rounds < kFewRounds) {
			fast.disabled = true; // seen without a word
			set_node(static_cast<s32>(rounds % 3));
			EXPECT_EQ(world->pick(), &slow);
			fast.disabled = false;
			mpc_clear_all(world->core());
			for (s32 node = 0; node < 3; ++node) {
				set_node(node);
				EXPECT_EQ(world->pick(), &fast);
			}
			++rounds;
		}
		crew.stop();
		set_node(0);
	}
}

struct ConcurrencyPin : Concurrency, ::testing::WithParamInterface<bool> {
	void SetUp() override
	{
		CoreTest::SetUp();
		make({.can_pin = GetParam()});
	}
};

INSTANTIATE_TEST_SUITE_P(Driver, ConcurrencyPin, ::testing::Bool(), [](const auto &param) {
	return param.param ? "Pins" : "CannotPin";
});

TEST_P(ConcurrencyPin, PathsComeAndGoUnderLoad)
{
	for (const u32 most : {3u, 64u}) {
		Crew crew;
		std::mt19937 random{most};
		const auto end = std::chrono::steady_clock::now() + kRun;
		u32 changes = 0;

		hire_users(crew);
		crew.hire([this](auto &rng) { flip(rng); });
		while (std::chrono::steady_clock::now() < end || changes < kFewRounds) {
			churn(random, most);
			++changes;
		}
		crew.stop();
	}
}

TEST_P(ConcurrencyPin, TheHeadGoesUnderLoad)
{
	for (u32 life = 0; life < 8; ++life) {
		Crew crew;
		std::mt19937 random{life};

		make({.can_pin = GetParam()});
		for (u32 i = 0; i < 8; ++i)
			world->add({.node = static_cast<s32>(i % 4)});
		hire_users(crew);
		crew.hire([this](auto &) { (void)world->ioctl(); });
		for (u32 i = 0; i < 50; ++i)
			churn(random, 16);
		world->remove_head();
		// from now on there is one answer
		EXPECT_EQ(world->ioctl(), -MPC_ENODEV);
		EXPECT_EQ(world->uring(), -MPC_ENODEV);
		EXPECT_EQ(world->call(), -MPC_ENODEV);
		EXPECT_EQ(world->submit().head, nullptr);
		crew.stop();
	}
}

TEST_F(Concurrency, AfterADeletionReturnsThePathIsNotChosen)
{
	Crew crew;
	const auto end = std::chrono::steady_clock::now() + kRun;

	world->add();
	hire_users(crew);
	while (std::chrono::steady_clock::now() < end) {
		mpath_device &path = world->add();

		world->unlink(path);
		world->gate.synchronize();

		const u32 looks = path.disabled_calls;
		const u32 ioctls = path.ioctls;

		std::this_thread::yield();
		EXPECT_EQ(path.disabled_calls, looks);
		EXPECT_LE(path.ioctls - ioctls, 3u); // who had pinned it, and no more
		world->reap();
	}
}

struct ConcurrencyPolicy : Concurrency, ::testing::WithParamInterface<u32> {
	void SetUp() override
	{
		CoreTest::SetUp();
		world->set_policy(GetParam());
	}
};

INSTANTIATE_TEST_SUITE_P(Policies, ConcurrencyPolicy,
			 ::testing::Values(MPC_POLICY_NUMA, MPC_POLICY_RR, MPC_POLICY_QD, MPC_POLICY_ST));

TEST_P(ConcurrencyPolicy, APathThatStaysIsAlwaysFound)
{
	Crew crew;
	std::mt19937 random{GetParam()};
	const auto end = std::chrono::steady_clock::now() + kRun;
	u32 changes = 0;

	world->add({.access = MPC_ACCESS_NONOPTIMIZED});
	for (u32 i = 0; i < 2; ++i) {
		crew.hire([this](auto &) {
			EXPECT_EQ(world->submit().fate, bio::Fate::kForwarded);
			EXPECT_EQ(world->ioctl(), 0);
			EXPECT_EQ(world->uring(), kQueued);
		});
	}
	while (std::chrono::steady_clock::now() < end || changes < kFewRounds) {
		mpath_device &guest = world->add({.node = static_cast<s32>(random() % 4),
						  .access = static_cast<u32>(random() % 3),
						  .disabled = random() % 2 == 0});

		guest.ioctl_result = -MPC_ENODEV;
		guest.uring_result = -MPC_ENXIO;
		guest.disabled = random() % 2;
		if (random() % 2)
			world->add();
		while (world->paths().size() > 1)
			world->del(*world->paths().back());
		++changes;
	}
	crew.stop();
}

TEST_P(ConcurrencyPolicy, AnAccessStateThatChangesInMidLookHidesNoPath)
{
	Crew crew;
	const auto end = std::chrono::steady_clock::now() + kRun;
	mpath_device &path = world->add();
	u64 lost = 0, tries = 0;

	// usable all the time: one kind or the other
	crew.hire([&](auto &) {
		for (u32 i = 0; i < 1000; ++i)
			path.access(i & 1);
	});
	while (std::chrono::steady_clock::now() < end) {
		lost += !world->pick();
		++tries;
	}
	crew.stop();
	EXPECT_EQ(lost, 0u) << "of " << tries;
}

TEST_F(Concurrency, ThePathsFieldsAreSeenWithThePath)
{
	Crew crew;
	const auto end = std::chrono::steady_clock::now() + kRun;
	u32 changes = 0;

	for (const u32 policy : {MPC_POLICY_QD, MPC_POLICY_NUMA})
		crew.hire([this, policy](auto &) {
			world->set_policy(policy);
			(void)world->pick();
		});
	world->add();
	// always one path, never the same
	while (std::chrono::steady_clock::now() < end || changes < kFewRounds) {
		world->add();
		world->del(*world->paths().front());
		++changes;
	}
	crew.stop();
}

TEST_F(Concurrency, OnlyOneAddsTheDiskAndOnlyOneRemovesIt)
{
	for (u32 life = 0; life < 50; ++life) {
		std::atomic<u32> added{0}, removed{0}, refused{0};
		std::atomic<bool> disk{false};
		std::vector<std::thread> threads;
		std::condition_variable changed;

		make({.live = false});

		// the shim's loop around "wait"
		const auto set_live = [&] {
			std::unique_lock hold{world->lock};
			u32 action;

			while ((action = mpc_head_event(world->core(), MPC_EVENT_SET_LIVE)) ==
			       MPC_ACTION_WAIT)
				changed.wait(hold);
			if (action == MPC_ACTION_REFUSE) {
				++refused;
			} else if (action == MPC_ACTION_ADD_DISK) {
				hold.unlock();
				EXPECT_FALSE(disk.exchange(true));
				++added;
				hold.lock();
				EXPECT_EQ(mpc_head_event(world->core(), MPC_EVENT_ADD_DONE),
					  u32{MPC_ACTION_NONE});
				changed.notify_all();
			} else {
				EXPECT_EQ(action, u32{MPC_ACTION_NONE});
			}
		};
		const auto remove = [&] {
			std::unique_lock hold{world->lock};
			u32 action;

			while ((action = mpc_head_event(world->core(), MPC_EVENT_REMOVE)) ==
			       MPC_ACTION_WAIT)
				changed.wait(hold);
			if (action == MPC_ACTION_DEL_DISK) {
				hold.unlock();
				EXPECT_TRUE(disk.exchange(false));
				++removed;
				hold.lock();
				EXPECT_EQ(mpc_head_event(world->core(), MPC_EVENT_REMOVE_DONE),
					  u32{MPC_ACTION_NONE});
				changed.notify_all();
			} else {
				EXPECT_EQ(action, u32{MPC_ACTION_NONE});
			}
			EXPECT_EQ(mpc_head_state(world->core()), u32{MPC_STATE_DEAD});
		};

		for (u32 i = 0; i < 3; ++i)
			threads.emplace_back(set_live);
		for (u32 i = 0; i < 2; ++i)
			threads.emplace_back(remove);
		for (std::thread &thread : threads)
			thread.join();
		EXPECT_EQ(added, removed);
		EXPECT_LE(added, 1u);
		EXPECT_TRUE(added || refused == 3u);
		EXPECT_FALSE(disk);
	}
}

} // namespace
