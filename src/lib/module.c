// SPDX-License-Identifier: GPL-2.0
/* libmultipath_cxx.ko: loading and unloading. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/module.h>

#include "internal.h"

static int __init mpath_init(void)
{
	int ret;

	if (mpc_head_size() > sizeof_field(struct mpath_head, core) ||
	    mpc_path_size() > sizeof_field(struct mpath_device, core)) {
		pr_err("built from parts that do not fit together\n");
		return -EINVAL;
	}
	mpc_setup((const u64 *)&jiffies_64, HZ);
	ret = mpath_work_module_init();
	if (ret)
		return ret;
	ret = mpath_gate_module_init();
	if (ret)
		mpath_work_module_exit();
	return ret;
}

static void __exit mpath_exit(void)
{
	mpath_gate_module_exit();
	mpath_work_module_exit();
	mpath_bio_module_exit();
}

module_init(mpath_init);
module_exit(mpath_exit);

MODULE_DESCRIPTION("Multipath library for block drivers");
MODULE_LICENSE("GPL");
MODULE_VERSION(MPATH_VERSION);
