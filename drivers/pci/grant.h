/* SPDX-License-Identifier: MIT */
/*
 * Who gets which function: what tools/confc wrote into the manager's arguments, one word for each `pci` entry:
 *	grant=CLIENT,NAME,id,VENDOR,DEVICE,N    the N-th function with these identifiers (hexadecimal)
 *	grant=CLIENT,NAME,at,BUS,DEVICE,FN      the function at this address (hexadecimal)
 * No I/O in here.
 */
#ifndef PCI_GRANT_H
#define PCI_GRANT_H

#include "bus.h"

#define GRANTS_MAX 32
#define GRANT_NAME 32

struct pci_grant {
	char client[GRANT_NAME], name[GRANT_NAME];
	int by_address;
	unsigned vendor, device, instance; /* by identifiers */
	pci_address_t address;
	struct pci_function *function; /* null: this machine does not have it */
};

struct pci_grants {
	unsigned count;
	struct pci_grant list[GRANTS_MAX];
};

/** Add what an argument says. 0; 1: it is no grant; -L4_EINVAL, -L4_ENOMEM. */
int grant_parse(struct pci_grants *g, const char *text);
/** Find the functions. A function is given once: to the first who names its address, else to the first who names its kind. */
void grants_assign(struct pci_grants *g, struct pci_bus *bus);
/** What each function that is somebody's may have of that of which there is a limited number: all of them together never run out. */
struct pci_share {
	unsigned pages;    /* of the remapping units' tables */
	unsigned mappings;
	unsigned irqs;     /* messages */
};

/** Equal shares, up to the limits of a function. A share may be too small to work with, if there are very many functions. */
struct pci_share grants_share(const struct pci_grants *g);
/** The n-th grant of a client, null behind the last. */
struct pci_grant *grant_of(struct pci_grants *g, const char *client, unsigned n);

#endif
