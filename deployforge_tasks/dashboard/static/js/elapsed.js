// What goes on counts its seconds by itself: elements with `data-began`, which holds when it began.

/** @param {ParentNode} root */
export function count(root) {
  for (const element of root.querySelectorAll("[data-began]")) {
    const began = Date.parse(/** @type {HTMLElement} */ (element).dataset.began ?? "");
    const text = began ? duration((Date.now() - began) / 1000) : "";
    if (text && element.textContent !== text) element.textContent = text;
  }
}

/** @param {Document} page */
export function keepCounting(page) {
  setInterval(() => count(page), 1000);
  count(page);
}

/** @param {number} seconds */
function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const pad = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}
