// SPDX-License-Identifier: GPL-2.0
// Path selection: what all policies share. The policies are in policy_*.hpp, a
// file each; policies.hpp is the table of them.
#pragma once

#include "abi.h"
#include "node_hint.hpp"
#include "slot_table.hpp"

namespace mpath {

/// All a policy sees. Lives on the stack, inside an SrcuSection.
struct Selection {
	const SlotTable &paths;
	const mpc_ops &ops;
	NodeHint &hint;	   ///< of the submitting CPU's node
	s32 node;	   ///< that node
	SlotMask excluded; ///< paths this command was tried on
	u32 generation;	   ///< of the head, from before anything was looked at
	u64 now;	   ///< ticks
	bool comes_back;   ///< a bio: its end will be heard of

	/// How good is it now? Asks the driver.
	[[nodiscard]] Standing standing(const Path &p) const noexcept
	{
		const bool clear = p.health().clear();

		if (excluded & slot_bit(p.slot()))
			return Standing::kNone;
		if (!clear && p.health().blocked()) [[unlikely]]
			return Standing::kNone;
		// Disabled first: a path can be optimized and yet not be usable now.
		if (ops.is_disabled(p.handle()))
			return Standing::kNone;
		switch (p.access()) {
		case Access::kOptimized:
			return clear ? Standing::kOptimized : Standing::kSpare;
		case Access::kNonOptimized:
			return clear ? Standing::kNonOptimized : Standing::kSpare;
		default:
			return Standing::kNone;
		}
	}

	/// Is that its standing, one of those that are remembered? In the same order, and
	/// cheaper; of a path that this command was not tried on.
	[[nodiscard]] bool still(const Path &p, Standing remembered) const noexcept
	{
		static_assert(static_cast<u32>(Standing::kOptimized) == MPC_ACCESS_OPTIMIZED &&
			      static_cast<u32>(Standing::kNonOptimized) == MPC_ACCESS_NONOPTIMIZED);
		return p.health().clear() && !ops.is_disabled(p.handle()) &&
		       static_cast<u32>(p.access()) == static_cast<u32>(remembered);
	}
};

/// A look at all paths: the cheapest of each standing.
class Look final {
public:
	/// @return whether `p` is optimized
	bool note(Path &p, Standing standing, u64 cost) noexcept
	{
		const auto s = static_cast<u32>(standing);

		if (s >= kStandings)
			return false;
		members_[s] |= slot_bit(p.slot());
		if (!best_[s] || cost < cost_[s]) {
			best_[s] = &p;
			cost_[s] = cost;
		}
		return s == 0;
	}
	/// nullptr if no path can be used.
	[[nodiscard]] Path *best() const noexcept
	{
		for (Path *p : best_)
			if (p)
				return p;
		return nullptr;
	}
	/// Of best(). kNone if there is none.
	[[nodiscard]] Standing standing() const noexcept
	{
		u32 s = 0;

		while (s < kStandings && !best_[s])
			++s;
		return static_cast<Standing>(s);
	}
	[[nodiscard]] SlotMask members() const noexcept
	{
		const auto s = static_cast<u32>(standing());

		return s < kStandings ? members_[s] : 0;
	}

private:
	static constexpr u32 kStandings = static_cast<u32>(Standing::kNone);

	Path *best_[kStandings] = {};
	u64 cost_[kStandings] = {};
	SlotMask members_[kStandings] = {};
};

/// Remember it for the node, unless it says nothing about the next command.
inline void remember(const Selection &s, const Look &look, bool settled = false) noexcept
{
	const Standing standing = look.standing();

	if (!s.excluded && standing < Standing::kSpare)
		s.hint.store(s.generation, s.now, {look.members(), standing, settled});
}

// A policy chooses in two steps. remembered() goes by what the node's hint says, asks
// the one path that comes to, and gives nullptr if the hint is void or that path is not
// what it was; look() asks all paths, and remembers.

/// What a path costs. An argument of templates, so that no call is left of it.
using Cost = u64 (*)(const Selection &s, const Path &p) noexcept;

/// remembered() of a policy that goes by kCost: of the paths that are remembered the
/// cheapest, of equals the lowest slot. One that costs no more than `enough` ends the search.
template <Cost kCost>
[[nodiscard]] inline Path *cheapest_remembered(const Selection &s, u64 enough) noexcept
{
	LookResult last;

	if (!s.hint.load(s.generation, s.now, last)) [[unlikely]]
		return nullptr;

	Path *best = nullptr;
	u64 least = 0;

	for_each_path(s.paths, last.members & ~s.excluded, [&](Path &p) noexcept {
		const u64 its = kCost(s, p);

		if (!best || its < least) {
			best = &p;
			least = its;
		}
		return its <= enough;
	});
	return best && s.still(*best, last.standing) ? best : nullptr;
}

/// look() of such a policy.
template <Cost kCost>
[[nodiscard]] inline Path *look_for_cheapest(const Selection &s) noexcept
{
	Look look;

	for_each_path(s.paths, s.paths.occupied(), [&](Path &p) noexcept {
		look.note(p, s.standing(p), kCost(s, p));
		return false;
	});
	remember(s, look);
	return look.best();
}

/// @return a usable path or nullptr
/// @context under SRCU; any context, does not sleep; at most MPC_MAX_PATHS steps
[[nodiscard]] Path *select_by(u32 policy, const Selection &s) noexcept;

/// Choose for the selection's node ahead of time.
void choose_ahead(u32 policy, const Selection &s) noexcept;

[[nodiscard]] const char *policy_name(u32 policy) noexcept;
/// Exact match, one trailing newline allowed. -1 if unknown.
[[nodiscard]] int policy_parse(const char *name, u64 len) noexcept;

} // namespace mpath
