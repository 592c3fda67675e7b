// SPDX-License-Identifier: GPL-2.0
/* mark: tells scripts/bench's QEMU plugin that a measurement begins or ends. */
#include "../../scripts/bench.d/mark.h"

int main(void)
{
	__asm__ volatile(MARK_ASM);
	return 0;
}
