// SPDX-License-Identifier: GPL-2.0
// The life of a head as one table: (state, event) -> (state, action).
//
//              set_live    add_done add_failed remove       remove_done path_added    last_left      grace_over
//   NEW        ADDING,add  bug      bug        DEAD         bug         NEW           remove now     NEW
//   ADDING     wait        LIVE     DEAD       wait         bug         ADDING        wait           ADDING
//   LIVE       LIVE        bug      bug        DYING,delete bug         LIVE          LINGERING,arm  LIVE
//   LINGERING  LINGERING   bug      bug        DYING,delete bug         LIVE,disarm   LINGERING      EXPIRED,remove head
//   EXPIRED    refuse      bug      bug        DYING,delete bug         refuse        EXPIRED        EXPIRED
//   DYING      refuse      bug      bug        wait         DEAD        refuse        DYING          DYING
//   DEAD       refuse      bug      bug        DEAD         bug         refuse        remove now     DEAD
//
// Events happen under the head lock, so a check and the step that follows it
// are one. "wait" means: drop the lock, sleep until the state is another, try
// again; both waited-for states end by themselves (disk being added, disk being
// removed). "bug" leaves the state and warns. A disk that could not be added
// cannot be added again (device_add_disk() leaves its number behind), so that is
// the end of the head, too.
//
// last_left is sent when the last path has left a head that has a grace period.
// The driver's module is pinned exactly while the head is LINGERING or, until
// remove_head has returned, EXPIRED: "arm" takes the pin; it is dropped by
// "disarm", by a removal that finds the head LINGERING, and after "remove head".
// Each of these is one step of this table, so it happens once.
#pragma once

#include "abi.h"

namespace mpath {

enum class State : u8 {
	kNew = MPC_STATE_NEW,
	kAdding = MPC_STATE_ADDING,
	kLive = MPC_STATE_LIVE,
	kLingering = MPC_STATE_LINGERING,
	kExpired = MPC_STATE_EXPIRED,
	kDying = MPC_STATE_DYING,
	kDead = MPC_STATE_DEAD,
};

enum class Event : u8 {
	kSetLive = MPC_EVENT_SET_LIVE,
	kAddDone = MPC_EVENT_ADD_DONE,
	kAddFailed = MPC_EVENT_ADD_FAILED,
	kRemove = MPC_EVENT_REMOVE,
	kRemoveDone = MPC_EVENT_REMOVE_DONE,
	kPathAdded = MPC_EVENT_PATH_ADDED,
	kLastLeft = MPC_EVENT_LAST_LEFT,
	kGraceOver = MPC_EVENT_GRACE_OVER,
};

enum class Action : u8 {
	kNone = MPC_ACTION_NONE,
	kAddDisk = MPC_ACTION_ADD_DISK,
	kDelDisk = MPC_ACTION_DEL_DISK,
	kWait = MPC_ACTION_WAIT,
	kRefuse = MPC_ACTION_REFUSE,
	kBug = MPC_ACTION_BUG,
	kArm = MPC_ACTION_ARM,
	kDisarm = MPC_ACTION_DISARM,
	kRemoveNow = MPC_ACTION_REMOVE_NOW,
	kRemoveHead = MPC_ACTION_REMOVE_HEAD,
};

struct Step {
	State next;
	Action action;
};

/// @context any; pure
[[nodiscard]] Step next_step(State state, Event event) noexcept;

/// May a path join, and may bios be accepted? (The disk can be opened while it
/// is being added.)
[[nodiscard]] constexpr bool takes_paths(State s) noexcept
{
	return s == State::kNew || s == State::kAdding || s == State::kLive ||
	       s == State::kLingering;
}
[[nodiscard]] constexpr bool takes_io(State s) noexcept
{
	return s == State::kAdding || s == State::kLive || s == State::kLingering;
}

} // namespace mpath
