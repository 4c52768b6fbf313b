// Makes the instance of samples and fills it.

import { api, form, path } from "../../api.js";
import { instance, refreshInstances } from "../../session.js";
import { createInstance } from "../instances/form.js";
import { PRODUCTS, sample, SAMPLES, STORED } from "./samples.js";

const AT_ONCE = 2;

/** Adds every product in every stored view; `onProgress(done, total)` is told of each picture. */
export async function addSamples(signal, onProgress) {
  await ensureInstance(signal);
  const waiting = PRODUCTS.flatMap((product) => STORED.map((view) => [product, view]));
  const total = waiting.length;
  let done = 0;
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      await addSample(...next, signal);
      done += 1;
      onProgress(done, total);
    }
  };
  onProgress(done, total);
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** An earlier try may have been left half-way: then it goes on in the same instance. */
async function ensureInstance(signal) {
  await refreshInstances({ signal });
  if (!instance(SAMPLES)) await createInstance({ name: SAMPLES, type: "generic" }, { signal });
}

async function addSample(product, view, signal) {
  const file = await sample(product, view);
  const body = form({ file, product_id: product, pic_name: file.name, str_attr: view });
  await api.post(path`/instances/${SAMPLES}/pictures`, body, { signal });
}
