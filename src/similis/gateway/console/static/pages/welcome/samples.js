// Sample pictures, drawn here: twelve products, each seen in several views. The same product and view always give the same picture.

import { DRAWINGS } from "./drawings/index.js";
import { paint } from "./drawings/shapes.js";

const SIDE = 480;

/** The products: their names are their ids. */
export const PRODUCTS = Object.keys(DRAWINGS);

// Each view is another photo of the same thing: nearer, turned, mirrored, seen from the side, before something else.
const VIEWS = [
  { name: "front", wall: ["#f4f5f7", "#ffffff"], floor: "#e6e8ec", scale: 0.76, turn: 0, squeeze: 1, lean: 0, x: 0 },
  { name: "table", wall: ["#e9dcc9", "#f6eee2"], floor: "#c9a57c", scale: 0.64, turn: -7, squeeze: 0.94, lean: 0.05, x: -6 },
  { name: "side", wall: ["#cfdbe6", "#eaf1f7"], floor: "#aebfce", scale: 0.7, turn: 6, squeeze: 0.84, lean: -0.09, x: 5 },
  { name: "photo", wall: ["#dfe5d8", "#f0f3ea"], floor: "#b9c2a8", scale: 0.58, turn: 11, squeeze: -0.9, lean: 0.08, x: 3 },
];

/** The views that are stored, and the one that is kept back to search by. */
export const STORED = VIEWS.slice(0, -1).map(({ name }) => name);
export const KEPT_BACK = VIEWS.at(-1).name;

/** The instance that they go into. */
export const SAMPLES = "samples";

/** The picture that a result names, drawn once more; null where it is none of these. */
export async function drawnAgain(instance, { product_id: product, pic_name: name }) {
  const view = STORED.find((each) => name === `${each}.jpg`);
  return instance === SAMPLES && product in DRAWINGS && view ? sample(product, view) : null;
}

/** The file of one product in one view. */
export async function sample(product, view) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  draw(canvas.getContext("2d"), DRAWINGS[product], VIEWS.find(({ name }) => name === view));
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  return new File([blob], `${view}.jpg`, { type: "image/jpeg" });
}

function draw(context, layers, view) {
  context.scale(SIDE / 100, SIDE / 100);
  room(context, view);
  context.translate(50 + view.x, 52);
  shadow(context, view.scale);
  context.scale(view.scale, view.scale);
  context.rotate((view.turn * Math.PI) / 180);
  context.transform(view.squeeze, 0, view.lean, 1, 0, 0);
  context.translate(-50, -50);
  paint(context, layers);
}

/** A wall with light from above, and a floor. */
function room(context, { wall, floor }) {
  const light = context.createRadialGradient(38, 20, 5, 50, 50, 80);
  light.addColorStop(0, wall[1]);
  light.addColorStop(1, wall[0]);
  context.fillStyle = light;
  context.fillRect(0, 0, 100, 100);
  const ground = context.createLinearGradient(0, 68, 0, 100);
  ground.addColorStop(0, `${floor}00`);
  ground.addColorStop(0.25, floor);
  ground.addColorStop(1, floor);
  context.fillStyle = ground;
  context.fillRect(0, 68, 100, 32);
}

/** A soft one, below whatever stands in the middle. */
function shadow(context, scale) {
  context.save();
  context.translate(0, 44 * scale);
  context.scale(1, 0.16);
  const soft = context.createRadialGradient(0, 0, 4, 0, 0, 48 * scale);
  soft.addColorStop(0, "#00000059");
  soft.addColorStop(1, "#00000000");
  context.fillStyle = soft;
  context.fillRect(-60, -60, 120, 120);
  context.restore();
}
