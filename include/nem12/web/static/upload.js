"use strict";

const POLL_MS = 2000;

function line(list, text) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = text;
  const said = document.createElement("span");
  said.className = "quiet";
  item.append(name, " ", said);
  list.append(item);
  return { item, said };
}

function fail(said, reason) {
  said.className = "bad";
  said.textContent = `Failed: ${reason}`;
}

// Fetch tells nothing of what was sent so far.
function send(url, file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.addEventListener("progress", progress);
    request.addEventListener("load", () => {
      if (request.status === 202 && request.response) resolve(request.response);
      else reject(new Error(request.response?.detail ?? `the server answered ${request.status}`));
    });
    request.addEventListener("error", () => reject(new Error("the connection broke off")));
    request.send(file);
  });
}

async function upload(form, file, profile) {
  const { item, said } = line(form.querySelector(".uploading"), file.name);
  const most = Number(form.dataset.most);
  if (file.size > most) {
    fail(said, `larger than ${Math.floor(most / 1048576)} MiB`);
    return false;
  }
  const bar = document.createElement("progress");
  bar.max = file.size;
  bar.setAttribute("aria-label", `Sent of ${file.name}`);
  item.append(bar);
  try {
    const query = new URLSearchParams({ name: file.name, profile });
    const done = await send(`${form.dataset.upload}?${query}`, file, (event) => {
      bar.value = event.loaded;
    });
    said.textContent = done.name === file.name ? "Uploaded: " : `Uploaded as ${done.name}: `;
    const link = document.createElement("a");
    link.href = form.dataset.page + done.path;
    link.textContent = "its outcome";
    said.append(link);
    document.querySelector(".empty")?.remove();
    return true;
  } catch (error) {
    fail(said, error.message);
    return false;
  } finally {
    bar.remove();
  }
}

async function uploadAll(event) {
  const form = event.target.closest("form[data-upload]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const chosen = form.querySelector("input[type=file]");
  form.querySelector(".uploading").replaceChildren();
  button.disabled = true;
  let whole = true;
  // One after the other: the server takes few at a time.
  for (const file of chosen.files) {
    whole = (await upload(form, file, form.elements.profile.value)) && whole;
  }
  if (whole) chosen.value = "";
  button.disabled = false;
}

// Shows the page anew when the state has changed.
async function settles(element) {
  try {
    const answer = await fetch(element.dataset.settles);
    const now = answer.ok ? (await answer.json()).state ?? "" : element.dataset.state;
    if (now !== element.dataset.state) {
      location.reload();
      return;
    }
  } catch { /* the next time */ }
  setTimeout(settles, POLL_MS, element);
}

document.addEventListener("submit", uploadAll);
for (const element of document.querySelectorAll("[data-settles]")) setTimeout(settles, POLL_MS, element);
