// Findings marked in a text. The service counts bytes of UTF-8; a text here is UTF-16.

import { h } from "./page.js";

/** The text in pieces, with a mark over each finding that has a place. Marks may overlap. */
export function markText(text, findings) {
  const bytes = new TextEncoder().encode(text);
  const decode = (from, to) => new TextDecoder().decode(bytes.subarray(from, to));
  const ranges = findings.filter(({ bytes: range }) => range).map(({ bytes: [from, to], message }) => ({ from, to, message }));
  const cuts = [...new Set([0, bytes.length, ...ranges.flatMap(({ from, to }) => [from, to])])]
    .filter((cut) => cut <= bytes.length).sort((one, other) => one - other);
  return cuts.slice(0, -1).map((from, i) => {
    const to = cuts[i + 1];
    const over = ranges.filter((range) => range.from <= from && to <= range.to);
    const piece = decode(from, to);
    return over.length ? h("mark", { title: over.map(({ message }) => message).join("; ") }, piece) : h("span", {}, piece);
  });
}
