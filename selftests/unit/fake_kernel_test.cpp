// SPDX-License-Identifier: GPL-2.0
// The fake itself: a test is worth what its SRCU is worth.
#include "fakes/fake_kernel.hpp"

#include <thread>

using namespace fake;
using namespace std::chrono_literals;

namespace {

struct FakeKernel : CoreTest {};
using FakeKernelDeathTest = FakeKernel;

TEST_F(FakeKernel, SynchronizeWaitsForAReaderThatStartedBefore)
{
	std::atomic<bool> inside{false}, leave{false}, waited{false};

	std::thread reader{[&] {
		const int idx = mpk_gate_lock(&world->gate);

		inside = true;
		while (!leave)
			std::this_thread::yield();
		EXPECT_FALSE(waited);
		mpk_gate_unlock(&world->gate, idx);
	}};
	while (!inside)
		std::this_thread::yield();

	std::thread waiter{[&] {
		world->gate.synchronize();
		waited = true;
	}};
	std::this_thread::sleep_for(30ms);
	EXPECT_FALSE(waited);
	leave = true;
	waiter.join();
	reader.join();
	EXPECT_TRUE(waited);
}

TEST_F(FakeKernel, SynchronizeDoesNotWaitForReadersThatStartLater)
{
	std::atomic<bool> stop{false};
	std::atomic<u32> rounds{0};

	// at no time is there no reader
	auto reader = [&] {
		while (!stop) {
			const int outer = mpk_gate_lock(&world->gate);

			rounds.fetch_add(1);
			std::this_thread::yield();
			mpk_gate_unlock(&world->gate, outer);
		}
	};
	std::thread a{reader}, b{reader};

	while (rounds < 10)
		std::this_thread::yield();
	for (u32 i = 0; i < 50; ++i)
		world->gate.synchronize();
	stop = true;
	a.join();
	b.join();
}

TEST_F(FakeKernel, SectionsNestAndBelongToOneGate)
{
	World other;
	const int a = mpk_gate_lock(&world->gate);
	const int b = mpk_gate_lock(&world->gate);

	EXPECT_TRUE(world->gate.in_section());
	EXPECT_FALSE(other.gate.in_section());
	other.gate.synchronize(); // not held up
	mpk_gate_unlock(&world->gate, b);
	EXPECT_TRUE(world->gate.anyone_inside());
	mpk_gate_unlock(&world->gate, a);
	EXPECT_FALSE(world->gate.anyone_inside());
}

TEST_F(FakeKernel, APinnedPathOutlivesItsRemoval)
{
	mpath_device &path = world->add();

	{
		const int idx = mpk_gate_lock(&world->gate);

		ASSERT_TRUE(world->head->ops.get_path(&path));
		mpk_gate_unlock(&world->gate, idx);
	}

	void (*put)(mpath_device *) = world->head->ops.put_path;

	EXPECT_EQ(world->del(path), 1);
	path.check();
	put(&path);
}

#ifndef __SANITIZE_THREAD__ // death tests fork
TEST_F(FakeKernelDeathTest, BrokenRulesAbort)
{
	bio b;

	EXPECT_DEATH(mpk_gate_unlock(&world->gate, 0), "left twice");
	EXPECT_DEATH((void)mpk_gate_head(&world->gate), "outside of a section");
	EXPECT_DEATH(
		{
			(void)mpk_gate_lock(&world->gate);
			world->gate.synchronize();
		},
		"waits for itself");
	EXPECT_DEATH(mpk_bio_park(world->head, &b), "outside of a section");
	EXPECT_DEATH(mpk_count(&world->gate, 64, 0), "counter");
	EXPECT_DEATH(
		{
			const AtomicContext atomic;

			mpk_might_sleep();
		},
		"atomic context");
}

TEST_F(FakeKernelDeathTest, AFreedPathIsSeen)
{
	mpath_device &path = world->add();

	world->del(path);
	EXPECT_DEATH((void)mpk_path_call(&path, nullptr, nullptr), "");
}
#endif

} // namespace
