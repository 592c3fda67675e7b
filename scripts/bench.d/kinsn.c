// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU plugin: how many instructions a guest of one CPU executes in its kernel.
 *
 *	-plugin file=kinsn.so,out=FILE[,profile=FILE]
 *
 * Each time the guest executes the instruction of mark.h a line with the number so far is
 * added to out. With profile there is a line for each block of code: address,
 * instructions, and executions between marks 5 and 6 less those between marks 3 and 4, a
 * long and a short run after the warm-up's marks 1 and 2.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"
#include "plugin_api.h"

#define KERNEL	(1ull << 63)

/* Code that is translated as one; it may be translated more than once. */
struct block {
	struct block *next;
	uint64_t vaddr;
	uint64_t insns;
	uint64_t runs;
	uint64_t before;	/* at the begin of the run */
	int64_t more;		/* runs of the long run less those of the short one */
};

PLUGIN_EXPORT int qemu_plugin_version = 1;

static const unsigned char mark[] = { MARK_BYTES };
static uint64_t count;
static unsigned int marks;
static FILE *out;
static const char *profile;
static struct block *blocks;

static void dump_profile(void)
{
	FILE *file = fopen(profile, "w");
	const struct block *b;

	if (!file) {
		perror(profile);
		return;
	}
	for (b = blocks; b; b = b->next)
		if (b->more)
			fprintf(file, "%llx %llu %lld\n", (unsigned long long)b->vaddr,
				(unsigned long long)b->insns, (long long)b->more);
	fclose(file);
}

static void marked(unsigned int cpu, void *data)
{
	struct block *b;

	(void)cpu;
	(void)data;
	fprintf(out, "%llu\n", (unsigned long long)count);
	fflush(out);
	marks++;
	if (!profile)
		return;
	for (b = blocks; b; b = b->next) {
		if (marks == 4)
			b->more = b->before - b->runs;
		else if (marks == 6)
			b->more += b->runs - b->before;
		b->before = b->runs;
	}
	if (marks == 6)
		dump_profile();
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn;
	struct block *b;

	(void)id;
	if (!(qemu_plugin_tb_vaddr(tb) & KERNEL)) {
		for (i = 0; i < n; i++) {
			insn = qemu_plugin_tb_get_insn(tb, i);
			if (qemu_plugin_insn_size(insn) == sizeof(mark) &&
			    !memcmp(qemu_plugin_insn_data(insn), mark, sizeof(mark)))
				qemu_plugin_register_vcpu_insn_exec_cb(insn, marked,
						QEMU_PLUGIN_CB_NO_REGS, NULL);
		}
		return;
	}
	/* each for itself: an access to a device ends a block in its middle, to begin it again */
	for (i = 0; i < n; i++)
		qemu_plugin_register_vcpu_insn_exec_inline(qemu_plugin_tb_get_insn(tb, i),
				QEMU_PLUGIN_INLINE_ADD_U64, &count, 1);
	if (!profile)
		return;
	b = calloc(1, sizeof(*b));	/* for good: the code refers to it */
	if (!b)
		abort();
	b->vaddr = qemu_plugin_tb_vaddr(tb);
	b->insns = n;
	b->next = blocks;
	blocks = b;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &b->runs, 1);
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
				      char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		else if (!strncmp(argv[i], "profile=", 8))
			profile = strdup(argv[i] + 8);
	}
	if (!out) {
		fprintf(stderr, "kinsn: out=FILE is missing or cannot be written\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
