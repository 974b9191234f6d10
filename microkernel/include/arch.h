/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arch contract: everything the portable kernel asks of the machine layer; what is inline is in arch_inline.h.
 * All functions run with interrupts off on the calling CPU.
 */
#ifndef ARCH_H
#define ARCH_H

#include "types.h"
#include <l4/sys/kip.h>

struct thread;
struct space;
struct iospace;

/* --- boot: arch_boot() in arch/x86_64/boot.c sets up everything below, fills the KIP, then calls kernel_main(). */
extern l4_kernel_info_t kip; /* page aligned, in .data; its physical page is mapped to tasks */
void kernel_main(void) __attribute__((noreturn));
/** Physical memory of boot modules, RAM and MMIO that the kernel may read: mapped at physmap. */
void *arch_phys_to_virt(u64 pa);
/** Physical address of something in the kernel image. */
u64 arch_kernel_pa(const void *va);
/** Is [pa, pa + bytes) free of kernel image, kernel pool, page tables, local and I/O APIC? (root may map it) */
bool arch_phys_is_user(u64 pa, u64 bytes);
/** All of it RAM? (then cacheable) */
bool arch_phys_is_ram(u64 pa, u64 bytes);

/* --- time */
/** Kernel clock in ns: 128-bit multiply, O(1). */
u64 clock_ns(void);
u64 tsc_to_ns(u64 tsc);
u64 ns_to_tsc(u64 ns);
/** One-shot timer interrupt at absolute TSC value (as soon as possible when passed); ~0 = off. Vector VECTOR_TIMER. */
void arch_timer_set(u64 tsc);

/* --- interrupts. Lines 0..arch_irq_lines-1 are I/O APIC pins (GSIs), MSIs come after them. */
#define VECTOR_EXCEPTIONS 32
#define VECTOR_IRQ_FIRST 0x30
#define VECTOR_IRQ_LAST 0xdf
#define VECTOR_TIMER 0xe0
#define VECTOR_IPI 0xe1
#define VECTOR_SPURIOUS 0xff
extern unsigned int arch_irq_lines;
/** Route line (GSI) to vector on the calling CPU, masked. mode: L4_IRQ_F_*. */
void arch_irq_setup(unsigned int line, unsigned int vector, unsigned int mode);
/** Let it go by handle 2 * line, or 2 * line + 1 while it is level-triggered, of the remapping units, or to the calling CPU. */
void arch_irq_remap(unsigned int line, bool remap);
/** Is it set up as level-triggered? False for MSIs. */
bool arch_irq_is_level(unsigned int line);
void arch_irq_mask(unsigned int line);
void arch_irq_unmask(unsigned int line);
void arch_irq_ack(void); /* local APIC EOI */
/** Address and data a device must write to raise `vector` on the calling CPU. */
void arch_msi_message(unsigned int vector, u64 *address, u32 *data);
/** Open the interrupt window once: pending interrupts run their kernel handlers (irq_handle/timer_handle) on this stack. */
void arch_irq_window(void);
/** Wait for an interrupt with interrupts on; handlers run; interrupts are off again on return. */
void arch_idle_wait(void);

/* --- address spaces (see space.h for the TLB functions the arch layer gives) */
/** If a table of s is loaded on a CPU, load the kernel's own. */
void arch_space_leave(struct space *s);

/* --- FPU state: switched with the thread. */
extern u32 fpu_state_bytes; /* size of an XSAVE area for the features enabled */
void fpu_init_state(void *area);
void fpu_save(void *area);
void fpu_restore(const void *area);
extern bool fpu_have_xsaveopt;

/* --- user state that is not in the frame */
/** Load user data segment selectors (they were read by arch_segments_read); keeps the kernel's GS base. */
void arch_segments_write(u16 ds, u16 es, u16 fs, u16 gs);
/** Save DR6 in prev[4] and load next's {DR0-3, DR6, DR7}; NULL = none (DR7 = 0x400). */
void arch_debug_switch(u64 *prev, u64 *next);
u64 arch_debug_take_dr6(void); /* read and clear */
struct cpu;
/** Make the TSS's I/O bitmap that of io (none: all denied); sets cpu->io_loaded. */
void arch_iospace_load(struct cpu *cpu, struct iospace *io);
/** Deny all ports; returns NULL. */
struct iospace *arch_iospace_unload(struct cpu *cpu);

/* --- ending, debugging */
struct frame;
/** Print message, registers of f (may be NULL), symbolised back trace, current thread, last trace records; end QEMU with a failure status. */
void panic_frame(const struct frame *f, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));
/** Leave QEMU (isa-debug-exit, status) or power off/reset by ACPI/port 0xcf9; never returns. how: 0 off, 1 reboot, 2 | status << 8. */
void arch_shutdown(u64 how) __attribute__((noreturn));
/** Write text to the UART (polled). */
void uart_write(const char *text, size_t bytes);
#define panic(...) panic_frame(NULL, __VA_ARGS__)
/** Kernel log: ring of text read by the log object, and the UART while log_to_uart. Formats: %s %c %d %u %x %lx %lu %p %016lx. */
void log_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_write(const char *text, size_t bytes);
extern bool log_to_uart;

#include "arch_inline.h"
#endif
