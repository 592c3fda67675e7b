// SPDX-License-Identifier: GPL-2.0
// queue-depth: the optimized path with the fewest commands in flight, else the
// non-optimized one with the fewest. An idle optimized path ends the search.
#include "selector.hpp"

namespace mpath {

Path *select_queue_depth(const Selection &s) noexcept
{
	Path *best = nullptr, *fallback = nullptr;
	s32 best_depth = 0, fallback_depth = 0;

	for_each_path(s.paths, s.paths.occupied(), [&](Path &p) noexcept {
		if (!s.usable(p))
			return false;

		const s32 depth = p.in_flight();
		const Access access = p.access();

		if (access == Access::kOptimized && (!best || depth < best_depth)) {
			best = &p;
			best_depth = depth;
		} else if (access == Access::kNonOptimized &&
			   (!fallback || depth < fallback_depth)) {
			fallback = &p;
			fallback_depth = depth;
		}
		return best && best_depth <= 0;
	});
	return best ? best : fallback;
}

} // namespace mpath
