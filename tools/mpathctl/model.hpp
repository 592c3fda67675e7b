// SPDX-License-Identifier: GPL-2.0
// What sysfs says of heads and paths.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tree.hpp"

namespace mpathctl {

using Number = std::optional<std::uint64_t>; ///< nothing: the modules do not tell
using Text = std::optional<std::string>;

/// The counters of a path, and of a head the sums over all paths there ever were.
enum Counter : std::size_t {
	kBios,
	kUringCmds,
	kIoctls,
	kSubmitErrors,
	kFailovers,
	kErrors,
	kReadBytes,
	kWriteBytes,
	kInFlight,
	kCounters
};
inline constexpr std::array<std::string_view, kCounters> kCounterNames = {
	"bios",	  "uring_cmds", "ioctls",      "submit_errors", "failovers",
	"errors", "read_bytes", "write_bytes", "in_flight",
};
using Counters = std::array<Number, kCounters>;

/// Of what is sent, each second.
struct Rates {
	double reads = 0;    ///< bytes
	double writes = 0;   ///< bytes
	double bios = 0;
	double commands = 0; ///< passthrough
	double errors = 0;

	Rates &operator+=(const Rates &other);
};

struct Controller {
	std::string name;
	Text state, transport, address;
	std::optional<int> numa_node;
};

struct Path {
	std::string name;
	std::string state;
	std::string access_state;
	Text ana_state;
	Number ana_grpid;
	Number service_time_ns;
	Counters counters;
	std::optional<Controller> controller;
	std::optional<Rates> rates;

	/// May commands be sent there, if need be?
	[[nodiscard]] bool can_be_used() const { return state == "usable" || state == "failed"; }
	/// What the storage says, in the words of its standard if it has one.
	[[nodiscard]] const std::string &storage_says() const
	{
		return ana_state ? *ana_state : access_state;
	}
};

struct Subsystem {
	Text nqn, model, serial;
};

struct Head {
	std::string name;
	Text char_node; ///< name
	Text policy, passthru_failover;
	Text wwid, uuid, nguid, eui;
	Number nsid, size, block_size, metadata_bytes; ///< size: bytes
	Number delayed_removal_secs;
	Number failovers_kept, failovers_given_up; ///< of passthrough commands
	Number requeued, failed;
	Counters counters;
	Subsystem subsystem;
	std::vector<Path> paths;
	std::optional<Rates> rates;

	/// live, degraded, no_path or lingering
	[[nodiscard]] std::string_view state() const;
	[[nodiscard]] std::size_t usable_paths() const; ///< state "usable"
	[[nodiscard]] const Path *path(std::string_view path_name) const;
};

struct System {
	std::chrono::steady_clock::time_point when;
	std::vector<Head> heads;

	[[nodiscard]] const Head *head(std::string_view name) const;
	[[nodiscard]] const Head *head_of_path(std::string_view path) const;
};

[[nodiscard]] bool is_head(const Tree &tree, std::string_view disk);
/// What goes while it is read is left out.
[[nodiscard]] System read_system(const Tree &tree);
/// Fill in the rates, from what the counters were.
void measure(System &now, const System &before);

/// "/dev/ng1000n1" -> "nvme1000n1"
[[nodiscard]] std::string disk_name(std::string_view argument);

} // namespace mpathctl
