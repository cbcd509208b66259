// Forms: nothing is sent twice, no input is lost, and times are those on people's clocks.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";

import { instant, instants, shown, typed } from "../../portal/time.js";
import { browse, call, clean, judged, open, paste, serveWith, signIn, square, typeCase } from "./support.js";

const ZONE = "America/New_York";

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

const mine = async () => (await call(service, "agency-1", "GET", "/v1/requests")).body.requests;

async function ready(reference, at) {
  const page = await open(browser, service, "agency");
  await signIn(page, "agency-1");
  await typeCase(page, { reference });
  await paste(page, square(500, at));
  return page;
}

test("a double click opens one request", async () => {
  const page = await ready("26-TWICE");
  await page.locator("#send").dblclick();
  await page.locator("#receipt dl dd").first().waitFor();
  assert.equal((await mine()).filter((each) => each.case_reference === "26-TWICE").length, 1);
  clean(page, service);
  await page.context().close();
});

/** Sends a page's request unchanged, and returns the status. */
async function forward(sent) {
  const headers = await sent.allHeaders();
  const { host, pathname } = new URL(sent.url());
  return new Promise((resolve, reject) => {
    const names = Object.entries(headers).filter(([name]) => !name.startsWith(":"));
    const request = http.request({ host: "127.0.0.1", port: service.port, path: pathname, method: "POST", headers: { ...Object.fromEntries(names), host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    request.on("error", reject);
    request.end(sent.postData());
  });
}

test("an answer that is lost is asked for again with the same key", async () => {
  const page = await ready("26-LOST", [-84.93, 41.12]);
  const keys = [];
  let lost = 0;
  await page.route("**/v1/requests", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    keys.push(route.request().headers()["idempotency-key"]);
    if (lost++ > 0) return route.continue();
    // The service answers, and the answer gets lost.
    assert.equal(await forward(route.request()), 201);
    return route.abort();
  });
  await page.click("#send");
  await page.locator("#complaints .refusal", { hasText: "try again" }).waitFor();
  await page.click("#send");
  await page.locator("#receipt dl dd").first().waitFor();
  assert.equal(new Set(keys).size, 1, "one key");
  assert.equal(keys.length, 2);
  assert.equal((await mine()).filter((each) => each.case_reference === "26-LOST").length, 1);
  await page.context().close();
});

test("a reload and the back button lose nothing that was typed", async () => {
  const page = await ready("26-KEPT", [-84.955, 41.14]);
  await judged(page);
  await page.reload();
  await page.locator(".corner").nth(3).waitFor();
  assert.equal(await page.inputValue("#case_reference"), "26-KEPT");
  assert.equal(await page.locator(".corner").count(), 4);
  await page.goto(service.origin("public"));
  await page.goBack();
  await page.locator(".corner").nth(3).waitFor();
  assert.equal(await page.inputValue("#contact"), "Sgt. Ames, +1 555 0100");
  // Another tab has its own form.
  const other = await page.context().newPage();
  await other.goto(service.origin("agency"));
  await other.locator("#map .base, #map svg").first().waitFor({ state: "attached" });
  assert.equal(await other.inputValue("#case_reference"), "");
  await page.context().close();
});

test("a session that ends in the middle loses nothing", async () => {
  const page = await ready("26-OVER", [-84.955, 41.13]);
  await judged(page);
  await page.context().clearCookies();
  await page.click("#send");
  await signIn(page, "agency-1");
  await page.locator("#receipt dl dd").first().waitFor();
  assert.equal((await mine()).filter((each) => each.case_reference === "26-OVER").length, 1);
  await page.context().close();
});

test("signing out forgets what was typed", async () => {
  const page = await ready("26-GONE", [-84.93, 41.15]);
  await page.click("#sign-out");
  await page.locator("#sign-in[open]").waitFor();
  assert.equal(await page.inputValue("#case_reference"), "");
  assert.equal(await page.evaluate(() => sessionStorage.getItem("request")), null);
  await page.context().close();
});

test("the window is typed in a zone and kept in UTC", async () => {
  const page = await ready("26-ZONE", [-84.93, 41.13]);
  const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  await page.selectOption("#zone", ZONE);
  await page.fill("#from", `${day}T16:00`);
  await page.fill("#until", `${day}T20:30`);
  await judged(page);
  const expected = ["16:00", "20:30"].map((time) => instant(`${day}T${time}`, ZONE).instant);
  await page.click("#send");
  await page.locator("#receipt dl dd").first().waitFor();
  assert.ok((await page.locator("#receipt").innerText()).includes(`${expected[0]} to ${expected[1]}`));
  const [{ window }] = (await mine()).filter((each) => each.case_reference === "26-ZONE");
  assert.deepEqual([window.start, window.end], expected);
  await page.context().close();
});

test("an hour that does not exist and one that is twice are refused", async () => {
  assert.deepEqual(instants("2026-03-08T02:30", ZONE), []);
  assert.equal(instants("2026-11-01T01:30", ZONE).length, 2);
  assert.match(instant("2026-03-08T02:30", ZONE).error, /does not exist/);
  assert.match(instant("2026-11-01T01:30", ZONE).error, /is twice/);
  assert.equal(instant("2026-05-01T20:00", ZONE).instant, "2026-05-02T00:00:00Z");
  assert.equal(instant("2026-01-15T20:00", ZONE).instant, "2026-01-16T01:00:00Z");
  assert.equal(instant("2026-05-01T20:00", "Asia/Kathmandu").instant, "2026-05-01T14:15:00Z");
  assert.equal(typed("2026-05-02T00:00:00Z", ZONE), "2026-05-01T20:00");
  assert.match(shown("2026-05-02T00:00:00Z", ZONE), /^1 May 2026, 20:00 EDT$/);
  const page = await ready("26-DST", [-84.95, 41.15]);
  await page.selectOption("#zone", ZONE);
  await page.fill("#from", "2026-11-01T01:30");
  await judged(page);
  await page.locator("#from-hint", { hasText: "is twice" }).waitFor();
  await page.fill("#from", "2026-03-08T02:30");
  await judged(page);
  await page.locator("#from-hint", { hasText: "does not exist" }).waitFor();
  assert.equal(await page.locator("#from").getAttribute("aria-invalid"), "true");
  await page.click("#send");
  assert.equal((await mine()).filter((each) => each.case_reference === "26-DST").length, 0);
  await page.context().close();
});

test("every instant comes back from the clock that shows it", () => {
  for (const zone of [ZONE, "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "Pacific/Apia"]) {
    let twice = 0;
    for (let time = Date.UTC(2026, 0, 1); time < Date.UTC(2027, 0, 1); time += 30 * 60_000) {
      const found = instants(typed(time, zone), zone);
      assert.ok(found.includes(time), `${zone} ${new Date(time).toISOString()}: ${found}`);
      twice += found.length - 1;
    }
    assert.ok(twice < 10, `${zone}: ${twice}`);
  }
});
