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
		progress_.set_relaxed(now_ticks());
	}

	/// A bio is about to be sent to a path that has none: the clock for a stall
	/// starts now.
	void begin() noexcept { progress_.set_relaxed(now_ticks()); }

	/// Nanoseconds one more bio can be expected to take, at least 1.
	///
	/// With bios out, a path that gives none back is at least as slow as the time
	/// since it last did. Without, what is known gets old: half as much each
	/// second, so that a path that was slow is tried again.
	[[nodiscard]] u64 expected(u64 now, bool busy) const noexcept
	{
		const u64 idle = now - progress_.relaxed();
		u64 ns = mean_ns_.relaxed();

		if (idle > ~u64{0} / 2) // the other CPU's sample is newer than our clock
			return ns ? ns : 1;
		if (busy) {
			const u64 stalled = idle < kMost / tick_ns() ? idle * tick_ns() : kMost;

			ns = ns < stalled ? stalled : ns;
		} else {
			const u64 seconds = idle / g_clock.hz;

			ns >>= seconds < 40 ? seconds : 40;
		}
		return ns ? ns : 1;
	}

private:
	static constexpr u64 kWeight = 8;
	static constexpr u64 kMost = u64{1} << 36; // 68 s: no product can overflow

	static u64 tick_ns() noexcept { return 1000000000u / g_clock.hz; }

	Atomic<u64> mean_ns_;
	Atomic<u64> progress_; // tick
};

} // namespace mpath
