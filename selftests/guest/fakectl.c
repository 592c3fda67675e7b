// SPDX-License-Identifier: GPL-2.0
/*
 * fakectl COMMAND [WORD...]: one command of mpath_fake.ko, see
 * selftests/modules/fake/control.c. Prints what the command says; if it fails,
 * the name of its errno on stderr. The exit status is the errno.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char text[2048] = "";
	int error = 0, fd, i;
	ssize_t n;

	fd = open("/sys/kernel/debug/mpath_fake/control", O_RDWR);
	if (fd < 0) {
		perror("control of mpath_fake");
		return 255;
	}
	for (i = 1; i < argc; i++) {
		strncat(text, argv[i], sizeof(text) - strlen(text) - 2);
		strcat(text, " ");
	}
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	while ((n = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, n, stdout);
	fflush(stdout);
	if (error)
		fprintf(stderr, "%s\n", strerrorname_np(error));
	return error;
}
