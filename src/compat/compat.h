/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one place that knows kernel versions. Everything else is written for the
 * oldest kernel supported, 6.12; what a later one does otherwise gets one
 * inline or macro here, with the release that changed it.
 */
#ifndef MPATH_COMPAT_H
#define MPATH_COMPAT_H

#include <linux/blkdev.h>
#include <linux/rcupdate.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#error "kernels before 6.12 are not supported"
#endif

/*
 * A variable on the stack that need not be zeroed (CONFIG_INIT_STACK_ALL_ZERO), as it is
 * filled at once.
 */
#if __has_attribute(uninitialized)
#define MPATH_UNINITIALIZED	__attribute__((uninitialized))
#else
#define MPATH_UNINITIALIZED
#endif

/* 6.13: the namespace of MODULE_IMPORT_NS() is a string literal. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define MPATH_IMPORT_NS(ns)	MODULE_IMPORT_NS(#ns)
#else
#define MPATH_IMPORT_NS(ns)	MODULE_IMPORT_NS(ns)
#endif

/*
 * Without preemption there are no RCU tasks: call_rcu_tasks() is call_rcu()
 * then, and a task is on its way until the next ordinary grace period.
 */
#ifdef CONFIG_TASKS_RCU
#define mpath_synchronize_tasks()	synchronize_rcu_tasks()
#define mpath_barrier_tasks()		rcu_barrier_tasks()
#else
#define mpath_synchronize_tasks()	synchronize_rcu()
#define mpath_barrier_tasks()		rcu_barrier()
#endif

/*
 * 6.15, and in later 6.12 stable releases: limits are committed and the queue
 * frozen in this order; the other one can deadlock against a write to queue/.
 * Kbuild looks whether the function is there.
 */
#ifdef MPATH_HAVE_COMMIT_UPDATE_FROZEN
#define mpath_limits_commit(q, lim)	queue_limits_commit_update_frozen(q, lim)
#else
static inline int mpath_limits_commit(struct request_queue *q,
				      struct queue_limits *lim)
{
	int ret;

	blk_mq_freeze_queue(q);
	ret = queue_limits_commit_update(q, lim);
	blk_mq_unfreeze_queue(q);
	return ret;
}
#endif

/*
 * Linux 6.10 and later, until io_uring does it (6.14): a command that gets -EAGAIN is
 * issued again by a worker, from a copy of its SQE that io_uring makes and then forgets
 * to look at. The worker takes whatever the submitter has put in that place of the ring
 * by then: another command, with other data. So the copy is made here and set.
 * io_uring_cmd(), io_uring/uring_cmd.c; &io_kiocb.async_data is there from the start.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0) && \
	LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
#include <linux/io_uring/cmd.h>
#include <linux/io_uring_types.h>

static inline void mpath_keep_sqe(struct io_uring_cmd *ioucmd,
				  unsigned int issue_flags)
{
	void *copy = cmd_to_io_kiocb(ioucmd)->async_data;

	if (ioucmd->sqe == copy)
		return;
	memcpy(copy, ioucmd->sqe, sizeof(struct io_uring_sqe) <<
				  !!(issue_flags & IO_URING_F_SQE128));
	ioucmd->sqe = copy;
}
#else
static inline void mpath_keep_sqe(struct io_uring_cmd *ioucmd,
				  unsigned int issue_flags) { }
#endif

/*
 * x86 with the x32 ABI, all releases up to now: a task that is not in a system
 * call, because task work runs on its way out of an interrupt, has -1 for the
 * number of one, and so has a worker of io_uring that was made in such a moment,
 * as long as it lives. Bit 30 of that number says x32, so in_compat_syscall() is
 * true and the NVMe driver cuts the user's addresses to 32 bits: -EFAULT.
 * Between these two calls the task is in no system call that has the bit.
 */
#ifdef CONFIG_X86_X32_ABI
#include <linux/ptrace.h>

static inline bool mpath_not_x32_begin(void)
{
	struct pt_regs *regs = current_pt_regs();
	bool none = (long)regs->orig_ax == -1;

	if (unlikely(none))
		regs->orig_ax = 0;
	return none;
}

static inline void mpath_not_x32_end(bool none)
{
	if (unlikely(none))
		current_pt_regs()->orig_ax = -1;
}
#else
static inline bool mpath_not_x32_begin(void) { return false; }
static inline void mpath_not_x32_end(bool none) { }
#endif

#endif /* MPATH_COMPAT_H */
