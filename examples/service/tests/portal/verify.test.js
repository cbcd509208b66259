// The page's verifier on entries made by the library: it accepts each, and finds a flipped bit.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { checkEntry, fromHex, isContinued, isIncluded, leafHash, readEntry, readHead, tagOf, toHex, wasAsked } from "../../portal/verify.js";
import { browse, call, cameras, clean, open, request, serveWith, signIn, square } from "./support.js";

const OWNERS = [10, 20];

let browser;
let service;
const heads = [];
const logs = {};

before(async () => {
  browser = await browse();
  service = await serveWith({ log: { seconds: 5 } });
  const town = [...cameras(60), { register: { id: 9, owner: 900, position: [-84.93, 41.15], recording: { kept_days: 60 } } }, { set_consent: { owner: 900, consent: { standing: "granted" } } }];
  assert.equal((await call(service, "operator", "POST", "/v1/changes", town)).status, 200);
  await head();
  for (let i = 0; i < 3; i += 1) {
    const sent = await call(service, "agency-1", "POST", "/v1/requests", request(square(500 + 300 * i), { case_reference: `26-${i}` }));
    assert.equal(sent.status, 201, JSON.stringify(sent.body));
    await head();
    const { id } = sent.body;
    const { template, stop } = (await call(service, "operator", "GET", `/v1/requests/${id}/notice`)).body;
    await call(service, "operator", "POST", `/v1/requests/${id}/notice`, { template, stop, withheld: [], public_text: "A home was entered.", reviewer: "J. Hill", approve: true });
    assert.equal((await call(service, "operator", "POST", `/v1/requests/${id}/ask`, {})).status, 200);
    await head();
  }
  // A batch is closed each five seconds, and the clock looks once a second.
  await new Promise((resolve) => setTimeout(resolve, 6500));
  await head();
  for (const owner of [...OWNERS, 900]) logs[owner] = await logOf(owner);
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

async function head() {
  heads.push(await (await fetch(`http://127.0.0.1:${service.port}/v1/log/head`, { headers: { Authorization: "Bearer operator" } })).json());
}

/** Waits until the owner's page has all that it asks for: a page that is left before has errors. */
async function loaded(page) {
  await page.locator("#cameras li").first().waitFor({ state: "attached" });
  await page.locator("#asked li").first().waitFor({ state: "attached" });
}

/** An owner comes by an invitation, and reads their log with the token that they got for it. */
async function logOf(owner) {
  const { invitation } = (await call(service, "operator", "POST", `/v1/owners/${owner}/invitation`, {})).body;
  const page = await open(browser, service, "owner");
  await page.locator("#sign-in[open]").waitFor();
  await page.check('#sign-in [name="first"]');
  await page.fill("#token", invitation);
  await page.click("#sign-in button");
  const token = await page.locator("#token-shown code").textContent();
  assert.ok(token.length > 20);
  await loaded(page);
  await page.click("#sign-out");
  await signIn(page, token);
  await loaded(page);
  const log = await page.evaluate(() => fetch("/v1/me/log").then((answer) => answer.json()));
  clean(page, service);
  await page.context().close();
  return log;
}

test("an owner who was asked finds each entry", async () => {
  for (const owner of OWNERS) {
    const log = logs[owner];
    assert.equal(log.owner, owner);
    const checked = await Promise.all(log.entries.map((entry) => checkEntry(entry, log)));
    assert.ok(checked.filter(({ asked }) => asked === true).length >= 1, JSON.stringify(checked));
    assert.deepEqual(checked.filter(({ broken }) => broken), []);
  }
});

test("with another's salt nobody was asked", async () => {
  const [one, other] = OWNERS.map((owner) => logs[owner]);
  for (const entry of one.entries) {
    const read = readEntry(fromHex(entry.bytes));
    assert.equal(await wasAsked(read, other.salt, one.owner), false);
    assert.equal(await wasAsked(read, one.salt, other.owner), false);
  }
});

test("each bit that is flipped is found", { timeout: 60_000 }, async () => {
  const log = logs[OWNERS[0]];
  const [entry] = log.entries;
  const flip = (hex, bit) => {
    const bytes = fromHex(hex);
    bytes[Math.floor(bit / 8)] ^= 1 << bit % 8;
    return toHex(bytes);
  };
  const bits = entry.bytes.length * 4;
  for (let bit = 0; bit < bits; bit += 1 + Math.floor(bits / 400)) {
    const { broken } = await checkEntry({ ...entry, bytes: flip(entry.bytes, bit) }, log);
    assert.ok(broken, `bit ${bit}`);
  }
  for (let node = 0; node < entry.inclusion.length; node += 1) {
    const inclusion = entry.inclusion.with(node, flip(entry.inclusion[node], 7));
    assert.ok((await checkEntry({ ...entry, inclusion }, log)).broken, `node ${node}`);
  }
  const wrong = [
    [{ ...entry, index: entry.index + 1 }, log],
    [{ ...entry, inclusion: entry.inclusion.slice(1) }, log],
    [{ ...entry, inclusion: [...entry.inclusion, entry.inclusion[0] ?? log.head.root] }, log],
    [entry, { ...log, head: { ...log.head, root: flip(log.head.root, 3) } }],
    [entry, { ...log, head: { ...log.head, size: entry.index } }],
    [{ ...entry, bytes: `${entry.bytes}00` }, log],
    [{ ...entry, bytes: "zz" }, log],
  ];
  for (const [changed, of] of wrong) assert.ok((await checkEntry(changed, of)).broken);
});

test("tags out of order, or too few, are no entry", () => {
  const { bytes } = logs[OWNERS[0]].entries[0];
  const raw = fromHex(bytes);
  const read = readEntry(raw);
  const from = raw.length - 32 * read.tags.length;
  const swapped = new Uint8Array(raw);
  swapped.set(raw.subarray(from + 32, from + 64), from);
  swapped.set(raw.subarray(from, from + 32), from + 32);
  assert.throws(() => readEntry(swapped), /out of order/);
  const fewer = raw.slice(0, raw.length - 32);
  new DataView(fewer.buffer).setBigUint64(from - 8, BigInt(read.tags.length - 1));
  assert.throws(() => readEntry(fewer), /64 tags/);
});

test("each head continues those before it and no other", async () => {
  const last = heads.at(-1);
  assert.ok(last.size > heads[0].size && heads.length > 5);
  for (const older of heads) {
    const { proof, head: newer } = (await call(service, "operator", "GET", `/v1/log/consistency?older=${older.size}`)).body;
    assert.equal(await isContinued(older, newer, proof), true, `${older.size}`);
    if (older.size > 0 && older.size < newer.size) {
      const other = { ...older, root: toHex(fromHex(older.root).map((byte) => byte ^ 1)) };
      assert.equal(await isContinued(other, newer, proof), false);
      assert.equal(await isContinued({ ...older, size: older.size + 1 }, newer, proof), false);
      assert.equal(await isContinued(older, { ...newer, root: other.root }, proof), false);
      assert.equal(await isContinued(older, newer, proof.slice(1)), false);
      assert.equal(await isContinued(newer, older, proof), false);
    }
  }
  assert.equal(await isContinued(last, { ...last, root: heads[0].root }, []), false);
});

test("every tree up to 70 leaves proves each of its leaves and prefixes", { timeout: 60_000 }, async () => {
  const leaves = await Promise.all(Array.from({ length: 70 }, (_, i) => leafHash(new Uint8Array([i]))));
  const split = (size) => 2 ** Math.floor(Math.log2(size - 1));
  const node = async (left, right) => new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array([1, ...left, ...right])));
  const kept = new Map();
  // The definitions of RFC 6962, word for word: MTH, PATH and PROOF.
  const mth = async (from, to) => {
    const name = `${from}-${to}`;
    if (!kept.has(name)) kept.set(name, to - from === 1 ? leaves[from] : await node(await mth(from, from + split(to - from)), await mth(from + split(to - from), to)));
    return kept.get(name);
  };
  const path = async (m, from, to) => {
    if (to - from === 1) return [];
    const k = from + split(to - from);
    return m < k ? [...await path(m, from, k), await mth(k, to)] : [...await path(m, k, to), await mth(from, k)];
  };
  const sub = async (m, from, to, whole) => {
    if (m === to) return whole ? [] : [await mth(from, to)];
    const k = from + split(to - from);
    return m <= k ? [...await sub(m, from, k, whole), await mth(k, to)] : [...await sub(m, k, to, false), await mth(from, k)];
  };
  const headOf = async (size) => ({ size, root: toHex(await mth(0, size)) });
  for (const size of [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 63, 64, 65, 70]) {
    for (let i = 0; i < size; i += 1) {
      const proof = (await path(i, 0, size)).map(toHex);
      assert.equal(await isIncluded(leaves[i], i, proof, await headOf(size)), true, `${i} of ${size}`);
      assert.equal(await isIncluded(leaves[i], (i + 1) % size, proof, await headOf(size)), size === 1, `${i} elsewhere in ${size}`);
      const older = await headOf(i + 1);
      const consistency = (await sub(i + 1, 0, size, true)).map(toHex);
      assert.equal(await isContinued(older, await headOf(size), consistency), true, `${i + 1} to ${size}`);
    }
  }
});

test("a tag is what RFC 2104 makes of it", async () => {
  // By Node's own HMAC over the documented bytes.
  const { createHmac } = await import("node:crypto");
  const [salt, nonce, owner] = ["07".repeat(32), new Uint8Array(32).fill(9), 391];
  const domain = Buffer.from("canvass/audit/1/tag");
  const number = (value) => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64BE(BigInt(value)); return bytes; };
  const message = Buffer.concat([number(domain.length), domain, nonce, number(owner)]);
  assert.equal(await tagOf(salt, nonce, owner), createHmac("sha256", Buffer.from(salt, "hex")).update(message).digest("hex"));
});

test("a kept head is read as it was copied", () => {
  const root = "9f".repeat(32);
  assert.deepEqual(readHead(` 214:${root}\n`), { size: 214, root });
  for (const text of ["", "214", `214:${root}00`, `x:${root}`, `214:${root.toUpperCase()}`]) assert.equal(readHead(text), null);
});
