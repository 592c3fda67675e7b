// SPDX-License-Identifier: GPL-2.0
// Which templates are accepted, against the sentences of
// include/linux/multipath.h put down one by one.
#include "core_api.h"
#include "input.hpp"

#include <string>

namespace {

bool allowed(u32 has)
{
	const auto with = [has](u32 bit) { return (has & bit) != 0; };

	for (const u32 always : {MPC_HAS_TEMPLATE, MPC_HAS_LIMITS, MPC_HAS_PARENT, MPC_HAS_IOPOLICY,
				 MPC_HAS_DISK_GROUPS, MPC_HAS_AVAILABLE_PATH, MPC_HAS_IS_DISABLED,
				 MPC_HAS_IS_OPTIMIZED})
		if (!with(always))
			return false;
	// pairs
	if (with(MPC_HAS_IOCTL_BEGIN) != with(MPC_HAS_IOCTL_FINISH))
		return false;
	if (with(MPC_HAS_GET_PATH) != with(MPC_HAS_PUT_PATH))
		return false;
	if (with(MPC_HAS_ADD_CDEV) != with(MPC_HAS_DEL_CDEV))
		return false;
	// one char device, or none
	const int devices = with(MPC_HAS_ADD_CDEV) + with(MPC_HAS_CDEV_NAME);

	if (devices > 1 || with(MPC_HAS_CDEV_IOCTL) != (devices == 1))
		return false;
	if (with(MPC_HAS_URING_CMD) && !devices)
		return false;
	if (with(MPC_HAS_URING_IOPOLL) && !with(MPC_HAS_URING_CMD))
		return false;
	// one who clones: the driver in one of two ways, the library, or nobody
	if (with(MPC_HAS_CLONE_BIO) + with(MPC_HAS_CLONE_BIO_TO) + with(MPC_HAS_FAILOVER) > 1)
		return false;
	if (with(MPC_HAS_FAILOVER) && !with(MPC_HAS_GET_PATH))
		return false;
	if (with(MPC_HAS_KEEPS_PIN) && !(with(MPC_HAS_GET_PATH) && with(MPC_HAS_URING_CMD)))
		return false;
	if (with(MPC_HAS_RCU) && !with(MPC_HAS_GET_PATH))
		return false;
	if (with(MPC_HAS_PATH_ERROR) && !with(MPC_HAS_FAILOVER))
		return false;
	return !with(MPC_HAS_POLICIES);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8 *data, std::size_t size)
{
	fuzz::Input in{data, size};

	// as it is; then with what is always needed, or nobody gets to the rest
	const u32 given = in.word();

	for (const u32 has : {given, given | 0x000f8007u, (given | 0x000f8007u) & ~MPC_HAS_POLICIES}) {
		const char *rule = "untouched";
		const int ret = mpc_template_check(has, &rule);

		REQUIRE(ret == 0 || ret == -MPC_EINVAL);
		REQUIRE((ret == 0) == (rule == nullptr));
		REQUIRE(!rule || (std::string{rule} != "untouched" && *rule));
		REQUIRE((ret == 0) == allowed(has));
	}
	return 0;
}
