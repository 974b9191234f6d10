/* SPDX-License-Identifier: MIT */
/* The test of paths with an interrupt at every instruction boundary. */
#define STEP 1
#include "t_paths.c"
