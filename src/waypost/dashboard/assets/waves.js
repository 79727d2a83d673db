// The bars of a note, drawn by wavesurfer: the 64 values that a phone draws, one bar each, in the page's colours.
import WaveSurfer from "./vendor/wavesurfer.esm.js";

export const BARS = 64;
// The pages' policy names the one style that wavesurfer brings by its hash, and this is in it.
const HEIGHT = 32;
const drawn = new Set();

// Draws into `place` how `audio` passes, of `values` (0 to 100) and as many seconds; the library's player.
export function drawWave(place, audio, values, seconds) {
  const surfer = WaveSurfer.create({
    container: place,
    media: audio,
    peaks: [values.map((one) => one / 100)],
    duration: seconds || 1,
    height: HEIGHT,
    barRadius: 1,
    barMinHeight: 2,
    cursorWidth: 0,
    dragToSeek: true,
    autoScroll: false,
    autoCenter: false,
    ...sizes(place),
    ...colours(),
  });
  let width = place.clientWidth;
  const watch = new ResizeObserver(() => {
    if (place.clientWidth === width || !place.clientWidth) return;
    width = place.clientWidth;
    surfer.setOptions(sizes(place));
  });
  watch.observe(place);
  drawn.add(surfer);
  surfer.on("destroy", () => (watch.disconnect(), drawn.delete(surfer)));
  return surfer;
}

// All 64, each as wide as the others and sharp: whole pixels of the screen, or, where there is little room, quarters.
// (Thirds, which some screens have, are not exact to a computer, and the last bar could be left over.)
function sizes(place) {
  const room = place.clientWidth / BARS;
  const fine = room < 2 ? 4 : devicePixelRatio >= 2 ? 2 : 1;
  const step = Math.max(Math.floor(room * fine) / fine, 0.5);
  const barGap = step < 2 ? step / 2 : 1;
  return { width: step * BARS, barWidth: step - barGap, barGap };
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  return { waveColor: style.getPropertyValue("--edge").trim(), progressColor: style.getPropertyValue("--main").trim() };
}

// What is drawn does not follow a style by itself.
function repaint() {
  for (const surfer of drawn) surfer.setOptions(colours());
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
