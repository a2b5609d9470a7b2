/*
 * outdial states - the tables of states and ranks, printed by themselves.
 */
#include "model/states.h"

#include <stdio.h>

#include "command/command.h"

fallible command_states(struct invocation *inv)
{
    TRY(invocation_done(inv));
    printf("Call: a higher rank outranks\n");
#define X(name, rank, word, about) printf("  %d  %-14s %-10s %s\n", rank, #name, word, about);
    CALL_STATUSES(X)
#undef X
    printf("\nAttempt: one request that may ring a phone\n");
#define X(name, open, about) printf("  %-6s %-14s %s\n", open ? "open" : "closed", #name, about);
    ATTEMPT_STATES(X)
#undef X
    printf("\nMoves of an attempt\n");
#define X(from, to, because) printf("  %-10s -> %-14s %s\n", #from, #to, because);
    ATTEMPT_MOVES(X)
#undef X
    return NULL;
}
