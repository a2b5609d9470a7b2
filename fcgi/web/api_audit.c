/*
 * web/api_audit.c - who changed what, newest first.
 */
#include "web/api.h"
#include "web/schemas.h"

struct audit_line {
    struct uuid id;                                             /* the sequence number in a UUID's form, for the cursor */
    int64_t     seq;
    struct utc  at;
    const char *principal, *action;
    struct uuid object_id;
    const char *detail;
};
const struct shape audit_line_shape = SHAPE(struct audit_line, "audit line",
    FIELD(struct audit_line, id, 0),
    FIELD(struct audit_line, seq, OUT),
    FIELD(struct audit_line, at, OUT),
    FIELD(struct audit_line, principal, OUT, .about = "user:ID, key:ID, command or dialer"),
    FIELD(struct audit_line, action, OUT),
    FIELD(struct audit_line, object_id, OUT),
    FIELD_JSON(struct audit_line, detail, OUT));

/* GET .../audit-log */
fallible api_audit_list(struct req *r)
{
    const char *object = req_query(r, "object_id");
    struct uuid object_id = { 0 };
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    if (object && !uuid_parse(object, &object_id))
        FAIL_FIELD(r->ctx, "object_id", "malformed", "object_id is a UUID.");
    TRY(db_list(r->ctx, SQL_AUDIT_LIST, &audit_line_shape, &rows, P(page.limit + 1, page.after, req_query(r, "action"), object_id)));
    return reply_list(r, &page, &audit_line_shape, &rows);
}
