// SPDX-License-Identifier: GPL-2.0
/* A record of the bios that arrive at paths, in their order. */
#include "fake.h"

#define FAKE_ORDER_MAX	8192

struct fake_arrival {
	char path[FAKE_NAME_LEN];
	sector_t sector;
	unsigned int sectors;
	blk_opf_t opf;
};

static struct fake_arrival fake_order[FAKE_ORDER_MAX];
static unsigned int fake_order_nr;
static bool fake_order_on;
static DEFINE_SPINLOCK(fake_order_lock);

void fake_order_note(struct fake_path *path, struct bio *bio)
{
	struct fake_arrival *a;
	unsigned long flags;

	if (!READ_ONCE(fake_order_on))
		return;
	spin_lock_irqsave(&fake_order_lock, flags);
	if (fake_order_nr < FAKE_ORDER_MAX) {
		a = &fake_order[fake_order_nr++];
		strscpy(a->path, path->name);
		a->sector = bio->bi_iter.bi_sector;
		a->sectors = bio_sectors(bio);
		a->opf = bio->bi_opf;
	}
	spin_unlock_irqrestore(&fake_order_lock, flags);
}

void fake_order_start(bool on)
{
	spin_lock_irq(&fake_order_lock);
	fake_order_nr = 0;
	WRITE_ONCE(fake_order_on, on);
	spin_unlock_irq(&fake_order_lock);
}

static void fake_order_line(struct seq_file *m, const struct fake_arrival *a)
{
	seq_printf(m, "%s %c %llu %u%s%s%s%s\n", a->path,
		   (a->opf & REQ_OP_MASK) == REQ_OP_READ ? 'R' :
		   (a->opf & REQ_OP_MASK) == REQ_OP_WRITE ? 'W' : 'F',
		   (u64)a->sector, a->sectors,
		   a->opf & REQ_FAILFAST_MASK ? " failfast" : "",
		   a->opf & REQ_NOWAIT ? " nowait" : "",
		   a->opf & REQ_POLLED ? " polled" : "",
		   a->opf & REQ_FUA ? " fua" : "");
}

/* Lines "PATH R|W|F SECTOR SECTORS [FLAG...]". */
int fake_order_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	for (i = 0; i < READ_ONCE(fake_order_nr); i++)
		fake_order_line(m, &fake_order[i]);
	return 0;
}
