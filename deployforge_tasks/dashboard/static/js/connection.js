// Says above the page that the event stream is away, or that this tab needs one of its own.

const LOST_AFTER = 1500;
let losing = 0;

/** @param {"live" | "lost" | "alone"} state */
export function tellConnection(state) {
  clearTimeout(losing);
  if (state === "lost") {  // a server that ends a stream for its own reasons is back at once
    losing = setTimeout(() => showBanner("lost", "The connection is lost; trying again …"), LOST_AFTER);
  } else if (state === "alone") {
    showBanner("alone", "Without HTTPS every tab needs a connection of its own: keep no more than five open.");
  } else showBanner("lost", "");
}

/** An empty text hides what was shown of that kind. @param {string} kind @param {string} text */
export function showBanner(kind, text) {
  const banner = document.getElementById("banner");
  if (!banner || (!text && banner.dataset.kind !== kind)) return;
  banner.textContent = text;
  banner.dataset.kind = text ? kind : "";
  banner.hidden = !text;
}
