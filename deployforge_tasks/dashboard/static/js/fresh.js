// Reads the parts of a page that are marked `data-fresh` anew; focus stays. They are read from the page itself, or from
// a smaller one that has them too (`data-fresh-from`). While one says `data-live`, it is asked again and again: what the
// event stream tells (`data-told`) is not asked for, see run_news.js.

import { announce } from "./announce.js";
import { count } from "./elapsed.js";
import { counterpart } from "./focus.js";
import { localTimes } from "./times.js";

const EVERY = 2000;
/** What the server said last of each part. @type {WeakMap<Element, string>} */
const said = new WeakMap();

/** @param {Document} page */
export function keepFresh(page) {
  if (page.querySelector("[data-live]")) setTimeout(() => readAnew(page).then(() => keepFresh(page)), EVERY);
}

/** Says whether something was found; the dashboard may be away for a moment. @param {Document} page */
export async function readAnew(page) {
  try {
    const from = page.querySelector("[data-fresh-from]")?.getAttribute("data-fresh-from") ?? location.href;
    const answer = await fetch(from, { headers: { Accept: "text/html" } });
    // It leads elsewhere: to sign on, or to the run that was about to begin.
    if (answer.redirected) location.reload();
    return take(page, new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    return false;
  }
}

/** @param {Document} page @param {Document} newer */
function take(page, newer) {
  let any = false;
  for (const part of page.querySelectorAll("[data-fresh]")) {
    const found = newer.querySelector(`[data-fresh="${part.getAttribute("data-fresh")}"]`);
    if (!found) continue;
    any = true;
    for (const mark of ["data-live", "data-told", "data-grows"]) {
      if (!found.hasAttribute(mark)) part.removeAttribute(mark);
      else part.setAttribute(mark, found.getAttribute(mark) ?? "");
    }
    if (said.get(part) !== found.innerHTML) replace(part, found);
    said.set(part, found.innerHTML);
  }
  return any;
}

/** @param {Element} part @param {Element} newer */
function replace(part, newer) {
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const place = focused ? [...part.querySelectorAll(focused.tagName)].indexOf(focused) : -1;
  const open = [...part.querySelectorAll("details")].map((one) => one.open);
  const scrolled = [...part.querySelectorAll("[tabindex]")].map((one) => one.scrollLeft);
  const before = part.querySelector("h1 .state")?.textContent;
  part.innerHTML = newer.innerHTML;
  localTimes(part);
  count(part);
  const now = part.querySelector("h1 .state")?.textContent;
  if (now && now !== before) announce(now);
  part.querySelectorAll("[tabindex]").forEach((one, number) => (one.scrollLeft = scrolled[number] ?? 0));
  part.querySelectorAll("details").forEach((one, number) => (one.open = open[number] ?? one.open));
  if (!focused) return;
  const same = focused.id || focused.hasAttribute("href") ? counterpart(focused, part) : nth(part, focused.tagName, place);
  same?.focus({ preventScroll: true });
}

/** @param {Element} part @param {string} tag @param {number} place @returns {HTMLElement | undefined} */
function nth(part, tag, place) {
  return /** @type {HTMLElement[]} */ ([...part.querySelectorAll(tag)])[place];
}
