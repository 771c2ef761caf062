"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const normal = (text) => text.normalize("NFC").toLowerCase();
  const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

  const picture = document.getElementById("picture");
  const filter = document.getElementById("filter");
  const found = document.getElementById("found");
  const callers = all("a.caller", picture);
  const lines = all(".line", picture);
  const details = new Map(all("#roles tbody tr").map((row) => [row.dataset.node, row]));
  const ways = all("#ways tbody tr").map((row) => ({
    row, from: row.dataset.from, to: row.dataset.to,
    text: normal(`${row.textContent} ${details.get(row.dataset.to).textContent}`),
  }));

  function narrow() {
    const terms = normal(filter.value).split(/\s+/).filter(Boolean);
    const shown = ways.filter(({ text }) => terms.every((term) => text.includes(term)));
    const rows = new Set(shown.map(({ row }) => row.id));
    const principals = new Set(shown.map(({ from }) => from));
    const roles = new Set(shown.map(({ to }) => to));
    for (const { row } of ways) row.hidden = !rows.has(row.id);
    for (const [id, row] of details) row.hidden = !roles.has(id);
    for (const caller of callers) caller.parentNode.hidden = !rows.has(caller.dataset.way);
    for (const part of all(".callers .home, .line, .card, section.home", picture)) {
      part.hidden = !part.querySelector("li:not([hidden])");
    }
    if (!terms.length) return `All ${ways.length} shown.`;
    const whose = `${counted(principals.size, "principal")}, ${counted(roles.size, "role")}`;
    return `${shown.length} of ${ways.length} shown: ${whose}.`;
  }

  // A pause, so that a screen reader tells the count once and not at every letter.
  let pause;
  filter.addEventListener("input", () => {
    const status = narrow();
    clearTimeout(pause);
    pause = setTimeout(() => { found.textContent = status; }, 300);
  });
  filter.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !filter.value) return;
    event.preventDefault();
    filter.value = "";
    filter.dispatchEvent(new Event("input"));
  });

  // A principal or role lights its lines, wherever it is on them.
  function light(part) {
    const node = part && (part.dataset.node ?? part.closest(".card").id);
    picture.classList.toggle("lighting", Boolean(node));
    for (const line of lines) {
      const own = line.parentNode.id === node;
      for (const caller of all("a.caller", line)) caller.classList.toggle("lit", own || caller.dataset.node === node);
      line.classList.toggle("lit", Boolean(node) && (own || Boolean(line.querySelector(".lit"))));
    }
  }
  for (const [start, end] of [["focusin", "focusout"], ["mouseover", "mouseout"]]) {
    picture.addEventListener(start, (event) => light(event.target.closest("a.caller, .role")));
    picture.addEventListener(end, () => light(null));
  }

  document.getElementById("search").hidden = false;
  found.textContent = narrow();
})();
