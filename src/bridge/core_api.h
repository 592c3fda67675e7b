/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C shim -> C++ core. "mpc_" at a call site means: the core decides.
 * Bodies in src/core/entry.cpp.
 */
#ifndef MPATH_BRIDGE_CORE_API_H
#define MPATH_BRIDGE_CORE_API_H

#include "abi.h"

MPATH_C_BEGIN

/* Sizes of the C++ objects, so that the shim can refuse to load on a mismatch. */
u32 mpc_head_size(void) MPATH_NOEXCEPT;
u32 mpc_path_size(void) MPATH_NOEXCEPT;

/*
 * Once, before any head: the kernel's tick counter and its rate.
 */
void mpc_setup(const u64 *ticks, u32 ticks_per_second) MPATH_NOEXCEPT;

/*
 * Build the core object in @storage. @hints: @nr_nodes times MPC_HINT_STRIDE
 * zeroed bytes that outlive the head.
 */
struct mpc_head *mpc_head_init(void *storage, struct mpath_head *head,
			       void *hints, u32 nr_nodes) MPATH_NOEXCEPT;

/*
 * Check what a template has. Returns 0 or -EINVAL; *@rule then names the
 * broken rule (static string).
 */
int mpc_template_check(u32 has, const char **rule) MPATH_NOEXCEPT;

/* Hand the head its callbacks and policy variable; before any path is used. */
void mpc_head_bind(struct mpc_head *head, const struct mpc_ops *ops,
		   const u32 *policy) MPATH_NOEXCEPT;

/* One step of the head's life. Caller holds the head lock. MPC_ACTION_*. */
u32 mpc_head_event(struct mpc_head *head, u32 event) MPATH_NOEXCEPT;
/* MPC_STATE_*; any context. */
u32 mpc_head_state(const struct mpc_head *head) MPATH_NOEXCEPT;

/* Head lock held. The path's slot (0 to 63), -ENODEV, -ENOSPC. */
int mpc_path_add(struct mpc_head *head, void *storage,
		 const struct mpc_path_args *args) MPATH_NOEXCEPT;
/* The slot the next mpc_path_add() will take, or -ENOSPC. Head lock held. */
int mpc_path_next_slot(const struct mpc_head *head) MPATH_NOEXCEPT;
/* Head lock held. 1 if the head has no path left, else 0. */
int mpc_path_del(struct mpc_head *head, void *storage) MPATH_NOEXCEPT;
/* Head lock held. */
u32 mpc_path_count(const struct mpc_head *head) MPATH_NOEXCEPT;

/*
 * Per-node choice: forget one path (1: it was one), forget all. News for all
 * CPUs, who look at all paths again; any context, no section is needed.
 */
int mpc_clear_path(struct mpc_head *head, void *storage) MPATH_NOEXCEPT;
void mpc_clear_all(struct mpc_head *head) MPATH_NOEXCEPT;
/* A path or the policy has changed: no CPU goes by what it remembers. Any context. */
void mpc_changed(struct mpc_head *head) MPATH_NOEXCEPT;
/* Choose for every node now. */
void mpc_choose_all(struct mpath_gate *gate) MPATH_NOEXCEPT;
/* Is this path the choice of @node? */
int mpc_is_choice(struct mpc_head *head, void *storage, u32 node) MPATH_NOEXCEPT;

/* Park, for up to that many seconds, when no path may come back. */
void mpc_set_grace(struct mpc_head *head, u32 seconds) MPATH_NOEXCEPT;

/* A path's health, and why it is blocked; any context. */
u32 mpc_path_health(const void *storage) MPATH_NOEXCEPT;
u32 mpc_path_blocked(const void *storage) MPATH_NOEXCEPT;
/* Seconds until its re-test. */
u32 mpc_path_backoff(const void *storage) MPATH_NOEXCEPT;
/* Set or clear MPC_BLOCK_* bits; 1 if something changed. */
int mpc_path_block(void *storage, u32 bits, u32 on) MPATH_NOEXCEPT;
/* Forget all errors; 1 if something changed. */
int mpc_path_forgive(void *storage) MPATH_NOEXCEPT;
/* Nanoseconds that service-time expects of it, 0 if it does not know. */
u64 mpc_path_latency(const void *storage) MPATH_NOEXCEPT;

/*
 * The first try of a bio or command, in a section of the gate that the caller has
 * opened and found @head in: one call from C to the core, which calls only the driver's
 * is_disabled, is_optimized and get_path. @node: of this CPU. @use: MPC_FOR_*. The
 * driver has get_path; what was chosen is pinned by it, so the section may end.
 * Nothing chosen says nothing: the general calls below start from the beginning.
 */
struct mpc_choice mpc_choose(struct mpc_head *head, s32 node,
			     u32 use) MPATH_NOEXCEPT;

/* I/O: the gate may belong to a head that is gone. */
void mpc_submit_bio(struct mpath_gate *gate, struct bio *bio) MPATH_NOEXCEPT;
/*
 * A parked bio again: MPC_BIO_*. Unless that is MPC_BIO_SENT it is the caller's.
 * @t: of a bio that failed on a path; NULL: it was never sent.
 */
u32 mpc_redrive_bio(struct mpath_gate *gate, struct bio *bio,
		    struct mpc_try *t) MPATH_NOEXCEPT;
/*
 * A bio that was sent to a pinned path is back, @ns after it was sent (0 if that
 * was not measured). 1 if the path's health changed.
 */
int mpc_path_good(void *storage, u64 ns) MPATH_NOEXCEPT;
/* Something else than a bio has taken @ns on the path. */
void mpc_path_took(void *storage, u64 ns) MPATH_NOEXCEPT;
/*
 * The same for one with a path error: MPC_TRY_*; *@changed is 1 if the path's
 * health changed.
 */
u32 mpc_path_bad(void *storage, const struct mpc_ops *ops, struct mpc_try *t,
		 u32 *changed) MPATH_NOEXCEPT;
/*
 * One with an error that is no path's, but that its driver was told not to retry:
 * MPC_TRY_*. The path has answered: mpc_path_good() as well.
 */
u32 mpc_path_answered(struct mpc_try *t) MPATH_NOEXCEPT;
long mpc_ioctl(struct mpath_gate *gate,
	       const struct mpc_ioctl_args *args) MPATH_NOEXCEPT;
int mpc_uring_cmd(struct mpath_gate *gate, struct io_uring_cmd *cmd,
		  u32 issue_flags) MPATH_NOEXCEPT;
/* The same after the path in @slot, from mpc_choose(), has said @ret. */
int mpc_uring_cmd_next(struct mpath_gate *gate, struct io_uring_cmd *cmd,
		       u32 issue_flags, u32 slot, int ret) MPATH_NOEXCEPT;
/* Run mpk_path_call(dev, @fn, @ctx) on one usable path. */
int mpc_call(struct mpath_gate *gate, void *fn, void *ctx) MPATH_NOEXCEPT;
/* The same on one that is not in @tried, until one returns 0; see route_again(). */
int mpc_call_again(struct mpath_gate *gate, u64 *tried, void *fn,
		   void *ctx) MPATH_NOEXCEPT;

/* Text from users; @len without the final NUL, one newline at the end allowed. */
/* Policy names. -EINVAL for an unknown one; @len without the final NUL. */
int mpc_policy_parse(const char *name, u64 len) MPATH_NOEXCEPT;
/* "unknown" for a bad value. */
const char *mpc_policy_name(u32 policy) MPATH_NOEXCEPT;

/* A number of seconds: -EINVAL, -ERANGE beyond MPC_MAX_SECONDS. */
int mpc_parse_seconds(const char *text, u64 len, u32 *seconds) MPATH_NOEXCEPT;

MPATH_C_END

#endif /* MPATH_BRIDGE_CORE_API_H */
