// SPDX-License-Identifier: GPL-2.0
/*
 * What an ioctl carries, and failover of passthrough by ioctl: what a failed one says
 * of its path, and whether it may be sent on another one. The library does the rest, in
 * the caller's task.
 *
 * The driver's ioctl has ended then: its request is freed, its data copied. What it
 * was is read once more from the caller's memory, which the next path's ioctl does in
 * any case: who changes it meanwhile gets what he might have asked for himself.
 */
#include <linux/nvme.h>
#include <linux/nvme_ioctl.h>
#include <linux/uaccess.h>

#include "mpn.h"

/*
 * NVME_IOCTL_SUBMIT_IO of 32-bit programs on x86, whose structure is 4 bytes shorter
 * (struct nvme_user_io32, drivers/nvme/host/ioctl.c); opcode and flags are first.
 */
#define MPN_IOCTL_SUBMIT_IO32	_IOC(_IOC_WRITE, 'N', 0x42, 44)

static bool mpn_is_io_ioctl(unsigned int cmd)
{
	switch (cmd) {
	case MPN_IOCTL_SUBMIT_IO32:
	case NVME_IOCTL_IO_CMD:
	case NVME_IOCTL_SUBMIT_IO:
	case NVME_IOCTL_IO64_CMD:
	case NVME_IOCTL_IO64_CMD_VEC:
		return true;
	default:
		return false;
	}
}

/*
 * Without CAP_SYS_ADMIN the driver sends no I/O command from a partition; all
 * else is as on the whole disk.
 * DIFFERS: the driver forgets NVME_IOCTL_IO_CMD there, so that a partition's
 * opener can read and write all of the disk with it. Not here.
 */
bool mpn_partition_ioctl(unsigned int cmd)
{
	return !mpn_is_io_ioctl(cmd);
}

/**
 * mpn_ioctl_waits() - &mpath_head_template.ioctl_waits
 *
 * I/O commands wait, as a bio does. Admin commands and the rest are what tools look
 * around with: "nvme list", and "nvme connect", which may be what brings the path
 * back.
 */
bool mpn_ioctl_waits(unsigned int cmd)
{
	return mpn_is_io_ioctl(cmd);
}

/**
 * mpn_ioctl_timeout_ms() - &mpath_head_template.ioctl_timeout_ms
 *
 * NVME_IOCTL_SUBMIT_IO has no time-out.
 */
unsigned int mpn_ioctl_timeout_ms(unsigned int cmd, unsigned long arg)
{
	static_assert(offsetof(struct nvme_passthru_cmd, timeout_ms) ==
		      offsetof(struct nvme_passthru_cmd64, timeout_ms));
	struct nvme_passthru_cmd __user *ucmd = (void __user *)arg;
	u32 ms;

	switch (cmd) {
	case NVME_IOCTL_IO_CMD:
	case NVME_IOCTL_IO64_CMD:
	case NVME_IOCTL_IO64_CMD_VEC:
		return get_user(ms, &ucmd->timeout_ms) ? 0 : ms;
	default:
		return 0;
	}
}

/* The caller's command: opcode and flags come first in all of these. */
static bool mpn_ioctl_command(unsigned int cmd, void __user *arg,
			      struct mpn_ended *ended)
{
	u8 head[2];

	static_assert(offsetof(struct nvme_passthru_cmd, flags) == 1);
	static_assert(offsetof(struct nvme_passthru_cmd64, flags) == 1);
	static_assert(offsetof(struct nvme_user_io, flags) == 1);

	ended->admin = cmd == NVME_IOCTL_ADMIN_CMD ||
		       cmd == NVME_IOCTL_ADMIN64_CMD;
	if (!ended->admin && !mpn_is_io_ioctl(cmd))
		return false;
	if (copy_from_user(head, arg, sizeof(head)))
		return false;
	ended->opcode = head[0];
	ended->flags = head[1] & 3;
	return true;
}

/**
 * mpn_ioctl_again() - &mpath_head_template.ioctl_again
 * @ret: of the driver: an NVMe status; -EINTR for a command that it cancelled,
 *	with its controller; -EIO for one that a queue refused; -errno
 */
bool mpn_ioctl_again(struct mpath_device *mdev, unsigned int cmd,
		     unsigned long arg, long ret)
{
	struct mpn_path *path = mpn_path_of(mdev);
	struct mpn_ended ended = {
		.status		= ret > 0 ? ret : NVME_SC_HOST_ABORTED_CMD,
		.csi		= *mpn_head_id(mpn_ns_head(path->ns), CSI),
		.left_host	= true,
		.failover	= READ_ONCE(path->home->failover),
	};

	/* a queue that is down already refuses without a status */
	if (ret == -EIO && mpn_path_down(path))
		ended.status = NVME_SC_HOST_PATH_ERROR;
	else if (ret < 0 && ret != -EINTR)
		return false;
	if (!mpn_ioctl_command(cmd, (void __user *)arg, &ended))
		return false;
	if (!ended.admin && ended.failover != MPN_FAILOVER_OFF)
		mpn_ana_status(path, ended.status);
	ended.has_effects = !ended.admin &&
			    mpn_effects_of(path, ended.opcode, &ended.effects);
	if (!mpn_may_send_again(&ended))
		return false;
	atomic64_inc(&path->home->failovers);
	mpn_path_error(mdev, BLK_STS_TRANSPORT);
	return true;
}
