// Every text exists in every language, with the same blanks to fill, and nothing in the code asks for one that does not.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PUBLIC = fileURLToPath(new URL("../../public/", import.meta.url));
const read = (name) => JSON.parse(readFileSync(join(PUBLIC, "locales", `${name}.json`), "utf8"));
const catalogues = { en: read("en"), tr: read("tr") };

const sources = readdirSync(join(PUBLIC, "js"), { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .map((name) => ({ name, text: readFileSync(join(PUBLIC, "js", name), "utf8") }));

test("both languages have the same texts, none of them empty", () => {
    assert.deepEqual(Object.keys(catalogues.tr).sort(), Object.keys(catalogues.en).sort());
    for (const [locale, words] of Object.entries(catalogues))
        for (const [key, text] of Object.entries(words))
            assert.ok(text.trim(), `${locale} ${key} is empty`);
});

test("both languages have the same blanks in each text", () => {
    const blanks = (text) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
    for (const key of Object.keys(catalogues.en)) {
        if (key.endsWith(".one") || key.startsWith("setup.replaces"))     /* "its last lead" needs no number */
            continue;
        assert.deepEqual(blanks(catalogues.tr[key]), blanks(catalogues.en[key]), key);
    }
});

test("every text the code names exists, families of texts too", () => {
    const { en } = catalogues;
    for (const { name, text } of sources) {
        for (const [, call, key] of text.matchAll(/\b(tn?)\("([^"]+)"/g))
            assert.ok(call === "tn" ? `${key}.other` in en : key in en, `${name}: ${key}`);
        for (const [, family] of text.matchAll(/\bt\(`([\w.]+\.)\$\{/g))
            assert.ok(Object.keys(en).some((key) => key.startsWith(family)), `${name}: ${family}…`);
    }
});

test("every icon the code names is among the vendored files", () => {
    const vendored = readFileSync(join(PUBLIC, "vendor.txt"), "utf8");
    const names = sources.flatMap(({ text }) => [
        ...[...text.matchAll(/<\$\{Icon\} name="([\w-]+)"/g)].map((match) => match[1]),
        ...[...text.matchAll(/\bicon="([\w-]+)"/g)].map((match) => match[1])]);
    assert.ok(names.length > 10);
    for (const name of names)
        assert.ok(vendored.includes(`/icons/${name}.svg\n`), name);
});
