/* SPDX-License-Identifier: GPL-2.0 */
/* The decision of retry.hpp for C. Both compilers read this. */
#ifndef MPN_DECIDE_H
#define MPN_DECIDE_H

#include "abi.h"

MPATH_C_BEGIN

/**
 * struct mpn_ended - what is known of a command that came back
 * @effects: its entry of the Commands Supported and Effects log
 * @status: status field without the phase bit: code 7:0, type 10:8, DNR 14
 * @opcode: byte 0 of the command
 * @flags: byte 1: FUSE in bits 1:0
 * @csi: command set of the namespace
 * @admin: an admin command
 * @left_host: not 0 unless it is certain that the device has not seen it
 * @has_effects: @effects is valid
 * @failover: the head's enum mpn_failover
 */
struct mpn_ended {
	u32 effects;
	u16 status;
	u8 opcode;
	u8 flags;
	u8 csi;
	u8 admin;
	u8 left_host;
	u8 has_effects;
	u8 failover;
};

enum mpn_failover {
	MPN_FAILOVER_OFF,
	MPN_FAILOVER_IDEMPOTENT,
};

/* May it be sent again on another path? Any context. */
bool mpn_may_send_again(const struct mpn_ended *ended) MPATH_NOEXCEPT;

MPATH_C_END

#endif /* MPN_DECIDE_H */
