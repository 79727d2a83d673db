// <voice-composer>: record, choose, drop or name a sound; hear the note that is made of it, and its facts.
// `note` is what will be sent, null while there is none; `note-changed` tells that it is another one.
import { call } from "./post.js";
import { clock } from "./note-player.js";
import { Recorder, whyNot } from "./recorder.js";

class VoiceComposer extends HTMLElement {
  note = null;
  #recorder = null;
  #turn = 0;

  connectedCallback() {
    const on = (name, event, act) => this.#part(name).addEventListener(event, act);
    if (!Recorder.possible) this.#explain();
    on("record", "click", () => this.#record());
    on("stop", "click", () => this.#stop(true));
    on("discard-recording", "click", () => this.#stop(false));
    on("file", "change", (event) => this.#take(event.target.files[0], event.target));
    on("fetch", "click", () => this.#fetch());
    on("url", "keydown", (event) => event.key === "Enter" && (event.preventDefault(), this.#fetch()));
    on("discard", "click", () => this.clear());
    this.addEventListener("dragover", (event) => (event.preventDefault(), this.classList.add("over")));
    this.addEventListener("dragleave", () => this.classList.remove("over"));
    this.addEventListener("drop", (event) => {
      event.preventDefault();
      this.classList.remove("over");
      this.#take(event.dataTransfer.files[0]);
    });
  }

  disconnectedCallback() {
    this.#recorder?.stop();
  }

  clear() {
    this.#turn += 1;
    this.note = null;
    this.#say("");
    this.#step("sources");
    this.dispatchEvent(new CustomEvent("note-changed", { bubbles: true }));
  }

  #part(name) {
    return this.querySelector(`[data-${name}]`);
  }

  #say(words) {
    this.#part("status").textContent = words;
  }

  // One of sources, recording and ready is shown; none while it waits.
  #step(name) {
    for (const one of ["sources", "recording", "ready"]) this.#part(one).hidden = one !== name;
  }

  #explain() {
    this.#part("record").disabled = true;
    this.#part("insecure").hidden = isSecureContext;
    const port = location.port || (location.protocol === "https:" ? "443" : "80");
    for (const one of this.querySelectorAll("[data-port]")) one.textContent = port;
    if (isSecureContext) this.#say("This browser can't record; choose a file.");
  }

  async #record() {
    const recorder = new Recorder();
    this.#say("");
    try {
      await recorder.start((level, seconds) => {
        this.#part("level").value = level;
        this.#part("time").textContent = clock(seconds);
      }, () => this.#stop(true));
    } catch (error) {
      return this.#say(whyNot(error));
    }
    this.#recorder = recorder;
    this.#step("recording");
    this.#part("stop").focus();
  }

  async #stop(keep) {
    const recorder = this.#recorder;
    if (!recorder) return;
    this.#recorder = null;
    const blob = await recorder.stop();
    if (!keep) return this.clear();
    await this.#take(blob);
  }

  async #take(blob, input) {
    // The same file can be chosen again after it was discarded.
    if (input) queueMicrotask(() => (input.value = ""));
    if (!blob) return;
    if (blob.size > Number(this.dataset.most)) {
      return this.#say(`That is larger than ${Math.floor(Number(this.dataset.most) / 1e6)} MB, which is the most.`);
    }
    await this.#convert(this.dataset.preview, blob, blob.type || "application/octet-stream");
  }

  async #fetch() {
    const address = this.#part("url").value.trim();
    if (address) await this.#convert(this.dataset.previewUrl, address, "text/plain");
  }

  async #convert(address, body, type) {
    const turn = (this.#turn += 1);
    this.#step("");
    this.#say("Making the note…");
    try {
      const answer = await call(address, { body, headers: { "Content-Type": type } });
      const facts = JSON.parse(answer.headers.get("X-Note"));
      const note = await answer.blob();
      if (turn === this.#turn) this.#show(note, facts);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.clear();
      this.#say(error.message);
    }
  }

  #show(note, facts) {
    const player = this.#part("note");
    player.setAttribute("seconds", facts.seconds);
    player.setAttribute("waveform", facts.waveform);
    player.file = note;
    const list = this.#part("facts");
    list.replaceChildren(...rows(facts).flatMap(([name, value]) => [node("dt", name), node("dd", value)]));
    this.note = note;
    this.#step("ready");
    this.#say("This is what the recipient will get.");
    this.dispatchEvent(new CustomEvent("note-changed", { bubbles: true }));
  }
}

function rows(facts) {
  const made = facts.passthrough ? "It was a native note: sent unchanged" : "Converted here";
  return [
    ["Length", `${clock(facts.seconds)} (${facts.seconds} s)`],
    ["Size", `${size(facts.size)}, made of ${size(facts.source_size)}`],
    ["Loudness", facts.lufs === null ? "Silent: nothing is to be heard" : `${facts.lufs} LUFS`],
    ["Format", `Ogg Opus, mono, 16 kHz, ${Math.round(facts.bitrate / 100) / 10} kbit/s`],
    ["Made", made],
  ];
}

function size(bytes) {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function node(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}

customElements.define("voice-composer", VoiceComposer);
