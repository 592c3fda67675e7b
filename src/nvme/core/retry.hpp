// SPDX-License-Identifier: GPL-2.0
// Which passthrough command may be sent again after its path has failed it.
//
// A command whose path failed may have been executed, be executed yet, or never
// have left the host. It is sent again if that makes no difference (idempotent),
// or if the device has not seen it for certain. Anything else goes back to the
// submitter with the status of its path: who sent it knows what to do.
#pragma once

#include "abi.h"

namespace mpath::nvme {

/// The head's attribute passthru_failover.
enum class Failover : u8 {
	kOff,	     ///< as the stock driver does: never
	kIdempotent, ///< by the table
};

/// What is known of a command that came back.
struct Ended {
	u8 opcode;
	u8 flags;	  ///< byte 1 of the command: FUSE in bits 1:0
	bool admin;	  ///< of the admin command set
	u8 csi;		  ///< command set identifier of the namespace
	bool left_host;	  ///< false only if it is certain that it did not
	u16 status;	  ///< status field: code in 7:0, type in 10:8, DNR in 14
	bool has_effects; ///< the controller has a Commands Supported and Effects log
	u32 effects;	  ///< this command's entry of it
};

/// Is it the path, and not the command or the medium, that the status speaks of?
/// Path Related Status (type 3h; NVM Express base specification 2.0, 4.1.3.4),
/// which is also where the stock driver puts what it finds out itself; and Command
/// Aborted due to SQ Deletion (0/08h; same, 4.1.3.1): the host takes a queue down, as
/// the stock driver does to reset a PCI controller that still answers.
[[nodiscard]] bool is_path_status(u16 status) noexcept;

/// Does the status itself say that the command was not executed? The asymmetric
/// access states do (3/01h to 3/03h; base specification 2.0, 8.1.3).
[[nodiscard]] bool says_not_executed(u16 status) noexcept;

/// Does it make no difference whether the command is executed once or twice? Not
/// asked for halves of fused pairs.
[[nodiscard]] bool is_idempotent(const Ended &cmd) noexcept;

/// The decision. @context any; pure
[[nodiscard]] bool may_send_again(const Ended &cmd, Failover mode) noexcept;

} // namespace mpath::nvme
