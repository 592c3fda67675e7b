// SPDX-License-Identifier: GPL-2.0
/*
 * pr_ioctl NODE OP ARG...: one operation on persistent reservations. Prints 0,
 * the status that the ioctl returned (as of <linux/pr.h>), or the errno's name.
 *
 *	register OLD NEW [ignore]	reserve KEY TYPE
 *	release KEY TYPE		preempt OWN VICTIM TYPE
 *	preempt_abort OWN VICTIM TYPE	clear KEY
 *
 * NODE may be fd:N, a file that is open already. Exit status 0 if it printed 0.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/pr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static unsigned long long number(char **argv, int i)
{
	return argv[i] ? strtoull(argv[i], NULL, 0) : 0;
}

static int preempt(int fd, unsigned long cmd, char **argv)
{
	struct pr_preempt p = { .old_key = number(argv, 0) };

	if (argv[0] && argv[1]) {
		p.new_key = number(argv, 1);
		p.type = number(argv, 2);
	}
	return ioctl(fd, cmd, &p);
}

static int run(int fd, const char *op, char **argv)
{
	if (!strcmp(op, "register")) {
		struct pr_registration r = { .old_key = number(argv, 0) };

		if (argv[0] && argv[1]) {
			r.new_key = number(argv, 1);
			if (argv[2] && !strcmp(argv[2], "ignore"))
				r.flags = PR_FL_IGNORE_KEY;
		}
		return ioctl(fd, IOC_PR_REGISTER, &r);
	}
	if (!strcmp(op, "reserve") || !strcmp(op, "release")) {
		struct pr_reservation r = { .key = number(argv, 0) };

		if (argv[0])
			r.type = number(argv, 1);
		return ioctl(fd, op[3] == 'e' && op[2] == 's' ? IOC_PR_RESERVE :
							       IOC_PR_RELEASE, &r);
	}
	if (!strcmp(op, "preempt"))
		return preempt(fd, IOC_PR_PREEMPT, argv);
	if (!strcmp(op, "preempt_abort"))
		return preempt(fd, IOC_PR_PREEMPT_ABORT, argv);
	if (!strcmp(op, "clear")) {
		struct pr_clear c = { .key = number(argv, 0) };

		return ioctl(fd, IOC_PR_CLEAR, &c);
	}
	fprintf(stderr, "unknown operation %s\n", op);
	exit(2);
}

int main(int argc, char **argv)
{
	int fd, ret;

	if (argc < 3)
		return 2;
	if (!strncmp(argv[1], "fd:", 3))
		fd = atoi(argv[1] + 3);
	else
		fd = open(argv[1], O_RDWR);
	if (fd < 0) {
		perror(argv[1]);
		return 2;
	}
	ret = run(fd, argv[2], argv + 3);
	if (ret < 0)
		puts(strerrorname_np(errno));
	else
		printf("%d\n", ret);
	return ret != 0;
}
