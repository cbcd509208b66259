// The README's pictures: screenshots as PNG of few colours, and how far they are from those that are there.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { deflateSync } from "node:zlib";

import { ROOT } from "./support.js";

const COLOURS = 128;
const MOST = 170_000;

/** The pixels of a PNG, four bytes each; the browser reads it. */
async function pixels(page, png) {
  const blank = await page.context().newPage();
  const { width, height, data } = await blank.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data: all } = context.getImageData(0, 0, image.width, image.height);
    let text = "";
    for (let at = 0; at < all.length; at += 32_768) text += String.fromCharCode(...all.subarray(at, at + 32_768));
    return { width: image.width, height: image.height, data: btoa(text) };
  }, png.toString("base64"));
  await blank.close();
  return { width, height, data: Buffer.from(data, "base64") };
}

/** A palette of the colours that are there most often, no two of them alike. */
function palette(data) {
  const counts = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const colour = data.readUIntBE(at, 3);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const chosen = [];
  for (const least of [600, 150, 0]) {
    for (const [colour] of [...counts].sort((one, other) => other[1] - one[1])) {
      if (chosen.length === COLOURS) return chosen;
      if (chosen.every((other) => apart(colour, other) > least)) chosen.push(colour);
    }
  }
  return chosen;
}

const parts = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];
const apart = (one, other) => parts(one).reduce((sum, part, i) => sum + (part - parts(other)[i]) ** 2, 0);

/** CRC-32 as PNG has it; Node's own came with 20.15. */
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A PNG with a palette. */
function encode({ width, height, data }) {
  const colours = palette(data);
  const nearest = new Map();
  const index = (colour) => {
    if (!nearest.has(colour)) nearest.set(colour, colours.reduce((best, other, i) => (apart(colour, other) < apart(colour, colours[best]) ? i : best), 0));
    return nearest.get(colour);
  };
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = index(data.readUIntBE((y * width + x) * 4, 3));
  }
  const chunk = (name, body) => {
    const named = Buffer.concat([Buffer.from(name), body]);
    const numbers = [Buffer.alloc(4), Buffer.alloc(4)];
    numbers[0].writeUInt32BE(body.length);
    numbers[1].writeUInt32BE(crc32(named));
    return Buffer.concat([numbers[0], named, numbers[1]]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk("IHDR", head),
    chunk("PLTE", Buffer.from(colours.flatMap(parts))), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** The share of pixels that a person would see to differ. */
function difference(one, other) {
  if (one.width !== other.width || one.height !== other.height) return 1;
  let differ = 0;
  for (let at = 0; at < one.data.length; at += 4) if (apart(one.data.readUIntBE(at, 3), other.data.readUIntBE(at, 3)) > 2_000) differ += 1;
  return differ / (one.width * one.height);
}

/** Takes a picture. With `CANVASS_PICTURES=FOLDER` it is written there; else it is compared with the README's,
 * and the test reports by how much it differs. */
export async function picture(t, page, name) {
  const shot = await pixels(page, await page.screenshot({ animations: "disabled", caret: "hide" }));
  const encoded = encode(shot);
  if (encoded.length >= MOST) throw new Error(`${name} has ${encoded.length} bytes; less than ${MOST} are wanted`);
  const kept = path.join(ROOT, "docs", name);
  if (process.env.CANVASS_PICTURES) {
    writeFileSync(path.resolve(ROOT, process.env.CANVASS_PICTURES, name), encoded);
    t.diagnostic(`${name} is written: ${encoded.length} bytes`);
  } else if (existsSync(kept)) {
    const share = difference(await pixels(page, encoded), await pixels(page, readFileSync(kept)));
    const verdict = share < 0.005 ? "as it is in docs" : "not as it is in docs any more: write it with CANVASS_PICTURES=docs";
    t.diagnostic(`${name}: ${(100 * share).toFixed(2)} % of the pixels differ, ${verdict}`);
  } else {
    t.diagnostic(`${name} is not in docs yet: write it with CANVASS_PICTURES=docs`);
  }
}
