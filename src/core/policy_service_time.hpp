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
		LookResult last;

		if (!s.hint.load(s.generation, s.now, last)) [[unlikely]]
			return nullptr;

		Path *best = nullptr;
		u64 least = 0;

		for_each_path(s.paths, last.members & ~s.excluded, [&](Path &p) noexcept {
			const u64 cost = expected(s, p);

			if (!best || cost < least) {
				best = &p;
				least = cost;
			}
			return cost <= 1;
		});
		return best && s.still(*best, last.standing) ? take(s, best) : nullptr;
	}

	static Path *look(const Selection &s) noexcept
	{
		Look look;

		for_each_path(s.paths, s.paths.occupied(), [&](Path &p) noexcept {
			look.note(p, s.standing(p), expected(s, p));
			return false;
		});
		remember(s, look);
		return take(s, look.best());
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
