// SPDX-License-Identifier: GPL-2.0
// Commands that run until they are told to end.
#pragma once

#include <chrono>

namespace mpathctl {

/// SIGINT, SIGTERM and SIGHUP end the command in order, and so does the end of a pipe that
/// it writes to. As long as this lives they do nothing else.
class Until final {
public:
	Until();
	~Until();
	Until(const Until &) = delete;
	Until &operator=(const Until &) = delete;

	enum class What { kTime, kInput, kEnd };
	/// @param input a file descriptor to wait for, too; or -1
	/// @param limit negative: none
	[[nodiscard]] What wait(int input, std::chrono::milliseconds limit) const;

private:
	int signals_;
};

} // namespace mpathctl
