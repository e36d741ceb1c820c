// Fetches the release file for this computer on the first start, checks its digest, and keeps the program.
"use strict";

const { createHash } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const { members } = require("./unpack.js");

function cacheFolder() {
  if (process.env.XDG_CACHE_HOME) return process.env.XDG_CACHE_HOME;
  if (process.platform === "win32") return process.env.LOCALAPPDATA || path.join(os.homedir(), "AppData", "Local");
  if (process.platform === "darwin") return path.join(os.homedir(), "Library", "Caches");
  return path.join(os.homedir(), ".cache");
}

async function download(url, sha256) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const data = Buffer.from(await response.arrayBuffer());
  const found = createHash("sha256").update(data).digest("hex");
  if (found !== sha256) throw new Error(`${url} has sha256 ${found}, and ${sha256} was released; nothing was installed`);
  return data;
}

// The folder appears under its name only when it is complete.
function keep(files, folder) {
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  const temporary = fs.mkdtempSync(`${folder}-`);
  for (const [name, data] of files) fs.writeFileSync(path.join(temporary, name), data, { mode: 0o755 });
  try {
    fs.renameSync(temporary, folder);
  } catch (error) {
    fs.rmSync(temporary, { recursive: true, force: true });
    if (!fs.existsSync(folder)) throw error; // another start was faster
  }
}

async function fetchProgram(name, program) {
  const folder = path.join(cacheFolder(), name.replace("/", "-"), program.sha256);
  const file = path.join(folder, program.file);
  if (fs.existsSync(file)) return file;
  const data = await download(program.url, program.sha256);
  const wanted = new Set([program.file, ...program.beside]);
  const files = new Map();
  for (const [member, content] of members(program.url, data, program.file)) {
    const base = path.posix.basename(member);
    if (wanted.has(base) && !files.has(base)) files.set(base, content);
  }
  if (!files.has(program.file)) throw new Error(`${program.url} holds no ${program.file}`);
  keep(files, folder);
  return file;
}

module.exports = { fetchProgram };
