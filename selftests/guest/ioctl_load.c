// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl_load NODE COUNT THREADS: so many reads of 4 KiB by NVME_IOCTL_IO_CMD, shared by
 * the threads. For scripts/bench, as fio has no engine for it.
 */
#define NVME_NO_TESTS
#include <pthread.h>

#include "nvme_test.h"

#define MOST	256
#define BYTES	4096
#define SPAN	1024	/* reads until it begins anew */

static int fd, lba, nsid;
static long each;

static void *work(void *arg)
{
	char *buf = aligned_alloc(BYTES, BYTES);
	struct nvme_passthru_cmd cmd = {
		.opcode = OP_READ, .nsid = nsid, .addr = (uintptr_t)buf, .data_len = BYTES,
		.cdw12 = BYTES / lba - 1,
	};

	for (long i = 0; i < each; i++) {
		cmd.cdw10 = (i + (long)arg * 7) % SPAN * (BYTES / lba);
		if (ioctl(fd, NVME_IOCTL_IO_CMD, &cmd)) {
			perror("ioctl");
			exit(1);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread[MOST];
	long threads, i;

	if (argc != 4 || (threads = atol(argv[3])) < 1 || threads > MOST) {
		fprintf(stderr, "usage: see the head of ioctl_load.c\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR);
	if (fd < 0) {
		perror(argv[1]);
		return 2;
	}
	/* dm-multipath hands the ioctl of an ID on, as any other */
	nsid = ioctl(fd, NVME_IOCTL_ID);
	lba = nsid > 0 ? lba_size(fd, nsid) : 0;
	if (!lba) {
		fprintf(stderr, "%s: not an NVMe namespace\n", argv[1]);
		return 2;
	}
	each = atol(argv[2]) / threads;
	for (i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, work, (void *)i))
			return 1;
	for (i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
