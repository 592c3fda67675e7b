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
		return cheapest_remembered<depth>(s, 0);
	}
	static Path *look(const Selection &s) noexcept { return look_for_cheapest<depth>(s); }

private:
	static u64 depth(const Selection &, const Path &p) noexcept { return p.in_flight(); }
};

} // namespace mpath
