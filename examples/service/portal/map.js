// The map: a picture of streets that the service made, and layers of shapes on it.
//
// The pages use six verbs, so that another map can take its place: `at` and `px`
// turn pixels into longitude and latitude and back, `layer` shows shapes, `pan` and `zoom` move,
// `onclick` hears where somebody points. Shapes are straight in longitude and latitude.

import { h } from "./page.js";

const SVG = "http://www.w3.org/2000/svg";
const STEP = 12;
const EDGE = 24;
const HIT = 13;
const MARGIN = 0.3;

/** Makes an element of a picture. */
export const shape = (tag, attributes) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

/** Opens a map in an element, over the base map of `/map.json`. */
export function openMap(root, base) {
  const [west, north] = base.origin;
  const [perLon, perLat] = base.units_per_degree;
  const svg = shape("svg", { "aria-hidden": "true", focusable: "false" });
  const [elements, cross] = ["elements", "cross"].map((name) => h("div", { class: name }));
  root.append(svg, elements, cross);
  for (const { kind, d } of base.layers) {
    if (kind === "road") svg.append(shape("path", { class: "base casing", d }));
    svg.append(shape("path", { class: `base ${kind}`, d }));
  }

  // The middle in units of the picture, and how many units a pixel has.
  const view = { x: base.size[0] / 2, y: base.size[1] / 2, scale: 0 };
  const size = { w: 0, h: 0 };
  const layers = new Map();
  const clicked = [];
  let awaited = 0;
  // The bounds that are shown, until somebody moves: a map that gets another size shows them again.
  let fitted = null;

  const units = ([lon, lat]) => [(lon - west) * perLon, (north - lat) * perLat];
  const degrees = (x, y) => [x / perLon + west, north - y / perLat];

  const map = {
    /** The longitude and latitude at a pixel of the map. */
    at: (x, y) => degrees(view.x + (x - size.w / 2) * view.scale, view.y + (y - size.h / 2) * view.scale),

    /** The pixel of the map at a longitude and latitude. */
    px(lonLat) {
      const [x, y] = units(lonLat);
      return [(x - view.x) / view.scale + size.w / 2, (y - view.y) / view.scale + size.h / 2];
    },

    /** Shows shapes under a name, in place of those that had it. A shape is a GeoJSON geometry with a
     * class; a point may have an element of the page instead, which is kept at its place. */
    layer(name, shapes) {
      let layer = layers.get(name);
      if (!layer) {
        layer = { group: shape("g", { "data-layer": name }), shapes: [] };
        layers.set(name, layer);
        svg.append(layer.group);
      }
      const kept = new Set(shapes.map((each) => each.element));
      for (const { element } of layer.shapes) if (element && !kept.has(element)) element.remove();
      layer.shapes = shapes;
      layer.group.replaceChildren(...shapes.filter((each) => !each.element).map(drawn));
      for (const { element } of shapes) if (element && element.parentNode !== elements) elements.append(element);
      placeElements();
    },

    /** Moves the picture by so many pixels. */
    pan(dx, dy) {
      fitted = null;
      view.x -= dx * view.scale;
      view.y -= dy * view.scale;
      redraw();
    },

    /** Zooms by a factor around a place, or to bounds `[west, south, east, north]`. */
    zoom(to, around) {
      fitted = Array.isArray(to) ? to : null;
      if (fitted) {
        const [[left, bottom], [right, top]] = [units([to[0], to[1]]), units([to[2], to[3]])];
        Object.assign(view, { x: (left + right) / 2, y: (bottom + top) / 2 });
        view.scale = Math.max((right - left) / size.w, (bottom - top) / size.h, 1e-6) * 1.08;
      } else {
        const [x, y] = around ? units(around) : [view.x, view.y];
        view.x = x + (view.x - x) / to;
        view.y = y + (view.y - y) / to;
        view.scale /= to;
      }
      redraw();
    },

    /** Calls a function with the place, and with the shape if there is one, when somebody points. */
    onclick: (listener) => clicked.push(listener),
  };

  function drawn({ geometry, class: name = "", title, data = {} }) {
    const attributes = { class: name };
    for (const [key, value] of Object.entries(data)) attributes[`data-${key}`] = value;
    const element = geometry.type === "Point"
      ? shape("circle", { ...attributes, cx: units(geometry.coordinates)[0].toFixed(2), cy: units(geometry.coordinates)[1].toFixed(2) })
      : shape("path", { ...attributes, d: outline(geometry) });
    if (title) {
      const words = shape("title", {});
      words.textContent = title;
      element.append(words);
    }
    return element;
  }

  function outline({ type, coordinates }) {
    const line = (positions) => positions.map((at, i) => `${i ? "L" : "M"}${units(at).map((n) => n.toFixed(2)).join(" ")}`).join("");
    const rings = (polygon) => polygon.map((ring) => `${line(ring)}z`).join("");
    if (type === "LineString") return line(coordinates);
    return type === "Polygon" ? rings(coordinates) : coordinates.map(rings).join("");
  }

  function placeElements() {
    for (const { shapes } of layers.values()) {
      for (const { element, geometry } of shapes) {
        if (!element) continue;
        const [x, y] = map.px(geometry.coordinates);
        element.style.transform = `translate(${x}px, ${y}px)`;
      }
    }
  }

  // The picture is larger than the map on each side. As long as it covers it, it is moved as it is and not
  // painted again.
  const drawnAt = { x: 0, y: 0, scale: 0 };
  function redraw() {
    awaited ||= requestAnimationFrame(() => {
      awaited = 0;
      const { w, h } = size;
      const moved = [(drawnAt.x - view.x) / view.scale, (drawnAt.y - view.y) / view.scale];
      if (drawnAt.scale !== view.scale || Math.abs(moved[0]) > w * MARGIN || Math.abs(moved[1]) > h * MARGIN) {
        Object.assign(drawnAt, view);
        const [across, down] = [w, h].map((side) => side * (1 + 2 * MARGIN) * view.scale);
        svg.setAttribute("viewBox", `${view.x - across / 2} ${view.y - down / 2} ${across} ${down}`);
        // Dots keep their size on the screen.
        svg.style.setProperty("--px", `${view.scale.toPrecision(4)}px`);
        moved.fill(0);
      }
      svg.style.transform = `translate(${moved[0]}px, ${moved[1]}px)`;
      placeElements();
    });
  }

  /** The dot nearest to a pixel, within reach of a finger. */
  function dotAt(x, y) {
    let nearest = { shape: null, away: HIT };
    for (const { shapes } of layers.values()) {
      for (const each of shapes) {
        if (each.geometry.type !== "Point" || each.element || !each.pick) continue;
        const [dotX, dotY] = map.px(each.geometry.coordinates);
        const away = Math.hypot(dotX - x, dotY - y);
        if (away < nearest.away) nearest = { shape: each, away };
      }
    }
    return nearest.shape;
  }

  const click = (x, y) => {
    for (const listener of clicked) listener({ at: map.at(x, y), shape: dotAt(x, y) });
  };

  function measure() {
    const box = root.getBoundingClientRect();
    size.w = root.clientWidth || box.width;
    size.h = root.clientHeight || box.height;
    if (!size.w || !size.h) return;
    if (!view.scale) view.scale = Math.min(base.size[0] / size.w, base.size[1] / size.h);
    if (fitted) map.zoom(fitted);
    moveCross(Math.min(crossAt.x ?? size.w / 2, size.w - EDGE), Math.min(crossAt.y ?? size.h / 2, size.h - EDGE));
    redraw();
  }

  // Keys: arrows move the cross, and the picture where the cross meets its edge.
  const crossAt = {};
  function moveCross(x, y) {
    const within = (value, most) => Math.min(Math.max(value, EDGE), Math.max(EDGE, most - EDGE));
    const [nearX, nearY] = [within(x, size.w), within(y, size.h)];
    if ((nearX !== x || nearY !== y) && crossAt.x !== undefined) map.pan(nearX - x, nearY - y);
    Object.assign(crossAt, { x: nearX, y: nearY });
    cross.style.transform = `translate(${nearX}px, ${nearY}px)`;
  }
  root.addEventListener("keydown", (event) => {
    if (event.target !== root || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEP * (event.shiftKey ? 5 : 1);
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (moves[event.key]) moveCross(crossAt.x + moves[event.key][0], crossAt.y + moves[event.key][1]);
    else if (event.key === "Enter" || event.key === " ") click(crossAt.x, crossAt.y);
    else if (event.key === "+" || event.key === "=") map.zoom(1.5, map.at(crossAt.x, crossAt.y));
    else if (event.key === "-") map.zoom(1 / 1.5, map.at(crossAt.x, crossAt.y));
    else return;
    event.preventDefault();
  });

  // Pointers: one drags or points, two pinch.
  const down = new Map();
  let moved = false;
  const place = (event) => {
    const box = root.getBoundingClientRect();
    return [event.clientX - box.left - root.clientLeft, event.clientY - box.top - root.clientTop];
  };
  root.addEventListener("pointerdown", (event) => {
    if (event.target.closest("button, a") || event.button !== 0) return;
    if (down.size === 0) moved = false;
    down.set(event.pointerId, place(event));
  });
  root.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    if (!moved && Math.hypot(now[0] - before[0], now[1] - before[1]) < 5) return;
    if (!moved) root.setPointerCapture(event.pointerId);
    moved = true;
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const [far, near] = [now, before].map(([x, y]) => Math.hypot(x - other[0], y - other[1]));
      map.zoom(far / Math.max(near, 1), map.at(...other));
    } else {
      map.pan(now[0] - before[0], now[1] - before[1]);
    }
    down.set(event.pointerId, now);
  });
  const up = (event) => down.delete(event.pointerId);
  root.addEventListener("pointerup", up);
  root.addEventListener("pointercancel", up);
  // Not at `pointerup`: after a touch the browser would click the new corner.
  root.addEventListener("click", (event) => {
    if (!moved && !event.target.closest("button, a")) click(...place(event));
  });
  root.addEventListener("wheel", (event) => {
    // The map does not stop a page from scrolling, unless it has the focus.
    if (!event.ctrlKey && !root.contains(document.activeElement)) return;
    event.preventDefault();
    map.zoom(Math.exp(-event.deltaY / 400), map.at(...place(event)));
  }, { passive: false });

  root.append(zoomButtons(map));
  new ResizeObserver(measure).observe(root);
  measure();
  return map;
}

function zoomButtons(map) {
  const button = (sign, factor, name) => h("button", { type: "button", "aria-label": name, onclick: () => map.zoom(factor) }, sign);
  return h("div", { class: "zoom" }, button("+", 1.5, "Zoom in"), button("\u2212", 1 / 1.5, "Zoom out"));
}

/** The bounds of GeoJSON geometries, `[west, south, east, north]`, for `zoom`. */
export function bounds(...geometries) {
  const all = geometries.map(({ coordinates }) => coordinates).flat(Infinity);
  const [lons, lats] = [all.filter((_, i) => i % 2 === 0), all.filter((_, i) => i % 2 === 1)];
  const least = (list) => list.reduce((one, other) => Math.min(one, other), Infinity);
  const most = (list) => list.reduce((one, other) => Math.max(one, other), -Infinity);
  return [least(lons), least(lats), most(lons), most(lats)];
}
