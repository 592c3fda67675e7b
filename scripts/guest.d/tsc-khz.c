// SPDX-License-Identifier: GPL-2.0
/* Prints how fast this machine's time stamp counter is, in kHz. */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define WINDOW_NS	200000000LL
#define TRIES		100

struct moment {
	long long ns;
	unsigned long long tsc;
};

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* The try between whose two readings the least time went by: none was interrupted. */
static struct moment look(void)
{
	unsigned long long least = -1ULL;
	struct moment best = { 0 };

	for (int i = 0; i < TRIES; i++) {
		unsigned long long before = __rdtsc();
		long long ns = now();
		unsigned long long after = __rdtsc();

		if (after - before < least) {
			least = after - before;
			best = (struct moment){ ns, before + least / 2 };
		}
	}
	return best;
}

int main(void)
{
	struct timespec wait = { .tv_nsec = WINDOW_NS };
	struct moment first = look(), last;

	nanosleep(&wait, NULL);
	last = look();
	printf("%.0f\n", (last.tsc - first.tsc) * 1e6 / (last.ns - first.ns));
	return 0;
}
