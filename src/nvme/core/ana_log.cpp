// SPDX-License-Identifier: GPL-2.0
#include "ana_log.hpp"

namespace mpath::nvme {
namespace {

// All numbers of a page are little-endian and need not be aligned.
template <u32 bytes>
u64 number(const u8 *at) noexcept
{
	u64 value = 0;

	for (u32 i = 0; i < bytes; ++i)
		value |= u64{at[i]} << 8 * i;
	return value;
}

// Offsets within the header and within a descriptor.
constexpr u32 kPageChanges = 0, kPageGroups = 8;
constexpr u32 kGroupId = 0, kGroupNsids = 4, kGroupChanges = 8, kGroupState = 16;
constexpr u8 kStateBits = 0xf; // the rest of the byte is reserved

bool is_state(u8 state) noexcept
{
	return (state >= static_cast<u8>(AnaState::kOptimized) &&
		state <= static_cast<u8>(AnaState::kPersistentLoss)) ||
	       state == static_cast<u8>(AnaState::kChange);
}

} // namespace

u32 AnaGroup::nsid(u32 i) const noexcept
{
	return i < nsids_ ? static_cast<u32>(number<4>(list_ + 4 * u64{i})) : 0;
}

bool AnaGroup::has(u32 nsid) const noexcept
{
	for (u32 i = 0; i < nsids_; ++i)
		if (this->nsid(i) == nsid)
			return true;
	return false;
}

AnaLog::AnaLog(const void *page, u64 len) noexcept
	: at_{static_cast<const u8 *>(page)}, left_{len}
{
	if (left_ < kHeader) {
		fault_ = AnaFault::kNoHeader;
		return;
	}
	changes_ = number<8>(at_ + kPageChanges);
	groups_ = static_cast<u32>(number<2>(at_ + kPageGroups));
	at_ += kHeader;
	left_ -= kHeader;
}

bool AnaLog::next(AnaGroup &group) noexcept
{
	if (fault_ != AnaFault::kNone || seen_ == groups_)
		return false;
	if (left_ < kDescriptor)
		return fail(AnaFault::kCut);

	const u32 nsids = static_cast<u32>(number<4>(at_ + kGroupNsids));
	const u8 state = at_[kGroupState] & kStateBits;

	if (nsids > (left_ - kDescriptor) / 4)
		return fail(AnaFault::kCut);
	group.id_ = static_cast<u32>(number<4>(at_ + kGroupId));
	if (!group.id_)
		return fail(AnaFault::kNoGroup);
	if (!is_state(state))
		return fail(AnaFault::kBadState);
	group.nsids_ = nsids;
	group.changes_ = number<8>(at_ + kGroupChanges);
	group.state_ = static_cast<AnaState>(state);
	group.list_ = at_ + kDescriptor;
	at_ += kDescriptor + 4 * u64{nsids};
	left_ -= kDescriptor + 4 * u64{nsids};
	++seen_;
	return true;
}

AnaFault ana_check(const void *page, u64 len) noexcept
{
	AnaLog log{page, len};

	for (AnaGroup group; log.next(group);)
		;
	return log.fault();
}

bool ana_find(const void *page, u64 len, u32 nsid, AnaGroup &group) noexcept
{
	AnaLog log{page, len};

	while (log.next(group))
		if (group.has(nsid))
			return true;
	return false;
}

const char *ana_fault_text(AnaFault fault) noexcept
{
	switch (fault) {
	case AnaFault::kNone:
		return "nothing";
	case AnaFault::kNoHeader:
		return "shorter than its header";
	case AnaFault::kCut:
		return "a group descriptor reaches beyond the end";
	case AnaFault::kNoGroup:
		return "a descriptor of group 0";
	case AnaFault::kBadState:
		return "an unknown access state";
	}
	return "unknown";
}

const char *ana_state_name(AnaState state) noexcept
{
	switch (state) {
	case AnaState::kOptimized:
		return "optimized";
	case AnaState::kNonOptimized:
		return "non-optimized";
	case AnaState::kInaccessible:
		return "inaccessible";
	case AnaState::kPersistentLoss:
		return "persistent-loss";
	case AnaState::kChange:
		return "change";
	}
	return "invalid state";
}

} // namespace mpath::nvme
