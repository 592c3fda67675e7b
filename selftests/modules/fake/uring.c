// SPDX-License-Identifier: GPL-2.0
/* io_uring commands: answered at once, later, or when told to. */
#include <linux/hrtimer.h>
#include <linux/io_uring/cmd.h>
#include <linux/slab.h>

#include "fake.h"
#include "fake_user.h"

/*
 * A command that is out.
 *
 * Owner: the timer until it has fired; then the task that completes the
 * command. In polled rings the poller completes, after the timer has fired.
 *
 * @held: on the list of fake_uring_release()
 * @keeps_pin: it has the library's pin instead of one of its own
 */
struct fake_command {
	struct hrtimer timer;
	struct list_head entry;
	struct fake_path *path;
	struct io_uring_cmd *ioucmd;
	long result;
	bool polled;
	bool due;
	bool keeps_pin;
};

struct fake_pdu {
	struct fake_command *command;
};

static LIST_HEAD(fake_commands_held);
static DEFINE_SPINLOCK(fake_commands_lock);

static void fake_uring_end(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	struct fake_command *c =
		io_uring_cmd_to_pdu(ioucmd, struct fake_pdu)->command;
	struct fake_path *path = c->path;
	bool keeps_pin = c->keeps_pin;
	long result = c->result;

	kfree(c);
	fake_count(path, FC_uring_done);
	io_uring_cmd_done(ioucmd, result, 0, issue_flags);
	if (keeps_pin)
		fake_put_path(&path->mpath);
	else
		fake_path_put(path);
}

static enum hrtimer_restart fake_uring_due(struct hrtimer *timer)
{
	struct fake_command *c = container_of(timer, struct fake_command, timer);
	unsigned long flags;

	spin_lock_irqsave(&fake_commands_lock, flags);
	list_del_init(&c->entry);
	spin_unlock_irqrestore(&fake_commands_lock, flags);
	if (c->polled)
		smp_store_release(&c->due, true);	/* fake_uring_iopoll() */
	else
		io_uring_cmd_complete_in_task(c->ioucmd, fake_uring_end);
	return HRTIMER_NORESTART;
}

/* Everything that is held ends now, unless its time is up just now. */
void fake_uring_release(void)
{
	struct fake_command *c, *next;

	spin_lock_irq(&fake_commands_lock);
	list_for_each_entry_safe(c, next, &fake_commands_held, entry) {
		if (hrtimer_try_to_cancel(&c->timer) <= 0)
			continue;
		list_del_init(&c->entry);
		hrtimer_start(&c->timer, 0, HRTIMER_MODE_REL);
	}
	spin_unlock_irq(&fake_commands_lock);
}

int fake_uring_cmd(struct mpath_device *dev, struct io_uring_cmd *ioucmd,
		   unsigned int issue_flags)
{
	struct fake_path *path = to_fake_path(dev);
	long mode = READ_ONCE(path->set.uring);
	long refuse = READ_ONCE(path->set.refuse);
	struct fake_command *c;
	u32 add;

	fake_count(path, FC_uring_cmd);
	if (!(issue_flags & IO_URING_F_NONBLOCK))
		fake_may_sleep(path);
	fake_path_stop(FP_uring_cmd, path);
	if (READ_ONCE(path->dead))
		return -ENODEV;
	if (refuse && fake_take(&path->set.refuse_count))
		return refuse;
	if (ioucmd->cmd_op != FAKE_URING_ECHO)
		return -ENOTTY;
	add = READ_ONCE(*(const u32 *)io_uring_sqe_cmd(ioucmd->sqe));
	if (mode == FAKE_URING_INLINE && !(issue_flags & IO_URING_F_IOPOLL)) {
		fake_count(path, FC_uring_done);
		return path->set.uring_result + add;
	}

	c = kzalloc(sizeof(*c), GFP_NOWAIT);
	if (!c)
		return -EAGAIN;
	c->keeps_pin = path->keeps_pin;
	if (!c->keeps_pin && !fake_path_tryget(path)) {
		kfree(c);
		return -ENODEV;
	}
	INIT_LIST_HEAD(&c->entry);
	c->path = path;
	c->ioucmd = ioucmd;
	c->result = path->set.uring_result + add;
	c->polled = issue_flags & IO_URING_F_IOPOLL;
	io_uring_cmd_to_pdu(ioucmd, struct fake_pdu)->command = c;
	hrtimer_init(&c->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	c->timer.function = fake_uring_due;
	spin_lock_irq(&fake_commands_lock);
	if (mode == FAKE_URING_HOLD) {
		list_add_tail(&c->entry, &fake_commands_held);
		fake_count(path, FC_uring_held);
	}
	hrtimer_start(&c->timer, mode == FAKE_URING_HOLD ?
		      ktime_set(20, 0) :
		      ns_to_ktime(path->set.delay_us * NSEC_PER_USEC),
		      HRTIMER_MODE_REL);
	spin_unlock_irq(&fake_commands_lock);
	return -EIOCBQUEUED;
}

/* Without a path: all it needs is in the command. */
int fake_uring_iopoll(struct io_uring_cmd *ioucmd, struct io_comp_batch *iob,
		      unsigned int poll_flags)
{
	struct fake_pdu *pdu = io_uring_cmd_to_pdu(ioucmd, struct fake_pdu);
	struct fake_command *c = pdu->command;

	fake_count(NULL, FC_uring_iopoll);
	if (!c || !smp_load_acquire(&c->due))
		return 0;
	/* polled again before it is reaped it must not end twice */
	fake_uring_end(ioucmd, 0);
	pdu->command = NULL;
	return 1;
}
