// The keys of a page. Letters alone are left out in fields, with Ctrl, Alt or ⌘ held, and where they are turned off.

import { retrySelected, sayWhyNoRetry } from "./retry.js";

const SECOND = 1500;
const ROWS = "[data-row], [data-retry], main tbody tr, .log > li";

export function keys() {
  let waiting = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || inField(event.target)) return;
    const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (arrow && rowOf(document.activeElement) && step(arrow)) return event.preventDefault();
    if (document.body.dataset.keys === "off" || document.querySelector("dialog[open]")) return;
    const second = waiting && Date.now() - waiting < SECOND;
    waiting = 0;
    if (second) {
      if (press(`[data-go="${CSS.escape(event.key)}"]`)) event.preventDefault();
    } else if (event.key === "g") waiting = Date.now();
    else if (act(event.key)) event.preventDefault();
  });
}

/** @param {string} key */
function act(key) {
  if (key === "?") return help();
  if (key === "/") return search();
  if (key === "j") return step(1);
  if (key === "k") return step(-1);
  if (key === "f") return nextFailure();
  if (key === "r") return retrySelected() || press('main [data-key="r"]') || sayWhyNoRetry();
  return press(`main [data-key="${CSS.escape(key)}"]`);
}

function help() {
  /** @type {HTMLDialogElement | null} */ (document.getElementById("keys-help"))?.showModal();
  return true;
}

function search() {
  const field = /** @type {HTMLElement | null} */ (document.querySelector("main input[type=search]"));
  field?.focus();
  return Boolean(field);
}

/** Links and buttons that are shown are pressed; of a switch the side that is not chosen. @param {string} selector */
function press(selector) {
  const found = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)]);
  const one = found.find((each) => each.offsetParent && !each.hasAttribute("aria-current"));
  one?.click();
  return Boolean(one);
}

/** @param {EventTarget | null} target */
function inField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, select, textarea"));
}

/** @param {Element | null} element */
function rowOf(element) {
  return element?.closest(ROWS) ?? null;
}

/** What can be reached in the rows: the first link of each that is shown. */
function places() {
  const rows = [...document.querySelectorAll(ROWS)];
  const links = rows.filter((row) => row.checkVisibility()).map((row) => row.querySelector("a[href]"));
  return /** @type {HTMLElement[]} */ (links.filter((link) => link));
}

/** @param {number} by */
function step(by) {
  const folded = document.querySelector("main details:not([open]) [data-retry]")?.closest("details");
  if (folded && !places().length) folded.open = true;  // the rows of a drawing are in its table
  const all = places();
  const now = all.findIndex((link) => rowOf(link) === rowOf(document.activeElement));
  return go(all[now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, now + by))]);
}

function nextFailure() {
  const failed = failures();
  const now = document.activeElement;
  const after = failed.find((link) => now && link.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_PRECEDING);
  return go(after ?? failed[0]);
}

/** The links of failed tasks, and of rows that say of a failure without such a link. */
function failures() {
  const links = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("main a[href]")]);
  const tasks = links.filter((link) => link.checkVisibility() && link.matches(".node.bad, .cell:has(.bad)"));
  const rows = places().filter((link) => {
    const row = /** @type {Element} */ (rowOf(link));
    return (row.matches(".error") || row.querySelector(".bad")) && !tasks.some((task) => row.contains(task));
  });
  return links.filter((link) => tasks.includes(link) || rows.includes(link));
}

/** @param {HTMLElement | undefined} link */
function go(link) {
  link?.focus();
  link?.scrollIntoView({ block: "nearest" });
  return Boolean(link);
}
