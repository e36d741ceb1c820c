// Keeps the parts of a page that are marked `data-fresh` up to date while they say `data-live`; focus stays. They are
// read from the page itself, or from a smaller one that has them too (`data-fresh-from`).

import { localTimes } from "./times.js";

const EVERY = 2000;
/** What the server said last of each part. @type {WeakMap<Element, string>} */
const said = new WeakMap();

/** @param {Document} page */
export function keepFresh(page) {
  if (page.querySelector("[data-live]")) setTimeout(() => renew(page), EVERY);
}

/** @param {Document} page */
async function renew(page) {
  try {
    const from = page.querySelector("[data-fresh-from]")?.getAttribute("data-fresh-from") ?? location.href;
    const answer = await fetch(from, { headers: { Accept: "text/html" } });
    // It leads elsewhere: to sign on, or to the run that was about to begin.
    if (answer.redirected) return location.reload();
    take(page, new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The dashboard is away: the next look may find it again.
  }
  keepFresh(page);
}

/** @param {Document} page @param {Document} newer */
function take(page, newer) {
  for (const part of page.querySelectorAll("[data-fresh]")) {
    const found = newer.querySelector(`[data-fresh="${part.getAttribute("data-fresh")}"]`);
    if (!found) continue;
    part.toggleAttribute("data-live", found.hasAttribute("data-live"));
    if (said.get(part) !== found.innerHTML) replace(part, found);
    said.set(part, found.innerHTML);
  }
}

/** @param {Element} part @param {Element} newer */
function replace(part, newer) {
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const link = focused?.getAttribute("href");
  const place = focused ? [...part.querySelectorAll(focused.tagName)].indexOf(focused) : -1;
  const open = [...part.querySelectorAll("details")].map((one) => one.open);
  const scrolled = [...part.querySelectorAll("[tabindex]")].map((one) => one.scrollLeft);
  const before = part.querySelector("h1 .state")?.textContent;
  part.innerHTML = newer.innerHTML;
  localTimes(part);
  const now = part.querySelector("h1 .state")?.textContent;
  const announce = document.getElementById("announce");
  if (announce && now && now !== before) announce.textContent = now;
  part.querySelectorAll("[tabindex]").forEach((one, number) => (one.scrollLeft = scrolled[number] ?? 0));
  part.querySelectorAll("details").forEach((one, number) => (one.open = open[number] ?? one.open));
  if (!focused) return;
  /** @type {HTMLElement[]} */
  const same = [...part.querySelectorAll(focused.tagName)].filter((one) => one instanceof HTMLElement);
  const again = link ? same.find((one) => one.getAttribute("href") === link) : same[place];
  again?.focus({ preventScroll: true });
}
