// SPDX-License-Identifier: GPL-2.0
#include "selector.hpp"

#include "policies.hpp"

namespace mpath {

Path *select_by(u32 policy, const Selection &s) noexcept
{
	const u32 known = policy < Policies::kCount ? policy : MPC_POLICY_NUMA;
	Path *path = Policies::remembered(known, s);

	return path ? path : Policies::kEntries[known].look(s);
}

// The other policies have nothing to be chosen ahead.
void choose_ahead(u32 policy, const Selection &s) noexcept
{
	if (policy == MPC_POLICY_NUMA)
		(void)Numa::look(s);
}

const char *policy_name(u32 policy) noexcept
{
	return policy < Policies::kCount ? Policies::kEntries[policy].name : "unknown";
}

int policy_parse(const char *name, u64 len) noexcept
{
	if (len && name[len - 1] == '\n')
		--len;
	for (u32 i = 0; i < Policies::kCount; ++i) {
		const char *want = Policies::kEntries[i].name;
		u64 n = 0;

		while (n < len && want[n] && want[n] == name[n])
			++n;
		if (n == len && !want[n])
			return static_cast<int>(i);
	}
	return -1;
}

} // namespace mpath
