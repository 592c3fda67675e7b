// SPDX-License-Identifier: GPL-2.0
// The ANA log page: what it says, and what it must not get away with.
#include "ana_log.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <vector>

using namespace mpath::nvme;

namespace {

struct Group {
	u32 id;
	u8 state;
	std::vector<u32> nsids;
	u64 changes = 7;
};

/// A page on the heap in just its size: a byte read beyond it is an error.
struct Page {
	Page(std::initializer_list<Group> groups, u64 changes = 99)
	{
		put(changes, 8);
		put(groups.size(), 2);
		put(0, 6);
		for (const Group &g : groups) {
			put(g.id, 4);
			put(g.nsids.size(), 4);
			put(g.changes, 8);
			put(g.state, 1);
			put(0, 15);
			for (u32 nsid : g.nsids)
				put(nsid, 4);
		}
	}
	void put(u64 value, u32 n)
	{
		for (u32 i = 0; i < n; ++i)
			bytes.push_back(i < 8 ? static_cast<u8>(value >> 8 * i) : u8{0});
	}
	AnaFault check(u64 len) const
	{
		std::unique_ptr<u8[]> exact{new u8[len]};

		if (len)
			std::memcpy(exact.get(), bytes.data(), len);
		return ana_check(exact.get(), len);
	}
	AnaFault check() const { return check(bytes.size()); }
	bool find(u32 nsid, AnaGroup &g) const { return ana_find(bytes.data(), bytes.size(), nsid, g); }

	std::vector<u8> bytes;
};

constexpr u64 kGroup1 = AnaLog::kHeader; // where the first descriptor is

TEST(AnaLog, SaysWhatItHas)
{
	const Page page{{1, 1, {1, 3}}, {2, 2, {}}, {0xfffffffe, 0xf, {0xfffffffd}, ~u64{0}}};
	AnaLog log{page.bytes.data(), page.bytes.size()};
	AnaGroup g;

	EXPECT_EQ(log.change_count(), 99u);
	EXPECT_EQ(log.groups(), 3u);
	ASSERT_TRUE(log.next(g));
	EXPECT_EQ(g.id(), 1u);
	EXPECT_EQ(g.state(), AnaState::kOptimized);
	EXPECT_EQ(g.change_count(), 7u);
	ASSERT_EQ(g.namespaces(), 2u);
	EXPECT_EQ(g.nsid(0), 1u);
	EXPECT_EQ(g.nsid(1), 3u);
	EXPECT_EQ(g.nsid(2), 0u) << "beyond the list";
	ASSERT_TRUE(log.next(g));
	EXPECT_EQ(g.id(), 2u);
	EXPECT_EQ(g.state(), AnaState::kNonOptimized);
	EXPECT_EQ(g.namespaces(), 0u);
	ASSERT_TRUE(log.next(g));
	EXPECT_EQ(g.id(), 0xfffffffeu);
	EXPECT_EQ(g.state(), AnaState::kChange);
	EXPECT_EQ(g.change_count(), ~u64{0});
	EXPECT_EQ(g.nsid(0), 0xfffffffdu);
	EXPECT_FALSE(log.next(g));
	EXPECT_FALSE(log.next(g)) << "once more after the end";
	EXPECT_EQ(log.fault(), AnaFault::kNone);
}

TEST(AnaLog, FindsTheGroupOfANamespace)
{
	const Page page{{1, 1, {1, 3}}, {5, 4, {2, 3}}};
	AnaGroup g;

	ASSERT_TRUE(page.find(2, g));
	EXPECT_EQ(g.id(), 5u);
	EXPECT_EQ(g.state(), AnaState::kPersistentLoss);
	ASSERT_TRUE(page.find(3, g));
	EXPECT_EQ(g.id(), 1u) << "the first that lists it";
	EXPECT_FALSE(page.find(4, g));
	EXPECT_FALSE(page.find(0, g));
}

TEST(AnaLog, NothingAndNoGroupsAreDifferent)
{
	const Page empty{};

	EXPECT_EQ(empty.check(), AnaFault::kNone);
	for (u64 len = 0; len < AnaLog::kHeader; ++len)
		EXPECT_EQ(empty.check(len), AnaFault::kNoHeader) << len;
}

TEST(AnaLog, ACutPageIsSeenWhereverItIsCut)
{
	const Page page{{1, 1, {1, 2}}, {2, 3, {3}}};
	u64 len = AnaLog::kHeader;

	for (; len < page.bytes.size(); ++len)
		EXPECT_EQ(page.check(len), AnaFault::kCut) << len;
	EXPECT_EQ(page.check(len), AnaFault::kNone);
}

TEST(AnaLog, WhatIsBeyondTheGroupsDoesNotMatter)
{
	Page page{{1, 1, {1}}};

	page.put(~u64{0}, 8); // the buffer is as long as the longest page
	EXPECT_EQ(page.check(), AnaFault::kNone);
}

TEST(AnaLog, MoreNamespacesThanThePageHas)
{
	for (u32 n : {2u, 3u, 0x40000000u, 0x3fffffffu, 0x7fffffffu, 0xffffffffu}) {
		Page page{{1, 1, {1}}};

		for (u32 i = 0; i < 4; ++i)
			page.bytes[kGroup1 + 4 + i] = static_cast<u8>(n >> 8 * i);
		EXPECT_EQ(page.check(), AnaFault::kCut) << n;

		AnaGroup g;
		EXPECT_FALSE(page.find(1, g)) << n;
	}
}

TEST(AnaLog, MoreGroupsThanThePageHas)
{
	Page page{{1, 1, {1}}};
	AnaGroup g;

	page.bytes[8] = page.bytes[9] = 0xff;
	EXPECT_EQ(page.check(), AnaFault::kCut);
	EXPECT_TRUE(page.find(1, g)) << "what came before the fault is good";
	EXPECT_FALSE(page.find(2, g));
}

TEST(AnaLog, GroupZero)
{
	EXPECT_EQ((Page{{1, 1, {}}, {0, 1, {}}}.check()), AnaFault::kNoGroup);
}

TEST(AnaLog, OnlyTheStatesThatThereAre)
{
	for (u32 state = 0; state < 256; ++state) {
		const u32 low = state & 0xf;
		const bool known = (low >= 1 && low <= 4) || low == 0xf;

		EXPECT_EQ((Page{{1, static_cast<u8>(state), {}}}.check()),
			  known ? AnaFault::kNone : AnaFault::kBadState)
			<< state;
	}
}

TEST(AnaLog, NamesAreThoseOfTheStockDriver)
{
	EXPECT_STREQ(ana_state_name(AnaState::kOptimized), "optimized");
	EXPECT_STREQ(ana_state_name(AnaState::kNonOptimized), "non-optimized");
	EXPECT_STREQ(ana_state_name(AnaState::kInaccessible), "inaccessible");
	EXPECT_STREQ(ana_state_name(AnaState::kPersistentLoss), "persistent-loss");
	EXPECT_STREQ(ana_state_name(AnaState::kChange), "change");
	EXPECT_STREQ(ana_state_name(static_cast<AnaState>(0)), "invalid state");
	for (u32 f = 0; f < 6; ++f)
		EXPECT_GT(std::strlen(ana_fault_text(static_cast<AnaFault>(f))), 5u);
}

} // namespace
