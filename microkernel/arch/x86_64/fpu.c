// SPDX-License-Identifier: GPL-2.0-only
/*
 * FPU state areas: XSAVE when the CPU has it, else FXSAVE. An area is 64-byte
 * aligned, fpu_state_bytes long.
 */
#include "cpu.h"
#include "machine.h"
#include "string.h"

#define XCR0_X87_SSE 0x3UL
#define XCR0_AVX 0x4UL
#define XCR0_AVX512 0xe0UL
#define FXSAVE_BYTES 512
#define FXSAVE_CONTROL_WORD 0
#define FXSAVE_MXCSR 24
#define XSAVE_HEADER 512
#define XSAVE_HEADER_BYTES 64

u32 fpu_state_bytes = FXSAVE_BYTES;
bool fpu_have_xsaveopt;
static bool have_xsave;

/** AVX-512's three parts only together and only above AVX; nothing else is offered. */
static u64 wanted_features(void)
{
	struct cpuid d = cpuid(13, 0);
	u64 supported = d.a | (u64)d.d << 32, wanted = XCR0_X87_SSE;

	if (supported & XCR0_AVX) {
		wanted |= XCR0_AVX;
		if ((supported & XCR0_AVX512) == XCR0_AVX512)
			wanted |= XCR0_AVX512;
	}
	return wanted;
}

void fpu_cpu_init(void)
{
	this_cpu()->long_ipc |= LONG_IPC_NO_XSAVEOPT;
	if (!(read_cr4() & CR4_OSXSAVE))
		return;
	have_xsave = true;
	kip.xcr0 = wanted_features();
	xsetbv(0, kip.xcr0);
	fpu_state_bytes = cpuid(13, 0).b; /* size for what XCR0 enables now */
	fpu_have_xsaveopt = cpuid(13, 1).a & 1;
	if (fpu_have_xsaveopt)
		this_cpu()->long_ipc &= ~LONG_IPC_NO_XSAVEOPT;
}

void fpu_init_state(void *area)
{
	/* With a header that says that no component is saved, XRSTOR looks at nothing else but MXCSR. */
	if (have_xsave)
		memset((char *)area + XSAVE_HEADER, 0, XSAVE_HEADER_BYTES);
	else
		memset(area, 0, fpu_state_bytes);
	*(u16 *)((char *)area + FXSAVE_CONTROL_WORD) = 0x37f;
	*(u32 *)((char *)area + FXSAVE_MXCSR) = 0x1f80;
}

void fpu_save(void *area)
{
	if (fpu_have_xsaveopt)
		fp_xsaveopt(area);
	else if (have_xsave)
		fp_xsave(area);
	else
		fp_fxsave(area);
}

void fpu_restore(const void *area)
{
	if (have_xsave)
		fp_xrstor(area);
	else
		fp_fxrstor(area);
}
