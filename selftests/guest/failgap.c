// SPDX-License-Identifier: GPL-2.0
/*
 * failgap --block|--uring NODE DEPTH FILE VALUE: sends so many reads of 4 KiB, which the
 * device keeps for a while, then writes VALUE to FILE, which fails the path that they are
 * on. Prints
 *	first_us=N last_us=N errors=N
 * from the write to the first and the last of their completions. For scripts/bench.
 */
#define NVME_NO_TESTS
#include <pthread.h>

#include "nvme_test.h"

#define MOST	64
#define BYTES	4096
#define BEFORE_MS	5	/* from the last command sent to the fault; the device takes longer */

static const char *file, *value;

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

/* On its own: a reset's file returns when the controller is there again. */
static void *fault(void *arg)
{
	int fd = open(file, O_WRONLY);

	*(int64_t *)arg = now_us();
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		perror(file);
	return NULL;
}

int main(int argc, char **argv)
{
	bool uring = argc == 6 && !strcmp(argv[1], "--uring");
	int64_t begin = 0, first = 0, last = 0;
	struct io_uring_cqe cqe;
	int fd, ret, errors = 0;
	pthread_t thread;
	struct ring r;
	long depth, i;
	char *buf;

	if (argc != 6 || (depth = atol(argv[3])) < 1 || depth > MOST) {
		fprintf(stderr, "usage: see the head of failgap.c\n");
		return 2;
	}
	file = argv[4];
	value = argv[5];
	fd = open(argv[2], O_RDONLY | (uring ? 0 : O_DIRECT));
	buf = aligned_alloc(BYTES, MOST * BYTES);
	ret = fd < 0 ? -errno : ring_init(&r, MOST, uring ? RING_BIG : 0);
	if (ret || !buf) {
		fprintf(stderr, "%s: %s\n", argv[2], strerror(-ret));
		return 2;
	}
	for (i = 0; i < depth; i++) {
		struct io_uring_sqe *sqe = ring_sqe(&r);
		struct nvme_uring_cmd cmd = {
			.opcode = OP_READ, .nsid = 1, .addr = (uintptr_t)(buf + i * BYTES),
			.data_len = BYTES, .cdw10 = i * (BYTES / 512), .cdw12 = BYTES / 512 - 1,
		};

		if (uring) {
			prep_nvme(&r, sqe, fd, NVME_URING_CMD_IO, &cmd, i);
			continue;
		}
		sqe->opcode = IORING_OP_READ;
		sqe->fd = fd;
		sqe->addr = (uintptr_t)(buf + i * BYTES);
		sqe->len = BYTES;
		sqe->off = i * BYTES;
		sqe->user_data = i;
	}
	ret = ring_submit(&r);
	if (ret != depth) {
		fprintf(stderr, "io_uring: %d\n", ret);
		return 1;
	}
	msleep(BEFORE_MS);
	if (pthread_create(&thread, NULL, fault, &begin))
		return 1;
	for (i = 0; i < depth; i++) {
		if (ring_wait_ms(&r, &cqe, NULL, 120000)) {
			fprintf(stderr, "%ld of %ld commands do not end\n", depth - i, depth);
			return 1;
		}
		last = now_us();
		first = first ?: last;
		errors += uring ? cqe.res != 0 : cqe.res != BYTES;
	}
	pthread_join(thread, NULL);
	printf("first_us=%lld last_us=%lld errors=%d\n", (long long)(first - begin),
	       (long long)(last - begin), errors);
	return 0;
}
