// SPDX-License-Identifier: GPL-2.0
/*
 * A model of persistent reservations, after SPC-4: each nexus has at most one
 * registration, a reservation belongs to a nexus or, of the "all registrants"
 * types, to all that are registered. Results are those of the kernel's PR API.
 */
#include <linux/string.h>

#include "fake.h"

#define FAKE_HOST_NEXUS	"host"

static const char * const fake_pr_op_names[] = {
	"register", "reserve", "release", "preempt", "clear", "read_keys",
	"read_reservation",
};
enum { OP_REGISTER, OP_RESERVE, OP_RELEASE, OP_PREEMPT, OP_CLEAR, OP_READ_KEYS,
       OP_READ_RESERVATION };

int fake_parse_pr_op(const char *value, long *result)
{
	int i = match_string(fake_pr_op_names, ARRAY_SIZE(fake_pr_op_names),
			     value);

	if (i < 0)
		return i;
	*result = i;
	return 0;
}

void fake_pr_init(struct fake_pr *pr, bool scope_host)
{
	mutex_init(&pr->lock);
	pr->scope_host = scope_host;
}

/* ------------------------------------------------------- the logical unit */

static bool all_registrants(enum pr_type type)
{
	return type == PR_WRITE_EXCLUSIVE_ALL_REGS ||
	       type == PR_EXCLUSIVE_ACCESS_ALL_REGS;
}

static struct fake_registration *find(struct fake_pr *pr, const char *nexus)
{
	unsigned int i;

	for (i = 0; i < pr->nr; i++)
		if (!strcmp(pr->regs[i].nexus, nexus))
			return &pr->regs[i];
	return NULL;
}

static bool registered(struct fake_pr *pr, const char *nexus, u64 key)
{
	struct fake_registration *reg = find(pr, nexus);

	return reg && reg->key == key;
}

static bool holds(struct fake_pr *pr, const char *nexus)
{
	if (!pr->type)
		return false;
	return all_registrants(pr->type) ? find(pr, nexus) != NULL :
					   !strcmp(pr->holder, nexus);
}

static void drop(struct fake_pr *pr, struct fake_registration *reg)
{
	bool held = holds(pr, reg->nexus) && !all_registrants(pr->type);

	*reg = pr->regs[--pr->nr];
	if (held || !pr->nr)
		pr->type = 0;
}

static int unit_register(struct fake_pr *pr, const char *nexus, u64 old,
			 u64 new, bool ignore)
{
	struct fake_registration *reg = find(pr, nexus);

	if (!ignore && old != (reg ? reg->key : 0))
		return PR_STS_RESERVATION_CONFLICT;
	if (!reg && new) {
		if (pr->nr == FAKE_MAX_REGISTRATIONS)
			return PR_STS_IOERR;
		reg = &pr->regs[pr->nr++];
		strscpy(reg->nexus, nexus);
	}
	pr->generation++;
	if (new)
		reg->key = new;
	else if (reg)
		drop(pr, reg);
	return 0;
}

static int unit_reserve(struct fake_pr *pr, const char *nexus, u64 key,
			enum pr_type type)
{
	if (!registered(pr, nexus, key))
		return PR_STS_RESERVATION_CONFLICT;
	if (pr->type)
		return holds(pr, nexus) && pr->type == type ?
		       0 : PR_STS_RESERVATION_CONFLICT;
	pr->type = type;
	strscpy(pr->holder, nexus);
	return 0;
}

static int unit_release(struct fake_pr *pr, const char *nexus, u64 key,
			enum pr_type type)
{
	if (!registered(pr, nexus, key))
		return PR_STS_RESERVATION_CONFLICT;
	if (!holds(pr, nexus))
		return 0;
	if (pr->type != type)
		return PR_STS_IOERR;
	pr->type = 0;
	return 0;
}

/* All with that key, or with any if it is 0, but not @nexus. */
static unsigned int drop_key(struct fake_pr *pr, const char *nexus, u64 key)
{
	unsigned int i = 0, n = 0;

	while (i < pr->nr) {
		if ((!key || pr->regs[i].key == key) &&
		    strcmp(pr->regs[i].nexus, nexus)) {
			pr->regs[i] = pr->regs[--pr->nr];
			n++;
		} else {
			i++;
		}
	}
	return n;
}

static int unit_preempt(struct fake_pr *pr, const char *nexus, u64 key,
			u64 victim, enum pr_type type)
{
	struct fake_registration *holder = pr->type ? find(pr, pr->holder) : NULL;
	bool all = pr->type && all_registrants(pr->type);
	bool any;

	if (!registered(pr, nexus, key))
		return PR_STS_RESERVATION_CONFLICT;
	if (all ? !victim : holder && holder->key == victim) {
		drop_key(pr, nexus, victim);
		pr->type = type;
		strscpy(pr->holder, nexus);
		pr->generation++;
		return 0;
	}
	if (!victim)
		return PR_STS_IOERR;
	any = drop_key(pr, nexus, victim);
	if (registered(pr, nexus, victim)) {
		drop(pr, find(pr, nexus));
		any = true;
	}
	pr->generation++;
	return any ? 0 : PR_STS_RESERVATION_CONFLICT;
}

static int unit_clear(struct fake_pr *pr, const char *nexus, u64 key)
{
	if (!registered(pr, nexus, key))
		return PR_STS_RESERVATION_CONFLICT;
	pr->nr = 0;
	pr->type = 0;
	pr->generation++;
	return 0;
}

/* ---------------------------------------------------------- from the paths */

static const char *path_nexus(struct fake_path *path)
{
	return path->store->pr.scope_host ? FAKE_HOST_NEXUS : path->name;
}

static bool pr_wanted(struct fake_path *path, int op, bool lost)
{
	long want = READ_ONCE(path->set.pr_error_op);

	return path->set.pr_error && !path->set.pr_lost == !lost &&
	       (want < 0 || want == op) &&
	       fake_take(&path->set.pr_error_count);
}

/* It was executed; but the answer got lost, if the test wants that. */
static int pr_end(struct fake_path *path, int op, int ret)
{
	return pr_wanted(path, op, true) ? path->set.pr_error : ret;
}

/* 0: go on; else the result that the test wants. */
static int pr_begin(struct block_device *bdev, int op, enum fake_count count,
		    struct fake_path **path)
{
	struct fake_path *p = bdev->bd_disk->private_data;

	*path = p;
	fake_count(p, count);
	fake_may_sleep(p);
	fake_path_stop(op == OP_REGISTER ? FP_pr_register : FP_pr_op, p);
	if (READ_ONCE(p->dead))
		return -ENODEV;
	return pr_wanted(p, op, false) ? p->set.pr_error : 0;
}

static int fake_pr_register(struct block_device *bdev, u64 old_key, u64 new_key,
			    u32 flags)
{
	struct fake_path *path;
	struct fake_pr *pr;
	int ret = pr_begin(bdev, OP_REGISTER, FC_pr_register, &path);

	if (ret)
		return ret;
	if (flags & ~PR_FL_IGNORE_KEY)
		return -EOPNOTSUPP;
	pr = &path->store->pr;
	mutex_lock(&pr->lock);
	ret = unit_register(pr, path_nexus(path), old_key, new_key,
			    flags & PR_FL_IGNORE_KEY);
	mutex_unlock(&pr->lock);
	return pr_end(path, OP_REGISTER, ret);
}

static int fake_pr_reserve(struct block_device *bdev, u64 key,
			   enum pr_type type, u32 flags)
{
	struct fake_path *path;
	struct fake_pr *pr;
	int ret = pr_begin(bdev, OP_RESERVE, FC_pr_reserve, &path);

	if (ret)
		return ret;
	if (flags)
		return -EOPNOTSUPP;
	pr = &path->store->pr;
	mutex_lock(&pr->lock);
	ret = unit_reserve(pr, path_nexus(path), key, type);
	mutex_unlock(&pr->lock);
	return pr_end(path, OP_RESERVE, ret);
}

static int fake_pr_release(struct block_device *bdev, u64 key,
			   enum pr_type type)
{
	struct fake_path *path;
	struct fake_pr *pr;
	int ret = pr_begin(bdev, OP_RELEASE, FC_pr_release, &path);

	if (ret)
		return ret;
	pr = &path->store->pr;
	mutex_lock(&pr->lock);
	ret = unit_release(pr, path_nexus(path), key, type);
	mutex_unlock(&pr->lock);
	return pr_end(path, OP_RELEASE, ret);
}

static int fake_pr_preempt(struct block_device *bdev, u64 old_key, u64 new_key,
			   enum pr_type type, bool abort)
{
	struct fake_path *path;
	struct fake_pr *pr;
	int ret = pr_begin(bdev, OP_PREEMPT, FC_pr_preempt, &path);

	if (ret)
		return ret;
	pr = &path->store->pr;
	mutex_lock(&pr->lock);
	ret = unit_preempt(pr, path_nexus(path), old_key, new_key, type);
	mutex_unlock(&pr->lock);
	return pr_end(path, OP_PREEMPT, ret);
}

static int fake_pr_clear(struct block_device *bdev, u64 key)
{
	struct fake_path *path;
	struct fake_pr *pr;
	int ret = pr_begin(bdev, OP_CLEAR, FC_pr_clear, &path);

	if (ret)
		return ret;
	pr = &path->store->pr;
	mutex_lock(&pr->lock);
	ret = unit_clear(pr, path_nexus(path), key);
	mutex_unlock(&pr->lock);
	return pr_end(path, OP_CLEAR, ret);
}

static int fake_pr_read_keys(struct block_device *bdev, struct pr_keys *keys)
{
	struct fake_path *path;
	struct fake_pr *pr;
	unsigned int i;
	int ret = pr_begin(bdev, OP_READ_KEYS, FC_pr_read_keys, &path);

	if (ret)
		return ret;
	pr = &path->store->pr;
	mutex_lock(&pr->lock);
	keys->generation = pr->generation;
	for (i = 0; i < pr->nr && i < keys->num_keys; i++)
		keys->keys[i] = pr->regs[i].key;
	keys->num_keys = pr->nr;
	mutex_unlock(&pr->lock);
	return 0;
}

static int fake_pr_read_reservation(struct block_device *bdev,
				    struct pr_held_reservation *rsv)
{
	struct fake_registration *holder;
	struct fake_path *path;
	struct fake_pr *pr;
	int ret = pr_begin(bdev, OP_READ_RESERVATION, FC_pr_read_reservation,
			   &path);

	if (ret)
		return ret;
	pr = &path->store->pr;
	mutex_lock(&pr->lock);
	holder = find(pr, pr->holder);
	rsv->generation = pr->generation;
	rsv->type = pr->type;
	rsv->key = pr->type && !all_registrants(pr->type) && holder ?
		   holder->key : 0;
	mutex_unlock(&pr->lock);
	return 0;
}

const struct pr_ops fake_pr_ops = {
	.pr_register		= fake_pr_register,
	.pr_reserve		= fake_pr_reserve,
	.pr_release		= fake_pr_release,
	.pr_preempt		= fake_pr_preempt,
	.pr_clear		= fake_pr_clear,
	.pr_read_keys		= fake_pr_read_keys,
	.pr_read_reservation	= fake_pr_read_reservation,
};

/*
 * Bios are sent from contexts that must not sleep on the lock for long; a
 * reservation that changes at this very moment may be seen either way.
 */
bool fake_pr_conflict(struct fake_path *path, struct bio *bio)
{
	struct fake_pr *pr = &path->store->pr;
	bool write = op_is_write(bio_op(bio));
	enum pr_type type = READ_ONCE(pr->type);

	switch (type) {
	case PR_WRITE_EXCLUSIVE:
		return write && !holds(pr, path_nexus(path));
	case PR_EXCLUSIVE_ACCESS:
		return !holds(pr, path_nexus(path));
	case PR_WRITE_EXCLUSIVE_REG_ONLY:
	case PR_WRITE_EXCLUSIVE_ALL_REGS:
		return write && !find(pr, path_nexus(path));
	case PR_EXCLUSIVE_ACCESS_REG_ONLY:
	case PR_EXCLUSIVE_ACCESS_ALL_REGS:
		return !find(pr, path_nexus(path));
	default:
		return false;
	}
}

/* ------------------------------------------------------------ from a test */

int fake_pr_command(struct fake_pr *pr, const char *nexus, int argc,
		    char **argv)
{
	u64 n[3] = {};
	bool ignore = false;
	long op;
	int i, ret;

	if (argc < 1 || fake_parse_pr_op(argv[0], &op))
		return -EINVAL;
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "ignore"))
			ignore = true;
		else if (i > 3 || kstrtou64(argv[i], 0, &n[i - 1]))
			return -EINVAL;
	}
	mutex_lock(&pr->lock);
	switch (op) {
	case OP_REGISTER:
		ret = unit_register(pr, nexus, n[0], n[1], ignore);
		break;
	case OP_RESERVE:
		ret = unit_reserve(pr, nexus, n[0], n[1]);
		break;
	case OP_RELEASE:
		ret = unit_release(pr, nexus, n[0], n[1]);
		break;
	case OP_PREEMPT:
		ret = unit_preempt(pr, nexus, n[0], n[1], n[2]);
		break;
	case OP_CLEAR:
		ret = unit_clear(pr, nexus, n[0]);
		break;
	default:
		ret = -EINVAL;
	}
	mutex_unlock(&pr->lock);
	return ret == PR_STS_RESERVATION_CONFLICT ? -EBADE :
	       ret > 0 ? -EIO : ret;
}

/* "HEAD generation G type T holder NEXUS", then "HEAD NEXUS KEY" lines. */
void fake_pr_show(struct fake_pr *pr, const char *head, struct seq_file *m)
{
	unsigned int i;

	mutex_lock(&pr->lock);
	seq_printf(m, "%s generation %u type %d holder %s\n", head,
		   pr->generation, pr->type,
		   !pr->type ? "-" : all_registrants(pr->type) ? "all" :
		   pr->holder);
	for (i = 0; i < pr->nr; i++)
		seq_printf(m, "%s %s 0x%llx\n", head, pr->regs[i].nexus,
			   pr->regs[i].key);
	mutex_unlock(&pr->lock);
}
