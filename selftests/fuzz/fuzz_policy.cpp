// SPDX-License-Identifier: GPL-2.0
// Policy names: what is accepted is exactly a name, and it comes back.
#include "core_api.h"
#include "input.hpp"

#include <string>

extern "C" int LLVMFuzzerTestOneInput(const u8 *data, std::size_t size)
{
	const fuzz::Exact in{data, size};
	const int policy = mpc_policy_parse(in.text.get(), in.size);
	std::string text{in.text.get(), in.size};

	if (!text.empty() && text.back() == '\n')
		text.pop_back();

	int want = -MPC_EINVAL;

	for (u32 i = 0; i < MPC_POLICY_COUNT; ++i) {
		const std::string name = mpc_policy_name(i);

		REQUIRE(name != "unknown" && !name.empty());
		REQUIRE(mpc_policy_parse(name.data(), name.size()) == static_cast<int>(i));
		if (text == name)
			want = static_cast<int>(i);
	}
	REQUIRE(policy == want);

	// any number has a name, only those of policies one that is accepted
	fuzz::Input number{data, size};
	const u32 value = number.word();
	const std::string name = mpc_policy_name(value);

	REQUIRE((mpc_policy_parse(name.data(), name.size()) >= 0) == (value < MPC_POLICY_COUNT));
	return 0;
}
