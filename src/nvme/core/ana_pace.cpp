// SPDX-License-Identifier: GPL-2.0
// What the module asks of the ANA log page, and how often it is read.
#include "ana.h"
#include "ana_log.hpp"

static_assert(MPN_ANA_OPTIMIZED == static_cast<int>(mpath::nvme::AnaState::kOptimized));
static_assert(MPN_ANA_NONOPTIMIZED == static_cast<int>(mpath::nvme::AnaState::kNonOptimized));
static_assert(MPN_ANA_INACCESSIBLE == static_cast<int>(mpath::nvme::AnaState::kInaccessible));
static_assert(MPN_ANA_PERSISTENT_LOSS == static_cast<int>(mpath::nvme::AnaState::kPersistentLoss));
static_assert(MPN_ANA_CHANGE == static_cast<int>(mpath::nvme::AnaState::kChange));

namespace {

/// Reads that errors or notices ask for are that far apart, in parts of a second.
constexpr u64 kGapParts = 20;

constexpr u64 least(u64 a, u64 b) noexcept
{
	return a < b ? a : b;
}

} // namespace

u64 mpn_ana_size(u32 groups, u32 most, u32 nn) noexcept
{
	using mpath::nvme::AnaLog;
	// the specification wants MNAN from a controller with this log; without it,
	// or with nonsense, as many as there can be
	const u32 namespaces = most && most < nn ? most : nn;

	return AnaLog::kHeader + u64{groups} * AnaLog::kDescriptor + u64{namespaces} * 4;
}

void mpn_ana_look(const void *page, u64 len, mpn_ana_page *out) noexcept
{
	using namespace mpath::nvme;
	AnaLog log{page, len};

	*out = {log.change_count(), 0, nullptr};
	for (AnaGroup group; log.next(group);)
		out->changing += group.state() == AnaState::kChange;
	if (log.fault() != AnaFault::kNone)
		out->fault = ana_fault_text(log.fault());
}

bool mpn_ana_find(const void *page, u64 len, u32 nsid, mpn_ana_group *out) noexcept
{
	mpath::nvme::AnaGroup group;

	if (!mpath::nvme::ana_find(page, len, nsid, group))
		return false;
	*out = {group.id(), static_cast<u32>(group.state())};
	return true;
}

const char *mpn_ana_name(u32 state) noexcept
{
	return state ? ana_state_name(static_cast<mpath::nvme::AnaState>(state)) : "unknown";
}

u32 mpn_ana_access(u32 state) noexcept
{
	switch (state) {
	case MPN_ANA_OPTIMIZED:
		return MPC_ACCESS_OPTIMIZED;
	case MPN_ANA_NONOPTIMIZED:
		return MPC_ACCESS_NONOPTIMIZED;
	default:
		return MPC_ACCESS_OTHER;
	}
}

bool mpn_ana_done(mpn_ana_pace *pace, const mpn_ana_page *page, u64 anatt) noexcept
{
	const bool moved = page->changes != pace->changes;
	const u64 now = pace->read_at;
	bool expired = false;

	pace->changes = page->changes;
	if (!page->changing || !anatt) {
		pace->limit = 0;
	} else if (!pace->limit || moved) {
		// twice: some slack for the transport and the notice
		pace->limit = now + 2 * anatt;
	} else if (now >= pace->limit) {
		pace->limit = 0;
		expired = true;
	}
	return expired;
}

u64 mpn_ana_next(const mpn_ana_pace *pace, u64 now, u64 hz, u64 poll, bool unsettled) noexcept
{
	u64 wait = poll ? poll : MPN_ANA_NEVER;

	// a limit that is over, but no page could be read: as for any that fails
	if (unsettled)
		wait = least(wait, hz);
	if (pace->limit)
		wait = least(wait, pace->limit > now ? pace->limit - now : hz);
	return wait;
}

u64 mpn_ana_gap(u64 read_at, u64 now, u64 hz) noexcept
{
	const u64 again_at = read_at + hz / kGapParts;

	return read_at && again_at > now ? least(again_at - now, hz / kGapParts) : 0;
}
