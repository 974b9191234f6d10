/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one header that both worlds see: plain types, no Linux and no L4 types.
 *
 * Every function that sends a message uses the vCPU's one UTCB: callers have
 * the virtual interrupt flag off, and between filling the UTCB and the system
 * call nothing touches memory that could fault (only the direct map, the image
 * and the L4 window never fault).
 *
 * Slots number capabilities; slot 0 means none.
 */
#ifndef _X86_L4_HOST_H
#define _X86_L4_HOST_H

#include <l4/sys/vcpu_layout.h>

#define L4_WINDOW 0xfffffe8000000000
#define L4_VCPU_PAGE0 (L4_WINDOW + 0x1000)
#define L4_BOOT_PAGE (L4_WINDOW + 0x101000)

/* Words of the vCPU page's user_data that belong to the entry code. */
#define L4_UD_SP0 (L4_VCPU_OFF_USER_DATA + 0)
#define L4_UD_KERNEL_GS (L4_VCPU_OFF_USER_DATA + 8)
#define L4_UD_USER_GS (L4_VCPU_OFF_USER_DATA + 16)

/* Rights of a mapping, as in flexpages. */
#define L4_RIGHT_X 1
#define L4_RIGHT_W 2
#define L4_RIGHT_R 4

/* Most mappings of one call. */
#define L4_MAP_LIST_MAX 30
/* Where the list of mappings of a resume is in the vCPU page, and its size. */
#define L4_VCPU_MAP_OFF 0x100
#define L4_VCPU_MAP_SIZE 64
#define L4_WAIT_FOREVER (~0UL)
/* rax of the resume system call. */
#define L4_RESUME 0x10

#ifndef __ASSEMBLY__

/* What the start-up page and the kernel interface page say. */
struct l4_info {
	unsigned long ram_size;
	unsigned long memory_top; /* RAM and, behind it, channels */
	unsigned long initrd_start, initrd_end;
	unsigned long first_free_slot;
	unsigned long instance;
	unsigned long tsc_khz, boot_tsc;
	unsigned long epoch_ns;
	unsigned long xcr0;
	const char *name, *cmdline;
};

/* One mapping: page at src (direct map) | rights, to dst | order. */
struct l4_map {
	unsigned long src, dst;
};

struct l4_task_stats {
	unsigned long id, kernel_bytes, pages;
};

struct l4_trace_counters {
	unsigned long cr3_loads, tlb_flushes, kernel_entries, ipcs, page_faults, irqs, switches;
};

/* One end of a channel: both parts are mapped for good, in the direct map, behind RAM. */
struct l4_channel {
	const char *name;
	void *window, *index;
	unsigned long depth;
	unsigned int size, writes;
	unsigned long kick, notify; /* slots of the IRQ objects to trigger and to bind */
};

struct l4_session;
const struct l4_info *l4host_init(const void *boot_page);
/* Session number @n of the start-up page; false behind the last. */
int l4host_session(unsigned long n, struct l4_session *out);
/* The same for channels. */
int l4host_channel(unsigned long n, struct l4_channel *out);
int l4host_vcpu_start(int cpu, void *entry);
unsigned long l4host_clock_ns(void);

/* Wait at most @timeout_ns (0, L4_WAIT_FOREVER): label of the event, or -1. */
long l4host_wait(unsigned long timeout_ns);
int l4host_irq_create(unsigned long slot, unsigned long label);
/* Have an IRQ object deliver to this vCPU. */
int l4host_irq_bind(unsigned long slot, unsigned long label);
void l4host_irq_trigger(unsigned long slot);
int l4host_timer_set(unsigned long slot, unsigned long deadline_ns);

int l4host_task_create(unsigned long slot);
/* Bytes of microkernel memory that this Linux may still use. */
unsigned long l4host_quota_left(void);
int l4host_cap_delete(unsigned long slot);
/* Slot 0 is the server's own task. */
int l4host_task_map(unsigned long slot, const struct l4_map *list, unsigned int n);
int l4host_task_unmap(unsigned long slot, unsigned long first, unsigned long last,
		      unsigned int rights);
int l4host_task_stats(unsigned long slot, struct l4_task_stats *out);
int l4host_set_view(unsigned long slot);
void l4host_cap_name(unsigned long slot, const char *name);
/* DR0-3 and DR7 for user mode; returns and clears DR6. */
unsigned long l4host_debug_regs(const unsigned long dr[4], unsigned long dr7);

/* The microkernel's counters; negative when this Linux may not read them. */
int l4host_trace_counters(struct l4_trace_counters *out);

/* Message words of a call to init's control gate. */
#define L4HOST_CONTROL_WORDS 63
int l4host_has_control(void);
/* Send @count words, receive all of them; init's answer. Interrupts are off. */
long l4host_control_call(unsigned long *words, unsigned int count);

/* Calls of the real-time clock's server (enum l4rtc_ops): its errors, or -L4_ENOENT: this Linux has none. */
int l4host_rtc_get_offset(unsigned long *ns);
int l4host_rtc_set_offset(unsigned long ns);
int l4host_rtc_get_alarm(unsigned long *ns);
int l4host_rtc_set_alarm(unsigned long ns);
int l4host_rtc_bind(unsigned long irq_slot);

void l4host_console_write(const char *s, unsigned long n);
long l4host_console_read(char *s, unsigned long n);
int l4host_console_bind(unsigned long irq_slot);

enum l4_exit { L4_EXIT_POWER_OFF, L4_EXIT_REBOOT, L4_EXIT_PANIC };
/* Does not return. */
void l4host_exit(enum l4_exit why, unsigned long status);

#define L4_VCPU_FIELD(type, off) (*(volatile type *)(L4_VCPU_PAGE0 + (off)))

static inline struct l4_map *l4_vcpu_map_list(void)
{
	return (void *)(L4_VCPU_PAGE0 + L4_VCPU_MAP_OFF);
}

#endif /* __ASSEMBLY__ */
#endif
