// Texts that would be markup or turn the sentence around: they appear as text, everywhere.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { browse, call, cameras, clean, judged, open, paste, request, serveWith, signIn, square, typeCase } from "./support.js";

const TEXTS = {
  name: 'Ashford <img src=x onerror="window.hit=1"> Police',
  reference: "26-1</script><script>window.hit=1</script>",
  contact: `"'\`><svg onload=window.hit=1> ${"long ".repeat(30)}`,
  label: "PS 9 <b onmouseover=window.hit=1>",
};
const SCHOOL = square(300, [-84.9375, 41.1262]);

let browser;
let service;

before(async () => {
  browser = await browse();
  const policy = { sensitive_places: [{ kind: "school", label: TEXTS.label, rule: "refuse", area: SCHOOL }] };
  service = await serveWith({ policy }, [{ id: 1, name: TEXTS.name }]);
  await call(service, "operator", "POST", "/v1/changes", cameras(40));
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

/** The page shows a text as it is, isolated, and nothing of it ran. */
async function shows(page, selector, text) {
  await page.locator(selector).first().waitFor();
  const all = await page.locator(`${selector} bdi`).allTextContents();
  assert.ok(all.some((shown) => shown.includes(text)), `${selector} shows ${text.slice(0, 40)}: ${JSON.stringify(all).slice(0, 300)}`);
  assert.equal(await page.evaluate(() => window.hit), undefined);
  assert.equal(await page.locator("main img, main svg[onload], main script, main b[onmouseover]").count(), 0);
}

test("hostile texts appear as text on every page", { timeout: 120_000 }, async () => {
  const page = await open(browser, service, "agency");
  await signIn(page, "agency-1");
  await shows(page, "#who", TEXTS.name);
  await typeCase(page, { reference: TEXTS.reference });
  await page.fill("#contact", TEXTS.contact);
  await paste(page, SCHOOL);
  await shows(page, "#against", "PS 9 <b onmouseover=window.hit=1>");
  await paste(page, square(500));
  await page.click("#send");
  await page.locator("#receipt dl dd").first().waitFor();
  await shows(page, "#receipt", TEXTS.reference);
  await page.locator("nav a", { hasText: "My requests" }).click();
  await shows(page, "#mine", TEXTS.reference);
  clean(page, service);
  const width = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(width, 0, "a long text does not widen the page");

  const reviewer = await open(browser, service, "operator");
  await signIn(reviewer, "operator");
  await shows(reviewer, "#queue", TEXTS.reference);
  await reviewer.locator("#queue a").click();
  await shows(reviewer, "#title", TEXTS.name);
  await shows(reviewer, "#facts", TEXTS.contact.slice(0, 200));
  await reviewer.locator("#text").waitFor();
  assert.ok((await reviewer.locator("#text").textContent()).includes("<img src=x"), "the notice has the name as text");
  clean(reviewer, service);

  const all = await open(browser, service, "public");
  await shows(all, "#agencies", TEXTS.name);
  clean(all, service);
});

test("texts that turn the line around, or are endless, are refused at their field", async () => {
  const page = await open(browser, service, "agency");
  await signIn(page, "agency-1");
  await typeCase(page);
  await paste(page, square(500, [-84.955, 41.14]));
  for (const [field, text, code] of [["case_reference", "26-1 \u202Etxet", "text_refused"], ["contact", "x".repeat(10_000), "text_too_long"]]) {
    await page.fill(`#${field}`, text);
    await judged(page);
    const item = page.locator(`#against li[data-code="${code}"]`);
    assert.equal(await item.getAttribute("data-shown"), "field");
    assert.equal(await page.locator(`#${field}`).getAttribute("aria-invalid"), "true");
    await page.fill(`#${field}`, "26-1");
  }
  await judged(page);
  await page.click("#send");
  await page.locator("#receipt dl dd").first().waitFor();
  assert.equal(await page.locator("#receipt bdi").first().evaluate((text) => getComputedStyle(text).unicodeBidi), "isolate");
  clean(page, service, ["422"]);
});

test("markup put in by a slip is an exception", async () => {
  const page = await open(browser, service, "public");
  const thrown = await page.evaluate(() => {
    try {
      document.body.innerHTML = "<p>";
      return null;
    } catch (error) {
      return error.name;
    }
  });
  assert.equal(thrown, "TypeError");
});

test("a bulletin's text is text", async () => {
  const sent = await call(service, "agency-1", "POST", "/v1/requests", request(square(600, [-84.9475, 41.1262]), { case_reference: "26-9" }));
  const id = sent.body.id ?? (await call(service, "agency-1", "GET", "/v1/requests")).body.requests.at(-1).id;
  const { template, stop } = (await call(service, "operator", "GET", `/v1/requests/${id}/notice`)).body;
  const text = 'A parcel <img src=x onerror="window.hit=1"> was taken.';
  const approved = await call(service, "operator", "POST", `/v1/requests/${id}/notice`, { template, stop, withheld: [], public_text: text, reviewer: "<i>J. Hill</i>", approve: true });
  assert.equal(approved.status, 200, JSON.stringify(approved.body));
  const page = await open(browser, service, "public");
  await shows(page, "#bulletins", text);
  clean(page, service);
});
