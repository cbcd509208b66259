// The officer's whole story without a pointer, by touch on a phone, and by one tap at a time.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { browse, call, clean, judged, open, serveWith, signIn } from "./support.js";

let browser;
let service;

before(async () => {
  browser = await browse();
  service = await serveWith();
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

const sent = async () => (await call(service, "agency-1", "GET", "/v1/requests")).body.requests;

/** Presses Tab until something has the focus. */
async function tabTo(page, selector) {
  for (let i = 0; i < 80; i += 1) {
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${selector} is not reached by Tab`);
}

/** Moves the cross by steps of twelve pixels, and sets a corner. */
async function set(page, right, down) {
  for (const [key, steps] of [[right > 0 ? "ArrowRight" : "ArrowLeft", Math.abs(right)], [down > 0 ? "ArrowDown" : "ArrowUp", Math.abs(down)]]) {
    for (let i = 0; i < Math.floor(steps / 5); i += 1) await page.keyboard.press(`Shift+${key}`);
    for (let i = 0; i < steps % 5; i += 1) await page.keyboard.press(key);
  }
  await page.keyboard.press("Enter");
}

test("the officer's story from the keyboard alone", { timeout: 90_000 }, async () => {
  const page = await open(browser, service, "agency");
  await page.locator("#sign-in[open]").waitFor();
  // No pointer at all: whoever sends a pointer event fails.
  await page.evaluate(() => {
    window.pointed = 0;
    for (const name of ["pointerdown", "mousedown", "touchstart"]) document.addEventListener(name, () => { window.pointed += 1; }, true);
  });
  await page.keyboard.type("agency-1");
  await page.keyboard.press("Enter");
  await page.locator("#sign-in[open]").waitFor({ state: "detached" });
  await tabTo(page, "#map");
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  const [w, h] = await page.locator("#map").evaluate((map) => [Math.floor(map.clientWidth / 2 / 12) - 8, Math.floor(map.clientHeight / 2 / 12) - 6]);
  await set(page, -w, -h);
  await set(page, 2 * w, 2 * h);
  await set(page, 0, -2 * h);
  await set(page, -2 * w, 2 * h);
  assert.equal(await page.locator(".corner").count(), 4);
  await page.locator('#against li[data-code="self_crossing"]').waitFor();
  // A corner by its arrows: it goes where the second one is, by keys.
  await tabTo(page, '.corner[data-corner="2"]');
  assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /^Corner 2/);
  const before_ = await page.evaluate(() => document.activeElement.style.transform);
  await page.keyboard.press("Shift+ArrowUp");
  assert.notEqual(await page.evaluate(() => document.activeElement.style.transform), before_);
  assert.ok(await page.evaluate(() => document.activeElement.matches('.corner[data-corner="2"]')), "the corner keeps the focus");
  await page.keyboard.press("Delete");
  assert.equal(await page.locator(".corner").count(), 3);
  await page.keyboard.press("i");
  assert.equal(await page.locator(".corner").count(), 4);
  await page.keyboard.press("Delete");
  await judged(page);
  await tabTo(page, "#case_reference");
  await page.keyboard.type("26-KEYS");
  await tabTo(page, "#incident");
  await page.keyboard.type("burglary");
  await tabTo(page, "#contact");
  await page.keyboard.type("Sgt. Ames, +1 555 0100");
  const day = new Date(Date.now() - 2 * 86_400_000);
  const digits = `${String(day.getUTCMonth() + 1).padStart(2, "0")}${String(day.getUTCDate()).padStart(2, "0")}${day.getUTCFullYear()}`;
  for (const [field, time] of [["#from", "0400PM"], ["#until", "0800PM"]]) {
    await tabTo(page, field);
    await page.keyboard.type(digits);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.type(time);
  }
  await judged(page);
  assert.equal(await page.locator("#against-title").textContent(), "No refusals", await page.locator("#against").innerText());
  await tabTo(page, "#send");
  await page.keyboard.press("Enter");
  await page.locator("#receipt dl dd").first().waitFor();
  assert.ok(await page.evaluate(() => document.activeElement.id === "receipt"), "the receipt takes the focus");
  assert.equal(await page.evaluate(() => window.pointed), 0);
  assert.equal((await sent())[0].case_reference, "26-KEYS");
  await tabTo(page, 'a[href="#mine"]');
  await page.keyboard.press("Enter");
  await page.locator("#mine li", { hasText: "26-KEYS" }).waitFor();
  await tabTo(page, '#mine button[aria-label^="Withdraw"]');
  await page.keyboard.press("Enter");
  await page.locator("#mine li", { hasText: "Ended: withdrawn" }).waitFor();
  clean(page, service);
  await page.context().close();
});

test("the officer's story by touch at 390 pixels", { timeout: 90_000 }, async () => {
  const page = await open(browser, service, "agency", { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true });
  await page.locator("#sign-in[open]").waitFor();
  await page.fill("#token", "agency-1");
  await page.tap("#sign-in button");
  await page.locator("#sign-in[open]").waitFor({ state: "detached" });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `${width} pixels wide`);
  const tap = async (x, y) => {
    await page.locator("#map").scrollIntoViewIfNeeded();
    const map = await page.locator("#map").boundingBox();
    await page.touchscreen.tap(map.x + map.width * x, map.y + map.height * y);
  };
  for (let i = 0; i < 4; i += 1) await page.tap('[aria-label="Zoom in"]');
  for (const [x, y] of [[0.2, 0.3], [0.8, 0.7], [0.8, 0.3], [0.2, 0.7]]) await tap(x, y);
  await page.locator('#against li[data-code="self_crossing"]').waitFor();
  // A corner is tapped, then its new place: no drag.
  await page.tap('.corner[data-corner="2"]');
  assert.equal(await page.locator('.corner[data-corner="2"]').getAttribute("aria-pressed"), "true");
  await tap(0.6, 0.12);
  await page.tap('.corner[data-corner="3"]');
  await tap(0.8, 0.7);
  await judged(page);
  assert.equal(await page.locator('#against li[data-code="self_crossing"]').count(), 0);
  await page.tap('.corner[data-corner="4"]');
  await page.tap("#delete");
  assert.equal(await page.locator(".corner").count(), 3);
  await page.tap("#undo");
  assert.equal(await page.locator(".corner").count(), 4);
  const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  await page.fill("#case_reference", "26-TOUCH");
  await page.fill("#contact", "Sgt. Ames");
  await page.fill("#from", `${day}T16:00`);
  await page.fill("#until", `${day}T20:00`);
  await judged(page);
  assert.equal(await page.locator("#against-title").textContent(), "No refusals", await page.locator("#against").innerText());
  await page.tap("#send");
  await page.locator("#receipt dl dd").first().waitFor();
  assert.equal((await sent())[0].case_reference, "26-TOUCH");
  clean(page, service);
  await page.context().close();
});

test("corners as a table do without the map", async () => {
  const page = await open(browser, service, "agency");
  await signIn(page, "agency-1");
  await page.locator("summary", { hasText: "Corners as a table" }).click();
  for (let i = 0; i < 3; i += 1) await page.click("#add");
  assert.equal(await page.locator("#corners tbody tr").count(), 3);
  for (const [i, [lon, lat]] of [[-84.95, 41.12], [-84.945, 41.12], [-84.947, 41.125]].entries()) {
    await page.getByLabel(`Longitude of Corner ${i + 1}`, { exact: true }).fill(String(lon));
    await page.getByLabel(`Latitude of Corner ${i + 1}`, { exact: true }).fill(String(lat));
    await page.keyboard.press("Tab");
  }
  await judged(page);
  assert.match(await page.locator("#size").textContent(), /The area has 0\.\d\d km/);
  await page.getByRole("button", { name: "Remove Corner 2" }).click();
  assert.equal(await page.locator("#corners tbody tr").count(), 2);
  await page.context().close();
});
