// SPDX-License-Identifier: GPL-2.0
// Numbers that users write.
#include "fakes/fake_kernel.hpp"

#include <string_view>

using namespace std::string_view_literals;

namespace {

struct Seconds {
	std::string_view text;
	int result;
	u32 value;
};

constexpr u32 kUntouched = 12345;

constexpr Seconds kSeconds[] = {
	{"0"sv, 0, 0},
	{"1"sv, 0, 1},
	{"9\n"sv, 0, 9},
	{"10"sv, 0, 10},
	{"007"sv, 0, 7},
	{"00000000000000000000000000000000000000060\n"sv, 0, 60},
	{"31536000"sv, 0, 31536000},
	{"31536000\n"sv, 0, 31536000},
	{"31536001"sv, -MPC_ERANGE, kUntouched},
	{"4294967295"sv, -MPC_ERANGE, kUntouched},
	{"4294967296"sv, -MPC_ERANGE, kUntouched},
	{"4294967301"sv, -MPC_ERANGE, kUntouched},
	{"18446744073709551615"sv, -MPC_ERANGE, kUntouched},
	{"18446744073709551617"sv, -MPC_ERANGE, kUntouched},
	{"99999999999999999999999999999999999999999999999"sv, -MPC_ERANGE, kUntouched},
	{"9999999999999999999999999999999999x"sv, -MPC_EINVAL, kUntouched},
	{""sv, -MPC_EINVAL, kUntouched},
	{"\n"sv, -MPC_EINVAL, kUntouched},
	{"1\n\n"sv, -MPC_EINVAL, kUntouched},
	{"\n1"sv, -MPC_EINVAL, kUntouched},
	{" 1"sv, -MPC_EINVAL, kUntouched},
	{"1 "sv, -MPC_EINVAL, kUntouched},
	{"+1"sv, -MPC_EINVAL, kUntouched},
	{"-1"sv, -MPC_EINVAL, kUntouched},
	{"-0"sv, -MPC_EINVAL, kUntouched},
	{"0x10"sv, -MPC_EINVAL, kUntouched},
	{"1.5"sv, -MPC_EINVAL, kUntouched},
	{"1s"sv, -MPC_EINVAL, kUntouched},
	{"/"sv, -MPC_EINVAL, kUntouched}, // the neighbours of the digits
	{":"sv, -MPC_EINVAL, kUntouched},
	{"1\0"sv, -MPC_EINVAL, kUntouched},
	{"\0"sv, -MPC_EINVAL, kUntouched},
	{"\xb1"sv, -MPC_EINVAL, kUntouched},
	{"off"sv, -MPC_EINVAL, kUntouched},
};

TEST(ParseSeconds, WhatIsNoNumberOrTooBigLeavesTheValueAlone)
{
	for (const Seconds &s : kSeconds) {
		// in a buffer of just this size: not a byte beyond is read
		const std::vector<char> exact{s.text.begin(), s.text.end()};
		u32 value = kUntouched;

		EXPECT_EQ(mpc_parse_seconds(exact.data(), exact.size(), &value), s.result)
			<< ::testing::PrintToString(s.text);
		EXPECT_EQ(value, s.value) << ::testing::PrintToString(s.text);
	}
}

TEST(ParseSeconds, OnlyTheGivenLengthCounts)
{
	u32 value = kUntouched;

	EXPECT_EQ(mpc_parse_seconds("123456", 3, &value), 0);
	EXPECT_EQ(value, 123u);
	EXPECT_EQ(mpc_parse_seconds("7", 0, &value), -MPC_EINVAL);
	EXPECT_EQ(mpc_parse_seconds(nullptr, 0, &value), -MPC_EINVAL);
	EXPECT_EQ(value, 123u);
}

TEST(ParseSeconds, EveryNumberUpToAThousandAndAroundTheLimit)
{
	const auto round_trip = [](u32 n) {
		const std::string text = std::to_string(n);
		u32 value = kUntouched;
		const bool fits = n <= MPC_MAX_SECONDS;

		EXPECT_EQ(mpc_parse_seconds(text.data(), text.size(), &value),
			  fits ? 0 : -MPC_ERANGE) << n;
		EXPECT_EQ(value, fits ? n : kUntouched);
	};

	for (u32 n = 0; n < 1000; ++n) {
		round_trip(n);
		round_trip(MPC_MAX_SECONDS - 500 + n);
	}
}

} // namespace
