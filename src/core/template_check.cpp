// SPDX-License-Identifier: GPL-2.0
#include "template_check.hpp"
#include <mpath/template_rules.hpp>

namespace mpath {

const char *broken_rule(u32 has) noexcept
{
	return first_broken_rule(has);
}

} // namespace mpath
