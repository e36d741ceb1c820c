// The key `r`: opens the form that retries what is selected. It starts nothing; where nothing can be retried it says why.

import { announce } from "./announce.js";
import { showDialog } from "./dialog.js";

let asking = false;

/** Says whether something is selected that could be retried. */
export function retrySelected() {
  const from = /** @type {HTMLElement | SVGElement | null} */ (document.activeElement);
  const row = from?.closest("[data-retry]");
  if (!from || !row) return false;
  const [address, why] = [row.getAttribute("data-retry"), row.getAttribute("data-why-not")];
  const forbidden = document.querySelector("main")?.getAttribute("data-no-retry");
  if (!address || forbidden) sayNo(forbidden || (why ?? ""));
  else if (!asking) ask(address, from);
  return true;
}

/** Nothing is selected, and the page itself has nothing to retry. */
export function sayWhyNoRetry() {
  const button = document.querySelector('[data-no-key="r"]');
  if (button) sayNo(button.getAttribute("title") ?? "");
  else if (document.querySelector("[data-retry]")) sayNo("select a platform first, with j and k");
  else return false;
  return true;
}

/** @param {string} address @param {HTMLElement | SVGElement} from */
async function ask(address, from) {
  asking = true;
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const form = page.querySelector("[data-dialog-body]");
    const why = form?.getAttribute("data-why-not");
    if (!form) sayNo(page.querySelector(".note strong")?.textContent ?? `the dashboard answered ${answer.status}`);
    else if (why) sayNo(why);
    else showDialog(document, form, from);
  } catch {
    sayNo("the dashboard does not answer");
  }
  asking = false;
}

/** @param {string} why */
function sayNo(why) {
  announce(`Nothing to retry: ${why}`, true);
}
