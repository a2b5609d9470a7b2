# Layers, banned functions, libraries with one caller, SQL text in C.  One line per finding; exit status 1 when there is any.

function complain(message)
{
    printf "%s:%d: %s\n", FILENAME, FNR, message
    failed = 1
}

# "base/str.h" -> base
function layer_of(path,    part)
{
    split(path, part, "/")
    return part[1]
}

BEGIN {
    below["base"] = "base"
    below["db"] = "base db"
    below["model"] = "base model"
    below["store"] = "base db model store"
    below["provider"] = "base db model provider"
    below["service"] = "base db model store provider service"
    below["web"] = "base db model store provider service web"
    below["dialer"] = "base db model store provider service dialer"
    below["sandbox"] = "base model sandbox"
    below["command"] = "base db model store provider service command"

    # library header -> files that may include it
    only["curl/"] = "^fcgi/base/http\\.c$"
    only["jwt.h"] = "^fcgi/base/jwt\\.c$"
    only["liboath/"] = "^fcgi/base/totp\\.c$"
    only["qrencode.h"] = "^fcgi/base/qr\\.c$"
    only["json-c/"] = "^fcgi/base/json\\.c$"
    only["libxml/"] = "^fcgi/base/xml\\.c$|^fcgi/main_api\\.c$"
    only["libpq-fe.h"] = "^fcgi/db/|^include/db/session\\.h$"
    only["fcgiapp.h"] = "^fcgi/main_api\\.c$"
    only["phonenumbers/"] = "^fcgi/model/phone_shim\\.cc$"
    only["event2/"] = "^(fcgi|include)/sandbox/|^fcgi/main_sandbox\\.c$"
    only["sodium.h"] = "^fcgi/base/"
    only["openssl/"] = "^fcgi/base/"

    # no bounds, hidden state, a shell, or the environment after threads have begun
    banned = "(strcpy|strcat|sprintf|vsprintf|strtok|gets|system|popen|alloca|asctime|ctime|gmtime|localtime|tmpnam|mktemp|rand|srand|setjmp|longjmp)"
    process = "(setenv|putenv|unsetenv|exit|tzset|pthread_cancel)"
}

FNR == 1 {
    layer = ""
    if (match(FILENAME, /^(fcgi|include)\/[a-z]+\//)) {
        layer = FILENAME
        sub(/^(fcgi|include)\//, "", layer)
        layer = layer_of(layer)
    }
    header = FILENAME ~ /^include\//
    once = prose = 0
    if (header && $0 !~ /^\/\*/)
        complain("a public header opens with prose that teaches the module")
    in_comment = 0
}

/\t/ { complain("a tab; indent with spaces") }
length($0) > 180 { complain("a line of " length($0) " columns") }

/^#include "/ {
    path = $2
    gsub(/"/, "", path)
    to = layer_of(path)
    if (path ~ /\// && layer != "" && layer in below && index(" " below[layer] " ", " " to " ") == 0 &&
        !(layer == "command" && (path == "web/route.h" || path == "web/api.h" || path == "web/openapi.h")))
        complain(layer "/ may not include " path ": arrows point down (" below[layer] ")")
}

/^#include </ {
    path = $2
    gsub(/[<>]/, "", path)
    for (library in only)
        if (index(path, library) == 1 && FILENAME !~ only[library])
            complain("<" path "> has one caller: " only[library])
}

{
    # code without comments and without the insides of strings
    code = $0
    text = ""
    if (in_comment) {
        if (!match(code, /\*\//))
            next
        code = substr(code, RSTART + 2)
        in_comment = 0
    }
    out = ""
    while (code != "") {
        if (match(code, /"([^"\\]|\\.)*"|'([^'\\]|\\.)*'|\/\*|\/\//) == 0) {
            out = out code
            break
        }
        piece = substr(code, RSTART, RLENGTH)
        out = out substr(code, 1, RSTART - 1)
        rest = substr(code, RSTART + RLENGTH)
        if (piece == "//")
            break
        if (piece == "/*") {
            if (match(rest, /\*\//) == 0) {
                in_comment = 1
                break
            }
            code = substr(rest, RSTART + 2)
            continue
        }
        text = text " " piece
        out = out "\"\""
        code = rest
    }
    gsub(/strcpy\([^;,]*, ""\)/, "", out)                       # a constant into an array: the compiler checks it
    if (match(out, "(^|[^a-z_A-Z0-9>.])" banned "[ ]*\\("))
        complain("banned function: " substr(out, RSTART, RLENGTH) ")")
    if (layer != "" && layer != "command" && match(out, "(^|[^a-z_A-Z0-9>.])" process "[ ]*\\("))
        complain("not in a library layer: " substr(out, RSTART, RLENGTH) ")")
    if (text ~ /"[^"]*(SELECT .* FROM |INSERT INTO|UPDATE .* SET |DELETE FROM|CREATE TABLE|DROP TABLE|ALTER TABLE|WITH .* AS \()/)
        complain("SQL text belongs in sql/")
    if (layer ~ /^(store|service|web|dialer|model)$/ && text ~ /(api\.twilio\.com|"MachineDetection|"AnsweredBy|IncomingPhoneNumbers)/ &&
        FILENAME !~ /^fcgi\/web\/(hook|api_twilio)/)
        complain("carrier vocabulary belongs in provider/")
}

END { exit failed }
