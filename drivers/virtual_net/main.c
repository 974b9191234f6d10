/* SPDX-License-Identifier: MIT */
/* Network server without a device: a switch between its clients. A run under icount repeats to the bit. Arguments: bridge=CLIENT. */
#include "../net/server.h"

int main(int argc, char **argv)
{
	net_serve(0, argc, argv);
}
