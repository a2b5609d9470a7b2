// Reads what people paste: CSV with or without a heading, a column copied from a spreadsheet, or bare numbers.  It only
// finds the columns; whether a number may be called is the server's to say.

/**
 * @typedef {{ business_name: string, phone: string, category: string, [extra: string]: string }} Lead
 * @typedef {{ leads: Lead[], heading: boolean }} List
 */

const FIRST = 20;                                       // rows looked at to tell which column holds the numbers

/** Headings people use, in both languages, folded to letters. */
const NAMES = {
    phone: ["phone", "phonenumber", "telephone", "tel", "mobile", "number", "telefon", "telefonno", "telefonnumarasi", "numara", "cep", "gsm"],
    business_name: ["businessname", "business", "name", "company", "companyname", "isletme", "isletmeadi", "isim", "ad", "adi", "firma", "unvan"],
    category: ["category", "type", "industry", "kategori", "tur", "sektor"],
};

/** @param {string} heading */
function fold(heading) {
    return heading.toLowerCase().replaceAll("ı", "i").normalize("NFD").replace(/[^a-z]/g, "");
}

/** @param {string} cell */
function looksLikePhone(cell) {
    return /^[+(\d][\d\s().+/-]*$/.test(cell) && cell.replace(/\D/g, "").length >= 6;
}

/** The separator that the first lines use most. @param {string} text */
function separatorOf(text) {
    const start = text.slice(0, 4_000).replace(/"[^"]*"/g, "");
    let best = ",";
    let most = 0;
    for (const mark of ["\t", ";", ","]) {
        const count = start.split(mark).length - 1;
        if (count > most) {
            best = mark;
            most = count;
        }
    }
    return best;
}

/** RFC 4180: quotes may hold separators, line ends and doubled quotes. @param {string} text @param {string} separator */
function rowsOf(text, separator) {
    /** @type {string[][]} */
    const rows = [];
    /** @type {string[]} */
    let row = [];
    let cell = "";
    let quoted = false;
    const endCell = () => { row.push(cell.trim()); cell = ""; };
    const endRow = () => {
        endCell();
        if (row.some(Boolean))
            rows.push(row);
        row = [];
    };
    for (let at = 0; at < text.length; at++) {
        const mark = text[at];
        if (quoted) {
            if (mark !== '"')
                cell += mark;
            else if (text[at + 1] === '"')
                cell += text[++at];
            else
                quoted = false;
        } else if (mark === '"' && cell.trim() === "") {
            quoted = true;
            cell = "";
        } else if (mark === separator) {
            endCell();
        } else if (mark === "\n" || mark === "\r") {
            endRow();
        } else {
            cell += mark;
        }
    }
    endRow();
    return rows;
}

/** @param {string[]} first */
function columnsByHeading(first) {
    const folded = first.map(fold);
    /** @param {string[]} names */
    const find = (names) => folded.findIndex((heading) => names.includes(heading));
    const columns = { phone: find(NAMES.phone), business_name: find(NAMES.business_name), category: find(NAMES.category) };
    return columns.phone >= 0 || columns.business_name >= 0 ? columns : null;
}

/** Without a heading: the column most cells of which look like numbers; the others are name, then category. @param {string[][]} rows */
function columnsByLook(rows) {
    const width = Math.max(0, ...rows.slice(0, FIRST).map((row) => row.length));
    const hits = Array.from({ length: width }, (_, column) =>
        rows.slice(0, FIRST).filter((row) => looksLikePhone(row[column] ?? "")).length);
    const most = Math.max(0, ...hits);
    const phone = most > 0 ? hits.indexOf(most) : width > 1 ? 1 : 0;
    const others = Array.from({ length: width }, (_, column) => column).filter((column) => column !== phone);
    return { phone, business_name: others[0] ?? -1, category: others[1] ?? -1 };
}

/** @param {string} text @returns {List} */
export function parseList(text) {
    const plain = text.replace(/^\uFEFF/, "");
    const rows = rowsOf(plain, separatorOf(plain));
    if (!rows.length)
        return { leads: [], heading: false };

    const named = rows[0].some(looksLikePhone) ? null : columnsByHeading(rows[0]);
    const columns = named ?? columnsByLook(rows);
    const used = new Set(Object.values(columns));
    const extras = named ? rows[0].map((name, column) => ({ name, column })).filter(({ name, column }) =>
        name && !used.has(column) && !["__proto__", "business_name", "phone", "category"].includes(name)) : [];

    const leads = rows.slice(named ? 1 : 0).map((row) => {
        /** @type {Lead} */
        const lead = {
            business_name: row[columns.business_name] ?? "",
            phone: row[columns.phone] ?? "",
            category: row[columns.category] ?? "",
        };
        for (const { name, column } of extras)
            if (row[column])
                lead[name] = row[column];
        return lead;
    });
    return { leads, heading: named !== null };
}

/** A file's text: UTF-8, else the code page that spreadsheets in Turkey and western Europe write. @param {ArrayBuffer} bytes */
export function decodeText(bytes) {
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
        return new TextDecoder("windows-1254").decode(bytes);
    }
}
