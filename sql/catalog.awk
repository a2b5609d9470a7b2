# sql/queries/*.sql -> the catalogue of named statements: sql_catalog.h (enum sql) and sql_catalog.c (struct sql_statement).
#
#     awk -v directory=build/gen -f sql/catalog.awk sql/queries/*.sql sql/schema/*.sql
#
# A statement is a line "-- name: lead_find", a line that names its lane, perhaps a line "-- global", comments, and one SQL
# statement.  $1 of every statement is the tenant and is filled by db.c; one that does not mention $1 is refused unless it
# is marked global.  The lane (db/lane.h) is what a worker sends it by when no transaction is open:
#
#     -- lane: read            quick, changes nothing
#     -- lane: write           quick, may change something
#     -- lane: write by $2     the same, and $2 names the row that it locks first: batches are sorted by it
#     -- lane: own             may take long or wait, works in a transaction, or needs the session: a connection to itself
# Files in schema/ are not read: their names alone become migration_names, so that a worker can tell whether its
# database has all of them.

function complain(message)
{
    printf "%s: %s\n", at, message > "/dev/stderr"
    failed = 1
}

# One C string literal per line, comments and blank lines left out.
function literal(text,    line, count, i, out)
{
    count = split(text, line, "\n")
    for (i = 1; i <= count; i++) {
        gsub(/\\/, "\\\\", line[i])
        gsub(/"/, "\\\"", line[i])
        out = out "\n        \"" line[i] "\\n\""
    }
    return out
}

function highest_parameter(text,    highest)
{
    while (match(text, /\$[0-9]+/)) {
        if (substr(text, RSTART + 1, RLENGTH - 1) + 0 > highest)
            highest = substr(text, RSTART + 1, RLENGTH - 1) + 0
        text = substr(text, RSTART + RLENGTH)
    }
    return highest + 0
}

function finish()
{
    if (name == "") {
        if (body != "")
            complain("a statement without a \"-- name:\" line")
    } else if (body == "") {
        complain("\"" name "\" has no statement")
    } else {
        sub(/[ \t\n]*;[ \t\n]*$/, "", body)
        if (body ~ /;[ \t]*\n/)
            complain("\"" name "\" holds more than one statement")
        if (!global && body !~ /\$1([^0-9]|$)/)
            complain("\"" name "\" does not mention $1, the tenant; mark it \"-- global\" if it concerns all tenants")
        if (lane == "")
            complain("\"" name "\" names no lane: say \"-- lane: read\", \"write\", \"write by $2\" or \"own\"")
        if (lane_key > highest_parameter(body))
            complain("\"" name "\" has no parameter $" lane_key " to be sorted by")
        names[++count] = name
        texts[count] = body
        globals[count] = global
        places[count] = at
        lanes[count] = lane
        lane_keys[count] = lane_key
    }
    name = body = lane = ""
    global = lane_key = 0
}

BEGIN {
    if (directory == "")
        directory = "build/gen"
}

FILENAME ~ /(^|\/)schema\// {
    if (!(FILENAME in migration_seen)) {
        migration_seen[FILENAME] = 1
        migration = FILENAME
        sub(/.*\//, "", migration)
        migrations[++migration_count] = migration
    }
    next
}

FNR == 1 { finish() }

/^--[ \t]*name:/ {
    finish()
    at = FILENAME ":" FNR
    name = $0
    sub(/^--[ \t]*name:[ \t]*/, "", name)
    sub(/[ \t\r]+$/, "", name)
    if (name !~ /^[a-z][a-z0-9_]*$/)
        complain("\"" name "\" is not a name: lower-case letters, digits and _")
    if (name in seen)
        complain("\"" name "\" was used before, at " seen[name])
    seen[name] = at
    next
}

/^--[ \t]*global[ \t]*$/ {
    if (name == "" || body != "")
        complain("\"-- global\" belongs between the name and the statement")
    global = 1
    next
}

/^--[ \t]*lane:/ {
    if (name == "" || body != "" || lane != "")
        complain("one \"-- lane:\" belongs between the name and the statement")
    if ($0 !~ /^--[ \t]*lane:[ \t]*(read|own|write([ \t]+by[ \t]+\$[1-9][0-9]*)?)[ \t]*$/)
        complain("\"" $0 "\" is no lane: read, write, write by $n, own")
    lane = $0
    sub(/^--[ \t]*lane:[ \t]*/, "", lane)
    if (lane ~ /\$/) {
        lane_key = lane
        sub(/[^$]*\$/, "", lane_key)
        lane_key += 0
    }
    sub(/[ \t].*/, "", lane)
    next
}

/^[ \t]*--/ || /^[ \t]*$/ { next }

{
    if (name == "")
        at = FILENAME ":" FNR
    body = body (body == "" ? "" : "\n") $0
}

END {
    finish()
    if (failed)
        exit 1

    header = directory "/sql_catalog.h"
    source = directory "/sql_catalog.c"

    print "/* Made by sql/catalog.awk from sql/queries; do not edit. */\n#pragma once\n\n#include <stdbool.h>\n\nenum sql {" > header
    for (i = 1; i <= count; i++)
        print "    SQL_" toupper(names[i]) "," > header
    print "    SQL_COUNT\n};\n" > header
    print "struct sql_statement {\n    const char *name;\n    const char *text;\n    const char *place;\n" \
          "    unsigned    parameters;                                    /* the highest $n */\n    bool        global;\n" \
          "    enum sql_lane { LANE_READ, LANE_WRITE, LANE_OWN } lane;\n" \
          "    unsigned    lane_key;                                      /* n of the $n that batches are sorted by, or 0 */\n};\n" > header
    print "extern const struct sql_statement sql_catalog[SQL_COUNT];" > header
    print "extern const char *const migration_names[];                    /* files of sql/schema, NULL-terminated */" > header

    print "/* Made by sql/catalog.awk from sql/queries; do not edit. */\n#include \"sql_catalog.h\"\n\n#include <stddef.h>\n" > source
    print "const struct sql_statement sql_catalog[SQL_COUNT] = {" > source
    for (i = 1; i <= count; i++) {
        printf "    [SQL_%s] = { .name = \"%s\", .place = \"%s\", .parameters = %d, .global = %s, .lane = LANE_%s, .lane_key = %d, .text =%s },\n",
            toupper(names[i]), names[i], places[i], highest_parameter(texts[i]), globals[i] ? "true" : "false",
            toupper(lanes[i]), lane_keys[i], literal(texts[i]) > source
    }
    print "};\n\nconst char *const migration_names[] = {" > source
    for (i = 1; i <= migration_count; i++)
        print "    \"" migrations[i] "\"," > source
    print "    NULL\n};" > source
}
