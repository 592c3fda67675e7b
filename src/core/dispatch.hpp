// SPDX-License-Identifier: GPL-2.0
// From a node to a path: bios, ioctls, io_uring commands, calls.
#pragma once

#include "abi.h"

namespace mpath {

class Path;

/// Did the path itself refuse the submission, so that nothing was executed?
/// These three are what a dying request queue or device answers; any other
/// errno is about the command and goes to the caller.
[[nodiscard]] constexpr bool is_path_errno(long err) noexcept
{
	return err == -MPC_ENODEV || err == -MPC_ENXIO || err == -MPC_ESHUTDOWN;
}

/// @context process (may sleep) or under a plug; consumes the bio
/// @source drivers/nvme/host/multipath.c, nvme_ns_head_submit_bio()
void submit_bio(mpath_gate *gate, bio *b) noexcept;

/// Send a bio again that was parked. `t`: its tries; nullptr if it had none.
///
/// Every usable path is tried once, in the order the policy gives; a quarter of a
/// second later one that is usable then is tried once more, and its answer is
/// final. A bio that is left without a usable path waits as long as one may come
/// back, at most 32 times.
/// @context process, may sleep
/// @return MPC_BIO_*; unless it was sent the bio is the caller's
[[nodiscard]] u32 redrive_bio(mpath_gate *gate, bio *b, mpc_try *t) noexcept;

/// A bio came back from `path`, which is pinned, with an error that another path
/// may not give.
/// @context any
/// @return MPC_TRY_AGAIN: park it; MPC_TRY_DONE: the error is final
[[nodiscard]] u32 path_bad(Path &path, const mpc_ops &ops, mpc_try &t, bool &changed) noexcept;

/// A bio came back with an error that any path would give, but that the path's
/// driver might have got over had it not been told to fail fast. The device is asked
/// again from here, at most five times: that driver would keep the bio if the path
/// went down meanwhile, though others are fine.
/// @context any
[[nodiscard]] u32 path_answered(mpc_try &t) noexcept;

/// Without a usable path that may come back it waits, as long as the driver says.
/// @context process, may sleep
/// @return the path's answer; -EWOULDBLOCK without a usable path; -ENODEV once
///         the head is removed
/// @source drivers/nvme/host/ioctl.c, nvme_ns_head_chr_ioctl()
[[nodiscard]] long route_ioctl(mpath_gate *gate, const mpc_ioctl_args &args) noexcept;

/// As above; with IO_URING_F_NONBLOCK it does not wait but says -EAGAIN.
/// @context process; must not block with IO_URING_F_NONBLOCK
/// @return the path's answer, mostly -EIOCBQUEUED; -EINVAL without a usable
///         path (what the native NVMe head says); -ENODEV once the head is
///         removed; -EOPNOTSUPP if the driver has no commands
[[nodiscard]] int route_uring_cmd(mpath_gate *gate, io_uring_cmd *cmd, u32 issue_flags) noexcept;

/// The same for one that was with the path in `slot` already, which said `ret`: if that
/// is a path's refusal it goes to the others.
[[nodiscard]] int route_uring_cmd_next(mpath_gate *gate, io_uring_cmd *cmd, u32 issue_flags,
				       u32 slot, int ret) noexcept;

/// @context process, may sleep
[[nodiscard]] int route_call(mpath_gate *gate, void *fn, void *ctx) noexcept;

/// The same for something that was sent already: not on a path of `tried`, and on
/// the next one if `fn` returns an error. Paths that were tried are added to it; it
/// is not touched once `fn` has returned 0.
/// @context process, may sleep
/// @return 0; -EBUSY: every usable path was tried; -EAGAIN: none is usable, but one
///         may be again; -ENXIO: there is no hope for one; -ENODEV: the head is
///         removed
[[nodiscard]] int route_again(mpath_gate *gate, u64 &tried, void *fn, void *ctx) noexcept;

} // namespace mpath
