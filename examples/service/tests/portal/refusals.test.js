// Every refusal has its place on the page, and the service's own words.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { CENTRE, ROOT, box, browse, call, clean, judged, open, paste, request, serveWith, signIn, square, typeCase, yesterday } from "./support.js";

const [LON, LAT] = CENTRE;
const SCHOOL = box([LON + 0.008, LAT - 0.001, LON + 0.01, LAT + 0.001]);
const ELSEWHERE = [LON - 0.012, LAT];
const EARLIER = [[LON - 0.012, LAT + 0.02], [LON - 0.002, LAT + 0.02]];

const POLICY = {
  max_vertices: 12, max_parts: 2, max_overlaps: 1, min_difference_m2: 50_000,
  sensitive_places: [{ kind: "school", label: "PS 9", rule: "refuse", area: SCHOOL }],
};
const AGENCIES = [{ id: 1 }, { id: 2, kind: "federal" }, { id: 3, jurisdiction: null }];

/** A multipolygon of boxes of some metres. */
const boxes = (...squares) => ({ type: "MultiPolygon", coordinates: squares.map(({ coordinates }) => coordinates) });

const ring = (corners, radius) => {
  const at = (i) => [LON + radius * Math.cos((i * 2 * Math.PI) / corners), LAT + radius * Math.sin((i * 2 * Math.PI) / corners)];
  const positions = Array.from({ length: corners }, (_, i) => at(i));
  return { type: "Polygon", coordinates: [[...positions, positions[0]]] };
};

const window_ = (page, from, until) => page.fill("#from", from).then(() => page.fill("#until", until)).then(() => judged(page));
const local = (instant) => instant.replace("Z", "").slice(0, 16);

/** Breaks each limit, and where its mark is. */
const LIMITS = {
  agency_kind_not_allowed: { agency: 2, shown: "head" },
  jurisdiction_unknown: { agency: 3, shown: "head" },
  outside_jurisdiction: { area: square(500, [-84.97, LAT]), shown: "corner" },
  too_many_vertices: { area: ring(20, 0.003), shown: "area" },
  too_many_parts: { area: boxes(...[0, 1, 2].map((i) => square(300, [LON - 0.006 + i * 0.006, LAT]))), shown: "area" },
  area_too_small: { area: square(100), shown: "area" },
  area_too_large: { area: square(1300), shown: "area" },
  part_too_small: { area: boxes(square(400), square(40, [LON + 0.005, LAT])), shown: "edge" },
  too_narrow: { area: box([LON - 0.024, LAT - 0.00008, LON + 0.024, LAT + 0.00008]), shown: "place" },
  window_too_short: { act: (page) => window_(page, local(yesterday(8)), local(yesterday(8)).replace(":00", ":05")), shown: "field" },
  window_too_long: { act: (page) => window_(page, local(yesterday(2)), local(yesterday(22))), shown: "field" },
  window_in_future: { act: (page) => window_(page, local(yesterday(8)), "2099-01-01T00:00"), shown: "field" },
  window_too_old: { act: (page) => window_(page, "2024-03-01T08:00", "2024-03-01T10:00"), shown: "field" },
  case_reference_missing: { act: (page) => page.fill("#case_reference", " ").then(() => judged(page)), shown: "field" },
  contact_missing: { act: (page) => page.fill("#contact", "").then(() => judged(page)), shown: "field" },
  // The field is not offered where a policy refuses it.
  seeing_into_not_allowed: {
    act: (page) => page.evaluate(() => {
      document.querySelector("#scope-field").hidden = false;
      document.querySelector("#camera_scope").value = "seeing_into";
      document.querySelector("#request").dispatchEvent(new Event("input", { bubbles: true }));
    }).then(() => judged(page)),
    shown: "field",
  },
  case_exhausted: { act: (page) => page.fill("#case_reference", "26-USED").then(() => judged(page)), shown: "field" },
  too_close_to_earlier: { area: square(620, ELSEWHERE), shown: "outline" },
  too_many_overlaps: { area: box([EARLIER[0][0], LAT + 0.018, EARLIER[1][0], LAT + 0.023]), shown: "area" },
  sensitive_place: { area: square(500, [LON + 0.008, LAT]), shown: "outline" },
};

/** A policy that contradicts itself does not start, a page names its own agency, and the service takes its
 * own case file: these never come. Should they, they are shown like any other. */
const NEVER = {
  invalid_policy: { field: null, shown: "head" },
  unknown_agency: { field: "agency", shown: "head" },
  other_case_file: { field: "agency", shown: "head" },
  not_finite: { field: "area", shown: "corner", places: [{ part: 0, ring: 0, vertex: 1, lon: null, lat: null, on_edge: false }] },
};

/** Flaws as their authors draw them, in thousandths of a degree from the centre. */
const FLAWS = {
  too_few_vertices: ["POLYGON((0 0, 1 1, 0 0))", "corner"],
  self_crossing: ["POLYGON((0 0, 2 2, 2 0, 0 2, 0 0))", "edge"],
  self_touch: ["POLYGON((0 0, 4 0, 4 4, 2 0, 0 4, 0 0))", "corner"],
  spike: ["POLYGON((0 0, 2 0, 4 0, 2 0, 2 2, 0 0))", "corner"],
  hole_crosses_shell: ["POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (3 1, 6 2, 3 3, 3 1))", "edge"],
  hole_along_shell: ["POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (0 1, 2 2, 0 3, 0 1))", "edge"],
  hole_outside_shell: ["POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (5 5, 6 5, 6 6, 5 5))", "corner"],
  holes_overlap: ["POLYGON((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 5 1, 5 5, 1 5, 1 1), (3 3, 7 3, 7 7, 3 7, 3 3))", "edge"],
  nested_hole: ["POLYGON((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 8 1, 8 8, 1 8, 1 1), (3 3, 7 3, 7 7, 3 7, 3 3))", "corner"],
  parts_overlap: ["MULTIPOLYGON(((0 0, 4 0, 4 4, 0 4, 0 0)), ((1 1, 2 1, 2 2, 1 1)))", "edge"],
  parts_share_edge: ["MULTIPOLYGON(((0 0, 4 0, 4 4, 0 4, 0 0)), ((4 0, 8 0, 8 4, 4 4, 4 0)))", "edge"],
  interior_disconnected: ["POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (2 0, 3 2, 2 4, 1 2, 2 0))", "corner"],
};
const moved = (wkt) => wkt.replace(/(\d+) (\d+)/g, (_, x, y) => `${(LON + x / 1000).toFixed(7)} ${(LAT + y / 1000).toFixed(7)}`);

/** Those that would be other flaws near the centre, and texts that are no drawing. */
const TEXTS = {
  latitude_out_of_range: ["POLYGON((0 0, 1 91, 2 0, 0 0))", "corner"],
  longitude_out_of_range: ["POLYGON((0 0, 8238000 1, 2 0, 0 0))", "corner"],
  pole_enclosed: ["POLYGON((0 60, 90 60, 180 60, -90 60, 0 60))", "corner"],
  too_wide: ["POLYGON((0 0, 150 0, 300 0, 450 0, 450 1, 300 1, 150 1, 0 1, 0 0))", "corner"],
  empty: ["POLYGON EMPTY", "area"],
  collapsed: ["POLYGON((0 0, 1e-9 0, 0 1e-9, 0 0))", "area"],
  not_areal: ["LINESTRING(0 0, 1 1)", "area"],
  syntax: ["POLYGON((0 0, 1", "area"],
};
/** An agency sends no circles, and nothing is repaired: these two codes cannot occur. */
const NOT_SENT = ["radius_out_of_range", "irreparable"];

let browser;
let service;
let known;
let page;
const verdicts = [];

before(async () => {
  browser = await browse();
  service = await serveWith({ policy: POLICY }, AGENCIES);
  const opened = [
    request(square(600, ELSEWHERE), { case_reference: "26-NEAR" }),
    ...EARLIER.map((at) => request(square(600, at), { case_reference: "26-USED" })),
  ];
  for (const each of opened) assert.equal((await call(service, "agency-1", "POST", "/v1/requests", each)).status, 201);
  known = (await call(service, "agency-1", "GET", "/v1/policy")).body;
  page = await ready(1);
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

/** A page with a case without refusals. */
async function ready(agency) {
  const made = await open(browser, service, "agency");
  made.on("response", async (answer) => {
    if (answer.url().endsWith("/v1/reviews") && answer.ok()) verdicts.push(await answer.json().catch(() => null));
  });
  await signIn(made, `agency-${agency}`);
  await paste(made, square(500));
  await made.selectOption("#zone", "UTC");
  await typeCase(made);
  await judged(made);
  return made;
}

/** The refusal of a code is there, in the service's words, and marked where it belongs. */
async function isShown(on, code, shown) {
  const item = on.locator(`#against li[data-code="${code}"]`).first();
  await item.waitFor();
  assert.equal(await item.getAttribute("data-shown"), shown, `${code} is shown`);
  const marks = {
    edge: ".edge.flawed", corner: ".corner.flawed", place: `.place.flawed[data-code="${code}"]`, outline: `.outline.flawed[data-code="${code}"]`, area: "main.area-refused",
    head: `#agency-refusals [data-code="${code}"]`, field: `[aria-invalid="true"][aria-describedby~="${await item.getAttribute("id")}"]`,
  };
  assert.ok(await on.locator(marks[shown]).count() > 0, `${code} is marked: ${marks[shown]}`);
  const told = verdicts.at(-1).refusals.find((refusal) => refusal.code === code);
  assert.equal(await item.locator("bdi").textContent(), told.message);
  if (shown === "corner" || shown === "edge") {
    const text = await on.locator(".corner.flawed").first().getAttribute("aria-label");
    assert.ok(text.includes(told.message), `a corner's name carries the refusal: ${text}`);
  }
  await item.getByRole("button", { name: /^Show/ }).click();
  const focused = await on.evaluate(() => document.activeElement !== document.body);
  assert.ok(focused, `${code}: Show takes the focus there`);
}

/** Puts everything right again. */
async function mend(on) {
  await typeCase(on);
  await on.evaluate(() => { document.querySelector("#camera_scope").value = "standing_in"; });
  await paste(on, square(500));
  await judged(on);
}

test("a case in order has nothing against it", async () => {
  assert.equal(await page.locator("#against-title").textContent(), "No refusals");
  assert.deepEqual(verdicts.at(-1).refusals, []);
});

test("each limit has its mark", { timeout: 180_000 }, async (t) => {
  for (const [code, { agency = 1, area, act, shown }] of Object.entries(LIMITS)) {
    await t.test(code, async () => {
      const on = agency === 1 ? page : await ready(agency);
      if (area) await paste(on, area);
      if (act) await act(on);
      await isShown(on, code, shown);
      if (agency === 1) await mend(on);
      else await on.context().close();
    });
  }
});

test("each flaw has its mark", { timeout: 120_000 }, async (t) => {
  const texts = [...Object.entries(FLAWS).map(([code, [wkt, shown]]) => [code, moved(wkt), shown]), ...Object.entries(TEXTS).map(([code, [wkt, shown]]) => [code, wkt, shown])];
  for (const [code, wkt, shown] of texts) {
    await t.test(code, async () => {
      await paste(page, wkt);
      await isShown(page, code, shown);
    });
  }
  await mend(page);
});

test("a refusal that never comes would have its mark", async (t) => {
  for (const [code, { field, shown, places }] of Object.entries(NEVER)) {
    await t.test(code, async () => {
      await page.route("**/v1/reviews", (route) => route.fulfill({ json: { passes: false, m2: null, refusals: [{ code, message: `about ${code}`, field, places }] } }));
      await page.fill("#contact", `Sgt. Ames ${code}`);
      await judged(page);
      await isShown(page, code, shown);
      await page.unroute("**/v1/reviews");
    });
  }
  await mend(page);
});

test("no code is without a test", () => {
  const tested = [LIMITS, NEVER, FLAWS, TEXTS].flatMap(Object.keys);
  const all = [...known.refusals, ...known.flaws];
  assert.ok(all.length > 35, "the service names its codes");
  assert.deepEqual(all.filter((code) => ![...tested, ...NOT_SENT].includes(code)), []);
  // Texts that are no drawing have codes outside the policy's list: they stand in the library's source.
  const source = readFileSync(path.join(ROOT, "src/geometry/drawing/area_error.rs"), "utf8");
  const others = [...source.matchAll(/^ +Self::\w+(?: \{ \.\. \})? => "([a-z_]+)",$/gm)].map(([, code]) => code);
  assert.ok(others.length >= 6, `${others}`);
  assert.deepEqual([...tested, ...NOT_SENT].filter((code) => !all.includes(code)).sort(), others.filter((code) => !all.includes(code)).sort());
});

test("texts are the service's, with seven decimals at most", async () => {
  await paste(page, moved(FLAWS.hole_crosses_shell[0]));
  const text = await page.locator("main").innerText();
  assert.match(text, /\d\.\d{5}/, "positions are shown");
  assert.doesNotMatch(text, /\d\.\d{8}/);
  await mend(page);
});

test("an earlier area is taken with one click", async () => {
  await paste(page, LIMITS.too_close_to_earlier.area);
  await page.getByRole("button", { name: "Draw the earlier area" }).click();
  await judged(page);
  assert.equal(await page.locator('#against li[data-code="too_close_to_earlier"]').count(), 0);
  await mend(page);
});

test("sending what is refused sends nothing and leads to the refusals", async () => {
  await page.fill("#contact", "");
  await judged(page);
  const before_ = (await call(service, "agency-1", "GET", "/v1/requests")).body.requests.length;
  await page.click("#send");
  await page.waitForFunction(() => document.activeElement.id === "against-title");
  assert.equal((await call(service, "agency-1", "GET", "/v1/requests")).body.requests.length, before_);
  await mend(page);
  clean(page, service);
});
