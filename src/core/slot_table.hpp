// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "abi.h"
#include "path.hpp"
#include "support/atomic.hpp"
#include "support/placement.hpp"

namespace mpath {

/// A set of slots as bits; bit n stands for slot n.
using SlotMask = u64;

[[nodiscard]] constexpr SlotMask slot_bit(u32 slot) noexcept
{
	return SlotMask{1} << slot;
}

/// The paths of one head.
///
/// A walk goes over the bits of one snapshot of `occupied()`, so it ends after
/// at most 64 steps whatever joins or leaves meanwhile: there is no cursor that
/// could be unlinked under it. A slot number is a hint that cannot dangle.
///
/// Owner: Head. Writers hold the head lock; readers are in an SrcuSection.
/// Invariant: a set bit has a path in its slot; a path is in its slot before
/// the bit is set, and the bit is cleared before the path is.
class SlotTable final {
public:
	[[nodiscard]] SlotMask occupied() const noexcept
	{
		return occupied_.acquire(); // pairs with the release in add()
	}
	/// nullptr if the path has just left.
	[[nodiscard]] Path *at(u32 slot) const noexcept
	{
		return slot < MPC_MAX_PATHS ? slots_[slot].acquire() : nullptr; // pairs with add()
	}
	/// @context head lock held
	[[nodiscard]] u32 count() const noexcept
	{
		return count_;
	}
	/// The lowest free slot or -1.
	[[nodiscard]] int free_slot() const noexcept
	{
		const SlotMask free = ~occupied_.relaxed(); // lock held

		return free ? __builtin_ctzll(free) : -1;
	}

	void add(Path *path) noexcept
	{
		slots_[path->slot()].release(path);	   // publishes the path's fields
		occupied_.release(occupied_.relaxed() | slot_bit(path->slot()));
		++count_;
	}

	/// false if the path was not there.
	bool remove(const Path *path) noexcept
	{
		const u32 slot = path->slot();

		if (slot >= MPC_MAX_PATHS || slots_[slot].relaxed() != path)
			return false;
		occupied_.release(occupied_.relaxed() & ~slot_bit(slot));
		slots_[slot].release(nullptr);
		--count_;
		return true;
	}

private:
	u32 count_ = 0; // under the head lock; not a popcount: without the instruction that is a libgcc call
	Atomic<SlotMask> occupied_;
	Atomic<Path *> slots_[MPC_MAX_PATHS];
};

/// Calls f(Path &) for each path of `mask` that is still there, lowest slot
/// first, until f returns true.
template <typename F>
inline void for_each_path(const SlotTable &table, SlotMask mask, F &&f) noexcept
{
	for (; mask; mask &= mask - 1) {
		Path *path = table.at(static_cast<u32>(__builtin_ctzll(mask)));

		if (path && f(*path))
			return;
	}
}

} // namespace mpath
