// The public's page: bulletins, coverage, the rules and the log. Nobody signs in.

import { get } from "./api.js";
import { bounds, openMap, shape } from "./map.js";
import { $, band, copy, complain, fill, foreign, h, km2, start, words } from "./page.js";
import { ownZone, shown, span } from "./time.js";

start(async (portal) => {
  const map = openMap($("#map"), await get("/map.json"));
  doors(portal.hosts);
  const parts = [coverage(map), bulletins(map), rules(), agencies(), head()];
  for (const done of await Promise.allSettled(parts)) if (done.reason) complain($("#complaints"), done.reason);
});

function doors(hosts) {
  const port = location.port ? `:${location.port}` : "";
  const door = (plane, name) => h("a", { href: `${location.protocol}//${hosts[plane]}${port}/` }, name);
  fill($("#doors"), h("span", {}, "I am"), door("agency", "an officer"), door("operator", "a reviewer"), door("owner", "an owner of a camera"));
}

async function coverage(map) {
  let told;
  try {
    told = await get("/v1/coverage");
  } catch (error) {
    if (error.code !== "no_coverage") throw error;
    $("#made").textContent = "No coverage is published yet.";
    return;
  }
  const cells = told.cells.features;
  const bands = [...new Set(cells.map(({ properties }) => properties.at_least))].sort((one, other) => one - other);
  map.layer("coverage", cells.map(({ geometry, properties }) => ({ class: `cell b${1 + Math.min(4, bands.indexOf(properties.at_least))}`, geometry, title: `${band(properties)} households with a camera`, data: { cell: properties.cell } })));
  if (cells.length) map.zoom(bounds(...cells.map(({ geometry }) => geometry)));
  const names = new Map(cells.map(({ properties }) => [properties.at_least, band(properties)]));
  fill($("#key"), bands.map((least, i) => h("li", {}, sign(`cell b${1 + Math.min(4, i)}`), `${names.get(least)} households with a camera`)), h("li", {}, "without colour: 0 to 10"));
  $("#made").textContent = `Coverage of ${shown(told.made_at, ownZone())}, in bands; the next one is made ${shown(told.next, ownZone())}.`;
}

function sign(name) {
  const svg = shape("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
  svg.append(shape("path", { d: "M4 1h8l4 7-4 7H4L0 8z", class: name }));
  return svg;
}

async function bulletins(map) {
  const { bulletins: found } = await get("/v1/bulletins");
  map.layer("bulletins", found.flatMap(({ id, ending, outline }) => outline.features.map(({ geometry }) => ({ class: ending ? "bulletin ended" : "bulletin", geometry, data: { bulletin: id } }))));
  fill($("#bulletins"), found.length ? found.map(bulletin) : h("li", { class: "card" }, "No bulletin yet."));
}

const bulletin = ({ id, ending, text, agency, incident, window, history }) => h("li", { class: "card", "data-bulletin": id },
  h("h3", {}, words(incident), ", ", foreign(agency)),
  h("p", {}, foreign(text)),
  h("p", {}, span(window, ownZone())),
  h("ul", {}, history.map(({ at, event }) => h("li", {}, `${shown(at, ownZone())}: `, foreign(happened(event))))),
  h("p", {}, h("strong", {}, ending ? `Ended: ${words(ending)}.` : "Open.")));

function happened(event) {
  if (typeof event === "string") return words(event);
  const [[name, detail]] = Object.entries(event);
  return `${words(name)}: ${words(String(detail))}`;
}

async function rules() {
  const { policy } = await get("/v1/policy");
  const rows = [
    ["Area", `${km2(policy.min_area_m2)} to ${km2(policy.max_area_m2)}`],
    ["Window", `${policy.min_window_minutes} minutes to ${policy.max_window_minutes / 60} hours, at most ${policy.max_look_back_days} days ago`],
    ["Open for", `${policy.open_days} days, at most ${policy.max_open_days}`],
    ["Requests per case", policy.max_requests_per_case],
    ["Households needed", `${policy.min_households}, or nobody is asked`],
    ["Version", policy.version],
  ];
  fill($("#rules"), rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, foreign(value))]));
}

async function agencies() {
  const { agencies: found } = await get("/v1/agencies");
  fill($("#agencies"), found.map(({ name, kind }) => h("li", {}, foreign(name), ` (${kind})`)));
}

async function head() {
  const { size, root } = await get("/v1/log/head");
  const text = `${size}:${root}`;
  fill($("#head"), `${size} ${size === 1 ? "entry" : "entries"}, head `, h("code", { id: "head-text" }, text));
  $("#copy").addEventListener("click", () => {
    sessionStorage.setItem("head", text);
    copy(text);
  });
}
