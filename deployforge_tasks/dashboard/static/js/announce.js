// The one place that a screen reader reads by itself: the newest news, at most every two seconds.

const PAUSE = 2000;
let waiting = "";
let last = -PAUSE;

/** @param {string} text */
export function announce(text) {
  const before = waiting;
  waiting = text;
  if (!before) setTimeout(say, Math.max(0, last + PAUSE - performance.now()));
}

function say() {
  const place = document.getElementById("announce");
  if (place) place.textContent = waiting;
  waiting = "";
  last = performance.now();
}
