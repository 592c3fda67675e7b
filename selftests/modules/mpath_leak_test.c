// SPDX-License-Identifier: GPL-2.0
/*
 * Leaks one object when it is loaded, to see that the leak check of
 * selftests/guest finds it.
 */
#include <linux/module.h>
#include <linux/slab.h>

static int __init mpath_leak_test_init(void)
{
	/* volatile, so that the compiler does not drop what nobody uses */
	char *volatile lost = kmalloc(1234, GFP_KERNEL);

	if (!lost)
		return -ENOMEM;
	lost = NULL;
	return 0;
}
module_init(mpath_leak_test_init);

static void __exit mpath_leak_test_exit(void)
{
}
module_exit(mpath_leak_test_exit);

MODULE_DESCRIPTION("leaks memory on purpose");
MODULE_LICENSE("GPL");
