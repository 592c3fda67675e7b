// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "abi.h"
#include "lifetime.hpp"
#include "node_hint.hpp"
#include "selector.hpp"
#include "slot_table.hpp"
#include "srcu_token.hpp"
#include "support/atomic.hpp"

namespace mpath {

/// What a path is wanted for. Only a bio comes back to say how it went, so only
/// a bio may be sent to find out whether a failed path works again; the last try
/// of one is not, for what comes of it is final.
enum class For : u8 { kBio, kLastTry, kOther };

/// The decisions of one head: state, paths, choice.
///
/// Owner: the backend; lives in the storage inside struct mpath_head, built by
/// placement new, never destroyed (it owns nothing).
/// Locking: state and paths change under the head lock; anyone may read them.
/// I/O paths reach a Head only through an SrcuSection of its gate, so once the
/// gate was emptied and a grace period has passed nobody is left inside.
class Head final {
public:
	Head(mpath_head *handle, void *hints, u32 nr_nodes) noexcept;
	Head(const Head &) = delete;
	Head &operator=(const Head &) = delete;

	void bind(const mpc_ops *ops, const u32 *policy) noexcept;

	/// @context head lock held
	[[nodiscard]] Action on(Event event) noexcept;
	[[nodiscard]] State state() const noexcept
	{
		return static_cast<State>(state_.acquire()); // pairs with the release in on()
	}

	/// @context head lock held
	/// @return slot, or -ENODEV, -ENOSPC
	[[nodiscard]] int add_path(void *storage, const mpc_path_args &args) noexcept;
	/// @context head lock held
	void remove_path(Path &path) noexcept;
	[[nodiscard]] u32 path_count() const noexcept { return paths_.count(); }
	[[nodiscard]] int free_slot() const noexcept { return paths_.free_slot(); }

	/// Choose a path for this CPU; nullptr if none is usable.
	/// @context under SRCU, any context
	[[nodiscard]] Path *select(SrcuToken token, SlotMask excluded = 0,
				   For use = For::kOther) noexcept;
	/// The same for a command that was not tried yet, if what is remembered leads to a
	/// path, and pin that. Nothing if it does not, or anything is out of the ordinary:
	/// then the general way (dispatch.cpp) decides, as if this had not been called.
	/// @context under SRCU or RCU, any context, does not sleep
	[[nodiscard]] mpc_choice first(SrcuToken token, s32 node, For use) noexcept;
	/// Might a path become usable again, or is there a grace period that runs?
	[[nodiscard]] bool may_recover(SrcuToken token) noexcept;
	/// Choose for every node now.
	void choose_all(SrcuToken token) noexcept;

	/// Something about a path or the policy has changed: no CPU goes by what it
	/// remembers any more.
	/// @context any
	void changed() noexcept;
	bool clear_choice(const Path &path) noexcept;
	void clear_choices() noexcept;
	[[nodiscard]] bool is_choice(const Path &path, u32 node) noexcept;
	/// Seconds that bios wait without hope; 0: not at all.
	void set_grace(u32 seconds) noexcept;

	[[nodiscard]] mpath_head *handle() const noexcept { return handle_; }
	[[nodiscard]] const mpc_ops &ops() const noexcept { return *ops_; }
	[[nodiscard]] bool has(u32 bit) const noexcept { return ops_->has & bit; }

private:
	[[nodiscard]] NodeHint &hint(u32 node) noexcept;
	[[nodiscard]] Selection selection(s32 node, SlotMask excluded, For use) noexcept;
	template <bool kWalk>
	[[nodiscard]] mpc_choice first_by(u32 policy, s32 node, For use) noexcept;
	[[nodiscard]] mpc_choice first_by_walking(u32 policy, s32 node, For use) noexcept;
	[[nodiscard]] Path *due_for_test(const Selection &s) noexcept;
	void find_next_test() noexcept;

	const mpc_ops *ops_;
	const u32 *policy_; // the driver's variable, WRITE_ONCE there
	u8 *hints_;
	u32 nr_nodes_;
	Atomic<u32> state_;
	Atomic<u32> generation_;
	Atomic<u64> next_test_{Health::kNever}; // tick; of all failed paths
	Atomic<u64> grace_;			// ticks
	Atomic<u64> hopeless_since_;		// tick; 0: there is hope
	mpath_head *handle_;
	SlotTable paths_;
};

inline NodeHint &Head::hint(u32 node) noexcept
{
	// A node beyond the table (none is known to exist) shares the first one's.
	return *reinterpret_cast<NodeHint *>(
		hints_ + static_cast<u64>(node < nr_nodes_ ? node : 0) * MPC_HINT_STRIDE);
}

inline Selection Head::selection(s32 node, SlotMask excluded, For use) noexcept
{
	// The generation before anything that it vouches for; pairs with changed().
	return {paths_, *ops_, hint(static_cast<u32>(node)), node, excluded,
		generation_.acquire(), now_ticks(), use != For::kOther};
}

static_assert(sizeof(Head) <= MPC_HEAD_WORDS * 8);

} // namespace mpath
