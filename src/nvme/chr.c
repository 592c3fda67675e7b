// SPDX-License-Identifier: GPL-2.0
/*
 * The path's char device, opened in the kernel.
 *
 * Not by name: /dev may be another one, or none, in the place we run in, and a
 * name can be taken by something else. The driver finds the namespace through
 * the cdev of the file's inode, so a file on an inode of our own with that cdev
 * is as good as one opened from /dev.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/anon_inodes.h>
#include <linux/file.h>

#include "mpn.h"

/* For a file whose open failed: nothing to release. */
static const struct file_operations mpn_closed_fops = { };

/*
 * At once: fput() in a worker is put off to another one, so that the driver's
 * modules would stay in use for a while after ours has gone.
 */
void mpn_close_file(struct file *file)
{
	if (file)
		__fput_sync(file);
}

static struct file *mpn_open_cdev(struct cdev *cdev, int flags)
{
	struct inode *inode;
	struct file *file;
	int ret;

	file = anon_inode_create_getfile("[mpath_nvme]", cdev->ops, NULL, flags,
					 NULL);
	if (IS_ERR(file))
		return file;
	inode = file_inode(file);
	/* no reference: the namespace, kept by the open disk, has the cdev */
	inode->i_cdev = cdev;
	ret = cdev->ops->open(inode, file);
	if (ret) {
		replace_fops(file, &mpn_closed_fops);
		__fput_sync(file);
		return ERR_PTR(ret);
	}
	return file;
}

static bool mpn_cdev_ready(struct nvme_ns *ns)
{
	const struct file_operations *fops = mpn_ns_cdev(ns)->ops;

	return fops && device_is_registered(mpn_ns_cdev_device(ns));
}

/**
 * mpn_open_chr() - open the char device of a claimed path, both ways
 * @path: with ns set
 * Return: 0; -EAGAIN if it is not there yet; what the driver's open says.
 */
int mpn_open_chr(struct mpn_path *path)
{
	struct cdev *cdev = mpn_ns_cdev(path->ns);
	struct file *file;

	if (!mpn_cdev_ready(path->ns))
		return -EAGAIN;
	if (!cdev->ops->open || !cdev->ops->unlocked_ioctl ||
	    !cdev->ops->uring_cmd)
		return -EOPNOTSUPP;

	file = mpn_open_cdev(cdev, O_RDONLY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	path->chr_rd = file;
	file = mpn_open_cdev(cdev, O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);	/* the caller closes chr_rd */
	path->chr_rw = file;
	return 0;
}
