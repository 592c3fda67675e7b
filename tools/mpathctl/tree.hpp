// SPDX-License-Identifier: GPL-2.0
// The files that mpathctl looks at: those of this machine, or of a recorded tree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mpathctl {

/// Paths are given without the root: "sys/block/nvme1000n1/size".
class Tree final {
public:
	explicit Tree(std::string root = "/");

	[[nodiscard]] bool is_live() const { return root_ == "/"; }
	[[nodiscard]] std::string full(std::string_view path) const { return root_ + std::string{path}; }

	[[nodiscard]] bool exists(std::string_view path) const;
	[[nodiscard]] bool is_directory(std::string_view path) const;
	/// Without the newline at the end; nothing if it cannot be read, or is gone.
	[[nodiscard]] std::optional<std::string> read(std::string_view path) const;
	[[nodiscard]] std::optional<std::uint64_t> number(std::string_view path) const;
	/// Names in a directory, in the order that people expect: nvme2n1 before nvme10n1.
	[[nodiscard]] std::vector<std::string> names(std::string_view directory) const;
	/// The last part of what a symbolic link says.
	[[nodiscard]] std::optional<std::string> link_name(std::string_view path) const;
	/// @return 0 or an errno
	[[nodiscard]] int write(std::string_view path, std::string_view value) const;

private:
	std::string root_; // ends with "/"
};

/// Numbers in names count as numbers.
[[nodiscard]] bool natural_less(std::string_view a, std::string_view b);
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);
[[nodiscard]] std::vector<std::string_view> words(std::string_view text);

} // namespace mpathctl
