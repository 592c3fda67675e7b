// SPDX-License-Identifier: GPL-2.0
/* Stop points: hold the next thread that gets to a named place. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "fake.h"

#define FAKE_STOP_LIMIT	(20 * HZ)

/*
 * @armed: so many threads are still to be stopped, after @skip have passed
 * @stopped: so many are
 * @release: raised by each release; who is stopped waits for the next one
 */
struct fake_stop_point {
	unsigned int armed;
	unsigned int skip;
	unsigned int stopped;
	unsigned int release;
	char who[FAKE_NAME_LEN];
};

static struct fake_stop_point fake_points[FP_COUNT];
static DEFINE_SPINLOCK(fake_points_lock);
static DECLARE_WAIT_QUEUE_HEAD(fake_points_wq);

static const char * const fake_point_names[FP_COUNT] = {
#define X(name) #name,
	FAKE_POINTS(X)
#undef X
};

static int fake_point_find(const char *name)
{
	return match_string(fake_point_names, FP_COUNT, name);
}

/* True: the caller is stopped until @release is another number. */
static bool fake_stop_claim(struct fake_stop_point *p, const char *who,
			    unsigned int *release)
{
	bool mine = false;

	spin_lock(&fake_points_lock);
	if (!p->armed || (p->who[0] && strcmp(p->who, who)))
		goto out;
	if (p->skip) {
		p->skip--;
		goto out;
	}
	p->armed--;
	p->stopped++;
	*release = p->release;
	mine = true;
out:
	spin_unlock(&fake_points_lock);
	return mine;
}

void fake_stop(enum fake_point point, const char *who)
{
	struct fake_stop_point *p = &fake_points[point];
	unsigned int release;

	if (likely(!READ_ONCE(p->armed)) || !preemptible())
		return;
	if (!fake_stop_claim(p, who, &release))
		return;
	wake_up_all(&fake_points_wq);
	if (!wait_event_timeout(fake_points_wq, READ_ONCE(p->release) != release,
				FAKE_STOP_LIMIT)) {
		pr_warn("%s stopped at %s and was not released\n", who,
			fake_point_names[point]);
		fake_count(NULL, FC_stop_timeouts);
	}
	spin_lock(&fake_points_lock);
	p->stopped--;
	spin_unlock(&fake_points_lock);
	wake_up_all(&fake_points_wq);
}

int fake_stop_arm(const char *point, const char *who, unsigned int skip,
		  unsigned int threads)
{
	int i = fake_point_find(point);

	if (i < 0)
		return -EINVAL;
	spin_lock(&fake_points_lock);
	strscpy(fake_points[i].who, who);
	fake_points[i].skip = skip;
	WRITE_ONCE(fake_points[i].armed, threads);
	spin_unlock(&fake_points_lock);
	return 0;
}

static void fake_stop_open(struct fake_stop_point *p)
{
	spin_lock(&fake_points_lock);
	WRITE_ONCE(p->armed, 0);
	WRITE_ONCE(p->release, p->release + 1);
	spin_unlock(&fake_points_lock);
	wake_up_all(&fake_points_wq);
}

int fake_stop_release(const char *point)
{
	int i = fake_point_find(point);

	if (i < 0)
		return -EINVAL;
	fake_stop_open(&fake_points[i]);
	return 0;
}

void fake_stop_release_all(void)
{
	int i;

	for (i = 0; i < FP_COUNT; i++)
		fake_stop_open(&fake_points[i]);
}

int fake_stop_wait(const char *point, unsigned int threads, unsigned int ms)
{
	int i = fake_point_find(point);
	long left;

	if (i < 0)
		return -EINVAL;
	left = wait_event_interruptible_timeout(fake_points_wq,
			READ_ONCE(fake_points[i].stopped) >= threads,
			msecs_to_jiffies(ms));
	if (left < 0)
		return left;
	return left ? 0 : -ETIMEDOUT;
}

/* Lines "POINT ARMED STOPPED". */
int fake_stop_show(struct seq_file *m, void *unused)
{
	int i;

	for (i = 0; i < FP_COUNT; i++)
		seq_printf(m, "%s %u %u\n", fake_point_names[i],
			   READ_ONCE(fake_points[i].armed),
			   READ_ONCE(fake_points[i].stopped));
	return 0;
}
