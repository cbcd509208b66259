// Size and speed: the bytes shipped, the time until the map appears, and the smoothness of its
// movement.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { ROOT, browse, open, serve } from "./support.js";

const FOLDER = path.join(ROOT, "examples/service/portal");

let browser;
let service;

before(async () => {
  browser = await browse();
  service = await serve("--demo");
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

test("all of the portal is below 120 KB", () => {
  const sizes = readdirSync(FOLDER).map((name) => readFileSync(path.join(FOLDER, name)).length);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`the portal has ${all} bytes in ${sizes.length} files`);
  assert.ok(sizes.length > 15 && all < 120_000, `${all} bytes`);
});

test("no script computes geometry or writes markup", () => {
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith(".js"))) {
    const text = readFileSync(path.join(FOLDER, name), "utf8");
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/, name);
    assert.doesNotMatch(text, /Math\.(sin|cos|tan|atan|atan2)|intersect|shoelace/i, name);
    assert.doesNotMatch(text, /https?:\/\/(?!www\.w3\.org\/2000\/svg)/, name);
  }
});

test("a map has six verbs, which another map can have as well", async () => {
  const page = await open(browser, service, "agency");
  await page.locator("#map .base").first().waitFor({ state: "attached" });
  const verbs = await page.evaluate(async () => {
    const [{ openMap }, base] = await Promise.all([import("/map.js"), fetch("/map.json").then((answer) => answer.json())]);
    const root = document.createElement("div");
    document.querySelector("#main").append(root);
    return Object.keys(openMap(root, base)).sort();
  });
  assert.deepEqual(verbs, ["at", "layer", "onclick", "pan", "px", "zoom"]);
  await page.context().close();
});

test("the first frame of the map comes within 500 ms", async () => {
  const page = await open(browser, service, "agency");
  await page.locator("#map .base.building").waitFor({ state: "attached" });
  // Other programs make a frame late, never early: the best of several is the page's own.
  const times = [];
  for (let i = 0; i < 8 && !(times.length > 2 && Math.min(...times) < 500); i += 1) {
    await page.reload();
    times.push(await page.evaluate(() => new Promise((resolve) => {
      const look = () => {
        if (document.querySelector("#map .base.building") && document.querySelector("#map svg[viewBox]")) requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
        else requestAnimationFrame(look);
      };
      look();
    })));
  }
  const best = Math.min(...times);
  console.log(`first frame of the map after ${best.toFixed(0)} ms (best of ${times.length})`);
  assert.ok(best < 500, `${times}`);
  await page.context().close();
});

test("4,134 houses and 3,093 cameras pan in less than 50 ms a frame", async () => {
  const page = await open(browser, service, "agency");
  await page.locator("#map .base.building").waitFor({ state: "attached" });
  const { houses, dots, took } = await page.evaluate(async () => {
    const [{ openMap }, base] = await Promise.all([import("/map.js"), fetch("/map.json").then((answer) => answer.json())]);
    const root = document.createElement("div");
    root.className = "map";
    document.querySelector("#main").prepend(root);
    const map = openMap(root, base);
    const [west, north] = base.origin;
    const [width, height] = base.size.map((size, i) => size / base.units_per_degree[i]);
    // As many dots as the town has cameras, spread evenly.
    const shapes = Array.from({ length: 3093 }, (_, i) => ({ class: i % 2 ? "asked" : "never", geometry: { type: "Point", coordinates: [west + width * ((i * 0.618034) % 1), north - (height * i) / 3093] } }));
    map.layer("cameras", shapes);
    const frame = () => new Promise((resolve) => { requestAnimationFrame(resolve); });
    await frame();
    await frame();
    const frames = 20;
    const rounds = [];
    for (let round = 0; round < 5; round += 1) {
      const began = performance.now();
      for (let i = 0; i < frames; i += 1) {
        map.pan(round % 2 ? -12 : 12, 5);
        await frame();
      }
      rounds.push((performance.now() - began) / frames);
    }
    return { took: Math.min(...rounds), dots: root.querySelectorAll("circle").length, houses: base.layers.find(({ kind }) => kind === "building").d.split("M").length - 1 };
  });
  console.log(`${houses} houses and ${dots} cameras pan in ${took.toFixed(1)} ms a frame (best of 5 rounds)`);
  assert.equal(dots, 3093);
  assert.equal(houses, 4134);
  assert.ok(took < 50, `${took} ms`);
  await page.context().close();
});
