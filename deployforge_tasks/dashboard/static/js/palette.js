// Ctrl K or ⌘ K: go to any page, platform, run or action by some letters of its name.

/** @typedef {{ kind: string, name: string, path: string }} Destination */

const MOST = 50;

export function palette() {
  const button = document.querySelector("[data-palette]");
  if (!(button instanceof HTMLElement)) return;
  button.hidden = false;
  button.addEventListener("click", () => new Palette().open());
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (!document.querySelector("dialog[open]")) new Palette().open();
  });
}

class Palette {
  constructor() {
    /** @type {Destination[]} */ this.all = [];
    /** @type {Destination[]} */ this.shown = [];
    this.chosen = 0;
    this.before = /** @type {HTMLElement | null} */ (document.activeElement);
    this.dialog = document.createElement("dialog");
    this.dialog.className = "palette";
    this.dialog.setAttribute("aria-label", "Go to");
    this.field = document.createElement("input");
    this.list = document.createElement("ul");
    const field = { role: "combobox", "aria-label": "Page, platform, run or action", "aria-controls": "palette-list",
      "aria-expanded": "true", "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false" };
    for (const [name, value] of Object.entries(field)) this.field.setAttribute(name, value);
    this.list.id = "palette-list";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Places");
    this.count = document.createElement("p");
    this.count.className = "sr";
    this.count.setAttribute("role", "status");
    this.dialog.append(this.field, this.list, this.count);
  }

  async open() {
    document.body.append(this.dialog);
    this.dialog.addEventListener("close", () => {
      this.dialog.remove();
      this.before?.focus();
    });
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.field.addEventListener("input", () => this.filter());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.dialog.showModal();
    this.field.focus();
    try {
      const answer = await fetch("/palette.json", { headers: { Accept: "application/json" } });
      this.all = answer.ok ? await answer.json() : [];
    } catch {
      this.count.textContent = "The dashboard does not answer";
    }
    this.filter();
  }

  filter() {
    const words = this.field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (/** @type {Destination} */ one) => words.every((word) => `${one.name} ${one.kind}`.toLowerCase().includes(word));
    this.shown = this.all.filter(has).slice(0, MOST);
    this.list.replaceChildren(...this.shown.map((one, place) => this.option(one, place)));
    this.count.textContent = `${this.shown.length} places`;
    this.choose(0);
  }

  /** @param {Destination} one @param {number} place */
  option(one, place) {
    const item = document.createElement("li");
    item.id = `palette-${place}`;
    item.setAttribute("role", "option");
    const kind = Object.assign(document.createElement("span"), { className: "dim", textContent: one.kind });
    item.append(Object.assign(document.createElement("span"), { textContent: one.name }), kind);
    item.addEventListener("click", () => location.assign(one.path));
    return item;
  }

  /** @param {number} place */
  choose(place) {
    const options = [...this.list.children];
    this.chosen = options.length ? (place + options.length) % options.length : 0;
    options.forEach((item, number) => item.setAttribute("aria-selected", String(number === this.chosen)));
    if (options.length) {
      this.field.setAttribute("aria-activedescendant", `palette-${this.chosen}`);
      options[this.chosen].scrollIntoView({ block: "nearest" });
    } else this.field.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "ArrowDown") this.choose(this.chosen + 1);
    else if (event.key === "ArrowUp") this.choose(this.chosen - 1);
    else if (event.key === "Enter" && this.shown[this.chosen]) location.assign(this.shown[this.chosen].path);
    else return;
    event.preventDefault();
  }
}
