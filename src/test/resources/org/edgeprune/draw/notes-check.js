"use strict";
// Collapses, pins, names and saves as a person would, and notes what is to be seen after each step.
(() => {
  const seen = {};
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = id => document.getElementById(id);
  const node = name => [...document.querySelectorAll(".node")].find(e => data.nodes[e.dataset.i].name === name);
  const edge = (from, to) => [...document.querySelectorAll(".edge")].find(e => {
    const link = data.links[e.dataset.i];
    return data.nodes[link.from].name === from && data.nodes[link.to].name === to;
  });
  const tip = element => {
    element.dispatchEvent(new PointerEvent("pointerover", { bubbles: true, clientX: 5, clientY: 5 }));
    const text = byId("tip").textContent;
    element.dispatchEvent(new PointerEvent("pointerout", { bubbles: true }));
    return text;
  };
  const set = (id, value) => {
    if (byId(id).type === "checkbox") { byId(id).checked = value; } else { byId(id).value = value; }
    byId(id).dispatchEvent(new Event("input", { bubbles: true }));
    byId(id).dispatchEvent(new Event("change", { bubbles: true }));
  };
  const key = (target, name) => target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));

  seen.firstLabel = node("a0.h0").querySelector("text").textContent;
  seen.pins = byId("pins").textContent;
  seen.widths = [edge("m1", "resid_post"), edge("a0.h0", "m1")].map(e => parseFloat(e.getAttribute("stroke-width")));
  seen.headTip = tip(node("a0.h0"));
  set("collapse", true);
  seen.collapsed = byId("shown").textContent;
  set("collapse", false);
  set("strongest", 2);
  seen.strongest = byId("shown").textContent;
  set("strongest", "");
  key(node("a0.h0"), "Enter");
  seen.byEnter = byId("info").textContent;
  set("pin", true);
  set("alias", "mover");
  set("group", "<\/script>");
  set("remark", "copies");
  seen.notes = byId("notes").textContent.replaceAll("\\u003c", "<");
  seen.noteTip = tip(node("a0.h0"));
  key(node("a0.h0"), "ArrowDown");
  seen.afterArrow = data.nodes[document.activeElement.dataset.i].name;
  const RealBlob = Blob;
  window.Blob = function (parts, options) {
    seen.saved = parts.join("");
    return new RealBlob(parts, options);
  };
  HTMLAnchorElement.prototype.click = () => {};
  byId("save").click();
  seen.saved = seen.saved.replace(/<script>"use strict";\s*\/\/ Collapses[^]*?<\/script>/, "");
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify(seen);
  document.body.append(result);
})();
