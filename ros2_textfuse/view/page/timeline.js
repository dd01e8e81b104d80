// The timeline of a recording: play, stand still, scrub.

export class Timeline {
  #send;
  #bar = document.querySelector("#seek");
  #button = document.querySelector("#play");
  #playing = false;
  #dragged = 0;

  constructor(send) {
    this.#send = send;
    this.#bar.addEventListener("input", () => {
      this.#dragged = performance.now();
      this.#label(Number(this.#bar.value));
      send("seek", { time: Number(this.#bar.value) });
    });
    this.#button.addEventListener("click", () => this.toggle());
  }

  introduce({ duration }) {
    document.querySelector("#timeline").hidden = !duration;
    this.#bar.max = duration ?? 1;
  }

  toggle() {
    this.#send("play", { on: !this.#playing });
  }

  step(seconds) {
    this.#bar.value = Number(this.#bar.value) + seconds;
    this.#bar.dispatchEvent(new Event("input"));
  }

  take({ time, playing }) {
    this.#playing = playing;
    this.#button.textContent = playing ? "❚❚" : "▶";
    this.#button.setAttribute("aria-label", playing ? "Stand still" : "Play");
    if (performance.now() - this.#dragged < 500) return;  // the hand that drags knows better
    this.#bar.value = time;
    this.#label(time);
  }

  #label(time) {
    document.querySelector("#clock").textContent = `${clock(time)} / ${clock(Number(this.#bar.max))}`;
    this.#bar.setAttribute("aria-valuetext", clock(time));
  }
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}
