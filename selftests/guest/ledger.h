/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The books of once.c: what was asked of each unit of data, what came back, and
 * whether that can be. No I/O here.
 *
 * A unit is a run of blocks that one command reads or writes. It has one command out
 * at a time, so what a read may return is known: what the last write that ended well
 * has written, or what a later one that ended with an error may have.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CODES = 8, STRIDE = 64 };

struct unit {
	uint32_t kept;		/* last write that ended well; 0: none */
	uint32_t tried;		/* last write that was asked for */
};

struct ledger {
	uint32_t run;
	struct unit *unit;
	uint64_t issued, good, bad, twice, lost, wrong;
	int64_t last_ms;	/* of the last good end, or of the first command */
	int64_t gap_ms;		/* the longest time without one */
	int code[CODES];	/* errors seen, and how many of each */
	uint64_t count[CODES];
};

/* What every STRIDE bytes of a unit begin with. */
struct stamp {
	uint32_t run;		/* of this program */
	uint32_t unit;
	uint32_t turn;		/* which write of the unit */
	uint32_t at;
};

static inline void ledger_init(struct ledger *l, size_t units, int64_t now)
{
	memset(l, 0, sizeof(*l));
	l->run = getpid() * 1000003u + now;
	l->unit = calloc(units, sizeof(*l->unit));
	l->last_ms = now;
}

static inline void stamp(const struct ledger *l, void *buf, size_t len, uint64_t unit,
			 uint32_t turn)
{
	for (size_t at = 0; at + sizeof(struct stamp) <= len; at += STRIDE)
		memcpy((char *)buf + at, &(struct stamp){ l->run, unit, turn, at },
		       sizeof(struct stamp));
}

/* The metadata of a unit, which was read well, is of the same write as its data. */
static inline bool same_write(const void *data, const void *meta)
{
	struct stamp d, m;

	memcpy(&d, data, sizeof(d));
	memcpy(&m, meta, sizeof(m));
	return d.run == m.run && d.turn == m.turn && (!d.turn || d.unit == m.unit);
}

/*
 * A read of a unit has ended well; @what is told if it is wrong. That a late write of a
 * connection that was lost is executed after newer ones would be seen here, too
 * (docs/failover.md); such a write is rarer than the load's latency is long.
 */
static inline void ledger_check(struct ledger *l, uint64_t unit, const void *buf, size_t len,
				const char *what)
{
	const struct unit *u = &l->unit[unit];
	struct stamp s, first;

	if (!u->tried)
		return;
	memcpy(&first, buf, sizeof(first));
	for (size_t at = 0; at + sizeof(s) <= len; at += STRIDE) {
		memcpy(&s, (const char *)buf + at, sizeof(s));
		if (s.run != l->run && !u->kept)	/* nothing has been written yet */
			continue;
		if (s.run == l->run && s.unit == unit && s.at == at && s.turn == first.turn &&
		    s.turn >= u->kept && s.turn <= u->tried)
			continue;
		fprintf(stderr, "%s: unit %llu byte %zu: of %s, unit %u, write %u byte %u; written: %u to %u\n",
			what, (unsigned long long)unit, at, s.run == l->run ? "this run" : "no run of ours",
			s.unit, s.turn, s.at, u->kept, u->tried);
		l->wrong++;
		return;
	}
}

static inline void ledger_gap(struct ledger *l, int64_t now)
{
	if (now - l->last_ms > l->gap_ms)
		l->gap_ms = now - l->last_ms;
}

static inline void ledger_good(struct ledger *l, uint64_t unit, bool write, int64_t now)
{
	ledger_gap(l, now);
	l->last_ms = now;
	l->good++;
	if (write)
		l->unit[unit].kept = l->unit[unit].tried;
}

static inline void ledger_bad(struct ledger *l, int code)
{
	int i = 0;

	l->bad++;
	while (i < CODES - 1 && l->count[i] && l->code[i] != code)
		i++;
	l->code[i] = code;
	l->count[i]++;
}

/* One line; an error is an errno with its sign or an NVMe status in hex. */
static inline bool ledger_close(const struct ledger *l, const char *name)
{
	printf("%s: issued=%llu good=%llu bad=%llu twice=%llu lost=%llu wrong=%llu gap_ms=%lld codes=",
	       name, (unsigned long long)l->issued, (unsigned long long)l->good,
	       (unsigned long long)l->bad, (unsigned long long)l->twice,
	       (unsigned long long)l->lost, (unsigned long long)l->wrong, (long long)l->gap_ms);
	for (int i = 0; i < CODES && l->count[i]; i++)
		printf(l->code[i] < 0 ? "%s%dx%llu" : "%s%xhx%llu", i ? "," : "", l->code[i],
		       (unsigned long long)l->count[i]);
	printf("\n");
	return !l->bad && !l->twice && !l->lost && !l->wrong && l->good;
}

#endif /* LEDGER_H */
