// SPDX-License-Identifier: GPL-2.0
#include "control.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace mpathctl {

namespace {

constexpr const char *kPolicies[] = {"numa", "round-robin", "queue-depth", "service-time"};
constexpr const char *kFailoverModes[] = {"idempotent", "off"};
constexpr Key kKeys[] = {
	{"mpath_policy", "numa", "which path a command takes: numa, round-robin, queue-depth or service-time"},
	{"delayed_removal_secs", "30", "seconds that the head waits for a path after the last one has left, "
				       "and I/O with it; 0: it goes at once"},
	{"passthru_failover", "off", "idempotent: a passthrough command whose path fails is sent again if it may "
				     "be; off: it is not"},
};

std::string error_text(int error)
{
	return std::strerror(error);
}

// What does not depend on which attribute it is.
std::string explain(std::string_view what, int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return fmt::format("{}: not permitted; try again as root", what);
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return fmt::format("{}: it is not there (any more)", what);
	case EROFS:
		return fmt::format("{}: /sys is mounted read-only here", what);
	case EINTR:
		return fmt::format("{}: interrupted", what);
	default:
		return fmt::format("{}: {}", what, error_text(error));
	}
}

template <class Names> std::string list_of(const Names &names, const char *none)
{
	return names.empty() ? std::string{none} : fmt::format("{}", fmt::join(names, ", "));
}

void write_state(const Tree &tree, const PathRef &ref, std::string_view what)
{
	const std::string file =
		fmt::format("sys/block/{}/mpath_stats/{}/state", ref.head->name, ref.path->name);

	if (const int error = tree.write(file, what))
		throw Failure{explain_state(ref.path->name, what, error)};
}

// Is there a path besides these that can be used?
bool leaves_one(const Head &head, const std::vector<PathRef> &going)
{
	return std::any_of(head.paths.begin(), head.paths.end(), [&](const Path &p) {
		return p.can_be_used() && std::none_of(going.begin(), going.end(), [&](const PathRef &r) {
			return r.path == &p;
		});
	});
}

} // namespace

std::span<const Key> keys()
{
	return kKeys;
}

std::span<const char *const> policies()
{
	return kPolicies;
}

std::span<const char *const> failover_modes()
{
	return kFailoverModes;
}

const Head &find_head(const System &system, std::string_view argument)
{
	const std::string name = disk_name(argument);
	const Head *head = system.head(name);
	std::vector<std::string_view> names;

	if (!head)
		head = system.head_of_path(name);
	if (head)
		return *head;
	for (const Head &h : system.heads)
		names.push_back(h.name);
	throw Failure{fmt::format("no head {}; there {} {}", argument, names.size() == 1 ? "is" : "are",
				  list_of(names, "none ('mpathctl doctor' may say why)"))};
}

std::string explain_key(std::string_view head, std::string_view key, std::string_view value, int error)
{
	const std::string what = fmt::format("{}: cannot set {} to '{}'", head, key, value);

	if (error == ENOENT)
		return fmt::format("{}: this head has no {}", what, key);
	if (key == "mpath_policy") {
		if (error == EINVAL)
			return fmt::format("{}: no policy of that name; there are {}", what, fmt::join(kPolicies, ", "));
		if (error == EOPNOTSUPP)
			return fmt::format("{}: the head's driver does not allow that policy", what);
	}
	if (key == "delayed_removal_secs") {
		if (error == EINVAL)
			return what + ": not a number of seconds";
		if (error == ERANGE)
			return what + ": more than the longest there is, 31536000 (a year)";
	}
	if (key == "passthru_failover" && error == EINVAL)
		return fmt::format("{}: it can be {}", what, fmt::join(kFailoverModes, " or "));
	return explain(what, error);
}

void set_key(const Tree &tree, const Head &head, std::string_view key, const std::string &value)
{
	if (const int error = tree.write(fmt::format("sys/block/{}/{}", head.name, key), value))
		throw Failure{explain_key(head.name, key, value, error)};
}

std::vector<PathRef> find_paths(const System &system, std::string_view argument)
{
	const std::string name = disk_name(argument);
	std::vector<PathRef> found;
	std::vector<std::string_view> names;

	for (const Head &h : system.heads) {
		for (const Path &p : h.paths) {
			if (p.name == name || (p.controller && p.controller->name == name))
				found.push_back({&h, &p});
			names.push_back(p.name);
		}
	}
	if (!found.empty())
		return found;
	if (system.head(name))
		throw Failure{fmt::format("{} is a head, not a path; its paths are {}", name,
					  list_of([&] {
						  std::vector<std::string_view> own;

						  for (const Path &p : system.head(name)->paths)
							  own.push_back(p.name);
						  return own;
					  }(), "none"))};
	throw Failure{fmt::format("no path {}; there {} {}", argument, names.size() == 1 ? "is" : "are",
				  list_of(names, "none ('mpathctl doctor' may say why)"))};
}

std::string explain_state(std::string_view path, std::string_view what, int error)
{
	const std::string sentence = fmt::format("cannot {} path {}", what, path);

	if (error == EINVAL || error == EIO)
		return sentence + ": the modules that are loaded do not know how; load newer ones";
	if (error == EACCES || error == EPERM)
		return sentence + ": not permitted; try again as root (if you are: the modules that are loaded "
				  "do not know how)";
	return explain(sentence, error);
}

void fail_paths(const Tree &tree, const std::vector<PathRef> &paths, bool force)
{
	for (const PathRef &ref : paths)
		if (!force && ref.path->can_be_used() && !leaves_one(*ref.head, paths))
			throw Failure{fmt::format("{} has no other path that can be used than {}: I/O would fail; "
						  "--force does it all the same",
						  ref.head->name, ref.path->name)};
	for (const PathRef &ref : paths)
		write_state(tree, ref, "fail");
}

void restore_paths(const Tree &tree, const std::vector<PathRef> &paths)
{
	for (const PathRef &ref : paths)
		write_state(tree, ref, "restore");
}

} // namespace mpathctl
