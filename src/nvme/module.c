// SPDX-License-Identifier: GPL-2.0
/* mpath_nvme.ko: loading, unloading, parameters. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "compat.h"
#include "mpn.h"

struct workqueue_struct *mpn_wq;

unsigned int mpn_base = 1000;
module_param_named(base, mpn_base, uint, 0444);
MODULE_PARM_DESC(base, "first number in the nodes' names, far above any controller's (default 1000)");

enum mpath_iopolicy_e mpn_default_policy = MPATH_IOPOLICY_NUMA;

static int mpn_policy_set(const char *val, const struct kernel_param *kp)
{
	return mpath_set_iopolicy(val, &mpn_default_policy);
}

static int mpn_policy_get(char *buf, const struct kernel_param *kp)
{
	return mpath_get_iopolicy(buf, mpn_default_policy);
}

static const struct kernel_param_ops mpn_policy_ops = {
	.set = mpn_policy_set,
	.get = mpn_policy_get,
};
module_param_cb(policy, &mpn_policy_ops, NULL, 0644);
MODULE_PARM_DESC(policy, "path policy of new heads: numa (default), round-robin, queue-depth or service-time");

static bool mpn_started;

static int mpn_rescan_set(const char *val, const struct kernel_param *kp)
{
	if (mpn_started)
		mpn_rescan();
	return 0;
}

static const struct kernel_param_ops mpn_rescan_ops = {
	.set = mpn_rescan_set,
};
module_param_cb(rescan, &mpn_rescan_ops, NULL, 0200);
MODULE_PARM_DESC(rescan, "write anything: look again at every NVMe disk that was left alone");

#define MPN_SETTLE_MAX	60

static int mpn_settle_set(const char *val, const struct kernel_param *kp)
{
	unsigned int secs;
	int ret = kstrtouint(val, 0, &secs);

	if (ret)
		return ret;
	if (secs > MPN_SETTLE_MAX)
		return -ERANGE;
	/*
	 * While the module is being loaded, too: disks are found before that has ended.
	 * (As a parameter of insmod it has nothing to wait for yet.)
	 *
	 * Each of udev's workers waits here, and they are to do that at the same time; nor
	 * are the other parameters to wait. The file that is written keeps the module.
	 */
	kernel_param_unlock(THIS_MODULE);
	ret = mpn_settle(secs);
	kernel_param_lock(THIS_MODULE);
	return ret;
}

static const struct kernel_param_ops mpn_settle_ops = {
	.set = mpn_settle_set,
};
module_param_cb(settle, &mpn_settle_ops, NULL, 0200);
MODULE_PARM_DESC(settle, "write a number of seconds, at most 60: wait so long until each NVMe disk has joined or was left alone");

/* The value of a bool parameter of a module that we depend on. */
static bool mpn_param_of(const struct module *mod, const char *name)
{
	unsigned int i;

	for (i = 0; i < mod->num_kp; i++)
		if (!strcmp(mod->kp[i].name, name) &&
		    mod->kp[i].ops == &param_ops_bool)
			return *(bool *)mod->kp[i].arg;
	return false;
}

/*
 * The driver's module. The modules we depend on are in our own target_list, which
 * does not change while we are loaded.
 */
static struct module *mpn_nvme_core(void)
{
	struct module_use *use;

	list_for_each_entry(use, &THIS_MODULE->target_list, target_list)
		if (!strcmp(use->target->name, "nvme_core"))
			return use->target;
	return NULL;
}

/*
 * Is the driver's own multipath on? Then its heads own all shared namespaces,
 * and the path disks are hidden.
 */
static bool mpn_native_multipath(void)
{
	const struct module *core = mpn_nvme_core();

	return core && mpn_param_of(core, "multipath");
}

/*
 * Not used, imported for its symbol version: the loader refuses this module on
 * an nvme-core whose struct nvme_ns and friends are laid out otherwise.
 */
extern void nvme_put_ns(struct nvme_ns *ns);
static void (*volatile const mpn_layout_anchor)(struct nvme_ns *) __used =
	nvme_put_ns;
MPATH_IMPORT_NS(NVME_TARGET_PASSTHRU);

static int __init mpn_init(void)
{
	int ret;

	if (mpn_native_multipath()) {
		pr_warn("the driver's own multipath is on, nothing is claimed; to use this module boot with nvme_core.multipath=N\n");
		return 0;
	}
	mpn_wq = alloc_workqueue("mpath-nvme", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!mpn_wq)
		return -ENOMEM;
	ret = mpn_failover_start();
	if (ret)
		goto destroy;
	mpn_ana_notice_start(mpn_nvme_core());
	ret = mpn_discover_start();
	if (ret)
		goto stop;
	mpn_heads_watch();
	mpn_started = true;
	return 0;

stop:
	mpn_ana_notice_stop();
	mpn_failover_stop();
destroy:
	destroy_workqueue(mpn_wq);
	return ret;
}

static void __exit mpn_exit(void)
{
	if (!mpn_started)
		return;
	mpn_ana_notice_stop();
	mpn_discover_stop();
	mpn_heads_unwatch();	/* whoever uses a path may ask for a look */
	mpn_effects_drain();
	mpn_failover_stop();
	destroy_workqueue(mpn_wq);
}

module_init(mpn_init);
module_exit(mpn_exit);

MODULE_DESCRIPTION("Multipath for the stock NVMe driver");
MODULE_LICENSE("GPL");
MODULE_VERSION(MPATH_VERSION);
