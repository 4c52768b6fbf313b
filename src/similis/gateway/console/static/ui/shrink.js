// Makes pictures small enough for the service, in the browser.

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_SIDE = 2048; // far more than is looked at
const QUALITY = 0.9;

/** Whether the service would refuse the file by its size alone. */
export const tooLarge = (file) => file.size > MAX_BYTES;

/** The picture made smaller, as JPEG; null where it is small already, or where the browser cannot read it. */
export async function shrunk(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
  if (!bitmap) return null;
  const factor = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const copy = factor < 1 || tooLarge(file) ? await drawn(bitmap, factor) : null;
  bitmap.close();
  return copy;
}

function drawn(bitmap, factor) {
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * factor)), Math.max(1, Math.round(bitmap.height * factor)));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // JPEG knows nothing transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
}
