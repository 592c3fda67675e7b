// SPDX-License-Identifier: GPL-2.0
// queue-depth: the optimized path with the fewest commands in flight, else the
// non-optimized one with the fewest. Of equals the lowest slot; an idle path ends
// the search.
#pragma once

#include "selector.hpp"

namespace mpath {

struct QueueDepth {
	static constexpr const char *kName = "queue-depth";
	static constexpr bool kWalks = true;

	static Path *remembered(const Selection &s) noexcept
	{
		LookResult last;

		if (!s.hint.load(s.generation, s.now, last)) [[unlikely]]
			return nullptr;

		Path *best = nullptr;
		u32 least = 0;

		for_each_path(s.paths, last.members & ~s.excluded, [&](Path &p) noexcept {
			const u32 depth = p.in_flight();

			if (!best || depth < least) {
				best = &p;
				least = depth;
			}
			return depth == 0;
		});
		return best && s.still(*best, last.standing) ? best : nullptr;
	}

	static Path *look(const Selection &s) noexcept
	{
		Look look;

		for_each_path(s.paths, s.paths.occupied(), [&](Path &p) noexcept {
			look.note(p, s.standing(p), p.in_flight());
			return false;
		});
		remember(s, look);
		return look.best();
	}
};

} // namespace mpath
