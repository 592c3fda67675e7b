// SPDX-License-Identifier: GPL-2.0
/* The files in debugfs and the commands. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "fake.h"

#define FAKE_MAX_WORDS	32

/* One open file of control. */
struct fake_session {
	struct mutex lock;
	struct fake_result res;
	size_t read;
};

void fake_say(struct fake_result *res, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	res->len += vscnprintf(res->text + res->len,
			       sizeof(res->text) - res->len, fmt, args);
	va_end(args);
}

/* ---------------------------------------------------------------- commands */

/*
 * What a command is about. A head is given back by mpath_put_head(); a path
 * together with its head.
 */
struct fake_args {
	struct fake_head *head;
	struct fake_path *path;
	int argc;
	char **argv;
	struct fake_result *res;
};

static int cmd_add_head(struct fake_args *a)
{
	return fake_head_add(a->argv[0], a->argc - 1, a->argv + 1);
}

static int cmd_del_head(struct fake_args *a)
{
	return fake_head_del(a->argv[0]);
}

static int cmd_set_head(struct fake_args *a)
{
	return fake_head_set(a->head, a->argc, a->argv);
}

/* Only the disk; the head is still to be deleted. */
static int cmd_remove_disk(struct fake_args *a)
{
	mpath_remove_disk(&a->head->mpath);
	return 0;
}

/* Says 1: the driver is to remove the head now. */
static int cmd_can_remove(struct fake_args *a)
{
	fake_say(a->res, "%d\n", mpath_can_remove_head(&a->head->mpath));
	return 0;
}

static int cmd_empty(struct fake_args *a)
{
	fake_say(a->res, "%d\n", mpath_head_devices_empty(&a->head->mpath));
	return 0;
}

/* A reference is held as long as a thread is stopped at hold. */
static int cmd_hold(struct fake_args *a)
{
	fake_stop(FP_hold, a->head->name);
	return 0;
}

/* "put_race ROUNDS": the last put against mpath_head_uninit(). */
static int cmd_put_race(struct fake_args *a)
{
	unsigned int rounds;

	if (kstrtouint(a->argv[0], 0, &rounds))
		return -EINVAL;
	return fake_put_race(rounds);
}

/* One reference more, to be put by another command. */
static int cmd_get(struct fake_args *a)
{
	return mpath_get_head(&a->head->mpath);
}

static int cmd_put(struct fake_args *a)
{
	mpath_put_head(&a->head->mpath);
	return 0;
}

static int cmd_synchronize(struct fake_args *a)
{
	mpath_synchronize(&a->head->mpath);
	return 0;
}

static int cmd_requeue(struct fake_args *a)
{
	mpath_schedule_requeue_work(&a->head->mpath);
	return 0;
}

static int cmd_clear_all(struct fake_args *a)
{
	mpath_clear_paths(&a->head->mpath);
	return 0;
}

static int cmd_policy_changed(struct fake_args *a)
{
	mpath_policy_changed(&a->head->mpath);
	return 0;
}

static int cmd_policy(struct fake_args *a)
{
	ssize_t ret;

	if (a->argc < 1)
		return -EINVAL;
	ret = mpath_head_iopolicy_store(&a->head->mpath, a->argv[0],
					strlen(a->argv[0]));
	return ret < 0 ? ret : 0;
}

static int cmd_secs(struct fake_args *a)
{
	ssize_t ret;

	if (a->argc < 1)
		return -EINVAL;
	ret = mpath_delayed_removal_secs_store(&a->head->mpath, a->argv[0],
					       strlen(a->argv[0]));
	return ret < 0 ? ret : 0;
}

/* For mpath_revalidate_paths(), which has no argument for us. */
static atomic_t fake_not_ready;

static void fake_path_not_ready(struct mpath_device *dev)
{
	fake_path_stop(FP_not_ready, to_fake_path(dev));
	atomic_inc(&fake_not_ready);
}

static int cmd_revalidate_paths(struct fake_args *a)
{
	atomic_set(&fake_not_ready, 0);
	mpath_revalidate_paths(&a->head->mpath, fake_path_not_ready);
	fake_say(a->res, "%d\n", atomic_read(&fake_not_ready));
	return 0;
}

static int cmd_revalidate(struct fake_args *a)
{
	fake_say(a->res, "%d\n", mpath_revalidate(&a->head->mpath));
	return 0;
}

static DEFINE_MUTEX(fake_call_lock);
static char fake_call_path[FAKE_NAME_LEN];

static int fake_call(struct mpath_device *dev)
{
	struct fake_path *path = to_fake_path(dev);

	fake_may_sleep(path);
	fake_path_stop(FP_call, path);
	strscpy(fake_call_path, path->name);
	return 0;
}

static int cmd_call(struct fake_args *a)
{
	int ret;

	mutex_lock(&fake_call_lock);
	ret = mpath_call_for_device(&a->head->mpath, fake_call);
	if (!ret)
		fake_say(a->res, "%s\n", fake_call_path);
	mutex_unlock(&fake_call_lock);
	return ret;
}

/* "unique_id HEAD TYPE": says the bytes in hex. */
static int cmd_unique_id(struct fake_args *a)
{
	struct gendisk *disk = a->head->mpath.disk;
	unsigned int type;
	u8 id[16];
	int ret;

	if (a->argc < 1 || kstrtouint(a->argv[0], 0, &type))
		return -EINVAL;
	if (!disk)
		return -ENXIO;
	if (!disk->fops->get_unique_id)
		return -EOPNOTSUPP;
	ret = disk->fops->get_unique_id(disk, id, type);
	if (ret > 0)
		fake_say(a->res, "%*phN\n", min(ret, 16), id);
	else
		fake_say(a->res, "%d\n", ret);
	return min(ret, 0);
}

/* "state HEAD": what the library shows of it. */
static int cmd_state(struct fake_args *a)
{
	struct mpath_head *mpath = &a->head->mpath;

	fake_say(a->res, "flags %lx parked %ld failed %ld\n", mpath->flags,
		 atomic_long_read(&mpath->requeue_no_usable_path_cnt),
		 atomic_long_read(&mpath->fail_no_avail_path_cnt));
	return 0;
}

static int cmd_add_path(struct fake_args *a)
{
	if (a->argc < 2 || strlen(a->argv[1]) >= FAKE_NAME_LEN)
		return -EINVAL;
	return fake_path_add(a->argv[0], a->argv[1], a->argc - 2, a->argv + 2);
}

static int cmd_set(struct fake_args *a)
{
	return fake_path_set(a->path, a->argc, a->argv);
}

static int cmd_set_live(struct fake_args *a)
{
	return mpath_device_set_live(&a->path->mpath);
}

/* Says 1: it was the last one. With "drop" the driver goes on from there. */
static int cmd_del_path(struct fake_args *a)
{
	bool empty = false;
	int ret = fake_path_remove(a->path, &empty);

	if (ret)
		return ret;
	fake_say(a->res, "%d\n", empty);
	if (!a->argc || strcmp(a->argv[0], "drop") || !empty)
		return 0;
	if (mpath_can_remove_head(&a->head->mpath) &&
	    fake_head_unlink(a->head)) {
		struct fake_head *head = a->head;

		a->head = NULL;
		fake_head_put(head);
		fake_head_destroy(head);
	}
	return 0;
}

static int cmd_clear(struct fake_args *a)
{
	fake_say(a->res, "%d\n", mpath_clear_current_path(&a->path->mpath));
	return 0;
}

static int cmd_path_changed(struct fake_args *a)
{
	mpath_path_changed(&a->path->mpath);
	return 0;
}

static int cmd_restored(struct fake_args *a)
{
	mpath_path_restored(&a->path->mpath);
	return 0;
}

static int cmd_numa_nodes(struct fake_args *a)
{
	char *page = (char *)get_zeroed_page(GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	mpath_numa_nodes_show(&a->path->mpath, page);
	fake_say(a->res, "%s", page);
	free_page((unsigned long)page);
	return 0;
}

/* "memory HEAD": bytes of the head beyond its gendisk, and of each path. */
static int cmd_memory(struct fake_args *a)
{
	fake_say(a->res, "head %zu path %zu\n",
		 mpath_head_memory(&a->head->mpath),
		 sizeof(struct mpath_device));
	return 0;
}

static int cmd_submit(struct fake_args *a)
{
	struct fake_head *head = a->head;

	a->head = NULL;		/* it gives the head back itself */
	return fake_submit(head, a->argc, a->argv, a->res);
}

/* "arm POINT [WHO] [skip=N] [threads=N]" */
static int cmd_arm(struct fake_args *a)
{
	unsigned int skip = 0, threads = 1;
	const char *who = "";
	int i, ret = 0;

	for (i = 1; i < a->argc && !ret; i++) {
		if (str_has_prefix(a->argv[i], "skip="))
			ret = kstrtouint(a->argv[i] + 5, 0, &skip);
		else if (str_has_prefix(a->argv[i], "threads="))
			ret = kstrtouint(a->argv[i] + 8, 0, &threads);
		else
			who = a->argv[i];
	}
	return ret ?: fake_stop_arm(a->argv[0], who, skip, threads);
}

static int cmd_release(struct fake_args *a)
{
	if (!strcmp(a->argv[0], "all")) {
		fake_stop_release_all();
		return 0;
	}
	return fake_stop_release(a->argv[0]);
}

/* "stopped POINT [THREADS [MS]]": waits. */
static int cmd_stopped(struct fake_args *a)
{
	unsigned int threads = 1, ms = 10000;

	if (a->argc > 1 && kstrtouint(a->argv[1], 0, &threads))
		return -EINVAL;
	if (a->argc > 2 && kstrtouint(a->argv[2], 0, &ms))
		return -EINVAL;
	return fake_stop_wait(a->argv[0], threads, ms);
}

static int cmd_reset(struct fake_args *a)
{
	fake_counts_reset();
	return 0;
}

static int cmd_order(struct fake_args *a)
{
	fake_order_start(!strcmp(a->argv[0], "on"));
	return 0;
}

static int cmd_release_uring(struct fake_args *a)
{
	fake_uring_release();
	return 0;
}

/* "pr HEAD NEXUS OP ARGS": as another host would. */
static int cmd_pr(struct fake_args *a)
{
	if (a->argc < 2)
		return -EINVAL;
	return fake_pr_command(&a->head->store->pr, a->argv[0], a->argc - 1,
			       a->argv + 1);
}

/* "node_pr NODE OP ARGS": as a user of a node would, in the kernel. */
static int cmd_node_pr(struct fake_args *a)
{
	return fake_pr_user(a->argc, a->argv, a->res);
}

enum fake_about { ABOUT_NOTHING, ABOUT_WORD, ABOUT_HEAD, ABOUT_PATH };

static const struct fake_cmd {
	const char *name;
	enum fake_about about;
	int (*run)(struct fake_args *a);
} fake_cmds[] = {
	{ "add_head",		ABOUT_WORD,	cmd_add_head },
	{ "del_head",		ABOUT_WORD,	cmd_del_head },
	{ "set_head",		ABOUT_HEAD,	cmd_set_head },
	{ "remove_disk",	ABOUT_HEAD,	cmd_remove_disk },
	{ "can_remove",		ABOUT_HEAD,	cmd_can_remove },
	{ "empty",		ABOUT_HEAD,	cmd_empty },
	{ "hold",		ABOUT_HEAD,	cmd_hold },
	{ "put_race",		ABOUT_WORD,	cmd_put_race },
	{ "get",		ABOUT_HEAD,	cmd_get },
	{ "put",		ABOUT_HEAD,	cmd_put },
	{ "synchronize",	ABOUT_HEAD,	cmd_synchronize },
	{ "requeue",		ABOUT_HEAD,	cmd_requeue },
	{ "clear_all",		ABOUT_HEAD,	cmd_clear_all },
	{ "policy_changed",	ABOUT_HEAD,	cmd_policy_changed },
	{ "policy",		ABOUT_HEAD,	cmd_policy },
	{ "secs",		ABOUT_HEAD,	cmd_secs },
	{ "revalidate_paths",	ABOUT_HEAD,	cmd_revalidate_paths },
	{ "revalidate",		ABOUT_HEAD,	cmd_revalidate },
	{ "call",		ABOUT_HEAD,	cmd_call },
	{ "unique_id",		ABOUT_HEAD,	cmd_unique_id },
	{ "state",		ABOUT_HEAD,	cmd_state },
	{ "memory",		ABOUT_HEAD,	cmd_memory },
	{ "submit",		ABOUT_HEAD,	cmd_submit },
	{ "pr",			ABOUT_HEAD,	cmd_pr },
	{ "node_pr",		ABOUT_WORD,	cmd_node_pr },
	{ "add_path",		ABOUT_WORD,	cmd_add_path },
	{ "set",		ABOUT_PATH,	cmd_set },
	{ "set_live",		ABOUT_PATH,	cmd_set_live },
	{ "del_path",		ABOUT_PATH,	cmd_del_path },
	{ "clear",		ABOUT_PATH,	cmd_clear },
	{ "path_changed",	ABOUT_PATH,	cmd_path_changed },
	{ "restored",		ABOUT_PATH,	cmd_restored },
	{ "numa_nodes",		ABOUT_PATH,	cmd_numa_nodes },
	{ "arm",		ABOUT_WORD,	cmd_arm },
	{ "release",		ABOUT_WORD,	cmd_release },
	{ "stopped",		ABOUT_WORD,	cmd_stopped },
	{ "order",		ABOUT_WORD,	cmd_order },
	{ "reset",		ABOUT_NOTHING,	cmd_reset },
	{ "release_uring",	ABOUT_NOTHING,	cmd_release_uring },
};

static int fake_run_about(const struct fake_cmd *cmd, struct fake_args *a)
{
	int ret;

	if (cmd->about == ABOUT_NOTHING)
		return cmd->run(a);
	if (a->argc < 1 || strlen(a->argv[0]) >= FAKE_NAME_LEN)
		return -EINVAL;
	if (cmd->about == ABOUT_WORD)
		return cmd->run(a);
	if (cmd->about == ABOUT_HEAD)
		a->head = fake_head_get(a->argv[0]);
	else
		a->path = fake_path_get(a->argv[0], &a->head);
	if (!a->head)
		return -ENOENT;
	a->argc--;
	a->argv++;
	ret = cmd->run(a);
	if (a->path)
		fake_path_put(a->path);
	if (a->head)
		fake_head_put(a->head);
	return ret;
}

static int fake_run_command(char *text, struct fake_result *res)
{
	struct fake_args a = { .res = res };
	char *words[FAKE_MAX_WORDS], *word;
	int i;

	while ((word = strsep(&text, " \t\n"))) {
		if (!*word)
			continue;
		if (a.argc == FAKE_MAX_WORDS)
			return -E2BIG;
		words[a.argc++] = word;
	}
	if (!a.argc)
		return -EINVAL;
	a.argc--;
	a.argv = words + 1;
	for (i = 0; i < ARRAY_SIZE(fake_cmds); i++)
		if (!strcmp(fake_cmds[i].name, words[0]))
			return fake_run_about(&fake_cmds[i], &a);
	pr_info_ratelimited("unknown command %s\n", words[0]);
	return -EINVAL;
}

/* ------------------------------------------------------------------- files */

static int fake_control_open(struct inode *inode, struct file *file)
{
	struct fake_session *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	mutex_init(&s->lock);
	file->private_data = s;
	return 0;
}

static int fake_control_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t fake_control_write(struct file *file, const char __user *buf,
				  size_t count, loff_t *pos)
{
	struct fake_session *s = file->private_data;
	char *text;
	int ret;

	if (count > 1000)
		return -E2BIG;
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	mutex_lock(&s->lock);
	s->res.len = 0;
	s->read = 0;
	ret = fake_run_command(text, &s->res);
	mutex_unlock(&s->lock);
	kfree(text);
	return ret < 0 ? ret : count;
}

static ssize_t fake_control_read(struct file *file, char __user *buf,
				 size_t count, loff_t *pos)
{
	struct fake_session *s = file->private_data;
	ssize_t ret;

	mutex_lock(&s->lock);
	ret = min(count, s->res.len - s->read);
	if (copy_to_user(buf, s->res.text + s->read, ret))
		ret = -EFAULT;
	else
		s->read += ret;
	mutex_unlock(&s->lock);
	return ret;
}

static const struct file_operations fake_control_fops = {
	.owner		= THIS_MODULE,
	.open		= fake_control_open,
	.release	= fake_control_release,
	.write		= fake_control_write,
	/* not seekable: else a shell reads ahead and then back */
	.read		= fake_control_read,
};

/* Lines "HEAD" and "HEAD PATH". */
static int fake_heads_show(struct seq_file *m, void *unused)
{
	struct fake_head *head;
	struct fake_path *path;

	mutex_lock(&fake_lock);
	list_for_each_entry(head, &fake_heads, entry) {
		if (!head->linked)
			continue;
		seq_printf(m, "%s\n", head->name);
		list_for_each_entry(path, &fake_paths, entry)
			if (path->head == head)
				seq_printf(m, "%s %s\n", head->name, path->name);
	}
	mutex_unlock(&fake_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(fake_heads);

static int fake_prs_show(struct seq_file *m, void *unused)
{
	struct fake_head *head;

	mutex_lock(&fake_lock);
	list_for_each_entry(head, &fake_heads, entry)
		fake_pr_show(&head->store->pr, head->name, m);
	mutex_unlock(&fake_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(fake_prs);
DEFINE_SHOW_ATTRIBUTE(fake_counts);
DEFINE_SHOW_ATTRIBUTE(fake_stop);
DEFINE_SHOW_ATTRIBUTE(fake_order);

static struct dentry *fake_dir;

int fake_control_init(void)
{
	fake_dir = debugfs_create_dir("mpath_fake", NULL);
	if (IS_ERR(fake_dir))
		return PTR_ERR(fake_dir);
	debugfs_create_file("control", 0600, fake_dir, NULL,
			    &fake_control_fops);
	debugfs_create_file("heads", 0400, fake_dir, NULL, &fake_heads_fops);
	debugfs_create_file("counts", 0400, fake_dir, NULL, &fake_counts_fops);
	debugfs_create_file("points", 0400, fake_dir, NULL, &fake_stop_fops);
	debugfs_create_file("order", 0400, fake_dir, NULL, &fake_order_fops);
	debugfs_create_file("pr", 0400, fake_dir, NULL, &fake_prs_fops);
	return 0;
}

/* Nobody has one of them open: that would pin the module. */
void fake_control_exit(void)
{
	debugfs_remove(fake_dir);
}
