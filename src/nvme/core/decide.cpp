// SPDX-License-Identifier: GPL-2.0
#include "decide.h"

#include "retry.hpp"

static_assert(MPN_FAILOVER_OFF == static_cast<int>(mpath::nvme::Failover::kOff));
static_assert(MPN_FAILOVER_IDEMPOTENT == static_cast<int>(mpath::nvme::Failover::kIdempotent));

bool mpn_may_send_again(const mpn_ended *e) noexcept
{
	const mpath::nvme::Ended cmd = {
		.opcode = e->opcode,
		.flags = e->flags,
		.admin = e->admin != 0,
		.csi = e->csi,
		.left_host = e->left_host != 0,
		.status = e->status,
		.has_effects = e->has_effects != 0,
		.effects = e->effects,
	};

	return mpath::nvme::may_send_again(cmd, static_cast<mpath::nvme::Failover>(e->failover));
}
