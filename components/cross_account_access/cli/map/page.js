"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const number = (element, name) => Number(element.dataset[name]);
  const normal = (text) => text.normalize("NFC").toLowerCase();
  const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

  const picture = document.getElementById("picture");
  const filter = document.getElementById("filter");
  const found = document.getElementById("found");
  const frames = all("g.home", picture).map((g) => ({
    g, rect: g.querySelector("rect.frame"), cards: all("a.card", g), column: number(g, "column"), x: number(g, "x"),
  }));
  const edges = all("path[data-way]", picture);
  const cards = new Map(frames.flatMap(({ cards }) => cards.map((card) => [card.id, card])));
  const details = new Map(all("#roles tbody tr").map((row) => [row.dataset.node, row]));
  const ways = all("#ways tbody tr").map((row) => ({
    row, from: row.dataset.from, to: row.dataset.to,
    text: normal(`${row.textContent} ${details.get(row.dataset.to).textContent}`),
  }));

  // As layout.py places them; with fewer cards shown, the rest closes up.
  const margin = number(picture, "margin");
  const { head, pad, gap, apart } = Object.fromEntries(
    ["head", "pad", "gap", "apart"].map((name) => [name, number(picture, name)]));

  function place() {
    const bottoms = new Map();
    const places = new Map();
    for (const { g, rect, cards, column, x } of frames) {
      const shown = cards.filter((card) => !card.hasAttribute("hidden"));
      g.toggleAttribute("hidden", !shown.length);
      if (!shown.length) continue;
      const y = bottoms.get(column) ?? margin;
      let at = head;
      for (const card of shown) {
        card.setAttribute("transform", `translate(${pad} ${at})`);
        places.set(card.id, { x: x + pad, y: y + at });
        at += number(card, "height") + gap;
      }
      g.setAttribute("transform", `translate(${x} ${y})`);
      rect.setAttribute("height", at - gap + pad);
      bottoms.set(column, y + at - gap + pad + apart);
    }
    const height = Math.max(0, ...[...bottoms.values()].map((bottom) => bottom - apart)) + margin;
    picture.setAttribute("height", height);
    picture.setAttribute("viewBox", `0 0 ${picture.getAttribute("width")} ${height}`);
    for (const edge of edges) {
      if (edge.hasAttribute("hidden")) continue;
      const source = cards.get(edge.dataset.from);
      const from = places.get(edge.dataset.from);
      const to = places.get(edge.dataset.to);
      const [x1, y1] = [from.x + number(source, "width"), from.y + number(source, "port")];
      const [x2, y2] = [to.x, to.y + number(edge, "port")];
      const bend = Math.max(40, Math.floor(Math.abs(x2 - x1) / 2));
      edge.setAttribute("d", `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
    }
  }

  function narrow() {
    const terms = normal(filter.value).split(/\s+/).filter(Boolean);
    const shown = ways.filter(({ text }) => terms.every((term) => text.includes(term)));
    const rows = new Set(shown.map(({ row }) => row.id));
    const principals = new Set(shown.map(({ from }) => from));
    const roles = new Set(shown.map(({ to }) => to));
    for (const { row } of ways) row.hidden = !rows.has(row.id);
    for (const [id, row] of details) row.hidden = !roles.has(id);
    for (const [id, card] of cards) card.toggleAttribute("hidden", !principals.has(id) && !roles.has(id));
    for (const edge of edges) edge.toggleAttribute("hidden", !rows.has(edge.dataset.way));
    place();
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

  function light(card) {
    for (const lit of all(".lit", picture)) lit.classList.remove("lit");
    picture.classList.toggle("lighting", Boolean(card));
    for (const edge of card ? edges : []) {
      if (![edge.dataset.from, edge.dataset.to].includes(card.id)) continue;
      for (const part of [edge, cards.get(edge.dataset.from), cards.get(edge.dataset.to)]) part.classList.add("lit");
    }
  }
  // Not at the picture itself: an svg that listens for the focus takes it, in Chromium.
  for (const [start, end] of [["focusin", "focusout"], ["mouseover", "mouseout"]]) {
    picture.parentNode.addEventListener(start, (event) => light(event.target.closest("a.card")));
    picture.parentNode.addEventListener(end, () => light(null));
  }

  document.getElementById("search").hidden = false;
  found.textContent = narrow();
})();
