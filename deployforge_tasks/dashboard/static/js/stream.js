// One stream of events per browser, shared by all its tabs: browsers open only six connections to a server, and each
// stream holds one. The tab that gets the lock leads: it reads the stream and passes everything on. When it goes, the
// next one leads, from where it was told everything. Without locks (no HTTPS) each tab has a stream of its own.

import { advance, behind, lowest, parse, written } from "./places.js";

const NAME = "deployforge-events";
const EVENTS = ["ready", "run", "task", "log", "stats", "resync", "trouble"];
const AGAIN = 2000;

/**
 * @typedef {{ since: string, log?: { run: number, line: number },
 *   message: (event: string, data: any) => void, state: (state: "live" | "lost" | "alone") => void }} Wanted
 */

/** Follow the stream for this tab. @param {Wanted} wanted @returns {{ end: () => void, restart: (since: string) => void }} */
export function follow(wanted) {
  const tab = new Tab(wanted);
  addEventListener("pagehide", () => tab.stop());
  addEventListener("pageshow", (event) => event.persisted && tab.start());
  tab.start();
  return { end: () => tab.stop(), restart: (since) => tab.restart(since) };
}

class Tab {
  /** @param {Wanted} wanted */
  constructor(wanted) {
    this.wanted = wanted;
    this.id = crypto.getRandomValues(new Uint32Array(2)).join("-");
    this.places = parse(wanted.since);
    this.line = wanted.log?.line ?? 0;
    /** @type {Source | null} */ this.source = null;
    /** @type {Map<string, { run: number, line: number }>} */ this.logs = new Map();
  }

  start() {
    this.stopped = new AbortController();
    if (!navigator.locks || !window.BroadcastChannel) {
      this.lead();
      this.wanted.state("alone");
      return;
    }
    this.channel = new BroadcastChannel(NAME);
    this.channel.onmessage = (event) => this.hear(event.data);
    this.say(this.joining());
    const lead = () => new Promise((done) => { this.release = done; this.lead(); this.say({ kind: "who" }); });
    navigator.locks.request(NAME, { signal: this.stopped.signal }, lead).catch(() => {});
  }

  stop() {
    this.say({ kind: "leave", tab: this.id });
    this.source?.close();
    this.source = null;
    this.stopped?.abort();
    this.release?.(undefined);
    this.channel?.close();
    this.channel = undefined;
  }

  /** The page was read again: only what follows it is new. @param {string} since */
  restart(since) {
    this.places = parse(since);
  }

  joining() {
    return { kind: "join", tab: this.id, since: written(this.places), log: this.log() };
  }

  log() {
    return this.wanted.log ? { run: this.wanted.log.run, line: this.line } : null;
  }

  /** @param {any} said */
  say(said) {
    this.channel?.postMessage(said);
  }

  lead() {
    const log = this.log();
    if (log) this.logs.set(this.id, log);
    this.source = new Source(this.places, this.logs, (event, data, id) => {
      this.say({ kind: "told", event, data, id });
      this.told(event, data, id);
    }, (state) => {
      this.say({ kind: "state", state });
      this.wanted.state(state);
    });
  }

  /** @param {any} said */
  hear(said) {
    if (said.kind === "told") this.told(said.event, said.data, said.id);
    else if (said.kind === "state") this.wanted.state(said.state);
    else if (said.kind === "who") this.say(this.joining());
    else if (this.source && said.kind === "join") {
      if (said.log) this.logs.set(said.tab, said.log);
      this.source.serve(parse(said.since), Boolean(said.log));
      this.say({ kind: "state", state: this.source.state });
    } else if (this.source && said.kind === "leave") this.logs.delete(said.tab);
  }

  /** Pass on what this tab does not know yet. @param {string} event @param {any} data @param {string} id */
  told(event, data, id) {
    if (event === "task" && data.number <= (this.places.runs.get(data.run)?.told ?? 0)) return;
    if (event === "log") {
      if (data.run !== this.wanted.log?.run) return;
      const lines = data.lines.filter((/** @type {any} */ line) => line.number > this.line);
      if (!lines.length) return;
      this.line = lines[lines.length - 1].number;
      data = { ...data, lines };
    }
    advance(this.places, event, data, id);
    this.wanted.message(event, data);
  }
}

/** The connection itself, opened again when it breaks or when another tab needs more. */
class Source {
  /**
   * @param {import("./places.js").Places} places @param {Map<string, { run: number, line: number }>} logs
   * @param {(event: string, data: any, id: string) => void} told @param {(state: "live" | "lost") => void} changed
   */
  constructor(places, logs, told, changed) {
    this.places = parse(written(places));
    this.logs = logs;
    this.told = told;
    this.changed = changed;
    /** @type {"live" | "lost"} */ this.state = "live";
    this.open();
  }

  /** Also a tab that knows less is told everything. @param {import("./places.js").Places} since @param {boolean} log */
  serve(since, log) {
    if (!log && !behind(since, this.places)) return;
    this.places = lowest(since, this.places);
    this.open();
  }

  open() {
    this.close();
    const query = new URLSearchParams({ since: written(this.places) });
    /** @type {Map<number, number>} */ const lines = new Map();
    for (const { run, line } of this.logs.values()) lines.set(run, Math.min(line, lines.get(run) ?? line));
    for (const [run, line] of lines) query.append("log", `${run}:${line}`);
    const source = this.source = new EventSource(`/events?${query}`);
    for (const event of EVENTS) source.addEventListener(event, (message) => this.hear(event, message));
    source.onopen = () => this.become("live");
    source.onerror = () => {
      this.become("lost");
      if (source.readyState === EventSource.CLOSED) this.timer = setTimeout(() => this.refused(), AGAIN);
    };
  }

  /** The server said no: who has to sign on again, or may not look here any more, is told that by the page itself. */
  async refused() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual" }).catch(() => null);
    if (answer?.type === "opaqueredirect" || answer?.status === 403) return location.reload();
    if (answer?.ok && this.logs.size) {  // it may be another tab's log that nobody here may read
      this.logs.clear();
      this.told("resync", {}, "");
    }
    this.open();
  }

  /** @param {string} event @param {MessageEvent} message */
  hear(event, message) {
    const data = JSON.parse(message.data);
    if (message.lastEventId && event !== "trouble") this.places = parse(message.lastEventId);
    if (event === "log") {
      const last = data.lines[data.lines.length - 1].number;
      for (const log of this.logs.values()) if (log.run === data.run) log.line = Math.max(log.line, last);
    }
    this.told(event, data, message.lastEventId);
  }

  /** @param {"live" | "lost"} state */
  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.changed(state);
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
  }
}
