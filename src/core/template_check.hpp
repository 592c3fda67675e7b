// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "abi.h"

namespace mpath {

/// The first rule that a template and its head break, or nullptr.
///
/// @param has MPC_HAS_* bits: what is there
/// @return a static sentence for the log
/// @context any; pure
/// @source upstream mpath_alloc_head_disk(), with the additions of
///         include/linux/multipath.h
[[nodiscard]] const char *broken_rule(u32 has) noexcept;

} // namespace mpath
