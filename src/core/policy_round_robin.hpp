// SPDX-License-Identifier: GPL-2.0
// round-robin: the next usable optimized path after the node's last one, else
// the next non-optimized one.
#pragma once

#include "selector.hpp"

namespace mpath {

struct RoundRobin {
	static constexpr const char *kName = "round-robin";
	static constexpr bool kWalks = false;

	static Path *remembered(const Selection &s) noexcept
	{
		LookResult last;

		if (s.hint.load(s.generation, s.now, last)) [[likely]] {
			const SlotMask members = last.members & ~s.excluded;
			Path *next = members ? s.paths.at(next_slot(s, members)) : nullptr;

			if (next && s.still(*next, last.standing)) [[likely]]
				return take(s, next);
		}
		return nullptr;
	}

	/// Slots after the last one, then those up to and with it: the walk is
	/// bounded by the snapshot of the table, never by meeting the last again.
	static Path *look(const Selection &s) noexcept
	{
		const SlotMask all = s.paths.occupied();
		const SlotMask before = up_to_last(s); // once: other CPUs move it
		Look look;
		const auto note = [&](Path &p) noexcept {
			look.note(p, s.standing(p), 0); // the first one wins
			return false;
		};

		for_each_path(s.paths, all & ~before, note);
		for_each_path(s.paths, all & before, note);
		remember(s, look);
		return take(s, look.best());
	}

private:
	static SlotMask up_to_last(const Selection &s) noexcept
	{
		const u32 last = s.hint.slot();

		return last < MPC_MAX_PATHS ? ~SlotMask{0} >> (63 - last) : 0;
	}
	static u32 next_slot(const Selection &s, SlotMask members) noexcept
	{
		const u32 begin = s.hint.after_slot();
		const SlotMask after = begin < MPC_MAX_PATHS ? members & ~SlotMask{0} << begin : 0;

		return static_cast<u32>(__builtin_ctzll(after ? after : members));
	}
	static Path *take(const Selection &s, Path *path) noexcept
	{
		if (path)
			s.hint.set_slot(path->slot());
		return path;
	}
};

} // namespace mpath
