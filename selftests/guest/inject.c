// SPDX-License-Identifier: GPL-2.0
/*
 * inject CALL ARG...: make a call again and again while its first, second,
 * third, ... allocation fails (/proc/thread-self/fail-nth), until none is left
 * to fail. Which allocations count is set up by the caller, in debugfs.
 *
 *	load FILE	load the module; it is unloaded at once
 *	unload NAME FILE	unload the module, which is loaded again
 *	open NODE	open and close
 *	admin NODE	an admin command by ioctl
 *	io NODE		an I/O command by ioctl
 *	uring NODE	a command by io_uring
 *	pread NODE	read a block past the page cache
 *	pwrite NODE	write one
 *	cat FILE	open and read
 *	store FILE TEXT	open and write
 *
 * Prints how often each outcome was seen. Without a fault the call must succeed:
 * that is tried after each failure, and at the end. Exit status 0 if it did, if
 * every outcome was success, ENOMEM or EAGAIN, and if a fault was injected; 4 if
 * it did and there was nothing to fail.
 */
#define NVME_NO_TESTS
#include "nvme_test.h"

static const char *arg1, *arg2;
static int node = -1, fault = -1;
static uint32_t nsid, lba;
static uint8_t buffer[65536] __attribute__((aligned(4096)));
static struct ring ring;

static int done(long ret) { return ret < 0 ? -errno : 0; }
static int passed(long ret) { return ret < 0 ? -errno : ret ? -EREMOTEIO : 0; }

static int do_load(void)
{
	return done(syscall(__NR_finit_module, node, "", 0));
}

/* Unless it is gone already; its devices may be on their way for a moment. */
static void undo_load(void)
{
	int64_t end = now_ms() + 10000 * slow();

	while (syscall(__NR_delete_module, arg1, O_NONBLOCK) && errno != ENOENT && now_ms() < end)
		msleep(10);
}

static int do_unload(void) { return done(syscall(__NR_delete_module, arg1, O_NONBLOCK)); }

static void redo_load(void) { syscall(__NR_finit_module, node, "", 0); }

static int do_open(void)
{
	int fd = open(arg1, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int do_admin(void)
{
	struct nvme_passthru_cmd cmd = {
		.opcode = ADM_IDENTIFY, .nsid = nsid, .addr = (uintptr_t)buffer, .data_len = 4096,
	};

	return passed(ioctl(node, NVME_IOCTL_ADMIN_CMD, &cmd));
}

static int do_io(void)
{
	struct nvme_passthru_cmd cmd = {
		.opcode = OP_READ, .nsid = nsid, .addr = (uintptr_t)buffer,
		.data_len = 16 * lba, .cdw12 = 15,
	};

	return passed(ioctl(node, NVME_IOCTL_IO_CMD, &cmd));
}

static int do_uring(void)
{
	struct nvme_uring_cmd cmd = {
		.opcode = OP_READ, .nsid = nsid, .addr = (uintptr_t)buffer,
		.data_len = 16 * lba, .cdw12 = 15,
	};
	struct io_uring_cqe cqe;
	int ret;

	prep_nvme(&ring, ring_sqe(&ring), node, NVME_URING_CMD_IO, &cmd, 0);
	ret = ring_submit(&ring);
	if (ret != 1)
		return ret < 0 ? ret : -EREMOTEIO;
	ret = ring_wait(&ring, &cqe, NULL);
	return ret ? ret : cqe.res > 0 ? -EREMOTEIO : cqe.res;
}

static int do_pread(void) { return done(pread(node, buffer, sizeof(buffer), 0)); }
static int do_pwrite(void) { return done(pwrite(node, buffer, sizeof(buffer), 0)); }

static int do_cat(void)
{
	int fd = open(arg1, O_RDONLY), ret;

	if (fd < 0)
		return -errno;
	ret = done(read(fd, buffer, sizeof(buffer)));
	close(fd);
	return ret;
}

static int do_store(void)
{
	int fd = open(arg1, O_WRONLY), ret;

	if (fd < 0)
		return -errno;
	ret = done(write(fd, arg2, strlen(arg2)));
	close(fd);
	return ret;
}

static const struct call {
	const char *name;
	int (*call)(void);
	void (*after)(void);	/* it succeeded: back to where it was */
	int flags;		/* to open the first argument with, or -1 */
} calls[] = {
	{ "load", do_load, undo_load, O_RDONLY },
	{ "unload", do_unload, redo_load, -1 },
	{ "open", do_open, NULL, -1 },
	{ "admin", do_admin, NULL, O_RDWR },
	{ "io", do_io, NULL, O_RDWR },
	{ "uring", do_uring, NULL, O_RDWR },
	{ "pread", do_pread, NULL, O_RDWR | O_DIRECT },
	{ "pwrite", do_pwrite, NULL, O_RDWR | O_DIRECT },
	{ "cat", do_cat, NULL, -1 },
	{ "store", do_store, NULL, -1 },
};

/* Arms, or takes back, the fault of the n-th allocation from now on. */
static void arm(int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", n);
	if (pwrite(fault, text, strlen(text), 0) < 0)
		exit((perror("fail-nth"), 3));
}

static bool injected(void)
{
	char text[16] = "";

	if (pread(fault, text, sizeof(text) - 1, 0) < 0)
		exit((perror("fail-nth"), 3));
	return atoi(text) == 0;
}

static int prepare(const struct call *c, int argc, char **argv)
{
	char module[64];
	const char *file = argv[2];

	arg1 = argv[2];
	arg2 = argc > 3 ? argv[3] : "";
	if (c->call == do_unload)
		file = arg2;
	if (c->flags != -1 || c->call == do_unload) {
		node = open(file, c->flags == -1 ? O_RDONLY : c->flags);
		if (node < 0)
			return -errno;
	}
	if (c->call == do_load) {
		snprintf(module, sizeof(module), "%s", strrchr(arg1, '/') + 1);
		*strchr(module, '.') = 0;
		arg1 = strdup(module);
	}
	if (c->call == do_admin || c->call == do_io || c->call == do_uring) {
		nsid = ioctl(node, NVME_IOCTL_ID);
		lba = lba_size(node, nsid);
		if (!lba)
			return -EINVAL;
	}
	if (c->call == do_uring)
		return ring_init(&ring, 4, RING_BIG);
	return 0;
}

int main(int argc, char **argv)
{
	int seen[200] = { }, n, ret, bad = 0;
	const struct call *c;

	for (c = calls; c < calls + sizeof(calls) / sizeof(*calls); c++)
		if (argc > 2 && !strcmp(argv[1], c->name))
			break;
	if (c == calls + sizeof(calls) / sizeof(*calls))
		return 2;
	fault = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fault < 0) {
		perror("fail-nth");
		return 3;
	}
	ret = prepare(c, argc, argv);
	if (ret) {
		printf("%s: %s\n", argv[2], strerrorname_np(-ret));
		return 3;
	}
	for (n = 1;; n++) {
		bool hit;

		arm(n);
		ret = c->call();
		hit = injected();
		arm(0);
		if (!ret && c->after)
			c->after();
		if (!hit)
			break;
		if (ret < 0 && ret > -200)
			seen[-ret]++;
		else
			seen[0]++;
		if (ret && ret != -ENOMEM && ret != -EAGAIN) {
			printf("allocation %d fails: %s\n", n, strerrorname_np(-ret));
			bad++;
		}
		/*
		 * And without a fault it works. Loading takes long, and that the
		 * next fault is met shows as much.
		 */
		if (!ret || c->after)
			continue;
		ret = c->call();
		if (ret) {
			printf("after the fault of allocation %d: %s\n", n, strerrorname_np(-ret));
			return 1;
		}
	}
	printf("%s %s: %d faults:", argv[1], argv[2], n - 1);
	for (int i = 0; i < 200; i++)
		if (seen[i])
			printf(" %s %d", i ? strerrorname_np(i) : "OK", seen[i]);
	printf("\n");
	if (ret) {
		printf("without a fault: %s\n", strerrorname_np(-ret));
		bad++;
	}
	if (bad)
		return 1;
	return n == 1 ? 4 : 0;
}
