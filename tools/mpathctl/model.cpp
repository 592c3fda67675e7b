// SPDX-License-Identifier: GPL-2.0
#include "model.hpp"

#include <algorithm>
#include <cstdlib>

namespace mpathctl {

namespace {

constexpr std::uint64_t kSector = 512; // of a disk's size in sysfs, whatever its blocks

Counters read_counters(const Tree &tree, const std::string &directory)
{
	Counters counters;

	for (std::size_t i = 0; i < kCounters; ++i)
		counters[i] = tree.number(directory + "/" + std::string{kCounterNames[i]});
	return counters;
}

std::optional<Controller> read_controller(const Tree &tree, const std::string &path)
{
	const std::string device = "sys/block/" + path + "/device";
	const auto name = tree.link_name(device);

	if (!name)
		return {};

	Controller c{*name, tree.read(device + "/state"), tree.read(device + "/transport"),
		     tree.read(device + "/address"), {}};

	if (const auto node = tree.read(device + "/numa_node"))
		c.numa_node = std::atoi(node->c_str());
	return c;
}

std::optional<Path> read_path(const Tree &tree, const std::string &stats, const std::string &name)
{
	const std::string directory = stats + "/" + name;
	const auto state = tree.read(directory + "/state");

	if (!state)
		return {};

	Path p;

	p.name = name;
	p.state = *state;
	p.access_state = tree.read(directory + "/access_state").value_or("unknown");
	p.ana_state = tree.read(directory + "/ana_state");
	p.ana_grpid = tree.number(directory + "/ana_grpid");
	p.service_time_ns = tree.number(directory + "/service_time_ns");
	p.counters = read_counters(tree, directory);
	p.controller = read_controller(tree, name);
	return p;
}

// "nuse" is left alone: reading it sends a command, which may wait for a path.
Head read_head(const Tree &tree, const std::string &name)
{
	const std::string disk = "sys/block/" + name, stats = disk + "/mpath_stats";
	const auto in_disk = [&](const char *file) { return disk + "/" + file; };
	Head h;

	h.name = name;
	h.policy = tree.read(in_disk("mpath_policy"));
	h.passthru_failover = tree.read(in_disk("passthru_failover"));
	h.wwid = tree.read(in_disk("wwid"));
	h.uuid = tree.read(in_disk("uuid"));
	h.nguid = tree.read(in_disk("nguid"));
	h.eui = tree.read(in_disk("eui"));
	h.nsid = tree.number(in_disk("nsid"));
	if ((h.size = tree.number(in_disk("size"))))
		*h.size *= kSector;
	h.block_size = tree.number(in_disk("queue/logical_block_size"));
	h.metadata_bytes = tree.number(in_disk("metadata_bytes"));
	h.delayed_removal_secs = tree.number(in_disk("delayed_removal_secs"));
	if (const auto text = tree.read(in_disk("passthru_failovers"))) {
		const auto both = words(*text);

		if (both.size() == 2) {
			h.failovers_kept = parse_number(both[0]);
			h.failovers_given_up = parse_number(both[1]);
		}
	}
	h.requeued = tree.number(stats + "/requeued");
	h.failed = tree.number(stats + "/failed");
	h.counters = read_counters(tree, stats);
	h.subsystem = {tree.read(in_disk("device/subsysnqn")), tree.read(in_disk("device/model")),
		       tree.read(in_disk("device/serial"))};
	if (name.starts_with("nvme")) {
		const std::string node = "ng" + name.substr(4);

		if (tree.exists("sys/class/mpath-generic/" + node))
			h.char_node = node;
	}
	for (const std::string &entry : tree.names(stats))
		if (tree.is_directory(stats + "/" + entry))
			if (auto path = read_path(tree, stats, entry))
				h.paths.push_back(std::move(*path));
	return h;
}

// A counter that went back belongs to something new of the same name.
double per_second(const Number &now, const Number &before, double seconds)
{
	if (!now || !before || *now < *before || seconds <= 0)
		return 0;
	return static_cast<double>(*now - *before) / seconds;
}

Rates rates_of(const Counters &now, const Counters &before, double seconds)
{
	const auto rate = [&](Counter c) { return per_second(now[c], before[c], seconds); };

	return {rate(kReadBytes), rate(kWriteBytes), rate(kBios), rate(kUringCmds) + rate(kIoctls),
		rate(kErrors)};
}

} // namespace

Rates &Rates::operator+=(const Rates &other)
{
	reads += other.reads;
	writes += other.writes;
	bios += other.bios;
	commands += other.commands;
	errors += other.errors;
	return *this;
}

std::size_t Head::usable_paths() const
{
	return static_cast<std::size_t>(std::count_if(
		paths.begin(), paths.end(), [](const Path &p) { return p.state == "usable"; }));
}

std::string_view Head::state() const
{
	if (paths.empty())
		return "lingering";
	if (std::none_of(paths.begin(), paths.end(), [](const Path &p) { return p.can_be_used(); }))
		return "no_path";
	return usable_paths() == paths.size() ? "live" : "degraded";
}

const Path *Head::path(std::string_view path_name) const
{
	const auto found = std::find_if(paths.begin(), paths.end(),
					[&](const Path &p) { return p.name == path_name; });

	return found == paths.end() ? nullptr : &*found;
}

const Head *System::head(std::string_view name) const
{
	const auto found = std::find_if(heads.begin(), heads.end(),
					[&](const Head &h) { return h.name == name; });

	return found == heads.end() ? nullptr : &*found;
}

const Head *System::head_of_path(std::string_view path) const
{
	const auto found = std::find_if(heads.begin(), heads.end(),
					[&](const Head &h) { return h.path(path); });

	return found == heads.end() ? nullptr : &*found;
}

bool is_head(const Tree &tree, std::string_view disk)
{
	return tree.is_directory("sys/block/" + std::string{disk} + "/mpath_stats");
}

System read_system(const Tree &tree)
{
	System s{std::chrono::steady_clock::now(), {}};

	for (const std::string &disk : tree.names("sys/block"))
		if (is_head(tree, disk))
			s.heads.push_back(read_head(tree, disk));
	return s;
}

void measure(System &now, const System &before)
{
	const double seconds = std::chrono::duration<double>(now.when - before.when).count();

	for (Head &h : now.heads) {
		const Head *was = before.head(h.name);

		if (!was)
			continue;
		h.rates = rates_of(h.counters, was->counters, seconds);
		for (Path &p : h.paths)
			if (const Path *path_was = was->path(p.name))
				p.rates = rates_of(p.counters, path_was->counters, seconds);
	}
}

std::string disk_name(std::string_view argument)
{
	if (argument.starts_with("/dev/"))
		argument.remove_prefix(5);
	if (argument.starts_with("ng") && argument.size() > 2 && std::isdigit(static_cast<unsigned char>(argument[2])))
		return "nvme" + std::string{argument.substr(2)};
	return std::string{argument};
}

} // namespace mpathctl
