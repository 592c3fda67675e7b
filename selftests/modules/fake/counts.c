// SPDX-License-Identifier: GPL-2.0
/* Counters: one set for the module, one for each path. */
#include <linux/preempt.h>

#include "fake.h"

static atomic_long_t fake_totals[FC_COUNT];

static const char * const fake_count_names[FC_COUNT] = {
#define X(name) #name,
	FAKE_COUNTS(X)
#undef X
};

void fake_count_add(struct fake_path *path, enum fake_count what, long n)
{
	atomic_long_add(n, &fake_totals[what]);
	if (path)
		atomic_long_add(n, &path->counts[what]);
}

void fake_count(struct fake_path *path, enum fake_count what)
{
	fake_count_add(path, what, 1);
}

static void fake_raise(atomic_long_t *count, long n)
{
	long old = atomic_long_read(count);

	while (old < n && !atomic_long_try_cmpxchg(count, &old, n))
		;
}

void fake_count_max(struct fake_path *path, enum fake_count what, long n)
{
	fake_raise(&fake_totals[what], n);
	fake_raise(&path->counts[what], n);
}

void fake_may_sleep(struct fake_path *path)
{
	might_sleep();
	if (!preemptible())
		fake_count(path, FC_wrong_context);
}

void fake_counts_reset(void)
{
	struct fake_path *path;
	int i;

	for (i = 0; i < FC_COUNT; i++)
		atomic_long_set(&fake_totals[i], 0);
	mutex_lock(&fake_lock);
	list_for_each_entry(path, &fake_paths, entry)
		for (i = 0; i < FC_COUNT; i++)
			atomic_long_set(&path->counts[i], 0);
	mutex_unlock(&fake_lock);
}

/* Lines "NAME VALUE" for the module, "PATH.NAME VALUE" for a path. */
int fake_counts_show(struct seq_file *m, void *unused)
{
	struct fake_path *path;
	int i;

	for (i = 0; i < FC_COUNT; i++)
		seq_printf(m, "%s %ld\n", fake_count_names[i],
			   atomic_long_read(&fake_totals[i]));
	mutex_lock(&fake_lock);
	list_for_each_entry(path, &fake_paths, entry) {
		for (i = 0; i < FC_COUNT; i++)
			seq_printf(m, "%s.%s %ld\n", path->name,
				   fake_count_names[i],
				   atomic_long_read(&path->counts[i]));
		seq_printf(m, "%s.out %d\n", path->name,
			   atomic_read(&path->out));
		seq_printf(m, "%s.nr_active %d\n", path->name,
			   atomic_read(&path->nr_active));
	}
	mutex_unlock(&fake_lock);
	return 0;
}
