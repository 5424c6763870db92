// Asks for the next message, shows it, and asks again: what is slow gets fewer frames, and always the newest.

import {drawBars, drawCurve} from "/charts.js";

const RETRY_MS = 2000;
const NAMES = {"overlay.png": "Overlay", "image.png": "Picture", "mask.png": "Mask", "labels.tif": "Labels (TIFF)",
               "cells.csv": "Cells (CSV)"};
const byId = id => document.getElementById(id);
const pause = ms => new Promise(done => setTimeout(done, ms));
const percent = share => `${(100 * share).toFixed(1)} %`;

let about = {unit: "px", most_bytes: Infinity};
let shown = null;    // the last message
let interrupt = new AbortController();

function view() {
  return document.querySelector("input[name=view]:checked").value;
}

function setStatus(state, text) {
  const status = byId("status");
  status.dataset.state = state;
  if (status.textContent !== text) status.textContent = text;
}

function statusText(message) {
  if (message.status === "waiting") return "waiting for the first frame";
  if (message.status === "running") return "live";
  return "the source has ended; this is its last frame";
}

async function showMessage(message) {
  setStatus(message.status, statusText(message));
  const times = message.problems > 1 ? ` (${message.problems} pictures could not be used)` : "";
  byId("problem").textContent = message.problem + times;
  byId("problem").hidden = !message.problem;
  byId("temperature").textContent = message.temperature_c === null ? "–" : `${message.temperature_c.toFixed(0)} °C`;
  byId("throttled").hidden = !message.throttled.length;
  byId("throttled").textContent = `This board is slowed down: ${message.throttled.join(", ")}`;
  byId("fps").textContent = message.status === "running" ? message.fps.toFixed(1) : "–";
  byId("snapshot").disabled = !message.frame;
  if (message.frame) await showFrame(message);
  drawCurve(byId("counts"), message.counts);
}

async function showFrame(message) {
  const frame = message.frame, picture = byId("picture");
  picture.src = frame.picture;
  picture.alt = `${frame.label} with ${frame.cells} cells`;
  picture.hidden = false;
  byId("empty").hidden = true;
  byId("caption").textContent = [frame.label, `${frame.width}×${frame.height}`, ...frame.notes].join(" · ");
  byId("cells").textContent = frame.cells;
  byId("coverage").textContent = percent(frame.coverage);
  byId("spent").textContent = (1000 * frame.seconds).toFixed(0);
  drawBars(byId("areas"), frame.areas, about.unit);
  await picture.decode().catch(() => {});
}

async function next() {
  const version = shown ? shown.version : "";
  const answer = await fetch(`/message?after=${version}&view=${view()}`, {signal: interrupt.signal});
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

async function follow() {
  for (;;) {
    try {
      shown = await next();
      await showMessage(shown);
    } catch (error) {
      if (error.name === "AbortError") continue;
      setStatus("lost", "no connection; trying again");
      await pause(RETRY_MS);
    }
  }
}

// Another view of the same frame: what is being waited for is no longer wanted.
function changeView() {
  shown = null;
  interrupt.abort();
  interrupt = new AbortController();
}

function showResult(result) {
  const item = document.createElement("li");
  const picture = document.createElement("img");
  picture.src = result.picture;
  picture.alt = `${result.label} with ${result.cells} cells`;
  const text = document.createElement("p");
  text.textContent = [result.label, `${result.cells} cells`, `${percent(result.coverage)} covered`,
    `${result.width}×${result.height}`, ...result.notes].join(" · ");
  const links = document.createElement("p");
  for (const name of result.parts) {
    const link = document.createElement("a");
    link.href = `/results/${result.name}/${name}`;
    link.download = "";
    link.textContent = NAMES[name];
    links.append(link);
  }
  item.append(picture, text, links);
  byId("results").prepend(item);
}

function say(text, bad = false) {
  byId("upload-status").textContent = text;
  byId("upload-status").classList.toggle("bad", bad);
}

async function post(address, body) {
  try {
    const answer = await fetch(address, {method: "POST", body});
    if (!answer.ok) return say(await answer.text(), true);
    showResult(await answer.json());
    say("");
  } catch {
    say("no answer; is edgeseg still running?", true);
  }
}

async function upload(file) {
  if (!file) return;
  if (file.size > about.most_bytes) {
    say(`expected an image of at most ${about.most_bytes / 2 ** 20} MiB; make it smaller, or cut it`, true);
    return;
  }
  say(`segmenting ${file.name} …`);
  await post(`/uploads?name=${encodeURIComponent(file.name)}`, file);
}

function acceptFiles() {
  const place = byId("drop"), field = byId("file");
  field.addEventListener("change", async () => {
    await upload(field.files[0]);
    field.value = "";
  });
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, event => {
      event.preventDefault();
      place.classList.toggle("over", name === "dragover");
    });
  }
  document.addEventListener("drop", event => upload(event.dataTransfer.files[0]));
}

async function begin() {
  acceptFiles();
  byId("snapshot").addEventListener("click", () => post("/snapshots"));
  document.querySelectorAll("input[name=view]").forEach(each => each.addEventListener("change", changeView));
  try {
    about = await (await fetch("/about")).json();
    document.title = `${about.source} – edgeseg`;
    byId("about").textContent = `${about.source}, by ${about.model}`;
    byId("unit").textContent = about.unit;
  } finally {
    follow();
  }
}

begin();
