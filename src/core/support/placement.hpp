// SPDX-License-Identifier: GPL-2.0
// Placement new without <new>: the only form of new in the core.
#pragma once

namespace mpath {
struct InPlace {
	void *at;
};
} // namespace mpath

inline void *operator new(decltype(sizeof(0)), mpath::InPlace place) noexcept
{
	return place.at;
}
