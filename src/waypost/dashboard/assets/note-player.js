// <voice-note src seconds waveform label>: the bars as phones draw them (64 values, base64), and a player.
//
// The file is fetched when it is first played, as a whole: so it can be wound without the server knowing of
// ranges, which Safari asks for, and an expired link is noticed by an error instead of silence.
const BARS = 64;
const SVG = "http://www.w3.org/2000/svg";
let playing = null;

export class VoiceNote extends HTMLElement {
  #audio = null;
  #made = "";
  #file = null;

  connectedCallback() {
    if (!this.firstElementChild) this.#draw();
  }

  disconnectedCallback() {
    // It may have been moved, not removed: who is still out of the page a moment later is gone.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#audio?.pause();
      if (this.#made) URL.revokeObjectURL(this.#made);
      this.#made = "";
      this.#audio = null;
    });
  }

  // A note that is not anywhere to be fetched: bytes that this page has.
  set file(blob) {
    this.#audio?.pause();
    this.#audio = null;
    this.#file = blob;
    this.#draw();
  }

  get seconds() {
    return Number(this.getAttribute("seconds")) || 0;
  }

  #draw() {
    const label = this.getAttribute("label") || "Voice note";
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "▶" });
    button.className = "play";
    button.setAttribute("aria-label", `Play: ${label}, ${this.seconds} seconds`);
    button.addEventListener("click", () => this.#toggle());
    const slider = document.createElement("span");
    slider.className = "wave";
    slider.tabIndex = 0;
    for (const [name, value] of Object.entries({
      role: "slider", "aria-label": `Place in: ${label}`, "aria-valuemin": 0, "aria-valuemax": this.seconds,
    })) slider.setAttribute(name, value);
    slider.append(bars(this.getAttribute("waveform") || ""));
    slider.addEventListener("pointerdown", (event) => {
      const box = slider.getBoundingClientRect();
      this.#wind((event.clientX - box.left) / box.width);
    });
    slider.addEventListener("keydown", (event) => this.#key(event));
    const time = document.createElement("span");
    time.className = "time";
    this.replaceChildren(button, slider, time);
    this.#show(0);
  }

  async #toggle() {
    if (this.#audio && !this.#audio.paused) return this.#audio.pause();
    try {
      const audio = await this.#load();
      playing?.pause();
      playing = audio;
      await audio.play();
      this.dispatchEvent(new CustomEvent("note-played", { bubbles: true }));
    } catch (error) {
      this.querySelector(".time").textContent = error.name === "NotSupportedError"
        ? "This browser can't play it." : error.message;
    }
  }

  async #load() {
    if (this.#audio) return this.#audio;
    const file = this.#file ?? (await fetched(this.getAttribute("src")));
    this.#made = URL.createObjectURL(file);
    const audio = new Audio(this.#made);
    const button = this.querySelector(".play");
    const label = button.getAttribute("aria-label").replace(/^\w+: /, "");
    const turn = (sign, word) => {
      button.textContent = sign;
      button.setAttribute("aria-label", `${word}: ${label}`);
      this.toggleAttribute("playing", word === "Pause");
    };
    audio.addEventListener("play", () => turn("❚❚", "Pause"));
    audio.addEventListener("pause", () => turn("▶", "Play"));
    audio.addEventListener("timeupdate", () => this.#show(audio.currentTime));
    audio.addEventListener("ended", () => {
      audio.currentTime = 0;
      this.dispatchEvent(new CustomEvent("note-heard", { bubbles: true }));
    });
    this.#audio = audio;
    return audio;
  }

  async #wind(share) {
    const audio = await this.#load().catch(() => null);
    if (!audio) return;
    const all = Number.isFinite(audio.duration) ? audio.duration : this.seconds;
    audio.currentTime = Math.min(Math.max(share, 0), 1) * all;
    this.#show(audio.currentTime);
  }

  #key(event) {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    const to = { Home: 0, End: 1 }[event.key];
    if (step === undefined && to === undefined) return;
    event.preventDefault();
    this.#wind(to ?? ((this.#audio?.currentTime ?? 0) + step) / (this.seconds || 1));
  }

  #show(at) {
    const all = this.seconds || 1;
    const heard = Math.round((at / all) * BARS);
    this.querySelectorAll("rect").forEach((bar, index) => bar.classList.toggle("heard", index < heard));
    this.querySelector(".time").textContent = clock(at > 0 ? at : this.seconds);
    const slider = this.querySelector(".wave");
    slider.setAttribute("aria-valuenow", Math.floor(at));
    slider.setAttribute("aria-valuetext", `${Math.floor(at)} of ${this.seconds} seconds`);
  }
}

async function fetched(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" } });
  if (!answer.ok) throw new Error("The note could not be fetched.");
  return answer.blob();
}

function bars(base64) {
  let values = [];
  try {
    values = Array.from(atob(base64), (one) => Math.min(one.charCodeAt(0), 100));
  } catch {
    // What a stranger sent is no waveform: low bars.
  }
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({
    viewBox: `0 0 ${BARS * 3 - 1} 32`, preserveAspectRatio: "none", "aria-hidden": "true",
  })) svg.setAttribute(name, value);
  for (let index = 0; index < BARS; index++) {
    const height = Math.max(2, Math.round(((values.length === BARS ? values[index] : 0) * 32) / 100));
    const bar = document.createElementNS(SVG, "rect");
    const shape = { x: index * 3, y: (32 - height) / 2, width: 2, height, rx: 1 };
    for (const [name, value] of Object.entries(shape)) bar.setAttribute(name, value);
    svg.append(bar);
  }
  return svg;
}

export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

customElements.define("voice-note", VoiceNote);
