// SPDX-License-Identifier: GPL-2.0
// What mpath_nvme.ko is to the library. A missing half of a pair, or a feature
// that does not go with a callback, is an error of the compiler.
#include <mpath/backend.hpp>

#include "callbacks.h"

namespace mpath::nvme {
namespace {

/// Names the C functions, so that they are what the template points to: nothing
/// is between the library and them.
struct NvmeBackend {
	static constexpr auto available_path = mpn_available_path;
	static constexpr auto is_disabled = mpn_is_disabled;
	static constexpr auto is_optimized = mpn_is_optimized;
	static constexpr auto remove_head = mpn_remove_head;
	static constexpr auto get_path = mpn_get_path;
	static constexpr auto put_path = mpn_put_path;

	static constexpr auto path_error = mpn_path_error;

	static constexpr auto cdev_name = mpn_cdev_name;
	static constexpr auto cdev_ioctl = mpn_cdev_ioctl;
	static constexpr auto partition_ioctl = mpn_partition_ioctl;
	static constexpr auto ioctl_waits = mpn_ioctl_waits;
	static constexpr auto ioctl_timeout_ms = mpn_ioctl_timeout_ms;
	static constexpr auto ioctl_again = mpn_ioctl_again;
	static constexpr auto chr_uring_cmd = mpn_uring_cmd;
	static constexpr auto chr_uring_cmd_iopoll = mpn_uring_cmd_iopoll;
	static constexpr auto uring_timeout_ms = mpn_uring_timeout_ms;

	static constexpr auto path_attrs = mpn_path_attrs;

	// with REQ_DRV set the driver would look for its own head disk
	static constexpr Features features =
		Feature::kPlainBios | Feature::kFailover | Feature::kStackLimits |
		Feature::kKeepsPin | Feature::kRcu;
};

} // namespace
} // namespace mpath::nvme

constinit const mpath_head_template mpn_template =
	mpath::make_template<mpath::nvme::NvmeBackend>();
