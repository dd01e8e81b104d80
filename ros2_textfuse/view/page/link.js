// The WebSocket: one message at a time, acknowledged when it is painted; see view/viewer.py for its form.

const RETRY = 1000;  // ms

export class Link extends EventTarget {
  #socket = null;
  #offset = 0;  // ms that the server's clock is ahead of ours
  #trip = Infinity;  // ms, the shortest there and back
  #painting = async () => {};

  // paint(images, stamp): called with {stream: ImageBitmap}; the next message comes when it is done
  constructor(paint) {
    super();
    this.#painting = paint;
    this.#connect();
    setInterval(() => this.#askTime(), 5000);
  }

  send(type, fields = {}) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type, ...fields }));
  }

  // ms from a stamp to now, by the server's clock
  age(stamp) {
    return performance.timeOrigin + performance.now() + this.#offset - stamp;
  }

  #connect() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#trip = Infinity;
      this.#tell("open");
      for (let number = 0; number < 8; number++) setTimeout(() => this.#askTime(), 250 * number);
    };
    socket.onmessage = event => this.#receive(event.data);
    socket.onclose = event => {
      this.#tell("lost", { reason: event.reason });
      setTimeout(() => this.#connect(), RETRY);
    };
    this.#socket = socket;
  }

  async #receive(buffer) {
    const length = new DataView(buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    for (const news of header.news) {
      if (news.kind === "clock") this.#setTime(news);
      else this.#tell(news.kind, news);
    }
    try {
      if (header.images) await this.#painting(await decode(buffer, 4 + length, header.images), header.stamp);
    } finally {
      this.send("painted", { number: header.number });
    }
  }

  #askTime() {
    this.send("clock", { sent: performance.timeOrigin + performance.now() });
  }

  #setTime({ sent, received, now }) {
    const back = performance.timeOrigin + performance.now(), trip = back - sent - (now - received);
    if (trip < this.#trip) {  // the quickest answer knows best
      this.#trip = trip;
      this.#offset = (received - sent + now - back) / 2;
    }
  }

  #tell(kind, fields = {}) {
    this.dispatchEvent(new CustomEvent(kind, { detail: fields }));
  }
}

async function decode(buffer, start, images) {
  const decoded = {};
  for (const [stream, size] of images) {
    const file = new Blob([new Uint8Array(buffer, start, size)], { type: "image/jpeg" });
    decoded[stream] = await createImageBitmap(file);
    start += size;
  }
  return decoded;
}
