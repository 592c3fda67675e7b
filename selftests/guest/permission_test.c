// SPDX-License-Identifier: GPL-2.0
/*
 * An unprivileged user gets from the head's nodes exactly what a native node of
 * the same mode, opened the same way, gives: command by command the outcome on
 * the head is that on a path. What must be refused in any case is checked
 * against EACCES too.
 *
 * In a guest the nodes' modes are changed and the user opens them; elsewhere
 * the superuser opens them and the user inherits the files, as what counts is
 * how a file was opened and who uses it.
 */
#include <grp.h>
#include <sys/stat.h>
#include "nvme_test.h"

#define NOBODY	65534

enum { ANY = 1, NOT_TRIED = INT_MIN };

struct attempt {
	const char *name;
	unsigned int op;
	uint8_t opcode;
	uint32_t cdw10;
	uint32_t len;
	int read_only, read_write;	/* 0, -errno, or ANY: as the path */
};

#define BOTH(want)	(want), (want)

static const struct attempt attempts[] = {
	{ "id", NVME_IOCTL_ID, 0, 0, 0, BOTH(ANY) },
	{ "identify namespace", NVME_IOCTL_ADMIN_CMD, ADM_IDENTIFY, 0, 4096, BOTH(0) },
	{ "identify controller", NVME_IOCTL_ADMIN64_CMD, ADM_IDENTIFY, 1, 4096, BOTH(0) },
	{ "identify namespace list", NVME_IOCTL_ADMIN_CMD, ADM_IDENTIFY, 2, 4096, BOTH(-EACCES) },
	{ "identify descriptors", NVME_IOCTL_ADMIN_CMD, ADM_IDENTIFY, 3, 4096, BOTH(-EACCES) },
	{ "identify command set", NVME_IOCTL_ADMIN_CMD, ADM_IDENTIFY, 5, 4096, BOTH(ANY) },
	{ "identify, command set controller", NVME_IOCTL_ADMIN_CMD, ADM_IDENTIFY, 6, 4096, BOTH(ANY) },
	{ "identify independent", NVME_IOCTL_ADMIN_CMD, ADM_IDENTIFY, 8, 4096, BOTH(ANY) },
	{ "get log", NVME_IOCTL_ADMIN_CMD, ADM_GET_LOG, 0x7f0002, 512, BOTH(-EACCES) },
	{ "get log, 64", NVME_IOCTL_ADMIN64_CMD, ADM_GET_LOG, 0x7f0002, 512, BOTH(-EACCES) },
	{ "get features", NVME_IOCTL_ADMIN_CMD, ADM_GET_FEATURES, 7, 0, BOTH(-EACCES) },
	{ "set features", NVME_IOCTL_ADMIN_CMD, ADM_SET_FEATURES, 4, 0, BOTH(-EACCES) },
	{ "format", NVME_IOCTL_ADMIN_CMD, ADM_FORMAT, 0, 0, BOTH(-EACCES) },
	{ "vendor admin command", NVME_IOCTL_ADMIN_CMD, OP_VENDOR, 0, 0, BOTH(-EACCES) },

	{ "read", NVME_IOCTL_IO_CMD, OP_READ, 64, 1, BOTH(0) },
	{ "read, 64", NVME_IOCTL_IO64_CMD, OP_READ, 64, 1, BOTH(0) },
	{ "read by SUBMIT_IO", NVME_IOCTL_SUBMIT_IO, OP_READ, 64, 1, BOTH(0) },
	{ "read by uring", NVME_URING_CMD_IO, OP_READ, 64, 1, BOTH(0) },
	{ "write", NVME_IOCTL_IO_CMD, OP_WRITE, 64, 1, -EACCES, 0 },
	{ "write, 64", NVME_IOCTL_IO64_CMD, OP_WRITE, 64, 1, -EACCES, 0 },
	{ "write by SUBMIT_IO", NVME_IOCTL_SUBMIT_IO, OP_WRITE, 64, 1, -EACCES, 0 },
	{ "write by uring", NVME_URING_CMD_IO, OP_WRITE, 64, 1, -EACCES, 0 },
	{ "compare", NVME_IOCTL_IO_CMD, OP_COMPARE, 64, 1, -EACCES, ANY },
	{ "compare by uring", NVME_URING_CMD_IO, OP_COMPARE, 64, 1, -EACCES, ANY },
	{ "write zeroes", NVME_IOCTL_IO_CMD, OP_WRITE_ZEROES, 64, 0, -EACCES, ANY },
	{ "write zeroes by uring", NVME_URING_CMD_IO, OP_WRITE_ZEROES, 64, 0, -EACCES, ANY },
	{ "flush", NVME_IOCTL_IO_CMD, OP_FLUSH, 0, 0, BOTH(ANY) },
	{ "flush by uring", NVME_URING_CMD_IO, OP_FLUSH, 0, 0, BOTH(ANY) },
	{ "verify", NVME_IOCTL_IO_CMD, OP_VERIFY, 64, 0, BOTH(ANY) },
	{ "unknown command", NVME_IOCTL_IO_CMD, OP_INVALID, 0, 0, BOTH(-EACCES) },
	{ "unknown command by uring", NVME_URING_CMD_IO, OP_INVALID, 0, 0, BOTH(-EACCES) },
	{ "vendor command", NVME_IOCTL_IO_CMD, OP_VENDOR, 0, 0, BOTH(-EACCES) },
	{ "vendor command by uring", NVME_URING_CMD_IO, OP_VENDOR, 0, 0, BOTH(-EACCES) },
	{ "reset", NVME_IOCTL_RESET, 0, 0, 0, BOTH(-ENOTTY) },
	{ "unknown ioctl", _IO('N', 0x7f), 0, 0, 0, BOTH(-ENOTTY) },
};

FIXTURE(user) {
	struct nodes nodes;
	uint32_t nsid, lba;
};

FIXTURE_VARIANT(user) {
	int flags;
	mode_t mode;
	bool block;
};
FIXTURE_VARIANT_ADD(user, char_0644_reads) { O_RDONLY, 0644, false };
FIXTURE_VARIANT_ADD(user, char_0666_reads) { O_RDONLY, 0666, false };
FIXTURE_VARIANT_ADD(user, char_0666_writes) { O_RDWR, 0666, false };
FIXTURE_VARIANT_ADD(user, block_0644_reads) { O_RDONLY, 0644, true };
FIXTURE_VARIANT_ADD(user, block_0666_writes) { O_RDWR, 0666, true };

FIXTURE_SETUP(user)
{
	const char *why = find_nodes(&self->nodes, true);
	int fd;

	if (why)
		SKIP(return, "%s", why);
	if (geteuid())
		SKIP(return, "only the superuser can become an unprivileged one");
	fd = open(self->nodes.path_chr, O_RDONLY);
	ASSERT_LE(0, fd);
	self->nsid = ioctl(fd, NVME_IOCTL_ID);
	self->lba = lba_size(fd, self->nsid);
	ASSERT_LT(0, self->lba);
	close(fd);
}

FIXTURE_TEARDOWN(user)
{
}

static int try(int fd, const struct attempt *a, uint32_t nsid, uint32_t lba)
{
	static uint8_t buf[8192] __attribute__((aligned(4096)));
	bool admin = a->op == NVME_IOCTL_ADMIN_CMD || a->op == NVME_IOCTL_ADMIN64_CMD;
	uint32_t len = admin ? a->len : a->len * lba;
	uintptr_t addr = len ? (uintptr_t)buf : 0;
	int ret;

	switch (a->op) {
	case NVME_IOCTL_ADMIN_CMD:
	case NVME_IOCTL_IO_CMD: {
		struct nvme_passthru_cmd cmd = {
			.opcode = a->opcode, .nsid = nsid, .addr = addr, .data_len = len,
			.cdw10 = a->cdw10,
		};

		ret = ioctl(fd, a->op, &cmd);
		break;
	}
	case NVME_IOCTL_ADMIN64_CMD:
	case NVME_IOCTL_IO64_CMD: {
		struct nvme_passthru_cmd64 cmd = {
			.opcode = a->opcode, .nsid = nsid, .addr = addr, .data_len = len,
			.cdw10 = a->cdw10,
		};

		ret = ioctl(fd, a->op, &cmd);
		break;
	}
	case NVME_IOCTL_SUBMIT_IO: {
		struct nvme_user_io io = {
			.opcode = a->opcode, .addr = addr, .slba = a->cdw10,
		};

		ret = ioctl(fd, a->op, &io);
		break;
	}
	case NVME_URING_CMD_IO: {
		struct nvme_uring_cmd cmd = {
			.opcode = a->opcode, .nsid = nsid, .addr = addr, .data_len = len,
			.cdw10 = a->cdw10,
		};
		struct io_uring_cqe cqe;
		struct ring r;

		ret = ring_init(&r, 2, RING_BIG);
		if (ret)
			return ret;
		prep_nvme(&r, ring_sqe(&r), fd, a->op, &cmd, 0);
		ret = ring_submit(&r);
		if (ret == 1)
			ret = ring_wait(&r, &cqe, NULL);
		ring_exit(&r);
		return ret ? ret : cqe.res;
	}
	default:
		ret = ioctl(fd, a->op, NULL);
	}
	return ret < 0 ? -errno : ret;
}

/* The outcomes of all attempts, made by the unprivileged user. */
static bool as_nobody(const char *node, int flags, bool opens, uint32_t nsid, uint32_t lba,
		      int *outcome)
{
	int fd = opens ? -1 : open(node, flags);
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
		    setresuid(NOBODY, NOBODY, NOBODY))
			_exit(1);
		if (opens)
			fd = open(node, flags);
		if (fd < 0)
			_exit(2);
		for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
			bool admin = attempts[i].op == NVME_IOCTL_ADMIN_CMD ||
				     attempts[i].op == NVME_IOCTL_ADMIN64_CMD;

			outcome[i] = too_risky(admin, attempts[i].opcode) ? NOT_TRIED :
				try(fd, &attempts[i], nsid, lba);
		}
		_exit(0);
	}
	if (fd >= 0)
		close(fd);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

TEST_F_TIMEOUT(user, as_native, 120)
{
	const char *node[2] = {
		variant->block ? self->nodes.path_blk : self->nodes.path_chr,
		variant->block ? self->nodes.blk : self->nodes.chr,
	};
	bool opens = getenv("MPATH_GUEST");
	struct stat st[2];
	int *outcome[2];

	for (int i = 0; i < 2; i++) {
		outcome[i] = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(MAP_FAILED, outcome[i]);
		memset(outcome[i], 0x7f, 4096);
		ASSERT_EQ(0, stat(node[i], &st[i]));
		if (opens) {
			ASSERT_EQ(0, chmod(node[i], variant->mode));
		}
	}
	for (int i = 0; i < 2; i++) {
		EXPECT_TRUE(as_nobody(node[i], variant->flags, opens, self->nsid, self->lba,
				      outcome[i]))
			TH_LOG("the user could not use %s", node[i]);
		if (opens && variant->mode == 0644) {
			EXPECT_FALSE(as_nobody(node[i], O_RDWR, true, self->nsid, self->lba,
					       outcome[i]));
		}
	}
	for (int i = 0; opens && i < 2; i++)
		chmod(node[i], st[i].st_mode & 07777);

	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		const struct attempt *a = &attempts[i];
		int want = variant->flags == O_RDONLY ? a->read_only : a->read_write;

		/* there is no NVMe command by ring on a block node */
		if ((variant->block && a->op == NVME_URING_CMD_IO) || outcome[0][i] == NOT_TRIED)
			want = ANY;
		if (want != ANY) {
			EXPECT_EQ(want, outcome[0][i])
				TH_LOG("%s: the path answers %d", a->name, outcome[0][i]);
		}
		EXPECT_EQ(outcome[0][i], outcome[1][i])
			TH_LOG("%s: path %d, head %d", a->name, outcome[0][i], outcome[1][i]);
	}
}

/* A superuser's file used by an unprivileged process is judged by the process:
 * writes through a file opened for reading only are refused.
 */
TEST_F_TIMEOUT(user, inherited_file, 120)
{
	int *outcome;

	outcome = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, outcome);
	ASSERT_TRUE(as_nobody(variant->block ? self->nodes.blk : self->nodes.chr, O_RDONLY, false,
			      self->nsid, self->lba, outcome));
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		if ((variant->block && attempts[i].op == NVME_URING_CMD_IO) ||
		    outcome[i] == NOT_TRIED)
			continue;
		if (attempts[i].read_only != ANY) {
			EXPECT_EQ(attempts[i].read_only, outcome[i])
				TH_LOG("%s: %d", attempts[i].name, outcome[i]);
		}
	}
}

TEST_HARNESS_MAIN
