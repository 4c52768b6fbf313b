// Regions as arithmetic: { x1, x2, y1, y2 } in pixels of the upright picture; `whole` is the region of all of it.

/** A region from the service's "x1,x2,y1,y2". */
export function parsed(text) {
  const [x1, x2, y1, y2] = text.split(",").map(Number);
  return { x1, x2, y1, y2 };
}

/** The same as the service writes it, in whole pixels. */
export const written = (region) => [region.x1, region.x2, region.y1, region.y2].map(Math.round).join(",");

export const width = ({ x1, x2 }) => x2 - x1;
export const height = ({ y1, y2 }) => y2 - y1;
export const contains = (region, { x, y }) => x >= region.x1 && x < region.x2 && y >= region.y1 && y < region.y2;

/** The least side of a region: one that can still be taken hold of. */
const least = (whole) => Math.max(8, Math.round(Math.max(width(whole), height(whole)) / 50));

/** The step of an arrow key. */
export const step = (whole) => Math.max(1, Math.round(Math.max(width(whole), height(whole)) / 100));

const between = (value, low, high) => Math.min(Math.max(value, low), high);

/** Moved by so much, kept inside. */
export function moved(region, dx, dy, whole) {
  const right = between(dx, whole.x1 - region.x1, whole.x2 - region.x2);
  const down = between(dy, whole.y1 - region.y1, whole.y2 - region.y2);
  return { x1: region.x1 + right, x2: region.x2 + right, y1: region.y1 + down, y2: region.y2 + down };
}

/** With some of its edges moved: of "n", "e", "s", "w" those that `edges` has. */
export function resized(region, edges, dx, dy, whole) {
  const side = least(whole);
  const next = { ...region };
  if (edges.includes("w")) next.x1 = between(region.x1 + dx, whole.x1, Math.max(whole.x1, region.x2 - side));
  if (edges.includes("e")) next.x2 = between(region.x2 + dx, Math.min(whole.x2, region.x1 + side), whole.x2);
  if (edges.includes("n")) next.y1 = between(region.y1 + dy, whole.y1, Math.max(whole.y1, region.y2 - side));
  if (edges.includes("s")) next.y2 = between(region.y2 + dy, Math.min(whole.y2, region.y1 + side), whole.y2);
  return next;
}

/** From one corner to another. */
export function spanned(from, to, whole) {
  const side = least(whole);
  const x1 = between(Math.min(from.x, to.x), whole.x1, whole.x2 - side);
  const y1 = between(Math.min(from.y, to.y), whole.y1, whole.y2 - side);
  return {
    x1, x2: between(Math.max(from.x, to.x), x1 + side, whole.x2),
    y1, y2: between(Math.max(from.y, to.y), y1 + side, whole.y2),
  };
}

/** Moved so that this point is in the middle, as far as there is room. */
export function centred(region, { x, y }, whole) {
  return moved(region, x - (region.x1 + region.x2) / 2, y - (region.y1 + region.y2) / 2, whole);
}
