// SPDX-License-Identifier: GPL-2.0
#include "dispatch.hpp"

#include "clock.hpp"
#include "guard.hpp"
#include "head.hpp"

namespace mpath {
namespace {

/// What one try on one path came to.
struct Outcome {
	long result;
	bool retry; ///< the path refused; another one may do it
};

/// Try usable paths one after another until one takes the command.
///
/// `attempt(Path &, SrcuSection &, const mpc_ops &)` runs inside the section
/// and may end it after pinning the path; it must not touch the head after
/// that. Each path is tried at most once, so there are at most MPC_MAX_PATHS
/// rounds. The head is looked up anew each time: it can go away in between.
///
/// `tried`: paths that had their turn; void once this has returned.
///
/// `patience`: 0, or, if there is no path but one is worth waiting for, for how many
/// milliseconds.
template <typename F>
long try_paths(mpath_gate *gate, long no_path, SlotMask tried, u32 &patience,
	       F &&attempt) noexcept
{
	patience = 0;
	for (u32 round = 0; round < MPC_MAX_PATHS; ++round) {
		SrcuSection section{gate};
		Head *head = section.head();

		// a head without a disk can be called, too: NEW counts as alive
		if (!head || !takes_paths(head->state()))
			return -MPC_ENODEV;

		Path *path = head->select(section.token(), tried);
		if (!path) {
			const u32 ms = mpk_command_wait(head->handle());

			if (ms && head->may_recover(section.token()))
				patience = ms;
			return no_path;
		}

		const u32 slot = path->slot();
		const Outcome out = attempt(*path, section, head->ops());

		if (!out.retry)
			return out.result;
		mpk_count(gate, slot, MPC_COUNT_SUBMIT_ERRORS);
		tried |= slot_bit(slot);
	}
	return no_path;
}

/// The same for a command, which waits for a path if the driver wants that.
///
/// A caller that must not be kept gets -EAGAIN: io_uring comes again with a worker.
/// `wait_ms()` is asked once there is something to wait for: how long this command does
/// at most, 0 if it does not.
template <typename W, typename F>
long try_paths_for_command(mpath_gate *gate, long no_path, SlotMask tried, bool may_block,
			   W &&wait_ms, F &&attempt) noexcept
{
	// Counted from where there was nothing to try: a path may have had the command for
	// as long as it may take before it failed it.
	u64 begin = 0;
	u32 own = 0;
	bool begun = false;

	for (;;) {
		u32 ms;
		const long ret = try_paths(gate, no_path, tried, ms, attempt);

		tried = 0; // after a wait all have another turn

		if (!ms) [[likely]]
			return ret;
		if (!begun) {
			begun = true;
			begin = now_ticks();
			own = wait_ms();
		}
		if (own < ms)
			ms = own;
		if (now_ticks() - begin >= (u64{ms} * g_clock.hz + 999) / 1000)
			return ret;
		if (!may_block)
			return -MPC_EAGAIN;
		if (mpk_pause())
			return ret;
	}
}

constexpr Outcome judge(long ret) noexcept
{
	// Failover of commands that were accepted and then failed in flight has
	// its place in the backend's completion, not here.
	return {ret, is_path_errno(ret)};
}

/// Pin the path and leave the section, if the driver can pin. Otherwise stay
/// in the section: slower to remove, but as safe. false: the path is leaving.
struct Hold {
	Hold(const Path &path, SrcuSection &section, const mpc_ops &ops) noexcept
		: ref{PathRef::try_pin(path, ops, section.token())}, ok{ref || !ops.get_path}
	{
		if (ref)
			section.end();
	}
	PathRef ref;
	bool ok;
};

constexpr Outcome kPathLeaving = {-MPC_ENODEV, true};

/// How often a bio may run out of paths that it was not tried on. Each time but
/// the last it has waited for one to come back.
constexpr u32 kMostPasses = 32;

/// How often a bio is sent again to a device that has answered with an error: as often as
/// the stock NVMe driver does (nvme_max_retries) with what is not fail-fast.
constexpr u32 kMostAnswers = 5;

/// How long a bio waits before its last try, or before its device is asked again: what
/// made them refuse it may be over by then.
u64 try_delay() noexcept
{
	return g_clock.hz / 4;
}

/// How often an ioctl is sent again after a path has failed it.
constexpr u32 kMostAgain = 64;

/// No path is usable: a bio that was tried on some starts over when one is back.
bool may_start_over(mpc_try &t) noexcept
{
	const bool was_sent = t.tried || t.stage != MPC_STAGE_EACH;

	t.tried = 0;
	t.stage = MPC_STAGE_EACH;
	return !was_sent || ++t.passes < kMostPasses;
}

/// Send a bio to a path. One that is new is parked or failed if there is none;
/// for one that is sent again that is left to the caller.
///
/// `t` is not touched any more once the bio was sent: it may be gone.
u32 send_bio(mpath_gate *gate, bio *b, mpc_try &t, bool fresh) noexcept
{
	SrcuSection section{gate};
	Head *head = section.head();
	SlotMask leaving = 0;

	if (!head || !takes_io(head->state())) {
		if (fresh)
			mpk_bio_fail(nullptr, b);
		return MPC_BIO_DEAD;
	}
	if (t.not_before > now_ticks()) [[unlikely]]
		return MPC_BIO_LATER;

	for (u32 round = 0; round < MPC_MAX_PATHS; ++round) {
		const bool each = t.stage == MPC_STAGE_EACH;
		// Not one under test while there are others, if what it says is final.
		Path *path = head->select(section.token(), (each ? t.tried : 0) | leaving,
					  each ? For::kBio : For::kLastTry);

		if (!path && each && t.tried && head->select(section.token(), leaving)) {
			// Every usable path has had its turn.
			t.stage = MPC_STAGE_LAST;
			t.not_before = now_ticks() + try_delay();
			return MPC_BIO_LATER;
		}
		if (!path)
			break;

		const u32 slot = path->slot();
		const u32 how = fresh ? 0 : MPC_FORWARD_WORKER;
		const int ret = mpk_bio_forward(head->handle(), path->handle(), b, how);

		if (!ret) [[likely]]
			return MPC_BIO_SENT;
		if (ret == -MPC_ENOMEM)
			return MPC_BIO_NO_MEMORY;
		leaving |= slot_bit(slot);
	}

	if (may_start_over(t) && head->may_recover(section.token())) {
		if (fresh)
			mpk_bio_park(head->handle(), b);
		return MPC_BIO_PARK;
	}
	if (fresh)
		mpk_bio_fail(head->handle(), b);
	return MPC_BIO_FAIL;
}

} // namespace

void submit_bio(mpath_gate *gate, bio *b) noexcept
{
	mpc_try t{};

	(void)send_bio(gate, b, t, true);
}

u32 redrive_bio(mpath_gate *gate, bio *b, mpc_try *t) noexcept
{
	mpc_try none{};

	return send_bio(gate, b, t ? *t : none, false);
}

u32 path_bad(Path &path, const mpc_ops &ops, mpc_try &t, bool &changed) noexcept
{
	// Errors of a path that was taken out of use are no news of it, either.
	const bool down = (path.health().blocked() & MPC_BLOCK_ADMIN) ||
			  ops.is_disabled(path.handle());

	path.latency().back();
	changed = !down && path.health().bad();
	t.tried |= slot_bit(path.slot());
	if (t.stage == MPC_STAGE_EACH)
		return MPC_TRY_AGAIN;
	if (!down && t.stage == MPC_STAGE_LAST) // it had the last word
		return MPC_TRY_DONE;
	// It went down meanwhile, or was to say what the device says: that says nothing
	// about the bio.
	t.stage = MPC_STAGE_EACH;
	return ++t.passes < kMostPasses ? MPC_TRY_AGAIN : MPC_TRY_DONE;
}

u32 path_answered(mpc_try &t) noexcept
{
	if (t.answers >= kMostAnswers)
		return MPC_TRY_DONE;
	t.not_before = t.answers ? now_ticks() + try_delay() : 0; // at once the first time
	++t.answers;
	t.stage = MPC_STAGE_ANSWERED;
	return MPC_TRY_AGAIN;
}

long route_ioctl(mpath_gate *gate, const mpc_ioctl_args &args) noexcept
{
	mpk_might_sleep();

	long failed = 0; // what it returned last, if that was the path's failure
	u32 again = 0;
	const long ret = try_paths_for_command(gate, -MPC_EAGAIN, 0, true,
		[&]() noexcept { return mpk_ioctl_wait_ms(gate, &args); },
		[&](Path &path, SrcuSection &section, const mpc_ops &ops) noexcept -> Outcome {
			mpath_device *dev = path.handle();
			const u32 slot = path.slot();
			void *opaque = nullptr;

			// begin runs in the section, finish after the ioctl, wherever that is
			if (ops.has & MPC_HAS_IOCTL_BEGIN)
				mpk_ioctl_begin(gate, dev, args.cmd, &opaque);

			const u32 counting = mpk_ioctl_counting(gate, dev, args.cmd);
			Hold hold{path, section, ops};
			Outcome out = kPathLeaving;

			if (hold.ok) {
				mpk_count(gate, slot, MPC_COUNT_IOCTLS);
				out = judge(mpk_path_ioctl(gate, dev, &args, counting));
				if (!out.retry) { // a path that refuses it has no say
					const bool its = out.result &&
						mpk_ioctl_again(gate, dev, &args, out.result);

					failed = its ? out.result : 0;
					out.retry = its && ++again <= kMostAgain;
				}
			}
			if (opaque)
				mpk_ioctl_finish(gate, opaque);
			return out;
		});

	return failed ? failed : ret;
}

namespace {

int send_uring_cmd(mpath_gate *gate, io_uring_cmd *cmd, u32 issue_flags, SlotMask tried) noexcept
{
	return static_cast<int>(try_paths_for_command(gate, -MPC_EINVAL, tried,
		!(issue_flags & MPC_ISSUE_NONBLOCK),
		[&]() noexcept { return mpk_uring_wait_ms(gate, cmd, issue_flags); },
		[&](Path &path, SrcuSection &section, const mpc_ops &ops) noexcept -> Outcome {
			mpath_device *dev = path.handle();
			const u32 slot = path.slot();

			if (!(ops.has & MPC_HAS_URING_CMD))
				return {-MPC_EOPNOTSUPP, false};

			const bool keeps_pin = ops.has & MPC_HAS_KEEPS_PIN;

			// Even a non-blocking issue can fault on the user's pages,
			// so no section may be open meanwhile.
			Hold hold{path, section, ops};

			if (!hold.ok)
				return kPathLeaving;

			const int ret = mpk_path_uring_cmd(gate, dev, cmd, issue_flags);

			if (keeps_pin && ret == -MPC_EIOCBQUEUED)
				hold.ref.leave(); // the command has it now
			if (ret >= 0 || ret == -MPC_EIOCBQUEUED)
				mpk_count(gate, slot, MPC_COUNT_URING_CMDS);
			return judge(ret);
		}));
}

} // namespace

int route_uring_cmd(mpath_gate *gate, io_uring_cmd *cmd, u32 issue_flags) noexcept
{
	return send_uring_cmd(gate, cmd, issue_flags, 0);
}

int route_uring_cmd_next(mpath_gate *gate, io_uring_cmd *cmd, u32 issue_flags, u32 slot,
			 int ret) noexcept
{
	if (!is_path_errno(ret))
		return ret;
	mpk_count(gate, slot, MPC_COUNT_SUBMIT_ERRORS);
	return send_uring_cmd(gate, cmd, issue_flags, slot_bit(slot));
}

int route_call(mpath_gate *gate, void *fn, void *ctx) noexcept
{
	mpk_might_sleep();

	u32 ms;

	return static_cast<int>(try_paths(gate, -MPC_EAGAIN, 0, ms,
		[&](Path &path, SrcuSection &section, const mpc_ops &ops) noexcept -> Outcome {
			mpath_device *dev = path.handle();
			Hold hold{path, section, ops};

			if (!hold.ok)
				return kPathLeaving;
			return {mpk_path_call(dev, fn, ctx), false};
		}));
}

int route_again(mpath_gate *gate, u64 &tried, void *fn, void *ctx) noexcept
{
	mpk_might_sleep();
	for (u32 round = 0; round <= MPC_MAX_PATHS; ++round) {
		SrcuSection section{gate};
		Head *head = section.head();

		if (!head || !takes_paths(head->state()))
			return -MPC_ENODEV;

		Path *path = head->select(section.token(), tried);
		if (!path) {
			if (tried && head->select(section.token()))
				return -MPC_EBUSY;
			return head->may_recover(section.token()) ? -MPC_EAGAIN : -MPC_ENXIO;
		}

		const u32 slot = path->slot();
		mpath_device *dev = path->handle();
		Hold hold{*path, section, head->ops()};

		if (hold.ok && !mpk_path_call(dev, fn, ctx))
			return 0;
		tried |= slot_bit(slot);
	}
	return -MPC_EBUSY;
}

} // namespace mpath
