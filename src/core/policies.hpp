// SPDX-License-Identifier: GPL-2.0
// The table of policies. To add one: a file policy_<name>.hpp with a class that
// has kName, remembered() and look(), its line here, and a value at the end of
// enum mpath_iopolicy_e.
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

	/// Of the policy of that number, which is one of the table. Called for each
	/// command, so not through the table: the compiler has all of it in one place.
	[[nodiscard]] static Path *remembered(u32 policy, const Selection &s) noexcept
	{
		Path *path = nullptr;
		u32 number = 0;

		(void)((policy == number++ && (path = P::remembered(s), true)) || ...);
		return path;
	}
};

// In the order of enum mpath_iopolicy_e.
using Policies = PolicyTable<Numa, RoundRobin, QueueDepth, ServiceTime>;

static_assert(Policies::kCount == MPC_POLICY_COUNT);

} // namespace mpath
