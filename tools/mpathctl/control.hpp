// SPDX-License-Identifier: GPL-2.0
// What changes something: policies, other attributes, paths in and out of use.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "model.hpp"

namespace mpathctl {

/// What went wrong, in a sentence. Exit status 1.
struct Failure : std::runtime_error {
	using std::runtime_error::runtime_error;
};

/// An attribute of a head that can be set.
struct Key {
	const char *name;
	const char *values; ///< as an example of them, for --help
	const char *help;
};
[[nodiscard]] std::span<const Key> keys();
[[nodiscard]] std::span<const char *const> policies();
[[nodiscard]] std::span<const char *const> failover_modes();

/// @return the head; by its own name, that of a node, or that of one of its paths
/// @throws Failure, which says what heads there are
[[nodiscard]] const Head &find_head(const System &system, std::string_view argument);

/// Set an attribute of a head.
/// @throws Failure: the kernel's errno as a sentence
void set_key(const Tree &tree, const Head &head, std::string_view key, const std::string &value);
[[nodiscard]] std::string explain_key(std::string_view head, std::string_view key,
				      std::string_view value, int error);

struct PathRef {
	const Head *head;
	const Path *path;
};
/// Paths by name, or all paths of a controller.
/// @throws Failure
[[nodiscard]] std::vector<PathRef> find_paths(const System &system, std::string_view argument);

/// Take paths out of use.
/// @throws Failure; without `force` also if a head would be left without a path that can
/// be used, and then none is touched
void fail_paths(const Tree &tree, const std::vector<PathRef> &paths, bool force);
void restore_paths(const Tree &tree, const std::vector<PathRef> &paths);
[[nodiscard]] std::string explain_state(std::string_view path, std::string_view what, int error);

} // namespace mpathctl
