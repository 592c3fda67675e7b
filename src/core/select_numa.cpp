// SPDX-License-Identifier: GPL-2.0
// numa: keep the nearest optimized path for as long as it is usable and
// optimized; look at all of them only when it is not.
#include "selector.hpp"

namespace mpath {

Path *select_numa(const Selection &s) noexcept
{
	Path *kept = s.paths.at(s.hint.slot());

	// Disabled first: a path can be optimized and yet not be usable now.
	if (kept && s.usable(*kept) && kept->access() != Access::kOther &&
	    s.ops.is_optimized(kept->handle())) [[likely]]
		return kept;
	return search_all(s, true);
}

} // namespace mpath
