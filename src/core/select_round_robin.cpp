// SPDX-License-Identifier: GPL-2.0
// round-robin: the next usable optimized path after the node's last one, else
// the next non-optimized one.
#include "selector.hpp"

namespace mpath {
namespace {

/// First optimized path of `mask`, else the first non-optimized one.
struct Turn {
	Path *optimized = nullptr;
	Path *fallback = nullptr;

	void walk(const Selection &s, SlotMask mask) noexcept
	{
		if (optimized)
			return;
		for_each_path(s.paths, mask, [&](Path &p) noexcept {
			if (!s.usable(p))
				return false;
			const Access access = p.access();

			if (access == Access::kOptimized)
				optimized = &p;
			else if (access == Access::kNonOptimized && !fallback)
				fallback = &p;
			return optimized != nullptr;
		});
	}
};

} // namespace

Path *select_round_robin(const Selection &s) noexcept
{
	const SlotMask all = s.paths.occupied();
	const u32 last = s.hint.slot();
	// Slots up to and with the last one, in two halves: the walk is bounded
	// by the snapshot of the table, never by meeting the last path again.
	const SlotMask up_to_last = last < MPC_MAX_PATHS ? ~SlotMask{0} >> (63 - last) : 0;
	Turn turn;

	turn.walk(s, all & ~up_to_last);
	turn.walk(s, all & up_to_last);

	Path *next = turn.optimized ? turn.optimized : turn.fallback;
	if (next)
		s.hint.set(next->slot());
	return next;
}

} // namespace mpath
