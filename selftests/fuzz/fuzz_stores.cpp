// SPDX-License-Identifier: GPL-2.0
// What a user writes to sysfs, as a store function sees it: a length, and no NUL
// within it to rely on. Nothing beyond is read, nothing changes on an error.
#include "core_api.h"
#include "input.hpp"

#include <string>

namespace {

constexpr u32 kUntouched = 0xdeadbeef;

void seconds(const fuzz::Exact &in)
{
	u32 value = kUntouched;
	const int ret = mpc_parse_seconds(in.text.get(), in.size, &value);
	std::string text{in.text.get(), in.size};

	if (!text.empty() && text.back() == '\n')
		text.pop_back();

	const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;

	if (!digits) {
		REQUIRE(ret == -MPC_EINVAL);
		REQUIRE(value == kUntouched);
		return;
	}
	text.erase(0, text.find_first_not_of('0'));

	const bool fits = text.size() <= 8 && std::stoull("0" + text) <= MPC_MAX_SECONDS;

	REQUIRE(ret == (fits ? 0 : -MPC_ERANGE));
	REQUIRE(value == (fits ? std::stoull("0" + text) : kUntouched));
}

// as the shim writes the policy: only what was accepted
void policy(const fuzz::Exact &in)
{
	u32 value = kUntouched;
	const int ret = mpc_policy_parse(in.text.get(), in.size);

	REQUIRE(ret == -MPC_EINVAL || (ret >= 0 && ret < MPC_POLICY_COUNT));
	if (ret >= 0)
		value = static_cast<u32>(ret);
	REQUIRE((value == kUntouched) == (ret < 0));
	if (ret < 0)
		return;

	const std::string name = mpc_policy_name(value);

	REQUIRE(in.size - name.size() <= 1);
	REQUIRE(!std::memcmp(in.text.get(), name.data(), name.size()));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8 *data, std::size_t size)
{
	const fuzz::Exact in{data, size};

	seconds(in);
	policy(in);
	if (size && data[size - 1] != '\n') { // as echo writes it
		std::string line{reinterpret_cast<const char *>(data), size};

		line += '\n';

		const fuzz::Exact with_newline{reinterpret_cast<const u8 *>(line.data()), line.size()};

		seconds(with_newline);
		policy(with_newline);
	}
	return 0;
}
