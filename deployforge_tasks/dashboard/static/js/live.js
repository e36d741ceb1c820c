// Keeps a page up to date while it is looked at: what is bound to a value changes in place, and focus stays where it is.

import { follow } from "./stream.js";
import { localTimes } from "./times.js";

const SPOKEN_EVERY = 2000;
const LOST_AFTER = 1500;

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
    this.banner = /** @type {HTMLElement} */ (document.getElementById("banner"));
    this.reading = false;
  }

  start() {
    const since = this.region.dataset.since ?? "";
    this.stream = follow({ since, message: (event, data) => this.told(event, data), state: (s) => this.connection(s) });
    setInterval(() => this.count(), 1000);
    this.count();
  }

  /** @param {string} event @param {any} data */
  told(event, data) {
    if (event === "run" || event === "task") this.patch(data.bind);
    if (event === "run" && data.began && this.region.dataset.newest !== undefined) this.again();
    else if (event === "run" && !data.began && this.region.dataset.stream === String(data.run)) this.again();
    else if (event === "resync" || event === "stats") this.again();
    else if (event === "trouble") this.show("trouble", data.message && `${data.message}: ${data.hint}`);
  }

  /** @param {Record<string, any>} values */
  patch(values) {
    for (const [key, value] of Object.entries(values)) {
      for (const element of document.querySelectorAll(`[data-bind="${CSS.escape(key)}"]`)) {
        if (change(/** @type {HTMLElement} */ (element), value) && key.endsWith(".state")) this.became(key, value);
      }
    }
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

  /** @param {"live" | "lost" | "alone"} state */
  connection(state) {
    clearTimeout(this.losing);
    if (state === "lost") {  // a server that ends a stream for its own reasons is back at once
      this.losing = setTimeout(() => this.show("lost", "The connection is lost; trying again …"), LOST_AFTER);
    } else if (state === "alone") {
      this.show("alone", "Without HTTPS every tab needs a connection of its own: keep no more than five open.");
    } else this.show("lost", "");
  }

  /** @param {string} kind @param {string} text */
  show(kind, text) {
    if (text || this.banner.dataset.kind === kind) {
      this.banner.textContent = text;
      this.banner.dataset.kind = text ? kind : "";
      this.banner.hidden = !text;
    }
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
    const focused = path(document.activeElement, this.region);
    this.region.replaceChildren(...fresh.childNodes);
    for (const name of ["since", "stream"]) this.region.dataset[name] = fresh.dataset[name] ?? "";
    if (focused) /** @type {HTMLElement | null} */ (this.region.querySelector(focused))?.focus({ preventScroll: true });
    localTimes(this.region);
    this.count();
    this.stream?.restart(fresh.dataset.since ?? "");
  }

  /** What goes on counts its seconds. */
  count() {
    for (const element of document.querySelectorAll("[data-began]")) {
      const began = Date.parse(/** @type {HTMLElement} */ (element).dataset.began ?? "");
      if (began) write(element, duration((Date.now() - began) / 1000));
    }
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

/** Where the focus is, in a way that finds it in a new copy. @param {Element | null} element @param {Element} region */
function path(element, region) {
  if (!element || !region.contains(element) || element === region) return "";
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  const row = element.closest("[data-name]")?.getAttribute("data-name");
  return href ? `${row ? `[data-name="${CSS.escape(row)}"] ` : ""}[href="${CSS.escape(href)}"]` : "";
}

/** @param {number} seconds */
function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const pad = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}
