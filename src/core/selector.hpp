// SPDX-License-Identifier: GPL-2.0
// Path selection: one small interface, one file per policy, one table.
//
// To add a policy: a file select_<name>.cpp with one function, a line in the
// table of selector.cpp, a value in enum mpath_iopolicy_e.
#pragma once

#include "abi.h"
#include "slot_table.hpp"

namespace mpath {

/// A node's remembered choice: slot number plus one, 0 for none.
///
/// Only ever a hint: what stands in the slot is checked again before use, so a
/// race between two CPUs of a node costs at most one look at all paths.
class NodeHint final {
public:
	[[nodiscard]] u32 slot() const noexcept { return slot_.relaxed() - 1u; } // huge if none
	[[nodiscard]] bool empty() const noexcept { return slot_.relaxed() == 0; }
	void set(u32 slot) noexcept { slot_.set_relaxed(static_cast<u8>(slot + 1)); } // relaxed: hint
	void clear() noexcept { slot_.set_relaxed(0); }				      // relaxed: hint
	[[nodiscard]] bool is(u32 slot) const noexcept { return slot_.relaxed() == slot + 1; }

private:
	Atomic<u8> slot_;
};

/// All a policy sees. Lives on the stack, inside an SrcuSection.
struct Selection {
	const SlotTable &paths;
	const mpc_ops &ops;
	NodeHint &hint;	   ///< of the submitting CPU's node
	s32 node;	   ///< that node
	SlotMask excluded; ///< paths this command was tried on

	[[nodiscard]] bool usable(const Path &p) const noexcept
	{
		return !(excluded & slot_bit(p.slot())) && !ops.is_disabled(p.handle());
	}
};

/// @return a usable path or nullptr
/// @context under SRCU; any context, does not sleep; at most MPC_MAX_PATHS steps
using SelectFn = Path *(*)(const Selection &) noexcept;

[[nodiscard]] Path *select_numa(const Selection &s) noexcept;
[[nodiscard]] Path *select_round_robin(const Selection &s) noexcept;
[[nodiscard]] Path *select_queue_depth(const Selection &s) noexcept;

/// The nearest optimized path, else the nearest non-optimized one. Remembers
/// what it finds. All paths count as equally near unless `by_distance`.
[[nodiscard]] Path *search_all(const Selection &s, bool by_distance) noexcept;

/// Choose with the policy of that number; an unknown one is treated as numa.
[[nodiscard]] Path *select_by(u32 policy, const Selection &s) noexcept;

[[nodiscard]] const char *policy_name(u32 policy) noexcept;
/// Exact match, one trailing newline allowed. -1 if unknown.
[[nodiscard]] int policy_parse(const char *name, u64 len) noexcept;

} // namespace mpath
