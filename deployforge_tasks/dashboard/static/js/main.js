// Starts what a page needs; each part is a module of its own, and a page works without any of them.
import { brush } from "./brush.js";
import { dialogs } from "./dialog.js";
import { keepCounting } from "./elapsed.js";
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
if (document.querySelector("[data-fresh=charts]")) brush(document);
if (document.querySelector("[data-fresh=graph]")) graphs(document);

const region = document.querySelector("[data-stream]");
if (region instanceof HTMLElement) import("./live.js").then((module) => module.live(region));

const log = document.querySelector("[data-log]");
if (log instanceof HTMLElement) import("./log.js").then((module) => module.startLog(log));

const run = document.querySelector("[data-told]");
if (run) keepCounting(document);
// A log that is followed has the stream already.
if (run instanceof HTMLElement && !document.querySelector("[data-log][data-since]")) {
  import("./run_news.js").then((module) => module.followRun(run));
}
