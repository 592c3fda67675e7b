/* SPDX-License-Identifier: GPL-2.0 */
/* What the C and the C++ half share; both compilers read it. */
#ifndef MPATH_EXAMPLE_H
#define MPATH_EXAMPLE_H

#include <mpath/template.h>

MPATH_C_BEGIN

/* Room for the C++ object of a path, in words of 8 bytes. */
#define EX_PATH_WORDS	1

/* backend.cpp */
extern const struct mpath_head_template ex_template;
/* @object: zeroed, EX_PATH_WORDS. The first path is the preferred one. */
void ex_object_init(void *object, unsigned int number) MPATH_NOEXCEPT;
void ex_object_gone(void *object) MPATH_NOEXCEPT;

/* driver.c */
bool ex_get_path(struct mpath_device *mdev) MPATH_NOEXCEPT;
void ex_put_path(struct mpath_device *mdev) MPATH_NOEXCEPT;

MPATH_C_END

#endif /* MPATH_EXAMPLE_H */
