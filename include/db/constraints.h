/*
 * db/constraints.h - what a violated constraint means to the person whose request violated it.
 *
 * One row per constraint: its name in the schema, the field of the request it concerns (NULL: none), the kind of the error,
 * its public code and a sentence with the cure.  Constraints that are not here are answered by their class: a unique
 * violation is CONFLICT "already_exists", a foreign key INVALID "not_found" on the column that the constraint's name tells
 * (table_column_fkey), a check INVALID "invalid" on the column of table_column_check.
 */
#pragma once

#define CONSTRAINTS(X)  /* constraint, kind, field, code, sentence */                                                   \
    X("users_email_key",           CONFLICT, "email",       "email_taken",   "Somebody already signs in with this e-mail address.") \
    X("tenants_slug_key",          CONFLICT, "slug",        "slug_taken",    "Another tenant has this short name.")     \
    X("phone_numbers_number_key",  CONFLICT, "number",      "already_exists", "This number is already in your list.")   \
    X("phone_numbers_sid_key",     CONFLICT, "providerSid", "already_exists", "This number is already in your list.")   \
    X("trunks_sid_key",            CONFLICT, "trunk_sid",   "already_exists", "This trunk is already in your list.")    \
    X("leads_external_id_key",     CONFLICT, "external_id", "already_exists", "Another lead has this external_id.")
