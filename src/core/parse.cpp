// SPDX-License-Identifier: GPL-2.0
#include "parse.hpp"

namespace mpath {

int parse_seconds(const char *text, u64 len, u32 *seconds) noexcept
{
	u64 value = 0;

	if (len && text[len - 1] == '\n')
		--len;
	if (!len)
		return -MPC_EINVAL;
	for (u64 i = 0; i < len; ++i) {
		if (text[i] < '0' || text[i] > '9')
			return -MPC_EINVAL;
		if (value <= MPC_MAX_SECONDS) // more digits cannot make it good again
			value = value * 10 + static_cast<u64>(text[i] - '0');
	}
	if (value > MPC_MAX_SECONDS)
		return -MPC_ERANGE;
	*seconds = static_cast<u32>(value);
	return 0;
}

} // namespace mpath
