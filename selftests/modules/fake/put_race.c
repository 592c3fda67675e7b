// SPDX-License-Identifier: GPL-2.0
/*
 * The last mpath_put_head() against mpath_head_uninit(), after which the head's
 * memory is the driver's: whoever still looks at it then finds rubbish.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/slab.h>

#include "fake.h"

/*
 * The window is a few instructions wide, so it is held open: the owner is delayed
 * when it is about to sleep, so that it finds the last reference gone, and who
 * drops that is delayed in the wake-up meanwhile. A kernel without kprobes has to
 * meet it.
 */
static struct task_struct *fake_owner_task, *fake_putter_task;

static int fake_delay_wait(struct kprobe *p, struct pt_regs *regs)
{
	if (current == READ_ONCE(fake_owner_task))
		mdelay(10);
	return 0;
}

static int fake_delay_wake_up(struct kprobe *p, struct pt_regs *regs)
{
	if (current == READ_ONCE(fake_putter_task))
		mdelay(40);
	return 0;
}

static struct kprobe fake_wait = {
	.symbol_name	= "prepare_to_wait_event",
	.pre_handler	= fake_delay_wait,
};

static struct kprobe fake_wake_up = {
	.symbol_name	= "__wake_up",
	.pre_handler	= fake_delay_wake_up,
};

static struct kprobe *fake_probes[] = { &fake_wait, &fake_wake_up };

#define FAKE_DELAYED_ROUNDS	20

/*
 * Owner: fake_put_race(), which waits for the work.
 *
 * @delayed: in this round
 */
struct fake_putter {
	struct work_struct work;
	struct mpath_head *head;
	unsigned int spin;
	bool delayed;
};

static void fake_put_work(struct work_struct *work)
{
	struct fake_putter *p = container_of(work, struct fake_putter, work);
	unsigned int i;

	/* ours is the last one as soon as the owner waits for it */
	while (refcount_read(&p->head->refcount) != 1)
		cond_resched();
	for (i = 0; i < p->spin; i++)
		cpu_relax();
	if (p->delayed)
		WRITE_ONCE(fake_putter_task, current);
	mpath_put_head(p->head);
	WRITE_ONCE(fake_putter_task, NULL);
}

int fake_put_race(unsigned int rounds)
{
	struct fake_putter p = {};
	int no_probe = register_kprobes(fake_probes, ARRAY_SIZE(fake_probes));
	unsigned int i;
	int ret = 0;

	if (no_probe)
		pr_info("put_race: no delays: %d\n", no_probe);
	INIT_WORK_ONSTACK(&p.work, fake_put_work);
	for (i = 0; i < rounds && !ret; i++) {
		p.head = kzalloc(sizeof(*p.head), GFP_KERNEL);
		ret = p.head ? mpath_head_init(p.head) : -ENOMEM;
		if (!ret)
			ret = mpath_get_head(p.head);
		if (!ret) {
			p.spin = i % 200 * 10;
			p.delayed = i < FAKE_DELAYED_ROUNDS;
			queue_work(system_unbound_wq, &p.work);
			if (p.delayed)
				WRITE_ONCE(fake_owner_task, current);
			mpath_head_uninit(p.head);
			WRITE_ONCE(fake_owner_task, NULL);
			memset(p.head, 0x6b, sizeof(*p.head));
			flush_work(&p.work);
		}
		kfree(p.head);
		cond_resched();
	}
	destroy_work_on_stack(&p.work);
	if (!no_probe)
		unregister_kprobes(fake_probes, ARRAY_SIZE(fake_probes));
	return ret;
}
