// Pictures of pages as the repository keeps them: few colours, and compared pixel by pixel. The
// browser reads and draws; here they are only written.
import { readFileSync, writeFileSync } from "node:fs";
import { deflateSync } from "node:zlib";

const kAlike = 56;  // of 255, in each colour: what edges of letters may differ by

const urlOf = (file) => "data:image/png;base64," + readFileSync(file).toString("base64");

/** {size, other: its size when it is another one, differ: pixels}; those are red in `into`. */
export async function compare(page, { approved, actual, into }) {
  const said = await page.evaluate(async ([approved, actual, alike]) => {
    const read = async (url) => {
      const image = await createImageBitmap(await (await fetch(url)).blob());
      const canvas = new OffscreenCanvas(image.width, image.height);
      const pen = canvas.getContext("2d");
      pen.drawImage(image, 0, 0);
      return { canvas, pen, all: pen.getImageData(0, 0, image.width, image.height) };
    };
    const was = await read(approved), is = await read(actual);
    const size = [was.all.width, was.all.height], other = [is.all.width, is.all.height];
    if (String(size) !== String(other)) return { size, other, differ: -1 };
    let differ = 0;
    const a = was.all.data, b = is.all.data;
    for (let i = 0; i < a.length; i += 4) {
      const far = Math.max(Math.abs(a[i] - b[i]), Math.abs(a[i + 1] - b[i + 1]),
        Math.abs(a[i + 2] - b[i + 2])) > alike;
      for (let c = 0; c < 3; ++c) b[i + c] = far ? (c ? 0 : 255) : 128 + b[i + c] / 2;
      differ += far;
    }
    is.pen.putImageData(is.all, 0, 0);
    const file = new FileReader();
    file.readAsDataURL(await is.canvas.convertToBlob());
    await new Promise((done) => file.addEventListener("load", done));
    return { size, differ, picture: file.result };
  }, [urlOf(approved), urlOf(actual), kAlike]);
  const picture = said.picture;
  if (picture && said.differ) writeFileSync(into, Buffer.from(picture.split(",")[1], "base64"));
  return { size: said.size, other: said.other, differ: said.differ };
}

const kSums = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; ++k) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

function chunk(kind, body) {
  const out = Buffer.alloc(body.length + 12);
  out.writeUInt32BE(body.length, 0);
  out.write(kind, 4, "latin1");
  body.copy(out, 8);
  let sum = 0xffffffff;
  const summed = out.subarray(4, body.length + 8);
  for (const byte of summed) sum = kSums[(sum ^ byte) & 255] ^ (sum >>> 8);
  out.writeUInt32BE((sum ^ 0xffffffff) >>> 0, body.length + 8);
  return out;
}

/** A picture of a page again with 256 colours at most, as PNG with a palette. */
export async function shrink(page, { from, to }) {
  const { width, height, palette, rows } = await page.evaluate(async (url) => {
    const image = await createImageBitmap(await (await fetch(url)).blob());
    const { width, height } = image;
    const pen = new OffscreenCanvas(width, height).getContext("2d");
    pen.drawImage(image, 0, 0);
    const { data } = pen.getImageData(0, 0, width, height), often = new Map();
    const rough = (i) => (data[i] >> 3 << 10) | (data[i + 1] >> 3 << 5) | data[i + 2] >> 3;
    for (let i = 0; i < data.length; i += 4) often.set(rough(i), (often.get(rough(i)) || 0) + 1);
    const palette = [...often].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([c]) => c);
    const split = (c) => [c >> 10, c >> 5 & 31, c & 31], place = new Map();
    for (const colour of often.keys()) {
      const far = (other) => split(other).reduce((sum, v, k) => sum + (v - split(colour)[k]) ** 2,
        0);
      place.set(colour, palette.reduce((best, other, k) => far(other) < far(palette[best]) ? k
        : best, 0));
    }
    let rows = "";
    for (let y = 0, i = 0; y < height; ++y) {
      rows += "\0";
      for (let x = 0; x < width; ++x, i += 4) rows += String.fromCharCode(place.get(rough(i)));
    }
    return { width, height, palette: palette.map(split), rows: btoa(rows) };
  }, urlOf(from));
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  writeFileSync(to, Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head),
    chunk("PLTE", Buffer.from(palette.flat().map((v) => Math.round(255 * v / 31)))),
    chunk("IDAT", deflateSync(Buffer.from(rows, "base64"), { level: 9 })),
    chunk("IEND", Buffer.alloc(0))]));
}
