"use strict";
// A circuit too large for a drawing: a matrix of its edges on a canvas, and a graph of the part that is selected.
(() => {
  const MOST_DRAWN = 400;
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = id => document.getElementById(id);
  const links = data.links.filter(link => link.kind === "EDGE");
  const writers = [...new Set(links.map(l => l.from))].sort((a, b) => a - b);
  const readers = [...new Set(links.map(l => l.to))].sort((a, b) => a - b);
  const column = new Map(writers.map((n, i) => [n, i]));
  const row = new Map(readers.map((n, i) => [n, i]));
  const name = n => data.nodes[n].name;
  // "a9" of a9.h6.q and "m3" of m3: parts that belong together in the matrix
  const part = n => name(n).replace(/\..*/, "");

  links.sort((a, b) => (b.key ?? -Infinity) - (a.key ?? -Infinity));
  const at = new Map(links.map((link, i) => [column.get(link.from) + row.get(link.to) * writers.length, i]));
  const state = { strongest: Infinity, cursor: null, brush: null, selected: null };

  // ---- the matrix

  const canvas = document.querySelector("canvas");
  const LEFT = 64;
  const TOP = 34;
  let size = { w: 0, h: 0 };
  const x = c => LEFT + (size.w - LEFT) * c / writers.length;
  const y = r => TOP + (size.h - TOP) * r / readers.length;
  const colour = property => getComputedStyle(document.documentElement).getPropertyValue(property).trim();

  // The edges and the axes, painted again where they look otherwise: tens of thousands of rectangles take longer than a frame.
  const edges = document.createElement("canvas");
  let painted = null;

  function paint() {
    const box = canvas.getBoundingClientRect();
    const scale = devicePixelRatio || 1;
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    size = { w: box.width, h: box.height };
    const looks = [box.width, box.height, scale, dark, state.strongest].join(" ");
    if (looks !== painted) {
      painted = looks;
      paintEdges(contextOf(edges, scale), dark);
    }
    const g = contextOf(canvas, scale);
    if (edges.width > 0 && edges.height > 0) { g.drawImage(edges, 0, 0, edges.width / scale, edges.height / scale); }
    const marked = state.brush || state.selected || state.cursor && { c0: state.cursor.c, r0: state.cursor.r, c1: state.cursor.c, r1: state.cursor.r };
    if (marked) {
      g.strokeStyle = colour("--mark");
      g.lineWidth = 2;
      g.strokeRect(x(marked.c0), y(marked.r0), Math.max(3, x(marked.c1 + 1) - x(marked.c0)), Math.max(3, y(marked.r1 + 1) - y(marked.r0)));
    }
  }

  // Of an empty canvas of the matrix's size.
  function contextOf(on, scale) {
    on.width = size.w * scale;
    on.height = size.h * scale;
    const g = on.getContext("2d");
    g.setTransform(scale, 0, 0, scale, 0, 0);
    return g;
  }

  function paintEdges(g, dark) {
    const count = Math.min(links.length, state.strongest);
    const w = Math.max(0.8, (size.w - LEFT) / writers.length);
    const h = Math.max(0.8, (size.h - TOP) / readers.length);
    for (let i = count - 1; i >= 0; i--) { // the strongest on top
      const share = links[i].strength === null ? 0.5 : 1 - i / links.length;
      g.fillStyle = dark ? `hsl(205 75% ${20 + 58 * share}%)` : `hsl(212 72% ${90 - 62 * share}%)`;
      g.fillRect(x(column.get(links[i].from)), y(row.get(links[i].to)), w, h);
    }
    g.strokeStyle = colour("--rule");
    g.fillStyle = colour("--quiet");
    g.font = "10px sans-serif";
    g.lineWidth = 0.6;
    axis(writers, (label, from, to, lines) => {
      if (lines) { line(g, x(from), TOP - 14, x(from), size.h); }
      if (x(to) - x(from) > g.measureText(label).width) { g.fillText(label, x(from) + 2, TOP - 4); }
    });
    axis(readers, (label, from, to) => {
      line(g, 0, y(from), size.w, y(from));
      if (y(to) - y(from) > 9) { g.fillText(label, 2, (y(from) + y(to)) / 2 + 3); }
    });
    g.fillText("writers", LEFT, 10);
  }

  function line(g, x0, y0, x1, y1) {
    g.beginPath();
    g.moveTo(x0, y0);
    g.lineTo(x1, y1);
    g.stroke();
  }

  // Calls back for each run of nodes of one layer's attention or MLP.
  function axis(nodes, each) {
    let from = 0;
    for (let i = 1; i <= nodes.length; i++) {
      if (i === nodes.length || part(nodes[i]) !== part(nodes[from])) {
        each(part(nodes[from]), from, i, i - from > 1);
        from = i;
      }
    }
  }

  function cell(event) {
    const box = canvas.getBoundingClientRect();
    const c = Math.floor((event.clientX - box.left - LEFT) / (size.w - LEFT) * writers.length);
    const r = Math.floor((event.clientY - box.top - TOP) / (size.h - TOP) * readers.length);
    return { c: clamp(c, writers), r: clamp(r, readers), outside: c < 0 || r < 0 };
  }
  const clamp = (i, list) => Math.max(0, Math.min(list.length - 1, i));
  const rectangle = (a, b) => ({ c0: Math.min(a.c, b.c), r0: Math.min(a.r, b.r), c1: Math.max(a.c, b.c), r1: Math.max(a.r, b.r) });

  function edgesOf(selection) {
    const count = Math.min(links.length, state.strongest);
    if (!selection) { return []; }
    return links.slice(0, count).filter(link => {
      if (selection.nodes) { return selection.nodes.has(headOf(link.from)) || selection.nodes.has(headOf(link.to)); }
      const c = column.get(link.from);
      const r = row.get(link.to);
      return c >= selection.c0 && c <= selection.c1 && r >= selection.r0 && r <= selection.r1;
    });
  }

  // ---- the graph of a selection: rows are layers, heads stand for their Q, K and V

  const headOf = n => name(n).replace(/\.[qkv]$/, "");
  const kind = n => (name(n).match(/\.([qkv])$/) || ["", "o"])[1];

  // 2 l for attention and 2 l + 1 for the MLP of layer l; embeddings before, the output after all
  function level(node) {
    const match = node.match(/^([am])(\d+)/);
    return match ? 2 * +match[2] + (match[1] === "m" ? 1 : 0) : node === "resid_post" ? Infinity : -1;
  }

  function drawGraph() {
    const all = edgesOf(state.selected);
    const shown = all.slice(0, MOST_DRAWN);
    const nodes = [...new Set(shown.flatMap(l => [headOf(l.from), headOf(l.to)]))];
    const levels = [...new Set(nodes.map(level))].sort((a, b) => a - b);
    const rows = levels.map(l => nodes.filter(n => level(n) === l).sort((a, b) => a.localeCompare(b, "en", { numeric: true })));
    const widest = Math.max(1, ...rows.map(r => r.length));
    const width = Math.max(byId("graph").clientWidth - 20, widest * 46);
    const height = Math.max(1, rows.length) * 52;
    const place = new Map();
    rows.forEach((r, i) => r.forEach((n, j) => place.set(n, { x: width * (j + 0.5) / r.length, y: 20 + i * 52 })));
    const ns = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(ns, "svg");
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    const add = (parent, tag, attributes) => {
      const element = document.createElementNS(ns, tag);
      Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
      parent.append(element);
      return element;
    };
    shown.slice().reverse().forEach(link => {
      const a = place.get(headOf(link.from));
      const b = place.get(headOf(link.to));
      const share = 1 - shown.indexOf(link) / shown.length;
      const path = add(svg, "path", {
        d: `M${a.x} ${a.y + 8}C${a.x} ${a.y + 30} ${b.x} ${b.y - 30} ${b.x} ${b.y - 8}`,
        class: kind(link.to), "stroke-width": 0.6 + 2 * share, "stroke-opacity": 0.3 + 0.6 * share });
      add(path, "title", {}).textContent = edgeText(link);
    });
    nodes.forEach(n => {
      const g = add(svg, "g", { tabindex: "0", role: "button", "aria-label": n });
      const at = place.get(n);
      add(g, "rect", { x: at.x - 20, y: at.y - 8, width: 40, height: 16, rx: 3 });
      add(g, "text", { x: at.x, y: at.y + 3, "text-anchor": "middle" }).textContent = n;
      const chooseNode = () => select({ nodes: new Set([n]) }, n);
      g.addEventListener("click", chooseNode);
      g.addEventListener("keydown", event => { if (event.key === "Enter") { chooseNode(); } });
    });
    const key = document.createElement("p");
    key.className = "key";
    [["q", "into Q"], ["k", "into K"], ["v", "into V"], ["o", "into MLPs and the output"]].forEach(([c, text]) => {
      const span = document.createElement("span");
      span.className = c;
      span.textContent = text;
      key.append(span);
    });
    byId("graph").replaceChildren(...all.length ? [key, svg] : []);
    const total = Math.min(links.length, state.strongest);
    byId("shown").textContent = total + " of " + links.length + " edges shown"
      + (state.selected ? "; selected " + all.length + (all.length > MOST_DRAWN ? ", the strongest " + MOST_DRAWN + " drawn" : "") : "");
  }

  const edgeText = link => name(link.from) + " \u2192 " + name(link.to) + (link.strength === null ? "" : "\nscore " + link.strength.toFixed(4));

  function select(selection, label) {
    state.selected = selection;
    byId("info").textContent = selection === null ? byId("info").dataset.help
      : label || [writers[selection.c0], writers[selection.c1]].map(name).join(" to ") + " \u2192 " + [readers[selection.r0], readers[selection.r1]].map(name).join(" to ");
    if (selection && selection.nodes) { state.selected.c0 = undefined; }
    drawGraph();
    paintSoon();
  }

  let waiting = false;
  function paintSoon() {
    if (!waiting) {
      waiting = true;
      requestAnimationFrame(() => { waiting = false; paint(); });
    }
  }

  // ---- pointer, keyboard, controls

  let press = null;
  canvas.addEventListener("pointerdown", event => {
    if (event.button !== 0) { return; }
    press = cell(event);
    state.brush = rectangle(press, press);
    paintSoon();
  });
  window.addEventListener("pointermove", event => {
    if (press) {
      state.brush = rectangle(press, cell(event));
      paintSoon();
    }
  });
  window.addEventListener("pointerup", event => {
    if (!press) { return; }
    const brush = rectangle(press, cell(event));
    press = null;
    state.brush = null;
    select(brush);
  });
  canvas.addEventListener("pointermove", event => {
    const tip = byId("tip");
    const { c, r, outside } = cell(event);
    const i = at.get(c + r * writers.length);
    tip.style.display = outside || press ? "none" : "block";
    tip.textContent = i === undefined || i >= state.strongest ? name(writers[c]) + " \u2192 " + name(readers[r]) + ": not in the circuit" : edgeText(links[i]);
    tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 4) + "px";
    tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 4) + "px";
  });
  canvas.addEventListener("pointerleave", () => { byId("tip").style.display = "none"; });
  canvas.addEventListener("keydown", event => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const now = state.cursor || { c: 0, r: 0 };
    if (step) {
      event.preventDefault();
      state.selected = null;
      state.cursor = { c: clamp(now.c + step[0], writers), r: clamp(now.r + step[1], readers) };
      byId("info").textContent = name(writers[state.cursor.c]) + " \u2192 " + name(readers[state.cursor.r]);
      paintSoon();
    } else if (event.key === "Enter") {
      const same = (nodes, i) => nodes.map((n, k) => [part(n), k]).filter(([p]) => p === part(nodes[i])).map(([, k]) => k);
      const cs = same(writers, now.c);
      const rs = same(readers, now.r);
      select({ c0: cs[0], c1: cs.at(-1), r0: rs[0], r1: rs.at(-1) });
    }
  });
  byId("search").addEventListener("input", event => {
    const query = event.target.value.trim().toLowerCase();
    const nodes = new Set(data.nodes.map(n => n.name.replace(/\.[qkv]$/, "")).filter(n => query && n.toLowerCase().includes(query)));
    select(nodes.size ? { nodes } : null, query + ": " + nodes.size + (nodes.size === 1 ? " node" : " nodes") + " found");
  });
  byId("strongest").addEventListener("input", event => {
    state.strongest = +event.target.value >= 1 ? +event.target.value : Infinity;
    drawGraph();
    paintSoon();
  });
  const clear = () => { byId("search").value = ""; state.cursor = null; select(null); };
  byId("clear").addEventListener("click", clear);
  document.addEventListener("keydown", event => { if (event.key === "Escape") { clear(); } });
  new ResizeObserver(paintSoon).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintSoon);

  byId("info").dataset.help = byId("info").textContent;
  drawGraph();
  paint();
})();
