/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * First instructions: multiboot header, 32-bit start, long mode with temporary tables, jump to arch_boot().
 *
 * The temporary tables map the low 4 GiB with 2 MiB pages three times: identity, physmap (slot 256), and
 * its first GiB as the image (slot 257). paging.c puts the final tables in their place.
 */
#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x3 /* page-aligned modules, memory map */
#define OFFSET 0xffff808000000000
#define LOW(symbol) (symbol - OFFSET)
#define PD_BYTES (4 * 4096)

	.section .boot.header, "ax", @progbits
	.balign 4
	.long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.section .boot, "ax", @progbits
	.code32
	.globl boot_start
boot_start:
	cli
	cld
	movl %eax, %ebp
	movl %ebx, %esi
	rdtsc
	movl %edx, %ebx
	movl %eax, %esp /* no stack yet: a register to keep it in */

	/* The loader may leave anything in .bss. */
	movl $LOW(bss_start), %edi
	movl $LOW(image_end), %ecx
	subl %edi, %ecx
	shrl $2, %ecx
	xorl %eax, %eax
	rep stosl
	movl %esp, LOW(boot_tsc)
	movl %ebx, LOW(boot_tsc) + 4
	movl $LOW(boot_stack_end), %esp

	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb 9f
	movl $0x80000001, %eax
	cpuid
	andl $0x20100000, %edx /* long mode, NX */
	cmpl $0x20100000, %edx
	jne 9f

	/* 2 MiB pages for 4 GiB. */
	movl $LOW(boot_pd), %edi
	movl $0x83, %eax
1:	movl %eax, (%edi)
	addl $8, %edi
	addl $0x200000, %eax
	jnc 1b
	movl $LOW(boot_pd) + 0x003, %eax
	movl $LOW(boot_pdpt), %edi
	movl %eax, LOW(boot_pdpt_image)
	movl $4, %ecx
2:	movl %eax, (%edi)
	addl $8, %edi
	addl $4096, %eax
	loop 2b
	movl $LOW(boot_pdpt) + 0x003, LOW(boot_pml4)
	movl $LOW(boot_pdpt) + 0x003, LOW(boot_pml4) + 256 * 8
	movl $LOW(boot_pdpt_image) + 0x003, LOW(boot_pml4) + 257 * 8

	movl $LOW(boot_pml4), %eax
	movl %eax, %cr3
	movl $0x20, %eax /* PAE */
	movl %eax, %cr4
	movl $0xc0000080, %ecx /* EFER */
	movl $0x900, %eax      /* LME, NXE */
	xorl %edx, %edx
	wrmsr
	movl $0x80010033, %eax /* PG WP NE ET MP PE */
	movl %eax, %cr0
	lgdt boot_gdt_pointer
	ljmp $0x10, $3f

9:	/* Not a 64-bit machine: say so on the screen and stop. */
	movl $0x4f364f34, 0xb8000
	movl $0x4f3f4f3f, 0xb8004
	hlt
	jmp 9b

	.code64
3:	xorl %eax, %eax
	movl %eax, %ss
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %fs
	movl %eax, %gs
	movabsq $boot_stack_end, %rsp
	movl %ebp, %edi /* magic */
	movl %esi, %esi /* multiboot information */
	xorl %ebp, %ebp
	movabsq $arch_boot, %rax
	call *%rax
	ud2

	.balign 8
boot_gdt:
	.quad 0, 0
	.quad 0x00af9b000000ffff /* 0x10: 64-bit code */
	.quad 0x00cf93000000ffff
boot_gdt_pointer:
	.word . - boot_gdt - 1
	.long boot_gdt

	.section .bss
	.globl boot_pml4, boot_pd, boot_stack_guard, boot_stack_end, boot_tsc
	.balign 4096
boot_pml4:
	.skip 4096
boot_pdpt:
	.skip 4096
boot_pdpt_image:
	.skip 4096
boot_pd:
	.skip PD_BYTES
boot_stack_guard: /* not mapped by the final tables */
	.skip 4096
boot_stack:
	.skip 16384
boot_stack_end:
boot_tsc:
	.skip 8

	.section .note.GNU-stack, "", @progbits
