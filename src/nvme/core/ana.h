/* SPDX-License-Identifier: GPL-2.0 */
/* ana_log.hpp for C, and when the page is read. Both compilers read this. */
#ifndef MPN_CORE_ANA_H
#define MPN_CORE_ANA_H

#include "abi.h"

MPATH_C_BEGIN

/* Values of AnaState; 0 is "not known". */
#define MPN_ANA_UNKNOWN		0
#define MPN_ANA_OPTIMIZED	1
#define MPN_ANA_NONOPTIMIZED	2
#define MPN_ANA_INACCESSIBLE	3
#define MPN_ANA_PERSISTENT_LOSS	4
#define MPN_ANA_CHANGE		15

/**
 * struct mpn_ana_page - what a whole page says
 * @changes: the page's change count
 * @changing: how many groups are in the state "change"
 * @fault: NULL, or what is wrong with the page, for a log line
 */
struct mpn_ana_page {
	u64 changes;
	u32 changing;
	const char *fault;
};

/* The group of one namespace. */
struct mpn_ana_group {
	u32 id;
	u32 state;
};

/**
 * struct mpn_ana_pace - when to read the page; times in jiffies
 * @read_at: end of the last read, set by the caller; 0: there was none
 * @changes: the page's change count when it was read last
 * @limit: when the state "change" has lasted too long, 0: no group is in it
 */
struct mpn_ana_pace {
	u64 read_at;
	u64 changes;
	u64 limit;
};

#define MPN_ANA_NEVER		(~0ull)

/**
 * mpn_ana_size() - bytes that a controller's page can have
 * @groups: NANAGRPID of Identify Controller
 * @most: MNAN, 0 if not given
 * @nn: NN
 */
u64 mpn_ana_size(u32 groups, u32 most, u32 nn) MPATH_NOEXCEPT;

/* Look at a page of @len bytes as a whole; @out is always filled. */
void mpn_ana_look(const void *page, u64 len, struct mpn_ana_page *out) MPATH_NOEXCEPT;

/* The group that lists a namespace. false: none does. */
bool mpn_ana_find(const void *page, u64 len, u32 nsid,
		  struct mpn_ana_group *out) MPATH_NOEXCEPT;

/* As the stock driver's attribute has it. */
const char *mpn_ana_name(u32 state) MPATH_NOEXCEPT;

/* Value of enum mpath_access_state: MPC_ACCESS_*. */
u32 mpn_ana_access(u32 state) MPATH_NOEXCEPT;

/**
 * mpn_ana_done() - a page was read
 * @pace: of the controller, with @read_at of this read
 * @page: what it says
 * @anatt: the controller's ANA Transition Time, jiffies
 * Return: true if a group has been in the state "change" for twice that time, and
 * the page has not changed since: the controller is to be reset.
 */
bool mpn_ana_done(struct mpn_ana_pace *pace, const struct mpn_ana_page *page,
		  u64 anatt) MPATH_NOEXCEPT;

/**
 * mpn_ana_next() - when the next read is due
 * @now: jiffies
 * @hz: jiffies a second
 * @poll: jiffies between polls, 0: no polls
 * @unsettled: a path waits for its state, or the read failed
 * Return: jiffies from now; MPN_ANA_NEVER.
 */
u64 mpn_ana_next(const struct mpn_ana_pace *pace, u64 now, u64 hz, u64 poll,
		 bool unsettled) MPATH_NOEXCEPT;

/* How long a read that is wanted now has to wait, so that there is no storm. */
u64 mpn_ana_gap(u64 read_at, u64 now, u64 hz) MPATH_NOEXCEPT;

MPATH_C_END

#endif /* MPN_CORE_ANA_H */
