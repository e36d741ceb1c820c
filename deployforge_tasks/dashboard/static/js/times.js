// Moments in the reader's own time zone.

/** @param {ParentNode} root */
export function localTimes(root) {
  const form = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  for (const tag of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(/** @type {string} */ (tag.getAttribute("datetime")));
    if (Number.isNaN(moment.getTime())) continue;
    tag.setAttribute("title", `${tag.textContent}`);
    tag.textContent = form.format(moment);
  }
}
