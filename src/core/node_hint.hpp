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
	/// The one after it; 0 if none.
	[[nodiscard]] u32 after_slot() const noexcept { return slot_.relaxed(); }
	void set_slot(u32 slot) noexcept { slot_.set_relaxed(static_cast<u8>(slot + 1)); } // relaxed: hint
	[[nodiscard]] bool is(u32 slot) const noexcept { return slot_.relaxed() == slot + 1; }
	void clear() noexcept
	{
		const u32 was = generation_.relaxed();

		// A store that is on its way is of a generation that is over soon: whoever
		// clears changes it.
		if (was != kBusy)
			(void)generation_.replace(was, kVoid);
		slot_.set_relaxed(0); // relaxed: hint
	}

	/// false if it is void, or about to be replaced.
	[[nodiscard]] bool load(u32 generation, u64 now, LookResult &out) const noexcept
	{
		const u32 turn = turn_.acquire(); // pairs with its release in store()

		// acquire: pairs with the last release in store()
		if (generation_.acquire() != mark(generation))
			return false;
		if (static_cast<u32>(now) - stamp_.acquire() >= g_clock.forget)
			return false;
		out.members = members_.acquire(); // each before the turn is looked at again
		const u32 rank = rank_.acquire();

		out.standing = static_cast<Standing>(rank & kStandingMask);
		out.settled = rank & kSettled;
		return turn_.relaxed() == turn;
	}

	/// One at a time; who comes second has found something just as good, and a
	/// result of an old generation is never taken for a new one.
	///
	/// The generation alone cannot tell that a result was replaced: two results can have
	/// the same. The turn can: it changes after the generation has said that a store is
	/// on its way, and before anything else does. Who has read a turn from before sees it
	/// change if he has read anything of the store; who has read the new one sees that
	/// the generation is not right until all is stored.
	void store(u32 generation, u64 now, const LookResult &r) noexcept
	{
		const u32 was = generation_.relaxed(); // replace() has the last word

		if (was == kBusy || !generation_.replace(was, kBusy))
			return;
		turn_.release(turn_.relaxed() + 1); // who sees it sees kBusy
		members_.release(r.members);	    // who sees these sees the turn
		stamp_.release(static_cast<u32>(now));
		rank_.release(static_cast<u32>(r.standing) | (r.settled ? kSettled : 0));
		generation_.release(mark(generation)); // publishes them
	}

private:
	static constexpr u32 kVoid = 0, kBusy = 2; // generations are odd
	static constexpr u32 kStandingMask = 3, kSettled = 4;

	[[nodiscard]] static constexpr u32 mark(u32 generation) noexcept
	{
		return generation << 1 | 1;
	}

	Atomic<u8> slot_;
	Atomic<u32> turn_;
	Atomic<u32> generation_; // mark(), kVoid or kBusy
	Atomic<u32> stamp_;	 // ticks
	Atomic<u32> rank_;
	Atomic<SlotMask> members_;
};

static_assert(sizeof(NodeHint) <= MPC_HINT_STRIDE);

} // namespace mpath
