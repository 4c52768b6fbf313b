// A picture from the camera. Phones have an app for that, which a file input opens; elsewhere the page asks the browser for the camera.

import { h } from "../../dom.js";
import { ask } from "../../ui/dialog.js";
import { attempt, busy, PageError } from "../../ui/feedback.js";
import { icon } from "../../ui/icons.js";
import { t } from "./words.js";

const QUALITY = 0.92;
const REASONS = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "none", OverconstrainedError: "none" };

const isPhone = () => matchMedia("(pointer: coarse)").matches;
const because = (reason) => new PageError(t(`camera.${reason}`), t(`camera.${reason}.hint`));

/** The button, which gives a file to `take`; `trouble` is where errors are told. */
export function cameraButton(trouble, take) {
  const input = h("input", {
    type: "file", accept: "image/*", capture: "environment", hidden: true, "aria-label": t("camera"),
    onchange: () => {
      take(input.files[0]);
      input.value = "";
    },
  });
  const photographed = () => attempt(trouble, async () => take(await photograph()));
  const button = h("button", {
    class: "quiet", type: "button", onclick: () => (isPhone() ? input.click() : busy(button, photographed)),
  }, icon("camera"), t("camera"));
  return [button, input];
}

/** Asks for a picture in a dialog: a file, or null when the dialog was closed. */
async function photograph() {
  const stream = await opened();
  const video = h("video", { class: "viewfinder", autoplay: true, muted: true, playsinline: true, "aria-label": t("live") });
  video.srcObject = stream;
  let taken = null;
  try {
    await ask({ title: t("camera"), body: video, leavable: true, action: t("take"), step: async () => { taken = await still(video); } });
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
  return taken;
}

async function opened() {
  if (!navigator.mediaDevices) throw because("insecure");
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
  } catch (error) {
    throw because(REASONS[error.name] ?? "busy");
  }
}

async function still(video) {
  if (!video.videoWidth) await new Promise((resolve) => { video.addEventListener("loadeddata", resolve, { once: true }); });
  const canvas = h("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", QUALITY); });
  return new File([blob], "camera.jpg", { type: blob.type });
}
