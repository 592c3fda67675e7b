// SPDX-License-Identifier: GPL-2.0
// Which commands may be sent again, for every opcode there can be.
#include "retry.hpp"

#include <gtest/gtest.h>

#include <set>

using namespace mpath::nvme;

namespace {

constexpr u16 kInternalPathError = 0x300, kPersistentLoss = 0x301, kInaccessible = 0x302,
	      kTransition = 0x303, kHostPathError = 0x370, kHostAborted = 0x371;
constexpr u16 kDnr = 0x4000;

constexpr Ended command(u8 opcode, bool admin = false)
{
	return {.opcode = opcode, .flags = 0, .admin = admin, .csi = 0, .left_host = true,
		.status = kHostAborted, .has_effects = false, .effects = 0};
}

bool again(const Ended &cmd) { return may_send_again(cmd, Failover::kIdempotent); }

std::set<u32> sent_again(Ended cmd)
{
	std::set<u32> all;

	for (u32 op = 0; op < 256; ++op) {
		cmd.opcode = static_cast<u8>(op);
		if (again(cmd))
			all.insert(op);
	}
	return all;
}

TEST(Retry, NvmCommandsThatMayBeExecutedTwice)
{
	const std::set<u32> want{0x00, 0x01, 0x02, 0x04, 0x05, 0x08, 0x09, 0x0c, 0x0e, 0x12};

	EXPECT_EQ(sent_again(command(0)), want);
}

TEST(Retry, ZonedCommandsThatMayBeExecutedTwice)
{
	const std::set<u32> want{0x00, 0x01, 0x02, 0x04, 0x05, 0x08, 0x0c, 0x0e, 0x12, 0x7a};
	Ended cmd = command(0);

	cmd.csi = 2;
	EXPECT_EQ(sent_again(cmd), want) << "append is 7dh, management send 79h";
}

TEST(Retry, KeyValueCommandsHaveOtherOpcodes)
{
	const std::set<u32> want{0x00, 0x0e, 0x12};

	for (u8 csi : {1, 3, 7, 8, 0x30, 0xff}) {
		Ended cmd = command(0);

		cmd.csi = csi;
		EXPECT_EQ(sent_again(cmd), want) << "01h is store, or unknown: set " << u32{csi};
	}
}

TEST(Retry, AdminCommandsThatMayBeExecutedTwice)
{
	EXPECT_EQ(sent_again(command(0, true)), (std::set<u32>{0x06, 0x0a}));
}

TEST(Retry, WhatNeverLeftTheHostMayAlwaysBe)
{
	for (bool admin : {false, true}) {
		Ended cmd = command(0, admin);

		cmd.left_host = false;
		EXPECT_EQ(sent_again(cmd).size(), 256u);
	}
}

TEST(Retry, WhatTheControllerDidNotExecuteMayAlwaysBe)
{
	for (u16 status : {kPersistentLoss, kInaccessible, kTransition}) {
		Ended cmd = command(0);

		cmd.status = status;
		EXPECT_EQ(sent_again(cmd).size(), 256u) << status;
	}
	Ended append = command(0x7d);

	append.csi = 2;
	// 3/04h is not a status yet, 3/60h the controller's own path error
	for (u16 status : {kInternalPathError, u16{0x304}, u16{0x360}, kHostPathError, kHostAborted}) {
		append.status = status;
		EXPECT_FALSE(again(append)) << status;
	}
}

TEST(Retry, OnlyThePathsStatusCounts)
{
	for (u32 type = 0; type < 8; ++type)
		for (u32 code = 0; code < 256; ++code) {
			Ended cmd = command(0x02);

			// the path's, or 0/08h: its queue was deleted
			const bool path = type == 3 || (type == 0 && code == 8);

			cmd.status = static_cast<u16>(type << 8 | code);
			EXPECT_EQ(again(cmd), path) << type << ' ' << code;
			cmd.left_host = false;
			EXPECT_EQ(again(cmd), path) << type << ' ' << code;
		}
	// the other bits of the field: more, and the delay index
	Ended cmd = command(0x02);

	cmd.status = kInaccessible | 0x2000 | 0x1800;
	EXPECT_TRUE(again(cmd));
}

// It may have been executed before the queue went.
TEST(Retry, DeletedQueueIsNoProof)
{
	Ended cmd = command(0x7d);

	cmd.csi = 2;
	cmd.status = 0x008;
	EXPECT_FALSE(again(cmd)) << "append";
	cmd.opcode = 0x01;
	EXPECT_TRUE(again(cmd));
	cmd.status |= 0x2000 | 0x1800;
	EXPECT_TRUE(again(cmd)) << "more, and the delay index";
}

TEST(Retry, DoNotRetryIsMeant)
{
	Ended cmd = command(0x02);

	for (u16 status : {kInaccessible, kHostAborted}) {
		cmd.status = status | kDnr;
		EXPECT_FALSE(again(cmd));
		cmd.left_host = false;
		EXPECT_FALSE(again(cmd));
		cmd.left_host = true;
	}
}

TEST(Retry, HalfOfAFusedPairNever)
{
	for (u8 fuse : {1, 2, 3}) {
		Ended cmd = command(0x05);

		cmd.flags = fuse;
		EXPECT_FALSE(again(cmd));
		cmd.left_host = false;
		EXPECT_FALSE(again(cmd));
		cmd.status = kInaccessible;
		EXPECT_FALSE(again(cmd));
	}
	Ended sgl = command(0x02);

	sgl.flags = 0x40;
	EXPECT_TRUE(again(sgl)) << "the other bits say how the data is described";
}

TEST(Retry, TheControllersEffectsLogCanForbid)
{
	constexpr u32 kSupported = 1, kChangesData = 2;
	Ended write = command(0x01);

	write.has_effects = true;
	write.effects = kSupported | kChangesData;
	EXPECT_TRUE(again(write));
	for (u32 bit : {2u, 3u, 4u, 16u, 17u, 18u}) { // capabilities, inventory, alone
		write.effects = kSupported | kChangesData | 1u << bit;
		EXPECT_FALSE(again(write)) << bit;
	}
	write.effects = kChangesData;
	EXPECT_FALSE(again(write)) << "it is not supported, says the log";
}

TEST(Retry, AndCannotAllowWhatTheTableDoesNotKnow)
{
	Ended vendor = command(0x90);

	vendor.has_effects = true;
	vendor.effects = 1;
	EXPECT_FALSE(again(vendor));
}

TEST(Retry, OffIsOff)
{
	Ended cmd = command(0x02);

	cmd.left_host = false;
	cmd.status = kInaccessible;
	EXPECT_FALSE(may_send_again(cmd, Failover::kOff));
}

} // namespace
