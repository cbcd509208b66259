// The operator's page: the queue, a request with its cameras and its notice, the events, invitations.

import { get, newKey, post } from "./api.js";
import { bounds, openMap } from "./map.js";
import { $, announce, complain, copy, doing, fill, foreign, h, km2, start, views, words } from "./page.js";
import { markText } from "./marks.js";
import { ownZone, shown, span } from "./time.js";

const WAIT = 150;
const REST = 15 * 60_000;

let map;
let base;
let open;

start(async () => {
  base = await get("/map.json");
  views(["review", "request", "all", "events", "owners"], (name, id) => {
    open = null;
    const load = { review: queue, request: () => request(Number(id)), all, events, owners: () => {} }[name];
    load().catch?.((error) => complain($("#complaints"), error));
  });
  doing($("#approve"), $("#notice-complaints"), approve);
  doing($("#ask"), $("#notice-complaints"), ask);
  $("#notice").addEventListener("input", () => {
    if (!open) return;
    // Whoever writes on sees the findings of before until the new ones are there.
    $("#findings").setAttribute("aria-busy", "true");
    clearTimeout(open.waiting);
    open.waiting = setTimeout(lint, WAIT);
  });
  $("#notice").addEventListener("submit", (event) => event.preventDefault());
  $("#invite").addEventListener("submit", invite);
  blankAtRest();
});

const summary = ({ id, agency, case_reference: reference, incident, m2, window }) => [
  h("h2", {}, h("a", { href: `#request/${id}` }, foreign(reference || `Request ${id}`), ": ", words(incident), ", ", foreign(agency.name))),
  h("p", {}, `${km2(m2)}, ${span(window, ownZone())}`),
];

async function queue() {
  const { requests } = await get("/v1/requests?state=open");
  const waiting = requests.filter(({ notice }) => !notice.approved);
  $("#to-review").textContent = `(${waiting.length})`;
  fill($("#queue"), waiting.length ? waiting.map((each) => h("li", { class: "card" }, summary(each))) : h("li", { class: "card" }, "Nothing waits for a review."));
}

async function all(before) {
  const { requests, more } = await get(`/v1/requests?state=all${before ? `&before=${before}` : ""}`);
  const cards = requests.map((each) => h("li", { class: "card" }, summary(each),
    h("p", {}, each.state === "open" ? `Open until ${shown(each.open_until, ownZone())}.` : `Ended: ${words(each.state)}.`, ` Asked ${each.asked} households.`,
      each.due && each.state === "open" ? " Somebody may have to be asked who was not." : "")));
  if (before) $("#all").append(...cards);
  else fill($("#all"), cards);
  $("#more").hidden = !more;
  $("#more").onclick = () => all(requests.at(-1).id);
}

async function events() {
  const rows = [];
  for (let after = 0; ;) {
    const { events: page } = await get(`/v1/events?after=${after}`);
    if (!page.length) break;
    rows.push(...page);
    after = page.at(-1).sequence;
  }
  fill($("#events"), rows.map(({ sequence, id, at, step }) => h("tr", {}, [sequence, id, shown(at, ownZone()), happened(step)].map((cell) => h("td", {}, String(cell))))));
}

function happened(step) {
  if (typeof step === "string") return words(step);
  const [[name, detail]] = Object.entries(step);
  if (detail.owners) return `${words(name)}: ${detail.owners.length} households`;
  return detail.until ? `${words(name)} until ${shown(detail.until, ownZone())}` : `${words(name)}: ${detail.enough ? "enough" : "too few"} households`;
}

/** One request: its cameras, its owners, and its notice. */
async function request(id) {
  let found;
  for (let before = "", more = true; more && !found;) {
    const page = await get(`/v1/requests?state=all${before}`);
    found = page.requests.find((each) => each.id === id);
    ({ more } = page);
    before = `&before=${page.requests.at(-1)?.id}`;
  }
  if (!found) { location.hash = "#review"; return; }
  open = { id, request: found, key: newKey(), askKey: newKey() };
  fill($("#title"), foreign(found.case_reference || `Request ${id}`), ": ", words(found.incident), ", ", foreign(found.agency.name));
  fill($("#facts"), `${km2(found.m2)}, ${span(found.window, ownZone())}. Contact: `, foreign(found.contact));
  map ??= pickable(openMap($("#map"), base));
  map.layer("area", [{ class: "area", geometry: found.area }]);
  map.layer("cameras", []);
  map.layer("facing", []);
  map.zoom(bounds(found.area));
  $("#letters").hidden = true;
  $("#view-request").focus?.();
  await notice(found);
  if (found.state === "open") await cameras(id);
  if (found.asked > 0 && found.state === "open") await letters();
}

async function cameras(id) {
  const [{ cameras: found }, funnel] = await Promise.all([get(`/v1/requests/${id}/cameras`), get(`/v1/requests/${id}/funnel`)]);
  open.cameras = found;
  open.picked = null;
  showCameras();
  const asked = found.filter(({ code }) => code === "asked");
  const households = new Set(asked.map(({ owner }) => owner)).size;
  $("#asked-count").textContent = `${asked.length} asked, in ${households} households`;
  $("#never-count").textContent = `${found.length - asked.length} in the area, never asked`;
  $("#ask").textContent = open.request.asked ? "Ask whoever is new" : `Ask ${households} households`;
  steps(found, funnel);
  fill($("#cameras tbody"), found.map((camera) => h("tr", {}, h("td", {}, String(camera.id)), h("td", {}, String(camera.owner)), h("td", {}, words(camera.code)))));
}

function showCameras() {
  const { cameras: found, picked, code } = open;
  map.layer("facing", found.filter(({ id, facing }) => facing && id === picked?.id)
    .map((camera) => ({ element: sign(camera), geometry: { type: "Point", coordinates: [camera.lon, camera.lat] } })));
  map.layer("cameras", found.map((camera) => ({
    class: [camera.code === "asked" ? "asked" : "never", code && camera.code !== code && "faded", camera.id === picked?.id && "picked"].filter(Boolean).join(" "),
    geometry: { type: "Point", coordinates: [camera.lon, camera.lat] }, pick: true, camera, data: { camera: camera.id, code: camera.code },
  })));
}

/** A sign that is turned to where a camera looks. */
function sign({ facing: { bearing } }) {
  const wedge = h("i", { class: "wedge", "aria-hidden": "true" });
  wedge.style.rotate = `${bearing}deg`;
  return h("span", { class: "turned" }, wedge);
}

function pickable(made) {
  made.onclick(({ shape }) => {
    if (!open?.cameras) return;
    open.picked = shape?.camera ?? null;
    showCameras();
    const { id, owner, code } = open.picked ?? {};
    $("#picked").textContent = open.picked ? `Camera ${id}, owner ${owner}: ${code === "asked" ? "asked" : `never asked, ${words(code)}`}.` : "No camera is there.";
  });
  return made;
}

/** The funnel: each reason with its cameras; a reason picks its dots out on the map. */
function steps(found, funnel) {
  const counts = new Map();
  for (const { code } of found) counts.set(code, (counts.get(code) ?? 0) + 1);
  const reasons = [...counts].filter(([code]) => code !== "asked").sort((one, other) => other[1] - one[1]);
  const row = (name, number, class_, code) => h("tr", { class: class_ },
    h("th", { scope: "row" }, code ? h("button", { type: "button", class: "plain", "aria-pressed": "false", onclick: (event) => pickOut(code, event.currentTarget) }, name) : name),
    h("td", { class: "number" }, String(number)));
  fill($("#funnel tbody"), row("In the area", found.length, "total"), reasons.map(([code, number]) => row(words(code), number, "", code)),
    row("Asked", counts.get("asked") ?? 0, "total"),
    funnel.min_households ? row("Households needed", funnel.min_households, "") : null);
}

function pickOut(code, button) {
  open.code = open.code === code ? null : code;
  for (const each of document.querySelectorAll("#funnel button")) each.setAttribute("aria-pressed", String(each === button && open.code === code));
  showCameras();
}

async function notice({ id, state }) {
  const form = $("#notice");
  const told = await get(`/v1/requests/${id}/notice`);
  const from = told.approved ?? { template: told.template, stop: told.stop, withheld: [], public_text: "", reviewer: "" };
  for (const name of ["template", "stop", "public_text", "reviewer"]) form.elements[name].value = from[name] ?? "";
  form.elements.withheld.value = from.withheld.join("\n");
  $("#placeholders").textContent = `Filled in: ${told.placeholders.map((name) => `{${name}}`).join(" ")}`;
  approved(told.approved);
  for (const name of ["approve", "ask"]) $(`#${name}`).hidden = state !== "open";
  await lint();
}

function approved(of) {
  $("#approve").className = of ? "" : "strong";
  $("#ask").className = of ? "strong" : "";
  fill($("#approval"), of ? h("span", {}, "Approved by ", foreign(of.reviewer), ` on ${shown(of.at, ownZone())}. Bulletin ${of.bulletin} is out.`) : "Not approved yet: nobody can be asked.");
}

const draft = (approve) => {
  const { template, stop, withheld, public_text: text, reviewer } = $("#notice").elements;
  const names = withheld.value.split("\n").map((name) => name.trim()).filter(Boolean);
  return { template: template.value, stop: stop.value, withheld: names, public_text: text.value, reviewer: reviewer.value, approve };
};

async function lint() {
  const of = open;
  if (!of) return;
  // An answer that comes after a later draft was sent is about other words.
  const turn = of.turn = (of.turn ?? 0) + 1;
  const isCurrent = () => of === open && turn === of.turn;
  try {
    const told = await post(`/v1/requests/${of.id}/notice`, draft(false));
    if (isCurrent()) findings(told);
  } catch (error) {
    if (!isCurrent()) return;
    $("#findings").setAttribute("aria-busy", "false");
    complain($("#notice-complaints"), error);
  }
}

function findings({ text, findings: found = [], public_findings: ofPublic = [], template_error: broken, public_error: noBulletin }) {
  const list = (all, plain) => [...all.map(({ code, message }) => h("li", { class: "refusal", "data-code": code }, foreign(message))), ...plain.filter(Boolean).map((message) => h("li", { class: "refusal" }, foreign(message)))];
  fill($("#text"), markText(text ?? "", found));
  fill($("#findings"), list(found, [broken]));
  const written = $("#public_text").value;
  $("#public-shown").hidden = ofPublic.length === 0;
  fill($("#public-shown"), markText(written, ofPublic));
  fill($("#public-findings"), list(ofPublic, [noBulletin]));
  $("#findings").setAttribute("aria-busy", "false");
}

async function approve() {
  clearTimeout(open.waiting);
  try {
    const told = await post(`/v1/requests/${open.id}/notice`, draft(true), open.key);
    open.key = newKey();
    findings(told);
    approved(told);
    announce("The notice is approved, and the bulletin is out.");
  } catch (error) {
    open.key = newKey();
    if (error.code === "notice_refused") findings(error.details);
    throw error;
  }
}

async function ask() {
  const asked = await post(`/v1/requests/${open.id}/ask`, {}, open.askKey);
  open.askKey = newKey();
  if (asked.owners) $("#ask").textContent = "Ask whoever is new";
  announce(`${asked.owners} households are asked.`);
  $("#approval").append(` ${asked.owners} households are asked.`);
  await letters();
  $("#letters-title").focus();
}

async function letters() {
  const section = $("#letters");
  section.hidden = false;
  const { letters: found } = await get(`/v1/requests/${open.id}/letters`);
  $("h2", section).textContent = `Letters (${found.length})`;
  fill($("ul", section), found.slice(0, 20).map(({ owner, zone, not_before: from, text }) => h("li", {}, h("details", {},
    h("summary", {}, `Owner ${owner}`, from ? `, not before ${shown(from, zone)}: hours of quiet` : ""),
    h("p", { class: "text" }, foreign(text))))), found.length > 20 ? h("li", {}, `and ${found.length - 20} more`) : null);
}

async function invite(event) {
  event.preventDefault();
  const owner = $("#owner").value;
  try {
    const { invitation, expires } = await post(`/v1/owners/${owner}/invitation`);
    fill($("#invitation"), h("p", {}, `For owner ${owner}, until ${shown(expires, ownZone())}: `, h("code", {}, invitation), " ", h("button", { type: "button", onclick: () => copy(invitation) }, "Copy")));
  } catch (error) {
    complain($("#invitation"), error);
  }
}

/** Hides cameras on a screen that nobody uses. */
function blankAtRest() {
  let resting;
  const wake = () => {
    clearTimeout(resting);
    resting = setTimeout(() => {
      if ($("#blank")) return;
      document.body.append(h("div", { id: "blank", role: "dialog", "aria-label": "At rest" }, h("p", {}, "Blank after 15 minutes of rest."),
        h("button", { type: "button", class: "strong", onclick: () => location.reload() }, "Go on")));
      $("#main").inert = true;
    }, REST);
  };
  for (const name of ["pointerdown", "keydown", "pointermove"]) document.addEventListener(name, wake, { passive: true });
  wake();
}
