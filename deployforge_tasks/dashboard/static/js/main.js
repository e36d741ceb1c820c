// Starts what a page needs; each part is a module of its own, and a page works without any of them.
import { dialogs } from "./dialog.js";
import { keepFresh } from "./fresh.js";
import { graphs } from "./graph.js";
import { keys } from "./keys.js";
import { palette } from "./palette.js";
import { localTimes } from "./times.js";

localTimes(document);
keepFresh(document);
dialogs(document);
keys();
palette();
if (document.querySelector("[data-module=graph]")) graphs(document);

const region = document.querySelector("[data-stream]");
if (region instanceof HTMLElement) import("./live.js").then((module) => module.live(region));

const log = document.querySelector("[data-log]");
if (log instanceof HTMLElement) import("./log.js").then((module) => module.startLog(log));
