// SPDX-License-Identifier: GPL-2.0
/*
 * Every NVMe ioctl on the head's nodes must answer what the same call on a path
 * of it answers: return value, errno, result field, structure and data. Each
 * call is made on the path, then on the head, from equal memory, and the
 * outcomes are compared byte for byte. What the path answers is checked too, so
 * that two equally broken nodes do not pass.
 */
#include <linux/sed-opal.h>
#include "nvme_test.h"

#define BUF_SIZE	(256 * 1024)
#define HUGE_SIZE	(8 * 1024 * 1024)
#define SUBMIT_IO32	_IOC(_IOC_WRITE, 'N', 0x42, 44)

enum {
	WANT_STATUS = 1,	/* any positive status */
	WANT_SAME = 2,		/* what the path answers */
};
enum where { IN_BUF, BAD_BUF, ODD_BUF, OFF4_BUF };

/* One call. Zeroes mean: right nsid, good pointers. */
struct call {
	const char *name;
	unsigned int ioctl;
	int want;		/* 0, -errno or WANT_STATUS */
	uint8_t opcode, flags;
	uint32_t other_nsid;	/* instead of the node's own */
	uint32_t cdw10, cdw11, cdw12;
	uint64_t slba;
	uint32_t blocks;	/* of a read, write or compare */
	uint32_t len;		/* bytes; blocks tells if 0 */
	enum where where;
	bool out;		/* the buffer holds what was written before */
	bool mismatch;		/* ... but for its last byte */
	bool bad_struct;
	bool meta;
	uint32_t timeout_ms;
	uint32_t vecs;
	bool bad_vec;
	uint32_t mask_at, mask_len;	/* of the data: not compared */
	bool any_data;		/* changes by itself */
};

struct outcome {
	long ret;
	int err;
	uint8_t arg[128];
	uint8_t *data;
};

struct memory {
	uint8_t *buf[2];	/* what the call works on, and what the path left */
	uint8_t *huge;
	uint8_t *arg;
	struct iovec *vec;
	uint32_t *vec32;
	uint8_t *pattern;
};

FIXTURE(node) {
	struct nodes nodes;
	int path, head;
	uint32_t nsid, lba;
	uint64_t size;
	bool compat;
	struct memory mem;
};

FIXTURE_VARIANT(node) {
	bool block, compat;
};
FIXTURE_VARIANT_ADD(node, char) { };
FIXTURE_VARIANT_ADD(node, block) { .block = true };
FIXTURE_VARIANT_ADD(node, char32) { .compat = true };
FIXTURE_VARIANT_ADD(node, block32) { .block = true, .compat = true };

/* The 32-bit system call, so that the kernel takes its compat way. Pointers are
 * below 4 GiB.
 */
static long ioctl32(int fd, unsigned int cmd, uintptr_t arg)
{
#ifdef __x86_64__
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret)
			 : "a"(54L), "b"((long)fd), "c"((long)cmd), "d"(arg)
			 : "memory", "r8", "r9", "r10", "r11");
	ret = (int)ret;
	if (ret < 0 && ret > -4096) {
		errno = -ret;
		return -1;
	}
	return ret;
#else
	errno = ENOSYS;
	return -1;
#endif
}

static bool have_ioctl32(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int fd = open("/dev/null", O_RDONLY);

		/* an ioctl that /dev/null does not know */
		_exit(ioctl32(fd, _IO('N', 0x40), 0) == -1 && errno == ENOTTY ? 0 : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       !WEXITSTATUS(status);
}

static void *map_low(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

#define BAD_POINTER	0x1000UL	/* never mapped: below mmap_min_addr */

static void prepare_data(struct memory *m, const struct call *c, uint8_t *buf)
{
	if (c->out) {
		uint32_t shift = c->where == ODD_BUF ? 1 : c->where == OFF4_BUF ? 4 : 0;

		memcpy(buf + shift, m->pattern, BUF_SIZE - shift);
		if (c->mismatch)
			buf[shift + 511] ^= 1;
	} else {
		memset(buf, 0x5a, BUF_SIZE);
	}
}

static uintptr_t prepare_arg(FIXTURE_DATA(node) *self, const struct call *c, uint8_t *buf,
			     uint32_t lba)
{
	struct memory *m = &self->mem;
	uint32_t len = c->len ? c->len : c->blocks * lba;
	uintptr_t addr = (uintptr_t)(len > BUF_SIZE ? m->huge : buf);
	uint64_t slba = c->slba == UINT64_MAX ? self->size : c->slba;
	uint32_t nsid = c->other_nsid ? c->other_nsid : self->nsid;

	if (c->where == BAD_BUF)
		addr = BAD_POINTER;
	else if (c->where == ODD_BUF)
		addr += 1;
	else if (c->where == OFF4_BUF)
		addr += 4;

	memset(m->arg, 0xa5, 128);
	switch (c->ioctl) {
	case NVME_IOCTL_ADMIN_CMD:
	case NVME_IOCTL_IO_CMD: {
		struct nvme_passthru_cmd cmd = {
			.opcode = c->opcode, .flags = c->flags, .nsid = nsid,
			.addr = addr, .data_len = len,
			.cdw10 = c->cdw10, .cdw11 = c->cdw11, .cdw12 = c->cdw12,
			.timeout_ms = c->timeout_ms, .result = 0xdeadbeef,
		};

		if (c->blocks) {
			cmd.cdw10 = slba;
			cmd.cdw11 = slba >> 32;
			cmd.cdw12 = c->blocks - 1;
		}
		if (c->meta) {
			cmd.metadata = (uintptr_t)buf + BUF_SIZE / 2;
			cmd.metadata_len = 8;
		}
		memcpy(m->arg, &cmd, sizeof(cmd));
		break;
	}
	case NVME_IOCTL_ADMIN64_CMD:
	case NVME_IOCTL_IO64_CMD:
	case NVME_IOCTL_IO64_CMD_VEC: {
		struct nvme_passthru_cmd64 cmd = {
			.opcode = c->opcode, .flags = c->flags, .nsid = nsid,
			.addr = addr, .data_len = len,
			.cdw10 = c->cdw10, .cdw11 = c->cdw11, .cdw12 = c->cdw12,
			.timeout_ms = c->timeout_ms, .result = 0xdeadbeefcafef00d,
		};

		if (c->blocks) {
			cmd.cdw10 = slba;
			cmd.cdw11 = slba >> 32;
			cmd.cdw12 = c->blocks - 1;
		}
		if (c->meta) {
			cmd.metadata = (uintptr_t)buf + BUF_SIZE / 2;
			cmd.metadata_len = 8;
		}
		if (c->vecs) {
			uint32_t piece = c->vecs <= 64 ? len / c->vecs : 4;

			for (uint32_t i = 0; i < c->vecs; i++) {
				/* apart from each other and in reverse order */
				uintptr_t at = c->vecs <= 64 ?
					(uintptr_t)buf + (c->vecs - 1 - i) * (BUF_SIZE / c->vecs) :
					(uintptr_t)buf;

				if (c->bad_vec && i == 1)
					at = BAD_POINTER;
				if (self->compat) {
					m->vec32[2 * i] = at;
					m->vec32[2 * i + 1] = piece;
				} else {
					m->vec[i].iov_base = (void *)at;
					m->vec[i].iov_len = piece;
				}
			}
			cmd.addr = c->where == BAD_BUF ? BAD_POINTER : (uintptr_t)m->vec;
			cmd.vec_cnt = c->vecs;
		}
		memcpy(m->arg, &cmd, sizeof(cmd));
		break;
	}
	case NVME_IOCTL_SUBMIT_IO: {
		struct nvme_user_io io = {
			.opcode = c->opcode, .flags = c->flags, .nblocks = c->blocks - 1,
			.addr = addr, .slba = slba,
		};

		memcpy(m->arg, &io, sizeof(io));
		break;
	}
	default:
		break;
	}
	return c->bad_struct ? BAD_POINTER : (uintptr_t)m->arg;
}

static void do_call(FIXTURE_DATA(node) *self, int fd, const struct call *c, uint8_t *buf,
		    struct outcome *o)
{
	uintptr_t arg;

	prepare_data(&self->mem, c, buf);
	arg = prepare_arg(self, c, buf, self->lba);
	errno = 0;
	o->ret = self->compat ? ioctl32(fd, c->ioctl, arg) : ioctl(fd, c->ioctl, arg);
	o->err = o->ret < 0 ? errno : 0;
	memcpy(o->arg, self->mem.arg, sizeof(o->arg));
}

/* Both nodes work on the same buffer address, so even the pointers in the
 * structure must be equal afterwards.
 */
static void compare_call(struct __test_metadata *_metadata, FIXTURE_DATA(node) *self,
			 const struct call *c)
{
	struct outcome path = {}, head = {};
	uint8_t *buf = self->mem.buf[0], *path_data = self->mem.buf[1];
	long got;

	if (too_risky(c->ioctl == NVME_IOCTL_ADMIN_CMD || c->ioctl == NVME_IOCTL_ADMIN64_CMD,
		      c->opcode))
		return;
	do_call(self, self->path, c, buf, &path);
	memcpy(path_data, buf, BUF_SIZE);
	do_call(self, self->head, c, buf, &head);

	got = path.ret < 0 ? -path.err : path.ret > 0 && c->want == WANT_STATUS ? WANT_STATUS :
							 path.ret;
	if (c->want != WANT_SAME) {
		EXPECT_EQ(c->want, got)
			TH_LOG("%s: the path answers %ld, errno %d", c->name, path.ret, path.err);
	}
	EXPECT_EQ(path.ret, head.ret)
		TH_LOG("%s: path %ld, head %ld", c->name, path.ret, head.ret);
	EXPECT_EQ(path.err, head.err)
		TH_LOG("%s: errno of path %d, head %d", c->name, path.err, head.err);
	EXPECT_EQ(0, memcmp(path.arg, head.arg, sizeof(path.arg)))
		TH_LOG("%s: structure or result differs", c->name);
	if (c->any_data)
		return;
	memset(path_data + c->mask_at, 0, c->mask_len);
	memset(buf + c->mask_at, 0, c->mask_len);
	EXPECT_EQ(0, memcmp(path_data, buf, BUF_SIZE))
		TH_LOG("%s: data differs", c->name);
}

#define COMPARE_ALL(calls) do {							\
	for (size_t i_ = 0; i_ < ARRAY_SIZE(calls); i_++)			\
		compare_call(_metadata, self, &(calls)[i_]);			\
} while (0)

#define NEEDS_SCRATCH() do {							\
	if (!getenv("MPATH_SCRATCH"))						\
		SKIP(return, "MPATH_SCRATCH is not set: the test would write");	\
} while (0)

/* The pattern at LBA 8, written over the path. */
static bool write_pattern(FIXTURE_DATA(node) *self)
{
	struct nvme_passthru_cmd cmd = {
		.opcode = OP_WRITE, .nsid = self->nsid,
		.addr = (uintptr_t)self->mem.pattern, .data_len = 8 * self->lba,
		.cdw10 = 8, .cdw12 = 7,
	};

	return !ioctl(self->path, NVME_IOCTL_IO_CMD, &cmd);
}

FIXTURE_SETUP(node)
{
	const char *why = find_nodes(&self->nodes, false);

	self->path = -1;
	self->head = -1;
	if (why)
		SKIP(return, "%s", why);
	if (variant->compat && !have_ioctl32())
		SKIP(return, "no 32-bit system calls here");
	self->compat = variant->compat;
	self->path = open(variant->block ? self->nodes.path_blk : self->nodes.path_chr, O_RDWR);
	ASSERT_LE(0, self->path)
		TH_LOG("cannot open the path: %s", strerror(errno));
	self->head = open(variant->block ? self->nodes.blk : self->nodes.chr, O_RDWR);
	ASSERT_LE(0, self->head)
		TH_LOG("cannot open the head: %s", strerror(errno));
	self->nsid = ioctl(self->path, NVME_IOCTL_ID);
	self->lba = lba_size(self->path, self->nsid);
	self->size = ns_blocks(self->path, self->nsid);
	ASSERT_LT(0, self->lba);
	ASSERT_LT(64, self->size);

	for (int i = 0; i < 2; i++) {
		ASSERT_NE(NULL, self->mem.buf[i] = map_low(BUF_SIZE));
	}
	ASSERT_NE(NULL, self->mem.huge = map_low(HUGE_SIZE));
	ASSERT_NE(NULL, self->mem.arg = map_low(4096));
	ASSERT_NE(NULL, self->mem.vec = map_low(64 * 1024));
	self->mem.vec32 = (void *)self->mem.vec;
	ASSERT_NE(NULL, self->mem.pattern = map_low(BUF_SIZE));
	fill(self->mem.pattern, BUF_SIZE, 7);
	/* What is read shall be neither zeroes nor what the buffer held. */
	if (getenv("MPATH_SCRATCH")) {
		ASSERT_TRUE(write_pattern(self));
	}
}

FIXTURE_TEARDOWN(node)
{
	if (self->path >= 0)
		close(self->path);
	if (self->head >= 0)
		close(self->head);
}

/* NVME_IOCTL_ID returns the namespace id. */
TEST_F(node, id)
{
	long path, head;

	path = self->compat ? ioctl32(self->path, NVME_IOCTL_ID, 0) :
			      ioctl(self->path, NVME_IOCTL_ID);
	head = self->compat ? ioctl32(self->head, NVME_IOCTL_ID, 0) :
			      ioctl(self->head, NVME_IOCTL_ID);
	EXPECT_LT(0, path);
	EXPECT_EQ(path, head);
}

#define ADMIN_CALLS(cmd) {								\
	{ "identify namespace", cmd, 0, ADM_IDENTIFY, .len = 4096 },			\
	{ "identify controller", cmd, 0, ADM_IDENTIFY, .cdw10 = 1, .len = 4096,		\
	  .mask_at = 78, .mask_len = 2 /* controller id */ },				\
	{ "namespace list", cmd, 0, ADM_IDENTIFY, .cdw10 = 2, .len = 4096,		\
	  .other_nsid = UINT32_MAX - 2, .any_data = true },				\
	{ "descriptors", cmd, 0, ADM_IDENTIFY, .cdw10 = 3, .len = 4096 },		\
	{ "identify another namespace", cmd, WANT_STATUS, ADM_IDENTIFY, .len = 4096,	\
	  .other_nsid = 0xfffffff0 },							\
	{ "identify what does not exist", cmd, WANT_STATUS, ADM_IDENTIFY,		\
	  .cdw10 = 0xf0, .len = 4096 },							\
	{ "SMART log", cmd, 0, ADM_GET_LOG, .other_nsid = UINT32_MAX,			\
	  .cdw10 = 0x7f0002, .len = 512, .any_data = true },				\
	{ "get features: number of queues", cmd, 0, ADM_GET_FEATURES, .cdw10 = 7 },	\
	{ "set features that the driver owns", cmd, -EACCES, ADM_SET_FEATURES, .cdw10 = 7 },	\
	{ "unknown opcode", cmd, WANT_STATUS, ADM_INVALID },				\
	{ "vendor opcode", cmd, WANT_STATUS, OP_VENDOR },				\
	{ "flags", cmd, -EINVAL, ADM_IDENTIFY, .flags = 0x40, .len = 4096 },		\
	{ "bad buffer", cmd, -EFAULT, ADM_IDENTIFY, .len = 4096, .where = BAD_BUF },	\
	{ "bad structure", cmd, -EFAULT, ADM_IDENTIFY, .len = 4096, .bad_struct = true }, \
	{ "buffer at an odd address", cmd, 0, ADM_IDENTIFY, .len = 4096, .where = ODD_BUF }, \
}

/* ADMIN_CMD: identify, logs, features and every refusal as on the path. */
TEST_F_TIMEOUT(node, admin_cmd, 120)
{
	static const struct call calls[] = ADMIN_CALLS(NVME_IOCTL_ADMIN_CMD);

	COMPARE_ALL(calls);
}

/* ADMIN64_CMD: the same with a 64-bit result. */
TEST_F_TIMEOUT(node, admin64_cmd, 120)
{
	static const struct call calls[] = ADMIN_CALLS(NVME_IOCTL_ADMIN64_CMD);

	COMPARE_ALL(calls);
}

#define IO_READ_CALLS(cmd) {								\
	{ "read", cmd, 0, OP_READ, .slba = 8, .blocks = 8 },				\
	{ "read one block", cmd, 0, OP_READ, .slba = 3, .blocks = 1 },			\
	{ "read with a time-out", cmd, 0, OP_READ, .slba = 8, .blocks = 2, .timeout_ms = 5000 }, \
	{ "read to an odd address", cmd, 0, OP_READ, .slba = 8, .blocks = 1, .where = ODD_BUF }, \
	{ "read to 4-byte alignment", cmd, 0, OP_READ, .slba = 8, .blocks = 1, .where = OFF4_BUF }, \
	{ "read beyond the end", cmd, WANT_STATUS, OP_READ, .slba = UINT64_MAX, .blocks = 1 }, \
	{ "unknown opcode", cmd, WANT_STATUS, OP_INVALID },				\
	{ "vendor opcode", cmd, WANT_STATUS, OP_VENDOR },				\
	{ "another nsid", cmd, -EINVAL, OP_READ, .other_nsid = 0xfffffff0, .slba = 8, .blocks = 1 }, \
	{ "broadcast nsid", cmd, -EINVAL, OP_FLUSH, .other_nsid = UINT32_MAX },		\
	{ "flags", cmd, -EINVAL, OP_READ, .flags = 1, .slba = 8, .blocks = 1 },		\
	{ "bad buffer", cmd, -EFAULT, OP_READ, .slba = 8, .blocks = 1, .where = BAD_BUF }, \
	{ "bad structure", cmd, -EFAULT, OP_READ, .slba = 8, .blocks = 1, .bad_struct = true }, \
	{ "larger than a transfer may be", cmd, -EINVAL, OP_READ, .slba = 0, .blocks = 1, \
	  .len = HUGE_SIZE },								\
	{ "metadata without metadata", cmd, -EINVAL, OP_READ, .slba = 8, .blocks = 1, .meta = true }, \
	{ "flush", cmd, 0, OP_FLUSH },							\
	{ "verify", cmd, 0, OP_VERIFY, .cdw10 = 8, .cdw12 = 3 },			\
}

/* IO_CMD: commands that change nothing, and every refusal. */
TEST_F_TIMEOUT(node, io_cmd, 120)
{
	static const struct call calls[] = IO_READ_CALLS(NVME_IOCTL_IO_CMD);

	COMPARE_ALL(calls);
}

/* IO64_CMD: the same with a 64-bit result. */
TEST_F_TIMEOUT(node, io64_cmd, 120)
{
	static const struct call calls[] = IO_READ_CALLS(NVME_IOCTL_IO64_CMD);

	COMPARE_ALL(calls);
}

/* IO64_CMD_VEC: scattered buffers, and vectors that are no good. */
TEST_F_TIMEOUT(node, io64_cmd_vec, 120)
{
#define VEC NVME_IOCTL_IO64_CMD_VEC
	static const struct call calls[] = {
		{ "one vector", VEC, 0, OP_READ, .slba = 8, .blocks = 8, .vecs = 1 },
		{ "four vectors", VEC, 0, OP_READ, .slba = 8, .blocks = 8, .vecs = 4 },
		{ "four vectors of whole pages", VEC, 0, OP_READ, .slba = 8,
		  .blocks = 4 * 4096 / 512, .vecs = 4 },
		/* a read would be copied, and the fault found only at the end */
		{ "bad vector", VEC, -EFAULT, OP_COMPARE, .slba = 8, .blocks = 8, .vecs = 4,
		  .bad_vec = true, .out = true },
		{ "bad list of vectors", VEC, -EFAULT, OP_READ, .slba = 8, .blocks = 8, .vecs = 4,
		  .where = BAD_BUF },
		{ "more vectors than allowed", VEC, -EINVAL, OP_READ, .slba = 8, .blocks = 8,
		  .vecs = 1025 },
		{ "beyond the end", VEC, WANT_STATUS, OP_READ, .slba = UINT64_MAX, .blocks = 8,
		  .vecs = 2 },
		{ "wrong nsid", VEC, -EINVAL, OP_READ, .other_nsid = 0xfffffff0, .slba = 8,
		  .blocks = 8, .vecs = 2 },
		{ "flags", VEC, -EINVAL, OP_READ, .flags = 2, .slba = 8, .blocks = 8, .vecs = 2 },
		{ "bad structure", VEC, -EFAULT, OP_READ, .slba = 8, .blocks = 8, .vecs = 2,
		  .bad_struct = true },
	};

	COMPARE_ALL(calls);
}

/* SUBMIT_IO: reads, compares and every refusal. */
TEST_F_TIMEOUT(node, submit_io, 120)
{
#define SIO NVME_IOCTL_SUBMIT_IO
	static const struct call calls[] = {
		{ "read", SIO, 0, OP_READ, .slba = 8, .blocks = 8 },
		{ "read to an odd address", SIO, 0, OP_READ, .slba = 8, .blocks = 1,
		  .where = ODD_BUF },
		{ "beyond the end", SIO, WANT_STATUS, OP_READ, .slba = UINT64_MAX, .blocks = 1 },
		{ "an opcode it does not take", SIO, -EINVAL, OP_WRITE_ZEROES, .slba = 8,
		  .blocks = 1 },
		{ "flush", SIO, -EINVAL, OP_FLUSH, .slba = 8, .blocks = 1 },
		{ "flags", SIO, -EINVAL, OP_READ, .flags = 1, .slba = 8, .blocks = 1 },
		{ "bad buffer", SIO, -EFAULT, OP_READ, .slba = 8, .blocks = 1, .where = BAD_BUF },
		{ "bad structure", SIO, -EFAULT, OP_READ, .slba = 8, .blocks = 1,
		  .bad_struct = true },
		{ "larger than a transfer may be", SIO, -EINVAL, OP_READ, .slba = 0,
		  .blocks = 8192 },
	};

	COMPARE_ALL(calls);
}

/* An nsid that is not the node's is refused with EINVAL, also its neighbours. */
TEST_F(node, wrong_nsid)
{
	for (int delta = -1; delta <= 1; delta += 2) {
		struct nvme_passthru_cmd cmd = {
			.opcode = OP_FLUSH, .nsid = self->nsid + delta,
		};

		errno = 0;
		EXPECT_EQ(-1, ioctl(self->head, NVME_IOCTL_IO_CMD, &cmd));
		EXPECT_EQ(EINVAL, errno);
		errno = 0;
		EXPECT_EQ(-1, ioctl(self->path, NVME_IOCTL_IO_CMD, &cmd));
		EXPECT_EQ(EINVAL, errno);
	}
}

/* Unknown ioctls are ENOTTY, those of a controller too; the rest as the path. */
TEST_F(node, unknown_ioctl)
{
	static const struct call calls[] = {
		{ "RESET", NVME_IOCTL_RESET, -ENOTTY },
		{ "SUBSYS_RESET", NVME_IOCTL_SUBSYS_RESET, -ENOTTY },
		{ "RESCAN", NVME_IOCTL_RESCAN, -ENOTTY },
		{ "uring op as ioctl", NVME_URING_CMD_IO, -ENOTTY },
		{ "unknown number", _IO('N', 0x7f), -ENOTTY },
		{ "unknown letter", _IOWR('*', 0x41, struct nvme_passthru_cmd), -ENOTTY },
		{ "other size", _IOC(_IOC_READ | _IOC_WRITE, 'N', 0x43, 200), -ENOTTY },
		/* 32-bit callers have a shorter structure; 6.12 does not take it */
		{ "SUBMIT_IO of 44 bytes", SUBMIT_IO32, WANT_SAME },
		/* EOPNOTSUPP; ENOTTY of a kernel without support for it */
		{ "SED without a SED", IOC_OPAL_GET_STATUS, WANT_SAME },
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		compare_call(_metadata, self, &calls[i]);
}

/* Block ioctls on the block node: size and block sizes as the path's; on the
 * char node they are unknown.
 */
TEST_F(node, block_ioctl)
{
	uint64_t size[2] = { };
	int lba[2] = { }, phys[2] = { }, ro[2] = { -1, -1 };
	int fd[2] = { self->path, self->head };

	if (self->compat)
		SKIP(return, "the same as without compat");
	for (int i = 0; i < 2; i++) {
		if (!variant->block) {
			errno = 0;
			EXPECT_EQ(-1, ioctl(fd[i], BLKGETSIZE64, &size[i]));
			EXPECT_EQ(ENOTTY, errno);
			continue;
		}
		ASSERT_EQ(0, ioctl(fd[i], BLKGETSIZE64, &size[i]));
		ASSERT_EQ(0, ioctl(fd[i], BLKSSZGET, &lba[i]));
		ASSERT_EQ(0, ioctl(fd[i], BLKPBSZGET, &phys[i]));
		ASSERT_EQ(0, ioctl(fd[i], BLKROGET, &ro[i]));
	}
	EXPECT_EQ(size[0], size[1]);
	EXPECT_EQ(lba[0], lba[1]);
	EXPECT_EQ(phys[0], phys[1]);
	EXPECT_EQ(ro[0], ro[1]);
	if (variant->block) {
		EXPECT_EQ(self->size * self->lba, size[1]);
	}
}

/* What one node writes the other reads, by every I/O ioctl. */
TEST_F_TIMEOUT(node, write, 120)
{
	static const unsigned int ways[] = {
		NVME_IOCTL_IO_CMD, NVME_IOCTL_IO64_CMD, NVME_IOCTL_IO64_CMD_VEC,
		NVME_IOCTL_SUBMIT_IO,
	};
	int node[2] = { self->path, self->head };
	struct outcome o;

	NEEDS_SCRATCH();
	for (size_t way = 0; way < ARRAY_SIZE(ways); way++) {
		for (int writer = 0; writer < 2; writer++) {
			struct call write = {
				"write", ways[way], 0, OP_WRITE, .slba = 16, .blocks = 8,
				.out = true,
			};
			struct call read = {
				"read", NVME_IOCTL_IO_CMD, 0, OP_READ, .slba = 16, .blocks = 8,
			};

			if (ways[way] == NVME_IOCTL_IO64_CMD_VEC)
				write.vecs = 1;
			fill(self->mem.pattern, BUF_SIZE, 100 + 2 * way + writer);
			do_call(self, node[writer], &write, self->mem.buf[0], &o);
			EXPECT_EQ(0, o.ret)
				TH_LOG("way %zu, writer %d: %ld, errno %d", way, writer, o.ret,
				       o.err);
			for (int reader = 0; reader < 2; reader++) {
				do_call(self, node[reader], &read, self->mem.buf[1], &o);
				EXPECT_EQ(0, o.ret);
				EXPECT_EQ(0, memcmp(self->mem.buf[1], self->mem.pattern,
						    8 * self->lba))
					TH_LOG("way %zu, writer %d, reader %d: wrong data", way,
					       writer, reader);
			}
		}
	}
}

/* Compare, write zeroes and deallocate act as on the path; after write zeroes
 * both nodes read zeroes.
 */
TEST_F_TIMEOUT(node, changes, 120)
{
	static const struct call calls[] = {
		{ "read the pattern", NVME_IOCTL_IO_CMD, 0, OP_READ, .slba = 8, .blocks = 8 },
		{ "compare", NVME_IOCTL_IO_CMD, 0, OP_COMPARE, .slba = 8, .blocks = 1, .out = true },
		{ "compare, one bit off", NVME_IOCTL_IO_CMD, WANT_STATUS, OP_COMPARE, .slba = 8,
		  .blocks = 1, .out = true, .mismatch = true },
		{ "compare by SUBMIT_IO", NVME_IOCTL_SUBMIT_IO, 0, OP_COMPARE, .slba = 8,
		  .blocks = 1, .out = true },
		{ "mismatch by SUBMIT_IO", NVME_IOCTL_SUBMIT_IO, WANT_STATUS, OP_COMPARE,
		  .slba = 8, .blocks = 1, .out = true, .mismatch = true },
		{ "write beyond the end", NVME_IOCTL_IO_CMD, WANT_STATUS, OP_WRITE,
		  .slba = UINT64_MAX, .blocks = 1, .out = true },
		{ "write zeroes", NVME_IOCTL_IO_CMD, 0, OP_WRITE_ZEROES, .cdw10 = 8, .cdw12 = 3 },
		{ "read zeroes", NVME_IOCTL_IO_CMD, 0, OP_READ, .slba = 8, .blocks = 4 },
	};

	static const uint32_t range[4] = { 0, 4, 40, 0 };	/* 4 blocks from LBA 40 */
	int node[2] = { self->path, self->head };

	NEEDS_SCRATCH();
	COMPARE_ALL(calls);
	for (uint32_t i = 0; i < 4 * self->lba; i++) {
		ASSERT_EQ(0, self->mem.buf[0][i]);
	}

	memcpy(self->mem.buf[0], range, sizeof(range));
	for (int i = 0; i < 2; i++) {
		struct nvme_passthru_cmd cmd = {
			.opcode = OP_DSM, .nsid = self->nsid, .cdw11 = 4,
			.data_len = sizeof(range), .addr = (uintptr_t)self->mem.buf[0],
		};

		EXPECT_EQ(0, ioctl(node[i], NVME_IOCTL_IO_CMD, &cmd))
			TH_LOG("deallocate on node %d: errno %d", i, errno);
	}
}

/* A node opened only for reading lets the superuser write, as native nodes do. */
TEST_F(node, read_only_open)
{
	int fd[2] = {
		open(variant->block ? self->nodes.path_blk : self->nodes.path_chr, O_RDONLY),
		open(variant->block ? self->nodes.blk : self->nodes.chr, O_RDONLY),
	};
	static const struct call write = {
		"write", NVME_IOCTL_IO_CMD, 0, OP_WRITE, .slba = 8, .blocks = 1, .out = true,
	};
	struct outcome o[2];

	ASSERT_LE(0, fd[0]);
	ASSERT_LE(0, fd[1]);
	NEEDS_SCRATCH();
	for (int i = 0; i < 2; i++) {
		do_call(self, fd[i], &write, self->mem.buf[0], &o[i]);
		close(fd[i]);
	}
	EXPECT_EQ(0, o[0].ret);
	EXPECT_EQ(o[0].ret, o[1].ret);
	EXPECT_EQ(o[0].err, o[1].err);
}

TEST_HARNESS_MAIN
