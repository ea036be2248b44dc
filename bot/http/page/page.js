// The page's script: it asks the bot that it came from, and nobody else. What is typed stays here.
// It is longer than 300 lines because the page has one script, which a browser reads as it is.
"use strict";

const $ = (id) => document.getElementById(id);

/** Samples are asked for bare: 24 kHz, 16 bits, mono, little-endian. */
const RATE = 24_000;
/** The first sound waits so long, in seconds, that what follows is there in time. */
const LEAD = 0.03;
/** So much is fetched ahead of what sounds, in seconds: a book would fill the memory. */
const AHEAD = 20;
const EVERY_MS = 2000, READINGS = 60;
const HISTORY = 20;
const TOKEN = "timbre-token";
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const DARK = matchMedia("(prefers-color-scheme: dark)");

// -- asking ---------------------------------------------------------------------------------------

/** What the bot said when it refused; `status` is 0 where it said nothing. */
class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The bot does not answer.");
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => null);
  if (response.status === 401) {
    wantToken(token);
    throw new Refused(401, "The bot wants its token first.");
  }
  throw new Refused(response.status, told?.error?.message ?? `The bot answered ${response.status}.`);
}

function wantToken(tried) {
  if (tried !== sessionStorage.getItem(TOKEN)) return;  // another has been given meanwhile
  const told = tried ? "That token is wrong." : "This bot wants the token in its TIMBRE_HTTP_TOKEN.";
  sessionStorage.removeItem(TOKEN);
  if (tried || $("access").hidden) $("token-told").textContent = told;
  if ($("access").hidden) {
    $("access").hidden = false;
    $("token").focus();
  }
}

function letIn() {
  $("access").hidden = true;
  $("text").focus();
}

$("access").addEventListener("submit", (event) => {
  event.preventDefault();
  // A header has no other letters; no token has them either.
  sessionStorage.setItem(TOKEN, $("token").value.replace(/[^!-~]/g, "") || "-");
  $("token-told").textContent = "";
  refresh();
});

// -- sound ----------------------------------------------------------------------------------------

/** Plays samples without a gap as they arrive, and keeps how loud they were for the picture. */
class Player {
  constructor(context, output) {
    this.context = context;
    this.output = new GainNode(context);
    this.output.connect(output);
    this.sources = new Set();
    this.begins = 0;  // when the first sample sounds, later by every gap
    this.until = 0;  // when the last sample has sounded
    this.gaps = 0;
    this.cut = null;  // how much had been played when it was stopped
    this.odd = new Uint8Array();  // half a sample, whose other half comes next
    this.peaks = [];
    this.peakSamples = RATE / 50;
  }

  /** Returns whether there was a whole sample in it. */
  add(bytes) {
    const all = new Uint8Array(this.odd.length + bytes.length);
    all.set(this.odd);
    all.set(bytes, this.odd.length);
    const length = all.length >> 1;
    this.odd = all.slice(length * 2);
    if (!length) return false;
    const buffer = new AudioBuffer({ length, sampleRate: RATE });
    const samples = buffer.getChannelData(0), view = new DataView(all.buffer);
    for (let at = 0; at < length; at++) samples[at] = view.getInt16(at * 2, true) / 32768;
    this.schedule(buffer);
    this.see(samples);
    return true;
  }

  schedule(buffer) {
    const now = this.context.currentTime;
    if (!this.begins) {
      this.begins = this.until = now + LEAD;
    } else if (this.until < now) {
      this.gaps++;
      this.begins += now + LEAD - this.until;
      this.until = now + LEAD;
    }
    const source = new AudioBufferSourceNode(this.context, { buffer });
    source.connect(this.output);
    source.addEventListener("ended", () => this.sources.delete(source));
    source.start(this.until);
    this.sources.add(source);
    this.until += buffer.duration;
  }

  /** Keeps peaks of so many samples each that there are never more than some thousands. */
  see(samples) {
    for (let at = 0; at < samples.length; at += this.peakSamples) {
      const part = samples.subarray(at, at + this.peakSamples);
      this.peaks.push(part.reduce((most, one) => Math.max(most, Math.abs(one)), 0));
    }
    if (this.peaks.length > 6000) {
      const [even, odd] = [0, 1].map((rest) => this.peaks.filter((_, at) => at % 2 === rest));
      this.peaks = even.map((one, at) => Math.max(one, odd[at] ?? 0));
      this.peakSamples *= 2;
    }
  }

  get seconds() { return this.until - this.begins; }
  get ahead() { return this.until - this.context.currentTime; }
  get played() {
    return this.cut ?? (this.begins ? Math.max(0, Math.min(1, 1 - this.ahead / this.seconds)) : 0);
  }

  /** Falls silent within hundredths of a second, without a click. */
  stop() {
    const now = this.context.currentTime;
    this.cut = this.played;
    this.output.gain.setTargetAtTime(0, now, 0.01);
    for (const source of this.sources) source.stop(now + 0.06);
  }
}

let context, volume, current = null, drawn = null;

function openSound() {
  if (!context) {
    context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    volume = new GainNode(context, { gain: loudness() });
    volume.connect(context.destination);
  }
  return context.resume();
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** `voice` is the voice's name: cloned ones are asked for by numbers. */
async function speak(order, voice) {
  stop();
  const line = { abort: new AbortController(), player: null, order, voice, begun: performance.now() };
  current = line;
  $("problem").textContent = "";
  $("told").textContent = "Waiting for the first sound …";
  $("stop").disabled = false;
  const opened = openSound();
  try {
    const response = await ask("v1/audio/speech", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...order, response_format: "pcm" }),
      signal: line.abort.signal,
    });
    await opened;
    line.player = new Player(context, volume);
    await play(line, response.body.getReader());
    $("told").textContent = summary(line, "Spoken");
  } catch (error) {
    if (current !== line) return;  // it was stopped
    line.player?.stop();
    $("told").textContent = line.player ? summary(line, "Broken off") : "";
    if (!line.player) $("wave").hidden = true;
    const refused = error instanceof Refused;
    $("problem").textContent = refused ? error.message : "The bot broke off before the end. Its log has the reason.";
  }
  if (current === line) finish();
}

async function play(line, reader) {
  const { player } = line;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || current !== line) break;
    const first = !player.begins;
    if (player.add(value) && first) {
      line.first = performance.now() - line.begun + LEAD * 1000;
      $("told").textContent = `First sound after ${time(line.first)}. Speaking …`;
      remember(line);
      draw(line);
    }
    while (player.ahead > AHEAD && current === line) await sleep(200);
  }
  while (player.ahead > 0 && current === line) await sleep(50);
  if (current !== line) throw new DOMException("", "AbortError");
}

function summary({ first, player }, how) {
  if (!first) return "";
  const told = `${how}: ${player.seconds.toFixed(1)} s, first sound after ${time(first)}.`;
  const times = player.gaps === 1 ? "once" : `${player.gaps} times`;
  return player.gaps ? `${told} It fell silent ${times}: speech came late.` : told;
}

function stop() {
  const line = current;
  if (!line) return;
  finish();
  line.abort.abort();
  line.player?.stop();
  $("told").textContent = line.first ? `Stopped. First sound was after ${time(line.first)}.` : "Stopped.";
}

function finish() {
  current = null;
  const focused = document.activeElement === $("stop");
  $("stop").disabled = true;
  if (focused) $("text").focus();
}

/** Draws how loud a line is over its time; what has sounded is in colour. */
function draw(line) {
  drawn = line;
  $("wave").hidden = false;
  const canvas = $("wave"), scale = devicePixelRatio, style = getComputedStyle(canvas);
  const width = canvas.clientWidth, height = canvas.clientHeight, { peaks, played } = line.player;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const paint = canvas.getContext("2d"), bars = Math.floor(width / 4);
  const loudest = peaks.reduce((most, one) => Math.max(most, one), 0.2);
  paint.scale(scale, scale);
  for (let bar = 0; bar < bars; bar++) {
    const from = Math.floor((bar * peaks.length) / bars);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / bars));
    const tall = Math.max(2, (Math.max(...peaks.slice(from, to)) / loudest) * height);
    paint.fillStyle = style.getPropertyValue(bar < played * bars ? "--accent" : "--edge");
    paint.fillRect(bar * 4, (height - tall) / 2, 2, tall);
  }
  if (current === line) setTimeout(() => draw(line), CALM.matches ? 1000 : 40);
}

const redraw = () => drawn && drawn !== current && !$("wave").hidden && draw(drawn);
DARK.addEventListener("change", redraw);
addEventListener("resize", redraw);

// -- what is typed --------------------------------------------------------------------------------

const loudness = () => ($("volume").value / 100) ** 2;

$("speak").addEventListener("submit", (event) => {
  event.preventDefault();
  const [voice, language, model] = ["voice", "language", "model"].map((id) => $(id).value || null);
  const order = { input: $("text").value, voice, language, model, speed: Number($("speed").value) };
  speak(order, $("voice").selectedOptions[0]?.text);
});
$("stop").addEventListener("click", stop);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("speak").requestSubmit();
});
$("speed").addEventListener("input", () => {
  $("speed-told").textContent = `${Number($("speed").value)}×`;
});
$("volume").addEventListener("input", () => {
  $("volume-told").textContent = `${$("volume").value} %`;
  volume?.gain.setTargetAtTime(loudness(), context.currentTime, 0.02);
});

function remember({ order, voice, first }) {
  const again = make("button", "Again");
  again.type = "button";
  again.setAttribute("aria-label", `Say again: ${order.input.slice(0, 60)}`);
  again.addEventListener("click", () => speak(order, voice));
  const words = order.input.length > 200 ? `${order.input.slice(0, 200)} …` : order.input;
  const about = [voice, order.language, order.speed !== 1 && `${order.speed}×`, `first sound ${time(first)}`];
  const said = make("div", make("q", words), make("small", about.filter(Boolean).join(" · ")));
  $("history").prepend(make("li", said, again));
  while ($("history").children.length > HISTORY) $("history").lastChild.remove();
  $("past").hidden = false;
}

// -- figures --------------------------------------------------------------------------------------

const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const count = new Intl.NumberFormat("en");

function time(ms) {
  if (ms === null) return "–";
  return ms < 1000 ? `${number.format(ms < 10 ? ms : Math.round(ms))} ms` : `${number.format(ms / 1000)} s`;
}
function bytes(size) {
  if (!size) return "–";
  return size < 2 ** 30 ? `${Math.round(size / 2 ** 20)} MiB` : `${number.format(size / 2 ** 30)} GiB`;
}
const sum = (values) => values.reduce((a, b) => a + b, 0);
const both = ({ p50, p95, count: measured }) =>
  ({ "Half within": time(p50), "95 % within": time(p95), Measured: count.format(measured) });

/** Each: its title, what is plotted, how that is written, and what is beside it. */
const FIGURES = [
  ["Waiting in the queue", (s) => sum(Object.values(s.waiting)), count.format, (s) => ({
    "For a first sound": s.waiting.first_sound,
    "For what sounds, next": s.waiting.speaking,
    "For what sounds, later": s.waiting.look_ahead,
    "For what waits in line": s.waiting.in_line,
    "For files and this page": s.waiting.background,
    "Being made": s.running,
  })],
  ["First sound in voice channels", (s) => s.first_sound_ms.p50, time, (s) => both(s.first_sound_ms)],
  ["First sound over HTTP", (s) => s.http_first_audio_ms.p50, time, (s) => ({
    ...both(s.http_first_audio_ms), "Being spoken": s.http_speaking,
  })],
  ["Making a second of speech, live", (s) => s.real_time_factor && s.real_time_factor * 1000, time, (s) => ({
    "Half of the requests within": time(s.synthesis_ms.p50),
    "95 % within": time(s.synthesis_ms.p95),
    "From the cache": s.cache_lookups ? `${Math.round((100 * s.cache_hits) / s.cache_lookups)} %` : "–",
  })],
  ["Memory", (s) => s.memory.bot + s.memory.engine, bytes, (s) => ({
    "Bot": bytes(s.memory.bot), "Engine": bytes(s.memory.engine), "GPU": bytes(s.memory.gpu),
  })],
  ["Event loop lag, 95 % within", (s) => s.loop_lag_ms.p95, time, (s) => ({
    "Voice channels sounding": count.format(s.voice_channels),
    "Silences inside speech": count.format(s.voice_gaps),
    "Engine restarts": count.format(s.engine.restarts),
    "Texts spoken": count.format(s.utterances),
  })],
];
const panels = [];
let paused = false, offered = null, pictured = false;

/** One figure on the page. Its parts stay where they are: who reads or selects them is not disturbed. */
class Panel {
  constructor(title, written, names) {
    this.written = written;
    this.past = [];
    this.value = make("p");
    this.value.className = "value";
    const box = { viewBox: "0 0 100 30", preserveAspectRatio: "none" };
    this.plot = draws("svg", { ...box, role: "img", "aria-hidden": "true" });
    this.area = this.plot.appendChild(draws("path"));
    this.line = this.plot.appendChild(draws("polyline"));
    this.told = names.map(() => make("dd"));
    const rows = names.map((name, at) => make("div", make("dt", name), this.told[at]));
    const reading = make("div", this.value, this.plot);
    reading.className = "reading";
    $("figures").append(make("article", make("h3", title), reading, make("dl", ...rows)));
  }

  show(value, beside) {
    tell(this.value, this.written(value));
    beside.forEach((words, at) => tell(this.told[at], String(words)));
    if (value === null) return;
    this.past.push(value);
    if (this.past.length > READINGS) this.past.shift();
    const [low, high] = [Math.min(...this.past), Math.max(...this.past)];
    this.plot.setAttribute("aria-hidden", "false");
    const points = this.past.map((one, at) => {
      const x = 100 - ((this.past.length - 1 - at) * 100) / (READINGS - 1);
      return `${x.toFixed(2)},${(29 - (high && (one / high) * 27)).toFixed(2)}`;
    });
    this.line.setAttribute("points", points.join(" "));
    this.area.setAttribute("d", `M${points[0].split(",")[0]},30 L${points.join(" L")} L100,30 Z`);
    const seconds = (this.past.length * EVERY_MS) / 1000;
    const [least, most] = [this.written(low), this.written(high)];
    const range = least === most ? `at ${most}` : `between ${least} and ${most}`;
    this.plot.setAttribute("aria-label", `In the last ${seconds} seconds ${range}.`);
  }
}

function show(status) {
  FIGURES.forEach(([title, plotted, written, beside], at) => {
    const rows = beside(status);
    panels[at] ??= new Panel(title, written, Object.keys(rows));
    panels[at].show(plotted(status), Object.values(rows));
  });
  const { state, detail, model, name, device, precision } = status.engine;
  const ready = `Ready: ${model} (${name}) on ${device}, ${precision}.`;
  tell($("engine"), state === "ready" ? ready : `Engine ${state}. ${detail}`);
}

function offer(choices) {
  const fill = (id, options) => {
    const before = $(id).value;
    $(id).replaceChildren(...options.map((one) => new Option(one.name, one.id)));
    if (options.some((one) => one.id === before)) $(id).value = before;
  };
  fill("voice", choices.voices);
  fill("language", [{ id: "", name: "As the text is" }, ...choices.languages]);
  fill("model", choices.models);
  [$("speed").min, $("speed").max] = choices.speed;
}

async function showPictures(pictures) {
  const figures = pictures.map(async ({ id, title, made, words }) => {
    const image = make("img");
    image.alt = `${title}.${words.length ? " The list below has its figures." : ""}`;
    image.src = URL.createObjectURL(await (await ask(`page/pictures/${id}`)).blob());
    const list = make("ul", ...words.map((one) => make("li", one)));
    const caption = make("figcaption", make("h3", title), make("p", `Drawn on ${made}.`));
    if (words.length) caption.append(make("details", make("summary", "In words"), list));
    const figure = make("figure", image, caption);
    await image.decode().catch(() => undefined);  // a broken picture has its alternative text
    if (image.naturalWidth > 3 * image.naturalHeight) figure.className = "wide";
    return figure;
  });
  const none = make("p", "Nothing has been measured on this machine yet.");
  $("pictures").replaceChildren(...(figures.length ? await Promise.all(figures) : [none]));
}

async function refresh() {
  try {
    const status = await (await ask("page/status")).json();
    if (!$("access").hidden) letIn();
    show(status);
    const engine = `${status.engine.name}/${status.engine.model}`;
    if (status.engine.state === "ready" && offered !== engine) {
      offer(await (await ask("page/choices")).json());
      offered = engine;
    }
    if (!pictured) {
      await showPictures(await (await ask("page/pictures")).json());
      pictured = true;
    }
  } catch (error) {
    if (!(error instanceof Refused)) console.error(error);
    const told = error instanceof Refused ? error.message : "The bot’s answer cannot be read.";
    tell($("engine"), error.status === 401 ? "The bot is here, and wants its token." : `${told} The page asks again.`);
  }
}

$("pause").addEventListener("click", () => {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
});

async function watch() {
  for (;;) {
    const lacksToken = !$("access").hidden && !sessionStorage.getItem(TOKEN);
    if (!paused && !document.hidden && !lacksToken) await refresh();
    await sleep(EVERY_MS);
  }
}

// -- making elements ------------------------------------------------------------------------------

function make(name, ...content) {
  const element = document.createElement(name);
  element.append(...content);
  return element;
}

function draws(name, attributes = {}) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Changes what is told only if it changed: a screen reader would read it again. */
function tell(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

watch();
