/* SPDX-License-Identifier: MIT */
/* Network server without a device: a switch between its clients. A run under icount repeats to the bit. */
#include "../net/server.h"

int main(void)
{
	net_serve(0);
}
