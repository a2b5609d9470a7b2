/*
 * sandbox/scripts.h - what a reset and the journal need of the scripts; their use is in sandbox/world.h.
 */
#pragma once

#include "sandbox/world.h"

void scripts_forget(void);                                      /* the world's arena is about to go */
