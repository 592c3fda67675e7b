// SPDX-License-Identifier: GPL-2.0
#include "text.hpp"

#include <algorithm>
#include <array>
#include <clocale>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace mpathctl {

namespace {

bool is_set(const char *variable)
{
	const char *value = std::getenv(variable);

	return value && *value;
}

// Columns that a text takes: of UTF-8 what does not continue a character.
std::size_t columns(std::string_view text)
{
	return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
		return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
	}));
}

std::string cut(std::string_view text, std::size_t width)
{
	std::size_t i = 0;

	for (std::size_t n = 0; i < text.size(); ++i)
		if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80 && n++ == width)
			break;
	return std::string{text.substr(0, i)};
}

std::string scaled(double value, double step, const std::array<const char *, 6> &units)
{
	std::size_t i = 0;

	while (value >= step && i + 1 < units.size()) {
		value /= step;
		++i;
	}
	return fmt::format("{:.{}f}{}", value, i && value < 99.95 ? 1 : 0, units[i]);
}

} // namespace

std::string Style::paint(std::string_view text, Colour c) const
{
	static constexpr const char *kCodes[] = {"", "1", "2", "32", "33", "31", "36"};

	if (!colour || c == Colour::kNone || text.empty())
		return std::string{text};
	return fmt::format("\033[{}m{}\033[0m", kCodes[static_cast<int>(c)], text);
}

Style style_of_stdout(When colour)
{
	const bool terminal = ::isatty(STDOUT_FILENO);
	const char *term = std::getenv("TERM");
	Style style;

	style.colour = colour == When::kAlways ||
		       (colour == When::kAuto && terminal && !is_set("NO_COLOR") && term &&
			std::strcmp(term, "dumb") != 0);
	style.utf8 = std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0;
	if (terminal) {
		winsize size{};

		if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
			style.width = size.ws_col, style.height = size.ws_row;
	}
	return style;
}

std::string Table::text(const Style &style) const
{
	std::vector<std::size_t> widths;
	std::string out;

	for (const auto &cells : rows_) {
		widths.resize(std::max(widths.size(), cells.size()));
		for (std::size_t i = 0; i < cells.size(); ++i)
			widths[i] = std::max(widths[i], columns(cells[i].text));
	}
	for (const auto &cells : rows_) {
		std::size_t last = cells.size(), at = 0, due = 0;

		while (last && cells[last - 1].text.empty())
			--last;
		for (std::size_t i = 0; i < last; due += widths[i] + 2, ++i) {
			const Cell &cell = cells[i];
			std::string shown = cell.text;
			std::size_t start = due;

			if (shown.empty())
				continue;
			if (cell.right)
				start += widths[i] - columns(shown);
			if (style.width && start >= style.width)
				break;
			if (style.width)
				shown = cut(shown, style.width - start);
			out.append(start - at, ' ');
			out += style.paint(shown, cell.colour);
			at = start + columns(shown);
		}
		out += '\n';
	}
	return out;
}

Colour colour_of_state(std::string_view state)
{
	if (state == "usable" || state == "live")
		return Colour::kGreen;
	if (state == "degraded" || state == "disabled" || state == "lingering" || state == "connecting" ||
	    state == "resetting")
		return Colour::kYellow;
	return Colour::kRed;
}

Colour colour_of_access(std::string_view access)
{
	if (access == "optimized")
		return Colour::kNone;
	return access == "non-optimized" ? Colour::kCyan : Colour::kYellow;
}

std::string bytes(double value)
{
	return scaled(value, 1024, {" B", " KiB", " MiB", " GiB", " TiB", " PiB"});
}

std::string bytes(const Number &value)
{
	return value ? bytes(static_cast<double>(*value)) : "-";
}

std::string count(double value)
{
	return scaled(value, 1000, {"", " k", " M", " G", " T", " P"});
}

std::string plain(const Number &value)
{
	return value ? fmt::format("{}", *value) : "-";
}

std::string nanoseconds(const Number &value)
{
	if (!value || !*value)
		return "-";

	const double ns = static_cast<double>(*value);

	if (ns < 1e6)
		return fmt::format("{:.1f} us", ns / 1e3);
	return ns < 1e9 ? fmt::format("{:.1f} ms", ns / 1e6) : fmt::format("{:.1f} s", ns / 1e9);
}

std::string or_dash(const Text &value)
{
	return value && !value->empty() ? *value : "-";
}

std::string plural(std::size_t n, std::string_view what)
{
	return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

} // namespace mpathctl
