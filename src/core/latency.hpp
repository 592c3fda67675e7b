// SPDX-License-Identifier: GPL-2.0
// How long a path takes: an exponentially weighted mean that notices stalls and
// forgets.
#pragma once

#include "abi.h"
#include "clock.hpp"
#include "support/atomic.hpp"

namespace mpath {

/// Owner: Path. Any context; two CPUs that race lose a sample. (relaxed
/// throughout: a heuristic that nothing depends on.)
class Latency final {
public:
	[[nodiscard]] u64 mean() const noexcept { return mean_ns_.relaxed(); }

	/// A bio came back after that many nanoseconds.
	void sample(u64 ns) noexcept
	{
		const u64 old = mean_ns_.relaxed();
		const u64 sample = ns < kMost ? ns : kMost;

		mean_ns_.set_relaxed(old ? old - old / kWeight + sample / kWeight : sample);
		known_.set_relaxed(now_ticks());
		back();
	}
	/// A bio came back: the path does not stall.
	void back() noexcept
	{
		if (waiting_.relaxed())
			waiting_.set_relaxed(0);
	}
	/// A bio is about to be sent: if it is the first since one came back, the
	/// clock for a stall starts now.
	void begin(u64 now) noexcept
	{
		if (!waiting_.relaxed())
			waiting_.set_relaxed(now);
	}

	/// Nanoseconds one more bio can be expected to take, at least 1.
	///
	/// With bios out, a path that gives none back is at least as slow as the time
	/// that one has waited. Without, what is known gets old: half as much each
	/// second, so that a path that was slow is tried again. `busy` alone does not
	/// tell: the count of what is in flight may be shared with other heads.
	[[nodiscard]] u64 expected(u64 now, bool busy) const noexcept
	{
		const u64 waiting = waiting_.relaxed();
		const bool out = busy && waiting;
		const u64 age = now - (out ? waiting : known_.relaxed());
		u64 ns = mean_ns_.relaxed();

		if (age > ~u64{0} / 2) // another CPU's news is newer than our clock
			return ns ? ns : 1;
		if (out) {
			const u64 ticks = age < kMostTicks ? age : kMostTicks;
			u64 stalled = ticks * g_clock.tick_ns;

			if (stalled > kMost)
				stalled = kMost;
			if (ns < stalled)
				ns = stalled;
		} else if (age >= g_clock.hz) {
			const u64 seconds = age / g_clock.hz;

			ns >>= seconds < 40 ? seconds : 40;
		}
		return ns ? ns : 1;
	}

private:
	static constexpr u64 kWeight = 8;
	// no product can overflow
	static constexpr u64 kMost = u64{1} << 36;	// 68 s
	static constexpr u64 kMostTicks = u64{1} << 33; // times Clock::tick_ns

	Atomic<u64> mean_ns_;
	Atomic<u64> known_;   // tick of the last sample
	Atomic<u64> waiting_; // tick since when a bio is out and none came back; 0: none
};

} // namespace mpath
