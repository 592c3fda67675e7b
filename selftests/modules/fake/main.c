// SPDX-License-Identifier: GPL-2.0
/* The module. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/module.h>

#include "compat.h"
#include "fake.h"

struct device *fake_parent;
struct workqueue_struct *fake_wq;

static int __init fake_init(void)
{
	int ret = -ENOMEM;

	fake_wq = alloc_workqueue("mpath_fake", 0, 0);
	if (!fake_wq)
		return ret;
	ret = fake_io_init();
	if (ret)
		goto free_wq;
	ret = fake_clone_init();
	if (ret)
		goto exit_io;
	ret = fake_chr_init();
	if (ret)
		goto exit_clone;
	fake_parent = root_device_register("mpath_fake");
	ret = PTR_ERR_OR_ZERO(fake_parent);
	if (ret)
		goto exit_chr;
	ret = fake_control_init();
	if (ret)
		goto unregister;
	return 0;

unregister:
	root_device_unregister(fake_parent);
exit_chr:
	fake_chr_exit();
exit_clone:
	fake_clone_exit();
exit_io:
	fake_io_exit();
free_wq:
	destroy_workqueue(fake_wq);
	return ret;
}

/*
 * No node is open and no grace period runs: each would pin the module. Bios and
 * commands are over with their files, but a path may still be on its way out.
 */
static void __exit fake_exit(void)
{
	fake_control_exit();
	fake_stop_release_all();
	fake_heads_destroy();
	fake_paths_wait_gone();
	root_device_unregister(fake_parent);
	fake_chr_exit();
	fake_clone_exit();
	destroy_workqueue(fake_wq);
	fake_io_exit();
	fake_templates_free();
	/* the last one to give a path back may still be in our code */
	mpath_synchronize_tasks();
}

module_init(fake_init);
module_exit(fake_exit);
MODULE_DESCRIPTION("Paths whose behaviour a test controls, for libmultipath_cxx");
MODULE_LICENSE("GPL");
