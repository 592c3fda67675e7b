// SPDX-License-Identifier: GPL-2.0
#include "lifetime.hpp"

namespace mpath {
namespace {

using enum State;
using A = Action;

// Rows: State, columns: Event, both in numeric order.
constexpr Step kLifeTable[MPC_STATE_COUNT][MPC_EVENT_COUNT] = {
	// set_live            add_done           add_failed         remove               remove_done
	{{kAdding, A::kAddDisk}, {kNew, A::kBug},   {kNew, A::kBug},   {kDead, A::kNone},    {kNew, A::kBug}},
	{{kAdding, A::kWait},    {kLive, A::kNone}, {kDead, A::kNone}, {kAdding, A::kWait},  {kAdding, A::kBug}},
	{{kLive, A::kNone},      {kLive, A::kBug},  {kLive, A::kBug},  {kDying, A::kDelDisk}, {kLive, A::kBug}},
	{{kDying, A::kRefuse},   {kDying, A::kBug}, {kDying, A::kBug}, {kDying, A::kWait},   {kDead, A::kNone}},
	{{kDead, A::kRefuse},    {kDead, A::kBug},  {kDead, A::kBug},  {kDead, A::kNone},    {kDead, A::kBug}},
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
