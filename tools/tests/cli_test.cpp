// SPDX-License-Identifier: GPL-2.0
// The command line, watch, the manual page and the completion.
#include "support.hpp"

#include <csignal>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace test;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

namespace {

const std::vector<std::string> kCommands = {"list", "show", "watch", "policy", "fail",
					    "restore", "set", "events", "doctor"};

TEST(CommandLine, HelpIsForEveryCommand)
{
	const Result all = ctl({"--help"});

	EXPECT_EQ(all.status, 0);
	EXPECT_EQ(all.err, "");
	expect_golden("help.txt", all.out);
	for (const std::string &command : kCommands) {
		const Result r = ctl({command, "--help"});

		EXPECT_EQ(r.status, 0) << command;
		EXPECT_THAT(r.out, HasSubstr("Usage: mpathctl " + command));
		EXPECT_THAT(r.out, Not(HasSubstr("Exit status:"))) << "that is in the program's own";
		EXPECT_THAT(all.out, HasSubstr("\n  " + command + " "));
	}
	EXPECT_THAT(ctl({"set", "--help"}).out, HasSubstr("delayed_removal_secs"));
}

TEST(CommandLine, VersionIsThatOfTheModules)
{
	EXPECT_EQ(ctl({"--version"}).out,
		  "mpathctl " + read_file(from_environment("MPATHCTL_SOURCE") + "/VERSION"));
}

TEST(CommandLine, WhatIsWrongIsStatus2)
{
	const std::vector<std::vector<std::string>> wrong = {
		{"frobnicate"},	  {"--frobnicate"}, {"list", "--frobnicate"}, {"policy"},
		{"policy", "x"},  {"fail"},	    {"set", "x", "mpath_policy"}, {"--color=blue"},
		{"watch", "-n0"}, {"watch", "-c", "0"}, {"watch", "-c", "-1"}, {"doctor", "nvme0"},
		{"--root", "/no/such/directory"}, {"show", "a", "b"},
	};

	for (const auto &arguments : wrong) {
		const Result r = ctl(arguments);

		EXPECT_EQ(r.status, 2) << ::testing::PrintToString(arguments);
		EXPECT_EQ(r.out, "");
		EXPECT_THAT(r.err, StartsWith("mpathctl: "));
		EXPECT_THAT(r.err, HasSubstr("--help'"));
	}
}

TEST(CommandLine, AFullDiskIsAFailure)
{
	const Recorded tree;
	const std::string command = from_environment("MPATHCTL") + " --root " + tree.root() + " list >/dev/full 2>&1";

	EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
}

struct Watch : OnATree {
	[[nodiscard]] Call watch(std::vector<std::string> more) const
	{
		Call what{{"--root", root(), "watch"}};

		what.arguments.insert(what.arguments.end(), more.begin(), more.end());
		return what;
	}
};

TEST_F(Watch, PrintsSoManyTables)
{
	const Result r = run(watch({"-n", "0.1", "-c", "3"}));
	std::size_t tables = 0;

	EXPECT_EQ(r.status, 0);
	for (std::size_t at = r.out.find("HEAD/PATH"); at != r.out.npos; at = r.out.find("HEAD/PATH", at + 1))
		++tables;
	EXPECT_EQ(tables, 3u);
	EXPECT_THAT(r.out, HasSubstr("2 heads, 3 paths, 0 not usable"));
	EXPECT_THAT(r.out, Not(HasSubstr("\033")));
}

TEST_F(Watch, ShowsWhatChanges)
{
	Call what = watch({"-n", "0.1", "nvme1000n1"});

	what.meanwhile = [&](int pid, const auto &until) {
		until("0 not usable");
		set_path("nvme1000n1", "nvme0n1", "state", "failed");
		until("1 head, 2 paths, 1 not usable");
		set_path("nvme1000n1", "nvme1n1", "read_bytes", "90000000000");
		until("GiB"); // in one interval
		::kill(pid, SIGINT);
	};

	const Result r = run(what);

	EXPECT_EQ(r.status, 0) << r.err;
	EXPECT_THAT(r.out, Not(HasSubstr("nvme1001n1")));
}

TEST_F(Watch, ATerminalIsWrittenOver)
{
	Call what = watch({"-n", "0.1"});

	what.terminal = true;
	what.meanwhile = [&](int pid, const auto &until) {
		until("\033[2J");
		until("\033[J\033[H"); // the end of one, the begin of the next
		::kill(pid, SIGTERM);
	};
	EXPECT_EQ(run(what).status, 0);
}

TEST_F(Watch, WhatDoesNotFitTheTerminalIsCutOff)
{
	const std::string stats = root() + "/sys/block/nvme1000n1/mpath_stats/";
	Call what = watch({"-n", "0.1", "-c", "1"});

	for (int i = 20; i < 50; ++i)
		fs::copy(stats + "nvme0n1", stats + "nvme" + std::to_string(i) + "n1");
	what.terminal = true; // of 24 lines

	const std::string out = run(what).out;

	EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 23);
	EXPECT_THAT(out, HasSubstr("33 paths"));
	EXPECT_THAT(out, HasSubstr("nvme20n1"));
	EXPECT_THAT(out, Not(HasSubstr("nvme49n1")));
}

TEST_F(Watch, EndsWhenNobodyReadsAnyMore)
{
	const std::string command =
		from_environment("MPATHCTL") + " --root " + root() + " watch -n 1000 >&3";
	int ends[2];

	ASSERT_EQ(::pipe(ends), 0);

	const pid_t pid = ::fork();

	if (pid == 0) {
		::close(ends[0]);
		::dup2(ends[1], 3);
		::execl("/bin/sh", "sh", "-c", ("exec " + command).c_str(), nullptr);
		::_exit(127);
	}
	::close(ends[1]);

	char c;
	int status = 0;

	ASSERT_EQ(::read(ends[0], &c, 1), 1);
	::close(ends[0]); // long before the next table
	ASSERT_EQ(::waitpid(pid, &status, 0), pid);
	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(Watch, AHeadThatIsNotThereIsAFailure)
{
	const Result r = run(watch({"nvme9n9"}));

	EXPECT_EQ(r.status, 1);
	EXPECT_THAT(r.err, HasSubstr("no head nvme9n9"));
}

TEST(ManPage, HasAllThatHelpHas)
{
	const std::string page = read_file(from_environment("MPATHCTL_BUILD") + "/mpathctl.8");

	EXPECT_THAT(page, HasSubstr(".TH MPATHCTL 8"));
	for (const std::string &command : kCommands)
		EXPECT_THAT(page, HasSubstr(".SS \"mpathctl " + command));
	for (const char *text : {"NO_COLOR", "\\-\\-json", "\\-\\-root", ".SH EXIT STATUS", ".SH EXAMPLES"})
		EXPECT_THAT(page, HasSubstr(text));
	EXPECT_THAT(page, Not(HasSubstr("man\\-page"))) << "that is for the build";
}

TEST(Install, PutsThreeFilesWhereTheyBelong)
{
	const fs::path to = fs::temp_directory_path() / ("mpathctl-install." + std::to_string(::getpid()));
	const std::string command = "env -u MAKEFLAGS make -s -C " + from_environment("MPATHCTL_SOURCE") +
				    "/tools install build=" + from_environment("MPATHCTL_BUILD") +
				    " prefix=/usr DESTDIR=" + to.string() + " >/dev/null";
	std::vector<std::string> files;

	EXPECT_EQ(std::system(command.c_str()), 0);
	for (const auto &entry : fs::recursive_directory_iterator{to})
		if (entry.is_regular_file())
			files.push_back(entry.path().string().substr(to.string().size()));
	fs::remove_all(to);
	EXPECT_THAT(files, ::testing::UnorderedElementsAre("/usr/bin/mpathctl", "/usr/share/man/man8/mpathctl.8",
							   "/usr/share/bash-completion/completions/mpathctl"));
}

/// What bash would offer after these words.
std::string completed(const std::string &words)
{
	const std::string script = ". " + from_environment("MPATHCTL_BUILD") + "/mpathctl.bash; set -- mpathctl " + words +
				   "; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _mpathctl; echo \"${COMPREPLY[*]}\"";
	FILE *pipe = ::popen(("bash -uc '" + script + "'").c_str(), "r");
	char buffer[1024];
	std::string out;

	while (std::size_t n = std::fread(buffer, 1, sizeof(buffer), pipe))
		out.append(buffer, n);
	EXPECT_EQ(::pclose(pipe), 0);
	if (!out.empty())
		out.pop_back();
	return out;
}

TEST(Completion, OffersCommandsOptionsAndValues)
{
	EXPECT_EQ(completed("\"\""), "list show watch policy fail restore set events doctor");
	EXPECT_EQ(completed("re"), "restore");
	EXPECT_EQ(completed("policy nvme1000n1 \"\""), "numa round-robin queue-depth service-time");
	EXPECT_EQ(completed("--root /tmp policy nvme1000n1 r"), "round-robin");
	EXPECT_EQ(completed("set nvme1000n1 \"\""), "mpath_policy delayed_removal_secs passthru_failover");
	EXPECT_EQ(completed("set nvme1000n1 passthru_failover \"\""), "idempotent off");
	EXPECT_EQ(completed("set nvme1000n1 delayed_removal_secs \"\""), "");
	EXPECT_EQ(completed("list --j"), "--json");
	EXPECT_EQ(completed("fail --f"), "--force");
	EXPECT_EQ(completed("--color a"), "always auto");
	EXPECT_EQ(completed("watch -n \"\""), "");
}

} // namespace
