"""What a page owes to people who do not see it, who use no mouse, or who read in the sun."""

from __future__ import annotations

from typing import Any

# Names follow WAI-ARIA's computation as far as our own pages use it.
_SCRIPT = r"""
() => {
  const faults = [];
  const say = (what, one) => faults.push(`${what}: ${one.outerHTML.slice(0, 160)}`);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const text = (ids) => ids.split(" ").map((id) => document.getElementById(id)?.textContent ?? "")
    .join(" ").trim();
  const nameOf = (one) => {
    if (one.getAttribute("aria-labelledby")) return text(one.getAttribute("aria-labelledby"));
    return (one.getAttribute("aria-label") || one.getAttribute("title") || "").trim();
  };
  const outside = (selector, what) => {
    if (document.querySelectorAll(selector).length !== 1) faults.push(`not one ${what}`);
  };

  if (!document.documentElement.lang) faults.push("no language");
  if (!document.title.trim()) faults.push("no title");
  outside("main", "main");
  outside("h1", "h1");
  outside('meta[name="viewport"][content*="width=device-width"]', "viewport");
  let level = 0;
  for (const one of all("h1, h2, h3, h4")) {
    const its = Number(one.tagName[1]);
    if (its > level + 1) say("a heading is skipped before", one);
    if (!one.textContent.trim()) say("an empty heading", one);
    level = its;
  }
  const ids = all("[id]").map((one) => one.id);
  for (const id of new Set(ids.filter((id, place) => ids.indexOf(id) !== place))) {
    faults.push(`id twice: ${id}`);
  }
  for (const one of all("[aria-labelledby]")) {
    if (!nameOf(one)) say("a name that is not there", one);
  }
  for (const one of all("a[href], button")) {
    if (!nameOf(one) && !one.textContent.trim()) say("no name", one);
  }
  for (const one of all("input:not([type=hidden]), select, textarea")) {
    if (!nameOf(one) && !one.labels?.length) say("no label", one);
  }
  for (const one of all("img")) if (!one.hasAttribute("alt")) say("no alternative", one);
  for (const one of all("svg")) {
    const said = one.getAttribute("aria-hidden") === "true" || nameOf(one);
    if (!said) say("no alternative", one);
    if (one.querySelector("image, use, foreignObject, script")) say("more than a drawing", one);
  }
  for (const one of all("iframe")) if (!one.inert && !one.title) say("no title", one);
  for (const one of all("table")) {
    if (!one.caption?.textContent.trim()) say("no caption", one);
    if (!one.querySelector("th[scope]")) say("no headings", one);
  }
  const marks = all("nav");
  for (const one of marks) if (marks.length > 1 && !nameOf(one)) say("a nav without a name", one);
  const names = marks.map(nameOf);
  if (new Set(names).size !== names.length) faults.push(`navs of one name: ${names}`);
  for (const one of all("body *")) {
    if (one.tabIndex > 0) say("an order of its own", one);
    if (one.getAttribute("style") || [...one.attributes].some((it) => /^on/.test(it.name))) {
      say("a style or a script within", one);
    }
  }
  const first = all("a[href], button, input, summary")[0];
  const bar = document.querySelector("header");
  if (bar && !(first && first.getAttribute("href") === "#main")) faults.push("no way to skip");

  const channels = (color) => {
    const numbers = color.match(/[\d.]+(?:e-?\d+)?/g).map(Number);
    const scale = color.startsWith("color(") ? 255 : 1;
    const [r, g, b, a = 1] = numbers;
    return [r * scale, g * scale, b * scale, a];
  };
  const over = (top, under) => [0, 1, 2].map((k) => top[k] * top[3] + under[k] * (1 - top[3]));
  const ground = (one) => {
    const layers = [];
    for (let it = one; it; it = it.parentElement) {
      layers.push(channels(getComputedStyle(it).backgroundColor));
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const light = (color) => {
    const [r, g, b] = color.slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const told = new Set();
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || told.has(one)) continue;
    told.add(one);
    const box = one.getBoundingClientRect();
    if (one.closest("svg, .hidden, .skip, style") || !box.width || !one.checkVisibility()) continue;
    const style = getComputedStyle(one);
    const back = ground(one);
    const seen = contrast(over(channels(style.color), back), back);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (seen < (large ? 3 : 4.5)) say(`contrast ${seen.toFixed(2)}`, one);
  }
  return faults;
}
"""

# Of what has the focus: its text or name, whether it shows that it has it, and is on the screen.
_FOCUS = r"""
() => {
  const one = document.activeElement;
  if (!one || one === document.body) return {name: "", shown: true};
  const box = one.getBoundingClientRect();
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const ring = (it) => {
    const style = getComputedStyle(it);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  const drawn = one.querySelector?.("rect.room");
  const stroke = drawn && parseFloat(getComputedStyle(drawn).strokeWidth) >= 2
    && getComputedStyle(drawn).stroke !== "none";
  const frame = one.closest(".front");
  return {
    name: one.getAttribute("aria-label") || one.innerText || one.value || one.tagName,
    shown: inside && Boolean(ring(one) || stroke || (frame && ring(frame))),
  };
}
"""


def faults_of(page: Any) -> list[str]:
    """What is wrong with the page that a browser shows; empty where nothing is found."""
    found: list[str] = page.evaluate(_SCRIPT)
    return found


def tab_to(page: Any, name: str, *, most: int = 80) -> list[str]:
    """Press Tab until what has the focus has this in its name; the names that were passed."""
    passed: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        focus = page.evaluate(_FOCUS)
        assert focus["shown"], f"the focus does not show: {focus['name']}"
        passed.append(focus["name"])
        if name in focus["name"]:
            return passed
    raise AssertionError(f"{name} is not reached by keyboard: {passed}")
