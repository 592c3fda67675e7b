// SPDX-License-Identifier: GPL-2.0
// The manual page and the completion, from the description of the command line.
#include "cli.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control.hpp"

namespace mpathctl {

namespace {

bool shown(const CLI::App *sub)
{
	return !sub->get_group().empty();
}

std::vector<const CLI::App *> commands(const CLI::App &app)
{
	std::vector<const CLI::App *> found;

	for (const CLI::App *sub : app.get_subcommands([](const CLI::App *) { return true; }))
		if (shown(sub))
			found.push_back(sub);
	return found;
}

std::vector<const CLI::Option *> options(const CLI::App &app)
{
	return app.get_options([](const CLI::Option *) { return true; });
}

bool takes_value(const CLI::Option *option)
{
	return option->get_items_expected_max() > 0;
}

/// Text as troff takes it.
std::string troff(std::string_view text)
{
	std::string out;
	bool begin = true;

	for (const char c : text) {
		if (begin && (c == '.' || c == '\''))
			out += "\\&";
		if (c == '\\')
			out += "\\e";
		else if (c == '-')
			out += "\\-";
		else if (c == '\'')
			out += "\\(aq";
		else
			out += c;
		begin = c == '\n';
	}
	return out;
}

std::string positionals(const CLI::App &app)
{
	std::string out;

	for (const CLI::Option *o : options(app)) {
		if (!o->get_positional())
			continue;

		std::string name = fmt::format("\\fI{}\\fR", troff(o->get_name(true)));

		if (o->get_items_expected_max() > 1)
			name += "...";
		out += o->get_required() ? " " + name : " [" + name + "]";
	}
	return out;
}

std::string options_page(const CLI::App &app)
{
	std::string out;

	for (const CLI::Option *o : options(app)) {
		std::string names = fmt::format("\\fB{}\\fR", troff(o->get_name(o->get_positional(), true)));

		if (o->get_positional())
			names = fmt::format("\\fI{}\\fR", troff(o->get_name(true)));
		else if (takes_value(o))
			names += fmt::format(" \\fI{}\\fR", troff(o->get_type_name()));
		out += fmt::format(".TP\n{}\n{}\n", names, troff(o->get_description()));
	}
	return out;
}

std::string literally(std::string_view text)
{
	return fmt::format(".nf\n{}\n.fi\n", troff(text));
}

std::string upper(std::string text)
{
	for (char &c : text)
		c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
	return text;
}

/// Words that may follow an option or stand for a positional, as an expression of bash.
std::string values_of(const CLI::Option *o)
{
	const std::string name = o->get_name(o->get_positional());

	if (name == "HEAD")
		return "$(_mpathctl_heads)";
	if (name == "PATH")
		return "$(_mpathctl_paths)";
	if (name == "POLICY")
		return fmt::format("{}", fmt::join(policies(), " "));
	if (name == "KEY") {
		std::vector<std::string_view> names;

		for (const Key &key : keys())
			names.emplace_back(key.name);
		return fmt::format("{}", fmt::join(names, " "));
	}
	if (name == "--color")
		return "always auto never";
	return "";
}

std::string flags_of(const CLI::App &app)
{
	std::vector<std::string> names;

	for (const CLI::Option *o : options(app))
		for (const std::string &name : o->get_lnames())
			names.push_back("--" + name);
	return fmt::format("{}", fmt::join(names, " "));
}

} // namespace

std::string man_page(const CLI::App &app)
{
	std::string out = ".\\\" made from the program's own --help\n"
			  ".TH MPATHCTL 8 \"\" \"mpathctl " MPATHCTL_VERSION "\" \"System Administration\"\n"
			  ".SH NAME\nmpathctl \\- show and control multipath heads and their paths\n"
			  ".SH SYNOPSIS\n";
	const char *separator = "";

	for (const CLI::App *sub : commands(app)) {
		out += fmt::format("{}.B mpathctl\n\\fB{}\\fR [\\fIoption\\fR...]{}\n", separator,
				   troff(sub->get_name()), positionals(*sub));
		separator = ".br\n";
	}
	out += fmt::format(".SH DESCRIPTION\n{}\n.PP\nWithout a command it lists.\n",
			   troff(app.get_description()));
	out += fmt::format(".SH OPTIONS\nBefore or after the command.\n{}", options_page(app));
	out += ".SH COMMANDS\n";
	for (const CLI::App *sub : commands(app)) {
		out += fmt::format(".SS \"mpathctl {}{}\"\n{}.\n", troff(sub->get_name()), positionals(*sub),
				   troff(sub->get_description()));
		out += options_page(*sub);
		if (!sub->get_footer().empty())
			out += ".PP\n" + literally(sub->get_footer());
	}
	for (const Section &s : sections())
		out += fmt::format(".SH {}\n{}", upper(s.title), literally(s.text));
	out += ".SH FILES\n.TP\n.I /sys/block/HEAD/mpath_stats\nwhat the numbers come from\n"
	       ".SH SEE ALSO\n.BR nvme (1),\n.BR modprobe (8)\n";
	return out;
}

std::string completion(const CLI::App &app)
{
	std::vector<std::string> names;
	std::string cases, with_value;

	for (const CLI::App *sub : commands(app)) {
		std::string words_of, many;
		int n = 0;

		names.push_back(sub->get_name());
		for (const CLI::Option *o : options(*sub)) {
			if (!o->get_positional() || o->get_name(true) == "VALUE") // that is below
				continue;
			words_of += fmt::format("\t\t{}) words=\"{}\" ;;\n",
						o->get_items_expected_max() > 1 ? std::string{"*"} : std::to_string(n),
						values_of(o));
			++n;
		}
		if (sub->get_name() == "set")
			words_of += fmt::format("\t\t2) case ${{given[1]}} in\n"
						"\t\t\tmpath_policy) words=\"{}\" ;;\n"
						"\t\t\tpassthru_failover) words=\"{}\" ;;\n"
						"\t\t\t*) words= ;;\n"
						"\t\t\tesac ;;\n",
						fmt::join(policies(), " "), fmt::join(failover_modes(), " "));
		cases += fmt::format("\t{})\n\t\tflags+=\" {}\"\n\t\tcase ${{#given[@]}} in\n{}\t\tesac\n\t\t;;\n",
				     sub->get_name(), flags_of(*sub), words_of);
		for (const CLI::Option *o : options(*sub))
			if (!o->get_positional() && takes_value(o))
				for (const std::string &s : o->get_snames())
					with_value += (with_value.empty() ? "-" : "|-") + s;
		for (const CLI::Option *o : options(*sub))
			if (!o->get_positional() && takes_value(o))
				for (const std::string &l : o->get_lnames())
					with_value += "|--" + l;
	}
	return fmt::format(R"(# bash completion of mpathctl; made from the program's own --help
_mpathctl_heads()
{{
	local dir
	for dir in /sys/block/*/mpath_stats; do
		[[ ! -e $dir ]] || {{ dir=${{dir%/*}}; echo "${{dir##*/}}"; }}
	done
}}
_mpathctl_paths()
{{
	local dir
	for dir in /sys/block/*/mpath_stats/*/; do
		[[ ! -e $dir ]] || {{ dir=${{dir%/}}; echo "${{dir##*/}}"; }}
	done
}}
_mpathctl()
{{
	local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}}
	local command='' given=() flags='{0}' words='' i word
	COMPREPLY=()
	case $prev in
	--color) mapfile -t COMPREPLY < <(compgen -W "always auto never" -- "$cur"); return ;;
	--root) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	{1}) return ;;
	esac
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${{COMP_WORDS[i]}}
		case $word in
		--color|--root|{1}) ((++i)) ;;
		-*) ;;
		*) if [[ -z $command ]]; then command=$word; else given+=("$word"); fi ;;
		esac
	done
	case $command in
	'') words='{2}' ;;
{3}	esac
	[[ $cur != -* ]] || words=$flags
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}}
complete -F _mpathctl mpathctl
)",
			   flags_of(app), with_value, fmt::join(names, " "), cases);
}

} // namespace mpathctl
