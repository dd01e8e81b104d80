// The sentence, the chips and the sliders: what is asked for, and what was understood of it.

const HISTORY = "textfuse-history", KEPT = 20;
const DRAG = 150;  // ms between two requests while a slider is dragged

export class Prompt {
  #send;
  #sentence = document.querySelector("#sentence");
  #severity = document.querySelector("#severity");
  #balance = document.querySelector("#balance");
  #answer = document.querySelector("#answer");
  #number = 0;
  #answered = true;
  #modes = new Set();
  #objects = new Set();
  #history = read();
  #place = -1;
  #suggestions = [];
  #unknown = { prompt: "", clauses: [] };
  #timer = 0;
  #relative = "";  // a sentence about the prompt in force, which has been asked
  #force = {};  // the prompt in force

  // send(fields): asks for a prompt
  constructor(send) {
    this.#send = send;
    document.querySelector("#ask").addEventListener("submit", event => {
      event.preventDefault();
      this.#remember(this.#sentence.value.trim());
      this.#relative = "";
      this.#ask();
    });
    document.querySelector("#clear").addEventListener("click", () => this.clear());
    this.#sentence.addEventListener("keydown", event => this.#recall(event));
    for (const slider of [this.#severity, this.#balance])
      slider.addEventListener("input", () => {
        this.#label();
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#ask(), DRAG);
      });
    this.#list();
  }

  introduce({ modes = [], objects = [], suggestions = [] }) {
    this.#suggestions = suggestions;
    this.#list();
    chips("#modes", ["auto", ...modes], this.#modes, () => this.#ask());
    chips("#objects", objects, this.#objects, () => this.#ask());
    this.#mark();
  }

  clear() {
    this.#sentence.value = "";
    this.#severity.value = this.#balance.value = 0;
    this.#modes.clear();
    this.#objects.clear();
    this.#label();
    this.#mark();
    this.#ask();
    this.#sentence.focus();
  }

  // The answer to a request: `number` tells which.
  take(answer) {
    if (answer.number !== this.#number) return;
    this.#answered = true;
    this.#relative = answer.success && answer.relative ? this.#sentence.value.trim() : "";
    if (answer.success) {
      this.#unknown = { prompt: answer.prompt, clauses: answer.not_understood ?? [] };
      this.follow(answer, answer.message);
    } else this.#show([tag("refused", answer.message)]);
  }

  // What is in force, whoever asked for it.
  follow(status, message = "") {
    if (!this.#answered) return;
    this.#force = status;
    const parts = [];
    (status.modes ?? []).forEach((mode, index) => parts.push(tag("tag mode", words(mode), status.severities?.[index])));
    for (const name of status.objects ?? []) parts.push(tag("tag object", name));
    if (Math.abs(status.balance ?? 0) > 0.005) parts.push(tag("tag", status.balance < 0 ? "more visible" : "more thermal", Math.abs(status.balance)));
    for (const name of ["brightness", "contrast", "colour"])
      if (Math.abs(status[name] ?? 0) > 0.005) parts.push(tag("tag", name, status[name], true));
    if (status.auto_mode) parts.push(tag("tag", "auto"));
    if (status.prompt === this.#unknown.prompt)
      for (const clause of this.#unknown.clauses) parts.push(tag("tag unknown", `not understood: ${clause}`));
    if (!parts.length) parts.push(tag("muted", message || (status.prompt ? "No degradation named: plain fusion" : "No prompt: plain fusion")));
    if (status.prompt && status.prompt !== this.#sentence.value.trim()) parts.unshift(tag("muted", `In force: “${status.prompt}”`));
    this.#show(parts);
    this.#estimates(status);
    const scene = document.querySelector("#scene");
    scene.hidden = !status.scene;
    if (scene.lastElementChild.textContent !== (status.scene ?? "")) scene.lastElementChild.textContent = status.scene ?? "";
  }

  #ask() {
    clearTimeout(this.#timer);
    this.#number += 1;
    this.#answered = false;
    setTimeout(() => { this.#answered = true; }, 8000);  // whatever happens to the answer
    const asked = {
      number: this.#number,
      prompt: this.#sentence.value.trim(),
      modes: [...this.#modes],
      severity: Number(this.#severity.value),
      objects: [...this.#objects],
      balance: Number(this.#balance.value),
    };
    // "A bit more" is asked once; a slider then moves what came of it.
    if (asked.prompt && asked.prompt === this.#relative) {
      const { modes = [], objects = [], balance = 0 } = this.#force;
      asked.prompt = "";
      asked.modes = [...new Set([...modes, ...asked.modes])];
      asked.objects = [...new Set([...objects, ...asked.objects])];
      asked.balance ||= balance;
    }
    this.#send(asked);
  }

  #show(parts) {
    const text = parts.map(part => part.textContent).join();
    if (this.#answer.dataset.text === text) return;  // a screen reader would read it again
    this.#answer.dataset.text = text;
    this.#answer.replaceChildren(...parts);
  }

  #label() {
    const severity = Number(this.#severity.value), balance = Number(this.#balance.value);
    document.querySelector("output[for=severity]").textContent = severity ? severity.toFixed(2) : "from the prompt";
    document.querySelector("output[for=balance]").textContent =
      balance ? `${Math.abs(balance).toFixed(1)} ${balance < 0 ? "visible" : "thermal"}` : "from the prompt";
  }

  #mark() {
    for (const [id, chosen] of [["#modes", this.#modes], ["#objects", this.#objects]])
      for (const chip of document.querySelectorAll(`${id} button`)) chip.setAttribute("aria-pressed", chosen.has(chip.value));
  }

  // What the images themselves say, beside each mode's name.
  #estimates({ estimated_modes = [], estimated_severities = [] }) {
    for (const chip of document.querySelectorAll("#modes button")) {
      const value = estimated_severities[estimated_modes.indexOf(chip.value)];
      chip.lastElementChild.textContent = value > 0.05 ? value.toFixed(1) : "";
      chip.title = value > 0.05 ? `The images say: ${words(chip.value)} ${value.toFixed(2)}` : "";
    }
  }

  #remember(text) {
    this.#place = -1;
    if (!text) return;
    this.#history = [text, ...this.#history.filter(other => other !== text)].slice(0, KEPT);
    try { localStorage.setItem(HISTORY, JSON.stringify(this.#history)); } catch { /* a private window keeps none */ }
    this.#list();
  }

  #recall(event) {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!step || (this.#sentence.value && this.#place < 0)) return;  // the browser's own list of suggestions
    const place = this.#place + step;
    if (place >= this.#history.length || place < -1) return;
    event.preventDefault();
    this.#place = place;
    this.#sentence.value = this.#history[place] ?? "";
  }

  #list() {
    const texts = [...new Set([...this.#history, ...this.#suggestions])];
    document.querySelector("#suggestions").replaceChildren(...texts.map(value => Object.assign(document.createElement("option"), { value })));
  }
}

function chips(selector, names, chosen, changed) {
  document.querySelector(selector).replaceChildren(...names.map(name => {
    const chip = Object.assign(document.createElement("button"), { type: "button", value: name });
    chip.append(words(name), document.createElement("small"));
    chip.addEventListener("click", () => {
      chosen.has(name) ? chosen.delete(name) : chosen.add(name);
      chip.setAttribute("aria-pressed", chosen.has(name));
      changed();
    });
    return chip;
  }));
}

function tag(kind, text, value, signed = false) {
  const made = Object.assign(document.createElement("span"), { className: kind, textContent: text });
  if (value !== undefined && value !== null) {
    made.append(" ", Object.assign(document.createElement("b"), { textContent: `${signed && value > 0 ? "+" : ""}${value.toFixed(2)}` }));
  }
  return made;
}

function words(name) {
  return name.replace(/^ir_/, "thermal ").replaceAll("_", " ");
}

function read() {
  try {
    const found = JSON.parse(localStorage.getItem(HISTORY) ?? "[]");
    return Array.isArray(found) ? found.filter(text => typeof text === "string").slice(0, KEPT) : [];
  } catch {
    return [];
  }
}
