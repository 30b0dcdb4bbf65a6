// Shows the chat beside the video, in step with it. Windows of messages are fetched as JSON and kept; what stands near the
// current time is on the page. Where there is no video to follow, a slider gives the time. Text only: nothing is parsed as HTML.

const WINDOW = 60; // seconds per request
const SHOWN = 150; // lines on the page
const BACK = 300; // seconds of chat before the current time that are shown after a jump

for (const panel of document.querySelectorAll("[data-chat]")) start(panel);

function start(panel) {
  const lines = panel.querySelector("[data-chat-lines]");
  const foot = panel.querySelector(".chat-foot");
  const status = panel.querySelector("[data-chat-status]");
  const player = document.getElementById("player");
  const windows = new Map(); // window number → promise of its messages
  let shown = [];
  let following = true;
  let turn = 0;
  let nothing = false; // no chat was recorded: the panel says so, whatever the video does
  let slider = null;
  let gaps = []; // lines that say where nothing was recorded; their ids are below 0

  tell("");
  if (!player) {
    slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: 0, max: panel.dataset.duration || 0, value: BACK, step: 1 });
    slider.setAttribute("aria-label", "Place in the broadcast");
    foot.prepend(slider);
    foot.hidden = false;
    slider.addEventListener("input", show);
  } else {
    for (const name of ["timeupdate", "seeked", "loadedmetadata"]) player.addEventListener(name, show);
  }
  lines.addEventListener("scroll", () => {
    following = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
  });
  first();

  async function first() {
    try {
      const answer = await ask(0, WINDOW, true);
      windows.set(0, Promise.resolve(answer.messages));
      gaps = answer.gaps.map((gap, index) => ({ id: -1 - index, t: gap.from, gap }));
      const count = panel.querySelector("[data-chat-count]");
      count.textContent = answer.count ? `${answer.count.toLocaleString()} messages` : "";
      nothing = !answer.count && !answer.messages.length;
      if (nothing) return say("No chat was recorded for this VOD.");
      await show();
    } catch {
      say("The chat could not be loaded. Reload the page to try again.");
    }
  }

  function now() {
    return player ? player.currentTime : Number(slider.value);
  }

  // Fetches the window and, where a crowded one was cut, what is left of it.
  async function load(number) {
    const end = (number + 1) * WINDOW;
    let from = number * WINDOW;
    const messages = [];
    while (from < end) {
      const answer = await ask(from, end, false);
      messages.push(...answer.messages);
      if (answer.to <= from) break;
      from = answer.to;
    }
    return messages;
  }

  function messagesOf(number) {
    if (!windows.has(number)) {
      if (windows.size > 40) windows.delete(windows.keys().next().value);
      const loading = load(number);
      windows.set(number, loading);
      loading.catch(() => windows.delete(number));
    }
    return windows.get(number);
  }

  async function ask(from, to, isFirst) {
    const query = new URLSearchParams({ from, to });
    if (isFirst) query.set("first", "1");
    const response = await fetch(`${panel.dataset.chat}?${query}`, { headers: { Accept: "application/json" } });
    if (!response.ok || response.redirected) throw new Error(`chat answered ${response.status}`);
    return response.json();
  }

  async function show() {
    if (nothing) return;
    const mine = ++turn;
    const time = now();
    const last = Math.floor(time / WINDOW);
    let found = [];
    try {
      for (let number = last; number >= 0 && number >= last - BACK / WINDOW && found.length < SHOWN; number--) {
        found = (await messagesOf(number)).concat(found);
      }
    } catch {
      return; // asked again at the next tick of the video
    }
    if (mine !== turn || nothing) return;
    messagesOf(last + 1).catch(() => {});
    const since = Math.min(found[0]?.t ?? time, time - BACK);
    found = found.concat(gaps.filter((gap) => gap.t >= since)).sort((one, other) => one.t - other.t);
    put(found.filter((message) => message.t <= time).slice(-SHOWN));
    tell(slider ? clock(time) : "");
  }

  // Adds what is new at the end when the video simply goes on; draws anew after a jump.
  function put(wanted) {
    const known = new Set(shown.map((message) => message.id));
    const goesOn = shown.length && wanted.length && wanted.some((message) => known.has(message.id));
    if (!goesOn) {
      lines.replaceChildren(...wanted.map(line));
      following = true;
    } else {
      const keep = new Set(wanted.map((message) => message.id));
      for (const element of [...lines.children]) if (!keep.has(Number(element.dataset.id))) element.remove();
      lines.append(...wanted.filter((message) => !known.has(message.id)).map(line));
    }
    shown = wanted;
    if (following) lines.scrollTop = lines.scrollHeight;
  }

  function tell(text) {
    status.textContent = text;
    foot.hidden = !text && !slider?.isConnected;
  }

  function say(text) {
    slider?.remove();
    lines.replaceChildren();
    panel.classList.add("quiet");
    tell(text);
  }
}

function line(message) {
  const item = document.createElement("li");
  item.dataset.id = message.id;
  if (message.gap) {
    item.className = "gap";
    const until = message.gap.to === null ? "" : ` to ${clock(message.gap.to)}`;
    item.textContent = `Not recorded from ${clock(message.gap.from)}${until}`;
    return item;
  }
  if (message.kind !== "message" && message.kind !== "action") item.className = "event";
  item.append(part("span", "at", clock(message.t)));
  if (message.system) item.append(part("span", "system", message.system));
  if (message.text) {
    const who = part("span", "who", message.name);
    const colour = readable(message.colour);
    if (colour) who.style.color = colour;
    const action = message.kind === "action";
    const text = part(message.deleted ? "s" : "span", message.deleted ? "gone" : "", message.text);
    if (message.deleted) text.title = "Deleted by a moderator";
    item.append(who, action ? " " : ": ", text);
  }
  return item;
}

function part(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.textContent = text;
  return element;
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

// A name's own colour, moved towards black or white until it can be read on the panel (contrast of 4.5 to 1).
function readable(colour) {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) return "";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const ground = luminance(dark ? [22, 31, 30] : [255, 255, 255]);
  const aim = dark ? 255 : 0;
  let rgb = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  for (let step = 0; step < 20 && contrast(luminance(rgb), ground) < 4.5; step++) {
    rgb = rgb.map((value) => Math.round(value + (aim - value) * 0.12));
  }
  return `rgb(${rgb.join(" ")})`;
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}
