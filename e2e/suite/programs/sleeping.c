// SPDX-License-Identifier: Apache-2.0
/* Sleeps in short and long calls: none ends early, and no clock goes backwards. */
#include "protocol.h"

#include <time.h>

static long long now(clockid_t clock)
{
	struct timespec time;

	MUST(!clock_gettime(clock, &time));
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

int main(int argc, char **argv)
{
	const struct timespec naps[] = { { 0, 2000000 }, { 0, 300000000 } };
	long long last[2] = { 0, 0 };

	begin(argc, argv, NEEDS_NOTHING);
	ready();
	for (int turn = 0; running(); turn = !turn) {
		const struct timespec *nap = &naps[turn];
		long long begun = now(CLOCK_MONOTONIC), slept;

		MUST(!clock_nanosleep(CLOCK_MONOTONIC, 0, nap, NULL));
		slept = now(CLOCK_MONOTONIC) - begun;
		if (slept < nap->tv_nsec)
			fail("a sleep of %ld ns took %lld ns", nap->tv_nsec, slept);
		for (int i = 0; i < 2; i++) {
			long long time = now(i ? CLOCK_BOOTTIME : CLOCK_MONOTONIC);

			if (time < last[i])
				fail("clock %d went from %lld to %lld", i, last[i], time);
			last[i] = time;
		}
	}
	pass();
}
