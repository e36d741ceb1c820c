// Arrow keys walk from task to task in the drawing of a graph.

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @param {ParentNode} root where to look for graphs */
export function graphs(root) {
  root.addEventListener("keydown", (/** @type {any} */ event) => {
    const step = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
    const from = event.target instanceof Element ? event.target.closest("[data-module=graph] .node") : null;
    if (!step || !from || event.altKey || event.ctrlKey || event.metaKey) return;
    const next = nearest(from, step);
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
}

/**
 * The nearest task in a direction: first in the same row or column, then beside it.
 * @param {Element} from @param {number[]} step @returns {SVGAElement | null}
 */
function nearest(from, [right, down]) {
  const at = place(from);
  let best = null;
  let least = Infinity;
  for (const node of from.closest("svg")?.querySelectorAll(".node") ?? []) {
    const to = place(node);
    const ahead = (to.column - at.column) * right + (to.row - at.row) * down;
    const beside = Math.abs((to.column - at.column) * down) + Math.abs((to.row - at.row) * right);
    const far = ahead + beside * 100;
    if (ahead > 0 && far < least) [best, least] = [node, far];
  }
  return /** @type {SVGAElement | null} */ (best);
}

/** @param {Element} node */
function place(node) {
  return { column: Number(node.getAttribute("data-column")), row: Number(node.getAttribute("data-line")) };
}
