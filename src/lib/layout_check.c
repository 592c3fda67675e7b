// SPDX-License-Identifier: GPL-2.0
/* What src/bridge/abi.h repeats of the kernel's and the API's constants. */
#include <linux/errno.h>
#include <linux/io_uring/cmd.h>
#include <linux/numa.h>

#include "internal.h"

/* Compares its list of the template's fields with the API's struct. */
#include <mpath/template.h>

static_assert(MPC_EIO == EIO);
static_assert(MPC_ENXIO == ENXIO);
static_assert(MPC_ISSUE_NONBLOCK == (u32)IO_URING_F_NONBLOCK);
static_assert(MPC_EBUSY == EBUSY);
static_assert(MPC_EAGAIN == EAGAIN && EAGAIN == EWOULDBLOCK);
static_assert(MPC_ENOMEM == ENOMEM);
static_assert(MPC_ENODEV == ENODEV);
static_assert(MPC_EINVAL == EINVAL);
static_assert(MPC_ENOTTY == ENOTTY);
static_assert(MPC_ENOSPC == ENOSPC);
static_assert(MPC_ERANGE == ERANGE);
static_assert(MPC_EOPNOTSUPP == EOPNOTSUPP);
static_assert(MPC_ESHUTDOWN == ESHUTDOWN);
static_assert(MPC_EIOCBQUEUED == EIOCBQUEUED);

static_assert(MPC_ACCESS_OPTIMIZED == MPATH_STATE_OPTIMIZED);
static_assert(MPC_ACCESS_NONOPTIMIZED == MPATH_STATE_NONOPTIMIZED);
static_assert(MPC_ACCESS_OTHER == MPATH_STATE_OTHER);

static_assert(MPC_NO_NODE == NUMA_NO_NODE);
static_assert(MPC_MAX_PATHS == MPATH_MAX_PATHS);
static_assert(MPC_HEAD_WORDS == MPATH_CORE_HEAD_WORDS);
static_assert(MPC_PATH_WORDS == MPATH_CORE_PATH_WORDS);

/* The core reads these through a pointer of another type. */
static_assert(sizeof(enum mpath_iopolicy_e) == sizeof(u32));
static_assert(sizeof(enum mpath_access_state) == sizeof(u32));
static_assert(sizeof(((atomic_t *)0)->counter) == sizeof(s32));
static_assert(sizeof(bool) == 1);
