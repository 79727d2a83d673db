// <voice-note src seconds waveform label>: a note with its bars (64 values, base64), to be played and wound.
//
// A long chat has many: the bars are drawn when they come into view, and the file is fetched when it is first
// played, as a whole, so that an expired link is told by a sentence instead of silence.
import { BARS, drawWave } from "./waves.js";

let playing = null;
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) entry.target.draw();
});

export class VoiceNote extends HTMLElement {
  #audio = null;
  #surfer = null;
  #made = "";
  #file = null;
  #shown = -1;

  connectedCallback() {
    if (!this.firstElementChild) this.#furnish();
  }

  disconnectedCallback() {
    // It may have been moved, not removed: who is still out of the page a moment later is gone.
    queueMicrotask(() => this.isConnected || this.#free());
  }

  // A note that is not anywhere to be fetched: bytes that this page has.
  set file(blob) {
    this.#free();
    this.#file = blob;
    this.#furnish();
  }

  get seconds() {
    return Number(this.getAttribute("seconds")) || 0;
  }

  // Draws the bars, once.
  draw() {
    if (this.#surfer || !this.isConnected) return;
    seen.unobserve(this);
    this.#audio = new Audio();
    const button = this.querySelector(".play");
    const turn = (sign, word) => {
      button.textContent = sign;
      button.setAttribute("aria-label", `${word}: ${this.#label}, ${this.seconds} seconds`);
      this.toggleAttribute("playing", word === "Pause");
    };
    this.#surfer = drawWave(this.querySelector(".wave"), this.#audio, valuesOf(this.getAttribute("waveform")), this.seconds);
    this.#surfer.on("play", () => turn("❚❚", "Pause"));
    this.#surfer.on("pause", () => turn("▶", "Play"));
    this.#surfer.on("timeupdate", (at) => this.#show(at));
    this.#surfer.on("interaction", (at) => this.#show(at));
    this.#surfer.on("finish", () => {
      this.#wind(0);
      this.dispatchEvent(new CustomEvent("note-heard", { bubbles: true }));
    });
  }

  get #label() {
    return this.getAttribute("label") || "Voice note";
  }

  #free() {
    seen.unobserve(this);
    this.#audio?.pause();
    this.#surfer?.destroy();
    if (this.#made) URL.revokeObjectURL(this.#made);
    this.#made = "";
    this.#audio = this.#surfer = null;
    this.replaceChildren();
  }

  #furnish() {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "▶" });
    button.className = "play";
    button.setAttribute("aria-label", `Play: ${this.#label}, ${this.seconds} seconds`);
    button.addEventListener("click", () => this.#toggle());
    const slider = document.createElement("div");
    slider.className = "wave";
    slider.tabIndex = 0;
    for (const [name, value] of Object.entries({
      role: "slider", "aria-label": `Place in: ${this.#label}`, "aria-valuemin": 0, "aria-valuemax": this.seconds,
    })) slider.setAttribute(name, value);
    slider.addEventListener("keydown", (event) => this.#key(event));
    const time = document.createElement("span");
    time.className = "time";
    this.replaceChildren(button, slider, time);
    this.#shown = -1;
    this.#show(0);
    seen.observe(this);
  }

  async #toggle() {
    this.draw();
    if (!this.#audio.paused) return this.#surfer.pause();
    try {
      await this.#load();
      if (playing !== this.#audio) playing?.pause();
      playing = this.#audio;
      await this.#surfer.play();
      this.dispatchEvent(new CustomEvent("note-played", { bubbles: true }));
    } catch (error) {
      this.querySelector(".time").textContent = error.name === "NotSupportedError"
        ? "This browser can't play it." : error.message;
    }
  }

  async #load() {
    if (this.#made) return;
    const file = this.#file ?? (await fetched(this.getAttribute("src")));
    this.#made = URL.createObjectURL(file);
    // Where it was wound to before there was a file; browsers differ in whether they remember.
    const at = this.#surfer.getCurrentTime();
    this.#audio.src = this.#made;
    if (at) this.#audio.addEventListener("loadedmetadata", () => this.#surfer.setTime(at), { once: true });
  }

  #wind(to) {
    this.draw();
    this.#surfer.setTime(Math.min(Math.max(to, 0), this.#surfer.getDuration()));
    this.#show(this.#surfer.getCurrentTime());
  }

  #key(event) {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    const to = { Home: 0, End: this.seconds }[event.key];
    if (step === undefined && to === undefined) return;
    event.preventDefault();
    this.#wind(to ?? (this.#surfer?.getCurrentTime() ?? 0) + step);
  }

  #show(at) {
    const whole = Math.floor(at);
    if (whole === this.#shown) return;
    this.#shown = whole;
    this.querySelector(".time").textContent = clock(whole > 0 ? whole : this.seconds);
    const slider = this.querySelector(".wave");
    slider.setAttribute("aria-valuenow", whole);
    slider.setAttribute("aria-valuetext", `${whole} of ${this.seconds} seconds`);
  }
}

async function fetched(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" } });
  if (!answer.ok) throw new Error("The note could not be fetched.");
  return answer.blob();
}

// What a stranger sent may be no waveform: low bars then.
function valuesOf(base64) {
  let values = [];
  try {
    values = Array.from(atob(base64 ?? ""), (one) => Math.min(one.charCodeAt(0), 100));
  } catch {
    // As if there were none.
  }
  return values.length === BARS ? values : new Array(BARS).fill(0);
}

export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

customElements.define("voice-note", VoiceNote);
