// SPDX-License-Identifier: GPL-2.0
/*
 * once: load that keeps books. Writes and reads units of a namespace without end and
 * checks that each command completes exactly once and that what was written is read.
 *
 *	once --uring|--ioctl|--block NODE [OPTION...]
 *
 *	--nsid N --lba BYTES	of the namespace (1, 512)
 *	--first LBA --units N --size BYTES	what it works on (0, 64, 4096)
 *	--depth N	commands at a time (8)
 *	--seconds N	without it: until SIGINT or SIGTERM
 *	--timeout MS	of each command (0: the driver's)
 *	--limit N	how long a command may take before it counts as lost, in seconds (60)
 *	--until-error	stop at the first command that ends with an error
 *	--vec --fixed --async --polled --sqpoll	(--uring) kind of submission
 *	--meta BYTES	(--uring) metadata of a block, in a buffer of its own; a unit's has
 *			to have 16 bytes
 *
 * At the end everything written is read once more. One line is printed:
 *	issued= good= bad= twice= lost= wrong= gap_ms= codes=
 * twice: completions of a command that was not out; wrong: reads of other data than
 * written; gap_ms: the longest time without a command that ended well; codes: errors,
 * errno or NVMe status, and how many. Exit status 0 if there was nothing of these.
 */
#define NVME_NO_TESTS
#include <getopt.h>
#include <pthread.h>
#include <signal.h>

#include "ledger.h"
#include "nvme_test.h"

static enum { URING, IOCTL, BLOCK } kind = -1;
static const char *node;
static int nsid = 1, lba = 512, depth = 8, limit = 60, meta;
static long first, units = 64, size = 4096, seconds;
static int timeout, until_error, vec, fixed, async, polled, sqpoll;

static struct ledger books;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile sig_atomic_t stopped;
static int fd;

/* One command at a time each; its units are those with this remainder. */
struct slot {
	char *buf, *meta;
	struct iovec vec[2];
	uint64_t unit, generation, draws;
	int64_t since;
	bool out, write;
};

static struct slot *slots;

static volatile sig_atomic_t pipes;

static void stop(int sig)
{
	stopped = 1;
}

/*
 * The stock TCP transport sends without MSG_NOSIGNAL, in the submitter's task if need be: a
 * connection that is gone can kill it, whatever is above that transport.
 */
static void broken_pipe(int sig)
{
	pipes++;
}

static void *buffer(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		       -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return p;
}

static size_t meta_len(void)
{
	return size / lba * meta;
}

/* What comes next is the same in each run: a mix, written units more often. */
static void draw(struct slot *s, unsigned int index, bool read_back)
{
	uint64_t mine = units / depth, x;

	x = (s->draws++ * depth + index + 1) * 0x9e3779b97f4a7c15ull;
	s->unit = (x >> 33) % mine * depth + index;
	s->write = x >> 63 || !books.unit[s->unit].tried;
	if (read_back) {
		s->unit = (s->draws - 1) * depth + index;
		s->write = false;
	}
	if (s->write) {
		uint32_t turn = ++books.unit[s->unit].tried;

		stamp(&books, s->buf, size, s->unit, turn);
		stamp(&books, s->meta, meta_len(), s->unit, turn);
	} else {
		memset(s->buf, 0xa5, size);
		memset(s->meta, 0xa5, meta_len());
	}
	books.issued++;
	s->generation++;
	s->out = true;
	s->since = now_ms();
}

/* A registered buffer begins before the data: what is sent again has to know where. */
static size_t inside;

static uint64_t slba(const struct slot *s)
{
	return first + s->unit * (size / lba);
}

/* The command of a slot has ended. */
static void ended(struct slot *s, int result)
{
	s->out = false;
	if (result) {
		ledger_bad(&books, result);
		if (until_error)
			stopped = 1;
		return;
	}
	if (!s->write)
		ledger_check(&books, s->unit, s->buf, size, node);
	if (!s->write && meta && books.unit[s->unit].kept && !same_write(s->buf, s->meta)) {
		fprintf(stderr, "%s: unit %llu: the metadata is of another write\n", node,
			(unsigned long long)s->unit);
		books.wrong++;
	}
	ledger_good(&books, s->unit, s->write, now_ms());
}

/* ---- io_uring ------------------------------------------------------------- */

static void prepare(struct ring *r, unsigned int index)
{
	struct slot *s = &slots[index];
	struct io_uring_sqe *sqe = ring_sqe(r);
	struct nvme_uring_cmd cmd = {
		.opcode = s->write ? OP_WRITE : OP_READ, .nsid = nsid,
		.addr = (uintptr_t)s->buf, .data_len = size, .timeout_ms = timeout,
		.metadata = meta ? (uintptr_t)s->meta : 0, .metadata_len = meta_len(),
		.cdw10 = slba(s), .cdw11 = slba(s) >> 32, .cdw12 = size / lba - 1,
	};

	if (kind == BLOCK) {
		sqe->opcode = s->write ? IORING_OP_WRITE : IORING_OP_READ;
		sqe->fd = fd;
		sqe->addr = (uintptr_t)s->buf;
		sqe->len = size;
		sqe->off = slba(s) * lba;
		sqe->user_data = s->generation << 16 | index;
		return;
	}
	if (vec) {
		s->vec[0] = (struct iovec){ s->buf, size / 2 };
		s->vec[1] = (struct iovec){ s->buf + size / 2, size / 2 };
		cmd.addr = (uintptr_t)s->vec;
		cmd.data_len = 2;
	}
	prep_nvme(r, sqe, fd, vec ? NVME_URING_CMD_IO_VEC : NVME_URING_CMD_IO, &cmd,
		  s->generation << 16 | index);
	if (fixed) {
		sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
		sqe->buf_index = index;
	}
	if (async)
		sqe->flags |= IOSQE_ASYNC;
}

/* @dword0: of the completion by the device; reads and writes have none */
static void complete(const struct io_uring_cqe *cqe, uint64_t dword0)
{
	unsigned int index = cqe->user_data & 0xffff;
	struct slot *s = &slots[index];
	int result = cqe->res;

	if ((int)index >= depth || !s->out || s->generation != cqe->user_data >> 16) {
		fprintf(stderr, "%s: a completion of no command that is out: %llx, result %d\n", node,
			(unsigned long long)cqe->user_data, cqe->res);
		books.twice++;
		return;
	}
	if (kind == BLOCK)
		result = result == size ? 0 : result < 0 ? result : -EIO;
	if (!result && dword0) {
		fprintf(stderr, "%s: a command has the result %llx\n", node, (unsigned long long)dword0);
		books.wrong++;
	}
	ended(s, result);
}

static bool too_late(void)
{
	int64_t now = now_ms();

	for (int i = 0; i < depth; i++)
		if (slots[i].out && now - slots[i].since > limit * 1000LL)
			return true;
	return false;
}

/* More of each slot as long as @more says so, and until nothing is out. */
static void run_ring(struct ring *r, bool (*more)(struct slot *s, unsigned int index))
{
	struct io_uring_cqe cqe;
	uint64_t dword0 = 0;
	int out, errors;

	for (;;) {
		errors = books.bad;
		out = 0;
		for (int i = 0; i < depth; i++) {
			if (!slots[i].out && more(&slots[i], i))
				prepare(r, i);
			out += slots[i].out;
		}
		if (!out)
			return;
		if (r->pending && ring_submit(r) < 0) {	/* all or an error: SUBMIT_ALL */
			perror("io_uring_enter");
			exit(2);
		}
		if (!ring_wait_ms(r, &cqe, &dword0, 200))
			do
				complete(&cqe, dword0);
			while (!ring_wait_ms(r, &cqe, &dword0, 0));
		else
			ledger_gap(&books, now_ms());
		if (too_late())
			return;
		if (books.bad != errors)
			msleep(1);	/* do not spin on a device that has gone */
	}
}

static int64_t end_ms;

static bool another(struct slot *s, unsigned int index)
{
	if (stopped || (end_ms && now_ms() > end_ms))
		return false;
	draw(s, index, false);
	return true;
}

static bool read_back(struct slot *s, unsigned int index)
{
	if ((int64_t)(s->draws * depth + index) >= units)
		return false;
	draw(s, index, true);
	return true;
}

static void by_ring(void)
{
	unsigned int flags = IORING_SETUP_SUBMIT_ALL | (kind == URING ? RING_BIG : 0);
	struct io_uring_cqe cqe;
	struct ring r;
	int ret;

	if (polled)
		flags |= IORING_SETUP_IOPOLL;
	if (sqpoll)
		flags |= IORING_SETUP_SQPOLL;
	ret = ring_init(&r, 2 * depth, flags);
	if (!ret && fixed) {
		struct iovec v[depth];

		for (int i = 0; i < depth; i++)
			v[i] = (struct iovec){ slots[i].buf - inside, inside + size };
		ret = ring_register(&r, IORING_REGISTER_BUFFERS, v, depth);
	}
	if (ret) {
		fprintf(stderr, "io_uring: %s\n", strerror(-ret));
		exit(2);
	}
	run_ring(&r, another);
	/* what came after the last good one, too, if something is still out */
	ledger_gap(&books, now_ms());
	for (int i = 0; i < depth; i++)
		books.lost += slots[i].out;
	if (books.lost)
		return;
	for (int i = 0; i < depth; i++)
		slots[i].draws = 0;
	books.last_ms = now_ms();
	run_ring(&r, read_back);
	for (int i = 0; i < depth; i++)
		books.lost += slots[i].out;
	/* nothing is out: what comes now comes twice */
	while (!ring_wait_ms(&r, &cqe, NULL, 100))
		complete(&cqe, 0);
}

/* ---- ioctl ---------------------------------------------------------------- */

static void call(struct slot *s)
{
	struct nvme_passthru_cmd cmd = {
		.opcode = s->write ? OP_WRITE : OP_READ, .nsid = nsid,
		.addr = (uintptr_t)s->buf, .data_len = size, .timeout_ms = timeout,
		.cdw10 = slba(s), .cdw11 = slba(s) >> 32, .cdw12 = size / lba - 1,
	};
	int ret = ioctl(fd, NVME_IOCTL_IO_CMD, &cmd);

	if (ret < 0)
		ret = -errno;
	pthread_mutex_lock(&lock);
	ended(s, ret);
	pthread_mutex_unlock(&lock);
	if (ret)
		msleep(1);
}

static bool (*next)(struct slot *s, unsigned int index);

static void *caller(void *arg)
{
	struct slot *s = arg;

	for (;;) {
		bool go;

		pthread_mutex_lock(&lock);
		go = next(s, s - slots);
		pthread_mutex_unlock(&lock);
		if (!go)
			return NULL;
		call(s);
	}
}

static bool by_threads(void)
{
	pthread_t threads[depth];
	bool lost = false;

	for (int i = 0; i < depth; i++)
		if (pthread_create(&threads[i], NULL, caller, &slots[i])) {
			perror("pthread_create");
			exit(2);
		}
	for (int i = 0; i < depth; i++) {
		while (pthread_tryjoin_np(threads[i], NULL)) {
			pthread_mutex_lock(&lock);
			lost = too_late();
			pthread_mutex_unlock(&lock);
			if (lost)
				return false;
			msleep(20);
		}
	}
	return true;
}

static void by_ioctl(void)
{
	bool done;

	next = another;
	done = by_threads();
	pthread_mutex_lock(&lock);
	ledger_gap(&books, now_ms());
	pthread_mutex_unlock(&lock);
	if (done) {
		for (int i = 0; i < depth; i++)
			slots[i].draws = 0;
		books.last_ms = now_ms();
		next = read_back;
		done = by_threads();
	}
	pthread_mutex_lock(&lock);
	for (int i = 0; i < depth; i++)
		books.lost += slots[i].out;
}

/* ---- options -------------------------------------------------------------- */

static int usage(void)
{
	fprintf(stderr, "usage: see the head of once.c\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "uring", 1, NULL, 'u' }, { "ioctl", 1, NULL, 'i' }, { "block", 1, NULL, 'b' },
		{ "nsid", 1, NULL, 'n' }, { "lba", 1, NULL, 'l' }, { "first", 1, NULL, 'f' },
		{ "units", 1, NULL, 'U' }, { "size", 1, NULL, 's' }, { "depth", 1, NULL, 'd' },
		{ "seconds", 1, NULL, 'S' }, { "limit", 1, NULL, 'L' }, { "meta", 1, NULL, 'm' },
		{ "timeout", 1, NULL, 't' },
		{ "until-error", 0, &until_error, 1 }, { "vec", 0, &vec, 1 }, { "fixed", 0, &fixed, 1 },
		{ "async", 0, &async, 1 }, { "polled", 0, &polled, 1 }, { "sqpoll", 0, &sqpoll, 1 },
		{ }
	};
	bool well;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 0: break;
		case 'u': kind = URING; node = optarg; break;
		case 'i': kind = IOCTL; node = optarg; break;
		case 'b': kind = BLOCK; node = optarg; break;
		case 'n': nsid = atoi(optarg); break;
		case 'l': lba = atoi(optarg); break;
		case 'f': first = atol(optarg); break;
		case 'U': units = atol(optarg); break;
		case 's': size = atol(optarg); break;
		case 'd': depth = atoi(optarg); break;
		case 'S': seconds = atol(optarg); break;
		case 'L': limit = atoi(optarg); break;
		case 'm': meta = atoi(optarg); break;
		case 't': timeout = atoi(optarg); break;
		default: return usage();
		}
	if (!node || optind != argc || depth < 1 || depth > 256 || units < depth || lba < STRIDE ||
	    size < lba || size % lba)
		return usage();
	units -= units % depth;
	limit *= slow();
	fd = open(node, O_RDWR | O_CLOEXEC | (kind == BLOCK ? O_DIRECT : 0));
	if (fd < 0) {
		perror(node);
		return 2;
	}
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	signal(SIGPIPE, broken_pipe);
	inside = fixed ? 512 : 0;
	slots = calloc(depth, sizeof(*slots));
	for (int i = 0; i < depth; i++) {
		slots[i].buf = (char *)buffer(inside + size) + inside;
		slots[i].meta = buffer(meta ? meta_len() : 1);
	}
	ledger_init(&books, units, now_ms());
	end_ms = seconds ? now_ms() + seconds * 1000 : 0;
	if (kind == IOCTL)
		by_ioctl();
	else
		by_ring();
	if (pipes)
		fprintf(stderr, "SIGPIPE %d times, from below\n", (int)pipes);
	well = ledger_close(&books, kind == URING ? "uring" : kind == IOCTL ? "ioctl" : "block");
	fflush(stdout);
	/* not exit(): threads may still be in a call */
	_exit(!well);
}
