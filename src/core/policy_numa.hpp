// SPDX-License-Identifier: GPL-2.0
// numa: keep the nearest optimized path for as long as it is usable and
// optimized; look at all of them only when it is not.
#pragma once

#include "kernel_api.h"
#include "selector.hpp"

namespace mpath {

struct Numa {
	static constexpr const char *kName = "numa";
	static constexpr bool kWalks = false;

	static Path *remembered(const Selection &s) noexcept
	{
		Path *kept = s.paths.at(s.hint.slot());
		LookResult last;

		if (kept && s.hint.load(s.generation, s.now, last) &&
		    !(s.excluded & slot_bit(kept->slot())) && s.still(*kept, last.standing) &&
		    (last.settled || s.ops.is_optimized(kept->handle()))) [[likely]]
			return kept;
		return nullptr;
	}

	static Path *look(const Selection &s) noexcept
	{
		Look look;

		for_each_path(s.paths, s.paths.occupied(), [&](Path &p) noexcept {
			const Standing standing = s.standing(p);

			if (standing != Standing::kNone)
				look.note(p, standing, distance(s, p));
			return false;
		});

		Path *best = look.best();

		if (best && !s.excluded) { // a retry says nothing about the next command
			remember(s, look,
				 look.standing() != Standing::kOptimized ||
					 !s.ops.is_optimized(best->handle()));
			s.hint.set_slot(best->slot());
		}
		return best;
	}

private:
	static u64 distance(const Selection &s, const Path &p) noexcept
	{
		if (s.node == MPC_NO_NODE || p.node() == MPC_NO_NODE)
			return 0;
		return static_cast<u64>(mpk_node_distance(s.node, p.node()));
	}
};

} // namespace mpath
