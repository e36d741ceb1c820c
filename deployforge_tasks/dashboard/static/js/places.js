// How far everything was told: the ids of the stream (`<highest run>_<run>-<event>[-<log line>]_…`).

/** @typedef {{ floor: number, runs: Map<number, { told: number, line: number | null }> }} Places */

/** @param {string} text @returns {Places} */
export function parse(text) {
  const [floor, ...parts] = text.split("_");
  /** @type {Places} */ const found = { floor: Number(floor) || 0, runs: new Map() };
  for (const part of parts) {
    const [run, told, line] = part.split("-").map(Number);
    found.runs.set(run, { told, line: line ?? null });
  }
  return found;
}

/** @param {Places} places */
export function written(places) {
  const runs = [...places.runs].map(([run, { told, line }]) => `${run}-${told}${line === null ? "" : `-${line}`}`);
  return [places.floor, ...runs].join("_");
}

/** Whether the one knows less than the other. @param {Places} one @param {Places} other */
export function behind(one, other) {
  if (one.floor < other.floor) return true;
  return [...one.runs].some(([run, { told }]) => told < (other.runs.get(run)?.told ?? 0));
}

/** What both know. @param {Places} one @param {Places} other @returns {Places} */
export function lowest(one, other) {
  const floor = Math.min(one.floor, other.floor);
  /** @type {Places} */ const found = { floor, runs: new Map() };
  for (const run of new Set([...one.runs.keys(), ...other.runs.keys()])) {
    const places = [one, other].filter((all) => all.runs.has(run) || run > all.floor).map((all) => all.runs.get(run)?.told ?? 0);
    if (places.length) found.runs.set(run, { told: Math.min(...places), line: null });
  }
  return found;
}

/** Note what was told. @param {Places} places @param {string} event @param {any} data @param {string} id */
export function advance(places, event, data, id) {
  if (event === "trouble" || !id) return;
  const told = parse(id);
  places.floor = Math.max(places.floor, told.floor);
  for (const [run, place] of told.runs) {
    const known = places.runs.get(run);
    places.runs.set(run, { told: Math.max(place.told, known?.told ?? 0), line: null });
  }
}
