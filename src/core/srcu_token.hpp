// SPDX-License-Identifier: GPL-2.0
#pragma once

namespace mpath {

/// Proof that a section of the gate is open; a parameter where protection is needed.
/// It is empty: passing it by value costs nothing.
class SrcuToken final {
public:
	/// The shim has opened the section around its call, so that choosing a path is
	/// one crossing of the boundary. For entry.cpp alone.
	[[nodiscard]] static SrcuToken of_caller() noexcept { return {}; }

private:
	friend class SrcuSection;
	SrcuToken() = default;
};

} // namespace mpath
