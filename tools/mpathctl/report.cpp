// SPDX-License-Identifier: GPL-2.0
#include "report.hpp"

#include <fmt/format.h>

namespace mpathctl {

namespace {

using Cell = Table::Cell;

constexpr Colour kHeading = Colour::kBold;

std::vector<Cell> headings(std::initializer_list<const char *> names)
{
	std::vector<Cell> cells;

	for (std::string_view name : names) {
		const bool right = name.starts_with('>');

		cells.push_back(right ? Table::number(std::string{name.substr(1)}, kHeading)
				      : Cell{std::string{name}, kHeading});
	}
	return cells;
}

std::string branch(const Style &style, bool last)
{
	if (style.utf8)
		return last ? "└─ " : "├─ ";
	return last ? "`- " : "|- ";
}

Cell state_cell(std::string_view state)
{
	return {std::string{state}, colour_of_state(state)};
}

Cell counter_cell(const Number &value, bool bad = false)
{
	return Table::number(plain(value), bad && value && *value ? Colour::kRed : Colour::kNone);
}

std::string via(const Path &p)
{
	if (!p.controller)
		return "";

	const Controller &c = *p.controller;
	std::string text = c.name;

	for (const Text *part : {&c.transport, &c.address})
		if (*part && !(*part)->empty())
			text += " " + **part;
	return text;
}

std::string paths_of(const Head &h)
{
	const std::size_t usable = h.usable_paths();

	if (usable == h.paths.size())
		return plural(usable, "path");
	return fmt::format("{} of {}", usable, plural(h.paths.size(), "path"));
}

/// Bytes, or bytes a second if that was measured.
void throughput(std::vector<Cell> &row, const Counters &counters, const std::optional<Rates> &rates)
{
	if (rates) {
		row.push_back(Table::number(bytes(rates->reads) + "/s"));
		row.push_back(Table::number(bytes(rates->writes) + "/s"));
	} else {
		row.push_back(Table::number(bytes(counters[kReadBytes])));
		row.push_back(Table::number(bytes(counters[kWriteBytes])));
	}
}

void rates_row(std::vector<Cell> &row, const Counters &counters, const std::optional<Rates> &rates)
{
	row.push_back(counter_cell(counters[kInFlight]));
	for (double Rates::*what : {&Rates::reads, &Rates::writes})
		row.push_back(Table::number(rates ? bytes((*rates).*what) : "-"));
	for (double Rates::*what : {&Rates::bios, &Rates::commands})
		row.push_back(Table::number(rates ? count((*rates).*what) : "-"));
	row.push_back(Table::number(rates ? count(rates->errors) : "-",
				    rates && rates->errors > 0 ? Colour::kRed : Colour::kNone));
	row.push_back(counter_cell(counters[kErrors], true));
	row.push_back(counter_cell(counters[kFailovers]));
}

void line(std::string &out, const Style &style, std::string_view name, std::string_view value)
{
	out += style.paint(fmt::format("{:<21}", name), Colour::kDim);
	out += fmt::format("{}\n", value);
}

Json number(const Number &value)
{
	return value ? Json(*value) : Json(nullptr);
}

Json text(const Text &value)
{
	return value ? Json(*value) : Json(nullptr);
}

void add_counters(Json &json, const Counters &counters)
{
	for (std::size_t i = 0; i < kCounters; ++i)
		json[std::string{kCounterNames[i]}] = number(counters[i]);
}

Json rates_json(const std::optional<Rates> &rates)
{
	if (!rates)
		return nullptr;
	return {{"read_bytes", rates->reads},
		{"write_bytes", rates->writes},
		{"bios", rates->bios},
		{"commands", rates->commands},
		{"errors", rates->errors}};
}

Json path_json(const Path &p)
{
	Json json{{"name", p.name},
		  {"state", p.state},
		  {"access_state", p.access_state},
		  {"ana_state", text(p.ana_state)},
		  {"ana_grpid", number(p.ana_grpid)}};

	add_counters(json, p.counters);
	json["service_time_ns"] = number(p.service_time_ns);
	json["rates"] = rates_json(p.rates);
	json["controller"] = nullptr;
	if (p.controller) {
		const Controller &c = *p.controller;

		json["controller"] = {{"name", c.name},
				      {"state", text(c.state)},
				      {"transport", text(c.transport)},
				      {"address", text(c.address)},
				      {"numa_node", c.numa_node ? Json(*c.numa_node) : Json(nullptr)}};
	}
	return json;
}

Json head_json(const Head &h)
{
	Json json{{"name", h.name},
		  {"block_node", "/dev/" + h.name},
		  {"char_node", h.char_node ? Json("/dev/" + *h.char_node) : Json(nullptr)},
		  {"state", h.state()},
		  {"policy", text(h.policy)},
		  {"size_bytes", number(h.size)},
		  {"block_size", number(h.block_size)},
		  {"metadata_bytes", number(h.metadata_bytes)},
		  {"nsid", number(h.nsid)},
		  {"wwid", text(h.wwid)},
		  {"uuid", text(h.uuid)},
		  {"nguid", text(h.nguid)},
		  {"eui", text(h.eui)},
		  {"delayed_removal_secs", number(h.delayed_removal_secs)},
		  {"passthru_failover", text(h.passthru_failover)},
		  {"passthru_failovers_kept", number(h.failovers_kept)},
		  {"passthru_failovers_given_up", number(h.failovers_given_up)},
		  {"requeued", number(h.requeued)},
		  {"failed", number(h.failed)}};

	add_counters(json, h.counters);
	json["rates"] = rates_json(h.rates);
	json["subsystem"] = {{"nqn", text(h.subsystem.nqn)},
			     {"model", text(h.subsystem.model)},
			     {"serial", text(h.subsystem.serial)}};
	json["paths"] = Json::array();
	for (const Path &p : h.paths)
		json["paths"].push_back(path_json(p));
	return json;
}

} // namespace

std::string list_text(const System &system, const Style &style)
{
	Table table;

	table.row(headings({"HEAD/PATH", "STATE", "ANA", "POLICY", ">IN FLIGHT", ">READ", ">WRITTEN",
			    ">ERRORS", ">FAILOVERS", "SIZE/VIA"}));
	for (const Head &h : system.heads) {
		std::vector<Cell> row{{h.name, Colour::kBold}, state_cell(h.state()), paths_of(h),
				      or_dash(h.policy)};

		row.push_back(counter_cell(h.counters[kInFlight]));
		throughput(row, h.counters, h.rates);
		row.push_back(counter_cell(h.counters[kErrors], true));
		row.push_back(counter_cell(h.counters[kFailovers]));
		row.push_back(bytes(h.size));
		table.row(std::move(row));
		for (const Path &p : h.paths) {
			row = {branch(style, &p == &h.paths.back()) + p.name, state_cell(p.state),
			       {p.storage_says(), colour_of_access(p.storage_says())}, ""};
			row.push_back(counter_cell(p.counters[kInFlight]));
			throughput(row, p.counters, p.rates);
			row.push_back(counter_cell(p.counters[kErrors], true));
			row.push_back(counter_cell(p.counters[kFailovers]));
			row.push_back(via(p));
			table.row(std::move(row));
		}
	}
	return table.text(style);
}

std::string watch_text(const System &system, const Style &style)
{
	Table table;

	table.row(headings({"HEAD/PATH", "STATE", "ANA", ">IN FLIGHT", ">READ/s", ">WRITE/s", ">BIOS/s",
			    ">CMDS/s", ">ERR/s", ">ERRORS", ">FAILOVERS"}));
	for (const Head &h : system.heads) {
		std::vector<Cell> row{{h.name, Colour::kBold}, state_cell(h.state()), or_dash(h.policy)};

		rates_row(row, h.counters, h.rates);
		table.row(std::move(row));
		for (const Path &p : h.paths) {
			row = {branch(style, &p == &h.paths.back()) + p.name, state_cell(p.state),
			       {p.storage_says(), colour_of_access(p.storage_says())}};
			rates_row(row, p.counters, p.rates);
			table.row(std::move(row));
		}
	}
	return table.text(style);
}

std::string show_text(const Head &h, const Style &style)
{
	std::string out, nodes = "/dev/" + h.name;

	if (h.char_node)
		nodes += " /dev/" + *h.char_node;
	line(out, style, "head", style.paint(h.name, Colour::kBold));
	line(out, style, "nodes", nodes);
	line(out, style, "state",
	     fmt::format("{}, {} usable", style.paint(h.state(), colour_of_state(h.state())), paths_of(h)));
	line(out, style, "mpath_policy", or_dash(h.policy));
	line(out, style, "delayed_removal_secs", plain(h.delayed_removal_secs));
	if (h.passthru_failover)
		line(out, style, "passthru_failover", *h.passthru_failover);
	if (h.size)
		line(out, style, "size", fmt::format("{}, blocks of {} B{}", bytes(h.size), plain(h.block_size),
			h.metadata_bytes && *h.metadata_bytes
				? fmt::format(" and {} B of metadata", *h.metadata_bytes) : ""));
	if (h.nsid)
		line(out, style, "namespace", fmt::format("{}, {}", *h.nsid, or_dash(h.wwid)));
	if (h.subsystem.nqn)
		line(out, style, "subsystem", *h.subsystem.nqn);
	if (h.subsystem.model)
		line(out, style, "model", fmt::format("{}, serial {}", *h.subsystem.model, or_dash(h.subsystem.serial)));
	line(out, style, "waited for a path", fmt::format("{} times; {} bios failed for want of one",
		plain(h.requeued), plain(h.failed)));
	if (h.failovers_kept)
		line(out, style, "commands kept", fmt::format("{} from failing with their path; {} given up",
			*h.failovers_kept, plain(h.failovers_given_up)));
	out += '\n';

	Table table;

	table.row(headings({"PATH", "STATE", "ACCESS", "ANA", ">GROUP", ">IN FLIGHT", ">BIOS", ">URING",
			    ">IOCTLS", ">READ", ">WRITTEN", ">ERRORS", ">FAILOVERS", ">REFUSED",
			    ">SERVICE TIME", "CONTROLLER", "VIA"}));
	for (const Path &p : h.paths) {
		std::vector<Cell> row{p.name, state_cell(p.state),
				      {p.access_state, colour_of_access(p.access_state)}, or_dash(p.ana_state)};

		row.push_back(counter_cell(p.ana_grpid));
		row.push_back(counter_cell(p.counters[kInFlight]));
		row.push_back(counter_cell(p.counters[kBios]));
		row.push_back(counter_cell(p.counters[kUringCmds]));
		row.push_back(counter_cell(p.counters[kIoctls]));
		throughput(row, p.counters, p.rates);
		row.push_back(counter_cell(p.counters[kErrors], true));
		row.push_back(counter_cell(p.counters[kFailovers]));
		row.push_back(counter_cell(p.counters[kSubmitErrors], true));
		row.push_back(Table::number(nanoseconds(p.service_time_ns)));
		row.push_back(p.controller && p.controller->state
			? state_cell(*p.controller->state) : Cell{"-"});
		row.push_back(via(p));
		table.row(std::move(row));
	}
	out += table.text(style);
	return out;
}

Json to_json(const System &system)
{
	Json json{{"schema_version", kSchemaVersion}, {"heads", Json::array()}};

	for (const Head &h : system.heads)
		json["heads"].push_back(head_json(h));
	return json;
}

std::string json_text(const Json &json)
{
	return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string json_line(const Json &json)
{
	return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace mpathctl
