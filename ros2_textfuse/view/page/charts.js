// Small live charts: the last minute, twice a second.

const LENGTH = 120;

export class Chart {
  #values = [];
  #canvas;
  #now;
  #unit;
  #least;

  // least: the top of the scale is never below this, so that small things look small
  constructor(parent, name, unit, least) {
    const block = document.createElement("div");
    block.className = "chart";
    block.append(Object.assign(document.createElement("span"), { textContent: name }));
    this.#now = block.appendChild(Object.assign(document.createElement("b"), { textContent: "–" }));
    this.#canvas = block.appendChild(document.createElement("canvas"));
    this.#canvas.setAttribute("role", "img");
    this.#canvas.setAttribute("aria-label", `${name}, the last minute`);
    this.#unit = unit;
    this.#least = least;
    parent.append(block);
  }

  add(value) {
    this.#values = [...this.#values, value].slice(-LENGTH);
    this.#now.textContent = value === null ? "–" : `${value.toFixed(value < 10 && !Number.isInteger(value) ? 1 : 0)} ${this.#unit}`;
    this.#draw();
  }

  #draw() {
    const dense = devicePixelRatio || 1, { clientWidth: width, clientHeight: height } = this.#canvas;
    [this.#canvas.width, this.#canvas.height] = [width * dense, height * dense];
    const pen = this.#canvas.getContext("2d"), style = getComputedStyle(this.#canvas);
    pen.scale(dense, dense);
    const top = 1.1 * Math.max(this.#least, ...this.#values.filter(value => value !== null));
    pen.strokeStyle = style.getPropertyValue("--line");
    pen.beginPath();
    pen.moveTo(0, height - .5);
    pen.lineTo(width, height - .5);
    pen.stroke();
    pen.strokeStyle = style.getPropertyValue("--accent");
    pen.lineWidth = 1.5;
    pen.beginPath();
    let gap = true;
    this.#values.forEach((value, index) => {
      const x = width * (LENGTH - this.#values.length + index) / (LENGTH - 1), y = height - 1 - (height - 3) * value / top;
      if (value !== null) gap ? pen.moveTo(x, y) : pen.lineTo(x, y);
      gap = value === null;
    });
    pen.stroke();
  }
}
