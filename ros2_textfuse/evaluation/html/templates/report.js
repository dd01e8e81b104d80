// A slider over three images: 0 shows the visible one, 1 the fused one, 2 the thermal one; between two, the new one
// comes in from the left.
const NAMES = ["visible", "fused", "thermal"];
for (const shot of document.querySelectorAll(".shot")) {
  const [stage, slide, edge] = [".stage", ".slide", ".edge"].map(name => shot.querySelector(name));
  const layers = NAMES.map(name => shot.querySelector(".layer." + name));
  const [left, right] = [".tag.left", ".tag.right"].map(name => shot.querySelector(name));
  const show = value => {
    slide.value = value;
    const base = Math.min(1, Math.floor(value)), share = value - base;
    layers.forEach((layer, index) => {
      const covered = index <= base ? 1 : index === base + 1 ? share : 0;
      layer.style.clipPath = `inset(0 ${100 * (1 - covered)}% 0 0)`;
    });
    edge.style.left = 100 * share + "%";
    edge.hidden = share === 0 || share === 1;
    left.textContent = share > 0 ? NAMES[base + 1] : "";
    right.textContent = share < 1 ? NAMES[base] : "";
    left.hidden = !left.textContent;
    right.hidden = !right.textContent;
  };
  slide.addEventListener("input", () => show(+slide.value));
  shot.querySelectorAll(".stops button").forEach((stop, index) => stop.addEventListener("click", () => show(index)));
  const drag = event => {
    if (event.pointerType === "mouse" && !event.buttons) return;
    const box = stage.getBoundingClientRect();
    const base = Math.min(1, Math.floor(+slide.value - 1e-9 < 0 ? 0 : +slide.value - 1e-9));
    show(base + Math.min(1, Math.max(0.001, (event.clientX - box.left) / box.width)));
  };
  stage.addEventListener("pointerdown", drag);
  stage.addEventListener("pointermove", drag);
  const trio = shot.querySelector(".trio");
  layers.forEach((layer, index) => {
    const small = layer.querySelector("img").cloneNode();
    small.addEventListener("click", () => show(index));
    trio.append(small);
  });
  show(0.5);
}
for (const button of document.querySelectorAll("[data-boxes]"))
  button.addEventListener("click", () => {
    document.body.classList.toggle("no-boxes");
    button.textContent = document.body.classList.contains("no-boxes") ? "show boxes" : "hide boxes";
  });

// One moment in all plots: the values under the pointer.
const data = JSON.parse(document.getElementById("readout").textContent);
const plots = [...document.querySelectorAll(".plot[data-plot]")];
const nearest = (places, x) => places.reduce((best, place, i) => Math.abs(place - x) < Math.abs(places[best] - x) ? i : best, 0);
const read = x => plots.forEach((plot, index) => {
  const { places, times, unit, series } = data[index], at = nearest(places, x);
  const hair = plot.querySelector(".hair"), readout = plot.querySelector(".readout");
  hair.style.left = 100 * places[at] + "%";
  hair.style.opacity = 0.7;
  readout.textContent = times[at] + (unit ? " " + unit : "");
  for (const [stream, values] of Object.entries(series).reverse()) {
    const value = document.createElement("b");
    value.className = stream;
    value.textContent = values[at] ?? "–";
    readout.append(value);
  }
});
plots.forEach(plot => plot.querySelector(".area").addEventListener("pointermove", event => {
  const box = event.currentTarget.getBoundingClientRect();
  read((event.clientX - box.left) / box.width);
}));
for (const button of document.querySelectorAll("[data-copy]"))
  button.addEventListener("click", () => navigator.clipboard?.writeText(document.getElementById(button.dataset.copy).textContent));
