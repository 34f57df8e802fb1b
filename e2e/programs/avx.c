// SPDX-License-Identifier: Apache-2.0
/*
 * Vector registers that are live from the first line to the last: they are
 * loaded once, changed by every line and never reloaded.  Beside them a scalar
 * model in memory says what they must hold.  The x87 stack and the two control
 * words are kept for the whole run too.
 *
 * Built with -mgeneral-regs-only, so the compiler leaves these registers alone;
 * between load and verdict no C library function runs that might not.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "program.h"

#define REGISTERS 16
#define CHANGING 8		/* the first ones; the others are constants */
#define ROUNDS 100000
#define MXCSR 0x7f80		/* all exceptions masked, round towards zero */
#define X87_CONTROL 0x0f7f	/* likewise */
#define X87_WORDS 8

typedef uint64_t lane;

static unsigned int lanes;	/* 64-bit lanes per register: 2 SSE, 4 AVX */
static lane model[REGISTERS][4] __attribute__((aligned(32)));
static lane found[REGISTERS][4] __attribute__((aligned(32)));

#define EACH(op, reg) \
	op(reg, 0) op(reg, 1) op(reg, 2) op(reg, 3) \
	op(reg, 4) op(reg, 5) op(reg, 6) op(reg, 7) \
	op(reg, 8) op(reg, 9) op(reg, 10) op(reg, 11) \
	op(reg, 12) op(reg, 13) op(reg, 14) op(reg, 15)

#define LOAD_AVX(base, n) "vmovdqa " #n "*32(" base "), %%ymm" #n "\n\t"
#define STORE_AVX(base, n) "vmovdqa %%ymm" #n ", " #n "*32(" base ")\n\t"
#define LOAD_SSE(base, n) "movdqa " #n "*32(" base "), %%xmm" #n "\n\t"
#define STORE_SSE(base, n) "movdqa %%xmm" #n ", " #n "*32(" base ")\n\t"

/* reg[a] += reg[b]; reg[a] ^= reg[c] */
#define STEP_AVX(a, b, c) \
	"vpaddq %%ymm" #b ", %%ymm" #a ", %%ymm" #a "\n\t" \
	"vpxor %%ymm" #c ", %%ymm" #a ", %%ymm" #a "\n\t"
#define STEP_SSE(a, b, c) \
	"paddq %%xmm" #b ", %%xmm" #a "\n\t" \
	"pxor %%xmm" #c ", %%xmm" #a "\n\t"
#define ROUND(step) \
	step(0, 1, 8) step(1, 2, 9) step(2, 3, 10) step(3, 4, 11) \
	step(4, 5, 12) step(5, 6, 13) step(6, 7, 14) step(7, 0, 15)

static void load(void)
{
	if (lanes == 4)
		asm volatile(EACH(LOAD_AVX, "%0") : : "r"(model) : "memory");
	else
		asm volatile(EACH(LOAD_SSE, "%0") : : "r"(model) : "memory");
}

static void store(void)
{
	if (lanes == 4)
		asm volatile(EACH(STORE_AVX, "%0") : : "r"(found) : "memory");
	else
		asm volatile(EACH(STORE_SSE, "%0") : : "r"(found) : "memory");
}

static void change(void)
{
	long rounds = ROUNDS;

	if (lanes == 4)
		asm volatile("1:\n\t" ROUND(STEP_AVX) "dec %0\n\tjnz 1b"
			     : "+r"(rounds) : : "cc");
	else
		asm volatile("1:\n\t" ROUND(STEP_SSE) "dec %0\n\tjnz 1b"
			     : "+r"(rounds) : : "cc");
}

static void change_model(void)
{
	for (unsigned int l = 0; l < lanes; l++)
		for (int round = 0; round < ROUNDS; round++)
			for (int a = 0; a < CHANGING; a++)
				model[a][l] = (model[a][l] + model[(a + 1) % CHANGING][l]) ^
					      model[CHANGING + a][l];
}

/* program_line() without the C library */
static void line(long number, uint64_t hash)
{
	char text[48], *p = text + sizeof(text);

	*--p = '\n';
	for (int i = 0; i < 16; i++, hash >>= 4)
		*--p = "0123456789abcdef"[hash & 15];
	*--p = ' ';
	for (; number; number /= 10)
		*--p = '0' + number % 10;
	syscall(SYS_write, program_descriptor(), p, text + sizeof(text) - p);
}

static bool has_avx2(void)
{
	unsigned int a, b, c, d, enabled;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return false;
	asm volatile("xgetbv" : "=a"(enabled), "=d"(d) : "c"(0));
	if ((enabled & 6) != 6)
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2);
}

static void load_x87(void)
{
	unsigned short control = X87_CONTROL;
	unsigned int mxcsr = MXCSR;

	asm volatile("fninit\n\tfldcw %0\n\tldmxcsr %1" : : "m"(control), "m"(mxcsr));
	for (int i = 0; i < X87_WORDS; i++) {
		long long value = program_mix(i) >> 1;

		asm volatile("fildll %0" : : "m"(value));
	}
}

/* The number of the first wrong x87 register, or -1. */
static int verify_x87(void)
{
	for (int i = X87_WORDS - 1; i >= 0; i--) {
		long long value = 0;

		asm volatile("fistpll %0" : "=m"(value));
		if (value != (long long)(program_mix(i) >> 1))
			return i;
	}
	return -1;
}

int main(int argc, char **argv)
{
	int wrong = -1, wrong_x87;
	unsigned short control;
	unsigned int mxcsr;
	long number = 0, count;

	program_begin(argc, argv, 0);
	lanes = has_avx2() ? 4 : 2;
	count = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
	program_note("%s", lanes == 4 ? "AVX" : "SSE");
	for (int i = 0; i < REGISTERS; i++)
		for (unsigned int l = 0; l < lanes; l++)
			model[i][l] = program_mix(i * 4 + l + 1);
	load();
	load_x87();

	while (wrong < 0 && !program_told_to_stop() && (!count || number < count)) {
		uint64_t hash = 0;

		change();
		change_model();
		store();
		for (int i = 0; i < REGISTERS; i++) {
			for (unsigned int l = 0; l < lanes; l++) {
				if (found[i][l] != model[i][l])
					wrong = i;
				hash = program_mix(hash ^ found[i][l]);
			}
		}
		line(++number, hash);
	}

	asm volatile("fnstcw %0\n\tstmxcsr %1" : "=m"(control), "=m"(mxcsr));
	wrong_x87 = verify_x87();
	asm volatile("fninit");
	program_check(wrong < 0, "vector register %d is not what it should be", wrong);
	program_check(wrong_x87 < 0, "x87 register %d is not what it should be", wrong_x87);
	program_check(control == X87_CONTROL, "x87 control word 0x%x", control);
	program_check((mxcsr & ~0x3fu) == MXCSR, "mxcsr 0x%x", mxcsr);
	program_pass();
}
