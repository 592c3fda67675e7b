// SPDX-License-Identifier: GPL-2.0
/*
 * mpath_head_template and the edges of the library's C API, from a C driver's
 * side: a good head is made, then every template and head that breaks a rule
 * must be refused with -EINVAL and leave nothing behind, then calls out of
 * order must be answered as the header says. Results go to the kernel log as
 * KTAP. Loading fails with -EINVAL if a test failed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/multipath.h>

static unsigned int nr, failed;

static __printf(2, 3) void result(bool ok, const char *fmt, ...)
{
	struct va_format vaf;
	va_list args;

	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	pr_info("%s %u %pV\n", ok ? "ok" : "not ok", ++nr, &vaf);
	va_end(args);
	if (!ok)
		failed++;
}

static void result_int(int want, int seen, const char *what)
{
	if (want != seen)
		pr_info("# expected %d, seen %d\n", want, seen);
	result(want == seen, "%s", what);
}

/* ---- callbacks that nobody calls ------------------------------------------ */

static bool no(struct mpath_device *mpath_device)
{
	return false;
}

static void remove_head(struct mpath_head *mpath_head) { }
static int add_cdev(struct mpath_head *mpath_head) { return -ENODEV; }
static void del_cdev(struct mpath_head *mpath_head) { }

static long cdev_ioctl(struct mpath_device *mpath_device, unsigned int cmd,
		       unsigned long arg, bool open_for_write)
{
	return -ENOTTY;
}

static void ioctl_begin(struct mpath_device *mpath_device, unsigned int cmd,
			void **opaque) { }
static void ioctl_finish(void *opaque) { }

static int uring_cmd(struct mpath_device *mpath_device,
		     struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	return -EOPNOTSUPP;
}

static int uring_iopoll(struct io_uring_cmd *ioucmd, struct io_comp_batch *iob,
			unsigned int poll_flags)
{
	return 0;
}

static struct bio *clone_bio(struct bio *bio) { return NULL; }

static struct bio *clone_bio_to(struct mpath_device *mpath_device,
				struct bio *bio)
{
	return NULL;
}

static int cdev_name(struct mpath_head *mpath_head, char *buf, size_t len)
{
	return -ENODEV;
}

static bool get_path(struct mpath_device *mpath_device) { return false; }
static void put_path(struct mpath_device *mpath_device) { }
static bool partition_ioctl(unsigned int cmd) { return false; }

/* ---- heads ---------------------------------------------------------------- */

static const struct mpath_head_template minimal = {
	.available_path = no,
	.is_disabled = no,
	.is_optimized = no,
};

static const struct attribute_group *disk_groups[] = { &mpath_attr_group, NULL };
static enum mpath_iopolicy_e iopolicy = MPATH_IOPOLICY_NUMA;
static struct device *parent;

/* What a combination changes of a good head. */
struct setup {
	struct mpath_head_template template;
	struct queue_limits lim;
	bool no_template, no_parent, no_iopolicy, no_groups, no_lim;
};

static void set_limits(struct setup *s)
{
	blk_set_stacking_limits(&s->lim);
	/* not zoned */
	s->lim.max_zone_append_sectors = 0;
}

static struct mpath_head *make_head(struct setup *s)
{
	struct mpath_head *head = kzalloc(sizeof(*head), GFP_KERNEL);

	if (!head)
		return NULL;
	if (mpath_head_init(head)) {
		kfree(head);
		return NULL;
	}
	head->parent = s->no_parent ? NULL : parent;
	head->iopolicy = s->no_iopolicy ? NULL : &iopolicy;
	head->disk_groups = s->no_groups ? NULL : disk_groups;
	head->mpdt = s->no_template ? NULL : &s->template;
	return head;
}

static int alloc_disk_of(struct mpath_head *head, struct setup *s)
{
	return mpath_alloc_head_disk(head, s->no_lim ? NULL : &s->lim,
				     NUMA_NO_NODE);
}

static void free_head(struct mpath_head *head)
{
	mpath_remove_disk(head);
	mpath_put_disk(head);
	mpath_head_uninit(head);
	kfree(head);
}

/* ---- templates ------------------------------------------------------------ */

struct combination {
	const char *name;
	void (*make)(struct setup *s);
};

#define MAKE(name, ...)							\
	static void name(struct setup *s)				\
	{								\
		struct mpath_head_template *t = &s->template;		\
									\
		(void)t;						\
		__VA_ARGS__;						\
	}

MAKE(good_minimal, (void)0)
MAKE(good_own_cdev, t->add_cdev = add_cdev, t->del_cdev = del_cdev,
     t->cdev_ioctl = cdev_ioctl)
MAKE(good_library_cdev, t->cdev_name = cdev_name, t->cdev_ioctl = cdev_ioctl)
MAKE(good_all, t->remove_head = remove_head, t->cdev_name = cdev_name,
     t->cdev_ioctl = cdev_ioctl, t->ioctl_begin = ioctl_begin,
     t->ioctl_finish = ioctl_finish, t->chr_uring_cmd = uring_cmd,
     t->chr_uring_cmd_iopoll = uring_iopoll, t->clone_bio_to = clone_bio_to,
     t->get_path = get_path, t->put_path = put_path,
     t->partition_ioctl = partition_ioctl, t->features = MPATH_FEAT_PLAIN_BIOS)
MAKE(good_upstream, t->remove_head = remove_head, t->add_cdev = add_cdev,
     t->del_cdev = del_cdev, t->cdev_ioctl = cdev_ioctl,
     t->ioctl_begin = ioctl_begin, t->ioctl_finish = ioctl_finish,
     t->chr_uring_cmd = uring_cmd, t->chr_uring_cmd_iopoll = uring_iopoll,
     t->clone_bio = clone_bio)
MAKE(good_begin_without_cdev, t->ioctl_begin = ioctl_begin,
     t->ioctl_finish = ioctl_finish)

static const struct combination good[] = {
	{ "the three required callbacks alone", good_minimal },
	{ "a char device of the driver's own", good_own_cdev },
	{ "a char device of the library's", good_library_cdev },
	{ "every callback", good_all },
	{ "every callback of the upstream header", good_upstream },
	{ "the ioctl pair without a char device", good_begin_without_cdev },
};

MAKE(no_template, s->no_template = true)
MAKE(no_lim, s->no_lim = true)
MAKE(no_parent, s->no_parent = true)
MAKE(no_iopolicy, s->no_iopolicy = true)
MAKE(no_groups, s->no_groups = true)
MAKE(no_available_path, t->available_path = NULL)
MAKE(no_is_disabled, t->is_disabled = NULL)
MAKE(no_is_optimized, t->is_optimized = NULL)
MAKE(begin_alone, t->ioctl_begin = ioctl_begin)
MAKE(finish_alone, t->ioctl_finish = ioctl_finish)
MAKE(add_cdev_alone, t->add_cdev = add_cdev, t->cdev_ioctl = cdev_ioctl)
MAKE(del_cdev_alone, t->del_cdev = del_cdev)
MAKE(del_cdev_with_ioctl, t->del_cdev = del_cdev, t->cdev_ioctl = cdev_ioctl)
MAKE(two_cdevs, t->add_cdev = add_cdev, t->del_cdev = del_cdev,
     t->cdev_ioctl = cdev_ioctl, t->cdev_name = cdev_name)
MAKE(own_cdev_no_ioctl, t->add_cdev = add_cdev, t->del_cdev = del_cdev)
MAKE(library_cdev_no_ioctl, t->cdev_name = cdev_name)
MAKE(ioctl_no_cdev, t->cdev_ioctl = cdev_ioctl)
MAKE(uring_no_cdev, t->chr_uring_cmd = uring_cmd)
MAKE(iopoll_alone, t->cdev_name = cdev_name, t->cdev_ioctl = cdev_ioctl,
     t->chr_uring_cmd_iopoll = uring_iopoll)
MAKE(get_path_alone, t->get_path = get_path)
MAKE(put_path_alone, t->put_path = put_path)
MAKE(two_clones, t->clone_bio = clone_bio, t->clone_bio_to = clone_bio_to)
/* one thing missing in a template that has all the rest */
MAKE(all_but_finish, good_all(s), t->ioctl_finish = NULL)
MAKE(all_but_ioctl, good_all(s), t->cdev_ioctl = NULL)
MAKE(all_but_put, good_all(s), t->put_path = NULL)
MAKE(all_but_uring, good_all(s), t->chr_uring_cmd = NULL)
MAKE(all_but_cdev, good_all(s), t->cdev_name = NULL)

static const struct combination bad[] = {
	{ "no template", no_template },
	{ "no queue limits", no_lim },
	{ "no parent", no_parent },
	{ "no policy variable", no_iopolicy },
	{ "no attribute groups", no_groups },
	{ "available_path missing", no_available_path },
	{ "is_disabled missing", no_is_disabled },
	{ "is_optimized missing", no_is_optimized },
	{ "ioctl_begin without ioctl_finish", begin_alone },
	{ "ioctl_finish without ioctl_begin", finish_alone },
	{ "add_cdev without del_cdev", add_cdev_alone },
	{ "del_cdev without add_cdev", del_cdev_alone },
	{ "del_cdev and cdev_ioctl without add_cdev", del_cdev_with_ioctl },
	{ "add_cdev and cdev_name", two_cdevs },
	{ "add_cdev without cdev_ioctl", own_cdev_no_ioctl },
	{ "cdev_name without cdev_ioctl", library_cdev_no_ioctl },
	{ "cdev_ioctl without a char device", ioctl_no_cdev },
	{ "chr_uring_cmd without a char device", uring_no_cdev },
	{ "chr_uring_cmd_iopoll without chr_uring_cmd", iopoll_alone },
	{ "get_path without put_path", get_path_alone },
	{ "put_path without get_path", put_path_alone },
	{ "clone_bio and clone_bio_to", two_clones },
	{ "all but ioctl_finish", all_but_finish },
	{ "all but cdev_ioctl", all_but_ioctl },
	{ "all but put_path", all_but_put },
	{ "all but chr_uring_cmd", all_but_uring },
	{ "all but the char device's name", all_but_cdev },
};

static void test_combination(const struct combination *c, int want)
{
	struct setup *s = kzalloc(sizeof(*s), GFP_KERNEL);
	struct mpath_head *head;
	int ret;

	if (!s) {
		result(false, "no memory");
		return;
	}
	s->template = minimal;
	set_limits(s);
	c->make(s);
	head = make_head(s);
	if (!head) {
		result(false, "no head");
		kfree(s);
		return;
	}
	ret = alloc_disk_of(head, s);
	if (ret != want || !head->disk != !!want)
		pr_info("# result %d, disk %s\n", ret, head->disk ? "set" : "NULL");
	result(ret == want && !head->disk == !!want, "%s: %s",
	       want ? "refused" : "accepted", c->name);
	free_head(head);
	kfree(s);
}

/* ---- the API -------------------------------------------------------------- */

/* What was refused can be put right: the same head, then with a good template. */
static void test_second_try(void)
{
	struct setup s = { .template = minimal };
	struct mpath_head *head;

	set_limits(&s);
	s.template.ioctl_begin = ioctl_begin;
	head = make_head(&s);
	if (!head) {
		result(false, "no head");
		return;
	}
	result_int(-EINVAL, alloc_disk_of(head, &s), "a head is refused");
	s.template.ioctl_finish = ioctl_finish;
	result_int(0, alloc_disk_of(head, &s), "and taken when put right");
	result_int(-EEXIST, alloc_disk_of(head, &s), "but only once");
	result(head->disk && head->disk->fops == &mpath_ops &&
	       is_mpath_disk(head->disk), "the disk is one of the library's");
	free_head(head);
}

static void test_order(struct gendisk *disk)
{
	static atomic_t nr_active = ATOMIC_INIT(0);
	struct setup s = { .template = minimal };
	struct mpath_device *device;
	struct mpath_head *head;
	int i, ret;

	set_limits(&s);
	device = kcalloc(MPATH_MAX_PATHS + 1, sizeof(*device), GFP_KERNEL);
	head = device ? make_head(&s) : NULL;
	if (!head) {
		result(false, "no head");
		kfree(device);
		return;
	}
	result(mpath_head_devices_empty(head), "a new head has no path");
	result_int(0, mpath_get_head(head), "a reference on a head");
	mpath_put_head(head);

	result_int(-EINVAL, mpath_add_device(device, head, NULL, NUMA_NO_NODE,
					     &nr_active), "a path without a disk");
	result_int(-EINVAL, mpath_add_device(device, head, disk, NUMA_NO_NODE,
					     NULL), "a path without a counter");
	result(mpath_head_devices_empty(head), "neither of these is there");

	for (i = 0, ret = 0; i < MPATH_MAX_PATHS && !ret; i++)
		ret = mpath_add_device(&device[i], head, disk, NUMA_NO_NODE,
				       &nr_active);
	result_int(0, ret, "as many paths as a head can have");
	result_int(-ENOSPC, mpath_add_device(&device[MPATH_MAX_PATHS], head, disk,
					     NUMA_NO_NODE, &nr_active),
		   "one more");
	result(!mpath_head_devices_empty(head), "the head has paths");
	result_int(0, mpath_device_set_live(&device[0]),
		   "a live path of a head without a disk");
	result(!mpath_clear_current_path(&device[0]),
	       "a path that nobody chose is nobody's choice");
	mpath_clear_paths(head);
	mpath_policy_changed(head);

	for (i = 0, ret = 0; i < MPATH_MAX_PATHS - 1; i++)
		ret += mpath_delete_device(&device[i]);
	result_int(0, ret, "no path but the last is the last");
	result(!mpath_delete_device(&device[3]), "deleted twice, not the last");
	result(mpath_delete_device(&device[i]), "the last path");
	result(mpath_delete_device(&device[i]), "deleted twice, still empty");
	result_int(0, mpath_add_device(device, head, disk, NUMA_NO_NODE,
				       &nr_active), "a path again");
	mpath_delete_device(device);

	result_int(0, alloc_disk_of(head, &s), "a disk that is never live");
	mpath_remove_disk(head);
	mpath_remove_disk(head);
	result(true, "removed twice");
	result_int(-ENODEV, mpath_add_device(device, head, disk, NUMA_NO_NODE,
					     &nr_active), "a path after the removal");
	result_int(-ENODEV, mpath_call_for_device(head, NULL),
		   "a call after the removal");
	mpath_put_disk(head);
	result(!head->disk, "no disk after it was put");
	mpath_put_disk(head);
	mpath_head_uninit(head);
	kfree(head);
	kfree(device);

	/* never had a disk */
	head = make_head(&s);
	if (head)
		free_head(head);
	result(head, "a head that never had a disk ends as well");
}

static void test_policies(void)
{
	static const char *const names[] = { "numa", "round-robin", "queue-depth" };
	static const char *const others[] = {
		"", "\n", "Numa", "numa2", "num", "round-robin ", " numa",
		"round_robin", "queue-depth\n\n", "0",
	};
	enum mpath_iopolicy_e policy;
	char *page = (char *)__get_free_page(GFP_KERNEL);
	unsigned int i;
	char line[32];

	if (!page) {
		result(false, "no memory");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		bool ok;

		policy = 99;
		snprintf(line, sizeof(line), "%s\n", names[i]);
		ok = !mpath_set_iopolicy(line, &policy) && policy == i;
		policy = 99;
		ok &= !mpath_set_iopolicy(names[i], &policy) && policy == i;
		ok &= mpath_get_iopolicy(page, i) == strlen(line) &&
		      !strcmp(page, line);
		ok &= mpath_iopolicy_show(&policy, page) == strlen(line) &&
		      !strcmp(page, line);
		policy = (i + 1) % 3;
		ok &= mpath_iopolicy_store(&policy, line, strlen(line)) &&
		      policy == i;
		result(ok, "policy %s is parsed and printed", names[i]);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		policy = MPATH_IOPOLICY_RR;
		result(mpath_set_iopolicy(others[i], &policy) == -EINVAL &&
		       policy == MPATH_IOPOLICY_RR &&
		       !mpath_iopolicy_store(&policy, others[i], strlen(others[i])) &&
		       policy == MPATH_IOPOLICY_RR,
		       "policy '%*pE' is none", (int)strlen(others[i]), others[i]);
	}
	free_page((unsigned long)page);
}

static int __init mpath_template_test_init(void)
{
	struct queue_limits lim = { };
	struct gendisk *disk;
	unsigned int i;

	parent = root_device_register("mpath_template_test");
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	/* stands for a path's; never added, never used */
	disk = blk_alloc_disk(&lim, NUMA_NO_NODE);
	if (IS_ERR(disk)) {
		root_device_unregister(parent);
		return PTR_ERR(disk);
	}
	pr_info("KTAP version 1\n");
	for (i = 0; i < ARRAY_SIZE(good); i++)
		test_combination(&good[i], 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		test_combination(&bad[i], -EINVAL);
	test_second_try();
	test_order(disk);
	test_policies();
	pr_info("1..%u\n", nr);

	put_disk(disk);
	if (!failed)
		return 0;
	root_device_unregister(parent);
	return -EINVAL;
}

static void __exit mpath_template_test_exit(void)
{
	root_device_unregister(parent);
}

module_init(mpath_template_test_init);
module_exit(mpath_template_test_exit);
MODULE_DESCRIPTION("Test of libmultipath_cxx: templates and API");
MODULE_LICENSE("GPL");
