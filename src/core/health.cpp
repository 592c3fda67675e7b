// SPDX-License-Identifier: GPL-2.0
#include "health.hpp"

namespace mpath {

// Blocks may come and go meanwhile: they are kept.
void Health::set_state(u32 state) noexcept
{
	u32 word = word_.relaxed();

	while (!word_.replace(word, (word & ~kStateBits) | state))
		word = word_.relaxed();
}

bool Health::good() noexcept
{
	const u32 was = state();

	if (!(errors_.relaxed() | was)) [[likely]]
		return false;
	errors_.set_relaxed(0); // relaxed: heuristic
	if (was == MPC_HEALTH_OK)
		return false;
	backoff_.set_relaxed(0);
	set_state(MPC_HEALTH_OK);
	return true;
}

bool Health::bad() noexcept
{
	const u32 errors = errors_.add(1) + 1;
	const u32 was = state();
	u32 wait = kFirstBackoff;

	if (was == MPC_HEALTH_FAILED || (was == MPC_HEALTH_OK && errors < kFailAfter))
		return false;
	if (was == MPC_HEALTH_TESTING) {
		wait = backoff_.relaxed() * 2;
		wait = wait < kFirstBackoff ? kFirstBackoff : wait; // a success ran past us
		wait = wait < kMaxBackoff ? wait : kMaxBackoff;
	}
	backoff_.set_relaxed(wait);
	test_at_.set_relaxed(now_ticks() + u64{wait} * g_clock.hz);
	set_state(MPC_HEALTH_FAILED); // publishes the time
	return true;
}

bool Health::claim_test() noexcept
{
	u64 at = test_at_.relaxed();

	if (state() == MPC_HEALTH_OK || now_ticks() < at)
		return false;
	// Should the bio be lost, another one may try after the same time.
	if (!test_at_.replace(at, now_ticks() + u64{backoff_.relaxed()} * g_clock.hz))
		return false;

	u32 word;

	do {
		word = word_.relaxed();
		if ((word & kStateBits) == MPC_HEALTH_OK) // it came back by itself
			return false;
	} while (!word_.replace(word, (word & ~kStateBits) | MPC_HEALTH_TESTING));
	return true;
}

bool Health::block(u32 bits, bool on) noexcept
{
	const u32 before = on ? word_.set_bits(bits) : word_.clear_bits(bits);

	return on ? (before & bits) != bits : (before & bits) != 0;
}

} // namespace mpath
