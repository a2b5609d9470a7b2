/*
 * db/constraints.h - what a violated constraint means to the person whose request violated it.
 *
 * One row per constraint: its name in the schema, the field of the request it concerns (NULL: none), the kind of the error,
 * its public code and a sentence with the cure.  Constraints that are not here are answered by their class: a unique
 * violation is CONFLICT "already_exists", a foreign key INVALID "not_found" on the column that the constraint's name tells
 * (table_column_fkey) or, when something that is referred to would go, CONFLICT "in_use"; a check is INVALID "invalid" on
 * the column of table_column_check.  A foreign key may have a row for each direction: CONFLICT rows speak when something
 * would go, INVALID rows when something would refer to nothing.
 */
#pragma once

#define CONSTRAINTS(X)  /* constraint, kind, field, code, sentence */                                                   \
    X("users_email_key",           CONFLICT, "email",       "email_taken",   "Somebody already signs in with this e-mail address.") \
    X("tenants_slug_key",          CONFLICT, "slug",        "slug_taken",    "Another tenant has this short name.")     \
    X("phone_numbers_number_key",  CONFLICT, "number",      "already_exists", "This number is already in your list.")   \
    X("phone_numbers_sid_key",     CONFLICT, "providerSid", "already_exists", "This number is already in your list.")   \
    X("identity_providers_issuer_key", CONFLICT, "issuer", "already_exists", "This issuer and audience are set up already.") \
    X("trunks_sid_key",            CONFLICT, "trunk_sid",   "already_exists", "This trunk is already in your list.")    \
    X("conversations_open_number_key", CONFLICT, "phone", "call_already_open", "A call with this number is under way, or its outcome is not known yet.") \
    X("lead_lists_name_key",       CONFLICT, "name",        "already_exists", "Another list has this name.") \
    X("leads_external_id_key",     CONFLICT, "external_id", "already_exists", "Another lead has this external_id.") \
    X("phone_numbers_tenant_id_campaign_id_fkey", INVALID, "campaignId", "not_found", "There is no campaign with this id.") \
    X("users_caller_id_fkey", INVALID, "caller_id", "not_found", "This is none of your phone numbers. Import or buy it first.") \
    X("trunks_account_id_fkey", INVALID, "account_id", "not_found", "There is no provider account with this id.") \
    X("phone_numbers_account_id_fkey", CONFLICT, NULL, "in_use", "Numbers were imported through this account. Release or remove them first.") \
    X("phone_numbers_trunk_id_fkey",   CONFLICT, NULL, "in_use", "A number is reached through this trunk.") \
    X("trunks_account_id_fkey",        CONFLICT, NULL, "in_use", "A trunk belongs to this account. Remove it first.") \
    X("campaigns_account_id_fkey",     CONFLICT, NULL, "in_use", "A campaign calls through this account.") \
    X("attempts_account_id_fkey",      CONFLICT, NULL, "in_use", "Calls were made through this account; its history needs it.") \
    X("legs_account_id_fkey",          CONFLICT, NULL, "in_use", "Calls were made through this account; its history needs it.") \
    X("tenants_name_check",            INVALID, "name", "required", "A name has 1 to 200 characters.") \
    X("tenants_slug_check",            INVALID, "slug", "malformed", "A short name is made of a to z, 0 to 9 and hyphens, at most 63, and begins with a letter or digit.") \
    X("api_keys_name_check",           INVALID, "name", "required", "A name has 1 to 200 characters.")
