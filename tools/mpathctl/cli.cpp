// SPDX-License-Identifier: GPL-2.0
#include "cli.hpp"

#include <map>

#include <fmt/format.h>

#include "control.hpp"

namespace mpathctl {

namespace {

const std::map<std::string, When> kWhen = {
	{"auto", When::kAuto}, {"always", When::kAlways}, {"never", When::kNever}};

CLI::App *add(CLI::App &app, const char *name, const char *help, Command command, Command &chosen)
{
	CLI::App *sub = app.add_subcommand(name, help);

	sub->callback([command, &chosen] { chosen = command; });
	return sub;
}

void add_json(CLI::App *sub, Options &options)
{
	sub->add_flag("--json", options.json, "JSON, as docs/mpathctl-json.md describes it");
}

std::string key_help()
{
	std::string text = "The attributes:";

	for (const Key &key : keys())
		text += fmt::format("\n  {:<22}{}", key.name, key.help);
	return text;
}

} // namespace

const std::vector<Section> &sections()
{
	static const std::vector<Section> kSections = {
		{"Exit status",
		 "0  all went well; of doctor: no problem was found\n"
		 "1  it failed, and stderr says why; of doctor: there are problems\n"
		 "2  the command line is wrong"},
		{"Environment",
		 "NO_COLOR  if set and not empty: no colours, unless --color=always"},
		{"Examples",
		 "mpathctl                           all heads and paths\n"
		 "mpathctl watch -n 1                what each path carries, every second\n"
		 "mpathctl policy nvme1000n1 round-robin\n"
		 "mpathctl fail nvme0                before work on controller nvme0\n"
		 "mpathctl restore nvme0             after it\n"
		 "mpathctl events --json | jq -r .state\n"
		 "mpathctl list --json | jq '.heads[] | select(.state != \"live\") | .name'"},
	};

	return kSections;
}

void describe(CLI::App &app, Options &o, Command &command)
{
	app.description("mpathctl shows and controls the multipath heads of libmultipath_cxx: block disks such as\n"
			"/dev/nvme1000n1 that reach a namespace by several paths (nvme0n1, nvme1n1).");
	app.set_version_flag("--version", "mpathctl " MPATHCTL_VERSION, "Print the version");
	app.set_help_flag("-h,--help", "Print this help");
	app.get_formatter()->column_width(26);
	app.require_subcommand(0, 1);
	app.fallthrough(); // global options also after the command
	app.add_option("--color", o.colour, "Colours: always, never, or auto: on a terminal")
		->transform(CLI::CheckedTransformer(kWhen).description(""))
		->type_name("WHEN");
	app.add_option("--root", o.root, "Look at DIR/sys, DIR/dev and so on: a tree of scripts/record-sysfs")
		->type_name("DIR")
		->check(CLI::ExistingDirectory.description(""));

	std::string footer = "Without a command: list. Each command has its own --help.\n";

	for (const Section &s : sections()) {
		footer += fmt::format("\n{}:\n  ", s.title);
		for (const char c : std::string{s.text})
			footer += c == '\n' ? "\n  " : std::string(1, c);
		footer += '\n';
	}


	CLI::App *sub = add(app, "list", "Heads and their paths as a tree", Command::kList, command);

	sub->add_option("HEAD", o.heads, "Only these; the name of a head, a node or a path")->type_name("");
	add_json(sub, o);
	sub->add_option("-i,--interval", o.interval, "Measure for so many seconds, and show throughput, not sums")
		->type_name("SECS")
		->check(CLI::Range(0.01, 86400.0).description(""));
	sub->footer("STATE of a path, as in mpath_stats/PATH/state: usable, disabled, inaccessible, failed, blocked,\n"
		    "admin-failed. STATE of a head: live; degraded: not all paths are usable; no_path: none can be\n"
		    "used; lingering: there is none. READ and WRITTEN are bytes of bios since the path joined.");

	sub = add(app, "show", "All about one head", Command::kShow, command);
	sub->add_option("HEAD", o.head, "The name of a head, a node or a path")->required()->type_name("");
	add_json(sub, o);

	sub = add(app, "watch", "A table that is brought up to date, like top", Command::kWatch, command);
	sub->add_option("HEAD", o.heads, "Only these")->type_name("");
	sub->add_option("-n,--interval", o.interval, "Seconds from one to the next (2)")
		->type_name("SECS")
		->check(CLI::Range(0.1, 86400.0).description(""));
	sub->add_option("-c,--count", o.count, "End after so many tables")->type_name("N")->check(
		CLI::PositiveNumber.description(""));
	sub->footer("READ/s and WRITE/s are bytes of bios; CMDS/s passthrough commands, ioctl and io_uring.\n"
		    "Ctrl-C ends it. Into a pipe it writes one table after the other.");

	sub = add(app, "policy", "Set the path policy of a head", Command::kPolicy, command);
	sub->add_option("HEAD", o.head, "The head")->required()->type_name("");
	sub->add_option("POLICY", o.policy, "numa, round-robin, queue-depth or service-time")->required()->type_name("");

	sub = add(app, "fail", "Take a path out of use", Command::kFail, command);
	sub->add_option("PATH", o.paths, "A path (nvme0n1), or a controller: all its paths (nvme0)")
		->required()
		->type_name("");
	sub->add_flag("-f,--force", o.force, "Also if no other path of the head can be used");
	sub->footer("The path is admin-failed until it is restored or leaves the head: nothing is sent there, even\n"
		    "if there is no other. What is in flight there ends there.");

	sub = add(app, "restore", "Put a path into use again", Command::kRestore, command);
	sub->add_option("PATH", o.paths, "A path, or a controller: all its paths")->required()->type_name("");
	sub->footer("Of a path that failed the errors are forgotten, too.");

	sub = add(app, "set", "Set an attribute of a head", Command::kSet, command);
	sub->add_option("HEAD", o.head, "The head")->required()->type_name("");
	sub->add_option("KEY", o.key, "One of those below")->required()->type_name("")->check(
		CLI::Validator{[](std::string &name) {
			for (const Key &key : keys())
				if (name == key.name)
					return std::string{};
			return "no attribute " + name + "; 'mpathctl set --help' lists them";
		}, ""});
	sub->add_option("VALUE", o.value, "Its new value")->required()->type_name("");
	sub->footer(key_help());

	sub = add(app, "events", "Follow changes of paths and heads", Command::kEvents, command);
	sub->add_option("HEAD", o.heads, "Only of these heads")->type_name("");
	sub->add_flag("--json", o.json, "One JSON object a line, as docs/mpathctl-json.md describes it");
	sub->add_option("-c,--count", o.count, "End after so many")->type_name("N")->check(
		CLI::PositiveNumber.description(""));
	sub->footer("Needs no privilege. States of paths as in 'list', or left; of heads: live, no_path, lingering,\n"
		    "expired.");

	sub = add(app, "doctor", "Look for problems, and say what mends them", Command::kDoctor, command);
	add_json(sub, o);
	sub->footer("Looks at: the modules, whether they are loaded and of one version; the driver's own multipath;\n"
		    "heads without a path; paths that are not usable; paths that somebody else holds; links in\n"
		    "/dev/disk/by-id. Exit status 1 if there is a problem; notes do not count.");

	footer.pop_back();
	app.footer(footer); // at last: a command inherits what there is when it is made

	// for the build
	add(app, "man-page", "", Command::kManPage, command)->group("");
	add(app, "completion", "", Command::kCompletion, command)->group("");
}

} // namespace mpathctl
