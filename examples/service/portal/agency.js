// The agency's page: draws a request, shows its refusals meanwhile, and lists the
// agency's own requests.

import { get, newKey, post } from "./api.js";
import { openDrawing } from "./drawing.js";
import { bounds, openMap } from "./map.js";
import { $, announce, band, complain, doing, fill, foreign, h, km2, start, views, words } from "./page.js";
import { showRefusals } from "./refusals.js";
import { instant, ownZone, shown, span, typed } from "./time.js";

const WAIT = 100;
const FIELDS = ["case_reference", "incident", "contact", "zone", "from", "until", "camera_scope"];

// The map opens before the sign-in.
const opened = get("/map.json").then((base) => openMap($("#map"), base));

start(async () => {
  const [{ agency }, { policy, incidents }, map] = await Promise.all([get("/v1/me"), get("/v1/policy"), opened]);
  fill($("#who"), foreign(agency.name));
  const page = request(agency, policy, incidents, map);
  views(["new", "mine"], (name) => { if (name === "mine") mine.load(); });
  mine.clock = page.zone;
});

function request(agency, policy, incidents, map) {
  const form = $("#request");
  const drawing = openDrawing(map, { changed, tell: announce });
  const list = $("#against");
  let verdict = [];
  let key = newKey();
  let asked = 0;
  let waiting = 0;

  $("#incident").append(...incidents.map((code) => h("option", { value: code }, words(code))));
  const zones = [...new Set([policy.quiet_hours?.zone, ownZone(), "UTC"].filter(Boolean))];
  $("#zone").append(...zones.map((zone) => h("option", { value: zone }, zone)));
  $("#scope-field").hidden = policy.seeing_into === "refused";
  if (agency.jurisdiction) {
    map.layer("jurisdiction", [{ class: "jurisdiction", geometry: agency.jurisdiction, title: "your jurisdiction" }]);
  }
  limits(policy);
  restore();

  // The form and the drawing outlive a reload and the back button, in this tab alone.
  function keep() {
    const fields = Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value]));
    sessionStorage.setItem("request", JSON.stringify({ fields, area: drawing.isEmpty ? null : drawing.area() }));
  }

  function restore() {
    const kept = JSON.parse(sessionStorage.getItem("request") ?? "null");
    for (const name of FIELDS) if (kept?.fields[name]) form.elements[name].value = kept.fields[name];
    if (kept?.area) drawing.paste(typeof kept.area === "string" ? kept.area : JSON.stringify(kept.area));
    else changed();
  }

  function changed() {
    key = newKey();
    keep();
    table(drawing);
    // While you type, the old verdict stays until the new one.
    asked += 1; // A verdict on its way is for an older form.
    list.setAttribute("aria-busy", "true");
    clearTimeout(waiting);
    waiting = setTimeout(review, WAIT);
  }

  /** The window as typed, or the sentences that refuse it. */
  function typedWindow() {
    const zone = form.elements.zone.value;
    const [from, until] = ["from", "until"].map((name) => instant(form.elements[name].value, zone));
    const isLate = !from.error && !until.error && from.instant >= until.instant;
    if (isLate) until.error = "Until must be after From.";
    $("#from-hint").textContent = from.error ?? `${shown(from.instant, zone)} is ${shown(from.instant)}`;
    $("#until-hint").textContent = until.error ?? `${shown(until.instant, zone)} is ${shown(until.instant)}`;
    const hours = from.error || until.error ? null : (Date.parse(until.instant) - Date.parse(from.instant)) / 3_600_000;
    $("#window-limits").textContent = windowLimits(policy, hours);
    const errors = [["from", from.error], ["until", until.error]].filter(([, error]) => error);
    return { window: errors.length ? null : { start: from.instant, end: until.instant }, errors };
  }

  function body(window) {
    return {
      agency: agency.id, incident: form.elements.incident.value, area: drawing.area(), window,
      case_reference: form.elements.case_reference.value, contact: form.elements.contact.value,
      camera_scope: form.elements.camera_scope.value,
    };
  }

  /** Gets the service's verdict on the request; opens nothing. */
  async function review() {
    const { window, errors } = typedWindow();
    const own = errors.map(([name, message]) => ({ code: `${name}_unclear`, field: "window", message: `${name === "from" ? "From" : "Until"}: ${message}` }));
    const corners = drawing.corners().length;
    if (drawing.isEmpty || drawing.isYoung) {
      const message = corners ? "Set at least three corners." : "Draw the area on the map.";
      asked += 1;
      return show([{ code: "area_unfinished", field: "area", message }, ...own], null);
    }
    const turn = ++asked;
    try {
      const told = await post("/v1/reviews", body(window ?? standIn(policy)));
      if (turn !== asked) return;
      const refusals = window ? told.refusals : told.refusals.filter(({ field }) => field !== "window");
      show([...refusals, ...own], told.m2);
      fill($("#complaints"));
    } catch (error) {
      if (turn !== asked) return;
      const refusals = refusalsOf(error);
      if (refusals) return show([...refusals, ...own], null);
      complain($("#complaints"), error);
      list.setAttribute("aria-busy", "false");
    }
  }

  function show(refusals, m2) {
    verdict = refusals;
    const many = refusals.length;
    $("#against-title").textContent = many ? `Refusals (${many})` : "No refusals";
    $("#send-hint").textContent = many ? `Not yet: ${many} ${many === 1 ? "refusal" : "refusals"}.` : "";
    showRefusals(refusals, { form, list, head: $("#agency-refusals"), drawing, map, take: (area) => drawing.set(area) });
    size(m2, policy);
    list.setAttribute("aria-busy", "false");
  }

  form.addEventListener("input", (event) => { if (!event.target.closest("details")) changed(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  doing($("#send"), $("#complaints"), async () => {
    clearTimeout(waiting);
    await review();
    const { window } = typedWindow();
    if (verdict.length || !window) return $("#against-title").focus();
    try {
      const receipt = await post("/v1/requests", body(window), key);
      sessionStorage.removeItem("request");
      showReceipt(receipt, form.elements.zone.value);
    } catch (error) {
      const refusals = refusalsOf(error);
      if (!refusals) throw error;
      show(refusals, null);
      $("#against-title").focus();
    }
  });

  $("#undo").addEventListener("click", drawing.undo);
  $("#clear").addEventListener("click", drawing.clear);
  $("#insert").addEventListener("click", () => (drawing.chosen ? drawing.insert(drawing.chosen) : announce("Choose a corner first: click it.")));
  $("#delete").addEventListener("click", () => (drawing.chosen ? drawing.remove(drawing.chosen) : announce("Choose a corner first: click it.")));
  $("#paste").addEventListener("click", () => {
    drawing.paste($("#text").value);
    if (drawing.parts.length) map.zoom(bounds({ coordinates: drawing.parts }));
  });
  $("#add").addEventListener("click", () => {
    const last = drawing.corners().at(-1);
    if (last && last.vertex > 0) drawing.insert(last);
    else drawing.add(map.at($("#map").clientWidth / (last ? 2.5 : 2), $("#map").clientHeight / 2));
  });
  $("#another").addEventListener("click", () => location.reload());

  return { zone: () => form.elements.zone.value };
}

/** The refusals in an answer to a request: violations, or a text of one field. */
function refusalsOf({ code, details, message }) {
  return details?.violations ?? (details?.field ? [{ code, message, field: details.field }] : null);
}

/** A window that a policy allows, for a review before one is typed. */
function standIn(policy) {
  const minutes = Math.max(policy.min_window_minutes ?? 0, 60);
  const end = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
  return { start: new Date(end - minutes * 60_000).toISOString(), end: new Date(end).toISOString() };
}

function limits({ min_area_m2: least, max_area_m2: most }) {
  const gauge = $("#gauge");
  gauge.hidden = !Number.isFinite(most);
  if (gauge.hidden) return;
  Object.assign(gauge, { max: most * 1.25, low: least ?? 0, high: most, optimum: most / 2 });
  $("#size-limits").textContent = `From ${km2(least ?? 0)} to ${km2(most)}.`;
}

function size(m2, policy) {
  const isKnown = Number.isFinite(m2);
  $("#size").textContent = isKnown ? `The area has ${km2(m2)}.` : "The size is known once the outline is in order.";
  const gauge = $("#gauge");
  gauge.value = isKnown ? m2 : 0;
  gauge.classList.toggle("over", isKnown && (m2 > policy.max_area_m2 || m2 < policy.min_area_m2));
}

function windowLimits({ max_window_minutes: most, max_look_back_days: days }, hours) {
  const has = hours === null ? "" : `${Number(hours.toFixed(2))} h. `;
  return `${has}At most ${most / 60} h, at most ${days} days ago.`;
}

/** The corners as numbers, for use without the map. */
function table(drawing) {
  const body = $("#corners tbody");
  const corners = drawing.corners();
  const isSame = body.rows.length === corners.length && corners.every(({ name }, i) => body.rows[i].cells[0].textContent === name);
  if (!isSame) {
    fill(body, corners.map((corner, i) => h("tr", {},
      h("th", { scope: "row" }, corner.name),
      ["Longitude", "Latitude"].map((axis, side) => h("td", {}, h("input", {
        type: "number", step: "any", "aria-label": `${axis} of ${corner.name}`,
        onchange: ({ target }) => {
          const at = [...drawing.corners()[i].at];
          at[side] = Number(target.value);
          if (target.value !== "") drawing.move(drawing.corners()[i], at);
        },
      }))),
      h("td", {}, h("button", { type: "button", class: "plain", "aria-label": `Remove ${corner.name}`, onclick: () => drawing.remove(drawing.corners()[i]) }, "\u00d7")))));
  }
  corners.forEach(({ at }, i) => at.forEach((degrees, side) => {
    const input = body.rows[i].cells[side + 1].firstChild;
    if (input !== document.activeElement) input.value = degrees;
  }));
}

function showReceipt({ id, state, open_until: until, latest, receipt }, zone) {
  const section = $("#receipt");
  $("#request").hidden = true;
  section.hidden = false;
  fill($("dl", section), facts([
    ["Request", id], ["Case reference", receipt.case_reference], ["Incident", words(receipt.incident)], ["State", state],
    ["Window", `${receipt.window.start} to ${receipt.window.end}`], ["That is", span(receipt.window, zone)],
    ["Open until", `${shown(until, zone)}, at most until ${shown(latest, zone)}`], ["Reviewed by the policy", receipt.policy_version],
  ]));
  section.focus();
  announce("The request is sent.");
}

const facts = (pairs) => pairs.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, foreign(value))]);

/** The agency's own requests. */
const mine = {
  clock: () => "UTC",

  async load(before) {
    try {
      const { requests, more } = await get(before ? `/v1/requests?before=${before}` : "/v1/requests");
      const cards = requests.map((each) => card(each, mine.clock()));
      if (before) $("#mine").append(...cards);
      else fill($("#mine"), cards.length ? cards : h("li", { class: "card" }, "No request yet."));
      const button = $("#more");
      button.hidden = !more;
      button.onclick = () => mine.load(requests.at(-1).id);
    } catch (error) {
      complain($("#mine-complaints"), error);
    }
  },
};

function card(request, zone) {
  const { id, state, case_reference: reference, incident, m2, window, open_until: until, latest } = request;
  const complaints = h("output");
  const isOpen = state === "open";
  const item = h("li", { class: "card", "data-request": id },
    h("h2", {}, foreign(reference || `Request ${id}`)),
    h("p", {}, `${words(incident)}, ${km2(m2)}, ${span(window, zone)}`),
    h("p", { class: "state" }, isOpen ? `Open until ${shown(until, zone)}, at most until ${shown(latest, zone)}. You do not learn who is asked.` : `Ended: ${words(state)}.`));
  if (isOpen) item.append(steps(request, zone, complaints));
  else outcome(id, item);
  item.append(complaints);
  return item;
}

function steps({ id, latest, case_reference: reference }, zone, complaints) {
  const until = h("input", { type: "datetime-local", "aria-label": `Keep ${reference} open until`, value: typed(latest, zone) });
  const button = (name, class_, work) => {
    const made = h("button", { type: "button", class: class_, "aria-label": `${name} ${reference}` }, name);
    const key = newKey();
    doing(made, complaints, async () => { await work(key); await mine.load(); announce(`${name}: done.`); });
    return made;
  };
  return h("div", { class: "tools" },
    button("Resolve", "", (key) => post(`/v1/requests/${id}/resolve`, {}, key)),
    button("Withdraw", "", (key) => post(`/v1/requests/${id}/withdraw`, {}, key)),
    until,
    button("Extend", "", () => {
      const wanted = instant(until.value, zone);
      if (wanted.error) return fill(complaints, h("p", { class: "refusal", role: "alert" }, wanted.error));
      return post(`/v1/requests/${id}/extend`, { until: wanted.instant });
    }));
}

async function outcome(id, item) {
  const line = h("p", { class: "outcome" });
  item.append(line);
  try {
    const { shared, not_shared: others, requests } = await get(`/v1/requests/${id}/outcome`);
    const elsewhere = requests.filter((each) => each !== id);
    line.append(h("strong", {}, `Shared ${band(shared)} households, did not ${band(others)}.`));
    if (elsewhere.length) line.append(` These are the answers to request ${elsewhere.join(", ")}, whose area it meets.`);
  } catch (error) {
    line.append(foreign(error.message));
  }
}
