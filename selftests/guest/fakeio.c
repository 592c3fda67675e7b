// SPDX-License-Identifier: GPL-2.0
/*
 * fakeio VERB NODE [ARG...]: one call on a node of a head of mpath_fake.ko, or on
 * a file that the caller has open (fd:N).
 * Prints the result; a refused call prints the name of its errno on stderr and
 * the exit status is the errno.
 *
 *	ioctl NODE CMD		CMD: result, who, who_odd, writable
 *	ioctl32 NODE CMD	the same as a 32-bit program
 *	uring NODE N [polled]	io_uring command: adds N to the path's uring_result
 *	geo NODE		heads, sectors and cylinders
 *	zones NODE		sectors and zones from BLKREPORTZONE
 *	part NODE START LEN	make partition 1 (sectors)
 *	nopart NODE		remove it
 *	write NODE N		one direct write of N bios (256 pages each, none of which
 *				is next to another one in memory)
 *	uevents SECONDS FILE	not a node: write the uevents to FILE, one a line
 */
#include <linux/blkpg.h>
#include <linux/blkzoned.h>
#include <linux/hdreg.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "nvme_test.h"
#include "fake_user.h"

static int report(long ret)
{
	if (ret < 0) {
		fprintf(stderr, "%s\n", strerrorname_np(-ret));
		return -ret;
	}
	return 0;
}

static long ioctl32(int fd, unsigned int cmd, uintptr_t arg)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret)
			 : "a"(54), "b"((long)fd), "c"((long)cmd), "d"(arg)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static int do_ioctl(int fd, const char *name, bool compat)
{
	unsigned int cmd = !strcmp(name, "result") ? FAKE_IOC_RESULT :
			   !strcmp(name, "who") ? FAKE_IOC_WHO :
			   !strcmp(name, "who_odd") ? FAKE_IOC_WHO_ODD :
			   !strcmp(name, "writable") ? FAKE_IOC_WRITABLE :
			   strtoul(name, NULL, 0);
	char *buf = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long ret;

	if (compat) {
		ret = ioctl32(fd, cmd, (uintptr_t)buf);
	} else {
		ret = ioctl(fd, cmd, buf);
		if (ret < 0)
			ret = -errno;
	}
	if (ret < 0)
		return report(ret);
	if (!strncmp(name, "who", 3))
		printf("%s%s\n", buf, buf[31] ? " compat" : "");
	else
		printf("%ld\n", ret);
	return 0;
}

static int do_uring(int fd, uint32_t n, bool polled)
{
	struct io_uring_cqe cqe;
	struct io_uring_sqe *sqe;
	struct ring r;
	int ret = ring_init(&r, 4, polled ? IORING_SETUP_IOPOLL : 0);

	if (ret < 0)
		return report(ret);
	sqe = ring_sqe(&r);
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = FAKE_URING_ECHO;
	memcpy(sqe->cmd, &n, sizeof(n));
	ret = ring_submit(&r);
	if (ret >= 0)
		ret = ring_wait(&r, &cqe, NULL);
	if (ret < 0)
		return report(ret);
	if (cqe.res < 0)
		return report(cqe.res);
	printf("%d\n", cqe.res);
	ring_exit(&r);
	return 0;
}

static int do_geo(int fd)
{
	struct hd_geometry geo = {};

	if (ioctl(fd, HDIO_GETGEO, &geo))
		return report(-errno);
	printf("%u %u %u\n", geo.heads, geo.sectors, geo.cylinders);
	return 0;
}

static int do_zones(int fd)
{
	struct blk_zone_report *rep = calloc(1, sizeof(*rep) + 16 * sizeof(struct blk_zone));
	unsigned int i;

	rep->nr_zones = 16;
	if (ioctl(fd, BLKREPORTZONE, rep))
		return report(-errno);
	for (i = 0; i < rep->nr_zones; i++)
		printf("%llu %llu\n", (unsigned long long)rep->zones[i].start,
		       (unsigned long long)rep->zones[i].len);
	return 0;
}

static int do_partition(int fd, int op, long long start, long long len)
{
	struct blkpg_partition p = { .pno = 1, .start = start * 512, .length = len * 512 };
	struct blkpg_ioctl_arg arg = { .op = op, .datalen = sizeof(p), .data = &p };

	return report(ioctl(fd, BLKPG, &arg) ? -errno : 0);
}

static int do_write(int fd, int bios)
{
	int i, pages = bios * 256;
	struct iovec *vec = calloc(pages, sizeof(*vec));
	char *buf = mmap(NULL, pages * 8192, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t ret;

	if (fcntl(fd, F_SETFL, O_DIRECT))
		return report(-errno);
	memset(buf, 0x5a, pages * 8192);
	for (i = 0; i < pages; i++)
		vec[i] = (struct iovec){ buf + i * 8192, 4096 };
	ret = pwritev(fd, vec, pages, 0);
	if (ret < 0)
		return report(-errno);
	printf("%zd\n", ret);
	return 0;
}

static int do_uevents(int seconds, const char *file)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	FILE *out = fopen(file, "w");
	int64_t end = now_ms() + seconds * 1000LL;
	char buf[8192];

	if (fd < 0 || !out || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return report(-errno);
	fprintf(out, "listening\n");
	fflush(out);
	while (now_ms() < end) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n, at;

		if (poll(&p, 1, 100) <= 0)
			continue;
		n = recv(fd, buf, sizeof(buf) - 1, 0);
		if (n <= 0)
			continue;
		buf[n] = 0;
		/* "ACTION@PATH", then "NAME=VALUE" strings: one line a message */
		for (at = 0; at < n; at += strlen(buf + at) + 1)
			fprintf(out, "%s ", buf + at);
		fprintf(out, "\n");
		fflush(out);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	int fd;

	if (argc < 3)
		return 255;
	if (!strcmp(verb, "uevents"))
		return do_uevents(atoi(argv[2]), argv[3]);
	if (!strncmp(argv[2], "fd:", 3))
		fd = atoi(argv[2] + 3);
	else
		fd = open(argv[2], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return report(-errno);
	if (!strcmp(verb, "ioctl"))
		return do_ioctl(fd, argv[3], false);
	if (!strcmp(verb, "ioctl32"))
		return do_ioctl(fd, argv[3], true);
	if (!strcmp(verb, "uring"))
		return do_uring(fd, atoi(argv[3]), argc > 4);
	if (!strcmp(verb, "geo"))
		return do_geo(fd);
	if (!strcmp(verb, "zones"))
		return do_zones(fd);
	if (!strcmp(verb, "part"))
		return do_partition(fd, BLKPG_ADD_PARTITION, atoll(argv[3]), atoll(argv[4]));
	if (!strcmp(verb, "write"))
		return do_write(fd, atoi(argv[3]));
	if (!strcmp(verb, "nopart"))
		return do_partition(fd, BLKPG_DEL_PARTITION, 0, 0);
	return 255;
}
