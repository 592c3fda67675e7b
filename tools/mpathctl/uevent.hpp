// SPDX-License-Identifier: GPL-2.0
// What the library tells by uevents: MPATH_EVENT and so on.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "report.hpp"

namespace mpathctl {

/// One uevent of a head.
struct Event {
	std::chrono::system_clock::time_point when;
	std::uint64_t seqnum = 0;
	std::string kind; ///< MPATH_EVENT
	std::string head;
	std::map<std::string, std::string> properties; ///< what begins with MPATH_

	[[nodiscard]] std::string property(const std::string &name) const;
};

/// @return nothing if it is not one of ours
[[nodiscard]] std::optional<Event> parse_uevent(std::string_view message,
						std::chrono::system_clock::time_point when);
/// A line, with its newline.
[[nodiscard]] std::string event_text(const Event &event, const Style &style);
[[nodiscard]] Json event_json(const Event &event);

/// The kernel's uevents, as they come.
class UeventSocket final {
public:
	UeventSocket();
	~UeventSocket();
	UeventSocket(const UeventSocket &) = delete;
	UeventSocket &operator=(const UeventSocket &) = delete;

	[[nodiscard]] int fd() const { return fd_; }
	/// The next message, if one is there. @param lost set if some did not fit the queue
	[[nodiscard]] std::optional<std::string> receive(bool &lost) const;

private:
	int fd_;
};

} // namespace mpathctl
