// SPDX-License-Identifier: GPL-2.0
// The kernel's tick counter: coarse, but one load.
#pragma once

#include "abi.h"
#include "support/atomic.hpp"

namespace mpath {

/// Set once by mpc_setup(), before there is any head.
struct Clock {
	const u64 *ticks;
	u32 hz;
	u32 forget; ///< ticks after which what is remembered is void: a tenth of a second
	u32 tick_ns; ///< kept, as a division costs more than all else where it is needed
};
[[nodiscard]] constexpr Clock clock_of(const u64 *ticks, u32 hz) noexcept
{
	return {ticks, hz, hz / 10, 1000000000u / hz};
}
extern Clock g_clock;

[[nodiscard]] inline u64 now_ticks() noexcept
{
	return load_once(g_clock.ticks);
}

} // namespace mpath
