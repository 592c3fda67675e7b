// SPDX-License-Identifier: GPL-2.0
#include "lifetime.hpp"

namespace mpath {
namespace {

using enum State;
using A = Action;

// Rows: State, columns: Event, both in numeric order.
constexpr Step kLifeTable[MPC_STATE_COUNT][MPC_EVENT_COUNT] = {
	{
		{kAdding, A::kAddDisk},   // set_live
		{kNew, A::kBug},	  // add_done
		{kNew, A::kBug},	  // add_failed
		{kDead, A::kNone},	  // remove
		{kNew, A::kBug},	  // remove_done
		{kNew, A::kNone},	  // path_added
		{kNew, A::kRemoveNow},	  // last_left
		{kNew, A::kNone},	  // grace_over
	},
	{
		{kAdding, A::kWait},
		{kLive, A::kNone},
		{kDead, A::kNone},
		{kAdding, A::kWait},
		{kAdding, A::kBug},
		{kAdding, A::kNone},
		{kAdding, A::kWait},
		{kAdding, A::kNone},
	},
	{
		{kLive, A::kNone},
		{kLive, A::kBug},
		{kLive, A::kBug},
		{kDying, A::kDelDisk},
		{kLive, A::kBug},
		{kLive, A::kNone},
		{kLingering, A::kArm},
		{kLive, A::kNone},
	},
	{
		{kLingering, A::kNone},
		{kLingering, A::kBug},
		{kLingering, A::kBug},
		{kDying, A::kDelDisk},
		{kLingering, A::kBug},
		{kLive, A::kDisarm},
		{kLingering, A::kNone},
		{kExpired, A::kRemoveHead},
	},
	{
		{kExpired, A::kRefuse},
		{kExpired, A::kBug},
		{kExpired, A::kBug},
		{kDying, A::kDelDisk},
		{kExpired, A::kBug},
		{kExpired, A::kRefuse},
		{kExpired, A::kNone},
		{kExpired, A::kNone},
	},
	{
		{kDying, A::kRefuse},
		{kDying, A::kBug},
		{kDying, A::kBug},
		{kDying, A::kWait},
		{kDead, A::kNone},
		{kDying, A::kRefuse},
		{kDying, A::kNone},
		{kDying, A::kNone},
	},
	{
		{kDead, A::kRefuse},
		{kDead, A::kBug},
		{kDead, A::kBug},
		{kDead, A::kNone},
		{kDead, A::kBug},
		{kDead, A::kRefuse},
		{kDead, A::kRemoveNow},
		{kDead, A::kNone},
	},
};

} // namespace

Step next_step(State state, Event event) noexcept
{
	const auto s = static_cast<u32>(state);
	const auto e = static_cast<u32>(event);

	if (s >= MPC_STATE_COUNT || e >= MPC_EVENT_COUNT)
		return {state, Action::kBug};
	return kLifeTable[s][e];
}

} // namespace mpath
