// The owner's page: consent, requests and answers, cameras, and the check of the log.

import { get, newKey, post, put, remove } from "./api.js";
import { $, announce, complain, doing, fill, foreign, h, start, views, words } from "./page.js";
import { instant, ownZone, shown, span, typed } from "./time.js";
import { checkEntry, isContinued, readHead } from "./verify.js";

const complaints = $("#complaints");
let me;

start(async () => {
  await load();
  views(["consent", "asked", "verify"], (name) => { if (name === "asked") asked().catch((error) => complain(complaints, error)); });
  doing($("#withdraw"), complaints, stop);
  doing($("#save"), complaints, save);
  $("#consent").addEventListener("submit", (event) => event.preventDefault());
  $("#older").value = new URLSearchParams(location.search).get("head") ?? "";
  $("#verify").addEventListener("submit", async (event) => {
    event.preventDefault();
    fill($("#verdict"), h("p", {}, "Checking \u2026"));
    try {
      fill($("#verdict"), await verdict());
    } catch (error) {
      complain($("#verdict"), error);
    }
  });
  asked().catch((error) => complain(complaints, error));
});

async function load() {
  me = await get("/v1/me");
  fill($("#who"), `Owner ${me.owner}`);
  const { consent } = me;
  const form = $("#consent").elements;
  const zones = [...new Set([consent.zone, ownZone(), "UTC"].filter(Boolean))];
  fill($("#zone"), zones.map((zone) => h("option", { value: zone }, zone)));
  form.standing.value = consent.standing;
  scope($("#agencies"), "agencies", me.agencies.map(({ id, name }) => [id, name]), consent.agencies);
  scope($("#incidents"), "incidents", me.incidents.map((code) => [code, words(code)]), consent.incidents);
  for (const name of ["paused_until", "expires"]) form[name].value = consent[name] ? typed(consent[name], form.zone.value).slice(0, 10) : "";
  for (const name of ["per_7_days", "per_30_days"]) form[name].value = consent.limit?.[name] ?? "";
  stands(consent);
  fill($("#cameras"), me.cameras.length ? me.cameras.map(camera) : h("li", { class: "card" }, "No camera is registered for you."));
}

function stands(consent) {
  const isGranted = consent.standing === "granted";
  $("#standing").textContent = isGranted ? "You may be asked, in the terms below." : "You are not asked.";
  $("#withdraw").hidden = !isGranted;
}

/** One of any, only some, or all but some, with a box for each. */
function scope(place, name, choices, value = "any") {
  const kind = typeof value === "string" ? "any" : Object.keys(value)[0];
  const chosen = new Set(typeof value === "string" ? [] : value[kind]);
  const boxes = h("div", {}, choices.map(([id, text]) => h("label", { class: "choice" },
    h("input", { type: "checkbox", name: `${name}-each`, value: String(id), checked: chosen.has(id) }), foreign(text))));
  const select = h("select", { name, "aria-label": place.querySelector("legend").textContent },
    [["any", "all"], ["only", "only these"], ["all_but", "all but these"]].map(([code, text]) => h("option", { value: code }, text)));
  const show = () => { boxes.hidden = select.value === "any"; };
  select.value = kind;
  select.addEventListener("change", show);
  show();
  fill(place, place.querySelector("legend"), select, boxes);
}

function readScope(name, read) {
  const kind = $(`select[name="${name}"]`).value;
  if (kind === "any") return "any";
  return { [kind]: [...document.querySelectorAll(`input[name="${name}-each"]:checked`)].map(({ value }) => read(value)) };
}

async function save() {
  const form = $("#consent").elements;
  const consent = { ...me.consent, standing: form.standing.value, agencies: readScope("agencies", Number), incidents: readScope("incidents", String), zone: form.zone.value };
  for (const name of ["paused_until", "expires"]) {
    const day = form[name].value && instant(`${form[name].value}T00:00`, form.zone.value);
    if (day?.error) return fill(complaints, h("p", { class: "refusal", role: "alert" }, day.error));
    consent[name] = day ? day.instant : undefined;
  }
  const limit = {};
  for (const name of ["per_7_days", "per_30_days"]) if (form[name].value !== "") limit[name] = Number(form[name].value);
  consent.limit = Object.keys(limit).length ? { ...me.consent.limit, ...limit } : undefined;
  await put("/v1/me/consent", consent);
  await load();
  announce("Saved. It holds from now on.");
}

async function stop() {
  await post("/v1/me/withdraw");
  await load();
  announce("Stopped. Nobody asks you from now on.");
}

function camera({ id, recording, facing }) {
  const answers = h("output");
  const days = h("input", { type: "number", min: "0", max: "3650", step: "1", value: String(recording.kept_days), "aria-label": `Days that camera ${id} keeps its recordings` });
  const kept = h("button", { type: "button", "aria-label": `Save camera ${id}` }, "Save");
  const gone = h("button", { type: "button", "aria-label": `Remove camera ${id}` }, "Remove");
  const blind = facing && h("button", { type: "button", "aria-label": `Forget where camera ${id} looks` }, "Forget where it looks");
  const change = (button, work, text) => button && doing(button, answers, async () => { await work(); await load(); announce(text); });
  const path = `/v1/me/cameras/${id}`;
  change(kept, () => put(path, { facing: facing ?? null, recording: { ...recording, kept_days: Number(days.value) } }), `Camera ${id} is saved.`);
  change(blind, () => put(path, { facing: null, recording }), `Camera ${id}: forgotten.`);
  change(gone, () => remove(path), `Camera ${id} is removed.`);
  return h("li", { class: "card", "data-camera": id }, h("h3", {}, `Camera ${id}`),
    facing ? h("p", {}, `Looks to ${Math.round(facing.bearing)}\u00b0, ${Math.round(facing.angle)}\u00b0 wide.`) : null,
    h("div", { class: "tools" }, h("span", {}, "Keeps recordings for"), days, h("span", {}, "days"), kept, blind, gone), answers);
}

async function asked() {
  const { requests } = await get("/v1/me/requests");
  const open = requests.filter(({ state }) => state === "open").length;
  $("#open-count").textContent = open ? `(${open})` : "";
  fill($("#asked"), requests.length ? requests.map(request) : h("li", { class: "card" }, "Nobody has asked you."));
}

function request({ id, agency, incident, case_reference: reference, window, state, open_until: until, text, answer, not_before: quiet }) {
  const zone = $("#zone").value;
  const answers = h("output");
  const item = h("li", { class: "card", "data-request": id },
    h("h2", {}, words(incident), ", ", foreign(agency.name)),
    h("p", {}, span(window, zone), ", case ", foreign(reference)),
    h("p", { class: "text" }, foreign(text)));
  if (quiet) item.append(h("p", { class: "notice" }, `Nothing was sent to you yet: it is a quiet hour until ${shown(quiet, zone)}.`));
  if (state !== "open") {
    item.append(h("p", { class: "state" }, `Ended: ${words(state)}.`));
    return item;
  }
  item.append(h("p", {}, `Open until ${shown(until, zone)}. Doing nothing is fine: it is an answer too, and looks the same as a no.`));
  const give = (given, name) => {
    const button = h("button", { type: "button" }, name);
    const key = newKey();
    doing(button, answers, async () => {
      await post(`/v1/me/requests/${id}/answer`, { answer: given }, key);
      await asked();
      announce(given === "shared" ? "Thank you. You can change this until the end." : "Noted. Nobody else sees it.");
    });
    return button;
  };
  item.append(h("div", { class: "equal" }, give("shared", "I shared it"), give("declined", "No, thank you")));
  if (answer === "shared") item.append(h("p", { class: "found" }, "You shared footage."));
  item.append(answers);
  return item;
}

/** All entries that concern owners, read to one head. */
async function entries() {
  for (let tries = 0; tries < 5; tries += 1) {
    const found = [];
    let page = await get("/v1/me/log");
    const { head } = page;
    found.push(...page.entries);
    while (page.more && page.head.root === head.root) {
      page = await get(`/v1/me/log?after=${found.at(-1).index}`);
      found.push(...page.entries);
    }
    if (page.head.root === head.root) return { ...page, head, entries: found };
  }
  throw new Error("The log grows too fast to be read to one head; try again.");
}

async function verdict() {
  const log = await entries();
  const checked = await Promise.all(log.entries.map((entry) => checkEntry(entry, log)));
  const broken = checked.filter((entry) => entry.broken);
  const yes = checked.filter((entry) => entry.asked === true);
  const no = checked.filter((entry) => entry.asked === false);
  const { requests } = await get("/v1/me/requests");
  const lines = [
    ...broken.map(({ index, broken: why }) => wrong(`Entry ${index} does not hold: ${why}.`)),
    ...yes.map(({ index, at }) => right(`Entry ${index}, before ${shown(at, $("#zone").value)}: you were asked.`)),
    right(`${no.length} ${no.length === 1 ? "other entry" : "other entries"}: you were not asked.`),
  ];
  // The log grows by one batch a period: a request of since then is not in it yet.
  const closed = Math.max(0, ...checked.map(({ at }) => at ?? 0));
  const due = requests.filter(({ asked_at: at }) => Date.parse(at) < closed).length;
  if (yes.length < due) lines.push(wrong(`You got ${due} requests before the log was closed last, and it has ${yes.length} of them.`));
  if (due < requests.length) lines.push(h("p", { class: "hint" }, `The log does not have the last ${requests.length - due} yet: it is closed at stated times. Verify again tomorrow.`));
  const older = await continued(log.head);
  if (!older) return verdict();
  lines.push(older);
  lines.push(h("p", { class: "hint" }, `Checked by your browser against the head ${log.head.size}:${log.head.root}.`));
  return lines;
}

async function continued(head) {
  const kept = $("#older").value.trim();
  if (!kept) return h("p", { class: "hint" }, "No older head was given, so nothing shows whether the log was rewritten.");
  const older = readHead(kept);
  if (!older) return wrong("The head that you gave is none: it is a number, a colon and 64 digits.");
  const told = await get(`/v1/log/consistency?older=${older.size}`).catch((error) => {
    if (error.code === "no_such_entry") return null;
    throw error;
  });
  if (!told) return wrong(`The log has fewer entries than the ${older.size} of the head that you kept.`);
  // The log grew meanwhile.
  if (told.head.root !== head.root || told.head.size !== head.size) return null;
  return await isContinued(older, head, told.proof) ? right(`The log goes on from the head that you kept: ${older.size === 1 ? "its entry is" : `its ${older.size} entries are`} unchanged.`)
    : wrong("The log does not go on from the head that you kept: it was rewritten.");
}

const right = (text) => h("p", { class: "found" }, `\u2713 ${text}`);
const wrong = (text) => h("p", { class: "refusal" }, `\u2717 ${text}`);
