// SPDX-License-Identifier: GPL-2.0
/*
 * "node_pr NODE OP ARGS": an operation on reservations by a user in the kernel,
 * as the SCSI target is one. It can read, for which 6.12 has no ioctl, and it can
 * name a partition, which the ioctls refuse.
 */
#include <linux/blkdev.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fake.h"

#define FAKE_KEYS	16

static int say_keys(struct block_device *bdev, const struct pr_ops *ops,
		    u64 room, struct fake_result *res)
{
	struct pr_keys *keys;
	unsigned int i;
	int ret;

	keys = kzalloc(struct_size(keys, keys, FAKE_KEYS), GFP_KERNEL);
	if (!keys)
		return -ENOMEM;
	keys->num_keys = min_t(u64, room, FAKE_KEYS);
	room = keys->num_keys;
	ret = ops->pr_read_keys(bdev, keys);
	fake_say(res, "%d", ret);
	if (!ret) {
		fake_say(res, " %u:", keys->num_keys);
		for (i = 0; i < keys->num_keys && i < room; i++)
			fake_say(res, " 0x%llx", keys->keys[i]);
	}
	fake_say(res, "\n");
	kfree(keys);
	return 0;
}

static int run(struct block_device *bdev, const char *op, u64 *n,
	       struct fake_result *res)
{
	const struct pr_ops *ops = bdev->bd_disk->fops->pr_ops;
	struct pr_held_reservation rsv = {};
	int ret;

	if (!ops)
		return -EOPNOTSUPP;
	if (!strcmp(op, "register")) {
		ret = ops->pr_register(bdev, n[0], n[1], n[2]);
	} else if (!strcmp(op, "read_keys")) {
		return say_keys(bdev, ops, n[0], res);
	} else if (!strcmp(op, "read_reservation")) {
		ret = ops->pr_read_reservation(bdev, &rsv);
		if (!ret) {
			fake_say(res, "0 0x%llx %d\n", rsv.key, rsv.type);
			return 0;
		}
	} else {
		return -EINVAL;
	}
	fake_say(res, "%d\n", ret);
	return 0;
}

int fake_pr_user(int argc, char **argv, struct fake_result *res)
{
	struct file *file;
	u64 n[3] = {};
	int i, ret;

	if (argc < 2)
		return -EINVAL;
	for (i = 2; i < argc; i++)
		if (i > 4 || kstrtou64(argv[i], 0, &n[i - 2]))
			return -EINVAL;
	file = bdev_file_open_by_path(argv[0], BLK_OPEN_READ | BLK_OPEN_WRITE,
				      NULL, NULL);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = run(file_bdev(file), argv[1], n, res);
	fput(file);
	return ret;
}
