// Moments in the reader's own time zone.

/** @param {ParentNode} root */
export function localTimes(root) {
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  for (const tag of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(/** @type {string} */ (tag.getAttribute("datetime")));
    if (Number.isNaN(moment.getTime())) continue;
    const short = tag.hasAttribute("data-clock");
    tag.setAttribute("title", short ? full.format(moment) : `${tag.textContent}`);
    tag.textContent = (short ? clock : full).format(moment);
  }
}
