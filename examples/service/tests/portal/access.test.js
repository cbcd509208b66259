// Accessibility: axe on all pages in light, dark and forced colours, sizes of targets, names, and status messages.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { PLANES, browse, call, clean, judged, open, paste, point, request, serve, square } from "./support.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const MODES = { light: { colorScheme: "light" }, dark: { colorScheme: "dark" }, forced: { forcedColors: "active" }, phone: { viewport: { width: 390, height: 780 }, hasTouch: true } };

let browser;
let service;

before(async () => {
  browser = await browse();
  service = await serve("--demo");
  // So that every list has something in it.
  const at = [-84.948, 41.1245];
  const { body } = await call(service, "demo-agency", "POST", "/v1/requests", request(square(500, at), { case_reference: "AS-2026-0001" }));
  const { template, stop } = (await call(service, "demo-operator", "GET", `/v1/requests/${body.id}/notice`)).body;
  const notice = { template: template.replace(" at once", ""), stop, withheld: [], public_text: "A home was entered.", reviewer: "J. Hill", approve: true };
  assert.equal((await call(service, "demo-operator", "POST", `/v1/requests/${body.id}/notice`, notice)).status, 200);
  await call(service, "demo-operator", "POST", `/v1/requests/${body.id}/ask`, {});
  const second = await call(service, "demo-agency", "POST", "/v1/requests", request(square(500, [-84.956, 41.131]), { case_reference: "AS-2026-0002" }));
  assert.equal(second.status, 201, "the queue has a request");
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

/** Each page in each of its states. */
const STATES = {
  agency: {
    new: async (page) => {
      await point(page, [0.3, 0.3], [0.6, 0.6], [0.6, 0.3], [0.3, 0.6]);
      await judged(page);
      for (const summary of await page.locator("summary").all()) await summary.click();
      await page.locator("#against li").first().waitFor();
    },
    mine: (page) => page.locator("#mine li").first().waitFor(),
  },
  operator: {
    review: (page) => page.locator("#queue a").first().waitFor(),
    all: (page) => page.locator("#all li").first().waitFor(),
    events: (page) => page.locator("#events tr").first().waitFor(),
    owners: (page) => page.locator("#invite").waitFor(),
    request: async (page) => {
      await page.locator("nav a", { hasText: "All requests" }).click();
      await page.locator("#all a").last().click();
      await page.locator("#map circle").first().waitFor({ state: "attached" });
      await page.locator("#letters li").first().waitFor();
      await page.fill("#public_text", "A home was entered at 14 Elm Street.");
      await page.locator("#public-findings li").first().waitFor();
    },
  },
  owner: {
    consent: (page) => page.locator("#cameras li").first().waitFor(),
    asked: (page) => page.locator("#asked li").first().waitFor(),
    verify: async (page) => {
      await page.fill("#older", "1:00");
      await page.click("#verify button");
      await page.locator("#verdict .refusal").waitFor();
    },
  },
  public: { all: (page) => page.locator("#bulletins h3").first().waitFor() },
};

test("axe finds nothing on any page", { timeout: 300_000 }, async (t) => {
  let passed = 0;
  for (const [mode, options] of Object.entries(MODES)) {
    for (const plane of PLANES) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, timezoneId: "America/New_York", bypassCSP: true, ...options });
      for (const [state, reach] of Object.entries(STATES[plane])) {
        await t.test(`${plane} ${state}, ${mode}`, async () => {
          const page = await open(browser, service, plane, { context, hash: state === "request" ? "" : `#${state}` });
          await reach(page);
          await page.evaluate(AXE);
          const { violations, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
          assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 120)} ${failureSummary.slice(0, 200)}`).join("; ")}`), []);
          passed += passes.length;
          await page.close();
        });
      }
      await context.close();
    }
  }
  assert.ok(passed > 300, `${passed} rules passed`);
});

test("what is pressed has 24 pixels at least", async () => {
  for (const plane of PLANES) {
    for (const [state, reach] of Object.entries(STATES[plane])) {
      const page = await open(browser, service, plane, { hash: state === "request" ? "" : `#${state}` });
      await reach(page);
      const small = await page.evaluate(() => [...document.querySelectorAll("button, input, select, textarea, summary, nav a, #story a")]
        .filter((element) => element.checkVisibility())
        // A box that has a label is pressed by its label.
        .map((element) => (element.matches("[type=checkbox], [type=radio]") ? element.closest("label") : element))
        .map((element) => ({ name: element.outerHTML.slice(0, 80), box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width < 24 || box.height < 24).map(({ name, box }) => `${name} ${box.width}x${box.height}`));
      assert.deepEqual(small, [], `${plane} ${state}`);
      await page.context().close();
    }
  }
});

test("everything pressed or typed into has a name", async () => {
  for (const plane of PLANES) {
    const page = await open(browser, service, plane);
    await Object.values(STATES[plane])[0](page);
    const tree = await page.locator("body").ariaSnapshot();
    assert.doesNotMatch(tree, /^\s*- (button|textbox|combobox|link|checkbox|radio|spinbutton)\s*$/m, plane);
    await page.context().close();
  }
});

test("corners are buttons in order, and what happens is said", async () => {
  const page = await open(browser, service, "agency");
  await page.locator("#map .base").first().waitFor({ state: "attached" });
  await point(page, [0.3, 0.3], [0.6, 0.3], [0.6, 0.6]);
  assert.deepEqual(await page.getByRole("button", { name: /^Corner \d$/ }).evaluateAll((all) => all.map((each) => each.getAttribute("aria-label"))), ["Corner 1", "Corner 2", "Corner 3"]);
  assert.equal(await page.getByRole("status").first().textContent(), "Corner 3 set.");
  await page.click("#undo");
  assert.equal(await page.getByRole("status").first().textContent(), "Undone.");
  await page.context().close();
});

test("asked and never asked differ by shape as well", async () => {
  const page = await open(browser, service, "operator");
  await STATES.operator.request(page);
  const look = (name) => page.locator(`#map circle.${name}`).first().evaluate((dot) => { const style = getComputedStyle(dot); return { fill: style.fill, stroke: style.strokeWidth, r: style.r }; });
  const [asked, never] = [await look("asked"), await look("never")];
  assert.notEqual(asked.fill, never.fill);
  assert.ok(parseFloat(never.stroke) >= 2 * parseFloat(asked.stroke), "a ring against a disc");
  await page.context().close();
});

test("the two answers have the same size and weight", async () => {
  const page = await open(browser, service, "owner", { hash: "#asked", viewport: { width: 390, height: 780 } });
  const buttons = page.locator("#asked .equal button");
  await buttons.first().waitFor();
  const looks = await buttons.evaluateAll((all) => all.map((each) => {
    const { width, height } = each.getBoundingClientRect();
    const { fontWeight, fontSize, color, backgroundColor, borderColor } = getComputedStyle(each);
    return JSON.stringify({ width, height, fontWeight, fontSize, color, backgroundColor, borderColor });
  }));
  assert.equal(looks.length, 2);
  assert.equal(looks[0], looks[1]);
  assert.match(await page.locator("#asked").innerText(), /Doing nothing is fine/);
  await page.context().close();
});

test("nothing moves for those who want no motion", async () => {
  const page = await open(browser, service, "agency", { reducedMotion: "reduce" });
  await paste(page, "POLYGON((-84.95 41.12, -84.94 41.13, -84.94 41.12, -84.95 41.13, -84.95 41.12))");
  assert.equal(await page.locator(".edge.flawed").first().evaluate((edge) => getComputedStyle(edge).animationName), "none");
  clean(page, service);
  await page.context().close();
});
