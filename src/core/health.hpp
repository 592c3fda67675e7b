// SPDX-License-Identifier: GPL-2.0
// The health of a path, judged by what becomes of the bios sent there.
//
//            error                     success   its time has come (one bio)
//   OK       3rd in a row: FAILED      OK        -
//   FAILED   FAILED                    OK        TESTING
//   TESTING  FAILED, twice the time    OK        TESTING, another bio
//
// A failed path is used only if there is no other. After a while (1 s, twice as
// long after each test that failed, 64 s at most) one bio is sent there to find
// out; if it fails it goes to another path like any other.
//
// Errors of a path that its driver calls disabled do not count: the driver knows,
// and says when it is back.
#pragma once

#include "abi.h"
#include "clock.hpp"
#include "support/atomic.hpp"

namespace mpath {

/// Owner: Path. Any context, any number of CPUs; a lost race between two errors
/// costs one error more or less.
class Health final {
public:
	static constexpr u32 kFailAfter = 3;	 ///< errors in a row
	static constexpr u32 kFirstBackoff = 1;	 ///< seconds
	static constexpr u32 kMaxBackoff = 64;	 ///< seconds

	/// Neither failed nor blocked: one load on the hot path.
	[[nodiscard]] bool clear() const noexcept { return word_.relaxed() == 0; } // relaxed: a hint
	[[nodiscard]] u32 state() const noexcept { return word_.relaxed() & kStateBits; }
	[[nodiscard]] u32 blocked() const noexcept { return word_.relaxed() & ~kStateBits; }
	/// Seconds between two tests.
	[[nodiscard]] u32 backoff() const noexcept { return backoff_.relaxed(); }
	/// Tick of the next test; never if there is none to be made.
	[[nodiscard]] u64 test_at() const noexcept
	{
		return state() == MPC_HEALTH_OK ? kNever : test_at_.relaxed();
	}
	static constexpr u64 kNever = ~u64{0};

	/// @return whether the state changed
	bool good() noexcept;
	bool bad() noexcept;
	/// May the caller send the bio that tests the path? One at a time may.
	[[nodiscard]] bool claim_test() noexcept;
	/// Set or clear MPC_BLOCK_* bits. @return whether that changed something
	bool block(u32 bits, bool on) noexcept;

private:
	static constexpr u32 kStateBits = 3;

	void set_state(u32 state) noexcept;

	Atomic<u32> word_; // state, MPC_BLOCK_*
	Atomic<u32> errors_; // in a row
	Atomic<u32> backoff_;
	Atomic<u64> test_at_;
};

} // namespace mpath
