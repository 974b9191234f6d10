/* SPDX-License-Identifier: MIT */
/* Flexpages: naturally aligned regions of memory, I/O ports or capability slots. */
#ifndef L4_SYS_FPAGE_H
#define L4_SYS_FPAGE_H

#include <l4/sys/types.h>
#include <l4/sys/consts.h>
#include <l4/sys/compiler.h>

#define L4_FPAGE_OP_MASK L4_FPAGE_RIGHTS_MASK
/** Flags of l4_map_control(). */
#define L4_MAP_ITEM_TYPE_MAP (L4_ITEM_MAP | L4_MAP_ITEM_MAP)
/** Object flexpage rights as L4Re's l4_obj_fpage() takes them. */
#define L4_FPAGE_C_OBJ_RIGHTS 0

/** Memory flexpage of 2^order bytes at address (aligned down); rights L4_FPAGE_R/W/X. */
L4_INLINE l4_fpage_t l4_fpage(l4_addr_t address, unsigned order, unsigned char rights)
{
	return (l4_fpage_t){ (address & (~0UL << order) & ~0xfffUL) | ((l4_umword_t)order << L4_FPAGE_ORDER_SHIFT) |
			     (L4_FPAGE_MEMORY << L4_FPAGE_TYPE_SHIFT) | (rights & L4_FPAGE_RIGHTS_MASK) };
}

/** All memory of a task. */
L4_INLINE l4_fpage_t l4_fpage_all(void) { return l4_fpage(0, L4_WHOLE_ADDRESS_SPACE, 0); }

/** The flexpage that names nothing. */
L4_INLINE l4_fpage_t l4_fpage_invalid(void) { return (l4_fpage_t){ 0 }; }

/** I/O flexpage: 2^order ports from port. */
L4_INLINE l4_fpage_t l4_iofpage(unsigned long port, unsigned order)
{
	return (l4_fpage_t){ (port << L4_FPAGE_ADDR_SHIFT) | ((l4_umword_t)order << L4_FPAGE_ORDER_SHIFT) |
			     (L4_FPAGE_IO << L4_FPAGE_TYPE_SHIFT) | L4_FPAGE_RW };
}

/** Object flexpage: 2^order slots from obj's; rights L4_CAP_FPAGE_*. */
L4_INLINE l4_fpage_t l4_obj_fpage(l4_cap_idx_t obj, unsigned order, unsigned char rights)
{
	return (l4_fpage_t){ (obj & (~0UL << L4_CAP_SHIFT)) | ((l4_umword_t)order << L4_FPAGE_ORDER_SHIFT) |
			     (L4_FPAGE_OBJ << L4_FPAGE_TYPE_SHIFT) | (rights & L4_FPAGE_RIGHTS_MASK) };
}

L4_INLINE unsigned l4_fpage_rights(l4_fpage_t f) { return f.raw & L4_FPAGE_RIGHTS_MASK; }
L4_INLINE unsigned l4_fpage_type(l4_fpage_t f) { return (f.raw >> L4_FPAGE_TYPE_SHIFT) & 3; }
/** Order (log2 of the size). */
L4_INLINE unsigned l4_fpage_size(l4_fpage_t f) { return (f.raw >> L4_FPAGE_ORDER_SHIFT) & 0x3f; }
/** Page, slot or port number. */
L4_INLINE unsigned long l4_fpage_page(l4_fpage_t f) { return f.raw >> L4_FPAGE_ADDR_SHIFT; }
L4_INLINE l4_addr_t l4_fpage_memaddr(l4_fpage_t f) { return f.raw & ~0xfffUL; }
L4_INLINE l4_cap_idx_t l4_fpage_obj(l4_fpage_t f) { return f.raw & ~0xfffUL; }
L4_INLINE unsigned long l4_fpage_ioport(l4_fpage_t f) { return l4_fpage_page(f); }

L4_INLINE l4_fpage_t l4_fpage_set_rights(l4_fpage_t f, unsigned char rights)
{
	f.raw = (f.raw & ~(l4_umword_t)L4_FPAGE_RIGHTS_MASK) | (rights & L4_FPAGE_RIGHTS_MASK);
	return f;
}

/** First word of a map item for memory: destination address in the receive window, cache attribute, grant flag. */
L4_INLINE l4_umword_t l4_map_control(l4_umword_t spot, unsigned char cache, unsigned grant)
{
	return (spot & ~0xfffUL) | (cache & L4_FPAGE_CACHE_MASK) | (grant & L4_MAP_ITEM_GRANT) | L4_ITEM_MAP;
}

/** First word of a map item for capabilities: destination selector in the receive window, grant flag. */
L4_INLINE l4_umword_t l4_map_obj_control(l4_umword_t spot, unsigned grant)
{
	return (spot & ~0xfffUL) | (grant & L4_MAP_ITEM_GRANT) | L4_ITEM_MAP;
}

/** Largest order such that a 2^order page at addr lies in [min, max] and has the hot spot's alignment. */
L4_INLINE unsigned char l4_fpage_max_order(unsigned char order, l4_addr_t addr, l4_addr_t min, l4_addr_t max, l4_addr_t hot)
{
	while (order < 63) {
		unsigned char o = order + 1;
		l4_addr_t mask = ~0UL << o;
		l4_addr_t base = addr & mask;

		if (base < min || base + ~mask > max || base + ~mask < base)
			break;
		if ((addr ^ hot) & ~mask & L4_PAGEMASK)
			break;
		order = o;
	}
	return order;
}

#endif
