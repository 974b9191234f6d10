/* SPDX-License-Identifier: MIT */
/* What init tells the people. */
#include "init.h"
#include "../../lib/fmt.h"

void say(const char *format, ...)
{
	char text[240];
	va_list args;

	va_start(args, format);
	fmt_vtext(text, sizeof(text), format, args);
	va_end(args);
	fmt_log("init| %s\n", text);
}

static void report_page_fault(const struct component *c, l4_addr_t address, l4_addr_t ip)
{
	say("%s: page fault: %s at %lx (%s), ip %lx", c->name,
	    address & L4_PF_FETCH ? "execute" : address & L4_PF_WRITE ? "write" : "read", address & ~7UL,
	    address & L4_PF_PRESENT ? "not allowed" : "nothing there", ip);
}

static const char *exception_name(l4_umword_t n)
{
	static const char *const names[] = {
		"divide error", "debug", "NMI", "breakpoint", "overflow", "bound range", "invalid instruction",
		"no FPU", "double fault", "9", "invalid TSS", "segment not present", "stack segment",
		"general protection", "page fault", "15", "FPU error", "alignment", "machine check", "SIMD error",
	};

	return n < sizeof(names) / sizeof(names[0]) ? names[n] : "exception";
}

static void report_exception(const struct component *c)
{
	const l4_exc_regs_t e = *l4_utcb_exc();

	say("%s: %s (%lu, error %lx) at ip %lx", c->name, exception_name(e.trapno), e.trapno, e.err, e.ip);
	say("  ax %016lx bx %016lx cx %016lx dx %016lx", e.rax, e.rbx, e.rcx, e.rdx);
	say("  si %016lx di %016lx bp %016lx sp %016lx", e.rsi, e.rdi, e.rbp, e.sp);
	say("  r8 %016lx r9 %016lx 10 %016lx 11 %016lx", e.r8, e.r9, e.r10, e.r11);
	say("  12 %016lx 13 %016lx 14 %016lx 15 %016lx", e.r12, e.r13, e.r14, e.r15);
	say("  flags %lx fs %lx gs %lx", e.flags, e.fs_base, e.gs_base);
}

void report_fault(const struct component *c, l4_msgtag_t tag)
{
	l4_umword_t *mr = l4_utcb_mr()->mr;

	if (l4_msgtag_is_page_fault(tag))
		report_page_fault(c, mr[0], mr[1]);
	else if (l4_msgtag_is_exception(tag))
		report_exception(c);
	else
		say("%s: unknown message %ld at its fault gate", c->name, l4_msgtag_label(tag));
}
