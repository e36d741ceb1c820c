// Following a run's log: its lines as they come, until somebody goes up to read.
import { announce } from "./announce.js";
import { RunNews } from "./run_news.js";
import { follow } from "./stream.js";
import { localTimes } from "./times.js";

/** Lines on the page, and lines that wait while it is not followed. */
const MOST = 2000;
/** Milliseconds until a lost connection is told: a server that ends a stream for its own reasons is back at once. */
const LOST_AFTER = 1500;
const LEVELS = ["debug", "info", "warning", "error"];

/**
 * @typedef {{text: string, styles: string[]}} Piece
 * @typedef {{number: number, at: string, platform: string | null, stage: string | null, level: string, pieces: Piece[]}} Line
 */

export class Follower {
  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
    this.run = Number(list.dataset.log);
    /** The lines come by themselves; what stands above them is read anew. */
    this.head = new RunNews(this.run, () => {});
    this.first = Number(list.dataset.first);
    /** @type {Line[]} */
    this.waiting = [];
    /** More came than waits: the lines before it are not shown here. */
    this.gap = false;
    /** Lines were missed for good: the page has to be read again. */
    this.missed = false;
    this.following = false;
    this.height = 0;
    this.button = /** @type {HTMLButtonElement} */ (document.querySelector("[data-follow]"));
    this.jump = /** @type {HTMLButtonElement} */ (document.querySelector("[data-jump]"));
    this.lost = /** @type {HTMLElement} */ (document.querySelector("[data-lost]"));
    this.start();
  }

  start() {
    this.button.hidden = false;
    this.button.addEventListener("click", () => (this.following ? this.pause() : this.follow()));
    this.jump.addEventListener("click", () => this.follow());
    addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.list.addEventListener("focusin", () => this.pause());
    if (location.hash) this.pause();
    else this.follow();
    follow({
      since: this.list.dataset.since ?? "",
      log: { run: this.run, line: Number(this.list.dataset.last) },
      message: (event, data) => this.told(event, data),
      state: (state) => this.connection(state),
    });
  }

  /**
   * @param {string} event
   * @param {any} data
   */
  told(event, data) {
    this.head.told(event, data);
    if (event === "resync") this.miss();
    if (data.run !== this.run) return;
    if (event === "log") this.take(data.lines);
    else if (event === "task") this.take([{ ...data, ...data.line }]);
    else if (event === "run" && data.outcome) announce(`Run ${data.run} has ended: ${data.outcome}`);
  }

  /** @param {"live" | "lost" | "alone"} state */
  connection(state) {
    this.head.connection(state);
    clearTimeout(this.losing);
    if (state === "lost") this.losing = setTimeout(() => (this.lost.hidden = false), LOST_AFTER);
    else this.lost.hidden = true;
  }

  /** @param {Line[]} lines */
  take(lines) {
    this.first ||= lines[0].number;
    this.waiting.push(...lines.filter((line) => this.wanted(line)));
    if (this.waiting.length > MOST) {
      this.waiting = this.waiting.slice(-MOST);
      this.gap = true;
    }
    if (this.following) this.show();
    else this.tell();
  }

  /** @param {Line} line */
  wanted(line) {
    const { level, platform, stage } = this.list.dataset;
    if (platform && platform !== line.platform) return false;
    if (stage && stage !== line.stage) return false;
    return LEVELS.indexOf(line.level) >= LEVELS.indexOf(level ?? "debug");
  }

  show() {
    if (this.gap) this.list.replaceChildren();
    this.gap = false;
    for (const line of this.waiting.splice(0)) this.place(line);
    while (this.list.childElementCount > MOST) this.list.firstElementChild?.remove();
    if (!this.list.querySelector(".place[tabindex='0']")) {
      this.list.lastElementChild?.querySelector(".place")?.setAttribute("tabindex", "0");
    }
    this.offerOlder();
    window.scrollTo(0, document.documentElement.scrollHeight);
    this.height = window.scrollY;
    this.tell();
  }

  /** Log lines and other events come in messages of their own: each goes where its number belongs.
   * @param {Line} line */
  place(line) {
    const number = line.number - this.first + 1;
    let after = this.list.lastElementChild;
    while (after && Number(after.getAttribute("data-number")) > number) after = after.previousElementSibling;
    const row = this.row(line, number);
    if (after) after.after(row);
    else this.list.prepend(row);
  }

  /**
   * @param {Line} line
   * @param {number} number
   */
  row(line, number) {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("log-row"));
    const row = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    const task = [line.platform, line.stage].filter(Boolean).join(":");
    row.id = `L${number}`;
    row.dataset.number = String(number);
    if (line.level !== "info") row.classList.add(line.level);
    const link = /** @type {HTMLAnchorElement} */ (row.querySelector(".place"));
    const query = new URLSearchParams(location.search);
    query.set("line", String(number));
    Object.assign(link, { textContent: number, href: `?${query}#L${number}`, id: `${task || "run"}:L${number}`, tabIndex: -1 });
    link.setAttribute("aria-label", `Line ${number}`);
    row.querySelector("time")?.setAttribute("datetime", line.at);
    const named = /** @type {HTMLElement} */ (row.querySelector(".task"));
    named.textContent = `${line.platform ?? ""} ${line.stage ?? ""}`;
    if (task && !document.getElementById(task)) named.id = task;
    this.say(/** @type {HTMLElement} */ (row.querySelector(".said")), line);
    localTimes(row);
    return row;
  }

  /**
   * @param {HTMLElement} said
   * @param {Line} line
   */
  say(said, line) {
    if (line.level === "warning" || line.level === "error") {
      const level = Object.assign(document.createElement("strong"), { className: "level", textContent: line.level });
      said.append(level, " ");
    }
    for (const piece of line.pieces) {
      if (!piece.styles.length) said.append(piece.text);
      else said.append(Object.assign(document.createElement("span"), { className: piece.styles.join(" "), textContent: piece.text }));
    }
  }

  offerOlder() {
    const older = /** @type {HTMLAnchorElement | null} */ (document.querySelector("[data-older]"));
    const first = this.list.firstElementChild?.getAttribute("data-number");
    if (!older || !first || Number(first) <= 1) return;
    const query = new URLSearchParams(location.search);
    query.set("before", first);
    older.href = `?${query}`;
    if (older.parentElement) older.parentElement.hidden = false;
  }

  follow() {
    if (this.missed) return location.reload();
    // The newest lines push the oldest off the page, and the jump is over: what has the focus would go with them.
    const focused = document.activeElement;
    if (focused === this.jump || this.list.contains(focused)) this.button.focus({ preventScroll: true });
    this.following = true;
    this.show();
  }

  pause() {
    this.following = false;
    this.tell();
  }

  /** The page knows how to show the newest. */
  miss() {
    this.missed = true;
    if (this.following) location.reload();
    else this.tell();
  }

  /** Going up ends the following, coming to the end begins it again. */
  scrolled() {
    const atEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 8;
    if (this.following && !atEnd && window.scrollY < this.height - 4) this.pause();
    else if (!this.following && atEnd && this.waiting.length) this.follow();
    this.height = window.scrollY;
  }

  tell() {
    this.button.setAttribute("aria-pressed", String(this.following));
    this.button.textContent = this.following ? "Following" : "Follow";
    const count = this.waiting.length;
    this.jump.hidden = this.following || (!count && !this.missed);
    this.jump.textContent = `Jump to newest${count ? ` (${count}${this.gap || this.missed ? "+" : ""} new)` : ""}`;
  }
}
