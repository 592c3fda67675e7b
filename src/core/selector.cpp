// SPDX-License-Identifier: GPL-2.0
#include "selector.hpp"

#include "kernel_api.h"

namespace mpath {
namespace {

struct Policy {
	const char *name;
	SelectFn select;
};

// In the order of enum mpath_iopolicy_e.
constexpr Policy kPolicies[MPC_POLICY_COUNT] = {
	{"numa", select_numa},
	{"round-robin", select_round_robin},
	{"queue-depth", select_queue_depth},
};

} // namespace

Path *search_all(const Selection &s, bool by_distance) noexcept
{
	constexpr s32 kFar = 0x7fffffff;
	s32 best_distance = kFar, fallback_distance = kFar;
	Path *best = nullptr, *fallback = nullptr;

	for_each_path(s.paths, s.paths.occupied(), [&](Path &p) noexcept {
		s32 distance = 0;

		if (!s.usable(p))
			return false;
		if (by_distance && s.node != MPC_NO_NODE && p.node() != MPC_NO_NODE)
			distance = mpk_node_distance(s.node, p.node());
		const Access access = p.access();

		if (access == Access::kOptimized && distance < best_distance) {
			best_distance = distance;
			best = &p;
		} else if (access == Access::kNonOptimized && distance < fallback_distance) {
			fallback_distance = distance;
			fallback = &p;
		}
		return false;
	});

	if (!best)
		best = fallback;
	if (best && !s.excluded) // a retry says nothing about the next command
		s.hint.set(best->slot());
	return best;
}

Path *select_by(u32 policy, const Selection &s) noexcept
{
	return kPolicies[policy < MPC_POLICY_COUNT ? policy : MPC_POLICY_NUMA].select(s);
}

const char *policy_name(u32 policy) noexcept
{
	return policy < MPC_POLICY_COUNT ? kPolicies[policy].name : "unknown";
}

int policy_parse(const char *name, u64 len) noexcept
{
	if (len && name[len - 1] == '\n')
		--len;
	for (u32 i = 0; i < MPC_POLICY_COUNT; ++i) {
		const char *want = kPolicies[i].name;
		u64 n = 0;

		while (n < len && want[n] && want[n] == name[n])
			++n;
		if (n == len && !want[n])
			return static_cast<int>(i);
	}
	return -1;
}

} // namespace mpath
