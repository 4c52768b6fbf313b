// What is to be added: which of the chosen files are pictures, and by which names they will be known.

const ENDINGS = /\.(png|jpe?g|jfif|webp|bmp|gif|tiff?|ppm|pgm|heic|heif|avif)$/i;

/** Whether it may be a picture; the service looks at the content. Hidden files are none, such as those macOS leaves. */
function isPicture({ file, path }) {
  return !path.split("/").at(-1).startsWith(".") && file.type !== "image/svg+xml" && (file.type.startsWith("image/") || ENDINGS.test(path));
}

const stem = (name) => name.replace(/(?<=.)\.[^.]*$/, "");

const PRODUCT = {
  folder: (parts) => parts.at(-2) ?? stem(parts.at(-1)),
  stem: (parts) => stem(parts.at(-1)),
  typed: (_, typed) => typed,
};

/**
 * The plan for chosen files ({ file, path }): entries to send ({ file, path, productId, picName }), how many are left out
 * as no pictures (others), how many because they cannot be read (unread), how many because their key is taken by another of them (clashes), and how many products there are.
 */
export function plan(items, { naming, typed }) {
  const entries = new Map();
  const files = items.filter(({ file }) => file);
  const pictures = files.filter(isPicture);
  for (const { file, path } of pictures) {
    const parts = path.split("/");
    const entry = { file, path, productId: PRODUCT[naming](parts, typed), picName: parts.at(-1) };
    const key = `${entry.productId}\n${entry.picName}`;
    if (!entries.has(key)) entries.set(key, entry);
  }
  return {
    entries: [...entries.values()],
    unread: items.length - files.length,
    others: files.length - pictures.length,
    clashes: pictures.length - entries.size,
    products: new Set([...entries.values()].map((entry) => entry.productId)).size,
  };
}
