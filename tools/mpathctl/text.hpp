// SPDX-License-Identifier: GPL-2.0
// Text for people: units, colours, columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model.hpp"

namespace mpathctl {

enum class Colour { kNone, kBold, kDim, kGreen, kYellow, kRed, kCyan };

/// What the output can take.
struct Style {
	bool colour = false;
	bool utf8 = false;
	std::size_t width = 0;	///< columns; 0: any number
	std::size_t height = 0; ///< lines; 0: any number

	[[nodiscard]] std::string paint(std::string_view text, Colour colour) const;
};

enum class When { kAuto, kAlways, kNever };
/// For stdout. kAuto: colours on a terminal, unless NO_COLOR is set or TERM is dumb.
[[nodiscard]] Style style_of_stdout(When colour);

/// Columns as wide as what is in them.
class Table final {
public:
	struct Cell {
		std::string text;
		Colour colour = Colour::kNone;
		bool right = false;

		Cell(std::string t, Colour c = Colour::kNone) : text{std::move(t)}, colour{c} {}
		Cell(const char *t) : text{t} {}
	};
	static Cell number(std::string text, Colour colour = Colour::kNone)
	{
		Cell cell{std::move(text), colour};

		cell.right = true;
		return cell;
	}

	void row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
	/// Lines that end with a newline, none with a space before it, none longer than the
	/// style's width.
	[[nodiscard]] std::string text(const Style &style) const;

private:
	std::vector<std::vector<Cell>> rows_;
};

[[nodiscard]] Colour colour_of_state(std::string_view state);
[[nodiscard]] Colour colour_of_access(std::string_view access);

[[nodiscard]] std::string bytes(double value);	///< "1.5 GiB"
[[nodiscard]] std::string bytes(const Number &value);
[[nodiscard]] std::string count(double value);	///< "123", "12.3 k"
[[nodiscard]] std::string plain(const Number &value);
[[nodiscard]] std::string nanoseconds(const Number &value);
[[nodiscard]] std::string or_dash(const Text &value);
/// "1 path", "2 paths"
[[nodiscard]] std::string plural(std::size_t n, std::string_view what);

} // namespace mpathctl
