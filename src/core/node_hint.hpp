// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "abi.h"
#include "slot_table.hpp"
#include "support/atomic.hpp"

namespace mpath {

/// How good a path is for the next command; the lower the better.
enum class Standing : u8 {
	kOptimized,
	kNonOptimized,
	kSpare, ///< failed: if there is nothing else
	kNone,	///< must not be used
};

/// What a look at all paths came to, as far as it is worth remembering.
struct LookResult {
	SlotMask members; ///< the paths of the best standing there is
	Standing standing;
	bool settled; ///< for numa: keep the choice though it is not optimized
};

/// What one node remembers: the last choice, and which paths were the best when
/// all of them were looked at last. With it a choice costs the same for 2 paths
/// as for 64.
///
/// Only ever a hint: the path that it leads to is asked again before use. What
/// it cannot know is that another path has become better; so it is void as soon
/// as the head's generation has changed, which every event of a path or policy
/// does, and after a tenth of a second, for drivers that change a path without
/// telling.
///
/// Owner: Head, a cache line for each node.
class NodeHint final {
public:
	[[nodiscard]] u32 slot() const noexcept { return slot_.relaxed() - 1u; } // huge if none
	void set_slot(u32 slot) noexcept { slot_.set_relaxed(static_cast<u8>(slot + 1)); } // relaxed: hint
	[[nodiscard]] bool is(u32 slot) const noexcept { return slot_.relaxed() == slot + 1; }
	void clear() noexcept
	{
		key_.set_relaxed(0); // relaxed: hint
		slot_.set_relaxed(0);
	}

	/// false if it is void, or about to be replaced.
	[[nodiscard]] bool load(u32 generation, u64 now, LookResult &out) const noexcept
	{
		const u32 turn = turn_.acquire(); // pairs with the last release in store()
		const u64 key = key_.acquire();	  // before the turn is looked at again

		if (turn & 1 || !(key & kValid) || ((key >> kGenerationShift) & kGenerationMask) !=
							   (generation & kGenerationMask))
			return false;
		if (static_cast<u32>(now) - static_cast<u32>(key) >= g_clock.hz / 10)
			return false;
		out.members = members_.acquire(); // before the turn is looked at again
		out.standing = static_cast<Standing>((key >> kStandingShift) & 3);
		out.settled = key & kSettled;
		return turn_.relaxed() == turn;
	}

	/// One at a time; who comes second has found something just as good, and a
	/// result of an old generation is never taken for a new one.
	///
	/// The key alone cannot tell that a result was replaced: two results of one
	/// clock tick can have the same. The turn can; it is odd during a store.
	void store(u32 generation, u64 now, const LookResult &r) noexcept
	{
		const u32 turn = turn_.relaxed(); // replace() has the last word

		if (turn & 1 || !turn_.replace(turn, turn + 1))
			return;
		members_.release(r.members); // who sees it sees the odd turn
		key_.release(kValid | (r.settled ? kSettled : 0) |
			     static_cast<u64>(r.standing) << kStandingShift |
			     u64{generation & kGenerationMask} << kGenerationShift |
			     static_cast<u32>(now)); // the same
		turn_.release(turn + 2);	     // pairs with load()
	}

private:
	static constexpr u64 kValid = u64{1} << 63;
	static constexpr u64 kSettled = u64{1} << 62;
	static constexpr u32 kStandingShift = 60;
	static constexpr u32 kGenerationShift = 32;
	static constexpr u32 kGenerationMask = 0xffffff;

	Atomic<u8> slot_;
	Atomic<u32> turn_;
	Atomic<u64> key_;
	Atomic<SlotMask> members_;
};

static_assert(sizeof(NodeHint) <= MPC_HINT_STRIDE);

} // namespace mpath
