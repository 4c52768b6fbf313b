// One picture on its way to the service.

import { api, ApiError, form, path } from "../../api.js";
import { shrunk, tooLarge } from "../../ui/shrink.js";
import { t } from "./words.js";

const failure = (code, message, hint) => new ApiError({ code, message: t(message), hint: t(hint) }, 400);

/** Sends an entry and gives the service's answer; a picture that is too large is made smaller first, if that is wanted. */
export async function send(instance, entry, signal) {
  const content = await fitting(entry);
  try {
    return await post(instance, entry, content, signal);
  } catch (error) {
    const smaller = error.code === "unsupported_pixels" && entry.options.shrink ? await shrunk(content) : null;
    if (!smaller) throw error;
    return post(instance, entry, smaller, signal); // its sides were too long
  }
}

/** The file's content, in memory: one that has changed on the disk is so told from a service that is away. */
async function fitting({ file, options }) {
  if (tooLarge(file)) {
    if (!options.shrink) throw failure("picture_too_large", "large", "large.hint");
    const smaller = await shrunk(file);
    if (!smaller) throw failure("picture_too_large", "large", "large.unread");
    return smaller;
  }
  const content = await file.arrayBuffer().catch(() => null);
  if (!content) throw failure("unreadable", "unread", "unread.hint");
  return new Blob([content], { type: file.type });
}

function post(instance, { productId, picName, options }, content, signal) {
  const { category, crop, duplicates, attributes } = options;
  return api.post(path`/instances/${instance}/pictures`, form({
    file: content, product_id: productId, pic_name: picName, category_id: category, crop: String(crop), on_duplicate: duplicates, ...attributes,
  }), { signal });
}

/** Whether an error is about this one picture, so that others may still be added. */
export const isOfPicture = ({ status, code }) => [400, 408, 413, 415, 422, 500].includes(status) || code === "duplicate_picture";

/** How long to wait before the same is tried again, in seconds; null where that is no use. */
export function delay({ status, retryAfter }, tries) {
  if (status === 429) return Math.max(retryAfter, 0.25);
  if ((status === 503 || status === 0) && tries < 5) return Math.max(retryAfter, 2 ** tries / 2);
  return null;
}
