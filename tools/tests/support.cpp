// SPDX-License-Identifier: GPL-2.0
#include "support.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

namespace test {

namespace {

/// Unpacked once, by the script that people use.
const fs::path &original()
{
	static const struct Original {
		fs::path path;

		Original()
		{
			const std::string source = from_environment("MPATHCTL_SOURCE");

			path = fs::temp_directory_path() / ("mpathctl-test." + std::to_string(::getpid()));

			const std::string command = source + "/scripts/record-sysfs --unpack " + source +
						    "/tools/tests/two-heads.sysfs " + path.string();

			if (std::system(command.c_str()) != 0)
				throw std::runtime_error{"cannot unpack the recorded tree"};
		}
		~Original() { fs::remove_all(path); }
	} kOriginal;

	return kOriginal.path;
}

int counter = 0;
constexpr std::chrono::seconds kPatience{60}; // with a program that should print something

/// What can be read without waiting longer than that.
bool read_some(int fd, std::string &text, int milliseconds)
{
	pollfd file{fd, POLLIN, 0};
	char buffer[4096];

	if (::poll(&file, 1, milliseconds) <= 0)
		return true;

	const ssize_t n = ::read(fd, buffer, sizeof(buffer));

	if (n <= 0) // of a terminal that is closed: EIO
		return false;
	text.append(buffer, static_cast<std::size_t>(n));
	return true;
}

using nlohmann::json;

bool is_type(const json &value, const std::string &type)
{
	if (type == "null")
		return value.is_null();
	if (type == "string")
		return value.is_string();
	if (type == "integer")
		return value.is_number_integer();
	if (type == "number")
		return value.is_number();
	if (type == "object")
		return value.is_object();
	if (type == "array")
		return value.is_array();
	throw std::runtime_error{"the schema has a type that this test does not know: " + type};
}

std::string broken(const json &schema, const json &all, const json &value, const std::string &where)
{
	for (const auto &[keyword, _] : schema.items()) {
		static const std::set<std::string> kKnown = {"type",  "properties", "required", "items",
							     "enum", "minimum", "$ref", "additionalProperties"};

		if (!kKnown.contains(keyword))
			throw std::runtime_error{"the schema has a keyword that this test does not know: " + keyword};
	}
	if (schema.contains("$ref")) {
		const std::string ref = schema["$ref"], prefix = "#/$defs/";

		return broken(all["$defs"].at(ref.substr(prefix.size())), all, value, where);
	}
	if (schema.contains("enum") &&
	    std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
		return where + ": not one of " + schema["enum"].dump() + ": " + value.dump();
	if (schema.contains("type")) {
		const json types = schema["type"].is_array() ? schema["type"] : json::array({schema["type"]});

		if (std::none_of(types.begin(), types.end(), [&](const json &t) { return is_type(value, t); }))
			return where + ": no " + types.dump() + ": " + value.dump();
	}
	if (schema.contains("minimum") && value.is_number() && value < schema["minimum"])
		return where + ": too small: " + value.dump();
	if (value.is_array() && schema.contains("items"))
		for (std::size_t i = 0; i < value.size(); ++i)
			if (auto bad = broken(schema["items"], all, value[i], where + "[" + std::to_string(i) + "]");
			    !bad.empty())
				return bad;
	if (!value.is_object() || !schema.contains("properties"))
		return "";
	for (const std::string name : schema.value("required", json::array()))
		if (!value.contains(name))
			return where + ": no member " + name;
	for (const auto &[name, member] : value.items()) {
		if (!schema["properties"].contains(name)) {
			if (!schema.value("additionalProperties", true))
				return where + ": not documented: " + name;
			continue;
		}
		if (auto bad = broken(schema["properties"][name], all, member, where + "." + name); !bad.empty())
			return bad;
	}
	return "";
}

} // namespace

std::string from_environment(const char *name)
{
	const char *value = std::getenv(name);

	if (!value)
		throw std::runtime_error{std::string{name} + " is not set: run make -C tools check"};
	return value;
}

std::string read_file(const fs::path &path)
{
	std::ifstream file{path};

	if (!file)
		throw std::runtime_error{"cannot read " + path.string()};
	return {std::istreambuf_iterator<char>{file}, {}};
}

Recorded::Recorded() : root_{original().string() + "." + std::to_string(counter++)}
{
	fs::copy(original(), root_, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
}

Recorded::~Recorded()
{
	fs::remove_all(root_);
}

std::string Recorded::read(std::string_view file) const
{
	return read_file(root_ / file);
}

void Recorded::write(std::string_view file, std::string_view content) const
{
	const fs::path path = root_ / file;

	fs::create_directories(path.parent_path());
	if (fs::exists(path))
		fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
	std::ofstream{path} << content;
}

void Recorded::link(std::string_view file, std::string_view target) const
{
	const fs::path path = root_ / file;

	fs::create_directories(path.parent_path());
	fs::remove(path);
	fs::create_symlink(target, path);
}

void Recorded::remove(std::string_view path) const
{
	fs::remove_all(root_ / path);
}

void Recorded::set_path(std::string_view head, std::string_view path, std::string_view file,
			std::string_view content) const
{
	write("sys/block/" + std::string{head} + "/mpath_stats/" + std::string{path} + "/" + std::string{file},
	      std::string{content} + "\n");
}

void Recorded::detach(std::string_view head, std::string_view path) const
{
	remove("sys/block/" + std::string{head} + "/mpath_stats/" + std::string{path});
	remove("sys/block/" + std::string{head} + "/multipath/" + std::string{path});
	remove("sys/block/" + std::string{path} + "/holders/" + std::string{head});
}

Result run(const Call &what)
{
	const std::string program = from_environment("MPATHCTL");
	Result result;
	int out[2], err[2];
	std::vector<char *> argv{const_cast<char *>("mpathctl")};

	for (const std::string &argument : what.arguments)
		argv.push_back(const_cast<char *>(argument.c_str()));
	argv.push_back(nullptr);

	if (what.terminal) {
		const winsize size{24, 80, 0, 0};

		if (::openpty(&out[0], &out[1], nullptr, nullptr, &size) != 0)
			throw std::runtime_error{"no pseudo terminal"};
		::fcntl(out[0], F_SETFD, FD_CLOEXEC);
	} else if (::pipe2(out, O_CLOEXEC) != 0) {
		throw std::runtime_error{"no pipe"};
	}
	if (::pipe2(err, O_CLOEXEC) != 0)
		throw std::runtime_error{"no pipe"};

	const pid_t pid = ::fork();

	if (pid == 0) {
		::dup2(out[1], STDOUT_FILENO);
		::dup2(err[1], STDERR_FILENO);
		::setenv("LC_ALL", "C.UTF-8", 1);
		::setenv("TERM", "xterm", 1);
		::setenv("TZ", "UTC", 1);
		::unsetenv("NO_COLOR");
		for (const auto &[name, value] : what.environment)
			::setenv(name.c_str(), value.c_str(), 1);

		// opened before: nobody need not be let into the directory where it is
		const int file = ::open(program.c_str(), O_RDONLY | O_CLOEXEC);

		if (what.unprivileged && ::geteuid() == 0 && (::setgroups(0, nullptr) != 0 ||
		    ::setgid(65534) != 0 || ::setuid(65534) != 0))
			::_exit(126);
		::fexecve(file, argv.data(), environ);
		::_exit(127);
	}
	::close(out[1]);
	::close(err[1]);

	std::jthread errors{[&] {
		while (read_some(err[0], result.err, -1)) {
		}
	}};

	if (what.meanwhile) {
		try {
			what.meanwhile(pid, [&](std::string_view expected) {
				const auto end = std::chrono::steady_clock::now() + kPatience;

				while (result.out.find(expected) == std::string::npos)
					if (!read_some(out[0], result.out, 1000) ||
					    std::chrono::steady_clock::now() > end)
						throw std::runtime_error{"never printed: " + std::string{expected} +
									 "; but: " + result.out};
			});
		} catch (const std::exception &error) {
			ADD_FAILURE() << error.what();
			::kill(pid, SIGKILL);
		}
	}
	while (read_some(out[0], result.out, -1)) {
	}

	int status = 0;

	::waitpid(pid, &status, 0);
	errors.join();
	::close(out[0]);
	::close(err[0]);
	result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return result;
}

Result ctl(std::vector<std::string> arguments)
{
	return run({std::move(arguments)});
}

void expect_golden(const std::string &name, const std::string &text)
{
	const fs::path path = fs::path{from_environment("MPATHCTL_SOURCE")} / "tools/tests/golden" / name;
	const char *mode = std::getenv("MPATHCTL_GOLDEN");

	if (mode && std::string_view{mode} == "write") {
		fs::create_directories(path.parent_path());
		std::ofstream{path} << text;
	}
	EXPECT_EQ(read_file(path), text) << "golden/" << name << "; if that is right: MPATHCTL_GOLDEN=write";
}

std::string against_schema(const std::string &definition, const json &value)
{
	const std::string page =
		read_file(fs::path{from_environment("MPATHCTL_SOURCE")} / "docs/mpathctl-json.md");
	const std::size_t begin = page.find("```json\n") + 8, end = page.find("```\n", begin);
	const json schema = json::parse(page.substr(begin, end - begin));

	return broken(schema["$defs"].at(definition), schema, value, definition);
}

} // namespace test
