// SPDX-License-Identifier: GPL-2.0
// service-time: the optimized path that should be done first, counting what is
// in flight there and how long it takes of late; else the non-optimized one.
// A path that is not known yet, or for long, is tried, and ends the search.
#pragma once

#include "selector.hpp"

namespace mpath {

struct ServiceTime {
	static constexpr const char *kName = "service-time";
	static constexpr bool kWalks = true;

	static Path *remembered(const Selection &s) noexcept
	{
		return take(s, cheapest_remembered<expected>(s, 1));
	}
	static Path *look(const Selection &s) noexcept
	{
		return take(s, look_for_cheapest<expected>(s));
	}

private:
	static Path *take(const Selection &s, Path *path) noexcept
	{
		if (path && s.comes_back)
			path->latency().begin(s.now);
		return path;
	}
	static u64 expected(const Selection &s, const Path &p) noexcept
	{
		constexpr u32 kMost = 1u << 20; // no product can overflow
		const u32 depth = p.in_flight();
		const u64 one = s.ops.has & MPC_HAS_FAILOVER ? p.latency().expected(s.now, depth != 0)
							     : 1; // nobody measures

		return one * ((depth < kMost ? depth : kMost) + u64{1});
	}
};

} // namespace mpath
