// The region on the picture: dragged, resized and drawn by mouse, pen and finger; moved and resized by keys.

import { h, uniqueId } from "../../dom.js";
import { fingers } from "./finger.js";
import { centred, contains, height, moved, resized, spanned, step, width, written } from "./geometry.js";
import { t } from "./words.js";

const EDGES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const SLIP = 4; // CSS pixels that a hand may move without meaning it

/**
 * The picture with its region: { element, help, update({ whole, region, others }), focus() }.
 *
 * picture: an element to draw on; onChange(region): the user's; onPick(index): another subject was pointed at;
 * onReset: the user's region is taken back.
 */
export function regionEditor({ picture, onChange, onPick, onReset }) {
  const help = h("p", { class: "note keys", id: uniqueId("keys") }, t("keys"));
  const handles = EDGES.map((edges) => h("span", { class: `handle ${edges}`, "data-edges": edges }));
  const box = h("div", { class: "region", tabindex: "0", role: "group", "aria-describedby": help.id, hidden: true }, handles);
  const hole = h("div", { class: "hole" });
  const shade = h("div", { class: "shade", "aria-hidden": "true", hidden: true }, hole);
  const marks = h("div", { class: "marks", "aria-hidden": "true" });
  const element = h("div", { class: "stage" }, picture, shade, marks, box);
  const finger = fingers(element);
  let now = { whole: null, region: null, others: [] };

  function place(target, { x1, x2, y1, y2 }) {
    const { whole } = now;
    Object.assign(target.style, {
      left: `${(100 * x1) / whole.x2}%`, width: `${(100 * (x2 - x1)) / whole.x2}%`,
      top: `${(100 * y1) / whole.y2}%`, height: `${(100 * (y2 - y1)) / whole.y2}%`,
    });
    return target;
  }

  function draw() {
    const { whole, region, others } = now;
    box.hidden = shade.hidden = !region;
    marks.replaceChildren(...(whole ? others : []).map(({ region: other, number }) => place(h("div", { class: "mark" }, h("span", {}, number)), other)));
    if (!region) return;
    place(box, region);
    place(hole, region);
    box.classList.toggle("whole", covers(region, whole));
    box.setAttribute("aria-label", t("region", { ...rounded(region), width: width(whole), height: height(whole) }));
  }

  function change(region) {
    if (written(region) === written(now.region)) return;
    now = { ...now, region };
    draw();
    onChange(region);
  }

  function pointOf(event) {
    const frame = element.getBoundingClientRect();
    const { whole } = now;
    return { x: ((event.clientX - frame.left) / frame.width) * whole.x2, y: ((event.clientY - frame.top) / frame.height) * whole.y2 };
  }

  /** What a press begins: for each later point the region that it gives. */
  function gesture(event, from) {
    const { whole, region } = now;
    const { edges } = event.target.dataset;
    if (edges) return ({ x, y }) => resized(region, edges, x - from.x, y - from.y, whole);
    if (box.contains(event.target) && !covers(region, whole)) return ({ x, y }) => moved(region, x - from.x, y - from.y, whole);
    return (to) => spanned(from, to, whole);
  }

  element.addEventListener("pointerdown", (event) => {
    if (!now.region || event.button || !event.isPrimary) return;
    const begun = now.region;
    const from = pointOf(event);
    const follow = gesture(event, from);
    const still = new AbortController();
    const on = (name, listener) => element.addEventListener(name, listener, { signal: still.signal });
    let slipped = true;
    let dragged = false;
    element.setPointerCapture(event.pointerId);
    on("pointermove", (later) => {
      const [right, down] = [later.clientX - event.clientX, later.clientY - event.clientY];
      slipped &&= Math.hypot(right, down) <= SLIP;
      dragged ||= !slipped && finger.mayDraw(event, right, down);
      if (dragged) change(follow(pointOf(later)));
    });
    on("pointerup", () => {
      still.abort();
      if (slipped) pointed(from);
    });
    on("pointercancel", () => {
      still.abort();
      if (dragged) change(begun);
    });
  });

  /** A press without a drag: another subject, or the region comes here. */
  function pointed(point) {
    const inside = contains(now.region, point);
    const other = now.others.find(({ region }) => contains(region, point) && !(inside && area(region) >= area(now.region)));
    if (other) onPick(other.number);
    else if (!inside) change(centred(now.region, point, now.whole));
  }

  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return onReset();
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const [dx, dy] = arrow.map((each) => each * step(now.whole));
    change(event.shiftKey ? resized(now.region, "se", dx, dy, now.whole) : moved(now.region, dx, dy, now.whole));
  });

  return {
    element, help,
    update(next) {
      now = next;
      if (now.whole) shapeOf(element, now.whole);
      draw();
    },
    focus: () => box.focus(),
  };
}

const area = (region) => width(region) * height(region);
const covers = (region, whole) => width(region) === width(whole) && height(region) === height(whole);

const rounded = (region) => Object.fromEntries(Object.entries(region).map(([name, value]) => [name, Math.round(value)]));

/** Makes the stage as the picture is, so that shares of one are shares of the other. */
function shapeOf(element, whole) {
  element.style.setProperty("aspect-ratio", `${whole.x2} / ${whole.y2}`);
  element.style.setProperty("--ratio", String(whole.x2 / whole.y2));
}
