// Reads a run's page anew when the event stream tells something of that run; while nothing happens nothing is asked.

import { tellConnection } from "./connection.js";
import { readAnew } from "./fresh.js";
import { follow } from "./stream.js";

/** Milliseconds between two looks at least; between two looks of a page whose stream is away, or which grows by itself. */
const EVERY = 1000;
const SLOWLY = 30_000;
/** Many may watch the same run: they do not all ask in the same moment. */
const SPREAD = 200;

/** @param {HTMLElement} part the one that names the run, and says how much of it the page knows */
export function followRun(part) {
  const news = new RunNews(Number(part.dataset.told), () => stream.end());
  const stream = follow({
    since: part.dataset.since ?? "",
    message: (event, data) => news.told(event, data),
    state: (state) => {
      news.connection(state);
      tellConnection(state);
    },
  });
}

/** Keeps a page about a run up to date; somebody else reads the stream. */
export class RunNews {
  /** @param {number} run @param {() => void} over is called when the run has ended */
  constructor(run, over) {
    this.run = run;
    this.over = over;
    this.lost = false;
    this.missed = false;
    this.reading = false;
    this.again = false;
    this.slowly = setInterval(() => this.look(), SLOWLY);
  }

  /** @param {string} event @param {any} data */
  told(event, data) {
    if (event === "resync" || (event !== "log" && data.run === this.run)) this.renew();
  }

  /** @param {"live" | "lost" | "alone"} state */
  connection(state) {
    if (this.lost && state !== "lost") this.renew();
    this.lost = state === "lost";
  }

  look() {
    if (this.lost || this.missed || document.querySelector("[data-grows]")) this.renew();
  }

  renew() {
    if (this.reading) this.again = true;
    else this.read();
  }

  /** What is told while it reads is read after a pause: the last change is always seen. */
  async read() {
    this.reading = true;
    do {
      this.again = false;
      await pause(Math.random() * SPREAD);
      const rested = pause(EVERY);
      this.missed = !(await readAnew(document));
      if (!document.querySelector("[data-told]")) return this.end();
      await rested;
    } while (this.again);
    this.reading = false;
  }

  end() {
    clearInterval(this.slowly);
    this.over();
  }
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}
