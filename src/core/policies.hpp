// SPDX-License-Identifier: GPL-2.0
// The table of policies. To add one: a file policy_<name>.hpp with a class that
// has kName, kWalks (does remembered() look at many paths?), remembered() and look(),
// its line here, and a value at the end of enum mpath_iopolicy_e.
#pragma once

#include "policy_numa.hpp"
#include "policy_queue_depth.hpp"
#include "policy_round_robin.hpp"
#include "policy_service_time.hpp"
#include "support/concepts.hpp"

namespace mpath {

template <typename P>
concept Policy = requires(const Selection &s) {
	{ P::kName } -> SameAs<const char *const &>;
	{ P::kWalks } -> SameAs<const bool &>;
	{ P::remembered(s) } noexcept -> SameAs<Path *>;
	{ P::look(s) } noexcept -> SameAs<Path *>;
};

struct PolicyEntry {
	const char *name;
	Path *(*look)(const Selection &) noexcept;
};

template <Policy... P>
struct PolicyTable {
	static constexpr PolicyEntry kEntries[] = {{P::kName, P::look}...};
	static constexpr u32 kCount = sizeof...(P);

	/// Does the policy of that number walk over many paths for what is remembered?
	[[nodiscard]] static constexpr bool walks(u32 policy) noexcept
	{
		u32 number = 0, mask = 0;

		((mask |= u32{P::kWalks} << number++), ...);
		return mask >> policy & 1;
	}

	/// By what is remembered, with the policy of that number, which is one of the table;
	/// only one that walks, or only one that does not. For each command, so not through
	/// the table: the compiler has all of it in one place. nullptr: look.
	template <bool kWalk>
	[[nodiscard]] static Path *remembered(u32 policy, const Selection &s) noexcept
	{
		Path *path = nullptr;
		u32 number = 0;

		(void)((policy == number++ && (path = one<P, kWalk>(s), true)) || ...);
		return path;
	}

	[[nodiscard]] static Path *remembered(u32 policy, const Selection &s) noexcept
	{
		return walks(policy) ? remembered<true>(policy, s) : remembered<false>(policy, s);
	}

private:
	template <typename Q, bool kWalk>
	[[nodiscard]] static Path *one(const Selection &s) noexcept
	{
		if constexpr (Q::kWalks == kWalk)
			return Q::remembered(s);
		else
			return nullptr;
	}
};

// In the order of enum mpath_iopolicy_e.
using Policies = PolicyTable<Numa, RoundRobin, QueueDepth, ServiceTime>;

static_assert(Policies::kCount == MPC_POLICY_COUNT);

} // namespace mpath
