/* SPDX-License-Identifier: GPL-2.0 */
/* ioctls and io_uring commands of mpath_fake.ko, for the module and the tests. */
#ifndef MPATH_FAKE_USER_H
#define MPATH_FAKE_USER_H

#include <linux/ioctl.h>

/* Returns the path's setting ioctl_result. */
#define FAKE_IOC_RESULT		_IO('F', 2)
/* char[32]: the path's name; the last byte is 1 if it came as a compat ioctl. */
#define FAKE_IOC_WHO		_IO('F', 4)
/* The same; odd, so allowed on partitions by a head with partition_ioctl. */
#define FAKE_IOC_WHO_ODD	_IO('F', 5)
/* Char node: 1 if it was opened for writing. */
#define FAKE_IOC_WRITABLE	_IO('F', 6)

/* io_uring commands: the result is the path's uring_result + the first u32. */
#define FAKE_URING_ECHO		_IO('F', 16)

#endif /* MPATH_FAKE_USER_H */
