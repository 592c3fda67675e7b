// SPDX-License-Identifier: GPL-2.0
/* The head's char node. What is not simple is decided behind mpc_*. */
#include <linux/compat.h>
#include <linux/fs.h>

#include "compat.h"
#include "internal.h"
#include "trace.h"

/*
 * The file keeps the gate by a reference of its own: a cdev that a driver made
 * does not.
 */
static int mpath_chr_open_gate(struct file *file, struct mpath_gate *gate)
{
	int ret = mpath_gate_open(gate);

	if (ret)
		return ret;
	get_device(&gate->dev);
	file->private_data = gate;
	return 0;
}

static int mpath_gate_chr_open(struct inode *inode, struct file *file)
{
	return mpath_chr_open_gate(file, container_of(inode->i_cdev,
						      struct mpath_gate, cdev));
}

/*
 * A driver's own cdev outlives mpath_head_uninit() (the driver keeps its memory
 * until the VFS lets go), so an open may come when the gate is gone already.
 */
static DEFINE_MUTEX(mpath_head_gate_lock);

void mpath_chr_forget_gate(struct mpath_head *head)
{
	mutex_lock(&mpath_head_gate_lock);
	head->gate = NULL;
	mutex_unlock(&mpath_head_gate_lock);
}

static int mpath_head_chr_open(struct inode *inode, struct file *file)
{
	struct mpath_head *head = container_of(inode->i_cdev, struct mpath_head,
					       cdev);
	int ret = -ENXIO;

	mutex_lock(&mpath_head_gate_lock);
	if (head->gate)
		ret = mpath_chr_open_gate(file, head->gate);
	mutex_unlock(&mpath_head_gate_lock);
	return ret;
}

static int mpath_chr_release(struct inode *inode, struct file *file)
{
	struct mpath_gate *gate = file->private_data;

	mpath_gate_release(gate);
	put_device(&gate->dev);
	return 0;
}

static long mpath_chr_ioctl(struct file *file, unsigned int cmd,
			    unsigned long arg)
{
	struct mpc_ioctl_args args = {
		.arg		= arg,
		.cmd		= cmd,
		.open_for_write	= !!(file->f_mode & FMODE_WRITE),
	};

	return mpc_ioctl(file->private_data, &args);
}

/*
 * The first try on one path, without a section: even a non-blocking issue can fault on
 * the user's pages.
 */
static int mpath_chr_first_uring_cmd(struct mpath_gate *gate,
				     struct io_uring_cmd *ioucmd,
				     unsigned int issue_flags)
{
	void (*put_path)(struct mpath_device *dev) = gate->ops.put_path;
	struct mpath_device *dev;
	unsigned int slot;
	int ret;

	dev = mpath_choose(gate, MPC_FOR_COMMAND).dev;
	if (unlikely(!dev))
		return mpc_uring_cmd(gate, ioucmd, issue_flags);
	slot = dev->slot;
	trace_mpath_select(dev, MPATH_TRACE_URING_CMD);
	ret = gate->mpdt->chr_uring_cmd(dev, ioucmd, issue_flags);
	/* the path may be gone from here on */
	if (!(gate->mpdt->features & MPATH_FEAT_KEEPS_PIN && ret == -EIOCBQUEUED))
		put_path(dev);
	if (likely(ret == -EIOCBQUEUED || ret >= 0)) {
		this_cpu_inc(gate->counters[slot]->n[MPC_COUNT_URING_CMDS]);
		return ret;
	}
	return mpc_uring_cmd_next(gate, ioucmd, issue_flags, slot, ret);
}

static int mpath_chr_uring_cmd(struct io_uring_cmd *ioucmd,
			       unsigned int issue_flags)
{
	struct mpath_gate *gate = ioucmd->file->private_data;
	int ret;

	/* io_uring looks only at our own table, which always has iopoll */
	if ((issue_flags & IO_URING_F_IOPOLL) &&
	    !gate->mpdt->chr_uring_cmd_iopoll)
		return -EOPNOTSUPP;
	ret = likely(gate->quick & MPATH_QUICK_URING_CMD) ?
		mpath_chr_first_uring_cmd(gate, ioucmd, issue_flags) :
		mpc_uring_cmd(gate, ioucmd, issue_flags);
	if (unlikely(ret == -EAGAIN))
		mpath_keep_sqe(ioucmd, issue_flags);
	return ret;
}

/*
 * Commands of a removed head are polled like any other: a negative answer
 * would keep the ring from reaping what has completed.
 */
static int mpath_chr_uring_cmd_iopoll(struct io_uring_cmd *ioucmd,
				      struct io_comp_batch *iob,
				      unsigned int poll_flags)
{
	struct mpath_gate *gate = ioucmd->file->private_data;

	if (!gate->mpdt->chr_uring_cmd_iopoll)
		return -EOPNOTSUPP;
	return gate->mpdt->chr_uring_cmd_iopoll(ioucmd, iob, poll_flags);
}

#define MPATH_CHR_FOPS(opener)					\
	.owner		= THIS_MODULE,				\
	.open		= (opener),				\
	.release	= mpath_chr_release,			\
	.unlocked_ioctl	= mpath_chr_ioctl,			\
	.compat_ioctl	= compat_ptr_ioctl,			\
	.uring_cmd	= mpath_chr_uring_cmd,			\
	.uring_cmd_iopoll = mpath_chr_uring_cmd_iopoll

/* For char devices that the library makes: the cdev is in the gate. */
const struct file_operations mpath_gate_chr_fops = {
	MPATH_CHR_FOPS(mpath_gate_chr_open),
};

/* For drivers with add_cdev: the cdev is &mpath_head.cdev. */
const struct file_operations mpath_chr_fops = {
	MPATH_CHR_FOPS(mpath_head_chr_open),
};
EXPORT_SYMBOL_GPL(mpath_chr_fops);
