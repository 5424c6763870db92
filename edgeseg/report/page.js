"use strict";

// Dark or light: as the system says, until somebody presses the button.
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.style.colorScheme || (system.matches ? "dark" : "light")) === "dark";
  const say = () => { button.textContent = isDark() ? "Light colours" : "Dark colours"; };
  button.addEventListener("click", () => {
    root.style.colorScheme = isDark() ? "light" : "dark";
    say();
  });
  system.addEventListener("change", say);
  button.hidden = false;
  say();
})();

// Charts: what a mark says is shown at the pointer and at the keyboard's focus. One stop of the tab key for
// each chart; arrows go from mark to mark.
(() => {
  const tip = document.getElementById("tip");
  const centre = (mark) => {
    const box = mark.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const show = (mark, marks) => {
    const [x, y] = centre(mark);
    // Files that cost and find the same lie upon another: all are named.
    const near = marks.filter((other) => {
      const [a, b] = centre(other);
      return Math.hypot(a - x, b - y) < 5;
    });
    tip.textContent = near.map((each) => each.getAttribute("aria-label")).join("\n");
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const above = y - box.height - 14;
    tip.style.left = `${scrollX + Math.max(4, Math.min(x - box.width / 2, innerWidth - box.width - 4))}px`;
    tip.style.top = `${scrollY + (above > 4 ? above : y + 14)}px`;
  };
  const hide = () => { tip.hidden = true; };
  for (const chart of document.querySelectorAll(".chart svg")) {
    const marks = [...chart.querySelectorAll("path[aria-label]")];
    const stop = (at) => marks.forEach((mark, index) => mark.setAttribute("tabindex", index === at ? 0 : -1));
    stop(0);
    marks.forEach((mark, index) => {
      mark.addEventListener("pointerenter", () => show(mark, marks));
      mark.addEventListener("pointerleave", hide);
      mark.addEventListener("focus", () => { stop(index); show(mark, marks); });
      mark.addEventListener("blur", hide);
      mark.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (event.key === "Escape") hide();
        if (!step) return;
        event.preventDefault();
        marks[(index + step + marks.length) % marks.length].focus();
      });
    });
  }
})();

// The table of rows: a press on a header sorts by it, a second one turns the order round; empty cells stay
// last. The form above filters.
(() => {
  const value = (row, column) => row.cells[column].dataset.value;
  const compare = (a, b) => (a !== "" && b !== "" && !isNaN(a) && !isNaN(b) ? a - b : a.localeCompare(b));

  const sort = (table, header) => {
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const each of header.parentNode.cells) each.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const column = header.cellIndex;
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      if (x === "" || y === "") return (x === "") - (y === "");
      return down ? compare(y, x) : compare(x, y);
    });
    table.tBodies[0].append(...rows);
  };

  const filter = (table, form) => {
    const wanted = new FormData(form);
    const text = wanted.get("text").trim().toLowerCase();
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) {
      const name = row.cells[0];
      const words = `${name.textContent} ${name.title} ${row.dataset.runtime}`.toLowerCase();
      row.hidden = !words.includes(text)
        || (wanted.get("runtime") && wanted.get("runtime") !== row.dataset.runtime)
        || (wanted.get("threads") && wanted.get("threads") !== row.dataset.threads)
        || (wanted.has("front") && !row.dataset.front);
    }
    table.classList.toggle("main", !wanted.has("all"));
    const shown = rows.filter((row) => !row.hidden).length;
    form.querySelector("output").textContent = `${shown} of ${rows.length} rows`;
  };

  for (const table of document.querySelectorAll("table.rows")) {
    for (const header of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sort(table, header));
    }
    const form = table.closest("section").querySelector(".filter");
    for (const kind of ["input", "change"]) form.addEventListener(kind, () => filter(table, form));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    filter(table, form);
  }
})();
