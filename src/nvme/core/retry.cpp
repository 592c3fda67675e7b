// SPDX-License-Identifier: GPL-2.0
#include "retry.hpp"

namespace mpath::nvme {
namespace {

// Status field without the phase bit, as the stock driver keeps it.
constexpr u16 kTypeShift = 8, kTypeMask = 7, kPathRelated = 3;
constexpr u16 kTypeAndCode = 0x7ff, kQueueDeleted = 0x008;
constexpr u16 kDoNotRetry = 0x4000;
constexpr u8 kAnaFirst = 0x01, kAnaLast = 0x03; // persistent loss, inaccessible, transition

constexpr u8 kFused = 3;

// Command sets as bits; bit n stands for the command set identifier n. In the
// key-value set (1) the opcodes of reads and writes are other commands.
constexpr u8 kNvm = 1 << 0, kZoned = 1 << 2, kBlocks = kNvm | kZoned, kAll = 0xff;

bool is_in(u8 sets, u8 csi) noexcept
{
	return csi < 8 ? sets >> csi & 1 : sets == kAll;
}

// Commands Supported and Effects data structure (base specification 2.0, figure
// for log page 05h, bits of an entry). LBCC, bit 1, is what any write has.
constexpr u32 kSupported = 1u << 0;
constexpr u32 kCapabilityChange = 1u << 2 | 1u << 3 | 1u << 4; // NCC, NIC, CCC
constexpr u32 kExclusive = 7u << 16;			       // CSE

/// One row for every command that may be executed twice. What has no row may not:
/// append, copy, reservations, zone and namespace management, format, sanitize,
/// vendor commands, and all that nobody here knows.
struct Row {
	bool admin;
	u8 sets; ///< kAll: of the base specification
	u8 opcode;
	const char *why;
};

// Opcodes: NVM command set specification 1.0, clause 3; zoned namespace command
// set 1.1, clause 3; base specification 2.0, clauses 5 and 7.
constexpr Row kTable[] = {
	{false, kAll, 0x00, "flush: what was acknowledged stays so"},
	{false, kBlocks, 0x01, "write: the same data at the same place"},
	{false, kBlocks, 0x02, "read"},
	{false, kBlocks, 0x04, "write uncorrectable: the same mark"},
	{false, kBlocks, 0x05, "compare: changes nothing"},
	{false, kBlocks, 0x08, "write zeroes: the same zeroes"},
	{false, kNvm, 0x09, "dataset management: hints, and the same deallocation"},
	{false, kBlocks, 0x0c, "verify: changes nothing"},
	{false, kAll, 0x0e, "reservation report: changes nothing"},
	{false, kAll, 0x12, "I/O management receive: changes nothing"},
	{false, kZoned, 0x7a, "zone management receive: changes nothing"},
	{true, kAll, 0x06, "identify: changes nothing"},
	{true, kAll, 0x0a, "get features: changes nothing"},
};

bool is_path_related(u16 status) noexcept
{
	return (status >> kTypeShift & kTypeMask) == kPathRelated;
}

} // namespace

bool is_path_status(u16 status) noexcept
{
	return is_path_related(status) || (status & kTypeAndCode) == kQueueDeleted;
}

bool says_not_executed(u16 status) noexcept
{
	const u8 code = status & 0xff;

	return is_path_related(status) && code >= kAnaFirst && code <= kAnaLast;
}

bool is_idempotent(const Ended &cmd) noexcept
{
	// The controller knows better: a command of the table that changes more than
	// data, or wants to be alone, is not the one that the table means.
	if (cmd.has_effects &&
	    (!(cmd.effects & kSupported) || cmd.effects & (kCapabilityChange | kExclusive)))
		return false;
	for (const Row &row : kTable)
		if (row.admin == cmd.admin && row.opcode == cmd.opcode &&
		    is_in(row.sets, cmd.csi))
			return true;
	return false;
}

bool may_send_again(const Ended &cmd, Failover mode) noexcept
{
	if (mode == Failover::kOff || !is_path_status(cmd.status) || cmd.status & kDoNotRetry)
		return false;
	// A fused command is one of two, and its other half is out on its own.
	if (cmd.flags & kFused)
		return false;
	return !cmd.left_host || says_not_executed(cmd.status) || is_idempotent(cmd);
}

} // namespace mpath::nvme
