"use strict";
// The picture is the SVG that is already on the page; this script only shows, hides, dims and moves.
// data.nodes[i] and data.links[i] belong to the elements with data-i="i" and class node or edge.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = id => document.getElementById(id);
  const svg = document.querySelector("#stage svg");
  const edgeElements = indexed(".edge");
  const nodeElements = indexed(".node");
  const linksOut = data.nodes.map(() => []);
  const linksIn = data.nodes.map(() => []);
  data.links.forEach((link, i) => {
    linksOut[link.from].push(i);
    linksIn[link.to].push(i);
  });

  function indexed(selector) {
    const list = [];
    svg.querySelectorAll(selector).forEach(e => { list[+e.dataset.i] = e; });
    return list;
  }

  // ---- what is shown: the threshold hides, a chosen node or a search dims the rest

  const strengths = [...new Set(data.links.map(l => l.key).filter(s => s !== null))].sort((a, b) => a - b);
  const state = { threshold: -Infinity, strongest: Infinity, collapsed: false, chosen: -1, query: "" };
  // edges by falling score; those without one come last
  const ranked = data.links.map((_, i) => i).filter(i => data.links[i].kind === "EDGE")
    .sort((a, b) => (data.links[b].key ?? -Infinity) - (data.links[a].key ?? -Infinity));
  const rank = [];
  ranked.forEach((link, i) => { rank[link] = i; });
  // a head's input, where it is a cell of one head: its head; a node itself otherwise
  const owner = data.nodes.map((node, n) => {
    const heads = linksOut[n].filter(i => data.links[i].kind === "HEAD_INPUT");
    return heads.length === 1 && data.nodes[n].cell ? data.links[heads[0]].to : n;
  });

  // Which links and nodes the threshold leaves; links inside heads and from constants follow their nodes.
  function visible() {
    const passes = (link, i) => (link.key === null || link.key >= state.threshold) && rank[i] < state.strongest;
    const links = data.links.map((link, i) => link.kind === "EDGE" && passes(link, i));
    if (state.collapsed) {
      // of the edges from one writer into one head, the strongest
      const seen = new Set();
      for (const i of ranked) {
        const pair = data.links[i].from + ">" + owner[data.links[i].to];
        if (links[i] && seen.has(pair)) { links[i] = false; }
        if (links[i]) { seen.add(pair); }
      }
    }
    const all = state.threshold === -Infinity && state.strongest === Infinity;
    const nodes = data.nodes.map((_, n) => all || linksOut[n].some(i => links[i]) || linksIn[n].some(i => links[i]));
    data.links.forEach((link, i) => {
      if (link.kind === "HEAD_INPUT" && nodes[link.from]) { links[i] = nodes[link.to] = true; }
    });
    data.links.forEach((link, i) => {
      if (link.kind === "CONSTANT" && nodes[link.to]) { links[i] = nodes[link.from] = true; }
    });
    return { links, nodes };
  }

  // All links and nodes that are reached from a node along shown links.
  function follow(start, next, end, shown) {
    const links = new Set();
    const nodes = new Set([start]);
    const todo = [start];
    while (todo.length) {
      for (const i of next[todo.pop()]) {
        if (!shown.links[i]) { continue; }
        links.add(i);
        const node = data.links[i][end];
        if (!nodes.has(node)) { nodes.add(node); todo.push(node); }
      }
    }
    return { links, nodes };
  }

  function found() {
    const named = node => [node.name, ...Object.values(notes[node.name] || {})].join(" ").toLowerCase();
    return data.nodes.map((_, n) => n).filter(n => named(data.nodes[n]).includes(state.query));
  }

  function render() {
    const shown = visible();
    let up = null;
    let down = null;
    let matches = null;
    let near = null;
    if (state.chosen >= 0) {
      up = follow(state.chosen, linksIn, "from", shown);
      down = follow(state.chosen, linksOut, "to", shown);
    } else if (state.query || state.members) {
      matches = state.members || new Set(found());
      const touching = data.links.filter((l, i) => shown.links[i] && (matches.has(l.from) || matches.has(l.to)));
      near = new Set([...matches, ...touching.flatMap(l => [l.from, l.to])]);
    }
    const selecting = up !== null || matches !== null;
    edgeElements.forEach((element, i) => {
      const isUp = up !== null && up.links.has(i);
      const isDown = down !== null && down.links.has(i);
      const lit = isUp || isDown || matches !== null && (matches.has(data.links[i].from) || matches.has(data.links[i].to));
      element.classList.toggle("off", !shown.links[i]);
      hits[i].classList.toggle("off", !shown.links[i]);
      element.classList.toggle("up", isUp);
      element.classList.toggle("down", isDown);
      element.classList.toggle("lit", selecting && lit);
      element.classList.toggle("dim", selecting && !lit);
    });
    nodeElements.forEach((element, n) => {
      const lit = up !== null ? up.nodes.has(n) || down.nodes.has(n) : near !== null && near.has(n);
      element.classList.toggle("off", !shown.nodes[n]);
      element.classList.toggle("dim", selecting && !lit);
      element.classList.toggle("chosen", n === state.chosen || matches !== null && matches.has(n));
    });
    describe(shown, up, down, matches);
  }

  function describe(shown, up, down, matches) {
    const total = data.links.filter(l => l.kind === "EDGE").length;
    const count = data.links.filter((l, i) => l.kind === "EDGE" && shown.links[i]).length;
    const limit = strengths.length ? strengths[+byId("strength").value].toFixed(3) + ": " : "";
    byId("shown").textContent = limit + count + " of " + total + (state.collapsed ? " edges, collapsed" : " edges shown");
    const info = byId("info");
    info.replaceChildren();
    const say = (text, tag, name) => {
      const element = document.createElement(tag);
      element.textContent = text;
      if (name) { element.className = name; }
      info.append(element);
    };
    if (up !== null) {
      say(data.nodes[state.chosen].name, "b");
      say(": " + (up.nodes.size - 1) + " nodes ", "span");
      say("upstream", "span", "up");
      say(", " + (down.nodes.size - 1) + " ", "span");
      say("downstream", "span", "down");
    } else if (matches !== null) {
      say(matches.size + (matches.size === 1 ? " node" : " nodes") + " found", "span");
    }
  }

  function choose(node) {
    state.chosen = node === state.chosen ? -1 : node;
    state.query = byId("search").value = "";
    openNote();
    render();
  }

  function clear() {
    state.chosen = -1;
    state.query = byId("search").value = "";
    openNote();
    render();
  }

  // ---- pins, groups, names and notes: kept in the page that "Save" writes

  const notes = JSON.parse(byId("notes").textContent);
  const fields = ["alias", "group", "remark"];

  function openNote() {
    byId("note").classList.toggle("open", state.chosen >= 0);
    if (state.chosen < 0) { return; }
    const name = data.nodes[state.chosen].name;
    const note = notes[name] || {};
    byId("noteName").textContent = name;
    byId("pin").checked = note.pin === true;
    fields.forEach(field => { byId(field).value = note[field] || ""; });
  }

  function keepNote() {
    const note = {};
    if (byId("pin").checked) { note.pin = true; }
    fields.forEach(field => { if (byId(field).value.trim()) { note[field] = byId(field).value.trim(); } });
    const name = data.nodes[state.chosen].name;
    if (Object.keys(note).length) { notes[name] = note; } else { delete notes[name]; }
    showNotes();
    render();
  }

  // A button for each pinned node and for each group, and the names in the picture.
  function showNotes() {
    byId("notes").textContent = JSON.stringify(notes).replaceAll("<", "\\u003c");
    const groups = new Map();
    data.nodes.forEach((node, n) => {
      const note = notes[node.name] || {};
      nodeElements[n].classList.toggle("pinned", note.pin === true || note.group !== undefined);
      const label = nodeElements[n].querySelector("text");
      label.dataset.name ??= label.textContent;
      label.textContent = note.alias || label.dataset.name;
      const key = note.group ? "group " + note.group : note.pin ? note.alias || node.name : null;
      if (key !== null) { groups.set(key, (groups.get(key) || []).concat(n)); }
    });
    byId("pins").replaceChildren(...[...groups].map(([key, nodes]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = key + (nodes.length > 1 ? " (" + nodes.length + ")" : "");
      button.addEventListener("click", () => {
        if (nodes.length === 1) { choose(nodes[0]); } else { state.chosen = -1; openNote(); state.members = new Set(nodes); render(); state.members = null; }
      });
      return button;
    }));
  }
  byId("note").addEventListener("input", keepNote);
  byId("note").addEventListener("submit", event => event.preventDefault());
  byId("save").addEventListener("click", () => {
    clear();
    byId("pins").replaceChildren();
    const copy = document.documentElement.cloneNode(true);
    copy.querySelectorAll(".hit").forEach(hit => hit.remove());
    showNotes();
    const link = document.createElement("a");
    const address = URL.createObjectURL(new Blob(["<!DOCTYPE html>\n" + copy.outerHTML + "\n"], { type: "text/html" }));
    link.setAttribute("href", address);
    link.download = (document.title || "circuit").replace(/[^\w.-]+/g, "-") + ".html";
    link.click();
    URL.revokeObjectURL(address);
  });

  // ---- view: pan and zoom move the viewBox

  const whole = { x: 0, y: 0, w: svg.viewBox.baseVal.width, h: svg.viewBox.baseVal.height };
  let view = { ...whole };

  function look(next) {
    view = next;
    svg.setAttribute("viewBox", [view.x, view.y, view.w, view.h].join(" "));
  }

  function inPicture(clientX, clientY) {
    return new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM().inverse());
  }

  function zoom(factor, at) {
    const w = Math.min(whole.w * 4, Math.max(whole.w / 200, view.w * factor));
    const scale = w / view.w;
    look({ x: at.x - (at.x - view.x) * scale, y: at.y - (at.y - view.y) * scale, w, h: view.h * scale });
  }

  function showNode(node) {
    const box = nodeElements[node].getBBox();
    const w = Math.min(view.w, 600);
    const h = w * view.h / view.w;
    look({ x: box.x + box.width / 2 - w / 2, y: box.y + box.height / 2 - h / 2, w, h });
  }

  // ---- thin lines are hard to point at: each gets a wide invisible one

  const hits = edgeElements.map((edge, i) => {
    const hit = document.createElementNS("http://www.w3.org/2000/svg", "path");
    hit.setAttribute("d", edge.getAttribute("d"));
    hit.setAttribute("class", "hit");
    hit.dataset.i = i;
    return hit;
  });
  if (nodeElements.length) { nodeElements[0].before(...hits); }
  // the browser's own tooltips would come on top of ours
  svg.querySelectorAll(".node > title, .edge > title").forEach(title => title.remove());

  function tipText(element) {
    const i = +element.dataset.i;
    if (element.classList.contains("hit")) {
      const link = data.links[i];
      const score = link.strength === null ? "" : "\nscore " + link.strength.toFixed(4);
      return data.nodes[link.from].name + " \u2192 " + data.nodes[link.to].name + score;
    }
    const circuit = list => list.filter(l => data.links[l].kind === "EDGE" && !edgeElements[l].classList.contains("off")).length;
    // what a head reads is what its query, key and value read
    const inputs = linksIn[i].filter(l => data.links[l].kind === "HEAD_INPUT").map(l => data.links[l].from);
    const into = circuit([i, ...inputs].flatMap(n => linksIn[n]));
    const note = notes[data.nodes[i].name] || {};
    const said = [note.alias, note.group && "group " + note.group, note.remark].filter(Boolean);
    return [data.nodes[i].name, data.nodes[i].type, into + (into === 1 ? " edge in, " : " edges in, ") + circuit(linksOut[i]) + " out", ...said].join("\n");
  }

  function hot(element, on) {
    const i = +element.dataset.i;
    const links = element.classList.contains("hit") ? [i] : linksIn[i].concat(linksOut[i]);
    links.forEach(l => edgeElements[l].classList.toggle("hot", on));
  }

  const pointed = event => event.target.closest(".node, .hit");

  svg.addEventListener("pointerover", event => {
    const element = pointed(event);
    if (!element) { return; }
    hot(element, true);
    const tip = byId("tip");
    tip.textContent = tipText(element);
    tip.style.display = "block";
    tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 4) + "px";
    tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 4) + "px";
  });
  svg.addEventListener("pointerout", event => {
    const element = pointed(event);
    if (element) { hot(element, false); }
    byId("tip").style.display = "none";
  });

  // ---- a press that does not move is a click, one that moves pans

  let press = null;
  svg.addEventListener("pointerdown", event => {
    if (event.button !== 0) { return; }
    press = { x: event.clientX, y: event.clientY, at: inPicture(event.clientX, event.clientY), moved: false, target: event.target };
  });
  window.addEventListener("pointermove", event => {
    if (!press) { return; }
    press.moved = press.moved || Math.hypot(event.clientX - press.x, event.clientY - press.y) > 4;
    if (press.moved) {
      byId("stage").classList.add("moving");
      const now = inPicture(event.clientX, event.clientY);
      look({ ...view, x: view.x + press.at.x - now.x, y: view.y + press.at.y - now.y });
    }
  });
  window.addEventListener("pointerup", () => {
    if (press && !press.moved) {
      const node = press.target.closest(".node");
      if (node) { choose(+node.dataset.i); } else { clear(); }
    }
    press = null;
    byId("stage").classList.remove("moving");
  });
  window.addEventListener("pointercancel", () => { press = null; });
  svg.addEventListener("wheel", event => {
    event.preventDefault();
    zoom(Math.exp(event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0015)), inPicture(event.clientX, event.clientY));
  }, { passive: false });

  // ---- controls

  const search = byId("search");
  let visited = -1;
  search.addEventListener("input", () => {
    state.chosen = -1;
    state.query = search.value.trim().toLowerCase();
    visited = -1;
    render();
  });
  search.addEventListener("keydown", event => {
    // Enter goes from match to match
    if (event.key === "Enter" && state.query) {
      const nodes = found();
      if (nodes.length) { visited = (visited + 1) % nodes.length; showNode(nodes[visited]); }
    }
  });
  const slider = byId("strength");
  if (data.ranking === "ABSOLUTE") { slider.parentNode.firstChild.data = "Edges with |score| at least "; }
  slider.max = Math.max(0, strengths.length - 1);
  slider.disabled = strengths.length === 0;
  slider.title = strengths.length ? "" : "this circuit was drawn without scores of its edges";
  slider.addEventListener("input", () => {
    state.threshold = +slider.value === 0 ? -Infinity : strengths[+slider.value];
    render();
  });
  byId("strongest").addEventListener("input", event => {
    state.strongest = +event.target.value >= 1 ? +event.target.value : Infinity;
    render();
  });
  byId("collapse").addEventListener("change", event => {
    state.collapsed = event.target.checked;
    svg.classList.toggle("collapsed", state.collapsed);
    render();
  });
  byId("fit").addEventListener("click", () => look({ ...whole }));
  byId("clear").addEventListener("click", clear);
  document.addEventListener("keydown", event => {
    if (event.key === "Escape") { clear(); }
    if (event.key === "0" && !event.target.closest("input")) { look({ ...whole }); }
  });

  // ---- by keyboard: Tab goes to the picture, arrows from node to node, Enter chooses

  nodeElements.forEach((element, n) => {
    element.setAttribute("tabindex", n === 0 ? "0" : "-1");
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", data.nodes[n].name + ", " + data.nodes[n].type);
  });

  function focusNode(n) {
    nodeElements.forEach(element => element.setAttribute("tabindex", "-1"));
    nodeElements[n].setAttribute("tabindex", "0");
    nodeElements[n].focus();
  }

  // The nearest shown node in a direction.
  function neighbour(from, dx, dy) {
    const centre = n => { const b = nodeElements[n].getBBox(); return [b.x + b.width / 2, b.y + b.height / 2]; };
    const [x, y] = centre(from);
    let best = from;
    let least = Infinity;
    data.nodes.forEach((_, n) => {
      if (n === from || nodeElements[n].classList.contains("off")) { return; }
      const [u, v] = centre(n);
      const along = (u - x) * dx + (v - y) * dy;
      const across = Math.abs((u - x) * dy) + Math.abs((v - y) * dx);
      if (along > 1 && along + 3 * across < least) { least = along + 3 * across; best = n; }
    });
    return best;
  }

  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  svg.addEventListener("keydown", event => {
    const element = event.target.closest(".node");
    if (!element) { return; }
    const n = +element.dataset.i;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(n);
    } else if (arrows[event.key]) {
      event.preventDefault();
      focusNode(neighbour(n, ...arrows[event.key]));
    }
  });

  look({ ...whole });
  showNotes();
  render();
})();
