// SPDX-License-Identifier: Apache-2.0
/* Computes all the time: a recurrence in memory, one in registers, and what they must agree on. */
#include "protocol.h"

int main(int argc, char **argv)
{
	volatile unsigned long in_memory = 1;
	unsigned long in_register = 1, steps = 0;

	begin(argc, argv, NEEDS_NOTHING);
	ready();
	while (running()) {
		for (int i = 0; i < 10000; i++, steps++) {
			in_memory = in_memory * 6364136223846793005ul + 1442695040888963407ul;
			in_register = in_register * 6364136223846793005ul + 1442695040888963407ul;
		}
		if (in_memory != in_register)
			fail("after %lu steps memory has %lx and the register %lx", steps, in_memory, in_register);
	}
	pass();
}
