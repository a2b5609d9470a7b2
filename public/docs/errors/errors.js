// The refusals that the API's description names: status, code and sentence of each.

const { paths, components } = await (await fetch("/api/openapi.json")).json();
const list = document.getElementById("refusals");

/** Which status a refusal has: the operations that refer to it say so. */
const statuses = new Map();
for (const operation of Object.values(paths).flatMap((item) => Object.values(item)))
    for (const [status, { $ref }] of Object.entries(operation.responses))
        if ($ref) statuses.set($ref.split("/").pop(), status);

for (const [code, { description }] of Object.entries(components.responses)) {
    const term = document.createElement("dt");
    term.id = code;
    term.textContent = `${statuses.get(code) ?? ""} ${code}`;
    const sentence = document.createElement("dd");
    sentence.textContent = description.replaceAll("`", "");
    list.append(term, sentence);
}
document.getElementById(location.hash.slice(1))?.scrollIntoView();
