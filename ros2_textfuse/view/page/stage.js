// The images: a canvas for each stream, boxes over the fused one, and a slider that is dragged across.

const STREAMS = { fused: ["fused"], visible: ["fused", "visible"], thermal: ["fused", "thermal"], all: ["fused", "visible", "thermal"] };
const COLOURS = ["#4aa3df", "#f2a33a", "#5fc488", "#e58fd0", "#e5d04d", "#e5604d", "#8fa8ff", "#5fd0d0"];
const OLD = 400;  // ms between the stamps of an image and of boxes, from which on they are of another scene

export class Stage extends EventTarget {
  #view = document.querySelector("#view");
  #boxes = document.querySelector("#boxes");
  #wipe = document.querySelector("#wipe");
  #canvases = {};
  #found = [];
  #foundAt = 0;  // ms, the stamp of the image they were found in
  #size = [0, 0];

  constructor() {
    super();
    for (const figure of this.#view.querySelectorAll("figure")) this.#canvases[figure.dataset.stream] = figure.querySelector("canvas");
    this.#wipe.addEventListener("input", () => this.#cut());
    document.querySelector("#draw").addEventListener("input", () => this.#draw());
    for (const radio of document.querySelectorAll("[name=layout]"))
      radio.addEventListener("change", () => this.show(radio.value));
    new ResizeObserver(() => { this.#cut(); this.#draw(); }).observe(this.#view);
  }

  get streams() { return STREAMS[this.#view.dataset.layout]; }

  show(layout) {
    this.#view.dataset.layout = layout;
    document.querySelector(`[name=layout][value=${layout}]`).checked = true;
    this.#cut();
    this.#draw();
    this.dispatchEvent(new Event("streams"));
  }

  // Draws {stream: ImageBitmap} at the next repaint; ends when that has been done.
  paint(images, stamp) {
    return new Promise(done => requestAnimationFrame(() => {
      for (const [stream, image] of Object.entries(images)) {
        const canvas = this.#canvases[stream];
        if (canvas.width !== image.width || canvas.height !== image.height) [canvas.width, canvas.height] = [image.width, image.height];
        canvas.getContext("2d", { alpha: false }).drawImage(image, 0, 0);
        image.close();
      }
      const { width, height } = this.#canvases.fused;
      if (images.fused && (width !== this.#size[0] || height !== this.#size[1])) {
        this.#size = [width, height];
        this.#view.style.setProperty("--aspect", `${width} / ${height}`);
        this.#cut();
      }
      document.querySelector("#blank").hidden = true;
      if (this.#found.length && stamp - this.#foundAt > OLD) this.setBoxes([], stamp);
      done();
    }));
  }

  setBoxes(found, stamp) {
    this.#found = found;
    this.#foundAt = stamp;
    this.#draw();
  }

  // Where the image lies within the view, in CSS pixels: it keeps its shape.
  #area() {
    const canvas = this.#canvases.fused, outer = this.#view.getBoundingClientRect(), box = canvas.getBoundingClientRect();
    const scale = Math.min(box.width / canvas.width, box.height / canvas.height);
    const [width, height] = [canvas.width * scale, canvas.height * scale];
    return { scale, width, height, left: box.left - outer.left + (box.width - width) / 2, top: box.top - outer.top + (box.height - height) / 2 };
  }

  #cut() {
    const area = this.#area(), total = this.#view.clientWidth || 1;
    // The slider spans the image, not the black beside it.
    const at = area.left + area.width * this.#wipe.value / 100;
    this.#wipe.style.left = `${area.left}px`;
    this.#wipe.style.width = `${area.width}px`;
    this.#view.style.setProperty("--cut", `${100 * at / total}%`);
  }

  #draw() {
    const canvas = this.#boxes, dense = devicePixelRatio || 1;
    const [width, height] = [this.#view.clientWidth, this.#view.clientHeight];
    if (canvas.width !== Math.round(width * dense)) canvas.width = Math.round(width * dense);
    if (canvas.height !== Math.round(height * dense)) canvas.height = Math.round(height * dense);
    const pen = canvas.getContext("2d");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (!document.querySelector("#draw").checked) return;
    const { scale, left, top } = this.#area();
    pen.lineWidth = 2;
    pen.font = "600 13px system-ui, sans-serif";
    pen.textBaseline = "top";
    for (const { name, score, id, box: [x, y, w, h] } of this.#found) {
      const [px, py, pw, ph] = [left + (x - w / 2) * scale, top + (y - h / 2) * scale, w * scale, h * scale];
      pen.strokeStyle = pen.fillStyle = colour(name);
      pen.strokeRect(px, py, pw, ph);
      const label = `${name}${id ? ` ${id}` : ""} ${Math.round(score * 100)}%`, wide = pen.measureText(label).width + 8;
      pen.fillRect(px - 1, Math.max(0, py - 19), wide, 18);
      pen.fillStyle = "#10141a";
      pen.fillText(label, px + 3, Math.max(0, py - 19) + 3);
    }
  }
}

function colour(name) {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 65521;
  return COLOURS[sum % COLOURS.length];
}
