/*
 * dialer/courier.h - inside dialer/ only: sends tenants' webhooks, in the dialer's loop and beside its calls.
 *
 * Deliveries are rows; the database lends each to one dialer for thirty seconds and deals out the places (sql/schema/950_webhooks.sql):
 * no endpoint and no tenant can take more than its own.  Sending ends after fifteen, follows no redirect and reads one kilobyte of the
 * answer.  2xx is delivered; all else is tried again later.
 *
 * At least once: if this process dies between the receiver's answer and the record of it, the lease runs out and the message is sent
 * again under the same webhook-id.  If only the database is away, the outcome waits in memory and nothing is sent twice.
 */
#pragma once

#include <stdint.h>

struct courier;
struct dialer;

struct courier *courier_create(struct dialer *);
void            courier_destroy(struct courier *);
/* Begins what is due and there is room for. */
void            courier_turn(struct courier *);
int64_t         courier_next_ms(const struct courier *);        /* on boot_now_ms(): when it wants its turn */
/* Gives back, at once, what http_loop_give_up has ended. */
void            courier_return(struct courier *);
/* Writes outcomes that waited for the database. */
void            courier_record_again(struct courier *);
