// SPDX-License-Identifier: GPL-2.0
// What is not as it should be, and the command that mends it.
#pragma once

#include <string>
#include <vector>

#include "report.hpp"

namespace mpathctl {

struct Finding {
	std::string id;	     ///< for programs
	bool problem = true; ///< else it is only worth knowing
	std::string subject; ///< a head, a path, a module
	std::string text;
	std::string mend; ///< a command; "" if there is none
};

[[nodiscard]] std::vector<Finding> examine(const Tree &tree, const System &system);
[[nodiscard]] bool has_problem(const std::vector<Finding> &findings);

[[nodiscard]] std::string findings_text(const std::vector<Finding> &findings, const System &system,
					const Style &style);
[[nodiscard]] Json findings_json(const std::vector<Finding> &findings);

} // namespace mpathctl
