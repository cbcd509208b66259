// An area that is drawn: by pointer, by touch and from the keyboard. Corners are buttons on the map.
//
// Nothing here judges a drawing or computes a size. The service does that, and `mark` shows its
// places.

const DIGITS = 1e7;
const STEP = 4;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const rounded = (at) => at.map((degrees) => Math.round(degrees * DIGITS) / DIGITS);
const same = (one, other) => one && other && one[0] === other[0] && one[1] === other[1];

/** A drawing on a map. `changed` is called after each change, `tell` with its description. */
export function openDrawing(map, { changed, tell }) {
  // Polygons of rings of corners, each ring without its first corner again at the end.
  let parts = [];
  // The pasted text as it is, until somebody changes the drawing.
  let pasted = null;
  let chosen = null;
  let marks = { corners: new Map(), edges: new Set() };
  const past = [];
  const buttons = [];

  const drawing = {
    /** The polygons drawn. */
    get parts() { return parts; },

    /** Whether there is anything to send. */
    get isEmpty() { return !pasted && parts.length === 0; },

    /** Whether it is drawn by hand and has no inside yet. */
    get isYoung() { return !pasted && parts.length === 1 && parts[0].length === 1 && parts[0][0].length < 3; },

    /** The area as a request has it: GeoJSON, or the text that was pasted. */
    area() {
      if (pasted) return pasted;
      const polygons = parts.map((rings) => rings.map((ring) => [...ring, ring[0]]));
      return polygons.length === 1
        ? { type: "Polygon", coordinates: polygons[0] }
        : { type: "MultiPolygon", coordinates: polygons };
    },

    /** Draws GeoJSON in place of the drawing. */
    set(geometry) {
      remember();
      pasted = null;
      parts = polygonsOf(geometry).map((rings) => rings.map(opened));
      chosen = null;
      update(`${count()} drawn.`);
    },

    /** Takes GeoJSON or WKT as it is; the service judges it. */
    paste(text) {
      remember();
      const geometry = geometryOf(text);
      parts = geometry ? polygonsOf(geometry).map((rings) => rings.map(opened)) : [];
      pasted = json(text) ?? text;
      chosen = null;
      update(geometry ? `${count()} pasted.` : "Pasted.");
    },

    undo() {
      const last = past.pop();
      if (last === undefined) return tell("There is nothing to undo.");
      [parts, pasted] = JSON.parse(last);
      chosen = null;
      update("Undone.");
    },

    clear() {
      remember();
      [parts, pasted, chosen] = [[], null, null];
      update("Cleared.");
    },

    /** All corners: their place in the drawing and on the earth, and their name. */
    corners: () => all().map((ref) => ({ ...ref, at: at(ref), name: nameOf(ref) })),

    /** Sets a corner after the last of the ring that is drawn at. */
    add(place) {
      const corner = rounded(place);
      if (parts.at(-1)?.at(-1).some((other) => same(other, corner))) return;
      remember();
      pasted = null;
      if (parts.length === 0) parts = [[[]]];
      const ring = parts.at(-1).at(-1);
      ring.push(corner);
      update(`Corner ${ring.length} set.`);
    },

    /** Moves a corner to a place. */
    move(ref, to) {
      remember();
      put(ref, to);
      update(`${nameOf(ref)} moved.`);
    },

    remove(ref) {
      remember();
      const ring = ringOf(ref);
      ring.splice(ref.vertex, 1);
      pasted = null;
      chosen = null;
      parts = parts.map((rings) => rings.filter((each) => each.length > 0)).filter((rings) => rings.length > 0);
      update(`Corner removed, ${count()} left.`);
    },

    /** Puts a corner between one and the next. */
    insert(ref) {
      remember();
      const ring = ringOf(ref);
      const [one, next] = [ring[ref.vertex], ring[(ref.vertex + 1) % ring.length]];
      ring.splice(ref.vertex + 1, 0, rounded([(one[0] + next[0]) / 2, (one[1] + next[1]) / 2]));
      pasted = null;
      chosen = { ...ref, vertex: ref.vertex + 1 };
      update(`Corner ${ref.vertex + 2} put in.`);
      drawing.focus(chosen);
    },

    /** The corner that the next click on the map moves. */
    get chosen() { return chosen; },

    focus: (ref) => buttons.find((button) => is(button.ref, ref))?.focus(),

    /** Marks corners, each with a sentence, and edges, each by the corner that it starts at. */
    mark(corners, edges) {
      marks = { corners: new Map(corners.map(([ref, text]) => [key(ref), text])), edges: new Set(edges.map(key)) };
      show();
    },
  };

  const key = ({ part, ring, vertex }) => `${part}.${ring}.${vertex}`;
  const is = (one, other) => one && other && key(one) === key(other);
  const ringOf = ({ part, ring }) => parts[part][ring];
  const at = (ref) => ringOf(ref)[ref.vertex];
  const put = (ref, to) => { ringOf(ref)[ref.vertex] = rounded(to); pasted = null; };
  const all = () => parts.flatMap((rings, part) => rings.flatMap((corners, ring) => corners.map((_, vertex) => ({ part, ring, vertex }))));
  const count = () => { const n = all().length; return n === 1 ? "1 corner" : `${n} corners`; };

  function nameOf({ part, ring, vertex }) {
    const where = [parts.length > 1 && `Part ${part + 1}`, ring > 0 && `hole ${ring}`].filter(Boolean);
    return [...where, `${where.length ? "c" : "C"}orner ${vertex + 1}`].join(", ");
  }

  function remember() {
    past.push(JSON.stringify([parts, pasted]));
    if (past.length > 100) past.shift();
  }

  function update(text) {
    marks = { corners: new Map(), edges: new Set() };
    show();
    tell(text);
    changed();
  }

  function show() {
    const polygons = parts.map((rings) => rings.map((ring) => [...ring, ring[0]]));
    map.layer("area", polygons.length ? [{ class: "area", geometry: { type: "MultiPolygon", coordinates: polygons } }] : []);
    const edges = all().filter((ref) => marks.edges.has(key(ref)));
    map.layer("flawed-edges", edges.map((ref) => {
      const ring = ringOf(ref);
      const line = [ring[ref.vertex], ring[(ref.vertex + 1) % ring.length]];
      return { class: "edge flawed", data: { edge: ref.vertex + 1 }, geometry: { type: "LineString", coordinates: line } };
    }));
    const refs = all();
    while (buttons.length < refs.length) buttons.push(cornerButton());
    buttons.length = refs.length;
    refs.forEach((ref, i) => dress(buttons[i], ref));
    map.layer("corners", refs.map((ref, i) => ({ element: buttons[i], geometry: { type: "Point", coordinates: at(ref) } })));
  }

  function dress(button, ref) {
    button.ref = ref;
    const flaw = marks.corners.get(key(ref));
    button.className = flaw ? "corner flawed" : "corner";
    button.dataset.corner = ref.vertex + 1;
    button.setAttribute("aria-label", flaw ? `${nameOf(ref)}: ${flaw}` : nameOf(ref));
    button.setAttribute("aria-pressed", String(Boolean(is(chosen, ref))));
  }

  function cornerButton() {
    const button = document.createElement("button");
    button.type = "button";
    let dragged = null;
    button.addEventListener("pointerdown", (event) => {
      dragged = { x: event.clientX, y: event.clientY, from: map.px(at(button.ref)), moved: false };
      button.setPointerCapture(event.pointerId);
    });
    button.addEventListener("pointermove", (event) => {
      if (!dragged) return;
      const [dx, dy] = [event.clientX - dragged.x, event.clientY - dragged.y];
      if (!dragged.moved && Math.hypot(dx, dy) < 5) return;
      if (!dragged.moved) remember();
      dragged.moved = true;
      put(button.ref, map.at(dragged.from[0] + dx, dragged.from[1] + dy));
      show();
      changed();
    });
    button.addEventListener("pointerup", () => {
      const was = dragged;
      dragged = null;
      if (was?.moved) {
        // The click that ends a drag chooses nothing.
        button.dragged = true;
        update(`${nameOf(button.ref)} moved.`);
      }
    });
    button.addEventListener("pointercancel", () => { dragged = null; });
    button.addEventListener("click", () => {
      if (button.dragged) { button.dragged = false; return; }
      chosen = is(chosen, button.ref) ? null : button.ref;
      show();
      tell(chosen ? `${nameOf(chosen)} chosen: point to its new place.` : "No corner chosen.");
      changed();
    });
    button.addEventListener("keydown", (event) => {
      const move = MOVES[event.key];
      const { ref } = button;
      if (move) {
        const step = STEP * (event.shiftKey ? 5 : 1);
        const [x, y] = map.px(at(ref));
        drawing.move(ref, map.at(x + move[0] * step, y + move[1] * step));
      } else if (event.key === "Delete" || event.key === "Backspace") {
        drawing.remove(ref);
        (buttons[Math.min(buttons.indexOf(button), buttons.length - 1)] ?? button.closest("[tabindex]"))?.focus();
      } else if (event.key === "i") {
        drawing.insert(ref);
      } else {
        return;
      }
      event.preventDefault();
    });
    return button;
  }

  map.onclick(({ at: place }) => {
    const ref = chosen;
    chosen = null;
    if (ref) drawing.move(ref, place);
    else drawing.add(place);
  });

  return drawing;
}

const opened = (ring) => (ring.length > 1 && same(ring[0], ring.at(-1)) ? ring.slice(0, -1) : ring);

function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The geometry in a pasted text, if it has one that can be shown. */
function geometryOf(text) {
  const found = json(text) ?? fromWkt(text);
  const geometry = found?.features?.[0]?.geometry ?? found?.geometry ?? found;
  const fits = geometry && ["Polygon", "MultiPolygon"].includes(geometry.type);
  return fits && polygonsOf(geometry).flat(2).every(([lon, lat]) => Number.isFinite(lon) && Number.isFinite(lat)) ? geometry : null;
}

/** WKT and GeoJSON nest the same lists: only their signs differ. */
function fromWkt(text) {
  const [, name, lists] = /^\s*((?:multi)?polygon)\s*z?\s*(\(.*\))\s*$/is.exec(text) ?? [];
  if (!name) return null;
  const positions = lists.replace(/([-+\d.e]+)\s+([-+\d.e]+)[^,()]*/gi, "[$1,$2]");
  const coordinates = json(positions.replaceAll("(", "[").replaceAll(")", "]"));
  return coordinates && { type: name.toLowerCase() === "polygon" ? "Polygon" : "MultiPolygon", coordinates };
}

const polygonsOf = ({ type, coordinates }) => {
  const polygons = type === "Polygon" ? [coordinates] : coordinates;
  const isList = Array.isArray(polygons) && polygons.every((rings) => Array.isArray(rings) && rings.every(Array.isArray));
  return isList ? polygons.map((rings) => rings.map((ring) => ring.map((at) => [at?.[0], at?.[1]]))) : [];
};
