// SPDX-License-Identifier: GPL-2.0
// Heads and paths, for people and for programs.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "model.hpp"
#include "text.hpp"

namespace mpathctl {

using Json = nlohmann::ordered_json;

/// docs/mpathctl-json.md describes what programs may rely on.
inline constexpr int kSchemaVersion = 1;

/// "mpathctl list"
[[nodiscard]] std::string list_text(const System &system, const Style &style);
/// "mpathctl show HEAD"
[[nodiscard]] std::string show_text(const Head &head, const Style &style);
/// One screen of "mpathctl watch".
[[nodiscard]] std::string watch_text(const System &system, const Style &style);

[[nodiscard]] Json to_json(const System &system);
/// As people expect it in a file: indented, with a newline at the end. Names that are no
/// UTF-8 are made so.
[[nodiscard]] std::string json_text(const Json &json);
[[nodiscard]] std::string json_line(const Json &json);

} // namespace mpathctl
