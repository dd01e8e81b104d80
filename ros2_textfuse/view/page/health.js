// The state in plain words, the cameras' health, and the charts.

import { Chart } from "./charts.js";

const STATES = {
  OK: ["good", "All is well"],
  DEGRADED: ["warn", "Degraded"],
  VISIBLE_ONLY: ["warn", "Visible camera only"],
  THERMAL_ONLY: ["warn", "Thermal camera only"],
  WAITING: ["waiting", "Waiting for images"],
  IDLE: ["waiting", "Idle: nobody looks"],
  BUILDING: ["waiting", "Building the engine"],
  ERROR: ["bad", "Fusion fails"],
  SILENT: ["bad", "No fusion node"],
  LOST: ["bad", "Not connected"],
};
const SILENCE = 3000;  // ms without a status

export class Health {
  #heard = performance.now();
  #before = null;
  #latencies = [];
  #silent = "";
  #charts;

  constructor() {
    const parent = document.querySelector("#charts");
    this.#charts = {
      rate: new Chart(parent, "Fused images", "Hz", 10),
      latency: new Chart(parent, "Stamp to screen", "ms", 100),
      dropped: new Chart(parent, "Dropped pairs", "/s", 5),
    };
    setInterval(() => this.#listen(), 500);
  }

  // what to do when nothing is heard
  set silent(text) { this.#silent = text; }

  // nothing was asked for while the tab was hidden
  wake() {
    this.#heard = performance.now();
    this.#before = null;
  }

  painted(latency) {
    this.#latencies.push(latency);
  }

  lost(reason) {
    this.#heard = performance.now();
    this.#before = null;
    this.#state("LOST", reason || "The page's own server does not answer: it was stopped, or the network is down. Trying again.");
  }

  take(status) {
    this.#heard = performance.now();
    this.#state(status.state, status.message || (status.engine_warning ? `Slower than it could be: ${status.engine_warning}` : ""));
    for (const camera of ["visible", "thermal"]) camera_(camera, status);
    set("#engine", [status.model, status.engine].filter(Boolean).join(" on ") || "–");
    const now = performance.now(), before = this.#before;
    if (before && now - before.now < 400) return;  // out of turn, after a change of the prompt
    if (before && status.pairs_fused >= before.fused) {
      const seconds = (now - before.now) / 1000;
      this.#charts.rate.add((status.pairs_fused + status.passed_through - before.fused) / seconds);
      this.#charts.dropped.add(Math.max(0, status.pairs_dropped - before.dropped) / seconds);
      const latencies = this.#latencies.sort((a, b) => a - b);
      const median = latencies[latencies.length >> 1];
      // A recording's own stamps, or another clock, tell nothing.
      this.#charts.latency.add(latencies.length && median > -50 && median < 10000 ? Math.max(0, median) : null);
      document.body.dataset.latency = latencies.length ? median.toFixed(1) : "";
      this.#latencies = [];
    }
    this.#before = { now, fused: status.pairs_fused + status.passed_through, dropped: status.pairs_dropped };
  }

  #listen() {
    if (performance.now() - this.#heard > SILENCE && !document.hidden) {
      this.#state("SILENT", this.#silent);
      this.#before = null;
    }
  }

  #state(name, message) {
    const [level, words] = STATES[name] ?? ["warn", name];
    const line = document.querySelector("#state");
    if (line.dataset.state !== name) {
      line.dataset.state = name;
      line.dataset.level = level;
      set("#state b", words);
    }
    set("#advice", message);
    set("#blank span", message);
  }
}

function camera_(camera, status) {
  const place = document.querySelector(`#${camera}-health`), fault = status[`${camera}_fault`], age = status[`${camera}_age`];
  const rate = status[`${camera}_rate`], missing = status[`${camera}_missing_share`];
  const lost = missing > 0.005 ? `, ${Math.round(missing * 100)}% lost` : "";
  place.classList.toggle("fault", Boolean(fault) || age < 0 || age > 2);
  const text = fault || (age === undefined ? "–" : age < 0 ? "nothing yet" : age > 2 ? `silent for ${Math.round(age)} s` : `${rate.toFixed(rate < 10 ? 1 : 0)} Hz${lost}`);
  if (place.textContent !== text) place.textContent = text;
}

function set(selector, text) {
  const place = document.querySelector(selector);
  if (place.textContent !== text) place.textContent = text;  // a screen reader would read it again
}
