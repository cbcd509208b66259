// The notice under review: each rule has a text that the page marks where the service found it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { ROOT, browse, call, cameras, clean, open, request, serveWith, signIn, square } from "./support.js";

const BASE = "{agency} asks for footage of {window}, case {case}, from {cameras}. To share is voluntary, and this is not a warrant. {stop}";

/** A missing part has no place; a finding is marked at its words, behind an emoji of four bytes. */
const RULES = {
  agency_missing: { template: BASE.replace("{agency}", "Somebody") },
  case_missing: { template: BASE.replace(", case {case}", "") },
  window_missing: { template: BASE.replace("{window}", "an evening") },
  voluntary_missing: { template: BASE.replace("To share is voluntary, and t", "T") },
  not_a_warrant_missing: { template: BASE.replace(", and this is not a warrant", "") },
  stop_missing: { template: BASE.replace("{stop}", "") },
  cameras_missing: { template: BASE.replace(", from {cameras}", ""), scope: "seeing_into" },
  pressure: { words: "you must share" },
  threat: { words: "you will be charged" },
  urgency: { words: "at once" },
  victim_name: { words: "Jane Roe", withheld: "Jane Roe" },
  phone_number: { words: "555-867-5309" },
  birth_date: { words: "born on 4 March 1990" },
  id_number: { words: "passport number X1234567" },
  home_address: { words: "14 Elm Street" },
  race_alone: { words: "a black man" },
};

let browser;
let service;
let page;
const requests = {};

before(async () => {
  browser = await browse();
  service = await serveWith({ policy: { seeing_into: "allowed" } });
  await call(service, "operator", "POST", "/v1/changes", cameras(40));
  const sent = { standing_in: square(500), seeing_into: square(500, [-84.955, 41.14]) };
  for (const [scope, area] of Object.entries(sent)) {
    const told = await call(service, "agency-1", "POST", "/v1/requests", request(area, { camera_scope: scope }));
    assert.equal(told.status, 201, JSON.stringify(told.body));
    requests[scope] = told.body.id;
  }
  page = await open(browser, service, "operator", { hash: `#request/${requests.standing_in}` });
  await signIn(page, "operator");
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

async function lint(template, withheld = "") {
  await page.fill("#withheld", withheld);
  const answered = page.waitForResponse((answer) => answer.url().endsWith("/notice") && answer.request().method() === "POST" && answer.request().postDataJSON().template === template);
  await page.fill("#template", template);
  const told = await (await answered).json();
  await page.locator('#findings[aria-busy="false"]').waitFor({ state: "attached" });
  return told;
}

test("each rule's finding is marked at its words", { timeout: 60_000 }, async (t) => {
  for (const [code, { template, words, withheld, scope = "standing_in" }] of Object.entries(RULES)) {
    await t.test(code, async () => {
      if (scope !== "standing_in") await page.goto(`${service.origin("operator")}/#request/${requests[scope]}`);
      await page.locator("#placeholders", { hasText: "{agency}" }).waitFor();
      const told = await lint(template ?? `\u{1F4F7} ${BASE} Note: ${words}.`, withheld);
      const finding = told.findings.find((each) => each.code === code);
      assert.ok(finding, `${code}: ${JSON.stringify(told.findings)}`);
      const item = page.locator(`#findings li[data-code="${code}"]`).first();
      assert.equal(await item.textContent(), finding.message);
      if (words) {
        const [from, to] = finding.bytes;
        const found = Buffer.from(told.text).subarray(from, to).toString();
        const marks = await page.locator("#text mark").allTextContents();
        assert.ok(marks.includes(found), `${code}: ${found} in ${JSON.stringify(marks)}`);
        assert.ok(words.includes(found) || found.includes(words), `${code}: ${found}`);
        assert.equal(await page.locator("#text").textContent(), told.text, "marks change no text");
      }
      if (scope !== "standing_in") await page.goto(`${service.origin("operator")}/#request/${requests.standing_in}`);
    });
  }
});

test("no rule is without a test", () => {
  const source = readFileSync(path.join(ROOT, "src/disclosure/notice/rules/rule.rs"), "utf8");
  const codes = [...source.matchAll(/^ +[A-Z]\w+ = "([a-z_]+)",$/gm)].map(([, code]) => code);
  assert.ok(codes.length >= 16, `${codes.length} rules`);
  assert.deepEqual(codes.filter((code) => !RULES[code]), []);
});

test("a template that cannot be read is named", async () => {
  const told = await lint("{agency} asks {nobody}");
  assert.ok(told.template_error);
  assert.ok((await page.locator("#findings").innerText()).includes(told.template_error));
});

test("nobody is asked before an approval, and the public text is linted too", async () => {
  await lint(BASE);
  await page.fill("#reviewer", "J. Hill");
  await page.fill("#public_text", "A home was entered at 14 Elm Street.");
  await page.locator("#public-shown mark", { hasText: "14 Elm Street" }).waitFor();
  await page.click("#ask");
  await page.locator("#notice-complaints .refusal").waitFor();
  await page.click("#approve");
  await page.locator("#notice-complaints .refusal").waitFor();
  assert.match(await page.locator("#approval").innerText(), /Not approved/);
  await page.fill("#public_text", "A home was entered.");
  await page.click("#approve");
  await page.locator("#approval", { hasText: "Approved by J. Hill" }).waitFor();
  await page.click("#ask");
  await page.locator("#letters-title", { hasText: "Letters (40)" }).waitFor();
  assert.equal(await page.locator("#ask").innerText(), "Ask whoever is new");
  clean(page, service, ["409", "422"]);
});

test("the reviewer's page goes blank after 15 minutes of rest", async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.clock.install();
  const rested = await open(browser, service, "operator", { context });
  await signIn(rested, "operator");
  await rested.locator("#queue li").first().waitFor();
  await rested.mouse.move(200, 300);
  await rested.clock.fastForward("14:50");
  assert.equal(await rested.locator("#blank").count(), 0);
  await rested.mouse.move(300, 300);
  await rested.clock.fastForward("14:50");
  assert.equal(await rested.locator("#blank").count(), 0, "a hand that moves is no rest");
  await rested.clock.fastForward("00:20");
  await rested.getByRole("dialog", { name: "At rest" }).waitFor();
  assert.ok(await rested.evaluate(() => document.querySelector("#main").inert));
  await context.close();
});
