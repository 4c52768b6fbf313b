// Elements from JavaScript: everything that is shown is text, never markup.

const SVG = "http://www.w3.org/2000/svg";

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "class") element.setAttribute("class", value);
  else if (name === "style") Object.assign(element.style, value); // the security policy allows no style attributes
  else if (name in element && !(element instanceof SVGElement) && typeof value !== "string") element[name] = value;
  else if (name === "value") element.value = value;
  else element.setAttribute(name, value === true ? "" : value);
}

function fill(element, properties, children) {
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  // After the children, for a select's value is one of them.
  for (const [name, value] of Object.entries(properties ?? {})) set(element, name, value);
  return element;
}

/** An HTML element: h("button", { class: "quiet", onclick: save }, "Save"). Null and false children are left out. */
export function h(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function svg(tag, properties, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/** Replaces what an element holds. */
export function show(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

let last = 0;

/** A name that no other element of the page has, for labels and descriptions. */
export function uniqueId(prefix = "id") {
  last += 1;
  return `${prefix}-${last}`;
}
