// Shared by the tests: a service that runs, a browser that reaches nothing else, and hands.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const HERE = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.resolve(HERE, "../../../..");
export const CHROMIUM = process.env.CANVASS_CHROMIUM ?? "/usr/bin/chromium";

const target = process.env.CARGO_TARGET_DIR ?? path.join(ROOT, "target");
const built = ["release", "debug"].map((profile) => path.join(target, profile, "canvass-service"));
const age = (file) => Date.now() - statSync(file).mtimeMs;
export const SERVICE = process.env.CANVASS_SERVICE ?? built.filter(existsSync).sort((one, other) => age(one) - age(other))[0];

export const PLANES = ["agency", "operator", "owner", "public"];
export const CENTRE = [-84.9475, 41.1262];

/** Starts a service; `stop` ends it. */
export async function serve(...words) {
  assert.ok(SERVICE && existsSync(SERVICE), "build the service first: cargo build -p canvass-service");
  const child = spawn(SERVICE, [...words, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const port = await new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the service ended with ${code}`)));
    lines.on("line", (line) => {
      const found = /:(\d+)\/?\s*$/.exec(line);
      if (found) resolve(Number(found[1]));
    });
  });
  const host = (plane) => (plane === "public" ? "localhost" : `${plane}.localhost`);
  const stop = () => new Promise((resolve) => { child.removeAllListeners("exit"); child.once("exit", resolve); child.kill("SIGTERM"); });
  return { port, stop, origin: (plane) => `http://${host(plane)}:${port}`, programs: `http://127.0.0.1:${port}` };
}

const digest = (token) => createHash("sha256").update(token).digest("hex");

export const box = ([west, south, east, north]) => ({ type: "Polygon", coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] });

export const JURISDICTION = box([-84.97, 41.11, -84.92, 41.16]);

/** A configuration in a folder of its own, and a service that runs on it. */
export async function serveWith(settings = {}, agencies = [{ id: 1 }]) {
  const folder = mkdtempSync(path.join(tmpdir(), "canvass-portal-"));
  const config = path.join(folder, "config.json");
  const record = ({ id, name = `Agency ${id}`, kind = "local", jurisdiction = JURISDICTION }) => ({
    token_sha256: digest(`agency-${id}`),
    agency: { id, name, kind, ...(jurisdiction ? { jurisdiction } : {}) },
  });
  const policy = { quiet_hours: { zone: "UTC" }, ...settings.policy };
  writeFileSync(config, JSON.stringify({ operator_token_sha256: digest("operator"), agencies: agencies.map(record), ...settings, policy }));
  const service = await serve("--config", config, "--data", path.join(folder, "data"));
  const end = service.stop;
  service.stop = async () => { await end(); rmSync(folder, { recursive: true, force: true }); };
  return service;
}

/** Calls the service as a program does. */
export async function call(service, token, method, url, body) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(service.programs + url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, body: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text };
}

/** Cameras along a grid around a place, one an owner, all of whom agree. */
export function cameras(count, [lon, lat] = CENTRE) {
  const side = Math.ceil(Math.sqrt(count));
  return Array.from({ length: count }, (_, i) => i).flatMap((i) => {
    const position = [(i % side) - side / 2, Math.floor(i / side) - side / 2].map((step, axis) => Number(([lon, lat][axis] + step * 0.0002).toFixed(7)));
    return [
      { register: { id: 1000 + i, owner: 1 + i, position, recording: { kept_days: 60 } } },
      { set_consent: { owner: 1 + i, consent: { standing: "granted" } } },
    ];
  });
}

/** A square of about so many metres around a place. */
export function square(metres, [lon, lat] = CENTRE) {
  const [dx, dy] = [metres / 2 / 83_850, metres / 2 / 111_060];
  return box([lon - dx, lat - dy, lon + dx, lat + dy].map((degrees) => Number(degrees.toFixed(7))));
}

export const yesterday = (hour) => {
  const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  return `${day}T${String(hour).padStart(2, "0")}:00:00Z`;
};

export const request = (area, more = {}) => ({
  agency: 1, incident: "burglary", area, window: { start: yesterday(8), end: yesterday(12) }, case_reference: "26-0001", contact: "Sgt. Ames, +1 555 0100", ...more,
});

/** A browser that can reach this machine's own names and nothing else. */
export function browse() {
  return chromium.launch({
    executablePath: CHROMIUM,
    // A container's shared memory may be too small for a page.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1"],
  });
}

/** A watched page: its requests, its violations of the content policy, and its errors. */
export async function open(browser, service, plane, { context, hash = "", ...options } = {}) {
  const within = context ?? await browser.newContext({ viewport: { width: 1280, height: 800 }, timezoneId: "America/New_York", ...options });
  const page = await within.newPage();
  const seen = { requests: [], violations: [], errors: [] };
  page.seen = seen;
  page.on("request", (sent) => seen.requests.push(sent.url()));
  page.on("console", (message) => { if (message.type() === "error") seen.errors.push(message.text()); });
  page.on("pageerror", (error) => seen.errors.push(error.message));
  await page.exposeFunction("sawViolation", (text) => { seen.violations.push(text); });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => window.sawViolation(`${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(service.origin(plane) + "/" + hash);
  return page;
}

/** Fails if a page requested anything elsewhere, broke its policy, or had an error. */
export function clean(page, service, allowed = []) {
  const origins = PLANES.map((plane) => service.origin(plane));
  const foreign = page.seen.requests.filter((url) => !origins.some((origin) => url === origin || url.startsWith(`${origin}/`)));
  assert.deepEqual(foreign, [], "every request goes to the service");
  assert.ok(page.seen.requests.length > 3, "requests are watched");
  assert.deepEqual(page.seen.violations, [], "nothing breaks the content policy");
  assert.deepEqual(page.seen.errors.filter((text) => !allowed.some((each) => text.includes(each))), [], "no errors");
}

/** Signs in where it is asked for. */
export async function signIn(page, token) {
  await page.locator("#sign-in[open]").waitFor();
  await page.fill("#token", token);
  await page.click("#sign-in button");
  await page.locator("#sign-in[open]").waitFor({ state: "detached" });
}

/** Clicks at places of the map, in shares of its width and height, once it lies still. */
export async function point(page, ...places) {
  const map = page.locator("#map");
  for (const [x, y] of places) {
    const { width, height } = await map.boundingBox();
    await map.click({ position: { x: width * x, y: height * y } });
  }
}

/** Waits for the verdict on the drawing and the form. */
export async function judged(page) {
  // The list is busy from the change on.
  await page.locator('#against[aria-busy="false"]').waitFor({ state: "attached" });
}

/** Types a case, as local times of the page's clock. */
export async function typeCase(page, { reference = "AS-2026-0417", from = 16, until = 22 } = {}) {
  const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  const hour = (number) => `${day}T${String(number).padStart(2, "0")}:00`;
  await page.fill("#case_reference", reference);
  await page.selectOption("#incident", "burglary");
  await page.fill("#contact", "Sgt. Ames, +1 555 0100");
  await page.fill("#from", hour(from));
  await page.fill("#until", hour(until));
}

/** Draws a text that is pasted. */
export async function paste(page, text) {
  // Only then does the page listen, and nothing moves under the pointer any more.
  await judged(page);
  // By its key: a click would miss it if the verdict above it changed in between.
  if (!(await page.locator("#text").isVisible())) await page.locator("summary", { hasText: "Paste" }).press("Enter");
  await page.fill("#text", typeof text === "string" ? text : JSON.stringify(text));
  await page.click("#paste");
  await judged(page);
}

export const codes = (page) => page.locator("#against li").evaluateAll((items) => items.map((item) => item.dataset.code));
