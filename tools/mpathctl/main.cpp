// SPDX-License-Identifier: GPL-2.0
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <set>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli.hpp"
#include "control.hpp"
#include "doctor.hpp"
#include "report.hpp"
#include "signals.hpp"
#include "uevent.hpp"

namespace mpathctl {

namespace {

enum Exit { kGood = 0, kFailed = 1, kUsage = 2 };

constexpr double kWatchSeconds = 2;

std::chrono::milliseconds milliseconds(double seconds)
{
	return std::chrono::milliseconds{static_cast<long long>(seconds * 1000)};
}

/// @return whether there is still somebody who reads it
/// @throws Failure if it cannot be written for another reason
bool print(std::string_view text)
{
	if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
		return true;
	if (errno == EPIPE)
		return false;
	throw Failure{fmt::format("cannot write: {}", std::strerror(errno))};
}

/// On stderr. What cannot be written there cannot be told at all.
template <class... Args> void complain(fmt::format_string<Args...> format, Args &&...args)
{
	const std::string text = fmt::format(format, std::forward<Args>(args)...);

	std::fputs(text.c_str(), stderr);
}

/// Only the heads that were asked for.
System chosen(const Tree &tree, const std::vector<std::string> &names)
{
	System all = read_system(tree);

	if (names.empty())
		return all;

	System some{all.when, {}};

	for (const std::string &name : names) {
		const Head &head = find_head(all, name);

		if (!some.head(head.name))
			some.heads.push_back(head);
	}
	return some;
}

int list(const Tree &tree, const Options &o)
{
	System system = chosen(tree, o.heads);

	if (o.interval > 0) {
		const System before = std::move(system);

		std::this_thread::sleep_for(milliseconds(o.interval));
		system = chosen(tree, o.heads);
		measure(system, before);
	}
	if (o.json)
		(void)print(json_text(to_json(system)));
	else if (!system.heads.empty())
		(void)print(list_text(system, style_of_stdout(o.colour)));
	else
		complain("mpathctl: there is no head; 'mpathctl doctor' may say why\n");
	return kGood;
}

int show(const Tree &tree, const Options &o)
{
	const System system = chosen(tree, {o.head});

	(void)print(o.json ? json_text(to_json(system))
			   : show_text(system.heads.front(), style_of_stdout(o.colour)));
	return kGood;
}

std::string watch_title(const System &system, double seconds, const Style &style)
{
	std::size_t paths = 0, usable = 0;

	for (const Head &h : system.heads) {
		paths += h.paths.size();
		usable += h.usable_paths();
	}

	const std::string title =
		fmt::format("mpathctl {:%H:%M:%S}, every {:g} s: {}, {}, {} not usable",
			    fmt::localtime(std::time(nullptr)), seconds, plural(system.heads.size(), "head"),
			    plural(paths, "path"), paths - usable);

	return style.width ? title.substr(0, style.width) : title;
}

/// Written over the last one, if it is a terminal: line by line, so that nothing flickers.
/// The last line is for the cursor. What does not fit would scroll: it is cut off.
std::string screen(std::string_view text, const Style &style, bool first)
{
	std::string out = first ? "\033[2J\033[H" : "\033[H";
	std::size_t lines = 0;

	for (const char c : text) {
		out += c == '\n' ? "\033[K\n" : std::string(1, c);
		if (c == '\n' && ++lines + 1 == style.height)
			break;
	}
	return out + "\033[J";
}

int watch(const Tree &tree, const Options &o)
{
	const double seconds = o.interval > 0 ? o.interval : kWatchSeconds;
	const bool terminal = ::isatty(STDOUT_FILENO);
	const Until until;
	System before;

	(void)chosen(tree, o.heads); // names that are wrong, before the screen is cleared
	for (unsigned n = 0;; ++n) {
		System now = read_system(tree);

		if (!o.heads.empty()) // those of them that are there still
			std::erase_if(now.heads, [&](const Head &h) {
				return std::none_of(o.heads.begin(), o.heads.end(), [&](const std::string &name) {
					return disk_name(name) == h.name || h.path(disk_name(name));
				});
			});
		measure(now, before);

		const Style style = style_of_stdout(o.colour); // the terminal may have another size
		const std::string text = watch_title(now, seconds, style) + "\n\n" + watch_text(now, style);

		if (!print(terminal ? screen(text, style, n == 0) : (n ? "\n" : "") + text))
			return kGood;
		if (o.count && n + 1 >= o.count)
			return kGood;
		before = std::move(now);
		if (until.wait(-1, milliseconds(seconds)) == Until::What::kEnd)
			return kGood;
	}
}

int events(const Tree &tree, const Options &o)
{
	if (!tree.is_live())
		throw Failure{"events are the running kernel's: there are none of a recorded tree"};

	const Until until;
	const UeventSocket socket; // before the names are looked up, so that none is missed
	const Style style = style_of_stdout(o.colour);
	std::set<std::string, std::less<>> only;
	unsigned n = 0;

	if (!o.heads.empty())
		for (const Head &h : chosen(tree, o.heads).heads)
			only.insert(h.name);
	while (until.wait(socket.fd(), std::chrono::milliseconds{-1}) != Until::What::kEnd) {
		bool lost = false;

		while (const auto message = socket.receive(lost)) {
			const auto event = parse_uevent(*message, std::chrono::system_clock::now());

			if (!event || (!only.empty() && !only.contains(event->head)))
				continue;
			if (!print(o.json ? json_line(event_json(*event)) : event_text(*event, style)))
				return kGood;
			if (++n == o.count)
				return kGood;
		}
		if (lost)
			complain("mpathctl: too many events at once, some were lost\n");
	}
	return kGood;
}

int doctor(const Tree &tree, const Options &o)
{
	const System system = read_system(tree);
	const auto findings = examine(tree, system);

	(void)print(o.json ? json_text(findings_json(findings))
			   : findings_text(findings, system, style_of_stdout(o.colour)));
	return has_problem(findings) ? kFailed : kGood;
}

std::vector<PathRef> all_paths(const System &system, const std::vector<std::string> &names)
{
	std::vector<PathRef> all;

	for (const std::string &name : names)
		for (const PathRef &ref : find_paths(system, name))
			all.push_back(ref);
	return all;
}

int run(Command command, const Options &o, const CLI::App &app)
{
	const Tree tree{o.root};

	switch (command) {
	case Command::kNone:
	case Command::kList:
		return list(tree, o);
	case Command::kShow:
		return show(tree, o);
	case Command::kWatch:
		return watch(tree, o);
	case Command::kEvents:
		return events(tree, o);
	case Command::kDoctor:
		return doctor(tree, o);
	case Command::kManPage:
		(void)print(man_page(app));
		return kGood;
	case Command::kCompletion:
		(void)print(completion(app));
		return kGood;
	case Command::kPolicy:
	case Command::kSet:
	case Command::kFail:
	case Command::kRestore:
		break;
	}

	const System system = read_system(tree);

	if (command == Command::kFail)
		fail_paths(tree, all_paths(system, o.paths), o.force);
	else if (command == Command::kRestore)
		restore_paths(tree, all_paths(system, o.paths));
	else if (command == Command::kPolicy)
		set_key(tree, find_head(system, o.head), "mpath_policy", o.policy);
	else
		set_key(tree, find_head(system, o.head), o.key, o.value);
	return kGood;
}

int parse_and_run(int argc, char **argv)
{
	Options options;
	Command command = Command::kNone;
	CLI::App app{"", "mpathctl"};

	describe(app, options, command);
	try {
		app.parse(argc, argv);
	} catch (const CLI::Success &asked) { // --help, --version
		return app.exit(asked);
	} catch (const CLI::ParseError &error) {
		const auto subs = app.get_subcommands();

		complain("mpathctl: {}\nTry 'mpathctl{} --help'.\n", error.what(),
			   subs.empty() ? "" : " " + subs.front()->get_name());
		return kUsage;
	}
	return run(command, options, app);
}

} // namespace

} // namespace mpathctl

int main(int argc, char **argv)
{
	std::setlocale(LC_ALL, "");
	try {
		const int status = mpathctl::parse_and_run(argc, argv);

		if (std::fflush(stdout) == 0 && !std::ferror(stdout))
			return status;
		mpathctl::complain("mpathctl: cannot write: {}\n", std::strerror(errno));
	} catch (const std::exception &error) {
		mpathctl::complain("mpathctl: {}\n", error.what());
	}
	return mpathctl::kFailed;
}
