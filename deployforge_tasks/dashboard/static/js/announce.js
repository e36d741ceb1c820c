// The one place that a screen reader reads by itself: the newest news, at most every two seconds.

const PAUSE = 2000;
let waiting = "";
let last = -PAUSE;
/** Milliseconds that it can be seen, where it answers a key that was pressed. */
const SEEN = 6000;
let seen = false;
let hiding = 0;

/** @param {string} text @param {boolean} visible it is shown too, for a while */
export function announce(text, visible = false) {
  const before = waiting;
  waiting = text;
  seen = visible;
  if (!before) setTimeout(say, Math.max(0, last + PAUSE - performance.now()));
}

function say() {
  const place = document.getElementById("announce");
  if (place) {
    place.textContent = waiting;
    place.className = seen ? "toast" : "sr";
    clearTimeout(hiding);
    if (seen) hiding = setTimeout(() => (place.className = "sr"), SEEN);
  }
  waiting = "";
  last = performance.now();
}
