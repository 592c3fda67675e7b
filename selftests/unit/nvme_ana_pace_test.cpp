// SPDX-License-Identifier: GPL-2.0
// When the ANA log page is read, and what is asked of it.
#include "ana.h"

#include <gtest/gtest.h>

#include <vector>

namespace {

constexpr u64 kHz = 250, kPoll = 10 * kHz, kAnatt = 10 * kHz;

/// A page with one group of one namespace each.
std::vector<u8> page(std::vector<u8> states, u8 changes = 1)
{
	std::vector<u8> bytes(16);

	bytes[0] = changes;
	bytes[8] = static_cast<u8>(states.size());
	for (u8 i = 0; i < states.size(); ++i) {
		std::vector<u8> group(36);

		group[0] = i + 1;
		group[4] = 1;
		group[16] = states[i];
		group[32] = 10 + i;
		bytes.insert(bytes.end(), group.begin(), group.end());
	}
	return bytes;
}

mpn_ana_page look(const std::vector<u8> &bytes)
{
	mpn_ana_page out;

	mpn_ana_look(bytes.data(), bytes.size(), &out);
	return out;
}

TEST(AnaSize, HoldsTheLargestPage)
{
	EXPECT_EQ(mpn_ana_size(128, 1024, 1024), 16u + 128 * 32 + 1024 * 4);
	EXPECT_EQ(mpn_ana_size(1, 5, 1024), 16u + 32 + 20);
	// no MNAN, or nonsense: as many as there can be
	EXPECT_EQ(mpn_ana_size(1, 0, 1024), 16u + 32 + 4096);
	EXPECT_EQ(mpn_ana_size(1, 2000, 1024), 16u + 32 + 4096);
	// no number of a device overflows it
	EXPECT_EQ(mpn_ana_size(~0u, ~0u, ~0u), 16 + 36 * u64{~0u});
}

TEST(AnaLook, CountsGroupsInChange)
{
	EXPECT_EQ(look(page({1, 15, 2, 15})).changing, 2u);
	EXPECT_EQ(look(page({1, 2, 3, 4})).changing, 0u);
	EXPECT_EQ(look(page({1}, 77)).changes, 77u);
	EXPECT_EQ(look(page({1})).fault, nullptr);
	EXPECT_NE(look(page({1, 7})).fault, nullptr);
	EXPECT_NE(look({}).fault, nullptr);
}

TEST(AnaFind, GivesGroupAndState)
{
	const auto bytes = page({1, 3});
	mpn_ana_group group;

	ASSERT_TRUE(mpn_ana_find(bytes.data(), bytes.size(), 11, &group));
	EXPECT_EQ(group.id, 2u);
	EXPECT_EQ(group.state, u32{MPN_ANA_INACCESSIBLE});
	EXPECT_FALSE(mpn_ana_find(bytes.data(), bytes.size(), 12, &group));
}

TEST(AnaAccess, OnlyOptimizedAndNonOptimizedAreUsed)
{
	EXPECT_EQ(mpn_ana_access(MPN_ANA_OPTIMIZED), u32{MPC_ACCESS_OPTIMIZED});
	EXPECT_EQ(mpn_ana_access(MPN_ANA_NONOPTIMIZED), u32{MPC_ACCESS_NONOPTIMIZED});
	for (const u32 state : {MPN_ANA_UNKNOWN, MPN_ANA_INACCESSIBLE, MPN_ANA_PERSISTENT_LOSS,
				MPN_ANA_CHANGE, 5, 16, 31}) {
		EXPECT_EQ(mpn_ana_access(state), u32{MPC_ACCESS_OTHER}) << state;
	}
}

TEST(AnaName, OfUnknownIsNotThatOfAState)
{
	EXPECT_STREQ(mpn_ana_name(MPN_ANA_UNKNOWN), "unknown");
	EXPECT_STREQ(mpn_ana_name(MPN_ANA_NONOPTIMIZED), "non-optimized");
}

struct AnaPace : testing::Test {
	mpn_ana_pace pace{};

	bool read(u64 now, std::vector<u8> states, u8 changes = 1)
	{
		const mpn_ana_page p = look(page(states, changes));

		pace.read_at = now;
		return mpn_ana_done(&pace, &p, kAnatt);
	}
	u64 next(u64 now, u64 poll = kPoll, bool unsettled = false)
	{
		return mpn_ana_next(&pace, now, kHz, poll, unsettled);
	}
};

TEST_F(AnaPace, PollsOnlyIfAsked)
{
	EXPECT_FALSE(read(1000, {1}));
	EXPECT_EQ(next(1000), kPoll);
	EXPECT_EQ(next(1000, 0), MPN_ANA_NEVER);
}

TEST_F(AnaPace, WhatIsNotSettledIsReadAgainAfterASecond)
{
	read(1000, {1});
	EXPECT_EQ(next(1000, kPoll, true), kHz);
	EXPECT_EQ(next(1000, 0, true), kHz);
	EXPECT_EQ(next(1000, kHz / 2, true), kHz / 2);
}

TEST_F(AnaPace, AChangeHasTwiceItsTime)
{
	EXPECT_FALSE(read(1000, {15}));
	EXPECT_EQ(next(1000, 0), 2 * kAnatt);
	EXPECT_FALSE(read(1000 + 2 * kAnatt - 1, {15}));
	EXPECT_EQ(next(1000 + 2 * kAnatt - 1, 0), 1u);
	EXPECT_TRUE(read(1000 + 2 * kAnatt, {15}));
	// said once; then its time begins anew
	EXPECT_EQ(next(1000 + 2 * kAnatt, 0), MPN_ANA_NEVER);
	EXPECT_FALSE(read(1001 + 2 * kAnatt, {15}));
}

TEST_F(AnaPace, APageThatMovesOnIsWaitedFor)
{
	EXPECT_FALSE(read(1000, {15, 1}, 1));
	EXPECT_FALSE(read(1000 + kAnatt, {1, 15}, 2));
	EXPECT_FALSE(read(1000 + 2 * kAnatt, {1, 15}, 2));
	EXPECT_TRUE(read(1000 + 3 * kAnatt, {1, 15}, 2));
}

TEST_F(AnaPace, AChangeThatEndsIsForgotten)
{
	EXPECT_FALSE(read(1000, {15}));
	EXPECT_FALSE(read(2000, {1}));
	EXPECT_EQ(next(2000, 0), MPN_ANA_NEVER);
	EXPECT_FALSE(read(1000 + 3 * kAnatt, {15}));
}

// Reads that fail do not move it.
TEST_F(AnaPace, ALimitThatIsOverIsNoReasonToSpin)
{
	read(1000, {15});
	EXPECT_EQ(next(1000 + 5 * kAnatt, 0, true), kHz);
	EXPECT_EQ(next(1000 + 5 * kAnatt, 0, false), kHz);
}

TEST(AnaGap, KeepsReadsApart)
{
	EXPECT_EQ(mpn_ana_gap(0, 5, kHz), 0u); // never read
	EXPECT_EQ(mpn_ana_gap(1000, 1000, kHz), kHz / 20);
	EXPECT_EQ(mpn_ana_gap(1000, 1005, kHz), kHz / 20 - 5);
	EXPECT_EQ(mpn_ana_gap(1000, 1000 + kHz / 20, kHz), 0u);
	EXPECT_EQ(mpn_ana_gap(1000, 900, kHz), kHz / 20); // read after the clock was
}

} // namespace
