// SPDX-License-Identifier: GPL-2.0
// The Asymmetric Namespace Access log page (0Ch; NVM Express base specification
// 2.0, 5.16.1.13) as a controller has sent it: no byte of it is believed, every
// length is held against what was read.
#pragma once

#include "abi.h"

namespace mpath::nvme {

/// Asymmetric Namespace Access State, as the page has it.
enum class AnaState : u8 {
	kOptimized = 0x1,
	kNonOptimized = 0x2,
	kInaccessible = 0x3,
	kPersistentLoss = 0x4,
	kChange = 0xf,
};

/// What is wrong with a page.
enum class AnaFault : u8 {
	kNone,
	kNoHeader, ///< shorter than a header
	kCut,	   ///< a descriptor, or its list of namespaces, reaches beyond the end
	kNoGroup,  ///< a descriptor of group 0, which there is not
	kBadState, ///< a state that the specification does not know
};

/// One group descriptor; valid as long as the page is.
class AnaGroup final {
public:
	[[nodiscard]] u32 id() const noexcept { return id_; }
	[[nodiscard]] AnaState state() const noexcept { return state_; }
	[[nodiscard]] u64 change_count() const noexcept { return changes_; }
	[[nodiscard]] u32 namespaces() const noexcept { return nsids_; }
	/// @param i below namespaces()
	[[nodiscard]] u32 nsid(u32 i) const noexcept;
	[[nodiscard]] bool has(u32 nsid) const noexcept;

private:
	friend class AnaLog;
	const u8 *list_ = nullptr;
	u64 changes_ = 0;
	u32 id_ = 0;
	u32 nsids_ = 0;
	AnaState state_ = AnaState::kInaccessible;
};

/// A walk over the groups of a page, in the page's order:
///
///	AnaLog log{page, len};
///	for (AnaGroup g; log.next(g);) ...
///	if (log.fault() != AnaFault::kNone) ...
///
/// Ends after at most as many steps as the page has room for descriptors, with
/// the first fault that it meets; what came before the fault is good.
/// @context any; pure
class AnaLog final {
public:
	static constexpr u64 kHeader = 16;
	static constexpr u64 kDescriptor = 32;

	AnaLog(const void *page, u64 len) noexcept;

	/// Of the whole page: it changes with each change of any group.
	[[nodiscard]] u64 change_count() const noexcept { return changes_; }
	[[nodiscard]] u32 groups() const noexcept { return groups_; }
	[[nodiscard]] bool next(AnaGroup &group) noexcept;
	[[nodiscard]] AnaFault fault() const noexcept { return fault_; }

private:
	bool fail(AnaFault fault) noexcept
	{
		fault_ = fault;
		return false;
	}

	const u8 *at_;
	u64 left_;
	u64 changes_ = 0;
	u32 groups_ = 0;
	u32 seen_ = 0;
	AnaFault fault_ = AnaFault::kNone;
};

/// The fault of a whole page.
[[nodiscard]] AnaFault ana_check(const void *page, u64 len) noexcept;

/// The first group that lists the namespace. false: none does, or a fault came
/// first.
[[nodiscard]] bool ana_find(const void *page, u64 len, u32 nsid, AnaGroup &group) noexcept;

/// For a log line.
[[nodiscard]] const char *ana_fault_text(AnaFault fault) noexcept;
/// As the attribute ana_state of the stock driver has it.
[[nodiscard]] const char *ana_state_name(AnaState state) noexcept;

} // namespace mpath::nvme
