// SPDX-License-Identifier: GPL-2.0
/* Char nodes and ioctls. */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/uaccess.h>

#include "fake.h"
#include "fake_user.h"

#define FAKE_MINORS	256

static const struct class fake_class = { .name = "mpath_fake" };
static dev_t fake_devt;
static DEFINE_IDA(fake_minors);

/* ------------------------------------------------------------------ ioctls */

static long fake_who(struct fake_path *path, unsigned long arg, bool compat)
{
	char name[FAKE_NAME_LEN] = "";

	strscpy(name, path->name);
	name[FAKE_NAME_LEN - 1] = compat;
	if (copy_to_user((void __user *)arg, name, sizeof(name)))
		return -EFAULT;
	return 0;
}

/* One ioctl on one path, through whichever node. */
long fake_ioctl(struct fake_path *path, unsigned int cmd, unsigned long arg,
		bool compat)
{
	long refuse = READ_ONCE(path->set.refuse);

	if (READ_ONCE(path->dead))
		return -ENODEV;
	if (refuse && fake_take(&path->set.refuse_count))
		return refuse;
	switch (cmd) {
	case FAKE_IOC_RESULT:
		return READ_ONCE(path->set.ioctl_result);
	case FAKE_IOC_WHO:
	case FAKE_IOC_WHO_ODD:
		return fake_who(path, arg, compat);
	default:
		return -ENOTTY;
	}
}

long fake_cdev_ioctl(struct mpath_device *dev, unsigned int cmd,
		     unsigned long arg, bool open_for_write)
{
	struct fake_path *path = to_fake_path(dev);

	fake_count(path, FC_cdev_ioctl);
	fake_may_sleep(path);
	fake_path_stop(FP_cdev_ioctl, path);
	if (cmd == FAKE_IOC_WRITABLE)
		return open_for_write;
	return fake_ioctl(path, cmd, arg, false);
}

/* ------------------------------------------------------------------- nodes */

int fake_cdev_name(struct mpath_head *mpath, char *buf, size_t len)
{
	struct fake_head *head = to_fake_head(mpath);

	fake_count(NULL, FC_cdev_name);
	fake_may_sleep(NULL);
	fake_stop(FP_cdev_name, head->name);
	if (head->opts.fail_cdev)
		return head->opts.fail_cdev;
	snprintf(buf, len, "%s-char", head->name);
	return 0;
}

/* As an upstream driver does it: the cdev in the head, its device owns that. */
int fake_add_cdev(struct mpath_head *mpath)
{
	struct fake_head *head = to_fake_head(mpath);
	int minor, ret;

	fake_count(NULL, FC_add_cdev);
	fake_may_sleep(NULL);
	lockdep_assert_not_held(&mpath->lock);
	fake_stop(FP_add_cdev, head->name);
	if (head->opts.fail_cdev)
		return head->opts.fail_cdev;
	minor = ida_alloc_max(&fake_minors, FAKE_MINORS - 1, GFP_KERNEL);
	if (minor < 0)
		return minor;
	mpath->cdev_device.devt = MKDEV(MAJOR(fake_devt), minor);
	mpath->cdev_device.class = &fake_class;
	mpath->cdev_device.parent = fake_parent;
	ret = dev_set_name(&mpath->cdev_device, "%s-char", head->name);
	if (!ret) {
		cdev_init(&mpath->cdev, &mpath_chr_fops);
		mpath->cdev.owner = THIS_MODULE;
		ret = cdev_device_add(&mpath->cdev, &mpath->cdev_device);
	}
	if (ret)
		ida_free(&fake_minors, minor);
	return ret;
}

void fake_del_cdev(struct mpath_head *mpath)
{
	struct fake_head *head = to_fake_head(mpath);

	fake_count(NULL, FC_del_cdev);
	fake_may_sleep(NULL);
	lockdep_assert_not_held(&mpath->lock);
	fake_stop(FP_del_cdev, head->name);
	cdev_device_del(&mpath->cdev, &mpath->cdev_device);
	ida_free(&fake_minors, MINOR(mpath->cdev_device.devt));
}

int fake_chr_init(void)
{
	int ret = alloc_chrdev_region(&fake_devt, 0, FAKE_MINORS, "mpath_fake");

	if (ret)
		return ret;
	ret = class_register(&fake_class);
	if (ret)
		unregister_chrdev_region(fake_devt, FAKE_MINORS);
	return ret;
}

void fake_chr_exit(void)
{
	class_unregister(&fake_class);
	unregister_chrdev_region(fake_devt, FAKE_MINORS);
	ida_destroy(&fake_minors);
}
