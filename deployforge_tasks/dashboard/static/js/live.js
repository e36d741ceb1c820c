// Keeps a page up to date while it is looked at: what is bound to a value changes in place, and focus stays where it is.

import { showBanner, tellConnection } from "./connection.js";
import { count, keepCounting } from "./elapsed.js";
import { counterpart } from "./focus.js";
import { follow } from "./stream.js";
import { localTimes } from "./times.js";

const SPOKEN_EVERY = 2000;

/** @param {HTMLElement} region */
export function live(region) {
  const page = new Live(region);
  page.start();
}

class Live {
  /** @param {HTMLElement} region the part of the page that is read again when it has to be */
  constructor(region) {
    this.region = region;
    /** @type {Map<string, string>} */ this.unsaid = new Map();
    /** @type {number | undefined} */ this.speaking = undefined;
    this.reading = false;
  }

  start() {
    const since = this.region.dataset.since ?? "";
    this.stream = follow({ since, message: (event, data) => this.told(event, data), state: tellConnection });
    keepCounting(document);
  }

  /** @param {string} event @param {any} data */
  told(event, data) {
    const changed = event === "run" || event === "task" ? this.patch(data.bind) : false;
    if (event === "run" && data.began && this.region.dataset.newest !== undefined) this.again();
    // The end of a run is told to every page that comes: most were made after it.
    else if (event === "run" && changed && this.region.dataset.stream === String(data.run)) this.again();
    else if (event === "resync" || event === "stats") this.again();
    else if (event === "trouble") showBanner("trouble", data.message && `${data.message}: ${data.hint}`);
  }

  /** Show values; says whether one is a state that was another before. @param {Record<string, any>} values */
  patch(values) {
    let changed = false;
    for (const [key, value] of Object.entries(values)) {
      for (const element of document.querySelectorAll(`[data-bind="${CSS.escape(key)}"]`)) {
        if (!change(/** @type {HTMLElement} */ (element), value) || !key.endsWith(".state")) continue;
        this.became(key, value);
        changed = true;
      }
    }
    return changed;
  }

  /** A state has changed: it is said, and its row goes to the group of that state. @param {string} key @param {any} value */
  became(key, value) {
    const name = key.split(".").slice(1, -1).join(".") || `run ${key.split(".")[0]}`;
    this.unsaid.set(name, `${name} ${value.word}`);
    this.speaking ??= setTimeout(() => this.speak(), SPOKEN_EVERY);
    const row = document.querySelector(`[data-row="${CSS.escape(key.slice(0, -6))}"]`);
    const group = document.querySelector(`[data-group="${value.kind}"]`);
    if (row && group && !group.contains(row)) move(/** @type {HTMLElement} */ (row), /** @type {HTMLElement} */ (group));
  }

  speak() {
    this.speaking = undefined;
    const place = document.getElementById("announce");
    if (place) place.textContent = [...this.unsaid.values()].join(", ");
    this.unsaid.clear();
  }

  /** Read this part of the page again; somewhat later, for many may have to at the same moment. */
  again() {
    if (this.reading) return;
    this.reading = true;
    setTimeout(() => this.read().catch(() => {}).finally(() => { this.reading = false; }), 100 + Math.random() * 400);
  }

  async read() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const text = await answer.text();
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-stream]");
    if (!answer.ok || !(fresh instanceof HTMLElement)) return;
    const focused = this.region.contains(document.activeElement) ? document.activeElement : null;
    this.region.replaceChildren(...fresh.childNodes);
    for (const name of ["since", "stream"]) this.region.dataset[name] = fresh.dataset[name] ?? "";
    if (focused) counterpart(focused, this.region)?.focus({ preventScroll: true });
    localTimes(this.region);
    count(this.region);
    this.stream?.restart(fresh.dataset.since ?? "");
  }
}

/** Show a value; says whether it was another one before. @param {HTMLElement} element @param {any} value */
function change(element, value) {
  if (element instanceof HTMLProgressElement) {
    element.value = value;
    return false;
  }
  if (typeof value !== "object") return write(element, String(value));
  if ("began" in value) {
    element.dataset.began = value.began;
    return value.began ? false : write(element, value.text);
  }
  const before = element.textContent;
  element.className = `${element.dataset.look ?? "state"} ${value.kind}`;
  if (value.title !== undefined) element.title = value.title;
  const [glyph, word] = element.children;
  write(glyph, value.glyph);
  if (word) write(word, value.word ?? value.title);
  return element.textContent !== before;
}

/** @param {Element} element @param {string} text */
function write(element, text) {
  if (element.textContent === text) return false;
  element.textContent = text;
  return true;
}

/** @param {HTMLElement} row @param {HTMLElement} group */
function move(row, group) {
  if (row.contains(document.activeElement)) {  // an element that is moved loses the focus
    row.addEventListener("focusout", () => setTimeout(() => move(row, group)), { once: true });
    return;
  }
  const from = row.closest("[data-group]");
  (group.querySelector("[data-rows]") ?? group).append(row);
  for (const one of [from, group]) if (one instanceof HTMLElement) one.hidden = !one.querySelector("[data-row]");
}
