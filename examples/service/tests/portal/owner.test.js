// The owner's page: stop is stop, consent is saved as it is shown, and cameras are the owner's.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { browse, call, cameras, clean, open, request, serveWith, square } from "./support.js";

const OWNER = 7;

let browser;
let service;
let page;
let id;

before(async () => {
  browser = await browse();
  service = await serveWith({}, [{ id: 1, name: "Ashford Police" }, { id: 2 }]);
  assert.equal((await call(service, "operator", "POST", "/v1/changes", cameras(30))).status, 200);
  id = (await call(service, "agency-1", "POST", "/v1/requests", request(square(700)))).body.id;
  const { invitation } = (await call(service, "operator", "POST", `/v1/owners/${OWNER}/invitation`, {})).body;
  page = await open(browser, service, "owner", { viewport: { width: 390, height: 780 } });
  await page.locator("#sign-in[open]").waitFor();
  await page.check('#sign-in [name="first"]');
  await page.fill("#token", invitation);
  await page.click("#sign-in button");
  await page.locator("#token-shown code").waitFor();
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

const routed = async () => (await call(service, "operator", "GET", `/v1/requests/${id}/route`)).body.recipients.map(({ owner }) => owner);
const held = async () => (await call(service, "operator", "GET", `/v1/owners/${OWNER}`)).body;

test("a consent is saved in the terms that are shown", async () => {
  await page.selectOption('select[name="agencies"]', "only");
  await page.getByLabel("Ashford Police").check();
  await page.selectOption('select[name="incidents"]', "all_but");
  await page.getByLabel("vandalism").check();
  await page.fill("#per_7_days", "2");
  await page.fill("#per_30_days", "4");
  await page.selectOption("#zone", "America/New_York");
  await page.fill("#expires", "2099-06-01");
  await page.click("#save");
  await page.locator("#status", { hasText: "Saved" }).waitFor();
  const { consent } = await held();
  assert.deepEqual(consent.agencies, { only: [1] });
  assert.deepEqual(consent.incidents, { all_but: ["vandalism"] });
  assert.deepEqual(consent.limit, { per_7_days: 2, per_30_days: 4 });
  assert.equal(consent.expires, "2099-06-01T04:00:00Z");
  assert.equal(consent.zone, "America/New_York");
  assert.equal(await page.inputValue("#expires"), "2099-06-01", "it comes back as it was typed");
  assert.ok((await routed()).includes(OWNER));
});

test("a camera is described by its owner alone", async () => {
  await page.getByLabel("Days that camera 1006 keeps its recordings").fill("14");
  await page.getByRole("button", { name: "Save camera 1006" }).click();
  await page.locator("#status", { hasText: "is saved" }).waitFor();
  assert.equal((await held()).cameras[0].recording.kept_days, 14);
});

test("stop is stop when the click returns", async () => {
  assert.ok((await routed()).includes(OWNER));
  await page.getByRole("button", { name: "Stop asking me" }).click();
  await page.locator("#standing", { hasText: "You are not asked." }).waitFor();
  const after_ = await routed();
  assert.ok(!after_.includes(OWNER) && after_.length > 11);
  assert.equal(await page.locator("#withdraw").isVisible(), false);
});

test("a camera that is removed is gone", async () => {
  await page.getByRole("button", { name: "Remove camera 1006" }).click();
  await page.locator("#cameras", { hasText: "No camera is registered" }).waitFor();
  assert.deepEqual((await held()).cameras, []);
  clean(page, service);
});
