// Opens the page behind a link with `data-dialog` as a dialog; without scripts the link leads to the page itself.

import { counterpart } from "./focus.js";

/** @param {Document} page */
export function dialogs(page) {
  page.addEventListener("click", (event) => {
    const from = event.target instanceof Element ? event.target.closest("a[data-dialog]") : null;
    if (!(from instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(page, from);
  });
  page.addEventListener("submit", sendOnce);
}

/** @param {Document} page @param {HTMLAnchorElement} from */
async function open(page, from) {
  const found = await body(from.href);
  if (!found) {
    location.assign(from.href);
    return;
  }
  showDialog(page, found, from);
}

/** @param {Document} page @param {Element} found what it shows @param {HTMLElement | SVGElement} from gets the focus back */
export function showDialog(page, found, from) {
  const dialog = page.createElement("dialog");
  dialog.setAttribute("aria-label", found.querySelector("h1")?.textContent?.trim() ?? from.textContent ?? "");
  const close = page.createElement("button");
  close.type = "button";
  close.className = "quiet close";
  close.textContent = "✕";
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => dialog.close());
  dialog.append(close, found);
  dialog.addEventListener("close", () => {
    dialog.remove();
    // The part of the page that it stands in may have been read again meanwhile.
    (from.isConnected ? from : counterpart(from, page))?.focus();
  });
  dialog.addEventListener("submit", (event) => look(event, dialog));
  page.body.append(dialog);
  dialog.showModal();
}

/** A form that only looks stays in the dialog. @param {SubmitEvent} event @param {HTMLDialogElement} dialog */
async function look(event, dialog) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== "get") return;
  event.preventDefault();
  const address = new URL(form.action);
  address.search = new URLSearchParams(/** @type {any} */ (new FormData(form))).toString();
  const button = event.submitter;
  if (button instanceof HTMLButtonElement) button.textContent = "Asking…";
  const found = await body(address.href);
  if (!found) location.assign(address.href);
  else {
    dialog.querySelector("[data-dialog-body]")?.replaceWith(found);
    const next = /** @type {HTMLElement | null} */ (found.querySelector("h2, form[method=post] input, button"));
    next?.setAttribute("tabindex", "-1");
    next?.focus();
  }
}

/** @param {string} href @returns {Promise<Element | null>} */
async function body(href) {
  try {
    const answer = await fetch(href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.querySelector("[data-dialog-body]");
  } catch {
    return null;
  }
}

/** A second click on what is being sent does nothing; the server starts one run only anyway. @param {SubmitEvent} event */
function sendOnce(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
  addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
}
