// SPDX-License-Identifier: GPL-2.0
// service-time: the optimized path that should be done first, counting what is
// in flight there and how long it takes of late; else the non-optimized one.
// A path that is not known yet, or for long, is tried.
#pragma once

#include "selector.hpp"

namespace mpath {

struct ServiceTime {
	static constexpr const char *kName = "service-time";

	static Path *select(const Selection &s) noexcept
	{
		Look look;

		for_each_path(s.paths, s.paths.occupied(), [&](Path &p) noexcept {
			const Standing standing = s.standing(p);
			const u64 cost = expected(s, p);

			return look.note(p, standing, cost) && cost <= 1;
		});

		Path *best = look.best();

		if (best && s.comes_back)
			best->latency().begin(s.now);
		return best;
	}

private:
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
