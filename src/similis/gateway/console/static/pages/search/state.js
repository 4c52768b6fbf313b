// What is searched for in each instance. It outlives a change of page or language, not a reload: nothing of it is stored.

import { current, instance } from "../../session.js";
import { written } from "./geometry.js";

/** As many results as can be had, on all pages together. */
export const MOST = 500;

const states = new Map();

const fresh = () => ({
  picture: null, // { file, url } of the picture that is searched with
  stored: null, // { product_id, pic_name } where it is a stored picture instead
  whole: null, // the region of the whole picture, as the service sees it
  subjects: [], // the regions of subjects that were found in it
  region: null, // a region of the user's, instead of a subject's
  subject: 1, // which of the subjects
  crop: true, // false: the whole picture
  category: null, // null: the predicted one
  filter: "", num: 20, minScore: 0, distinct: false,
  found: null, // the last answer: see searching.js
  layout: null, // "grid" or "list", once chosen
  focus: false, // whether the results shall have the focus when they are drawn next
});

/** The state of an instance, of this key alone: who signs in next must not see it. */
export function stateOf(name) {
  const whose = JSON.stringify([current()?.key_id, name, instance(name)?.created_at]);
  if (!states.has(whose)) states.set(whose, fresh());
  return states.get(whose);
}

/** Whether there is anything to search for. */
export const hasQuery = (state) => Boolean(state.stored ?? state.picture);

/** Begins with another picture: what belonged to the one before goes, what the user set stays. */
export function takePicture(state, file) {
  if (state.picture) URL.revokeObjectURL(state.picture.url);
  const picture = file && { file, url: URL.createObjectURL(file) };
  Object.assign(state, { picture, stored: null, whole: null, subjects: [], region: null, subject: 1, crop: true, category: null, found: null });
}

/** The search as the REST interface takes it: what is as by default is undefined. */
export function fields(state, start = 0) {
  return {
    ...(state.stored ?? part(state)),
    num: Math.min(state.num, MOST - start), start: start || undefined, category_id: state.category ?? undefined, filter: state.filter.trim() || undefined,
    distinct_product: state.distinct || undefined, min_score: state.minScore || undefined,
  };
}

/** The picture, and which part of it is searched with: another subject by its region, which is found whatever it was found by. */
function part({ picture, region, crop, subject, subjects }) {
  const chosen = region ?? (crop && subject > 1 ? subjects[subject - 1] : null);
  return { file: picture.file, region: chosen ? written(chosen) : undefined, crop: chosen || crop ? undefined : false };
}
