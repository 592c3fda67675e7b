/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The callbacks of the template: bodies in C, where the kernel's structures are;
 * backend.cpp names them. Both compilers read these prototypes.
 */
#ifndef MPN_CALLBACKS_H
#define MPN_CALLBACKS_H

#include <mpath/template.h>

MPATH_C_BEGIN

/* backend.cpp */
extern const struct mpath_head_template mpn_template;

/* template.c */
bool mpn_available_path(struct mpath_device *mdev) MPATH_NOEXCEPT;
bool mpn_is_disabled(struct mpath_device *mdev) MPATH_NOEXCEPT;
bool mpn_is_optimized(struct mpath_device *mdev) MPATH_NOEXCEPT;
void mpn_remove_head(struct mpath_head *mpath) MPATH_NOEXCEPT;	/* grace.c */
bool mpn_get_path(struct mpath_device *mdev) MPATH_NOEXCEPT;
void mpn_put_path(struct mpath_device *mdev) MPATH_NOEXCEPT;
int mpn_cdev_name(struct mpath_head *mpath, char *buf, size_t len) MPATH_NOEXCEPT;
long mpn_cdev_ioctl(struct mpath_device *mdev, unsigned int cmd,
		    unsigned long arg, bool open_for_write) MPATH_NOEXCEPT;
void mpn_path_error(struct mpath_device *mdev, blk_status_t status) MPATH_NOEXCEPT;

/* ioctl.c */
bool mpn_partition_ioctl(unsigned int cmd) MPATH_NOEXCEPT;
bool mpn_ioctl_waits(unsigned int cmd) MPATH_NOEXCEPT;
unsigned int mpn_ioctl_timeout_ms(unsigned int cmd,
				  unsigned long arg) MPATH_NOEXCEPT;
bool mpn_ioctl_again(struct mpath_device *mdev, unsigned int cmd,
		     unsigned long arg, long ret) MPATH_NOEXCEPT;

/* ana.c */
extern const struct mpath_path_attr *const mpn_path_attrs[];

/* uring.c */
int mpn_uring_cmd(struct mpath_device *mdev, struct io_uring_cmd *ioucmd,
		  unsigned int issue_flags) MPATH_NOEXCEPT;
int mpn_uring_cmd_iopoll(struct io_uring_cmd *ioucmd, struct io_comp_batch *iob,
			 unsigned int poll_flags) MPATH_NOEXCEPT;
unsigned int mpn_uring_timeout_ms(struct io_uring_cmd *ioucmd,
				  unsigned int issue_flags) MPATH_NOEXCEPT;

MPATH_C_END

#endif /* MPN_CALLBACKS_H */
