// A second verifier of the log, written from RFC 6962 and the documented bytes of an entry. It shares
// no code with the engine and needs nothing but WebCrypto, so it can find the engine out.

const utf8 = new TextEncoder();
const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);
const EVENTS = ["", "accepted", "refused", "routed", "receipt"];
const TAGS = 64;
const TAG_DOMAIN = "canvass/audit/1/tag";

export function fromHex(text) {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new Error(`\`${String(text).slice(0, 80)}\` is not hexadecimal`);
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

function concat(...pieces) {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  pieces.reduce((at, piece) => { all.set(piece, at); return at + piece.length; }, 0);
  return all;
}

const sha256 = async (...pieces) => new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...pieces)));

/** The hash of a leaf: SHA-256 of a zero byte and the entry. */
export const leafHash = (bytes) => sha256(LEAF, bytes);

const nodeHash = (left, right) => sha256(NODE, left, right);

const isOdd = (number) => number % 2 === 1;
const half = (number) => Math.floor(number / 2);

/** Whether a leaf is in the tree of a head at an index, by the path of RFC 6962. */
export async function isIncluded(leaf, index, path, head) {
  if (!(Number.isSafeInteger(index) && index >= 0 && index < head.size)) return false;
  let [at, last, root] = [index, head.size - 1, leaf];
  for (const node of path.map(fromHex)) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      root = await nodeHash(node, root);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      root = await nodeHash(root, node);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && toHex(root) === head.root;
}

/** Whether a head has all that an older one had, by the proof of RFC 6962. */
export async function isContinued(older, newer, path) {
  if (older.size > newer.size) return false;
  if (older.size === newer.size) return path.length === 0 && older.root === newer.root;
  if (older.size === 0) return path.length === 0 && older.root === toHex(await sha256());
  const isPowerOfTwo = Number.isInteger(Math.log2(older.size));
  const nodes = (isPowerOfTwo ? [older.root, ...path] : path).map(fromHex);
  if (nodes.length === 0) return false;
  let [at, last] = [older.size - 1, newer.size - 1];
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  let [before, after] = [nodes[0], nodes[0]];
  for (const node of nodes.slice(1)) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      before = await nodeHash(node, before);
      after = await nodeHash(node, after);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      after = await nodeHash(after, node);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && toHex(before) === older.root && toHex(after) === newer.root;
}

/** Reads the bytes of an entry. Whatever is not exactly an entry is an error. */
export function readEntry(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (length) => {
    if (at + length > bytes.length) throw new Error("the entry ends too soon");
    at += length;
    return at - length;
  };
  const digest = () => { const from = take(32); return bytes.subarray(from, from + 32); };
  const number = () => {
    const value = view.getBigUint64(take(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error("a number of the entry is too large");
    return Number(value);
  };
  const text = () => {
    const length = number();
    const from = take(length);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(from, from + length));
  };
  if (bytes[take(1)] !== 2) throw new Error("the entry has a layout that is not known");
  const event = EVENTS[bytes[take(1)]];
  if (!event) throw new Error("the entry's event is not known");
  const entry = { event, nonce: digest(), at: Number(view.getBigInt64(take(8))) * 1000 };
  view.getInt32(take(4));
  entry.policyVersion = text();
  for (const name of ["agency", "case", "subject"]) entry[name] = digest();
  if (event === "refused") entry.codes = Array.from({ length: bounded(number(), bytes.length) }, text);
  if (event === "routed") {
    if (number() !== TAGS) throw new Error(`an entry has ${TAGS} tags, whoever was asked`);
    entry.tags = Array.from({ length: TAGS }, () => toHex(digest()));
    if (entry.tags.some((tag, i) => i > 0 && tag <= entry.tags[i - 1])) throw new Error("the tags are out of order");
  }
  if (at !== bytes.length) throw new Error("bytes follow the entry");
  return entry;
}

/** A list cannot have more items than there are bytes. */
const bounded = (length, most) => { if (length > most) throw new Error("the entry ends too soon"); return length; };

/** The tag that stands for an owner under a nonce: HMAC-SHA-256 with the owner's salt. */
export async function tagOf(salt, nonce, owner) {
  const domain = utf8.encode(TAG_DOMAIN);
  const numbers = new DataView(new ArrayBuffer(16));
  numbers.setBigUint64(0, BigInt(domain.length));
  numbers.setBigUint64(8, BigInt(owner));
  const [length, id] = [new Uint8Array(numbers.buffer, 0, 8), new Uint8Array(numbers.buffer, 8, 8)];
  const key = await crypto.subtle.importKey("raw", fromHex(salt), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return toHex(new Uint8Array(await crypto.subtle.sign("HMAC", key, concat(length, domain, nonce, id))));
}

/** Whether an entry has an owner's tag: `null` where it is about no asking. */
export async function wasAsked(entry, salt, owner) {
  return entry.tags ? entry.tags.includes(await tagOf(salt, entry.nonce, owner)) : null;
}

/** Checks one entry as the service gave it: whether the head has it, and whether the owner is in it. */
export async function checkEntry({ index, bytes, inclusion }, { owner, salt, head }) {
  try {
    const raw = fromHex(bytes);
    const entry = readEntry(raw);
    const isThere = await isIncluded(await leafHash(raw), index, inclusion, head);
    if (!isThere) return { index, broken: "the log's head does not have this entry" };
    return { index, at: entry.at, asked: await wasAsked(entry, salt, owner) };
  } catch (error) {
    return { index, broken: error.message };
  }
}

/** A head as people keep it: `214:9f3c...`. */
export function readHead(text) {
  const [, size, root] = /^\s*(\d{1,15})\s*:\s*([0-9a-f]{64})\s*$/.exec(text) ?? [];
  return size ? { size: Number(size), root } : null;
}
