// SPDX-License-Identifier: GPL-2.0
/*
 * The last mpath_put_head() against mpath_head_uninit(), after which the head's
 * memory is the driver's: whoever still looks at it then finds rubbish.
 */
#include <linux/completion.h>
#include <linux/slab.h>

#include "fake.h"

/*
 * Owner: fake_put_race(), which waits for the work.
 *
 * @go: raised when the owner is about to wait in mpath_head_uninit()
 */
struct fake_putter {
	struct work_struct work;
	struct mpath_head *head;
	unsigned int spin;
	atomic_t go;
};

static void fake_put_work(struct work_struct *work)
{
	struct fake_putter *p = container_of(work, struct fake_putter, work);
	unsigned int i;

	while (!atomic_read(&p->go))
		cond_resched();
	for (i = 0; i < p->spin; i++)
		cpu_relax();
	mpath_put_head(p->head);
}

int fake_put_race(unsigned int rounds)
{
	struct fake_putter p = {};
	unsigned int i;
	int ret = 0;

	INIT_WORK_ONSTACK(&p.work, fake_put_work);
	for (i = 0; i < rounds && !ret; i++) {
		p.head = kzalloc(sizeof(*p.head), GFP_KERNEL);
		if (!p.head)
			return -ENOMEM;
		ret = mpath_head_init(p.head);
		if (!ret)
			ret = mpath_get_head(p.head);
		if (!ret) {
			atomic_set(&p.go, 0);
			p.spin = i % 200 * 10;
			queue_work(system_unbound_wq, &p.work);
			atomic_set(&p.go, 1);
			mpath_head_uninit(p.head);
			memset(p.head, 0x6b, sizeof(*p.head));
			flush_work(&p.work);
		}
		kfree(p.head);
		cond_resched();
	}
	destroy_work_on_stack(&p.work);
	return ret;
}
