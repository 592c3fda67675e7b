/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C++ core -> kernel. "mpk_" at a call site means: C executes.
 * Bodies of a few lines in kernel_api.c; the unit tests have their own in
 * selftests/unit/fakes/.
 */
#ifndef MPATH_BRIDGE_KERNEL_API_H
#define MPATH_BRIDGE_KERNEL_API_H

#include "abi.h"

MPATH_C_BEGIN

/* SRCU of a gate. The section keeps head and paths, not their membership. */
int mpk_gate_lock(struct mpath_gate *gate) MPATH_NOEXCEPT;
void mpk_gate_unlock(struct mpath_gate *gate, int idx) MPATH_NOEXCEPT;
/* The core of the gate's head; NULL once it is removed. In a section only. */
struct mpc_head *mpk_gate_head(struct mpath_gate *gate) MPATH_NOEXCEPT;

/* Node of this CPU, and SLIT distance between two nodes. */
s32 mpk_this_node(void) MPATH_NOEXCEPT;
s32 mpk_node_distance(s32 a, s32 b) MPATH_NOEXCEPT;

void mpk_might_sleep(void) MPATH_NOEXCEPT;

/*
 * A command for which no path is usable: how many milliseconds it waits for one
 * (0: not at all), and a step of that wait, MPC_PAUSE_MS or less. Not 0 if the
 * task is being killed.
 */
u32 mpk_command_wait(struct mpath_head *head) MPATH_NOEXCEPT;
int mpk_pause(void) MPATH_NOEXCEPT;

/*
 * Send a bio, or one that failed elsewhere again, to a path; in a section. @how:
 * MPC_FORWARD_*. 0 if it was consumed; else it is untouched: -ENODEV if the path
 * is on its way out; -ENOMEM in the worker.
 */
int mpk_bio_forward(struct mpath_head *head, struct mpath_device *dev,
		    struct bio *bio, u32 how) MPATH_NOEXCEPT;
/* Effects on a new bio; each consumes it. @head is NULL if it is gone. */
void mpk_bio_park(struct mpath_head *head, struct bio *bio) MPATH_NOEXCEPT;
void mpk_bio_fail(struct mpath_head *head, struct bio *bio) MPATH_NOEXCEPT;

/*
 * One ioctl or command on one path, which is pinned or in a section. Callbacks
 * come from the gate: the head may be gone by then.
 */
void mpk_ioctl_begin(struct mpath_gate *gate, struct mpath_device *dev, u32 cmd,
		     void **opaque) MPATH_NOEXCEPT;
void mpk_ioctl_finish(struct mpath_gate *gate, void *opaque) MPATH_NOEXCEPT;
/* In a section: how mpk_path_ioctl() is to count it, as the policy wants to know. */
u32 mpk_ioctl_counting(struct mpath_gate *gate, struct mpath_device *dev,
		       u32 cmd) MPATH_NOEXCEPT;
long mpk_path_ioctl(struct mpath_gate *gate, struct mpath_device *dev,
		    const struct mpc_ioctl_args *args, u32 counting) MPATH_NOEXCEPT;
/* How long may it wait for a path at most, in ms? 0: not at all. */
u32 mpk_ioctl_wait_ms(struct mpath_gate *gate,
		      const struct mpc_ioctl_args *args) MPATH_NOEXCEPT;
u32 mpk_uring_wait_ms(struct mpath_gate *gate, struct io_uring_cmd *ioucmd,
		      u32 issue_flags) MPATH_NOEXCEPT;
/* Was @ret the path's failure, and may the ioctl be sent once more? */
int mpk_ioctl_again(struct mpath_gate *gate, struct mpath_device *dev,
		    const struct mpc_ioctl_args *args, long ret) MPATH_NOEXCEPT;
/* With MPC_HAS_KEEPS_PIN, -MPC_EIOCBQUEUED means that the command has the caller's pin. */
int mpk_path_uring_cmd(struct mpath_gate *gate, struct mpath_device *dev,
		       struct io_uring_cmd *cmd, u32 issue_flags) MPATH_NOEXCEPT;
int mpk_path_call(struct mpath_device *dev, void *fn, void *ctx) MPATH_NOEXCEPT;

/* Add one to a path's MPC_COUNT_* counter. The gate keeps the counters. */
void mpk_count(struct mpath_gate *gate, u32 slot, u32 counter) MPATH_NOEXCEPT;

/* A broken invariant, reported once. */
void mpk_warn(const char *what) MPATH_NOEXCEPT;

MPATH_C_END

#endif /* MPATH_BRIDGE_KERNEL_API_H */
