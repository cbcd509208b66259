// Refusals of a request, shown at their places: a corner, an edge, an outline, a field, or the
// head of the form. The service finds the refusals and their places; the texts are its own.

import { foreign, h } from "./page.js";

/** Where each field's refusals are shown. */
const FIELDS = { window: ["from", "until"], case_reference: ["case_reference"], contact: ["contact"], camera_scope: ["camera_scope"] };

/** Shows refusals, in place of those shown before. `take` is offered an earlier area. */
export function showRefusals(refusals, { form, list, head, drawing, map, take }) {
  const corners = [];
  const edges = [];
  const outlines = [];
  const points = [];
  const described = new Map();
  head.replaceChildren();
  list.replaceChildren(...refusals.map((refusal, i) => {
    const id = `refusal-${i}`;
    const places = cornersOf(refusal, drawing);
    for (const { ref, onEdge } of places) {
      if (onEdge) edges.push(ref);
      corners.push([ref, refusal.message]);
    }
    if (refusal.outline) outlines.push({ class: "outline flawed", geometry: refusal.outline, data: { code: refusal.code } });
    for (const { lon, lat } of refusal.places ?? []) {
      if (places.length === 0 && Number.isFinite(lon) && Number.isFinite(lat)) {
        points.push({ class: "place flawed", geometry: { type: "Point", coordinates: [lon, lat] }, data: { code: refusal.code } });
      }
    }
    for (const name of FIELDS[refusal.field] ?? []) described.set(name, [...(described.get(name) ?? []), id]);
    const target = () => focusPlace(refusal, places, { form, drawing, map });
    const item = h("li", { id, class: "refusal", "data-code": refusal.code, "data-shown": shownAt(refusal, places) },
      foreign(refusal.message), " ",
      h("button", { type: "button", class: "plain", "aria-label": `Show: ${refusal.message}`, onclick: target }, "Show"));
    if (refusal.code === "too_close_to_earlier" && refusal.outline) {
      item.append(" ", h("button", { type: "button", class: "plain", onclick: () => take(refusal.outline) }, "Draw the earlier area"));
    }
    if (!FIELDS[refusal.field] && refusal.field !== "area") head.append(h("p", { class: "refusal", "data-code": refusal.code }, foreign(refusal.message)));
    return item;
  }));
  drawing.mark(corners, edges);
  map.layer("outlines", outlines);
  map.layer("places", points);
  form.closest("main").classList.toggle("area-refused", list.querySelector('[data-shown="area"]') !== null);
  for (const name of Object.values(FIELDS).flat()) describe(form.elements[name], described.get(name) ?? []);
}

/** The corners that a refusal is about, each with whether the edge from there is meant. */
function cornersOf(refusal, drawing) {
  const all = drawing.corners();
  const same = (ref, wanted) => ref.part === wanted.part && ref.ring === wanted.ring && ref.vertex === wanted.vertex;
  // A corner is known by where it lies: the service may begin its ring with another one.
  const lies = ({ at: [lon, lat] }, wanted) => !wanted.on_edge && lon === wanted.lon && lat === wanted.lat;
  const find = (wanted) => all.find((ref) => lies(ref, wanted) && same(ref, wanted)) ?? all.find((ref) => lies(ref, wanted)) ?? all.find((ref) => same(ref, wanted));
  const first = all.filter(({ part, ring }) => (refusal.places ?? []).some((place) => place.part === part && place.ring === ring));
  const wrapped = (place) => {
    // A ring's last position is its first corner again.
    const corners = first.filter(({ part, ring }) => part === place.part && ring === place.ring).length;
    return { ...place, vertex: corners ? place.vertex % corners : place.vertex };
  };
  const places = (refusal.places ?? []).map((place) => ({ ref: find(wrapped(place)), onEdge: place.on_edge }));
  const part = refusal.figures?.part;
  const ofPart = refusal.code === "part_too_small" ? all.filter((ref) => ref.part === part) : [];
  return [...places, ...ofPart.map((ref) => ({ ref, onEdge: true }))].filter(({ ref }) => ref);
}

/** One word for the place of a refusal, for tests. */
function shownAt({ field, outline, places = [] }, corners) {
  if (corners.some(({ onEdge }) => onEdge)) return "edge";
  if (corners.length > 0) return "corner";
  if (outline) return "outline";
  if (places.length > 0) return "place";
  if (field === "area") return "area";
  return FIELDS[field] ? "field" : "head";
}

function focusPlace({ field, outline, places = [] }, corners, { form, drawing, map }) {
  if (corners.length > 0) return drawing.focus(corners[0].ref);
  const name = FIELDS[field]?.[0];
  if (name) return form.elements[name].focus();
  const first = outline ?? (Number.isFinite(places[0]?.lon) ? { coordinates: [places[0].lon, places[0].lat] } : null);
  if (first) centre(map, first);
  (field === "area" ? document.querySelector("#map") : document.querySelector("#agency-refusals"))?.focus();
}

function centre(map, { coordinates }) {
  const flat = coordinates.flat(Infinity);
  const [x, y] = map.px([flat[0], flat[1]]);
  const box = document.querySelector("#map");
  map.pan(box.clientWidth / 2 - x, box.clientHeight / 2 - y);
}

function describe(control, ids) {
  if (!control) return;
  const hint = control.dataset.hint;
  const all = [hint, ...ids].filter(Boolean).join(" ");
  if (all) control.setAttribute("aria-describedby", all);
  else control.removeAttribute("aria-describedby");
  if (ids.length) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}
