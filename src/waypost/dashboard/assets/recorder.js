// The microphone, as long as somebody records: bytes in whatever form the browser makes them, and the level.
// The gateway converts them, so no codec has to be chosen here.
const LONGEST_MS = 3600 * 1000;

export class Recorder {
  #stream;
  #recorder;
  #context;
  #source;
  #meter;
  #chunks = [];

  static get possible() {
    return isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia) && "MediaRecorder" in window;
  }

  // `onLevel` hears (0 to 1, seconds) as long as it records, `onEnd` when the browser ends it by itself.
  async start(onLevel, onEnd) {
    // Made within the click: later, a browser takes it for a page that wants to play by itself, and halts it.
    this.#context = new AudioContext();
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true },
      });
    } catch (error) {
      this.#context.close();
      throw error;
    }
    this.#recorder = new MediaRecorder(this.#stream);
    this.#recorder.addEventListener("dataavailable", (event) => this.#chunks.push(event.data));
    this.#recorder.addEventListener("stop", () => this.#free());
    this.#recorder.addEventListener("error", onEnd);
    // Pulled out, or taken by a call.
    this.#stream.getAudioTracks()[0].addEventListener("ended", onEnd);
    // In pieces, so that an hour lies on disk where the browser wants it to.
    this.#recorder.start(1000);
    this.#listen(onLevel, onEnd);
  }

  // The recording as a Blob.
  stop() {
    return new Promise((resolve) => {
      const done = () => resolve(new Blob(this.#chunks, { type: this.#recorder.mimeType }));
      if (this.#recorder.state === "inactive") return done();
      this.#recorder.addEventListener("stop", done, { once: true });
      this.#recorder.stop();
    });
  }

  #listen(onLevel, onEnd) {
    this.#context.resume();
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 1024;
    // Held: a source that only a meter hears is nobody's to a browser that tidies up, and falls silent.
    this.#source = this.#context.createMediaStreamSource(this.#stream);
    this.#source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const began = performance.now();
    this.#meter = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const loud = Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
      const passed = performance.now() - began;
      // Speech lies around a tenth of full scale; the square root shows it in the middle of the meter.
      onLevel(Math.min(1, Math.sqrt(loud) * 1.6), passed / 1000);
      if (passed > LONGEST_MS) onEnd();
    }, 100);
  }

  #free() {
    clearInterval(this.#meter);
    this.#context.close();
    // The browser shows that the microphone is on until its tracks are stopped.
    for (const track of this.#stream.getTracks()) track.stop();
  }
}

// Why the microphone can't be had, in words that say what to do.
export function whyNot(error) {
  const words = {
    NotAllowedError: "The browser was not allowed to use the microphone: allow it for this page, in the address bar.",
    NotFoundError: "No microphone was found: plug one in, or choose a file.",
    NotReadableError: "Something else uses the microphone: close it, or choose a file.",
  };
  return words[error.name] ?? `Recording does not work here: ${error.message}`;
}
