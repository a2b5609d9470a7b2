/*
 * model/states.h - the states of a call, as one table: what outranks what, and the word each audience knows it by.
 *
 * A call's line moves only upwards in rank.  An event is never ignored, only outranked: a late "ringing" after "completed" is
 * kept as an event and changes nothing.  Among the ends, completed outranks the others; among the others the first by the
 * provider's clock stays.  SQL has the ranks in outdial.status_rank(); a test compares the two.
 */
#pragma once

#define CALL_STATUSES(X) /* name, rank, the auto-dialer's log word, what it means */                       \
    X(planned,     0, "initiated", "permitted, or accepted and not yet heard of")                         \
    X(dialing,     1, "initiated", "the carrier dials")                                                   \
    X(ringing,     2, "ringing",   "it rings")                                                            \
    X(in_progress, 3, "answered",  "somebody, or something, picked up")                                   \
    X(canceled,    4, "canceled",  "taken back before anybody answered")                                  \
    X(failed,      4, "failed",    "the carrier could not connect it")                                    \
    X(no_answer,   4, "no-answer", "nobody picked up")                                                    \
    X(busy,        4, "busy",      "the line was busy")                                                   \
    X(completed,   5, "completed", "answered and over")

#define ATTEMPT_STATES(X) /* name, open, what it means */                                                  \
    X(permitted,      1, "the gate said yes; the request may begin for two seconds")                      \
    X(accepted,       1, "the carrier has it, its id is known")                                           \
    X(ended,          0, "the line has ended")                                                            \
    X(refused,        0, "the carrier said no for good; nothing was placed")                              \
    X(unknown,        1, "it may have been placed; never repeated until the carrier's list or a webhook settles it") \
    X(not_placed,     0, "provably never placed; the lead returns to its queue")                          \
    X(perhaps_placed, 0, "a day without an answer; written off as perhaps placed, never repeated")

#define ATTEMPT_MOVES(X) /* from, to, because */                                                           \
    X(permitted, accepted,       "the carrier took the call, or its webhook came first")                  \
    X(permitted, refused,        "the carrier refused the number for good")                               \
    X(permitted, not_placed,     "the request never left, or was refused for now")                        \
    X(permitted, unknown,        "no clear answer, or the sender died")                                   \
    X(unknown,   accepted,       "a webhook or the carrier's list showed it")                             \
    X(unknown,   not_placed,     "the carrier's list was empty twice, a minute apart")                    \
    X(unknown,   perhaps_placed, "the carrier's list could not be read for a day")                        \
    X(not_placed, accepted,      "the carrier reported it after all")                                     \
    X(accepted,  ended,          "the lead's line ended")
