// A picture that another page found for the search page to begin with.

let handed = null;

/** Leaves a file for the next search page of an instance. */
export function handOver(instance, file) {
  handed = { instance, file };
}

/** The file left for this instance, once; else null. */
export function handedOver(instance) {
  const file = handed?.instance === instance ? handed.file : null;
  handed = null;
  return file;
}
