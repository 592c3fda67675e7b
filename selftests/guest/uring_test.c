// SPDX-License-Identifier: GPL-2.0
/*
 * NVMe commands through io_uring on the head's char node: every kind of ring,
 * buffer and submission that the path's own node takes, with the same results,
 * and the same refusals of what it does not take.
 */
#include <pthread.h>
#include <sched.h>
#include "nvme_test.h"

#define BUF_SIZE	(64 * 1024)
#define BLOCKS		8

enum kind { PLAIN, VEC, FIXED, FIXED_VEC, KINDS };

FIXTURE(uring) {
	struct nodes nodes;
	int fd[2];		/* path, head */
	uint32_t nsid, lba;
	uint64_t size;
	uint8_t *buf, *copy;
	struct iovec vec[4];
};

/* Below 4 GiB: a linked command may be issued from task work on the way back
 * from an interrupt, where x86 takes any system call for an x32 one, and the
 * native driver then cuts the buffer's address to 32 bits.
 */
static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

FIXTURE_SETUP(uring)
{
	const char *why = find_nodes(&self->nodes, true);
	struct io_uring_params p = { };
	int fd;

	self->fd[0] = -1;
	self->fd[1] = -1;
	if (why)
		SKIP(return, "%s", why);
	fd = syscall(__NR_io_uring_setup, 1, &p);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		SKIP(return, "no io_uring here: %s", strerror(errno));
	close(fd);
	self->fd[0] = open(self->nodes.path_chr, O_RDWR);
	ASSERT_LE(0, self->fd[0])
		TH_LOG("cannot open the path: %s", strerror(errno));
	self->fd[1] = open(self->nodes.chr, O_RDWR);
	ASSERT_LE(0, self->fd[1])
		TH_LOG("cannot open the head: %s", strerror(errno));
	self->nsid = ioctl(self->fd[0], NVME_IOCTL_ID);
	self->lba = lba_size(self->fd[0], self->nsid);
	self->size = ns_blocks(self->fd[0], self->nsid);
	ASSERT_LT(0, self->lba);
	ASSERT_LE(16384, self->size);
	ASSERT_NE(NULL, self->buf = map(BUF_SIZE));
	ASSERT_NE(NULL, self->copy = map(BUF_SIZE));
}

FIXTURE_TEARDOWN(uring)
{
	for (int i = 0; i < 2; i++)
		if (self->fd[i] >= 0)
			close(self->fd[i]);
}

static struct nvme_uring_cmd io_command(FIXTURE_DATA(uring) *self, uint8_t opcode, uint64_t slba)
{
	return (struct nvme_uring_cmd) {
		.opcode = opcode, .nsid = self->nsid,
		.addr = (uintptr_t)self->buf, .data_len = BLOCKS * self->lba,
		.cdw10 = slba, .cdw11 = slba >> 32, .cdw12 = BLOCKS - 1,
	};
}

/* One command of one kind, waited for. -ETIME if it never completes. */
static int one(FIXTURE_DATA(uring) *self, struct ring *r, int fd, uint32_t op, enum kind kind,
	       struct nvme_uring_cmd cmd, unsigned int sqe_flags, uint64_t *big)
{
	struct io_uring_sqe *sqe = ring_sqe(r);
	struct io_uring_cqe cqe;
	int ret;

	if (kind == VEC || kind == FIXED_VEC) {
		uint32_t piece = cmd.data_len / 4;

		/* apart from each other, in reverse order */
		for (int i = 0; i < 4; i++)
			self->vec[i] = (struct iovec) {
				self->buf + (3 - i) * 8192, piece
			};
		cmd.addr = (uintptr_t)self->vec;
		cmd.data_len = 4;
	}
	prep_nvme(r, sqe, fd, op, &cmd, 0x1234567890);
	if (kind == FIXED || kind == FIXED_VEC) {
		sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
		sqe->buf_index = 1;
	}
	sqe->flags = sqe_flags;
	ret = ring_submit(r);
	if (ret < 0)
		return ret;
	ret = ring_wait(r, &cqe, big);
	if (ret)
		return ret;
	return cqe.user_data == 0x1234567890 ? cqe.res : -EBADMSG;
}

static int register_buffers(FIXTURE_DATA(uring) *self, struct ring *r)
{
	struct iovec vec[2] = { { self->copy, BUF_SIZE }, { self->buf, BUF_SIZE } };

	return ring_register(r, IORING_REGISTER_BUFFERS, vec, 2);
}

/* A block of data as the kind of buffer lays it out in memory. */
static void gather(FIXTURE_DATA(uring) *self, enum kind kind, uint8_t *out)
{
	uint32_t len = BLOCKS * self->lba;

	if (kind == VEC)
		for (int i = 0; i < 4; i++)
			memcpy(out + i * len / 4, self->buf + (3 - i) * 8192, len / 4);
	else
		memcpy(out, self->buf, len);
}

/* Read or write the block by ioctl on the path: the other way to the data. */
static int by_ioctl(FIXTURE_DATA(uring) *self, uint8_t opcode, uint64_t slba, void *data)
{
	struct nvme_passthru_cmd cmd = {
		.opcode = opcode, .nsid = self->nsid, .addr = (uintptr_t)data,
		.data_len = BLOCKS * self->lba, .cdw10 = slba, .cdw12 = BLOCKS - 1,
	};

	return ioctl(self->fd[0], NVME_IOCTL_IO_CMD, &cmd);
}

/* Writes over the ring must be read by ioctl on the path, and the other way
 * round, for each kind of buffer that a ring of these flags can have.
 */
static void transfer(struct __test_metadata *_metadata, FIXTURE_DATA(uring) *self,
		     unsigned int ring_flags, unsigned int sqe_flags, bool registered_file)
{
	static uint8_t want[BUF_SIZE] __attribute__((aligned(4096)));
	static uint8_t seen[BUF_SIZE] __attribute__((aligned(4096)));
	uint32_t len = BLOCKS * self->lba;

	for (int node = 0; node < 2; node++) {
		struct ring r;
		int fd = self->fd[node];

		ASSERT_EQ(0, ring_init(&r, 16, RING_BIG | ring_flags));
		ASSERT_EQ(0, register_buffers(self, &r));
		if (registered_file) {
			ASSERT_EQ(0, ring_register(&r, IORING_REGISTER_FILES, &fd, 1));
			fd = 0;
			sqe_flags |= IOSQE_FIXED_FILE;
		}
		for (enum kind kind = PLAIN; kind <= FIXED; kind++) {
			uint32_t op = kind == VEC ? NVME_URING_CMD_IO_VEC : NVME_URING_CMD_IO;
			uint64_t slba = 64 + 16 * kind, big = 0xa5a5a5a5;

			fill(self->buf, BUF_SIZE, 10 * node + kind);
			gather(self, kind, want);
			ASSERT_EQ(0, one(self, &r, fd, op, kind, io_command(self, OP_WRITE, slba),
					 sqe_flags, &big))
				TH_LOG("write: kind %d on node %d", kind, node);
			EXPECT_EQ(0, big);
			memset(seen, 0, len);
			ASSERT_EQ(0, by_ioctl(self, OP_READ, slba, seen));
			EXPECT_EQ(0, memcmp(want, seen, len))
				TH_LOG("wrong data written: kind %d on node %d", kind, node);

			fill(want, len, 100 + 10 * node + kind);
			ASSERT_EQ(0, by_ioctl(self, OP_WRITE, slba, want));
			memset(self->buf, 0x5a, BUF_SIZE);
			ASSERT_EQ(0, one(self, &r, fd, op, kind, io_command(self, OP_READ, slba),
					 sqe_flags, &big))
				TH_LOG("read: kind %d on node %d", kind, node);
			gather(self, kind, seen);
			EXPECT_EQ(0, memcmp(want, seen, len))
				TH_LOG("wrong data read: kind %d on node %d", kind, node);
		}
		ring_exit(&r);
	}
}

/* Interrupt-driven ring: plain, vectored and registered buffers. */
TEST_F_TIMEOUT(uring, plain, 120)
{
	transfer(_metadata, self, 0, 0, false);
}

/* Polled ring: the same. */
TEST_F_TIMEOUT(uring, polled, 120)
{
	transfer(_metadata, self, IORING_SETUP_IOPOLL, 0, false);
}

/* Submission by the kernel's polling thread. */
TEST_F_TIMEOUT(uring, sqpoll, 120)
{
	transfer(_metadata, self, IORING_SETUP_SQPOLL, 0, false);
}

/* Submission thread and polled completion together. */
TEST_F_TIMEOUT(uring, sqpoll_polled, 120)
{
	transfer(_metadata, self, IORING_SETUP_SQPOLL | IORING_SETUP_IOPOLL, 0, true);
}

/* Forced to a worker thread: the command is issued where it may sleep. */
TEST_F_TIMEOUT(uring, async, 120)
{
	transfer(_metadata, self, 0, IOSQE_ASYNC, false);
}

/* A worker thread and a polled ring. */
TEST_F_TIMEOUT(uring, async_polled, 120)
{
	transfer(_metadata, self, IORING_SETUP_IOPOLL, IOSQE_ASYNC, false);
}

/* Registered files. */
TEST_F_TIMEOUT(uring, registered_file, 120)
{
	transfer(_metadata, self, 0, 0, true);
}

/* Completions run by the submitter only, in its own time. */
TEST_F_TIMEOUT(uring, defer_taskrun, 120)
{
	transfer(_metadata, self, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0,
		 false);
}

struct refusal {
	const char *name;
	int want;		/* -errno, or 1: any positive status */
	uint32_t op;
	enum kind kind;
	uint8_t opcode, flags;
	uint32_t other_nsid;
	uint64_t slba;
	bool bad_buffer, meta, huge;
};

static const struct refusal refusals[] = {
	{ "fixed and vectored", -EINVAL, NVME_URING_CMD_IO_VEC, FIXED_VEC, OP_READ, .slba = 64 },
	{ "admin command", -ENOTTY, NVME_URING_CMD_ADMIN, PLAIN, ADM_IDENTIFY },
	{ "admin command, vectored", -ENOTTY, NVME_URING_CMD_ADMIN_VEC, PLAIN, ADM_IDENTIFY },
	{ "unknown operation", -ENOTTY, _IO('N', 0x8f), PLAIN, OP_READ },
	{ "an ioctl's number", -ENOTTY, NVME_IOCTL_IO_CMD, PLAIN, OP_READ },
	{ "operation 0", -ENOTTY, 0, PLAIN, OP_READ },
	{ "wrong nsid", -EINVAL, NVME_URING_CMD_IO, PLAIN, OP_READ, .other_nsid = 0xfffffff0 },
	{ "broadcast nsid", -EINVAL, NVME_URING_CMD_IO, PLAIN, OP_FLUSH,
	  .other_nsid = UINT32_MAX },
	{ "flags", -EINVAL, NVME_URING_CMD_IO, PLAIN, OP_READ, .flags = 0x40 },
	{ "bad buffer", -EFAULT, NVME_URING_CMD_IO, PLAIN, OP_READ, .bad_buffer = true },
	{ "bad vectors", -EFAULT, NVME_URING_CMD_IO_VEC, PLAIN, OP_READ, .bad_buffer = true },
	{ "registered, but outside of the buffer", -EFAULT, NVME_URING_CMD_IO, FIXED, OP_READ,
	  .bad_buffer = true },
	{ "metadata without metadata", -EINVAL, NVME_URING_CMD_IO, PLAIN, OP_READ, .meta = true },
	{ "larger than a transfer may be", -EINVAL, NVME_URING_CMD_IO, PLAIN, OP_READ,
	  .huge = true },
	{ "beyond the end", 1, NVME_URING_CMD_IO, PLAIN, OP_READ, .slba = UINT64_MAX },
	{ "unknown opcode", 1, NVME_URING_CMD_IO, PLAIN, OP_INVALID },
	{ "vendor opcode", 1, NVME_URING_CMD_IO, PLAIN, OP_VENDOR },
};

/* What the path refuses the head refuses with the same result; a refused
 * command leaves the ring usable. On plain, polled and worker submission.
 */
static void refuse(struct __test_metadata *_metadata, FIXTURE_DATA(uring) *self,
		   unsigned int ring_flags, unsigned int sqe_flags)
{
	struct ring r;
	uint8_t *huge = map(8 * 1024 * 1024);

	ASSERT_NE(NULL, huge);
	ASSERT_EQ(0, ring_init(&r, 16, RING_BIG | ring_flags));
	ASSERT_EQ(0, register_buffers(self, &r));
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *f = &refusals[i];
		int res[2];
		uint64_t big[2] = { };

		if (too_risky(false, f->opcode))
			continue;
		for (int node = 0; node < 2; node++) {
			struct nvme_uring_cmd cmd = io_command(self, f->opcode,
				f->slba == UINT64_MAX ? self->size : f->slba);

			cmd.flags = f->flags;
			if (f->other_nsid)
				cmd.nsid = f->other_nsid;
			if (f->bad_buffer)
				cmd.addr = 4096;
			if (f->op == NVME_URING_CMD_IO_VEC)
				cmd.data_len = 4;
			if (f->meta) {
				cmd.metadata = (uintptr_t)self->copy;
				cmd.metadata_len = 8;
			}
			if (f->huge) {
				cmd.addr = (uintptr_t)huge;
				cmd.data_len = 8 * 1024 * 1024;
			}
			if (f->opcode == OP_FLUSH || f->opcode >= OP_INVALID) {
				cmd.addr = 0;
				cmd.data_len = 0;
			}
			res[node] = one(self, &r, self->fd[node], f->op, f->kind, cmd, sqe_flags,
					&big[node]);
		}
		EXPECT_EQ(f->want, res[0] > 0 ? 1 : res[0])
			TH_LOG("%s: the path answers %d", f->name, res[0]);
		EXPECT_EQ(res[0], res[1])
			TH_LOG("%s: path %d, head %d", f->name, res[0], res[1]);
		EXPECT_EQ(big[0], big[1])
			TH_LOG("%s: results differ", f->name);
	}
	EXPECT_EQ(0, one(self, &r, self->fd[1], NVME_URING_CMD_IO, PLAIN,
			 io_command(self, OP_READ, 64), sqe_flags, NULL));
	ring_exit(&r);
	munmap(huge, 8 * 1024 * 1024);
}

TEST_F_TIMEOUT(uring, refusals, 120)
{
	refuse(_metadata, self, 0, 0);
}

TEST_F_TIMEOUT(uring, refusals_polled, 120)
{
	refuse(_metadata, self, IORING_SETUP_IOPOLL, 0);
}

TEST_F_TIMEOUT(uring, refusals_async, 120)
{
	refuse(_metadata, self, 0, IOSQE_ASYNC);
}

/* Commands need a ring of big entries and big completions: EOPNOTSUPP else. */
TEST_F(uring, small_ring)
{
	static const unsigned int flags[] = {
		0, IORING_SETUP_SQE128, IORING_SETUP_CQE32, IORING_SETUP_IOPOLL,
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		for (int node = 0; node < 2; node++) {
			struct ring r;

			ASSERT_EQ(0, ring_init(&r, 4, flags[i]));
			EXPECT_EQ(-EOPNOTSUPP,
				  one(self, &r, self->fd[node], NVME_URING_CMD_IO, PLAIN,
				      io_command(self, OP_READ, 64), 0, NULL))
				TH_LOG("ring flags %#x on node %d", flags[i], node);
			ring_exit(&r);
		}
	}
}

/* The block node takes no NVMe commands by ring; it refuses as the path's. */
TEST_F(uring, block_node)
{
	int fd[2] = { open(self->nodes.path_blk, O_RDWR), open(self->nodes.blk, O_RDWR) };
	int res[2];
	struct ring r;

	ASSERT_LE(0, fd[0]);
	ASSERT_LE(0, fd[1]);
	ASSERT_EQ(0, ring_init(&r, 4, RING_BIG));
	for (int node = 0; node < 2; node++)
		res[node] = one(self, &r, fd[node], NVME_URING_CMD_IO, PLAIN,
				io_command(self, OP_READ, 64), 0, NULL);
	EXPECT_GT(0, res[0]);
	EXPECT_EQ(res[0], res[1]);
	ring_exit(&r);
}

/* Other commands than reads and writes, results as on the path. */
TEST_F(uring, other_commands)
{
	struct ring r;

	ASSERT_EQ(0, ring_init(&r, 4, RING_BIG));
	for (int node = 0; node < 2; node++) {
		struct nvme_uring_cmd cmd = { .opcode = OP_FLUSH, .nsid = self->nsid };
		uint8_t *seen = self->copy;

		EXPECT_EQ(0, one(self, &r, self->fd[node], NVME_URING_CMD_IO, PLAIN, cmd, 0, NULL));

		fill(self->buf, BUF_SIZE, 33 + node);
		ASSERT_EQ(0, by_ioctl(self, OP_WRITE, 200, self->buf));
		EXPECT_EQ(0, one(self, &r, self->fd[node], NVME_URING_CMD_IO, PLAIN,
				 io_command(self, OP_COMPARE, 200), 0, NULL));
		self->buf[5] ^= 1;
		EXPECT_LT(0, one(self, &r, self->fd[node], NVME_URING_CMD_IO, PLAIN,
				 io_command(self, OP_COMPARE, 200), 0, NULL));

		cmd = (struct nvme_uring_cmd) {
			.opcode = OP_WRITE_ZEROES, .nsid = self->nsid, .cdw10 = 200, .cdw12 = 7,
		};
		EXPECT_EQ(0, one(self, &r, self->fd[node], NVME_URING_CMD_IO, PLAIN, cmd, 0, NULL));
		memset(seen, 1, BLOCKS * self->lba);
		ASSERT_EQ(0, by_ioctl(self, OP_READ, 200, seen));
		for (uint32_t i = 0; i < BLOCKS * self->lba; i++) {
			ASSERT_EQ(0, seen[i]);
		}
	}
	ring_exit(&r);
}

/* Linked commands run in order; the one after a failure is cancelled. */
TEST_F(uring, linked)
{
	for (int node = 0; node < 2; node++) {
		struct nvme_uring_cmd cmd;
		struct io_uring_cqe cqe;
		struct io_uring_sqe *sqe;
		struct ring r;
		int res[4] = { 99, 99, 99, 99 };

		ASSERT_EQ(0, ring_init(&r, 8, RING_BIG));
		fill(self->buf, BLOCKS * self->lba, 55 + node);
		memset(self->copy, 0, BUF_SIZE);

		cmd = io_command(self, OP_WRITE, 300);
		sqe = ring_sqe(&r);
		prep_nvme(&r, sqe, self->fd[node], NVME_URING_CMD_IO, &cmd, 0);
		sqe->flags = IOSQE_IO_LINK;
		cmd = io_command(self, OP_READ, 300);
		cmd.addr = (uintptr_t)self->copy;
		sqe = ring_sqe(&r);
		prep_nvme(&r, sqe, self->fd[node], NVME_URING_CMD_IO, &cmd, 1);
		sqe->flags = IOSQE_IO_LINK;
		cmd.nsid = 0xfffffff0;
		sqe = ring_sqe(&r);
		prep_nvme(&r, sqe, self->fd[node], NVME_URING_CMD_IO, &cmd, 2);
		sqe->flags = IOSQE_IO_LINK;
		cmd = io_command(self, OP_READ, 300);
		sqe = ring_sqe(&r);
		prep_nvme(&r, sqe, self->fd[node], NVME_URING_CMD_IO, &cmd, 3);
		ASSERT_LT(0, ring_submit(&r));
		for (int i = 0; i < 4; i++) {
			ASSERT_EQ(0, ring_wait(&r, &cqe, NULL));
			ASSERT_GT(4, cqe.user_data);
			res[cqe.user_data] = cqe.res;
		}
		EXPECT_EQ(0, res[0]);
		EXPECT_EQ(0, res[1]);
		EXPECT_EQ(-EINVAL, res[2]);
		EXPECT_EQ(-ECANCELED, res[3]);
		EXPECT_EQ(0, memcmp(self->buf, self->copy, BLOCKS * self->lba));
		ring_exit(&r);
	}
}

/* ---- many in flight ------------------------------------------------------ */

#define THREADS		4
#define DEPTH		64
#define ROUNDS		4

struct load {
	pthread_t thread;
	int fd;
	uint32_t nsid, lba;
	uint64_t slba;
	unsigned int ring_flags;
	uint32_t seed;
	const char *problem;
	int res;
};

/* All of the thread's blocks in one go; user_data of the completions must be a
 * permutation of what was submitted.
 */
static const char *sweep(struct load *l, struct ring *r, uint8_t opcode, uint8_t *buf)
{
	bool done[DEPTH] = { };

	for (int i = 0; i < DEPTH; i++) {
		uint64_t slba = l->slba + i;
		struct nvme_uring_cmd cmd = {
			.opcode = opcode, .nsid = l->nsid, .data_len = l->lba,
			.addr = (uintptr_t)buf + i * l->lba, .cdw10 = slba, .cdw11 = slba >> 32,
		};
		struct io_uring_sqe *sqe = ring_sqe(r);

		if (!sqe)
			return "the ring is full";
		prep_nvme(r, sqe, l->fd, NVME_URING_CMD_IO, &cmd, i);
	}
	l->res = ring_submit(r);
	if (l->res != DEPTH)
		return "not all was submitted";
	for (int i = 0; i < DEPTH; i++) {
		struct io_uring_cqe cqe;

		l->res = ring_wait(r, &cqe, NULL);
		if (l->res)
			return "a completion is missing";
		l->res = cqe.res;
		if (cqe.res)
			return "a command failed";
		if (cqe.user_data >= DEPTH || done[cqe.user_data])
			return "a completion came twice";
		done[cqe.user_data] = true;
	}
	return NULL;
}

static void *load_thread(void *arg)
{
	struct load *l = arg;
	size_t size = DEPTH * l->lba;
	uint8_t *want = map(size), *seen = map(size);
	struct ring r;

	l->res = ring_init(&r, DEPTH, RING_BIG | l->ring_flags);
	if (l->res) {
		l->problem = "no ring";
		return NULL;
	}
	for (int round = 0; round < ROUNDS && !l->problem; round++) {
		for (int i = 0; i < DEPTH; i++)
			fill(want + i * l->lba, l->lba, l->seed + 1000 * round + i);
		l->problem = sweep(l, &r, OP_WRITE, want);
		if (l->problem)
			break;
		memset(seen, 0x5a, size);
		l->problem = sweep(l, &r, OP_READ, seen);
		if (!l->problem && memcmp(want, seen, size))
			l->problem = "wrong data";
	}
	ring_exit(&r);
	munmap(want, size);
	munmap(seen, size);
	return NULL;
}

static void many(struct __test_metadata *_metadata, FIXTURE_DATA(uring) *self, unsigned int flags)
{
	struct load loads[THREADS] = { };

	for (int i = 0; i < THREADS; i++) {
		loads[i] = (struct load) {
			.fd = open(self->nodes.chr, O_RDWR), .nsid = self->nsid,
			.lba = self->lba, .slba = 4096 + 512 * i, .ring_flags = flags,
			.seed = i * 100000,
		};
		ASSERT_LE(0, loads[i].fd);
		ASSERT_EQ(0, pthread_create(&loads[i].thread, NULL, load_thread, &loads[i]));
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(loads[i].thread, NULL);
		EXPECT_EQ(NULL, loads[i].problem)
			TH_LOG("thread %d: %s (%d)", i, loads[i].problem, loads[i].res);
		close(loads[i].fd);
	}
}

/* Four threads, each with 64 commands in flight: each command completes once,
 * without an error, and with the right data.
 */
TEST_F_TIMEOUT(uring, many, 120)
{
	many(_metadata, self, 0);
}

/* The same on polled rings. */
TEST_F_TIMEOUT(uring, many_polled, 120)
{
	many(_metadata, self, IORING_SETUP_IOPOLL);
}

/* The same with one submission thread a ring. */
TEST_F_TIMEOUT(uring, many_sqpoll, 120)
{
	many(_metadata, self, IORING_SETUP_SQPOLL);
}

/* A process that ends with commands in flight takes nothing with it: the node
 * works on.
 */
TEST_F_TIMEOUT(uring, exit_in_flight, 120)
{
	for (int round = 0; round < 20; round++) {
		pid_t pid = fork();
		int status;

		ASSERT_LE(0, pid);
		if (!pid) {
			struct nvme_uring_cmd cmd = io_command(self, OP_READ, 64);
			int fd = open(self->nodes.chr, O_RDWR);
			struct ring r;

			if (fd < 0 || ring_init(&r, DEPTH, RING_BIG | (round & 1 ?
						IORING_SETUP_IOPOLL : 0)))
				_exit(1);
			for (int i = 0; i < DEPTH; i++)
				prep_nvme(&r, ring_sqe(&r), fd, NVME_URING_CMD_IO, &cmd, i);
			_exit(ring_submit(&r) == DEPTH ? 0 : 2);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
	}
	transfer(_metadata, self, 0, 0, false);
}

TEST_HARNESS_MAIN
