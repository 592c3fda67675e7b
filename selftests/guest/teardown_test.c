// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a head: its last path goes while its nodes are open, in use, or
 * just being opened. Every NVMe call on an open file then answers ENODEV, reads
 * of the block node fare as on any removed disk, nothing hangs, closing is safe,
 * and the module unloads as soon as the last file is closed, not before.
 *
 * Pulls PCI devices and unloads modules: in a guest only.
 */
#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "nvme_test.h"

#define MAX_PATHS	64
#define GONE_MS		(5000 * slow())		/* after the last removal until the nodes vanish */
#define BACK_MS		(30000 * slow())	/* after a rescan until all paths are back */

FIXTURE(last_path) {
	struct nodes nodes;
	char head[32];
	unsigned int paths;
	int ctrl[MAX_PATHS];
	char pci[MAX_PATHS][32];
	uint32_t nsid, lba;
};

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Calls each(name) for the paths of a head; their number. */
static unsigned int each_path(const char *head, void (*each)(const char *, void *), void *arg)
{
	char dir[128];
	struct dirent *e;
	unsigned int n = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), "/sys/block/%s/multipath", head);
	d = opendir(dir);
	if (!d)
		return 0;
	while ((e = readdir(d))) {
		if (strncmp(e->d_name, "nvme", 4))
			continue;
		if (each)
			each(e->d_name, arg);
		n++;
	}
	closedir(d);
	return n;
}

static void note_pci(const char *path, void *arg)
{
	FIXTURE_DATA(last_path) *self = arg;
	char link[128], target[PATH_MAX];
	int ctrl;
	ssize_t len;

	if (self->paths >= MAX_PATHS || sscanf(path, "nvme%dn", &ctrl) != 1)
		return;
	snprintf(link, sizeof(link), "/sys/class/nvme/nvme%d/device", ctrl);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		return;
	target[len] = 0;
	self->ctrl[self->paths] = ctrl;
	snprintf(self->pci[self->paths++], sizeof(self->pci[0]), "%.31s",
		 strrchr(target, '/') + 1);
}

static bool remove_path(FIXTURE_DATA(last_path) *self, unsigned int i)
{
	char file[128];

	snprintf(file, sizeof(file), "/sys/bus/pci/devices/%s/remove", self->pci[i]);
	return write_file(file, "1");
}

static bool remove_all(FIXTURE_DATA(last_path) *self)
{
	bool ok = true;

	for (unsigned int i = 0; i < self->paths; i++)
		ok &= remove_path(self, i);
	return ok;
}

static bool present(const char *path)
{
	return !access(path, F_OK);
}

static bool nodes_vanish(FIXTURE_DATA(last_path) *self)
{
	int64_t end = now_ms() + GONE_MS;

	while (present(self->nodes.chr) || present(self->nodes.blk)) {
		if (now_ms() > end)
			return false;
		msleep(10);
	}
	return true;
}

static bool nodes_return(FIXTURE_DATA(last_path) *self)
{
	int64_t end = now_ms() + BACK_MS;

	while (!present(self->nodes.chr) || !present(self->nodes.blk) ||
	       each_path(self->head, NULL, NULL) != self->paths) {
		if (now_ms() > end)
			return false;
		msleep(10);
	}
	return true;
}

static bool rescan(void)
{
	return write_file("/sys/bus/pci/rescan", "1");
}

static int unload(const char *module)
{
	return syscall(__NR_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

static int load(const char *file)
{
	const char *dir = getenv("MPATH_MODULES");
	char path[PATH_MAX];
	int fd, ret;

	if (dir) {
		snprintf(path, sizeof(path) - 64, "%s", dir);
	} else {
		ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 64);

		if (len < 0)
			return -errno;
		path[len] = 0;
		/* build/selftests/PROGRAM */
		for (int i = 0; i < 3; i++)
			*strrchr(path, '/') = 0;
	}
	strcat(path, "/");
	strcat(path, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(__NR_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

FIXTURE_SETUP(last_path)
{
	const char *why = find_nodes(&self->nodes, true);
	int fd;

	if (!getenv("MPATH_GUEST"))
		SKIP(return, "only in a guest of scripts/guest (MPATH_GUEST is not set)");
	if (why)
		SKIP(return, "%s", why);
	snprintf(self->head, sizeof(self->head), "%.31s", self->nodes.blk + strlen("/dev/"));
	each_path(self->head, note_pci, self);
	ASSERT_LT(0, self->paths);
	fd = open(self->nodes.chr, O_RDONLY);
	ASSERT_LE(0, fd);
	self->nsid = ioctl(fd, NVME_IOCTL_ID);
	self->lba = lba_size(fd, self->nsid);
	ASSERT_LT(0, self->lba);
	close(fd);
}

/* Whatever happened, the next test finds modules, nodes and paths. */
FIXTURE_TEARDOWN(last_path)
{
	load("libmultipath_cxx.ko");
	load("mpath_nvme.ko");
	rescan();
	EXPECT_TRUE(nodes_return(self))
		TH_LOG("the head does not come back");
}

/* ---- calls on a node ------------------------------------------------------ */

static int call_admin(int fd)
{
	static uint8_t id[4096] __attribute__((aligned(4096)));
	struct nvme_passthru_cmd cmd = {
		.opcode = ADM_IDENTIFY, .cdw10 = 1, .addr = (uintptr_t)id, .data_len = 4096,
	};
	int ret = ioctl(fd, NVME_IOCTL_ADMIN_CMD, &cmd);

	return ret < 0 ? -errno : ret;
}

static int call_read(int fd, uint32_t nsid, uint32_t lba)
{
	static uint8_t buf[4096] __attribute__((aligned(4096)));
	struct nvme_passthru_cmd cmd = {
		.opcode = OP_READ, .nsid = nsid, .addr = (uintptr_t)buf, .data_len = lba,
	};
	int ret = ioctl(fd, NVME_IOCTL_IO_CMD, &cmd);

	return ret < 0 ? -errno : ret;
}

static int call_simple(int fd, unsigned int cmd)
{
	int ret = ioctl(fd, cmd, NULL);

	return ret < 0 ? -errno : ret;
}

static int call_uring(int fd, uint32_t nsid, uint32_t lba, unsigned int flags)
{
	static uint8_t buf[4096] __attribute__((aligned(4096)));
	struct nvme_uring_cmd cmd = {
		.opcode = OP_READ, .nsid = nsid, .addr = (uintptr_t)buf, .data_len = lba,
	};
	struct io_uring_cqe cqe;
	struct ring r;
	int ret = ring_init(&r, 2, flags);

	if (ret)
		return ret;
	prep_nvme(&r, ring_sqe(&r), fd, NVME_URING_CMD_IO, &cmd, 0);
	ret = ring_submit(&r);
	if (ret == 1)
		ret = ring_wait(&r, &cqe, NULL);
	ring_exit(&r);
	return ret ? ret : cqe.res;
}

/* 0, -errno, or -ENODATA for a device that has no block any more. */
static int call_pread(int fd)
{
	static uint8_t buf[4096] __attribute__((aligned(4096)));
	ssize_t ret = pread(fd, buf, sizeof(buf), 0);

	return ret == sizeof(buf) ? 0 : ret < 0 ? -errno : -ENODATA;
}

static bool dead_block(int error)
{
	return error == -EIO || error == -ENODEV || error == -ENXIO || error == -ENODATA;
}

/* ---- tests ---------------------------------------------------------------- */

/* A module whose node is open cannot be unloaded; without openers it can, and
 * unloading takes the nodes away.
 */
TEST_F_TIMEOUT(last_path, open_node_holds_module, 120)
{
	const char *nodes[2] = { self->nodes.chr, self->nodes.blk };

	for (int i = 0; i < 2; i++) {
		int fd = open(nodes[i], O_RDWR);

		ASSERT_LE(0, fd);
		EXPECT_EQ(-EWOULDBLOCK, unload("mpath_nvme"))
			TH_LOG("with %s open", nodes[i]);
		EXPECT_EQ(-EWOULDBLOCK, unload("libmultipath_cxx"));
		EXPECT_EQ(0, call_read(fd, self->nsid, self->lba));
		close(fd);
		EXPECT_EQ(0, unload("mpath_nvme"))
			TH_LOG("after %s was closed", nodes[i]);
		EXPECT_FALSE(present(self->nodes.chr));
		EXPECT_FALSE(present(self->nodes.blk));
		EXPECT_EQ(0, unload("libmultipath_cxx"));
		ASSERT_EQ(0, load("libmultipath_cxx.ko"));
		ASSERT_EQ(0, load("mpath_nvme.ko"));
		ASSERT_TRUE(nodes_return(self));
	}
}

/* Files that are open when the last path goes: every call ENODEV, close safe,
 * no new open, and unloading works when the last file is closed.
 */
TEST_F_TIMEOUT(last_path, open_files, 120)
{
	static const char chr_copy[] = "/dev/mpath-test-c", blk_copy[] = "/dev/mpath-test-b";
	int chr = open(self->nodes.chr, O_RDWR), chr_ro = open(self->nodes.chr, O_RDONLY);
	int blk = open(self->nodes.blk, O_RDWR | O_DIRECT), fd, res;
	int path_blk = open(self->nodes.path_blk, O_RDONLY | O_DIRECT);
	struct stat st;

	ASSERT_LE(0, chr);
	ASSERT_LE(0, chr_ro);
	ASSERT_LE(0, blk);
	ASSERT_LE(0, path_blk);
	/* nodes of our own with the same numbers, which devtmpfs will not remove */
	ASSERT_EQ(0, fstat(chr, &st));
	unlink(chr_copy);
	unlink(blk_copy);
	ASSERT_EQ(0, mknod(chr_copy, S_IFCHR | 0600, st.st_rdev));
	ASSERT_EQ(0, fstat(blk, &st));
	ASSERT_EQ(0, mknod(blk_copy, S_IFBLK | 0600, st.st_rdev));
	fd = open(chr_copy, O_RDONLY);
	EXPECT_LE(0, fd);
	close(fd);

	EXPECT_EQ(0, call_read(chr, self->nsid, self->lba));
	EXPECT_EQ(0, call_read(blk, self->nsid, self->lba));
	EXPECT_EQ(0, call_pread(blk));
	ASSERT_TRUE(remove_all(self));
	ASSERT_TRUE(nodes_vanish(self));

	EXPECT_EQ(-ENODEV, call_simple(chr, NVME_IOCTL_ID));
	EXPECT_EQ(-ENODEV, call_admin(chr));
	EXPECT_EQ(-ENODEV, call_read(chr, self->nsid, self->lba));
	EXPECT_EQ(-ENODEV, call_read(chr_ro, self->nsid, self->lba));
	EXPECT_EQ(-ENODEV, call_simple(chr, NVME_IOCTL_RESCAN));
	EXPECT_EQ(-ENODEV, call_uring(chr, self->nsid, self->lba, RING_BIG));
	EXPECT_EQ(-ENODEV, call_uring(chr, self->nsid, self->lba, RING_BIG | IORING_SETUP_IOPOLL));
	EXPECT_EQ(-ENODEV, call_uring(chr, self->nsid, self->lba, RING_BIG | IORING_SETUP_SQPOLL));
	EXPECT_EQ(-ENODEV, call_simple(blk, NVME_IOCTL_ID));
	EXPECT_EQ(-ENODEV, call_read(blk, self->nsid, self->lba));
	res = call_pread(blk);
	EXPECT_TRUE(dead_block(res))
		TH_LOG("read of the block node: %d", res);
	EXPECT_EQ(call_pread(path_blk), res);
	close(path_blk);

	errno = 0;
	EXPECT_EQ(-1, open(self->nodes.chr, O_RDONLY));
	EXPECT_EQ(ENOENT, errno);
	errno = 0;
	EXPECT_EQ(-1, open(chr_copy, O_RDONLY));
	EXPECT_TRUE(errno == ENXIO || errno == ENODEV)
		TH_LOG("open of the char device: %s", strerror(errno));
	errno = 0;
	EXPECT_EQ(-1, open(blk_copy, O_RDONLY));
	EXPECT_TRUE(errno == ENXIO || errno == ENODEV)
		TH_LOG("open of the block device: %s", strerror(errno));
	unlink(chr_copy);
	unlink(blk_copy);

	EXPECT_EQ(-EWOULDBLOCK, unload("mpath_nvme"));
	close(chr_ro);
	EXPECT_EQ(-EWOULDBLOCK, unload("mpath_nvme"));
	close(blk);
	EXPECT_EQ(-EWOULDBLOCK, unload("mpath_nvme"));
	close(chr);
	EXPECT_EQ(0, unload("mpath_nvme"));
	EXPECT_EQ(0, unload("libmultipath_cxx"));
}

/* The device returns while old files are open: the new nodes work, the old
 * files stay dead.
 */
TEST_F_TIMEOUT(last_path, return_with_old_files, 120)
{
	int chr = open(self->nodes.chr, O_RDWR), blk = open(self->nodes.blk, O_RDONLY | O_DIRECT);
	char dir[] = "/sys/block";
	struct dirent *e;
	int found = 0;
	int64_t end;
	DIR *d;

	ASSERT_LE(0, chr);
	ASSERT_LE(0, blk);
	ASSERT_TRUE(remove_all(self));
	ASSERT_TRUE(nodes_vanish(self));
	ASSERT_TRUE(rescan());
	/* it may have another number now */
	end = now_ms() + BACK_MS;
	while (!found && now_ms() < end) {
		ASSERT_NE(NULL, d = opendir(dir));
		while ((e = readdir(d))) {
			char node[300], policy[300];
			int fd;

			snprintf(policy, sizeof(policy), "/sys/block/%s/mpath_policy", e->d_name);
			if (!present(policy) || each_path(e->d_name, NULL, NULL) != self->paths)
				continue;
			snprintf(node, sizeof(node), "/dev/ng%s", e->d_name + 4);
			fd = open(node, O_RDWR);
			if (fd < 0)
				continue;
			EXPECT_EQ(0, call_read(fd, self->nsid, self->lba));
			EXPECT_EQ(0, call_uring(fd, self->nsid, self->lba, RING_BIG));
			close(fd);
			found = 1;
		}
		closedir(d);
		msleep(20);
	}
	EXPECT_EQ(1, found);
	EXPECT_EQ(-ENODEV, call_read(chr, self->nsid, self->lba));
	EXPECT_EQ(-ENODEV, call_uring(chr, self->nsid, self->lba, RING_BIG));
	EXPECT_TRUE(dead_block(call_pread(blk)));
	close(chr);
	close(blk);
	/* the next test wants the first number again */
	EXPECT_EQ(0, unload("mpath_nvme"));
}

/* ---- under load ----------------------------------------------------------- */

enum work { IOCTLS, URINGS, READS, OPENS, WORKS };
static const char *const work_names[] = { "ioctl", "uring", "read", "open" };

struct worker {
	pthread_t thread;
	enum work work;
	FIXTURE_DATA(last_path) *self;
	volatile bool *stop;
	bool until_error;
	bool resets;		/* controllers are reset, not removed */
	unsigned long good, bad;
	int last;		/* the error it ended with */
	int unexpected;		/* an outcome that is not allowed */
};

/* What a call may answer while paths come and go. Path errors of commands in
 * flight are passed to the caller: passthrough does not repeat them.
 */
static bool allowed(const struct worker *w, int res)
{
	bool status_path = res > 0 && ((res & 0x700) == 0x300 || (res & 0x7ff) == 0x7 ||
				       (res & 0x7ff) == 0x8);

	switch (w->work) {
	case IOCTLS:
		return res == -EAGAIN || res == -EINTR || status_path ||
		       (!w->resets && (res == -ENODEV || res == -EIO));
	case URINGS:
		return res == -EINVAL || res == -EINTR || status_path ||
		       (!w->resets && (res == -ENODEV || res == -EIO));
	case READS:
		return !w->resets && dead_block(res);
	case OPENS:
		return !w->resets && (res == -ENOENT || res == -ENODEV || res == -ENXIO);
	default:
		return false;
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;
	FIXTURE_DATA(last_path) *self = w->self;
	const char *node = w->work == READS ? self->nodes.blk : self->nodes.chr;
	int fd = -1;

	while (!*w->stop) {
		int res;

		if (fd < 0) {
			/* also the node of the other kind, as it is quick */
			if (w->work == OPENS)
				node = w->good & 1 ? self->nodes.blk : self->nodes.chr;
			fd = open(node, w->work == READS ? O_RDONLY | O_DIRECT : O_RDWR);
			if (fd < 0) {
				res = -errno;
				if (res != -ENOENT && res != -ENODEV && res != -ENXIO)
					w->unexpected = res;
				w->bad++;
				w->last = res;
				if (w->until_error)
					break;
				continue;
			}
		}
		switch (w->work) {
		case IOCTLS:
			res = call_read(fd, self->nsid, self->lba);
			break;
		case URINGS:
			res = call_uring(fd, self->nsid, self->lba, RING_BIG);
			break;
		case READS:
			res = call_pread(fd);
			break;
		default:
			res = 0;
		}
		if (!res) {
			w->good++;
		} else {
			w->bad++;
			w->last = res;
			if (!allowed(w, res))
				w->unexpected = res;
		}
		/* a dead file is of no more use; open anew */
		if (w->work == OPENS || res == -ENODEV || (w->work == READS && res)) {
			close(fd);
			fd = -1;
		}
		if (res && w->until_error)
			break;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static bool start(struct worker *w, enum work kind, FIXTURE_DATA(last_path) *self,
		  volatile bool *stop)
{
	w->work = kind;
	w->self = self;
	w->stop = stop;
	return !pthread_create(&w->thread, NULL, work, w);
}

/* All of them have had success since the given counts. */
static bool progress(struct worker *w, int n, const unsigned long *since, int ms)
{
	int64_t end = now_ms() + ms * slow();

	for (int i = 0; i < n; i++) {
		while (w[i].good < since[i] + 3) {
			if (now_ms() > end)
				return false;
			msleep(5);
		}
	}
	return true;
}

static bool join_in_time(pthread_t thread, int seconds)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += seconds * slow();
	return !pthread_timedjoin_np(thread, NULL, &ts);
}

/* Users at work when the last path goes end with an error, soon. */
TEST_F_TIMEOUT(last_path, users_end, 120)
{
	struct worker w[3] = { };
	unsigned long zero[3] = { };
	volatile bool stop = false;

	for (int i = 0; i < 3; i++) {
		w[i].until_error = true;
		ASSERT_TRUE(start(&w[i], i, self, &stop));
	}
	ASSERT_TRUE(progress(w, 3, zero, 10000));
	/* no error while one path is left */
	for (unsigned int i = 0; i + 1 < self->paths; i++) {
		unsigned long since[3];

		ASSERT_TRUE(remove_path(self, i));
		for (int j = 0; j < 3; j++)
			since[j] = w[j].good;
		EXPECT_TRUE(progress(w, 3, since, 10000));
	}
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, w[i].last)
			TH_LOG("%s with a path left: %d", work_names[i], w[i].last);
	}
	ASSERT_TRUE(remove_path(self, self->paths - 1));
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(join_in_time(w[i].thread, 20))
			TH_LOG("%s hangs", work_names[i]);
		EXPECT_NE(0, w[i].last);
		EXPECT_EQ(0, w[i].unexpected)
			TH_LOG("%s ended with %d", work_names[i], w[i].unexpected);
	}
	EXPECT_TRUE(nodes_vanish(self));
	EXPECT_EQ(0, unload("mpath_nvme"));
}

/* Opening, using and closing races with removal and return of all paths: only
 * documented errors, and success again each time the head is back.
 */
TEST_F_TIMEOUT(last_path, hammer, 240)
{
	struct worker w[WORKS + 1] = { };
	unsigned long since[WORKS + 1] = { };
	volatile bool stop = false;
	unsigned long dead = 0;

	for (int i = 0; i <= WORKS; i++) {
		ASSERT_TRUE(start(&w[i], i < WORKS ? i : OPENS, self, &stop));
	}
	for (int round = 0; round < (slow() > 1 ? 2 : 4); round++) {
		EXPECT_TRUE(progress(w, WORKS + 1, since, 20000))
			TH_LOG("no progress in round %d", round);
		EXPECT_TRUE(remove_all(self));
		EXPECT_TRUE(nodes_vanish(self));
		EXPECT_TRUE(rescan());
		EXPECT_TRUE(nodes_return(self));
		for (int i = 0; i <= WORKS; i++)
			since[i] = w[i].good;
	}
	EXPECT_TRUE(progress(w, WORKS + 1, since, 20000));
	stop = true;
	for (int i = 0; i <= WORKS; i++) {
		ASSERT_TRUE(join_in_time(w[i].thread, 20))
			TH_LOG("%s hangs", work_names[w[i].work]);
		EXPECT_EQ(0, w[i].unexpected)
			TH_LOG("%s: unexpected %d", work_names[w[i].work], w[i].unexpected);
		dead += w[i].bad;
	}
	/* else nobody ever met a dead node and nothing was tested */
	EXPECT_LT(0, dead);
	EXPECT_EQ(0, unload("mpath_nvme"));
	EXPECT_EQ(0, unload("libmultipath_cxx"));
}

/* All controllers reset again and again: reads of the block node never fail,
 * passthrough only with the documented errors, and all goes on afterwards.
 */
TEST_F_TIMEOUT(last_path, reset_storm, 120)
{
	struct worker w[3] = { };
	unsigned long since[3] = { };
	volatile bool stop = false;

	for (int i = 0; i < 3; i++) {
		w[i].resets = true;
		ASSERT_TRUE(start(&w[i], i, self, &stop));
	}
	for (int round = 0; round < (slow() > 1 ? 3 : 6); round++) {
		EXPECT_TRUE(progress(w, 3, since, 20000))
			TH_LOG("no progress in round %d", round);
		for (unsigned int i = 0; i < self->paths; i++) {
			char file[64];

			snprintf(file, sizeof(file), "/sys/class/nvme/nvme%d/reset_controller",
				 self->ctrl[i]);
			EXPECT_TRUE(write_file(file, "1"));
		}
		for (int i = 0; i < 3; i++)
			since[i] = w[i].good;
	}
	EXPECT_TRUE(progress(w, 3, since, 20000));
	stop = true;
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(join_in_time(w[i].thread, 20))
			TH_LOG("%s hangs", work_names[i]);
		EXPECT_EQ(0, w[i].unexpected)
			TH_LOG("%s: unexpected %d", work_names[i], w[i].unexpected);
	}
}

TEST_HARNESS_MAIN
