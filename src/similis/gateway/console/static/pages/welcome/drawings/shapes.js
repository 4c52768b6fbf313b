// Shapes as SVG paths, on a grid of 100 by 100. A layer is [fill, path] or, with a width, [stroke, path, width].

/** An ellipse around a centre. */
export const oval = (x, y, rx, ry = rx) => `M${x - rx},${y}a${rx},${ry} 0 1 0 ${2 * rx},0a${rx},${ry} 0 1 0 ${-2 * rx},0Z`;

/** A box with round corners. */
export const box = (x, y, width, height, r = 0) => `M${x + r},${y}h${width - 2 * r}a${r},${r} 0 0 1 ${r},${r}v${height - 2 * r}`
  + `a${r},${r} 0 0 1 ${-r},${r}h${2 * r - width}a${r},${r} 0 0 1 ${-r},${-r}v${2 * r - height}a${r},${r} 0 0 1 ${r},${-r}Z`;

/** A straight line through points: line(1, 2, 3, 4). */
export function line(...numbers) {
  const points = [];
  for (let at = 0; at < numbers.length; at += 2) points.push(`${numbers[at]},${numbers[at + 1]}`);
  return `M${points.join("L")}`;
}

/** Light that falls on something. */
export const LIGHT = "#ffffff55";
/** The side that it does not reach. */
export const SHADE = "#00000030";

/** Paints layers, one above the other. */
export function paint(context, layers) {
  context.lineCap = context.lineJoin = "round";
  for (const [colour, path, width] of layers) {
    const shape = new Path2D(path);
    if (width) {
      Object.assign(context, { strokeStyle: colour, lineWidth: width });
      context.stroke(shape);
    } else {
      context.fillStyle = colour;
      context.fill(shape);
    }
  }
}
