// SPDX-License-Identifier: GPL-2.0-only
/*
 * Message transfer: words, and typed items that map memory, capabilities and I/O ports.
 *
 * UTCBs are shared with user code that may change them at any time: every word is
 * read once and then checked.
 */
#include "arch.h"
#include "object.h"
#include "transfer.h"


/* Position in the receiver's buffer registers. */
struct buffers {
	const l4_buf_regs_t *regs; /* NULL: a fault, which takes memory and I/O anywhere */
	unsigned int next;
};

/* One item, read from the sender. */
struct item {
	l4_umword_t base;
	l4_fpage_t fpage;
};

static bool next_word(struct buffers *b, l4_umword_t *word)
{
	if (b->next >= L4_UTCB_GENERIC_BUFFERS_SIZE)
		return false;
	*word = *(volatile const l4_umword_t *)&b->regs->br[b->next++];
	return true;
}

/* The receive window for an item that is not a single capability. */
static bool window(struct buffers *b, unsigned int type, l4_fpage_t *out)
{
	l4_umword_t first;

	if (!b->regs) {
		out->raw = (type << L4_FPAGE_TYPE_SHIFT) | (L4_WHOLE_ADDRESS_SPACE << L4_FPAGE_ORDER_SHIFT);
		return true;
	}
	return next_word(b, &first) && (first & L4_ITEM_MAP) && next_word(b, &out->raw) &&
	       fpage_type(*out) == type;
}

static int map_cap(struct thread *from, struct thread *to, struct item *it, struct buffers *b)
{
	u64 src = fpage_number(it->fpage), dst;
	l4_umword_t word;
	unsigned int rights;
	int err;

	if (fpage_order(it->fpage) != 0 || !b->regs || !next_word(b, &word) ||
	    !(word & L4_RCV_ITEM_SINGLE_CAP))
		return L4_IPC_SEMSGCUT;
	dst = word >> L4_CAP_SHIFT;
	if (!cap_lookup(&from->task->caps, src, &rights))
		return L4_IPC_SEMAPFAILED;
	if (to->task == from->task && src == dst)
		return 0;
	err = cap_replace(&to->task->caps, dst, &from->task->caps, src, fpage_rights(it->fpage),
			  it->base & L4_MAP_ITEM_GRANT);
	return err == -E_PREEMPTED || !err ? err : L4_IPC_SEMAPFAILED;
}

/* As most page faults are answered. */
static int map_one_page(struct task *from, u64 src, struct task *to, u64 dst, unsigned int rights)
{
	l4_vcpu_map_t page = { src | rights, dst | L4_PAGESHIFT };
	int err;

	if (from != to && !(rights & L4_FPAGE_PASS_X) &&
	    likely(space_map_list(&to->space, &from->space, &page, 1)))
		return 0;
	err = space_map_page(&to->space, dst, &from->space, src, L4_PAGESHIFT, rights);
	return err == -E_PREEMPTED || !err ? err : err == -L4_ENOENT ? 0 : L4_IPC_SEMAPFAILED;
}

static int map_memory(struct thread *from, struct thread *to, struct item *it, struct buffers *b)
{
	unsigned int order = fpage_order(it->fpage);
	u64 dst = it->base & L4_PAGEMASK, count = 0, mask;
	l4_fpage_t win;
	int err;

	if (!window(b, L4_FPAGE_MEMORY, &win))
		return L4_IPC_SEMSGCUT;
	if (order < L4_PAGESHIFT || order > 47 || (it->base & L4_MAP_ITEM_GRANT))
		return L4_IPC_SEMAPFAILED;
	if (fpage_order(win) < L4_WHOLE_ADDRESS_SPACE) {
		if (fpage_order(win) < order)
			return L4_IPC_SEMSGCUT;
		mask = BIT(fpage_order(win)) - 1;
		dst = (fpage_addr(win) & ~mask) | (dst & mask);
	}
	dst &= ~(BIT(order) - 1);
	if (order == L4_PAGESHIFT)
		return map_one_page(from->task, fpage_addr(it->fpage), to->task, dst, fpage_rights(it->fpage));
	err = space_map(&to->task->space, dst, &from->task->space,
			fpage_addr(it->fpage) & ~(BIT(order) - 1), order, fpage_rights(it->fpage),
			&from->item_cursor, &count);
	return err == -E_PREEMPTED || !err ? err : L4_IPC_SEMAPFAILED;
}

static int map_io(struct thread *from, struct thread *to, struct item *it, struct buffers *b)
{
	l4_fpage_t win;
	int err;

	if (!window(b, L4_FPAGE_IO, &win))
		return L4_IPC_SEMSGCUT;
	if (fpage_order(it->fpage) > 16)
		return L4_IPC_SEMAPFAILED;
	err = iospace_map(&to->task->io, &from->task->io, fpage_number(it->fpage) & 0xffff,
			  fpage_order(it->fpage), &from->item_cursor);
	return err == -E_PREEMPTED || !err ? err : L4_IPC_SEMAPFAILED;
}

static int map_item(struct thread *from, struct thread *to, struct item *it, struct buffers *b)
{
	switch (fpage_type(it->fpage)) {
	case L4_FPAGE_OBJ:
		return map_cap(from, to, it, b);
	case L4_FPAGE_MEMORY:
		return map_memory(from, to, it, b);
	case L4_FPAGE_IO:
		return map_io(from, to, it, b);
	default:
		/* a void item takes no buffer and maps nothing */
		return it->fpage.raw == 0 ? 0 : L4_IPC_SEMAPFAILED;
	}
}

/* Items [from->item_index, n): progress survives preemption. */
static __attribute__((noinline)) int map_items(struct thread *from, l4_mword_t tag, struct thread *to)
{
	unsigned int words = tag_words(tag), n = tag_items(tag);
	bool kernel_msg = to->flags & (TF_KFAULT | TF_KEXC);
	struct buffers b = { kernel_msg ? NULL : &to->utcb->buf, 0 };
	int err;

	if (from->item_to != to->kobj.id) {
		/* what a preempted transfer has done was for another receiver */
		from->item_to = to->kobj.id;
		from->item_index = 0;
		from->item_cursor = 0;
	}
	for (unsigned int i = 0; i < n; i++) {
		volatile l4_umword_t *mr = &from->utcb->msg.mr[words + 2 * i];
		struct item it = { mr[0], { mr[1] } };

		if (i < from->item_index) {
			/* done before: only skip its buffer */
			b.next += fpage_type(it.fpage) == L4_FPAGE_OBJ ? 1 : it.fpage.raw ? 2 : 0;
			continue;
		}
		err = map_item(from, to, &it, &b);
		if (err)
			return err;
		from->item_index = i + 1;
		from->item_cursor = 0;
		if (!kernel_msg) {
			to->utcb->msg.mr[words + 2 * i] = it.base | L4_ITEM_MAP;
			to->utcb->msg.mr[words + 2 * i + 1] = it.fpage.raw;
		}
	}
	return 0;
}

/* --- words */

/* The message has the frame's order, with pfa behind bp. */
#define WORDS_BEFORE_PFA 11
#define WORDS_BEHIND_PFA 11
#define SAME_PLACE(reg, field, shift) \
	_Static_assert(offsetof(l4_exc_regs_t, reg) == offsetof(struct frame, field) + (shift), "exception message")
SAME_PLACE(r15, r15, 0);
SAME_PLACE(rbp, bp, 0);
SAME_PLACE(rbx, bx, 8);
SAME_PLACE(rax, ax, 8);
SAME_PLACE(ss, ss, 8);
_Static_assert(offsetof(l4_exc_regs_t, pfa) == 8 * WORDS_BEFORE_PFA &&
	       offsetof(l4_exc_regs_t, fs_base) == 8 * (WORDS_BEFORE_PFA + 1 + WORDS_BEHIND_PFA), "exception message");

/* The registers of t, which raised an exception, as a message. */
static void exception_words(struct thread *t, l4_exc_regs_t *r)
{
	if (t == current_thread())
		arch_user_bases_read(&t->fs_base, &t->gs_base);
	arch_copy_words(&r->r15, &t->frame.r15, WORDS_BEFORE_PFA);
	r->pfa = t->pfa;
	arch_copy_words(&r->rbx, &t->frame.bx, WORDS_BEHIND_PFA);
	r->fs_base = t->fs_base;
	r->gs_base = t->gs_base;
}

static bool is_canonical(u64 address)
{
	return (u64)((s64)(address << 16) >> 16) == address;
}

void exception_reply(struct thread *t, const l4_exc_regs_t *r)
{
	struct frame *f = &t->frame;
	u64 ip = *(volatile const u64 *)&r->ip;
	u64 fs_base = *(volatile const u64 *)&r->fs_base, gs_base = *(volatile const u64 *)&r->gs_base;

	arch_copy_words(&f->r15, &r->r15, WORDS_BEFORE_PFA);
	arch_copy_words(&f->bx, &r->rbx, 4);
	f->sp = r->sp;
	f->flags = (r->flags & USER_FLAGS_MASK) | 0x202;
	if (user_ip_valid(ip))
		f->ip = ip;
	if (is_canonical(fs_base))
		t->fs_base = fs_base;
	if (is_canonical(gs_base))
		t->gs_base = gs_base;
	if (f->trapno >= FRAME_SYSCALL)
		f->trapno = 0;
}

void transfer_fault(struct thread *from, struct thread *to)
{
	if (from->flags & TF_KFAULT) {
		to->utcb->msg.mr[0] = from->fault[0];
		to->utcb->msg.mr[1] = from->fault[1];
	} else {
		exception_words(from, (l4_exc_regs_t *)to->utcb->msg.mr);
	}
}

/* One side at least is a fault: its words are not in its UTCB. */
static __attribute__((noinline)) void copy_fault_words(struct thread *from, unsigned int words, struct thread *to)
{
	const l4_umword_t *src = from->utcb->msg.mr;
	l4_exc_regs_t regs;

	if (to->flags & TF_KFAULT)
		return;
	if (to->flags & TF_KEXC) {
		if (words < L4_UTCB_EXCEPTION_REGS_SIZE)
			return;
		if (from->flags & TF_KEXC) {
			exception_words(from, &regs);
			src = (const l4_umword_t *)&regs;
		}
		exception_reply(to, (const l4_exc_regs_t *)src);
	} else {
		transfer_fault(from, to);
	}
}

int transfer_items(struct thread *from, l4_mword_t tag, struct thread *to)
{
	return tag_words(tag) + 2 * tag_items(tag) > L4_UTCB_GENERIC_DATA_SIZE ? L4_IPC_SEMSGCUT : map_items(from, tag, to);
}

int transfer_message(struct thread *from, l4_mword_t tag, struct thread *to)
{
	unsigned int words = tag_words(tag);
	int err;

	if (tag_items(tag)) {
		err = transfer_items(from, tag, to);
		if (err)
			return err;
	}
	if (unlikely((from->flags | to->flags) & (TF_KFAULT | TF_KEXC)))
		copy_fault_words(from, words, to);
	else
		arch_copy_words(to->utcb->msg.mr, from->utcb->msg.mr, words);
	return 0;
}
