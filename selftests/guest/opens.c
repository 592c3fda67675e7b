// SPDX-License-Identifier: GPL-2.0
/*
 * opens MODE NODE: open the node, close it, and print OK or the errno's name.
 * MODE: r or w or rw, then x for O_EXCL. Exit status 0 if it opened.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int flags = O_RDONLY, fd;

	if (argc != 3)
		return 2;
	if (strchr(argv[1], 'w'))
		flags = strchr(argv[1], 'r') ? O_RDWR : O_WRONLY;
	if (strchr(argv[1], 'x'))
		flags |= O_EXCL;
	fd = open(argv[2], flags);
	if (fd < 0) {
		puts(strerrorname_np(errno));
		return 1;
	}
	close(fd);
	puts("OK");
	return 0;
}
