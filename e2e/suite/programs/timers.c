// SPDX-License-Identifier: Apache-2.0
/* An interval timer goes on and does not fire too often; another stays disarmed. */
#define _GNU_SOURCE
#include "protocol.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>

enum { PERIOD_MS = 50 };

static volatile int alarms;

static void on_alarm(int number)
{
	(void)number;
	alarms++;
}

static double now(void)
{
	struct timespec time;

	MUST(!clock_gettime(CLOCK_MONOTONIC, &time));
	return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval interval = { { 0, PERIOD_MS * 1000 }, { 0, PERIOD_MS * 1000 } }, left;
	double begun;
	int had;

	begin(argc, argv, NEEDS_NOTHING);
	MUST(!sigaction(SIGALRM, &action, NULL));
	begun = now();
	MUST(!setitimer(ITIMER_REAL, &interval, NULL));
	ready();
	await_end();

	/* It may have stood still for any time; what fires too often has been armed anew. */
	had = alarms;
	if (had > (now() - begun) * 1000 / PERIOD_MS + 1)
		fail("%d alarms within %.3f s", had, now() - begun);
	for (int i = 0; i < 100 && alarms < had + 3; i++)
		nanosleep(&(struct timespec){ 0, PERIOD_MS * 1000000 }, NULL);
	if (alarms < had + 3)
		fail("the timer has stopped: %d alarms", alarms - had);
	MUST(!getitimer(ITIMER_REAL, &left));
	if (left.it_interval.tv_sec || left.it_interval.tv_usec != PERIOD_MS * 1000)
		fail("the interval is %ld s and %ld us", (long)left.it_interval.tv_sec, (long)left.it_interval.tv_usec);
	MUST(!getitimer(ITIMER_VIRTUAL, &left));
	if (left.it_value.tv_sec || left.it_value.tv_usec)
		fail("the timer that was never armed is");
	pass();
}
