// Lists the files of a .tar.gz, .tgz or .zip; anything else is one bare file.
"use strict";

const zlib = require("node:zlib");

function text(buffer, start, length) {
  const end = buffer.indexOf(0, start);
  return buffer.toString("utf8", start, end >= 0 && end < start + length ? end : start + length);
}

// https://www.gnu.org/software/tar/manual/html_node/Standard.html
function* tarMembers(data) {
  let longName = null;
  for (let at = 0; at + 512 <= data.length && data[at] !== 0; ) {
    const size = parseInt(text(data, at + 124, 12).trim() || "0", 8);
    const kind = String.fromCharCode(data[at + 156]);
    const content = data.subarray(at + 512, at + 512 + size);
    const prefix = text(data, at + 257, 5) === "ustar" && data[at + 262] === 0 ? text(data, at + 345, 155) : "";
    const name = longName || (prefix ? `${prefix}/` : "") + text(data, at, 100);
    longName = null;
    if (kind === "L") longName = text(content, 0, size);
    else if (kind === "x") longName = (/^\d+ path=(.*)$/m.exec(content.toString("utf8")) || [null, null])[1];
    else if (kind === "0" || kind === "\0") yield [name, content];
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.12 and 4.3.16
function* zipMembers(data) {
  const end = data.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (end < 0) throw new Error("the downloaded zip is not complete");
  let at = data.readUInt32LE(end + 16);
  for (let left = data.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameLength = data.readUInt16LE(at + 28);
    const start = data.readUInt32LE(at + 42);
    const from = start + 30 + data.readUInt16LE(start + 26) + data.readUInt16LE(start + 28);
    const packed = data.subarray(from, from + data.readUInt32LE(at + 20));
    const name = data.toString("utf8", at + 46, at + 46 + nameLength);
    if (!name.endsWith("/")) yield [name, data.readUInt16LE(at + 10) === 0 ? packed : zlib.inflateRawSync(packed)];
    at += 46 + nameLength + data.readUInt16LE(at + 30) + data.readUInt16LE(at + 32);
  }
}

function members(url, data, file) {
  const name = new URL(url).pathname.toLowerCase();
  if (name.endsWith(".tar.gz") || name.endsWith(".tgz")) return tarMembers(zlib.gunzipSync(data));
  if (name.endsWith(".zip")) return zipMembers(data);
  return [[file, data]];
}

module.exports = { members };
