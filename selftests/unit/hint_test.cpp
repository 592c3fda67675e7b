// SPDX-License-Identifier: GPL-2.0
// The per-node choice as the shim handles it: choose, ask, forget.
#include "fakes/fake_kernel.hpp"

#include "slot_table.hpp"

using namespace fake;

namespace {

struct Hint : CoreTest {};

TEST_F(Hint, ChooseAllChoosesForEveryNode)
{
	mpath_device &a = world->add({.node = 1});
	mpath_device &b = world->add({.node = 3});

	set_distance(0, 3, 15);
	set_distance(2, 1, 12);
	mpc_choose_all(&world->gate);
	EXPECT_TRUE(world->is_choice(b, 0));
	EXPECT_TRUE(world->is_choice(a, 1));
	EXPECT_TRUE(world->is_choice(a, 2));
	EXPECT_TRUE(world->is_choice(b, 3));
	EXPECT_FALSE(world->is_choice(a, 0));
	EXPECT_FALSE(world->is_choice(b, 2));
}

TEST_F(Hint, ChooseAllReplacesAChoiceThatIsNoLongerTheBest)
{
	mpath_device &far = world->add({.node = 1});
	mpath_device &near = world->add({.node = 0, .disabled = true});

	EXPECT_EQ(world->pick(), &far);
	near.disabled = false;
	mpc_choose_all(&world->gate);
	EXPECT_TRUE(world->is_choice(near, 0));
	EXPECT_EQ(world->pick(), &near);
}

TEST_F(Hint, ChooseAllAsksForNoDistanceUnlessNuma)
{
	world->add({.node = 1});
	world->set_policy(MPC_POLICY_RR);
	mpc_choose_all(&world->gate);
	EXPECT_EQ(distance_calls(), 0u);
	world->set_policy(MPC_POLICY_NUMA);
	mpc_choose_all(&world->gate);
	EXPECT_EQ(distance_calls(), 4u);
}

TEST_F(Hint, ChooseAllWithoutPathsOrHeadDoesNothing)
{
	mpc_choose_all(&world->gate);
	EXPECT_TRUE(world->no_choice());
	world->release_head();
	mpc_choose_all(&world->gate);
}

TEST_F(Hint, ClearPathForgetsThatPathOnly)
{
	mpath_device &a = world->add({.node = 0});
	mpath_device &b = world->add({.node = 1});

	mpc_choose_all(&world->gate);
	EXPECT_EQ(mpc_clear_path(world->core(), a.core), 1);
	EXPECT_EQ(mpc_clear_path(world->core(), a.core), 0);
	for (u32 node = 0; node < 4; ++node)
		EXPECT_FALSE(world->is_choice(a, node));
	EXPECT_TRUE(world->is_choice(b, 1));
}

TEST_F(Hint, ClearAllForgetsAll)
{
	mpath_device &a = world->add({.node = 0});

	mpc_choose_all(&world->gate);
	for (u32 node = 0; node < 4; ++node)
		EXPECT_TRUE(world->is_choice(a, node));
	mpc_clear_all(world->core());
	EXPECT_TRUE(world->no_choice());
}

TEST_F(Hint, ANodeOutOfRangeHasNoChoice)
{
	mpath_device &a = world->add();

	mpc_choose_all(&world->gate);
	EXPECT_TRUE(world->is_choice(a, 3));
	EXPECT_FALSE(world->is_choice(a, 4));
	EXPECT_FALSE(world->is_choice(a, 0xffffffffu));
}

TEST_F(Hint, TheHintsLieOneStrideApart)
{
	make({.nodes = 3});
	mpath_device &a = world->add();

	set_node(2);
	EXPECT_EQ(world->pick(), &a);
	EXPECT_EQ(world->head->hints[2 * MPC_HINT_STRIDE], std::byte{1}); // slot 0
	for (u64 i = 0; i < 2 * MPC_HINT_STRIDE; ++i)
		EXPECT_EQ(world->head->hints[i], std::byte{0}) << i;
}

TEST_F(Hint, TheHighestSlotCanBeAChoice)
{
	const auto paths = add_paths(MPC_MAX_PATHS);

	for (u32 i = 0; i + 1 < MPC_MAX_PATHS; ++i)
		paths[i]->disabled = true;
	EXPECT_EQ(world->pick(), paths[63]);
	EXPECT_TRUE(world->is_choice(*paths[63], 0));
	paths[63]->disabled_calls = paths[0]->disabled_calls = 0;
	EXPECT_EQ(world->pick(), paths[63]);
	EXPECT_EQ(paths[0]->disabled_calls, 0u);
}

TEST_F(Hint, AddingForgetsEveryChoice)
{
	world->add();
	mpc_choose_all(&world->gate);
	world->add();
	EXPECT_TRUE(world->no_choice());
}

TEST_F(Hint, RemovingForgetsTheRemovedPathOnly)
{
	mpath_device &a = world->add({.node = 0});
	mpath_device &b = world->add({.node = 1});

	mpc_choose_all(&world->gate);
	world->unlink(a);
	for (u32 node = 0; node < 4; ++node)
		EXPECT_FALSE(world->is_choice(a, node));
	EXPECT_EQ(mpc_clear_path(world->core(), a.core), 0); // there is nothing left of it
	EXPECT_TRUE(world->is_choice(b, 1));
	world->reap();
}

TEST_F(Hint, RemovingTwiceIsHarmless)
{
	mpath_device &a = world->add();
	mpath_device &b = world->add();

	EXPECT_EQ(world->unlink(a), 0);
	EXPECT_EQ(mpc_path_del(world->core(), a.core), 0);
	EXPECT_EQ(mpc_path_count(world->core()), 1u);
	EXPECT_EQ(world->pick(), &b);
	world->reap();
}

TEST_F(Hint, RemovingTwiceSparesTheSuccessorInTheSlot)
{
	mpath_device &a = world->add();

	EXPECT_EQ(world->unlink(a), 1);

	mpath_device &b = world->add();

	ASSERT_EQ(b.slot, a.slot);
	EXPECT_EQ(world->pick(), &b);
	EXPECT_EQ(mpc_path_del(world->core(), a.core), 0);
	EXPECT_EQ(mpc_path_count(world->core()), 1u);
	EXPECT_TRUE(world->is_choice(b, 0));
	EXPECT_EQ(world->pick(), &b);
	world->reap();
}

TEST_F(Hint, ForgettingARemovedPathSparesTheSuccessorInTheSlot)
{
	mpath_device &a = world->add();

	world->unlink(a);

	mpath_device &b = world->add();

	ASSERT_EQ(b.slot, a.slot);
	EXPECT_EQ(world->pick(), &b);
	EXPECT_FALSE(world->is_choice(a, 0));
	EXPECT_EQ(mpc_clear_path(world->core(), a.core), 0);
	EXPECT_TRUE(world->is_choice(b, 0));
	world->reap();
}

TEST_F(Hint, ForgettingAPathThatWasNeverAddedForgetsNothing)
{
	mpath_device &a = world->add();
	alignas(8) std::byte never[MPC_PATH_WORDS * 8] = {};

	EXPECT_EQ(world->pick(), &a);
	EXPECT_EQ(mpc_is_choice(world->core(), never, 0), 0);
	EXPECT_EQ(mpc_clear_path(world->core(), never), 0);
	EXPECT_TRUE(world->is_choice(a, 0));
}

TEST_F(Hint, NeverAddedStorageIsNoPath)
{
	mpath_device &a = world->add();
	alignas(8) std::byte never[MPC_PATH_WORDS * 8] = {};

	EXPECT_EQ(world->pick(), &a);
	EXPECT_EQ(mpc_path_del(world->core(), never), 0);
	EXPECT_EQ(mpc_path_count(world->core()), 1u);
	EXPECT_EQ(world->pick(), &a);
}

TEST_F(Hint, ObjectsFitTheStorageTheShimReserves)
{
	EXPECT_LE(mpc_head_size(), u32{MPC_HEAD_WORDS * 8});
	EXPECT_LE(mpc_path_size(), u32{MPC_PATH_WORDS * 8});
	EXPECT_GT(mpc_head_size(), 64u * 8);
	EXPECT_GE(mpc_path_size(), sizeof(mpc_path_args));
}

// --- The table under the hints ------------------------------------------------

struct SlotTable : ::testing::Test {
	mpath::SlotTable table;
	mpc_path_args args{};
};

TEST_F(SlotTable, AWalkIsBoundedByItsSnapshot)
{
	std::vector<std::unique_ptr<mpath::Path>> paths;
	u32 visits = 0;

	paths.push_back(std::make_unique<mpath::Path>(args, 0u));
	table.add(paths[0].get());
	// each visit adds one more path: they are not part of this walk
	mpath::for_each_path(table, table.occupied(), [&](mpath::Path &) {
		const auto slot = static_cast<u32>(table.free_slot());

		paths.push_back(std::make_unique<mpath::Path>(args, slot));
		table.add(paths.back().get());
		return ++visits == 100;
	});
	EXPECT_EQ(visits, 1u);
	EXPECT_EQ(table.count(), 2u);
}

TEST_F(SlotTable, AWalkEndsWhenItIsToldTo)
{
	mpath::Path a{args, 0}, b{args, 1}, c{args, 2};
	std::vector<u32> seen;

	table.add(&a);
	table.add(&b);
	table.add(&c);
	mpath::for_each_path(table, table.occupied(), [&](mpath::Path &p) {
		seen.push_back(p.slot());
		return p.slot() == 1;
	});
	EXPECT_EQ(seen, (std::vector{0u, 1u}));
	seen.clear();
	mpath::for_each_path(table, 0b101, [&](mpath::Path &p) {
		seen.push_back(p.slot());
		return false;
	});
	EXPECT_EQ(seen, (std::vector{0u, 2u}));
}

TEST_F(SlotTable, ARemovedPathLeavesNeitherBitNorPointer)
{
	mpath::Path a{args, 0}, b{args, 1};

	table.add(&a);
	table.add(&b);
	EXPECT_EQ(table.occupied(), 0b11u);
	EXPECT_TRUE(table.remove(&a));
	EXPECT_EQ(table.occupied(), 0b10u);
	EXPECT_EQ(table.at(0), nullptr);
	EXPECT_EQ(table.at(1), &b);
	EXPECT_EQ(table.count(), 1u);
	EXPECT_FALSE(table.remove(&a));
	EXPECT_EQ(table.count(), 1u);
}

TEST_F(SlotTable, SlotsOutOfRangeAreEmpty)
{
	EXPECT_EQ(table.at(63), nullptr);
	EXPECT_EQ(table.at(64), nullptr);
	EXPECT_EQ(table.at(0xffffffffu), nullptr);

	const mpath::Path beyond{args, 64};

	EXPECT_FALSE(table.remove(&beyond));
}

} // namespace
