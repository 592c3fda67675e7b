// SPDX-License-Identifier: GPL-2.0
// What the tests share: the recorded tree, running the program, the documented schema.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report.hpp"

namespace test {

namespace fs = std::filesystem;

[[nodiscard]] std::string from_environment(const char *name);
[[nodiscard]] std::string read_file(const fs::path &path);

/// A copy of the recorded tree (two-heads.sysfs), to be changed at will.
///   nvme1000n1: nvme0n1, nvme1n1 (controllers nvme0, nvme1); nvme1001n1: nvme2n1 (nvme2)
class Recorded {
public:
	Recorded();
	~Recorded();
	Recorded(const Recorded &) = delete;
	Recorded &operator=(const Recorded &) = delete;

	[[nodiscard]] std::string root() const { return root_; }
	[[nodiscard]] std::string read(std::string_view file) const;
	/// Made with its directory if need be.
	void write(std::string_view file, std::string_view content) const;
	void link(std::string_view file, std::string_view target) const;
	void remove(std::string_view path) const;
	/// A file of a path in mpath_stats.
	void set_path(std::string_view head, std::string_view path, std::string_view file,
		      std::string_view content) const;
	/// As if the path had left its head.
	void detach(std::string_view head, std::string_view path) const;

private:
	fs::path root_;
};

/// What the program has printed, and how it ended.
struct Result {
	int status = -1; ///< 128 + signal
	std::string out, err;
};
struct Call {
	std::vector<std::string> arguments;
	std::map<std::string, std::string> environment{}; ///< beside LC_ALL and TERM
	bool terminal = false;				  ///< of 80 columns
	bool unprivileged = false;			  ///< as nobody
	/// Called with its process id and a function that waits until so much was printed.
	std::function<void(int, const std::function<void(std::string_view)> &)> meanwhile{};
};
[[nodiscard]] Result run(const Call &what);
[[nodiscard]] Result ctl(std::vector<std::string> arguments);

/// Compare with golden/NAME; MPATHCTL_GOLDEN=write writes it instead.
void expect_golden(const std::string &name, const std::string &text);

/// What in `json` breaks the documented schema; "" if nothing.
/// @param definition of $defs
[[nodiscard]] std::string against_schema(const std::string &definition, const nlohmann::json &json);

struct OnATree : ::testing::Test, Recorded {
	/// With --root.
	[[nodiscard]] Result ctl(std::vector<std::string> arguments) const
	{
		arguments.insert(arguments.begin(), {"--root", root()});
		return test::ctl(std::move(arguments));
	}
};

} // namespace test
