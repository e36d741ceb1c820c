// Finds what had the focus in the new copy of a part of the page that was read again.

/** @typedef {HTMLElement | SVGAElement} Focusable */

/**
 * The element of a new copy that stands where this one stood: the one with its id, with its address, or first in its row.
 * @param {Element} element may be of the page no more @param {ParentNode} copy @returns {Focusable | null}
 */
export function counterpart(element, copy) {
  if (element.id) return copy.querySelector(`#${CSS.escape(element.id)}`);
  const name = element.closest("[data-name]")?.getAttribute("data-name");
  const row = name ? copy.querySelector(`[data-name="${CSS.escape(name)}"]`) : copy;
  const href = element.getAttribute("href");
  /** @type {Focusable | null | undefined} */ const same = href ? row?.querySelector(`[href="${CSS.escape(href)}"]`) : null;
  return same ?? (name && row ? row.querySelector("a[href]") : null);
}
