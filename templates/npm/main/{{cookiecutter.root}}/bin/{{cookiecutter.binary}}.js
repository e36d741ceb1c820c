#!/usr/bin/env node
// Starts the native program that npm installed for this computer. It is never looked for on PATH.
"use strict";

const { spawn } = require("node:child_process");
const { existsSync } = require("node:fs");
const path = require("node:path");

const NAME = {{ cookiecutter.name|jsonify }};
const VERSION = {{ cookiecutter.version|jsonify }};
const BINARY = {{ cookiecutter.binary|jsonify }};
const PROGRAMS = {{ cookiecutter.programs|jsonify }};

function libc() {
  if (process.platform !== "linux") return null;
  const report = process.report && process.report.getReport();
  return report && report.header.glibcVersionRuntime ? "glibc" : "musl";
}

function forThisComputer() {
  return PROGRAMS.filter((program) => {
    if (program.os !== process.platform || program.cpu !== process.arch) return false;
    return !program.libc || program.libc === libc();
  });
}

function locate(program) {
  if (program.url) return require("../lib/download.js").fetchProgram(NAME, program);
  if (!program.package) {
    const file = path.join(__dirname, "..", program.file);
    return existsSync(file) ? file : null;
  }
  try {
    return path.join(path.dirname(require.resolve(`${program.package}/package.json`)), program.file);
  } catch {
    return null;
  }
}

function fail(lines) {
  for (const line of lines) console.error(`${BINARY}: ${line}`);
  process.exit(1);
}

function explain(candidates) {
  const here = `${process.platform}-${process.arch}`;
  if (candidates.length === 0) {
    const known = PROGRAMS.map((program) => `${program.os}-${program.cpu}`).join(", ");
    fail([`there is no program for ${here}`, `there is one for: ${known}`]);
  }
  fail([
    `the program for ${here} is not installed (package ${candidates[0].package || NAME})`,
    "it is an optional dependency; was it left out with --omit=optional or --no-optional?",
    `install again: npm install ${NAME}@${VERSION} --include=optional`,
  ]);
}

function start(file) {
  const child = spawn(file, process.argv.slice(2), { stdio: "inherit" });
  // A terminal sends Ctrl-C to the program as well; ending it is the program's own decision.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail([`cannot start ${file}: ${error.message}`]));
  child.on("exit", (code, signal) => {
    if (!signal) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

async function main() {
  const candidates = forThisComputer();
  for (const program of candidates) {
    const file = await locate(program);
    if (file) return start(file);
  }
  explain(candidates);
}

main().catch((error) => fail([error.message]));
