/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one place that knows kernel versions. Everything else is written for the
 * oldest kernel supported, 6.12; what a later one does otherwise gets one
 * inline or macro here, with the release that changed it.
 */
#ifndef MPATH_COMPAT_H
#define MPATH_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#error "kernels before 6.12 are not supported"
#endif

/* 6.13: the namespace of MODULE_IMPORT_NS() is a string literal. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define MPATH_IMPORT_NS(ns)	MODULE_IMPORT_NS(#ns)
#else
#define MPATH_IMPORT_NS(ns)	MODULE_IMPORT_NS(ns)
#endif

#endif /* MPATH_COMPAT_H */
