/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the C tests share: the nodes under test, which the environment names,
 * NVMe commands over ioctl, and io_uring without a library, as command rings
 * need 128-byte entries and 32-byte completions.
 */
#ifndef NVME_TEST_H
#define NVME_TEST_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/nvme_ioctl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* A debug kernel needs that many times longer: all time-outs grow by it. */
static inline int slow(void)
{
	const char *text = getenv("MPATH_SLOW");
	int n = text ? atoi(text) : 1;

	return n > 1 ? n : 1;
}

#ifndef NVME_NO_TESTS
#include "kselftest_harness.h"
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	(30 * slow())
#undef TEST_F_TIMEOUT
#define TEST_F_TIMEOUT(fixture, name, timeout) \
	__TEST_F_IMPL(fixture, name, -1, (timeout) * slow())
#endif

enum {
	OP_FLUSH = 0x00,
	OP_WRITE = 0x01,
	OP_READ = 0x02,
	OP_COMPARE = 0x05,
	OP_WRITE_ZEROES = 0x08,
	OP_DSM = 0x09,
	OP_VERIFY = 0x0c,
	OP_INVALID = 0x3f,	/* no NVM command has this opcode */
	OP_VENDOR = 0xc1,
	ADM_GET_LOG = 0x02,
	ADM_IDENTIFY = 0x06,
	ADM_SET_FEATURES = 0x09,
	ADM_GET_FEATURES = 0x0a,
	ADM_FORMAT = 0x80,
	ADM_INVALID = 0x3f,
};

/* Commands that nobody knows what they do, or that do too much, are for the
 * emulated devices of a guest.
 */
static inline bool too_risky(bool admin, uint8_t opcode)
{
	return !getenv("MPATH_GUEST") &&
	       (opcode >= 0x80 || opcode == OP_INVALID || (admin && opcode == ADM_SET_FEATURES));
}

/* The nodes, as the environment names them. */
struct nodes {
	char chr[64], blk[64];		/* the head's */
	char path_chr[64], path_blk[64];	/* the first path's */
	char last_chr[64];		/* the last path's */
};

/* Why there is nothing to test, or NULL. */
static inline const char *find_nodes(struct nodes *n, bool writes)
{
	const char *chr = getenv("MPATH_CHAR"), *blk = getenv("MPATH_BLOCK");
	const char *paths = getenv("MPATH_PATH_CHARS"), *last;

	if (!chr || !blk || !paths || !*chr || !*blk || !*paths)
		return "MPATH_CHAR, MPATH_BLOCK and MPATH_PATH_CHARS name no devices";
	if (writes && !getenv("MPATH_SCRATCH"))
		return "MPATH_SCRATCH is not set: the test would write to the device";
	snprintf(n->chr, sizeof(n->chr), "%s", chr);
	snprintf(n->blk, sizeof(n->blk), "%s", blk);
	snprintf(n->path_chr, sizeof(n->path_chr), "%.*s", (int)strcspn(paths, " "), paths);
	last = strrchr(paths, ' ');
	snprintf(n->last_chr, sizeof(n->last_chr), "%s", last ? last + 1 : paths);
	if (!strncmp(n->path_chr, "/dev/ng", 7))
		snprintf(n->path_blk, sizeof(n->path_blk), "/dev/nvme%.40s", n->path_chr + 7);
	return NULL;
}

static inline int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static inline void msleep(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

/* Bytes that differ by seed and place, so that mixed-up blocks are seen. */
static inline void fill(void *buf, size_t len, uint32_t seed)
{
	uint32_t *word = buf;

	for (size_t i = 0; i < len / 4; i++)
		word[i] = (seed + 1) * 2654435761u ^ (uint32_t)(i * 40503u);
}

static inline uint32_t lba_size(int fd, uint32_t nsid)
{
	static uint8_t id[4096] __attribute__((aligned(4096)));
	struct nvme_passthru_cmd cmd = {
		.opcode = ADM_IDENTIFY, .nsid = nsid,
		.addr = (uintptr_t)id, .data_len = sizeof(id),
	};

	if (ioctl(fd, NVME_IOCTL_ADMIN_CMD, &cmd))
		return 0;
	return 1u << id[128 + 4 * (id[26] & 15) + 2];
}

static inline uint64_t ns_blocks(int fd, uint32_t nsid)
{
	static uint8_t id[4096] __attribute__((aligned(4096)));
	struct nvme_passthru_cmd cmd = {
		.opcode = ADM_IDENTIFY, .nsid = nsid,
		.addr = (uintptr_t)id, .data_len = sizeof(id),
	};
	uint64_t nsze;

	if (ioctl(fd, NVME_IOCTL_ADMIN_CMD, &cmd))
		return 0;
	memcpy(&nsze, id, sizeof(nsze));
	return nsze;
}

/* ---- io_uring ------------------------------------------------------------ */

struct ring {
	int fd;
	struct io_uring_params p;
	void *sq_map, *cq_map;
	size_t sq_size, cq_size, sqe_bytes, sqe_size;
	uint8_t *sqes;
	uint8_t *cqes;
	uint32_t *sq_head, *sq_tail, *sq_flags, *sq_array, *cq_head, *cq_tail;
	uint32_t pending;
};

#define RING_BIG	(IORING_SETUP_SQE128 | IORING_SETUP_CQE32)

static inline int ring_init(struct ring *r, unsigned int entries, unsigned int flags)
{
	memset(r, 0, sizeof(*r));
	r->p.flags = flags;
	r->p.sq_thread_idle = 100;
	r->fd = syscall(__NR_io_uring_setup, entries, &r->p);
	if (r->fd < 0)
		return -errno;
	r->sqe_size = flags & IORING_SETUP_SQE128 ? 128 : 64;
	r->sq_size = r->p.sq_off.array + r->p.sq_entries * 4;
	r->cq_size = r->p.cq_off.cqes + r->p.cq_entries * (flags & IORING_SETUP_CQE32 ? 32 : 16);
	r->sqe_bytes = r->p.sq_entries * r->sqe_size;
	r->sq_map = mmap(NULL, r->sq_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			 r->fd, IORING_OFF_SQ_RING);
	r->cq_map = mmap(NULL, r->cq_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			 r->fd, IORING_OFF_CQ_RING);
	r->sqes = mmap(NULL, r->sqe_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		       r->fd, IORING_OFF_SQES);
	if (r->sq_map == MAP_FAILED || r->cq_map == MAP_FAILED || (void *)r->sqes == MAP_FAILED)
		return -ENOMEM;
	r->sq_head = (uint32_t *)((char *)r->sq_map + r->p.sq_off.head);
	r->sq_tail = (uint32_t *)((char *)r->sq_map + r->p.sq_off.tail);
	r->sq_flags = (uint32_t *)((char *)r->sq_map + r->p.sq_off.flags);
	r->sq_array = (uint32_t *)((char *)r->sq_map + r->p.sq_off.array);
	r->cq_head = (uint32_t *)((char *)r->cq_map + r->p.cq_off.head);
	r->cq_tail = (uint32_t *)((char *)r->cq_map + r->p.cq_off.tail);
	r->cqes = (uint8_t *)r->cq_map + r->p.cq_off.cqes;
	return 0;
}

static inline void ring_exit(struct ring *r)
{
	munmap(r->sqes, r->sqe_bytes);
	munmap(r->sq_map, r->sq_size);
	munmap(r->cq_map, r->cq_size);
	close(r->fd);
}

static inline int ring_register(struct ring *r, unsigned int op, const void *arg, unsigned int n)
{
	return syscall(__NR_io_uring_register, r->fd, op, arg, n) < 0 ? -errno : 0;
}

/* A zeroed entry; NULL if the ring is full. Not seen by the kernel before
 * ring_submit().
 */
static inline struct io_uring_sqe *ring_sqe(struct ring *r)
{
	uint32_t tail = *r->sq_tail + r->pending;
	uint32_t index = tail & (r->p.sq_entries - 1);
	struct io_uring_sqe *sqe = (void *)(r->sqes + index * r->sqe_size);

	if (tail - __atomic_load_n(r->sq_head, __ATOMIC_ACQUIRE) >= r->p.sq_entries)
		return NULL;
	memset(sqe, 0, r->sqe_size);
	r->sq_array[index] = index;
	r->pending++;
	return sqe;
}

static inline int ring_enter(struct ring *r, unsigned int submit, unsigned int wait,
			     unsigned int flags)
{
	int ret;

	do {
		ret = syscall(__NR_io_uring_enter, r->fd, submit, wait, flags, NULL, 0);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

static inline int ring_submit(struct ring *r)
{
	unsigned int n = r->pending;

	__atomic_store_n(r->sq_tail, *r->sq_tail + n, __ATOMIC_RELEASE);
	r->pending = 0;
	if (r->p.flags & IORING_SETUP_SQPOLL) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (__atomic_load_n(r->sq_flags, __ATOMIC_RELAXED) & IORING_SQ_NEED_WAKEUP)
			return ring_enter(r, n, 0, IORING_ENTER_SQ_WAKEUP);
		return n;
	}
	return ring_enter(r, n, 0, 0);
}

/* The next completion within that many milliseconds, or -ETIME. A polled ring
 * completes nothing unless somebody enters it.
 */
static inline int ring_wait_ms(struct ring *r, struct io_uring_cqe *cqe, uint64_t *big, int ms)
{
	int64_t end = now_ms() + ms;
	uint32_t head = *r->cq_head;
	struct io_uring_cqe *c;

	while (head == __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE)) {
		if (now_ms() > end || !ms)
			return -ETIME;
		if (r->p.flags & IORING_SETUP_IOPOLL) {
			int ret = ring_enter(r, 0, 0, IORING_ENTER_GETEVENTS);

			if (ret < 0)
				return ret;
		} else {
			struct __kernel_timespec ts = { .tv_nsec = 100000000 };
			struct io_uring_getevents_arg arg = { .ts = (uintptr_t)&ts };

			syscall(__NR_io_uring_enter, r->fd, 0, 1,
				IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof(arg));
		}
	}
	c = (void *)(r->cqes + (head & (r->p.cq_entries - 1)) *
		     (r->p.flags & IORING_SETUP_CQE32 ? 32 : 16));
	memcpy(cqe, c, 16);
	if (big)
		memcpy(big, c + 1, r->p.flags & IORING_SETUP_CQE32 ? 8 : 0);
	__atomic_store_n(r->cq_head, head + 1, __ATOMIC_RELEASE);
	return 0;
}

static inline int ring_wait(struct ring *r, struct io_uring_cqe *cqe, uint64_t *big)
{
	return ring_wait_ms(r, cqe, big, 10000 * slow());
}

/* An NVMe command as an entry; on a ring of small entries only the first 16
 * bytes of the command fit.
 */
static inline void prep_nvme(struct ring *r, struct io_uring_sqe *sqe, int fd, uint32_t op,
			     const struct nvme_uring_cmd *cmd, uint64_t user_data)
{
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = op;
	sqe->user_data = user_data;
	memcpy((char *)sqe + 48, cmd, r->sqe_size == 128 ? sizeof(*cmd) : 16);
}

#endif /* NVME_TEST_H */
