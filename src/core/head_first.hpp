// SPDX-License-Identifier: GPL-2.0
// The first try: what almost every bio and command comes to. Inline, for entry.cpp: in one
// function nothing is handed around in memory.
#pragma once

#include "head.hpp"
#include "policies.hpp"

namespace mpath {

template <bool kWalk>
inline mpc_choice Head::first_by(u32 policy, s32 node, For use) noexcept
{
	const Selection s = selection(node, 0, use);

	// Is a failed path to be tested, or has a bio waited for a path without hope?
	if (use == For::kBio && (s.now >= next_test_.relaxed() || // relaxed: a hint
				 hopeless_since_.relaxed())) [[unlikely]]
		return {};

	Path *path = Policies::remembered<kWalk>(policy, s);

	if (!path || !ops_->get_first(path->handle())) [[unlikely]]
		return {};
	return {path->handle(), policy};
}

inline mpc_choice Head::first(SrcuToken, s32 node, For use) noexcept
{
	if (!takes_io(state())) [[unlikely]]
		return {};

	const u32 asked = load_once(policy_);
	const u32 policy = asked < Policies::kCount ? asked : MPC_POLICY_NUMA;

	// apart: a walk wants registers that the others would have to save
	return Policies::walks(policy) ? first_by_walking(policy, node, use)
				       : first_by<false>(policy, node, use);
}

} // namespace mpath
