// SPDX-License-Identifier: GPL-2.0
// The bytes of an input, taken one after the other.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "abi.h"

#define REQUIRE(cond)                                                                       \
	do {                                                                                \
		if (!(cond)) {                                                              \
			std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
			std::abort();                                                       \
		}                                                                           \
	} while (0)

namespace fuzz {

class Input final {
public:
	Input(const u8 *data, std::size_t size) : at_{data}, end_{data + size} {}

	[[nodiscard]] bool empty() const { return at_ == end_; }
	[[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
	u8 byte() { return empty() ? u8{0} : *at_++; }
	u32 word()
	{
		u32 value = 0;

		for (int i = 0; i < 4; ++i)
			value |= u32{byte()} << 8 * i;
		return value;
	}
	/// A number below `n`.
	u32 below(u32 n) { return byte() % n; }

private:
	const u8 *at_, *end_;
};

/// What is left, on the heap in just that size: a byte beyond is an error.
struct Exact {
	Exact(const u8 *data, std::size_t n) : size{n}, text{new char[n]}
	{
		if (n)
			std::memcpy(text.get(), data, n);
	}
	std::size_t size;
	std::unique_ptr<char[]> text;
};

} // namespace fuzz
