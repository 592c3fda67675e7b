// SPDX-License-Identifier: GPL-2.0
// queue-depth: the optimized path with the fewest commands in flight, else the
// non-optimized one with the fewest. An idle optimized path ends the search.
#pragma once

#include "selector.hpp"

namespace mpath {

struct QueueDepth {
	static constexpr const char *kName = "queue-depth";

	static Path *select(const Selection &s) noexcept
	{
		Look look;

		for_each_path(s.paths, s.paths.occupied(), [&](Path &p) noexcept {
			const Standing standing = s.standing(p);
			const u32 depth = p.in_flight();

			return look.note(p, standing, depth) && !depth;
		});
		return look.best();
	}
};

} // namespace mpath
