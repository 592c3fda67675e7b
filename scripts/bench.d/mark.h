/* SPDX-License-Identifier: GPL-2.0 */
/* The instruction that marks the begin and the end of what kinsn.c counts. */
#ifndef MARK_H
#define MARK_H

/* nopl 0x4b524d5b(%rax,%rax,1): does nothing, and no compiler makes it */
#define MARK_BYTES	0x0f, 0x1f, 0x84, 0x00, 0x5b, 0x4d, 0x52, 0x4b
#define MARK_ASM	".byte 0x0f, 0x1f, 0x84, 0x00, 0x5b, 0x4d, 0x52, 0x4b"

#endif /* MARK_H */
