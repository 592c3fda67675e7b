// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "abi.h"
#include "health.hpp"
#include "latency.hpp"
#include "support/atomic.hpp"

namespace mpath {

/// What the storage says of a path; values of enum mpath_access_state.
enum class Access : u32 {
	kOptimized = MPC_ACCESS_OPTIMIZED,
	kNonOptimized = MPC_ACCESS_NONOPTIMIZED,
	kOther = MPC_ACCESS_OTHER,
};

/// One path, as the core sees it.
///
/// Owner: the backend; lives in the storage inside struct mpath_device.
/// Invariants: args never change after construction; a Path is reachable
/// through its slot only, and only inside an SrcuSection or under the head
/// lock. It stays valid for a grace period after its slot was cleared, longer
/// only for who pinned it.
class Path final {
public:
	Path(const mpc_path_args &args, u32 slot) noexcept : args_{args}, slot_{slot}
	{
		health_.block(args.blocked & MPC_BLOCK_BITS, true); // before anyone sees the path
	}
	Path(const Path &) = delete;
	Path &operator=(const Path &) = delete;

	[[nodiscard]] mpath_device *handle() const noexcept { return args_.dev; }
	[[nodiscard]] u32 slot() const noexcept { return slot_; }
	[[nodiscard]] s32 node() const noexcept { return args_.numa_node; }

	// relaxed: a hint that may change right after; the path's own driver
	// refuses what it cannot do. Read it once a look: between two reads it
	// could fall through every case.
	[[nodiscard]] Access access() const noexcept
	{
		return static_cast<Access>(load_once(args_.access_state));
	}
	/// Never negative: a driver that counts ends first may be below zero for a moment.
	[[nodiscard]] u32 in_flight() const noexcept
	{
		const s32 n = load_once(args_.nr_active);

		return n > 0 ? static_cast<u32>(n) : 0;
	}
	[[nodiscard]] Health &health() noexcept { return health_; }
	[[nodiscard]] const Health &health() const noexcept { return health_; }
	[[nodiscard]] Latency &latency() noexcept { return latency_; }
	[[nodiscard]] const Latency &latency() const noexcept { return latency_; }

private:
	mpc_path_args args_;
	u32 slot_;
	Health health_;
	Latency latency_;
};

static_assert(sizeof(Path) <= MPC_PATH_WORDS * 8);

} // namespace mpath
