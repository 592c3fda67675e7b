// SPDX-License-Identifier: GPL-2.0
/*
 * fake_stress SECONDS SEED: everything that can be done to a head of mpath_fake.ko,
 * at the same time: paths and heads come and go, I/O of all kinds, settings,
 * policies, grace periods, and the module is unloaded and loaded again. It ends
 * well if every thread ends, that is if nothing waits for ever; and if no call
 * has answered with an errno that it must not give.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "nvme_test.h"
#include "fake_user.h"

#define CONTROL	"/sys/kernel/debug/mpath_fake/control"
#define HEADS	2
#define PATHS	4

static int64_t end_ms;
static unsigned int seed;
static atomic_long calls, unexpected;
static const char *module;

/* What a call may answer when what it is about comes and goes. */
static bool expected(int error)
{
	switch (error) {
	case 0:
	case EIO:
	case ENODEV:
	case ENXIO:
	case ENOENT:
	case EEXIST:
	case EAGAIN:
	case EBUSY:
	case ENOTTY:
	case EINTR:
	case EOPNOTSUPP:	/* a policy that the driver does not allow */
		return true;
	}
	return false;
}

static void note(const char *what, int error)
{
	atomic_fetch_add(&calls, 1);
	if (expected(error))
		return;
	if (atomic_fetch_add(&unexpected, 1) < 20)
		printf("%s: %s\n", what, strerrorname_np(error) ?: "unknown errno");
}

static __attribute__((format(printf, 1, 2))) int control(const char *fmt, ...)
{
	char text[256];
	int fd, error = 0;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fd = open(CONTROL, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	/* what a path says of a bio goes up */
	if (error != ENODATA || strncmp(text, "submit", 6))
		note(text, error);
	return error;
}

static bool over(void)
{
	return now_ms() >= end_ms;
}

static unsigned int any(unsigned int *state, unsigned int n)
{
	return rand_r(state) % n;
}

static const char *const options[HEADS][3] = {
	{
		"pins failover stack remove_head path_error lib_cdev uring begin rcu keeps_pin",
		"pins failover stack remove_head own_cdev uring iopoll",
		"pins stack remove_head clone_bio_to lib_cdev uring",
	},
	{
		"pins failover remove_head lib_cdev uring iopoll rcu",
		"pins failover stack own_cdev uring begin path_error",
		"stack remove_head own_cdev clone_bio",
	},
};

static void heads(unsigned int *s)
{
	unsigned int h = any(s, HEADS);

	switch (any(s, 8)) {
	case 0:
		control("del_head fs%u", h);
		break;
	case 1:
		control("remove_disk fs%u", h);
		break;
	case 2:
		control("can_remove fs%u", h);
		break;
	default:
		control("add_head fs%u size=2 %s", h, options[h][any(s, 3)]);
	}
	msleep(any(s, 30));
}

static void paths(unsigned int *s)
{
	unsigned int h = any(s, HEADS), p = any(s, PATHS);

	switch (any(s, 6)) {
	case 0:
		control("del_path fs%up-%u", h, p);
		break;
	case 1:
		control("del_path fs%up-%u drop", h, p);
		break;
	default:
		control("add_path fs%u fs%up-%u access=%u", h, h, p, any(s, 3));
		control("set_live fs%up-%u", h, p);
	}
}

static void live(unsigned int *s)
{
	unsigned int h = any(s, HEADS), p = any(s, PATHS);
	static const char *const commands[] = {
		"set_live", "clear", "path_changed", "restored", "numa_nodes",
	};

	control("%s fs%up-%u", commands[any(s, 5)], h, p);
}

static void settings(unsigned int *s)
{
	unsigned int h = any(s, HEADS), p = any(s, PATHS);
	static const char *const words[] = {
		"error=io error_count=3", "error=medium error_count=1", "error=ok",
		"disabled=1", "disabled=0", "disabled=0", "available=0", "available=1",
		"access=0", "access=1", "access=2", "access_raw=0", "access_raw=1",
		"delay_us=500", "delay_us=0", "hang=1", "hang=0", "hang=0",
		"refuse=ENODEV refuse_count=2", "refuse_get=1", "refuse_get=0",
		"uring=later", "uring=inline", "uring=hold", "inflight=3", "inflight=0",
		"ro=1", "ro=0",
	};

	control("set fs%up-%u %s", h, p, words[any(s, sizeof(words) / sizeof(*words))]);
	if (!any(s, 20))
		control("release_uring");
}

static void attributes(unsigned int *s)
{
	unsigned int h = any(s, HEADS);
	static const char *const policies[] = {
		"numa", "round-robin", "queue-depth", "service-time",
	};

	switch (any(s, 6)) {
	case 0:
		control("secs fs%u %u", h, any(s, 3));
		break;
	case 1:
		control("requeue fs%u", h);
		break;
	case 2:
		control("clear_all fs%u", h);
		break;
	case 3:
		control("revalidate fs%u", h);
		break;
	case 4:
		control("call fs%u", h);
		break;
	default:
		control("policy fs%u %s", h, policies[any(s, 4)]);
	}
}

static void kernel_bios(unsigned int *s)
{
	static const char *const kinds[] = {
		"op=write", "op=read", "op=read nowait=1", "op=write polled=1", "op=flush",
		"op=discard", "op=write fua=1 sectors=64",
	};

	control("submit fs%u %s count=%u", any(s, HEADS), kinds[any(s, 7)], 1 + any(s, 20));
}

static void user_bios(unsigned int *s)
{
	char node[32];
	void *buf;
	int fd, i;

	if (posix_memalign(&buf, 4096, 4096))
		return;
	snprintf(node, sizeof(node), "/dev/fs%u", any(s, HEADS));
	fd = open(node, O_RDWR | O_DIRECT | O_CLOEXEC);
	note("open", fd < 0 && errno != EACCES && errno != EROFS ? errno : 0);
	for (i = 0; i < 20 && fd >= 0; i++) {
		off_t at = any(s, 256) * 4096;
		ssize_t n;

		if (any(s, 2)) {
			memset(buf, i, 4096);
			n = pwrite(fd, buf, 4096, at);
		} else {
			n = pread(fd, buf, 4096, at);
		}
		/* ENODATA: a medium error; ENOSPC: a write beyond a removed disk */
		if (n < 0 && errno != ENODATA && errno != ENOSPC && errno != EPERM)
			note("bio", errno);
		if (n < 0)
			break;
	}
	if (fd >= 0)
		close(fd);
	free(buf);
}

static void ioctls(unsigned int *s)
{
	char node[32], name[32];
	int fd, i;

	snprintf(node, sizeof(node), "/dev/fs%u%s", any(s, HEADS), any(s, 2) ? "-char" : "");
	fd = open(node, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		note("open", errno);
		return;
	}
	for (i = 0; i < 20; i++)
		note("ioctl", ioctl(fd, any(s, 2) ? FAKE_IOC_WHO : FAKE_IOC_RESULT, name) < 0 ?
		     errno : 0);
	close(fd);
}

static void commands(unsigned int *s)
{
	struct io_uring_cqe cqe;
	struct io_uring_sqe *sqe;
	char node[32];
	struct ring r;
	int fd, i, ret;

	snprintf(node, sizeof(node), "/dev/fs%u-char", any(s, HEADS));
	fd = open(node, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		note("open", errno);
		return;
	}
	if (ring_init(&r, 8, any(s, 4) ? 0 : IORING_SETUP_IOPOLL) < 0) {
		close(fd);
		return;
	}
	for (i = 0; i < 8; i++) {
		sqe = ring_sqe(&r);
		sqe->opcode = IORING_OP_URING_CMD;
		sqe->fd = fd;
		sqe->cmd_op = FAKE_URING_ECHO;
	}
	ret = ring_submit(&r);
	for (i = 0; i < ret; i++) {
		/* one that is held ends after 20 seconds by itself */
		if (ring_wait(&r, &cqe, NULL))
			continue;
		/* EINVAL: no path is usable */
		note("command", cqe.res < 0 && cqe.res != -EINVAL ? -cqe.res : 0);
	}
	ring_exit(&r);
	close(fd);
}

static void files(unsigned int *s)
{
	static const char *const names[] = {
		"mpath_stats/bios", "mpath_stats/requeued", "mpath_policy",
		"delayed_removal_secs", "stat", "inflight",
	};
	char path[128], buf[256];
	int fd, error = 0;

	if (any(s, 2))
		snprintf(path, sizeof(path), "/sys/block/fs%u/%s", any(s, HEADS),
			 names[any(s, 6)]);
	else
		snprintf(path, sizeof(path), "/sys/block/fs%u/mpath_stats/fs%up-%u/%s",
			 any(s, HEADS), any(s, HEADS), any(s, PATHS),
			 any(s, 2) ? "state" : "in_flight");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		note("open of a file", errno);
		return;
	}
	if (read(fd, buf, sizeof(buf)) < 0)
		error = errno;
	note("read of a file", error);
	close(fd);
}

/* Somebody is held in a callback for a moment, whatever the others do meanwhile. */
static void stops(unsigned int *s)
{
	static const char *const points[] = {
		"get_path", "put_path", "cdev_ioctl", "bdev_ioctl", "ioctl_begin",
		"ioctl_finish", "uring_cmd", "clone_bio", "path_submit", "path_done",
		"add_cdev", "del_cdev", "cdev_name", "remove_head", "path_error",
		"is_disabled", "available_path", "is_optimized", "call",
	};
	const char *point = points[any(s, sizeof(points) / sizeof(*points))];

	if (control("arm %s skip=%u threads=%u", point, any(s, 4), 1 + any(s, 2)))
		return;
	msleep(any(s, 50));
	/* the module may have gone meanwhile, then nobody is held */
	control("release %s", point);
}

/* Unloading is refused while anything is in use; when it works all starts anew. */
static void reload(unsigned int *s)
{
	static atomic_long reloads;
	char load[512];

	msleep(200 + any(s, 500));
	if (syscall(SYS_delete_module, "mpath_fake", O_NONBLOCK)) {
		if (errno != EAGAIN && errno != EBUSY && errno != ENOENT)
			note("unload", errno);
		return;
	}
	snprintf(load, sizeof(load), "insmod %s", module);
	if (system(load)) {
		printf("the module does not load again\n");
		atomic_fetch_add(&unexpected, 1);
	}
	if (atomic_fetch_add(&reloads, 1) < 3)
		printf("# loaded again\n");
}

static const struct worker {
	const char *name;
	void (*run)(unsigned int *s);
	int copies;
} workers[] = {
	{ "heads", heads, 1 },
	{ "paths", paths, 2 },
	{ "live", live, 1 },
	{ "settings", settings, 1 },
	{ "attributes", attributes, 1 },
	{ "kernel bios", kernel_bios, 2 },
	{ "user bios", user_bios, 2 },
	{ "ioctls", ioctls, 1 },
	{ "commands", commands, 1 },
	{ "files", files, 1 },
	{ "stops", stops, 1 },
	{ "reload", reload, 1 },
};

struct thread {
	const struct worker *worker;
	pthread_t id;
	unsigned int state;
	atomic_long rounds;
	atomic_bool done;
};

static void *work(void *arg)
{
	struct thread *t = arg;

	while (!over()) {
		t->worker->run(&t->state);
		atomic_fetch_add(&t->rounds, 1);
	}
	atomic_store(&t->done, true);
	return NULL;
}

/* Bios may wait for a path, and paths hang: let all go on, again and again. */
static void let_go(void)
{
	unsigned int h, p;

	control("release_uring");
	for (h = 0; h < HEADS; h++)
		for (p = 0; p < PATHS; p++) {
			control("set fs%up-%u hang=0 disabled=0 error=ok", h, p);
			control("path_changed fs%up-%u", h, p);
		}
	for (h = 0; h < HEADS; h++)
		control("del_head fs%u", h);
}

int main(int argc, char **argv)
{
	struct thread threads[32] = {};
	int n = 0, i, c, left;
	int64_t limit;

	if (argc < 4)
		return 2;
	seed = atoi(argv[2]);
	module = argv[3];
	end_ms = now_ms() + atoi(argv[1]) * 1000LL;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# %s seconds, seed %u\n", argv[1], seed);
	for (i = 0; i < (int)(sizeof(workers) / sizeof(*workers)); i++) {
		for (c = 0; c < workers[i].copies; c++, n++) {
			threads[n].worker = &workers[i];
			threads[n].state = seed * 100 + n;
			pthread_create(&threads[n].id, NULL, work, &threads[n]);
		}
	}
	/*
	 * While it runs too, everything has to be let go now and then, or else
	 * all threads end up waiting for a path.
	 */
	while (!over()) {
		msleep(2000);
		let_go();
	}
	limit = now_ms() + 60000;
	do {
		let_go();
		msleep(100);
		left = 0;
		for (i = 0; i < n; i++)
			left += !atomic_load(&threads[i].done);
	} while (left && now_ms() < limit);
	for (i = 0; i < n; i++)
		printf("# %s: %ld rounds%s\n", threads[i].worker->name,
		       atomic_load(&threads[i].rounds),
		       atomic_load(&threads[i].done) ? "" : ", HANGS");
	printf("# %ld calls, %ld unexpected answers, %d threads hang\n",
	       atomic_load(&calls), atomic_load(&unexpected), left);
	return left || atomic_load(&unexpected);
}
