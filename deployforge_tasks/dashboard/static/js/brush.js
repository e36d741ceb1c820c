// Dragging over a chart of days chooses them: the page is asked for again with these days in its address.

const SVG = "http://www.w3.org/2000/svg";
/** Pixels that a finger or a mouse may move without meaning anything. */
const STILL = 4;
const HINT = "Drag over days to choose them.";

/**
 * The days that a chart shows: where they are drawn (in units of the drawing), from when on, and how many make a bar.
 * @typedef {{ svg: SVGSVGElement, left: number, width: number, top: number, height: number, bars: number, step: number,
 *   first: string, last: string }} Plot
 */

/** @typedef {{ plot: Plot, from: number, x: number, shade: SVGRectElement | null }} Drag */

/** What is being dragged. @type {Drag | null} */
let drag = null;

/** @param {Document} page where charts with `data-brush` may be, now or later */
export function brush(page) {
  page.addEventListener("pointerdown", (event) => {
    const plot = event.button === 0 ? plotAt(event) : null;
    if (!plot || !isInside(plot, event)) return;
    drag = { plot, from: barAt(plot, event), x: event.clientX, shade: null };
    plot.svg.setPointerCapture(event.pointerId);
  });
  page.addEventListener("pointermove", (event) => {
    if (drag) move(drag, event);
    const plot = drag ? drag.plot : plotAt(event);
    if (plot && !drag && !isInside(plot, event)) say(plot, HINT);
    else if (plot) tell(plot, drag?.shade ? ends(drag, event) : [barAt(plot, event), barAt(plot, event)]);
  });
  page.addEventListener("pointerup", (event) => {
    const done = drag;
    stop();
    if (done?.shade) choose(done.plot, ends(done, event));
  });
  page.addEventListener("pointercancel", stop);
  page.addEventListener("pointerout", (event) => {
    const plot = drag ? null : plotAt(event);
    if (plot) say(plot, HINT);
  });
  page.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stop();
  });
}

/** Nothing is chosen any more. */
function stop() {
  drag?.shade?.remove();
  if (drag) say(drag.plot, HINT);
  drag = null;
}

/** @param {Drag} dragged @param {PointerEvent} event */
function move(dragged, event) {
  if (!dragged.shade && Math.abs(event.clientX - dragged.x) <= STILL) return;
  const { plot } = dragged;
  if (!dragged.shade) {
    dragged.shade = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ class: "brushed", y: plot.top, height: plot.height }))
      dragged.shade.setAttribute(name, String(value));
    plot.svg.append(dragged.shade);
  }
  const [first, last] = ends(dragged, event);
  const bar = plot.width / plot.bars;
  dragged.shade.setAttribute("x", String(plot.left + first * bar));
  dragged.shade.setAttribute("width", String((last - first + 1) * bar));
}

/** The first and the last bar. @param {Drag} dragged @param {PointerEvent} event */
function ends({ plot, from }, event) {
  const to = barAt(plot, event);
  return [Math.min(from, to), Math.max(from, to)];
}

/** @param {Plot} plot @param {number[]} bars */
function choose(plot, [first, last]) {
  const address = new URL(location.href);
  const until = dayAfter(plot.first, (last + 1) * plot.step - 1);
  address.searchParams.delete("days");
  address.searchParams.set("since", dayAfter(plot.first, first * plot.step));
  address.searchParams.set("until", until < plot.last ? until : plot.last);
  location.assign(address);
}

/**
 * What the table beside the chart has of these bars, below the chart; the table itself is for those who cannot see that.
 * @param {Plot} plot @param {number[]} bars
 */
function tell(plot, [first, last]) {
  const table = plot.svg.closest("figure")?.querySelector("table");
  if (!table) return;
  const day = (/** @type {number} */ bar) => table.tBodies[0].rows[bar]?.cells[0].textContent ?? "";
  if (first !== last) {
    say(plot, `${day(first)} to ${day(last)}`);
    return;
  }
  const names = [...(table.tHead?.rows[0].cells ?? [])].map((cell) => cell.textContent ?? "");
  const cells = [...(table.tBodies[0].rows[first]?.cells ?? [])].map((cell) => cell.textContent?.trim() ?? "");
  const counts = cells.slice(1).map((count, place) => `${names[place + 1]} ${count}`);
  say(plot, `${day(first)}: ${counts.join(", ")}`);
}

/** @param {Plot} plot @param {string} text */
function say(plot, text) {
  const said = plot.svg.closest("figure")?.querySelector("[data-said]");
  if (said) said.textContent = text;
}

/** Whether a pointer is where days are drawn, not on an axis or a legend. @param {Plot} plot @param {PointerEvent} event */
function isInside(plot, event) {
  const { x, y } = at(plot, event);
  return x >= plot.left && x <= plot.left + plot.width && y >= plot.top && y <= plot.top + plot.height;
}

/** Where a pointer is, in units of the drawing. @param {Plot} plot @param {PointerEvent} event */
function at(plot, event) {
  const box = plot.svg.getBoundingClientRect();
  const scale = plot.svg.viewBox.baseVal.width / box.width;
  return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
}

/** The chart of days below a pointer. @param {PointerEvent} event @returns {Plot | null} */
function plotAt(event) {
  const region = event.target instanceof Element ? event.target.closest("[data-brush]") : null;
  const svg = event.target instanceof Element ? event.target.closest("svg") : null;
  if (!(region instanceof HTMLElement) || !svg || !region.contains(svg)) return null;
  if (event.pointerType === "touch" && region.scrollWidth > region.clientWidth) return null; // there it scrolls
  const number = (/** @type {string} */ name) => Number(region.dataset[name]);
  return {
    svg: /** @type {SVGSVGElement} */ (svg),
    left: number("left"),
    width: number("width"),
    top: number("top"),
    height: number("height"),
    bars: number("bars"),
    step: number("step"),
    first: region.dataset.first ?? "",
    last: region.dataset.last ?? "",
  };
}

/** The bar below a pointer; the nearest one beside the plot. @param {Plot} plot @param {PointerEvent} event */
function barAt(plot, event) {
  const bar = Math.floor(((at(plot, event).x - plot.left) / plot.width) * plot.bars);
  return Math.min(plot.bars - 1, Math.max(0, bar));
}

/** @param {string} day @param {number} days */
function dayAfter(day, days) {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}
