// One evening, by clicks, in the steps of the demo's strip: from nothing to the outcome in under a minute.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { picture } from "./pictures.js";
import { browse, clean, judged, open, point, serve } from "./support.js";

let browser;
let service;

before(async () => {
  [browser, service] = await Promise.all([browse(), serve("--demo")]);
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

const next = (page) => page.getByRole("link", { name: "Next step" }).click();
const step = (page, number) => page.locator(`#story [aria-current="step"]`, { hasText: String(number) }).waitFor();

test("the evening is clicked through in under a minute", { timeout: 120_000 }, async (t) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, timezoneId: "America/New_York" });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: service.origin("public") });
  let began = Date.now();
  // Pictures take time that nobody clicks in.
  const taken = async (of, name) => { const before_ = Date.now(); await picture(t, of, name); began += Date.now() - before_; };

  // 1: the public.
  const page = await open(browser, service, "public", { context });
  await step(page, 1);
  await page.locator("#key li").nth(1).waitFor();
  assert.match(await page.locator("#bulletins").innerText(), /No bulletin yet/);
  await page.click("#copy");
  const head = await page.locator("#head-text").textContent();
  assert.match(head, /^\d+:[0-9a-f]{64}$/);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), head);
  await next(page);

  // 2: the officer draws crosswise, puts it right, draws too large and over the school, and sends.
  await step(page, 2);
  await page.locator("#map .base").first().waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Fill in the case" }).click();
  await point(page, [0.36, 0.36], [0.64, 0.66], [0.64, 0.36], [0.36, 0.66]);
  await page.locator('#against li[data-code="self_crossing"]').waitFor();
  assert.equal(await page.locator(".edge.flawed").count(), 2, "both edges glow");
  await page.evaluate(() => scrollTo(0, 0));
  await taken(page, "portal-officer.png");
  const drag = async (corner, to) => {
    const map = await page.locator("#map").boundingBox();
    const from = await page.locator(`.corner[data-corner="${corner}"]`).boundingBox();
    await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
    await page.mouse.down();
    await page.mouse.move(map.x + map.width * to[0], map.y + map.height * to[1], { steps: 4 });
    await page.mouse.up();
    await judged(page);
  };
  await drag(2, [0.65, 0.3]);
  await drag(3, [0.64, 0.66]);
  assert.deepEqual(await page.locator("#against li").count(), 0, "put right");
  await drag(1, [0.02, 0.03]);
  await drag(4, [0.02, 0.97]);
  await drag(3, [0.8, 0.97]);
  await page.locator('#against li[data-code="area_too_large"]').waitFor();
  assert.ok(await page.locator("#gauge.over").isVisible(), "the gauge is over its limit");
  await drag(1, [0.36, 0.36]);
  await drag(4, [0.36, 0.66]);
  await drag(3, [0.64, 0.66]);
  await drag(2, [0.8, 0.2]);
  await page.locator('#against li[data-code="sensitive_place"]').waitFor();
  assert.equal(await page.locator(".outline.flawed").count(), 1, "the school's outline appears");
  await drag(2, [0.65, 0.3]);
  assert.equal(await page.locator("#against-title").textContent(), "No refusals");
  await page.click("#send");
  await page.locator("#receipt dl").waitFor();
  assert.match(await page.locator("#receipt").innerText(), /AS-2026-0417/);
  await next(page);

  // 3: the reviewer.
  await step(page, 3);
  await page.locator("#queue a").click();
  await page.locator("#map circle.asked").first().waitFor({ state: "attached" });
  const [asked, never] = [await page.locator("#map circle.asked").count(), await page.locator("#map circle.never").count()];
  assert.ok(asked > 50 && never > 50, `${asked} asked, ${never} never`);
  const ring = page.locator('#map circle.never[data-code="paused"]').first();
  const dot = await ring.boundingBox();
  await page.mouse.click(dot.x + dot.width / 2, dot.y + dot.height / 2);
  await page.locator("#picked", { hasText: /never asked/ }).waitFor();
  await page.locator("#findings li", { hasText: "at once" }).waitFor();
  assert.equal(await page.locator("#text mark", { hasText: "at once" }).count(), 1);
  await page.evaluate(() => scrollTo(0, 0));
  await taken(page, "portal-reviewer.png");
  await page.click("#ask");
  await page.locator("#notice-complaints .refusal").waitFor();
  const template = await page.inputValue("#template");
  await page.fill("#template", template.replace(/ at once/, ""));
  await page.fill("#public_text", "A home was entered in the evening.");
  await page.fill("#reviewer", "J. Hill");
  await page.locator("#findings li").first().waitFor({ state: "detached" });
  await page.click("#approve");
  await page.locator("#approval", { hasText: "J. Hill" }).waitFor();
  await page.click("#ask");
  await page.locator("#letters-title", { hasText: /Letters \(\d+\)/ }).waitFor();
  await next(page);

  // 4: Ada.
  await step(page, 4);
  await page.locator("nav a", { hasText: "Requests (1)" }).click();
  await page.getByRole("button", { name: "I shared it" }).click();
  await page.locator("#asked .found").waitFor();
  await page.getByRole("button", { name: "Stop asking me" }).click();
  await page.locator("#standing", { hasText: "You are not asked." }).waitFor();
  await next(page);

  // 5: the officer again: nearly the same area is refused, the first request is resolved.
  await step(page, 5);
  await page.locator("nav a", { hasText: "New request" }).click();
  await page.getByRole("button", { name: "Fill in the case" }).click();
  await page.fill("#case_reference", "AS-2026-0418");
  await point(page, [0.355, 0.355], [0.65, 0.3], [0.64, 0.66], [0.36, 0.66]);
  await page.locator('#against li[data-code="too_close_to_earlier"]').waitFor();
  assert.equal(await page.locator('.outline.flawed[data-code="too_close_to_earlier"]').count(), 1, "both areas are on the map");
  await page.locator("nav a", { hasText: "My requests" }).click();
  await page.getByRole("button", { name: "Resolve AS-2026-0417" }).click();
  await page.locator(".outcome", { hasText: /Shared .* households, did not/ }).waitFor();
  await next(page);

  // 6: Ada verifies.
  await step(page, 6);
  assert.equal(await page.inputValue("#older"), head, "the head of step 1 goes along");
  // The demo's log is closed each 15 seconds.
  for (const end = Date.now() + 40_000; Date.now() < end;) {
    await page.click("#verify button");
    await page.locator("#verdict .found", { hasText: "goes on from the head" }).waitFor();
    if (await page.locator("#verdict .found", { hasText: "you were asked" }).count()) break;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  await page.locator("#verdict .found", { hasText: "you were asked" }).waitFor();
  await page.locator("#verdict .found", { hasText: "goes on from the head" }).waitFor();
  assert.equal(await page.locator("#verdict .refusal").count(), 0);
  await page.setViewportSize({ width: 390, height: 900 });
  await taken(page, "portal-owner.png");
  await page.setViewportSize({ width: 1280, height: 800 });
  await next(page);

  // 7: the bulletin, resolved.
  await step(page, 7);
  await page.locator("#bulletins li", { hasText: "Ended: resolved." }).waitFor();
  const took = Date.now() - began;
  assert.ok(took < 60_000, `${took} ms`);
  console.log(`the evening took ${(took / 1000).toFixed(1)} s`);
  clean(page, service, ["409"]);
  await context.close();
});
