"use strict";

const { execFile } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");

const BINARY = {{ cookiecutter.binary|jsonify }};
const VERSION_ARGUMENTS = {{ cookiecutter.arguments|jsonify }};

function activate(context) {
  const folder = context.asAbsolutePath("bin");
  const program = path.join(folder, process.platform === "win32" ? `${BINARY}.exe` : BINARY);
  if (process.platform !== "win32" && fs.existsSync(program)) {
    fs.chmodSync(program, 0o755);
  }
  context.environmentVariableCollection.prepend("PATH", folder + path.delimiter);
  context.subscriptions.push(
    vscode.commands.registerCommand({{ (cookiecutter.package.name ~ ".showVersion")|jsonify }}, () => showVersion(program)),
  );
}

function showVersion(program) {
  execFile(program, VERSION_ARGUMENTS, (error, stdout) => {
    if (error) {
      vscode.window.showErrorMessage(`${BINARY}: ${error.message}`);
    } else {
      vscode.window.showInformationMessage(stdout.trim());
    }
  });
}

module.exports = { activate };
