// Planes, forgery, and the information that an agency gets.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";

import { PLANES, browse, call, cameras, clean, judged, open, paste, request, serveWith, signIn, square, typeCase } from "./support.js";

/** Paths that are a plane's own. */
const PATHS = {
  agency: ["/agency.js", "/drawing.js", "/refusals.js", "/v1/outcomes/pools/1", "/v1/requests/1/outcome"],
  operator: ["/operator.js", "/marks.js", "/v1/due", "/v1/events", "/v1/requests/1/cameras", "/v1/requests/1/funnel", "/v1/requests/1/route", "/v1/requests/1/letters", "/v1/owners/1", "/metrics"],
  owner: ["/owner.js", "/verify.js", "/v1/me/requests", "/v1/me/log"],
  public: ["/public.js", "/v1/bulletins", "/v1/coverage"],
};

let browser;
let service;

before(async () => {
  browser = await browse();
  // Hundreds of paths are asked for without a token, as fast as they go.
  service = await serveWith({ limits: { without_token_per_second: 10_000 } });
  assert.equal((await call(service, "operator", "POST", "/v1/changes", cameras(50))).status, 200);
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

/** A request with headers that a browser would not let anybody set. */
function raw(plane, path, { method = "GET", headers = {}, body } = {}) {
  const host = new URL(service.origin(plane)).host;
  return new Promise((resolve, reject) => {
    const sent = http.request({ host: "127.0.0.1", port: service.port, path, method, headers: { Host: host, ...headers } }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => { text += chunk; });
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const own = { "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json" };

async function cookie(plane, token) {
  const answer = await raw(plane, "/v1/session", { method: "POST", headers: own, body: JSON.stringify({ token }) });
  assert.equal(answer.status, 200, answer.text);
  return answer.headers["set-cookie"][0].split(";")[0];
}

test("paths of another plane do not exist", async () => {
  for (const plane of PLANES) {
    for (const [other, paths] of Object.entries(PATHS)) {
      for (const path of paths) {
        const { status } = await raw(plane, path);
        const shared = plane === "owner" && other === "public" && path.startsWith("/v1/log");
        if (plane === other) assert.notEqual(status, 404, `${plane} ${path}`);
        else if (!shared) assert.equal(status, 404, `${plane} ${path}`);
      }
    }
  }
});

test("another plane's cookie opens nothing", async () => {
  const [agency, operator] = [await cookie("agency", "agency-1"), await cookie("operator", "operator")];
  assert.equal((await raw("agency", "/v1/me", { headers: { Cookie: agency } })).status, 200);
  for (const [plane, other] of [["operator", agency], ["owner", agency], ["agency", operator], ["owner", operator]]) {
    assert.equal((await raw(plane, "/v1/me", { headers: { Cookie: other } })).status, 401, plane);
  }
});

test("the agency's pages have no word of the operator's paths", async () => {
  const files = ["/", "/agency.js", "/map.js", "/drawing.js", "/refusals.js", "/api.js", "/page.js", "/time.js", "/portal.css", "/portal.json"];
  const texts = await Promise.all(files.map(async (file) => (await raw("agency", file)).text));
  for (const text of texts) {
    assert.ok(text.length > 20);
    for (const word of ["/route", "/funnel", "/cameras", "/ask\"", "/due", "/events", "/letters", "/notice", "/explanation", "operator.localhost"]) assert.ok(!text.includes(word), word);
  }
});

test("another origin's answers cannot be read", async () => {
  const page = await open(browser, service, "agency");
  await signIn(page, "agency-1");
  for (const other of ["operator", "owner", "public"]) {
    const read = await page.evaluate((url) => fetch(url, { credentials: "include" }).then((answer) => answer.text()).catch(() => null), `${service.origin(other)}/v1/policy`);
    assert.equal(read, null, other);
  }
  await page.context().close();
});

test("a forged post opens nothing", async () => {
  const before_ = (await call(service, "agency-1", "GET", "/v1/requests")).body.requests.length;
  const session = { Cookie: await cookie("agency", "agency-1"), "Content-Type": "application/json" };
  const body = JSON.stringify(request(square(500)));
  const forged = [
    [{ ...session, "Sec-Fetch-Site": "cross-site" }, 403],
    [{ ...session, "Sec-Fetch-Site": "same-site" }, 403],
    [{ ...session, Origin: "http://evil.example" }, 403],
    [session, 403],
    [{ "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin" }, 401],
    [{ ...session, "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin" }, 415],
    [{ ...session, "Content-Type": "text/plain", "Sec-Fetch-Site": "same-origin" }, 415],
  ];
  for (const [headers, status] of forged) {
    const answer = await raw("agency", "/v1/requests", { method: "POST", headers, body });
    assert.equal(answer.status, status, JSON.stringify(headers) + answer.text);
  }
  assert.equal((await call(service, "agency-1", "GET", "/v1/requests")).body.requests.length, before_);
});

test("pages have the strictest policy and are never framed", async () => {
  for (const plane of PLANES) {
    const { headers } = await raw(plane, "/");
    const policy = headers["content-security-policy"];
    for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"]) assert.ok(policy.includes(part), `${plane}: ${part}`);
    assert.ok(!policy.includes("unsafe"), policy);
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["x-content-type-options"], "nosniff");
    const { etag } = (await raw(plane, "/portal.css")).headers;
    assert.equal((await raw(plane, "/portal.css", { headers: { "If-None-Match": etag } })).status, 304);
  }
});

/** An answer without the numbers and instants that differ from run to run. */
function blind(text, ids) {
  const told = text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "INSTANT");
  return ids.reduce((less, id) => less.replaceAll(new RegExp(`(?<="(id|requests)":\\[?)${id}\\b`, "g"), "ID"), told);
}

test("the agency cannot tell who lives there", { timeout: 180_000 }, async () => {
  const stories = [];
  for (const count of [0, 5, 500]) {
    const town = await serveWith();
    try {
      if (count) assert.equal((await call(town, "operator", "POST", "/v1/changes", cameras(count))).status, 200);
      stories.push(await story(town, count));
    } finally {
      await town.stop();
    }
  }
  assert.ok(stories[0].length > 10, `${stories[0].length} answers`);
  assert.deepEqual(stories[1], stories[0]);
  assert.deepEqual(stories[2], stories[0]);
});

/** All answers that the agency's browser gets in an officer's story, with the reviewer's work behind
 * it. */
async function story(town, count) {
  const page = await open(browser, town, "agency");
  const got = [];
  // Read at once: a page that is left takes its answers along.
  page.on("response", (answer) => got.push({
    // A file that has not changed is answered without a body.
    answer, text: answer.status() === 304 ? Promise.resolve("") : answer.text().catch((error) => `unread: ${error.message}`),
  }));
  await signIn(page, "agency-1");
  await page.selectOption("#zone", "UTC");
  await typeCase(page);
  await paste(page, square(1300));
  await paste(page, square(500));
  await page.click("#send");
  await page.locator("#receipt dl dd").first().waitFor();
  const metrics = (await call(town, "operator", "GET", "/metrics")).body;
  assert.doesNotMatch(metrics, /route="[^"]*\/(route|ask|funnel|cameras|explanation)"/, "nothing was routed");

  const [{ id }] = (await call(town, "operator", "GET", "/v1/requests")).body.requests;
  const { template, stop } = (await call(town, "operator", "GET", `/v1/requests/${id}/notice`)).body;
  const notice = { template, stop, withheld: [], public_text: "A home was entered.", reviewer: "J. Hill", approve: true };
  assert.equal((await call(town, "operator", "POST", `/v1/requests/${id}/notice`, notice)).status, 200);
  const asked = (await call(town, "operator", "POST", `/v1/requests/${id}/ask`, {})).body;
  assert.equal(asked.owners > 0, count > 11, `of ${count} cameras ${asked.owners} owners are asked`);

  await page.locator("nav a", { hasText: "My requests" }).click();
  await page.locator("#mine li", { hasText: "Open until" }).waitFor();
  await page.reload();
  await page.locator("#mine li", { hasText: "Open until" }).waitFor();
  await page.getByRole("button", { name: /^Extend/ }).click();
  await page.locator("#status-mine", { hasText: "Extend: done." }).waitFor();
  clean(page, town);
  const told = await Promise.all(got.map(async ({ answer, text: reading }) => {
    const text = await reading;
    assert.doesNotMatch(text, /^unread/, answer.url());
    const path = answer.url().replace(/^http:\/\/[^/]*/, "").replace(/\/\d+/, "/ID");
    return `${answer.request().method()} ${path} ${answer.status()} ${blind(text, [id])}`;
  }));
  await page.context().close();
  // The network decides which of two answers comes first.
  return told.sort();
}
