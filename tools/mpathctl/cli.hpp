// SPDX-License-Identifier: GPL-2.0
// The command line: what --help, the manual page and the completion are made from.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "text.hpp"

namespace mpathctl {

/// What the command line said.
struct Options {
	std::string root = "/";
	When colour = When::kAuto;
	bool json = false;
	bool force = false;
	double interval = 0; ///< seconds
	unsigned count = 0;  ///< 0: no end
	std::vector<std::string> heads, paths;
	std::string head, policy, key, value;
};

enum class Command { kNone, kList, kShow, kWatch, kPolicy, kFail, kRestore, kSet, kEvents, kDoctor,
		     kManPage, kCompletion };

/// Texts that are the same in --help and in the manual page.
struct Section {
	const char *title;
	const char *text;
};
[[nodiscard]] const std::vector<Section> &sections();

/// Describe the command line to `app`; parsing it fills in the others, which have to outlive it.
void describe(CLI::App &app, Options &options, Command &command);

/// mpathctl.8
[[nodiscard]] std::string man_page(const CLI::App &app);
/// For bash.
[[nodiscard]] std::string completion(const CLI::App &app);

} // namespace mpathctl
