// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end: message, registers, back trace, current thread, last trace records; then QEMU is left.
 *
 * The kernel keeps no frame pointers. The back trace shows every word of the stack that
 * points behind a call in the text: all callers, and now and then a stale one.
 */
#include "arch.h"
#include "debug.h"
#include "machine.h"
#include "thread.h"
#include "trace.h"

#define PANIC_STATUS 0x7e
#define STACK_WORDS 512
#define TRACE_LINES 24
#define CALL_NEAR 0xe8

extern const u32 ksyms_count, ksyms_offset[], ksyms_name[];
extern const char ksyms_strings[];

/* Name of the function that contains address, and the distance to its start; NULL outside the text. */
static const char *ksym_find(u64 address, u64 *distance)
{
	u32 offset = address - (u64)text_start, low = 0, high, middle;

	if (address < (u64)text_start || address >= (u64)text_end || !ksyms_count)
		return NULL;
	for (high = ksyms_count; high - low > 1;) {
		middle = (low + high) / 2;
		if (ksyms_offset[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	*distance = offset - ksyms_offset[low];
	return &ksyms_strings[ksyms_name[low]];
}

static void print_address(u64 address)
{
	u64 distance;
	const char *name = ksym_find(address, &distance);

	if (name)
		log_printf("  %016lx %s+0x%lx\n", address, name, distance);
}

/** Is there a call instruction in front of address: a direct one, or one of the indirect forms (ff /2)? */
static bool follows_call(u64 address)
{
	const u8 *p = (const u8 *)address;
	unsigned int n;

	if (address < (u64)text_start + 8 || address >= (u64)text_end)
		return false;
	if (p[-5] == CALL_NEAR)
		return true;
	for (n = 2; n <= 7; n++)
		if (p[-(int)n] == 0xff && (p[1 - (int)n] & 0x38) == 0x10)
			return true;
	return false;
}

static bool on_kernel_stack(u64 sp)
{
	return sp >= (u64)rodata_end && sp < (u64)image_end && !(sp & 7);
}

static void print_back_trace(u64 sp)
{
	unsigned int i;
	u64 word;

	log_printf("back trace:\n");
	for (i = 0; i < STACK_WORDS && on_kernel_stack(sp) && sp != (u64)boot_stack_end; i++, sp += 8) {
		word = *(u64 *)sp;
		if (follows_call(word))
			print_address(word - 1);
	}
}

static void print_frame(const struct frame *f)
{
	log_printf("rip %016lx cs %lx flags %lx rsp %016lx ss %lx trap %lu error %lx\n", f->ip, f->cs, f->flags,
		   f->sp, f->ss, f->trapno, f->err);
	log_printf("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", f->ax, f->bx, f->cx, f->dx);
	log_printf("rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", f->si, f->di, f->bp, f->r8);
	log_printf("r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
	log_printf("r13 %016lx r14 %016lx r15 %016lx cr2 %016lx cr3 %016lx\n", f->r13, f->r14, f->r15,
		   arch_cr2(), arch_cr3());
	print_address(f->ip);
}

void panic_frame(const struct frame *f, const char *fmt, ...)
{
	static bool again;
	char line[256];
	va_list args;

	interrupts_off();
	if (again)
		arch_shutdown(2 | PANIC_STATUS << 8);
	again = true;
	log_to_uart = true;
	va_start(args, fmt);
	format(line, sizeof(line), fmt, args);
	log_printf("\nkernel panic: %s\n", line);
	if (f)
		print_frame(f);
	print_back_trace(f ? f->sp : stack_pointer());
	if (this_cpu() && this_cpu()->current)
		log_printf("current thread: %lu \"%s\", user ip %016lx sp %016lx\n", this_cpu()->current->kobj.id,
			   this_cpu()->current->kobj.name, this_cpu()->current->frame.ip,
			   this_cpu()->current->frame.sp);
	trace_dump(TRACE_LINES);
	arch_shutdown(2 | PANIC_STATUS << 8);
}
