// SPDX-License-Identifier: GPL-2.0
/* The bodies of kernel_api.h but for bios (src/lib/bio.c). No decision is made here. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compat.h>
#include <linux/topology.h>

#include "kernel_api.h"
#include "../lib/internal.h"
#include "../lib/trace.h"

int mpk_gate_lock(struct mpath_gate *gate)
{
	return srcu_read_lock(&gate->srcu);
}

void mpk_gate_unlock(struct mpath_gate *gate, int idx)
{
	srcu_read_unlock(&gate->srcu, idx);
}

struct mpc_head *mpk_gate_head(struct mpath_gate *gate)
{
	struct mpath_head *head = srcu_dereference(gate->head, &gate->srcu);

	return head ? mpath_core(head) : NULL;
}

s32 mpk_this_node(void)
{
	return numa_node_id();
}

s32 mpk_node_distance(s32 a, s32 b)
{
	return node_distance(a, b);
}

void mpk_might_sleep(void)
{
	might_sleep();
}

u32 mpk_command_wait(struct mpath_head *head)
{
	return READ_ONCE(head->command_wait_ms);
}

/* No lock is held, so the task may be frozen in here (suspend). */
int mpk_pause(void)
{
	set_current_state(TASK_KILLABLE | TASK_FREEZABLE);
	schedule_timeout(msecs_to_jiffies(MPC_PAUSE_MS));
	/* a worker of io_uring is told so that its item is to end (io_wq_cancel_cb()) */
	return fatal_signal_pending(current) ||
	       ((current->flags & PF_IO_WORKER) &&
		test_thread_flag(TIF_NOTIFY_SIGNAL));
}

void mpk_ioctl_begin(struct mpath_gate *gate, struct mpath_device *dev, u32 cmd,
		     void **opaque)
{
	gate->mpdt->ioctl_begin(dev, cmd, opaque);
}

void mpk_ioctl_finish(struct mpath_gate *gate, void *opaque)
{
	gate->mpdt->ioctl_finish(opaque);
}

static long mpath_path_bdev_ioctl(struct gendisk *disk,
				  const struct mpc_ioctl_args *args)
{
	const struct block_device_operations *fops = disk->fops;
	blk_mode_t mode = (__force blk_mode_t)args->mode;
	unsigned long arg = args->arg;

#ifdef CONFIG_COMPAT
	if (args->compat) {
		if (fops->compat_ioctl)
			return fops->compat_ioctl(disk->part0, mode, args->cmd,
						  arg);
		arg = (unsigned long)compat_ptr(arg);
	}
#endif
	if (!fops->ioctl)
		return -ENOTTY;
	return fops->ioctl(disk->part0, mode, args->cmd, arg);
}

enum { MPATH_IOCTL_COUNTED = 1, MPATH_IOCTL_TIMED = 2 };

static bool mpath_ioctl_waits(struct mpath_gate *gate, u32 cmd)
{
	return !gate->mpdt->ioctl_waits || gate->mpdt->ioctl_waits(cmd);
}

/* Only what the driver's device executes among I/O: what may wait like that. */
u32 mpk_ioctl_counting(struct mpath_gate *gate, struct mpath_device *dev, u32 cmd)
{
	enum mpath_iopolicy_e policy = mpath_read_iopolicy(dev->mpath_head);

	if (!mpath_counts_active(policy) || !mpath_ioctl_waits(gate, cmd))
		return 0;
	return MPATH_IOCTL_COUNTED |
	       (policy == MPATH_IOPOLICY_ST ? MPATH_IOCTL_TIMED : 0);
}

long mpk_path_ioctl(struct mpath_gate *gate, struct mpath_device *dev,
		    const struct mpc_ioctl_args *args, u32 counting)
{
	u64 begun = counting & MPATH_IOCTL_TIMED ? ktime_get_ns() : 0;
	long ret;

	trace_mpath_select(dev, MPATH_TRACE_IOCTL);
	if (counting)
		atomic_inc(dev->nr_active);
	if (args->bdev)
		ret = mpath_path_bdev_ioctl(dev->disk, args);
	else
		ret = gate->mpdt->cdev_ioctl(dev, args->cmd, args->arg,
					     args->open_for_write);
	if (counting)
		atomic_dec(dev->nr_active);
	if (begun && !ret)
		mpath_command_took(dev, ktime_get_ns() - begun);
	return ret;
}

u32 mpk_ioctl_wait_ms(struct mpath_gate *gate, const struct mpc_ioctl_args *args)
{
	u32 ms = 0;

	if (!mpath_ioctl_waits(gate, args->cmd))
		return 0;
	if (gate->mpdt->ioctl_timeout_ms)
		ms = gate->mpdt->ioctl_timeout_ms(args->cmd, args->arg);
	return ms ?: U32_MAX;
}

u32 mpk_uring_wait_ms(struct mpath_gate *gate, struct io_uring_cmd *ioucmd,
		      u32 issue_flags)
{
	u32 ms = 0;

	if (gate->mpdt->uring_timeout_ms)
		ms = gate->mpdt->uring_timeout_ms(ioucmd, issue_flags);
	return ms ?: U32_MAX;
}

int mpk_ioctl_again(struct mpath_gate *gate, struct mpath_device *dev,
		    const struct mpc_ioctl_args *args, long ret)
{
	return gate->mpdt->ioctl_again &&
	       gate->mpdt->ioctl_again(dev, args->cmd, args->arg, ret);
}

int mpk_path_uring_cmd(struct mpath_gate *gate, struct mpath_device *dev,
		       struct io_uring_cmd *cmd, u32 issue_flags)
{
	trace_mpath_select(dev, MPATH_TRACE_URING_CMD);
	return gate->mpdt->chr_uring_cmd(dev, cmd, issue_flags);
}

int mpk_path_call(struct mpath_device *dev, void *fn, void *ctx)
{
	int (*cb)(struct mpath_device *dev, void *ctx) = fn;

	trace_mpath_select(dev, MPATH_TRACE_CALL);
	return cb(dev, ctx);
}

void mpk_count(struct mpath_gate *gate, u32 slot, u32 counter)
{
	this_cpu_inc(gate->counters[slot]->n[counter]);
}

void mpk_warn(const char *what)
{
	WARN_ONCE(1, "%s\n", what);
}
