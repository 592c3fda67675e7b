// SPDX-License-Identifier: GPL-2.0
/*
 * send: one command to a node, and what its submitter sees of it.
 *
 *	send --uring|--ioctl NODE [--form F] [--opcode N] [--nsid N] [--timeout MS]
 *	     [--bytes N]
 *
 * Opcode 2, the default, reads the first block of N bytes (512); for any other no data
 * goes with it. Nothing else is sent, so that a test knows which path gets what.
 * Forms of the ioctl: io (NVME_IOCTL_IO_CMD, the default), io64, vec
 * (NVME_IOCTL_IO64_CMD_VEC), submit (NVME_IOCTL_SUBMIT_IO) and identify, which is
 * Identify Controller by NVME_IOCTL_ADMIN_CMD. One line is printed:
 *	result=R ms=M
 * R: 0, an NVMe status or -errno. Exit status 0 if the command could be submitted.
 */
#define NVME_NO_TESTS
#include <getopt.h>

#include "nvme_test.h"

static char block[4096] __attribute__((aligned(4096)));

static int by_ring(int fd, const struct nvme_passthru_cmd *c, int *result)
{
	struct nvme_uring_cmd cmd = {
		.opcode = c->opcode, .nsid = c->nsid, .addr = c->addr, .data_len = c->data_len,
		.timeout_ms = c->timeout_ms,
	};
	struct io_uring_cqe cqe;
	struct ring r;
	int ret = ring_init(&r, 1, RING_BIG);

	if (ret)
		return ret;
	prep_nvme(&r, ring_sqe(&r), fd, NVME_URING_CMD_IO, &cmd, 0);
	ret = ring_submit(&r);
	if (ret != 1)
		return ret < 0 ? ret : -EIO;
	ret = ring_wait_ms(&r, &cqe, NULL, 120000 * slow());
	if (!ret)
		*result = cqe.res;
	return ret;
}

static int by_ioctl(int fd, const char *form, struct nvme_passthru_cmd *c)
{
	struct iovec vec[2] = {
		{ block, c->data_len / 2 }, { block + c->data_len / 2, c->data_len / 2 },
	};
	struct nvme_passthru_cmd64 c64 = {
		.opcode = c->opcode, .nsid = c->nsid, .addr = c->addr, .data_len = c->data_len,
		.timeout_ms = c->timeout_ms,
	};
	struct nvme_user_io io = { .opcode = c->opcode, .addr = c->addr };

	if (!strcmp(form, "io64"))
		return ioctl(fd, NVME_IOCTL_IO64_CMD, &c64);
	if (!strcmp(form, "vec")) {
		c64.addr = (uintptr_t)vec;
		c64.vec_cnt = 2;
		return ioctl(fd, NVME_IOCTL_IO64_CMD_VEC, &c64);
	}
	if (!strcmp(form, "submit"))
		return ioctl(fd, NVME_IOCTL_SUBMIT_IO, &io);
	if (!strcmp(form, "identify")) {
		c->opcode = 6;
		c->nsid = 0;
		c->addr = (uintptr_t)block;
		c->data_len = sizeof(block);
		c->cdw10 = 1;
		return ioctl(fd, NVME_IOCTL_ADMIN_CMD, c);
	}
	if (!strcmp(form, "io"))
		return ioctl(fd, NVME_IOCTL_IO_CMD, c);
	errno = EINVAL;
	return -1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "uring", 1, NULL, 'u' }, { "ioctl", 1, NULL, 'i' }, { "opcode", 1, NULL, 'o' },
		{ "form", 1, NULL, 'f' },
		{ "bytes", 1, NULL, 'b' },
		{ "nsid", 1, NULL, 'n' }, { "timeout", 1, NULL, 't' }, { }
	};
	struct nvme_passthru_cmd cmd = { .opcode = OP_READ, .nsid = 1 };
	int c, fd, ret = 0, result, ring = 0, bytes = 512;
	const char *node = NULL, *form = "io";
	int64_t begin;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'u': ring = 1; node = optarg; break;
		case 'i': node = optarg; break;
		case 'f': form = optarg; break;
		case 'b': bytes = atoi(optarg); break;
		case 'o': cmd.opcode = strtoul(optarg, NULL, 0); break;
		case 'n': cmd.nsid = atoi(optarg); break;
		case 't': cmd.timeout_ms = atoi(optarg); break;
		default: return 2;
		}
	if (!node || optind != argc || bytes < 1 || bytes > sizeof(block) ||
	    too_risky(false, cmd.opcode)) {
		fprintf(stderr, "usage: see the head of send.c\n");
		return 2;
	}
	fd = open(node, O_RDWR);
	if (fd < 0) {
		perror(node);
		return 2;
	}
	if (cmd.opcode == OP_READ) {
		cmd.addr = (uintptr_t)block;
		cmd.data_len = bytes;
	}
	begin = now_ms();
	if (ring) {
		ret = by_ring(fd, &cmd, &result);
	} else {
		result = by_ioctl(fd, form, &cmd);
		if (result < 0)
			result = -errno;
	}
	if (ret < 0) {
		fprintf(stderr, "io_uring: %s\n", strerror(-ret));
		return 1;
	}
	printf("result=%d ms=%d\n", result, (int)(now_ms() - begin));
	return 0;
}
