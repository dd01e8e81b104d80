// The page: wires the link to the parts that show and ask.

import { Health } from "./health.js";
import { Link } from "./link.js";
import { Prompt } from "./prompt.js";
import { Stage } from "./stage.js";
import { Timeline } from "./timeline.js";

const stage = new Stage(), health = new Health();
const link = new Link(async (images, stamp) => {
  await stage.paint(images, stamp);
  health.painted(link.age(stamp));
  document.body.dataset.frames = Number(document.body.dataset.frames ?? 0) + 1;
});
const prompt = new Prompt(fields => link.send("ask", fields));
const timeline = new Timeline((type, fields) => link.send(type, fields));
const keep = document.querySelector("#keep"), record = document.querySelector("#record");

const on = (kind, act) => link.addEventListener(kind, event => act(event.detail));
// A hidden tab asks for nothing, and costs nothing.
const look = () => {
  link.send("show", { streams: document.hidden ? [] : stage.streams });
  link.send("keep", { on: keep.checked });
};

on("open", look);
on("lost", ({ reason }) => health.lost(reason));
on("hello", hello => {
  document.title = hello.title ? `${hello.title} · textfuse` : "textfuse";
  document.querySelector("#title").textContent = hello.title ?? "";
  for (const part of document.querySelectorAll(".live")) part.hidden = !hello.live;
  health.silent = hello.silent ?? "";
  prompt.introduce(hello);
  timeline.introduce(hello);
});
on("status", status => {
  health.take(status);
  prompt.follow(status);
});
on("answer", answer => prompt.take(answer));
on("boxes", ({ boxes, stamp }) => {
  stage.setBoxes(boxes, stamp);
  count(boxes);
});
on("position", position => timeline.take(position));
on("recorder", ({ state, message }) => {
  record.setAttribute("aria-pressed", state === "recording");
  toast(message);
});
on("refused", ({ message }) => toast(message));

stage.addEventListener("streams", look);
document.addEventListener("visibilitychange", () => {
  health.wake();
  look();
});
keep.addEventListener("input", look);
record.addEventListener("click", () => link.send("record"));

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input[type=text]")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const layout = { 1: "fused", 2: "visible", 3: "thermal", 4: "all" }[event.key];
  const act = {
    "/": () => document.querySelector("#sentence").focus(),
    b: () => document.querySelector("#draw").click(),
    s: () => document.querySelector("#snapshot").click(),
    r: () => record.hidden || record.click(),
    k: () => timeline.toggle(),
    ",": () => timeline.step(-1),
    ".": () => timeline.step(1),
  }[event.key.toLowerCase()];
  if (layout) stage.show(layout);
  else if (act) act();
  else return;
  event.preventDefault();
});

let counted = 0;
function count(boxes) {
  if (performance.now() - counted < 1000) return;  // that can be read
  counted = performance.now();
  const numbers = new Map();
  for (const { name } of boxes) numbers.set(name, (numbers.get(name) ?? 0) + 1);
  document.querySelector("#found").textContent = [...numbers].map(([name, number]) => `${number} ${name}`).join(", ");
}

let shown = 0;
function toast(message) {
  const place = document.querySelector("#toast");
  place.textContent = message;
  place.hidden = false;
  clearTimeout(shown);
  shown = setTimeout(() => { place.hidden = true; }, 9000);
}
