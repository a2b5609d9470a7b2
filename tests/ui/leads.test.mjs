// What people paste, and what the browser makes of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeText, parseList } from "../../public/js/leads.js";
import { countOutcomes, outcomeOf } from "../../public/js/outcomes.js";

test("a CSV with a heading keeps further columns by their names", () => {
    const { leads, heading } = parseList('phone,Business Name,Category,city\r\n(813) 489-3222,"Door, Blue",bakery,Tampa\r\n');
    assert.equal(heading, true);
    assert.deepEqual(leads, [{ business_name: "Door, Blue", phone: "(813) 489-3222", category: "bakery", city: "Tampa" }]);
});

test("a Turkish heading with semicolons is understood", () => {
    const { leads } = parseList("\uFEFFİşletme Adı;Telefon;Kategori\nÇınar Kırtasiye;0312 911 40 94;kırtasiye");
    assert.deepEqual(leads, [{ business_name: "Çınar Kırtasiye", phone: "0312 911 40 94", category: "kırtasiye" }]);
});

test("without a heading the column of numbers is found by its look", () => {
    const { leads, heading } = parseList("Blue Door\t+1 813 489 3222\tbakery\nHarbor\t8134893223\tdentist");
    assert.equal(heading, false);
    assert.deepEqual(leads.map(({ phone }) => phone), ["+1 813 489 3222", "8134893223"]);
    assert.equal(leads[1].category, "dentist");
});

test("bare numbers are leads without names, blank lines are nothing", () => {
    const { leads } = parseList("8134893222\n\n  \n+90 312 911 40 94\n");
    assert.deepEqual(leads.map(({ phone, business_name }) => [phone, business_name]),
        [["8134893222", ""], ["+90 312 911 40 94", ""]]);
});

test("a line without a number stays, so that the server can say why it is skipped", () => {
    const { leads } = parseList("business_name,phone\nNobody,\nBad,abc");
    assert.deepEqual(leads.map(({ phone }) => phone), ["", "abc"]);
});

test("quotes may hold line ends and quotes; an open quote ends with the text", () => {
    const { leads } = parseList('name,phone\n"A ""B""\nC",8134893222\n"open,8134893223');
    assert.equal(leads[0].business_name, 'A "B"\nC');
    assert.equal(leads[1].business_name, "open,8134893223");
});

test("nothing, and a heading alone, are no leads", () => {
    assert.deepEqual(parseList("").leads, []);
    assert.deepEqual(parseList("business_name,phone,category").leads, []);
});

test("a heading cannot reach the prototype", () => {
    const { leads } = parseList("phone,__proto__\n8134893222,x");
    assert.deepEqual(Object.keys(leads[0]), ["business_name", "phone", "category"]);
});

test("a hundred thousand lines are read well within a second or two", () => {
    const text = `name,phone\n${"Blue Door,8134893222\n".repeat(100_000)}`;
    assert.equal(parseList(text).leads.length, 100_000);
});

test("bytes that are not UTF-8 are read as the Turkish code page", () => {
    assert.equal(decodeText(new Uint8Array([0xde, 0x69, 0xfe]).buffer), "Şiş");
    assert.equal(decodeText(new TextEncoder().encode("Şiş").buffer), "Şiş");
});

test("calls are counted by what became of them", () => {
    const row = (status, answeredBy = null) => ({ callSid: null, phone: "", status, answeredBy, timestamp: "" });
    assert.equal(outcomeOf(row("completed", "human")), "person");
    assert.equal(outcomeOf(row("completed", "unknown")), "answered");
    assert.equal(outcomeOf(row("ringing")), "open");
    assert.deepEqual(countOutcomes([row("busy"), row("completed", "machine"), row("busy")]),
        [{ outcome: "machine", count: 1 }, { outcome: "busy", count: 2 }]);
});
