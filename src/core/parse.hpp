// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "abi.h"

namespace mpath {

/// A decimal number of seconds, one trailing newline allowed.
/// @return 0; -EINVAL; -ERANGE above MPC_MAX_SECONDS. *seconds is written only
///         on success
/// @context any; pure
[[nodiscard]] int parse_seconds(const char *text, u64 len, u32 *seconds) noexcept;

} // namespace mpath
