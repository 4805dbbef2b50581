"use strict";
// Uses the page as a person would, by events alone, and notes what is to be seen after each step.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const node = name => [...document.querySelectorAll(".node")].find(e => data.nodes[e.dataset.i].name === name);
  const linkName = link => data.nodes[link.from].name + ">" + data.nodes[link.to].name;
  const hit = name => [...document.querySelectorAll(".hit")].find(e => linkName(data.links[e.dataset.i]) === name);
  const svg = document.querySelector("#stage svg");

  // what the eye sees, from computed styles: hidden, faint, or the colour of the line
  function edgeLook(element) {
    const style = getComputedStyle(element);
    return style.display === "none" ? "hidden" : +style.strokeOpacity < 0.1 ? "faint" : style.stroke;
  }
  function nodeLook(element) {
    const style = getComputedStyle(element);
    return style.display === "none" ? "hidden" : +style.opacity < 0.5 ? "faint" : "shown";
  }
  function look() {
    const seen = { edges: {}, nodes: {}, shown: document.getElementById("shown").textContent,
                   info: document.getElementById("info").textContent, view: svg.getAttribute("viewBox").split(" ").map(Number) };
    document.querySelectorAll(".edge").forEach(e => { seen.edges[linkName(data.links[e.dataset.i])] = edgeLook(e); });
    document.querySelectorAll(".node").forEach(e => { seen.nodes[data.nodes[e.dataset.i].name] = nodeLook(e); });
    return seen;
  }

  function centre(element) {
    const box = element.getBoundingClientRect();
    return { bubbles: true, cancelable: true, button: 0, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
  }
  // the event goes to whatever really lies on top at that place
  const topmost = at => document.elementFromPoint(at.clientX, at.clientY);
  function click(element) {
    const at = centre(element);
    topmost(at).dispatchEvent(new PointerEvent("pointerdown", at));
    topmost(at).dispatchEvent(new PointerEvent("pointerup", at));
  }
  function hover(at, target) {
    target.dispatchEvent(new PointerEvent("pointerover", at));
    const tip = document.getElementById("tip");
    const text = getComputedStyle(tip).display === "none" ? "" : tip.textContent;
    target.dispatchEvent(new PointerEvent("pointerout", at));
    return text + (getComputedStyle(tip).display === "none" ? "" : " (stays)");
  }
  function type(id, value) {
    document.getElementById(id).value = value;
    document.getElementById(id).dispatchEvent(new Event("input", { bubbles: true }));
  }
  const key = (target, name) => target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));

  const seen = {};
  seen.start = look();
  const edge = hit("tok_embeds>m1");
  const middle = edge.getPointAtLength(edge.getTotalLength() / 2).matrixTransform(edge.getScreenCTM());
  const onEdge = { bubbles: true, clientX: middle.x, clientY: middle.y };
  seen.edgeTip = hover(onEdge, topmost(onEdge));
  seen.nodeTip = hover(centre(node("a0.h0")), topmost(centre(node("a0.h0"))));

  click(node("a0.h0"));
  seen.chosen = look();
  click(node("a0.h0"));
  seen.chosenTwice = look();

  type("strength", 2);
  seen.threshold = look();
  click(node("m1"));
  seen.chosenAboveThreshold = look();
  key(document, "Escape");
  type("strength", 0);
  seen.thresholdBack = look();

  type("search", "A0.H1");
  seen.found = look();
  key(document.getElementById("search"), "Enter");
  seen.visited = look();
  seen.visitedBox = centre(node("a0.h1.q"));
  document.getElementById("clear").click();
  document.getElementById("fit").click();
  seen.cleared = look();

  const at = centre(svg);
  svg.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: -300 }));
  seen.zoomed = look().view;
  svg.dispatchEvent(new PointerEvent("pointerdown", at));
  window.dispatchEvent(new PointerEvent("pointermove", { ...at, clientX: at.clientX + 100 }));
  window.dispatchEvent(new PointerEvent("pointerup", at));
  seen.panned = look().view;
  key(document.body, "0");
  seen.fitted = look().view;

  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify(seen);
  document.body.append(result);
})();
