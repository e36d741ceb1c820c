// The log of a run: the way to lines that are not shown, the arrows, and copying.
import { announce } from "./announce.js";
import { Follower } from "./log_follow.js";

/** @param {HTMLElement} list */
export function startLog(list) {
  goToAnchor(list);
  window.addEventListener("hashchange", () => goToAnchor(list));
  rove(list);
  offerCopy(list);
  if (list.dataset.since) new Follower(list);
}

/** A line or a task that is elsewhere in the log: the server finds it.
 * @param {HTMLElement} list */
function goToAnchor(list) {
  const anchor = decodeURIComponent(location.hash.slice(1));
  if (!anchor || document.getElementById(anchor)) return;
  const line = /(?:^|:)L(\d+)$/.exec(anchor);
  const there = new URLSearchParams(location.search);
  if (line && there.get("line") !== line[1]) {
    for (const name of ["before", "after", "level", "platform", "stage", "q"]) there.delete(name);
    there.set("line", line[1]);
  } else if (!line && !there.has("platform") && /^[\w-]+:[\w-]+$/.test(anchor)) {
    const [platform, stage] = anchor.split(":");
    there.set("platform", platform);
    there.set("stage", stage);
  } else return;
  location.replace(`${location.pathname}?${there}#${line ? `L${line[1]}` : anchor}`);
}

/** One stop of the Tab key for all lines; the arrows go from line to line.
 * @param {HTMLElement} list */
function rove(list) {
  const links = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll(".place")]);
  links().forEach((link, place, all) => (link.tabIndex = place === all.length - 1 ? 0 : -1));
  list.addEventListener("focusin", (event) => {
    const link = /** @type {HTMLElement} */ (event.target);
    if (!link.matches(".place")) return;
    for (const other of links()) if (other.tabIndex === 0) other.tabIndex = -1;
    link.tabIndex = 0;
  });
}

/** @param {HTMLElement} list */
function offerCopy(list) {
  const button = /** @type {HTMLButtonElement | null} */ (document.querySelector("[data-copy]"));
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const lines = [...list.querySelectorAll(".said")].map((said) => said.textContent);
    await navigator.clipboard.writeText(lines.join("\n") + "\n");
    announce(`${lines.length} lines are copied`);
  });
}
