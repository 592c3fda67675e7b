// SPDX-License-Identifier: GPL-2.0
#include "tree.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace mpathctl {

namespace {

/// A file that is closed when it goes out of scope.
class Fd final {
public:
	explicit Fd(int fd) : fd_{fd} {}
	~Fd()
	{
		if (fd_ >= 0)
			::close(fd_);
	}
	Fd(const Fd &) = delete;
	Fd &operator=(const Fd &) = delete;
	[[nodiscard]] int get() const { return fd_; }

private:
	int fd_;
};

/// More than any file here has; what has no end is not one of them.
constexpr std::size_t kLongest = 16 << 20;

bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/// The digits at the front of a name, without leading zeros; removed from it.
std::string_view take_number(std::string_view &name)
{
	std::size_t n = 0;

	while (n < name.size() && is_digit(name[n]))
		++n;

	std::string_view digits = name.substr(0, n);

	name.remove_prefix(n);
	while (digits.size() > 1 && digits.front() == '0')
		digits.remove_prefix(1);
	return digits;
}

} // namespace

bool natural_less(std::string_view a, std::string_view b)
{
	while (!a.empty() && !b.empty()) {
		if (is_digit(a.front()) && is_digit(b.front())) {
			const std::string_view x = take_number(a), y = take_number(b);

			if (x.size() != y.size())
				return x.size() < y.size();
			if (x != y)
				return x < y;
			continue;
		}
		if (a.front() != b.front())
			return a.front() < b.front();
		a.remove_prefix(1);
		b.remove_prefix(1);
	}
	return a.size() < b.size();
}

std::optional<std::uint64_t> parse_number(std::string_view text)
{
	std::uint64_t value = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);

	if (error != std::errc{} || end != text.data() + text.size())
		return {};
	return value;
}

std::vector<std::string_view> words(std::string_view text)
{
	std::vector<std::string_view> found;

	while (!text.empty()) {
		const std::size_t begin = text.find_first_not_of(" \t\n");

		if (begin == text.npos)
			break;
		text.remove_prefix(begin);

		const std::size_t end = std::min(text.find_first_of(" \t\n"), text.size());

		found.push_back(text.substr(0, end));
		text.remove_prefix(end);
	}
	return found;
}

Tree::Tree(std::string root) : root_{std::move(root)}
{
	if (root_.empty() || root_.back() != '/')
		root_ += '/';
}

bool Tree::exists(std::string_view path) const
{
	std::error_code error;

	return fs::exists(full(path), error);
}

bool Tree::is_directory(std::string_view path) const
{
	std::error_code error;

	return fs::is_directory(full(path), error);
}

std::optional<std::string> Tree::read(std::string_view path) const
{
	const Fd fd{::open(full(path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
	std::string text;
	char buffer[4096];

	if (fd.get() < 0)
		return {};
	while (text.size() < kLongest) {
		const ssize_t n = ::read(fd.get(), buffer, sizeof(buffer));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return {};
		if (n == 0)
			break;
		text.append(buffer, static_cast<std::size_t>(n));
	}
	while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
		text.pop_back();
	return text;
}

std::optional<std::uint64_t> Tree::number(std::string_view path) const
{
	const auto text = read(path);

	return text ? parse_number(*text) : std::nullopt;
}

std::vector<std::string> Tree::names(std::string_view directory) const
{
	std::vector<std::string> found;
	std::error_code error;

	for (fs::directory_iterator it{full(directory), error}, end; !error && it != end;
	     it.increment(error))
		found.push_back(it->path().filename());
	std::sort(found.begin(), found.end(), natural_less);
	return found;
}

std::optional<std::string> Tree::link_name(std::string_view path) const
{
	std::error_code error;
	const fs::path target = fs::read_symlink(full(path), error);

	if (error)
		return {};
	return target.filename().string();
}

// One write call, as an attribute's store sees it; the newline is what echo adds.
int Tree::write(std::string_view path, std::string_view value) const
{
	const Fd fd{::open(full(path).c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC)};
	const std::string line = std::string{value} + "\n";

	if (fd.get() < 0)
		return errno;
	for (;;) {
		const ssize_t n = ::write(fd.get(), line.data(), line.size());

		if (n == static_cast<ssize_t>(line.size()))
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		return n < 0 ? errno : EIO;
	}
}

} // namespace mpathctl
